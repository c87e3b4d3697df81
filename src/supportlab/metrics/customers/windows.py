"""The months in whose window something lies, and since when a source covers a whole window."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from supportlab.metrics.periods import moments, shifted

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["KEY", "covered_from", "first_at", "in_windows", "numbered", "overall", "started"]

# What a customer-month is known by: integers, since joining text costs several times as much.
KEY = ("customer_number", "month_number")
SHORTEST_MONTH_DAYS = 28
# A source has begun with the first month that has at least this share of the middle month's rows;
# what lies before are strays, as a ticket with a wrong year.
BEGUN_SHARE = 0.1


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
    return known.mutate(
        customer_number=ibis.row_number().over(ibis.window(order_by="customer_id")).cast("int64")
    )


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


def started(month_start: Any, value: Any, since: datetime | None) -> Any:
    """Return a value where the month's window is covered, and nothing where it is not."""
    import ibis

    if since is None:
        return value
    return (month_start >= moments(since)).ifelse(value, ibis.null("int64"))


def overall(rows: Any, flags: list[str], **more: Any) -> Any:
    """Return per customer and month whether any row has each flag, and further sums."""
    largest = {name: rows[name].max().cast("int64") for name in flags}
    return rows.group_by(list(KEY)).aggregate(**largest, **more)
