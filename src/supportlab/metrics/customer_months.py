"""Churn by customer-months: who was there when a month began, and who left in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.options import days_option, one_of
from supportlab.metrics.outcomes import Rule, judged, rate_sums
from supportlab.metrics.periods import between, days_after, moments, period, shifted
from supportlab.metrics.sums import Sums
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["CHURN", "RETENTION", "churn", "retention"]

KINDS = ("any", "voluntary", "involuntary")
FIRST_END = "first recorded end"
FAR = datetime(9000, 1, 1)  # noqa: DTZ001 (times of the contract are UTC without a zone)

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
    spells, part = _spells(desk, window)
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
    spells, part = _spells(desk, window)
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


def _spells(desk: Desk, window: int) -> tuple[Any, str]:
    """Return customers with each of their stays: ``begun_at``, ``left_at``."""
    if not desk.has("customers"):
        raise NotEstimable("Churn needs customers. Provide customers to get this metric.")
    customers = desk.table("customers")
    if desk.has("subscriptions", "customer_id", "started_at", "ended_at"):
        stays = _stays(desk.table("subscriptions"), window)
        joined = customers.inner_join(stays, customers.customer_id == stays.stayed_id)
        return joined.drop("stayed_id"), "ends of paid periods from subscriptions"
    if desk.has("customers", "signed_up_at", "churned_at"):
        spells = customers.mutate(begun_at=customers.signed_up_at, left_at=customers.churned_at)
        return spells, "ends from customers.churned_at"
    raise NotEstimable(
        "Churn needs subscriptions with ended_at, or customers with signed_up_at and churned_at."
    )


def _stays(periods: Any, window: int) -> Any:
    """Join paid periods that overlap or follow each other within the window."""
    import ibis

    order = ibis.window(group_by="customer_id", order_by=["started_at", "until"])
    running = ibis.window(
        group_by="customer_id", order_by=["started_at", "until"], preceding=None, following=0
    )
    dated = periods.mutate(until=periods.ended_at.fill_null(moments(FAR)))
    reached = dated.mutate(reach=dated.until.max().over(running))
    lagged = reached.mutate(before=reached.reach.lag().over(order))
    follows = (lagged.started_at <= shifted(lagged.before, window)).fill_null(False)
    marked = lagged.mutate(begins=follows.ifelse(0, 1).cast("int64"))
    numbered = marked.mutate(stay=marked.begins.sum().over(running))
    stays = numbered.group_by(stayed_id="customer_id", stay="stay").aggregate(
        begun_at=numbered.started_at.min(), last_at=numbered.until.max()
    )
    left = (stays.last_at < moments(FAR)).ifelse(stays.last_at, ibis.null("timestamp(6)"))
    return stays.mutate(left_at=left).drop("last_at", "stay")


def _months(desk: Desk, spells: Any, window: int, n_months: int) -> Any:
    """Return the months from that of the first recorded end to that of ``as_of``."""
    import ibis
    import pandas as pd

    first = desk.once(f"{FIRST_END}, {window} days", lambda: spells.left_at.min().execute())
    if first is None or pd.isna(first) or first >= desk.as_of:
        raise NotEstimable("No end of a customer is recorded, so churn cannot be told from none.")
    begin = pd.Timestamp(first).to_period("M").start_time
    starts = pd.date_range(begin, desk.as_of, freq="MS", inclusive="left")
    ends = starts + pd.offsets.MonthBegin(n_months)
    frame = pd.DataFrame({"month_start": starts, "month_end": ends})
    schema = ibis.schema({"month_start": "timestamp(6)", "month_end": "timestamp(6)"})
    return desk.keep(ibis.memtable(frame, schema=schema))


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
