"""From the coefficients of a binary regression to ratios that people can read."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import NotEstimable
from supportlab.stats.binary_cells import BinaryFit
from supportlab.stats.interval import Contrast, FloatArray, student_contrast
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["coefficient_ratio", "standardised_risk_ratio"]


def coefficient_ratio(fit: BinaryFit, place: int, level: float = INTERVAL_LEVEL) -> Contrast:
    """
    Return the odds ratio, or for ``cloglog`` the hazard ratio, of one column.

    Not a ratio of risks: an odds ratio is further from 1 wherever the event is not rare.

    Parameters
    ----------
    fit : BinaryFit
        The regression.
    place : int
        Position of the column.
    level : float
        Coverage aimed at.

    Returns
    -------
    Contrast
        Per unit of the column; ``p_value`` is against 1.

    Examples
    --------
    >>> from supportlab.stats.binary_cells import fit_binary
    >>> fit = fit_binary([[1, 0], [1, 1]], [100, 100], [20, 40])
    >>> round(coefficient_ratio(fit, 1).estimate, 2)
    2.67
    """
    centre, error = float(fit.coefficients[place]), float(np.sqrt(fit.covariance[place, place]))
    name = "odds ratio" if fit.link == "logit" else "hazard ratio"
    whose = "clustered" if fit.n_clusters is not None else "robust"
    return _ratio(fit, centre, error, level, f"{name}, {fit.link} on cells, {whose}")


def standardised_risk_ratio(
    fit: BinaryFit,
    design: ArrayLike,
    reference: ArrayLike,
    n: ArrayLike,
    level: float = INTERVAL_LEVEL,
) -> Contrast:
    """
    Compute the ratio of mean risks had all rows one level, against another, of a column.

    Not the effect of changing it: only what the regression says of rows that are alike otherwise.

    Parameters
    ----------
    fit : BinaryFit
        The regression.
    design, reference : array_like of shape (n_cells, n_columns)
        The design with all rows set to the one level, and to the other.
    n : array_like of shape (n_cells,)
        Rows per cell, over which is averaged.
    level : float
        Coverage aimed at.

    Returns
    -------
    Contrast
        Ratio of the two mean risks; ``p_value`` is against 1.

    Raises
    ------
    NotEstimable
        One of the mean risks is 0.

    Notes
    -----
    Regression standardisation (Lane and Nelder 1982), interval by the delta method on the log
    scale, the mix of the rows taken as given.

    Examples
    --------
    >>> from supportlab.stats.binary_cells import fit_binary
    >>> fit = fit_binary([[1, 0], [1, 1]], [100, 100], [20, 40])
    >>> found = standardised_risk_ratio(fit, [[1, 1], [1, 1]], [[1, 0], [1, 0]], [100, 100])
    >>> round(found.estimate, 6)
    2.0
    """
    weight = np.asarray(n, dtype=np.float64)
    first, first_slope = _mean_risk(fit, np.asarray(design, dtype=np.float64), weight)
    second, second_slope = _mean_risk(fit, np.asarray(reference, dtype=np.float64), weight)
    if not (first > 0 and second > 0):
        raise NotEstimable("A mean risk is 0, so there is no ratio.")
    slope = first_slope / first - second_slope / second
    error = float(np.sqrt(slope @ fit.covariance @ slope))
    centre = float(np.log(first / second))
    return _ratio(fit, centre, error, level, "risk ratio, standardised")


def _mean_risk(fit: BinaryFit, design: FloatArray, n: FloatArray) -> tuple[float, FloatArray]:
    risk = fit.probability(design)
    # d risk / d linear: for cloglog the survivors times the hazard.
    slope = risk * (1 - risk) if fit.link == "logit" else -(1 - risk) * np.log1p(-risk)
    total = float(n.sum())
    return float(n @ risk) / total, np.asarray((n * slope) @ design / total)


def _ratio(fit: BinaryFit, centre: float, error: float, level: float, method: str) -> Contrast:
    sizes = fit.n, fit.n_clusters
    return student_contrast(centre, error, fit.df, sizes, method, level, is_ratio=True)
