"""Weights of answers by the chance of answering, from counts per cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.cell_models import fit_logistic
from supportlab.stats.interval import FloatArray, aligned

__all__ = ["ResponseWeights", "response_weights"]

# Fewer answers than this fit no model of answering beyond its mean.
FEWEST_ANSWERS = 50
# An answer stands for at most this many: one in fifty answers is where a single one would speak
# for a crowd that nobody heard.
MOST = 50.0


@dataclass(frozen=True)
class ResponseWeights:
    """
    How many of those asked one answer of each cell stands for.

    Parameters
    ----------
    weight : numpy.ndarray of shape (n_cells,)
        Asked per answer, at most 50; the weighted answers sum to about those asked.
    chance : numpy.ndarray of shape (n_cells,)
        Fitted chance of answering.
    share_trimmed : float
        Answers whose weight was cut.
    effective : float
        Answers of one weight that would be as good as these (Kish).
    n_answered : int
        Answers.
    """

    weight: FloatArray
    chance: FloatArray
    share_trimmed: float
    effective: float
    n_answered: int


def response_weights(
    design: ArrayLike, n_asked: ArrayLike, n_answered: ArrayLike
) -> ResponseWeights:
    """
    Weight answers by the inverse of the chance of answering.

    Not a cure where the answer itself decides about answering: among alike cases, those who answer
    must be like those who do not.

    Parameters
    ----------
    design : array_like of shape (n_cells, n_columns)
        What may go with answering, the outcome that drives it among it; see `design_columns`.
    n_asked, n_answered : array_like of shape (n_cells,)
        Who could answer and who did.

    Returns
    -------
    ResponseWeights
        One weight per cell.

    Raises
    ------
    NotEstimable
        There are fewer than 50 answers.
    ParameterError
        More answer than are asked.

    Notes
    -----
    Logistic regression on cells, weights ``1 / chance``, cut at 50 (Little and Rubin 2019, ch. 3).
    Taking the weights as known makes later intervals a little too wide, not too narrow (Lunceford
    and Davidian 2004).

    Examples
    --------
    >>> found = response_weights([[0.0], [1.0]], [1000, 1000], [500, 100])
    >>> found.weight.round(1).tolist()
    [2.0, 10.0]
    """
    asked, answered = aligned({"n_asked": n_asked, "n_answered": n_answered})
    if np.any(answered > asked):
        raise ParameterError("n_answered is above n_asked in some cell; it is a part of it.")
    if answered.sum() < FEWEST_ANSWERS:
        raise NotEstimable(
            f"There are {answered.sum():,.0f} answers; a model of who answers needs at least "
            f"{FEWEST_ANSWERS}."
        )
    matrix = np.asarray(design, dtype=np.float64).reshape(asked.size, -1)
    fit = fit_logistic(matrix, asked, answered)
    chance = expit(fit[0] + matrix @ fit[1:])
    weight = np.minimum(1.0 / np.maximum(chance, 1e-12), MOST)
    total, squares = float(answered @ weight), float(answered @ weight**2)
    return ResponseWeights(
        weight,
        chance,
        float(answered[chance < 1.0 / MOST].sum() / answered.sum()),
        total**2 / squares,
        round(float(answered.sum())),
    )
