"""What every design gives back: one record for roll-out, limit, examiner and adjustment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from supportlab.records import Check
from supportlab.studies.common.refusals import as_of_text
from supportlab.studies.empowerment.outcomes import STUDY, Outcome

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.stats.interval import Contrast
    from supportlab.vocabulary import Design

__all__ = ["DESIGNS", "PER", "STRENGTH", "DesignResult", "known_of", "points"]

# From the strongest to the weakest for the effect of having authority on those who have it.
DESIGNS = ("rollout", "limit", "examiner", "adjusted")
STRENGTH: Mapping[str, Design] = {
    "rollout": "quasi_experiment",
    "limit": "quasi_experiment",
    "examiner": "quasi_experiment",
    "adjusted": "adjusted",
}
PER = {
    "rollout": "ticket with authority",
    "limit": "ticket at the limit",
    "examiner": "ticket settled by own authority",
    "adjusted": "ticket with authority",
}


@dataclass(frozen=True)
class DesignResult:
    """
    The effect of authority by one design.

    Parameters
    ----------
    design : str
        ``rollout``, ``limit``, ``examiner`` or ``adjusted``.
    contrast : Contrast or None
        The effect; None where the design cannot be had.
    reason : str
        Why there is none.
    naive : float or None
        The plain difference over the same rows.
    estimand : str
        Of whom, of what, against what.
    checks : tuple of Check
        What was held against the data.
    doubt : str
        What speaks against taking this design as the headline; empty where nothing does.
    caveats : tuple of str
        What the reader has to know.
    share_moved : float
        Share of the tickets with authority that the effect is about, for a rough comparison.
    sensitivity : mapping or None
        What would undo it.
    """

    design: str
    contrast: Contrast | None
    reason: str
    naive: float | None
    estimand: str
    checks: tuple[Check, ...] = ()
    doubt: str = ""
    caveats: tuple[str, ...] = ()
    share_moved: float = 1.0
    sensitivity: Mapping[str, object] | None = None

    @property
    def error(self) -> float | None:
        """Standard error behind the interval."""
        from supportlab.stats.interval import error_behind

        found = self.contrast
        return None if found is None or found.high is None else error_behind(found)


def known_of(desk: Desk, outcome: Outcome, start: str | None, end: str | None) -> dict[str, Any]:
    """Return what every finding of an effect carries."""
    return {
        "id": outcome.finding_id,
        "study": STUDY,
        "question": outcome.question,
        "unit": outcome.unit,
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def points(value: float, unit: str) -> str:
    """Write a difference with its sign, as in a check's detail."""
    words = f"{100 * value:+.1f} points" if unit == "proportion" else f"{value:+.1f} h"
    return words.replace("-", "−")
