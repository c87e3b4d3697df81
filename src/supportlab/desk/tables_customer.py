"""Canonical tables of customers and their money."""

from __future__ import annotations

from supportlab.desk.shared_columns import CHANNELS, CUSTOMER, LANGUAGE, MARKET, key, time
from supportlab.desk.specs import Column, TableSpec

__all__ = ["CUSTOMER_TABLES"]

CUSTOMER_TABLES = (
    TableSpec(
        "customers",
        "one row per customer account",
        (
            key("customer_id", "the account", required=True),
            MARKET,
            LANGUAGE,
            Column("segment", "text", "segment"),
            Column("plan", "text", "plan"),
            Column("currency", "currency", "billing currency"),
            Column("monthly_value", "money", "value per month", currency_column="currency"),
            time("signed_up_at", "start of the account"),
            time("churned_at", "end of the account"),
            Column("churn_kind", "code", "kind of the end", codes=("voluntary", "involuntary")),
            Column("preferred_channel", "code", "channel preferred", codes=CHANNELS),
        ),
        key=("customer_id",),
        time="signed_up_at",
        later_times=("churned_at",),
    ),
    TableSpec(
        "subscriptions",
        "one row per paid period",
        (
            key("customer_id", "the customer", "customers", required=True),
            time("started_at", "start of the period", required=True),
            time("ended_at", "end of the period; missing is running"),
            Column("plan", "text", "plan"),
            Column("monthly_value", "money", "value per month", currency_column="currency"),
            Column("currency", "currency", "its currency"),
        ),
        time="started_at",
        later_times=("ended_at",),
    ),
    TableSpec(
        "payments",
        "one row per payment attempt, declined and abandoned ones too",
        (
            key("attempt_id", "the attempt", required=True),
            key("checkout_id", "one purchase intent; its attempts are retries"),
            CUSTOMER,
            time("attempted_at", "when", required=True),
            Column("market", "market", "country, of the kind in market_source"),
            Column(
                "market_source",
                "code",
                "what the country is of",
                codes=("billing", "card", "payer", "shipping", "ip"),
            ),
            Column(
                "method",
                "code",
                "method of payment",
                codes=(
                    "card",
                    "wallet",
                    "local_wallet",
                    "bank_transfer",
                    "bank_redirect",
                    "direct_debit",
                    "bnpl",
                    "cash",
                    "voucher",
                    "other",
                ),
            ),
            Column("method_brand", "text", "brand, as visa or pix"),
            Column(
                "amount",
                "money",
                "what the customer saw",
                currency_column="presentment_currency",
            ),
            Column("presentment_currency", "currency", "currency that the customer saw"),
            Column("settlement_currency", "currency", "currency of settlement"),
            Column("fx_rate_shown", "bool", "the rate was shown"),
            Column(
                "status",
                "code",
                "outcome",
                is_required=True,
                codes=("succeeded", "declined", "abandoned", "pending", "reversed"),
            ),
            Column(
                "decline_kind",
                "code",
                "kind of decline",
                codes=("hard", "soft", "risk", "technical"),
            ),
            Column("decline_reason", "text", "reason of decline"),
            Column(
                "authentication",
                "code",
                "authentication step",
                codes=("none", "frictionless", "challenge"),
            ),
        ),
        key=("attempt_id",),
        time="attempted_at",
    ),
    TableSpec(
        "method_offers",
        "one row per period in which a market was offered a method",
        (
            Column("market", "market", "market", is_required=True),
            Column("method_brand", "text", "brand", is_required=True),
            time("offered_from", "start"),
            time("offered_to", "end; missing is running"),
        ),
        time="offered_from",
        later_times=("offered_to",),
    ),
    TableSpec(
        "fx_rates",
        "one row per day and currency",
        (
            Column("date", "date", "day", is_required=True),
            Column("currency", "currency", "currency", is_required=True),
            Column(
                "per_unit",
                "rate",
                "reporting-currency units for one unit of currency",
                is_required=True,
                minimum=0,
            ),
        ),
        key=("date", "currency"),
    ),
)
