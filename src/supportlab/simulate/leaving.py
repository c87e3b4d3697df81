"""Service that customers had before each month, and who leaves because of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from supportlab.simulate.arrays import DAY, HOUR, NEVER, Array, Rows
from supportlab.simulate.catalogue import BOT
from supportlab.simulate.demand import NORMAL
from supportlab.simulate.intake import Desk
from supportlab.simulate.markets import MARKETS
from supportlab.simulate.payments import Ledger

__all__ = ["HAZARD_RATIOS", "Leaving", "Periods", "run_leaving"]

WINDOW_DAYS = 90
# Direct hazard ratios of service in the 90 days before a month, all others held.
HAZARD_RATIOS = {
    "reopened": 1.8,
    "unresolved": 1.5,
    "slow_first_response": 1.15,
    "slow_resolution": 1.3,
    "escalated": 1.25,
    "csat_bad": 1.5,
    "channel_mismatch": 1.2,
    "payment_declined": 1.15,
}
FOLLOW_UP_RATIO = 0.75
BASE_HAZARD = 0.0125
# Heavy users file more tickets and leave less; what they pay shows how heavy they are.
USAGE_SLOPE, LOYALTY_SLOPE = -0.45, -0.15
SEGMENT_SLOPE = np.array([0.10, 0.0, -0.35])
PLAN_SLOPE = np.array([0.08, 0.0, -0.05])
NEW_SLOPE, NEW_MONTHS = 0.7, 5.0
INVOLUNTARY_AFTER_FAILURE = 0.10
LAPSE_CHANCE, RETURN_CHANCE = 0.0012, 0.10
DETRACTOR_AT_MOST, NPS_EVERY = 6, 9
NPS_ANSWERING, NPS_SCORE_ANSWERING = -1.3, 0.06
FOLLOW_UP_CHANCE = 0.6


@dataclass(frozen=True)
class Periods:
    """
    Paid periods of the accounts.

    Parameters
    ----------
    customer : array of int
        Account.
    started_at, ended_at : array of int
        Epoch seconds; `NEVER` while it runs.
    involuntary : array of bool
        Ended by failed payment.
    """

    customer: Array
    started_at: Array
    ended_at: Array
    involuntary: Array


@dataclass(frozen=True)
class Leaving:
    """
    Who left when, and the record behind it.

    Parameters
    ----------
    periods : Periods
        Paid periods.
    waves : dict of arrays
        One row per relationship survey: customer, time, score, whether followed up.
    n_at_risk, n_voluntary, n_involuntary : int
        Customer-months and departures.
    """

    periods: Periods
    waves: Rows
    n_at_risk: int
    n_voluntary: int
    n_involuntary: int

    def is_active(self, customer: Array, at: Array) -> Array:
        """Return whether the account was paid for at that time."""
        key = np.lexsort((self.periods.started_at, self.periods.customer))
        axis = self.periods.customer[key] * 2**40 + np.maximum(self.periods.started_at[key], 0)
        spot = np.clip(np.searchsorted(axis, customer * 2**40 + at, side="right") - 1, 0, None)
        owner = self.periods.customer[key][spot] == customer
        active: Array = owner & (at < self.periods.ended_at[key][spot])
        return active


def run_leaving(desk: Desk, tickets: Rows, ledger: Ledger) -> Leaving:
    """Return the paid periods that follow from the service before each month."""
    state = _State(desk)
    rng = desk.streams("leaving")
    slow = _slow(tickets)
    bounds = desk.settings.month_starts
    for month in range(desk.settings.months):
        service = _service(desk, tickets, ledger, slow, bounds[month])
        service["followed"] = state.survey(month, service)
        state.step(rng, month, service)
    return state.result()


class _State:
    """Accounts as they are at the start of the month."""

    def __init__(self, desk: Desk) -> None:
        self._desk, n = desk, len(desk.customers["market"])
        self._rng = desk.streams("relationship surveys")
        self._fixed = _fixed_hazard(desk)
        self._start = desk.customers["signed_up_at"].copy()
        self._back_at = np.full(n, NEVER)
        self._is_in = np.ones(n, dtype=bool)
        self._followed_until = np.zeros(n, dtype=np.int64)
        self._spans: list[Rows] = []
        self._waves: list[Rows] = []
        self._counts = np.zeros(3, dtype=np.int64)

    def survey(self, month: int, service: Rows) -> Array:
        """Ask those whose turn it is; return who was followed up in the last 90 days."""
        begin = self._desk.settings.month_starts[month]
        customers = self._desk.customers
        turn = (customers["nps_turn"] + month) % NPS_EVERY == 0
        asked = np.flatnonzero(turn & self._present(begin - 60 * DAY))
        n = len(asked)
        bad = service["csat_bad"] * 1.0 + service["reopened"] * 0.6 + service["unresolved"] * 0.5
        level = 8.25 + 1.1 * customers["loyalty"][asked] - 1.5 * bad[asked]
        level = level + 1.6 * self._rng.standard_normal(n)
        score = np.clip(np.rint(level), 0, 10).astype(int)
        at = begin + self._rng.integers(8 * HOUR, 12 * HOUR, n)
        answers = self._rng.random(n) < _answering(self._desk, asked, score)
        # Nobody can call back a silent detractor.
        followed = answers & (score <= DETRACTOR_AT_MOST)
        followed &= self._rng.random(n) < FOLLOW_UP_CHANCE
        self._waves.append(
            {
                "customer": asked,
                "at": at,
                "score": score,
                "answers": answers,
                "followed": followed,
            }
        )
        past = self._followed_until > begin
        self._followed_until[asked[followed]] = begin + WINDOW_DAYS * DAY
        return past

    def step(self, rng: np.random.Generator, month: int, service: Rows) -> None:
        """Let accounts come back, lapse and leave."""
        bounds = self._desk.settings.month_starts
        begin, end = bounds[month], bounds[month + 1]
        back = ~self._is_in & (self._back_at < end)
        self._start[back], self._is_in[back] = self._back_at[back], True
        at_risk = self._present(begin)
        n = len(at_risk)
        chance = 1 - np.exp(-self._hazard(begin, service))
        leaves = at_risk & (rng.random(n) < chance)
        forced = service["payment_failed"] & (rng.random(n) < INVOLUNTARY_AFTER_FAILURE)
        forced &= at_risk & ~leaves
        lapses = at_risk & ~leaves & ~forced & (rng.random(n) < LAPSE_CHANCE)
        when = begin + (rng.random(n) * (end - begin)).astype(np.int64)
        pause = np.where(lapses, 4 + 20 * rng.random(n), 40 + rng.exponential(90, n)) * DAY
        returns = lapses | (leaves & (rng.random(n) < RETURN_CHANCE))
        gone = leaves | forced | lapses
        self._close(np.flatnonzero(gone), when, forced)
        self._is_in[gone] = False
        self._back_at[gone] = NEVER
        self._back_at[returns] = when[returns] + pause[returns].astype(np.int64)
        self._counts += (int(at_risk.sum()), int(leaves.sum()), int(forced.sum()))

    def result(self) -> Leaving:
        as_of = self._desk.settings.as_of
        pending = ~self._is_in & (self._back_at < as_of)
        self._start[pending], self._is_in[pending] = self._back_at[pending], True
        here = np.flatnonzero(self._is_in)
        self._spans.append(_span(here, self._start, np.full(len(self._start), NEVER), None))
        spans = {
            name: np.concatenate([one[name] for one in self._spans]) for name in self._spans[0]
        }
        waves = {
            name: np.concatenate([one[name] for one in self._waves]) for name in self._waves[0]
        }
        periods = Periods(**spans)
        return Leaving(periods, waves, *(int(count) for count in self._counts))

    def _present(self, at: int) -> Array:
        present: Array = self._is_in & (self._start < at)
        return present

    def _close(self, who: Array, when: Array, forced: Array) -> None:
        self._spans.append(_span(who, self._start, when, forced))

    def _hazard(self, begin: int, service: Rows) -> Array:
        months = (begin - self._desk.customers["signed_up_at"]) / (30 * DAY)
        level = self._fixed + NEW_SLOPE * np.exp(-np.maximum(months, 0) / NEW_MONTHS)
        for name, ratio in HAZARD_RATIOS.items():
            level = level + np.log(ratio) * self._desk.settings.effects.churn * service[name]
        level = level + np.log(FOLLOW_UP_RATIO) * service["followed"]
        hazard: Array = BASE_HAZARD * np.exp(level)
        return hazard


def _span(who: Array, start: Array, end: Array, forced: Array | None) -> Rows:
    kinds = np.zeros(len(who), dtype=bool) if forced is None else forced[who]
    return {
        "customer": who,
        "started_at": start[who],
        "ended_at": end[who],
        "involuntary": kinds,
    }


def _fixed_hazard(desk: Desk) -> Array:
    customers = desk.customers
    market = 0.12 * desk.streams("market churn").standard_normal(64)[customers["market"]]
    level = market + SEGMENT_SLOPE[customers["segment"]] + PLAN_SLOPE[customers["plan"]]
    level = level + USAGE_SLOPE * np.log(customers["usage"])
    fixed: Array = level + LOYALTY_SLOPE * customers["loyalty"]
    return fixed


def _answering(desk: Desk, customer: Array, score: Array) -> Array:
    level = NPS_ANSWERING + NPS_SCORE_ANSWERING * (score - 8) * desk.settings.effects.non_response
    market = np.array([one.answering for one in MARKETS])[desk.customers["market"][customer]]
    chance: Array = 1 / (1 + np.exp(-level - market))
    return chance


def _slow(tickets: Rows) -> Rows:
    created = tickets["created_at"]
    normal = tickets["fate"] == NORMAL
    human = normal & (tickets["channel"] != BOT)
    first = tickets["first_response_at"] - created
    total = tickets["resolved_at"] - created
    return {
        "slow_first_response": human & (first > np.quantile(first[human], 0.75)),
        "slow_resolution": normal & (total > np.quantile(total[normal], 0.75)),
    }


def _service(desk: Desk, tickets: Rows, ledger: Ledger, slow: Rows, begin: int) -> Rows:
    n = len(desk.customers["market"])
    window = (tickets["created_at"] < begin) & (tickets["created_at"] >= begin - WINDOW_DAYS * DAY)
    rows = np.flatnonzero(window & (tickets["fate"] == NORMAL))
    who, resolved = tickets["customer"][rows], tickets["resolved_at"][rows]
    reopened = tickets["reopened_at"][rows] < begin
    waiting = np.where(reopened, tickets["resolved_again_at"][rows] >= begin, resolved >= begin)
    mismatch = desk.customers["preferred_channel"][who] != tickets["channel"][rows]
    flags = {
        "reopened": reopened,
        "unresolved": waiting,
        "slow_first_response": slow["slow_first_response"][rows],
        "slow_resolution": slow["slow_resolution"][rows],
        "escalated": tickets["escalated"][rows],
        "csat_bad": (tickets["score"][rows] <= 2) & (resolved < begin),
        "channel_mismatch": mismatch,
    }
    service = {name: _any(who[flag], n) for name, flag in flags.items()}
    return service | _payment_service(ledger, begin, n)


def _payment_service(ledger: Ledger, begin: int, n: int) -> Rows:
    checkouts = ledger.checkouts
    near = (checkouts["at"] < begin) & (checkouts["at"] >= begin - WINDOW_DAYS * DAY)
    month = near & (checkouts["at"] >= begin - 31 * DAY)
    declined = checkouts["luck"] < checkouts["decline"]
    return {
        "payment_declined": _any(checkouts["customer"][near & declined], n),
        "payment_failed": _any(checkouts["customer"][month & checkouts["failed"]], n),
    }


def _any(who: Array, n: int) -> Array:
    found = np.zeros(n, dtype=bool)
    found[who] = True
    return found
