"""A difference of two shares, split into what the groups weigh and what they are like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.interval import Contrast, FloatArray, aligned, student_contrast
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["MixSplit", "split_difference"]


@dataclass(frozen=True)
class MixSplit:
    """
    A difference and its two parts, which add up to it.

    Parameters
    ----------
    difference, mix, within : Contrast
        Second period less the first; what the change of the groups' weights brings; what the
        change inside the groups brings.
    groups : tuple of str
        Names, sorted.
    mix_by_group, within_by_group : numpy.ndarray of shape (n_groups,)
        Parts of each group; a group's part of the mix is counted from the mean share, so that a
        group like the mean brings nothing by growing.
    one_sided : tuple of str
        Groups that occur in one period only: all they bring is mix.
    """

    difference: Contrast
    mix: Contrast
    within: Contrast
    groups: tuple[str, ...]
    mix_by_group: FloatArray
    within_by_group: FloatArray
    one_sided: tuple[str, ...]


def split_difference(
    group: Sequence[str],
    is_second: ArrayLike,
    n: ArrayLike,
    hits: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = INTERVAL_LEVEL,
) -> MixSplit:
    """
    Split the difference of two shares into a part of mix and a part within groups.

    Not a statement of cause: a group may change because of who is in it.

    Parameters
    ----------
    group : sequence of str, of length n_cells
        Group of the cell, as its channel.
    is_second : array_like of bool of shape (n_cells,)
        Whether the cell is of the second period.
    n, hits : array_like of shape (n_cells,)
        Rows, and rows with the property.
    cluster : array_like of shape (n_cells,), optional
        Cluster of the cell; it may have cells in both periods. Each row by itself unless given.
    level : float
        Coverage aimed at.

    Returns
    -------
    MixSplit
        The difference and its parts.

    Raises
    ------
    NotEstimable
        A period has no rows, or there are fewer than two clusters.
    ParameterError
        Arrays that do not fit each other.

    Notes
    -----
    Kitagawa (1955), symmetric: changes of weights at the mean of both shares, changes of shares
    at the mean of both weights; for two factors this is the Shapley value, and it is exact.
    Intervals by linearisation over clusters, weights and shares both counted as random.

    Examples
    --------
    >>> found = split_difference(
    ...     ["chat", "mail"] * 2, [0, 0, 1, 1], [50, 50, 80, 20], [45, 30, 72, 12])
    >>> [round(part.estimate, 3) for part in (found.difference, found.mix, found.within)]
    [0.09, 0.09, 0.0]
    """
    size, hit, second = aligned({"n": n, "hits": hits, "is_second": is_second})
    names = np.asarray(list(group), dtype=object)
    if names.size != size.size or np.any(hit > size):
        raise ParameterError("group has not one name per cell, or hits is above n in some cell.")
    kept = size > 0
    size, hit, later, names = size[kept], hit[kept], second[kept] > 0, names[kept]
    labels, codes = np.unique(names.astype(str), return_inverse=True)
    if later.all() or not later.any():
        raise NotEstimable("One of the two periods has no rows, so there is no change to split.")
    weight, share, seen = _shares(size, hit, later, codes, labels.size)
    change, middle = weight[1] - weight[0], share.mean(axis=0)
    centre = float(weight.mean(axis=0) @ middle)
    within = (share[1] - share[0]) * weight.mean(axis=0)
    parts = _Parts(size, hit, later, codes, weight, share, seen)
    clusters = None if cluster is None else np.asarray(cluster)[kept]
    values = (float(weight[1] @ share[1] - weight[0] @ share[0]), float(change @ middle))
    ends = parts.influences()
    made = [
        parts.contrast(value, hit_of, row_of, clusters, level)
        for value, (hit_of, row_of) in zip((*values, float(within.sum())), ends, strict=True)
    ]
    return MixSplit(
        made[0],
        made[1],
        made[2],
        tuple(labels.tolist()),
        change * (middle - centre),
        within,
        tuple(labels[~(seen[0] & seen[1])].tolist()),
    )


def _shares(
    size: FloatArray, hit: FloatArray, later: np.ndarray, codes: np.ndarray, count: int
) -> tuple[FloatArray, FloatArray, np.ndarray]:
    """Return weights and shares by period and group, and which cells have rows."""
    n = np.array([np.bincount(codes, size * (later == at), count) for at in (False, True)])
    y = np.array([np.bincount(codes, hit * (later == at), count) for at in (False, True)])
    seen = n > 0
    share = np.divide(y, n, out=np.zeros_like(n), where=seen)
    # A group of one period only has no change within: it is as it was seen.
    share = np.where(seen, share, share[::-1])
    return n / n.sum(axis=1, keepdims=True), share, seen


@dataclass(frozen=True)
class _Parts:
    size: FloatArray
    hit: FloatArray
    later: np.ndarray
    codes: np.ndarray
    weight: FloatArray
    share: FloatArray
    seen: np.ndarray

    def influences(self) -> list[tuple[FloatArray, FloatArray]]:
        """Return for difference, mix and within what a row adds, and what a hit adds to that."""
        at = self.later.astype(int)
        sign = np.where(self.later, 1.0, -1.0)
        totals = np.array([self.size[~self.later].sum(), self.size[self.later].sum()])[at]
        weight, share = self.weight[at, self.codes], self.share[at, self.codes]
        middle = self.share.mean(axis=0)
        change = (self.weight[1] - self.weight[0])[self.codes]
        jump = (self.share[1] - self.share[0])[self.codes]
        both = (self.seen[0] & self.seen[1])[self.codes]
        mean = {key: float(self.weight[key] @ self.share[key]) for key in (0, 1)}
        of_mean = np.where(self.later, mean[1], mean[0])
        # A hit moves its share by 1/(n w); a row moves its weight by 1/n and all others down.
        by_share = 1.0 / (weight * totals)
        pull_mix = np.where(both, change / 2.0, change)
        pull_within = np.where(both, self.weight.mean(axis=0)[self.codes], 0.0)
        of_mix = np.where(
            self.later, float(self.weight[1] @ middle), float(self.weight[0] @ middle)
        )
        steps = (
            0.5
            * np.array(
                [float(self.weight[key] @ (self.share[1] - self.share[0])) for key in (0, 1)]
            )[at]
        )
        return [
            (sign / totals * (0.0 - of_mean), sign / totals),
            (
                sign / totals * (middle[self.codes] - of_mix) - pull_mix * by_share * share,
                pull_mix * by_share,
            ),
            (
                (0.5 * jump - steps) / totals - sign * pull_within * by_share * share,
                sign * pull_within * by_share,
            ),
        ]

    def contrast(
        self,
        value: float,
        of_row: FloatArray,
        of_hit: FloatArray,
        clusters: np.ndarray | None,
        level: float,
    ) -> Contrast:
        misses = self.size - self.hit
        if clusters is None:
            n_clusters, df = None, float(self.size.sum()) - 2.0
            squares = self.hit @ (of_row + of_hit) ** 2 + misses @ of_row**2
            variance = float(squares)
        else:
            codes = np.unique(clusters, return_inverse=True)[1]
            n_clusters = int(codes.max()) + 1
            if n_clusters < 2:
                raise NotEstimable("There is 1 cluster; a variance between clusters needs 2.")
            sums = np.bincount(codes, self.size * of_row + self.hit * of_hit)
            mass = np.bincount(codes, self.size)
            df = max(float(mass.sum() ** 2 / (mass @ mass)) - 1.0, 1.0)
            variance = float(sums @ sums) * n_clusters / (n_clusters - 1.0)
        method = "Kitagawa's split, linearised" + (", clustered" if clusters is not None else "")
        sizes = int(self.size.sum()), n_clusters
        return student_contrast(value, float(np.sqrt(variance)), df, sizes, method, level)
