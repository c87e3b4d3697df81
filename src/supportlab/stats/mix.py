"""A change of a rate split into a change of mix and changes within groups, exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.clusters import cluster_variance
from supportlab.stats.interval import Contrast, FloatArray, student_contrast
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["MixChange", "mix_change"]


@dataclass(frozen=True)
class MixChange:
    """
    A change of a rate in its parts.

    Parameters
    ----------
    total, mix, within : Contrast
        The change, what comes of other shares of the groups, and what of other rates in them.
    share_before, share_after : numpy.ndarray of shape (n_groups,)
        Share of each group.
    rate_before, rate_after : numpy.ndarray of shape (n_groups,)
        Rate in each group; where a group is in one period only, that rate stands for both.
    mix_by_group, within_by_group : numpy.ndarray of shape (n_groups,)
        Parts of each group. Those of the mix are against the mean rate, so that a group gains
        where it is better than the mean and its share grows; they add up to ``mix``.
    """

    total: Contrast
    mix: Contrast
    within: Contrast
    share_before: FloatArray
    share_after: FloatArray
    rate_before: FloatArray
    rate_after: FloatArray
    mix_by_group: FloatArray
    within_by_group: FloatArray


def mix_change(
    n_before: ArrayLike,
    hits_before: ArrayLike,
    n_after: ArrayLike,
    hits_after: ArrayLike,
    *,
    level: float = INTERVAL_LEVEL,
) -> MixChange:
    """
    Split a change of a rate into mix and within.

    Not a cause: that a channel has grown may itself come of what happened within it.

    Parameters
    ----------
    n_before, hits_before, n_after, hits_after : array_like of shape (n_clusters, n_groups)
        Rows and successes by cluster and group, in the two periods or markets. A cluster that is
        in one of them only has zeros in the other.
    level : float
        Level of the intervals.

    Returns
    -------
    MixChange
        Parts that add up to the change to the last digit.

    Raises
    ------
    NotEstimable
        A period has no rows, or there are fewer than two clusters.
    ParameterError
        The tables are not of one shape.

    Notes
    -----
    Kitagawa (1955), symmetric: shares at the mean of both periods' rates, rates at the mean of both
    periods' shares. Variance by linearisation, clusters shared between the periods.

    Examples
    --------
    >>> found = mix_change([[50, 50], [50, 50]], [[40, 20], [40, 20]],
    ...                    [[80, 20], [80, 20]], [[64, 8], [64, 8]])
    >>> round(found.total.estimate, 3), round(found.mix.estimate, 3)
    (0.12, 0.12)
    """
    tables = [np.atleast_2d(np.asarray(one, dtype=np.float64))
              for one in (n_before, hits_before, n_after, hits_after)]  # fmt: skip
    if len({one.shape for one in tables}) != 1:
        raise ParameterError(
            f"The tables have shapes {[one.shape for one in tables]}; give one row a cluster and "
            "one column a group in all four."
        )
    n, hits = (tables[0], tables[2]), (tables[1], tables[3])
    whole = [float(one.sum()) for one in n]
    if min(whole) <= 0:
        raise NotEstimable("one of the two periods or markets has no rows")
    share = [one.sum(axis=0) / size for one, size in zip(n, whole, strict=True)]
    rate = _rates(n, hits)
    middle, weight = (rate[0] + rate[1]) / 2.0, (share[0] + share[1]) / 2.0
    step = share[1] - share[0]
    mean = float(weight @ middle)
    mix_by, within_by = step * (middle - mean), weight * (rate[1] - rate[0])
    influence = _influence(n, hits, share, rate)
    parts = {"mix": float(step @ middle), "within": float(within_by.sum())}
    parts["total"] = parts["mix"] + parts["within"]
    rows = n[0].sum(axis=1) + n[1].sum(axis=1)
    found = {
        name: _contrast(parts[name], influence[name], rows, level)
        for name in ("total", "mix", "within")
    }
    return MixChange(
        found["total"], found["mix"], found["within"], share[0], share[1], rate[0], rate[1],
        mix_by, within_by,
    )  # fmt: skip


def _rates(
    n: tuple[FloatArray, FloatArray], hits: tuple[FloatArray, FloatArray]
) -> list[FloatArray]:
    sizes = [one.sum(axis=0) for one in n]
    own = [
        np.divide(hit.sum(axis=0), size, out=np.zeros_like(size), where=size > 0)
        for hit, size in zip(hits, sizes, strict=True)
    ]
    return [np.where(sizes[place] > 0, own[place], own[1 - place]) for place in (0, 1)]


def _influence(
    n: tuple[FloatArray, FloatArray],
    hits: tuple[FloatArray, FloatArray],
    share: list[FloatArray],
    rate: list[FloatArray],
) -> dict[str, FloatArray]:
    """Return what each cluster adds to the parts, to first order."""
    middle, weight = (rate[0] + rate[1]) / 2.0, (share[0] + share[1]) / 2.0
    step, rise = share[1] - share[0], rate[1] - rate[0]
    clusters = n[0].shape[0]
    found = {"mix": np.zeros(clusters), "within": np.zeros(clusters)}
    for place, sign in ((0, -1.0), (1, 1.0)):
        size = float(n[place].sum())
        groups = n[place].sum(axis=0)
        of_share = (n[place] - n[place].sum(axis=1, keepdims=True) * share[place]) / size
        residual = hits[place] - n[place] * rate[place]
        of_rate = np.divide(residual, groups, out=np.zeros_like(residual), where=groups > 0)
        found["mix"] += sign * of_share @ middle + of_rate @ (step / 2.0)
        found["within"] += sign * of_rate @ weight + of_share @ (rise / 2.0)
    found["total"] = found["mix"] + found["within"]
    return found


def _contrast(estimate: float, influence: FloatArray, rows: FloatArray, level: float) -> Contrast:
    kept = rows > 0
    total = float(rows.sum())
    variance = cluster_variance(influence[kept] * total, rows[kept], 0.0)
    error, sizes = float(np.sqrt(variance.variance)), (round(total), variance.n_clusters)
    method = "symmetric decomposition, linearised, clustered"
    return student_contrast(estimate, error, variance.df, sizes, method, level)
