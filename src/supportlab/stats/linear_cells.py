"""Linear regression on cells: sums in, coefficients out, few and unequal clusters respected."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.binary_cells import cluster_codes, cluster_totals, independent_columns
from supportlab.stats.interval import Contrast, FloatArray, aligned, refuse_empty, student_contrast
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["LinearFit", "fit_linear", "gram_by_cluster"]

# A cluster that alone settles a coefficient has a leverage of 1: its residual there is 0 by
# construction, and the correction divides by nothing.
WHOLE_LEVERAGE = 1.0 - 1e-8
# With more clusters than this no cluster weighs enough for its leverage to matter, and matrices by
# cluster would fill the memory: the classical correction then does.
MOST_CORRECTED = 400


@dataclass(frozen=True)
class LinearFit:
    """
    A linear regression that was fitted on cells.

    Parameters
    ----------
    coefficients : numpy.ndarray of shape (n_columns,)
        In units of the outcome; missing for a column that those before it determine.
    kept : tuple of int
        Places of the columns that were fitted.
    n : int
        Rows behind the cells.
    n_clusters : int
        Clusters.
    residual_df : int
        Rows less coefficients, absorbed ones among them.
    r_squared : float
        Share of the (weighted) variance explained, within absorbed groups.
    method : str
        Estimator and variance in words.
    """

    coefficients: FloatArray
    kept: tuple[int, ...]
    n: int
    n_clusters: int
    residual_df: int
    r_squared: float
    method: str
    _scores: FloatArray
    _root: FloatArray
    _vectors: FloatArray | None
    _leverages: FloatArray | None
    _n_columns: int

    def contrast(self, weights: int | ArrayLike, *, level: float = INTERVAL_LEVEL) -> Contrast:
        """
        Return a coefficient, or a weighted sum of coefficients, with its interval.

        Parameters
        ----------
        weights : int or array_like of shape (n_columns,)
            Place of a column, or a weight for each.
        level : float
            Coverage aimed at.

        Returns
        -------
        Contrast
            With bias-reduced variance and Satterthwaite's degrees of freedom.

        Raises
        ------
        NotEstimable
            A column that is asked for is determined by others, or one cluster alone tells it.
        """
        chosen = self._chosen(weights)
        estimate = float(chosen @ self.coefficients[list(self.kept)])
        variance = float(np.sum((self._scores @ chosen) ** 2))
        if not variance > 0.0:
            raise NotEstimable(
                "Nothing is left to tell the variance: the contrast rests on one cluster, or all "
                "rows are fitted without error."
            )
        df, error = self._df(chosen), float(np.sqrt(variance))
        sizes = self.n, self.n_clusters
        return student_contrast(estimate, error, df, sizes, self.method, level)

    def _chosen(self, weights: int | ArrayLike) -> FloatArray:
        full = np.zeros(self._n_columns)
        if isinstance(weights, int | np.integer):
            full[int(weights)] = 1.0
        else:
            full = np.asarray(weights, dtype=np.float64)
        if full.shape != (self._n_columns,):
            raise ParameterError(f"weights has shape {full.shape}; give {self._n_columns} numbers.")
        lost = [place for place in np.flatnonzero(full) if place not in self.kept]
        if lost:
            raise NotEstimable(
                f"Column {lost[0]} does not vary beside what is held equal; nothing tells its part."
            )
        return full[list(self.kept)]

    def _df(self, chosen: FloatArray) -> float:
        if self._vectors is None or self._leverages is None:
            return float(self.n_clusters - 1)
        start = self._root @ chosen
        inside = _inside(self._leverages)
        rotated = np.einsum("kji,j->ki", self._vectors, start)
        own = np.sum(rotated**2 * self._leverages * inside**2, axis=1)
        across = np.einsum("kij,kj->ki", self._vectors, rotated * self._leverages * inside)
        matrix = np.diag(own) - across @ across.T
        return max(1.0, float(np.trace(matrix)) ** 2 / max(float(np.sum(matrix**2)), 1e-300))


def fit_linear(
    design: ArrayLike,
    n: ArrayLike,
    total: ArrayLike,
    total_squared: ArrayLike | None = None,
    *,
    cluster: ArrayLike,
    weight: ArrayLike | None = None,
    absorb: ArrayLike | None = None,
    extra_scores: ArrayLike | None = None,
) -> LinearFit:
    """
    Fit a linear regression on cells of rows, with clustered variance for few clusters.

    Not for clusters that are themselves clustered: give the outermost grouping within which rows
    depend on each other, as teams of agents.

    Parameters
    ----------
    design : array_like of shape (n_cells, n_columns)
        Columns without an intercept, which is added unless groups are absorbed.
    n, total : array_like of shape (n_cells,)
        Rows per cell, and the sum of their outcomes.
    total_squared : array_like of shape (n_cells,), optional
        Sum of squared outcomes; that of outcomes 0 and 1, which is ``total``, when left out.
    cluster : array_like of shape (n_cells,)
        Cluster of each cell.
    weight : array_like of shape (n_cells,), optional
        Weight of each row of a cell, as the inverse of its chance to be seen.
    absorb : array_like of shape (n_cells,), optional
        Groups with a level of their own each, as agents; each within one cluster.
    extra_scores : array_like of shape (n_clusters, n_columns + 1), optional
        What else moves the estimating equations of a cluster (in sorted order of the labels), as
        the estimation of the weights; the intercept first, which is ignored with ``absorb``.

    Returns
    -------
    LinearFit
        Coefficients; `LinearFit.contrast` gives intervals.

    Raises
    ------
    NotEstimable
        No rows, fewer than two clusters, or no row more than coefficients.
    ParameterError
        The arrays do not fit each other, or an absorbed group lies in several clusters.

    Notes
    -----
    Weighted least squares. Variance: CR2 of Bell and McCaffrey (2002) with the weights as working
    precision; for absorbed groups within clusters that of the full regression (Pustejovsky and
    Tipton 2018). Degrees of freedom: theirs, per contrast. Beyond 400 clusters: CR1 (Liang and
    Zeger 1986) with the clusters less one. All of it is made of cross-products by
    cluster, so that cells give what their rows would.

    Examples
    --------
    >>> fit = fit_linear([[0], [1], [0], [1]], [50] * 4, [20, 30, 25, 30], cluster=[0, 0, 1, 1])
    >>> round(float(fit.coefficients[0]), 3)
    0.15
    """
    matrix = np.asarray(design, dtype=np.float64)
    rows, sums = aligned({"n": n, "total": total}, min_zero=False)
    squares = sums if total_squared is None else aligned({"total_squared": total_squared})[0]
    if matrix.ndim != 2 or len(matrix) != rows.size:
        raise ParameterError(f"design has shape {matrix.shape} for {rows.size} cells.")
    each = np.ones(rows.size) if weight is None else aligned({"weight": weight})[0]
    refuse_empty(rows.sum())
    use = rows * each > 0
    codes = cluster_codes(cluster)[use]
    n_clusters, n_columns = len(np.unique(cluster)), matrix.shape[1]
    groups = None if absorb is None else cluster_codes(np.asarray(absorb)[use])
    matrix, rows, each, sums, squares = (one[use] for one in (matrix, rows, each, sums, squares))
    columns, means = _centred(matrix, rows * each, each * sums, groups, codes)
    kept = _kept(columns, np.sqrt(rows * each), n_columns, is_absorbed=groups is not None)
    columns = columns[:, kept]
    extra = np.zeros((n_clusters, len(kept)))
    if extra_scores is not None:
        extra = np.asarray(extra_scores, dtype=np.float64)[:, kept]
    spent = len(kept) + (0 if groups is None else np.unique(groups).size)
    return _solved(
        columns,
        rows,
        each,
        sums,
        squares,
        means,
        codes,
        extra,
        spent,
        tuple(place - 1 for place in kept if place > 0),
        n_columns,
    )


def gram_by_cluster(
    columns: FloatArray, weights: FloatArray, codes: NDArray[np.int64], n_clusters: int
) -> FloatArray:
    """Return the weighted cross-products of the columns in each cluster, in order of the codes."""
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(n_clusters + 1))
    sorted_columns, root = columns[order], np.sqrt(weights[order])[:, None]
    weighted = sorted_columns * root
    parts = [weighted[a:b].T @ weighted[a:b] for a, b in itertools.pairwise(ends)]
    return np.stack(parts)


def _inside(leverages: FloatArray) -> FloatArray:
    """Return one over the root of what a leverage leaves, 0 where it leaves nothing."""
    is_whole = leverages >= WHOLE_LEVERAGE
    left = np.where(is_whole, 1.0, 1.0 - np.clip(leverages, 0.0, 1.0))
    found: FloatArray = np.where(is_whole, 0.0, 1.0 / np.sqrt(left))
    return found


def _centred(
    matrix: FloatArray,
    weights: FloatArray,
    sums: FloatArray,
    groups: NDArray[np.int64] | None,
    codes: NDArray[np.int64],
) -> tuple[FloatArray, FloatArray]:
    """Return columns with an intercept, or less their groups' means, and what to take off y."""
    ones = np.ones((len(matrix), 1))
    if groups is None:
        return np.hstack([ones, matrix]), np.zeros(len(matrix))
    _refuse_torn(groups, codes)
    size = cluster_totals(weights, groups)[:, 0]
    size[size == 0] = 1.0
    middle = cluster_totals(matrix * weights[:, None], groups) / size[:, None]
    level = cluster_totals(sums, groups)[:, 0] / size
    return np.hstack([0.0 * ones, matrix - middle[groups]]), level[groups]


def _refuse_torn(groups: NDArray[np.int64], codes: NDArray[np.int64]) -> None:
    pairs = np.unique(np.column_stack([groups, codes]), axis=0)
    torn = len(pairs) - len(np.unique(groups))
    if torn:
        raise ParameterError(
            f"{torn} absorbed group(s) lie in more than one cluster; give clusters that hold whole "
            "groups."
        )


def _kept(columns: FloatArray, root: FloatArray, n_columns: int, *, is_absorbed: bool) -> list[int]:
    weighted = columns * root[:, None]
    first = 1 if is_absorbed else 0
    found = [place + first for place in independent_columns(weighted[:, first:])]
    if not found or (not is_absorbed and len(found) == 1 and n_columns):
        raise NotEstimable("No column varies beside what is held equal; there is nothing to fit.")
    return found


def _solved(
    columns: FloatArray,
    rows: FloatArray,
    each: FloatArray,
    sums: FloatArray,
    squares: FloatArray,
    means: FloatArray,
    codes: NDArray[np.int64],
    extra: FloatArray,
    spent: int,
    kept: Sequence[int],
    n_columns: int,
) -> LinearFit:
    weights = rows * each
    n_clusters = int(np.unique(codes).size)
    n_rows = round(float(rows.sum()))
    _refuse_small(n_clusters, n_rows, spent)
    gram = (columns * weights[:, None]).T @ columns
    y_sums = each * sums - weights * means
    found = np.linalg.solve(gram, columns.T @ y_sums)
    residual = y_sums - weights * (columns @ found)
    scores = np.zeros_like(extra)
    scores[: int(codes.max()) + 1] = cluster_totals(columns * residual[:, None], codes)
    values, turn = np.linalg.eigh(np.linalg.inv(gram))
    root = (turn * np.sqrt(np.maximum(values, 0.0))) @ turn.T
    leverages = vectors = None
    if n_clusters <= MOST_CORRECTED:
        grams = gram_by_cluster(columns, weights, codes, len(extra))
        leverages, vectors = np.linalg.eigh(root @ grams @ root)
        rotated = np.einsum("kji,kj->ki", vectors, scores @ root) * _inside(leverages)
        corrected = np.einsum("kij,kj->ki", vectors, rotated) @ root
    else:
        corrected = scores @ root @ root * np.sqrt(n_clusters / (n_clusters - 1.0))
    corrected = corrected + extra @ root @ root
    is_absorbed = len(kept) == columns.shape[1]
    first = 0 if is_absorbed else 1
    kind = "CR1" if leverages is None else "CR2"
    left = float((each * squares).sum() - 2 * (each * sums) @ means + weights @ means**2)
    middle = 0.0 if is_absorbed else float(y_sums.sum()) ** 2 / float(weights.sum())
    explained = float(found @ (columns.T @ y_sums)) - middle
    coefficients = np.full(n_columns, np.nan)
    coefficients[list(kept)] = found[first:]
    return LinearFit(
        coefficients=coefficients,
        kept=tuple(kept),
        n=n_rows,
        n_clusters=n_clusters,
        residual_df=n_rows - spent,
        r_squared=explained / (left - middle) if left > middle else 0.0,
        method=f"least squares on cells, {kind} variance by cluster",
        _scores=corrected[:, first:],
        _root=root[:, first:],
        _vectors=vectors,
        _leverages=leverages,
        _n_columns=n_columns,
    )


def _refuse_small(n_clusters: int, n_rows: int, spent: int) -> None:
    if n_clusters < 2:
        raise NotEstimable(f"There is {n_clusters} cluster; a variance needs at least 2.")
    if n_rows <= spent:
        raise NotEstimable(f"{n_rows} rows cannot tell {spent} coefficients.")
