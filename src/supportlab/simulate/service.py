"""
What would happen to a ticket under any channel and with or without authority.

The random draws belong to the ticket, so two calls that differ only in channel or authority
give two potential outcomes of the same ticket, and their mean difference is the true effect.
"""

from __future__ import annotations

import numpy as np

from supportlab.simulate.arrays import HOUR, NEVER, Array, Rows, probability
from supportlab.simulate.catalogue import (
    BOT,
    LIMIT_DOLLARS,
    category_values,
    channel_values,
)
from supportlab.simulate.intake import Desk
from supportlab.simulate.markets import MARKETS
from supportlab.simulate.people import COHORT_GAIN

__all__ = ["SHIFT_MARKET", "add_draws", "outcomes", "shift_at"]

BASE_FCR = 0.745
DIFFICULTY_FCR = -0.22
TENURE_FCR, TENURE_DAYS = 0.06, 250.0
LANGUAGE_FCR, LANGUAGE_SATISFACTION = 0.05, 0.20
HANDOVER_FCR, HANDOVER_SATISFACTION = -0.05, -0.30
LOAD_FCR = -0.012
# The company as a whole gets better: a before-after comparison credits authority with it.
CALENDAR_FCR = 0.05
USE_FCR = 0.25
APPROVAL_FCR = -0.10
APPROVAL_CHANCE = 0.5
RELEASE_SATISFACTION = -0.5
APPROVAL_MEDIAN, APPROVAL_SPREAD = 150.0, 0.9
# Agents learn to use authority over the first months.
READY_AT_START, READY_DAYS = 0.5, 210.0
FAILURE_TIME, AUTHORITY_TIME = 4.5, 0.85
STUCK_SHARE, STUCK_MINUTES = 0.05, 9_000.0
SCORE_CUTS = np.array([-1.25, -0.70, 0.0, 0.95])
SHIFT_MARKET, SHIFT_SHARE, SHIFT_SATISFACTION = "BR", 0.58, -0.40


def shift_at(desk: Desk) -> int:
    """Return when satisfaction falls in the one market."""
    return desk.settings.month_starts[desk.settings.month_at(SHIFT_SHARE)]


def add_draws(desk: Desk, tickets: Rows, wave: str) -> None:
    """Add the random draws that a ticket carries whatever is done to it."""
    rng = desk.streams(f"service {wave}")
    n = len(tickets["category"])
    for name in ("ready", "needs_approval", "solved", "stuck", "escalates"):
        tickets[f"draw_{name}"] = rng.random(n)
    for name in ("response", "resolve", "approval", "handle", "mood"):
        tickets[f"noise_{name}"] = rng.standard_normal(n)


def outcomes(
    desk: Desk, tickets: Rows, *, channel: Array | None = None, authority: Array | None = None
) -> Rows:
    """Return what happens when the channel or the authority is set as given."""
    channel = tickets["channel"] if channel is None else channel
    authority = tickets["authority"] if authority is None else authority
    human = channel != BOT
    used, approval = _settlement(desk, tickets, authority & human, human)
    chance = probability(
        _chance(desk, tickets, channel) + _money_effect(desk, tickets, used, approval)
    )
    fcr = tickets["draw_solved"] < chance
    times = _times(desk, tickets, channel, used, approval, fcr)
    level = _satisfaction(desk, tickets, channel, approval, fcr, times)
    score = 1 + (level[:, None] > SCORE_CUTS[None, :]).sum(axis=1)
    return times | {
        "used": used,
        "approval": approval,
        "fcr": fcr,
        "chance": chance,
        "score": score,
        "escalated": _escalated(tickets, human, used, approval, fcr),
    }


def _settlement(desk: Desk, tickets: Rows, authority: Array, human: Array) -> tuple[Array, Array]:
    learned = READY_AT_START + (1 - READY_AT_START) * np.minimum(
        tickets["exposure_days"] / READY_DAYS, 1.0
    )
    ready = desk.agents.readiness[tickets["agent"]] * learned
    ready = ready * (1.15 - 0.3 * tickets["difficulty"])
    eligible = authority & tickets["has_value"] & (tickets["dollars"] <= LIMIT_DOLLARS)
    used = eligible & (tickets["draw_ready"] < ready)
    needed = tickets["draw_needs_approval"] < APPROVAL_CHANCE
    return used, tickets["has_value"] & needed & ~used & human


def _chance(desk: Desk, tickets: Rows, channel: Array) -> Array:
    agent, team, market = tickets["agent"], tickets["team"], tickets["market"]
    human = channel != BOT
    tenure = 1 - np.exp(-np.maximum(tickets["tenure_days"], 0) / TENURE_DAYS)
    people = desk.agents.skill[agent] + TENURE_FCR * tenure
    people = people + LANGUAGE_FCR * (tickets["same_language"] - 0.85)
    place = desk.teams.fcr[team] + desk.teams.monthly[team, tickets["month"]]
    topic = category_values("fcr")[tickets["category"]]
    topic = topic + DIFFICULTY_FCR * (tickets["difficulty"] - 0.4)
    market_fcr = np.array([one.fcr for one in MARKETS])[market]
    span = tickets["month"] / desk.settings.months
    season = 0.012 * np.cos(2 * np.pi * tickets["month"] / 12)
    way = channel_values("fcr")[channel] * desk.settings.effects.channel
    way = way + HANDOVER_FCR * tickets["handover"] * (channel == tickets["channel"])
    common = BASE_FCR + topic + market_fcr + way + CALENDAR_FCR * span + season
    result: Array = common + human * (people + place + LOAD_FCR * tickets["load"])
    return result


def _money_effect(desk: Desk, tickets: Rows, used: Array, approval: Array) -> Array:
    cohort = desk.teams.cohort[tickets["team"]]
    gain = np.where(cohort >= 0, np.array(COHORT_GAIN)[cohort], 1.0)
    size = 0.8 + 0.3 * np.clip(tickets["dollars"] / LIMIT_DOLLARS, 0, 1)
    effect = USE_FCR * gain * size * used + APPROVAL_FCR * approval
    return effect * desk.settings.effects.authority


def _times(
    desk: Desk, tickets: Rows, channel: Array, used: Array, approval: Array, fcr: Array
) -> Rows:
    human = channel != BOT
    urgent = np.array([1.15, 1.0, 0.75, 0.5])[tickets["priority"]]
    response = channel_values("response_minutes")[channel] * urgent
    response = response * np.exp(0.6 * tickets["noise_response"] + 0.35 * tickets["load"])
    resolve = channel_values("resolve_minutes")[channel] * np.exp(
        1.05 * tickets["noise_resolve"] + 0.8 * (tickets["difficulty"] - 0.4)
    )
    resolve = resolve * np.where(fcr, 1.0, FAILURE_TIME)
    saved = 1 - (1 - AUTHORITY_TIME) * desk.settings.effects.authority
    resolve = resolve * np.where(used, saved, 1.0)
    wait = APPROVAL_MEDIAN * np.exp(APPROVAL_SPREAD * tickets["noise_approval"])
    stuck = (tickets["draw_stuck"] < STUCK_SHARE) & ~fcr & human
    resolve = resolve + np.where(approval, wait, 0) + np.where(stuck, STUCK_MINUTES, 0)
    response, resolve = np.maximum(response, 0.2), np.maximum(resolve, 1.0)
    return _calendar(desk, tickets, human, response, resolve, np.where(approval, wait, 0.0))


def _calendar(
    desk: Desk, tickets: Rows, human: Array, response: Array, resolve: Array, wait: Array
) -> Rows:
    clock, team, created = desk.clock, tickets["team"], tickets["created_at"]
    first = clock.advance(team, created, response)
    asked = clock.advance(team, first, resolve * 0.15)
    granted = clock.advance(team, asked, np.minimum(wait, resolve * 0.8))
    solved = clock.advance(team, first, resolve)
    by_bot = created + np.rint(resolve * 60).astype(np.int64)
    return {
        "first_response_at": np.where(human, first, NEVER),
        "asked_at": asked,
        "granted_at": granted,
        "resolved_at": np.where(human, solved, by_bot),
    }


def _satisfaction(
    desk: Desk, tickets: Rows, channel: Array, approval: Array, fcr: Array, times: Rows
) -> Array:
    market, created = tickets["market"], tickets["created_at"]
    first = np.where(channel == BOT, created, times["first_response_at"])
    waited = np.log1p((first - created) / HOUR)
    took = np.log1p((times["resolved_at"] - created) / HOUR)
    shifted = market == [one.code for one in MARKETS].index(SHIFT_MARKET)
    shifted &= created >= shift_at(desk)
    level = np.array([one.satisfaction for one in MARKETS])[market]
    level = level + channel_values("satisfaction")[channel] * desk.settings.effects.channel
    level = level + SHIFT_SATISFACTION * shifted * desk.settings.effects.shift
    level = level + LANGUAGE_SATISFACTION * (tickets["same_language"] - 0.85)
    handover = tickets["handover"] & (channel == tickets["channel"])
    level = level + HANDOVER_SATISFACTION * handover + 2.0 * desk.agents.skill[tickets["agent"]]
    level = level + RELEASE_SATISFACTION * tickets["is_release"]
    level = level - 0.12 * approval * desk.settings.effects.authority
    level = level + 0.95 * fcr - 0.10 * waited - 0.11 * took
    result: Array = (
        level
        + 0.62
        + 0.9 * tickets["noise_mood"]
        + 0.25 * desk.customers["loyalty"][tickets["customer"]]
    )
    return result


def _escalated(tickets: Rows, human: Array, used: Array, approval: Array, fcr: Array) -> Array:
    chance = 0.02 + 0.10 * tickets["difficulty"] + 0.06 * approval - 0.04 * used + 0.06 * ~fcr
    return human & (tickets["draw_escalates"] < probability(chance))
