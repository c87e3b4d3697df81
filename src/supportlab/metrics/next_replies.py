"""Time from a customer's further message to the next reply."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.business.time import ScheduleRule
from supportlab.metrics.clocks import Clock, clock_words, with_elapsed_seconds, without_hours
from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.events import ENDED
from supportlab.metrics.outcomes import Rule, duration_sums, judged
from supportlab.metrics.periods import between, moments, period
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import countable
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["NEXT_REPLY", "next_reply"]

NEXT_REPLY = Definition(
    name="next_reply",
    title="Next reply time",
    statement=(
        "Whole seconds, rounded down, from a customer's message that follows a reply to the next "
        "public reply of a human agent. One row is one wait: several messages in a row are one, "
        "and a ticket can have several. A wait that ends with the ticket, without a reply, is "
        "censored there; one that goes on is censored at as_of."
    ),
    anchor="the first public message of the customer since the last reply",
    stop="the next public message of a human agent",
    clock="calendar",
    cohort="the moment of the customer's message",
    exclusions=(
        "merged, spam, deleted and test tickets are no issues of their own",
        "messages before the first reply: they belong to the first response time",
        "by the business clock: no schedule covers the ticket",
    ),
)


def next_reply(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "agent_id",
    start: str | date | None = None,
    end: str | date | None = None,
    clock: Clock = "calendar",
    schedule: ScheduleRule = "at_event",
) -> Sums:
    """
    Tabulate how long customers wait for an answer in the middle of a ticket.

    Not a figure per ticket: tickets with much back and forth have more waits.

    Parameters
    ----------
    desk : Desk
        The data; events of kind ``message``.
    by : str or sequence of str
        Group columns of the ticket.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of the customer's message; ``start`` is included, ``end`` is not.
    clock : {"calendar", "business"}
        Whether time outside working hours is left out.
    schedule : {"at_event", "each_period"}
        Whose hours count where they changed.

    Returns
    -------
    Sums
        Kind ``duration``: ``n_events`` and ``n_censored`` per cell and ``duration_seconds``.

    Raises
    ------
    NotEstimable
        When there are no tickets or no event log.
    ParameterError
        When an option or a group is not known.
    """
    if not desk.has("tickets") or not desk.has("events", "kind", "actor"):
        raise NotEstimable("The next reply time needs tickets, and events of kind message.")
    names, days = group_names(by), period(start, end)
    waits = _waits(desk)
    waits = waits.filter(between(waits.asked_at, days))
    timed = with_elapsed_seconds(
        desk, waits, "asked_at", "watched_to", clock=clock, schedule=schedule, unit="wait_id"
    )
    rules: list[Rule] = [("event", timed.replied_at.notnull(), None)]
    verdicts = without_hours(judged(timed, rules, otherwise="censored"))
    rows = Rows("tickets", verdicts, desk.provided("tickets"), "wait_id", "asked_at")
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason", "duration_seconds"))
    definition = NEXT_REPLY.with_counts(
        clock=clock,
        parts=clock_words(clock, schedule),
        options={"clock": clock, "schedule": schedule},
    )
    return duration_sums(desk, cells, definition)


def _waits(desk: Desk) -> Any:
    """Return the waits with their ticket's columns, when they began and to when they were seen."""
    import ibis

    turns = _turns(desk)
    before = ibis.window(group_by="turn_ticket", order_by=["turn_at", "side"])
    after = ibis.window(group_by="turn_ticket", order_by=["turn_at", "side"], rows=(1, None))
    never = ibis.null("timestamp(6)")
    placed = turns.mutate(
        previous=turns.side.lag().over(before),
        n_replies=(turns.side == AGENT).ifelse(1, 0).cast("int64").sum().over(before),
        next_reply_at=(turns.side == AGENT).ifelse(turns.turn_at, never).min().over(after),
        next_end_at=(turns.side == TICKET_END).ifelse(turns.turn_at, never).min().over(after),
        place=ibis.row_number().over(before),
    )
    is_first = (placed.previous != CUSTOMER).fill_null(False)
    begun = placed.filter((placed.side == CUSTOMER) & is_first & (placed.n_replies > 0))
    ended_first = (begun.next_end_at < begun.next_reply_at).fill_null(False)
    begun = begun.select(
        "turn_ticket",
        "place",
        "next_end_at",
        asked_at="turn_at",
        replied_at=ended_first.ifelse(never, begun.next_reply_at),
    )
    tickets = desk.table("tickets")
    tickets = tickets.filter(countable(tickets))
    joined = begun.inner_join(tickets, begun.turn_ticket == tickets.ticket_id)
    name = joined.ticket_id + ibis.literal("/") + joined.place.cast("string")
    over = ibis.coalesce(joined.replied_at, joined.next_end_at, moments(desk.as_of))
    return joined.mutate(wait_id=name, watched_to=over).drop("turn_ticket", "place")


# The order of things that bear the same time: who asks comes before who answers.
CUSTOMER, AGENT, TICKET_END = 0, 1, 2


def _turns(desk: Desk) -> Any:
    import ibis

    events = desk.table("events")
    speaks = (events.kind == "message") & events.is_public.fill_null(True)
    is_end = (events.kind == "status") & events.value.strip().lower().isin(ENDED)
    side = ibis.cases(
        ((speaks & (events.actor == "customer")).fill_null(False), CUSTOMER),
        ((speaks & (events.actor == "agent")).fill_null(False), AGENT),
        (is_end.fill_null(False), TICKET_END),
        else_=ibis.null("int64"),
    )
    marked = events.select(turn_ticket="ticket_id", turn_at="at", side=side.cast("int64"))
    return marked.filter(marked.side.notnull() & marked.turn_at.notnull())
