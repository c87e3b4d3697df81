"""When customers come back: first contact resolution that lets recent tickets count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from supportlab.metrics.contact_parts import (
    contact_parts,
    part_words,
    returned_within,
    with_return,
)
from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.options import days_option
from supportlab.metrics.outcomes import Rule, duration_sums, judged
from supportlab.metrics.periods import between, moments, period, shifted, whole_seconds
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import ENDED_STATUSES, Source, ticket_facts
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["FCR_RETURNS", "fcr_returns"]

FCR_RETURNS = Definition(
    name="fcr_returns",
    title="First contact resolution, by time to return",
    statement=(
        "Whole seconds, rounded down, from the resolution of a ticket to the customer's return, "
        "watched to the end of the window or to as_of. A ticket that took more than one contact, "
        "was transferred or was reopened returns at 0. The Kaplan-Meier probability of no return "
        "at the window's end is first contact resolution among resolved tickets."
    ),
    anchor="resolved_at",
    stop="created_at of the next ticket, up to the end of the window",
    clock="calendar",
    cohort="created_at",
    exclusions=(
        "merged, spam, deleted and test tickets are no issues of their own",
        "tickets that an agent started: the customer asked nothing",
        "not resolved yet: counted as excluded, so that slow tickets of the last days are missing",
        "a part that the data provide is missing in the row: cannot be judged",
        "resolved before it was created, or without a time of resolution: cannot be judged",
    ),
)


def fcr_returns(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "agent_id",
    start: str | date | None = None,
    end: str | date | None = None,
    window_days: int | None = None,
    source: Source = "auto",
) -> Sums:
    """
    Tabulate the time from resolution to return, recent tickets as censored.

    Take it where tickets of the last days must count; where all are mature, `fcr` says the same
    of resolved tickets and counts those never resolved as well.

    Parameters
    ----------
    desk : Desk
        The data; tickets with a time of resolution.
    by : str or sequence of str
        Group columns.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.
    window_days : int, optional
        Days after the resolution in which a return counts; the desk's ``fcr_window_days``.
    source : {"auto", "events", "tickets"}
        Where the facts come from.

    Returns
    -------
    Sums
        Kind ``duration``: ``n_events`` (returns) and ``n_censored`` per cell and
        ``duration_seconds``. Survival at ``window_days`` * 86400 seconds is the probability.

    Raises
    ------
    NotEstimable
        When there are no tickets or no time of resolution.
    ParameterError
        When an option or a group is not known.

    Notes
    -----
    The time of a reopening is not known from tickets, so a reopened ticket returns at 0; it can
    be early by at most the window and does not move the survival at the window's end of mature
    tickets.
    """
    window = days_option("window_days", window_days, desk.config.fcr_window_days)
    names, days = group_names(by), period(start, end)
    facts = ticket_facts(desk, source)
    tickets = with_return(facts)
    tickets = tickets.filter(between(tickets.created_at, days))
    parts, returned = contact_parts(tickets, facts), returned_within(tickets, window)
    is_ended = tickets.status.isin(ENDED_STATUSES).fill_null(False)
    is_reopened = tickets.resolution_at.notnull() & ~is_ended
    rules: list[Rule] = [
        ("excluded", tickets.resolution_at < tickets.created_at, "resolved before it was created"),
        ("excluded", is_ended & tickets.resolution_at.isnull(), "resolved, but when is missing"),
        ("excluded", tickets.resolution_at.isnull(), "not resolved yet"),
        *(("excluded", test, reason) for test, reason in (*parts.nobody, *parts.uncounted)),
        ("event", is_reopened | ~parts.at_once | returned, None),
    ]
    verdicts = judged(tickets, rules, otherwise="censored")
    fails_at_once = is_reopened | ~parts.at_once
    watched = _watched(desk, verdicts, fails_at_once, returned, window)
    rows = Rows("tickets", watched, facts.provided, "ticket_id", "created_at")
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason", "duration_seconds"))
    definition = FCR_RETURNS.with_counts(
        parts=part_words(facts, window), options={"window_days": window}
    )
    return duration_sums(desk, cells, definition)


def _watched(desk: Desk, tickets: Any, fails_at_once: Any, returned: Any, window: int) -> Any:
    """Add how long each ticket was watched; a return before the resolution comes at 0."""
    import ibis

    start = tickets.resolution_at
    watched_to = ibis.least(shifted(start, window), moments(desk.as_of))
    back = ibis.greatest(tickets.next_created_at, start)
    stop = ibis.cases((fails_at_once, start), (returned, back), else_=watched_to)
    return tickets.mutate(duration_seconds=whole_seconds(stop, start))
