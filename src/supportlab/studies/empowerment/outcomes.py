"""What authority may change: the outcomes, how each is counted, and when a change is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from supportlab.errors import ParameterError, did_you_mean
from supportlab.studies.common.verdicts import difference_verdict

if TYPE_CHECKING:
    from supportlab.stats.interval import Contrast
    from supportlab.vocabulary import Unit, Verdict

__all__ = ["OUTCOMES", "STUDY", "Outcome", "outcome_of", "verdict_of"]

STUDY = "empowerment"
# A change of less than one point of a share, or of one hour, changes no decision on authority.
POINT, HOUR = 0.01, 1.0


@dataclass(frozen=True)
class Outcome:
    """
    One outcome of a ticket.

    Parameters
    ----------
    name : str
        Name in calls and in columns: ``n_NAME`` rows known, ``s_NAME`` their sum.
    finding_id : str
        Id of its findings.
    title : str
        Heading.
    words : str
        What it is, as it stands in a sentence.
    unit : str
        Of the effect.
    kind : str
        ``binary`` or ``mean``, as `stats.aipw_cells` knows them.
    naive_n, naive_s : str
        Columns of the figure that a dashboard prints.
    within : float
        Effects nearer to none than this are equivalent to none.
    caveats : tuple of str
        What the reader has to know of it.
    """

    name: str
    finding_id: str
    title: str
    words: str
    unit: Unit
    kind: str
    naive_n: str
    naive_s: str
    within: float
    caveats: tuple[str, ...] = ()

    @property
    def plain_title(self) -> str:
        """The heading as it stands within another one."""
        return self.title[:1].lower() + self.title[1:]

    @property
    def question(self) -> str:
        """The question in one sentence."""
        return f"What does authority to settle change in {self.words}?"


_RECENT = "Tickets too young to be judged are left out on both sides."
_ANSWERS = (
    "Answers are weighted by how likely a ticket of that kind, resolved at first contact or not, "
    "is to get one; what else makes people answer is not seen."
)
_CUT = "Times are cut at two weeks, and tickets younger than that are left out."
OUTCOMES: Mapping[str, Outcome] = {
    one.name: one
    for one in (
        Outcome("fcr", "empowerment.fcr.effect", "First contact resolution",
                "first contact resolution", "proportion", "binary", "n_fcr", "s_fcr", POINT,
                (_RECENT,)),
        Outcome("csat", "empowerment.csat.effect", "Satisfaction (CSAT)",
                "the share of satisfied customers", "proportion", "binary", "n_answered", "n_good",
                POINT,
                (_ANSWERS,)),
        Outcome("resolution_time", "empowerment.resolution_time.effect", "Time to resolve",
                "the mean time to resolve", "hours", "mean", "n_resolution_time",
                "s_resolution_time", HOUR, (_CUT,)),
        Outcome("escalation", "empowerment.escalation.effect", "Escalation",
                "the share of tickets escalated", "proportion", "binary", "n_escalation",
                "s_escalation", POINT, (_RECENT,)),
        Outcome("approval", "empowerment.approval.effect", "Approvals asked for",
                "the share of tickets that need an approval", "proportion", "binary", "n_approval",
                "s_approval", POINT, (_RECENT,)),
        Outcome("approval_wait", "empowerment.approval_wait.effect", "Time waited for approval",
                "the mean time a ticket waits for approval", "hours", "mean", "n_approval_wait",
                "s_approval_wait", HOUR, (_CUT, "A ticket that needs no approval waits 0 hours.")),
    )
}  # fmt: skip


def outcome_of(name: str) -> Outcome:
    """Return the outcome of a name."""
    if name not in OUTCOMES:
        raise ParameterError(f"outcome came as {name!r}. {did_you_mean(name, tuple(OUTCOMES))}")
    return OUTCOMES[name]


def verdict_of(found: Contrast, p_adjusted: float | None, within: float, level: float) -> Verdict:
    """Read an effect; intervals wider than ten times the region of equivalence say nothing."""
    return difference_verdict(found, p_adjusted, level, within=within, too_wide=10.0 * within)
