"""What customers paid before and after they said how satisfied they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.customers.signals import answers_of
from supportlab.metrics.money import RATE_NOTE, with_reporting_amount
from supportlab.metrics.options import days_option
from supportlab.metrics.periods import between, days_after, moments, period, shifted
from supportlab.metrics.sums import count_where
from supportlab.records import Definition

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["SPENDING", "Spending", "spending"]

# Twelve digits hold what a customer pays in a season in any currency, and a billion squares of it
# still fit the engines' 38 digits.
SPEND_TYPE, SQUARE_TYPE = "decimal(14,4)", "decimal(30,8)"
GROUPS = ("satisfied", "in between", "dissatisfied")
BANDS = (0.25, 0.5, 0.75)

SPENDING = Definition(
    name="spending",
    title="Spend before and after an answer",
    statement=(
        "Amounts of succeeded payment attempts in the reporting currency, in the days before a "
        "CSAT answer and as many days from it on, per customer: the first answer for which both "
        "spans lie within the data and the customer was one at the start of the first. Who left "
        "meanwhile has paid nothing since, and counts."
    ),
    anchor="responded_at of the answer",
    stop="as many days after it as before",
    cohort="the answer",
    exclusions=(
        "customers who came in the days before, or whose start is not known",
        "amounts without a rate: " + RATE_NOTE,
    ),
)


@dataclass(frozen=True)
class Spending:
    """
    Spend by satisfaction, as sums that add up.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per ``satisfaction``, ``before_band``, ``plan`` and ``left`` (0/1: left in the days
        after): ``n`` customers, ``total_before``, ``total_after``, ``total_change`` and the
        squares ``squared_before``, ``squared_after``, ``squared_change``.
    n_without_rate : int
        Succeeded payments in the spans that no rate converts.
    definition : Definition
        The record.
    """

    frame: pd.DataFrame
    n_without_rate: int
    definition: Definition


def spending(
    desk: Desk, *, span_days: int = 90, start: str | None = None, end: str | None = None
) -> Spending:
    """
    Sum up what customers paid before and after an answer, by how satisfied it was.

    Not revenue: refunds are not in payments, and taxes and fees may be.

    Parameters
    ----------
    desk : Desk
        The data.
    span_days : int
        Days before and after the answer.
    start, end : str, optional
        ISO dates of the answer, end excluded.

    Returns
    -------
    Spending
        Sums by satisfaction, quarter of the spend before, plan, and whether the customer left.

    Raises
    ------
    NotEstimable
        No payments with customer, amount and currency, no answers, or no answer whose spans lie
        within the data.
    """
    span = days_option("span_days", span_days, span_days)
    if not desk.has("payments", "customer_id", "amount", "presentment_currency"):
        raise NotEstimable("Spend needs payments with customer_id, amount and their currency.")
    if not desk.has("customers", "signed_up_at"):
        raise NotEstimable("Spend needs customers.signed_up_at: who is new has no spend before.")
    payments = desk.table("payments")
    paid = payments.filter((payments.status == "succeeded") & payments.customer_id.notnull())
    paid = with_reporting_amount(desk, paid)
    index = desk.keep(_answers(desk, paid, span, start, end))
    each = desk.keep(_each(index, paid, span))
    cuts = _cuts(each)
    frame = _sums(each, cuts)
    if frame.empty:
        raise NotEstimable(f"No answer has {span} days of payments before and after it.")
    unrated = int(paid.filter(paid.amount_reporting.isnull()).count().execute())
    definition = SPENDING.with_counts(options={"span_days": span}, n=int(frame["n"].sum()))
    return Spending(frame, unrated, definition)


def _answers(desk: Desk, paid: Any, span: int, start: str | None, end: str | None) -> Any:
    """Return each customer's first answer whose spans lie within data and custom."""
    import ibis

    first = paid.attempted_at.min().execute()
    if first is None or first != first:
        raise NotEstimable("No payment succeeded.")
    answers = answers_of(desk, "csat", desk.config.response_window_days)
    customers = desk.table("customers")
    plan = customers.plan if desk.has("customers", "plan") else ibis.null("string")
    ended = (
        customers.churned_at if desk.has("customers", "churned_at") else ibis.null("timestamp(6)")
    )
    whose = customers.select(
        who=customers.customer_id, since=customers.signed_up_at,
        plan=plan.fill_null("(missing)"), ended_at=ended,
    )  # fmt: skip
    given = answers.select("customer_id", "survey_id", "value", at=answers.responded_at)
    joined = given.inner_join(whose, given.customer_id == whose.who)
    inside = joined.filter(
        between(joined["at"], period(start, end))
        & (joined["at"] >= moments(days_after(first.to_pydatetime(), span)))
        & (joined["at"] <= moments(days_after(desk.as_of, -span)))
        & (joined.since <= shifted(joined["at"], -span))
    )
    order = ibis.window(group_by="customer_id", order_by=["at", "survey_id"])
    placed = inside.mutate(place=ibis.row_number().over(order))
    left = (placed.ended_at < shifted(placed["at"], span)).fill_null(False)
    return placed.filter(placed.place == 0).select(
        "customer_id",
        "plan",
        "value",
        answered_at=placed["at"],
        left=left.ifelse(1, 0).cast("int64"),
    )


def _each(index: Any, paid: Any, span: int) -> Any:
    """Return one row per customer with what was paid before and after."""
    money = paid.select(
        payer=paid.customer_id, paid_at=paid.attempted_at, amount=paid.amount_reporting
    )
    near = [
        index.customer_id == money.payer,
        money.paid_at >= shifted(index.answered_at, -span),
        money.paid_at < shifted(index.answered_at, span),
    ]
    pairs = index.left_join(money, near)
    is_after = (pairs.paid_at >= pairs.answered_at).fill_null(False)
    zero = _zero()
    summed = pairs.group_by(["customer_id", "plan", "value", "left"]).aggregate(
        before=pairs.amount.sum(where=~is_after).fill_null(zero).cast(SPEND_TYPE),
        after=pairs.amount.sum(where=is_after).fill_null(zero).cast(SPEND_TYPE),
    )
    return summed.mutate(change=(summed.after - summed.before).cast(SPEND_TYPE))


def _zero() -> Any:
    import ibis

    return ibis.literal(0).cast(SPEND_TYPE)


def _cuts(each: Any) -> list[float]:
    """Return the quartiles of what was paid before, of those who paid anything, in whole units."""
    some = each.filter(each.before > 0)
    values = some.aggregate(
        **{f"cut_{place}": some.before.cast("float64").quantile(share)
           for place, share in enumerate(BANDS)}
    ).execute().iloc[0]  # fmt: skip
    known = [float(value) for value in values if value is not None and value == value]
    return sorted({float(round(value)) for value in known if round(value) > 0})


def _sums(each: Any, cuts: list[float]) -> pd.DataFrame:
    import ibis

    spent = each.before.cast("float64")
    bounds = [(spent < cut, str(place + 1)) for place, cut in enumerate(cuts)]
    band = ibis.cases((spent <= 0, "0"), *bounds, else_=str(len(cuts) + 1))
    words = ibis.cases(
        *((each.value == place, name) for place, name in enumerate(GROUPS)), else_="(missing)"
    )
    labelled = each.mutate(satisfaction=words, before_band=band)
    keys = ["satisfaction", "before_band", "plan", "left"]
    sums = {"n": count_where(labelled.value.notnull())}
    for name in ("before", "after", "change"):
        value = labelled[name]
        sums[f"total_{name}"] = value.sum()
        sums[f"squared_{name}"] = (value * value).cast(SQUARE_TYPE).sum()
    frame: pd.DataFrame = labelled.group_by(keys).aggregate(**sums).execute()
    for name in frame.columns:
        if name.startswith(("total_", "squared_")):
            frame[name] = frame[name].astype("float64")
    return frame.sort_values(keys, kind="stable", ignore_index=True)
