"""Small array helpers: choices, stacks of columns, bounded probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DAY",
    "HOUR",
    "NEVER",
    "Array",
    "Rows",
    "first_minimum",
    "length",
    "pick",
    "pick_rows",
    "probability",
    "stack",
    "take",
]

Array: TypeAlias = NDArray[Any]
Rows: TypeAlias = dict[str, Array]

HOUR = 3_600
DAY = 86_400
# A time that no world reaches: what has not happened compares as later than everything.
NEVER = 2**60
# Nothing in a desk is certain, and a probability of 0 or 1 would make cells separable.
LEAST, MOST = 0.02, 0.98


def pick(uniform: Array, weights: Sequence[float] | Array) -> Array:
    """Return one code per uniform draw, with the same weights for all."""
    edges = np.cumsum(np.asarray(weights, dtype=float))
    codes = np.searchsorted(edges, uniform * edges[-1], side="right")
    result: Array = np.minimum(codes, len(edges) - 1).astype(np.int16)
    return result


def pick_rows(uniform: Array, weights: Array) -> Array:
    """Return one code per uniform draw, each with its own row of weights."""
    edges = np.cumsum(weights, axis=1)
    goal = uniform * edges[:, -1]
    codes = (goal[:, None] >= edges).sum(axis=1)
    result: Array = np.minimum(codes, weights.shape[1] - 1).astype(np.int16)
    return result


def probability(values: Array) -> Array:
    """Return the values kept between the least and the most that the world allows."""
    return np.clip(values, LEAST, MOST)


def take(rows: Rows, index: Array) -> Rows:
    """Return the chosen rows of every column."""
    return {name: column[index] for name, column in rows.items()}


def stack(parts: Iterable[Rows]) -> Rows:
    """Return the parts below one another; all have the same columns."""
    listed = list(parts)
    return {name: np.concatenate([part[name] for part in listed]) for name in listed[0]}


def length(rows: Rows) -> int:
    """Return the number of rows."""
    return len(next(iter(rows.values())))


def first_minimum(groups: Array, values: Array, count: int) -> Array:
    """Return the least value of every group, `NEVER` where a group is empty."""
    least = np.full(count, NEVER, dtype=np.int64)
    np.minimum.at(least, groups, values)
    return least
