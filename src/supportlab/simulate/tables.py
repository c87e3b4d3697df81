"""The canonical tables of what customers asked, said, bought and paid, as Arrow tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from supportlab.simulate.arrays import NEVER, Array, Rows
from supportlab.simulate.catalogue import (
    CATEGORIES,
    CHANNELS,
    PLANS,
    PRIORITIES,
    PRODUCTS,
    SEGMENTS,
)
from supportlab.simulate.columns import coded, decimal, flag, identifier, number, timestamp
from supportlab.simulate.derive import ticket_columns
from supportlab.simulate.events import ACTORS, KINDS, VALUES
from supportlab.simulate.intake import Desk
from supportlab.simulate.leaving import Leaving
from supportlab.simulate.markets import LANGUAGES, MARKETS
from supportlab.simulate.money import CURRENCIES
from supportlab.simulate.payments import (
    AUTHENTICATIONS,
    BRANDS,
    DECLINE_KINDS,
    DECLINE_REASONS,
    METHODS,
    PAYMENT_STATUSES,
    Ledger,
)
from supportlab.simulate.surveys import CES, NPS, RESOLUTION, SURVEY_KINDS
from supportlab.simulate.visits import OUTCOMES, SESSION_KINDS
from supportlab.simulate.voices import FEEDBACK_SOURCES

__all__ = [
    "contact_table", "customer_table", "event_table", "feedback_table", "kept_attempts",
    "payment_table", "session_table", "subscription_table", "survey_table", "ticket_table",
]  # fmt: skip

CHANNEL_NAMES = tuple(channel.name for channel in CHANNELS)
CATEGORY_NAMES = tuple(category.name for category in CATEGORIES)
MARKET_CODES = tuple(market.code for market in MARKETS)
INITIATORS = ("customer", "agent", "bot")
TICKET, CUSTOMER, AGENT, TEAM = ("T", 7), ("C", 6), ("A", 4), ("TM", 2)
# Kind of survey -> lowest, highest, high is good; the second CES form asks for effort.
SCALES = {0: (1, 5, 1), NPS: (0, 10, 1), CES: (1, 7, 1), RESOLUTION: (0, 1, 1)}
EFFORT_SCALE = (1, 5, 0)


def ticket_table(tickets: Rows, events: Rows) -> pa.Table:
    """Return ``tickets``; what events tell is taken from them."""
    seen = ticket_columns(events, tickets["initiated"])
    is_done = seen["closed_at"] < NEVER
    answered = seen["agent_reply_count"] > 0
    no_value = ~tickets["has_value"]
    waited = seen["approval_seconds"]
    return pa.table(
        {
            "ticket_id": identifier(np.arange(len(answered)), *TICKET),
            "customer_id": identifier(tickets["customer"], *CUSTOMER),
            "agent_id": identifier(seen["agent"], *AGENT),
            "team_id": identifier(seen["team"], *TEAM),
            "market": coded(tickets["market"], MARKET_CODES),
            "language": coded(tickets["language"], LANGUAGES),
            "channel": coded(tickets["channel"], CHANNEL_NAMES),
            "category": coded(tickets["category"], CATEGORY_NAMES),
            "product": coded(tickets["product"], PRODUCTS),
            "priority": coded(tickets["priority"], PRIORITIES),
            "issue_value": decimal(tickets["amount"], 18, 4, no_value),
            "issue_currency": coded(np.where(no_value, -1, tickets["currency"]), CURRENCIES),
            "initiated_by": coded(tickets["initiated"], INITIATORS),
            "status": coded(seen["status"], VALUES),
            "created_at": timestamp(tickets["created_at"]),
            "first_response_at": timestamp(seen["first_response_at"]),
            "resolved_at": timestamp(seen["resolved_at"]),
            "closed_at": timestamp(seen["closed_at"]),
            "reopened_count": number(seen["reopened_count"], pa.int64()),
            "contact_count": number(seen["contact_count"], pa.int64()),
            "agent_reply_count": number(seen["agent_reply_count"], pa.int64()),
            "transfer_count": number(seen["transfer_count"], pa.int64()),
            "escalated": flag(seen["escalated"]),
            "approval_requested": flag(seen["approval_requested"]),
            "approval_minutes": number(np.round(waited / 60, 2), pa.float64(), waited < 0),
            "authority_used": flag(np.where(is_done, tickets["used"], -1)),
            "handle_minutes": number(
                tickets["handle_minutes"], pa.float64(), ~(answered & is_done)
            ),
            "previous_ticket_id": identifier(
                np.where(tickets["is_linked"], tickets["parent"], -1), *TICKET
            ),
        }
    )


def event_table(events: Rows) -> pa.Table:
    """Return ``events``."""
    return pa.table(
        {
            "ticket_id": identifier(events["ticket"], *TICKET),
            "at": timestamp(events["at"]),
            "actor": coded(events["actor"], ACTORS),
            "kind": coded(events["kind"], KINDS),
            "is_public": flag(events["is_public"]),
            "channel": coded(events["channel"], CHANNEL_NAMES),
            "agent_id": identifier(events["agent"], *AGENT),
            "team_id": identifier(events["team"], *TEAM),
            "value": coded(events["value"], VALUES),
        }
    )


def survey_table(surveys: Rows, comment_rows: Array, comments: pa.Array) -> pa.Table:
    """Return ``surveys``; `comments` belong to the rows `comment_rows`."""
    scale = np.array([SCALES[kind] for kind in range(len(SURVEY_KINDS))])[surveys["kind"]]
    scale = np.where(surveys["form"][:, None] == 1, EFFORT_SCALE, scale)
    silent = ~surveys["is_answered"]
    place = np.full(len(silent), -1)
    place[comment_rows] = np.arange(len(comment_rows))
    return pa.table(
        {
            "survey_id": identifier(np.arange(len(silent)), "S", 7),
            "ticket_id": identifier(surveys["ticket"], *TICKET),
            "customer_id": identifier(surveys["customer"], *CUSTOMER),
            "agent_id": identifier(surveys["agent"], *AGENT),
            "market": coded(surveys["market"], MARKET_CODES),
            "language": coded(surveys["language"], LANGUAGES),
            "channel": coded(surveys["channel"], CHANNEL_NAMES),
            "kind": coded(surveys["kind"], SURVEY_KINDS),
            "sent_at": timestamp(surveys["sent_at"]),
            "responded_at": timestamp(np.where(silent, NEVER, surveys["responded_at"])),
            "score": number(surveys["score"], pa.float64(), silent),
            "scale_min": number(scale[:, 0], pa.float64()),
            "scale_max": number(scale[:, 1], pa.float64()),
            "high_is_good": flag(scale[:, 2] == 1),
            "comment": comments.take(pa.array(np.maximum(place, 0), mask=place < 0)),
        }
    )


def feedback_table(feedback: Rows, texts: pa.Array) -> pa.Table:
    """Return ``feedback``."""
    rated = feedback["source"] == FEEDBACK_SOURCES.index("review")
    n = len(rated)
    return pa.table(
        {
            "feedback_id": identifier(np.arange(n), "F", 6),
            "at": timestamp(feedback["at"]),
            "source": coded(feedback["source"], FEEDBACK_SOURCES),
            "customer_id": identifier(
                np.where(feedback["is_known"], feedback["customer"], -1), *CUSTOMER
            ),
            "ticket_id": identifier(np.full(n, -1), *TICKET),
            "market": coded(feedback["market"], MARKET_CODES),
            "language": coded(feedback["language"], LANGUAGES),
            "product": coded(feedback["product"], PRODUCTS),
            "rating": number(feedback["rating"], pa.float64(), ~rated),
            "rating_min": number(np.ones(n), pa.float64(), ~rated),
            "rating_max": number(np.full(n, 5), pa.float64(), ~rated),
            "text": texts,
        }
    )


def customer_table(customers: Rows, leaving: Leaving, as_of: int) -> pa.Table:
    """Return ``customers``; an account that came back has not ended."""
    periods, n = leaving.periods, len(customers["market"])
    order = np.argsort(np.minimum(periods.ended_at, NEVER), kind="stable")
    churned, forced = np.full(n, NEVER), np.zeros(n, dtype=bool)
    churned[periods.customer[order]] = periods.ended_at[order]
    forced[periods.customer[order]] = periods.involuntary[order]
    left = churned <= as_of
    kind = np.where(left, forced.astype(int), -1)
    return pa.table(
        {
            "customer_id": identifier(np.arange(n), *CUSTOMER),
            "market": coded(customers["market"], MARKET_CODES),
            "language": coded(customers["language"], LANGUAGES),
            "segment": coded(customers["segment"], SEGMENTS),
            "plan": coded(customers["plan"], PLANS),
            "currency": coded(customers["currency"], CURRENCIES),
            "monthly_value": decimal(customers["monthly_value"], 18, 4),
            "signed_up_at": timestamp(customers["signed_up_at"]),
            "churned_at": timestamp(np.where(left, churned, NEVER)),
            "churn_kind": coded(kind, ("voluntary", "involuntary")),
            "preferred_channel": coded(customers["preferred_channel"], CHANNEL_NAMES),
        }
    )


def subscription_table(customers: Rows, leaving: Leaving, as_of: int) -> pa.Table:
    """Return ``subscriptions``."""
    periods = leaving.periods
    order = np.lexsort((periods.started_at, periods.customer))
    order = order[periods.started_at[order] <= as_of]
    who, ended = periods.customer[order], periods.ended_at[order]
    return pa.table(
        {
            "customer_id": identifier(who, *CUSTOMER),
            "started_at": timestamp(periods.started_at[order]),
            "ended_at": timestamp(np.where(ended <= as_of, ended, NEVER)),
            "plan": coded(customers["plan"][who], PLANS),
            "monthly_value": decimal(customers["monthly_value"][who], 18, 4),
            "currency": coded(customers["currency"][who], CURRENCIES),
        }
    )


def kept_attempts(ledger: Ledger, leaving: Leaving, as_of: int) -> Array:
    """Return the attempts of accounts that are still there."""
    attempts, checkouts = ledger.attempts, ledger.checkouts
    checkout = attempts["checkout"]
    there = leaving.is_active(checkouts["customer"][checkout], checkouts["at"][checkout])
    kept: Array = np.flatnonzero(there & (attempts["at"] <= as_of))
    return kept


def payment_table(desk: Desk, ledger: Ledger, kept: Array) -> pa.Table:
    """Return ``payments``."""
    attempts, checkouts = ledger.attempts, ledger.checkouts
    checkout = attempts["checkout"][kept]
    place = np.unique(checkout, return_inverse=True)[1]
    home = desk.customers["currency"][checkouts["customer"][checkout]]
    foreign = checkouts["foreign"][checkout]
    return pa.table(
        {
            "attempt_id": identifier(np.arange(len(kept)), "P", 8),
            "checkout_id": identifier(place, "K", 8),
            "customer_id": identifier(checkouts["customer"][checkout], *CUSTOMER),
            "attempted_at": timestamp(attempts["at"][kept]),
            "market": coded(checkouts["market"][checkout], MARKET_CODES),
            "market_source": coded(np.zeros(len(kept), dtype=np.int64), ("billing",)),
            "method": coded(checkouts["method"][checkout], METHODS),
            "method_brand": coded(checkouts["brand"][checkout], BRANDS),
            "amount": decimal(checkouts["amount"][checkout], 18, 4),
            "presentment_currency": coded(checkouts["currency"][checkout], CURRENCIES),
            "settlement_currency": coded(_settlement(home), CURRENCIES),
            "fx_rate_shown": flag(np.where(foreign, checkouts["rate_shown"][checkout], -1)),
            "status": coded(attempts["status"][kept], PAYMENT_STATUSES),
            "decline_kind": coded(attempts["kind"][kept], DECLINE_KINDS),
            "decline_reason": coded(attempts["reason"][kept], DECLINE_REASONS),
            "authentication": coded(checkouts["authentication"][checkout], AUTHENTICATIONS),
        }
    )


def contact_table(contacts: Rows) -> pa.Table:
    """Return ``contacts``."""
    return pa.table(
        {
            "contact_id": identifier(np.arange(len(contacts["at"])), "I", 7),
            "ticket_id": identifier(contacts["ticket"], *TICKET),
            "customer_id": identifier(contacts["customer"], *CUSTOMER),
            "at": timestamp(contacts["at"]),
            "channel": coded(contacts["channel"], CHANNEL_NAMES),
            "had_context": flag(contacts["had_context"]),
        }
    )


def session_table(desk: Desk, sessions: Rows) -> pa.Table:
    """Return ``sessions``."""
    who = sessions["customer"]
    return pa.table(
        {
            "session_id": identifier(np.arange(len(who)), "H", 7),
            "customer_id": identifier(np.where(sessions["is_anonymous"], -1, who), *CUSTOMER),
            "market": coded(desk.customers["market"][who], MARKET_CODES),
            "language": coded(desk.customers["language"][who], LANGUAGES),
            "at": timestamp(sessions["at"]),
            "kind": coded(sessions["kind"], SESSION_KINDS),
            "steps": number(sessions["steps"], pa.int64()),
            "outcome": coded(sessions["outcome"], OUTCOMES),
            "ticket_id": identifier(sessions["ticket"], *TICKET),
        }
    )


def _settlement(home: Array) -> Array:
    settles = [CURRENCIES.index(code) for code in ("EUR", "GBP", "JPY", "USD")]
    return np.where(np.isin(home, settles), home, CURRENCIES.index("USD"))
