"""The hazard that what is known of customers foretells, fitted on cells of the whole panel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import MISSING

if TYPE_CHECKING:
    from supportlab.metrics.customers.panel import Panel
    from supportlab.stats.binary_cells import BinaryFit

__all__ = ["PROGNOSTIC", "Prognosis", "fit_prognosis", "prognostic_columns"]

# What is known of every customer when a month begins, and how the desk served them before it.
PROGNOSTIC = (
    "tenure_band",
    "plan",
    "segment",
    "market",
    "usage_band",
    "value_band",
    "bad_tickets",
    "csat_bad",
    "payment_declined",
)
# A level with fewer departures has no coefficient of its own.
FEWEST_EVENTS = 10


@dataclass(frozen=True)
class Prognosis:
    """
    A hazard model of the whole panel, to score other rows with.

    Parameters
    ----------
    columns : tuple of str
        What it knows of a row.
    levels : dict
        Levels with a coefficient, by column.
    fit : BinaryFit
        The regression.
    n : int
        Customer-months it was fitted on.
    """

    columns: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]
    fit: BinaryFit
    n: int

    def score(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the foretold log hazard of rows with the columns as text."""
        linear: np.ndarray = _design(rows, self.levels) @ self.fit.coefficients
        return linear


def prognostic_columns(panel: Panel, without: str | None = None) -> tuple[str, ...]:
    """Return what the panel knows of a customer, but for one exposure."""
    there = (name for name in PROGNOSTIC if name in panel.table.columns)
    return tuple(name for name in there if name != without and name not in panel.reasons)


def fit_prognosis(panel: Panel, without: str | None = None) -> Prognosis:
    """
    Fit the hazard of leaving of one's own accord on what is known of all customers.

    Not for reading its coefficients: it serves to make customers comparable.

    Parameters
    ----------
    panel : Panel
        The customer-months.
    without : str, optional
        An exposure whose rows are left out, as ``nps_detractor`` where detractors are compared,
        and which is no part of the model.

    Returns
    -------
    Prognosis
        Complementary log-log regression on cells.

    Raises
    ------
    NotEstimable
        There are no departures to fit on.
    """
    # Tickets scored bad are part of `bad_tickets`, which stays.
    columns = prognostic_columns(panel, without)

    def kept(table: Any) -> Any:
        return (table[without] == 0) | table[without].isnull()

    use = without is not None and without in panel.measures
    cells = panel.cells(list(columns), where=kept if use else None)
    for name in columns:
        cells[name] = cells[name].map(as_text)
    left = (cells["n_left"] - cells["n_left_involuntary"]).to_numpy(float)
    cells = cells.assign(n_chose=left)
    levels = {name: _levels(cells, name) for name in columns}
    from supportlab.stats.binary_cells import fit_binary

    if not left.sum() > 0:
        raise NotEstimable("no customer left of their own accord")
    fit = fit_binary(_design(cells, levels), cells["n"].to_numpy(float), left, link="cloglog")
    return Prognosis(columns, levels, fit, int(cells["n"].sum()))


def as_text(value: Any) -> str:
    """Return a level as text, whole numbers without a decimal point."""
    if pd.isna(value):
        return MISSING
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _levels(cells: pd.DataFrame, name: str) -> tuple[str, ...]:
    sums = cells.groupby(name, sort=True)[["n", "n_chose"]].sum()
    enough = sums[(sums["n_chose"] >= FEWEST_EVENTS) & (sums["n_chose"] < sums["n"])]
    reference = sums["n"].idxmax()
    return tuple(str(level) for level in enough.index if level != reference)


def _design(rows: pd.DataFrame, levels: dict[str, tuple[str, ...]]) -> np.ndarray:
    columns: list[np.ndarray] = [np.ones(len(rows))]
    for name, labels in levels.items():
        values = rows[name].to_numpy()
        columns += [(values == label).astype(float) for label in labels]
    return np.column_stack(columns)
