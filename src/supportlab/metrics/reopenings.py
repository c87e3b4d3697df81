"""How often resolved tickets are opened again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import group_names, with_cells
from supportlab.metrics.options import days_option
from supportlab.metrics.outcomes import Rule, judged, rate_sums
from supportlab.metrics.periods import days_after, moments, period
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import ENDED_STATUSES, Source, ticket_facts, ticket_rows
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["REOPENING", "reopening", "reopening_rules"]

REOPENING = Definition(
    name="reopening",
    title="Reopening rate",
    statement=(
        "Share of the tickets first resolved at least the window before as_of that left the "
        "resolved state again; a ticket that is open again counts while it is open."
    ),
    anchor="resolved_at",
    stop="as_of",
    clock="calendar",
    cohort="created_at",
    exclusions=(
        "merged, spam, deleted and test tickets are no issues of their own",
        "never resolved: nothing to reopen, counted as excluded",
        "resolved less than the window before as_of: immature",
        "reopened_count is missing in the row, and the ticket is not open again",
    ),
)


def reopening(
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
    Sum up how many resolved tickets were reopened.

    Not the number of reopenings: a ticket reopened twice counts once.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``resolved_at`` and ``reopened_count``, or events with states.
    by : str or sequence of str
        Group columns.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.
    window_days : int, optional
        Days since the first resolution after which a ticket counts; the desk's
        ``fcr_window_days``.
    source : {"auto", "events", "tickets"}
        Where the facts come from.

    Returns
    -------
    Sums
        Kind ``rate``: ``n``, ``n_success`` (reopened), ``n_immature``, ``n_excluded`` per cell.

    Raises
    ------
    NotEstimable
        When ``resolved_at`` or ``reopened_count`` is not provided.
    ParameterError
        When an option or a group is not known.
    """
    window = days_option("window_days", window_days, desk.config.fcr_window_days)
    names = group_names(by)
    facts = ticket_facts(desk, source)
    absent = [n for n in ("resolved_at", "reopened_count") if n not in facts.provided]
    if absent:
        raise NotEstimable(
            f"The reopening rate needs tickets.{' and tickets.'.join(absent)}, or events of kind "
            "status."
        )
    rows = ticket_rows(facts, period(start, end), agents_too=True)
    verdicts = judged(rows.table, reopening_rules(desk, rows.table, window), otherwise="failure")
    cells = with_cells(desk, rows.of(verdicts), names, cluster, ("outcome", "reason"))
    definition = REOPENING.with_counts(parts=(facts.note,), options={"window_days": window})
    return rate_sums(desk, cells, definition)


def reopening_rules(desk: Desk, tickets: Any, window: int) -> list[Rule]:
    """Return the verdicts on tickets; who passes them all is a failure: never reopened."""
    is_open_again = ~tickets.status.isin(ENDED_STATUSES)
    first = tickets.resolved_at
    return [
        ("excluded", first.isnull(), "never resolved"),
        ("excluded", first < tickets.created_at, "resolved before it was created"),
        ("immature", first > moments(days_after(desk.as_of, -window)), None),
        ("success", is_open_again | (tickets.reopened_count > 0).fill_null(False), None),
        ("excluded", tickets.reopened_count.isnull(), "reopened_count is missing"),
    ]
