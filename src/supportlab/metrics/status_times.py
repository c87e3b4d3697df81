"""How long tickets were on our side: the customer's wait, and the time with an agent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.business.time import ScheduleRule
from supportlab.metrics.clocks import NO_HOURS, Clock, clock_words, with_elapsed_seconds
from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.events import ENDED
from supportlab.metrics.outcomes import Rule, duration_sums, judged
from supportlab.metrics.periods import between, moments, period
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import ENDED_STATUSES, countable
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["WAIT_TIME", "WORK_TIME", "wait_time", "work_time"]

_EXCLUSIONS = (
    "merged, spam, deleted and test tickets are no issues of their own",
    "no event of kind status: when it was on whose side is not known",
    "a state dated before the creation: a contradiction",
    "resolved by the ticket, but not by the log: when is not known",
    "by the business clock: no schedule covers the ticket",
)
WAIT_TIME = Definition(
    name="wait_time",
    title="Customer's waiting time",
    statement=(
        "Whole seconds that a ticket was open, added up from its creation: time in which the "
        "customer waited for us. Pending time, when we wait for the customer, and time after a "
        "resolution do not count; an open ticket again counts on. A ticket that is not resolved "
        "is censored at as_of."
    ),
    anchor="created_at",
    stop="the last resolution",
    clock="calendar",
    cohort="created_at",
    exclusions=_EXCLUSIONS,
)
WORK_TIME = Definition(
    name="work_time",
    title="Time with an agent",
    statement=(
        "Whole seconds that a ticket was open from the first time it was assigned to an agent: "
        "the customer's waiting time without the queue before. It is no effort, an agent has many "
        "tickets open at once. A ticket that is not resolved is censored at as_of."
    ),
    anchor="the first event of kind assignment that names an agent",
    stop="the last resolution",
    clock="calendar",
    cohort="created_at",
    exclusions=(*_EXCLUSIONS, "resolved, and never assigned"),
)


def wait_time(
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
    Tabulate how long customers waited for us, over the life of a ticket.

    Not the resolution time, which runs while we wait for the customer as well.

    Parameters
    ----------
    desk : Desk
        The data; events of kind ``status``.
    by : str or sequence of str
        Group columns.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.
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
        When there are no tickets or no events of kind status.
    ParameterError
        When an option or a group is not known.
    """
    return _status_sums(desk, WAIT_TIME, by, cluster, start, end, clock, schedule)


def work_time(
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
    Tabulate how long tickets were open with an agent.

    Not effort: `handle_time` has that, where it was written down.

    Parameters
    ----------
    desk : Desk
        The data; events of kind ``status`` and ``assignment``.
    by : str or sequence of str
        Group columns.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.
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
        When there are no tickets, or no events of kind status or assignment.
    ParameterError
        When an option or a group is not known.
    """
    return _status_sums(desk, WORK_TIME, by, cluster, start, end, clock, schedule)


def _status_sums(
    desk: Desk,
    record: Definition,
    by: str | Sequence[str],
    cluster: str | None,
    start: str | date | None,
    end: str | date | None,
    clock: Clock,
    schedule: ScheduleRule,
) -> Sums:
    names, days = group_names(by), period(start, end)
    needs_agent = record is WORK_TIME
    _refuse_missing(desk, record, needs_agent)
    tickets = desk.table("tickets")
    tickets = tickets.filter(countable(tickets) & between(tickets.created_at, days))
    pieces = _pieces(desk, tickets, needs_agent)
    timed = with_elapsed_seconds(
        desk, pieces, "begins_at", "ends_at", clock=clock, schedule=schedule, unit="piece_id"
    )
    verdicts = _verdicts(tickets, timed, needs_agent)
    rows = Rows("tickets", verdicts, desk.provided("tickets"), "ticket_id", "created_at")
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason", "duration_seconds"))
    definition = record.with_counts(
        clock=clock,
        parts=clock_words(clock, schedule),
        options={"clock": clock, "schedule": schedule},
    )
    return duration_sums(desk, cells, definition)


def _refuse_missing(desk: Desk, record: Definition, needs_agent: bool) -> None:
    kinds = ("status", "assignment") if needs_agent else ("status",)
    words = " and ".join(kinds)
    if desk.has("tickets") and desk.has("events", "kind", "value"):
        kind = desk.table("events").kind
        seen = desk.table("events").filter(kind.isin(kinds)).select("kind").distinct().execute()
        if set(seen["kind"]) >= set(kinds):
            return
    raise NotEstimable(f"{record.title} needs tickets, and events of kind {words}.")


def _states(desk: Desk) -> Any:
    """Return the states of tickets, each with when the next began."""
    import ibis

    events = desk.table("events")
    is_state = (events.kind == "status") & events.value.notnull() & events["at"].notnull()
    changes = events.filter(is_state)
    states = changes.select(
        state_ticket="ticket_id", since="at", state=changes.value.strip().lower()
    )
    window = ibis.window(group_by="state_ticket", order_by=["since", "state"])
    return states.mutate(
        place=ibis.row_number().over(window), until=states.since.lead().over(window)
    )


def _pieces(desk: Desk, tickets: Any, needs_agent: bool) -> Any:
    """Return the stretches in which a ticket was open, and its last state, with its columns."""
    import ibis

    states = _states(desk)
    joined = states.inner_join(tickets, states.state_ticket == tickets.ticket_id)
    until = joined.until.fill_null(moments(desk.as_of))
    # A ticket is open from its creation, whenever its log begins.
    opening = joined.filter(joined.place == 0).mutate(
        begins_at=lambda t: t.created_at, ends_at=lambda t: t.since, is_open=ibis.literal(True)
    )
    later = joined.mutate(
        begins_at=joined.since, ends_at=until, is_open=(joined.state == "open").fill_null(False)
    )
    opening = opening.mutate(place=ibis.literal(-1, type="int64"), is_last=ibis.literal(False))
    later = later.mutate(place=later.place.cast("int64"), is_last=later.until.isnull())
    columns = [*tickets.columns, "place", "state", "begins_at", "ends_at", "is_open", "is_last"]
    pieces = opening.select(*columns).union(later.select(*columns))
    pieces = pieces.mutate(
        piece_id=pieces.ticket_id + ibis.literal("/") + pieces.place.cast("string"),
        is_backward=pieces.begins_at > pieces.ends_at,
        is_ended=pieces.is_last & pieces.state.isin(ENDED),
        is_known=ibis.literal(True),
    )
    return _since_assignment(desk, pieces) if needs_agent else pieces


def _since_assignment(desk: Desk, pieces: Any) -> Any:
    """Begin each piece with the first assignment; what lies before has no length."""
    import ibis

    events = desk.table("events")
    given = events.filter((events.kind == "assignment") & events["at"].notnull())
    if desk.has("events", "agent_id"):
        # Given to a team alone it is still in a queue.
        given = given.filter(given.agent_id.notnull())
    first = given.group_by(given_ticket=given.ticket_id).aggregate(given_at=given["at"].min())
    joined = pieces.left_join(first, pieces.ticket_id == first.given_ticket)
    begins = ibis.greatest(joined.begins_at, joined.given_at.fill_null(joined.ends_at))
    cut = joined.is_backward.ifelse(joined.begins_at, ibis.least(begins, joined.ends_at))
    return joined.mutate(begins_at=cut, is_known=joined.given_at.notnull()).drop(
        "given_ticket", "given_at"
    )


def _verdicts(tickets: Any, timed: Any, needs_agent: bool) -> Any:
    counted = timed.is_open & ~timed.is_backward
    seconds = counted.ifelse(timed.duration_seconds, 0)
    unknown = counted & timed.duration_seconds.isnull()
    summed = timed.group_by(summed_ticket=timed.ticket_id).aggregate(
        open_seconds=seconds.fill_null(0).sum().cast("int64"),
        n_unknown=unknown.ifelse(1, 0).cast("int64").sum(),
        n_backward=timed.is_backward.fill_null(False).ifelse(1, 0).cast("int64").sum(),
        n_ended=timed.is_ended.fill_null(False).ifelse(1, 0).cast("int64").sum(),
        n_given=timed.is_known.ifelse(1, 0).cast("int64").sum(),
    )
    table = tickets.left_join(summed, tickets.ticket_id == summed.summed_ticket)
    rules: list[Rule] = [
        ("excluded", table.summed_ticket.isnull(), "no event of kind status"),
        ("excluded", table.n_backward > 0, "a state is dated before the creation"),
        ("excluded", table.n_unknown > 0, NO_HOURS),
        ("event", table.n_ended > 0, None),
        # Else a ticket that a torn log left open would age for ever.
        ("excluded", table.status.isin(ENDED_STATUSES), "resolved, but not in the log"),
    ]
    if needs_agent:
        never = (table.n_given == 0) & (table.n_ended > 0)
        rules.insert(2, ("excluded", never, "resolved, and never assigned"))
    verdicts = judged(table, rules, otherwise="censored")
    return verdicts.mutate(duration_seconds=verdicts.open_seconds.fill_null(0)).drop(
        "summed_ticket"
    )
