"""What may move CSAT, NPS and effort, as columns: one a driver, and groups that share R squared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from supportlab.errors import NotEstimable
from supportlab.records import Definition
from supportlab.studies.service.answering import BESIDE, with_answer_columns
from supportlab.studies.service.known import Known, known_service, log_hours

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["OUTCOMES", "DriverData", "driver_data"]

OUTCOMES = ("csat", "ces", "nps")
# An agent's first year is when most is learnt.
EXPERIENCED_DAYS = 365.0
DAYS_PER_YEAR = 365.0
TENURE_EDGES_YEARS = (0.5, 1.0, 2.0, 4.0)
# A driver that hardly ever happens, or always, tells nothing.
FEWEST_EACH_WAY = 30
MONTHS_PER_QUARTER = 3

_TICKET_FLAGS = {
    "is_transferred": "handed over",
    "escalated": "escalated",
    "approval_requested": "approval needed",
    "authority_used": "settled by own authority",
    "same_language": "agent speaks the customer's language",
}
_CUSTOMER_FLAGS = {
    "contacted": "had a ticket",
    "reopened": "a ticket reopened",
    "unresolved": "a ticket open at the survey",
    "slow_response": "a first answer among the slowest quarter",
    "repeat": "a ticket with repeat contacts",
    "escalated": "a ticket escalated",
    "handed_over": "a ticket handed over",
}
_GROUPS = {
    "is_transferred": "hand-over and escalation",
    "escalated": "hand-over and escalation",
    "approval_requested": "approval and authority",
    "authority_used": "approval and authority",
    "same_language": "agent's language and experience",
    "experienced": "agent's language and experience",
}


@dataclass(frozen=True)
class DriverData:
    """
    Rows with their outcome, drivers and covariates.

    Parameters
    ----------
    part : pandas.DataFrame
        One row a ticket or an invitation, answered or not, with ``cluster``.
    outcome : str
        Column of the answer.
    drivers : mapping of str to array
        One column a driver.
    words : mapping of str to str
        Each driver in words.
    groups : mapping of str to sequence of str
        Group of drivers, and of covariates, that share R squared.
    held : tuple of str
        Covariates.
    beside : tuple of str
        What else tells who answers.
    definition : Definition
        With counts.
    whom : str
        The rows in words.
    """

    part: pd.DataFrame
    outcome: str
    drivers: Mapping[str, NDArray[np.float64]]
    words: Mapping[str, str]
    groups: Mapping[str, Sequence[str]]
    held: tuple[str, ...]
    beside: tuple[str, ...]
    definition: Definition
    whom: str


def driver_data(desk: Desk, outcome: str, start: str | None, end: str | None) -> DriverData:
    """
    Return the drivers of an outcome that a source provides.

    Parameters
    ----------
    desk : Desk
        The data.
    outcome : str
        ``csat``, ``ces`` or ``nps``; NPS that names no ticket is joined with the customer's service
        in the 90 days before.
    start, end : str or None
        ISO dates.

    Returns
    -------
    DriverData
        The columns.

    Raises
    ------
    NotEstimable
        There are no answers, or nothing that may drive them.
    """
    if outcome == "nps":
        try:
            known = known_service(desk, start=start, end=end)
        except NotEstimable:
            return _of_customers(desk, start, end)
        if "nps" not in known.table:
            return _of_customers(desk, start, end)
    known = known_service(desk, start=start, end=end)
    known.require(outcome)
    return _of_tickets(known, outcome)


def _of_tickets(known: Known, outcome: str) -> DriverData:
    part = known.served()
    if "response_seconds" in part:
        part = part.loc[part["response_seconds"].notna()].reset_index(drop=True)
    part = with_answer_columns(part)
    columns: dict[str, NDArray[np.float64]] = {"fcr": part["fcr"].to_numpy(dtype=float)}
    words = {"fcr": "resolved at the first contact"}
    groups: dict[str, list[str]] = {"first contact resolution": ["fcr"]}
    for name, column, text in (
        ("resolution", "resolution_seconds", "time to resolution"),
        ("response", "response_seconds", "time to first answer"),
    ):
        if column in part:
            columns[name] = -log_hours(part[column])
            words[name] = f"{text}, per halving"
            groups[text] = [name]
    flags = {name: text for name, text in _TICKET_FLAGS.items() if name in part}
    found = {name: part[name].fillna(0.0).to_numpy(dtype=float) for name in flags}
    if "tenure_days" in part:
        found["experienced"] = (part["tenure_days"] >= EXPERIENCED_DAYS).to_numpy(dtype=float)
        flags["experienced"] = "agent served a year or more"
    answered = part[outcome].notna().to_numpy()
    for name, values in found.items():
        if _varies(values[answered]):
            columns[name], words[name] = values, flags[name]
            groups.setdefault(_GROUPS[name], []).append(name)
    return DriverData(
        part,
        outcome,
        columns,
        words,
        groups | _covariates(known.intake),
        known.intake,
        BESIDE,
        known.definition,
        "resolved tickets",
    )


def _covariates(intake: Sequence[str]) -> dict[str, list[str]]:
    """Return the groups of covariates: three by name, the small ones together."""
    titles = {"market": "market", "channel": "channel", "category": "topic"}
    found = {title: [name] for name, title in titles.items() if name in intake}
    rest = [name for name in intake if name not in titles]
    return found | ({"priority, amount and quarter": rest} if rest else {})


def _of_customers(desk: Desk, start: str | None, end: str | None) -> DriverData:
    from supportlab.metrics.relation_frame import LABELS, relation_frame

    found = desk.once(
        f"relation frame {start} {end}", lambda: relation_frame(desk, start=start, end=end)
    )
    part = found.table.copy()
    quarter = (part["month"].str[5:7].astype(int) + 2) // MONTHS_PER_QUARTER
    part["quarter"] = part["month"].str[:4] + "-Q" + quarter.astype(str)
    part["cluster"] = part["customer_id"].astype(str)
    held = [*(name for name in LABELS if name in part), "quarter"]
    if "tenure_days" in part:
        years = part["tenure_days"].fillna(0.0).to_numpy() / DAYS_PER_YEAR
        part["customer_tenure"] = np.searchsorted(TENURE_EDGES_YEARS, years).astype(str)
        held.append("customer_tenure")
    answered = part["nps"].notna().to_numpy()
    columns = {
        name: part[name].to_numpy(dtype=float)
        for name in _CUSTOMER_FLAGS
        if name in part and _varies(part.loc[answered, name].to_numpy())
    }
    if not columns:
        raise NotEstimable(
            "Hardly any customer who answered NPS had a ticket in the 90 days before; nothing can "
            "be told of the service."
        )
    groups = {_CUSTOMER_FLAGS[name]: [name] for name in columns} | {"who and when": held}
    return DriverData(
        part,
        "nps",
        columns,
        {name: _CUSTOMER_FLAGS[name] for name in columns},
        groups,
        tuple(held),
        (),
        found.definition,
        "customers asked, by their service in the 90 days before",
    )


def _varies(values: NDArray[np.float64]) -> bool:
    n_with = float(values.sum())
    return min(n_with, len(values) - n_with) >= FEWEST_EACH_WAY
