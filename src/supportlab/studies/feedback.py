"""
Feedback trends: what customers say, with intervals, and how far it can be believed.

The notebook ``01-feedback-trends`` calls the functions of this module; each takes a desk and
returns an estimate, and says why where it cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.results import Estimate
from supportlab.studies.answers import answered, bounds_check, mature_until
from supportlab.studies.cells import MINIMUM_ROWS
from supportlab.studies.levels import level
from supportlab.studies.maturity import maturity
from supportlab.studies.naive import naive
from supportlab.studies.refusals import refused_estimate
from supportlab.studies.survey_levels import (
    ces,
    ces_groups,
    nps,
    nps_groups,
    response_rate,
    response_rate_groups,
)
from supportlab.studies.trends import csat_trend

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = [
    "answer_flow",
    "bounds",
    "ces",
    "ces_groups",
    "csat",
    "csat_trend",
    "naive",
    "nps",
    "nps_groups",
    "response_rate",
    "response_rate_groups",
]

SURVEY_METRICS = ("csat", "nps", "ces", "response_rate")


def csat(
    desk: Desk,
    *,
    by: str | Sequence[str] | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate CSAT with its response rate beside it, whole or by group.

    Not a statement about those who did not answer: `bounds` says how far they could move it.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str or sequence of str, optional
        Group columns, as ``market``, ``channel``, ``month``.
    start, end : str, optional
        ISO dates of the invitation, end excluded.

    Returns
    -------
    Estimate
        As `supportlab.studies.levels.level`, with ``response_rate`` of mature invitations;
        findings ``feedback.csat.level``, whose check carries the bounds.
    """
    found = level(desk, "csat", by=by, start=start, end=end)
    check, caveat = bounds_check(desk, start=start, end=end)
    if "estimate" not in found.table:
        return replace(found, caveats=(*found.caveats, caveat))
    names = (by,) if isinstance(by, str) else tuple(by or ())
    caveats = (*found.caveats, caveat, *_immature(desk, names, end))
    findings = tuple(
        replace(item, checks=(*item.checks, check), caveats=(*item.caveats, caveat))
        if item.status == "estimated"
        else item
        for item in found.findings
    )
    sentences = found.sentences if names else (*found.sentences, *_against_naive(found.table))
    return replace(
        found,
        table=_with_response(desk, found.table, names, start, end),
        findings=findings,
        sentences=sentences,
        checks=(*found.checks, check),
        caveats=caveats,
    )


def answer_flow(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Count the answers and invitations that count, that are too young, or left out and why.

    Not a judgement of those who did not answer: that is `bounds`.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of the invitation, end excluded.

    Returns
    -------
    Estimate
        As `supportlab.studies.maturity.maturity`, for the metrics of surveys.
    """
    found = maturity(desk, metrics=SURVEY_METRICS, start=start, end=end)
    return replace(found, name="answer-flow", title="Answers kept and dropped")


def bounds(
    desk: Desk, *, by: str | None = None, start: str | None = None, end: str | None = None
) -> Estimate:
    """
    Compute how far those who did not answer could move CSAT.

    Not an interval and not a guess: every value between the bounds fits the data.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str, optional
        Group column.
    start, end : str, optional
        ISO dates of the invitation, end excluded.

    Returns
    -------
    Estimate
        One row a group: ``response_rate``, ``n_invitations``, ``lowest_share``,
        ``highest_share``.

    Notes
    -----
    Manski (1989): the silent are all dissatisfied at one end, all satisfied at the other.
    """
    title = "How far the silent could move CSAT" + (f", by {by}" if by else "")
    name = "csat-bounds" + (f"-by-{by}" if by else "")
    check, caveat = bounds_check(desk, start=start, end=end)
    try:
        table = answered(desk, by=(by,) if by else (), start=start, end=end)
    except NotEstimable as refusal:
        return refused_estimate(name, title, str(refusal))
    words = f"{check.detail[:1].upper()}{check.detail[1:]}."
    return Estimate(name, title, table, sentences=(words,), checks=(check,), caveats=(caveat,))


def _against_naive(table: pd.DataFrame) -> tuple[str, ...]:
    row = table.iloc[0]
    effect = row["design_effect"]
    if pd.isna(effect) or pd.isna(row["n_clusters"]):
        return ()
    factor = float(np.sqrt(effect))
    if factor < 1.05:
        return (
            (
                "Answers of one agent are hardly more alike than others, so the interval is about "
                "as wide as for independent answers."
            ),
        )
    return (
        (
            f"Answers of one agent are alike, so the interval is {factor:.1f} times as wide as if "
            f"all {int(row['n']):,} answers were independent."
        ),
    )


def _immature(desk: Desk, names: tuple[str, ...], end: str | None) -> tuple[str, ...]:
    until = mature_until(desk)
    if "month" not in names or (end is not None and end <= until):
        return ()
    return (
        (
            f"Invitations sent from {until} on have not had their response window: what is there "
            "of them are the quick answers, and the last month can still move."
        ),
    )


def _with_response(
    desk: Desk,
    table: pd.DataFrame,
    names: tuple[str, ...],
    start: str | None,
    end: str | None,
) -> pd.DataFrame:
    try:
        rates = answered(desk, by=names, start=start, end=end)
    except NotEstimable:
        return table
    rates = rates.loc[rates["n_invitations"] >= MINIMUM_ROWS]
    if rates.empty:
        return table
    place = list(table.columns).index("n") + 1
    if names:
        columns = [*names, "response_rate"]
        found = table[list(names)].merge(rates[columns], on=list(names), how="left")
        values = found["response_rate"].to_numpy()
    else:
        values = rates["response_rate"].to_numpy()
    out = table.copy()
    out.insert(place, "response_rate", values)
    return out
