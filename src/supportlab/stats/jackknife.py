"""Intervals from estimates with one cluster left out each, and effects in parts of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.interval import Contrast, student_contrast
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.stats.roll_out_cells import RollOutCells

__all__ = ["Part", "jackknife_contrast", "part_effects"]

# A part is shown with at least so many adopting clusters; see `stats.staggered`.
FEWEST_ADOPTERS = 4


@dataclass(frozen=True)
class Part:
    """
    The effect of a roll-out in one part of the rows.

    Parameters
    ----------
    name : str
        Label of the part.
    interval : Contrast or None
        Its effect; None where too few clusters adopt in it.
    against_rest : Contrast or None
        Its effect less that of all the other parts together.
    n : int
        Treated rows.
    reason : str
        Why there is no effect, where there is none.
    """

    name: str
    interval: Contrast | None
    against_rest: Contrast | None
    n: int
    reason: str


def jackknife_contrast(
    estimate: float,
    without: ArrayLike,
    *,
    df: float | None = None,
    n: int = 0,
    level: float = INTERVAL_LEVEL,
    method: str = "leave-one-cluster-out",
) -> Contrast:
    """
    Make an interval from an estimate and its values with one cluster left out each.

    Not for estimates that are no smooth function of the rows, as a median.

    Parameters
    ----------
    estimate : float
        Of all clusters.
    without : array_like of shape (n_clusters,)
        Without each.
    df : float, optional
        Degrees of freedom; clusters less one when left out.
    n : int
        Rows, for the record.
    level : float
        Coverage aimed at.
    method : str
        Name of the estimator, for the record.

    Returns
    -------
    Contrast
        Student's t around the estimate; for a linear estimator the variance is CR3.

    Raises
    ------
    NotEstimable
        There are fewer than two clusters.

    Examples
    --------
    >>> found = jackknife_contrast(2.0, [1.5, 2.0, 2.5])
    >>> round(found.low, 2), round(found.high, 2)
    (-0.48, 4.48)
    """
    values = np.asarray(without, dtype=np.float64)
    size = values.size
    if size < 2:
        raise NotEstimable(f"There is {size} cluster; a variance needs at least 2.")
    free = float(size - 1) if df is None else df
    error = float(np.sqrt((size - 1.0) / size * np.sum((values - estimate) ** 2)))
    return student_contrast(estimate, error, free, (n, size), method, level)


def part_effects(
    cells: RollOutCells,
    chosen: NDArray[np.bool_],
    labels: ArrayLike,
    level: float,
) -> tuple[Part, ...]:
    """
    Split the effect of a roll-out by what a cell is of.

    Not for labels that the roll-out itself changes.

    Parameters
    ----------
    cells : RollOutCells
        The cells.
    chosen : numpy.ndarray of shape (n_cells,)
        Treated cells that count.
    labels : array_like of shape (n_cells,)
        Part of each cell.
    level : float
        Coverage aimed at.

    Returns
    -------
    tuple of Part
        By name.
    """
    names = np.asarray(labels).astype(str)
    if names.size != chosen.size:
        raise ParameterError(f"parts hold {names.size} labels for {chosen.size} cells.")
    return tuple(
        _part(cells, chosen, names == name, str(name), level) for name in np.unique(names[chosen])
    )


def _part(
    cells: RollOutCells,
    chosen: NDArray[np.bool_],
    inside: NDArray[np.bool_],
    name: str,
    level: float,
) -> Part:
    own, rest = chosen & inside, chosen & ~inside
    n = round(float(cells.n[own].sum()))
    adopters = np.unique(cells.cluster[own]).size
    if adopters < FEWEST_ADOPTERS:
        reason = f"clusters that adopt in it: {adopters}; at least {FEWEST_ADOPTERS} are needed"
        return Part(name, None, None, n, reason)
    whole, without = cells.effects(own)
    found = jackknife_contrast(
        whole, without, df=adopters - 1.0, n=n, level=level, method="imputation, part of the rows"
    )
    against = None
    if np.unique(cells.cluster[rest]).size >= FEWEST_ADOPTERS:
        other, other_without = cells.effects(rest)
        against = jackknife_contrast(
            whole - other, without - other_without, df=adopters - 1.0, n=n, level=level,
            method="imputation, part less the rest",
        )  # fmt: skip
    return Part(name, found, against, n, "")
