"""What is known, and what is hidden, when a ticket comes in: value, channel, team, agent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from supportlab.simulate.arrays import DAY, Array, Rows, pick_rows
from supportlab.simulate.catalogue import (
    BOT,
    CATEGORIES,
    CHAT,
    LIMIT_DOLLARS,
    PHONE,
    QUEUES,
    category_values,
)
from supportlab.simulate.clock import WorkingClock
from supportlab.simulate.markets import MARKETS, SITES
from supportlab.simulate.money import Rates, heaped, market_currencies
from supportlab.simulate.people import WEEK, Agents, Teams
from supportlab.simulate.settings import WorldSettings
from supportlab.simulate.streams import Streams

__all__ = ["Desk", "add_intake"]

VALUE_MEDIAN, VALUE_SPREAD, HEAP_SHARE = 82.0, 0.95, 0.05
VALUE_LEAST, VALUE_MOST = 1.0, 6_000.0
DIFFICULTY_NOISE = 0.2
PREFERENCE_PULL = 1.1
# Who can call or chat at once does.
LIVE_PULL = 0.75
# Log-odds per unit: how the amount and the hidden difficulty draw a ticket to a channel.
VALUE_PULL = np.array([0.30, 0.18, -0.10, 0.0, -0.05, -0.15, -0.70])
DIFFICULTY_PULL = np.array([0.5, 0.3, -0.4, -0.2, 0.2, 0.0, -2.0])
HANDOVER_CHANCE = (0.0, 0.0, 0.34, 0.26, 0.0, 0.22, 0.0)
OVERFLOW_SHARE = 0.12
OVERFLOW_MARKETS = ("IN", "SG", "AU", "KE")
OVERFLOW_SITE = 1
# How far above the limit an amount may be nudged under it, where a world asks for that.
NUDGE_DOLLARS = 30.0


@dataclass(frozen=True)
class Desk:
    """
    The organisation that meets the demand.

    Parameters
    ----------
    settings : WorldSettings
        Size, span, effects.
    streams : Streams
        Randomness.
    teams : Teams
        Teams.
    agents : Agents
        Agents.
    clock : WorkingClock
        Their working time.
    rates : Rates
        Exchange rates.
    customers : dict of arrays
        Accounts.
    shock : array of float
        Log pressure by market and day.
    """

    settings: WorldSettings
    streams: Streams
    teams: Teams
    agents: Agents
    clock: WorkingClock
    rates: Rates
    customers: Rows
    shock: Array


def add_intake(desk: Desk, tickets: Rows, wave: str) -> None:
    """Add what holds at intake to the tickets of one wave."""
    rng = desk.streams(f"intake {wave}")
    tickets["language"] = desk.customers["language"][tickets["customer"]]
    _team(desk, rng, tickets)
    _value(desk, rng, tickets)
    _difficulty(rng, tickets)
    _channel(desk, rng, tickets)
    _agent(desk, rng, tickets)
    _context(desk, tickets)


def _team(desk: Desk, rng: np.random.Generator, tickets: Rows) -> None:
    names = [site.name for site in SITES]
    home = np.array([names.index(market.site) for market in MARKETS])[tickets["market"]]
    exported = np.array([market.code in OVERFLOW_MARKETS for market in MARKETS])
    overflow = exported[tickets["market"]] & (rng.random(len(home)) < OVERFLOW_SHARE)
    site = np.where(overflow, OVERFLOW_SITE, home)
    queue = category_values("queue")[tickets["category"]]
    tickets["team"] = site * len(QUEUES) + queue


def _value(desk: Desk, rng: np.random.Generator, tickets: Rows) -> None:
    n = len(tickets["category"])
    at, currency = tickets["created_at"], market_currencies()[tickets["market"]]
    has_value = rng.random(n) < category_values("value_share")[tickets["category"]]
    dollars = VALUE_MEDIAN * np.exp(VALUE_SPREAD * rng.standard_normal(n))
    dollars = np.clip(dollars, VALUE_LEAST, VALUE_MOST)
    nudged = (dollars > LIMIT_DOLLARS) & (dollars < LIMIT_DOLLARS + NUDGE_DOLLARS)
    nudged &= rng.random(n) < desk.settings.effects.manipulation
    below = LIMIT_DOLLARS - 12 * rng.random(n)
    dollars = np.where(nudged, below, dollars)
    amount = heaped(desk.rates.local(dollars, currency, at), rng.random(n) < HEAP_SHARE)
    tickets["has_value"] = has_value
    tickets["amount"] = np.where(has_value, amount, 0)
    tickets["currency"] = currency
    tickets["dollars"] = np.where(has_value, desk.rates.dollars(amount, currency, at), 0.0)


def _difficulty(rng: np.random.Generator, tickets: Rows) -> None:
    n = len(tickets["category"])
    size = np.where(tickets["has_value"], np.log(np.maximum(tickets["dollars"], 1) / 80), 0.0)
    level = category_values("difficulty")[tickets["category"]] + 0.05 * size
    level = level + DIFFICULTY_NOISE * rng.standard_normal(n) + 0.1 * tickets["is_release"]
    tickets["difficulty"] = np.clip(level, 0.0, 1.0)
    signal = tickets["difficulty"] + 0.25 * rng.standard_normal(n)
    tickets["priority"] = np.digitize(signal, (0.12, 0.72, 0.98)).astype(np.int16)


def _channel(desk: Desk, rng: np.random.Generator, tickets: Rows) -> None:
    n = len(tickets["category"])
    weights = np.log(np.array([market.channels for market in MARKETS], dtype=float) + 1e-9)
    pull = weights[tickets["market"]]
    pull = pull + np.array([one.channel_pull for one in CATEGORIES])[tickets["category"]]
    size = np.log1p(tickets["dollars"]) / 4.0
    pull = (
        pull + size[:, None] * VALUE_PULL + (tickets["difficulty"] - 0.5)[:, None] * DIFFICULTY_PULL
    )
    preferred = desk.customers["preferred_channel"][tickets["customer"]]
    pull[np.arange(n), preferred] += PREFERENCE_PULL
    closed = ~desk.clock.is_open(tickets["team"], tickets["created_at"])
    pull[closed, PHONE] = -np.inf
    pull[closed, CHAT] = -np.inf
    pull[:, (PHONE, CHAT)] += LIVE_PULL
    pull[tickets["is_release"], BOT] = -np.inf
    tickets["channel"] = pick_rows(rng.random(n), np.exp(pull))
    handover = np.array(HANDOVER_CHANCE)[tickets["channel"]] * (1.3 - tickets["difficulty"])
    has_bot = np.array([market.channels[BOT] > 0 for market in MARKETS])[tickets["market"]]
    tickets["handover"] = (rng.random(n) < handover) & has_bot


def _agent(desk: Desk, rng: np.random.Generator, tickets: Rows) -> None:
    agents, at = desk.agents, tickets["created_at"]
    week = (at - _first_monday(desk.settings)) // WEEK
    team = tickets["team"]
    n_on = agents.n_on[team, week]
    place = (rng.random(len(team)) * n_on).astype(int)
    agent = agents.roster[team, week, place]
    # Who takes over after a transfer: a colleague, or the next queue of the same site.
    next_team = team // len(QUEUES) * len(QUEUES) + (team + 1) % len(QUEUES)
    leaves = rng.random(len(team)) < 0.6
    second_team = np.where(leaves, next_team, team)
    step = 1 + (rng.random(len(team)) * (n_on - 1)).astype(int)
    near = agents.roster[team, week, (place + step) % n_on]
    far_on = agents.n_on[next_team, week]
    far = agents.roster[next_team, week, (rng.random(len(team)) * far_on).astype(int)]
    tickets["agent"] = agent
    tickets["second_team"] = second_team
    tickets["second_agent"] = np.where(leaves, far, near)


def _context(desk: Desk, tickets: Rows) -> None:
    agents, teams, at = desk.agents, desk.teams, tickets["created_at"]
    agent, team = tickets["agent"], tickets["team"]
    tickets["same_language"] = agents.languages[agent, tickets["language"]]
    tickets["tenure_days"] = (at - agents.hired_at[agent]) / DAY
    tickets["month"] = np.searchsorted(desk.settings.month_starts, at, side="right") - 1
    tickets["authority"] = at >= teams.adopted_at[team]
    tickets["exposure_days"] = np.maximum((at - teams.adopted_at[team]) / DAY, 0.0)
    day = np.clip(at // DAY - desk.settings.first_second // DAY, 0, desk.shock.shape[1] - 1)
    tickets["load"] = desk.shock[tickets["market"], day]


def _first_monday(settings: WorldSettings) -> int:
    first = settings.first_second
    return first - (first // DAY + 3) % 7 * DAY - first % DAY
