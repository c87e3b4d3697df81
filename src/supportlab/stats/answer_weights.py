"""Weights that let those who answered speak for all, and what estimating them adds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from supportlab.errors import NotEstimable
from supportlab.stats.binary_cells import cluster_codes, cluster_totals
from supportlab.stats.cell_models import PRIOR_SD, fit_logistic
from supportlab.stats.interval import FloatArray, aligned, counts

__all__ = ["AnswerWeights", "answer_weights", "linear_bounds"]

# A row that speaks for more than ten times as many as the mean row is a row that hardly anybody
# resembles; beyond that its weight is cut, and the share that was cut is said.
LARGEST_WEIGHT = 10.0
FEWEST_ANSWERS = 50


@dataclass(frozen=True)
class AnswerWeights:
    """
    Inverse chances of answering, with mean 1 over the answers.

    Parameters
    ----------
    weight : numpy.ndarray of shape (n_cells,)
        Weight of each answer of a cell.
    chance : numpy.ndarray of shape (n_cells,)
        Fitted chance that a row of the cell is answered.
    n, n_answered : numpy.ndarray of shape (n_cells,)
        As given.
    share_cut : float
        Share of answers whose weight was cut.
    effective_n : float
        Answers of equal weight that would tell a mean as well.
    """

    weight: FloatArray
    chance: FloatArray
    n: FloatArray
    n_answered: FloatArray
    share_cut: float
    effective_n: float
    _full: FloatArray
    _covariance: FloatArray

    def scores(self, columns: ArrayLike, residual: ArrayLike, cluster: ArrayLike) -> FloatArray:
        """
        Return what the estimation of the weights adds to a regression's scores, by cluster.

        Parameters
        ----------
        columns : array_like of shape (n_cells, n_columns)
            The regression's columns, the intercept among them.
        residual : array_like of shape (n_cells,)
            Sum over a cell's answers of outcome less fitted value, not weighted.
        cluster : array_like of shape (n_cells,)
            Cluster of each cell.

        Returns
        -------
        numpy.ndarray of shape (n_clusters, n_columns)
            In the sorted order of the clusters; for ``extra_scores`` of `fit_linear`.

        Notes
        -----
        The weights' model is a second set of estimating equations; its scores are projected on
        those of the regression (Newey and McFadden 1994). Ignoring it makes intervals too wide.
        """
        matrix, rest = np.asarray(columns, dtype=np.float64), np.asarray(residual)
        moved = (matrix * (rest * self.weight * (1.0 - self.chance))[:, None]).T @ self._full
        surprise = self._full * (self.n_answered - self.n * self.chance)[:, None]
        codes = cluster_codes(cluster)
        return -cluster_totals(surprise, codes) @ self._covariance @ moved.T


def answer_weights(matrix: ArrayLike, n: ArrayLike, n_answered: ArrayLike) -> AnswerWeights:
    """
    Fit who answers and return the weights that make up for it.

    Not for reasons to answer that are not among the columns: see `linear_bounds` for those.

    Parameters
    ----------
    matrix : array_like of shape (n_cells, n_columns)
        What is known of answered and unanswered rows alike, without intercept.
    n, n_answered : array_like of shape (n_cells,)
        Rows, and those of them with an answer.

    Returns
    -------
    AnswerWeights
        The weights.

    Raises
    ------
    NotEstimable
        Too few answers to fit who answers.

    Examples
    --------
    >>> found = answer_weights([[0], [1]], [1000, 1000], [500, 250])
    >>> found.weight.round(2).tolist()
    [0.75, 1.5]
    """
    rows, answered = aligned({"n": n, "n_answered": n_answered})
    counts({"n_answered": answered}, rows)
    if answered.sum() < FEWEST_ANSWERS:
        raise NotEstimable(
            f"There are {answered.sum():.0f} answers; at least {FEWEST_ANSWERS} are needed."
        )
    columns = np.asarray(matrix, dtype=np.float64)
    found = fit_logistic(columns, rows, answered)
    chance = expit(found[0] + columns @ found[1:])
    full = np.column_stack([np.ones(rows.size), columns])
    curve = (full * (rows * chance * (1.0 - chance))[:, None]).T @ full
    curve[np.arange(1, len(curve)), np.arange(1, len(curve))] += PRIOR_SD**-2
    plain = 1.0 / np.maximum(chance, 1e-9)
    cap = LARGEST_WEIGHT * float(answered @ plain) / float(answered.sum())
    weight = np.minimum(plain, cap)
    weight = weight * float(answered.sum()) / float(answered @ weight)
    return AnswerWeights(
        weight,
        chance,
        rows,
        answered,
        float(answered[plain > cap].sum() / answered.sum()),
        float(answered @ weight) ** 2 / float(answered @ weight**2),
        full,
        np.linalg.inv(curve),
    )


def linear_bounds(
    design: ArrayLike,
    n: ArrayLike,
    n_answered: ArrayLike,
    total: ArrayLike,
    weights: ArrayLike,
    *,
    lowest: float = 0.0,
    highest: float = 1.0,
) -> tuple[float, float]:
    """
    Return how far the silent could move a regression coefficient over all rows.

    Not an interval: chance is not in it.

    Parameters
    ----------
    design : array_like of shape (n_cells, n_columns)
        Columns without intercept.
    n, n_answered, total : array_like of shape (n_cells,)
        Rows, answers, and the sum of the answers.
    weights : array_like of shape (n_columns,)
        The contrast of coefficients.
    lowest, highest : float
        What an answer can be at the least and the most.

    Returns
    -------
    tuple of float
        The coefficient if each silent row held what pulls it down most, and up most.

    Notes
    -----
    Horowitz and Manski (1998), for a linear projection: a coefficient is a weighted sum of the
    outcomes, so that the worst case is known row by row.

    Examples
    --------
    >>> low, high = linear_bounds([[0], [1]], [100, 100], [50, 50], [20, 30], [1])
    >>> round(low, 2), round(high, 2)
    (-0.4, 0.6)
    """
    rows, answered = aligned({"n": n, "n_answered": n_answered})
    sums = aligned({"total": total, "n": n}, min_zero=False)[0]
    columns = np.column_stack([np.ones(rows.size), np.asarray(design, dtype=np.float64)])
    chosen = np.concatenate([[0.0], np.asarray(weights, dtype=np.float64)])
    gram = (columns * rows[:, None]).T @ columns
    pull = columns @ (np.linalg.pinv(gram, hermitian=True) @ chosen)
    known, silent = float(pull @ sums), (rows - answered) * pull
    up, down = float(silent[silent > 0].sum()), float(silent[silent < 0].sum())
    return known + lowest * up + highest * down, known + highest * up + lowest * down
