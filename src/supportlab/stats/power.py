"""What difference a number of rows can show, and how many rows a difference needs."""

from __future__ import annotations

from typing import Literal

import numpy as np

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.interval import t_quantile
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = [
    "minimal_detectable_difference",
    "minimal_detectable_mean_difference",
    "sample_size_for_difference",
]

# Cohen's convention: four in five such differences are found.
POWER = 0.8


def minimal_detectable_difference(
    n_1: float,
    n_2: float,
    share: float,
    *,
    design_effect: float = 1.0,
    level: float = INTERVAL_LEVEL,
    power: float = POWER,
    df: float = float("inf"),
    direction: Literal["either", "higher", "lower"] = "either",
) -> float:
    """
    Return the smallest difference of two shares that these numbers of rows would show.

    Not after the fact, to explain a result that was not significant: look at its interval.

    Parameters
    ----------
    n_1, n_2 : float
        Rows in the two groups.
    share : float
        Share in the reference group.
    design_effect : float
        Of clustering, as in `Interval`.
    level, power : float
        Level of the two-sided comparison, and chance to find the difference.
    df : float
        Degrees of freedom of the comparison, as clusters minus 2.
    direction : {"either", "higher", "lower"}
        Which way the other group may lie; ``either`` gives the larger of the two ways that are
        possible.

    Returns
    -------
    float
        Difference of shares, above 0.

    Raises
    ------
    NotEstimable
        A group has no rows, or no difference up to the end of the scale would be found.
    ParameterError
        A share, level, power or design effect is out of bounds.

    Notes
    -----
    Fleiss (1981, chapter 3) without continuity correction: ``d = q_alpha * se0 + q_power * se1``
    with the pooled share under no difference, on rows over the design effect.

    Examples
    --------
    >>> round(minimal_detectable_difference(1000, 1000, 0.7), 3)
    0.059
    >>> round(minimal_detectable_difference(1000, 1000, 0.7, design_effect=4), 3)
    0.12
    """
    _check(share, power, design_effect)
    sizes = _sizes(n_1, n_2, design_effect)
    ways = {"either": (1.0, -1.0), "higher": (1.0,), "lower": (-1.0,)}
    if direction not in ways:
        raise ParameterError(f"direction came as {direction!r}; allowed: {', '.join(ways)}.")
    quantiles = t_quantile(level, df), t_quantile(2.0 * power - 1.0, df)
    found = [_solve(share, way, sizes, quantiles) for way in ways[direction]]
    possible = [value for value in found if value is not None]
    if not possible:
        raise NotEstimable(
            f"{n_1:g} and {n_2:g} rows (design effect {design_effect:.2g}) cannot show any "
            f"difference from {share:.0%} with {power:.0%} power."
        )
    return max(possible)


def minimal_detectable_mean_difference(
    n_1: float,
    n_2: float,
    standard_deviation: float,
    *,
    design_effect: float = 1.0,
    level: float = INTERVAL_LEVEL,
    power: float = POWER,
    df: float = float("inf"),
) -> float:
    """
    Return the smallest difference of two means that these numbers of rows would show.

    Not for medians of durations with open cases.

    Parameters
    ----------
    n_1, n_2 : float
        Rows in the two groups.
    standard_deviation : float
        Of one row's value, in either group.
    design_effect, level, power, df
        As in `minimal_detectable_difference`.

    Returns
    -------
    float
        Difference in the unit of the values, above 0.

    Raises
    ------
    NotEstimable
        A group has no rows.
    ParameterError
        A value is out of bounds.

    Notes
    -----
    ``(q_alpha + q_power) * s * sqrt(1 / n_1 + 1 / n_2)`` on rows over the design effect.

    Examples
    --------
    >>> round(minimal_detectable_mean_difference(100, 100, 1.0), 3)
    0.396
    """
    _check(0.5, power, design_effect)
    if not standard_deviation > 0:
        raise ParameterError(
            f"standard_deviation came as {standard_deviation!r}; give one above 0."
        )
    first, second = _sizes(n_1, n_2, design_effect)
    quantile = t_quantile(level, df) + t_quantile(2.0 * power - 1.0, df)
    return quantile * standard_deviation * float(np.sqrt(1.0 / first + 1.0 / second))


def sample_size_for_difference(
    share: float,
    difference: float,
    *,
    ratio: float = 1.0,
    design_effect: float = 1.0,
    level: float = INTERVAL_LEVEL,
    power: float = POWER,
) -> int:
    """
    Return the rows that the reference group needs to show a difference of two shares.

    Not a promise: the design effect and the share are guesses before the data are in.

    Parameters
    ----------
    share : float
        Share in the reference group.
    difference : float
        Other group's share minus this one.
    ratio : float
        Rows of the other group per row of the reference group.
    design_effect, level, power
        As in `minimal_detectable_difference`.

    Returns
    -------
    int
        Rows of the reference group; the other needs ``ratio`` times as many.

    Raises
    ------
    ParameterError
        A value is out of bounds, or the difference leads outside 0 and 1.

    Notes
    -----
    The inverse of `minimal_detectable_difference` (Fleiss 1981).

    Examples
    --------
    >>> sample_size_for_difference(0.7, 0.05)
    1251
    """
    _check(share, power, design_effect)
    other = share + difference
    if difference == 0 or not 0.0 <= other <= 1.0:
        raise ParameterError(
            f"difference came as {difference!r} from a share of {share!r}; the other share must "
            "differ and lie between 0 and 1."
        )
    spread = _spread(share, other, (1.0, ratio))
    quantiles = t_quantile(level, float("inf")), t_quantile(2.0 * power - 1.0, float("inf"))
    root = quantiles[0] * spread[0] + quantiles[1] * spread[1]
    return int(np.ceil(design_effect * (root / difference) ** 2))


def _check(share: float, power: float, design_effect: float) -> None:
    faults = []
    if not 0.0 <= share <= 1.0:
        faults.append(f"share came as {share!r}, allowed: 0 to 1")
    if not 0.5 < power < 1.0:
        faults.append(f"power came as {power!r}, allowed: above 0.5 and below 1")
    if not design_effect > 0:
        faults.append(f"design_effect came as {design_effect!r}, allowed: above 0")
    if faults:
        raise ParameterError("; ".join(faults) + ".")


def _sizes(n_1: float, n_2: float, design_effect: float) -> tuple[float, float]:
    if not (n_1 > 0 and n_2 > 0):
        raise NotEstimable(f"Groups of {n_1:g} and {n_2:g} rows: a comparison needs both.")
    return n_1 / design_effect, n_2 / design_effect


def _spread(share: float, other: float, sizes: tuple[float, float]) -> tuple[float, float]:
    """Return the standard errors under no difference and under the difference."""
    first, second = sizes
    pooled = (first * share + second * other) / (first + second)
    none = np.sqrt(pooled * (1.0 - pooled) * (1.0 / first + 1.0 / second))
    some = np.sqrt(share * (1.0 - share) / first + other * (1.0 - other) / second)
    return float(none), float(some)


def _solve(
    share: float, way: float, sizes: tuple[float, float], quantiles: tuple[float, float]
) -> float | None:
    room = 1.0 - share if way > 0 else share
    low, high = 0.0, room

    def found(size: float) -> bool:
        none, some = _spread(share, share + way * size, sizes)
        return size >= quantiles[0] * none + quantiles[1] * some

    if room <= 0.0 or not found(room):
        return None
    # Fifty halvings of at most 1 are exact to machine precision.
    for _ in range(50):
        middle = (low + high) / 2.0
        low, high = (low, middle) if found(middle) else (middle, high)
    return high
