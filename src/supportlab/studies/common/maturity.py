"""Rows that cannot be judged yet: immature, censored, left out, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_share, format_value
from supportlab.results import Estimate
from supportlab.studies.common.measures import MEASURES, measure_of
from supportlab.studies.common.refusals import refused_estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.metrics.sums import Sums
    from supportlab.records import Definition

__all__ = ["censoring", "maturity", "row_flow"]

# Ages at which desks act: same day, a working week, the usual automatic closing, a quarter.
AGE_DAYS = (1, 3, 7, 14, 30, 90)


def row_flow(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Count the tickets kept and dropped after each filter.

    Not for rows that a single metric leaves out: that is `maturity`.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row a filter: ``step``, ``n_rows``, ``n_dropped``, ``reason``.
    """
    from supportlab import metrics

    title = "Tickets kept and dropped"
    try:
        table = metrics.row_flow(desk, start, end)
    except NotEstimable as refusal:
        return refused_estimate("row-flow", title, str(refusal))
    first, last = int(table["n_rows"].iloc[0]), int(table["n_rows"].iloc[-1])
    words = (
        f"{format_share(last, first)} tickets count for first contact resolution; every other "
        "metric leaves out rows of its own."
    )
    return Estimate("row-flow", title, table, sentences=(words,))


def maturity(
    desk: Desk,
    *,
    metrics: Sequence[str] = tuple(MEASURES),
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Count for each metric the rows that count, that are too young, open, or left out and why.

    Not a statement about quality: a young ticket is no fault.

    Parameters
    ----------
    desk : Desk
        The data.
    metrics : sequence of str
        Which metrics, as ``csat``; all unless asked otherwise.
    start, end : str, optional
        ISO dates of the cohort, end excluded.

    Returns
    -------
    Estimate
        One row a metric and fate: ``metric``, ``fate`` (``counted``, ``immature``,
        ``censored``, ``left out``, ``not estimable``), ``reason``, ``n``.
    """
    rows: list[dict[str, Any]] = []
    definitions = []
    for measure in map(measure_of, metrics):
        try:
            sums = measure.sums(desk, cluster=None, start=start, end=end)
            fates, definition = _fates(measure.title, sums)
        except NotEstimable as refusal:
            fates = [_fate(measure.title, "not estimable", str(refusal), None)]
            definition = None
        rows += fates
        definitions += [definition] if definition is not None else []
    table = pd.DataFrame(rows)
    table["n"] = table["n"].astype("Int64")
    return Estimate(
        "maturity",
        "Rows that count, wait, or are left out",
        table,
        sentences=_maturity_sentences(table),
        definitions=tuple(definitions),
    )


def censoring(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compute the share of tickets that is still open, by age.

    Not a resolution rate: young tickets have had less time.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row an age: ``age``, ``n``, ``n_open``, ``open_share``.
    """
    title = "Tickets still open, by age"
    try:
        table = _by_age(desk, start, end)
    except NotEstimable as refusal:
        return refused_estimate("censoring", title, str(refusal))
    if table.empty:
        return refused_estimate("censoring", title, "no ticket lies in the period")
    return Estimate(
        "censoring",
        title,
        table,
        sentences=_censoring_sentences(table),
        draw=lambda ax: _draw_ages(table, title, ax),
        alt=_ages_alt(table),
    )


def _fates(title: str, sums: Sums) -> tuple[list[dict[str, Any]], Definition]:
    """Count the outcomes of a metric's rows in one pass over the data."""
    cases = sums.cases
    counted = (
        cases.group_by("outcome", "reason")
        .aggregate(n=cases.count().cast("int64"))
        .order_by("outcome", "reason")
        .execute()
    )
    sizes = counted.groupby("outcome")["n"].sum()
    waiting = {name: int(sizes.get(name, 0)) for name in ("censored", "immature", "excluded")}
    n_judged = int(sizes.sum()) - sum(waiting.values())
    is_duration = sums.kind == "duration"
    rows = [_fate(title, "counted", None, n_judged)]
    if is_duration:
        rows.append(
            _fate(title, "censored", "not over at the moment of the data", waiting["censored"])
        )
    if waiting["immature"]:
        rows.append(_fate(title, "immature", "too young to judge", waiting["immature"]))
    left = counted.loc[counted["outcome"] == "excluded"]
    rows += [
        _fate(title, "left out", str(reason), int(n))
        for reason, n in zip(left["reason"], left["n"], strict=True)
    ]
    record = sums.definition.with_counts(
        n=n_judged + waiting["censored"],
        n_censored=waiting["censored"] if is_duration else None,
        n_immature=None if is_duration else waiting["immature"],
        n_excluded=waiting["excluded"],
        as_of=sums.as_of.isoformat(),
    )
    return rows, record


def _fate(metric: str, fate: str, reason: str | None, n: int | None) -> dict[str, Any]:
    return {"metric": metric, "fate": fate, "reason": reason, "n": n}


def _maturity_sentences(table: pd.DataFrame) -> tuple[str, ...]:
    words = []
    for fate, text in (("immature", "too young to judge"), ("censored", "not over yet")):
        part = table.loc[table["fate"] == fate]
        if len(part):
            shares = [_share_of(table, row) for row in part.to_dict("records")]
            words.append(f"Rows {text}: {'; '.join(shares)}.")
    refused = table.loc[table["fate"] == "not estimable", "metric"]
    if len(refused):
        words.append(f"Not estimable with these data: {', '.join(refused)}.")
    return tuple(words) or ("Every row can be judged.",)


def _share_of(table: pd.DataFrame, row: dict[Any, Any]) -> str:
    whole = table.loc[table["metric"] == row["metric"], "n"].sum()
    return f"{row['metric']} {format_share(row['n'], whole)}"


def _by_age(desk: Desk, start: str | None, end: str | None) -> pd.DataFrame:
    from supportlab import metrics
    from supportlab.metrics.periods import moments, whole_seconds
    from supportlab.metrics.tickets import ENDED_STATUSES

    tickets = metrics.countable_tickets(desk, start, end)
    days = whole_seconds(moments(desk.as_of), tickets.created_at) // (24 * 60 * 60)
    # The number of bounds that an age has passed is its band: one integer, no text in the engine.
    band = sum((days >= bound).cast("int64") for bound in AGE_DAYS)
    is_open = ~tickets.status.isin(ENDED_STATUSES)
    counted = (
        tickets.mutate(band=band, is_open=is_open.cast("int64"))
        .group_by("band")
        .aggregate(n=lambda t: t.count().cast("int64"), n_open=lambda t: t.is_open.sum())
        .order_by("band")
        .execute()
    )
    words = _band_words()
    return pd.DataFrame(
        {
            "age": [words[int(place)] for place in counted["band"]],
            "n": counted["n"].astype("int64"),
            "n_open": counted["n_open"].astype("int64"),
            "open_share": counted["n_open"] / counted["n"],
        }
    )


def _band_words() -> list[str]:
    bounds = [0, *AGE_DAYS]
    middle = [f"{low} to {high} days" for low, high in zip(bounds, AGE_DAYS, strict=False)]
    return [f"under {AGE_DAYS[0]} day", *middle[1:], f"{AGE_DAYS[-1]} days and more"]


def _censoring_sentences(table: pd.DataFrame) -> tuple[str, ...]:
    total, still = int(table["n"].sum()), int(table["n_open"].sum())
    first, last = table.iloc[0], table.iloc[-1]
    return (
        f"{format_share(still, total)} tickets are still open.",
        (
            f"Of those {first['age']} old it is {format_value(first['open_share'], 'proportion')}, "
            f"of those {last['age']} old {format_value(last['open_share'], 'proportion')}: a mean "
            "over closed tickets would leave the slow ones out."
        ),
    )


def _draw_ages(table: pd.DataFrame, title: str, ax: Axes | None) -> Axes:
    from supportlab.plots import dot_intervals

    shown = table.rename(columns={"open_share": "estimate"}).assign(ci_low=None, ci_high=None)
    return dot_intervals(
        shown, label="age", unit="proportion", title=title, counted="tickets", ax=ax
    )


def _ages_alt(table: pd.DataFrame) -> str:
    parts = [
        f"{age}: {format_value(share, 'proportion')}"
        for age, share in zip(table["age"], table["open_share"], strict=True)
    ]
    return f"Dots of the share of tickets still open by age. {'; '.join(parts)}."
