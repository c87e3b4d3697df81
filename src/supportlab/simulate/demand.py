"""Which customer has which issue, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from supportlab.simulate.arrays import DAY, HOUR, Array, Rows, pick, pick_rows, stack, take
from supportlab.simulate.catalogue import CATEGORIES, PRODUCTS, category_values
from supportlab.simulate.clock import ZoneOffsets
from supportlab.simulate.markets import MARKETS
from supportlab.simulate.payments import Ledger
from supportlab.simulate.settings import WorldSettings
from supportlab.simulate.streams import Streams

__all__ = [
    "DELETED",
    "FATES",
    "MERGED",
    "NORMAL",
    "SPAM",
    "TEST",
    "Demand",
    "make_demand",
    "release_at",
]

NORMAL, MERGED, SPAM, DELETED, TEST = range(5)
FATES = ("normal", "merged", "spam", "deleted", "test")
# Raw tickets per ticket that is kept, so that `n_tickets` is about what is written.
RAW_PER_TICKET = 1.07
MONTH_SEASON = (1.12, 0.97, 0.98, 0.95, 0.93, 0.92, 0.94, 0.90, 0.98, 1.02, 1.14, 1.25)
WEEKDAY_SEASON = (1.28, 1.16, 1.08, 1.05, 1.02, 0.74, 0.67)
HOUR_WEIGHTS = (
    1, 0.6, 0.4, 0.3, 0.3, 0.6, 1.5, 3, 5, 7, 8, 8, 7, 7, 7.5, 7.5, 7, 6.5, 6, 6, 5.5, 4.5, 3, 2,
)  # fmt: skip
SHOCK_MEMORY, SHOCK_SIZE = 0.75, 0.16
RELEASE_SHARE, RELEASE_TICKETS = 0.84, 0.10
PAYMENT_TICKET_CHANCE, CONFUSION_TICKET_CHANCE = 0.13, 0.012


@dataclass(frozen=True)
class Demand:
    """
    Tickets as they arise, and the pressure of the day.

    Parameters
    ----------
    tickets : dict of arrays
        One row per ticket.
    shock : array of float
        Log pressure by market and day.
    """

    tickets: Rows
    shock: Array


def release_at(settings: WorldSettings) -> int:
    """Return the Monday on which the release went out that brings a new complaint."""
    at = settings.month_starts[settings.month_at(RELEASE_SHARE)]
    return at - (at // DAY + 3) % 7 * DAY + 7 * DAY


def make_demand(
    settings: WorldSettings, streams: Streams, customers: Rows, ledger: Ledger, zones: ZoneOffsets
) -> Demand:
    """Return all tickets that customers raise of themselves, as if nobody left."""
    shock = _shocks(settings, streams)
    ordinary = _ordinary(settings, streams, customers, shock, zones)
    billing = _after_payments(settings, streams, customers, ledger)
    tickets = _fates(streams, stack([ordinary, billing]))
    tickets = take(tickets, np.flatnonzero(tickets["created_at"] < settings.as_of))
    return Demand(take(tickets, np.argsort(tickets["created_at"], kind="stable")), shock)


def _shocks(settings: WorldSettings, streams: Streams) -> Array:
    rng = streams("shocks")
    n_days = settings.as_of // DAY - settings.first_second // DAY + 1
    noise = rng.standard_normal((n_days, len(MARKETS)))
    noise = 0.6 * rng.standard_normal((n_days, 1)) + 0.8 * noise
    level = np.zeros_like(noise)
    level[0] = noise[0]
    for day in range(1, n_days):
        level[day] = SHOCK_MEMORY * level[day - 1] + np.sqrt(1 - SHOCK_MEMORY**2) * noise[day]
    return level.T


def _ordinary(
    settings: WorldSettings, streams: Streams, customers: Rows, shock: Array, zones: ZoneOffsets
) -> Rows:
    rng = streams("demand")
    first_day = settings.first_second // DAY
    days = first_day + np.arange(shock.shape[1] - 1)
    seats = customers["dollars"] / customers["dollars"].mean()
    weight = customers["usage"] ** 0.8 * np.clip(seats, 0.3, 8) ** 0.25
    edges = np.searchsorted(customers["market"], np.arange(len(MARKETS) + 1))
    totals = np.concatenate(([0.0], np.cumsum(weight)))
    reach = np.empty((len(MARKETS), len(days)))
    for number in range(len(MARKETS)):
        signed_up = customers["signed_up_at"][edges[number] : edges[number + 1]]
        count = np.searchsorted(signed_up, days * DAY)
        reach[number] = totals[edges[number] + count] - totals[edges[number]]
    rate = reach * _season(settings, days) * np.exp(SHOCK_SIZE * shock[:, :-1])
    n = round(settings.n_tickets * RAW_PER_TICKET)
    counts = rng.multinomial(n, (rate / rate.sum()).ravel())
    cell = np.repeat(np.arange(rate.size), counts)
    market, day = cell // len(days), cell % len(days)
    goal = totals[edges[market]] + rng.random(n) * reach[market, day]
    customer = np.searchsorted(totals, goal, side="right") - 1
    customer = np.clip(customer, edges[market], edges[market + 1] - 1)
    local = days[day] * DAY + pick(rng.random(n), HOUR_WEIGHTS) * HOUR + rng.integers(0, HOUR, n)
    zone = np.array([zones.code(one.zone) for one in MARKETS])[market]
    created = zones.to_utc(zone, local.astype(np.int64))
    # A local morning may lie before the first second; such a ticket comes a day later.
    created = np.where(created < settings.first_second, created + DAY, created)
    created = np.maximum(created, customers["signed_up_at"][customer] + 60)
    rows = _topic(settings, rng, customers, customer, created)
    return _release(settings, streams, rows)


def _season(settings: WorldSettings, days: Array) -> Array:
    month = (days * DAY).astype("datetime64[s]").astype("datetime64[M]").astype(int) % 12
    result: Array = np.array(MONTH_SEASON)[month] * np.array(WEEKDAY_SEASON)[(days + 3) % 7]
    return result


def _topic(
    settings: WorldSettings,
    rng: np.random.Generator,
    customers: Rows,
    customer: Array,
    created: Array,
) -> Rows:
    n = len(customer)
    category = pick(rng.random(n), category_values("weight"))
    products = np.array([one.products for one in CATEGORIES], dtype=float)
    return {
        "customer": customer,
        "market": customers["market"][customer],
        "created_at": created,
        "category": category,
        "product": pick_rows(rng.random(n), products[category]),
        "is_release": np.zeros(n, dtype=bool),
        "fate": np.zeros(n, dtype=np.int8),
    }


def _release(settings: WorldSettings, streams: Streams, rows: Rows) -> Rows:
    """Turn a rising share of tickets after the release into the new complaint."""
    weeks = (rows["created_at"] - release_at(settings)) / (7 * DAY)
    rise = np.clip(weeks / 3, 0, 1) * (weeks >= 0)
    hit = streams("release").random(len(weeks)) < RELEASE_TICKETS * settings.effects.emerging * rise
    names = [one.name for one in CATEGORIES]
    rows["category"] = np.where(hit, names.index("app_error"), rows["category"])
    rows["product"] = np.where(hit, PRODUCTS.index("app"), rows["product"])
    rows["is_release"] = hit
    return rows


def _after_payments(
    settings: WorldSettings, streams: Streams, customers: Rows, ledger: Ledger
) -> Rows:
    rng = streams("billing tickets")
    checkouts = ledger.checkouts
    confused = checkouts["foreign"] & ~checkouts["rate_shown"]
    chance = np.where(checkouts["failed"], PAYMENT_TICKET_CHANCE, 0.004)
    chance = chance + CONFUSION_TICKET_CHANCE * confused * settings.effects.currency
    raises = rng.random(len(chance)) < chance
    customer = checkouts["customer"][raises]
    n = len(customer)
    pause = np.minimum(rng.exponential(1.6, n), 6.5) * DAY + 600
    rows = _topic(settings, rng, customers, customer, checkouts["at"][raises] + pause.astype(int))
    names = [one.name for one in CATEGORIES]
    billing = rng.random(n) < 0.55
    rows["category"] = np.where(billing, names.index("billing"), names.index("payment"))
    rows["product"] = np.full(n, PRODUCTS.index("plus_plan"))
    return rows


def _fates(streams: Streams, rows: Rows) -> Rows:
    rng = streams("fates")
    n = len(rows["customer"])
    rows["fate"] = pick(rng.random(n), (0.979, 0.0, 0.012, 0.006, 0.003)).astype(np.int8)
    twins = take(rows, np.flatnonzero((rng.random(n) < 0.012) & (rows["fate"] == NORMAL)))
    pause = rng.integers(300, 5 * HOUR, len(twins["customer"]))
    twins = twins | {
        "created_at": twins["created_at"] + pause,
        "fate": np.full(len(pause), MERGED, dtype=np.int8),
    }
    return stack([rows, twins])
