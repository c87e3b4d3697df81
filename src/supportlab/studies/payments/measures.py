"""The rates of payments: how each is spoken of, and what it counts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from supportlab.studies.common.measures import Measure

__all__ = ["COUNTED", "PAYMENT_MEASURES", "STUDY"]

STUDY = "payment-friction"


_CHECKOUTS = "checkouts begun, retries joined, that are old enough to judge"


_ATTEMPTS = "payment attempts that were decided"


PAYMENT_MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "success_rate": Measure(
            "success_rate",
            "payment.success_rate",
            STUDY,
            "proportion",
            "Checkouts that were paid",
            "the share of checkouts that were paid",
            "How many of those who set out to pay end up paying?",
            _CHECKOUTS,
            "share paid",
            "checkouts",
        ),
        "decline_rate": Measure(
            "decline_rate",
            "payment.decline_rate",
            STUDY,
            "proportion",
            "Declined attempts",
            "the decline rate",
            "How many attempts to pay are declined?",
            _ATTEMPTS,
            "share declined",
            "attempts",
        ),
        "abandonment_rate": Measure(
            "abandonment_rate",
            "payment.abandonment_rate",
            STUDY,
            "proportion",
            "Abandoned attempts",
            "the abandonment rate",
            "How many attempts to pay does the customer break off?",
            _ATTEMPTS,
            "share abandoned",
            "attempts",
        ),
    }
)


# Which rows a rate counts, and which of their outcomes.
COUNTED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "success_rate": ("checkout", "n_success"),
        "decline_rate": ("attempt", "n_declined"),
        "abandonment_rate": ("attempt", "n_abandoned"),
    }
)
