"""Columns that several canonical tables share."""

from __future__ import annotations

from supportlab.desk.specs import Column

__all__ = [
    "CHANNEL",
    "CHANNELS",
    "CUSTOMER",
    "LANGUAGE",
    "MARKET",
    "TICKET",
    "count",
    "key",
    "time",
]

CHANNELS = (
    "phone",
    "email",
    "chat",
    "messaging",
    "sms",
    "social",
    "in_app",
    "in_person",
    "self_service",
    "bot",
    "forum",
    "video",
    "other",
)


def key(name: str, meaning: str, references: str | None = None, required: bool = False) -> Column:
    """Return a column that holds a key, kept as text."""
    return Column(name, "key", meaning, is_required=required, references=references)


def count(name: str, meaning: str) -> Column:
    """Return a column that counts something."""
    return Column(name, "int", meaning, minimum=0)


def time(name: str, meaning: str, required: bool = False) -> Column:
    """Return a column that holds a UTC time."""
    return Column(name, "time", meaning, is_required=required)


MARKET = Column("market", "market", "ISO country of the customer")
LANGUAGE = Column("language", "language", "language of the customer, BCP 47")
CHANNEL = Column("channel", "code", "channel", codes=CHANNELS)
CUSTOMER = key("customer_id", "the customer", "customers")
TICKET = key("ticket_id", "the ticket", "tickets")
