"""From which month to which the panel can be asked."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.customers.stays import first_end, stay_pieces
from supportlab.metrics.customers.windows import covered_from, first_at
from supportlab.metrics.periods import Period, between, days_after, moments
from supportlab.metrics.sums import ordered_frame

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["asked_months", "complete_months", "first_month_asked"]


def first_month_asked(desk: Desk, days: Period, window: int) -> tuple[datetime, tuple[str, ...]]:
    """Return the first moment from which months can be asked, and what held them back."""
    if not desk.has("tickets", "customer_id"):
        raise NotEstimable("Service before a month needs tickets with customer_id.")
    stays, _ = stay_pieces(desk, desk.config.churn_window_days)
    ended = first_end(desk, stays, desk.config.churn_window_days)
    covered = covered_from(first_at(desk, desk.table("tickets"), "created_at"), window)
    if covered is None:
        raise NotEstimable("There are no tickets, so there is no service to look at.")
    month = ended.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if covered <= month:
        return month, ()
    return covered, (f"months from {covered:%Y-%m-%d}, when tickets cover the days before",)


def asked_months(months: Any, days: Period, first: datetime) -> Any:
    """Return the months of the period that begin at a moment or later."""
    inside = between(months.month_start, days)
    return months.filter(inside & (months.month_start >= moments(first)))


def complete_months(
    months: Any, days: Period, gap: int, as_of: datetime
) -> tuple[datetime, datetime]:
    """Return the starts of the first and the last complete month."""
    frame = ordered_frame(months.select("month_start", "is_complete"), ["month_start"])
    starts = frame.loc[frame["is_complete"], "month_start"]
    if starts.empty:
        youngest = days_after(as_of, -gap)
        raise NotEstimable(
            f"No month {days.words} is complete: it must end by {youngest:%Y-%m-%d}, begin after "
            "the first recorded end, and have tickets in all the days before it."
        )
    return starts.iloc[0].to_pydatetime(), starts.iloc[-1].to_pydatetime()
