"""The tickets that count: what is left out, from where their facts come, and the row flow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.metrics.dimensions import Rows
from supportlab.metrics.events import seen_in_events, tickets_from_events
from supportlab.metrics.periods import Period, between, period

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = [
    "ENDED_STATUSES",
    "LEFT_OUT_STATUSES",
    "Facts",
    "Source",
    "countable",
    "countable_tickets",
    "row_flow",
    "ticket_facts",
    "ticket_rows",
]

Source = Literal["auto", "events", "tickets"]
SOURCES = ("auto", "events", "tickets")

LEFT_OUT_STATUSES = ("merged", "spam", "deleted", "test")
ENDED_STATUSES = ("resolved", "closed")
# A log with fewer than this share of the hand-overs that the tickets claim has probably lost some:
# its zeros are shown as doubtful. Smaller gaps are counters written at another moment.
FEW_TRANSFERS = 0.5


@dataclass(frozen=True)
class Facts:
    """
    Tickets with the facts that metrics use.

    Parameters
    ----------
    table : ibis.Table
        One row per ticket at ``as_of``, with the contract's columns.
    provided : frozenset of str
        Columns that hold data.
    from_events : tuple of str
        Columns computed from the event log; empty where the tickets' own are used.
    doubt : str
        What speaks against the log; empty where nothing does.
    """

    table: Any
    provided: frozenset[str]
    from_events: tuple[str, ...] = ()
    doubt: str = ""

    @property
    def note(self) -> str:
        """Where the facts come from, for a definition record."""
        if not self.from_events:
            return "facts from the tickets' own columns"
        return (
            f"facts from events where a ticket has them: {', '.join(self.from_events)}{self.doubt}"
        )


def ticket_facts(desk: Desk, source: Source = "auto") -> Facts:
    """
    Return the tickets of a desk with the facts that metrics use.

    Parameters
    ----------
    desk : Desk
        The data.
    source : {"auto", "events", "tickets"}
        ``auto`` takes the event log where there is one, ``events`` insists on it, ``tickets``
        takes the tickets' own columns.

    Returns
    -------
    Facts
        One row per ticket, whatever its status.

    Raises
    ------
    NotEstimable
        When there are no tickets, or ``source="events"`` and there is no event log.
    ParameterError
        When ``source`` is not known.
    """
    if source not in SOURCES:
        raise ParameterError(f"source {source!r} is not known. {did_you_mean(source, SOURCES)}")
    if not desk.has("tickets"):
        raise NotEstimable("There is no table of tickets. Provide tickets to get this metric.")
    if source == "events" and not desk.has("events"):
        raise NotEstimable("There is no event log. Provide events, or use source='tickets'.")
    own = frozenset(desk.provided("tickets"))
    if source == "tickets" or not desk.has("events"):
        return Facts(desk.table("tickets"), own)
    return desk.once("ticket facts", lambda: _facts_from_events(desk, own))


def _facts_from_events(desk: Desk, own: frozenset[str]) -> Facts:
    # Every ticket metric asks for these, and following a log is the dearest question of all.
    seen = seen_in_events(desk)
    facts = desk.keep(tickets_from_events(desk, seen))
    return Facts(facts, own | set(seen), seen, _doubt(desk, facts, own & set(seen)))


def _doubt(desk: Desk, facts: Any, both: frozenset[str]) -> str:
    """Say so when the log has clearly fewer hand-overs than the tickets' own counts."""
    if "transfer_count" not in both:
        return ""
    tables = (facts, desk.table("tickets"))
    logged, own = (int(t.transfer_count.sum().fill_null(0).execute()) for t in tables)
    if logged >= FEW_TRANSFERS * own:
        return ""
    return (
        f"; doubtful: with the log the tickets have {logged} transfers, by their own count {own} "
        "(see reconciliation; source='tickets' takes the own counts)"
    )


def countable(tickets: Any) -> Any:
    """Return the condition that a ticket is a customer's issue and has a time of creation."""
    left_out = tickets.status.isin(LEFT_OUT_STATUSES).fill_null(False)
    return ~left_out & tickets.created_at.notnull()


def by_agent(tickets: Any) -> Any:
    """Return the condition that an agent started the ticket; unsaid is the customer."""
    return (tickets.initiated_by == "agent").fill_null(False)


def countable_tickets(
    desk: Desk,
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    source: Source = "auto",
) -> Any:
    """
    Return the tickets that metrics count: created in the period, not merged, spam and so on.

    Not the base of FCR, which also leaves out tickets that an agent started.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.
    source : {"auto", "events", "tickets"}
        Where the facts come from; see `ticket_facts`.

    Returns
    -------
    ibis.Table
        One row per ticket with the contract's columns.
    """
    return _in_period(ticket_facts(desk, source).table, period(start, end))


def ticket_rows(facts: Facts, days: Period, *, agents_too: bool) -> Rows:
    """Return the countable tickets of a period as rows to be labelled."""
    table = _in_period(facts.table, days)
    if not agents_too:
        table = table.filter(~by_agent(table))
    return Rows("tickets", table, facts.provided, "ticket_id", "created_at")


def _in_period(tickets: Any, days: Period) -> Any:
    return tickets.filter(countable(tickets) & between(tickets.created_at, days))


def row_flow(
    desk: Desk, start: str | date | None = None, end: str | date | None = None
) -> pd.DataFrame:
    """
    Count the tickets kept and dropped after each filter.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.

    Returns
    -------
    pandas.DataFrame
        One row per filter: ``step``, ``n_rows`` kept after it, ``n_dropped`` by it, ``reason``.
        The last ``n_rows`` and all ``n_dropped`` sum to the first ``n_rows``.

    Raises
    ------
    NotEstimable
        When there are no tickets.
    """
    import pandas as pd

    tickets = ticket_facts(desk, "tickets").table
    steps = _steps(tickets, period(start, end))
    counts = _kept_after_each(tickets, [condition for _, condition, _ in steps])
    dropped = [0, *(before - after for before, after in pairwise(counts))]
    columns = ["step", "n_rows", "n_dropped", "reason"]
    rows = zip([s for s, _, _ in steps], counts, dropped, [r for *_, r in steps], strict=True)
    return pd.DataFrame(list(rows), columns=columns)


def _steps(tickets: Any, days: Period) -> list[tuple[str, Any, str]]:
    created = tickets.created_at
    anything = created.notnull() | created.isnull()
    steps = [
        ("all tickets", anything, "tickets created up to as_of"),
        ("with a time of creation", created.notnull(), "without it a ticket is in no period"),
        ("created in the period", between(created, days), f"period {days.words}"),
    ]
    for status in LEFT_OUT_STATUSES:
        keeps = ~(tickets.status == status).fill_null(False)
        steps.append((f"not {status}", keeps, f"status {status} is no customer issue of its own"))
    reason = "the customer asked nothing; counted in volumes and transfers, not in FCR"
    return [*steps, ("not started by an agent", ~by_agent(tickets), reason)]


def _kept_after_each(tickets: Any, conditions: list[Any]) -> list[int]:
    """Count in one pass how many rows pass the first, the first two, … conditions."""
    measures, passed = {}, None
    for position, condition in enumerate(conditions):
        passed = condition if passed is None else passed & condition
        number = passed.ifelse(1, 0).cast("int64")
        measures[f"kept_{position}"] = number.sum().fill_null(0).cast("int64")
    row = tickets.aggregate(**measures).execute().iloc[0]
    return [int(row[f"kept_{position}"]) for position in range(len(conditions))]
