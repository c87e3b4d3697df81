"""Likelihood of months at risk, by the linear predictor of their hazard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from supportlab.stats.interval import FloatArray

__all__ = ["LINKS", "Link", "Pieces", "pieces"]

Link = Literal["cloglog", "poisson"]
LINKS = ("cloglog", "poisson")
# Beyond these a month's hazard is nil or certain to double precision, and its slope with it.
LOWEST, HIGHEST = -60.0, 6.0


@dataclass(frozen=True)
class Pieces:
    """
    What each cell adds to the likelihood and to its slopes along the linear predictor.

    Parameters
    ----------
    log_likelihood : float
        Sum over the cells.
    score, weight : numpy.ndarray of shape (n_cells,)
        First derivative, and expected second derivative with its sign turned.
    """

    log_likelihood: float
    score: FloatArray
    weight: FloatArray


def pieces(linear: FloatArray, n: FloatArray, n_events: FloatArray, link: Link) -> Pieces:
    """
    Return log likelihood, score and information of cells.

    Not for a linear predictor far outside of what months can have: it is cut at -60 and 6.

    Parameters
    ----------
    linear : numpy.ndarray of shape (n_cells,)
        Logarithm of the hazard of a month.
    n, n_events : numpy.ndarray of shape (n_cells,)
        Customer-months and events.
    link : {"cloglog", "poisson"}
        Which model.

    Returns
    -------
    Pieces
        Sums and arrays.

    Notes
    -----
    ``cloglog``: a month with hazard ``h`` ends in the event with chance ``1 - exp(-h)``. The
    score of an event is ``h / (exp(h) - 1)``, which stays exact where ``h`` is tiny.

    Examples
    --------
    >>> import numpy as np
    >>> half = np.log(np.log(2.0))
    >>> part = pieces(np.array([half]), np.array([2.0]), np.array([1.0]), "cloglog")
    >>> round(part.log_likelihood, 4), abs(float(part.score[0])) < 1e-12
    (-1.3863, True)
    """
    hazard = np.exp(np.clip(linear, LOWEST, HIGHEST))
    if link == "poisson":
        expected = n * hazard
        likelihood = float(n_events @ np.log(hazard) - expected.sum())
        return Pieces(likelihood, n_events - expected, expected)
    grown = np.expm1(hazard)
    of_event = hazard / grown
    survived = n - n_events
    # log(1 - exp(-h)) is log(exp(h) - 1) - h.
    likelihood = float(n_events @ (np.log(grown) - hazard) - survived @ hazard)
    return Pieces(likelihood, n_events * of_event - survived * hazard, n * hazard * of_event)
