"""Amounts of checkouts in the reporting currency, by any columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import group_names, with_cells
from supportlab.metrics.money import missing_rates, with_reporting_amount
from supportlab.metrics.payments.joining import GAP_SECONDS
from supportlab.metrics.payments.units import AMOUNT_EDGES, unit_rows
from supportlab.metrics.periods import between, period
from supportlab.metrics.sums import count_where, sums_of

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["checkout_amounts", "unconverted"]

# Amounts are positive and below this; what is larger is a fault of the data more often than a sale.
TOO_LARGE = 100_000_000


def checkout_amounts(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    start: str | date | None = None,
    end: str | date | None = None,
) -> pd.DataFrame:
    """
    Sum up what customers were asked for at checkout, paid or not.

    Not revenue: unpaid checkouts are in it, at the amount of their first attempt.

    Parameters
    ----------
    desk : Desk
        The data; payments with amounts and currencies, and ``fx_rates``.
    by : str or sequence of str
        Group columns, as of `payment_cells`.
    start, end : str, date or None
        ISO dates of the first attempt; ``end`` is not in.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``n`` (checkouts), ``n_valued`` (of them with an amount and a rate), ``amount`` (in
        the reporting currency, exact to four decimals), ordered.

    Raises
    ------
    NotEstimable
        Payments have no amounts or no currencies.
    """
    if not desk.has("payments", "amount", "presentment_currency"):
        raise NotEstimable(
            "payments have no amount with presentment_currency; no value can be told"
        )
    names, days = group_names(by), period(start, end)
    rows = unit_rows(desk, "checkout", names, GAP_SECONDS, AMOUNT_EDGES)
    table = rows.table.filter(between(rows.table.attempted_at, days))
    valued = with_reporting_amount(desk, table, into="value_reporting")
    cells = with_cells(desk, rows.of(valued), names, None, ("value_reporting",)).table
    value = cells.value_reporting
    is_sound = (value >= 0) & (value < TOO_LARGE)
    sums = sums_of(
        cells,
        names,
        n=cells.count().cast("int64"),
        n_valued=count_where(is_sound),
        amount=value.sum(where=is_sound).fill_null(0),
    )
    frame: pd.DataFrame = sums.execute()
    frame["amount"] = frame["amount"].astype(float)
    if not names:
        return frame
    result: pd.DataFrame = frame.sort_values(list(names), kind="stable", ignore_index=True)
    return result


def unconverted(desk: Desk) -> str:
    """Name the currencies and days whose amounts no rate converts; empty where there are none."""
    found = missing_rates(desk, desk.table("payments"))
    return "; ".join(
        f"{row['currency']}: {row['n']:,} payments on {row['n_days']:,} days from "
        f"{row['first_day']} to {row['last_day']}"
        for row in found.to_dict("records")
    )
