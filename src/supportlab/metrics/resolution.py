"""Time to resolve, first or last, with open tickets as censored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from supportlab.errors import NotEstimable
from supportlab.metrics.business.time import ScheduleRule
from supportlab.metrics.clocks import (
    Clock,
    Span,
    clock_words,
    end_of,
    with_elapsed_seconds,
    without_hours,
)
from supportlab.metrics.dimensions import group_names, with_cells
from supportlab.metrics.options import one_of
from supportlab.metrics.outcomes import Rule, duration_sums, judged
from supportlab.metrics.periods import period
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import ENDED_STATUSES, Facts, Source, ticket_facts, ticket_rows
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["RESOLUTION_TIME", "resolution_span", "resolution_time"]

RESOLUTION_TIME = Definition(
    name="resolution_time",
    title="Resolution time",
    statement=(
        "Whole seconds, rounded down, from the creation of a ticket to its last resolution "
        "(full) or its first (first). A ticket that is open, or open again, is censored at as_of."
    ),
    anchor="created_at",
    stop="closed_at (full) or resolved_at (first)",
    clock="calendar",
    cohort="created_at",
    exclusions=(
        "merged, spam, deleted and test tickets are no issues of their own",
        "resolved before it was created, or last resolved before it was first: a contradiction",
        "resolved, but when is missing",
        "automatic closing is no resolution: a ticket never reopened ends when it was resolved",
    ),
)


def resolution_time(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "agent_id",
    start: str | date | None = None,
    end: str | date | None = None,
    stop: Literal["full", "first"] = "full",
    anchor: Literal["created", "first_reply"] = "created",
    clock: Clock = "calendar",
    schedule: ScheduleRule = "at_event",
    source: Source = "auto",
) -> Sums:
    """
    Tabulate the time to resolve.

    Not the effort: a ticket that waits for the customer ages as well.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``resolved_at`` or ``closed_at``.
    by : str or sequence of str
        Group columns.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.
    stop : {"full", "first"}
        ``full`` ends with the last resolution, and a ticket that is open again is censored;
        ``first`` ends with the first, whatever came later.
    anchor : {"created", "first_reply"}
        Where the clock starts; a ticket without a reply is then left out and counted.
    clock : {"calendar", "business"}
        Whether only working hours count.
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
        When no time of resolution is provided.
    ParameterError
        When an option or a group is not known.
    """
    one_of("stop", stop, ("full", "first"))
    one_of("anchor", anchor, ("created", "first_reply"))
    names = group_names(by)
    facts = ticket_facts(desk, source)
    _refuse_missing(facts, anchor)
    rows = ticket_rows(facts, period(start, end), agents_too=True)
    ended_at, rules, part = (
        _full(rows.table, facts) if stop == "full" else _first(rows.table, facts)
    )
    verdicts = judged(rows.table, [*_late_start(rows.table, ended_at, anchor), *rules], "censored")
    last = end_of(verdicts.outcome, ended_at, desk.as_of)
    since = verdicts.created_at if anchor == "created" else verdicts.first_response_at
    spans = verdicts.mutate(since_at=since, ended_at=last)
    timed = with_elapsed_seconds(
        desk, spans, "since_at", "ended_at", clock=clock, schedule=schedule
    )
    rows = rows.of(without_hours(timed))
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason", "duration_seconds"))
    options = {"stop": stop, "anchor": anchor, "clock": clock, "schedule": schedule}
    parts = (part, facts.note, *clock_words(clock, schedule))
    definition = RESOLUTION_TIME.with_counts(parts=parts, options=options, clock=clock)
    return duration_sums(desk, cells, definition)


def _refuse_missing(facts: Facts, anchor: str) -> None:
    if not facts.provided & {"resolved_at", "closed_at"}:
        raise NotEstimable(
            "The time to resolve needs tickets.resolved_at or tickets.closed_at, or events of "
            "kind status."
        )
    if anchor == "first_reply" and "first_response_at" not in facts.provided:
        raise NotEstimable(
            "anchor='first_reply' needs tickets.first_response_at, or events of kind message."
        )


def resolution_span(tickets: Any, facts: Facts) -> Span:
    """Return the wait from the creation of a ticket to its last resolution."""
    _refuse_missing(facts, "created")
    ended_at, rules, _ = _full(tickets, facts)
    return Span(tickets.created_at, ended_at, rules)


def _late_start(tickets: Any, ended_at: Any, anchor: str) -> list[Rule]:
    if anchor == "created":
        return []
    replied = tickets.first_response_at
    return [
        ("excluded", replied.isnull(), "no reply, so the clock never began"),
        ("excluded", replied < tickets.created_at, "replied to before it was created"),
        ("excluded", ended_at < replied, "resolved before the first reply"),
    ]


def _first(tickets: Any, facts: Facts) -> tuple[Any, list[Rule], str]:
    ended_at = tickets.resolved_at
    part = "first resolution: resolved_at"
    if "resolved_at" not in facts.provided:
        ended_at = tickets.closed_at
        part = "first resolution: closed_at, since resolved_at is not provided"
    is_ended = tickets.status.isin(ENDED_STATUSES)
    rules: list[Rule] = [
        ("excluded", ended_at < tickets.created_at, "resolved before it was created"),
        ("excluded", is_ended & ended_at.isnull(), "resolved, but when is missing"),
        ("event", ended_at.notnull(), None),
    ]
    return ended_at, rules, part


def _full(tickets: Any, facts: Facts) -> tuple[Any, list[Rule], str]:
    ended_at, part = _last_resolution(tickets, facts)
    first = tickets.resolved_at
    is_ended = tickets.status.isin(ENDED_STATUSES)
    earliest_wrong = (first < tickets.created_at) | (ended_at < tickets.created_at)
    rules: list[Rule] = [
        ("excluded", earliest_wrong, "resolved before it was created"),
        ("excluded", is_ended & (ended_at < first), "last resolved before it was first"),
        ("excluded", is_ended & ended_at.isnull(), "resolved, but when is missing"),
        ("event", is_ended, None),
    ]
    return ended_at, rules, part


def _last_resolution(tickets: Any, facts: Facts) -> tuple[Any, str]:
    import ibis

    first, last = tickets.resolved_at, tickets.closed_at
    if "closed_at" not in facts.provided:
        return first, "last resolution: resolved_at, since closed_at is not provided"
    if "resolved_at" not in facts.provided:
        return last, "last resolution: closed_at"
    if "reopened_count" not in facts.provided:
        words = "last resolution: closed_at, or resolved_at where it is missing"
        return ibis.coalesce(last, first), words
    reopened = (tickets.reopened_count > 0).fill_null(False)
    never_reopened = (tickets.reopened_count == 0).fill_null(False)
    # Where a ticket was never reopened, a later closed_at is automatic closing. Where it was, the
    # first resolution says nothing about the last.
    moment = ibis.cases(
        (never_reopened, ibis.coalesce(first, last)),
        (reopened, last),
        else_=ibis.coalesce(last, first),
    )
    return moment, "last resolution: closed_at; resolved_at where a ticket was never reopened"
