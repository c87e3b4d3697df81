"""The world as it stood at one moment."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import ibis

from supportlab.desk.specs import TableSpec
from supportlab.errors import ParameterError

if TYPE_CHECKING:
    from ibis.expr.types import Table

__all__ = ["ACTIVITY_TABLES", "SETTLED", "as_moment", "rewind", "shown_as_not_reopened"]

# Tables whose times are things that happened, so that the last of them dates the extract; the
# end of a paid period or of an authority may lie in the future.
ACTIVITY_TABLES = (
    "tickets",
    "events",
    "surveys",
    "feedback",
    "contacts",
    "sessions",
    "quality_reviews",
    "payments",
)
SETTLED = ("resolved", "closed")
_STATES = (*SETTLED, "open", "pending")
# What is known only together with a later time, and unknown before it.
_KNOWN_WITH = {
    ("tickets", "first_response_at"): ("agent_id", "team_id"),
    ("surveys", "responded_at"): ("score", "comment"),
    ("customers", "churned_at"): ("churn_kind",),
}


def as_moment(value: str | date | datetime) -> datetime:
    """
    Read a moment given by a caller or by ``desk.toml``.

    Parameters
    ----------
    value : str, date or datetime
        ISO 8601; a day is its first instant, and what bears no offset is UTC.

    Returns
    -------
    datetime
        UTC, without zone.

    Raises
    ------
    ParameterError
        For text that is no ISO 8601 moment.

    Examples
    --------
    >>> as_moment("2026-06-30")
    datetime.datetime(2026, 6, 30, 0, 0)
    >>> as_moment("2026-06-30T12:00:00+02:00")
    datetime.datetime(2026, 6, 30, 10, 0)
    """
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def _parsed(text: str) -> datetime:
    # Python also reads 20260630 and week dates; one form is asked for, as in the data.
    if len(text) >= 10 and text[4] == "-" and text[7] == "-" and text[5] != "W":
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    raise ParameterError(
        f"as_of: came {text!r}; a day or a moment in ISO 8601 is needed, as 2026-06-30 or "
        "2026-06-30T12:00:00Z."
    )


def rewind(spec: TableSpec, rows: Table, as_of: datetime) -> Table:
    """
    Show a table as it stood at a moment.

    Rows that began later are not there, times that came later are not known, nor is what came
    with them. Counters of a ticket cannot be wound back, save that of reopenings where a later
    resolution is taken away; the audit warns of that.

    Parameters
    ----------
    spec : TableSpec
        The table's contract.
    rows : ibis Table
        All rows, contract columns.
    as_of : datetime
        The moment, UTC without zone.

    Returns
    -------
    ibis Table
        The same columns.
    """
    moment = ibis.timestamp(as_of.isoformat(sep=" "))
    if spec.time:
        began = rows[spec.time]
        rows = rows.filter(began.isnull() | (began <= moment))
    if not spec.later_times:
        return rows
    changed: dict[str, Any] = {}
    for name in spec.later_times:
        is_known = rows[name] <= moment
        changed[name] = ibis.ifelse(is_known, rows[name], ibis.null(rows[name].type()))
        for follower in _KNOWN_WITH.get((spec.name, name), ()):
            value = rows[follower]
            is_later = rows[name] > moment
            changed[follower] = ibis.ifelse(is_later, ibis.null(value.type()), value)
    if spec.name == "tickets":
        changed["status"] = _status(rows, moment)
        changed["reopened_count"] = _reopened_count(rows, moment)
    return rows.mutate(**changed)


def _status(tickets: Table, moment: Any) -> Any:
    """
    Return the state that a ticket had before a resolution that came later.

    A ticket whose first resolution was known keeps "resolved" though its last one came later; so
    does one that is open now, since it was opened again after that last one.
    """
    status, first = tickets.status, tickets.resolved_at
    was_resolved = (first <= moment).fill_null(False)
    earlier = ibis.ifelse(was_resolved, "resolved", "open")
    is_rewound = status.isin(_STATES) & shown_as_not_reopened(tickets, moment)
    return ibis.ifelse(is_rewound, earlier, status)


def _reopened_count(tickets: Table, moment: Any) -> Any:
    """
    Return the reopenings that go with the state and the times shown.

    A resolution after the moment is not shown, so neither is a reopening before it: a count that
    stayed would tell of the future, and a missing one would take out of rates just the tickets
    that were to be reopened.
    """
    count = tickets.reopened_count
    is_zero = shown_as_not_reopened(tickets, moment) & count.notnull()
    return ibis.ifelse(is_zero, ibis.literal(0, type=count.type()), count)


def shown_as_not_reopened(tickets: Table, moment: Any) -> Any:
    """
    Tell which tickets have a first or last resolution after the moment.

    Parameters
    ----------
    tickets : ibis Table
        Tickets before they are rewound.
    moment : ibis expression
        The moment, UTC without zone.

    Returns
    -------
    ibis expression
        True or false, never missing.
    """
    first, last = tickets.resolved_at, tickets.closed_at
    return (first > moment).fill_null(False) | (last > moment).fill_null(False)
