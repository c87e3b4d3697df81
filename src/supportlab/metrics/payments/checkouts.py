"""Share of checkouts that ended in a payment, with retries joined."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.options import days_option
from supportlab.metrics.outcomes import Rule, judged, rate_sums
from supportlab.metrics.payments.attempts import MARKET_NOTE, SUCCESSES, payments_with_failures
from supportlab.metrics.periods import between, moments, period
from supportlab.metrics.sums import Sums
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["CHECKOUT_SUCCESS", "GAP_SECONDS", "checkout_success", "first_attempts", "join_words"]

GAP_SECONDS = 60
# What makes one intent where no checkout is named.
SAME_INTENT = ("customer_id", "amount", "presentment_currency")

CHECKOUT_SUCCESS = Definition(
    name="checkout_success",
    title="Checkout success",
    statement=(
        "Share of checkouts of which at least one attempt succeeded. Attempts are of one checkout "
        "by checkout_id; without it, when customer, amount and currency are the same and each "
        "follows the one before by at most gap_seconds. An attempt of an unknown customer, amount "
        "or currency stands alone."
    ),
    anchor="attempted_at of the first attempt",
    stop="the last attempt and gap_seconds",
    cohort="attempted_at of the first attempt",
    exclusions=(
        "an attempt is pending and none has succeeded: immature",
        "the last attempt is younger than gap_seconds: immature, succeeded or not",
        "none succeeded and the status of one is missing",
    ),
)


def checkout_success(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "customer_id",
    start: str | date | None = None,
    end: str | date | None = None,
    gap_seconds: int | None = None,
) -> Sums:
    """
    Sum up checkouts and how many were paid.

    Not the share of visits that became orders: who never tried to pay is not in it.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    by : str or sequence of str
        Group columns of the first attempt, or of its customer.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of the first attempt; ``start`` is included, ``end`` is not.
    gap_seconds : int, optional
        Longest time between an attempt and its retry; 60.

    Returns
    -------
    Sums
        Kind ``rate``: one case per checkout.

    Raises
    ------
    NotEstimable
        When there are no payments, or none of them failed.
    ParameterError
        When an option or a group is not known.
    """
    gap = days_option("gap_seconds", gap_seconds, GAP_SECONDS)
    names, days = group_names(by), period(start, end)
    firsts = first_attempts(payments_with_failures(desk, "checkout success"), gap)
    firsts = firsts.filter(between(firsts.attempted_at, days))
    rules: list[Rule] = [
        ("immature", _is_young(desk, firsts, gap), None),
        ("success", firsts.n_succeeded > 0, None),
        ("immature", firsts.n_pending > 0, None),
        ("excluded", firsts.n_unknown > 0, "the status of an attempt is missing"),
    ]
    verdicts = judged(firsts, rules, otherwise="failure")
    rows = Rows("payments", verdicts, desk.provided("payments"), "checkout_key", "attempted_at")
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason"))
    parts = (join_words(desk), MARKET_NOTE)
    definition = CHECKOUT_SUCCESS.with_counts(parts=parts, options={"gap_seconds": gap})
    return rate_sums(desk, cells, definition)


def join_words(desk: Desk) -> str:
    """Say by what attempts are joined, for a definition record."""
    if desk.has("payments", "checkout_id"):
        return "attempts joined by checkout_id where it is named"
    if desk.has("payments", *SAME_INTENT):
        return "attempts joined by customer, amount, currency and gap; checkout_id is not provided"
    return "attempts not joined: neither checkout_id nor customer, amount and currency provided"


def first_attempts(payments: Any, gap_seconds: int) -> Any:
    """
    Return the first attempt of each checkout, with what became of all of them.

    ``checkout_key`` identifies it; ``n_succeeded``, ``n_pending`` and ``n_unknown`` count its
    attempts, ``last_at`` is the time of the last.
    """
    import ibis

    keyed = with_checkout_key(payments, gap_seconds)
    whole = ibis.window(group_by="checkout_key")
    order = ibis.window(group_by="checkout_key", order_by=["attempted_at", "attempt_id"])
    status = keyed.status
    placed = keyed.mutate(
        place=ibis.row_number().over(order),
        n_succeeded=_ones(status.isin(SUCCESSES)).sum().over(whole),
        n_pending=_ones(status == "pending").sum().over(whole),
        n_unknown=_ones(status.isnull()).sum().over(whole),
        last_at=keyed.attempted_at.max().over(whole),
    )
    return placed.filter(placed.place == 0).drop("place")


def with_checkout_key(payments: Any, gap_seconds: int) -> Any:
    """Add ``checkout_key``, the same for all attempts of one intent."""
    import ibis

    order = ["attempted_at", "attempt_id"]
    alike = ["checkout_id", *SAME_INTENT]
    before = payments.attempted_at.lag().over(ibis.window(group_by=alike, order_by=order))
    follows = payments.attempted_at <= before + ibis.interval(seconds=gap_seconds)
    begun = payments.mutate(begins=_ones(~follows.fill_null(False)))
    running = ibis.window(group_by=alike, order_by=order, preceding=None, following=0)
    chained = begun.mutate(chain=begun.begins.sum().over(running))
    first = chained.attempt_id.first().over(ibis.window(group_by=[*alike, "chain"], order_by=order))
    prefix = ibis.literal("attempt_id:")
    known = chained.customer_id.notnull() & chained.amount.notnull()
    known = known & chained.presentment_currency.notnull()
    alone = known.ifelse(prefix + first, prefix + chained.attempt_id)
    key = ibis.coalesce(chained.checkout_id, alone)
    return chained.mutate(checkout_key=key).drop("begins", "chain")


def _is_young(desk: Desk, firsts: Any, gap_seconds: int) -> Any:
    import ibis

    return firsts.last_at + ibis.interval(seconds=gap_seconds) > moments(desk.as_of)


def _ones(condition: Any) -> Any:
    return condition.fill_null(False).ifelse(1, 0).cast("int64")
