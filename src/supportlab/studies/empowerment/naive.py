"""The figures that a dashboard would print of authority, and what each leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_difference, format_value
from supportlab.results import Estimate
from supportlab.studies.common.refusals import refused_estimate
from supportlab.studies.empowerment.frame import definitions, study_frame
from supportlab.studies.empowerment.outcomes import OUTCOMES

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.studies.empowerment.frame import Frame
    from supportlab.studies.empowerment.outcomes import Outcome

__all__ = ["coverage", "naive"]

WITH = "tickets with authority less tickets without"
AFTER = "after less before, in the units that got it"
LEFT_OUT = {
    WITH: "which teams got authority, how hard their tickets are, and when it was",
    AFTER: "what changed for everybody in the same months",
}


def naive(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compute the plain comparisons that authority is usually judged by.

    Not effects: `effect` gives those.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row an outcome and comparison: ``estimate`` (their difference) and ``leaves_out``.
    """
    title = "Authority by plain comparison"
    try:
        frame = study_frame(desk, start, end)
    except NotEstimable as refusal:
        return refused_estimate("empowerment-naive", title, str(refusal))
    rows = [row for outcome in OUTCOMES.values() for row in _rows(frame, outcome)]
    if not rows:
        return refused_estimate("empowerment-naive", title, "no ticket tells any of the outcomes")
    table = pd.DataFrame(rows)
    first = table.loc[table["comparison"] == WITH]
    words = [
        f"{row['outcome']} {format_difference(row['estimate'], row['unit'])}"
        for row in first.to_dict("records")
    ]
    return Estimate(
        "empowerment-naive",
        title,
        table,
        sentences=(
            f"Tickets with authority against tickets without: {'; '.join(words)}.",
            "Authority is not drawn by lot: teams, times and tickets differ as well.",
        ),
        definitions=definitions(desk),
    )


def coverage(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Show who has had authority since when, on how many tickets, and how often it was used.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row a cohort of units: ``since``, ``n_units``, ``n_tickets``, ``covered_share``,
        ``used_share`` of the tickets covered.
    """
    title = "Who has authority"
    try:
        frame = study_frame(desk, start, end)
    except NotEstimable as refusal:
        return refused_estimate("empowerment-coverage", title, str(refusal))
    table = _cohorts(frame)
    covered = frame.cells["has_authority"] == 1
    n, inside = int(frame.cells["n"].sum()), int(frame.cells.loc[covered, "n"].sum())
    used = int(frame.cells.loc[covered, "n_used"].sum())
    sentences = (
        (
            f"{len(frame.starts)} of {frame.cells['unit'].nunique()} {frame.unit}s have had "
            f"authority; it covered {inside:,} of {n:,} tickets, and {used:,} of them were "
            "settled by it."
        ),
    )
    return Estimate("empowerment-coverage", title, table, sentences=sentences)


def _rows(frame: Frame, outcome: Outcome) -> list[dict[str, Any]]:
    cells = frame.cells
    covered = cells["has_authority"] == 1
    adopter = np.isfinite(cells["adopted"])
    after = cells["period"] >= cells["adopted"]
    pairs = [(WITH, covered, ~covered), (AFTER, adopter & after, adopter & ~after)]
    rows = []
    for words, first, second in pairs:
        means = [_mean(cells.loc[part], outcome) for part in (first, second)]
        if None in means:
            continue
        rows.append(
            {
                "outcome": outcome.title,
                "comparison": words,
                "first": format_value(means[0], outcome.unit),
                "second": format_value(means[1], outcome.unit),
                "estimate": float(means[0]) - float(means[1]),  # type: ignore[arg-type]
                "unit": outcome.unit,
                "leaves_out": LEFT_OUT[words],
            }
        )
    return rows


def _mean(part: pd.DataFrame, outcome: Outcome) -> float | None:
    n = float(part[outcome.naive_n].sum())
    return float(part[outcome.naive_s].sum()) / n if n > 0 else None


def _cohorts(frame: Frame) -> pd.DataFrame:
    cells = frame.cells
    names = ["(never)", "(before the first month)"]
    place = cells["adopted"].to_numpy()
    label = [
        names[0]
        if not np.isfinite(one) or one >= len(frame.months)
        else names[1]
        if one < 0
        else frame.months[int(one)]
        for one in place
    ]
    covered = cells["n"].where(cells["has_authority"] == 1, 0)
    used = cells["n_used"].where(cells["has_authority"] == 1, 0)
    made = cells.assign(since=label, n_covered=covered, n_own=used)
    sums = made.groupby("since").agg(
        n_units=("unit", "nunique"), n_tickets=("n", "sum"), n_covered=("n_covered", "sum"),
        n_used=("n_own", "sum"),
    ).reset_index()  # fmt: skip
    share = sums["n_covered"] / sums["n_tickets"]
    rate = sums["n_used"] / sums["n_covered"].where(sums["n_covered"] > 0)
    return sums.assign(covered_share=share, used_share=rate)
