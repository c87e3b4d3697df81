"""Whether there are more rows just on one side of a limit than on the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.interval import FloatArray, aligned, normal_quantile
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["DensityJump", "density_jump"]

# Bins on each side of the limit: fine enough for a curve, coarse enough to hold rows.
BINS = 20
FEWEST_ROWS = 100
MOST_STEPS = 50
ORDER = 2


@dataclass(frozen=True)
class DensityJump:
    """
    Rows just above a limit for one just below.

    Parameters
    ----------
    ratio, low, high : float
        Density at the limit from the right over that from the left, with its interval.
    p_value : float
        Of the ratio being 1.
    bandwidth : float
        Width of the window.
    n_left, n_right : int
        Rows within it.
    detectable : float
        Ratio, above 1, that would have been found with a chance of 80 %.
    """

    ratio: float
    low: float
    high: float
    p_value: float
    bandwidth: float
    n_left: int
    n_right: int
    detectable: float


def density_jump(
    x: ArrayLike, n: ArrayLike, bandwidth: float, *, level: float = INTERVAL_LEVEL
) -> DensityJump:
    """
    Test whether rows are moved from one side of a limit to the other.

    Not where round values heap up at the limit by themselves: set those aside first.

    Parameters
    ----------
    x : array_like of shape (n_values,)
        Distance from the limit; 0 and above is right of it.
    n : array_like of shape (n_values,)
        Rows at each value.
    bandwidth : float
        How far from the limit rows are looked at.
    level : float
        Coverage aimed at.

    Returns
    -------
    DensityJump
        The ratio of the two densities at the limit.

    Raises
    ------
    NotEstimable
        Fewer than 100 rows on a side.
    ParameterError
        The width is not above 0.

    Notes
    -----
    In the manner of McCrary (2008): counts in 20 bins a side, a log-quadratic curve on each by
    Poisson likelihood with triangular weights; variance from the curve's own counts. The curve is
    one order higher than the window is chosen for, so that its bend does not pass as a jump
    (Cattaneo, Jansson and Ma 2020 do so too).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(-100, 100) + 0.5
    >>> found = density_jump(x, np.where(x < 0, 20, 10), 100.0)
    >>> round(found.ratio, 2), found.p_value < 0.001
    (0.5, True)
    """
    if not bandwidth > 0:
        raise ParameterError(f"bandwidth came as {bandwidth!r}; give a width above 0.")
    where, rows = aligned({"x": x, "n": n}, min_zero=False)
    sides = []
    for name, inside in (("below", where < 0), ("at or above", where >= 0)):
        near = inside & (np.abs(where) < bandwidth)
        size = float(rows[near].sum())
        if size < FEWEST_ROWS:
            raise NotEstimable(
                f"There are {size:,.0f} rows {name} the limit; at least {FEWEST_ROWS} are needed."
            )
        sides.append((_log_density(np.abs(where[near]), rows[near], bandwidth), round(size)))
    (left, n_left), (right, n_right) = sides
    gap = right[0] - left[0]
    error = float(np.sqrt(left[1] + right[1]))
    half = normal_quantile(level) * error
    reach = error * (normal_quantile(level) + normal_quantile(0.6))
    return DensityJump(
        float(np.exp(gap)),
        float(np.exp(gap - half)),
        float(np.exp(gap + half)),
        2.0 * float(ndtr(-abs(gap) / error)),
        bandwidth,
        n_left,
        n_right,
        float(np.exp(reach)),
    )


def _log_density(distance: FloatArray, rows: FloatArray, width: float) -> tuple[float, float]:
    """Return the log of the expected count per bin at the limit, and its variance."""
    step = width / BINS
    place = np.minimum((distance / step).astype(int), BINS - 1)
    counts = np.bincount(place, rows, BINS)
    middle = (np.arange(BINS) + 0.5) / BINS
    kernel = 1.0 - middle
    columns = np.vander(middle, ORDER + 1, increasing=True)
    beta = np.zeros(ORDER + 1)
    beta[0] = np.log(max(counts.mean(), 0.5))
    for _ in range(MOST_STEPS):
        mean = np.exp(np.clip(columns @ beta, -30.0, 30.0))
        gram = (columns * (kernel * mean)[:, None]).T @ columns
        move = np.linalg.solve(
            gram + 1e-9 * np.eye(ORDER + 1), columns.T @ (kernel * (counts - mean))
        )
        beta = beta + np.clip(move, -2.0, 2.0)
        if np.max(np.abs(move)) < 1e-10:
            break
    mean = np.exp(np.clip(columns @ beta, -30.0, 30.0))
    bread = np.linalg.inv((columns * (kernel * mean)[:, None]).T @ columns)
    meat = (columns * (kernel**2 * mean)[:, None]).T @ columns
    return float(beta[0]), float((bread @ meat @ bread)[0, 0])
