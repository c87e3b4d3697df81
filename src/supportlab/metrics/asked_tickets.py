"""Ended tickets by what they were like: how many were asked, answered, and were satisfied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.contact_parts import issues
from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.first_contact_resolution import fcr
from supportlab.metrics.periods import between, days_after, moments, period, whole_seconds
from supportlab.metrics.satisfaction import csat
from supportlab.metrics.sums import count_where, ordered_frame
from supportlab.metrics.tickets import ENDED_STATUSES, ticket_facts
from supportlab.records import Definition

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["ASKED_TICKETS", "RESOLUTION_EDGES", "AskedTickets", "asked_tickets"]

# Hours: what was settled while the customer waited, the same day, within days, and later.
RESOLUTION_EDGES = (1, 4, 24, 72, 168)
SECONDS_PER_HOUR = 3600

ASKED_TICKETS = Definition(
    name="asked_tickets",
    title="Ended tickets, asked and answered",
    statement=(
        "Customers' tickets that are resolved or closed, with whether a CSAT invitation followed, "
        "whether an answer to it counts, and whether that was a satisfied one."
    ),
    anchor="resolved_at, or closed_at where that is not known",
    cohort="resolved_at",
    exclusions=(
        "merged, spam, deleted and test tickets, and those that an agent started",
        "ended less than the response window before as_of: an answer could still come",
    ),
)


@dataclass(frozen=True)
class AskedTickets:
    """
    Ended tickets counted by cell; rows stay in the engine.

    Parameters
    ----------
    table : ibis.Table
        One row per cell: ``by``, ``cluster`` where asked for, ``n``, ``n_asked``, ``n_answered``,
        ``n_success``.
    definition : Definition
        The record, without counts.
    by : tuple of str
        Group columns.
    cluster_name : str or None
        What a cluster is.
    """

    table: Any
    definition: Definition
    by: tuple[str, ...]
    cluster_name: str | None

    def fetch(self) -> pd.DataFrame:
        """
        Bring the cells to Python.

        Returns
        -------
        pandas.DataFrame
            Ordered by its keys; counts are int64.
        """
        cluster = () if self.cluster_name is None else ("cluster",)
        frame = ordered_frame(self.table, [*self.by, *cluster])
        for name in ("n", "n_asked", "n_answered", "n_success"):
            frame[name] = frame[name].astype("int64")
        return frame


def asked_tickets(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "agent_id",
    start: str | date | None = None,
    end: str | date | None = None,
) -> AskedTickets:
    """
    Count ended tickets by cell, with how many were asked, answered and were satisfied.

    Not for surveys that belong to no ticket, and not for a source of answers alone.

    Parameters
    ----------
    desk : Desk
        The data; tickets, and surveys of kind ``csat`` with their ``ticket_id``.
    by : str or sequence of str
        Group columns of tickets, and of their customer or agent; ``month`` of the end;
        ``fcr`` (``yes``, ``no``, or ``unknown`` where it cannot be judged) and
        ``resolution_band`` (hours from creation to the end).
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of the ticket's end; ``end`` is not in.

    Returns
    -------
    AskedTickets
        Cells.

    Raises
    ------
    NotEstimable
        There are no tickets, no surveys of tickets, or only answers.
    ParameterError
        A group is not known.
    """
    names = group_names(by)
    _refuse(desk)
    ended = _ended(desk)
    ended = ended.filter(between(ended.resolution_at, period(start, end)))
    marked = _marked(desk, ended)
    if "fcr" in names:
        marked = _with_fcr(desk, marked)
    if "resolution_band" in names:
        marked = marked.mutate(resolution_band=_band(marked))
    facts = ticket_facts(desk)
    made = frozenset({"fcr", "resolution_band"} & set(names))
    rows = Rows("tickets", marked, facts.provided, "ticket_id", "resolution_at", made)
    carried = ("was_asked", "was_answered", "was_satisfied")
    cells = with_cells(desk, rows, names, cluster, carried)
    counts = {
        "n": cells.table.count().cast("int64"),
        "n_asked": count_where(cells.table.was_asked),
        "n_answered": count_where(cells.table.was_answered),
        "n_success": count_where(cells.table.was_satisfied),
    }
    keys = list(cells.keys)
    table = (
        cells.table.group_by(keys).aggregate(**counts) if keys else cells.table.aggregate(counts)
    )
    options: dict[str, Any] = {"window_days": desk.config.response_window_days}
    if "resolution_band" in names:
        options |= {"resolution_edges_hours": list(RESOLUTION_EDGES)}
    return AskedTickets(table, replace(ASKED_TICKETS, options=options), names, cells.cluster_name)


def _refuse(desk: Desk) -> None:
    if not desk.has("surveys", "ticket_id"):
        raise NotEstimable(
            "Which tickets were asked cannot be told: provide surveys with surveys.ticket_id."
        )
    if not desk.config.surveys.invitations:
        raise NotEstimable(
            "Which tickets were asked cannot be told: this source holds only the answers "
            "(surveys.invitations = false in desk.toml)."
        )


def _ended(desk: Desk) -> Any:
    tickets = issues(ticket_facts(desk))
    over = moments(days_after(desk.as_of, -desk.config.response_window_days))
    is_ended = tickets.status.isin(ENDED_STATUSES).fill_null(False)
    return tickets.filter(is_ended & (tickets.resolution_at <= over))


def _marked(desk: Desk, ended: Any) -> Any:
    """Add to each ticket whether it was asked, answered and satisfied, once a ticket."""
    surveys = desk.table("surveys")
    asked = surveys.filter((surveys.kind == "csat") & surveys.ticket_id.notnull())
    verdicts = csat(desk, cluster=None).cases
    verdicts = verdicts.select(answer_id=verdicts.unit, verdict=verdicts.outcome)
    joined = asked.left_join(verdicts, asked.survey_id == verdicts.answer_id)
    counts = joined.verdict.isin(("success", "failure"))
    by_ticket = joined.group_by(asked_ticket=joined.ticket_id).aggregate(
        n_answers=count_where(counts), n_satisfied=count_where(joined.verdict == "success")
    )
    out = ended.left_join(by_ticket, ended.ticket_id == by_ticket.asked_ticket)
    return out.mutate(
        was_asked=out.asked_ticket.notnull(),
        was_answered=(out.n_answers > 0).fill_null(False),
        was_satisfied=(out.n_satisfied > 0).fill_null(False),
    ).drop("asked_ticket", "n_answers", "n_satisfied")


def _with_fcr(desk: Desk, tickets: Any) -> Any:
    cases = fcr(desk, cluster=None).cases
    known = cases.select(judged_ticket=cases.unit, outcome_of_fcr=cases.outcome)
    out = tickets.left_join(known, tickets.ticket_id == known.judged_ticket)
    word = out.outcome_of_fcr.cases(("success", "yes"), ("failure", "no"), else_="unknown")
    return out.mutate(fcr=word).drop("judged_ticket", "outcome_of_fcr")


def _band(tickets: Any) -> Any:
    import ibis

    hours = whole_seconds(tickets.resolution_at, tickets.created_at) // SECONDS_PER_HOUR
    words = [(hours < edge, f"under {edge} h") for edge in RESOLUTION_EDGES]
    return ibis.cases(*words, else_=f"{RESOLUTION_EDGES[-1]} h and more")
