"""Jump of a mean where a running variable passes a limit, with a robust interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.discontinuity_cells import DiscontinuityCells, Side
from supportlab.stats.interval import Contrast, normal_quantile
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["Discontinuity", "discontinuity", "optimal_bandwidths"]

# Below these on either side a line and its curvature are drawn through a handful of rows.
FEWEST_ROWS = 50
FEWEST_VALUES = 8
# The rule-of-thumb constant of the triangular kernel (Calonico, Cattaneo and Titiunik 2014).
THUMB = 2.576
ORDER = 1


@dataclass(frozen=True)
class Discontinuity:
    """
    A jump at a limit.

    Parameters
    ----------
    interval : Contrast
        Bias-corrected jump with its robust interval.
    conventional : Contrast
        The plain local linear jump with the interval that takes the line for the truth; too narrow
        where the mean bends.
    bandwidth, bias_bandwidth : float
        Widths of the two windows.
    level_left, level_right : float
        The two local linear means at the limit.
    n_left, n_right : int
        Rows within the window.
    """

    interval: Contrast
    conventional: Contrast
    bandwidth: float
    bias_bandwidth: float
    level_left: float
    level_right: float
    n_left: int
    n_right: int


def discontinuity(
    x: ArrayLike,
    n: ArrayLike,
    total: ArrayLike,
    squares: ArrayLike | None = None,
    *,
    weighted: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
    cutoff: float = 0.0,
    donut: float = 0.0,
    bandwidth: float | None = None,
    bias_bandwidth: float | None = None,
    level: float = INTERVAL_LEVEL,
) -> Discontinuity:
    """
    Estimate the jump of a mean where a running variable reaches a limit.

    Not where people choose on which side of the limit they stand, and not for rows far from it:
    the jump is that of rows at the limit.

    Parameters
    ----------
    x : array_like of shape (n_values,)
        Running variable, one entry per value or per row; at or above the cut-off is treated.
    n, total : array_like of shape (n_values,)
        Rows at each value, and the sum of their outcomes.
    squares : array_like of shape (n_values,), optional
        Sum of their squared outcomes; ``total`` when left out, as for outcomes of 0 and 1.
    weighted : tuple of array_like, optional
        Where rows have weights and ``n``, ``total``, ``squares`` are weighted sums: the sums of
        squared weights, of squared weight times outcome, and times squared outcome.
    cutoff : float
        The limit.
    donut : float
        Rows nearer to the limit than this are left out.
    bandwidth, bias_bandwidth : float, optional
        Widths of the window and of the one that measures the bend; optimal for the mean squared
        error when left out.
    level : float
        Coverage aimed at.

    Returns
    -------
    Discontinuity
        Jump, interval, windows.

    Raises
    ------
    NotEstimable
        Fewer than 50 rows or 8 values within the window on either side.
    ParameterError
        The arrays do not fit each other, or a width is not above 0.

    Notes
    -----
    Calonico, Cattaneo and Titiunik (2014): local linear fit with triangular kernel, its bias taken
    off by a local quadratic fit, and a variance that knows of it. Residual variance by the value's
    own sums, so that the result is that of the single rows. Rows count as independent: the side of
    the limit is given ticket by ticket.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-1, 1, 400) + 0.001
    >>> found = discontinuity(x, np.ones(400), 1 + x + 0.5 * (x >= 0), (1 + x + 0.5 * (x >= 0))**2,
    ...                       bandwidth=0.5, bias_bandwidth=0.8)
    >>> round(found.interval.estimate, 6)
    0.5
    """
    cells = DiscontinuityCells.read(x, n, total, squares, weighted, cutoff, donut)
    _refuse_sides(cells)
    wide, wider = bandwidth, bias_bandwidth
    if wide is None:
        wide, best = optimal_bandwidths(cells)
        wider = best if wider is None else wider
    wider = wide if wider is None else wider
    if not (wide > 0 and wider > 0):
        raise ParameterError(f"bandwidths came as {wide!r} and {wider!r}; give widths above 0.")
    _refuse_few(cells, wide)
    left, right = (_ends(side, wide, wider) for side in (cells.left, cells.right))
    n_left, n_right = cells.left.n_within(wide), cells.right.n_within(wide)
    size = n_left + n_right
    return Discontinuity(
        _contrast(right[1] - left[1], left[3] + right[3], size, level,
                  "local linear, bias-corrected, robust interval"),
        _contrast(right[0] - left[0], left[2] + right[2], size, level, "local linear"),
        wide,
        wider,
        left[0],
        right[0],
        n_left,
        n_right,
    )  # fmt: skip


def _ends(side: Side, h: float, b: float) -> tuple[float, float, float, float]:
    """Return the level at the limit, plain and corrected, and their variances."""
    near, far = side.kernel(h), side.kernel(b)
    line, inverse = side.fit(near, ORDER)
    curve, inverse_curve = side.fit(far, ORDER + 1)
    linear, quadratic = side.powers(ORDER), side.powers(ORDER + 1)
    # What the fit makes of a bend of one: taken off times the bend that the wider window shows.
    bend = linear.T @ (near * side.n * side.x ** (ORDER + 1))
    own = linear * near[:, None]
    pull = quadratic @ inverse_curve[ORDER + 1]
    corrected = own - np.outer(far * pull, bend)
    plain_variance = inverse @ side.meat(own, line, ORDER, near) @ inverse
    reach = near if h > b else far
    robust = inverse @ side.meat(corrected, curve, ORDER + 1, reach) @ inverse
    centre = inverse @ (corrected.T @ side.total)
    return float(line[0]), float(centre[0]), float(plain_variance[0, 0]), float(robust[0, 0])


def _contrast(estimate: float, variance: float, n: int, level: float, method: str) -> Contrast:
    error = float(np.sqrt(variance))
    half = normal_quantile(level) * error
    p_value = 2.0 * float(ndtr(-abs(estimate) / error)) if error > 0 else 1.0
    return Contrast(
        estimate, estimate - half, estimate + half, level, n, None, method, p_value=p_value
    )


def optimal_bandwidths(cells: DiscontinuityCells) -> tuple[float, float]:
    """
    Choose both windows by the mean squared error of the jump.

    Parameters
    ----------
    cells : DiscontinuityCells
        The rows.

    Returns
    -------
    tuple of float
        Width of the local linear window, and of the one for its bias.

    Notes
    -----
    The three steps of Calonico, Cattaneo and Titiunik (2014) with the regularisation of Imbens and
    Kalyanaraman (2012), one width for both sides.
    """
    rows, deviation, quartiles = cells.spread()
    spread = min(deviation, quartiles / 1.349) if quartiles > 0 else deviation
    thumb = THUMB * spread * rows ** (-1.0 / 5.0)
    reach = [float(np.max(np.abs(side.x))) for side in (cells.left, cells.right)]
    sides = (cells.left, cells.right)
    first = [
        _pilot(side, thumb, far, ORDER + 2, ORDER + 2, ORDER + 3, scale=0.0)
        for side, far in zip(sides, reach, strict=True)
    ]
    d = _width(first, ORDER + 2, regular=False)
    d = min(d, max(reach))
    second = [_pilot(side, thumb, d, ORDER + 1, ORDER + 1, ORDER + 2, scale=1.0) for side in sides]
    b = min(_width(second, ORDER + 1, regular=True), max(reach))
    third = [_pilot(side, thumb, b, ORDER, 0, ORDER + 1, scale=1.0) for side in sides]
    h = min(_width(third, ORDER, regular=True), max(reach))
    return h, b


def _width(sides: list[tuple[float, float, float]], order: int, *, regular: bool) -> float:
    (v_left, b_left, r_left), (v_right, b_right, r_right) = sides
    below = (b_right - b_left) ** 2 + (r_left + r_right if regular else 0.0)
    if not below > 0:
        raise NotEstimable("The bend of the mean cannot be told, so no window can be chosen.")
    return float(((v_left + v_right) / below) ** (1.0 / (2 * order + 3)))


def _pilot(
    side: Side, h: float, b: float, order: int, derivative: int, bias_order: int, *, scale: float
) -> tuple[float, float, float]:
    """Return the variance, bias and regularisation constants of one side."""
    near = side.kernel(h)
    line, inverse = side.fit(near, order)
    own = side.powers(order) * near[:, None]
    variance = (inverse @ side.meat(own, line, order, near) @ inverse)[derivative, derivative]
    moments = own.T @ (side.n * (side.x / h) ** (order + 1))
    constant = float((h ** np.arange(order + 1) * (inverse @ moments))[derivative])
    far = side.kernel(b)
    curve, inverse_far = side.fit(far, bias_order)
    spread = 0.0
    if scale > 0:
        wide = side.powers(bias_order) * far[:, None]
        middle = inverse_far @ side.meat(wide, curve, bias_order, far) @ inverse_far
        spread = 3.0 * constant**2 * float(middle[order + 1, order + 1])
    times = 2.0 * (order + 1 - derivative)
    bias = np.sqrt(times) * constant * float(curve[order + 1])
    power = 2 * derivative + 1
    return power * h**power * float(variance), float(bias), scale * times * spread


def _refuse_sides(cells: DiscontinuityCells) -> None:
    for name, side in (("below", cells.left), ("at or above", cells.right)):
        if np.unique(side.x).size < FEWEST_VALUES:
            raise NotEstimable(
                f"There are {np.unique(side.x).size} values {name} the limit; at least "
                f"{FEWEST_VALUES} are needed."
            )


def _refuse_few(cells: DiscontinuityCells, width: float) -> None:
    for name, side in (("below", cells.left), ("at or above", cells.right)):
        inside = side.kernel(width) > 0
        rows, values = side.n_within(width), int(np.unique(side.x[inside]).size)
        if rows < FEWEST_ROWS or values < FEWEST_VALUES:
            found = f"there are {rows} rows"
            if not np.array_equal(side.n, side.nn):
                # Unequal weights can leave fewer rows' worth than there are values.
                found = f"the weighted rows are worth {rows} rows of equal weight, and lie"
            raise NotEstimable(
                f"Within {width:.3g} {name} the limit {found} at {values} values; at "
                f"least {FEWEST_ROWS} rows at {FEWEST_VALUES} values are needed."
            )
