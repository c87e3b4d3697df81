"""What happened to every ticket, as events up to the moment of the extract."""

from __future__ import annotations

import numpy as np

from supportlab.simulate.arrays import DAY, NEVER, Array, Rows, stack, take
from supportlab.simulate.catalogue import BOT, EMAIL, channel_values
from supportlab.simulate.demand import MERGED, NORMAL
from supportlab.simulate.intake import Desk
from supportlab.simulate.keeping import BY_AGENT, BY_BOT, BY_CUSTOMER
from supportlab.simulate.paths import CONTACT

__all__ = ["ACTORS", "KINDS", "VALUES", "make_events", "with_ratings"]

ACTORS = ("customer", "agent", "bot", "system")
CUSTOMER, AGENT, ROBOT, SYSTEM = range(4)
KINDS = (
    "message", "note", "status", "assignment", "transfer",
    "approval_request", "approval", "rating", "other",
)  # fmt: skip
MESSAGE, NOTE, STATUS, ASSIGNMENT, TRANSFER, REQUEST, APPROVAL, RATING, OTHER = range(9)
VALUES = (
    "open", "pending", "resolved", "closed", "merged", "spam", "deleted", "test", "escalated",
    "1", "2", "3", "4", "5",
)  # fmt: skip
OPEN, PENDING, RESOLVED, CLOSED, MERGED_VALUE, ESCALATED = 0, 1, 2, 3, 4, 8
NO_CODE = -1
AUTO_CLOSE_DAYS = 5
AUTO_REPLY_SHARE, NOTE_SHARE, SWITCH_SHARE = 0.7, 0.2, 0.12


class _Writer:
    """Collects events of one desk."""

    def __init__(self, tickets: Rows, as_of: int) -> None:
        self.tickets, self.as_of = tickets, as_of
        self.blocks: list[Rows] = []

    def add(
        self,
        where: Array,
        at: Array,
        actor: int,
        kind: int,
        *,
        value: int | Array = NO_CODE,
        agent: Array | None = None,
        team: Array | None = None,
        channel: Array | None = None,
    ) -> None:
        """Add one event for each of the tickets in `where`; `at` covers all tickets."""
        rows = np.flatnonzero(where & (at <= self.as_of))
        n = len(rows)
        is_public = kind in (MESSAGE, RATING)
        none = np.full(n, NO_CODE, dtype=np.int32)
        self.blocks.append(
            {
                "ticket": rows.astype(np.int32),
                "at": at[rows],
                "actor": np.full(n, actor, dtype=np.int8),
                "kind": np.full(n, kind, dtype=np.int8),
                "is_public": np.full(n, is_public),
                "channel": none if channel is None else channel[rows].astype(np.int32),
                "agent": none if agent is None else agent[rows].astype(np.int32),
                "team": none if team is None else team[rows].astype(np.int32),
                "value": np.full(n, value, dtype=np.int8)
                if isinstance(value, int)
                else value[rows].astype(np.int8),
                "order": np.full(n, len(self.blocks), dtype=np.int16),
            }
        )

    def events(self) -> Rows:
        """Return the events by ticket and time."""
        return _sorted(stack(self.blocks))


def make_events(desk: Desk, tickets: Rows) -> Rows:
    """Return the events of all tickets, sorted by ticket and time."""
    rng = desk.streams("events")
    writer = _Writer(tickets, desk.settings.as_of)
    normal = tickets["fate"] == NORMAL
    served = normal & (tickets["channel"] != BOT) & (tickets["initiated"] != BY_AGENT)
    _openings(writer, rng, served)
    _odd_fates(writer, rng, ~normal)
    _bot_tickets(writer, normal & (tickets["channel"] == BOT))
    _outreach(writer, normal & (tickets["initiated"] == BY_AGENT))
    _answers(writer, served)
    _further_contacts(writer, rng, normal)
    _settlements(writer, served)
    _endings(writer, normal)
    return writer.events()


def with_ratings(events: Rows, ticket: Array, at: Array, score: Array) -> Rows:
    """Return the events with the customers' ratings among them."""
    n = len(ticket)
    ratings = {
        "ticket": ticket.astype(np.int32),
        "at": at,
        "actor": np.full(n, CUSTOMER, dtype=np.int8),
        "kind": np.full(n, RATING, dtype=np.int8),
        "is_public": np.ones(n, dtype=bool),
        "channel": np.full(n, NO_CODE, dtype=np.int32),
        "agent": np.full(n, NO_CODE, dtype=np.int32),
        "team": np.full(n, NO_CODE, dtype=np.int32),
        "value": (score + VALUES.index("1") - 1).astype(np.int8),
        "order": np.full(n, 1_000, dtype=np.int16),
    }
    return _sorted(stack([events, ratings]))


def _sorted(events: Rows) -> Rows:
    return take(events, np.lexsort((events["order"], events["at"], events["ticket"])))


def _openings(writer: _Writer, rng: np.random.Generator, served: Array) -> None:
    tickets = writer.tickets
    created, first, channel = (
        tickets["created_at"],
        tickets["first_response_at"],
        tickets["channel"],
    )
    asked = served & (tickets["initiated"] == BY_CUSTOMER)
    writer.add(asked, created, CUSTOMER, MESSAGE, channel=channel)
    writer.add(served & (tickets["initiated"] == BY_BOT), created, ROBOT, MESSAGE, channel=channel)
    writer.add(served, created, SYSTEM, STATUS, value=OPEN)
    n = len(created)
    greeting = created + np.minimum(rng.integers(4, 40, n), np.maximum(first - created - 1, 0))
    replies = asked & (channel == EMAIL) & (rng.random(n) < AUTO_REPLY_SHARE)
    writer.add(replies | (asked & tickets["handover"]), greeting, ROBOT, MESSAGE, channel=channel)
    assigned = created + (first - created) * 3 // 10
    who, team = tickets["agent"], tickets["team"]
    writer.add(served, assigned, SYSTEM, ASSIGNMENT, agent=who, team=team)
    noted = created + (first - created) * 6 // 10
    notes = served & (rng.random(n) < NOTE_SHARE)
    writer.add(notes, noted, AGENT, NOTE, agent=who, team=team)


def _odd_fates(writer: _Writer, rng: np.random.Generator, odd: Array) -> None:
    tickets = writer.tickets
    created = tickets["created_at"]
    writer.add(odd, created, CUSTOMER, MESSAGE, channel=tickets["channel"])
    writer.add(odd, created, SYSTEM, STATUS, value=OPEN)
    done = created + rng.integers(120, 6 * 3_600, len(created))
    value = MERGED_VALUE + tickets["fate"] - MERGED
    writer.add(odd, done, SYSTEM, STATUS, value=value)


def _bot_tickets(writer: _Writer, served: Array) -> None:
    created, channel = writer.tickets["created_at"], writer.tickets["channel"]
    writer.add(served, created, CUSTOMER, MESSAGE, channel=channel)
    writer.add(served, created, SYSTEM, STATUS, value=OPEN)
    writer.add(served, created + 4, ROBOT, MESSAGE, channel=channel)


def _outreach(writer: _Writer, served: Array) -> None:
    tickets = writer.tickets
    created, channel = tickets["created_at"], tickets["channel"]
    who, team = tickets["agent"], tickets["team"]
    writer.add(served, created, AGENT, MESSAGE, agent=who, team=team, channel=channel)
    writer.add(served, created, SYSTEM, STATUS, value=OPEN)
    answered = served & tickets["is_answered"]
    first = tickets["first_response_at"]
    half = created + (first - created) // 2
    writer.add(answered, half, CUSTOMER, MESSAGE, channel=channel)
    writer.add(answered, first, AGENT, MESSAGE, agent=who, team=team, channel=channel)


def _answers(writer: _Writer, served: Array) -> None:
    tickets = writer.tickets
    first, channel = tickets["first_response_at"], tickets["channel"]
    who, team = tickets["agent"], tickets["team"]
    writer.add(served, first, AGENT, MESSAGE, agent=who, team=team, channel=channel)
    waits = served & (tickets["mode"] == CONTACT)
    writer.add(waits, first + 1, AGENT, STATUS, value=PENDING, agent=who, team=team)
    moved = tickets["transfer_at"]
    who, team = tickets["second_agent"], tickets["second_team"]
    writer.add(served, moved, AGENT, TRANSFER, agent=who, team=team)


def _further_contacts(writer: _Writer, rng: np.random.Generator, normal: Array) -> None:
    """Customers who write again before the ticket is resolved, and the answers."""
    tickets = writer.tickets
    n = len(normal)
    bot = tickets["channel"] == BOT
    begin = np.where(bot, tickets["created_at"] + 5, tickets["first_response_at"] + 2)
    span = np.maximum(tickets["resolved_at"] - begin, 2)
    least = np.full(n, NEVER)
    for number in range(5):
        writes = normal & (tickets["extra_contacts"] > number)
        at = begin + (span * (0.1 + 0.75 * rng.random(n))).astype(np.int64)
        switches = ~bot & (rng.random(n) < SWITCH_SHARE)
        other = rng.integers(0, BOT, n)
        channel = np.where(switches, other, tickets["channel"])
        writer.add(writes, at, CUSTOMER, MESSAGE, channel=channel)
        least = np.where(writes, np.minimum(least, at), least)
        reply = at + ((tickets["resolved_at"] - at) * 0.5 * rng.random(n)).astype(np.int64)
        _agent_message(writer, writes & ~bot, reply, channel)
    waits = normal & ~bot & (tickets["mode"] == CONTACT)
    writer.add(waits, least, SYSTEM, STATUS, value=OPEN)


def _agent_message(writer: _Writer, where: Array, at: Array, channel: Array) -> None:
    tickets = writer.tickets
    moved = at >= tickets["transfer_at"]
    who = np.where(moved, tickets["second_agent"], tickets["agent"])
    team = np.where(moved, tickets["second_team"], tickets["team"])
    writer.add(where, at, AGENT, MESSAGE, agent=who, team=team, channel=channel)


def _settlements(writer: _Writer, served: Array) -> None:
    tickets = writer.tickets
    who, team = tickets["agent"], tickets["team"]
    asks = served & tickets["approval"]
    writer.add(asks, tickets["asked_at"], AGENT, REQUEST, agent=who, team=team)
    writer.add(asks, tickets["granted_at"], AGENT, APPROVAL, agent=tickets["second_agent"])
    first, last = tickets["first_response_at"], tickets["resolved_at"]
    raised = first + (last - first) // 5
    lifted = served & tickets["escalated"]
    writer.add(lifted, raised, AGENT, OTHER, value=ESCALATED, agent=who, team=team)


def _endings(writer: _Writer, normal: Array) -> None:
    tickets = writer.tickets
    resolved, channel = tickets["resolved_at"], tickets["channel"]
    live = channel_values("is_live")[channel]
    bot = channel == BOT
    writes = normal & ~bot & ~live & ~tickets["fcr"]
    _agent_message(writer, writes, resolved, channel)
    writer.add(normal & bot, resolved, ROBOT, STATUS, value=RESOLVED)
    _resolved(writer, normal & ~bot, resolved)
    reopened, again = tickets["reopened_at"], tickets["resolved_again_at"]
    returns = normal & (reopened < NEVER)
    writer.add(returns, reopened, CUSTOMER, MESSAGE, channel=channel)
    writer.add(returns, reopened, SYSTEM, STATUS, value=OPEN)
    reply = np.where(returns, reopened + (again - reopened) * 9 // 10, NEVER)
    _agent_message(writer, returns & (again < NEVER), reply, channel)
    _resolved(writer, returns, again)
    pause = AUTO_CLOSE_DAYS * DAY
    never_back = normal & (reopened > resolved + pause)
    writer.add(never_back, resolved + pause, SYSTEM, STATUS, value=CLOSED)
    writer.add(returns & (again < NEVER), again + pause, SYSTEM, STATUS, value=CLOSED)


def _resolved(writer: _Writer, where: Array, at: Array) -> None:
    tickets = writer.tickets
    moved = at >= tickets["transfer_at"]
    who = np.where(moved, tickets["second_agent"], tickets["agent"])
    team = np.where(moved, tickets["second_team"], tickets["team"])
    writer.add(where, at, AGENT, STATUS, value=RESOLVED, agent=who, team=team)
