"""The series that a search for shifts works on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.interval import FloatArray, aligned

__all__ = ["ShiftSeries", "shift_series"]

FEWEST_ROWS = 15


@dataclass(frozen=True)
class ShiftSeries:
    """
    A series of counts as the search sees it: periods with rows, around what their mix brings.

    Parameters
    ----------
    place : numpy.ndarray of shape (n_kept,)
        Position of each period with rows.
    value, chance, n : numpy.ndarray of shape (n_kept,)
        Share less the expected one, the expected one, and rows.
    of_year : numpy.ndarray of shape (n_kept,) or None
        Month of the year.
    candidates : numpy.ndarray of shape (n_steps,)
        Positions before which a step may lie.
    adjusted : numpy.ndarray of shape (n_periods,)
        Share at a fixed mix; nan in a period without rows.
    """

    place: FloatArray
    value: FloatArray
    chance: FloatArray
    n: FloatArray
    of_year: FloatArray | None
    candidates: np.ndarray
    adjusted: FloatArray

    @property
    def sampling(self) -> FloatArray:
        """Variance of each value from its number of rows."""
        return np.asarray(self.chance * (1.0 - self.chance) / self.n)

    def steps(self) -> FloatArray:
        """One column a candidate, and the straight line as the last."""
        columns = (self.place[:, None] >= self.candidates[None, :]) * 1.0
        line = (self.place - self.place.mean()) / max(float(np.ptp(self.place)), 1.0)
        return np.column_stack([columns, line])


def shift_series(
    hits: ArrayLike,
    n: ArrayLike,
    expected: ArrayLike | None,
    of_year: ArrayLike | None,
    fewest: int,
) -> ShiftSeries:
    """
    Check the counts of a series and set them beside what their mix would bring.

    Parameters
    ----------
    hits, n, expected, of_year : as for `supportlab.stats.shifts.find_shifts`
        Counts by period.
    fewest : int
        Periods before and after any shift.

    Returns
    -------
    ShiftSeries
        The series.

    Raises
    ------
    NotEstimable
        There is no place for a step, or the rows have the property all or never.
    ParameterError
        Arrays that do not fit each other.
    """
    hit, size = aligned({"hits": hits, "n": n})
    if np.any(hit > size):
        raise ParameterError("hits is above n in some period; a part cannot exceed its whole.")
    total = float(size.sum())
    share = float(hit.sum()) / total if total > 0 else 0.0
    if not 0.0 < share < 1.0:
        raise NotEstimable(f"{int(hit.sum())} of {int(total)} rows: a share of all or none.")
    columns = {"expected": share * size if expected is None else expected, "n": size}
    mean = aligned(columns)[0]
    months = None if of_year is None else aligned({"of_year": of_year, "n": size})[0]
    kept = np.flatnonzero(size > 0)
    # The mix says how shares differ; the level is that of the series itself.
    mean = mean * (hit.sum() / mean.sum())
    chance = np.clip(mean[kept] / size[kept], 0.01, 0.99)
    value = hit[kept] / size[kept] - mean[kept] / size[kept]
    adjusted = np.full(size.size, np.nan)
    adjusted[kept] = share + value
    return ShiftSeries(
        kept.astype(float),
        value,
        chance,
        size[kept],
        None if months is None else months[kept],
        _candidates(size, kept, fewest),
        adjusted,
    )


def _candidates(size: FloatArray, kept: np.ndarray, fewest: int) -> np.ndarray:
    before = np.cumsum(size) - size
    after = float(size.sum()) - before
    periods = np.arange(kept.size)
    enough = (periods >= fewest) & (kept.size - periods >= fewest)
    enough &= (before[kept] >= FEWEST_ROWS) & (after[kept] >= FEWEST_ROWS)
    if not enough.any():
        raise NotEstimable(
            f"{kept.size} periods with {int(size.sum())} rows leave no place for a step with "
            f"{fewest} periods and {FEWEST_ROWS} rows on either side."
        )
    return np.asarray(kept[enough])
