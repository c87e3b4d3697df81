"""Counts of arms by cell of equal intake, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.metrics.channels.cells import TicketCells, ticket_cells
from supportlab.metrics.channels.later_contacts import later_contact_rows
from supportlab.metrics.channels.rows import channel_rows
from supportlab.metrics.dimensions import MISSING
from supportlab.stats.factor_cells import Factors, factor_codes
from supportlab.stats.interval import FloatArray
from supportlab.studies.channels.questions import Comparison

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["STATES", "ArmArrays", "arm_arrays", "counted_cells"]

# What became of the ticket tells who answers a survey; it is never held equal between arms.
STATES = ("success", "failure", "unjudged")
# More cells than this would fill the memory of a small machine without making the models better.
MOST_CELLS = 600_000
_LACKS = {
    "entry": (
        "it is not known which tickets a bot handed over; provide sessions with ticket_id and "
        "outcome"
    ),
    "preference": (
        "it is not known which channel customers prefer; provide customers with preferred_channel"
    ),
}
_NEEDS = {
    "csat": "there are no survey answers that name their ticket; provide surveys with ticket_id",
    "churn": "it is not known which customers left; provide customers with churned_at",
}


@dataclass(frozen=True)
class ArmArrays:
    """
    Counts by cell of equal intake and by arm.

    Parameters
    ----------
    names : tuple of str
        Arms, sorted.
    held : tuple of str
        Labels held equal.
    places : pandas.DataFrame
        Labels of each cell of equal intake.
    place : numpy.ndarray of shape (n_rows,)
        Which of these each row of ``frame`` lies in.
    arm : numpy.ndarray of shape (n_rows,)
        Place of its arm among the names.
    state : numpy.ndarray of shape (n_rows,)
        Place of its state.
    frame : pandas.DataFrame
        As fetched.
    factors : Factors
        The cells' levels.
    """

    names: tuple[str, ...]
    held: tuple[str, ...]
    places: pd.DataFrame
    place: np.ndarray
    arm: np.ndarray
    state: np.ndarray
    frame: pd.DataFrame
    factors: Factors

    def count(self, column: str) -> FloatArray:
        """Return a count as an array of shape (n_cells, n_arms, n_states)."""
        found = np.zeros((len(self.places), len(self.names), len(STATES)))
        values = self.frame[column].to_numpy(dtype=float)
        np.add.at(found, (self.place, self.arm, self.state), values)
        return found


def counted_cells(desk: Desk, asked: Comparison) -> tuple[TicketCells, tuple[str, ...]]:
    """
    Count tickets by cell once, however many comparisons of one run ask for the same.

    Parameters
    ----------
    desk : Desk
        The data.
    asked : Comparison
        What is compared.

    Returns
    -------
    tuple of (TicketCells, tuple of str)
        The cells, and the labels among ``held`` that the source provides.

    Raises
    ------
    NotEstimable
        The source does not tell the arm, the outcome, or what the tickets must have.
    """
    source = channel_rows if asked.source == "tickets" else later_contact_rows
    rows = source(desk, asked.labels, start=asked.start, end=asked.end)
    if asked.outcome not in rows.outcomes:
        raise NotEstimable(_NEEDS[asked.outcome])
    lacking = [name for name in (*asked.only, asked.arm) if name not in (*rows.labels, "channel")]
    lacking = [name for name in lacking if name not in ("entry",) or name == asked.arm]
    if lacking:
        raise NotEstimable(_LACKS.get(lacking[0], f"tickets do not tell {lacking[0]}"))
    held = tuple(name for name in asked.held if name in (*rows.labels, "channel"))
    keys = tuple(dict.fromkeys((asked.arm, *held)))
    only = {name: value for name, value in asked.only.items() if name in rows.labels}
    name = (
        f"{asked.source} cells {keys} {sorted(only.items())} {asked.cluster} {asked.start} "
        f"{asked.end}"
    )

    def count() -> TicketCells:
        table = rows.table
        for column, value in only.items():
            table = table.filter(table[column] == value)
        cluster = rows.clusters[asked.cluster]
        return ticket_cells(table, keys, asked.cluster, cluster, rows.definition, desk.keep)

    return desk.once(name, count), held


def arm_arrays(cells: TicketCells, arm: str, held: Sequence[str]) -> ArmArrays:
    """
    Lay out counts by cell of equal intake and arm.

    Parameters
    ----------
    cells : TicketCells
        Counts.
    arm : str
        Column of the arms.
    held : sequence of str
        Labels held equal, some or all of the cells'.

    Returns
    -------
    ArmArrays
        Rows without an arm are left out.

    Raises
    ------
    NotEstimable
        All tickets are of one arm, or there are too many cells.
    """
    frame = cells.fetch()
    frame = frame.loc[frame[arm] != MISSING].reset_index(drop=True)
    names = tuple(sorted(frame[arm].unique()))
    if len(names) < 2:
        raise NotEstimable(
            f"all tickets that tell the {arm} are of one kind; there is nothing to compare"
        )
    grouped = frame.groupby(list(held), sort=True) if held else None
    place = grouped.ngroup().to_numpy() if grouped is not None else np.zeros(len(frame), dtype=int)
    count = int(place.max()) + 1
    if count > MOST_CELLS:
        raise NotEstimable(f"the labels make {count:,} cells; hold fewer labels equal")
    first = np.zeros(count, dtype=np.intp)
    first[place[::-1]] = np.arange(len(frame))[::-1]
    places = frame.loc[first, list(held)].reset_index(drop=True)
    n = np.bincount(place, frame["n"].to_numpy(dtype=float), count)
    factors = factor_codes({name: places[name].tolist() for name in held}, n)
    lookup = {name: number for number, name in enumerate(names)}
    states = {name: number for number, name in enumerate(STATES)}
    return ArmArrays(
        names=names,
        held=tuple(held),
        places=places,
        place=place,
        arm=frame[arm].map(lookup).to_numpy(dtype=np.intp),
        state=frame["fcr_state"].map(states).to_numpy(dtype=np.intp),
        frame=frame,
        factors=factors,
    )
