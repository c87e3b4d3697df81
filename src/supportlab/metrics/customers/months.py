"""Churn by customer-months: who was there when a month began, and who left in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from supportlab.errors import NotEstimable
from supportlab.metrics.customers.stays import customer_stays, first_end, month_table
from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.options import days_option, one_of
from supportlab.metrics.outcomes import Rule, judged, rate_sums
from supportlab.metrics.periods import between, days_after, moments, period
from supportlab.metrics.sums import Sums
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["CHURN", "RETENTION", "churn", "retention"]

KINDS = ("any", "voluntary", "involuntary")

CHURN = Definition(
    name="churn",
    title="Churn per month",
    statement=(
        "Share of customer-months in which the customer left, of those at whose start (UTC) the "
        "customer was there. Left: a paid period ends and none begins within churn_window_days; "
        "without subscriptions, the account's churned_at. Who signs up is at risk from the next "
        "month on. Months before the first recorded end are not asked."
    ),
    anchor="the first instant of the month",
    stop="the end of the last paid period, or churned_at",
    cohort="the month",
    exclusions=(
        "months whose end is younger than churn_window_days: immature",
        "customers whose start is not known, or who left before they came",
        "with a kind given: months in which the customer left in another way, or how is not known",
    ),
)


RETENTION = Definition(
    name="retention",
    title="Retention",
    statement=(
        "Share of the customers of a month's start (UTC) who did not leave in the months from "
        "then on, twelve unless said otherwise. Left is what churn counts; who left and came back "
        "later did leave. A month counts once its last day is churn_window_days ago."
    ),
    anchor="the first instant of the month",
    stop="the first instant of the month that many months later",
    cohort="the month",
    exclusions=(
        "months whose last day is younger than churn_window_days: immature",
        "customers whose start is not known, or who left before they came",
    ),
)


def churn(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "customer_id",
    start: str | date | None = None,
    end: str | date | None = None,
    kind: Literal["any", "voluntary", "involuntary"] = "any",
    window_days: int | None = None,
) -> Sums:
    """
    Sum up customer-months and how many ended in churn.

    Not a share of customers: who stays for a year is in twelve months.

    Parameters
    ----------
    desk : Desk
        The data; subscriptions, or customers with ``signed_up_at`` and ``churned_at``.
    by : str or sequence of str
        Group columns of customers; ``month`` is the month at risk.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) between which months begin; ``start`` is included, ``end`` is not.
        Without ``start``: from the month of the first recorded end, as earlier ones were hardly
        recorded.
    kind : {"any", "voluntary", "involuntary"}
        Which churn counts; a month that ended in the other kind is excluded.
    window_days : int, optional
        Days in which a new paid period undoes an end; the desk's ``churn_window_days``.

    Returns
    -------
    Sums
        Kind ``rate``: one case per customer and month.

    Raises
    ------
    NotEstimable
        When neither source is provided, no end is recorded, or a kind is asked for and unknown.
    ParameterError
        When an option or a group is not known.
    """
    one_of("kind", kind, KINDS)
    window = days_option("window_days", window_days, desk.config.churn_window_days)
    names, days = group_names(by), period(start, end)
    if kind != "any" and not desk.has("customers", "churn_kind", "churned_at"):
        raise NotEstimable("Kinds of churn need customers with churned_at and churn_kind.")
    spells, part = customer_stays(desk, window)
    months = _months(desk, spells, window, 1)
    months = months.filter(between(months.month_start, days))
    verdicts = _verdicts(desk, spells.cross_join(months), kind, window)
    rows = Rows("customers", verdicts, desk.provided("customers"), "customer_month", "month_start")
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason"))
    definition = CHURN.with_counts(parts=(part,), options={"kind": kind, "window_days": window})
    return rate_sums(desk, cells, definition)


def retention(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "customer_id",
    start: str | date | None = None,
    end: str | date | None = None,
    months: int = 12,
    window_days: int | None = None,
) -> Sums:
    """
    Sum up customers of a month and how many are still there some months later.

    Not the survival of new customers: those of a month came at different times.

    Parameters
    ----------
    desk : Desk
        The data; subscriptions, or customers with ``signed_up_at`` and ``churned_at``.
    by : str or sequence of str
        Group columns of customers; ``month`` is the month at whose start they were there.
    cluster : str or None
        Column whose values are clusters; a customer is in many months.
    start, end : str, date or None
        ISO dates (UTC) between which months begin; ``start`` is included, ``end`` is not.
        Without ``start``: from the month of the first recorded end.
    months : int
        How many months later; with 1 it is what `churn` leaves.
    window_days : int, optional
        Days in which a new paid period undoes an end; the desk's ``churn_window_days``.

    Returns
    -------
    Sums
        Kind ``rate``: one case per customer and month.

    Raises
    ------
    NotEstimable
        When neither source is provided, or no end is recorded.
    ParameterError
        When an option or a group is not known.
    """
    window = days_option("window_days", window_days, desk.config.churn_window_days)
    n_months = days_option("months", months, months)
    names, days = group_names(by), period(start, end)
    spells, part = customer_stays(desk, window)
    asked = _months(desk, spells, window, n_months)
    asked = asked.filter(between(asked.month_start, days))
    verdicts = _verdicts(desk, spells.cross_join(asked), "any", window)
    stayed = verdicts.outcome.cases(
        ("success", "failure"), ("failure", "success"), else_=verdicts.outcome
    )
    table = verdicts.mutate(outcome=stayed)
    rows = Rows("customers", table, desk.provided("customers"), "customer_month", "month_start")
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason"))
    options = {"months": n_months, "window_days": window}
    return rate_sums(desk, cells, RETENTION.with_counts(parts=(part,), options=options))


def _months(desk: Desk, spells: Any, window: int, n_months: int) -> Any:
    """Return the months from that of the first recorded end to that of ``as_of``."""
    return month_table(desk, first_end(desk, spells, window), n_months, window=window)


def _verdicts(desk: Desk, pairs: Any, kind: str, window: int) -> Any:
    import ibis

    begun, left = pairs.begun_at, pairs.left_at
    stays = (begun <= pairs.month_start) & (left.isnull() | (left > pairs.month_start))
    odd = begun.isnull() | (left < begun).fill_null(False)
    risk = pairs.filter((stays | odd).fill_null(False))
    left_now = (risk.left_at < risk.month_end).fill_null(False)
    rules: list[Rule] = [
        ("excluded", risk.begun_at.isnull(), "when the customer came is not known"),
        ("excluded", risk.left_at < risk.begun_at, "left before coming"),
        ("immature", risk.month_end > moments(days_after(desk.as_of, -window)), None),
    ]
    if kind != "any":
        # The account's kind is that of its last end; an earlier end has none of its own.
        is_last = (risk.churned_at == risk.left_at).fill_null(False)
        known = is_last & risk.churn_kind.notnull()
        rules += [
            ("excluded", left_now & ~known, "how the customer left is not known"),
            ("excluded", left_now & (risk.churn_kind != kind), "left in the other way"),
        ]
    verdicts = judged(risk, [*rules, ("success", left_now, None)], otherwise="failure")
    month = verdicts.month_start.strftime("%Y-%m")
    return verdicts.mutate(customer_month=verdicts.customer_id + ibis.literal("/") + month)
