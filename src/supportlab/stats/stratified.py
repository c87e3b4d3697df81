"""Differences and ratios of shares within strata, with scores for a variance by clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import NotEstimable
from supportlab.stats.interval import Contrast, FloatArray, student_contrast
from supportlab.stats.score_contrasts import MINIMUM_CLUSTERS, aligned_counts
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["StratifiedContrast", "stratified_difference", "stratified_ratio"]


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
        method = "difference within strata, clustered"
        if self.is_ratio:
            method = "Mantel-Haenszel risk ratio, clustered"
        return student_contrast(
            self.estimate,
            error,
            float(n_clusters - 1),
            (self.n_first + self.n_second, n_clusters),
            method,
            level,
            is_ratio=self.is_ratio,
        )


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
    y1, n1, y0, n0 = aligned_counts(y_first, n_first, y_second, n_second)
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
    y1, n1, y0, n0 = aligned_counts(y_first, n_first, y_second, n_second)
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


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)


def _sizes(first: FloatArray, second: FloatArray, both: np.ndarray) -> tuple[int, int, int]:
    inside = round(float(first[both].sum())), round(float(second[both].sum()))
    return *inside, round(float((first + second).sum())) - sum(inside)


def _refuse_apart(both: np.ndarray) -> None:
    if not both.any():
        raise NotEstimable("No stratum has rows of both groups, so nothing can be compared.")
