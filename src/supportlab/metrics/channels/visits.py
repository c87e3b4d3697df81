"""Tickets of customers before and after they read the help centre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.periods import between, days_after, moments, period, shifted
from supportlab.metrics.sums import count_where
from supportlab.metrics.tickets import by_agent, countable

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["APART_DAYS", "WATCH_DAYS", "Visits", "tickets_per_day", "visits_watched"]

# Two weeks on either side are left out: who reads has a need at that moment, which brings the
# visit and the ticket alike, and a return to that ticket takes up to a week after its resolution.
APART_DAYS = 14
WATCH_DAYS = 30


@dataclass(frozen=True)
class Visits:
    """
    Visits to the help centre with the tickets of their customers around them.

    Parameters
    ----------
    days : pandas.DataFrame
        One row a day: ``day``, ``n`` visits, sums over them of ``before``, ``after`` (tickets in
        `WATCH_DAYS` days, `APART_DAYS` away), ``near_before``, ``near_after`` (the same number of
        days, nothing left out).
    n_customers : int
        Customers.
    gap_squares, gap_products, visit_squares : int
        Sums over customers: of their squared sum of after less before, of that sum times their
        visits, of their squared visits.
    """

    days: pd.DataFrame
    n_customers: int
    gap_squares: int
    gap_products: int
    visit_squares: int


def visits_watched(desk: Desk, *, start: str | None = None, end: str | None = None) -> Visits:
    """
    Count the tickets of customers before and after each visit that can be watched.

    Not of anonymous visits, whose customers' tickets nobody can find. Not of first visits alone: a
    ticket often brings a visit, so who had no visit before had fewer tickets before, too.

    Parameters
    ----------
    desk : Desk
        The data; sessions of the help centre with customers, and tickets.
    start, end : str, optional
        ISO dates of the visit, end excluded.

    Returns
    -------
    Visits
        By day, and what the variance between customers needs.

    Raises
    ------
    NotEstimable
        There are no such sessions, or no customers.
    """
    if not desk.has("sessions", "session_id", "customer_id", "kind", "at") or not desk.has(
        "tickets", "customer_id", "created_at"
    ):
        raise NotEstimable(
            "tickets before and after a visit need sessions and tickets with customer_id"
        )
    asked = _asked(desk)
    visits = _visits(desk, asked, start, end)
    far, near = APART_DAYS + WATCH_DAYS, WATCH_DAYS
    pairs = visits.left_join(asked, visits.visitor == asked.asker)
    at, came = pairs.visited_at, pairs.asked_at
    each = pairs.group_by("session_id", "visitor", "visited_at").aggregate(
        before=count_where((came >= shifted(at, -far)) & (came < shifted(at, -APART_DAYS))),
        after=count_where((came > shifted(at, APART_DAYS)) & (came <= shifted(at, far))),
        near_before=count_where((came >= shifted(at, -near)) & (came < at)),
        near_after=count_where((came >= at) & (came < shifted(at, near))),
    )
    each = desk.keep(each)
    sums = {
        name: each[name].sum().cast("int64")
        for name in ("before", "after", "near_before", "near_after")
    }
    count = each.count().cast("int64")
    days = each.group_by(day=each.visited_at.date().cast("string")).aggregate(n=count, **sums)
    frame: pd.DataFrame = days.execute()
    owners = each.group_by("visitor").aggregate(
        gap=(each.after - each.before).sum().cast("int64"), n=count
    )
    whole = owners.aggregate(
        n_customers=owners.count().cast("int64"),
        gap_squares=(owners.gap * owners.gap).sum().fill_null(0).cast("int64"),
        gap_products=(owners.gap * owners.n).sum().fill_null(0).cast("int64"),
        visit_squares=(owners.n * owners.n).sum().fill_null(0).cast("int64"),
    ).execute()
    numbers = {name: int(whole[name].iloc[0]) for name in whole.columns}
    return Visits(frame.sort_values("day", kind="stable", ignore_index=True), **numbers)


def tickets_per_day(desk: Desk) -> pd.DataFrame:
    """
    Count tickets and the customers that were there, by day.

    Parameters
    ----------
    desk : Desk
        The data.

    Returns
    -------
    pandas.DataFrame
        ``day``, ``n_tickets``, ``n_joined``, ``n_left``; the last two are 0 throughout where
        customers' dates are not known.
    """
    asked = _asked(desk)
    tickets = asked.group_by(day=asked.asked_at.date().cast("string")).aggregate(
        n_tickets=asked.count().cast("int64")
    )
    frame: pd.DataFrame = tickets.execute()
    for name, column in (("n_joined", "signed_up_at"), ("n_left", "churned_at")):
        frame = frame.merge(_dated(desk, column, name), on="day", how="outer")
    counts = ["n_tickets", "n_joined", "n_left"]
    frame[counts] = frame[counts].fillna(0).astype("int64")
    return frame.sort_values("day", kind="stable", ignore_index=True)


def _dated(desk: Desk, column: str, name: str) -> pd.DataFrame:
    import pandas as pd

    if not desk.has("customers", column):
        return pd.DataFrame({"day": pd.Series(dtype=str), name: pd.Series(dtype="int64")})
    customers = desk.table("customers")
    known = customers.filter(customers[column].notnull())
    counted = known.group_by(day=known[column].date().cast("string")).aggregate(
        **{name: known.count().cast("int64")}
    )
    frame: pd.DataFrame = counted.execute()
    return frame


def _asked(desk: Desk) -> Any:
    tickets = desk.table("tickets")
    chosen = tickets.filter(countable(tickets) & ~by_agent(tickets) & tickets.customer_id.notnull())
    return chosen.select(asker="customer_id", asked_at="created_at")


def _visits(desk: Desk, asked: Any, start: str | None, end: str | None) -> Any:
    """Return the visits with both windows inside the data and the account."""
    sessions = desk.table("sessions")
    far = APART_DAYS + WATCH_DAYS
    first = asked.aggregate(first=asked.asked_at.min()).execute().iloc[0, 0]
    if first is None or first != first:
        raise NotEstimable("there is no ticket of a known customer")
    kept = sessions.filter(
        (sessions.kind == "help_centre")
        & sessions.customer_id.notnull()
        & between(sessions["at"], period(start, end))
        & (sessions["at"] >= moments(days_after(first.to_pydatetime(), far)))
        & (sessions["at"] <= moments(days_after(desk.as_of, -far)))
    )
    kept = kept.select("session_id", visitor="customer_id", visited_at="at")
    if desk.has("customers", "customer_id", "signed_up_at", "churned_at"):
        customers = desk.table("customers")
        spans = customers.group_by(owner=customers.customer_id).aggregate(
            here_from=customers.signed_up_at.min(), here_to=customers.churned_at.min()
        )
        joined = kept.inner_join(spans, kept.visitor == spans.owner)
        at = joined.visited_at
        known = (joined.here_from <= shifted(at, -far)).fill_null(False)
        stays = joined.here_to.isnull() | (joined.here_to > shifted(at, far))
        kept = joined.filter(known & stays).select("session_id", "visitor", "visited_at")
    return kept
