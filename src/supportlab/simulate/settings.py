"""What can be set about a world: size, time span, and the size of planted effects."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime

from supportlab.errors import ParameterError

__all__ = ["Effects", "WorldSettings"]

MONTH_PATTERN = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
# Roll-out, release and shift need months on both sides of them.
FEWEST_MONTHS, MOST_MONTHS = 12, 60
# Below this the teams have no tickets; above, one core and 6 GB are not enough.
FEWEST_TICKETS, MOST_TICKETS = 300, 3_000_000
# Lunar holidays are known for these years, and the longest span must stay within them.
FIRST_YEAR, LAST_YEAR = 2015, 2029


@dataclass(frozen=True)
class Effects:
    """
    Multipliers of the planted effects: 1 is the documented size, 0 plants nothing.

    Parameters
    ----------
    authority : float
        Of using authority, and of the approvals it spares.
    channel : float
        Of the channel on first contact resolution and satisfaction.
    churn : float
        Of bad service on the hazard of leaving (on the log scale).
    currency : float
        Of foreign presentment on declines and abandonment.
    method : float
        Of a missing preferred payment method on abandonment.
    non_response : float
        Of outcome and score on answering a survey.
    withholding : float
        Of bad outcomes on being invited, for the agents who choose.
    shift : float
        Of the fall of satisfaction in one market.
    emerging : float
        Of the theme that a release brings.
    manipulation : float
        Share of amounts just above the limit that are nudged under it; 0 by default.
    """

    authority: float = 1.0
    channel: float = 1.0
    churn: float = 1.0
    currency: float = 1.0
    method: float = 1.0
    non_response: float = 1.0
    withholding: float = 1.0
    shift: float = 1.0
    emerging: float = 1.0
    manipulation: float = 0.0

    def __post_init__(self) -> None:
        wrong = [one.name for one in fields(self) if not 0 <= getattr(self, one.name) <= 3]
        if wrong:
            raise ParameterError(f"effects {', '.join(wrong)}: give a multiplier from 0 to 3.")


@dataclass(frozen=True)
class WorldSettings:
    """
    Size and time span of a world, and its planted effects.

    Parameters
    ----------
    seed : int
        Seed; the same settings give the same bytes.
    n_tickets : int
        About how many tickets; the world's own chance decides the exact number.
    start : str
        First month, ``YYYY-MM``.
    months : int
        Number of months; the extract is taken at midnight UTC after the last.
    effects : Effects
        Multipliers of the planted effects.

    Raises
    ------
    ParameterError
        For every value out of bounds, all at once.

    Examples
    --------
    >>> WorldSettings(start="2025-01", months=12).as_of_text
    '2026-01-01T00:00:00Z'
    """

    seed: int = 20_240_701
    n_tickets: int = 30_000
    start: str = "2024-07"
    months: int = 24
    effects: Effects = field(default_factory=Effects)

    def __post_init__(self) -> None:
        faults = _faults(self)
        if faults:
            raise ParameterError("The world cannot be simulated: " + " ".join(faults))

    @property
    def month_starts(self) -> tuple[int, ...]:
        """First second (UTC epoch) of every month and of the one after the last."""
        year, month = int(self.start[:4]), int(self.start[5:])
        spots = (year * 12 + month - 1 + step for step in range(self.months + 1))
        return tuple(
            int(datetime(spot // 12, spot % 12 + 1, 1, tzinfo=UTC).timestamp()) for spot in spots
        )

    @property
    def first_second(self) -> int:
        """Start of the first month, UTC epoch seconds."""
        return self.month_starts[0]

    @property
    def as_of(self) -> int:
        """Moment of the extract, UTC epoch seconds."""
        return self.month_starts[-1]

    @property
    def as_of_text(self) -> str:
        """Moment of the extract, ISO 8601."""
        return datetime.fromtimestamp(self.as_of, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def month_at(self, share: float) -> int:
        """
        Return the index of the month that lies at a share of the span.

        Parameters
        ----------
        share : float
            0 for the first month, 1 for the end.

        Returns
        -------
        int
            Index into `month_starts`.
        """
        return round(self.months * share)


def _faults(settings: WorldSettings) -> list[str]:
    faults = []
    if settings.seed < 0:
        faults.append(f"seed is {settings.seed}; give 0 or more.")
    if not FEWEST_TICKETS <= settings.n_tickets <= MOST_TICKETS:
        faults.append(
            f"tickets is {settings.n_tickets}; give {FEWEST_TICKETS:,} to {MOST_TICKETS:,}."
        )
    if not FEWEST_MONTHS <= settings.months <= MOST_MONTHS:
        faults.append(f"months is {settings.months}; give {FEWEST_MONTHS} to {MOST_MONTHS}.")
    if not MONTH_PATTERN.fullmatch(settings.start):
        faults.append(f"start is {settings.start!r}; give a month as YYYY-MM.")
    elif not FIRST_YEAR <= int(settings.start[:4]) <= LAST_YEAR:
        faults.append(f"start is {settings.start!r}; give a year {FIRST_YEAR} to {LAST_YEAR}.")
    return faults
