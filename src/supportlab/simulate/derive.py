"""Ticket columns that follow from the events."""

from __future__ import annotations

import numpy as np

from supportlab.simulate.arrays import NEVER, Array, Rows
from supportlab.simulate.events import (
    AGENT,
    APPROVAL,
    CLOSED,
    CUSTOMER,
    ESCALATED,
    MESSAGE,
    NO_CODE,
    OPEN,
    OTHER,
    REQUEST,
    RESOLVED,
    STATUS,
    TRANSFER,
)
from supportlab.simulate.keeping import BY_AGENT

__all__ = ["ticket_columns"]


def ticket_columns(events: Rows, initiated: Array) -> Rows:
    """Return, by ticket, what can be read off its events (sorted by ticket and time)."""
    n = len(initiated)
    ticket, at, actor, kind = (events[name] for name in ("ticket", "at", "actor", "kind"))
    customer_message = (kind == MESSAGE) & (actor == CUSTOMER)
    agent_message = (kind == MESSAGE) & (actor == AGENT)
    asked_at = _first(ticket, at, customer_message, n)
    # Who opens a ticket for the customer has not answered yet.
    answers = agent_message & ((initiated != BY_AGENT)[ticket] | (at > asked_at[ticket]))
    first = _first_row(ticket, agent_message, n)
    known = first >= 0
    requested = _first(ticket, at, kind == REQUEST, n)
    approved = _first(ticket, at, kind == APPROVAL, n)
    return _states(events, n) | {
        "first_response_at": _first(ticket, at, answers, n),
        "agent": np.where(known, events["agent"][first], NO_CODE),
        "team": np.where(known, events["team"][first], NO_CODE),
        "contact_count": np.bincount(ticket[customer_message], minlength=n),
        "agent_reply_count": np.bincount(ticket[agent_message], minlength=n),
        "transfer_count": np.bincount(ticket[kind == TRANSFER], minlength=n),
        "escalated": np.bincount(
            ticket[(kind == OTHER) & (events["value"] == ESCALATED)], minlength=n
        )
        > 0,
        "approval_requested": requested < NEVER,
        "approval_seconds": np.where(approved < NEVER, approved - requested, NO_CODE),
    }


def _states(events: Rows, n: int) -> Rows:
    ticket, at, value = events["ticket"], events["at"], events["value"]
    state = events["kind"] == STATUS
    resolved = state & (value == RESOLVED)
    resolved_at = _first(ticket, at, resolved, n)
    last = np.full(n, NO_CODE, dtype=np.int64)
    # Sorted by ticket and time, so the last write is the last state.
    last[ticket[state]] = np.flatnonzero(state)
    status = np.where(last >= 0, value[last], OPEN)
    latest = np.full(n, NEVER)
    latest[ticket[resolved]] = at[resolved]
    is_done = (status == RESOLVED) | (status == CLOSED)
    again = state & (value == OPEN) & (at > resolved_at[ticket])
    return {
        "status": status,
        "resolved_at": resolved_at,
        "closed_at": np.where(is_done, latest, NEVER),
        "reopened_count": np.bincount(ticket[again], minlength=n),
    }


def _first_row(ticket: Array, where: Array, n: int) -> Array:
    rows = np.flatnonzero(where)
    found, spot = np.unique(ticket[rows], return_index=True)
    first = np.full(n, -1, dtype=np.int64)
    first[found] = rows[spot]
    return first


def _first(ticket: Array, at: Array, where: Array, n: int) -> Array:
    row = _first_row(ticket, where, n)
    return np.where(row >= 0, at[row], NEVER)
