"""How tickets go wrong: further contacts, transfers, reopenings, and follow-up tickets."""

from __future__ import annotations

import numpy as np

from supportlab.simulate.arrays import DAY, HOUR, NEVER, Array, Rows, pick_rows, stack, take
from supportlab.simulate.catalogue import BOT, channel_values
from supportlab.simulate.demand import NORMAL
from supportlab.simulate.intake import Desk, add_intake
from supportlab.simulate.service import add_draws, outcomes

__all__ = ["CONTACT", "FOLLOW_UP", "REOPEN", "SMOOTH", "TRANSFER", "run_tickets"]

SMOOTH, CONTACT, TRANSFER, REOPEN, FOLLOW_UP = range(5)
# How a first contact fails: the weights of people, of the bot, and of a follow-up ticket,
# which is not followed up again.
HUMAN_WEIGHTS = (0.0, 0.36, 0.20, 0.22, 0.22)
BOT_WEIGHTS = (0.0, 0.40, 0.0, 0.0, 0.60)
SECOND_WEIGHTS = (0.0, 0.46, 0.26, 0.28, 0.0)
SECOND_BOT_WEIGHTS = (0.0, 1.0, 0.0, 0.0, 0.0)
LINKED_SHARE = 0.7
SECONDS_OF_RETURN = 6.7 * DAY


def run_tickets(desk: Desk, tickets: Rows) -> Rows:
    """Return the tickets and their follow-ups with everything that happens to them."""
    first = _wave(desk, tickets, "first")
    second = _wave(desk, _follow_ups(desk, first), "second")
    return stack([first, second])


def _wave(desk: Desk, tickets: Rows, wave: str) -> Rows:
    if wave == "first":
        n = len(tickets["customer"])
        tickets["parent"] = np.full(n, -1)
        tickets["is_linked"] = np.zeros(n, dtype=bool)
    add_intake(desk, tickets, wave)
    add_draws(desk, tickets, wave)
    tickets |= outcomes(desk, tickets)
    _add_path(desk, tickets, wave)
    return tickets


def _add_path(desk: Desk, tickets: Rows, wave: str) -> None:
    rng = desk.streams(f"paths {wave}")
    n = len(tickets["fcr"])
    bot = tickets["channel"] == BOT
    human = HUMAN_WEIGHTS if wave == "first" else SECOND_WEIGHTS
    robot = BOT_WEIGHTS if wave == "first" else SECOND_BOT_WEIGHTS
    weights = np.where(bot[:, None], robot, human)
    tickets["mode"] = np.where(tickets["fcr"], SMOOTH, pick_rows(rng.random(n), weights))
    also = (rng.random(n) < 0.25) & ~tickets["fcr"] & ~bot
    extra = np.where(tickets["mode"] == CONTACT, rng.geometric(0.6, n), also.astype(int))
    tickets["extra_contacts"] = np.minimum(extra, 5)
    span = tickets["resolved_at"] - np.where(
        bot, tickets["created_at"], tickets["first_response_at"]
    )
    start = tickets["resolved_at"] - span
    spot = start + (span * (0.1 + 0.4 * rng.random(n))).astype(np.int64)
    tickets["transfer_at"] = np.where(tickets["mode"] == TRANSFER, spot, NEVER)
    pause = (rng.exponential(1.9, n) * DAY).astype(np.int64) + HOUR
    reopen = np.where(tickets["mode"] == REOPEN, tickets["resolved_at"] + pause, NEVER)
    work = channel_values("resolve_minutes")[tickets["channel"]] * 2.2
    work = work * np.exp(0.9 * rng.standard_normal(n))
    again = desk.clock.advance(tickets["team"], np.minimum(reopen, desk.settings.as_of), work + 5)
    tickets["reopened_at"] = reopen
    tickets["resolved_again_at"] = np.where(reopen < desk.settings.as_of, again, NEVER)
    tickets["handle_minutes"] = _handle(tickets)
    tickets["return_pause"] = (rng.random(n) * SECONDS_OF_RETURN).astype(np.int64) + HOUR


def _handle(tickets: Rows) -> Array:
    base = channel_values("handle_minutes")[tickets["channel"]]
    effort = 0.8 + 0.5 * tickets["difficulty"] + 0.35 * tickets["extra_contacts"]
    effort = effort + 0.6 * (tickets["mode"] == REOPEN) + 0.4 * (tickets["mode"] == TRANSFER)
    effort = effort + 0.15 * tickets["approval"] - 0.1 * tickets["used"]
    minutes: Array = np.round(base * effort * np.exp(0.4 * tickets["noise_handle"]), 1)
    return minutes


def _follow_ups(desk: Desk, first: Rows) -> Rows:
    rng = desk.streams("follow-ups")
    at = first["resolved_at"] + first["return_pause"]
    returns = (first["mode"] == FOLLOW_UP) & (first["fate"] == NORMAL) & (at < desk.settings.as_of)
    parent = np.flatnonzero(returns)
    basic = ("customer", "market", "category", "product", "is_release", "fate")
    rows = take({name: first[name] for name in basic}, parent)
    return rows | {
        "created_at": at[parent],
        "parent": parent,
        "is_linked": rng.random(len(parent)) < LINKED_SHARE,
    }
