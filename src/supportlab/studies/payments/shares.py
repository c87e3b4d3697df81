"""Shares of payments with intervals that respect customers, from profiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from supportlab.errors import NotEstimable
from supportlab.studies.common.cells import MINIMUM_ROWS, Cell
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.metrics.payments.cells import PaymentCells

__all__ = ["share_cell", "share_cells", "shares"]

# A group without a single failure is believed while that could be luck: below one in a million at
# the failure rate of all, its failures were more likely not recorded.
LUCK = 1e-6
# Columns of counts by name: a frame's, or arrays that were cut out of one.
Counts = pd.DataFrame | Mapping[str, Any]


def shares(
    cells: PaymentCells, outcome: str = "n_declined", level: float = INTERVAL_LEVEL
) -> pd.DataFrame:
    """
    Compute the share of an outcome in every cell, with its interval.

    Not shrunk: a small cell's share is its own; see `share_cells` for what shrinking needs.

    Parameters
    ----------
    cells : PaymentCells
        Counts and profiles.
    outcome : str
        ``n_success``, ``n_declined`` or ``n_abandoned``.
    level : float
        Level of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a cell, ordered: the columns of ``by``, ``estimate``, ``ci_low``, ``ci_high``,
        ``n``, ``n_outcome``, ``n_clusters``, ``design_effect``, ``method``, ``reason``. The reason
        says why there is no estimate: too few rows, one customer only, or only successes where
        chance cannot explain that.
    """
    rows = [_row(cells, key, cell, hits) for key, cell, hits in share_cells(cells, outcome, level)]
    table = pd.DataFrame(rows)
    for name in ("estimate", "ci_low", "ci_high", "design_effect"):
        table[name] = table[name].astype("float64")
    return table


def share_cells(
    cells: PaymentCells, outcome: str, level: float = INTERVAL_LEVEL
) -> list[tuple[tuple[str, ...], Cell, int]]:
    """
    Compute the share of an outcome in every cell as records.

    Parameters
    ----------
    cells : PaymentCells
        Counts and profiles.
    outcome : str
        ``n_success``, ``n_declined`` or ``n_abandoned``.
    level : float
        Level of the intervals.

    Returns
    -------
    list of (tuple of str, Cell, int)
        Key, estimate or reason, and how many rows had the outcome; ordered by key.
    """
    profiles = cells.profiles()
    if not cells.by:
        cell = share_cell(profiles, outcome, level, cells.is_clustered)
        return [((), cell, _hits(profiles, outcome))]
    failing = _failure_rate(profiles)
    found = []
    for key, part in _by_cell(profiles, cells.by, outcome):
        cell = share_cell(part, outcome, level, cells.is_clustered, failing=failing)
        found.append((key, cell, _hits(part, outcome)))
    return found


def _by_cell(
    profiles: pd.DataFrame, by: Sequence[str], outcome: str
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield each cell's key and counts, in order; a frame a cell would cost more than the rest."""
    grouped = profiles.groupby(list(by), sort=True)
    order = np.argsort(grouped.ngroup().to_numpy(), kind="stable")
    names = {"n", "n_success", "n_clusters", outcome} & set(profiles.columns)
    counts = {name: profiles[name].to_numpy()[order] for name in sorted(names)}
    ends = np.cumsum(grouped.size().to_numpy())
    keys = profiles[list(by)].astype(str).to_numpy()[order]
    for begin, end in zip(np.concatenate([[0], ends[:-1]]), ends, strict=True):
        part = {name: values[begin:end] for name, values in counts.items()}
        yield tuple(keys[begin]), part


def share_cell(
    part: Counts,
    outcome: str,
    level: float,
    is_clustered: bool,
    *,
    failing: float = 0.0,
) -> Cell:
    """
    Compute the share of an outcome in one cell.

    Parameters
    ----------
    part : pandas.DataFrame or mapping of str to numpy.ndarray
        Profiles of the cell: ``n``, the outcome's count and ``n_clusters``.
    outcome : str
        Column of the outcome's count.
    level : float
        Level of the interval.
    is_clustered : bool
        Whether rows of one cluster are alike.
    failing : float
        Share of failures to be expected, by which a cell of successes alone is judged.

    Returns
    -------
    Cell
        Estimate or reason.
    """
    rows = _counted(part)
    n = int((rows["n"] * rows["n_clusters"]).sum())
    n_clusters = int(rows["n_clusters"].sum()) if is_clustered else None
    reason = _too_few(n) or _unrecorded(rows, n, failing)
    if reason:
        return Cell(None, reason, n, n_clusters)
    try:
        interval = _interval(rows, outcome, level, is_clustered)
    except NotEstimable as refusal:
        return Cell(None, str(refusal), n, n_clusters)
    return Cell(interval, "", n, n_clusters)


def _counted(part: Counts) -> dict[str, NDArray[np.int64]]:
    """Return the counts of the profiles that have a decided row, as arrays."""
    names = [str(name) for name in part if str(name).startswith("n")]
    counts = {name: np.asarray(part[name]) for name in names}
    return {name: values[counts["n"] > 0] for name, values in counts.items()}


def _interval(rows: Counts, outcome: str, level: float, is_clustered: bool) -> Any:
    from supportlab import stats
    from supportlab.stats.profiles import counted_proportion

    hits, n, times = (np.asarray(rows[name], float) for name in (outcome, "n", "n_clusters"))
    if is_clustered:
        return counted_proportion(hits, n, times, level)
    return stats.wilson_interval(float(hits @ times), float(n @ times), level)


def _too_few(n: int) -> str:
    if n == 0:
        return "there is no row to count"
    if n >= MINIMUM_ROWS:
        return ""
    words = "row counts" if n == 1 else "rows count"
    return f"only {n} {words}; at least {MINIMUM_ROWS} are needed"


def _unrecorded(rows: Counts, n: int, failing: float) -> str:
    if not failing or "n_success" not in rows or _hits(rows, "n_success") < n:
        return ""
    if n * np.log1p(-min(failing, 0.999)) > np.log(LUCK):
        return ""
    return (
        f"all {n} succeeded, which at a failure rate of {100 * failing:.0f} % is no luck: either "
        "none fails there, or failures are not recorded, and the data cannot tell which"
    )


def _failure_rate(profiles: pd.DataFrame) -> float:
    times = profiles["n_clusters"]
    n = float((profiles["n"] * times).sum())
    return 1.0 - float((profiles["n_success"] * times).sum()) / n if n else 0.0


def _hits(part: Counts, outcome: str) -> int:
    return int((part[outcome] * part["n_clusters"]).sum())


def _row(cells: PaymentCells, key: tuple[str, ...], cell: Cell, hits: int) -> dict[str, Any]:
    found = cell.interval
    return {
        **dict(zip(cells.by, key, strict=True)),
        "estimate": found.estimate if found else None,
        "ci_low": found.low if found else None,
        "ci_high": found.high if found else None,
        "n": cell.n,
        "n_outcome": hits,
        "n_clusters": cell.n_clusters,
        "design_effect": found.design_effect if found else None,
        "method": found.method if found else None,
        "reason": cell.reason or None,
    }
