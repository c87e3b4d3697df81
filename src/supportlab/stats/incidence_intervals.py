"""Intervals of cumulative incidence, at one time and along the curve."""

from __future__ import annotations

import numpy as np

from supportlab.errors import NotEstimable
from supportlab.stats.competing import Incidence
from supportlab.stats.interval import FloatArray, Interval, normal_quantile

__all__ = ["incidence_at", "incidence_band"]


def incidence_at(found: Incidence, time: float, level: float = 0.95) -> Interval:
    """
    Return the share that has ended by a cause up to a time, with its interval.

    Not beyond the longest observation.

    Parameters
    ----------
    found : Incidence
        From `cumulative_incidence`.
    time : float
        In the unit of the times.
    level : float
        Coverage aimed at.

    Returns
    -------
    Interval
        Share between 0 and 1; limits on the log(-log) scale.

    Raises
    ------
    NotEstimable
        Nobody was observed that long, or nobody had ended by the cause until then.

    Examples
    --------
    >>> from supportlab.stats.competing import cumulative_incidence
    >>> one = cumulative_incidence([0, 1, 2], [9, 0, 0], {"a": [0, 3, 0]}, [0, 0, 6])["a"]
    >>> round(incidence_at(one, 2).estimate, 3)
    0.333
    """
    place = int(np.searchsorted(found.times, time, side="right")) - 1
    if time > found.last_time:
        raise NotEstimable(
            f"Observation ends at {found.last_time:g}; nothing is known of {time:g}."
        )
    share = float(found.incidence[place]) if place >= 0 else 0.0
    if not 0.0 < share < 1.0:
        raise NotEstimable(
            f"Up to {time:g} nobody ended by {found.cause}, so there is no interval."
        )
    low, high = _limits(np.array([share]), np.array([found.variance[place]]), level)
    method = "Aalen-Johansen, log-log limits"
    return Interval(share, float(low[0]), float(high[0]), level, found.n, None, method, None, None)


def incidence_band(found: Incidence, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """
    Return the lower and upper limit of an incidence at each of its times.

    Parameters
    ----------
    found : Incidence
        From `cumulative_incidence`.
    level : float
        Coverage aimed at, at each time by itself.

    Returns
    -------
    tuple of numpy.ndarray
        Shares; 0 and 1 where nobody has ended by the cause yet.
    """
    return _limits(found.incidence, found.variance, level)


def _limits(share: FloatArray, variance: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    z = normal_quantile(level)
    inside = (share > 0) & (share < 1)
    safe = np.where(inside, share, 0.5)
    error = z * np.sqrt(variance) / np.abs(safe * np.log(safe))
    low, high = safe ** np.exp(error), safe ** np.exp(-error)
    return np.where(inside, low, 0.0), np.where(inside, high, 1.0)
