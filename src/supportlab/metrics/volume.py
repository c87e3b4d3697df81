"""How many tickets came, were resolved, and are open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from supportlab.desk.as_of import as_moment
from supportlab.errors import ParameterError
from supportlab.metrics.dimensions import Cells, Rows, group_names, with_cells
from supportlab.metrics.outcomes import judged
from supportlab.metrics.periods import DERIVED, Period, between, moments, period
from supportlab.metrics.sums import Sums, count_where, sums_of
from supportlab.metrics.tickets import ENDED_STATUSES, Facts, Source, countable, ticket_facts
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["BACKLOG", "VOLUMES", "backlog", "resolved_rows", "volumes"]

VOLUMES = Definition(
    name="volumes",
    title="Volumes",
    statement=(
        "Tickets created in a period and tickets first resolved in it. The two are different "
        "tickets, so their ratio is no rate."
    ),
    anchor="created_at for those created, resolved_at for those resolved",
    cohort="the time of the event that is counted",
    exclusions=("merged, spam, deleted and test tickets are no issues of their own",),
)
BACKLOG = Definition(
    name="backlog",
    title="Backlog",
    statement=(
        "Tickets created up to a moment and not resolved by then. A ticket that was reopened "
        "counts as open until its last resolution."
    ),
    anchor="created_at",
    stop="the moment",
    cohort="the moment",
    exclusions=("merged, spam, deleted and test tickets are no issues of their own",),
)


def volumes(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    source: Source = "auto",
) -> Sums:
    """
    Count tickets created and tickets resolved.

    Not a resolution rate: those resolved in a month are not those created in it.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str or sequence of str
        Group columns; ``month``, ``week`` and ``day`` are those of the event counted.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of the event counted; ``start`` is included, ``end`` is not.
    source : {"auto", "events", "tickets"}
        Where the facts come from.

    Returns
    -------
    Sums
        Kind ``count``: ``n_created``, ``n_resolved`` per cell. ``cases`` has one row per event.

    Raises
    ------
    NotEstimable
        When there are no tickets.
    ParameterError
        When an option or a group is not known.
    """
    names, days = group_names(by), period(start, end)
    facts = ticket_facts(desk, source)
    tickets = facts.table.filter(countable(facts.table))
    rows = _rows_of(_happened(tickets, facts), facts, days)
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason"))
    outcome = cells.table.outcome
    measures = {
        "n_created": count_where(outcome == "created"),
        "n_resolved": count_where(outcome == "resolved"),
    }
    return _counts(desk, cells, VOLUMES.with_counts(parts=(facts.note,)), measures)


def backlog(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = None,
    at: str | date | datetime | None = None,
    source: Source = "auto",
) -> Sums:
    """
    Count the tickets open at a moment.

    Not exact for reopened tickets without events: between their first and last resolution they
    count as open.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str or sequence of str
        Group columns, but no month, week or day: a stock belongs to no period.
    cluster : str or None
        Column whose values are clusters.
    at : str, date, datetime or None
        The moment in UTC, a day meaning its beginning; ``as_of`` when left out, and not later.
    source : {"auto", "events", "tickets"}
        Where the facts come from.

    Returns
    -------
    Sums
        Kind ``count``: ``n_open`` and ``n_excluded`` per cell.

    Raises
    ------
    NotEstimable
        When there are no tickets.
    ParameterError
        When ``at`` lies after ``as_of``, or a group is not known.
    """
    moment, names = _moment(desk, at), group_names(by)
    if set(names) & set(DERIVED):
        raise ParameterError(
            "The backlog is a stock and belongs to no month, week or day; ask for each moment "
            "with at=."
        )
    facts = ticket_facts(desk, source)
    judged_rows = _open_at(facts, moments(moment))
    rows = Rows("tickets", judged_rows, facts.provided, "ticket_id", "created_at")
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason"))
    outcome = cells.table.outcome
    measures = {
        "n_open": count_where(outcome == "open"),
        "n_excluded": count_where(outcome == "excluded"),
    }
    definition = BACKLOG.with_counts(parts=(facts.note,), options={"at": moment.isoformat()})
    return _counts(desk, cells, definition, measures)


def resolved_rows(facts: Facts, days: Period) -> Rows | None:
    """Return the tickets first resolved in a period; None where no time of resolution is known."""
    ended = _ended(facts.table.filter(countable(facts.table)), facts)
    return None if ended is None else _rows_of(ended, facts, days)


def _rows_of(happened: Any, facts: Facts, days: Period) -> Rows:
    import ibis

    inside = happened.filter(between(happened.happened_at, days))
    table = inside.mutate(reason=ibis.null("string"))
    return Rows("tickets", table, facts.provided, "ticket_id", "happened_at")


def _happened(tickets: Any, facts: Facts) -> Any:
    """Return one row per creation and one per first resolution, of whatever ticket."""
    import ibis

    created = tickets.mutate(happened_at=tickets.created_at, outcome=ibis.literal("created"))
    ended = _ended(tickets, facts)
    return created if ended is None else created.union(ended)


def _ended(tickets: Any, facts: Facts) -> Any:
    import ibis

    known = [tickets[name] for name in ("resolved_at", "closed_at") if name in facts.provided]
    if not known:
        return None
    return tickets.mutate(happened_at=ibis.coalesce(*known), outcome=ibis.literal("resolved"))


def _open_at(facts: Facts, moment: Any) -> Any:
    """Judge each ticket created up to a moment: open, or ended, then."""
    import ibis

    tickets = facts.table.filter(countable(facts.table))
    tickets = tickets.filter(tickets.created_at <= moment)
    is_ended = tickets.status.isin(ENDED_STATUSES).fill_null(False)
    first, last = tickets.resolved_at, tickets.closed_at
    reopened = (tickets.reopened_count > 0).fill_null(False)
    ended_at = reopened.ifelse(ibis.coalesce(last, first), ibis.coalesce(first, last))
    return judged(
        tickets,
        [
            ("excluded", is_ended & ended_at.isnull(), "resolved, but when is missing"),
            ("ended", is_ended & (ended_at <= moment), None),
        ],
        otherwise="open",
    )


def _moment(desk: Desk, at: str | date | datetime | None) -> datetime:
    if at is None:
        return desk.as_of
    moment = as_moment(at)
    if moment > desk.as_of:
        raise ParameterError(
            f"at {moment.isoformat()} lies after as_of {desk.as_of.isoformat()}: what is open "
            "then is not known. Give an earlier moment."
        )
    return moment


def _counts(desk: Desk, cells: Cells, definition: Definition, measures: dict[str, Any]) -> Sums:
    table = sums_of(cells.table, cells.keys, **measures)
    return Sums(table, definition, "count", cells.by, cells.cluster_name, cells.table, desk.as_of)
