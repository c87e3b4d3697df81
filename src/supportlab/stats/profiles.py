"""Shares and counts from profiles: clusters that look alike, given once with their number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaincinv

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.clusters import ClusterVariance, cluster_variance
from supportlab.stats.interval import (
    FloatArray,
    Interval,
    aligned,
    normal_quantile,
    refuse_empty,
    t_quantile,
)
from supportlab.stats.intervals import effective_size, wilson_limits
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["clustered_count_rate", "counted_proportion", "scored_proportion"]


def counted_proportion(
    successes: ArrayLike, n: ArrayLike, n_clusters: ArrayLike, level: float = INTERVAL_LEVEL
) -> Interval:
    """
    Compute the interval of a share from clusters that are given by profile.

    Not for rows that stand alone (`wilson_interval`), nor for a single cluster.

    Parameters
    ----------
    successes, n : array_like of shape (n_profiles,)
        Rows with the property and all rows of one cluster of the profile; profiles without rows
        are left out.
    n_clusters : array_like of shape (n_profiles,)
        How many clusters have that profile.
    level : float
        Coverage aimed at.

    Returns
    -------
    Interval
        What `clustered_proportion` gives for the same clusters one by one.

    Raises
    ------
    NotEstimable
        There are no rows, or there is one cluster only.
    ParameterError
        The arrays do not fit each other.

    Notes
    -----
    Millions of customers have few profiles (three payments, one declined), and an engine can count
    them; the variance, its leverage and its degrees of freedom are sums over clusters, so nothing
    is lost.

    Examples
    --------
    >>> found = counted_proportion([0, 1, 3], [2, 2, 4], [500, 40, 3])
    >>> round(found.estimate, 4), found.n_clusters
    (0.0449, 543)
    """
    names = {"successes": successes, "n": n, "n_clusters": n_clusters}
    part, whole, times = _present(*aligned(names))
    if np.any(part > whole):
        raise ParameterError("successes is above n in some profile; a part is no larger.")
    total = float(times @ whole)
    refuse_empty(total)
    share = float(times @ part) / total
    independent = share * (1.0 - share) / max(total - 1.0, 1.0)
    found = cluster_variance(part - share * whole, whole, independent, times)
    size = effective_size(total, found, level)
    low, high = wilson_limits(share, size, normal_quantile(level))
    method = "Wilson on the effective sample size, clustered"
    if share in (0.0, 1.0):
        method += "; design effect not visible at this share, taken as 1"
    effect = max(1.0, found.design_effect)
    return Interval(
        share, low, high, level, round(total), found.n_clusters, method, effect, found.df
    )


def scored_proportion(
    share: float, n: int, sum_of_squares: float, n_clusters: int, level: float = INTERVAL_LEVEL
) -> Interval:
    """
    Compute the interval of a share from the squared residual sums of its clusters.

    Not for few clusters: there is no leverage correction, as the clusters' sizes are not known.

    Parameters
    ----------
    share : float
        The share.
    n : int
        Rows.
    sum_of_squares : float
        Sum over clusters of the squared sum of ``y - share``.
    n_clusters : int
        Clusters with a row.
    level : float
        Coverage aimed at.

    Returns
    -------
    Interval
        Wilson's limits at the effective number of rows.

    Raises
    ------
    NotEstimable
        There are no rows or one cluster only.

    Examples
    --------
    >>> found = scored_proportion(0.2, 1000, 320.0, 400)
    >>> round(found.low, 3), round(found.high, 3), round(found.design_effect, 2)
    (0.167, 0.237, 2.0)
    """
    refuse_empty(n)
    if n_clusters < 2:
        raise NotEstimable(f"There is {n_clusters} cluster; its variance needs at least 2.")
    variance = sum_of_squares / float(n) ** 2 * n_clusters / (n_clusters - 1.0)
    independent = share * (1.0 - share) / max(n - 1.0, 1.0)
    effect = variance / independent if independent > 0 else 1.0
    found = ClusterVariance(variance, effect, float(n_clusters - 1), n_clusters)
    size = effective_size(float(n), found, level)
    low, high = wilson_limits(share, size, normal_quantile(level))
    method = "Wilson on the effective sample size, clustered"
    return Interval(share, low, high, level, n, n_clusters, method, max(1.0, effect), found.df)


def clustered_count_rate(
    n_events: ArrayLike,
    exposure: ArrayLike,
    n_clusters: ArrayLike,
    level: float = INTERVAL_LEVEL,
    *,
    shocks: tuple[ArrayLike, ArrayLike] | None = None,
) -> Interval:
    """
    Compute a rate of counts whose events come in clusters, as tickets of customers.

    Not for shares of rows (`counted_proportion`).

    Parameters
    ----------
    n_events, exposure : array_like of shape (n_profiles,)
        Events and exposure (payments, days) of one cluster of the profile.
    n_clusters : array_like of shape (n_profiles,)
        How many clusters have that profile.
    level : float
        Coverage aimed at.
    shocks : tuple of array_like, optional
        Events and exposure cut the other way, as by month, where something that strikes many
        clusters at once would show.

    Returns
    -------
    Interval
        Events per unit of exposure; ``n`` is the number of events, ``design_effect`` the
        over-dispersion against a Poisson count.

    Raises
    ------
    NotEstimable
        No exposure, or one cluster only.
    ParameterError
        Arrays that do not fit each other.

    Notes
    -----
    The gamma limits of Garwood (1936) on events over the dispersion: the variance of the ratio,
    linearised with clusters as units (`cluster_variance`), over the Poisson variance, times the
    squared ratio of t to normal quantile. With ``shocks`` both dispersions add and the Poisson
    part counts once (Cameron, Gelbach and Miller 2011). The dispersion is never below 1.

    Examples
    --------
    >>> found = clustered_count_rate([0, 1, 2], [10, 10, 10], [180, 15, 5])
    >>> round(1000 * found.estimate, 1), round(found.design_effect, 2)
    (12.5, 1.28)
    """
    names = {"n_events": n_events, "exposure": exposure, "n_clusters": n_clusters}
    events, over, times = aligned(names)
    total, mass = float(times @ events), float(times @ over)
    refuse_empty(mass, "units of exposure")
    rate = total / mass
    # A cluster without exposure, a customer who writes but never paid, still brings its events.
    used = over + np.where(over > 0, 0.0, 1e-12)
    found = cluster_variance(events - rate * over, used, rate / mass, times)
    if shocks is not None and rate > 0:
        found = _with_shocks(found, rate, shocks)
    widening = (t_quantile(level, found.df) / normal_quantile(level)) ** 2
    size = max(1.0, found.design_effect * widening) if rate > 0 else 1.0
    low, high = _gamma_limits(total / size, level)
    return Interval(
        rate,
        low * size / mass,
        high * size / mass,
        level,
        round(total),
        found.n_clusters,
        "count over dispersion of clusters, gamma limits",
        max(1.0, found.design_effect),
        found.df,
    )


def _with_shocks(
    found: ClusterVariance, rate: float, shocks: tuple[ArrayLike, ArrayLike]
) -> ClusterVariance:
    events, over = aligned({"shock events": shocks[0], "shock exposure": shocks[1]})
    events, over = events[over > 0], over[over > 0]
    if over.size < 2:
        return found
    mass = float(over.sum())
    other = cluster_variance(events - rate * over, over, rate / mass)
    both = found.design_effect + max(0.0, other.design_effect - 1.0)
    # The fewer degrees of freedom count only where that cut adds something.
    df = min(found.df, other.df) if other.design_effect > found.design_effect else found.df
    return replace(found, design_effect=both, df=df)


def _gamma_limits(count: float, level: float) -> tuple[float, float]:
    tail = (1.0 - level) / 2.0
    low = float(gammaincinv(count, tail)) if count > 0 else 0.0
    return low, float(gammaincinv(count + 1.0, 1.0 - tail))


def _present(
    part: FloatArray, whole: FloatArray, times: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    kept = (whole > 0) & (times > 0)
    return part[kept], whole[kept], times[kept]
