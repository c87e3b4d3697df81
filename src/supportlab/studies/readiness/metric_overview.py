"""Every metric on one page: its figure for the whole desk, or why it has none."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_value
from supportlab.results import Estimate
from supportlab.studies.common.cells import cell_of, curve_of, fetch_sums
from supportlab.vocabulary import INTERVAL_LEVEL, Unit

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.sums import Sums
    from supportlab.records import Definition

__all__ = ["metric_overview"]

HOURS_PER_DAY = 24
_EVENTS = ["n_events", "n_censored"]
_UNITS: Mapping[str, Unit] = MappingProxyType(
    {"rate": "proportion", "nps": "score", "score": "score", "duration": "hours", "count": "count"}
)
# Scores whose unit is not the form's.
_OWN_UNITS: Mapping[str, Unit] = MappingProxyType(
    {"handle_time": "minutes", "order_value": "money", "quality_score": "proportion"}
)


def metric_overview(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compute every metric of the package for the whole desk, each with its definition.

    Not a comparison of groups, and no verdict: it tells which figures these data can give.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of the cohort, end excluded.

    Returns
    -------
    Estimate
        One row a metric and group: ``metric``, ``group`` (the form, where forms may not be
        pooled), ``estimate``, ``ci_low``, ``ci_high``, ``unit``, ``n``, ``n_waiting`` (censored
        or too young), ``n_left_out``, ``reason``.
    """
    from supportlab import metrics

    rows: list[dict[str, Any]] = []
    records: list[Definition] = []
    for definition in metrics.DEFINITIONS:
        found, record = _rows(desk, definition, start, end)
        rows += found
        records += [record] if record is not None else []
    table = _typed(pd.DataFrame(rows))
    return Estimate(
        "metric-overview",
        "Every metric, whole desk",
        table,
        sentences=_sentences(table),
        definitions=tuple(records),
    )


def _rows(
    desk: Desk, definition: Definition, start: str | None, end: str | None
) -> tuple[list[dict[str, Any]], Definition | None]:
    from supportlab import metrics

    function = getattr(metrics, definition.name)
    try:
        sums = _sums(function, definition.name, desk, start, end)
        frame, is_clustered = fetch_sums(sums)
    except NotEstimable as refusal:
        return [_row(definition, "", reason=str(refusal))], None
    record = sums.record(frame)
    if sums.kind == "count":
        return _count_rows(definition, frame), record
    if definition.name == "fcr_returns":
        window = int(str(record.options["window_days"]))
        return [_no_return_row(definition, frame, window, is_clustered)], record
    by = list(sums.by)
    parts = frame.groupby(by, sort=True) if by else [("", frame)]
    rows = []
    for group, part in parts:
        name = group if isinstance(group, str) else " ".join(map(str, group))
        rows.append(_estimate_row(definition, name, part, sums.kind, is_clustered))
    return rows or [_row(definition, "", reason="there is no row to count")], record


def _sums(function: Any, name: str, desk: Desk, start: str | None, end: str | None) -> Sums:
    # A stock has no period: it is what stands at one moment.
    options = {} if name == "backlog" else {"start": start, "end": end}
    sums: Sums = function(desk, **options)
    return sums


def _estimate_row(
    definition: Definition, group: str, part: pd.DataFrame, kind: str, is_clustered: bool
) -> dict[str, Any]:
    cell = cell_of(part, kind, INTERVAL_LEVEL, is_clustered=is_clustered)
    row = _row(definition, group, unit=_unit(definition.name, kind), n=cell.n)
    waiting = "n_censored" if kind == "duration" else "n_immature"
    for name, column in (("n_waiting", waiting), ("n_left_out", "n_excluded")):
        row[name] = int(part[column].sum()) if column in part else None
    if cell.interval is None:
        return {**row, "reason": cell.reason}
    found = cell.interval
    return {**row, "estimate": found.estimate, "ci_low": found.low, "ci_high": found.high}


def _no_return_row(
    definition: Definition, part: pd.DataFrame, window_days: int, is_clustered: bool
) -> dict[str, Any]:
    """Give the share that did not come back: most never do, so a median would be missing."""
    from supportlab.stats import survival_at

    row = _row(definition, "", unit="proportion", n=int(part[_EVENTS].to_numpy().sum()))
    row["n_waiting"] = int(part["n_censored"].sum())
    try:
        curve = curve_of(part, is_clustered=is_clustered)
        found = survival_at(curve, window_days * HOURS_PER_DAY, INTERVAL_LEVEL)
    except NotEstimable as refusal:
        return {**row, "reason": str(refusal)}
    return {**row, "estimate": found.estimate, "ci_low": found.low, "ci_high": found.high}


def _count_rows(definition: Definition, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give what is counted and no interval: a count is not a sample of itself."""
    counted = [name for name in map(str, frame) if name.startswith("n_") and name != "n_excluded"]
    left_out = int(frame["n_excluded"].sum()) if "n_excluded" in frame else None
    return [
        {
            **_row(definition, name.removeprefix("n_").replace("_", " "), unit="count"),
            "estimate": float(frame[name].sum()),
            "n_left_out": left_out,
        }
        for name in counted
    ]


def _unit(name: str, kind: str) -> Unit:
    return _OWN_UNITS.get(name, _UNITS[kind])


def _row(
    definition: Definition,
    group: str,
    *,
    unit: Unit | None = None,
    n: int | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    return {
        "metric": definition.title,
        "group": group,
        "estimate": None,
        "ci_low": None,
        "ci_high": None,
        "unit": unit,
        "n": n,
        "n_waiting": None,
        "n_left_out": None,
        "reason": reason,
    }


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    for name in ("n", "n_waiting", "n_left_out"):
        table[name] = table[name].astype("Int64")
    for name in ("estimate", "ci_low", "ci_high"):
        table[name] = table[name].astype("float64")
    return table


def _sentences(table: pd.DataFrame) -> tuple[str, ...]:
    told = table.groupby("metric", sort=False)["estimate"].apply(lambda part: part.notna().any())
    refused = [str(name) for name, known in told.items() if not known]
    words = f"{format_value(float(told.sum()), 'count')} of {len(told)} metrics have a figure here."
    if not refused:
        return (words,)
    return (words, f"The others, for the reason in the table: {', '.join(refused)}.")
