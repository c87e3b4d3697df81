"""One row per attempt, first attempt or checkout, with what came of it and what it is called."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable, ParameterError
from supportlab.metrics.dimensions import Rows
from supportlab.metrics.outcomes import Rule, judged
from supportlab.metrics.payments.attempts import SUCCESSES, payments_with_failures
from supportlab.metrics.payments.joining import IDENTIFIERS, checkout_table
from supportlab.metrics.periods import moments

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = [
    "AMOUNT_EDGES",
    "MADE",
    "UNITS",
    "band_labels",
    "judged_checkouts",
    "labelled",
    "unit_rows",
]

UNITS = ("attempt", "first_attempt", "checkout")
# Round steps of a price list, each about twice the one before: fixed, so that a band means the
# same in every run and no look at the data chooses it.
AMOUNT_EDGES = (10, 20, 50, 100, 200, 500)
MADE = ("amount_band", "local_currency", "rate_shown", "history_band", "first_status", "retried")
_OF_CHECKOUTS = ("history_band", "first_status", "retried")
NO_RATE = "(no rate)"


def unit_rows(
    desk: Desk, unit: str, by: Sequence[str], gap_seconds: int, amount_edges: Sequence[float]
) -> Rows:
    """
    Return the rows of a unit with ``outcome``, ``reason`` and the labels that are asked for.

    Parameters
    ----------
    desk : Desk
        The data.
    unit : str
        One of `UNITS`.
    by : sequence of str
        Group columns; those of `MADE` are made here.
    gap_seconds : int
        Longest time between an attempt and its retry where no checkout is named.
    amount_edges : sequence of float
        Bounds of the amount bands in the reporting currency.

    Returns
    -------
    Rows
        ``outcome`` is ``success``, ``declined``, ``abandoned``, ``immature`` or ``excluded``;
        ``is_reversed`` is 1 where the money went back.
    """
    of_checkouts = sorted(set(by) & set(_OF_CHECKOUTS))
    if unit == "attempt" and of_checkouts:
        raise ParameterError(
            f"{of_checkouts[0]!r} is known of a checkout, not of an attempt; "
            "use unit='checkout' or 'first_attempt'."
        )
    payments, provided = payments_with_failures(desk, "payment success"), desk.provided("payments")
    if unit == "attempt":
        judged_rows, key = _judged_attempts(payments), "attempt_id"
    else:
        judged_rows, key = _from_checkouts(desk, unit, by, gap_seconds), "checkout_key"
        provided = provided.difference(IDENTIFIERS)
    named = labelled(desk, judged_rows, by, amount_edges)
    return Rows("payments", named, provided, key, "attempted_at", frozenset(MADE))


def _judged_attempts(payments: Any) -> Any:
    status = payments.status
    rules: list[Rule] = [
        ("excluded", status.isnull(), "the status is missing"),
        ("immature", status == "pending", None),
        ("success", status.isin(SUCCESSES), None),
        ("declined", status == "declined", None),
    ]
    rows = payments.mutate(is_reversed=_ones(status == "reversed"))
    return judged(rows, rules, otherwise="abandoned")


def _from_checkouts(desk: Desk, unit: str, by: Sequence[str], gap_seconds: int) -> Any:
    firsts = checkout_table(desk, gap_seconds)
    if "history_band" in by:
        firsts = _with_history(firsts)
    if unit == "first_attempt":
        return _judged_attempts(firsts)
    return judged_checkouts(desk, firsts, gap_seconds)


def judged_checkouts(desk: Desk, firsts: Any, gap_seconds: int) -> Any:
    """Add the outcome of whole checkouts; the rules are those of checkout success."""
    import ibis

    young = firsts.last_at + ibis.interval(seconds=gap_seconds) > moments(desk.as_of)
    declined = firsts.declined_at.notnull() & (
        firsts.abandoned_at.isnull() | (firsts.declined_at >= firsts.abandoned_at)
    )
    rules: list[Rule] = [
        ("immature", young, None),
        ("success", firsts.n_succeeded > 0, None),
        ("immature", firsts.n_pending > 0, None),
        ("excluded", firsts.n_unknown > 0, "the status of an attempt is missing"),
        ("declined", declined, None),
    ]
    given_back = (firsts.n_succeeded > 0) & (firsts.n_reversed == firsts.n_succeeded)
    return judged(firsts.mutate(is_reversed=_ones(given_back)), rules, otherwise="abandoned")


def _with_history(firsts: Any) -> Any:
    """Add what the same customer's checkout before this one came to."""
    import ibis

    fate = ibis.cases(
        (firsts.n_succeeded > 0, "paid"),
        (firsts.n_pending + firsts.n_unknown > 0, "open"),
        else_="failed",
    )
    order = ibis.window(group_by="customer_id", order_by=["attempted_at", "checkout_key"])
    before = fate.lag().over(order).fill_null("new")
    known = firsts.customer_id.notnull()
    return firsts.mutate(history_band=known.ifelse(before, ibis.null("string")))


def labelled(desk: Desk, rows: Any, by: Sequence[str], amount_edges: Sequence[float]) -> Any:
    """Add the group columns that are asked for and that payments do not hold themselves."""
    import ibis

    if "amount_band" in by:
        rows = _with_amount_band(desk, rows, amount_edges)
    if "local_currency" in by:
        from supportlab.metrics.money import with_local_currency

        rows = with_local_currency(desk, rows)
    if "rate_shown" in by:
        shown = rows.fx_rate_shown.ifelse("shown", "not shown")
        nothing = ibis.null("string")
        rows = rows.mutate(rate_shown=rows.fx_rate_shown.isnull().ifelse(nothing, shown))
    return rows


def _with_amount_band(desk: Desk, rows: Any, edges: Sequence[float]) -> Any:
    import ibis

    from supportlab.metrics.money import with_rate

    if not desk.has("payments", "amount", "presentment_currency"):
        raise NotEstimable("Bands of amounts need payments with amount and presentment_currency.")
    rated = with_rate(desk, rows, into="rate_of_band")
    # A product of two floats is the same on every engine; only sums of them depend on the order.
    # Exact decimals would cost eight times as much, and a band needs no fourth digit.
    value = rated.amount.cast("float64") * rated.rate_of_band.cast("float64")
    labels = band_labels(edges)
    rules = [(rated.amount.isnull(), ibis.null("string")), (rated.rate_of_band.isnull(), NO_RATE)]
    rules += [(value < float(edge), label) for edge, label in zip(edges, labels, strict=False)]
    banded = rated.mutate(amount_band=ibis.cases(*rules, else_=labels[-1]))
    return banded.drop("rate_of_band")


def band_labels(edges: Sequence[float]) -> tuple[str, ...]:
    """
    Return the names of the amount bands, in order.

    Parameters
    ----------
    edges : sequence of float
        Bounds between bands, rising.

    Returns
    -------
    tuple of str
        One more than there are edges.

    Raises
    ------
    ParameterError
        When the edges do not rise.

    Examples
    --------
    >>> band_labels((10, 50))
    ('under 10', '10 to 50', '50 and more')
    """
    if not edges or any(low >= high for low, high in pairwise(edges)):
        raise ParameterError(f"amount_edges is {tuple(edges)!r}; give at least one, rising.")
    middle = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    return (f"under {edges[0]:g}", *middle, f"{edges[-1]:g} and more")


def _ones(condition: Any) -> Any:
    return condition.fill_null(False).ifelse(1, 0).cast("int64")
