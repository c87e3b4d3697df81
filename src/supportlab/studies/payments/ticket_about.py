"""What the comparisons of billing tickets after payments share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import scope_words
from supportlab.studies.payments.measures import STUDY

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk
    from supportlab.metrics.payments.followed import FollowedCells
    from supportlab.records import Definition

__all__ = ["Asked", "record_of", "refuse_empty"]


@dataclass(frozen=True)
class Asked:
    """
    What a family of findings shares.

    Parameters
    ----------
    desk : Desk
        The data.
    finding_id, question, estimand : str
        Of the findings.
    name, title : str
        Of the estimate.
    start, end : str or None
        ISO dates, end excluded.
    """

    desk: Desk
    finding_id: str
    question: str
    estimand: str
    name: str
    title: str
    start: str | None
    end: str | None

    def known(self, design: str = "adjusted") -> dict[str, Any]:
        """Return what every finding carries."""
        return {
            "id": self.finding_id,
            "study": STUDY,
            "question": self.question,
            "unit": "per_1000",
            "design": design,
            "as_of": as_of_text(self.desk),
            "start": self.start,
            "end": self.end,
        }

    def refused(self, reason: str) -> Estimate:
        """Return the estimate that says why there is none."""
        words = f"{self.estimand}, {scope_words({}, self.desk.slice)}"
        finding = Finding.refused(reason=reason, estimand=words, **self.known("descriptive"))
        return refused_estimate(self.name, self.title, reason, (finding,))

    def words(self, of: str) -> str:
        """Return the estimand of one comparison."""
        scope = scope_words({}, self.desk.slice)
        return f"checkouts followed by a billing ticket per 1,000, {of}, {scope}"


def refuse_empty(counts: pd.DataFrame) -> None:
    """Refuse where no checkout can be judged."""
    if counts.empty:
        raise NotEstimable("no checkout of a known customer is old enough to judge")


def record_of(cells: FollowedCells, counts: pd.DataFrame) -> Definition:
    """Return the definition record with its count."""
    return cells.definition.with_counts(n=int(counts["n"].sum()))
