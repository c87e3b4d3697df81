"""The rules by which systems call a ticket resolved in one touch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from supportlab.errors import NotEstimable
from supportlab.metrics.outcomes import Rule
from supportlab.metrics.periods import whole_seconds
from supportlab.metrics.tickets import ENDED_STATUSES, Facts

__all__ = [
    "TOUCH_VARIANTS",
    "TouchVariant",
    "Variant",
    "refuse_missing_touches",
    "touch_faults",
    "touch_rules",
]

TouchVariant = Literal[
    "exactly_one",
    "at_most_one",
    "first_response",
    "no_further_contact",
    "closed_once",
    "within_15_minutes",
]
QUICK_SECONDS = 15 * 60


@dataclass(frozen=True)
class Variant:
    """A rule: what it needs of a ticket, what speaks against success, and its words."""

    needs: tuple[str, ...]
    faults: tuple[str, ...]
    words: str


TOUCH_VARIANTS: Mapping[str, Variant] = {
    "exactly_one": Variant(
        ("agent_reply_count",),
        ("several_replies", "no_reply"),
        "exactly one public reply of an agent",
    ),
    "at_most_one": Variant(
        ("agent_reply_count",),
        ("several_replies",),
        "at most one public reply of an agent; none at all counts too",
    ),
    "first_response": Variant(
        ("agent_reply_count", "contact_count", "reopened_count"),
        ("several_replies", "no_reply", "several_contacts", "reopened"),
        "resolved in the first response: one public reply, one contact, not reopened",
    ),
    "no_further_contact": Variant(
        ("contact_count",), ("several_contacts",), "no further contact by the customer"
    ),
    "closed_once": Variant(
        ("reopened_count", "transfer_count"),
        ("reopened", "transferred"),
        "closed once, by one teammate: not reopened, not handed over",
    ),
    "within_15_minutes": Variant(
        ("resolved_at",), ("slow",), "first resolved less than 15 minutes after its creation"
    ),
}


def refuse_missing_touches(facts: Facts, variant: str) -> None:
    """Refuse data that do not provide what a variant needs."""
    absent = [name for name in TOUCH_VARIANTS[variant].needs if name not in facts.provided]
    if absent:
        raise NotEstimable(
            f"One-touch (variant {variant!r}) needs tickets.{' and tickets.'.join(absent)}, or "
            "events of kind message and status."
        )


def touch_faults(tickets: Any, variant: str) -> dict[str, Any]:
    """Return, by code, the conditions that speak against success."""
    replies, took = (
        tickets.agent_reply_count,
        whole_seconds(tickets.resolved_at, tickets.created_at),
    )
    conditions = {
        "several_replies": replies > 1,
        "no_reply": replies == 0,
        "several_contacts": tickets.contact_count > 1,
        "reopened": tickets.reopened_count > 0,
        "transferred": tickets.transfer_count > 0,
        "slow": took >= QUICK_SECONDS,
    }
    return {code: conditions[code].fill_null(False) for code in TOUCH_VARIANTS[variant].faults}


def touch_rules(tickets: Any, variant: str) -> list[Rule]:
    """Return the verdicts of a variant; who passes them all is a success."""
    chosen = TOUCH_VARIANTS[variant]
    ended = tickets.status.isin(ENDED_STATUSES).fill_null(False)
    rules: list[Rule] = [("excluded", ~ended, "not resolved")]
    rules += [("excluded", tickets[name].isnull(), f"{name} is missing") for name in chosen.needs]
    if "resolved_at" in chosen.needs:
        early = tickets.resolved_at < tickets.created_at
        rules.append(("excluded", early, "resolved before it was created"))
    return rules + [("failure", fault, None) for fault in touch_faults(tickets, variant).values()]
