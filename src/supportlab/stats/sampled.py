"""Means of a population of which some parts were drawn more thinly than others."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.clusters import cluster_variance
from supportlab.stats.interval import FloatArray, Interval, aligned, t_quantile
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["sampled_mean"]


def sampled_mean(
    value: ArrayLike,
    weight: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    level: float = INTERVAL_LEVEL,
) -> Interval:
    """
    Estimate the mean of a population from rows that stand for different numbers of its members.

    Not for weights that were estimated, as those against non-response: `weighted_share` pays for
    the estimation too.

    Parameters
    ----------
    value : array_like of shape (n,)
        One value a row; 0 and 1 for a share.
    weight : array_like of shape (n,)
        How many members of the population the row stands for, by the design of the sample.
    cluster : array_like of shape (n,), optional
        Rows that depend on each other, as those of one person; each row by itself unless given.
    stratum : array_like of shape (n,), optional
        Parts that were drawn apart; what they differ by is then no error of sampling. A part with
        one cluster is taken with the others' variance. Not together with ``cluster``.
    level : float
        Coverage aimed at.

    Returns
    -------
    Interval
        The weighted mean.

    Raises
    ------
    NotEstimable
        There is no row, or one cluster only.
    ParameterError
        Arrays that do not fit each other, a weight of 0, or both clusters and strata.

    Notes
    -----
    Ratio of weighted totals (Hajek 1971), linearised (Woodruff 1971), clusters as for a mean.

    Examples
    --------
    >>> found = sampled_mean([5, 5, 4, 1, 1, 2], [10, 10, 10, 1, 1, 1])
    >>> round(found.estimate, 2)
    4.36
    """
    values, weights = aligned({"value": value, "weight": weight}, min_zero=False)
    if np.any(weights <= 0):
        raise ParameterError("weight must be above 0 in every row.")
    if values.size == 0:
        raise NotEstimable("There is no row.")
    if cluster is not None and stratum is not None:
        raise ParameterError("Give clusters or strata, not both.")
    total = float(weights.sum())
    mean = float(weights @ values) / total
    off = weights * (values - mean)
    independent = float(off @ off) / total**2
    if stratum is not None:
        off = _within(off, np.asarray(stratum))
    codes = np.arange(off.size)
    if cluster is not None:
        codes = np.unique(np.asarray(cluster), return_inverse=True)[1]
    sums = np.bincount(codes, off).astype(np.float64)
    sizes = np.bincount(codes, weights).astype(np.float64)
    found = cluster_variance(sums, sizes, max(independent, 1e-300))
    half = t_quantile(level, found.df) * float(np.sqrt(found.variance))
    return Interval(
        mean,
        mean - half,
        mean + half,
        level,
        int(values.size),
        found.n_clusters if cluster is not None else None,
        "mean weighted by the design of the sample, linearised"
        + (", clustered" if cluster is not None else ""),
        design_effect=found.design_effect,
        df=found.df,
    )


def _within(off: FloatArray, stratum: np.ndarray) -> FloatArray:
    """Take the mean of each stratum out; what strata differ by is known, not sampled."""
    codes = np.unique(stratum, return_inverse=True)[1]
    n = np.bincount(codes)
    means = np.bincount(codes, off) / n
    factor = np.sqrt(n / np.maximum(n - 1.0, 1.0))
    return np.where(n[codes] > 1, (off - means[codes]) * factor[codes], off)
