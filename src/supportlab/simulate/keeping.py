"""From what might have happened to what did: drop departed customers, add outreach, number."""

from __future__ import annotations

import numpy as np

from supportlab.simulate.arrays import DAY, NEVER, Array, Rows, length, stack, take
from supportlab.simulate.catalogue import EMAIL, PHONE, QUEUES, channel_values
from supportlab.simulate.demand import NORMAL
from supportlab.simulate.intake import Desk
from supportlab.simulate.leaving import Leaving
from supportlab.simulate.markets import MARKETS, SITES
from supportlab.simulate.people import WEEK

__all__ = ["BY_AGENT", "BY_BOT", "BY_CUSTOMER", "keep_tickets"]

BY_CUSTOMER, BY_AGENT, BY_BOT = range(3)
# Alerts that a device raises of itself.
ALERT_SHARE = 0.06
OUTREACH_ANSWERED = 0.68


def keep_tickets(desk: Desk, tickets: Rows, leaving: Leaving) -> Rows:
    """Return the tickets of the world, in order of creation, with `parent` renumbered."""
    active = leaving.is_active(tickets["customer"], tickets["created_at"])
    is_root = tickets["parent"] < 0
    root = np.where(is_root, np.arange(len(active)), tickets["parent"])
    kept = np.flatnonzero(active[root] & (tickets["created_at"] <= desk.settings.as_of))
    place = np.full(len(active), -1)
    place[kept] = np.arange(len(kept))
    rows = take(tickets, kept)
    rows["parent"] = np.where(rows["parent"] >= 0, place[rows["parent"]], -1)
    rows["initiated"] = _initiated(desk, rows)
    rows["is_answered"] = np.ones(len(kept), dtype=bool)
    return _in_order(stack([rows, _outreach(desk, rows, leaving)]))


def _initiated(desk: Desk, rows: Rows) -> Array:
    alert = desk.streams("alerts").random(length(rows)) < ALERT_SHARE
    alert &= (rows["product"] <= 1) & (rows["channel"] == 5) & (rows["fate"] == NORMAL)
    return np.where(alert & (rows["parent"] < 0), BY_BOT, BY_CUSTOMER)


def _in_order(rows: Rows) -> Rows:
    order = np.lexsort((rows["customer"], rows["created_at"]))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    rows = take(rows, order)
    rows["parent"] = np.where(rows["parent"] >= 0, place[rows["parent"]], -1)
    return rows


def _outreach(desk: Desk, like: Rows, leaving: Leaving) -> Rows:
    """Return the tickets that agents open to talk to detractors."""
    rng, waves = desk.streams("outreach"), leaving.waves
    at = waves["at"] + rng.integers(DAY, 6 * DAY, len(waves["at"]))
    chosen = waves["followed"] & (at < desk.settings.as_of - DAY)
    customer, at = waves["customer"][chosen], at[chosen]
    n = len(customer)
    rows = {name: np.zeros(n, dtype=column.dtype) for name, column in like.items()}
    market = desk.customers["market"][customer]
    team = _home_team(market)
    channel = np.where(rng.random(n) < 0.6, PHONE, EMAIL)
    agent = _agent(desk, rng, team, at)
    answer = desk.clock.advance(team, at, channel_values("response_minutes")[channel])
    closed = desk.clock.advance(team, answer, 30 + 200 * rng.random(n))
    return rows | {
        "customer": customer,
        "market": market,
        "language": desk.customers["language"][customer],
        "created_at": at,
        "category": np.zeros(n, dtype=np.int64),
        "product": np.full(n, 3),
        "team": team,
        "second_team": team,
        "agent": agent,
        "second_agent": agent,
        "channel": channel,
        "currency": desk.customers["currency"][customer],
        "priority": np.ones(n, dtype=np.int64),
        "parent": np.full(n, -1),
        "fcr": np.ones(n, dtype=bool),
        "score": np.full(n, 3),
        "first_response_at": answer,
        "asked_at": answer,
        "granted_at": answer,
        "resolved_at": closed,
        "transfer_at": np.full(n, NEVER),
        "reopened_at": np.full(n, NEVER),
        "resolved_again_at": np.full(n, NEVER),
        "handle_minutes": np.round(4 + 8 * rng.random(n), 1),
        "initiated": np.full(n, BY_AGENT),
        "is_answered": rng.random(n) < OUTREACH_ANSWERED,
        "month": np.searchsorted(desk.settings.month_starts, at, side="right") - 1,
    }


def _home_team(market: Array) -> Array:
    names = [site.name for site in SITES]
    return np.array([names.index(one.site) for one in MARKETS])[market] * len(QUEUES)


def _agent(desk: Desk, rng: np.random.Generator, team: Array, at: Array) -> Array:
    first = desk.settings.first_second
    monday = first - (first // DAY + 3) % 7 * DAY - first % DAY
    week = (at - monday) // WEEK
    place = (rng.random(len(team)) * desk.agents.n_on[team, week]).astype(int)
    result: Array = desk.agents.roster[team, week, place]
    return result
