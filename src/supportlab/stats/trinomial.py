"""Score limits of the difference of two shares of one trinomial."""

from __future__ import annotations

import numpy as np

__all__ = ["score_limits"]


def score_limits(up: float, down: float, n: float, quantile: float) -> tuple[float, float]:
    """
    Return the differences that a score test does not reject.

    Not for two shares of different samples.

    Parameters
    ----------
    up, down : float
        The two shares of one sample; their sum is at most 1.
    n : float
        Rows, also a fractional effective number.
    quantile : float
        Two-sided normal quantile.

    Returns
    -------
    tuple of float
        Low and high limit of ``up - down``, between -1 and 1.

    Notes
    -----
    Tango (1998): the variance is taken at the maximum-likelihood estimate under the difference
    that is tested, so limits stay inside -1 and 1 and have width also where all answers agree.

    Examples
    --------
    >>> low, high = score_limits(0.1, 0.2, 50, 1.959964)
    >>> round(low, 4), round(high, 4)
    (-0.2552, 0.0557)
    """
    high = _root(up, down, n, quantile)
    low = -_root(down, up, n, quantile)
    return low, high


def _root(up: float, down: float, n: float, quantile: float) -> float:
    """Return the largest difference not rejected; the statistic falls in the difference."""
    low, high = up - down, 1.0
    # Sixty halvings of an interval of length 2 reach machine precision.
    for _ in range(60):
        middle = (low + high) / 2.0
        distance = n * (middle - (up - down))
        inside = distance <= quantile * np.sqrt(n * _variance(up, down, middle))
        low, high = (middle, high) if inside else (low, middle)
    return low


def _variance(up: float, down: float, difference: float) -> float:
    b = -up - down + (2.0 - up + down) * difference
    c = -down * difference * (1.0 - difference)
    restricted = (np.sqrt(max(b * b - 8.0 * c, 0.0)) - b) / 4.0
    return float(max(2.0 * restricted + difference * (1.0 - difference), 0.0))
