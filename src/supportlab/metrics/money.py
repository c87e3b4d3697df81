"""Amounts in one currency at the rate of their day, and whether a price was in the local one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from supportlab.desk.money import RATE_DAYS, tenders

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = [
    "AMOUNT_TYPE",
    "FOREIGN",
    "LOCAL",
    "RATE_NOTE",
    "RATE_TYPE",
    "VALUE_TYPE",
    "missing_rates",
    "with_local_currency",
    "with_rate",
    "with_reporting_amount",
]

# Both factors and their product fit the engines' 38 digits without a digit lost.
AMOUNT_TYPE = "decimal(17,4)"
RATE_TYPE = "decimal(20,12)"
VALUE_TYPE = "decimal(18,4)"
LOCAL, FOREIGN = "local", "foreign"
RATE_NOTE = (
    "rate: the last one published on the day (UTC) or at most "
    f"{RATE_DAYS} days before; where there is none the amount is left out, never guessed"
)


def with_rate(
    desk: Desk,
    table: Any,
    *,
    currency: str = "presentment_currency",
    moment: str = "attempted_at",
    into: str = "rate",
) -> Any:
    """
    Add the rate to the reporting currency that held on the day of each row.

    Not for a sum over months at one rate: each row takes that of its own day.

    Parameters
    ----------
    desk : Desk
        Holds ``fx_rates`` and the reporting currency.
    table : ibis.Table
        The rows.
    currency, moment : str
        Columns with the currency and the time (UTC).
    into : str
        Name of the new column.

    Returns
    -------
    ibis.Table
        As many rows, with ``into`` as decimal(20, 12): 1 for the reporting currency itself, the
        last rate published on the day or at most seven days before, missing where there is none.
    """
    import ibis

    one, none = ibis.literal(1).cast(RATE_TYPE), ibis.null(RATE_TYPE)
    target = desk.config.reporting_currency
    if not desk.has("fx_rates", "date", "currency", "per_unit"):
        return table.mutate(**{into: (table[currency] == target).ifelse(one, none)})
    rates = _rates_in_force(desk.table("fx_rates"))
    dated = table.mutate(day_of_rate=table[moment].date())
    joined = dated.left_join(
        rates, [dated.day_of_rate == rates.rate_day, dated[currency] == rates.rate_currency]
    )
    rate = (joined[currency] == target).ifelse(one, joined.per_unit.cast(RATE_TYPE))
    return joined.mutate(**{into: rate}).drop(
        "day_of_rate", "rate_day", "rate_currency", "per_unit"
    )


def with_reporting_amount(
    desk: Desk,
    table: Any,
    *,
    amount: str = "amount",
    currency: str = "presentment_currency",
    moment: str = "attempted_at",
    into: str = "amount_reporting",
) -> Any:
    """
    Add the amount in the reporting currency at the rate of its day.

    Not revenue, and not what the customer's bank charged: it is the amount shown, at the rate of
    ``fx_rates``.

    Parameters
    ----------
    desk : Desk
        Holds ``fx_rates`` and the reporting currency.
    table : ibis.Table
        The rows.
    amount, currency, moment : str
        Columns with the amount in major units, its currency and the time (UTC).
    into : str
        Name of the new column.

    Returns
    -------
    ibis.Table
        As many rows, with ``into`` as decimal(18, 4), rounded row by row; missing where amount,
        currency or rate is missing.
    """
    rated = with_rate(desk, table, currency=currency, moment=moment, into="rate_of_amount")
    value = (rated[amount].cast(AMOUNT_TYPE) * rated.rate_of_amount).cast(VALUE_TYPE)
    return rated.mutate(**{into: value}).drop("rate_of_amount")


def missing_rates(
    desk: Desk,
    table: Any,
    *,
    amount: str = "amount",
    currency: str = "presentment_currency",
    moment: str = "attempted_at",
) -> pd.DataFrame:
    """
    Name the amounts that no rate converts: which currency, from when to when, how many.

    Parameters
    ----------
    desk : Desk
        Holds ``fx_rates`` and the reporting currency.
    table : ibis.Table
        The rows.
    amount, currency, moment : str
        As for `with_reporting_amount`.

    Returns
    -------
    pandas.DataFrame
        ``currency``, ``n``, ``n_days``, ``first_day``, ``last_day`` (ISO text), by currency; empty
        where every amount has a rate. Rows without a currency are named ``(missing)``.
    """
    known = table.filter(table[amount].notnull())
    rated = with_rate(desk, known, currency=currency, moment=moment, into="rate_of_amount")
    lacking = rated.filter(rated.rate_of_amount.isnull())
    days = lacking.select(
        currency=lacking[currency].fill_null("(missing)"),
        day=lacking[moment].date().cast("string"),
    )
    found = (
        days.group_by("currency")
        .aggregate(
            n=days.count().cast("int64"),
            n_days=days.day.nunique().cast("int64"),
            first_day=days.day.min(),
            last_day=days.day.max(),
        )
        .execute()
    )
    result: pd.DataFrame = found.sort_values("currency", kind="stable", ignore_index=True)
    return result


def with_local_currency(
    desk: Desk,
    table: Any,
    *,
    market: str = "market",
    currency: str = "presentment_currency",
    moment: str = "attempted_at",
    into: str = "local_currency",
) -> Any:
    """
    Add whether the customer saw the price in the market's own currency of that day.

    Not the currency of the card: that one is in no column of the contract.

    Parameters
    ----------
    desk : Desk
        Its ``as_of`` bounds the days.
    table : ibis.Table
        The rows.
    market, currency, moment : str
        Columns with the market, the currency shown and the time (UTC).
    into : str
        Name of the new column.

    Returns
    -------
    ibis.Table
        As many rows, with ``into``: ``local``, ``foreign``, or missing where market, currency or
        time is missing or the market has no currency of its own in CLDR.
    """
    import ibis

    always, changing, known = _pairs(_first_day(desk, moment), desk.as_of.date())
    pair = table[market] + ibis.literal(":") + table[currency]
    is_local = pair.isin(always) if always else ibis.literal(value=False)
    day = table[moment].date()
    for name, start, stop in changing:
        holds = pair == name
        if start is not None:
            holds = holds & (day >= ibis.date(start.isoformat()))
        if stop is not None:
            holds = holds & (day <= ibis.date(stop.isoformat()))
        is_local = is_local | holds
    can_tell = table[market].isin(known) & table[currency].notnull() & table[moment].notnull()
    words = is_local.ifelse(LOCAL, FOREIGN)
    return table.mutate(**{into: can_tell.ifelse(words, ibis.null("string"))})


def _rates_in_force(rates: Any) -> Any:
    """Return one rate per day and currency: each holds until the next, at most RATE_DAYS days."""
    import ibis

    # A day that stands twice cannot double a row.
    once = rates.group_by(published=rates.date, rate_currency=rates.currency).aggregate(
        per_unit=rates.per_unit.min()
    )
    parts = [
        once.select(
            rate_day=(once.published + ibis.interval(days=age)).cast("date"),
            rate_currency=once.rate_currency,
            per_unit=once.per_unit,
            age=ibis.literal(age, type="int64"),
        )
        for age in range(RATE_DAYS + 1)
    ]
    held = ibis.union(*parts)
    youngest = ibis.window(group_by=["rate_day", "rate_currency"], order_by="age")
    placed = held.mutate(place=ibis.row_number().over(youngest))
    return placed.filter(placed.place == 0).drop("place", "age")


def _first_day(desk: Desk, moment: str) -> date:
    """Return a day that none of the rows lies before, so that fewer changes need a look."""
    if moment != "attempted_at" or not desk.has("payments", moment):
        return date.min
    payments = desk.table("payments")
    found = desk.once("first day of payments", lambda: payments[moment].min().execute())
    return date.min if found is None or found != found else date.fromisoformat(str(found)[:10])


def _pairs(
    begin: date, last: date
) -> tuple[list[str], list[tuple[str, date | None, date | None]], list[str]]:
    """Return pairs of market and currency that hold all through, those that change, the markets."""
    always, changing = set(), []
    for one in tenders():
        name = f"{one.market}:{one.currency}"
        if one.holds_on(begin) and one.holds_on(last + timedelta(days=1)):
            always.add(name)
        elif (one.last_day is None or one.last_day >= begin) and (
            one.first_day is None or one.first_day <= last + timedelta(days=1)
        ):
            changing.append((name, one.first_day, one.last_day))
    known = sorted({one.market for one in tenders()})
    return sorted(always), changing, known
