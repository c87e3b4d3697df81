"""Ranks of many groups, with what is not known about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from supportlab.errors import ParameterError
from supportlab.stats.interval import FloatArray
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["Ranks", "indistinct_groups", "joint_ranks", "joint_separation", "posterior_ranks"]


@dataclass(frozen=True)
class Ranks:
    """
    Ranks of groups, 1 for the highest value.

    Parameters
    ----------
    rank : numpy.ndarray of shape (n_groups,)
        Expected rank, not whole; nan where there is none.
    median : numpy.ndarray of shape (n_groups,)
        Median rank; nan where there is none.
    low, high : numpy.ndarray of shape (n_groups,)
        Ends of the interval of ranks.
    first, last : numpy.ndarray of shape (n_groups,)
        Probability of the highest and of the lowest value; nan where there is none.
    level : float
        Level of the intervals.
    """

    rank: FloatArray
    median: FloatArray
    low: FloatArray
    high: FloatArray
    first: FloatArray
    last: FloatArray
    level: float


def posterior_ranks(draws: ArrayLike, level: float = INTERVAL_LEVEL) -> Ranks:
    """
    Return expected ranks with intervals, from draws of all groups' values at once.

    Not for a claim about several groups together: each interval holds for its own group.

    Parameters
    ----------
    draws : array_like of shape (n_draws, n_groups)
        Draws of the values, ties as good as none.
    level : float
        Level of the intervals.

    Returns
    -------
    Ranks
        With 1 for the highest value.

    Raises
    ------
    ParameterError
        Draws are not a table, or the level is not between 0 and 1.

    Notes
    -----
    Expected ranks and their posterior intervals (Laird and Louis 1989; Goldstein and Spiegelhalter
    1996, section 4).

    Examples
    --------
    >>> found = posterior_ranks([[0.3, 0.2, 0.1], [0.25, 0.1, 0.2], [0.2, 0.15, 0.1]])
    >>> found.rank.round(2).tolist(), found.low.tolist(), found.high.tolist()
    ([1.0, 2.33, 2.67], [1.0, 2.0, 2.0], [1.0, 3.0, 3.0])
    """
    table = np.asarray(draws, dtype=np.float64)
    if table.ndim != 2 or not table.size:
        raise ParameterError(f"draws is of shape {table.shape}; give one row a draw.")
    tail = (1.0 - _level(level)) / 2.0
    order = np.argsort(-table, axis=1, kind="stable")
    ranks = np.empty_like(table)
    np.put_along_axis(ranks, order, np.arange(1.0, table.shape[1] + 1.0)[None, :], axis=1)
    at = [tail, 0.5, 1.0 - tail]
    low, median, high = np.quantile(ranks, at, axis=0, method="inverted_cdf")
    count = table.shape[1]
    return Ranks(
        ranks.mean(axis=0),
        median,
        low,
        high,
        (ranks == 1.0).mean(axis=0),
        (ranks == count).mean(axis=0),
        level,
    )


def joint_separation(
    estimate: ArrayLike, low: ArrayLike, high: ArrayLike, *, level: float = INTERVAL_LEVEL
) -> np.ndarray:
    """
    Tell which pairs of groups differ, all pairs together.

    Not for a pair that was chosen beforehand: its own difference is tested without a penalty.

    Parameters
    ----------
    estimate, low, high : array_like of shape (n_groups,)
        Values of independent groups with the limits of their own intervals, at ``level``.
    level : float
        Level of those intervals, and of the statement over all pairs.

    Returns
    -------
    numpy.ndarray of bool of shape (n_groups, n_groups)
        True where the group of the row is above that of the column.

    Raises
    ------
    ParameterError
        Arrays that do not fit each other, or a level that is not between 0 and 1.

    Notes
    -----
    The distance of two groups is held against the root of the sum of squares of the sides that
    face each other (Newcombe 1998, method 10), widened to the quantile of Sidak (1967) for all
    pairs. Sides are taken to grow in proportion to the quantile, as those of Wilson nearly do.

    Examples
    --------
    >>> joint_separation([0.3, 0.1, 0.12], [0.27, 0.05, 0.1], [0.33, 0.18, 0.14]).sum()
    np.int64(2)
    """
    value, lower, upper = _three(estimate, low, high)
    count = value.size
    pairs = max(1, count * (count - 1) // 2)
    each = _level(level) ** (1.0 / pairs)
    widening = float(ndtri((1.0 + each) / 2.0) / ndtri((1.0 + level) / 2.0))
    below, above = value - lower, upper - value
    reach = widening * np.sqrt(below[:, None] ** 2 + above[None, :] ** 2)
    return np.asarray(value[:, None] - value[None, :] > reach)


def joint_ranks(is_above: ArrayLike, level: float = INTERVAL_LEVEL) -> Ranks:
    """
    Return ranks that can be told of all groups together.

    Not an order to act on: a group of few rows may hold any rank.

    Parameters
    ----------
    is_above : array_like of bool of shape (n_groups, n_groups)
        As of `joint_separation`.
    level : float
        At which that was made.

    Returns
    -------
    Ranks
        Without expected ranks.

    Raises
    ------
    ParameterError
        ``is_above`` is not square.

    Notes
    -----
    A group's best rank is one more than the number of groups shown to be above it, its worst one
    leaves as many behind it as are shown to be below (Klein, Wright and Wieczorek 2020, theorem 1):
    all true ranks lie inside with at least the level.

    Examples
    --------
    >>> found = joint_ranks(joint_separation([0.3, 0.1, 0.12], [0.27, 0.05, 0.1],
    ...                                      [0.33, 0.18, 0.14]))
    >>> found.low.tolist(), found.high.tolist()
    ([1.0, 2.0, 2.0], [1.0, 3.0, 3.0])
    """
    above = np.asarray(is_above, dtype=bool)
    if above.ndim != 2 or above.shape[0] != above.shape[1]:
        raise ParameterError(f"is_above is of shape {above.shape}; give a square table.")
    none = np.full(above.shape[0], np.nan)
    low = 1.0 + above.sum(axis=0)
    high = above.shape[0] - above.sum(axis=1)
    return Ranks(none, none, low.astype(np.float64), high.astype(np.float64), none, none, level)


def indistinct_groups(estimate: ArrayLike, is_above: ArrayLike) -> list[list[int]]:
    """
    Return the runs of groups, from the highest down, that cannot be told apart.

    Not a partition: a group between two others may belong to both runs.

    Parameters
    ----------
    estimate : array_like of shape (n_groups,)
        Values that give the order.
    is_above : array_like of bool of shape (n_groups, n_groups)
        As of `joint_separation`.

    Returns
    -------
    list of list of int
        Places of the groups in each run, highest first; no run lies within another.

    Raises
    ------
    ParameterError
        ``is_above`` does not fit the estimates.

    Notes
    -----
    The letters of multiple comparisons (Piepho 2004), kept to runs of the order.

    Examples
    --------
    >>> above = joint_separation([0.3, 0.1, 0.12], [0.27, 0.05, 0.1], [0.33, 0.18, 0.14])
    >>> indistinct_groups([0.3, 0.1, 0.12], above)
    [[0], [2, 1]]
    """
    value, above = np.asarray(estimate, dtype=np.float64), np.asarray(is_above, dtype=bool)
    if above.shape != (value.size, value.size):
        raise ParameterError(f"is_above is of shape {above.shape}; {value.size} estimates came.")
    order = [int(place) for place in np.argsort(-value, kind="stable")]
    runs: list[list[int]] = []
    reached = -1
    for start in range(len(order)):
        end = start
        while end + 1 < len(order) and not above[order[start : end + 1], order[end + 1]].any():
            end += 1
        if end > reached:
            runs.append(order[start : end + 1])
            reached = end
    return runs


def _level(level: float) -> float:
    if not 0.0 < level < 1.0:
        raise ParameterError(f"level came as {level!r}; give one between 0 and 1.")
    return level


def _three(
    estimate: ArrayLike, low: ArrayLike, high: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    value, lower, upper = (np.asarray(item, dtype=np.float64) for item in (estimate, low, high))
    if value.ndim != 1 or lower.shape != value.shape or upper.shape != value.shape:
        raise ParameterError(
            f"estimate, low and high are of shapes {value.shape}, {lower.shape}, {upper.shape}; "
            "give one of each a group."
        )
    if np.any(lower > value) or np.any(value > upper):
        raise ParameterError("An estimate lies outside its limits in some group.")
    return value, lower, upper
