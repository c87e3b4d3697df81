"""Time to the first public reply of a human agent, with the unanswered as censored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import group_names, with_cells
from supportlab.metrics.outcomes import duration_sums, judged
from supportlab.metrics.periods import moments, period, whole_seconds
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import Source, by_agent, ticket_facts, ticket_rows
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["FIRST_RESPONSE", "first_response"]

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
    source: Source = "auto",
) -> Sums:
    """
    Tabulate the time to the first reply.

    Not the time that an agent was at work: the clock runs by night and at weekends.

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
    names = group_names(by)
    facts = ticket_facts(desk, source)
    if "first_response_at" not in facts.provided:
        raise NotEstimable(
            "The first response time needs tickets.first_response_at, or events of kind message."
        )
    rows = ticket_rows(facts, period(start, end), agents_too=True)
    table, as_of = rows.table, moments(desk.as_of)
    replied = table.first_response_at
    unclear = by_agent(table)
    if "first_response_at" in facts.from_events:
        unclear = unclear & replied.isnull()
    verdicts = judged(
        table,
        [
            ("excluded", unclear, "started by an agent, and no question is seen"),
            ("excluded", replied < table.created_at, "replied to before it was created"),
            ("event", replied.notnull(), None),
        ],
        otherwise="censored",
    )
    waited = whole_seconds(replied.fill_null(as_of), table.created_at)
    rows = rows.of(verdicts.mutate(duration_seconds=waited))
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason", "duration_seconds"))
    return duration_sums(desk, cells, FIRST_RESPONSE.with_counts(parts=(facts.note,)))
