"""Customer accounts before anybody leaves."""

from __future__ import annotations

import numpy as np

from supportlab.simulate.arrays import DAY, Array, Rows, pick, pick_rows
from supportlab.simulate.catalogue import BOT, CHANNELS
from supportlab.simulate.markets import LANGUAGES, MARKETS
from supportlab.simulate.money import Rates, market_currencies
from supportlab.simulate.settings import WorldSettings
from supportlab.simulate.streams import Streams

__all__ = ["make_customers"]

# Accounts per ticket over the default span; with it about one ticket in two months an account.
CUSTOMERS_PER_TICKET = 0.34
# Turns of the relationship survey, in months.
NPS_TURNS = 18
SHARE_BEFORE_START = 0.55
SEGMENT_WEIGHTS = (0.72, 0.22, 0.06)
PLAN_WEIGHTS = ((0.62, 0.30, 0.08), (0.30, 0.45, 0.25), (0.08, 0.37, 0.55))
PLAN_PRICE = np.array([12.0, 29.0, 79.0])
SEGMENT_SEATS = np.array([1.0, 3.0, 12.0])
# Paid month by month, once a year, or by invoice (no payment attempts).
BILLING_WEIGHTS = ((0.46, 0.34, 0.20), (0.36, 0.24, 0.40), (0.10, 0.10, 0.80))


def make_customers(settings: WorldSettings, streams: Streams, rates: Rates) -> Rows:
    """Return the accounts, sorted by market and start."""
    rng = streams("customers")
    n = max(round(settings.n_tickets * CUSTOMERS_PER_TICKET), 60)
    market = np.sort(pick(rng.random(n), [one.weight for one in MARKETS]), kind="stable")
    signed_up = _signed_up(settings, rng, n)
    order = np.lexsort((signed_up, market))
    market, signed_up = market[order], signed_up[order]
    segment = pick(rng.random(n), SEGMENT_WEIGHTS)
    plan = pick_rows(rng.random(n), np.array(PLAN_WEIGHTS)[segment])
    usage = np.exp(0.7 * rng.standard_normal(n))
    dollars = PLAN_PRICE[plan] * np.maximum(np.rint(SEGMENT_SEATS[segment] * usage * 2) / 2, 0.5)
    currency = market_currencies()[market]
    at = np.maximum(signed_up, settings.first_second)
    local = rates.local(dollars, currency, at)
    return {
        "market": market,
        "language": _language(rng.random(n), market),
        "segment": segment,
        "plan": plan,
        "currency": currency,
        "monthly_value": local,
        "dollars": dollars,
        "usage": usage,
        "signed_up_at": signed_up,
        "preferred_channel": _preferred(rng.random(n), market),
        "billing": pick_rows(rng.random(n), np.array(BILLING_WEIGHTS)[segment]),
        "loyalty": rng.standard_normal(n),
        "nps_turn": rng.integers(0, NPS_TURNS, n),
    }


def _signed_up(settings: WorldSettings, rng: np.random.Generator, n: int) -> Array:
    first, last = settings.first_second, settings.as_of
    before = first - np.minimum(rng.exponential(520, n), 2_200) * DAY - 1
    during = first + rng.random(n) * (last - first - DAY)
    early = rng.random(n) < SHARE_BEFORE_START
    return np.where(early, before, during).astype(np.int64)


def _language(uniform: Array, market: Array) -> Array:
    weights = np.zeros((len(MARKETS), len(LANGUAGES)))
    for number, one in enumerate(MARKETS):
        for tag, share in one.languages:
            weights[number, LANGUAGES.index(tag)] = share
    return pick_rows(uniform, weights[market])


def _preferred(uniform: Array, market: Array) -> Array:
    weights = np.array([one.channels for one in MARKETS], dtype=float)
    weights[:, BOT] = 0.0
    return pick_rows(uniform, weights[market, : len(CHANNELS)])
