"""Regressions on cells of counts, and the columns they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from supportlab.errors import ParameterError
from supportlab.stats.interval import FloatArray

__all__ = ["Design", "design_columns", "fit_logistic", "fit_means"]

# A level with fewer rows than this joins the other small levels of its column: its coefficient
# would be noise, and in a propensity a certainty that is none.
FEWEST_ROWS = 50
# A coefficient of log odds is drawn to 0 as by a normal prior of this standard deviation: it leaves
# all but hopeless coefficients alone and keeps separated ones finite (Gelman et al. 2008).
PRIOR_SD = 2.5
MOST_STEPS = 60
CLOSE_ENOUGH = 1e-9


@dataclass(frozen=True)
class Design:
    """
    Covariates as columns of numbers.

    Parameters
    ----------
    matrix : numpy.ndarray of shape (n_cells, n_columns)
        One column per level but the most frequent of each label; no intercept.
    names : tuple of str
        ``label=level`` of each column.
    merged : mapping of str to tuple of str
        Levels of each label that were too small and stand together.
    """

    matrix: FloatArray
    names: tuple[str, ...]
    merged: Mapping[str, tuple[str, ...]]


def design_columns(
    labels: Mapping[str, Sequence[str]], n: ArrayLike, fewest: int = FEWEST_ROWS
) -> Design:
    """
    Make columns of zeros and ones from labels, small levels merged.

    Not for numbers: cut them into bands first and say where.

    Parameters
    ----------
    labels : mapping of str to sequence of str
        One sequence per covariate, with one label per cell.
    n : array_like of shape (n_cells,)
        Rows per cell.
    fewest : int
        Levels with fewer rows are merged into one, and into the most frequent level where even
        together they have fewer.

    Returns
    -------
    Design
        Columns in the order of the labels and, within one, of the sorted levels.

    Raises
    ------
    ParameterError
        A sequence has not one label per cell.

    Examples
    --------
    >>> design_columns({"method": ["card", "wallet", "card"]}, [80, 60, 10]).names
    ('method=wallet',)
    """
    rows = np.asarray(n, dtype=np.float64)
    columns, names, merged = [], [], {}
    for label, values in labels.items():
        text = np.asarray(list(values), dtype=object)
        if text.size != rows.size:
            raise ParameterError(f"labels[{label!r}] has {text.size} values for {rows.size} cells.")
        kept, together = _levels(text, rows, fewest)
        merged[label] = together
        for name, members in kept:
            columns.append(np.isin(text, members).astype(np.float64))
            names.append(f"{label}={name}")
    matrix = np.column_stack(columns) if columns else np.zeros((rows.size, 0))
    return Design(matrix, tuple(names), merged)


def fit_logistic(matrix: FloatArray, n: FloatArray, hits: FloatArray) -> FloatArray:
    """
    Fit the log odds of cells by penalised maximum likelihood.

    Not for coefficients that somebody reads: they are drawn a little towards 0. For fitted chances.

    Parameters
    ----------
    matrix : numpy.ndarray of shape (n_cells, n_columns)
        Covariates; an intercept is added and not penalised.
    n, hits : numpy.ndarray of shape (n_cells,)
        Rows, and rows with the event.

    Returns
    -------
    numpy.ndarray of shape (n_columns + 1,)
        Intercept and coefficients.

    Notes
    -----
    Newton steps, halved where the penalised likelihood would fall; normal prior of standard
    deviation 2.5 on each coefficient.

    Examples
    --------
    >>> import numpy as np
    >>> found = fit_logistic(np.zeros((1, 0)), np.array([100.0]), np.array([25.0]))
    >>> round(float(found[0]), 3)
    -1.099
    """
    full = np.column_stack([np.ones(n.size), matrix])
    penalty = np.full(full.shape[1], PRIOR_SD**-2)
    penalty[0] = 0.0
    share = (hits.sum() + 0.5) / (n.sum() + 1.0)
    found = np.zeros(full.shape[1])
    found[0] = np.log(share / (1.0 - share))
    value = _penalised(full, n, hits, found, penalty)
    for _ in range(MOST_STEPS):
        chance = expit(full @ found)
        slope = full.T @ (hits - n * chance) - penalty * found
        curve = (full * (n * chance * (1.0 - chance))[:, None]).T @ full + np.diag(penalty)
        # An intercept of only events or none has no finite maximum; it stops where it is certain.
        curve[0, 0] += 1e-9
        step = np.linalg.solve(curve, slope)
        found, value, moved = _stepped(full, n, hits, penalty, found, step, value)
        if moved < CLOSE_ENOUGH:
            break
    return found


def fit_means(matrix: FloatArray, n: FloatArray, total: FloatArray) -> FloatArray:
    """
    Fit the means of cells by weighted least squares.

    Parameters
    ----------
    matrix : numpy.ndarray of shape (n_cells, n_columns)
        Covariates; an intercept is added.
    n, total : numpy.ndarray of shape (n_cells,)
        Rows, and their sum.

    Returns
    -------
    numpy.ndarray of shape (n_columns + 1,)
        Intercept and coefficients; the shortest solution where columns determine each other.

    Examples
    --------
    >>> import numpy as np
    >>> fit_means(np.zeros((1, 0)), np.array([4.0]), np.array([10.0])).tolist()
    [2.5]
    """
    full = np.column_stack([np.ones(n.size), matrix])
    root = np.sqrt(n)
    mean = np.divide(total, n, out=np.zeros_like(total), where=n > 0)
    found: FloatArray = np.linalg.lstsq(full * root[:, None], mean * root, rcond=1e-10)[0]
    return found


def _levels(
    text: NDArray[np.object_], rows: FloatArray, fewest: int
) -> tuple[list[tuple[str, list[str]]], tuple[str, ...]]:
    counts = {level: float(rows[text == level].sum()) for level in sorted(set(text))}
    small = [level for level, count in counts.items() if count < fewest]
    large = [level for level in counts if level not in small]
    if not large:
        return [], tuple(small)
    reference = max(large, key=lambda level: (counts[level], level))
    kept = [(level, [level]) for level in large if level != reference]
    if sum(counts[level] for level in small) >= fewest:
        kept.append(("(small)", small))
    return kept, tuple(small)


def _penalised(
    full: FloatArray, n: FloatArray, hits: FloatArray, at: FloatArray, penalty: FloatArray
) -> float:
    linear = full @ at
    fit = hits @ linear - n @ np.logaddexp(0.0, linear)
    return float(fit - 0.5 * penalty @ at**2)


def _stepped(
    full: FloatArray,
    n: FloatArray,
    hits: FloatArray,
    penalty: FloatArray,
    found: FloatArray,
    step: FloatArray,
    value: float,
) -> tuple[FloatArray, float, float]:
    size = 1.0
    while size > 1e-6:
        tried = found + size * step
        better = _penalised(full, n, hits, tried, penalty)
        if better >= value:
            return tried, better, float(np.max(np.abs(size * step)))
        size /= 2.0
    return found, value, 0.0
