"""CSAT with its response rate beside it, and how far the silent could move it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.results import Estimate
from supportlab.studies.common.answers import GroupBounds, answered, bounds_check, group_bounds
from supportlab.studies.common.cells import MINIMUM_ROWS
from supportlab.studies.common.levels import level
from supportlab.studies.common.maturity import maturity
from supportlab.studies.common.measures import measure_of
from supportlab.studies.common.refusals import refused_estimate

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.findings import Finding

__all__ = ["answer_flow", "bounds", "csat"]

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
        As `supportlab.studies.common.levels.level`, with ``response_rate`` of mature invitations;
        findings ``feedback.csat.level``, whose check carries the bounds of their own group.
    """
    found = level(desk, "csat", by=by, start=start, end=end)
    check, caveat = bounds_check(desk, start=start, end=end)
    if "estimate" not in found.table:
        return replace(found, caveats=(*found.caveats, caveat))
    names = (by,) if isinstance(by, str) else tuple(by or ())
    judged = group_bounds(desk, by=names, start=start, end=end)
    sentences = found.sentences
    if not names:
        cluster = measure_of("csat").sums(desk, start=start, end=end).cluster_name
        sentences = (*sentences, *_against_naive(found.table, cluster))
    else:
        check = replace(check, name=f"{check.name}, all groups together")
        caveat = f"All groups together: {caveat[:1].lower()}{caveat[1:]}"
    return replace(
        found,
        table=_with_response(found.table, judged),
        findings=tuple(_bounded(item, judged) for item in found.findings),
        sentences=sentences,
        checks=(*found.checks, check),
        caveats=(*found.caveats, caveat),
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
        As `supportlab.studies.common.maturity.maturity`, for the metrics of surveys.
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
        One row a group: ``response_rate``, ``n_invitations``, ``usable_share``,
        ``lowest_share``, ``highest_share``.

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


# A ticket without an agent is in one cluster with its customer's others.
_ALIKE = {"agent_id": "one agent, or of one customer where no agent is known,"}


def _against_naive(table: pd.DataFrame, cluster: str | None) -> tuple[str, ...]:
    row = table.iloc[0]
    effect = row["design_effect"]
    if pd.isna(effect) or pd.isna(row["n_clusters"]):
        return ()
    whose = _ALIKE.get(str(cluster).rpartition(".")[2], "one customer")
    factor = float(np.sqrt(effect))
    if factor < 1.05:
        return (
            (
                f"Answers of {whose} are hardly more alike than others, so the interval is about "
                "as wide as for independent answers."
            ),
        )
    return (
        (
            f"Answers of {whose} are alike, so the interval is {factor:.1f} times as wide as if "
            f"all {int(row['n']):,} answers were independent."
        ),
    )


def _bounded(item: Finding, judged: GroupBounds) -> Finding:
    if item.status != "estimated":
        return item
    check, caveat = judged.of(item.group)
    return replace(item, checks=(*item.checks, check), caveats=(*item.caveats, caveat))


def _with_response(table: pd.DataFrame, judged: GroupBounds) -> pd.DataFrame:
    if judged.table is None:
        return table
    rates = judged.table.loc[judged.table["n_invitations"] >= MINIMUM_ROWS]
    if rates.empty:
        return table
    place = list(table.columns).index("n") + 1
    names = list(judged.by)
    if names:
        found = table[names].merge(rates[[*names, "response_rate"]], on=names, how="left")
        values = found["response_rate"].to_numpy()
    else:
        values = rates["response_rate"].to_numpy()
    out = table.copy()
    out.insert(place, "response_rate", values)
    return out
