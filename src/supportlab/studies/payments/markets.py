"""
Payments by market: rates, who lies apart, ranks, changes, and methods within markets.

Each function takes a desk and returns an estimate; ``supportlab.payments`` offers them too.
"""

from __future__ import annotations

from supportlab.studies.payments.market_changes import market_changes
from supportlab.studies.payments.market_exceedance import market_exceedance
from supportlab.studies.payments.market_funnel import market_funnel
from supportlab.studies.payments.market_ranks import market_ranks
from supportlab.studies.payments.market_rates import market_rates
from supportlab.studies.payments.method_markets import method_markets

__all__ = [
    "market_changes",
    "market_exceedance",
    "market_funnel",
    "market_ranks",
    "market_rates",
    "method_markets",
]
