"""Quantiles of a survival curve and survival at a time, with their intervals."""

from __future__ import annotations

import numpy as np

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.interval import FloatArray, Interval, normal_quantile, t_quantile
from supportlab.stats.intervals import wilson_limits
from supportlab.stats.survival import KaplanMeier
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["survival_at", "survival_band", "survival_quantile"]

# A product of many factors ends some units of machine precision off the round share.
ROUNDING = 1e-12


def survival_quantile(
    curve: KaplanMeier, share: float = 0.5, level: float = INTERVAL_LEVEL
) -> Interval:
    """
    Return the time by which a share of the cases has ended, with its interval.

    Not a mean, and not to be read for a share that few cases could reach before the end of
    observation.

    Parameters
    ----------
    curve : KaplanMeier
        From `kaplan_meier`.
    share : float
        Share that has ended, 0.5 for the median, 0.9 for the time within which nine in ten end.
    level : float
        Coverage aimed at.

    Returns
    -------
    Interval
        Time in the unit of the durations; ``high`` is None where the upper limit lies beyond the
        observed times.

    Raises
    ------
    NotEstimable
        The share is not reached within the observed times; the message gives the lower limit.
    ParameterError
        ``share`` is not between 0 and 1.

    Notes
    -----
    Brookmeyer and Crowley (1982): all times at which the band of survival, on the log(-log)
    scale, holds ``1 - share``.

    Examples
    --------
    >>> from supportlab.stats import kaplan_meier
    >>> found = survival_quantile(kaplan_meier(range(1, 20), [1] * 19, [0] * 19))
    >>> found.estimate, found.low, found.high
    (10.0, 5.0, 14.0)
    """
    if not 0.0 < share < 1.0:
        raise ParameterError(f"share came as {share!r}; give one between 0 and 1, as 0.5.")
    goal = 1.0 - share
    lower, upper = survival_band(curve, level)
    low = _first(curve.times, lower <= goal + ROUNDING)
    estimate = _first(curve.times, curve.survival <= goal + ROUNDING)
    if estimate is None:
        least = f" With {level:.0%} confidence it is at least {low:g}." if low is not None else ""
        raise NotEstimable(
            f"Only {1.0 - curve.survival[-1]:.1%} of {curve.n:,} rows are known to end within "
            f"{curve.last_time:g}; the {share:.0%} quantile lies beyond.{least}"
        )
    high = _first(curve.times, (upper <= goal + ROUNDING) & (curve.survival > 0))
    method = "Kaplan-Meier, log-log limits" + _clustered(curve)
    return Interval(
        estimate,
        low,
        high,
        level,
        curve.n,
        curve.n_clusters,
        method,
        curve.design_effect,
        _df(curve),
    )


def survival_at(curve: KaplanMeier, time: float, level: float = INTERVAL_LEVEL) -> Interval:
    """
    Return the share still open after a time, with its interval.

    Not beyond the longest observation, where the curve says nothing.

    Parameters
    ----------
    curve : KaplanMeier
        From `kaplan_meier`.
    time : float
        In the unit of the durations.
    level : float
        Coverage aimed at.

    Returns
    -------
    Interval
        Share between 0 and 1.

    Raises
    ------
    NotEstimable
        Nobody was observed that long, while some cases were still open.
    ParameterError
        The time is negative.

    Notes
    -----
    Log(-log) limits (Kalbfleisch and Prentice 1980). Where the curve is still 1 or already 0 they
    do not exist; Wilson's limits at the number then at risk stand in, over the design effect.

    Examples
    --------
    >>> from supportlab.stats import kaplan_meier
    >>> curve = kaplan_meier([6, 7, 10, 13], [1, 1, 1, 0], [0, 0, 1, 1])
    >>> round(survival_at(curve, 8).estimate, 3)
    0.6
    """
    if not time >= 0:
        raise ParameterError(f"time came as {time!r}; give one of 0 or more.")
    place = int(np.searchsorted(curve.times, time, side="right")) - 1
    ended = curve.survival[-1] <= 0.0
    if time > curve.last_time and not ended:
        raise NotEstimable(
            f"Observation ends at {curve.last_time:g}; nothing is known about {time:g}."
        )
    share = float(curve.survival[place]) if place >= 0 else 1.0
    low, high = _limits(curve, place, share, level)
    method = "Kaplan-Meier, log-log limits" + _clustered(curve)
    return Interval(
        share, low, high, level, curve.n, curve.n_clusters, method, curve.design_effect, _df(curve)
    )


def survival_band(
    curve: KaplanMeier, level: float = INTERVAL_LEVEL
) -> tuple[FloatArray, FloatArray]:
    """
    Return the pointwise limits of survival at the curve's times.

    Not a simultaneous band: the whole true curve lies inside less often than the level says.

    Parameters
    ----------
    curve : KaplanMeier
        From `kaplan_meier`.
    level : float
        Coverage aimed at, at each time.

    Returns
    -------
    tuple of numpy.ndarray of shape (n_times,)
        Lower and upper limit, between 0 and 1; 0 and 0 where survival is 0.

    Notes
    -----
    ``S ** exp(±q * se / log S)``, the log(-log) transform of Kalbfleisch and Prentice (1980), with
    the t quantile of the cluster degrees of freedom.

    Examples
    --------
    >>> from supportlab.stats import kaplan_meier
    >>> curve = kaplan_meier([6, 7, 10, 13], [1, 1, 1, 0], [0, 0, 1, 1])
    >>> survival_band(curve)[0].round(3).tolist()
    [0.204, 0.126, 0.052]
    """
    lower, upper = np.zeros(curve.times.size), np.zeros(curve.times.size)
    alive = curve.survival > 0
    log_survival = np.log(curve.survival[alive])
    # Never narrower than for independent rows: less is noise of few clusters.
    robust = t_quantile(level, curve.df) ** 2 * curve.variance[alive]
    plain = normal_quantile(level) ** 2 * curve.independent_variance[alive]
    shift = np.sqrt(np.maximum(robust, plain)) / -log_survival
    lower[alive] = np.exp(log_survival * np.exp(shift))
    upper[alive] = np.exp(log_survival * np.exp(-shift))
    return lower, upper


def _limits(curve: KaplanMeier, place: int, share: float, level: float) -> tuple[float, float]:
    if 0.0 < share < 1.0:
        lower, upper = survival_band(curve, level)
        return float(lower[place]), float(upper[place])
    at_risk = float(curve.n_at_risk[max(place, 0)])
    size = at_risk / (curve.design_effect or 1.0)
    return wilson_limits(share, size, t_quantile(level, curve.df))


def _first(times: FloatArray, reached: np.ndarray) -> float | None:
    found = np.flatnonzero(reached)
    return float(times[found[0]]) if found.size else None


def _clustered(curve: KaplanMeier) -> str:
    return "" if curve.n_clusters is None else ", cluster-robust"


def _df(curve: KaplanMeier) -> float | None:
    return curve.df if np.isfinite(curve.df) else None
