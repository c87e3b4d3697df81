"""The models that a search for shifts weighs: over-dispersion, carry-over and season, on a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from supportlab.stats.interval import FloatArray

__all__ = ["Model", "Scores", "models_of", "scores_of"]

# Variance between periods beyond sampling, in units of the sampling variance of a mean period.
BETWEEN = (0.0, 0.15, 0.5, 1.5, 5.0, 20.0)
# Carry-over of a period's deviation into the next.
CARRY_OVER = (0.0, 0.3, 0.6, 0.85)
# Variance of the months of the year around their mean, in the same units.
SEASON = (0.0, 0.3, 1.5, 10.0)
# Random walks pass for shifts: the prior weight falls towards them, as for the trend.
PRIOR_POWER = 0.5


@dataclass(frozen=True)
class Model:
    """
    One point of the grid, with what it makes of a series.

    Parameters
    ----------
    between, carry_over, season : float
        Variance between periods and of the months of the year; correlation of neighbours.
    root : numpy.ndarray of shape (n_periods, n_periods)
        Root of the covariance of what is not sampling, to draw from.
    precision : numpy.ndarray of shape (n_periods, n_periods)
        Inverse of the whole covariance.
    whitened : numpy.ndarray of shape (n_periods, n_periods)
        Turns a series into residuals of variance one around its base.
    steps : numpy.ndarray of shape (n_steps, n_periods)
        Turns a series into the z value of each step.
    lengths : numpy.ndarray of shape (n_steps,)
        One over the standard error of each step.
    height : float
        Log likelihood before the residuals, prior included.
    """

    between: float
    carry_over: float
    season: float
    root: FloatArray
    precision: FloatArray
    whitened: FloatArray
    steps: FloatArray
    lengths: FloatArray
    height: float


@dataclass(frozen=True)
class Scores:
    """
    What all models say of some series, one column a series.

    Parameters
    ----------
    base : numpy.ndarray of shape (n_models, n_series)
        Log likelihood without a step.
    z : numpy.ndarray of shape (n_models, n_steps, n_series)
        Z value of each step.
    """

    base: FloatArray
    z: FloatArray


def models_of(
    base: FloatArray,
    steps: FloatArray,
    sampling: FloatArray,
    place: FloatArray,
    of_year: FloatArray | None,
) -> list[Model]:
    """
    Set up the grid for the periods of one series.

    Parameters
    ----------
    base : numpy.ndarray of shape (n_periods, n_columns)
        What is fitted besides a step: the intercept, and steps that were found before.
    steps : numpy.ndarray of shape (n_periods, n_steps)
        Candidates, one column each.
    sampling : numpy.ndarray of shape (n_periods,)
        Variance of each period's value from its number of rows.
    place : numpy.ndarray of shape (n_periods,)
        Position of each period, so that gaps count.
    of_year : numpy.ndarray of shape (n_periods,) or None
        Month of the year; None leaves season out.

    Returns
    -------
    list of Model
        In the order of the grid.
    """
    unit = 1.0 / float(np.mean(1.0 / sampling))
    apart = np.abs(place[:, None] - place[None, :])
    same_month = None if of_year is None else (of_year[:, None] == of_year[None, :]) * 1.0
    found = []
    for season in SEASON if same_month is not None else SEASON[:1]:
        for between in BETWEEN:
            for carry in CARRY_OVER if between else CARRY_OVER[:1]:
                extra = between * unit * np.where(apart > 0, carry**apart, 1.0)
                if same_month is not None:
                    extra = extra + season * unit * same_month
                found.append(_model(base, steps, sampling, extra, (between, carry, season)))
    return found


def scores_of(models: list[Model], series: FloatArray) -> Scores:
    """
    Return what each model says of each series.

    Parameters
    ----------
    models : list of Model
        Of the same periods.
    series : numpy.ndarray of shape (n_periods, n_series)
        Values.

    Returns
    -------
    Scores
        Likelihoods and z values.
    """
    base = [item.height - 0.5 * np.sum((item.whitened @ series) ** 2, axis=0) for item in models]
    return Scores(np.array(base), np.array([item.steps @ series for item in models]))


def _model(
    base: FloatArray,
    steps: FloatArray,
    sampling: FloatArray,
    extra: FloatArray,
    point: tuple[float, float, float],
) -> Model:
    root = np.linalg.cholesky(extra + np.diag(sampling))
    columns = np.linalg.solve(root, np.column_stack([base, steps, np.eye(sampling.size)]))
    width = base.shape[1]
    inner, candidates, inverse = np.split(columns, [width, width + steps.shape[1]], axis=1)
    orthogonal, triangle = np.linalg.qr(inner)
    whitened = inverse - orthogonal @ (orthogonal.T @ inverse)
    candidates = candidates - orthogonal @ (orthogonal.T @ candidates)
    lengths = np.sqrt(np.sum(candidates**2, axis=0))
    # A step that the base already holds has no length left, and no z value.
    safe = np.where(lengths > 1e-8 * np.abs(root).max(), lengths, np.inf)
    height = -np.log(np.diagonal(root)).sum() - np.log(np.abs(np.diagonal(triangle))).sum()
    prior = PRIOR_POWER * np.log(1.0 - point[1] ** 2)
    values, vectors = np.linalg.eigh(extra)
    return Model(
        *point,
        vectors * np.sqrt(np.maximum(values, 0.0)),
        inverse.T @ inverse,
        whitened,
        (candidates / safe).T @ inverse,
        lengths,
        float(height + prior),
    )
