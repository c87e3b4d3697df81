"""The satisfaction figures that a dashboard prints: the answers as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_value
from supportlab.results import Estimate
from supportlab.studies.common.measures import measure_of
from supportlab.studies.common.refusals import refused_estimate
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["naive"]


def naive(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compute the satisfaction figures that a dashboard prints: the answers as they are.

    Not to be quoted: no interval that respects clusters, no word on those who did not answer.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of the invitation, end excluded.

    Returns
    -------
    Estimate
        One row a figure: ``figure``, ``estimate``, ``ci_low``, ``ci_high``, ``unit``, ``n``.
        The interval is the textbook one for independent answers.
    """
    title = "CSAT: the naive figure"
    try:
        rows = [_share_row(desk, start, end), *_mean_rows(desk, start, end)]
    except NotEstimable as refusal:
        return refused_estimate("csat-naive", title, str(refusal))
    table = pd.DataFrame(rows)
    share = table.iloc[0]
    words = (
        f"Of {int(share['n']):,} answers as they are, "
        f"{format_value(share['estimate'], 'proportion')} are satisfied"
    )
    means = [
        f"the mean score on the form {row['form']} is {format_value(row['estimate'], 'score')}"
        for row in rows[1:]
    ]
    return Estimate("csat-naive", title, table, sentences=("; ".join([words, *means]) + ".",))


def _share_row(desk: Desk, start: str | None, end: str | None) -> dict[str, Any]:
    frame = measure_of("csat").sums(desk, cluster=None, start=start, end=end).fetch()
    n, hits = int(frame["n"].sum()), int(frame["n_success"].sum())
    if n == 0:
        raise NotEstimable("there is no answer to count")
    from supportlab.stats.interval import normal_quantile

    share = hits / n
    half = normal_quantile(INTERVAL_LEVEL) * float(np.sqrt(share * (1 - share) / n))
    ends = {"ci_low": share - half, "ci_high": share + half}
    return {
        "figure": "share of satisfied answers",
        "form": "all",
        "estimate": share,
        **ends,
        "unit": "proportion",
        "n": n,
    }


def _mean_rows(desk: Desk, start: str | None, end: str | None) -> list[dict[str, Any]]:
    sums = measure_of("csat").sums(desk, cluster=None, start=start, end=end, measure="mean")
    frame = sums.fetch()
    frame = frame.loc[frame["n"] > 0]
    return [
        {
            "figure": "mean score",
            "form": row["form"],
            "estimate": row["total"] / row["n"],
            "ci_low": None,
            "ci_high": None,
            "unit": "score",
            "n": row["n"],
        }
        for row in frame.to_dict("records")
    ]
