"""Attempts joined to checkouts: which belong together, and what became of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from supportlab.metrics.payments.attempts import SUCCESSES, payments_with_failures

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["GAP_SECONDS", "IDENTIFIERS", "checkout_table", "join_words", "keyed_payments"]

GAP_SECONDS = 60
# What makes one intent where no checkout is named.
SAME_INTENT = ("customer_id", "amount", "presentment_currency")
# Each sum over a checkout costs the engine as much as reading a column: two counts share a whole
# number of 64 bits, and neither can reach 2**31 attempts of one checkout.
_PAIR = 2**31
_PAIRS = {
    "attempts_and_successes": ("n_attempts", "n_succeeded"),
    "reversed_and_pending": ("n_reversed", "n_pending"),
    "unknown_and_challenged": ("n_unknown", "n_challenged"),
}
# A checkout has several of these, its first attempt's would mislead.
IDENTIFIERS = ("attempt_id", "checkout_id")
_NEEDED = {"attempt_id", "attempted_at", "checkout_id", "status", "authentication"} | set(
    SAME_INTENT
)


def join_words(desk: Desk) -> str:
    """Say by what attempts are joined, for a definition record."""
    if desk.has("payments", "checkout_id"):
        return "attempts joined by checkout_id where it is named"
    if desk.has("payments", *SAME_INTENT):
        return "attempts joined by customer, amount, currency and gap; checkout_id is not provided"
    return "attempts not joined: neither checkout_id nor customer, amount and currency provided"


def checkout_table(desk: Desk, gap_seconds: int, *, of_any: bool = False) -> Any:
    """
    Return the first attempt of each checkout with what became of all of them.

    Not filtered by period: a checkout belongs to the day of its first attempt.

    Parameters
    ----------
    desk : Desk
        The data.
    gap_seconds : int
        Longest time between an attempt and its retry where no checkout is named.
    of_any : bool
        Whether a source of successes alone will do, as for counting what was begun.

    Returns
    -------
    ibis.Table
        The first attempt's columns but its identifiers, ``checkout_key``, ``n_attempts``,
        ``n_succeeded``, ``n_reversed``, ``n_pending``, ``n_unknown``, ``n_failed``,
        ``n_challenged``, ``last_at``, ``declined_at``, ``abandoned_at``, ``first_status`` and
        ``retried``. Computed once a desk and gap where the engine is our own.
    """
    name = f"checkouts joined within {gap_seconds} seconds"
    if not of_any:
        payments_with_failures(desk, "checkout success")
    return desk.once(name, lambda: desk.keep(_checkouts(desk, gap_seconds)))


def _checkouts(desk: Desk, gap_seconds: int) -> Any:
    import ibis

    payments = desk.table("payments")
    # Sorting is what checkouts cost: columns that hold nothing are left behind and put back after.
    provided = desk.provided("payments")
    empty = [name for name in payments.columns if name not in provided | _NEEDED]
    keyed = keyed_payments(desk, payments.drop(*empty), gap_seconds).drop("checkout_id")
    whole = ibis.window(group_by="checkout_key")
    order = ibis.window(group_by="checkout_key", order_by=["attempted_at", "attempt_id"])
    placed = keyed.mutate(
        place=ibis.row_number().over(order),
        **{name: summed.over(whole) for name, summed in _facts(keyed).items()},
    )
    # The key says what these two say, and two long texts a row are what memory goes to.
    firsts = placed.filter(placed.place == 0).drop("place", "attempt_id")
    blank = {name: ibis.null(payments[name].type()) for name in empty}
    return _counted(firsts).mutate(**blank)


def _facts(payments: Any) -> dict[str, Any]:
    """Return what is summed over the attempts of a checkout, two counts in one, and its moments."""
    import ibis

    status, at = payments.status, payments.attempted_at
    never = ibis.null(at.type())
    each = {
        "n_attempts": _ones(payments.attempt_id.notnull()),
        "n_succeeded": _ones(status.isin(SUCCESSES)),
        "n_reversed": _ones(status == "reversed"),
        "n_pending": _ones(status == "pending"),
        "n_unknown": _ones(status.isnull()),
        "n_challenged": _ones(payments.authentication == "challenge"),
    }
    pairs = {name: each[low] + each[high] * _PAIR for name, (low, high) in _PAIRS.items()}
    return {
        **{name: pair.sum() for name, pair in pairs.items()},
        "last_at": at.max(),
        "declined_at": (status == "declined").ifelse(at, never).max(),
        "abandoned_at": (status == "abandoned").ifelse(at, never).max(),
    }


def _counted(firsts: Any) -> Any:
    """Take the pairs of counts apart, and add what follows from them."""
    counts = {}
    for pair, (low, high) in _PAIRS.items():
        counts[low] = (firsts[pair] % _PAIR).cast("int64")
        # The remainder goes first: engines divide in floats, which is exact only without it.
        counts[high] = ((firsts[pair] - counts[low]) // _PAIR).cast("int64")
    told = firsts.mutate(**counts)
    n_failed = told.n_attempts - told.n_succeeded - told.n_pending - told.n_unknown
    retried = (told.n_attempts > 1).ifelse("retried", "not retried")
    return told.mutate(n_failed=n_failed, first_status=told.status, retried=retried).drop(*_PAIRS)


def keyed_payments(desk: Desk, payments: Any, gap_seconds: int) -> Any:
    """Add ``checkout_key``; join by time and amount only where a checkout is not named."""
    nameless = desk.once("payments without a checkout", lambda: _n_nameless(payments))
    if not nameless:
        return payments.mutate(checkout_key=payments.checkout_id)
    return _with_checkout_key(payments, gap_seconds)


def _n_nameless(payments: Any) -> int:
    return int(payments.filter(payments.checkout_id.isnull()).limit(1).count().execute())


def _with_checkout_key(payments: Any, gap_seconds: int) -> Any:
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


def _ones(condition: Any) -> Any:
    return condition.fill_null(False).ifelse(1, 0).cast("int64")
