"""Two states of the same customers compared: each customer with itself alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import NotEstimable
from supportlab.stats.interval import Contrast, FloatArray, aligned, student_contrast
from supportlab.stats.score_contrasts import MINIMUM_CLUSTERS, aligned_counts
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["paired_difference", "paired_ratio"]


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
    y1, n1, y0, n0, times = _in_both(y_first, n_first, y_second, n_second, n_clusters)
    m = int(times.sum())
    if m < MINIMUM_CLUSTERS:
        raise NotEstimable(
            f"{m} customers were in both states; at least {MINIMUM_CLUSTERS} are needed."
        )
    weights, gaps = n1 * n0 / (n1 + n0), y1 / n1 - y0 / n0
    total = float(times @ weights)
    estimate = float(times @ (weights * gaps)) / total
    squares = float(times @ (weights * (gaps - estimate)) ** 2) * m / (m - 1.0)
    error = float(np.sqrt(squares)) / total
    if not error > 0:
        raise NotEstimable("All customers differ alike between the states: no spread to go by.")
    sizes = round(float(times @ (n1 + n0))), m
    method = "difference within customers"
    return student_contrast(estimate, error, float(m - 1), sizes, method, level)


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
        Too few clusters in both states, a state without an event, or no spread at all.

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
    y1, n1, y0, n0, times = _in_both(y_first, n_first, y_second, n_second, n_clusters)
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
    error = float(np.sqrt(squares)) / top
    if not error > 0:
        raise NotEstimable("All customers differ alike between the states: no spread to go by.")
    centre, sizes = float(np.log(ratio)), (round(float(times @ (n1 + n0))), m)
    method = "Mantel-Haenszel risk ratio within customers"
    return student_contrast(centre, error, float(telling - 1), sizes, method, level, is_ratio=True)


def _in_both(
    y_first: ArrayLike,
    n_first: ArrayLike,
    y_second: ArrayLike,
    n_second: ArrayLike,
    n_clusters: ArrayLike,
) -> tuple[FloatArray, ...]:
    """Return the profiles of clusters that were in both states, and how many have each."""
    counts = aligned_counts(y_first, n_first, y_second, n_second)
    (times,) = aligned({"n_clusters": n_clusters})
    both = (counts[1] > 0) & (counts[3] > 0) & (times > 0)
    return tuple(values[both] for values in (*counts, times))
