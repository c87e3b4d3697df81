"""Change per month of a monthly series, with autocorrelation and season taken into account."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from supportlab.errors import NotEstimable, ParameterError, listed
from supportlab.stats.interval import Contrast, FloatArray, aligned, normal_quantile
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["Trend", "linear_trend"]

# Below a year, season and trend cannot be told apart and autocorrelation cannot be judged.
MIN_MONTHS = 12
# Month-of-year terms need every month twice.
SEASON_MONTHS = 24
# Lag-1 correlations averaged over, and their prior weight. Chosen by simulation: with it the false
# alarms of 12 to 60 months at a correlation of 0.4 are 4 to 6 %; a flat prior from 0 gives 2 %, one
# that ends at 0.6 gives 12 % where the truth is 0.6.
CORRELATIONS = np.linspace(-0.5, 0.9, 15)
PRIOR = np.sqrt(1.0 - CORRELATIONS**2)


@dataclass(frozen=True)
class Trend(Contrast):
    """
    Change per month with its interval and p value.

    Parameters
    ----------
    estimate, low, high, level, n, n_clusters, method, design_effect, df, p_value
        As in `Contrast`; ``n`` is the number of months.
    autocorrelation : float
        Correlation of neighbouring months around the trend, averaged over its uncertainty.
    is_seasonal : bool
        Month-of-year terms are in the model.
    overdispersion : float or None
        Variance around the trend over the sampling variance that was given.
    fitted : tuple of float
        Fitted value per month, in the order given.
    """

    autocorrelation: float = 0.0
    is_seasonal: bool = False
    overdispersion: float | None = None
    fitted: tuple[float, ...] = ()


def linear_trend(
    months: Sequence[str],
    values: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    sampling_variance: ArrayLike | None = None,
    level: float = INTERVAL_LEVEL,
) -> Trend:
    """
    Estimate the change per month of a series of monthly rates or scores.

    Not for a series with a step in it (look for a shift instead), and not below two years where
    the season is strong: season then passes for trend.

    Parameters
    ----------
    months : sequence of str
        ISO months as ``2026-02``, each once, in any order; gaps are allowed.
    values : array_like of shape (n_months,)
        Rate or score per month.
    weights : array_like of shape (n_months,), optional
        Relative precision of the months; alike unless given.
    sampling_variance : array_like of shape (n_months,), optional
        Variance of each month's value from its number of rows. Weights are then one over this
        plus the variance between months, and over-dispersion is judged.
    level : float
        Coverage aimed at.

    Returns
    -------
    Trend
        Change per month, in the unit of the values.

    Raises
    ------
    NotEstimable
        Fewer than 12 months, or no variation around the trend.
    ParameterError
        A month that is not ISO or comes twice, arrays of different lengths, both weights and
        sampling variance, or one of them not above 0.

    Notes
    -----
    Generalised least squares with first-order autocorrelated errors; month-of-year terms from 24
    months on. The autocorrelation is not plugged in but averaged over its marginal (restricted)
    likelihood (Cooper and Thompson 1977) from -0.5 to 0.9, weighed by ``sqrt(1 - r**2)``, which
    simulation chose; the interval so carries its uncertainty, and each part has the t quantile of
    its degrees of freedom. With so few months this keeps the rate of false alarms where
    Newey-West errors do not (see the methods document). Beyond a correlation of 0.6 no method
    that was tried keeps it.

    Examples
    --------
    >>> months = [f"2025-{month:02d}" for month in range(1, 13)]
    >>> values = [70, 71, 71, 73, 72, 74, 75, 75, 77, 76, 78, 79]
    >>> found = linear_trend(months, values)
    >>> round(found.estimate, 2), found.p_value < 0.05
    (0.79, True)
    """
    number = _month_numbers(months)
    value, weight, sampling = _columns(number, values, weights, sampling_variance)
    if value.size < MIN_MONTHS:
        raise NotEstimable(
            f"{value.size} months came; a trend needs at least {MIN_MONTHS} to be told from "
            "season and carry-over."
        )
    normal_quantile(level)
    order = np.argsort(number)
    number, value, weight, sampling = number[order], value[order], weight[order], sampling[order]
    design, is_seasonal = _design(number)
    if sampling_variance is not None:
        weight = 1.0 / (sampling + _between(design, value, sampling))
    parts = _integrate(number, design, value, weight / weight.mean())
    back = np.argsort(order)
    return _trend(parts, design, value, sampling, level, is_seasonal, back, sampling_variance)


@dataclass(frozen=True)
class _Parts:
    slope: FloatArray
    error: FloatArray
    weight: FloatArray
    coefficients: FloatArray
    df: int


def _month_numbers(months: Sequence[str]) -> FloatArray:
    texts = [str(month) for month in months]
    wrong = [text for text in texts if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text)]
    if wrong:
        raise ParameterError(f"Not ISO months: {listed(wrong)}; write them as '2026-02'.")
    twice = sorted({text for text in texts if texts.count(text) > 1})
    if twice:
        raise ParameterError(f"Months that come more than once: {listed(twice)}.")
    return np.array([int(text[:4]) * 12 + int(text[5:]) - 1 for text in texts], dtype=np.float64)


def _columns(
    number: FloatArray,
    values: ArrayLike,
    weights: ArrayLike | None,
    sampling_variance: ArrayLike | None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    if weights is not None and sampling_variance is not None:
        raise ParameterError("Give weights or sampling_variance, not both.")
    ones = np.ones(number.size)
    columns = {"months": number, "values": values}
    columns["weights"] = ones if weights is None else weights
    columns["sampling_variance"] = ones if sampling_variance is None else sampling_variance
    _, value, weight, sampling = aligned(columns, min_zero=False)
    if np.any(weight <= 0) or np.any(sampling <= 0):
        raise ParameterError("weights and sampling_variance must be above 0 in every month.")
    return value, weight, sampling


def _design(number: FloatArray) -> tuple[FloatArray, bool]:
    trend = number - number.mean()
    columns = [np.ones(number.size), trend]
    of_year = number % 12
    is_seasonal = number.size >= SEASON_MONTHS
    if is_seasonal:
        columns += [(of_year == month).astype(float) for month in np.unique(of_year)[1:]]
    return np.column_stack(columns), is_seasonal


def _between(design: FloatArray, value: FloatArray, sampling: FloatArray) -> float:
    """Return the variance between months beyond sampling, by moments (DerSimonian and Laird)."""
    coefficients = np.linalg.lstsq(design, value, rcond=None)[0]
    residuals = value - design @ coefficients
    df = value.size - design.shape[1]
    hat = np.einsum("ij,ji->i", design, np.linalg.pinv(design))
    beyond = float(residuals @ residuals) - float((1.0 - hat) @ sampling)
    return float(max(beyond / df, 0.0))


def _integrate(
    number: FloatArray, design: FloatArray, value: FloatArray, weight: FloatArray
) -> _Parts:
    """Fit at every correlation at once, and weigh the fits by their restricted likelihood."""
    df = value.size - design.shape[1]
    distance = np.abs(number[:, None] - number[None, :])
    apart = np.where(distance > 0, distance, 1.0)
    correlation = np.where(distance > 0, CORRELATIONS[:, None, None] ** apart, 1.0)
    root = np.linalg.cholesky(correlation)
    scaled = np.sqrt(weight)[:, None] * np.column_stack([design, value])
    stacked = np.repeat(scaled[None, :, :], CORRELATIONS.size, axis=0)
    whitened = np.linalg.solve(root, stacked)
    # The triangle of the joint decomposition holds the coefficients and the residual at once.
    triangle = np.asarray(np.linalg.qr(whitened, mode="r"))
    inner, right, left = triangle[:, :-1, :-1], triangle[:, :-1, -1:], triangle[:, -1, -1] ** 2
    # Rounding of the solution leaves some units of machine precision of the values' own size.
    if np.any(left <= 1e-20 * np.sum(whitened[:, :, -1] ** 2, axis=1)):
        raise NotEstimable("The values lie on a straight line: there is no variation to go by.")
    inverse = np.linalg.inv(inner)
    coefficients = (inverse @ right)[:, :, 0]
    height = -_log_diagonal(root) - _log_diagonal(inner) - 0.5 * df * np.log(left)
    share = np.exp(height - height.max()) * PRIOR
    error = np.sqrt(left / df * np.sum(inverse[:, 1, :] ** 2, axis=1))
    return _Parts(coefficients[:, 1], error, share / share.sum(), coefficients, df)


def _log_diagonal(matrices: FloatArray) -> FloatArray:
    diagonals = np.diagonal(matrices, axis1=1, axis2=2)
    return np.asarray(np.log(np.abs(diagonals)).sum(axis=1))


def _trend(
    parts: _Parts,
    design: FloatArray,
    value: FloatArray,
    sampling: FloatArray,
    level: float,
    is_seasonal: bool,
    back: np.ndarray,
    sampling_variance: ArrayLike | None,
) -> Trend:
    tail = (1.0 - level) / 2.0
    below = float(parts.weight @ stdtr(parts.df, -parts.slope / parts.error))
    season = "month-of-year terms" if is_seasonal else "no season terms (under 24 months)"
    coefficients = parts.weight @ parts.coefficients
    residuals = value - design @ coefficients
    given = sampling_variance is not None
    return Trend(
        float(parts.slope @ parts.weight),
        _quantile(parts, tail),
        _quantile(parts, 1.0 - tail),
        level,
        int(value.size),
        None,
        f"linear trend, autocorrelation integrated, {season}",
        df=float(parts.df),
        p_value=min(1.0, 2.0 * min(below, 1.0 - below)),
        autocorrelation=float(parts.weight @ CORRELATIONS),
        is_seasonal=is_seasonal,
        overdispersion=_overdispersion(residuals, sampling, parts.df) if given else None,
        fitted=tuple((design @ coefficients)[back].tolist()),
    )


def _overdispersion(residuals: FloatArray, sampling: FloatArray, df: int) -> float:
    ratio: float = float(np.sum(residuals**2 / sampling)) / df
    return ratio


def _quantile(parts: _Parts, at: float) -> float:
    reach = 1e3 * float(parts.error.max())
    low, high = float(parts.slope.min()) - reach, float(parts.slope.max()) + reach
    # Seventy halvings reach machine precision from a bracket a thousand errors wide.
    for _ in range(70):
        middle = (low + high) / 2.0
        mass = float(parts.weight @ stdtr(parts.df, (middle - parts.slope) / parts.error))
        low, high = (middle, high) if mass < at else (low, middle)
    return (low + high) / 2.0
