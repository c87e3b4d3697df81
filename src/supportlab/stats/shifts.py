"""Sudden changes in a series of shares: whether, when, and how large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from supportlab.errors import ParameterError
from supportlab.stats.interval import FloatArray, normal_quantile
from supportlab.stats.shift_models import Model, Scores, models_of, scores_of
from supportlab.stats.shift_series import ShiftSeries, shift_series
from supportlab.stats.shift_sizes import Shift, measured_shift
from supportlab.stats.threads import one_thread
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["Shift", "ShiftScan", "find_shifts"]

FALSE_ALARM = 0.05
# Chance by which a shift of the size that is called detectable would be found.
POWER = 0.80
# A step at the very end is a single period's outlier under another name.
FEWEST_PERIODS = 3
# Worlds without a shift that are drawn: a first look, and where that leaves doubt all of them.
FIRST_DRAWS = 199
# Once so many drawn worlds beat the data there is nothing left to decide (Besag and Clifford 1991).
ENOUGH_ABOVE = 20
# Two shifts in two years are a story; more are a trend cut in pieces.
MOST_SHIFTS = 3


@dataclass(frozen=True)
class ShiftScan:
    """
    A search for shifts in one series.

    Parameters
    ----------
    shifts : tuple of Shift
        In the order of time; empty where none beats the penalty.
    candidate : Shift
        The step that gains most, whether it beats the penalty or not.
    p_value : float
        Of the strongest candidate against a series without a shift.
    penalty : float
        Log likelihood that a step has to gain: drawn worlds without a shift gain more in
        ``false_alarm`` of the cases.
    false_alarm : float
        As asked.
    detectable : float
        Size of a step at the best place that would be found in four of five cases.
    overdispersion : float
        Variance between periods over that of sampling alone; 1 where sampling explains all.
    autocorrelation : float
        Carry-over of a period's deviation into the next, averaged over its uncertainty.
    is_seasonal : bool
        Months of the year are in the model.
    adjusted : numpy.ndarray of shape (n_periods,)
        Share at a fixed mix; nan in a period without rows.
    n : int
        Rows.
    n_draws : int
        Drawn worlds behind the p value.
    level : float
        Level of the intervals.
    """

    shifts: tuple[Shift, ...]
    candidate: Shift
    p_value: float
    penalty: float
    false_alarm: float
    detectable: float
    overdispersion: float
    autocorrelation: float
    is_seasonal: bool
    adjusted: FloatArray
    n: int
    n_draws: int
    level: float


def find_shifts(
    hits: ArrayLike,
    n: ArrayLike,
    expected: ArrayLike | None = None,
    *,
    of_year: ArrayLike | None = None,
    false_alarm: float = FALSE_ALARM,
    level: float = INTERVAL_LEVEL,
    draws: int = 1999,
    seed: int = 0,
    fewest_periods: int = FEWEST_PERIODS,
) -> ShiftScan:
    """
    Search a series of counts for sudden changes of its level, season and carry-over allowed for.

    Not for a slow drift, which `linear_trend` measures: a drift is found as a step in its middle,
    and ``trend_gain`` then exceeds ``gain``.

    Parameters
    ----------
    hits, n : array_like of shape (n_periods,)
        Rows with the property and all rows per period, in order, none left out; ``n`` may be 0.
    expected : array_like of shape (n_periods,), optional
        Rows with the property that the period's mix alone would bring at a level that does not
        change; the overall share unless given.
    of_year : array_like of int of shape (n_periods,), optional
        Month of the year of each period; season is left out unless given.
    false_alarm : float
        Chance of finding a shift in a series that has none.
    level : float
        Level of the intervals.
    draws : int
        Most worlds without a shift that are drawn.
    seed : int
        Of the drawing.
    fewest_periods : int
        Periods that lie before and after any shift.

    Returns
    -------
    ShiftScan
        Shifts with dates and sizes, and what the search could have found.

    Raises
    ------
    NotEstimable
        There is no place for a step, or the rows have the property all or never.
    ParameterError
        Arrays that do not fit each other, or a chance outside 0 and 1.

    Notes
    -----
    The adjusted share is the overall share plus ``(hits - expected) / n`` (indirect
    standardisation). Around its level it has sampling variance, a deviation of each period that
    carries over to the next (first-order autoregression) and one of each month of the year. Their
    variances are not plugged in but profiled over a grid, with a step at every place in turn; the
    search takes the step that gains most likelihood (a generalised likelihood ratio, as
    Andrews 1993 for an unknown break). Its penalty is the quantile of that gain in worlds
    without a shift drawn from the fitted model (parametric bootstrap), the grid point of each
    world drawn by its likelihood given the data. Found steps join the model and the search goes
    on. Date and size are weighed by likelihood over all places and grid points, so that the
    interval of the size knows that the date is uncertain. It does not know that only large
    changes are found: just above the penalty the size is too large.

    Examples
    --------
    >>> hits = [80, 79, 82, 81, 78, 80, 81, 79, 60, 62, 61, 59, 63, 60]
    >>> found = find_shifts(hits, [100] * 14, draws=199)
    >>> [(shift.place, round(shift.estimate, 2)) for shift in found.shifts]
    [(8, -0.19)]
    """
    if not 0.0 < false_alarm < 1.0:
        raise ParameterError(f"false_alarm came as {false_alarm!r}; give one between 0 and 1.")
    normal_quantile(level)
    with one_thread():
        series = shift_series(hits, n, expected, of_year, fewest_periods)
        return _search(series, false_alarm, level, draws, seed)


def _search(series: ShiftSeries, alarm: float, level: float, draws: int, seed: int) -> ShiftScan:
    rng = np.random.default_rng(seed)
    base = np.ones((series.value.size, 1))
    places: list[int] = []
    looks: list[_Look] = []
    while len(places) < MOST_SHIFTS:
        looks.append(_look(series, base, alarm, draws, rng))
        if looks[-1].p_value > alarm:
            break
        best = looks[-1].best
        places.append(int(series.candidates[best]))
        base = np.column_stack([base, series.steps()[:, best]])
    found = [
        measured_shift(series, places, at, looks[at].p_value, looks[at].gains, level)
        for at in range(len(places))
    ]
    first, last = looks[0], looks[-1]
    alone = measured_shift(
        series, [int(series.candidates[first.best])], 0, first.p_value, first.gains, level
    )
    carry, effect = _spread(last)
    return ShiftScan(
        tuple(sorted(found, key=lambda item: item.place)),
        alone,
        first.p_value,
        first.penalty,
        alarm,
        _detectable(last, first.penalty),
        effect,
        carry,
        series.of_year is not None,
        series.adjusted,
        int(series.n.sum()),
        first.n_draws,
        level,
    )


@dataclass(frozen=True)
class _Look:
    models: list[Model]
    scores: Scores
    best: int
    gain: float
    trend_gain: float
    p_value: float
    penalty: float
    n_draws: int
    weight: FloatArray

    @property
    def gains(self) -> tuple[float, float]:
        return self.gain, self.trend_gain


def _gains(scores: Scores) -> FloatArray:
    """Return what each step gains, each side with the grid point that suits it best."""
    without = scores.base.max(axis=0)
    most = np.full(scores.z.shape[1:], -np.inf)
    for base, z in zip(scores.base, scores.z, strict=True):
        np.maximum(most, base + 0.5 * z**2, out=most)
    return np.asarray(most - without)


def _look(
    series: ShiftSeries, base: FloatArray, alarm: float, draws: int, rng: np.random.Generator
) -> _Look:
    models = models_of(base, series.steps(), series.sampling, series.place, series.of_year)
    scores = scores_of(models, series.value[:, None])
    gains = _gains(scores)[:, 0]
    best = int(np.argmax(gains[:-1]))
    weight = _weights(scores)
    drawn = _drawn(series, base, models, weight, min(draws, FIRST_DRAWS), rng)
    if (drawn >= gains[best]).sum() < ENOUGH_ABOVE and draws > FIRST_DRAWS:
        more = _drawn(series, base, models, weight, draws - FIRST_DRAWS, rng)
        drawn = np.concatenate([drawn, more])
    p_value = float((1 + (drawn >= gains[best]).sum()) / (1 + drawn.size))
    penalty = float(np.quantile(drawn, 1.0 - alarm))
    return _Look(
        models,
        scores,
        best,
        float(gains[best]),
        float(gains[-1]),
        p_value,
        penalty,
        drawn.size,
        weight,
    )


def _weights(scores: Scores) -> FloatArray:
    """Return how likely each grid point is, a step allowed anywhere."""
    height = scores.base[:, 0] + logsumexp(0.5 * scores.z[:, :-1, 0] ** 2, axis=1)
    share = np.exp(height - height.max())
    return np.asarray(share / share.sum())


def _drawn(
    series: ShiftSeries,
    base: FloatArray,
    models: list[Model],
    weight: FloatArray,
    count: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Return the greatest gains in worlds without a further shift."""
    counts = rng.multinomial(count, weight)
    worlds = []
    for model, times in zip(models, counts, strict=True):
        if times:
            level = series.value - _residual(model, series, base)
            noise = model.root @ rng.standard_normal((series.value.size, times))
            chance = np.clip(series.chance[:, None] + level[:, None] + noise, 0.005, 0.995)
            hits = rng.binomial(series.n[:, None].astype(np.int64), chance)
            worlds.append(hits / series.n[:, None] - series.chance[:, None])
    gains = _gains(scores_of(models, np.column_stack(worlds)))
    return np.asarray(gains[:-1].max(axis=0))


def _residual(model: Model, series: ShiftSeries, base: FloatArray) -> FloatArray:
    """Return the values less what the base alone explains."""
    weight = model.precision
    fitted = np.linalg.solve(base.T @ weight @ base, base.T @ weight @ series.value)
    return np.asarray(series.value - base @ fitted)


def _spread(look: _Look) -> tuple[float, float]:
    between = float(look.weight @ [model.between for model in look.models])
    carry = float(look.weight @ [model.carry_over * (model.between > 0) for model in look.models])
    return carry, 1.0 + between


def _detectable(look: _Look, penalty: float) -> float:
    error = float(look.weight @ [1.0 / model.lengths[:-1].max() for model in look.models])
    return (float(np.sqrt(2.0 * penalty)) + normal_quantile(2 * POWER - 1)) * error
