"""Who customers are when a month begins: tenure, plan, value, and the bands of these."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from supportlab.metrics.customers.stays import stay_pieces
from supportlab.metrics.dimensions import MISSING
from supportlab.metrics.money import with_reporting_amount
from supportlab.metrics.periods import moments

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = [
    "N_GROUPS",
    "N_VALUE_BANDS",
    "PURCHASE_BANDS",
    "count_band",
    "known_pieces",
    "tenure_band",
    "tenure_months",
]

# Groups of whole customers, for variances by customer: enough for a stable sandwich, few enough
# for cells to stay small.
N_GROUPS = 200
N_VALUE_BANDS = 5
PURCHASE_BANDS = 4
TENURE_BANDS = ((3, "00-02"), (6, "03-05"), (12, "06-11"), (24, "12-23"))
LONGEST = "24+"


def known_pieces(desk: Desk, customers: Any, window: int, valued_at: datetime) -> tuple[Any, str]:
    """
    Return the pieces of stays with what is known of the customer in each.

    Parameters
    ----------
    desk : Desk
        The data.
    customers : ibis.Table
        From `numbered`.
    window : int
        Days in which a new paid period undoes an end.
    valued_at : datetime
        Whose day's rate turns values into the reporting currency: one for all, so that a band
        does not move with the rate.

    Returns
    -------
    tuple of (ibis.Table, str)
        One row per piece: ``piece_number``, the customer's number, group and part, the times of
        stay and piece, ``tenure_from``, ``market``, ``segment``, ``plan``, ``value_band``,
        ``monthly_value``, ``left_kind``; and the source of the ends in words.
    """
    import ibis

    pieces, part = stay_pieces(desk, window)
    joined = _with_customer(desk, pieces, customers)
    order = ibis.window(order_by=["customer_number", "stay", "piece_from", "piece_to"])
    first = ibis.window(group_by="customer_number")
    told = joined.mutate(
        piece_number=ibis.row_number().over(order).cast("int64"),
        first_begun_at=joined.begun_at.min().over(first),
        valued_at=moments(valued_at),
    )
    signed = told.signed_up_at
    is_later = (signed > told.first_begun_at).fill_null(True)
    # The account's kind is that of its last end; an earlier end has none of its own.
    is_last = (told.churned_at == told.left_at).fill_null(False)
    dated = told.mutate(
        tenure_from=is_later.ifelse(told.first_begun_at, signed),
        left_kind=is_last.ifelse(told.churn_kind, ibis.null("string")),
        market=told.market.fill_null(MISSING),
        segment=told.segment.fill_null(MISSING),
        plan=told.plan.fill_null(MISSING),
    )
    valued = with_reporting_amount(
        desk, dated, amount="value", currency="value_currency", moment="valued_at", into="reported"
    )
    return _banded(valued), part


def _with_customer(desk: Desk, pieces: Any, customers: Any) -> Any:
    """Join the account to its pieces; the paid period's plan and value where it has them."""
    import ibis

    times = ("stay", "begun_at", "left_at", "piece_from", "piece_to")
    paid = [
        name for name in ("piece_plan", "piece_value", "piece_currency") if name in pieces.columns
    ]
    mine = pieces.select(*times, *paid, piece_customer=pieces.customer_id)
    joined = mine.inner_join(customers, mine.piece_customer == customers.customer_id)
    plan, value, currency = joined.plan, joined.monthly_value, joined.currency
    if paid and desk.has("subscriptions", "plan"):
        plan = ibis.coalesce(joined.piece_plan, plan)
    if paid and desk.has("subscriptions", "monthly_value", "currency"):
        has_value = joined.piece_value.notnull() & joined.piece_currency.notnull()
        value = has_value.ifelse(joined.piece_value, value)
        currency = has_value.ifelse(joined.piece_currency, currency)
    return joined.select(
        "customer_id",
        "customer_number",
        *times,
        "market",
        "segment",
        "signed_up_at",
        "churned_at",
        "churn_kind",
        plan=plan,
        value=value,
        value_currency=currency,
    )


def _banded(pieces: Any) -> Any:
    """Cut the values of each plan and segment into fifths; equal values stay together."""
    import ibis

    peers = ["plan", "segment", "has_value"]
    marked = pieces.mutate(has_value=pieces.reported.notnull())
    placed = marked.mutate(
        place=ibis.rank().over(ibis.window(group_by=peers, order_by="reported")).cast("int64"),
        n_peers=marked.count().over(ibis.window(group_by=peers)).cast("int64"),
    )
    fifth = ((placed.place * N_VALUE_BANDS) // placed.n_peers + 1).cast("int64").cast("string")
    return placed.select(
        "piece_number",
        "customer_id",
        "customer_number",
        "begun_at",
        "left_at",
        "piece_from",
        "piece_to",
        "tenure_from",
        "market",
        "segment",
        "plan",
        "left_kind",
        customer_group=(placed.customer_number % N_GROUPS).cast("int64"),
        customer_part=(placed.customer_number // N_GROUPS).cast("int64"),
        spell=placed.stay,
        value_band=placed.has_value.ifelse(fifth, ibis.literal(MISSING)),
        monthly_value=placed.reported,
    )


def tenure_months(month_number: Any, since: Any) -> Any:
    """Return the whole months from a time to the start of a month."""
    own = since.year().cast("int64") * 12 + since.month().cast("int64") - 1
    is_first_instant = since == since.truncate("M")
    return month_number - own - is_first_instant.ifelse(0, 1).cast("int64")


def tenure_band(months: Any) -> Any:
    """Return the band of a number of whole months; text in the order of the bands."""
    import ibis

    branches = [(months < limit, label) for limit, label in TENURE_BANDS]
    return ibis.cases(*branches, else_=LONGEST)


def count_band(number: Any, most: int) -> Any:
    """Return a count as text, the largest ones together as ``3+``."""
    import ibis

    return (number >= most).ifelse(ibis.literal(f"{most}+"), number.cast("string"))
