"""Slope of an outcome on a quantity at equal covariates, on cells, by leaving out clusters."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import NotEstimable
from supportlab.stats.interval import Contrast, FloatArray, aligned
from supportlab.stats.jackknife import jackknife_contrast
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["cell_slope"]

FEWEST_CLUSTERS = 8


def cell_slope(
    quantity: ArrayLike,
    n: ArrayLike,
    total: ArrayLike,
    cluster: ArrayLike,
    design: ArrayLike | None = None,
    *,
    level: float = INTERVAL_LEVEL,
) -> Contrast:
    """
    Regress the mean of cells on a quantity beside covariates.

    Not for a quantity that varies much within a cell: cut it finer.

    Parameters
    ----------
    quantity : array_like of shape (n_cells,)
        Its mean in each cell.
    n, total : array_like of shape (n_cells,)
        Rows or weights, and the sum of the outcome.
    cluster : array_like of shape (n_cells,)
        Cluster of each cell.
    design : array_like of shape (n_cells, n_columns), optional
        Covariates, without intercept.
    level : float
        Coverage aimed at.

    Returns
    -------
    Contrast
        Change of the outcome for one more of the quantity; variance by leaving out one cluster
        at a time (CR3), Student's t with the effective clusters less one.

    Raises
    ------
    NotEstimable
        Fewer than 8 clusters, or a quantity that does not vary beside the covariates.

    Examples
    --------
    >>> found = cell_slope(range(9), [10] * 9, [10 * x for x in range(9)], range(9))
    >>> round(found.estimate, 6)
    1.0
    """
    value, rows, sums = aligned({"quantity": quantity, "n": n, "total": total}, min_zero=False)
    groups = np.unique(np.asarray(cluster).ravel(), return_inverse=True)[1].ravel()
    columns = np.zeros((rows.size, 0)) if design is None else np.asarray(design, np.float64)
    kept = rows > 0
    full = np.column_stack([value, np.ones(rows.size), columns.reshape(rows.size, -1)])[kept]
    rows, sums = rows[kept], sums[kept]
    labels, codes = np.unique(groups[kept], return_inverse=True)
    if labels.size < FEWEST_CLUSTERS:
        raise NotEstimable(
            f"There are {labels.size} clusters; at least {FEWEST_CLUSTERS} are needed."
        )
    grams, sides = _moments(full, rows, sums, codes.ravel(), labels.size)
    whole = _first(grams.sum(axis=0), sides.sum(axis=0))
    left = grams.sum(axis=0) - grams, sides.sum(axis=0) - sides
    without = np.array([_first(a, b) for a, b in zip(*left, strict=True)])
    sizes = np.bincount(codes.ravel(), rows)
    df = max(1.0, float(sizes.sum() ** 2 / (sizes @ sizes)) - 1.0)
    return jackknife_contrast(
        whole, without, df=df, n=round(float(rows.sum())), level=level,
        method="least squares on cells, leave-one-cluster-out",
    )  # fmt: skip


def _moments(
    full: FloatArray, rows: FloatArray, sums: FloatArray, codes: ArrayLike, size: int
) -> tuple[FloatArray, FloatArray]:
    grams = np.zeros((size, full.shape[1], full.shape[1]))
    sides = np.zeros((size, full.shape[1]))
    for g in range(size):
        own = np.asarray(codes) == g
        grams[g] = (full[own] * rows[own, None]).T @ full[own]
        sides[g] = full[own].T @ sums[own]
    return grams, sides


def _first(gram: FloatArray, side: FloatArray) -> float:
    """Return the first coefficient; columns that others determine take nothing from it."""
    rest = gram[1:, 1:]
    share = np.linalg.lstsq(rest, gram[1:, 0], rcond=1e-11)[0]
    left = float(gram[0, 0] - gram[0, 1:] @ share)
    if left <= 1e-10 * max(1.0, float(gram[0, 0])):
        raise NotEstimable("The quantity does not vary among alike rows; there is no slope.")
    return float(side[0] - share @ side[1:]) / left
