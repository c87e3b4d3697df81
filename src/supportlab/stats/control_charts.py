"""Control charts of shares whose periods differ by more than sampling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.interval import FloatArray, aligned

__all__ = ["ControlChart", "laney_chart"]

SIGMAS = 3.0
FEWEST_PERIODS = 8
# Mean distance of neighbours over the standard deviation, for independent normal values.
RANGE_FACTOR = 1.128


@dataclass(frozen=True)
class ControlChart:
    """
    A series with its limits, one entry a period.

    Parameters
    ----------
    adjusted, low, high : numpy.ndarray of shape (n_periods,)
        Share at a fixed mix and season, with the limits of chance; nan without rows.
    is_out : numpy.ndarray of bool of shape (n_periods,)
        Outside the limits.
    centre : float
        Middle line.
    spread : float
        Distance of neighbours over what sampling alone would make it.
    season : numpy.ndarray of shape (n_periods,)
        What was taken out as season; 0 where none could be told.
    naive, naive_low, naive_high : numpy.ndarray of shape (n_periods,)
        The plain p chart of the raw shares.
    naive_is_out : numpy.ndarray of bool of shape (n_periods,)
        Outside its limits.
    """

    adjusted: FloatArray
    low: FloatArray
    high: FloatArray
    is_out: NDArray[np.bool_]
    centre: float
    spread: float
    season: FloatArray
    naive: FloatArray
    naive_low: FloatArray
    naive_high: FloatArray
    naive_is_out: NDArray[np.bool_]


def laney_chart(
    hits: ArrayLike,
    n: ArrayLike,
    expected: ArrayLike | None = None,
    *,
    of_year: ArrayLike | None = None,
    sigmas: float = SIGMAS,
) -> ControlChart:
    """
    Compute limits of a chart of shares that allow for more spread than sampling brings.

    Not a test with a stated rate of false alarms: with carry-over from period to period limits by
    neighbours are too narrow, and a level that moved for good is found sooner by `find_shifts`.

    Parameters
    ----------
    hits, n : array_like of shape (n_periods,)
        Rows with the property and all rows per period, in order.
    expected : array_like of shape (n_periods,), optional
        Rows with the property that the period's mix alone would bring.
    of_year : array_like of int of shape (n_periods,), optional
        Month of the year, to take season out; needs each month twice.
    sigmas : float
        Width of the limits.

    Returns
    -------
    ControlChart
        Limits beside those of the plain p chart.

    Raises
    ------
    NotEstimable
        Fewer than eight periods have rows, or the rows have the property all or never.
    ParameterError
        Arrays that do not fit each other.

    Notes
    -----
    Laney's p' chart (2002): the z values of the periods have limits by their own moving range.
    Season is the mean of each month of the year, drawn to 0 as far as chance explains it.

    Examples
    --------
    >>> chart = laney_chart([80, 70, 82, 72, 79, 71, 81, 73, 30], [100] * 9)
    >>> chart.is_out.nonzero()[0].tolist(), chart.spread > 1.5
    ([8], True)
    """
    hit, size = aligned({"hits": hits, "n": n})
    if np.any(hit > size):
        raise ParameterError("hits is above n in some period; a part cannot exceed its whole.")
    seen = size > 0
    if seen.sum() < FEWEST_PERIODS:
        raise NotEstimable(f"{int(seen.sum())} periods have rows; limits need {FEWEST_PERIODS}.")
    share = float(hit.sum() / size.sum())
    if not 0.0 < share < 1.0:
        raise NotEstimable("All rows are alike, so there is no chance to draw limits from.")
    mean = share * size if expected is None else np.asarray(expected, dtype=np.float64)
    mean = mean * (hit.sum() / mean.sum())
    error = np.sqrt(share * (1.0 - share) / np.where(seen, size, np.nan))
    raw = np.divide(hit, size, out=np.full_like(size, np.nan), where=seen)
    away = np.divide(hit - mean, size, out=np.full_like(size, np.nan), where=seen)
    season = np.zeros_like(size) if of_year is None else _season(away, error, of_year)
    adjusted = share + away - season
    z = (adjusted[seen] - share) / error[seen]
    spread = max(float(np.mean(np.abs(np.diff(z)))) / RANGE_FACTOR, 1.0)
    reach, plain = sigmas * error * spread, sigmas * error
    return ControlChart(
        adjusted,
        share - reach,
        share + reach,
        np.abs(adjusted - share) > reach,
        share,
        spread,
        season,
        raw,
        share - plain,
        share + plain,
        np.abs(raw - share) > plain,
    )


def _season(away: FloatArray, error: FloatArray, of_year: ArrayLike) -> FloatArray:
    from supportlab.stats.shrinkage import normal_shrinkage

    months = np.asarray(of_year, dtype=np.int64)
    names = np.unique(months[np.isfinite(away)])
    if names.size < 12:
        return np.zeros_like(away)
    rows = [(months == name) & np.isfinite(away) for name in names]
    precision = [np.sum(1.0 / error[own] ** 2) for own in rows]
    means = [
        np.sum(away[own] / error[own] ** 2) / total
        for own, total in zip(rows, precision, strict=True)
    ]
    found = normal_shrinkage(means, 1.0 / np.sqrt(precision))
    pulled = dict(zip(names.tolist(), (found.estimate - found.centre).tolist(), strict=True))
    return np.array([pulled.get(month, 0.0) for month in months.tolist()])
