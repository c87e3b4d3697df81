"""One-touch resolution: what some systems print under the name of FCR."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import group_names, with_cells
from supportlab.metrics.outcomes import judged, rate_sums
from supportlab.metrics.periods import period
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import ENDED_STATUSES, Source, ticket_facts, ticket_rows
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["ONE_TOUCH", "one_touch"]

ONE_TOUCH = Definition(
    name="one_touch",
    title="One-touch resolution",
    statement=(
        "Share of resolved tickets with exactly one public reply of an agent. There is no window "
        "in which the customer may come back, so this is not first contact resolution."
    ),
    anchor="created_at",
    stop="as_of",
    cohort="created_at",
    exclusions=(
        "merged, spam, deleted and test tickets are no issues of their own",
        "tickets that an agent started",
        "not resolved at as_of: counted as excluded",
        "agent_reply_count is missing in the row",
    ),
)


def one_touch(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "agent_id",
    start: str | date | None = None,
    end: str | date | None = None,
    source: Source = "auto",
) -> Sums:
    """
    Sum up resolved tickets with a single reply.

    Not first contact resolution: take it only to reconcile a figure of another system.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``agent_reply_count``, or events with messages.
    by : str or sequence of str
        Group columns.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.
    source : {"auto", "events", "tickets"}
        Where the facts come from.

    Returns
    -------
    Sums
        Kind ``rate``: ``n``, ``n_success``, ``n_excluded`` per cell.

    Raises
    ------
    NotEstimable
        When ``agent_reply_count`` is not provided.
    ParameterError
        When an option or a group is not known.
    """
    names = group_names(by)
    facts = ticket_facts(desk, source)
    if "agent_reply_count" not in facts.provided:
        raise NotEstimable("One-touch needs tickets.agent_reply_count, or events of kind message.")
    rows = ticket_rows(facts, period(start, end), agents_too=False)
    table = rows.table
    verdicts = judged(
        table,
        [
            ("excluded", ~table.status.isin(ENDED_STATUSES), "not resolved"),
            ("excluded", table.agent_reply_count.isnull(), "agent_reply_count is missing"),
            ("success", table.agent_reply_count == 1, None),
        ],
        otherwise="failure",
    )
    cells = with_cells(desk, rows.of(verdicts), names, cluster, ("outcome", "reason"))
    return rate_sums(desk, cells, ONE_TOUCH.with_counts(parts=(facts.note,)))
