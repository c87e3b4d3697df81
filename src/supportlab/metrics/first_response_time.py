"""Time to the first public reply of a human agent, with the unanswered as censored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.business.time import ScheduleRule
from supportlab.metrics.clocks import Clock, Span, clock_words, with_elapsed_seconds, without_hours
from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.options import one_of
from supportlab.metrics.outcomes import Rule, duration_sums, judged
from supportlab.metrics.periods import moments, period
from supportlab.metrics.reply_times import ANCHORS, RESPONDERS, Anchor, Responder, with_reply
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import Facts, Source, by_agent, ticket_facts, ticket_rows
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["FIRST_RESPONSE", "first_response", "response_span"]

FIRST_RESPONSE = Definition(
    name="first_response",
    title="First response time",
    statement=(
        "Whole seconds, rounded down, from the creation of a ticket to the first public reply of "
        "a human agent; on tickets that an agent started, to the first reply that follows a "
        "message of the customer. A ticket without a reply is censored at as_of, resolved or not."
    ),
    anchor="created_at",
    stop="first_response_at",
    clock="calendar",
    cohort="created_at",
    exclusions=(
        "merged, spam, deleted and test tickets are no issues of their own",
        "replied to before it was created: a contradiction, counted as excluded",
        "started by an agent, where the order of messages is not known or the customer never wrote",
    ),
)


def first_response(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "agent_id",
    start: str | date | None = None,
    end: str | date | None = None,
    anchor: Anchor = "created",
    responder: Responder = "human",
    clock: Clock = "calendar",
    schedule: ScheduleRule = "at_event",
    source: Source = "auto",
) -> Sums:
    """
    Tabulate the time to the first reply.

    Not the time that an agent was at work: the calendar's clock runs by night and at weekends.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``first_response_at``, or events with messages.
    by : str or sequence of str
        Group columns.
    cluster : str or None
        Column whose values are clusters. An unanswered ticket has no agent and is in a
        cluster with its customer's others, or alone.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.
    anchor : {"created", "first_customer_message", "handover", "reopen"}
        Where the wait starts; all but the creation need events. The reply is the first after
        the first hand-over, or after the ticket was first open again.
    responder : {"human", "any"}
        Whether replies of bots and of the system count too; that needs events.
    clock : {"calendar", "business"}
        Whether only working hours count; a reply outside them then takes 0 seconds.
    schedule : {"at_event", "each_period"}
        Which working hours apply where they changed meanwhile.
    source : {"auto", "events", "tickets"}
        Where the facts come from.

    Returns
    -------
    Sums
        Kind ``duration``: ``n_events`` and ``n_censored`` per cell and ``duration_seconds``.

    Raises
    ------
    NotEstimable
        When no time of a first reply is provided.
    ParameterError
        When an option or a group is not known.
    """
    one_of("anchor", anchor, tuple(ANCHORS))
    one_of("responder", responder, tuple(RESPONDERS))
    names = group_names(by)
    facts = ticket_facts(desk, source)
    rows = ticket_rows(facts, period(start, end), agents_too=True)
    spans, from_events = _spans(desk, rows, facts, anchor, responder)
    ended = spans.mutate(ended_at=spans.until_at.fill_null(moments(desk.as_of)))
    timed = with_elapsed_seconds(
        desk, ended, "since_at", "ended_at", clock=clock, schedule=schedule
    )
    rules = _rules(timed, timed.since_at, timed.until_at, anchor, from_events)
    rows = rows.of(without_hours(judged(timed, rules, otherwise="censored")))
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason", "duration_seconds"))
    options = {"anchor": anchor, "responder": responder, "clock": clock, "schedule": schedule}
    parts = (facts.note, *clock_words(clock, schedule))
    definition = FIRST_RESPONSE.with_counts(parts=parts, options=options, clock=clock)
    return duration_sums(desk, cells, definition)


def _spans(
    desk: Desk, rows: Rows, facts: Facts, anchor: Anchor, responder: Responder
) -> tuple[Any, bool]:
    """Return the tickets with both ends of the wait, and whether a log told the order."""
    if (anchor, responder) != ("created", "human"):
        return with_reply(desk, rows.table, anchor, responder=responder), True
    span = response_span(rows.table, facts)
    spans = rows.table.mutate(since_at=span.since, until_at=span.until)
    return spans, "first_response_at" in facts.from_events


def response_span(tickets: Any, facts: Facts) -> Span:
    """Return the wait from the creation of a ticket to the first reply of a human."""
    if "first_response_at" not in facts.provided:
        raise NotEstimable(
            "The first response time needs tickets.first_response_at, or events of kind message."
        )
    since, until = tickets.created_at, tickets.first_response_at
    from_events = "first_response_at" in facts.from_events
    return Span(since, until, _rules(tickets, since, until, "created", from_events))


def _rules(tickets: Any, since: Any, until: Any, anchor: Anchor, from_events: bool) -> list[Rule]:
    unclear = by_agent(tickets)
    if from_events:
        unclear = unclear & until.isnull()
    if anchor != "created":
        unclear = since.isnull()
    words = ANCHORS[anchor] or "started by an agent, and no question is seen"
    return [
        ("excluded", unclear, words),
        ("excluded", until < since, "replied to before it was created"),
        ("event", until.notnull(), None),
    ]
