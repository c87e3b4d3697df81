"""How strongly two labels go together: Cramer's V, unbiased, with clusters respected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, chndtr

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.interval import FloatArray
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["Association", "CellMoments", "cramers_v", "independent_moments"]


@dataclass(frozen=True)
class CellMoments:
    """
    Counts of a table, and how they come in clusters.

    Parameters
    ----------
    counts : numpy.ndarray of shape (n_rows, n_columns)
        Rows by cell.
    squares : numpy.ndarray of shape (n_rows, n_columns)
        Sum over clusters of the squared count of the cell.
    products : numpy.ndarray of shape (n_rows, n_columns)
        Sum over clusters of the cell's count times all of the cluster's rows.
    total_squares : float
        Sum over clusters of their squared size.
    n_clusters : int
        Clusters.
    row_squares, column_squares : numpy.ndarray
        As ``squares``, of the margins.
    row_products, column_products : numpy.ndarray
        As ``products``, of the margins.
    """

    counts: FloatArray
    squares: FloatArray
    products: FloatArray
    total_squares: float
    n_clusters: int
    row_squares: FloatArray
    column_squares: FloatArray
    row_products: FloatArray
    column_products: FloatArray


@dataclass(frozen=True)
class Association:
    """
    Strength of an association.

    Parameters
    ----------
    estimate, low, high : float
        Cramer's V, bias-corrected, with its interval, between 0 and 1.
    plain : float
        V as textbooks have it, which chance alone keeps above 0.
    p_value : float
        Against no association, clusters respected.
    design_effect : float
        By how much clusters make the statistic larger than independent rows would.
    n, n_clusters : int
        Rows and clusters.
    """

    estimate: float
    low: float
    high: float
    plain: float
    p_value: float
    design_effect: float
    n: int
    n_clusters: int


def cramers_v(moments: CellMoments, level: float = INTERVAL_LEVEL) -> Association:
    """
    Compute Cramer's V from a table's counts and how they come in clusters.

    Not for ordered labels, whose order it does not see.

    Parameters
    ----------
    moments : CellMoments
        Counts and their clusters.
    level : float
        Level of the interval.

    Returns
    -------
    Association
        Bias-corrected, with interval and p value.

    Raises
    ------
    NotEstimable
        A label has one level only, or there are fewer than two clusters.

    Notes
    -----
    Bias correction of Bergsma (2013), its expected chance part multiplied by the design effect;
    test of Rao and Scott (1981), first order; the interval inverts the non-central chi-squared
    distribution of the statistic over its design effect (Steiger 2004).

    Examples
    --------
    >>> import numpy as np
    >>> table = np.array([[60.0, 40.0], [40.0, 60.0]])
    >>> found = cramers_v(independent_moments(table))
    >>> round(found.plain, 3), round(found.estimate, 3)
    (0.2, 0.188)
    """
    rows = moments.counts.sum(axis=1) > 0
    columns = moments.counts.sum(axis=0) > 0
    counts = moments.counts[np.ix_(rows, columns)]
    if min(counts.shape) < 2:
        raise NotEstimable("one of the two labels has one level only")
    if moments.n_clusters < 2:
        raise NotEstimable("there is one cluster only; a variance needs at least 2")
    n = float(counts.sum())
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / n
    statistic = float(((counts - expected) ** 2 / expected).sum())
    df = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    effect = max(1.0, _design_effect(moments, rows, columns, n, df))
    adjusted = statistic / effect
    low, high = _noncentral(adjusted, df, level)
    scale = effect / n
    spans = [_corrected(size, n, effect, counts.shape) for size in (low, high)]
    return Association(
        estimate=_corrected(max(0.0, adjusted - df), n, effect, counts.shape),
        low=spans[0],
        high=spans[1],
        plain=float(np.sqrt(adjusted * scale / (min(counts.shape) - 1))),
        p_value=float(chdtrc(df, adjusted)),
        design_effect=effect,
        n=round(n),
        n_clusters=moments.n_clusters,
    )


def independent_moments(counts: ArrayLike) -> CellMoments:
    """
    Return the moments of a table whose rows are independent: each row is its own cluster.

    Parameters
    ----------
    counts : array_like of shape (n_rows, n_columns)
        The table.

    Returns
    -------
    CellMoments
        For `cramers_v`.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or np.any(table < 0):
        raise ParameterError("counts must be a table of numbers not below 0.")
    n = float(table.sum())
    across, down = table.sum(axis=1), table.sum(axis=0)
    return CellMoments(table, table, table, n, round(n), across, down, across, down)


def _design_effect(
    moments: CellMoments, rows: FloatArray, columns: FloatArray, n: float, df: int
) -> float:
    """Return the mean generalised design effect of Rao and Scott (1981) from those of cells."""
    place = np.ix_(rows, columns)
    share = moments.counts[place] / n
    inner = _effects(share, moments.squares[place], moments.products[place], moments, n)
    across, down = share.sum(axis=1), share.sum(axis=0)
    of_rows = _effects(across, moments.row_squares[rows], moments.row_products[rows], moments, n)
    of_columns = _effects(
        down, moments.column_squares[columns], moments.column_products[columns], moments, n
    )
    # Variances of cells over what independent rows would have under no association.
    cells = share * (1.0 - share) * inner / np.outer(across, down)
    found = float(cells.sum()) - float(((1 - across) * of_rows).sum())
    return (found - float(((1 - down) * of_columns).sum())) / df


def _effects(
    share: FloatArray, squares: FloatArray, products: FloatArray, moments: CellMoments, n: float
) -> FloatArray:
    variance = squares - 2.0 * share * products + share**2 * moments.total_squares
    base = n * share * (1.0 - share)
    found: FloatArray = np.divide(variance, base, out=np.ones_like(base), where=base > 0)
    return found


def _noncentral(statistic: float, df: int, level: float) -> tuple[float, float]:
    tails = (1.0 + level) / 2.0, (1.0 - level) / 2.0
    return _size(statistic, df, tails[0]), _size(statistic, df, tails[1])


def _size(statistic: float, df: int, chance: float) -> float:
    """Return the non-centrality at which so large a statistic has the given lower-tail chance."""
    if chdtrc(df, statistic) > 1.0 - chance:
        return 0.0
    low, high = 0.0, 2.0 * statistic + 50.0
    while chndtr(statistic, df, high) > chance:
        low, high = high, 2.0 * high
    for _ in range(100):
        middle = (low + high) / 2.0
        if chndtr(statistic, df, middle) > chance:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def _corrected(size: float, n: float, effect: float, shape: tuple[int, ...]) -> float:
    """Return V from a non-centrality, the table's sides corrected as Bergsma has them."""
    sides = [side - effect * (side - 1) ** 2 / (n - 1.0) for side in shape]
    room = min(sides) - 1.0
    if room <= 0:
        return 0.0
    return float(min(1.0, np.sqrt(size * effect / n / room)))
