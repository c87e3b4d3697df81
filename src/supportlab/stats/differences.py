"""Differences between two groups, from the intervals of each or from shared clusters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from supportlab.errors import ParameterError
from supportlab.stats.interval import Contrast, FloatArray, Interval, aligned, counts, refuse_empty
from supportlab.stats.intervals import clustered_mean, clustered_proportion
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["difference_of_means", "difference_of_proportions"]

_Fit = Callable[[float], tuple[Interval, Interval]]


def difference_of_proportions(
    successes_1: ArrayLike,
    n_1: ArrayLike,
    successes_2: ArrayLike,
    n_2: ArrayLike,
    level: float = INTERVAL_LEVEL,
    *,
    clusters: Literal["separate", "shared"] = "separate",
) -> Contrast:
    """
    Compute the first share minus the second, with interval and p value.

    Not a causal effect: groups may differ in much else.

    Parameters
    ----------
    successes_1, n_1, successes_2, n_2 : array_like of shape (n_clusters,)
        Rows with the property and all rows per cluster, in each group.
    level : float
        Coverage aimed at.
    clusters : {"separate", "shared"}
        ``shared`` where position i is the same cluster in both groups (an agent with tickets in
        both, 0 rows where there are none): what a cluster has in common then cancels out.

    Returns
    -------
    Contrast
        Difference of shares, between -1 and 1.

    Raises
    ------
    NotEstimable
        A group has no rows or one cluster only.
    ParameterError
        The arrays do not fit each other.

    Notes
    -----
    Hybrid of the two groups' own intervals (Newcombe 1998, method 10; with a correlation for
    shared clusters Zou and Donner 2008), here on the cluster-robust Wilson limits of
    `clustered_proportion`. The p value is the level at which the interval just touches zero.

    Examples
    --------
    >>> found = difference_of_proportions([30, 26], [35, 35], [20, 28], [40, 40])
    >>> round(found.estimate, 2)
    0.2
    """
    (part_1,), whole_1 = _whole({"successes_1": successes_1}, n_1)
    (part_2,), whole_2 = _whole({"successes_2": successes_2}, n_2)

    def fit(at: float) -> tuple[Interval, Interval]:
        first = clustered_proportion(part_1, whole_1, at)
        return first, clustered_proportion(part_2, whole_2, at)

    correlation = _correlation((part_1, whole_1), (part_2, whole_2), clusters)
    return _contrast(fit, correlation, level, "difference, Newcombe hybrid, clustered")


def difference_of_means(
    totals_1: ArrayLike,
    n_1: ArrayLike,
    totals_2: ArrayLike,
    n_2: ArrayLike,
    total_squared: tuple[float, float] | None = None,
    level: float = INTERVAL_LEVEL,
    *,
    clusters: Literal["separate", "shared"] = "separate",
) -> Contrast:
    """
    Compute the first mean minus the second, with interval and p value.

    Not a causal effect: groups may differ in much else.

    Parameters
    ----------
    totals_1, n_1, totals_2, n_2 : array_like of shape (n_clusters,)
        Sum of the values and number of rows per cluster, in each group.
    total_squared : tuple of float, optional
        Sum of squared values in each group.
    level : float
        Coverage aimed at.
    clusters : {"separate", "shared"}
        As in `difference_of_proportions`.

    Returns
    -------
    Contrast
        Difference of means, in the unit of the values.

    Raises
    ------
    NotEstimable
        A group has no rows, one cluster only, or no spread.
    ParameterError
        The arrays do not fit each other.

    Notes
    -----
    The two intervals of `clustered_mean` combined as variances are (Zou and Donner 2008), which
    for unequal variances is Welch's construction with each group's own t quantile; slightly wide
    where both groups have few clusters.

    Examples
    --------
    >>> found = difference_of_means([40.0, 44.0], [10, 10], [30.0, 31.0], [10, 10])
    >>> round(found.estimate, 2), round(found.p_value, 2)
    (1.15, 0.11)
    """
    names_1, names_2 = {"totals_1": totals_1, "n_1": n_1}, {"totals_2": totals_2, "n_2": n_2}
    sum_1, whole_1 = aligned(names_1, min_zero=False)
    sum_2, whole_2 = aligned(names_2, min_zero=False)
    squared = total_squared or (None, None)

    def fit(at: float) -> tuple[Interval, Interval]:
        first = clustered_mean(sum_1, whole_1, squared[0], at)
        return first, clustered_mean(sum_2, whole_2, squared[1], at)

    correlation = _correlation((sum_1, whole_1), (sum_2, whole_2), clusters)
    return _contrast(fit, correlation, level, "difference of means, clustered t")


def _whole(part: dict[str, ArrayLike], n: ArrayLike) -> tuple[list[FloatArray], FloatArray]:
    counts(part, n)
    *parts, whole = aligned({**part, "n": n})
    return parts, whole


def _correlation(
    first: tuple[FloatArray, FloatArray], second: tuple[FloatArray, FloatArray], clusters: str
) -> float:
    if clusters == "separate":
        return 0.0
    if clusters != "shared":
        raise ParameterError(f"clusters came as {clusters!r}; allowed: 'separate', 'shared'.")
    if first[1].size != second[1].size:
        raise ParameterError(
            f"Shared clusters need one row each in both groups: {first[1].size} and "
            f"{second[1].size} came; give 0 rows where a group has none."
        )
    residuals = [_residuals(*first), _residuals(*second)]
    scale = float(np.sqrt((residuals[0] @ residuals[0]) * (residuals[1] @ residuals[1])))
    return float(residuals[0] @ residuals[1]) / scale if scale > 0 else 0.0


def _residuals(totals: FloatArray, whole: FloatArray) -> FloatArray:
    refuse_empty(whole.sum())
    mean = float(totals.sum()) / float(whole.sum())
    return np.asarray(totals - mean * whole)


def _contrast(fit: _Fit, correlation: float, level: float, method: str) -> Contrast:
    first, second = fit(level)
    low, high = _hybrid(first, second, correlation)
    clusters = (first.n_clusters or 0) + (second.n_clusters or 0)
    return Contrast(
        first.estimate - second.estimate,
        low,
        high,
        level,
        first.n + second.n,
        clusters,
        method,
        p_value=_p_value(fit, correlation),
    )


def _hybrid(first: Interval, second: Interval, correlation: float) -> tuple[float, float]:
    difference = first.estimate - second.estimate
    low = _side(_below(first), _above(second), correlation)
    high = _side(_above(first), _below(second), correlation)
    return difference - low, difference + high


def _below(found: Interval) -> float:
    return found.estimate - (found.low if found.low is not None else found.estimate)


def _above(found: Interval) -> float:
    return (found.high if found.high is not None else found.estimate) - found.estimate


def _side(one: float, other: float, correlation: float) -> float:
    return float(np.sqrt(max(one**2 + other**2 - 2.0 * correlation * one * other, 0.0)))


def _p_value(fit: _Fit, correlation: float) -> float:
    # Distances are searched as normal quantiles: beyond 8 (p under 1e-15) a level cannot be told
    # from 1, and forty halvings of 8 leave nothing to see.
    low, high = 0.0, 8.0
    for _ in range(40):
        middle = (low + high) / 2.0
        limits = _hybrid(*fit(1.0 - 2.0 * float(ndtr(-middle))), correlation)
        outside = limits[0] > 0.0 or limits[1] < 0.0
        low, high = (middle, high) if outside else (low, middle)
    return min(1.0, 2.0 * float(ndtr(-low)))
