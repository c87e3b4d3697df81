"""Tickets of customers before and after they read the help centre."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.periods import between, days_after, moments, period, shifted
from supportlab.metrics.sums import count_where
from supportlab.metrics.tickets import by_agent, countable

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["APART_DAYS", "WATCH_DAYS", "tickets_per_day", "visit_days"]

# Two weeks on either side are left out: who reads has a need at that moment, which brings the
# visit and the ticket alike, and a return to that ticket takes up to a week after its resolution.
APART_DAYS = 14
WATCH_DAYS = 30


def visit_days(desk: Desk, *, start: str | None = None, end: str | None = None) -> pd.DataFrame:
    """
    Count the tickets of each customer before and after the first visit that can be watched.

    Not of anonymous visits, whose customers' tickets nobody can find.

    Parameters
    ----------
    desk : Desk
        The data; sessions of the help centre with customers, and tickets.
    start, end : str, optional
        ISO dates of the visit, end excluded.

    Returns
    -------
    pandas.DataFrame
        One row a day of visits: ``day``, ``n`` customers, sums over them of ``before``, ``after``
        (tickets in `WATCH_DAYS` days, `APART_DAYS` away), ``squared`` (of after less before),
        ``near_before`` and ``near_after`` (within `WATCH_DAYS` days of the visit, nothing left
        out).

    Raises
    ------
    NotEstimable
        There are no such sessions, or no customers.
    """
    if not desk.has("sessions", "customer_id", "kind", "at") or not desk.has(
        "tickets", "customer_id", "created_at"
    ):
        raise NotEstimable(
            "tickets before and after a visit need sessions and tickets with customer_id"
        )
    asked = _asked(desk)
    visits = _first_visits(desk, asked, start, end)
    far, near = APART_DAYS + WATCH_DAYS, WATCH_DAYS
    pairs = visits.left_join(asked, visits.visitor == asked.asker)
    at, came = pairs.visited_at, pairs.asked_at
    is_before = (came >= shifted(at, -far)) & (came < shifted(at, -APART_DAYS))
    is_after = (came > shifted(at, APART_DAYS)) & (came <= shifted(at, far))
    each = pairs.group_by("visitor", "visited_at").aggregate(
        before=count_where(is_before),
        after=count_where(is_after),
        near_before=count_where((came >= shifted(at, -near)) & (came < at)),
        near_after=count_where((came >= at) & (came < shifted(at, near))),
    )
    gap = each.after - each.before
    days = each.group_by(day=each.visited_at.date().cast("string")).aggregate(
        n=each.count().cast("int64"),
        before=each.before.sum().cast("int64"),
        after=each.after.sum().cast("int64"),
        squared=(gap * gap).sum().cast("int64"),
        near_before=each.near_before.sum().cast("int64"),
        near_after=each.near_after.sum().cast("int64"),
    )
    frame: pd.DataFrame = days.execute()
    return frame.sort_values("day", kind="stable", ignore_index=True)


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
    chosen = tickets.filter(
        countable(tickets) & ~by_agent(tickets) & tickets.customer_id.notnull()
    )
    return chosen.select(asker="customer_id", asked_at="created_at")


def _first_visits(desk: Desk, asked: Any, start: str | None, end: str | None) -> Any:
    """Return each customer's first visit with both windows inside the data and the account."""
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
    kept = kept.select(visitor="customer_id", visited_at="at")
    if desk.has("customers", "customer_id", "signed_up_at", "churned_at"):
        customers = desk.table("customers")
        spans = customers.group_by(owner=customers.customer_id).aggregate(
            here_from=customers.signed_up_at.min(), here_to=customers.churned_at.min()
        )
        joined = kept.inner_join(spans, kept.visitor == spans.owner)
        at = joined.visited_at
        known = (joined.here_from <= shifted(at, -far)).fill_null(False)
        stays = joined.here_to.isnull() | (joined.here_to > shifted(at, far))
        kept = joined.filter(known & stays).select("visitor", "visited_at")
    return kept.group_by("visitor").aggregate(visited_at=kept.visited_at.min())
