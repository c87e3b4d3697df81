"""The months in whose window something lies, and since when a source covers a whole window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from supportlab.metrics.periods import shifted

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = [
    "KEY",
    "KEY_KIND",
    "Windows",
    "covered_from",
    "first_at",
    "flag",
    "in_windows",
    "numbered",
    "overall",
    "owned",
]

# What a customer-month is known by: integers, since joining text costs several times as much;
# and short ones, since millions of them are looked up at a time.
KEY = ("customer_number", "month_number")
KEY_KIND = "int32"
SHORTEST_MONTH_DAYS = 28
# A source has begun with the first month that has at least this share of the middle month's rows;
# what lies before are strays, as a ticket with a wrong year.
BEGUN_SHARE = 0.1


@dataclass(frozen=True)
class Windows:
    """
    Rows of one source in the windows before months, summed up.

    Parameters
    ----------
    table : ibis.Table or None
        One row per customer and month with anything in the window: the key, ``flags`` (bit by
        bit whether any row has the flag of that place) and the counts; None where there is
        nothing.
    flags : tuple of str
        Names of the bits, the lowest first.
    counts : tuple of str
        Counts beside them.
    reasons : mapping
        Why a measure is not there.
    since : datetime or None
        First moment whose window the source covers; None where that does not matter.
    thresholds : mapping
        Whole minutes above which a wait is slow.
    """

    table: Any
    flags: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    thresholds: Mapping[str, int] = field(default_factory=dict)


def numbered(desk: Desk) -> Any:
    """
    Return the customers with a number of their own, counted from 0 in the order of their ids.

    Parameters
    ----------
    desk : Desk
        The data.

    Returns
    -------
    ibis.Table
        One row per customer: the columns of customers and ``customer_number``.
    """
    import ibis

    customers = desk.table("customers")
    known = customers.filter(customers.customer_id.notnull())
    number = ibis.row_number().over(ibis.window(order_by="customer_id"))
    # Kept, since every source is joined to it and ordering the ids anew each time is dear.
    return desk.keep(known.mutate(customer_number=number.cast("int64")))


def in_windows(rows: Any, moment: str, months: Any, window_days: int) -> Any:
    """
    Repeat each row for every month in the window before which it lies.

    Not by a join on times alone: engines would compare each row with each month.

    Parameters
    ----------
    rows : ibis.Table
        Rows with a time.
    moment : str
        Its column; rows without are left out.
    months : ibis.Table
        From `month_table`.
    window_days : int
        Length of the window; its first instant is in, the month's start is not.

    Returns
    -------
    ibis.Table
        The rows with ``month_start`` and ``month_number``.
    """
    import ibis
    import pandas as pd

    n_later = window_days // SHORTEST_MONTH_DAYS + 1
    later = ibis.memtable(
        pd.DataFrame({"months_later": range(1, n_later + 1)}),
        schema=ibis.schema({"months_later": "int64"}),
    )
    dated = rows.filter(rows[moment].notnull())
    own = dated[moment].year().cast("int64") * 12 + dated[moment].month().cast("int64") - 1
    spread = dated.mutate(own_month=own).cross_join(later)
    spread = spread.mutate(window_month=spread.own_month + spread.months_later)
    asked = months.select("month_start", "month_number")
    joined = spread.inner_join(asked, spread.window_month == asked.month_number)
    inside = joined.filter(joined[moment] >= shifted(joined.month_start, -window_days))
    return inside.drop("own_month", "months_later", "window_month")


def first_at(desk: Desk, table: Any, moment: str) -> datetime | None:
    """
    Return the start of the first month in which a source has begun.

    Parameters
    ----------
    desk : Desk
        The data; months after ``as_of`` do not count.
    table : ibis.Table
        The source's rows.
    moment : str
        Column of their time.

    Returns
    -------
    datetime or None
        First instant of the first month with at least a tenth of the rows of the middle month;
        None where there are no rows.
    """
    import pandas as pd

    dated = table.filter(table[moment].notnull())
    label = dated[moment].strftime("%Y-%m")
    counts = dated.group_by(month_label=label).aggregate(n=dated.count()).execute()
    if counts.empty:
        return None
    counts = counts.sort_values("month_label")
    begun = counts.loc[counts["n"] >= BEGUN_SHARE * counts["n"].median(), "month_label"]
    found: datetime = pd.Timestamp(f"{begun.iloc[0]}-01").to_pydatetime()
    return found


def covered_from(begun: datetime | None, window_days: int) -> datetime | None:
    """Return the first moment whose window lies wholly in what a source covers."""
    import pandas as pd

    if begun is None:
        return None
    found: datetime = (pd.Timestamp(begun) + pd.Timedelta(days=window_days)).to_pydatetime()
    return found


def overall(desk: Desk, rows: Any, flags: Sequence[str], **more: Any) -> Any:
    """
    Sum up rows of windows by customer and month, kept in our own engine.

    Flags become bits of one number: a state for each flag and group is where memory goes.

    Parameters
    ----------
    desk : Desk
        The data.
    rows : ibis.Table
        From `in_windows`, with ``customer_number``.
    flags : sequence of str
        Columns of 0 and 1.
    **more : ibis expressions
        Further sums.

    Returns
    -------
    ibis.Table
        One row per customer and month: the key, ``flags``, and the further sums.
    """
    grouped = rows.group_by(**{name: rows[name].cast(KEY_KIND) for name in KEY})
    found = grouped.aggregate(
        flags=_together(rows, flags).cast(KEY_KIND),
        **{name: value.cast(KEY_KIND) for name, value in more.items()},
    )
    return desk.keep(found)


def _together(rows: Any, flags: Sequence[str]) -> Any:
    """Return bit by bit whether any row of a group has the flag of that place."""
    import ibis

    weights = {name: 1 << place for place, name in enumerate(flags)}
    none = ibis.literal(0, type="int64")
    if rows.get_backend().name == "duckdb":
        return sum((rows[name] * weight for name, weight in weights.items()), none).bit_or()
    # Not every engine can join bits; in others memory is not ours to spare.
    return sum((rows[name].max() * weight for name, weight in weights.items()), none)


def owned(desk: Desk, rows: Any, customers: Any) -> Any:
    """Add the number of the customer that a survey names, or else its ticket."""
    who = customers.select("customer_number", owner_id="customer_id")
    if desk.has("surveys", "customer_id") or not desk.has("tickets", "customer_id"):
        return rows.inner_join(who, rows.customer_id == who.owner_id)
    tickets = desk.table("tickets").select(asked_id="ticket_id", asked_customer="customer_id")
    tied = rows.inner_join(tickets, rows.ticket_id == tickets.asked_id)
    return tied.inner_join(who, tied.asked_customer == who.owner_id)


def flag(condition: Any) -> Any:
    """Return a condition as 1 and 0; unknown counts as not."""
    return condition.fill_null(False).ifelse(1, 0).cast("int64")
