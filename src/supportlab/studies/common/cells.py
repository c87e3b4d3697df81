"""From sums of one group to an interval, or to the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from supportlab.errors import NotEstimable

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.metrics.sums import Sums
    from supportlab.stats.interval import Interval
    from supportlab.stats.survival import KaplanMeier

__all__ = ["MINIMUM_ROWS", "Cell", "cell_of", "curve_of", "fetch_sums"]

# Below this an interval spans most of the scale, and a reader who knows the group could tell who
# said what.
MINIMUM_ROWS = 5
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Cell:
    """
    One group's estimate, or why it has none.

    Parameters
    ----------
    interval : Interval or None
        The estimate in the unit of its finding.
    reason : str
        Why there is no estimate; empty where there is one.
    n : int
        Rows that count.
    n_clusters : int or None
        Clusters that they come in.
    """

    interval: Interval | None
    reason: str
    n: int
    n_clusters: int | None


def fetch_sums(sums: Sums) -> tuple[pd.DataFrame, bool]:
    """
    Fetch a metric's sums and say whether they come in clusters.

    Parameters
    ----------
    sums : Sums
        What a metric returned.

    Returns
    -------
    tuple of (pandas.DataFrame, bool)
        The ordered cells; False where every row stands alone.
    """
    return sums.fetch(), sums.cluster_name not in (None, "row")


def cell_of(part: pd.DataFrame, kind: str, level: float, *, is_clustered: bool) -> Cell:
    """
    Estimate one group from its cells.

    Not for several groups at once: give the rows of one.

    Parameters
    ----------
    part : pandas.DataFrame
        Rows of `Sums.fetch` that belong to the group, one a cluster (and duration).
    kind : str
        Kind of the sums.
    level : float
        Level of the interval.
    is_clustered : bool
        Whether rows of one cluster are alike; if not, rows count as independent.

    Returns
    -------
    Cell
        Estimate or reason.
    """
    columns = ["n_events", "n_censored"] if kind == "duration" else ["n"]
    n = int(part[columns].to_numpy().sum())
    rows = part.loc[part[columns].sum(axis=1) > 0]
    n_clusters = int(rows["cluster"].nunique()) if is_clustered else None
    if n < MINIMUM_ROWS:
        return Cell(None, _too_few(n), n, n_clusters)
    try:
        interval = _interval(rows, kind, level, is_clustered)
    except NotEstimable as refusal:
        return Cell(None, str(refusal), n, n_clusters)
    return Cell(interval, "", n, interval.n_clusters if is_clustered else None)


def curve_of(part: pd.DataFrame, *, is_clustered: bool) -> KaplanMeier:
    """
    Estimate the curve of those still waiting, in hours.

    Parameters
    ----------
    part : pandas.DataFrame
        Rows of a duration's `Sums.fetch`.
    is_clustered : bool
        Whether rows of one cluster are alike.

    Returns
    -------
    KaplanMeier
        The curve.

    Raises
    ------
    NotEstimable
        When there is no row, no event or one cluster only.
    """
    from supportlab.stats import kaplan_meier

    return kaplan_meier(
        part["duration_seconds"].to_numpy(dtype=float) / SECONDS_PER_HOUR,
        part["n_events"].to_numpy(),
        part["n_censored"].to_numpy(),
        cluster=part["cluster"].to_numpy() if is_clustered else None,
    )


def _too_few(n: int) -> str:
    if n == 0:
        return "there is no row to count"
    return (
        f"only {n} {'row counts' if n == 1 else 'rows count'}; at least {MINIMUM_ROWS} are needed"
    )


def _interval(part: pd.DataFrame, kind: str, level: float, is_clustered: bool) -> Interval:
    from supportlab import stats

    if kind == "duration":
        curve = curve_of(part, is_clustered=is_clustered)
        return stats.survival_quantile(curve, 0.5, level)
    if kind == "rate":
        successes, n = _arrays(part, "n_success", "n")
        if is_clustered:
            return stats.clustered_proportion(successes, n, level)
        return stats.wilson_interval(float(successes.sum()), float(n.sum()), level)
    if kind == "nps":
        promoters, detractors, n = _arrays(part, "n_promoter", "n_detractor", "n")
        return stats.clustered_nps(promoters, detractors, n, level)
    total, n, squared = _arrays(part, "total", "n", "total_squared")
    return stats.clustered_mean(total, n, float(squared.sum()), level)


def _arrays(part: pd.DataFrame, *names: str) -> list[np.ndarray]:
    return [part[name].to_numpy(dtype=float) for name in names]
