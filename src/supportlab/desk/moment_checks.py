"""What the chosen moment leaves out of a source, or cannot undo in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import ibis

from supportlab.desk.as_of import SETTLED, as_moment, shown_as_not_reopened
from supportlab.desk.config import DeskConfig
from supportlab.desk.contract import CONTRACT
from supportlab.desk.faults import Fault
from supportlab.desk.staging import StagedTable
from supportlab.errors import listed

__all__ = ["moment_faults"]

# Counters and sums as they were at the extract; no time says when they grew.
_NOT_REWOUND = (
    "contact_count",
    "agent_reply_count",
    "transfer_count",
    "escalated",
    "approval_requested",
    "approval_minutes",
    "authority_used",
    "handle_minutes",
)


def moment_faults(
    staged: Mapping[str, StagedTable],
    config: DeskConfig,
    as_of: datetime,
    came_from: str,
    latest: datetime | None,
    n_after: Mapping[str, int],
) -> list[Fault]:
    """
    Tell what the chosen moment leaves out or cannot undo.

    Parameters
    ----------
    staged : mapping of str to StagedTable
        Tables of the source.
    config : DeskConfig
        The moment of the extract, where it is declared.
    as_of : datetime
        The moment at which the desk is shown.
    came_from : str
        Where the moment comes from.
    latest : datetime or None
        Latest time in the data.
    n_after : mapping of str to int
        Rows that lie beyond the moment, by table.

    Returns
    -------
    list of Fault
        Warnings and notes.
    """
    faults = [
        Fault(
            name,
            CONTRACT[name].time or "",
            "after_as_of",
            "note",
            n,
            "",
            f"Rows later than {_text(as_of)} ({came_from}) are left out.",
        )
        for name, n in n_after.items()
        if n
    ]
    extract = as_moment(config.as_of) if config.as_of is not None else latest
    faults += _not_rewound(staged, as_of, extract)
    if config.as_of is not None and as_of > as_moment(config.as_of):
        cure = (
            f"as_of is {_text(as_of)}, the extract {_text(as_moment(config.as_of))}: what "
            "happened between is not in the data, and open tickets look open for longer."
        )
        faults.append(Fault("desk.toml", "as_of", "after_extract", "warn", 1, "", cure))
    if latest is None:
        cure = "No time in the data says when they end. Give as_of."
        faults.append(Fault("desk.toml", "as_of", "no_time", "warn", 1, "", cure))
    return faults


def _not_rewound(
    staged: Mapping[str, StagedTable], as_of: datetime, extract: datetime | None
) -> Iterator[Fault]:
    tickets = staged.get("tickets")
    if extract is None or as_of >= extract or tickets is None:
        return
    counters = [name for name in _NOT_REWOUND if name in tickets.provided]
    has_reopenings = "reopened_count" in tickets.provided
    if not counters and not has_reopenings:
        return
    numbers = _ticket_numbers(tickets.rows, as_of)
    if counters:
        cure = (
            f"as_of {_text(as_of)} lies before the end of the data ({_text(extract)}), and these "
            f"columns are as of that end: {listed(counters, shown=20)}."
        )
        yield Fault("tickets", "", "not_rewound", "warn", numbers["shown"], "", cure)
    n_unsure = numbers["zeroed"] + numbers["kept"]
    if has_reopenings and n_unsure:
        cure = (
            f"When these were reopened is not known. {numbers['zeroed']:,} settled again after "
            f"as_of are shown as not reopened (the reopening rate may be too low, FCR too high), "
            f"{numbers['kept']:,} without a last resolution, or open at the end of the data, as "
            "they are there (the reverse). Events with states cure it."
        )
        yield Fault("tickets", "reopened_count", "not_rewound", "warn", n_unsure, "", cure)


def _ticket_numbers(tickets: Any, as_of: datetime) -> dict[str, int]:
    """Count the tickets shown, and those whose reopenings at the moment are not known."""
    moment = ibis.timestamp(as_of.isoformat(sep=" "))
    shown = (tickets.created_at <= moment).fill_null(True)
    first_later = (tickets.resolved_at > moment).fill_null(False)
    reopened = shown & (tickets.reopened_count > 0).fill_null(False) & ~first_later
    zeroed = reopened & shown_as_not_reopened(tickets, moment)
    is_settled = tickets.status.isin(SETTLED).fill_null(False)
    sure = is_settled & (tickets.closed_at <= moment).fill_null(False)
    tests = {"shown": shown, "zeroed": zeroed, "kept": reopened & ~zeroed & ~sure}
    sums = {
        name: test.ifelse(1, 0).cast("int64").sum().fill_null(0) for name, test in tests.items()
    }
    found = tickets.aggregate(**sums).to_pandas().iloc[0]
    return {name: int(found[name]) for name in tests}


def _text(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds")
