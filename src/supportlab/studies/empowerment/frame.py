"""The sums that all designs of the study work on, made once a desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.records import Definition
    from supportlab.stats.response_weights import ResponseWeights

__all__ = [
    "Frame",
    "answer_weights",
    "definitions",
    "study_frame",
    "team_cells",
    "weighted_tickets",
]

UNITS = {"agent": "agent", "team": "team", "market": "market", "all": "team"}


@dataclass(frozen=True)
class Frame:
    """
    Tickets summed up by unit, month, intake and authority, with the unit's adoption.

    Parameters
    ----------
    cells : pandas.DataFrame
        Of `roll_out_cells`, with ``cluster``, ``period`` (number of the month), ``adopted``
        (number of the first month with authority; nan for none) and ``is_partial`` (the month in
        which authority began or ended midway, and all after an end).
    unit : str
        To what authority is given: ``team``, ``agent`` or ``market``.
    months : tuple of str
        All months from the first to the last.
    starts : mapping of str to int
        First month with authority of each unit that got it.
    several_scopes : bool
        Whether rights are given to units of more than one kind.
    """

    cells: pd.DataFrame
    unit: str
    months: tuple[str, ...]
    starts: Mapping[str, int]
    several_scopes: bool


def weighted_tickets(desk: Desk, start: str | None, end: str | None) -> Any:
    """Return the tickets of the study with the weights of their answers, kept in the engine."""
    return desk.once(
        f"weighted authority tickets {start} {end}", lambda: _weighted(desk, start, end)
    )


def answer_weights(
    desk: Desk, start: str | None, end: str | None, *, with_fcr: bool = True
) -> tuple[pd.DataFrame, ResponseWeights | None]:
    """Return the cells of answering with their weights; weights of 0 where too few answered."""
    name = f"answer weights {start} {end} {with_fcr}"
    return desk.once(name, lambda: _answer_weights(desk, start, end, with_fcr))


def study_frame(desk: Desk, start: str | None, end: str | None) -> Frame:
    """
    Return the sums by unit and month.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str or None
        ISO dates of creation.

    Returns
    -------
    Frame
        The same object for the same question.

    Raises
    ------
    NotEstimable
        A table or column is missing, or no ticket lies in the period.
    """
    return desk.once(f"authority frame {start} {end}", lambda: _frame(desk, start, end))


def team_cells(frame: Frame, outcome: str) -> pd.DataFrame:
    """Return the cells in which an outcome is known."""
    known = frame.cells.loc[frame.cells[f"n_{outcome}"] > 0]
    if known.empty:
        raise NotEstimable(f"No ticket tells {outcome.replace('_', ' ')}; its column is missing.")
    return known.reset_index(drop=True)


def _answer_weights(
    desk: Desk, start: str | None, end: str | None, with_fcr: bool
) -> tuple[pd.DataFrame, ResponseWeights | None]:
    from supportlab.metrics.authority.cells import ANSWER_KEYS, answer_cells
    from supportlab.metrics.authority.tickets import authority_tickets
    from supportlab.stats.cell_models import design_columns
    from supportlab.stats.response_weights import response_weights

    tickets = authority_tickets(desk, start, end)
    name = f"answer cells {start} {end}"
    cells: pd.DataFrame = desk.once(name, lambda: answer_cells(tickets))
    names = [key for key in ANSWER_KEYS if with_fcr or key != "fcr"]
    labels = {key: cells[key].astype(str).tolist() for key in names}
    if with_fcr:
        # Who has authority may be answered differently for a ticket that failed.
        labels["both"] = (cells["fcr"] + " " + cells["has_authority"].astype(str)).tolist()
    if cells.empty:
        return cells.assign(weight=[]), None
    design = design_columns(labels, cells["n_asked"])
    try:
        found = response_weights(design.matrix, cells["n_asked"], cells["n_answered"])
    except NotEstimable:
        return cells.assign(weight=0.0), None
    return cells.assign(weight=found.weight), found


def _weighted(desk: Desk, start: str | None, end: str | None) -> Any:
    from supportlab.metrics.authority.cells import with_answer_weight
    from supportlab.metrics.authority.tickets import authority_tickets

    weights, _ = answer_weights(desk, start, end)
    tickets = authority_tickets(desk, start, end)
    return desk.keep(with_answer_weight(tickets, weights))


def _frame(desk: Desk, start: str | None, end: str | None) -> Frame:
    from supportlab.metrics.authority.cells import roll_out_cells
    from supportlab.metrics.authority.status import authority_spans, finest_scope

    spans = authority_spans(desk)
    scope = finest_scope(spans)
    unit = UNITS[scope]
    cells = roll_out_cells(weighted_tickets(desk, start, end), unit)
    if cells.empty:
        raise NotEstimable("No ticket of a human agent lies in the period.")
    months = tuple(
        str(month)
        for month in pd.period_range(cells["month"].min(), cells["month"].max(), freq="M")
    )
    used = set(spans["scope"]) - {"all"}
    dates = _dates(spans, scope, sorted(set(cells["unit"])), months)
    place = {month: number for number, month in enumerate(months)}
    period = cells["month"].map(place).astype(int)
    named = cells["unit"].map(lambda name: dates.get(name, (np.nan, np.inf, None)))
    first = np.array([one[0] for one in named], dtype=float)
    stop = np.array([one[1] for one in named], dtype=float)
    partial = np.array([one[2] is not None and one[2] == when for one, when in zip(
        named, period, strict=True)])  # fmt: skip
    cluster = cells["team"] if unit == "agent" else cells["unit"]
    made = cells.assign(
        cluster=cluster, period=period, adopted=first, is_partial=partial | (period >= stop)
    )
    starts = {name: int(one[0]) for name, one in dates.items() if np.isfinite(one[0])}
    return Frame(made, unit, months, starts, len(used) > 1)


def _dates(
    spans: pd.DataFrame, scope: str, units: list[str], months: tuple[str, ...]
) -> dict[str, tuple[float, float, int | None]]:
    """Return of each unit the first month with authority, the month of its end, a partial month."""
    first_month = pd.Period(months[0], freq="M")
    everybody = spans.loc[spans["scope"] == "all"]
    found = {}
    for name in units:
        own = spans.loc[(spans["scope"] == scope) & (spans["scope_id"] == name)]
        both = pd.concat([own, everybody]) if scope != "all" else everybody
        if both.empty:
            continue
        since, until = both["since_at"].min(), both["until_at"].max()
        begin = since.to_period("M")
        number = float((begin - first_month).n)
        is_midway = since != begin.start_time
        end = float((until.to_period("M") - first_month).n) if until.year < 9000 else np.inf
        found[name] = (number, end, int(number) if is_midway else None)
    return found


def definitions(desk: Desk) -> tuple[Definition, ...]:
    """Return the records of the two metrics that need one."""
    from supportlab.metrics.authority.tickets import authority_definitions

    return authority_definitions(desk)
