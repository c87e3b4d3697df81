"""Billing tickets beside payments: which they are, and how many a market has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.metrics.dimensions import Rows, with_cells
from supportlab.metrics.payments.joining import GAP_SECONDS, join_words
from supportlab.metrics.payments.joining import checkout_table as all_checkouts
from supportlab.metrics.periods import Period, moments, period
from supportlab.metrics.profiles import ordered_profiles, profile_table
from supportlab.metrics.tickets import by_agent, countable_tickets
from supportlab.records import Definition

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = [
    "BILLING_CATEGORIES",
    "TicketCounts",
    "billing_categories",
    "billing_tickets",
    "in_days",
    "last_ticket",
    "shared_days",
    "shared_days_words",
    "ticket_counts",
]

# Topics that are about paying by their usual names; a desk that calls them otherwise says how.
BILLING_CATEGORIES = ("billing", "payment", "payments", "invoice", "charge", "chargeback")

TICKETS = Definition(
    name="billing_tickets",
    title="Billing tickets per 1,000 payments",
    statement=(
        "Tickets that customers raised in the billing categories, per 1,000 checkouts begun in the "
        "same market and time (retries joined, pending ones too)."
    ),
    anchor="created_at of the ticket; attempted_at of the first attempt",
    cohort="the days on which the source holds both tickets and payments",
    exclusions=(
        "tickets merged, spam, deleted, test, or started by an agent",
        "tickets and checkouts without a market are in no market",
    ),
)


@dataclass(frozen=True)
class TicketCounts:
    """
    Billing tickets and checkouts by group.

    Parameters
    ----------
    profiles : pandas.DataFrame
        ``by``, ``n_tickets``, ``n_payments`` of one customer, ``n_clusters``.
    months : pandas.DataFrame
        ``by``, ``month``, ``n_tickets``, ``n_payments``.
    definition : Definition
        The record.
    categories : tuple of str
        What counted as billing.
    """

    profiles: pd.DataFrame
    months: pd.DataFrame
    definition: Definition
    categories: tuple[str, ...]


def billing_categories(desk: Desk, categories: Sequence[str] | None = None) -> tuple[str, ...]:
    """
    Return the categories that count as billing and occur among the tickets.

    Parameters
    ----------
    desk : Desk
        The data.
    categories : sequence of str, optional
        Names as in ``tickets.category``; those of `BILLING_CATEGORIES` when left out.

    Returns
    -------
    tuple of str
        In alphabetical order, as the data write them.

    Raises
    ------
    NotEstimable
        There are no tickets with categories, or none of the usual names occurs.
    ParameterError
        A category that was asked for does not occur.
    """
    if not desk.has("tickets", "category", "created_at"):
        raise NotEstimable("Billing tickets need tickets with category and created_at.")
    known = desk.once("ticket categories", lambda: _known_categories(desk))
    if categories is None:
        found = tuple(name for name in known if name.strip().lower() in BILLING_CATEGORIES)
        if not found:
            raise NotEstimable(
                "No category of the tickets bears a usual name of billing "
                f"({', '.join(BILLING_CATEGORIES)}). Say with categories=(...) which are."
            )
        return found
    for name in categories:
        if name not in known:
            raise ParameterError(f"category {name!r} has no ticket. {did_you_mean(name, known)}")
    return tuple(sorted(set(categories)))


def _known_categories(desk: Desk) -> tuple[str, ...]:
    table = desk.table("tickets")
    frame = table.filter(table.category.notnull()).select("category").distinct().execute()
    return tuple(sorted(frame["category"]))


def ticket_counts(
    desk: Desk,
    by: str = "market",
    *,
    categories: Sequence[str] | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
) -> TicketCounts:
    """
    Count billing tickets and checkouts by group, over the days that hold both.

    Not a share: a customer may write more often than pay.

    Parameters
    ----------
    desk : Desk
        The data; payments and tickets.
    by : str
        A column that tickets and payments both have, or their customers.
    categories : sequence of str, optional
        What counts as billing; see `billing_categories`.
    start, end : str, date or None
        ISO dates (UTC); ``end`` is not in.

    Returns
    -------
    TicketCounts
        Profiles of customers and counts by month.

    Raises
    ------
    NotEstimable
        A table or column is missing, or tickets and payments share no day.
    """
    chosen = billing_categories(desk, categories)
    days = shared_days(desk, period(start, end))
    checkouts = all_checkouts(desk, GAP_SECONDS, of_any=True)
    checkouts = checkouts.filter(in_days(checkouts.attempted_at, days))
    tickets = billing_tickets(desk, chosen)
    tickets = tickets.filter(in_days(tickets.created_at, days))
    sides = []
    for home, table, unit, moment in (
        ("payments", checkouts, "checkout_key", "attempted_at"),
        ("tickets", tickets, "ticket_id", "created_at"),
    ):
        rows = Rows(home, table, desk.provided(home), unit, moment)
        cells = with_cells(desk, rows, (by, "month"), "customer_id", ()).table
        is_ticket = 1 if home == "tickets" else 0
        sides.append(_counted(cells, by, is_ticket))
    both = sides[0].union(sides[1])
    shared = ("n_tickets", "n_payments")
    customers = both.group_by([by, "cluster"]).aggregate(**{n: both[n].sum() for n in shared})
    months = both.group_by([by, "month"]).aggregate(**{n: both[n].sum() for n in shared})
    profiles = ordered_profiles(profile_table(customers, (by,), shared), (by, *shared))
    definition = TICKETS.with_counts(
        parts=(join_words(desk), f"billing: {', '.join(chosen)}", shared_days_words(days)),
        options={"categories": list(chosen)},
        n=int((profiles["n_tickets"] * profiles["n_clusters"]).sum()),
        as_of=desk.as_of.isoformat(),
    )
    return TicketCounts(profiles, ordered_profiles(months, (by, "month")), definition, chosen)


def billing_tickets(desk: Desk, chosen: Sequence[str]) -> Any:
    """Return the countable tickets of these categories that customers started."""
    tickets = countable_tickets(desk)
    return tickets.filter(tickets.category.isin(tuple(chosen)) & ~by_agent(tickets))


def _counted(cells: Any, by: str, is_ticket: int) -> Any:
    import ibis

    n = cells.count().cast("int64")
    none = ibis.literal(0, type="int64")
    grouped = cells.group_by([by, "month", "cluster"]).aggregate(n=n)
    return grouped.select(
        by,
        "month",
        "cluster",
        n_tickets=grouped.n if is_ticket else none,
        n_payments=none if is_ticket else grouped.n,
    )


def shared_days(desk: Desk, asked: Period) -> tuple[datetime, datetime]:
    """Return the first instant and the end of the days on which both tables hold rows."""
    if not desk.has("payments", "attempted_at"):
        raise NotEstimable("Tickets per payment need payments.")
    ends = desk.once("days of tickets and payments", lambda: _ends(desk))
    if ends is None:
        raise NotEstimable("The source holds no tickets or no payments, so there is no rate.")
    first, last = ends
    if asked.start:
        first = max(first, datetime(asked.start.year, asked.start.month, asked.start.day))  # noqa: DTZ001
    if asked.end:
        midnight = datetime(asked.end.year, asked.end.month, asked.end.day)  # noqa: DTZ001
        # The end is not in, and days alone are moments at midnight.
        last = min(last, midnight - timedelta(microseconds=1))
    if first > last:
        raise NotEstimable("Tickets and payments share no day, so one cannot be set to the other.")
    return first, last


def _ends(desk: Desk) -> tuple[datetime, datetime] | None:
    found = [
        _span(desk, *home) for home in (("tickets", "created_at"), ("payments", "attempted_at"))
    ]
    known = [ends for ends in found if ends is not None]
    if len(known) < len(found):
        return None
    return max(first for first, _ in known), min(last for _, last in known)


def last_ticket(desk: Desk) -> datetime:
    """Return the moment of the last ticket: until then it is known who wrote and who did not."""
    ends = _span(desk, "tickets", "created_at")
    return desk.as_of if ends is None else ends[1]


def _span(desk: Desk, table: str, column: str) -> tuple[datetime, datetime] | None:
    moment = desk.table(table)[column]
    row = desk.table(table).aggregate(first=moment.min(), last=moment.max()).execute().iloc[0]
    return None if row.isna().any() else (row["first"].to_pydatetime(), row["last"].to_pydatetime())


def in_days(moment: Any, days: tuple[datetime, datetime]) -> Any:
    """Return whether a moment lies between two others, both included."""
    return (moment >= moments(days[0])) & (moment <= moments(days[1]))


def shared_days_words(days: tuple[datetime, datetime]) -> str:
    """Say which days both tables cover, for a definition record."""
    return f"both tables from {days[0].date().isoformat()} to {days[1].date().isoformat()}"
