"""Mean value of paid checkouts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable, ParameterError
from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.money import AMOUNT_TYPE, RATE_TYPE, VALUE_TYPE, with_rate
from supportlab.metrics.outcomes import Rule, judged, score_sums
from supportlab.metrics.payments.attempts import MARKET_NOTE, SUCCESSES
from supportlab.metrics.payments.joining import GAP_SECONDS, join_words, keyed_payments
from supportlab.metrics.periods import between, period
from supportlab.metrics.sums import Sums
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["ORDER_VALUE", "order_value"]

# The sums hold amounts below this; what is larger is a fault of the data more often than an order.
TOO_LARGE = 100_000_000

ORDER_VALUE = Definition(
    name="order_value",
    title="Average order value (AOV)",
    statement=(
        "Mean amount of the checkouts that were paid, in the reporting currency at the rate of "
        "the day (UTC) of the payment, each rounded to four decimals. The first attempt that "
        "succeeded gives the amount; a payment that was reversed later had succeeded."
    ),
    anchor="attempted_at of the attempt that paid",
    stop="attempted_at of the attempt that paid",
    cohort="attempted_at of the attempt that paid",
    exclusions=(
        "checkouts that nobody paid are no orders; see checkout success",
        "amount or currency missing, a negative amount, or 100 million and more",
        "no exchange rate of that day or the seven days before (a rate holds until the next)",
        "with a currency given: payments in others",
    ),
)


def order_value(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "customer_id",
    start: str | date | None = None,
    end: str | date | None = None,
    currency: str | None = None,
) -> Sums:
    """
    Sum up the amounts of paid checkouts.

    Not revenue: refunds, taxes and fees are not in payments.

    Parameters
    ----------
    desk : Desk
        The data; payments with amounts and currencies, and fx_rates.
    by : str or sequence of str
        Group columns of the payment, or of its customer.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of the payment; ``start`` is included, ``end`` is not.
    currency : str, optional
        Code of three letters: payments that customers saw in it, not converted. Left out, all are
        converted to the desk's reporting currency.

    Returns
    -------
    Sums
        Kind ``score``: ``n``, ``total``, ``total_squared`` per cell.

    Raises
    ------
    NotEstimable
        When there are no payments with amounts and currencies.
    ParameterError
        When an option or a group is not known.
    """
    if currency is not None and not re.fullmatch("[A-Z]{3}", str(currency)):
        raise ParameterError(f"currency is {currency!r}; it must be a code such as 'EUR' or None.")
    if not desk.has("payments", "amount", "presentment_currency", "status", "attempted_at"):
        raise NotEstimable(
            "The order value needs payments with amount, presentment_currency and status."
        )
    names, days = group_names(by), period(start, end)
    orders = _paid(desk)
    orders = orders.filter(between(orders.attempted_at, days))
    valued = _valued(_with_rate(desk, orders, currency), currency)
    rows = Rows("payments", valued, desk.provided("payments"), "checkout_key", "attempted_at")
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason", "value"))
    target = currency or desk.config.reporting_currency
    definition = ORDER_VALUE.with_counts(
        parts=(join_words(desk), f"amounts in {target}", MARKET_NOTE),
        options={"currency": currency or "reporting"},
    )
    return score_sums(desk, cells, definition)


def _paid(desk: Desk) -> Any:
    """Return the first attempt that succeeded of each checkout."""
    import ibis

    keyed = keyed_payments(desk, desk.table("payments"), GAP_SECONDS)
    succeeded = keyed.filter(keyed.status.isin(SUCCESSES))
    order = ibis.window(group_by="checkout_key", order_by=["attempted_at", "attempt_id"])
    placed = succeeded.mutate(place=ibis.row_number().over(order))
    return placed.filter(placed.place == 0).drop("place")


def _with_rate(desk: Desk, orders: Any, currency: str | None) -> Any:
    """Add ``rate``: 1 for the wanted currency itself, missing where none is known."""
    import ibis

    if currency is None:
        return with_rate(desk, orders)
    one = ibis.literal(1).cast(RATE_TYPE)
    is_own = orders.presentment_currency == currency
    return orders.mutate(rate=is_own.ifelse(one, ibis.null(RATE_TYPE)))


def _valued(orders: Any, currency: str | None) -> Any:
    import ibis

    amount = orders.amount
    value = (amount.cast(AMOUNT_TYPE) * orders.rate).cast(VALUE_TYPE)
    table = orders.mutate(converted=value)
    no_rate = "no exchange rate that holds on that day"
    if currency is not None:
        no_rate = "paid in another currency"
    rules: list[Rule] = [
        ("excluded", amount.isnull(), "the amount is missing"),
        ("excluded", orders.presentment_currency.isnull(), "the currency is missing"),
        ("excluded", amount < 0, "the amount is negative"),
        ("excluded", orders.rate.isnull(), no_rate),
        ("excluded", table.converted >= TOO_LARGE, "the amount is 100 million or more"),
    ]
    verdicts = judged(table, rules, otherwise="counted")
    # Sums cast every row's value, so one that is left out must not be too large for them.
    none = ibis.null(VALUE_TYPE)
    return verdicts.mutate(value=(verdicts.outcome == "counted").ifelse(verdicts.converted, none))
