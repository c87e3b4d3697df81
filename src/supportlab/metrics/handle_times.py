"""Minutes of human work on a ticket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import group_names, with_cells
from supportlab.metrics.outcomes import Rule, judged, score_sums
from supportlab.metrics.periods import period
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import ENDED_STATUSES, Source, ticket_facts, ticket_rows
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["HANDLE_TIME", "handle_time"]

HANDLE_TIME = Definition(
    name="handle_time",
    title="Handle time",
    statement=(
        "Mean minutes of human work per resolved ticket, as written down: talk, hold and wrap-up, "
        "or the time that agents recorded. The time for which a ticket had a status is no effort "
        "and is never used in its place."
    ),
    anchor="work on the ticket",
    stop="the ticket's end",
    clock="none",
    cohort="created_at",
    exclusions=(
        "merged, spam, deleted and test tickets are no issues of their own",
        "not resolved yet: more work may follow, so it is immature",
        "handle_minutes is missing in the row",
        "handle_minutes is negative: a contradiction",
    ),
)


def handle_time(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "agent_id",
    start: str | date | None = None,
    end: str | date | None = None,
    source: Source = "auto",
) -> Sums:
    """
    Sum up the minutes of work on tickets.

    Not where only some channels record it: a mean over those would be taken for all.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``handle_minutes``.
    by : str or sequence of str
        Group columns.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.
    source : {"auto", "events", "tickets"}
        Where the states of tickets come from.

    Returns
    -------
    Sums
        Kind ``score``, in minutes.

    Raises
    ------
    NotEstimable
        When ``handle_minutes`` is not provided.
    ParameterError
        When an option or a group is not known.
    """
    names = group_names(by)
    facts = ticket_facts(desk, source)
    if "handle_minutes" not in facts.provided:
        raise NotEstimable("Handle time needs tickets.handle_minutes; status time is no effort.")
    rows = ticket_rows(facts, period(start, end), agents_too=True)
    table = rows.table
    rules: list[Rule] = [
        ("immature", ~table.status.isin(ENDED_STATUSES), "not resolved yet"),
        ("excluded", table.handle_minutes.isnull(), "handle_minutes is missing"),
        ("excluded", table.handle_minutes < 0, "handle_minutes is negative"),
    ]
    verdicts = judged(table, rules, otherwise="counted").mutate(value=table.handle_minutes)
    cells = with_cells(desk, rows.of(verdicts), names, cluster, ("outcome", "reason", "value"))
    return score_sums(desk, cells, HANDLE_TIME.with_counts(parts=(facts.note,)))
