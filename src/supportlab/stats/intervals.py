"""Intervals of shares, means and net promoter scores, from sums per cluster."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.clusters import ClusterVariance, cluster_variance
from supportlab.stats.interval import (
    Interval,
    aligned,
    counts,
    normal_quantile,
    refuse_empty,
    t_quantile,
    widening_of,
)
from supportlab.stats.trinomial import score_limits
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["clustered_mean", "clustered_nps", "clustered_proportion", "wilson_interval"]


def wilson_interval(successes: float, n: float, level: float = INTERVAL_LEVEL) -> Interval:
    """
    Compute the Wilson interval of a share of independent rows.

    Not for tickets of a few agents or teams: rows of one cluster are alike, and this interval is
    then too narrow; use `clustered_proportion`.

    Parameters
    ----------
    successes, n : float
        Rows with the property, and all rows.
    level : float
        Coverage aimed at.

    Returns
    -------
    Interval
        Share with its limits, between 0 and 1.

    Raises
    ------
    NotEstimable
        ``n`` is 0.
    ParameterError
        ``successes`` is above ``n``, or one of them is negative or missing.

    Notes
    -----
    Wilson (1927): the shares that a score test at this level does not reject. Independence is
    assumed.

    Examples
    --------
    >>> found = wilson_interval(81, 263)
    >>> round(found.low, 4), round(found.high, 4)
    (0.2553, 0.3662)
    """
    (part,), whole = counts({"successes": successes}, n)
    total = float(whole.sum())
    refuse_empty(total)
    share = float(part.sum()) / total
    low, high = wilson_limits(share, total, normal_quantile(level))
    return Interval(share, low, high, level, round(total), None, "Wilson")


def clustered_proportion(
    successes_by_cluster: ArrayLike, n_by_cluster: ArrayLike, level: float = INTERVAL_LEVEL
) -> Interval:
    """
    Compute the interval of a share whose rows come in clusters, as tickets of agents.

    Not where the clusters are the whole population of interest (then there is no sampling of
    clusters to account for), and not for a single cluster.

    Parameters
    ----------
    successes_by_cluster, n_by_cluster : array_like of shape (n_clusters,)
        Rows with the property and all rows per cluster; clusters without rows are left out.
    level : float
        Coverage aimed at.

    Returns
    -------
    Interval
        Share of all rows with its limits, between 0 and 1.

    Raises
    ------
    NotEstimable
        There are no rows, or there is one cluster only.
    ParameterError
        The arrays do not fit each other.

    Notes
    -----
    Wilson's limits (1927) at an effective sample size: ``n`` over the design effect of the
    linearised cluster variance (see `cluster_variance`), times the squared ratio of the t
    quantiles of ``n - 1`` and of the cluster degrees of freedom (Korn and Graubard 1998), and
    never above ``n``. For clusters of one row it is the plain Wilson interval. At a share of 0 or
    1 the design effect cannot be seen and is taken as 1, which ``method`` says. Assumes
    independent clusters.

    Examples
    --------
    >>> found = clustered_proportion([40, 10, 30, 25], [50, 40, 45, 30])
    >>> round(found.estimate, 3), round(found.low, 2), round(found.high, 2), found.n_clusters
    (0.636, 0.25, 0.9, 4)
    """
    (part,), whole = counts({"successes_by_cluster": successes_by_cluster}, n_by_cluster)
    refuse_empty(whole.sum())
    total = float(whole.sum())
    share = float(part.sum()) / total
    independent = share * (1.0 - share) / max(total - 1.0, 1.0)
    found = cluster_variance(part - share * whole, whole, independent)
    size, quantile = effective_size(total, found, level), normal_quantile(level)
    low, high = wilson_limits(share, size, quantile)
    method = "Wilson on the effective sample size, clustered"
    if share in (0.0, 1.0):
        method += "; design effect not visible at this share, taken as 1"
    return _interval(share, low, high, level, total, found, method)


def clustered_mean(
    totals_by_cluster: ArrayLike,
    n_by_cluster: ArrayLike,
    total_squared: float | None = None,
    level: float = INTERVAL_LEVEL,
) -> Interval:
    """
    Compute the interval of a mean whose rows come in clusters.

    Not for durations with open cases (see `kaplan_meier`), nor for a heavy-tailed amount from few
    rows, where a mean says little.

    Parameters
    ----------
    totals_by_cluster, n_by_cluster : array_like of shape (n_clusters,)
        Sum of the values and number of rows per cluster; clusters without rows are left out.
    total_squared : float, optional
        Sum of the squared values over all rows; gives the design effect, and keeps the interval
        from being narrower than that of independent rows.
    level : float
        Coverage aimed at.

    Returns
    -------
    Interval
        Mean of all rows with its limits, in the unit of the values.

    Raises
    ------
    NotEstimable
        No rows, one cluster only, or all values alike so that there is no spread to go by.
    ParameterError
        The arrays do not fit each other, or ``total_squared`` is impossible.

    Notes
    -----
    Linearised ratio variance with the CR2 correction and Satterthwaite degrees of freedom, see
    `cluster_variance`. With clusters of one row it is Student's interval of a mean.

    Examples
    --------
    >>> found = clustered_mean([42.0, 30.0, 51.0], [10, 9, 12], total_squared=560.0)
    >>> round(found.estimate, 2), round(found.low, 2), round(found.high, 2)
    (3.97, 2.77, 5.17)
    """
    totals, whole = aligned(
        {"totals_by_cluster": totals_by_cluster, "n_by_cluster": n_by_cluster}, min_zero=False
    )
    if np.any(whole < 0):
        raise ParameterError("n_by_cluster has values below 0; give a number of rows.")
    totals, whole = totals[whole > 0], whole[whole > 0]
    refuse_empty(whole.sum())
    total = float(whole.sum())
    mean = float(totals.sum()) / total
    independent = _independent_variance(mean, total, total_squared)
    found = cluster_variance(totals - mean * whole, whole, independent)
    if not max(found.variance, independent) > 0:
        raise NotEstimable(f"All {round(total)} values are {mean:g}: there is no spread to go by.")
    half = t_quantile(level, found.df) * float(np.sqrt(found.variance))
    # Never narrower than for independent rows: less is noise of few clusters.
    half = max(half, t_quantile(level, max(total - 1.0, 1.0)) * float(np.sqrt(independent)))
    method = "mean, clustered t"
    known = total_squared is not None
    return _interval(mean, mean - half, mean + half, level, total, found, method, known=known)


def clustered_nps(
    promoters_by_cluster: ArrayLike,
    detractors_by_cluster: ArrayLike,
    n_by_cluster: ArrayLike,
    level: float = INTERVAL_LEVEL,
    *,
    wald: bool = False,
) -> Interval:
    """
    Compute the interval of a net promoter score whose answers come in clusters.

    Not from rounded shares, and not from a form with another scale than whole numbers 0 to 10.

    Parameters
    ----------
    promoters_by_cluster, detractors_by_cluster, n_by_cluster : array_like of shape (n_clusters,)
        Answers of 9 or 10, answers of 0 to 6, and all answers per cluster.
    level : float
        Coverage aimed at.
    wald : bool
        The classical trinomial interval, estimate plus and minus a multiple of its standard error,
        for reconciling with other tools; it is too narrow for few answers.

    Returns
    -------
    Interval
        Score with its limits, from -100 to 100.

    Raises
    ------
    NotEstimable
        There are no answers, or one cluster only; with ``wald``, all answers in one group.
    ParameterError
        The arrays do not fit each other, or promoters and detractors exceed the answers.

    Notes
    -----
    The score interval of a difference of two shares of one trinomial (Tango 1998, equations 5-7;
    found best for this purpose by Rocks 2016), at an effective number of answers as in
    `clustered_proportion`. The classical variance is
    ``(promoter share + detractor share - (difference)**2) / n``; with ``wald`` and clusters of
    one answer the interval is that of the classical formula.

    Examples
    --------
    >>> found = clustered_nps([12, 20, 9], [8, 5, 10], [30, 40, 25])
    >>> round(found.estimate, 1), round(found.low), round(found.high)
    (18.9, -37, 64)
    """
    names = {
        "promoters_by_cluster": promoters_by_cluster,
        "detractors_by_cluster": detractors_by_cluster,
    }
    (plus, minus), whole = counts(names, n_by_cluster)
    if np.any(plus + minus > whole):
        raise ParameterError("Promoters and detractors together exceed the answers of a cluster.")
    total = float(whole.sum())
    refuse_empty(total, "answers")
    up, down = float(plus.sum()) / total, float(minus.sum()) / total
    score, spread = up - down, up + down - (up - down) ** 2
    independent = spread / max(total - 1.0, 1.0)
    found = cluster_variance(plus - minus - score * whole, whole, independent)
    size, quantile = effective_size(total, found, level), normal_quantile(level)
    if wald:
        if not spread > 0:
            raise NotEstimable(f"All {round(total)} answers are in one group: no spread to go by.")
        half = quantile * float(np.sqrt(spread / size))
        low, high, method = score - half, score + half, "trinomial Wald, clustered"
    else:
        low, high = score_limits(up, down, size, quantile)
        method = "trinomial score on the effective sample size, clustered"
    return _interval(100 * score, 100 * low, 100 * high, level, total, found, method)


def wilson_limits(share: float, n: float, quantile: float) -> tuple[float, float]:
    """Return Wilson's limits at any, also fractional, number of rows."""
    square = quantile**2
    middle = (share + square / (2.0 * n)) / (1.0 + square / n)
    half = quantile * np.sqrt(share * (1.0 - share) / n + square / (4.0 * n**2))
    half = float(half) / (1.0 + square / n)
    # The score limits pass exactly through the share at its ends; rounding must not move them.
    low = 0.0 if share == 0.0 else max(0.0, middle - half)
    high = 1.0 if share == 1.0 else min(1.0, middle + half)
    return low, high


def effective_size(total: float, found: ClusterVariance, level: float) -> float:
    """Return the number of independent rows that carry as much, for a normal quantile."""
    widening = widening_of(level, found.df, total)
    # Never more than the rows there are: a design effect below 1 is noise of few clusters.
    return total / max(1.0, found.design_effect * widening**2)


def _independent_variance(mean: float, total: float, total_squared: float | None) -> float:
    if total_squared is None:
        return 0.0
    spread = float(total_squared) - total * mean**2
    # Rounding of sums leaves a relative error of some units of machine precision.
    if spread < -1e-9 * max(abs(float(total_squared)), 1.0):
        raise ParameterError(
            f"total_squared is {float(total_squared)!r}, below the {total * mean**2!r} that the "
            "mean alone needs; give the sum of squared values over the same rows."
        )
    return max(spread, 0.0) / max(total - 1.0, 1.0) / total


def _interval(
    estimate: float,
    low: float,
    high: float,
    level: float,
    total: float,
    found: ClusterVariance,
    method: str,
    *,
    known: bool = True,
) -> Interval:
    effect = max(1.0, found.design_effect) if known else None
    n = round(total)
    return Interval(estimate, low, high, level, n, found.n_clusters, method, effect, found.df)
