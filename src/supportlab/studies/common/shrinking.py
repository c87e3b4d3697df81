"""Groups drawn towards each other as far as chance explains their distance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from supportlab.errors import NotEstimable

if TYPE_CHECKING:
    from supportlab.stats import Shrunken
    from supportlab.studies.common.cells import Cell
    from supportlab.vocabulary import Unit

__all__ = ["Shrinkage", "shrink"]


@dataclass(frozen=True)
class Shrinkage:
    """
    Shrunk values of the groups, in the order of their cells.

    Parameters
    ----------
    column : str
        Name of the shrunk value in the table; its ending tells the unit.
    estimate, low, high : numpy.ndarray of shape (n_groups,)
        Shrunk value with its limits; nan where the group has none.
    spread : float
        Standard deviation between groups beyond chance.
    method : str
        Short name of the estimator.
    """

    column: str
    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray
    spread: float
    method: str

    def columns(self) -> dict[str, np.ndarray]:
        """Return the table's columns."""
        stem = self.column
        return {
            stem: self.estimate,
            _ends(stem, "low"): self.low,
            _ends(stem, "high"): self.high,
        }

    def record(self, row: Mapping[Any, Any]) -> dict[str, object] | None:
        """Return what a finding says of the shrunk value, for a row of the table."""
        if np.isnan(row[self.column]):
            return None
        return {
            "name": f"shrunk towards the other groups ({self.method})",
            "estimate": float(row[self.column]),
            "ci_low": float(row[_ends(self.column, "low")]),
            "ci_high": float(row[_ends(self.column, "high")]),
        }


def shrink(
    cells: Sequence[Cell], is_named: Sequence[bool], unit: Unit, level: float
) -> Shrinkage | None:
    """
    Shrink groups towards their common centre.

    Not for medians of durations, nor for groups in time.

    Parameters
    ----------
    cells : sequence of Cell
        One a group.
    is_named : sequence of bool
        False for the rows without a group, which are no group to learn from.
    unit : str
        Unit of the estimates.
    level : float
        Level of the limits.

    Returns
    -------
    Shrinkage or None
        None where there are fewer than three groups to learn from, or the unit is a duration.
    """
    chosen = [
        place
        for place, (cell, named) in enumerate(zip(cells, is_named, strict=True))
        if named and cell.interval is not None
    ]
    if unit not in ("proportion", "score"):
        return None
    try:
        found = _fit([cells[place] for place in chosen], unit, level)
    except NotEstimable:
        return None
    column = "shrunk_rate" if unit == "proportion" else "shrunk"
    middle, low, high = (
        _spread_out(len(cells), chosen, values)
        for values in (found.estimate, found.low, found.high)
    )
    return Shrinkage(column, middle, low, high, found.spread, found.method)


def _fit(cells: Sequence[Cell], unit: Unit, level: float) -> Shrunken:
    from supportlab.stats import beta_binomial_shrinkage, normal_shrinkage
    from supportlab.stats.interval import normal_quantile

    if len(cells) < 3:
        raise NotEstimable("fewer than three groups")
    shown = [cell.interval for cell in cells if cell.interval is not None]
    values = np.array([item.estimate for item in shown])
    if unit == "proportion":
        n = np.array([item.n for item in shown], dtype=float)
        effect = np.array([item.design_effect or 1.0 for item in shown])
        return beta_binomial_shrinkage(values * n, n, level, design_effect=effect)
    widths = np.array([(item.high or 0.0) - (item.low or 0.0) for item in shown])
    return normal_shrinkage(values, widths / 2.0 / normal_quantile(level), level)


def _spread_out(size: int, places: Sequence[int], values: np.ndarray) -> np.ndarray:
    out = np.full(size, np.nan)
    out[list(places)] = values
    return out


def _ends(stem: str, end: str) -> str:
    head, _, tail = stem.partition("_")
    return "_".join(part for part in (head, end, tail) if part)
