"""The measures of bad service before a month, in words, and the record of the panel."""

from __future__ import annotations

from collections.abc import Mapping

from supportlab.records import Definition

__all__ = ["MEASURES", "PANEL", "measure_titles"]

MEASURES = (
    "reopened",
    "slow_first_response",
    "slow_resolution",
    "unresolved",
    "escalated",
    "csat_bad",
    "nps_detractor",
    "ces_high",
    "contacts",
    "channel_mismatch",
    "payment_declined",
    "survey_silent",
    "administrative",
)
TITLES: Mapping[str, str] = {
    "reopened": "a reopened ticket",
    "slow_first_response": "a slow first response",
    "slow_resolution": "a slow resolution",
    "unresolved": "a ticket still open",
    "escalated": "an escalated ticket",
    "csat_bad": "a bad satisfaction score",
    "nps_detractor": "a detractor's score (NPS)",
    "ces_high": "a score of high effort",
    "contacts": "each further ticket",
    "channel_mismatch": "not the preferred channel",
    "payment_declined": "a declined payment",
    "survey_silent": "no answer to any survey",
    "administrative": "an administrative ticket (control)",
}
PANEL = Definition(
    name="customer_months",
    title="Customer-months at risk",
    statement=(
        "One row per customer and month at whose start (UTC) the customer was there, with the "
        "service of the days before that start, as it was known then, and whether the customer "
        "left within the month. Who signed up before the first month enters with the tenure "
        "reached (delayed entry); who is there at the end is censored; a return after more than "
        "churn_window_days is a stay of its own."
    ),
    anchor="the first instant of the month",
    stop="the end of the last paid period, or churned_at",
    cohort="the month",
    exclusions=(
        "months whose end is younger than churn_window_days: immature",
        "months whose days before are not wholly covered by the tickets",
        "customers whose start is not known, or who left before they came",
        "tickets that are merged, spam, deleted, tests, or were started by an agent",
        "when a ticket was escalated is not recorded: counted once it is resolved",
    ),
)
MINUTES_PER_HOUR, MINUTES_PER_DAY = 60, 1_440


def measure_titles(thresholds: Mapping[str, int]) -> dict[str, str]:
    """
    Return the measures in words, slow ones with their limit.

    Parameters
    ----------
    thresholds : mapping of str to int
        Whole minutes above which a wait is slow.

    Returns
    -------
    dict of str to str
        One title per measure.

    Examples
    --------
    >>> measure_titles({"slow_first_response": 90})["slow_first_response"]
    'a slow first response (over 1.5 hours)'
    """
    limits = {name: f" (over {_span(minutes)})" for name, minutes in thresholds.items()}
    return {name: title + limits.get(name, "") for name, title in TITLES.items()}


def _span(minutes: int) -> str:
    if minutes < MINUTES_PER_HOUR:
        return f"{minutes} minutes"
    if minutes < 2 * MINUTES_PER_DAY:
        return f"{minutes / MINUTES_PER_HOUR:.1f} hours"
    return f"{minutes / MINUTES_PER_DAY:.1f} days"
