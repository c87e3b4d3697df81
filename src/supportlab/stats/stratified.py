"""Differences and ratios of shares within strata, with scores for a variance by clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from supportlab.errors import NotEstimable
from supportlab.stats.interval import Contrast, FloatArray, aligned, t_quantile
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = [
    "MINIMUM_CLUSTERS",
    "StratifiedContrast",
    "paired_difference",
    "paired_ratio",
    "stratified_difference",
    "stratified_ratio",
]

# With fewer independent clusters a sandwich variance is too noisy to build a verdict on.
MINIMUM_CLUSTERS = 8
# A p value is never 0: below this the tail of the t distribution is lost in double precision.
SMALLEST_P = 1e-300


@dataclass(frozen=True)
class StratifiedContrast:
    """
    A contrast within strata, and what each row adds to its error.

    Parameters
    ----------
    estimate : float
        Difference, or for `stratified_ratio` the natural logarithm of the ratio.
    first_a, first_b, second_a, second_b : numpy.ndarray of shape (n_strata,)
        A row with outcome ``y`` (0 or 1) of the first or second group scores ``a + b * y``.
    weight : float
        What the sum of scores is divided by.
    n_first, n_second : int
        Rows in strata where both groups are.
    n_left_out : int
        Rows in strata with one group only, which say nothing.
    share_first, share_second : float
        Shares of both groups, weighted alike over the strata.
    is_ratio : bool
        Whether the estimate is a logarithm of a ratio.
    """

    estimate: float
    first_a: FloatArray
    first_b: FloatArray
    second_a: FloatArray
    second_b: FloatArray
    weight: float
    n_first: int
    n_second: int
    n_left_out: int
    share_first: float
    share_second: float
    is_ratio: bool

    def contrast(
        self, sum_of_squares: float, n_clusters: int, level: float = INTERVAL_LEVEL
    ) -> Contrast:
        """
        Return the contrast with its interval, from the squared scores of the clusters.

        Parameters
        ----------
        sum_of_squares : float
            Sum over clusters of the squared sum of their rows' scores.
        n_clusters : int
            Clusters with a row in the strata that count.
        level : float
            Coverage aimed at.

        Returns
        -------
        Contrast
            Difference, or ratio with ``p_value`` against 1.

        Raises
        ------
        NotEstimable
            Fewer than eight clusters, or no spread at all.
        """
        if n_clusters < MINIMUM_CLUSTERS:
            raise NotEstimable(
                f"{n_clusters} customers are in strata with both groups; "
                f"at least {MINIMUM_CLUSTERS} are needed for an interval."
            )
        error = float(np.sqrt(sum_of_squares * n_clusters / (n_clusters - 1.0))) / self.weight
        if not error > 0:
            raise NotEstimable("All rows of both groups have the same outcome: no spread to go by.")
        df = float(n_clusters - 1)
        half = t_quantile(level, df) * error
        low, high = self.estimate - half, self.estimate + half
        p_value = _p_value(self.estimate / error, df)
        middle, n = self.estimate, self.n_first + self.n_second
        method = "difference within strata, clustered"
        if self.is_ratio:
            middle, low, high = (float(np.exp(value)) for value in (middle, low, high))
            method = "Mantel-Haenszel risk ratio, clustered"
        return Contrast(middle, low, high, level, n, n_clusters, method, None, df, p_value=p_value)


def stratified_difference(
    y_first: ArrayLike, n_first: ArrayLike, y_second: ArrayLike, n_second: ArrayLike
) -> StratifiedContrast:
    """
    Compute the first group's share minus the second's, at equal stratum.

    Not an effect: rows of a stratum may still differ in what no column holds.

    Parameters
    ----------
    y_first, n_first, y_second, n_second : array_like of shape (n_strata,)
        Rows with the outcome and all rows of both groups in each stratum.

    Returns
    -------
    StratifiedContrast
        Difference with the scores of its rows.

    Raises
    ------
    NotEstimable
        No stratum has rows of both groups.
    ParameterError
        Arrays that do not fit each other.

    Notes
    -----
    The differences of the strata weighted by ``n1 * n0 / (n1 + n0)``, the overlap weights (Mantel
    and Haenszel 1959; Li, Morgan and Zaslavsky 2018), are the least-squares coefficient with a
    constant for each stratum. Scores are its own, with residuals widened by ``sqrt(n / (n - 1))``
    for that constant, so that a stratum of two rows is not taken for one without error.

    Examples
    --------
    >>> found = stratified_difference([30, 8], [100, 20], [10, 30], [50, 100])
    >>> round(found.estimate, 3)
    0.1
    """
    y1, n1, y0, n0 = _aligned(y_first, n_first, y_second, n_second)
    both, n = (n1 > 0) & (n0 > 0), n1 + n0
    _refuse_apart(both)
    size = np.where(both, n, 2.0)
    treated, middle = n1 / size, (y1 + y0) / size
    weights = np.where(both, n1 * n0 / size, 0.0)
    gaps = _share(y1, n1) - _share(y0, n0)
    total = float(weights.sum())
    estimate = float(weights @ gaps) / total
    widen = np.where(both, np.sqrt(size / (size - 1.0)), 0.0)
    first, second = 1.0 - treated, -treated
    return StratifiedContrast(
        estimate,
        -widen * first * (middle + estimate * first),
        widen * first,
        -widen * second * (middle + estimate * second),
        widen * second,
        total,
        *_sizes(n1, n0, both),
        float(weights @ _share(y1, n1)) / total,
        float(weights @ _share(y0, n0)) / total,
        is_ratio=False,
    )


def stratified_ratio(
    y_first: ArrayLike, n_first: ArrayLike, y_second: ArrayLike, n_second: ArrayLike
) -> StratifiedContrast:
    """
    Compute the first group's share over the second's, at equal stratum.

    Not an effect, and not for a share near 1, whose ratio says little.

    Parameters
    ----------
    y_first, n_first, y_second, n_second : array_like of shape (n_strata,)
        Rows with the outcome and all rows of both groups in each stratum.

    Returns
    -------
    StratifiedContrast
        Logarithm of the ratio with the scores of its rows.

    Raises
    ------
    NotEstimable
        No stratum has rows of both groups, or one group never has the outcome there.
    ParameterError
        Arrays that do not fit each other.

    Notes
    -----
    Mantel and Haenszel's ratio of risks (Nurminen 1981); scores are those of its estimating
    equation (Greenland and Robins 1985), centred within the stratum at the common ratio.

    Examples
    --------
    >>> found = stratified_ratio([30, 8], [100, 20], [10, 30], [50, 100])
    >>> import math
    >>> round(math.exp(found.estimate), 3)
    1.429
    """
    y1, n1, y0, n0 = _aligned(y_first, n_first, y_second, n_second)
    both, n = (n1 > 0) & (n0 > 0), n1 + n0
    _refuse_apart(both)
    size = np.where(both, n, 1.0)
    first, second = np.where(both, n0 / size, 0.0), np.where(both, n1 / size, 0.0)
    above, below = float(first @ y1), float(second @ y0)
    if not (above > 0 and below > 0):
        raise NotEstimable("One of the groups never has the outcome, so there is no ratio.")
    ratio = above / below
    # The stratum's risk at the common ratio: all its events over its rows, the first weighted.
    base = (y1 + y0) / np.where(both, ratio * n1 + n0, 1.0)
    return StratifiedContrast(
        float(np.log(ratio)),
        -first * ratio * base,
        first,
        ratio * second * base,
        -ratio * second,
        above,
        *_sizes(n1, n0, both),
        above / float(np.sum(first * n1)),
        below / float(np.sum(second * n0)),
        is_ratio=True,
    )


def paired_ratio(
    y_first: ArrayLike,
    n_first: ArrayLike,
    y_second: ArrayLike,
    n_second: ArrayLike,
    n_clusters: ArrayLike,
    level: float = INTERVAL_LEVEL,
) -> Contrast:
    """
    Compute the ratio of two risks of the same clusters, each compared with itself alone.

    Not where few clusters were in both states: only those speak.

    Parameters
    ----------
    y_first, n_first, y_second, n_second : array_like of shape (n_profiles,)
        Events and rows of one cluster in both states.
    n_clusters : array_like of shape (n_profiles,)
        How many clusters have that profile.
    level : float
        Coverage aimed at.

    Returns
    -------
    Contrast
        Ratio; ``p_value`` is against 1, ``n_clusters`` those that were in both states.

    Raises
    ------
    NotEstimable
        Too few clusters in both states, or a state without an event.

    Notes
    -----
    Mantel and Haenszel's ratio with every cluster a stratum: whatever stays the same in a customer
    cancels out. The variance is that of independent clusters' terms ``R - ratio * S``.

    Examples
    --------
    >>> found = paired_ratio([1, 0, 1], [2, 2, 3], [0, 1, 1], [10, 10, 9], [30, 20, 15])
    >>> round(found.estimate, 2), found.n_clusters
    (5.12, 65)
    """
    y1, n1, y0, n0 = _aligned(y_first, n_first, y_second, n_second)
    (times,) = aligned({"n_clusters": n_clusters})
    both = (n1 > 0) & (n0 > 0) & (times > 0)
    y1, n1, y0, n0, times = (values[both] for values in (y1, n1, y0, n0, times))
    above, below = y1 * n0 / (n1 + n0), y0 * n1 / (n1 + n0)
    top, bottom = float(times @ above), float(times @ below)
    if not (top > 0 and bottom > 0):
        raise NotEstimable("One of the two states is never followed by the outcome.")
    ratio, m = top / bottom, int(times.sum())
    telling = int(times[(y1 + y0) > 0].sum())
    if telling < MINIMUM_CLUSTERS:
        raise NotEstimable(
            f"{telling} customers were in both states and had the outcome; at least "
            f"{MINIMUM_CLUSTERS} are needed."
        )
    squares = float(times @ (above - ratio * below) ** 2) * telling / (telling - 1.0)
    error, df = float(np.sqrt(squares)) / top, float(telling - 1)
    centre, half = float(np.log(ratio)), t_quantile(level, df) * error
    p_value = _p_value(centre / error, df)
    low, high = float(np.exp(centre - half)), float(np.exp(centre + half))
    n = round(float(times @ (n1 + n0)))
    method = "Mantel-Haenszel risk ratio within customers"
    return Contrast(ratio, low, high, level, n, m, method, None, df, p_value=p_value)


def _aligned(
    y_first: ArrayLike, n_first: ArrayLike, y_second: ArrayLike, n_second: ArrayLike
) -> list[FloatArray]:
    return aligned(
        {"y_first": y_first, "n_first": n_first, "y_second": y_second, "n_second": n_second}
    )


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)


def _sizes(first: FloatArray, second: FloatArray, both: np.ndarray) -> tuple[int, int, int]:
    inside = round(float(first[both].sum())), round(float(second[both].sum()))
    return *inside, round(float((first + second).sum())) - sum(inside)


def _refuse_apart(both: np.ndarray) -> None:
    if not both.any():
        raise NotEstimable("No stratum has rows of both groups, so nothing can be compared.")


def paired_difference(
    y_first: ArrayLike,
    n_first: ArrayLike,
    y_second: ArrayLike,
    n_second: ArrayLike,
    n_clusters: ArrayLike,
    level: float = INTERVAL_LEVEL,
) -> Contrast:
    """
    Compute the difference of two risks of the same clusters, each compared with itself alone.

    Not where few clusters were in both states: only those speak.

    Parameters
    ----------
    y_first, n_first, y_second, n_second : array_like of shape (n_profiles,)
        Events and rows of one cluster in both states.
    n_clusters : array_like of shape (n_profiles,)
        How many clusters have that profile.
    level : float
        Coverage aimed at.

    Returns
    -------
    Contrast
        Difference; ``n_clusters`` are those that were in both states.

    Raises
    ------
    NotEstimable
        Too few clusters in both states, or no spread at all.

    Notes
    -----
    `stratified_difference` with every cluster a stratum: whatever stays the same in a customer
    cancels out. The variance is that of independent clusters' terms.

    Examples
    --------
    >>> found = paired_difference([1, 0, 1], [2, 2, 3], [0, 1, 1], [10, 10, 9], [30, 20, 15])
    >>> round(found.estimate, 3), found.n_clusters
    (0.249, 65)
    """
    y1, n1, y0, n0 = _aligned(y_first, n_first, y_second, n_second)
    (times,) = aligned({"n_clusters": n_clusters})
    both = (n1 > 0) & (n0 > 0) & (times > 0)
    y1, n1, y0, n0, times = (values[both] for values in (y1, n1, y0, n0, times))
    m = int(times.sum())
    if m < MINIMUM_CLUSTERS:
        raise NotEstimable(
            f"{m} customers were in both states; at least {MINIMUM_CLUSTERS} are needed."
        )
    weights, gaps = n1 * n0 / (n1 + n0), y1 / n1 - y0 / n0
    total = float(times @ weights)
    estimate = float(times @ (weights * gaps)) / total
    squares = float(times @ (weights * (gaps - estimate)) ** 2) * m / (m - 1.0)
    error, df = float(np.sqrt(squares)) / total, float(m - 1)
    if not error > 0:
        raise NotEstimable("All customers differ alike between the states: no spread to go by.")
    half = t_quantile(level, df) * error
    p_value = _p_value(estimate / error, df)
    n = round(float(times @ (n1 + n0)))
    method = "difference within customers"
    ends = estimate - half, estimate + half
    return Contrast(estimate, *ends, level, n, m, method, None, df, p_value=p_value)


def _p_value(statistic: float, df: float) -> float:
    return min(1.0, max(SMALLEST_P, 2.0 * float(stdtr(df, -abs(statistic)))))
