"""Rates of counts, over-dispersion respected."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaincinv

from supportlab.errors import NotEstimable
from supportlab.stats.interval import Interval, aligned, normal_quantile, refuse_empty, t_quantile
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["count_rate"]


def count_rate(n_events: ArrayLike, exposure: ArrayLike, level: float = INTERVAL_LEVEL) -> Interval:
    """
    Compute a rate of counts, as tickets per thousand customers, over several periods or groups.

    Not for shares of rows (a ticket that could or could not be reopened): `clustered_proportion`.

    Parameters
    ----------
    n_events, exposure : array_like of shape (n_cells,)
        Count and exposure (customers, days, payments) of each period or group.
    level : float
        Coverage aimed at.

    Returns
    -------
    Interval
        Events per unit of exposure; ``design_effect`` is the over-dispersion.

    Raises
    ------
    NotEstimable
        There is no exposure, or one cell only.
    ParameterError
        Arrays that do not fit each other.

    Notes
    -----
    Quasi-Poisson: the gamma (exact Poisson) limits of Garwood (1936) on counts divided by the
    Pearson dispersion (Wedderburn 1974) times the squared ratio of the t to the normal quantile,
    never below 1. Assumes cells that are independent of each other.

    Examples
    --------
    >>> found = count_rate([10, 14, 7, 11], [1000, 1000, 1000, 1000])
    >>> round(1000 * found.estimate, 1), round(1000 * found.low, 1), round(1000 * found.high, 1)
    (10.5, 6.4, 16.2)
    """
    events, over = aligned({"n_events": n_events, "exposure": exposure})
    events, over = events[over > 0], over[over > 0]
    refuse_empty(over.sum(), "units of exposure")
    if over.size < 2:
        raise NotEstimable("There is one cell; over-dispersion needs at least 2 to be seen.")
    rate = float(events.sum() / over.sum())
    df = float(over.size - 1)
    expected = rate * over
    pearson = float(np.sum((events - expected) ** 2 / expected)) / df if rate > 0 else 1.0
    widening = (t_quantile(level, df) / normal_quantile(level)) ** 2
    # Never narrower than a Poisson count: a dispersion below 1 is noise of few cells.
    size, tail = max(1.0, pearson * widening), (1.0 - level) / 2.0
    count = float(events.sum()) / size
    low = float(gammaincinv(count, tail)) if count > 0 else 0.0
    high = float(gammaincinv(count + 1.0, 1.0 - tail))
    scale = size / float(over.sum())
    n, cells = round(float(events.sum())), int(over.size)
    method, dispersion = "quasi-Poisson, gamma limits", max(1.0, pearson)
    return Interval(rate, low * scale, high * scale, level, n, cells, method, dispersion, df)
