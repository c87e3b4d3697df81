"""What other systems measure under the same names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from supportlab.errors import ParameterError, did_you_mean

__all__ = ["RIVALS", "Rival", "find_rival"]


@dataclass(frozen=True)
class Rival:
    """
    A vendor's definition of a metric, as far as canonical tables can tell it.

    Parameters
    ----------
    vendor, metric : str
        By what it is asked for.
    title : str
        The vendor's own name for it.
    statement : str
        What it measures.
    source : str
        Where the vendor says so, and in which year it was read.
    unit : {"seconds", "minutes", "share"}
        Of the vendor's figure.
    rounding : str
        What becomes of the rest.
    ours : str
        The metric that it is held against.
    options : mapping
        Settings that make the vendor's figure.
    """

    vendor: str
    metric: str
    title: str
    statement: str
    source: str
    unit: str
    rounding: str
    ours: str
    options: Mapping[str, Any] = field(default_factory=dict)


def _reply(vendor: str, title: str, statement: str, source: str, **more: Any) -> Rival:
    unit = more.pop("unit", "minutes")
    metric = more.pop("metric", "first_response")
    words = "whole minutes, rounded down" if unit == "minutes" else "whole seconds, rounded down"
    return Rival(vendor, metric, title, statement, source, unit, words, "first_response", more)


def _touch(vendor: str, title: str, statement: str, source: str, variant: str) -> Rival:
    options = {"variant": variant}
    return Rival(vendor, "one_touch", title, statement, source, "share", "none", "fcr", options)


_ZENDESK = "Zendesk help, Calculating first reply time (2026)"
RIVALS = (
    _reply(
        "zendesk",
        "First reply time (calendar)",
        "Creation to the first public comment of an agent after it, on a ticket that an agent "
        "opened to the next public comment of an agent. Bots do not count. Unanswered is missing.",
        _ZENDESK,
        anchor="created",
        agents_wait=False,
    ),
    _reply(
        "zendesk",
        "First reply time (business)",
        "The same, inside the hours of the schedule that the ticket has.",
        _ZENDESK,
        metric="first_response_business",
        anchor="created",
        agents_wait=False,
        clock="business",
    ),
    _touch(
        "zendesk",
        "One-touch tickets",
        "Solved tickets with at most one public reply of an agent, no window. Its pages disagree "
        "by language on tickets without any reply (English and Korean count them, German does "
        "not); here they count.",
        "Zendesk help, How are one-touch resolutions calculated (2026)",
        "at_most_one",
    ),
    _reply(
        "intercom",
        "First response time",
        "First message of the customer to the first reply of a teammate, less the hours when the "
        "office is closed, as with the option 'within office hours'. Bots do not count. Unanswered "
        "is missing.",
        "Intercom help, How to use office hours in reporting (2026)",
        unit="seconds",
        anchor="first_customer_message",
        clock="business",
    ),
    _touch(
        "intercom",
        "Closed conversations on first contact",
        "Conversations closed once, by one teammate: not reopened, not handed over, no window.",
        "Intercom help, Reporting metrics and attributes (2026)",
        "closed_once",
    ),
    _reply(
        "freshdesk",
        "First response time",
        "Creation to the first public answer of an agent; a note that is public is one, a private "
        "one is not. Unanswered is missing.",
        "Freshdesk help, Support metrics in Freshdesk Analytics (2026)",
        unit="seconds",
        anchor="created",
        notes=True,
        agents_wait=False,
    ),
    _touch(
        "freshdesk",
        "First contact resolution",
        "Resolved tickets with one public reply, one contact and no reopening, no window.",
        "Freshdesk help, Support metrics in Freshdesk Analytics (2026)",
        "first_response",
    ),
    _touch(
        "freshservice",
        "First contact resolution",
        "Resolved tickets without a further contact of the requester, no window.",
        "Freshservice help, How do you calculate FCR (2026)",
        "no_further_contact",
    ),
    _reply(
        "dbt_zendesk",
        "first_reply_time_calendar_minutes",
        "First public comment of the customer to the next public comment of an agent; where an "
        "agent spoke first, creation to that comment. In minutes with decimals there, in seconds "
        "here. Unanswered is missing.",
        "dbt_zendesk, model int_zendesk__ticket_reply_times (2026)",
        unit="seconds",
        anchor="first_speaker",
    ),
    _touch(
        "dbt_zendesk",
        "is_one_touch_resolution",
        "Solved or closed tickets with exactly one public comment of an agent, no window.",
        "dbt_zendesk, model int_zendesk__comment_metrics (2026)",
        "exactly_one",
    ),
    _reply(
        "zammad",
        "First response",
        "Creation to the first public answer of an agent inside the hours of the SLA's calendar; "
        "only for tickets that have an SLA. The desk's working hours stand for that calendar here.",
        "Zammad source, escalation of tickets (2026)",
        anchor="created",
        agents_wait=False,
        clock="business",
    ),
    _touch(
        "zammad",
        "First solution: closed in less than 15 minutes",
        "Closed tickets whose closing came less than 15 minutes after the creation, no window.",
        "Zammad source, report of first solutions (2021)",
        "within_15_minutes",
    ),
)


def find_rival(vendor: str, metric: str) -> Rival:
    """
    Return a vendor's definition of a metric.

    Parameters
    ----------
    vendor, metric : str
        Names as in `RIVALS`.

    Returns
    -------
    Rival
        The definition.

    Raises
    ------
    ParameterError
        When the vendor is not known, or not for this metric.
    """
    vendors = {rival.vendor for rival in RIVALS}
    if vendor not in vendors:
        raise ParameterError(f"vendor {vendor!r} is not known. {did_you_mean(vendor, vendors)}")
    known = {rival.metric: rival for rival in RIVALS if rival.vendor == vendor}
    if metric not in known:
        raise ParameterError(
            f"metric {metric!r} is not known for {vendor}. {did_you_mean(metric, known)}"
        )
    return known[metric]
