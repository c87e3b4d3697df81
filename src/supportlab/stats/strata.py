"""Difference of two groups' means within strata, from counts, totals and totals of squares."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import NotEstimable
from supportlab.stats.interval import Contrast, FloatArray, aligned, student_contrast
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["difference_of_means_in_strata"]

# A group with fewer rows in a stratum has no variance to speak of there.
FEWEST_ROWS = 2


def difference_of_means_in_strata(
    n_1: ArrayLike,
    total_1: ArrayLike,
    squared_1: ArrayLike,
    n_2: ArrayLike,
    total_2: ArrayLike,
    squared_2: ArrayLike,
    level: float = INTERVAL_LEVEL,
) -> tuple[Contrast, float]:
    """
    Compute the first group's mean less the second's, averaged over strata.

    Not for rows that depend on each other: there must be one row per customer.

    Parameters
    ----------
    n_1 : array_like of shape (n_strata,)
        Rows of the first group.
    total_1, squared_1 : array_like of shape (n_strata,)
        Sums of their values and of their squared values.
    n_2, total_2, squared_2 : array_like of shape (n_strata,)
        The same of the second group.
    level : float
        Coverage aimed at.

    Returns
    -------
    tuple of (Contrast, float)
        Difference in the unit of the values, and the share of rows that lie in strata with at
        least two rows of both groups, which alone are used.

    Raises
    ------
    NotEstimable
        No stratum has two rows of both groups, or no value differs.
    ParameterError
        The arrays do not fit each other.

    Notes
    -----
    Strata weigh by their rows (direct standardisation); variances add up as in Welch (1947), with
    Satterthwaite's degrees of freedom over all strata and groups. One stratum is Welch's t.

    Examples
    --------
    >>> sums = [3], [9.0], [29.0], [3], [6.0], [14.0]
    >>> found, kept = difference_of_means_in_strata(*sums)
    >>> round(found.estimate, 2), round(found.p_value, 3), kept
    (1.0, 0.288, 1.0)
    """
    first_n, second_n = aligned({"n_1": n_1, "n_2": n_2})
    sums = aligned(
        {"n_1": n_1, "total_1": total_1, "squared_1": squared_1, "total_2": total_2,
         "squared_2": squared_2},
        min_zero=False,
    )  # fmt: skip
    _, total_a, square_a, total_b, square_b = sums
    rows = first_n + second_n
    kept = (first_n >= FEWEST_ROWS) & (second_n >= FEWEST_ROWS)
    if not kept.any():
        raise NotEstimable("No stratum has two rows of both groups.")
    weight = rows[kept] / rows[kept].sum()
    mean_a, variance_a = _moments(first_n[kept], total_a[kept], square_a[kept])
    mean_b, variance_b = _moments(second_n[kept], total_b[kept], square_b[kept])
    estimate = float(weight @ (mean_a - mean_b))
    parts = np.concatenate([weight**2 * variance_a, weight**2 * variance_b])
    degrees = np.concatenate([first_n[kept] - 1.0, second_n[kept] - 1.0])
    variance = float(parts.sum())
    if not variance > 0:
        raise NotEstimable("No value differs from another within its group and stratum.")
    df = variance**2 / float(np.sum(parts**2 / degrees))
    n, method = round(float(rows[kept].sum())), "difference of means within strata, Welch"
    found = student_contrast(estimate, float(np.sqrt(variance)), df, (n, n), method, level)
    return found, float(rows[kept].sum() / rows.sum())


def _moments(
    n: FloatArray, total: FloatArray, squared: FloatArray
) -> tuple[FloatArray, FloatArray]:
    mean = total / n
    # Rounding of large totals must not make a variance negative.
    spread = np.maximum(squared - total * mean, 0.0) / (n - 1.0)
    return mean, spread / n
