"""Comments on surveys, and free texts in social media, reviews and forms."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from supportlab.simulate.arrays import DAY, HOUR, Array, Rows, pick, pick_rows, take
from supportlab.simulate.catalogue import CATEGORIES, PRODUCTS
from supportlab.simulate.demand import release_at
from supportlab.simulate.intake import Desk
from supportlab.simulate.leaving import Leaving
from supportlab.simulate.markets import MARKETS
from supportlab.simulate.paths import FOLLOW_UP, REOPEN
from supportlab.simulate.service import SHIFT_MARKET, shift_at
from supportlab.simulate.surveys import CSAT, NPS
from supportlab.simulate.texts import NEGATIVE, POSITIVE, THEMES, compose

__all__ = ["FEEDBACK_SOURCES", "comment_themes", "make_feedback", "write_comments"]

FEEDBACK_SOURCES = ("social", "review", "form", "forum")
SOURCE_WEIGHTS = (0.42, 0.38, 0.12, 0.08)
FEEDBACK_PER_TICKET = 0.11
COMMENT_BASE, COMMENT_WHEN_BAD = 0.28, 0.26
# Who has the new complaint wants to tell.
COMMENT_ON_RELEASE, RELEASE_NAMED, RELEASE_IN_NPS = 0.35, 0.75, 0.30
SYNC = NEGATIVE.index("sync")
TOPIC_THEME = {
    "billing": "charge", "refund": "refund", "payment": "currency", "delivery": "delivery",
    "returns": "refund", "product_question": "slow", "login": "app", "app_error": "app",
    "device_setup": "unresolved",
}  # fmt: skip


def comment_themes(desk: Desk, tickets: Rows, surveys: Rows) -> Array:
    """Return the theme of every answer's comment, -1 for no comment."""
    rng = desk.streams("comment themes")
    n = len(surveys["ticket"])
    ticket = np.maximum(surveys["ticket"], 0)
    about = surveys["ticket"] >= 0
    bad = np.where(surveys["kind"] == NPS, surveys["score"] <= 6, surveys["score"] <= 3)
    weights = np.where(bad[:, None], _bad_weights(tickets, ticket, about), _good_weights(n))
    theme = pick_rows(rng.random(n), weights).astype(np.int64)
    release = about & tickets["is_release"][ticket] & bad
    weeks = (surveys["sent_at"] - release_at(desk.settings)) / (7 * DAY)
    rise = np.clip(weeks / 3, 0, 1) * (weeks >= 0) * desk.settings.effects.emerging
    named = rng.random(n) < np.where(release, RELEASE_NAMED, RELEASE_IN_NPS * rise * bad * ~about)
    theme = np.where(named, SYNC, theme)
    chance = COMMENT_BASE + COMMENT_WHEN_BAD * bad + COMMENT_ON_RELEASE * release
    writes = np.isin(surveys["kind"], (CSAT, NPS)) & (rng.random(n) < chance)
    return np.where(writes & surveys["is_answered"], theme, -1)


def write_comments(desk: Desk, surveys: Rows, theme: Array) -> tuple[Array, pa.Array]:
    """Return the rows that have a comment, and the comments."""
    rows = np.flatnonzero(theme >= 0)
    rng = desk.streams("comments")
    return rows, compose(rng, surveys["language"][rows], theme[rows])


def _good_weights(n: int) -> Array:
    weights = np.zeros((n, len(THEMES)))
    weights[:, len(NEGATIVE) :] = (0.32, 0.26, 0.28, 0.14)
    return weights


def _bad_weights(tickets: Rows, ticket: Array, about: Array) -> Array:
    weights = np.full((len(ticket), len(THEMES)), 0.0)
    weights[:, : len(NEGATIVE) - 1] = 0.06
    topic = np.array([NEGATIVE.index(TOPIC_THEME[one.name]) for one in CATEGORIES])
    rows = np.arange(len(ticket))
    weights[rows, topic[tickets["category"][ticket]]] += 0.5 * about
    slow = tickets["resolved_at"][ticket] - tickets["created_at"][ticket] > 2 * DAY
    weights[:, NEGATIVE.index("slow")] += 0.35 * (slow & about)
    again = np.isin(tickets["mode"][ticket], (REOPEN, FOLLOW_UP))
    weights[:, NEGATIVE.index("unresolved")] += 0.6 * (again & about)
    weights[:, NEGATIVE.index("bot")] += 0.8 * (tickets["handover"][ticket] & about)
    return weights


def make_feedback(desk: Desk, leaving: Leaving) -> Rows:
    """Return texts from outside the surveys, sorted by time; `text` is written later."""
    rng, settings = desk.streams("feedback"), desk.settings
    n = round(settings.n_tickets * FEEDBACK_PER_TICKET)
    customer = rng.integers(0, len(desk.customers["market"]), n)
    span = settings.as_of - settings.first_second - DAY
    at = settings.first_second + (span * rng.random(n)).astype(np.int64)
    at = at - at % DAY + rng.integers(7 * HOUR, 23 * HOUR, n)
    known = leaving.is_active(customer, at)
    rows = {"customer": customer[known], "at": at[known]}
    n = len(rows["at"])
    market = desk.customers["market"][rows["customer"]]
    shifted = (market == [one.code for one in MARKETS].index(SHIFT_MARKET)) & (
        rows["at"] >= shift_at(desk)
    )
    mood = rng.standard_normal(n) - 0.4 * shifted * settings.effects.shift
    rating = 1 + (mood[:, None] > np.array([-0.8, -0.35, 0.0, 0.7])).sum(axis=1)
    source = pick(rng.random(n), SOURCE_WEIGHTS)
    weeks = (rows["at"] - release_at(settings)) / (7 * DAY)
    sync = (weeks >= 0) & (
        rng.random(n) < 0.30 * np.clip(weeks / 3, 0, 1) * settings.effects.emerging
    )
    rating = np.where(sync, np.minimum(rating, 2), rating)
    product = np.where(sync, PRODUCTS.index("app"), rng.integers(0, len(PRODUCTS), n))
    told: Rows = {
        "market": market,
        "language": desk.customers["language"][rows["customer"]],
        "source": source,
        "product": product,
        "rating": rating,
        "theme": np.where(sync, SYNC, _free_theme(rng, rating)),
    }
    told["is_known"] = rng.random(n) < 0.35
    rows |= told
    return take(rows, np.lexsort((rows["customer"], rows["at"])))


def _free_theme(rng: np.random.Generator, rating: Array) -> Array:
    bad = pick(rng.random(len(rating)), [0.13] * (len(NEGATIVE) - 1))
    good = len(NEGATIVE) + pick(rng.random(len(rating)), [1.0] * len(POSITIVE))
    return np.where(rating <= 3, bad, good)
