"""Contacts of tickets, and sessions in the help centre and with the bot."""

from __future__ import annotations

import numpy as np

from supportlab.simulate.arrays import DAY, HOUR, Array, Rows, first_minimum, pick, stack, take
from supportlab.simulate.catalogue import BOT
from supportlab.simulate.demand import NORMAL
from supportlab.simulate.events import CUSTOMER, MESSAGE
from supportlab.simulate.intake import Desk
from supportlab.simulate.keeping import BY_CUSTOMER
from supportlab.simulate.leaving import Leaving
from supportlab.simulate.markets import MARKETS

__all__ = ["OUTCOMES", "SESSION_KINDS", "make_contacts", "make_sessions"]

SESSION_KINDS = ("help_centre", "bot")
OUTCOMES = ("resolved", "handed_over", "left", "unknown")
RESOLVED, HANDED_OVER, LEFT, UNKNOWN = range(4)
SESSIONS_PER_TICKET = 0.5
BEFORE_TICKET_SHARE, ANONYMOUS_SHARE = 0.18, 0.3
CONTEXT_SAME_CHANNEL, CONTEXT_SWITCHED = 0.9, 0.45


def make_contacts(desk: Desk, tickets: Rows, events: Rows) -> Rows:
    """Return one row per customer message of the events."""
    rng = desk.streams("contacts")
    rows = np.flatnonzero((events["kind"] == MESSAGE) & (events["actor"] == CUSTOMER))
    ticket, at, channel = events["ticket"][rows], events["at"][rows], events["channel"][rows]
    first = at == first_minimum(ticket, at, len(tickets["customer"]))[ticket]
    switched = channel != tickets["channel"][ticket]
    again = tickets["parent"][ticket] >= 0
    chance = np.where(switched | again, CONTEXT_SWITCHED, CONTEXT_SAME_CHANNEL)
    knows = rng.random(len(rows)) < chance
    return {
        "ticket": ticket,
        "customer": tickets["customer"][ticket],
        "at": at,
        "channel": channel,
        "had_context": np.where(first & ~again, -1, knows),
    }


def make_sessions(desk: Desk, tickets: Rows, leaving: Leaving) -> Rows:
    """Return sessions before tickets and sessions that made a ticket needless."""
    parts = [
        _handed_over(desk, tickets),
        _before_tickets(desk, tickets),
        _alone(desk, leaving, len(tickets["customer"])),
    ]
    rows = stack(parts)
    rows = take(rows, np.flatnonzero(rows["at"] >= desk.settings.first_second))
    return take(rows, np.lexsort((rows["kind"], rows["customer"], rows["at"])))


def _handed_over(desk: Desk, tickets: Rows) -> Rows:
    rng = desk.streams("bot sessions")
    bot = tickets["channel"] == BOT
    came = (tickets["handover"] | bot) & (tickets["fate"] == NORMAL)
    came &= tickets["initiated"] == BY_CUSTOMER
    ticket = np.flatnonzero(came)
    n = len(ticket)
    outcome = np.where(bot[ticket], RESOLVED, HANDED_OVER)
    return _rows(
        desk,
        tickets["customer"][ticket],
        tickets["created_at"][ticket] - rng.integers(40, 600, n),
        np.ones(n, dtype=np.int64),
        2 + rng.poisson(3, n),
        outcome,
        ticket,
    )


def _before_tickets(desk: Desk, tickets: Rows) -> Rows:
    rng = desk.streams("help centre before tickets")
    n_all = len(tickets["customer"])
    looked = (rng.random(n_all) < BEFORE_TICKET_SHARE) & (tickets["fate"] == NORMAL)
    looked &= (tickets["initiated"] == BY_CUSTOMER) & (tickets["parent"] < 0) & ~tickets["handover"]
    ticket = np.flatnonzero(looked)
    n = len(ticket)
    pause = np.minimum(rng.exponential(2.5, n) * HOUR, 23 * HOUR).astype(np.int64) + 30
    linked = np.where(rng.random(n) < 0.4, ticket, -1)
    outcome = np.where(rng.random(n) < 0.75, LEFT, UNKNOWN)
    kind = np.zeros(n, dtype=np.int64)
    at = tickets["created_at"][ticket] - pause
    return _rows(
        desk, tickets["customer"][ticket], at, kind, 1 + rng.poisson(3, n), outcome, linked
    )


def _alone(desk: Desk, leaving: Leaving, n_tickets: int) -> Rows:
    rng, settings = desk.streams("sessions alone"), desk.settings
    n = round(n_tickets * SESSIONS_PER_TICKET)
    customer = rng.integers(0, len(desk.customers["market"]), n)
    span = settings.as_of - settings.first_second - DAY
    at = settings.first_second + (span * rng.random(n)).astype(np.int64)
    known = leaving.is_active(customer, at)
    customer, at = customer[known], at[known]
    n = len(at)
    has_bot = np.array([one.channels[BOT] > 0 for one in MARKETS])
    kind = (rng.random(n) < 0.3) & has_bot[desk.customers["market"][customer]]
    outcome = pick(rng.random(n), (0.5, 0.0, 0.26, 0.24))
    steps = 1 + rng.poisson(2.4, n)
    return _rows(desk, customer, at, kind.astype(np.int64), steps, outcome, np.full(n, -1))


def _rows(
    desk: Desk, customer: Array, at: Array, kind: Array, steps: Array, outcome: Array, ticket: Array
) -> Rows:
    hidden = (ticket < 0) & (kind == 0)
    draw = desk.streams(f"anonymous {len(at)}").random(len(at))
    return {
        "customer": customer,
        "is_anonymous": hidden & (draw < ANONYMOUS_SHARE),
        "at": at,
        "kind": kind,
        "steps": steps,
        "outcome": outcome.astype(np.int64),
        "ticket": ticket,
    }
