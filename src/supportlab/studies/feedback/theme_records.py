"""What the estimates of themes share: their words, groups, findings and refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from supportlab.findings import Finding
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import scope_words

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.studies.feedback.theme_model import ThemeModel

__all__ = ["SELECTED", "AskedThemes", "language_name", "shares_by_author", "theme_caveats"]

STUDY = "feedback-trends"
# Fewer comments than this about one theme bear no figure of it.
FEWEST_SHOWN = 20
SELECTED = (
    "Comments come from those who chose to write; a share of comments is not a share of customers."
)


@dataclass(frozen=True)
class AskedThemes:
    """
    What a family of findings about themes shares.

    Parameters
    ----------
    desk : Desk
        The data.
    finding_id, question, name, title : str
        Of the findings and the estimate.
    start, end : str or None
        ISO dates, end excluded.
    """

    desk: Desk
    finding_id: str
    question: str
    name: str
    title: str
    start: str | None
    end: str | None

    def known(self, estimand: str, group: dict[str, str]) -> dict[str, Any]:
        """Return what every finding carries."""
        return {
            "id": self.finding_id,
            "study": STUDY,
            "question": self.question,
            "estimand": f"{estimand}, {scope_words({}, self.desk.slice)}",
            "unit": "proportion",
            "group": group,
            "as_of": as_of_text(self.desk),
            "start": self.start,
            "end": self.end,
        }

    def refused(self, estimand: str, reason: str) -> Estimate:
        """Return the estimate that says why there is none."""
        finding = Finding.refused(reason=reason, **self.known(estimand, {}))
        return refused_estimate(self.name, self.title, reason, (finding,))


def shares_by_author(
    authors: np.ndarray, chosen: np.ndarray, among: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return hits and comments of each customer, customers numbered alike for every theme."""
    n = int(authors.max(initial=-1)) + 1
    hits = np.bincount(authors[among & chosen], minlength=n).astype(float)
    return hits, np.bincount(authors[among], minlength=n).astype(float)


def theme_caveats(model: ThemeModel) -> tuple[str, ...]:
    """Say what every figure of themes has to be read with."""
    found = [
        SELECTED,
        "A comment counts for the theme it is nearest to; a second thing it names is not counted.",
    ]
    if model.left_out:
        words = "; ".join(f"{language_name(one)}: {why}" for one, why in model.left_out.items())
        found.append(f"Languages without themes: {words}.")
    return tuple(found)


def language_name(code: str) -> str:
    """Return a language's English name, or its code."""
    from babel import Locale

    return str(Locale.parse("en").languages.get(code, code))
