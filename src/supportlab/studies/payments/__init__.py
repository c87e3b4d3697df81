"""
Payment and currency friction by market: what fails, where, and what goes with it.

The notebook ``05-payment-friction`` calls the functions of this module; each takes a desk and
returns an estimate, and says why where it cannot.
"""

from __future__ import annotations

from supportlab.studies.payments.authentication import authentication, challenge
from supportlab.studies.payments.currency import currency_effect, currency_naive, rate_shown_effect
from supportlab.studies.payments.currency_roll_out import currency_roll_out
from supportlab.studies.payments.currency_stake import currency_stake
from supportlab.studies.payments.declines import decline_kinds, retry_success
from supportlab.studies.payments.funnel import waterfall
from supportlab.studies.payments.markets import (
    market_changes,
    market_exceedance,
    market_funnel,
    market_ranks,
    market_rates,
    method_markets,
)
from supportlab.studies.payments.method_gap import method_gap
from supportlab.studies.payments.method_stake import method_stake
from supportlab.studies.payments.methods import method_effect
from supportlab.studies.payments.rates import (
    abandonment_rate,
    decline_rate,
    naive,
    success_rate,
)
from supportlab.studies.payments.spread import fx_spread
from supportlab.studies.payments.ticket_currency import tickets_by_currency
from supportlab.studies.payments.ticket_failures import tickets_after_failure
from supportlab.studies.payments.tickets import tickets_per_1000

__all__ = [
    "abandonment_rate",
    "authentication",
    "challenge",
    "currency_effect",
    "currency_naive",
    "currency_roll_out",
    "currency_stake",
    "decline_kinds",
    "decline_rate",
    "fx_spread",
    "market_changes",
    "market_exceedance",
    "market_funnel",
    "market_ranks",
    "market_rates",
    "method_effect",
    "method_gap",
    "method_markets",
    "method_stake",
    "naive",
    "rate_shown_effect",
    "retry_success",
    "success_rate",
    "tickets_after_failure",
    "tickets_by_currency",
    "tickets_per_1000",
    "waterfall",
]
