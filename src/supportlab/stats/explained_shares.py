"""Who explains how much: the share of R squared of each group of columns, over all orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.binary_cells import cluster_codes, cluster_totals
from supportlab.stats.clusters import satterthwaite_df
from supportlab.stats.interval import FloatArray, Interval, aligned, refuse_empty, t_quantile
from supportlab.stats.linear_cells import gram_by_cluster
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["ExplainedShares", "explained_shares"]

# All subsets are fitted: 4,096 of them at twelve groups, and a bar chart of more tells nothing.
MOST_GROUPS = 12
# A column of which the others leave less than this share is rounding: it says what they said.
NOTHING_NEW = 1e-9


@dataclass(frozen=True)
class ExplainedShares:
    """
    Shares of the variance of an outcome.

    Parameters
    ----------
    names : tuple of str
        The groups.
    shares : tuple of Interval
        Share of the variance that each explains, in their order; they add up to ``whole``.
    first, last : tuple of float
        What each group explains alone, and beside all others.
    whole : Interval
        What all explain together.
    is_adjusted : bool
        Whether what as many columns of chance would explain was taken off.
    """

    names: tuple[str, ...]
    shares: tuple[Interval, ...]
    first: tuple[float, ...]
    last: tuple[float, ...]
    whole: Interval
    is_adjusted: bool


def explained_shares(
    groups: Mapping[str, ArrayLike],
    n: ArrayLike,
    total: ArrayLike,
    total_squared: ArrayLike | None = None,
    *,
    cluster: ArrayLike,
    weight: ArrayLike | None = None,
    is_adjusted: bool = True,
    level: float = INTERVAL_LEVEL,
) -> ExplainedShares:
    """
    Divide R squared among groups of columns, as the mean over all orders of entering them.

    Not a measure of effect: a driver that moves much but seldom varies explains little.

    Parameters
    ----------
    groups : mapping of str to array_like of shape (n_cells, n_columns)
        Columns of each group, without intercept.
    n, total : array_like of shape (n_cells,)
        Rows per cell, and the sum of their outcomes.
    total_squared : array_like of shape (n_cells,), optional
        Sum of squared outcomes; ``total`` when left out, for outcomes 0 and 1.
    cluster : array_like of shape (n_cells,)
        Cluster of each cell.
    weight : array_like of shape (n_cells,), optional
        Weight of each row of a cell.
    is_adjusted : bool
        Whether R squared is adjusted for the number of columns; a share can then fall below 0.
    level : float
        Coverage aimed at.

    Returns
    -------
    ExplainedShares
        One interval a group, and of the whole.

    Raises
    ------
    NotEstimable
        No rows, one cluster, or an outcome that does not vary.
    ParameterError
        No groups, too many, or arrays that do not fit each other.

    Notes
    -----
    Lindeman, Merenda and Gold (1980); the Shapley value of R squared. Interval: R squared of each
    subset is a function of cross-products, linearised by cluster, with the variance that columns of
    chance would have (twice their number over the squared effective rows) added, which matters
    where a group explains next to nothing. Adjusted: Ezekiel (1930).

    Examples
    --------
    >>> found = explained_shares({"a": [[0], [1], [0], [1]]}, [50] * 4, [10, 30, 10, 30],
    ...                          cluster=[0, 0, 1, 1], is_adjusted=False)
    >>> round(found.shares[0].estimate, 3)
    0.167
    """
    parts = {name: np.asarray(value, dtype=np.float64) for name, value in groups.items()}
    rows, sums = aligned({"n": n, "total": total}, min_zero=False)
    squares = sums if total_squared is None else aligned({"total_squared": total_squared})[0]
    _check(parts, rows.size)
    refuse_empty(rows.sum())
    each = np.ones(rows.size) if weight is None else aligned({"weight": weight})[0]
    codes = cluster_codes(np.asarray(cluster)[rows * each > 0])
    use = rows * each > 0
    cells = _Cells.read(parts, rows[use], sums[use], squares[use], each[use], use, codes)
    effective = float((rows * each).sum()) ** 2 / float((rows * each**2).sum())
    sizes = cluster_totals(rows[use] * each[use], codes)[:, 0]
    fits = _Subsets(parts, cells, effective, is_adjusted)
    names = tuple(parts)
    n_rows = round(float(rows[use].sum()))
    return ExplainedShares(
        names,
        tuple(
            fits.interval(fits.weights(place), sizes, n_rows, level) for place in range(len(names))
        ),
        tuple(fits.value((place,)) for place in range(len(names))),
        tuple(fits.value(fits.all) - fits.value(_without(fits.all, place)) for place in fits.all),
        fits.interval({fits.all: 1.0}, sizes, n_rows, level),
        is_adjusted,
    )


@dataclass(frozen=True)
class _Cells:
    """Intercept and columns with the outcome's sums, and their cross-products by cluster."""

    columns: FloatArray
    n: FloatArray
    total: FloatArray
    squares: FloatArray
    codes: NDArray[np.int64]
    whole: FloatArray
    grams: FloatArray | None

    @classmethod
    def read(
        cls,
        parts: Mapping[str, FloatArray],
        rows: FloatArray,
        sums: FloatArray,
        squares: FloatArray,
        each: FloatArray,
        use: NDArray[np.bool_],
        codes: NDArray[np.int64],
    ) -> _Cells:
        """Weight the cells, and sum up by cluster where clusters are fewer than rows."""
        columns = np.hstack([np.ones((rows.size, 1)), *(part[use] for part in parts.values())])
        n_clusters, size = int(codes.max()) + 1, columns.shape[1]
        if n_clusters < 2:
            raise NotEstimable("There is 1 cluster; a variance between clusters needs at least 2.")
        n, total, each_squared = rows * each, each * sums, each * squares
        with_y = cluster_totals(columns * total[:, None], codes)
        whole = np.zeros((size + 1, size + 1))
        whole[:size, :size] = (columns * n[:, None]).T @ columns
        whole[:size, size] = whole[size, :size] = with_y.sum(axis=0)
        whole[size, size] = each_squared.sum()
        grams = None
        if n_clusters * size < rows.size:
            grams = np.zeros((n_clusters, size + 1, size + 1))
            grams[:, :size, :size] = gram_by_cluster(columns, n, codes, n_clusters)
            grams[:, :size, size] = grams[:, size, :size] = with_y
            grams[:, size, size] = cluster_totals(each_squared, codes)[:, 0]
        return cls(columns, n, total, each_squared, codes, whole, grams)

    def squares_by_cluster(self, found: FloatArray, use: list[int]) -> FloatArray:
        """Return the squares that are left in each cluster; ``found`` is 1 at the outcome."""
        if self.grams is not None:
            some = [*use, -1]
            part = self.grams[:, some][:, :, some]
            left: FloatArray = (part @ found[some]) @ found[some]
            return left
        fitted = -self.columns[:, use] @ found[use]
        rest = self.squares - 2.0 * fitted * self.total + self.n * fitted**2
        return cluster_totals(rest, self.codes)[:, 0]


class _Subsets:
    """R squared of every subset of the groups, with what each cluster adds to it."""

    def __init__(
        self,
        parts: Mapping[str, FloatArray],
        cells: _Cells,
        effective: float,
        is_adjusted: bool,
    ) -> None:
        ends = np.cumsum([1, *(part.shape[1] for part in parts.values())])
        fresh = _fresh(cells.whole)
        self.places = [
            [place for place in range(a, b) if place in fresh] for a, b in pairwise(ends)
        ]
        self.all = tuple(range(len(parts)))
        self.effective = effective
        self.is_adjusted = is_adjusted
        self._cells, self._whole = cells, cells.whole
        self._total = self._left([])
        if not self._total[0] > 0.0:
            raise NotEstimable("The outcome does not vary; there is nothing to explain.")
        self._known: dict[tuple[int, ...], tuple[float, FloatArray, int]] = {}
        for size in range(len(parts) + 1):
            for subset in combinations(self.all, size):
                self._known[subset] = self._fitted(subset)

    def value(self, subset: tuple[int, ...]) -> float:
        """Return R squared of a subset."""
        return self._known[subset][0]

    def weights(self, place: int) -> dict[tuple[int, ...], float]:
        """Return the weight of each subset in the mean gain of a group over all orders."""
        k = len(self.all)
        found: dict[tuple[int, ...], float] = {}
        for subset in self._known:
            if place in subset:
                size = len(subset) - 1
                weight = factorial(size) * factorial(k - size - 1) / factorial(k)
                found[subset] = weight
                found[_without(subset, place)] = -weight
        return found

    def interval(
        self, weights: Mapping[tuple[int, ...], float], sizes: FloatArray, n: int, level: float
    ) -> Interval:
        """Return a weighted sum of R squared with its interval."""
        estimate = sum(w * self._known[s][0] for s, w in weights.items())
        moved = sum((w * self._known[s][1] for s, w in weights.items()), np.zeros(len(sizes)))
        n_columns = sum(w * self._known[s][2] for s, w in weights.items())
        share = sizes / sizes.sum()
        # Columns of no worth explain a chi-square of their number over the rows.
        chance = 2.0 * max(n_columns, 0.0) / self.effective**2
        variance = float(np.sum(moved**2 / (1.0 - share))) + chance
        df = satterthwaite_df(sizes)
        half = t_quantile(level, df) * float(np.sqrt(variance))
        return Interval(
            float(estimate),
            float(estimate) - half,
            float(estimate) + half,
            level,
            n,
            len(sizes),
            "mean gain in R squared over all orders, linearised by cluster",
            df=df,
        )

    def _fitted(self, subset: tuple[int, ...]) -> tuple[float, FloatArray, int]:
        columns = [column for place in subset for column in self.places[place]]
        left, by_cluster, rank = self._left(columns)
        total, total_by_cluster, _ = self._total
        rest = left / total
        grown = (by_cluster - rest * total_by_cluster) / total
        scale = 1.0
        if self.is_adjusted:
            scale = (self.effective - 1.0) / max(self.effective - rank - 1.0, 1.0)
        return 1.0 - scale * rest, -scale * grown, rank

    def _left(self, columns: list[int]) -> tuple[float, FloatArray, int]:
        """Return the squares that are left, in all and by cluster, and the columns' rank."""
        use = [0, *columns]
        inner = self._whole[np.ix_(use, use)]
        scale = np.sqrt(np.diag(inner))
        found = np.zeros(self._whole.shape[0])
        target = self._whole[use, -1] / scale
        found[use] = -np.linalg.solve(inner / np.outer(scale, scale), target) / scale
        found[-1] = 1.0
        by_cluster = self._cells.squares_by_cluster(found, use)
        return float(by_cluster.sum()), by_cluster, len(columns)


def _fresh(whole: FloatArray) -> set[int]:
    """Return the columns that those before them do not determine."""
    inner = whole[:-1, :-1]
    scale = np.sqrt(np.maximum(np.diag(inner), 1e-300))
    unit = inner / np.outer(scale, scale)
    kept: list[int] = []
    for place in range(len(unit)):
        known = unit[kept, place]
        told = known @ np.linalg.solve(unit[np.ix_(kept, kept)], known) if kept else 0.0
        if unit[place, place] - told > NOTHING_NEW:
            kept.append(place)
    return set(kept)


def _without(subset: Sequence[int], place: int) -> tuple[int, ...]:
    return tuple(one for one in subset if one != place)


def _check(parts: Mapping[str, FloatArray], size: int) -> None:
    if not 1 <= len(parts) <= MOST_GROUPS:
        raise ParameterError(f"groups holds {len(parts)}; give 1 to {MOST_GROUPS}.")
    for name, part in parts.items():
        if part.ndim != 2 or len(part) != size or not np.isfinite(part).all():
            raise ParameterError(
                f"groups[{name!r}] has shape {part.shape} for {size} cells, or holds missing "
                "values; give one row of finite numbers a cell."
            )
