"""Survey invitations, who answers, and what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from supportlab.simulate.arrays import DAY, HOUR, NEVER, Array, Rows, pick, stack, take
from supportlab.simulate.catalogue import channel_values
from supportlab.simulate.demand import NORMAL
from supportlab.simulate.intake import Desk
from supportlab.simulate.keeping import BY_CUSTOMER
from supportlab.simulate.leaving import Leaving
from supportlab.simulate.markets import MARKETS

__all__ = ["SURVEY_KINDS", "Surveys", "make_surveys"]

SURVEY_KINDS = ("csat", "nps", "ces", "resolution")
CSAT, NPS, CES, RESOLUTION = range(4)
# Some desks ask how easy it was (7 is good), others how much effort it took (5 is bad).
EFFORT_FORM_MARKETS = ("JP", "IN", "SG", "AU", "KE")
INVITED, WITHHELD = 0.80, 0.62
CES_SHARE, RESOLUTION_SHARE = 0.22, 0.30
FCR_ANSWERING, SCORE_ANSWERING, ANGER_ANSWERING, TREND_ANSWERING = 0.50, 0.22, 0.15, -0.25
ANSWER_HOURS, ANSWER_DAYS_AT_MOST = 13.0, 12.0


@dataclass(frozen=True)
class Surveys:
    """
    Invitations, and what all would have said.

    Parameters
    ----------
    rows : dict of arrays
        One row per invitation.
    eligible : array of bool
        Tickets that could have been asked.
    withheld : array of bool
        Tickets whose invitation an agent held back.
    """

    rows: Rows
    eligible: Array
    withheld: Array


def make_surveys(desk: Desk, tickets: Rows, leaving: Leaving) -> Surveys:
    """Return all invitations up to the extract, sorted by time."""
    rng = desk.streams("surveys")
    tickets = tickets | {"rated_agent": _rated_agent(tickets)}
    eligible = (tickets["fate"] == NORMAL) & (tickets["initiated"] == BY_CUSTOMER)
    eligible &= tickets["resolved_at"] < desk.settings.as_of - HOUR
    bad = (tickets["score"] <= 3) | ~tickets["fcr"]
    chooses = desk.agents.withholds[tickets["rated_agent"]] & (tickets["team"] >= 0)
    chance = WITHHELD * desk.settings.effects.withholding
    withheld = eligible & chooses & bad & (tickets["channel"] < 6)
    withheld &= rng.random(len(bad)) < chance
    asked = eligible & ~withheld & (rng.random(len(bad)) < INVITED)
    parts = [
        _csat(desk, tickets, asked),
        _ces(desk, tickets, asked),
        _resolution(desk, tickets, asked),
        _nps(desk, leaving),
    ]
    rows = stack(parts)
    rows = take(rows, np.flatnonzero(rows["sent_at"] <= desk.settings.as_of))
    rows["is_answered"] = rows["responded_at"] <= desk.settings.as_of
    order = np.lexsort((rows["kind"], rows["customer"], rows["sent_at"]))
    return Surveys(take(rows, order), eligible, withheld)


def _rated_agent(tickets: Rows) -> Array:
    moved = tickets["transfer_at"] <= tickets["resolved_at"]
    return np.where(moved, tickets["second_agent"], tickets["agent"])


def _invitations(
    desk: Desk, rng: np.random.Generator, tickets: Rows, chosen: Array, kind: int, score: Array
) -> Rows:
    ticket = np.flatnonzero(chosen)
    rows = take(tickets, ticket)
    sent = rows["resolved_at"] + rng.integers(300, HOUR, len(ticket))
    human = rows["channel"] < 6
    score = score[ticket]
    chance = _answering(desk, rows, score if kind == CSAT else rows["score"])
    return {
        "ticket": ticket,
        "customer": rows["customer"],
        "agent": np.where(human, rows["rated_agent"], -1),
        "market": rows["market"],
        "language": rows["language"],
        "channel": rows["channel"].astype(np.int64),
        "kind": np.full(len(ticket), kind),
        "sent_at": sent,
        "responded_at": _responded(rng, sent, chance),
        "score": score.astype(float),
        "form": np.zeros(len(ticket), dtype=np.int64),
    }


def _answering(desk: Desk, rows: Rows, score: Array) -> Array:
    size = desk.settings.effects.non_response
    level = channel_values("answering")[rows["channel"]]
    level = level + np.array([one.answering for one in MARKETS])[rows["market"]]
    level = level + TREND_ANSWERING * rows["month"] / desk.settings.months
    level = level + size * (FCR_ANSWERING * rows["fcr"] + SCORE_ANSWERING * (score >= 4))
    level = level + size * ANGER_ANSWERING * (score == 1) - 0.25
    chance: Array = 1 / (1 + np.exp(-level))
    return chance


def _responded(rng: np.random.Generator, sent: Array, chance: Array) -> Array:
    pause = np.minimum(rng.exponential(ANSWER_HOURS, len(sent)) * HOUR, ANSWER_DAYS_AT_MOST * DAY)
    at = sent + 40 + pause.astype(np.int64)
    return np.where(rng.random(len(sent)) < chance, at, NEVER)


def _csat(desk: Desk, tickets: Rows, asked: Array) -> Rows:
    rng = desk.streams("csat")
    return _invitations(desk, rng, tickets, asked, CSAT, tickets["score"])


def _ces(desk: Desk, tickets: Rows, asked: Array) -> Rows:
    rng = desk.streams("ces")
    n = len(asked)
    ease = (
        tickets["score"] - 0.5 * tickets["extra_contacts"] - 0.7 * (tickets["transfer_at"] < NEVER)
    )
    ease = ease + 0.9 * rng.standard_normal(n)
    effort_form = np.array([one.code in EFFORT_FORM_MARKETS for one in MARKETS])[tickets["market"]]
    easy = np.clip(np.rint(ease * 1.4 + 0.2), 1, 7)
    effort = np.clip(np.rint(6 - ease), 1, 5)
    score = np.where(effort_form, effort, easy)
    chosen = asked & (rng.random(n) < CES_SHARE)
    rows = _invitations(desk, rng, tickets, chosen, CES, score)
    return rows | {"form": effort_form[rows["ticket"]].astype(np.int64)}


def _resolution(desk: Desk, tickets: Rows, asked: Array) -> Rows:
    rng = desk.streams("resolution question")
    n = len(asked)
    says = rng.random(n) < np.where(tickets["fcr"], 0.95, 0.35)
    written = np.isin(tickets["channel"], (2, 3))
    chosen = asked & written & (rng.random(n) < RESOLUTION_SHARE)
    return _invitations(desk, rng, tickets, chosen, RESOLUTION, says.astype(int))


def _nps(desk: Desk, leaving: Leaving) -> Rows:
    rng, waves, customers = desk.streams("nps"), leaving.waves, desk.customers
    here = leaving.is_active(waves["customer"], waves["at"])
    waves = take(waves, np.flatnonzero(here))
    who = waves["customer"]
    n = len(who)
    channel = pick(rng.random(n), (0.0, 0.7, 0.0, 0.0, 0.0, 0.3))
    return {
        "ticket": np.full(n, -1),
        "customer": who,
        "agent": np.full(n, -1),
        "market": customers["market"][who],
        "language": customers["language"][who],
        "channel": channel.astype(np.int64),
        "kind": np.full(n, NPS),
        "sent_at": waves["at"],
        "responded_at": np.where(
            waves["answers"], waves["at"] + rng.integers(600, 20 * HOUR, n), NEVER
        ),
        "score": waves["score"].astype(float),
        "form": np.zeros(n, dtype=np.int64),
    }
