"""Date and size of a shift that was found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from supportlab.stats.interval import FloatArray
from supportlab.stats.shift_models import models_of, scores_of
from supportlab.stats.shift_series import ShiftSeries

__all__ = ["Shift", "measured_shift"]


@dataclass(frozen=True)
class Shift:
    """
    One sudden change.

    Parameters
    ----------
    place, place_low, place_high : int
        First period after the change, and the interval for it.
    estimate, low, high : float
        Size, in the unit of the share.
    p_value : float
        Against no change at that stage of the search.
    gain, trend_gain : float
        Log likelihood gained by the step, and by a straight line in its place.
    """

    place: int
    place_low: int
    place_high: int
    estimate: float
    low: float
    high: float
    p_value: float
    gain: float
    trend_gain: float


def measured_shift(
    series: ShiftSeries,
    places: list[int],
    at: int,
    p_value: float,
    gains: tuple[float, float],
    level: float,
) -> Shift:
    """
    Date and measure one shift, the others in the model.

    Parameters
    ----------
    series : ShiftSeries
        Where it was found.
    places : list of int
        All shifts.
    at : int
        Which of them.
    p_value : float
        Of the look that found it.
    gains : tuple of float
        Log likelihood that it gained there, and a straight line in its place.
    level : float
        Level of the intervals.

    Returns
    -------
    Shift
        Date and size, weighed over all places between the neighbours and all grid points.
    """
    others = [place for number, place in enumerate(places) if number != at]
    base = np.column_stack(
        [np.ones(series.value.size), *((series.place >= place) * 1.0 for place in others)]
    )
    models = models_of(base, series.steps(), series.sampling, series.place, series.of_year)
    scores = scores_of(models, series.value[:, None])
    low = max((place for place in others if place < places[at]), default=-1)
    high = min((place for place in others if place > places[at]), default=10**9)
    near = (series.candidates > low) & (series.candidates < high)
    z = scores.z[:, :-1, 0][:, near]
    height = scores.base + 0.5 * z**2
    weight = np.exp(height - height.max())
    weight /= weight.sum()
    error = 1.0 / np.array([model.lengths[:-1][near] for model in models])
    first, last = _place_range(weight.sum(axis=0), level)
    where = series.candidates[near]
    size = (z * error).ravel()
    tail = (1.0 - level) / 2.0
    flat, spread = weight.ravel(), error.ravel()
    return Shift(
        places[at],
        int(min(where[first], places[at])),
        int(max(where[last], places[at])),
        float(flat @ size),
        _quantile(size, spread, flat, tail),
        _quantile(size, spread, flat, 1.0 - tail),
        p_value,
        *gains,
    )


def _place_range(weight: FloatArray, level: float) -> tuple[int, int]:
    """Return the ends of the smallest set of places that holds the level."""
    order = np.argsort(-weight, kind="stable")
    inside = order[: int(np.searchsorted(np.cumsum(weight[order]), level)) + 1]
    return int(inside.min()), int(inside.max())


def _quantile(size: FloatArray, error: FloatArray, weight: FloatArray, at: float) -> float:
    matters = weight > 1e-9
    size, error, weight = size[matters], error[matters], weight[matters] / weight[matters].sum()
    low, high = float((size - 9 * error).min()), float((size + 9 * error).max())
    # Sixty halvings reach machine precision.
    for _ in range(60):
        middle = (low + high) / 2.0
        below = float(ndtr((middle - size) / error) @ weight)
        low, high = (middle, high) if below < at else (low, middle)
    return (low + high) / 2.0
