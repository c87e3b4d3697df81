"""The clock of a duration: by the calendar, or in working hours only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from supportlab.metrics.business.time import (
    SCHEDULE_RULES,
    ScheduleRule,
    with_business_seconds,
)
from supportlab.metrics.options import one_of
from supportlab.metrics.outcomes import Rule
from supportlab.metrics.periods import moments, whole_seconds

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = [
    "CLOCKS",
    "NO_HOURS",
    "Clock",
    "Span",
    "clock_words",
    "end_of",
    "with_elapsed_seconds",
    "without_hours",
]

Clock = Literal["calendar", "business"]
CLOCKS = ("calendar", "business")
NO_HOURS = "no working hours are known for it"


@dataclass(frozen=True)
class Span:
    """A wait: since when, until when if its verdict is an event, and the verdicts on its row."""

    since: Any
    until: Any
    rules: list[Rule]


def with_elapsed_seconds(
    desk: Desk,
    table: Any,
    earlier: str,
    later: str,
    *,
    clock: Clock = "calendar",
    schedule: ScheduleRule = "at_event",
    unit: str = "ticket_id",
) -> Any:
    """
    Add ``duration_seconds``: whole seconds between two times by a clock.

    Parameters
    ----------
    desk : Desk
        Where the working hours come from.
    table : ibis.Table
        Rows with the columns of their ticket.
    earlier, later : str
        Columns of the two times.
    clock : {"calendar", "business"}
        What runs.
    schedule : {"at_event", "each_period"}
        Which hours apply where they changed meanwhile.
    unit : str
        Column that identifies a row.

    Returns
    -------
    ibis.Table
        As many rows as came. Missing where a time is, and by the business clock also where no
        hours apply or the times are in the wrong order.

    Raises
    ------
    NotEstimable
        When the business clock is asked for and no working hours are provided.
    ParameterError
        When an option is not known.
    """
    one_of("clock", clock, CLOCKS)
    one_of("schedule", schedule, SCHEDULE_RULES)
    if clock == "calendar":
        return table.mutate(duration_seconds=whole_seconds(table[later], table[earlier]))
    spans = {"duration_seconds": (earlier, later)}
    return with_business_seconds(desk, table, spans, rule=schedule, unit=unit)


def end_of(outcome: Any, until: Any, as_of: datetime) -> Any:
    """Return the end of a wait: its event, or the moment up to which it was watched."""
    return (outcome == "event").ifelse(until, moments(as_of))


def clock_words(clock: Clock, schedule: ScheduleRule) -> tuple[str, ...]:
    """Return what a definition record says of working hours; nothing for the calendar."""
    if clock == "calendar":
        return ()
    whose = {
        "at_event": "those in force at the end count for the whole time",
        "each_period": "each schedule counts for as long as the ticket was under it",
    }
    return (f"working hours only: {whose[schedule]}",)


def without_hours(table: Any) -> Any:
    """Leave out, with the reason, rows whose ``duration_seconds`` the clock cannot tell."""
    import ibis

    unknown = table.duration_seconds.isnull() & table.outcome.isin(("event", "censored"))
    return table.mutate(
        outcome=unknown.ifelse("excluded", table.outcome),
        reason=unknown.ifelse(ibis.literal(NO_HOURS), table.reason),
    )
