"""Estimates that could not be made: the same shape, with the reason in place of a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from supportlab.results import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.findings import Finding

__all__ = ["as_of_text", "refused_estimate"]


def as_of_text(desk: Desk) -> str:
    """Return the moment of the data as findings carry it: a date where it is midnight."""
    return desk.as_of.isoformat(timespec="seconds").removesuffix("T00:00:00")


def refused_estimate(
    name: str, title: str, reason: str, findings: Sequence[Finding] = ()
) -> Estimate:
    """
    Return an estimate that says why there is none, with a figure that says so too.

    Not for one group among others: that keeps its row and its reason in the table.

    Parameters
    ----------
    name, title : str
        As of the estimate that was asked for.
    reason : str
        Why it cannot be made.
    findings : sequence of Finding
        Its refused findings.

    Returns
    -------
    Estimate
        One row with the reason.

    Examples
    --------
    >>> refused_estimate("csat", "CSAT", "there are no surveys").summary()
    'CSAT cannot be given: there are no surveys.'
    """
    words = f"{title} cannot be given: {reason.rstrip('.')}."

    def draw(ax: Axes | None) -> Axes:
        from supportlab.plots import words_only

        return words_only(words, ax=ax)

    return Estimate(
        name=name,
        title=title,
        table=pd.DataFrame({"status": ["not_estimable"], "reason": [reason]}),
        findings=tuple(findings),
        sentences=(words,),
        draw=draw,
        alt=f"No figure: {words}",
    )
