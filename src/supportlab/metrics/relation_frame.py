"""Surveys of the relationship with what the customer had met in the days before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.answers import all_surveys, answer_rows, refusals
from supportlab.metrics.outcomes import judged
from supportlab.metrics.periods import between, moments, period, shifted, whole_seconds
from supportlab.metrics.slow_limits import slow_limit
from supportlab.metrics.sums import count_where
from supportlab.metrics.ticket_states import reopenings
from supportlab.metrics.tickets import countable, ticket_facts
from supportlab.records import Definition

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["MEASURES", "RELATION_FRAME", "RelationFrame", "relation_frame"]

WINDOW_DAYS = 90
MOST_SURVEYS = 300_000
PER_MILLE = 1_000
# Without a common factor with a thousand: the invitations kept lie evenly among all.
STRIDE = 617
SECONDS_PER_MINUTE = 60
MEASURES = (
    "contacted",
    "reopened",
    "unresolved",
    "slow_response",
    "repeat",
    "escalated",
    "handed_over",
)
LABELS = ("market", "segment", "plan")

RELATION_FRAME = Definition(
    name="relation_frame",
    title="Surveys of the relationship with the service before them",
    statement=(
        "Mature invitations without a ticket, with the customer's tickets created in the days "
        "before: whether there was one, and whether one was reopened by then, was open then, had "
        "waited longer than the desk's slowest quarter, took repeat contacts, was escalated or was "
        "handed over."
    ),
    anchor="sent_at",
    stop="sent_at",
    clock="calendar",
    cohort="sent_at",
    exclusions=(
        "sent less than the response window before as_of: immature",
        "without a customer: no service can be joined",
        (
            "repeat contacts, escalations and hand-overs have no time of their own and are those "
            "up to as_of"
        ),
    ),
)


@dataclass(frozen=True)
class RelationFrame:
    """
    A modelling frame of surveys.

    Parameters
    ----------
    table : pandas.DataFrame
        One row an invitation: ``nps`` (-100, 0, 100, missing for no answer that counts),
        ``customer_id``, ``month``, ``tenure_days`` of the customer, `LABELS` where provided, and
        `MEASURES` where they can be seen, as 0 and 1.
    definition : Definition
        With counts.
    """

    table: pd.DataFrame
    definition: Definition


def relation_frame(
    desk: Desk,
    *,
    start: str | date | None = None,
    end: str | date | None = None,
    window_days: int = WINDOW_DAYS,
    seed: int = 0,
) -> RelationFrame:
    """
    Bring NPS invitations to Python with the customer's service before them.

    Not for surveys that follow a ticket: `service_frame` holds those.

    Parameters
    ----------
    desk : Desk
        The data; surveys of kind ``nps`` with ``customer_id``, and tickets.
    start, end : str, date or None
        ISO dates (UTC) of the invitation.
    window_days : int
        Days of service before the invitation that count.
    seed : int
        Which invitations, where there are more than 300,000.

    Returns
    -------
    RelationFrame
        The frame.

    Raises
    ------
    NotEstimable
        There are no such surveys, or no customers on both sides.
    """
    facts = ticket_facts(desk)
    if not desk.has("surveys", "customer_id", "score") or "customer_id" not in facts.provided:
        raise NotEstimable(
            "NPS is asked of a relationship: provide surveys.customer_id, surveys.score and "
            "tickets.customer_id to join it with the service before."
        )
    asked = desk.keep(_asked(desk, start, end, seed))
    served = desk.keep(_served(desk, facts))
    near = asked.inner_join(
        served,
        [
            asked.customer_id == served.t_customer,
            served.t_created < asked.sent_at,
            served.t_created >= shifted(asked.sent_at, -window_days),
        ],
    )
    found: pd.DataFrame = _with_service(desk, asked, near).execute()
    if found.empty or not found["nps"].notna().any():
        raise NotEstimable("There is no mature NPS invitation with an answer that counts.")
    found = found.sort_values("survey_id", kind="stable", ignore_index=True)
    for name in found.columns:
        if name not in ("survey_id", "customer_id", "month", *LABELS):
            found[name] = found[name].astype("float64")
    for name in MEASURES:
        if name in found:
            found[name] = found[name].fillna(0.0)
    definition = RELATION_FRAME.with_counts(
        n=len(found), options={"window_days": window_days}, as_of=desk.as_of.isoformat()
    )
    return RelationFrame(found.drop(columns="survey_id"), definition)


def _asked(desk: Desk, start: str | date | None, end: str | date | None, seed: int) -> Any:
    import ibis

    window = desk.config.response_window_days
    surveys = all_surveys(desk, "nps")
    mature = surveys.sent_at <= moments(desk.as_of - timedelta(days=window))
    kept = surveys.filter(
        mature & between(surveys.sent_at, period(start, end)) & surveys.customer_id.notnull()
    )
    n = int(kept.count().execute())
    if n > MOST_SURVEYS:
        place = ibis.row_number().over(ibis.window(order_by=kept.survey_id))
        share = round(PER_MILLE * MOST_SURVEYS / n)
        placed = kept.mutate(place_of_survey=place)
        kept = placed.filter((placed.place_of_survey * STRIDE + seed) % PER_MILLE < share)
    answers = answer_rows(desk, "nps", start, end, window).table
    named = judged(answers, refusals(desk, "nps", answers, window), "counted")
    counted = named.filter(named.outcome == "counted")
    value = (counted.score >= 9).ifelse(100, (counted.score <= 6).ifelse(-100, 0))
    heard = counted.select(h_survey=counted.survey_id, nps=value.cast("int64"))
    return kept.left_join(heard, kept.survey_id == heard.h_survey).drop("h_survey")


def _served(desk: Desk, facts: Any) -> Any:
    """Return each ticket's customer, times and what went wrong with it."""
    import ibis

    known = facts.provided
    tickets = facts.table.filter(countable(facts.table) & facts.table.customer_id.notnull())
    limit = None
    if "first_response_at" in known:
        waits = tickets.mutate(last_seen=moments(desk.as_of))
        limit = slow_limit(waits, "created_at", "first_response_at", "last_seen")
    if {"reopened_count", "closed_at"} <= known:
        again = reopenings(desk, facts.table)
        first = again.group_by("again_id").aggregate(t_reopened=again.again_open_at.min())
        tickets = tickets.left_join(first, tickets.ticket_id == first.again_id)
    else:
        tickets = tickets.mutate(t_reopened=ibis.null("timestamp(6)"))
    columns = {
        "t_customer": tickets.customer_id,
        "t_created": tickets.created_at,
        "t_reopened": tickets.t_reopened,
    }
    if "resolved_at" in known:
        columns["t_resolved"] = tickets.resolved_at
    if "contact_count" in known:
        columns["t_repeat"] = tickets.contact_count > 1
    if "escalated" in known:
        columns["t_escalated"] = tickets.escalated
    if "transfer_count" in known:
        columns["t_handed_over"] = tickets.transfer_count > 0
    if limit is not None:
        wait = whole_seconds(tickets.first_response_at, tickets.created_at)
        columns["t_slow"] = wait > SECONDS_PER_MINUTE * limit
    return tickets.select(**columns)


def _with_service(desk: Desk, asked: Any, near: Any) -> Any:
    measures: dict[str, Any] = {"contacted": near.count() > 0}
    if "t_reopened" in near.columns:
        measures["reopened"] = count_where(near.t_reopened < near.sent_at) > 0
    if "t_resolved" in near.columns:
        is_open = near.t_resolved.isnull() | (near.t_resolved > near.sent_at)
        measures["unresolved"] = count_where(is_open) > 0
    for name, column in (
        ("slow_response", "t_slow"),
        ("repeat", "t_repeat"),
        ("escalated", "t_escalated"),
        ("handed_over", "t_handed_over"),
    ):
        if column in near.columns:
            measures[name] = count_where(near[column]) > 0
    numbers = {name: value.ifelse(1, 0).cast("int64") for name, value in measures.items()}
    service = near.group_by(s_survey=near.survey_id).aggregate(**numbers)
    joined = asked.left_join(service, asked.survey_id == service.s_survey)
    columns = {
        "survey_id": joined.survey_id,
        "customer_id": joined.customer_id,
        "sent_at": joined.sent_at,
        "month": joined.sent_at.strftime("%Y-%m"),
        "nps": joined.nps,
        **{name: joined[name] for name in measures},
    }
    return _with_customer(desk, joined.select(**columns)).drop("sent_at")


def _with_customer(desk: Desk, rows: Any) -> Any:
    """Add what is known of the customer."""
    wanted = [
        name for name in (*LABELS, "signed_up_at") if desk.has("customers", "customer_id", name)
    ]
    if not wanted:
        return rows
    customers = desk.table("customers")
    who = customers.group_by(c_customer=customers.customer_id).aggregate(
        **{name: customers[name].min() for name in wanted}
    )
    full = rows.left_join(who, rows.customer_id == who.c_customer).drop("c_customer")
    if "signed_up_at" not in wanted:
        return full
    days = whole_seconds(full.sent_at, full.signed_up_at) // (24 * 60 * 60)
    return full.mutate(tenure_days=days).drop("signed_up_at")
