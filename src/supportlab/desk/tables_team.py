"""Canonical tables of who works, when, and with what authority."""

from __future__ import annotations

from supportlab.desk.shared_columns import key, time
from supportlab.desk.specs import Column, TableSpec

__all__ = ["TEAM_TABLES"]

TEAM_TABLES = (
    TableSpec(
        "agents",
        "one row per agent",
        (
            key("agent_id", "the agent", required=True),
            key("team_id", "team today"),
            Column("site", "text", "site"),
            Column("languages", "list", "languages spoken"),
            time("hired_at", "start of work"),
            time("left_at", "end of work"),
        ),
        key=("agent_id",),
        later_times=("left_at",),
    ),
    TableSpec(
        "authority",
        "one row per rule that lets somebody settle without approval",
        (
            Column(
                "scope",
                "code",
                "whom it is given to",
                is_required=True,
                codes=("agent", "team", "market", "all"),
            ),
            key("scope_id", "which agent, team or market"),
            time("effective_from", "start", required=True),
            time("effective_to", "end; missing is running"),
            Column("limit_amount", "money", "up to this amount", currency_column="limit_currency"),
            Column("limit_currency", "currency", "its currency"),
        ),
        time="effective_from",
        later_times=("effective_to",),
    ),
    TableSpec(
        "schedules",
        "one row per opening of a weekday",
        (
            Column(
                "scope",
                "code",
                "whose hours",
                is_required=True,
                codes=("all", "team", "channel", "market"),
            ),
            key("scope_id", "which team, channel or market"),
            Column("weekday", "int", "0 is Monday", is_required=True, minimum=0),
            Column("opens", "clock", "HH:MM", is_required=True),
            Column("closes", "clock", "HH:MM", is_required=True),
            Column("timezone", "timezone", "IANA zone", is_required=True),
            Column("valid_from", "date", "first day"),
            Column("valid_to", "date", "last day"),
        ),
    ),
    TableSpec(
        "holidays",
        "one row per day off",
        (
            Column(
                "scope",
                "code",
                "whose holiday",
                is_required=True,
                codes=("all", "team", "channel", "market"),
            ),
            key("scope_id", "which team, channel or market"),
            Column("date", "date", "day", is_required=True),
        ),
    ),
)
