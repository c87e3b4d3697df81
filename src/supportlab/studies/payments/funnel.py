"""From checkouts begun to checkouts paid: where they are lost and what retries bring back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_count, format_value
from supportlab.metrics.dimensions import MISSING
from supportlab.results import Estimate
from supportlab.studies.common.refusals import refused_estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.metrics.payments.cells import PaymentCells

__all__ = ["waterfall"]

PAID = ("succeeded", "reversed")


@dataclass(frozen=True)
class _Step:
    """A step: its words, how it is drawn, and which checkouts are in it."""

    step: str
    kind: str
    is_in: Callable[[pd.DataFrame], pd.Series]
    # What counts of these checkouts: all, or those of one outcome.
    counts: str = "n"


def _first(*statuses: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda cells: cells["first_status"].isin(statuses)


_STEPS = (
    _Step("begun", "whole", lambda cells: cells["n"] >= 0),
    _Step("challenged at the first attempt", "part", lambda cells: cells["step"] == "challenge"),
    _Step("first attempt abandoned", "loss", _first("abandoned")),
    _Step("first attempt declined", "loss", _first("declined")),
    _Step("paid at the first attempt", "whole", _first(*PAID), "n_success"),
    _Step(
        "tried again",
        "part",
        lambda cells: (cells["retried"] == "retried") & ~cells["first_status"].isin(PAID),
    ),
    _Step("paid at a later attempt", "gain", lambda c: ~c["first_status"].isin(PAID), "n_success"),
    _Step("paid in the end", "whole", lambda cells: cells["n"] >= 0, "n_success"),
    _Step("lost, declined at last", "part", lambda cells: cells["n"] >= 0, "n_declined"),
    _Step("lost, abandoned at last", "part", lambda cells: cells["n"] >= 0, "n_abandoned"),
)


def waterfall(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Count checkouts from their beginning to their end: challenged, lost, tried again, paid.

    Not the way of a visitor: who left before the first attempt is in no payment table.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    start, end : str, optional
        ISO dates of the first attempt, end excluded.

    Returns
    -------
    Estimate
        One row a step: ``step``, ``kind`` (``whole``, ``loss``, ``gain``, ``part``), ``n``,
        ``share`` of the checkouts begun with its interval ``share_low`` to ``share_high``.
    """
    from supportlab.metrics.payments.cells import payment_cells

    title = "From checkouts begun to checkouts paid"
    is_known = desk.has("payments", "authentication")
    by = ("first_status", "retried", *(("authentication",) if is_known else ()))
    try:
        cells = payment_cells(desk, by, unit="checkout", start=start, end=end)
        table = _table(cells, is_known)
    except NotEstimable as refusal:
        return refused_estimate("payment-waterfall", title, str(refusal))
    return Estimate(
        "payment-waterfall",
        title,
        table,
        sentences=_sentences(table),
        definitions=(cells.record(),),
        caveats=_caveats(cells, is_known),
        draw=lambda ax: _draw(table, title, ax),
        alt=_alt(table),
    )


def _table(cells: PaymentCells, is_known: bool) -> pd.DataFrame:
    frame = cells.fetch()
    frame["step"] = frame["authentication"] if is_known else MISSING
    total = int(frame["n"].sum())
    if not total:
        raise NotEstimable("there is no checkout to count")
    rows = [
        _row(cells, frame, step, total)
        for step in _STEPS
        if is_known or not step.step.startswith("challenged")
    ]
    return pd.DataFrame(rows)


def _row(cells: PaymentCells, frame: pd.DataFrame, step: _Step, total: int) -> dict[str, object]:
    inside = step.is_in(frame)
    n = int(frame.loc[inside, step.counts].sum())
    low, high = _interval(cells, frame, inside, step.counts, n / total, total)
    return {
        "step": step.step,
        "kind": step.kind,
        "n": n,
        "share": n / total,
        "share_low": low,
        "share_high": high,
    }


def _interval(
    cells: PaymentCells,
    frame: pd.DataFrame,
    inside: pd.Series,
    counts: str,
    share: float,
    total: int,
) -> tuple[float | None, float | None]:
    """Return the interval of a share of all checkouts, each customer's checkouts taken together."""
    from supportlab.stats.profiles import scored_proportion

    if counts == "n" and bool(inside.all()):
        return None, None
    a, b = (inside.astype(float) - share, 0.0) if counts == "n" else (-share, inside.astype(float))
    scores = frame[list(cells.by)].assign(a_x=a, b_x=b)
    outcome = "n_success" if counts == "n" else counts
    found = cells.score_squares(scores, outcome=outcome).iloc[0]
    try:
        interval = scored_proportion(
            share, total, float(found["sum_of_squares"]), int(found["n_clusters"])
        )
    except NotEstimable:
        return None, None
    return interval.low, interval.high


def _share(table: pd.DataFrame, step: str) -> str:
    return format_value(float(table.loc[table["step"] == step, "share"].iloc[0]), "proportion")


def _sentences(table: pd.DataFrame) -> tuple[str, ...]:
    begun = format_count(table["n"].iloc[0])
    lost, again, back = (
        int(table.loc[table["step"].isin(steps), "n"].sum())
        for steps in (
            ("first attempt abandoned", "first attempt declined"),
            ("tried again",),
            ("paid at a later attempt",),
        )
    )
    words = (
        f"Of {begun} checkouts {_share(table, 'paid at the first attempt')} are paid at the first "
        f"attempt and {_share(table, 'paid in the end')} in the end."
    )
    if not lost:
        return (words,)
    return (
        words,
        (
            f"Of the {format_count(lost)} that failed at first, {100 * again / lost:.0f} % are "
            f"tried again and {100 * back / lost:.0f} % are paid after all."
        ),
    )


def _caveats(cells: PaymentCells, is_known: bool) -> tuple[str, ...]:
    counts = cells.fetch()[["n_pending", "n_reversed"]].sum()
    words = []
    if counts["n_pending"]:
        words.append(
            f"{format_count(counts['n_pending'])} checkouts are pending or too young to judge: "
            "they stand apart."
        )
    if counts["n_reversed"]:
        words.append(
            f"{format_count(counts['n_reversed'])} of the paid ones were given back later: they "
            "count as paid."
        )
    if not is_known:
        words.append("The source does not say who was challenged, so that step is not there.")
    return tuple(words)


def _draw(table: pd.DataFrame, title: str, ax: Axes | None) -> Axes:
    from supportlab import plots

    return plots.waterfall(table, ax=ax, title=title)


def _alt(table: pd.DataFrame) -> str:
    from supportlab.plots import alt_waterfall

    return alt_waterfall(table)
