"""How often tickets are handed over between agents or teams."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import group_names, with_cells
from supportlab.metrics.options import days_option, one_of
from supportlab.metrics.outcomes import Rule, judged, rate_sums, score_sums
from supportlab.metrics.periods import days_after, moments, period
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import Source, ticket_facts, ticket_rows
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["TRANSFERS", "transfer_rules", "transfers"]

TRANSFERS = Definition(
    name="transfers",
    title="Transfers",
    statement=(
        "Share of mature tickets with at least one hand-over between agents or teams, or the mean "
        "number of hand-overs. A ticket is mature once it is as old as the window, whether it is "
        "resolved or not."
    ),
    anchor="created_at",
    stop="as_of",
    clock="calendar",
    cohort="created_at",
    exclusions=(
        "merged, spam, deleted and test tickets are no issues of their own",
        "created less than the window before as_of: immature",
        "transfer_count is missing in the row",
    ),
)


def transfers(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "agent_id",
    start: str | date | None = None,
    end: str | date | None = None,
    measure: Literal["share", "mean"] = "share",
    window_days: int | None = None,
    source: Source = "auto",
) -> Sums:
    """
    Sum up hand-overs.

    Not for judging the first agent: who hands over depends on what is asked.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``transfer_count``, or events with transfers.
    by : str or sequence of str
        Group columns.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.
    measure : {"share", "mean"}
        Share of tickets with at least one, or mean number per ticket.
    window_days : int, optional
        Age at which a ticket counts; the desk's ``fcr_window_days``.
    source : {"auto", "events", "tickets"}
        Where the facts come from.

    Returns
    -------
    Sums
        Kind ``rate``, for ``mean`` kind ``score``.

    Raises
    ------
    NotEstimable
        When ``transfer_count`` is not provided.
    ParameterError
        When an option or a group is not known.
    """
    one_of("measure", measure, ("share", "mean"))
    window = days_option("window_days", window_days, desk.config.fcr_window_days)
    names = group_names(by)
    facts = ticket_facts(desk, source)
    if "transfer_count" not in facts.provided:
        raise NotEstimable("Transfers need tickets.transfer_count, or events of kind transfer.")
    rows = ticket_rows(facts, period(start, end), agents_too=True)
    table = rows.table
    definition = TRANSFERS.with_counts(
        parts=(facts.note,), options={"measure": measure, "window_days": window}
    )
    if measure == "share":
        verdicts = judged(table, transfer_rules(desk, table, window), "failure")
        cells = with_cells(desk, rows.of(verdicts), names, cluster, ("outcome", "reason"))
        return rate_sums(desk, cells, definition)
    counted = judged(table, _refusals(desk, table, window), "counted")
    counted = counted.mutate(value=counted.transfer_count)
    cells = with_cells(desk, rows.of(counted), names, cluster, ("outcome", "reason", "value"))
    return score_sums(desk, cells, definition)


def transfer_rules(desk: Desk, tickets: Any, window: int) -> list[Rule]:
    """Return the verdicts on tickets; who passes them all is a failure: never handed over."""
    return [*_refusals(desk, tickets, window), ("success", tickets.transfer_count > 0, None)]


def _refusals(desk: Desk, tickets: Any, window: int) -> list[Rule]:
    return [
        ("immature", tickets.created_at > moments(days_after(desk.as_of, -window)), None),
        ("excluded", tickets.transfer_count.isnull(), "transfer_count is missing"),
    ]
