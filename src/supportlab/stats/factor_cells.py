"""Regressions on many cells of labels: counts of pairs of labels in place of a wide matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, softmax

from supportlab.errors import ParameterError
from supportlab.stats.interval import FloatArray

__all__ = ["Factors", "factor_codes", "fit_factor_logistic", "fit_factor_means", "fit_shares"]

# A level with fewer rows joins the other small levels of its label: its coefficient would be noise.
FEWEST_ROWS = 50
# As by a normal prior of this standard deviation on log odds (Gelman et al. 2008): it leaves all
# but hopeless coefficients alone and keeps separated ones finite.
PRIOR_SD = 2.5
MOST_STEPS = 60
CLOSE_ENOUGH = 1e-8


@dataclass(frozen=True)
class Factors:
    """
    Cells as the levels of their labels.

    Parameters
    ----------
    codes : numpy.ndarray of shape (n_cells, n_labels)
        Column of each level, from 1; ``n_columns`` stands for the level that the others are
        compared with.
    n_columns : int
        Coefficients with the intercept, which is column 0.
    names : tuple of str
        ``label=level`` of columns 1 and on.
    merged : mapping of str to tuple of str
        Levels of each label that were too small and stand together.
    """

    codes: NDArray[np.intp]
    n_columns: int
    names: tuple[str, ...]
    merged: Mapping[str, tuple[str, ...]]

    def linear(self, coefficients: FloatArray) -> FloatArray:
        """Return the linear predictor of each cell, for one or several columns of coefficients."""
        padded = np.concatenate([coefficients, np.zeros((1, *coefficients.shape[1:]))])
        found: FloatArray = padded[0] + padded[self.codes].sum(axis=1)
        return found

    def totals(self, values: FloatArray) -> FloatArray:
        """Return the sum of a value over the cells of each column."""
        found = np.zeros(self.n_columns + 1)
        for place in range(self.codes.shape[1]):
            found += np.bincount(self.codes[:, place], values, self.n_columns + 1)
        found[0] = values.sum()
        return found[:-1]

    def products(self, weights: FloatArray) -> FloatArray:
        """Return the weighted cross products of all columns."""
        size = self.n_columns + 1
        found = np.zeros(size * size)
        full = np.column_stack([np.zeros(len(self.codes), dtype=np.intp), self.codes])
        for one in range(full.shape[1]):
            for other in range(one, full.shape[1]):
                pair = np.bincount(full[:, one] * size + full[:, other], weights, size * size)
                found += pair
                if other > one:
                    found += pair.reshape(size, size).T.ravel()
        return found.reshape(size, size)[:-1, :-1]


def factor_codes(
    labels: Mapping[str, Sequence[str]], n: ArrayLike, fewest: int = FEWEST_ROWS
) -> Factors:
    """
    Number the levels of labels, small levels merged.

    Not for numbers: cut them into bands first and say where.

    Parameters
    ----------
    labels : mapping of str to sequence of str
        One sequence per label, with one level per cell.
    n : array_like of shape (n_cells,)
        Rows per cell.
    fewest : int
        Levels with fewer rows are merged into one, and into the most frequent level where even
        together they have fewer.

    Returns
    -------
    Factors
        The levels of each label, sorted, without the most frequent one.

    Raises
    ------
    ParameterError
        A sequence has not one level per cell.

    Examples
    --------
    >>> factor_codes({"topic": ["login", "billing", "login"]}, [80, 60, 10]).names
    ('topic=billing',)
    """
    rows = np.asarray(n, dtype=np.float64)
    columns, names, merged = [], [], {}
    for label, values in labels.items():
        levels, place = np.unique(np.asarray(list(values), dtype=str), return_inverse=True)
        if place.size != rows.size:
            raise ParameterError(f"labels[{label!r}] has {place.size} values, not {rows.size}.")
        counts = np.bincount(place, rows, levels.size)
        small = counts < fewest
        merged[label] = tuple(str(level) for level in levels[small])
        largest = int(np.argmax(counts))
        number = np.full(levels.size, -1)
        for at in np.flatnonzero(~small):
            if at != largest:
                names.append(f"{label}={levels[at]}")
                number[at] = len(names)
        if counts[small].sum() >= fewest and not small[largest]:
            names.append(f"{label}=(small)")
            number[small] = len(names)
        columns.append(number[place])
    size = len(names) + 1
    codes = np.column_stack(columns) if columns else np.zeros((rows.size, 0), dtype=np.intp)
    codes = np.where(codes < 0, size, codes).astype(np.intp)
    return Factors(codes, size, tuple(names), merged)


def fit_factor_logistic(factors: Factors, n: FloatArray, hits: FloatArray) -> FloatArray:
    """
    Fit the log odds of cells by penalised maximum likelihood.

    Not for coefficients that somebody reads: they are drawn a little towards 0. For fitted chances.

    Parameters
    ----------
    factors : Factors
        The cells.
    n, hits : numpy.ndarray of shape (n_cells,)
        Rows, and rows with the event; fractions are allowed.

    Returns
    -------
    numpy.ndarray of shape (n_cells,)
        Fitted chances.

    Notes
    -----
    Newton steps, halved where the penalised likelihood would fall; normal prior of standard
    deviation 2.5 on each coefficient but the intercept.

    Examples
    --------
    >>> import numpy as np
    >>> cells = factor_codes({"x": ["a", "b"]}, [400, 400])
    >>> fit_factor_logistic(cells, np.array([400.0, 400.0]), np.array([100.0, 200.0])).round(2)
    array([0.25, 0.5 ])
    """
    penalty = np.full(factors.n_columns, PRIOR_SD**-2)
    penalty[0] = 0.0
    share = (hits.sum() + 0.5) / (n.sum() + 1.0)
    found = np.zeros(factors.n_columns)
    found[0] = np.log(share / (1.0 - share))
    value, linear = _value(factors, n, hits, found, penalty)
    for _ in range(MOST_STEPS):
        chance = expit(linear)
        slope = factors.totals(hits - n * chance) - penalty * found
        curve = factors.products(n * chance * (1.0 - chance)) + np.diag(penalty)
        curve[0, 0] += 1e-9
        step, size, moved = np.linalg.solve(curve, slope), 1.0, 0.0
        while size > 1e-6:
            tried = found + size * step
            better, line = _value(factors, n, hits, tried, penalty)
            if better >= value:
                moved = float(np.max(np.abs(size * step)))
                found, value, linear = tried, better, line
                break
            size /= 2.0
        if moved < CLOSE_ENOUGH:
            break
    chances: FloatArray = expit(linear)
    return chances


def fit_factor_means(factors: Factors, n: FloatArray, total: FloatArray) -> FloatArray:
    """
    Fit the means of cells by least squares.

    Parameters
    ----------
    factors : Factors
        The cells.
    n, total : numpy.ndarray of shape (n_cells,)
        Rows, and their sum.

    Returns
    -------
    numpy.ndarray of shape (n_cells,)
        Fitted means.

    Examples
    --------
    >>> import numpy as np
    >>> cells = factor_codes({"x": ["a", "b"]}, [90, 80])
    >>> fit_factor_means(cells, np.array([90.0, 80.0]), np.array([90.0, 160.0])).round(6)
    array([1., 2.])
    """
    found: FloatArray = np.linalg.lstsq(factors.products(n), factors.totals(total), rcond=1e-10)[
        0
    ].astype(np.float64)
    return factors.linear(found)


def fit_shares(factors: Factors, counts: FloatArray) -> FloatArray:
    """
    Fit the chance of each kind in each cell by penalised multinomial logistic regression.

    Not for coefficients that somebody reads. For generalised propensities.

    Parameters
    ----------
    factors : Factors
        The cells.
    counts : numpy.ndarray of shape (n_cells, n_kinds)
        Rows of each kind.

    Returns
    -------
    numpy.ndarray of shape (n_cells, n_kinds)
        Fitted chances; they add up to 1 in each cell.

    Notes
    -----
    Newton steps on the log odds of each kind against the most frequent, with the same prior as
    `fit_factor_logistic`.

    Examples
    --------
    >>> import numpy as np
    >>> cells = factor_codes({"x": ["a", "b"]}, [400, 400])
    >>> fit_shares(cells, np.array([[300.0, 100.0], [200.0, 200.0]])).round(2)
    array([[0.75, 0.25],
           [0.5 , 0.5 ]])
    """
    n = counts.sum(axis=1)
    base = int(np.argmax(counts.sum(axis=0)))
    others = [place for place in range(counts.shape[1]) if place != base]
    p, k = factors.n_columns, len(others)
    penalty = np.tile(np.r_[1e-9, np.full(p - 1, PRIOR_SD**-2)], k)
    found = np.zeros((p, k))
    whole = counts.sum(axis=0) + 0.5
    found[0] = np.log(whole[others] / whole[base])
    value, chance = _shares_value(factors, counts, found, penalty, base, others)
    for _ in range(MOST_STEPS):
        slope = np.concatenate(
            [factors.totals(counts[:, kind] - n * chance[:, kind]) for kind in others]
        )
        slope -= penalty * found.T.ravel()
        curve = _shares_curve(factors, n, chance[:, others]) + np.diag(penalty)
        step, size, moved = np.linalg.solve(curve, slope).reshape(k, p).T, 1.0, 0.0
        while size > 1e-6:
            tried = found + size * step
            better, fitted = _shares_value(factors, counts, tried, penalty, base, others)
            if better >= value:
                moved = float(np.max(np.abs(size * step)))
                found, value, chance = tried, better, fitted
                break
            size /= 2.0
        if moved < CLOSE_ENOUGH:
            break
    return chance


def _value(
    factors: Factors, n: FloatArray, hits: FloatArray, at: FloatArray, penalty: FloatArray
) -> tuple[float, FloatArray]:
    linear = factors.linear(at)
    fit = hits @ linear - n @ np.logaddexp(0.0, linear)
    return float(fit - 0.5 * penalty @ at**2), linear


def _shares_value(
    factors: Factors,
    counts: FloatArray,
    at: FloatArray,
    penalty: FloatArray,
    base: int,
    others: list[int],
) -> tuple[float, FloatArray]:
    linear = np.zeros(counts.shape)
    linear[:, others] = factors.linear(at)
    chance: FloatArray = softmax(linear, axis=1)
    fit = float(np.sum(counts * np.log(np.maximum(chance, 1e-300))))
    return fit - 0.5 * float(penalty @ at.T.ravel() ** 2), chance


def _shares_curve(factors: Factors, n: FloatArray, chance: FloatArray) -> FloatArray:
    p, k = factors.n_columns, chance.shape[1]
    found = np.zeros((k * p, k * p))
    for one in range(k):
        for other in range(one, k):
            same = chance[:, one] * (float(one == other) - chance[:, other])
            block = factors.products(n * same)
            found[one * p : (one + 1) * p, other * p : (other + 1) * p] = block
            found[other * p : (other + 1) * p, one * p : (one + 1) * p] = block
    return found
