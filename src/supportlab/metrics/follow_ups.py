"""Detractors, and whether somebody contacted them again before the month in question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from supportlab.errors import NotEstimable
from supportlab.metrics.customers.signals import answers_of
from supportlab.metrics.options import days_option, one_of
from supportlab.metrics.periods import shifted
from supportlab.metrics.tickets import LEFT_OUT_STATUSES
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["FOLLOW_UP", "FollowUpContact", "with_follow_up"]

FollowUpContact = Literal["ticket", "message"]
CONTACTS = ("ticket", "message")
BAD = 2

FOLLOW_UP = Definition(
    name="follow_up",
    title="Detractors contacted again",
    statement=(
        "Customer-months with a detractor's answer (NPS 0 to 6; CSAT: the lower 40 % of the scale) "
        "in the window before the month. Contacted again: an agent opened a ticket to the customer "
        "(or, with contact='message', wrote publicly) after the answer and before the month began; "
        "until then the customer counts as not contacted."
    ),
    anchor="the detractor's answer",
    stop="the first instant of the month",
    cohort="the month",
    exclusions=("detractors who did not answer cannot be known, nor followed up",),
)


def with_follow_up(
    desk: Desk,
    rows: Any,
    *,
    kind: Literal["nps", "csat"] = "nps",
    contact: FollowUpContact = "ticket",
    window_days: int = 90,
) -> Any:
    """
    Keep the customer-months of detractors, and tell which had been contacted again by then.

    Not who was ever contacted: a contact after the month began is not yet one, since whoever
    leaves early has no time to be contacted.

    Parameters
    ----------
    desk : Desk
        The data.
    rows : ibis.Table
        One row per ``customer_id`` and ``month_start``.
    kind : {"nps", "csat"}
        Which survey makes a detractor.
    contact : {"ticket", "message"}
        What counts: a ticket that an agent opened, or any public message of an agent.
    window_days : int
        Days before the month in which the answer lies.

    Returns
    -------
    ibis.Table
        The rows with such an answer, with ``followed`` (0/1), ``ever_followed`` (0/1, at any later
        time: what the naive comparison uses) and ``is_very_low`` (0/1: in the lower half of what
        makes a detractor).

    Raises
    ------
    NotEstimable
        No such answers, or the data do not tell who opened a ticket or who wrote.
    ParameterError
        An option is not known.
    """
    one_of("kind", kind, ("nps", "csat"))
    one_of("contact", contact, CONTACTS)
    days_option("window_days", window_days, window_days)
    answers = answers_of(desk, kind, desk.config.response_window_days)
    bad = answers.filter((answers.value == BAD) & answers.responded_at.notnull())
    low = (bad.score - bad.scale_min) * 10 <= (bad.scale_max - bad.scale_min) * 3
    worst = bad.high_is_good.ifelse(bad.scale_min, bad.scale_max)
    is_low = low if kind == "nps" else bad.score == worst
    given = bad.select(
        answer_customer=bad.customer_id,
        answered_at=bad.responded_at,
        is_very_low=is_low.ifelse(1, 0).cast("int64"),
    )
    reached = _contacts(desk, contact)
    return _marked(rows, given, reached, window_days)


def _contacts(desk: Desk, contact: FollowUpContact) -> Any:
    """Return whom agents contacted of their own accord, and when."""
    tickets = desk.table("tickets") if desk.has("tickets", "customer_id") else None
    if tickets is None:
        raise NotEstimable("Tickets do not name the customer, so no follow-up can be seen.")
    if contact == "ticket":
        if not desk.has("tickets", "initiated_by"):
            raise NotEstimable(
                "Tickets do not say who opened them. Provide tickets.initiated_by, or use "
                "contact='message' with an event log."
            )
        opened = tickets.filter(
            (tickets.initiated_by == "agent") & ~tickets.status.isin(LEFT_OUT_STATUSES)
        )
        found = opened.select(reached_customer=opened.customer_id, reached_at=opened.created_at)
    else:
        if not desk.has("events", "actor", "kind"):
            raise NotEstimable("There is no event log that tells who wrote. Provide events.")
        events = desk.table("events")
        public = (events.is_public | events.is_public.isnull()).fill_null(True)
        wrote = events.filter((events.actor == "agent") & (events.kind == "message") & public)
        owner = tickets.select(owner_ticket=tickets.ticket_id, owner=tickets.customer_id)
        joined = wrote.inner_join(owner, wrote.ticket_id == owner.owner_ticket)
        found = joined.select(reached_customer=joined.owner, reached_at=joined["at"])
    return found.filter(found.reached_customer.notnull())


def _marked(rows: Any, given: Any, reached: Any, window_days: int) -> Any:
    inside = [
        rows.customer_id == given.answer_customer,
        given.answered_at < rows.month_start,
        given.answered_at >= shifted(rows.month_start, -window_days),
    ]
    pairs = rows.inner_join(given, inside)
    answered = pairs.group_by(["customer_id", "month_start"]).aggregate(
        answered_at=pairs.answered_at.min(), is_very_low=pairs.is_very_low.max()
    )
    later = [
        answered.customer_id == reached.reached_customer,
        reached.reached_at > answered.answered_at,
        reached.reached_at <= shifted(answered.answered_at, window_days),
    ]
    contacted = answered.inner_join(reached, later)
    first = contacted.group_by(["customer_id", "month_start"]).aggregate(
        first_reached_at=contacted.reached_at.min()
    )
    renamed = first.select(
        first_customer=first.customer_id, first_month=first.month_start,
        first_reached_at=first.first_reached_at,
    )  # fmt: skip
    keys = [
        answered.customer_id == renamed.first_customer,
        answered.month_start == renamed.first_month,
    ]
    known = answered.left_join(renamed, keys)
    seen = (known.first_reached_at < known.month_start).fill_null(False)
    marks = known.select(
        mark_customer=known.customer_id,
        mark_month=known.month_start,
        is_very_low=known.is_very_low,
        followed=seen.ifelse(1, 0).cast("int64"),
        ever_followed=known.first_reached_at.notnull().ifelse(1, 0).cast("int64"),
    )
    same = [rows.customer_id == marks.mark_customer, rows.month_start == marks.mark_month]
    return rows.inner_join(marks, same).drop("mark_customer", "mark_month")
