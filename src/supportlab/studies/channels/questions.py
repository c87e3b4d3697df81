"""What a comparison of channels asks: arms, outcome, what is held equal, whose tickets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from supportlab.stats.channel_overlap import Target
from supportlab.vocabulary import INTERVAL_LEVEL, Unit

__all__ = [
    "HELD",
    "OUTCOMES",
    "ROW_LABELS",
    "STUDY",
    "ChannelOutcome",
    "Comparison",
    "Measured",
    "held_words",
]

STUDY = "channel-choice"
ChannelOutcome = Literal["fcr", "csat", "resolution_time", "churn"]
# Known at intake whatever the channel; handling, transfers and the like come after it.
HELD = ("category", "priority", "value_band", "market", "language", "hours", "history_band")
ROW_LABELS = (*HELD, "entry", "preference")
_WORDS = {
    "category": "topic",
    "value_band": "amount at stake",
    "history_band": "customer's tickets before",
}


@dataclass(frozen=True)
class Measured:
    """
    An outcome and the counts that tell it.

    Parameters
    ----------
    name : str
        As in parameters.
    words : str
        What it is a share or mean of, in words.
    short : str
        For titles and sentences.
    counts : tuple of str
        Rows that can be judged, then what is summed; of CSAT rows, answers, good answers.
    unit : str
        Of differences.
    scale : float
        What a sum is divided by to be in that unit.
    is_binary : bool
        Whether a row is 0 or 1.
    """

    name: str
    words: str
    short: str
    counts: tuple[str, ...]
    unit: Unit = "proportion"
    scale: float = 1.0
    is_binary: bool = True


OUTCOMES: Mapping[str, Measured] = {
    "fcr": Measured(
        "fcr", "share of tickets resolved at first contact", "first contact resolution",
        ("n_fcr", "n_resolved"),
    ),
    "csat": Measured(
        "csat", "share of customers satisfied, those who did not answer included",
        "satisfaction", ("n_asked", "n_answered", "n_good"),
    ),
    "resolution_time": Measured(
        "resolution_time", "mean hours to the last resolution, 168 at most",
        "time to resolve", ("n_timed", "n_minutes"), "hours", 60.0, is_binary=False,
    ),
    "churn": Measured(
        "churn", "share of tickets whose customer leaves of own will within 90 days",
        "leaving within 90 days", ("n_watched", "n_gone"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """
    Arms of tickets, compared in an outcome at equal intake.

    Parameters
    ----------
    arm : str
        Column of the arms: ``channel``, ``entry`` or ``preference``.
    reference : str
        Arm that the others are compared with.
    outcome : str
        One of `OUTCOMES`.
    held : tuple of str
        Labels held equal; those that the source lacks are left out.
    only : mapping of str to str
        Labels that the tickets must have.
    cluster : str
        ``agent`` or ``customer``.
    target : str
        Whose tickets are asked about: those of the ``reference``, of the other arm (``channel``),
        or of ``both``.
    start, end : str or None
        ISO dates of creation.
    level : float
        Level of the intervals.
    source : str
        ``tickets``, or ``contacts`` for the later contacts of tickets.
    """

    arm: str
    reference: str
    outcome: ChannelOutcome = "fcr"
    held: tuple[str, ...] = HELD
    only: Mapping[str, str] = field(default_factory=dict)
    cluster: str = "agent"
    target: Target = "reference"
    start: str | None = None
    end: str | None = None
    level: float = INTERVAL_LEVEL
    source: str = "tickets"

    @property
    def measured(self) -> Measured:
        """The outcome."""
        return OUTCOMES[self.outcome]

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that rows need: the same for all usual questions, so that rows are judged once."""
        wanted = dict.fromkeys((*ROW_LABELS, *self.held, *self.only, self.arm))
        return tuple(name for name in wanted if name != "channel")


def held_words(held: tuple[str, ...]) -> str:
    """
    Name what is held equal.

    Parameters
    ----------
    held : tuple of str
        Labels.

    Returns
    -------
    str
        Words for a sentence.

    Examples
    --------
    >>> held_words(("category", "market"))
    'topic and market'
    """
    words = [_WORDS.get(name, name.replace("_", " ")) for name in held]
    if len(words) < 2:
        return words[0] if words else "nothing"
    return f"{', '.join(words[:-1])} and {words[-1]}"
