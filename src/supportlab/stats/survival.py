"""Kaplan-Meier curves from aggregated durations, with cluster-robust variance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.clusters import exchangeable_correlation, satterthwaite_df
from supportlab.stats.interval import FloatArray, aligned, refuse_empty

__all__ = ["KaplanMeier", "kaplan_meier"]

# Clusters times event times up to which the robust variance is computed at every time (about a
# second); beyond it at fewer times, spread evenly along the events, with its ratio to the
# independent variance interpolated. Never at fewer times than the second number.
VARIANCE_CELLS = 40_000_000
VARIANCE_TIMES = 500
# Cells of one block of the clusters-by-times table: 32 MB a block.
BLOCK_CELLS = 4_000_000


@dataclass(frozen=True)
class KaplanMeier:
    """
    A survival curve at its event times.

    Parameters
    ----------
    times : numpy.ndarray of shape (n_times,)
        Distinct times with events, ascending, in the unit of the durations.
    survival : numpy.ndarray of shape (n_times,)
        Share still open just after each time.
    n_at_risk, n_events : numpy.ndarray of shape (n_times,)
        Rows under observation just before, and events at, each time.
    variance : numpy.ndarray of shape (n_times,)
        Of the logarithm of ``survival``; infinite where survival is 0.
    independent_variance : numpy.ndarray of shape (n_times,)
        The same if all rows were independent (Greenwood); equal to it without clusters.
    n, n_censored : int
        All rows, and those without event.
    last_time : float
        Longest duration, of events and of censored rows.
    n_clusters : int or None
        Clusters behind the variance.
    design_effect : float or None
        Cluster-robust over independent variance, at the middle of the events.
    df : float
        Degrees of freedom of the variance; infinite without clusters.
    """

    times: FloatArray
    survival: FloatArray
    n_at_risk: FloatArray
    n_events: FloatArray
    variance: FloatArray
    independent_variance: FloatArray
    n: int
    n_censored: int
    last_time: float
    n_clusters: int | None
    design_effect: float | None
    df: float


@dataclass(frozen=True)
class _Risk:
    times: FloatArray
    events: FloatArray
    at_risk: FloatArray


def kaplan_meier(
    time: ArrayLike,
    n_events: ArrayLike,
    n_censored: ArrayLike,
    cluster: ArrayLike | None = None,
) -> KaplanMeier:
    """
    Estimate the survival curve from a table of durations.

    Not where leaving observation depends on how long a case would have taken (tickets handed to a
    system that is not in the data): the curve is then biased, whatever the interval says.

    Parameters
    ----------
    time : array_like of shape (n_rows,)
        Durations, in any order and unit, repeats allowed.
    n_events, n_censored : array_like of shape (n_rows,)
        Rows that ended at that duration, and rows last seen open at it.
    cluster : array_like of shape (n_rows,), optional
        Cluster of each row, as the agent; rows of different clusters are independent.

    Returns
    -------
    KaplanMeier
        Curve, variance and numbers at risk at each distinct event time.

    Raises
    ------
    NotEstimable
        No rows, no event, or one cluster only.
    ParameterError
        Arrays of different lengths, or negative counts or durations.

    Notes
    -----
    Kaplan and Meier (1958); rows censored at a time count as at risk at it. Variance of the
    logarithm of survival: Greenwood's (1926) without clusters; with them the sum over clusters of
    the squared linearised influence on the curve (Williams 1995, section 2; Lin and Wei 1989),
    with the CR2 leverage ``1 / (1 - n_c / n)`` and degrees of freedom as in `satterthwaite_df`.
    For clusters of one row the sum is Greenwood's before that factor. Bands are never narrower
    than Greenwood's, since less is noise of few clusters.

    Examples
    --------
    >>> curve = kaplan_meier([6, 7, 10, 13], [1, 1, 1, 0], [0, 0, 1, 1])
    >>> curve.survival.round(3).tolist()
    [0.8, 0.6, 0.4]
    """
    duration, events, censored = aligned(
        {"time": time, "n_events": n_events, "n_censored": n_censored}
    )
    rows = events + censored
    refuse_empty(rows.sum())
    risk = _risk(duration, events, rows)
    survival = _curve(risk)
    greenwood = _greenwood(risk)
    n, n_open = round(float(rows.sum())), round(float(censored.sum()))
    last = float(duration[rows > 0].max())
    n_clusters: int | None = None
    effect: float | None = None
    variance, df = greenwood, float("inf")
    if cluster is not None:
        codes, n_clusters = _codes(cluster, rows)
        variance, effect, df = _robust(duration, events, rows, codes, risk, greenwood)
    return KaplanMeier(
        times=risk.times,
        survival=survival,
        n_at_risk=risk.at_risk,
        n_events=risk.events,
        variance=variance,
        independent_variance=greenwood,
        n=n,
        n_censored=n_open,
        last_time=last,
        n_clusters=n_clusters,
        design_effect=effect,
        df=df,
    )


def _risk(duration: FloatArray, events: FloatArray, rows: FloatArray) -> _Risk:
    times, place = np.unique(duration, return_inverse=True)
    died = np.bincount(place, weights=events).astype(np.float64)
    leaving = np.bincount(place, weights=rows).astype(np.float64)
    at_risk = np.cumsum(leaving[::-1])[::-1]
    kept = died > 0
    if not kept.any():
        raise NotEstimable(f"None of the {round(float(rows.sum()))} rows has an event yet.")
    return _Risk(times[kept], died[kept], at_risk[kept])


def _curve(risk: _Risk) -> FloatArray:
    return np.asarray(np.cumprod(1.0 - risk.events / risk.at_risk), dtype=np.float64)


def _greenwood(risk: _Risk) -> FloatArray:
    left = risk.at_risk - risk.events
    with np.errstate(divide="ignore"):
        return np.asarray(np.cumsum(risk.events / (risk.at_risk * left)))


def _codes(cluster: ArrayLike, rows: FloatArray) -> tuple[NDArray[np.intp], int]:
    labels = np.asarray(cluster).ravel()
    if labels.size != rows.size:
        raise ParameterError(
            f"cluster has {labels.size} values and time {rows.size}; give one per row."
        )
    if labels.dtype == object:
        labels = labels.astype(str)
    codes = np.full(rows.size, -1, dtype=np.intp)
    present = rows > 0
    names, codes[present] = np.unique(labels[present], return_inverse=True)
    if names.size < 2:
        raise NotEstimable(
            f"There is {names.size} cluster; the variance between clusters needs at least 2."
        )
    return codes, int(names.size)


def _robust(
    duration: FloatArray,
    events: FloatArray,
    rows: FloatArray,
    codes: NDArray[np.intp],
    risk: _Risk,
    greenwood: FloatArray,
) -> tuple[FloatArray, float, float]:
    """Return variance at every event time, design effect, degrees of freedom."""
    finite = np.flatnonzero(np.isfinite(greenwood))
    if finite.size == 0:
        return greenwood, 1.0, float(np.unique(codes[codes >= 0]).size - 1)
    present = codes >= 0
    size = np.bincount(codes[present], weights=rows[present]).astype(np.float64)
    n_times = max(VARIANCE_TIMES, VARIANCE_CELLS // size.size)
    grid = finite[_spread(risk.events[finite], n_times)]
    exact = np.zeros(grid.size)
    for block in _influence(duration, events, rows, codes, risk, grid, size.size):
        start, influence = block
        share = size[start : start + influence.shape[0]] / size.sum()
        exact += np.sum(influence**2 / (1.0 - share)[:, None], axis=0)
    ratio = exact / greenwood[grid]
    variance = greenwood * np.interp(np.arange(greenwood.size), grid, ratio)
    effect = float(ratio[grid.size // 2])
    return (
        variance,
        max(1.0, effect),
        satterthwaite_df(size, exchangeable_correlation(effect, size)),
    )


def _spread(events: FloatArray, n_times: int) -> NDArray[np.intp]:
    """Pick times evenly along the events, first and last among them."""
    if events.size <= n_times:
        return np.arange(events.size)
    along = np.cumsum(events)
    targets = np.linspace(along[0], along[-1], n_times)
    return np.unique(np.searchsorted(along, targets).clip(0, events.size - 1))


def _influence(
    duration: FloatArray,
    events: FloatArray,
    rows: FloatArray,
    codes: NDArray[np.intp],
    risk: _Risk,
    grid: NDArray[np.intp],
    n_clusters: int,
) -> Iterator[tuple[int, FloatArray]]:
    """Yield blocks of clusters with their influence on -log survival at the grid times."""
    # Where everybody at risk ends the curve is 0; no grid time lies there.
    left = np.maximum(risk.at_risk - risk.events, 1e-300)
    alive = risk.at_risk > risk.events
    jump = np.where(alive, 1.0 / left, 0.0)
    drift = np.cumsum(np.where(alive, risk.events / (risk.at_risk * left), 0.0))
    place = np.searchsorted(risk.times, duration)
    passed = np.searchsorted(risk.times, duration, side="right") - 1
    slot = np.searchsorted(risk.times[grid], duration)
    order = np.argsort(codes, kind="stable")
    order = order[codes[order] >= 0]
    # Rows beyond the last grid time never leave the risk set within the grid.
    inside = slot[order] < grid.size
    gain = np.where(events > 0, events * jump[np.minimum(place, jump.size - 1)], 0.0)
    spent = np.where(passed >= 0, rows * drift[np.maximum(passed, 0)], 0.0)
    size = np.bincount(codes[order], weights=rows[order], minlength=n_clusters)
    step = max(1, BLOCK_CELLS // grid.size)
    for start in range(0, n_clusters, step):
        stop = min(start + step, n_clusters)
        first, last = np.searchsorted(codes[order], [start, stop])
        chosen = order[first:last][inside[first:last]]
        cell = (codes[chosen] - start) * grid.size + slot[chosen]
        shape = (stop - start, grid.size)
        summed = [_table(cell, weight[chosen], shape) for weight in (gain - spent, rows)]
        open_rows = size[start:stop, None] - summed[1]
        yield start, summed[0] - open_rows * drift[grid][None, :]


def _table(cell: NDArray[np.intp], weight: FloatArray, shape: tuple[int, int]) -> FloatArray:
    flat = np.bincount(cell, weights=weight, minlength=shape[0] * shape[1])
    return np.asarray(np.cumsum(flat.reshape(shape), axis=1))
