"""Effects of several groups pooled by random effects: the mean, the spread, the next group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, chdtri

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.stats.interval import Contrast, FloatArray, aligned, student_contrast, t_quantile
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["Pooled", "SpreadMethod", "pool_effects"]

SpreadMethod = Literal["reml", "paule_mandel", "dersimonian_laird"]
METHODS = ("reml", "paule_mandel", "dersimonian_laird")
# The search for a spread ends at this share of the largest variance that the effects could show.
PRECISION = 1e-12


@dataclass(frozen=True)
class Pooled:
    """
    Effects of groups under random effects.

    Parameters
    ----------
    interval : Contrast
        The mean effect over groups like these; ``n`` counts the groups.
    spread : float
        Standard deviation of the true effects between groups (tau).
    spread_low, spread_high : float
        Its interval.
    prediction_low, prediction_high : float or None
        Where the true effect of one more such group lies; None for two groups.
    q, q_p_value : float
        Cochran's Q, and its p value against one effect for all.
    i_squared : float
        Share of the variance of the estimates that is spread and not chance.
    weights : numpy.ndarray of shape (n_groups,)
        Weight of each group in the mean; they sum to 1.
    method : str
        How the spread was estimated.
    """

    interval: Contrast
    spread: float
    spread_low: float
    spread_high: float
    prediction_low: float | None
    prediction_high: float | None
    q: float
    q_p_value: float
    i_squared: float
    weights: FloatArray
    method: SpreadMethod


def pool_effects(
    estimate: ArrayLike,
    error: ArrayLike,
    *,
    method: SpreadMethod = "reml",
    level: float = INTERVAL_LEVEL,
) -> Pooled:
    """
    Pool independent estimates of one effect in several groups.

    Not for estimates that share rows, and not the effect over all rows: each group is one draw from
    the groups there might be, however many rows it has.

    Parameters
    ----------
    estimate : array_like of shape (n_groups,)
        Effects in one unit.
    error : array_like of shape (n_groups,)
        Their standard errors, above 0.
    method : {"reml", "paule_mandel", "dersimonian_laird"}
        Estimator of the spread.
    level : float
        Coverage aimed at.

    Returns
    -------
    Pooled
        Mean with interval, spread with interval, prediction interval, heterogeneity.

    Raises
    ------
    NotEstimable
        There are fewer than two groups.
    ParameterError
        An error is not above 0, or the method is unknown.

    Notes
    -----
    Restricted maximum likelihood (Viechtbauer 2005), Paule and Mandel (1982) or DerSimonian and
    Laird (1986). Interval of the mean by Hartung and Knapp (2001) with ``k - 1`` degrees of
    freedom; its variance is not let below that of the weights, which keeps a few estimates that
    are alike by chance from a false precision (Jackson et al. 2017). Spread: Q profile
    (Viechtbauer 2007). Prediction interval with ``k - 2`` degrees of freedom (Higgins, Thompson and
    Spiegelhalter 2009).

    Examples
    --------
    >>> found = pool_effects([0.04, 0.06, 0.09, 0.05], [0.01, 0.01, 0.02, 0.015])
    >>> round(found.interval.estimate, 3), round(found.spread, 3)
    (0.056, 0.011)
    """
    if method not in METHODS:
        raise ParameterError(f"method came as {method!r}. {did_you_mean(str(method), METHODS)}")
    effects, errors = _checked(estimate, error)
    variance = errors**2
    spread2 = _ESTIMATORS[method](effects, variance)
    weight = 1.0 / (variance + spread2)
    share = weight / weight.sum()
    mean = float(share @ effects)
    se = _standard_error(effects, weight, mean)
    q, q_p = _heterogeneity(effects, variance)
    low, high = _profile(effects, variance, level)
    prediction = _prediction(mean, se, spread2, effects.size, level)
    return Pooled(
        interval=_interval(mean, se, effects.size, level, method),
        spread=float(np.sqrt(spread2)),
        spread_low=float(np.sqrt(low)),
        spread_high=float(np.sqrt(high)),
        prediction_low=prediction[0],
        prediction_high=prediction[1],
        q=q,
        q_p_value=q_p,
        i_squared=spread2 / (spread2 + _typical(variance)),
        weights=share,
        method=method,
    )


def _checked(estimate: ArrayLike, error: ArrayLike) -> tuple[FloatArray, FloatArray]:
    effects, errors = aligned({"estimate": estimate, "error": error}, min_zero=False)
    if np.any(errors <= 0):
        raise ParameterError("error must be above 0 for every group; leave out those without one.")
    if effects.size < 2:
        raise NotEstimable(
            f"Pooling needs the effects of at least 2 groups; there are {effects.size}."
        )
    return effects, errors


def _standard_error(effects: FloatArray, weight: FloatArray, mean: float) -> float:
    total = float(weight.sum())
    scale = float(weight @ (effects - mean) ** 2) / (effects.size - 1)
    return float(np.sqrt(max(scale, 1.0) / total))


def _interval(mean: float, se: float, k: int, level: float, method: SpreadMethod) -> Contrast:
    words = f"random effects ({method.replace('_', '-')}), Hartung-Knapp"
    return student_contrast(mean, se, float(k - 1), (k, k), words, level)


def _prediction(
    mean: float, se: float, spread2: float, k: int, level: float
) -> tuple[float | None, float | None]:
    if k < 3:
        return None, None
    half = t_quantile(level, float(k - 2)) * float(np.sqrt(spread2 + se**2))
    return mean - half, mean + half


def _heterogeneity(effects: FloatArray, variance: FloatArray) -> tuple[float, float]:
    q = _q(effects, variance, 0.0)
    return q, float(chdtrc(effects.size - 1, q))


def _q(effects: FloatArray, variance: FloatArray, spread2: float) -> float:
    weight = 1.0 / (variance + spread2)
    mean = float(weight @ effects) / float(weight.sum())
    return float(weight @ (effects - mean) ** 2)


def _typical(variance: FloatArray) -> float:
    """Return the variance of a typical group (Higgins and Thompson 2002)."""
    weight = 1.0 / variance
    total = float(weight.sum())
    return float((variance.size - 1) * total / (total**2 - float(weight @ weight)))


def _falling_root(function: Callable[[float], float], top: float) -> float:
    """Return where a falling function crosses zero, 0 where it is below zero from the start."""
    if function(0.0) <= 0:
        return 0.0
    low, high = 0.0, top
    while function(high) > 0:
        low, high = high, high * 4.0
    while high - low > PRECISION * top:
        middle = (low + high) / 2.0
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2.0


def _top(effects: FloatArray, variance: FloatArray) -> float:
    return float(np.ptp(effects)) ** 2 + float(variance.max())


def _paule_mandel(effects: FloatArray, variance: FloatArray) -> float:
    df = effects.size - 1
    return _falling_root(partial(_excess, effects, variance, float(df)), _top(effects, variance))


def _dersimonian_laird(effects: FloatArray, variance: FloatArray) -> float:
    df = effects.size - 1
    excess = _q(effects, variance, 0.0) - df
    return max(0.0, excess / df * _typical(variance))


def _reml(effects: FloatArray, variance: FloatArray) -> float:
    """Return the maximum of the restricted likelihood, the highest where there are several."""

    def minus_twice(at: float) -> float:
        weight = 1.0 / (variance + at)
        total = float(weight.sum())
        return float(np.log(variance + at).sum()) + float(np.log(total)) + _q(effects, variance, at)

    from scipy.optimize import minimize_scalar

    top = _top(effects, variance)
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 4.0, 60) * top])
    best = int(np.argmin([minus_twice(float(at)) for at in grid]))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, grid.size - 1)])
    found = minimize_scalar(
        minus_twice, bounds=(low, high), method="bounded", options={"xatol": PRECISION * top}
    )
    at = float(found.x)
    return 0.0 if minus_twice(0.0) <= minus_twice(at) else at


def _profile(effects: FloatArray, variance: FloatArray, level: float) -> tuple[float, float]:
    df, top = effects.size - 1, _top(effects, variance)
    # chdtri inverts the upper tail: the larger quantile of Q belongs to the smaller spread.
    quantiles = (chdtri(df, (1.0 - level) / 2.0), chdtri(df, (1.0 + level) / 2.0))
    low, high = (
        _falling_root(partial(_excess, effects, variance, float(end)), top) for end in quantiles
    )
    return low, high


def _excess(effects: FloatArray, variance: FloatArray, over: float, spread2: float) -> float:
    return _q(effects, variance, spread2) - over


_ESTIMATORS: dict[SpreadMethod, Callable[[FloatArray, FloatArray], float]] = {
    "reml": _reml,
    "paule_mandel": _paule_mandel,
    "dersimonian_laird": _dersimonian_laird,
}
