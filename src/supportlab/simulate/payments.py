"""Payment attempts: methods, presentment, declines, abandonment and retries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from supportlab.simulate.arrays import (
    DAY,
    HOUR,
    Array,
    Rows,
    pick,
    pick_rows,
    probability,
    stack,
    take,
)
from supportlab.simulate.markets import MARKETS
from supportlab.simulate.money import CURRENCIES, Rates
from supportlab.simulate.settings import WorldSettings
from supportlab.simulate.streams import Streams

__all__ = [
    "AUTHENTICATIONS",
    "BRANDS",
    "DECLINE_KINDS",
    "DECLINE_REASONS",
    "METHODS",
    "PAYMENT_STATUSES",
    "Ledger",
    "make_payments",
    "offered_from",
]

BRANDS = tuple(sorted({offer.brand for market in MARKETS for offer in market.offers}))
METHODS = tuple(sorted({offer.method for market in MARKETS for offer in market.offers}))
BRAND_METHOD = {offer.brand: offer.method for market in MARKETS for offer in market.offers}
PAYMENT_STATUSES = ("succeeded", "declined", "abandoned", "pending", "reversed")
SUCCEEDED, DECLINED, ABANDONED, PENDING, REVERSED = range(5)
AUTHENTICATIONS = ("none", "frictionless", "challenge")
DECLINE_KINDS = ("hard", "soft", "risk", "technical")
KIND_WEIGHTS = (0.18, 0.58, 0.12, 0.12)
DECLINE_REASONS = (
    "expired_card", "closed_account", "insufficient_funds", "do_not_honor",
    "suspected_fraud", "velocity_limit", "issuer_unavailable", "processing_error",
)  # fmt: skip
METHOD_DECLINE = {
    "card": 0.0, "wallet": -0.03, "local_wallet": -0.02, "bank_transfer": -0.02,
    "bank_redirect": -0.01, "direct_debit": -0.03, "bnpl": 0.02, "cash": -0.01, "voucher": -0.01,
}  # fmt: skip
RETRY_CHANCE = np.array([0.12, 0.62, 0.25, 0.80])
ATTEMPTS_AT_MOST = 3
BASE_DECLINE, BASE_ABANDON = 0.085, 0.03
AMOUNT_SLOPE = 0.022
CHALLENGE_ABANDON, FOREIGN_ABANDON, RATE_SHOWN_ABANDON = 0.04, 0.05, -0.035
MISSING_METHOD_ABANDON = 0.08
PERSISTENCE = 0.35
# Strong customer authentication is the rule there.
AUTHENTICATED = ("GB", "DE", "FR", "ES", "IT", "GR", "IN")


@dataclass(frozen=True)
class Ledger:
    """
    Payments before anybody leaves.

    Parameters
    ----------
    attempts : dict of arrays
        One row per attempt.
    checkouts : dict of arrays
        One row per checkout, with both potential declines of its first attempt.
    """

    attempts: Rows
    checkouts: Rows


def offered_from(settings: WorldSettings) -> Array:
    """Return, by market and brand, the time of the first offer; -1 for no such offer."""
    starts = np.full((len(MARKETS), len(BRANDS)), -1, dtype=np.int64)
    for number, market in enumerate(MARKETS):
        for offer in market.offers:
            month = settings.month_at(offer.offered_from)
            inside = month <= settings.months - 1
            start = settings.month_starts[month] if inside else settings.as_of * 2
            always = settings.first_second - 400 * DAY
            starts[number, BRANDS.index(offer.brand)] = start if offer.offered_from else always
    return starts


def make_payments(
    settings: WorldSettings, streams: Streams, customers: Rows, rates: Rates
) -> Ledger:
    """Return checkouts and their attempts, as if nobody left."""
    checkouts = _checkouts(settings, streams, customers)
    _choose_method(settings, streams, customers, checkouts)
    _present(settings, streams, checkouts, rates)
    _chances(settings, streams, checkouts)
    attempts = _attempts(streams, checkouts)
    checkouts["failed"] = ~np.isin(
        np.arange(len(checkouts["at"])),
        attempts["checkout"][np.isin(attempts["status"], (SUCCEEDED, PENDING, REVERSED))],
    )
    return Ledger(attempts, checkouts)


def _checkouts(settings: WorldSettings, streams: Streams, customers: Rows) -> Rows:
    rng = streams("checkouts")
    signed_up, billing = customers["signed_up_at"], customers["billing"]
    starts = np.array(settings.month_starts[:-1])
    month = np.arange(settings.months)
    turn = signed_up // (30 * DAY) % 12
    yearly = (billing == 1)[:, None] & ((month[None, :] % 12) == turn[:, None])
    due = (billing == 0)[:, None] | yearly
    account, month_index = np.nonzero(due)
    day = signed_up[account] // DAY % 28
    at = starts[month_index] + day * DAY + rng.integers(6 * HOUR, 22 * HOUR, len(account))
    alive = at > signed_up[account]
    account, at = account[alive], at[alive]
    dollars = customers["dollars"][account] * np.where(billing[account] == 1, 10, 1)
    dollars = dollars * np.exp(0.3 * rng.standard_normal(len(account)))
    order = np.lexsort((account, at))
    return {
        "customer": account[order],
        "at": at[order],
        "dollars": dollars[order],
        "market": customers["market"][account][order],
    }


def _choose_method(
    settings: WorldSettings, streams: Streams, customers: Rows, checkouts: Rows
) -> None:
    rng = streams("methods")
    weights = np.zeros((len(MARKETS), len(BRANDS)))
    for number, market in enumerate(MARKETS):
        for offer in market.offers:
            weights[number, BRANDS.index(offer.brand)] = offer.preference
    preferred = pick_rows(rng.random(len(customers["market"])), weights[customers["market"]])
    start = offered_from(settings)
    wanted = preferred[checkouts["customer"]]
    missing = checkouts["at"] < start[checkouts["market"], wanted]
    fallback = pick(rng.random(len(wanted)), [brand in ("visa", "mastercard") for brand in BRANDS])
    # Some use another method than the one they like best.
    strays = rng.random(len(wanted)) < 0.12
    checkouts["brand"] = np.where(missing | strays, fallback, wanted)
    checkouts["missing_method"] = missing
    methods = np.array([METHODS.index(BRAND_METHOD[brand]) for brand in BRANDS])
    checkouts["method"] = methods[checkouts["brand"]]


def _present(settings: WorldSettings, streams: Streams, checkouts: Rows, rates: Rates) -> None:
    rng = streams("presentment")
    market, n = checkouts["market"], len(checkouts["at"])
    local_from = np.array(
        [settings.month_starts[settings.month_at(one.local_from)] for one in MARKETS]
    )
    dollar_market = np.array([one.currency == "USD" for one in MARKETS])
    size = np.log(checkouts["dollars"] / 30)
    chance = np.where(checkouts["at"] >= local_from[market], 0.84 - 0.07 * size, 0.10)
    foreign = (rng.random(n) >= np.clip(chance, 0.05, 0.95)) & ~dollar_market[market]
    currency = np.array([CURRENCIES.index(one.currency) for one in MARKETS])[market]
    checkouts["currency"] = np.where(foreign, CURRENCIES.index("USD"), currency)
    checkouts["foreign"] = foreign
    checkouts["rate_shown"] = foreign & (rng.random(n) < 0.5)
    checkouts["amount"] = rates.local(checkouts["dollars"], checkouts["currency"], checkouts["at"])


def _chances(settings: WorldSettings, streams: Streams, checkouts: Rows) -> None:
    rng = streams("payment chances")
    market, n, effects = checkouts["market"], len(checkouts["at"]), settings.effects
    strong = np.array([one.code in AUTHENTICATED for one in MARKETS])[market]
    strong &= checkouts["method"] == METHODS.index("card")
    weights = np.where(strong[:, None], (0.2, 0.45, 0.35), (0.8, 0.15, 0.05))
    checkouts["authentication"] = pick_rows(rng.random(n), weights)
    method = np.array([METHOD_DECLINE[one] for one in METHODS])[checkouts["method"]]
    size = np.log(checkouts["dollars"] / 30)
    plain = BASE_DECLINE + np.array([one.decline for one in MARKETS])[market] + method
    plain = plain + AMOUNT_SLOPE * size
    cost = np.array([one.foreign_cost for one in MARKETS])[market] * effects.currency
    foreign = checkouts["foreign"]
    checkouts["decline_local"] = probability(plain)
    checkouts["decline_foreign"] = probability(plain + cost)
    checkouts["decline"] = np.where(
        foreign, checkouts["decline_foreign"], checkouts["decline_local"]
    )
    rest = BASE_ABANDON + CHALLENGE_ABANDON * (checkouts["authentication"] == 2)
    rest = rest + MISSING_METHOD_ABANDON * effects.method * checkouts["missing_method"]
    currency = FOREIGN_ABANDON + RATE_SHOWN_ABANDON * checkouts["rate_shown"]
    checkouts["abandon"] = rest + foreign * currency * effects.currency
    checkouts["luck"] = rng.random(n)


def _attempts(streams: Streams, checkouts: Rows) -> Rows:
    rng = streams("attempts")
    index = np.arange(len(checkouts["at"]))
    at, luck = checkouts["at"], checkouts["luck"]
    parts = []
    for number in range(ATTEMPTS_AT_MOST):
        rows = take(checkouts, index)
        decline = rows["decline"] + (PERSISTENCE if number else 0)
        part = _outcome(rng, luck, decline, rows["abandon"])
        part |= {"checkout": index, "at": at, "number": np.full(len(index), number)}
        parts.append(part)
        again = _retries(rng, part)
        index, at = index[again], at[again] + _pause(rng, int(again.sum()))
        luck = rng.random(len(index))
    attempts = stack(parts)
    return take(attempts, np.lexsort((attempts["number"], attempts["checkout"], attempts["at"])))


def _outcome(rng: np.random.Generator, luck: Array, decline: Array, abandon: Array) -> Rows:
    n = len(luck)
    declined = luck < decline
    abandoned = ~declined & (luck < decline + abandon)
    other = rng.random(n)
    status = np.where(other < 0.006, REVERSED, np.where(other > 0.997, PENDING, SUCCEEDED))
    status = np.where(declined, DECLINED, np.where(abandoned, ABANDONED, status))
    kind = pick(rng.random(n), KIND_WEIGHTS)
    reason = kind * 2 + rng.integers(0, 2, n)
    return {
        "status": status,
        "kind": np.where(declined, kind, -1),
        "reason": np.where(declined, reason, -1),
    }


def _retries(rng: np.random.Generator, attempts: Rows) -> Array:
    declined = attempts["status"] == DECLINED
    chance = np.where(declined, RETRY_CHANCE[attempts["kind"]], 0.0)
    chance = np.where(attempts["status"] == ABANDONED, 0.15, chance)
    again: Array = rng.random(len(chance)) < chance
    return again


def _pause(rng: np.random.Generator, n: int) -> Array:
    quick = rng.integers(8, 56, n)
    slow = (60 * np.exp(1.5 + rng.standard_normal(n))).astype(np.int64) + 61
    return np.where(rng.random(n) < 0.6, quick, slow)
