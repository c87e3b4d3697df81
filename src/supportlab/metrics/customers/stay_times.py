"""How long customers stay: who comes into view, leaves and is last seen on each day of tenure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.customers.stays import customer_stays, first_end
from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.options import days_option
from supportlab.metrics.periods import Period, days_after, moments, period, whole_seconds
from supportlab.metrics.sums import count_where, ordered_frame
from supportlab.records import Definition

if TYPE_CHECKING:
    from datetime import date, datetime

    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["STAY_TIMES", "stay_times"]

SECONDS_PER_DAY = 86_400
COUNTS = ("n_entered", "n_voluntary", "n_involuntary", "n_unknown", "n_censored")

STAY_TIMES = Definition(
    name="stay_times",
    title="Days that customers stay",
    statement=(
        "Days from the begin of a stay to its end. Who was there before the record of ends begins "
        "comes into view with the days reached (delayed entry); who is there churn_window_days "
        "before as_of is last seen then. Who comes back after leaving begins a stay of its own."
    ),
    anchor="the begin of the stay",
    stop="the end of its last paid period, or churned_at",
    cohort="in view",
    exclusions=(
        "stays that ended before the first month with a recorded end",
        "customers whose start is not known, or who left before they came",
    ),
)


def stay_times(
    desk: Desk,
    by: str | None = None,
    *,
    start: str | date | None = None,
    end: str | date | None = None,
    window_days: int | None = None,
) -> tuple[pd.DataFrame, Definition]:
    """
    Tabulate stays by the day of tenure on which they come into view and go out of it.

    Not a table of customers: who came back has two stays.

    Parameters
    ----------
    desk : Desk
        The data; subscriptions, or customers with ``signed_up_at`` and ``churned_at``.
    by : str, optional
        Group column of customers.
    start, end : str, date or None
        ISO dates (UTC) between which stays are in view.
    window_days : int, optional
        Days in which a new paid period undoes an end; the desk's ``churn_window_days``.

    Returns
    -------
    tuple of (pandas.DataFrame, Definition)
        One row per group and day: the group's column, ``day``, ``n_entered``, ``n_voluntary``,
        ``n_involuntary``, ``n_unknown`` (left, how is not known), ``n_censored``; and the record.
        A day is counted at its end, so an end is at least on day 1.

    Raises
    ------
    NotEstimable
        When neither source is provided, or no end is recorded.
    ParameterError
        When an option or a group is not known.
    """
    gap = days_option("window_days", window_days, desk.config.churn_window_days)
    names = group_names(by or ())
    stays, part = customer_stays(desk, gap)
    first, last = _view(desk, stays, gap, period(start, end))
    seen = _seen(desk, stays, first, last)
    rows = Rows("customers", seen, desk.provided("customers"), "customer_id", "begun_at")
    cells = with_cells(desk, rows, names, None, ("entry_day", "exit_day", "fate")).table
    frame = _by_day(cells, list(names))
    record = STAY_TIMES.with_counts(
        parts=(part, f"in view from {first:%Y-%m-%d} to {last:%Y-%m-%d}"),
        options={"window_days": gap},
        n=int(frame["n_entered"].sum()),
        n_censored=int(frame["n_censored"].sum()),
        as_of=desk.as_of.isoformat(),
    )
    return frame, record


def _view(desk: Desk, stays: Any, gap: int, days: Period) -> tuple[datetime, datetime]:
    from datetime import datetime, time

    first = first_end(desk, stays, gap).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    last = days_after(desk.as_of, -gap)
    if days.start:
        first = max(first, datetime.combine(days.start, time()))
    if days.end:
        last = min(last, datetime.combine(days.end, time()))
    if first >= last:
        raise NotEstimable(f"No stay is in view {days.words}.")
    return first, last


def _seen(desk: Desk, stays: Any, first: datetime, last: datetime) -> Any:
    """Cut stays to what is in view, and say how each goes out of it."""
    import ibis

    begin, until = moments(first), moments(last)
    left = stays.left_at
    odd = (left < stays.begun_at).fill_null(False)
    here = stays.begun_at.notnull() & ~odd & (stays.begun_at < until)
    rows = stays.filter(here & (left.isnull() | (left > begin)))
    has_left = (rows.left_at < until).fill_null(False)
    entry = ibis.greatest(rows.begun_at, begin)
    exit_at = has_left.ifelse(rows.left_at, until)
    fates: list[tuple[Any, str]] = [(~has_left, "censored")]
    if desk.has("customers", "churn_kind", "churned_at"):
        known = has_left & (rows.churned_at == rows.left_at) & rows.churn_kind.notnull()
        for kind in ("voluntary", "involuntary"):
            fates.append(((known & (rows.churn_kind == kind)).fill_null(False), kind))
    return rows.mutate(
        entry_day=(whole_seconds(entry, rows.begun_at) // SECONDS_PER_DAY).cast("int64"),
        exit_day=(whole_seconds(exit_at, rows.begun_at) // SECONDS_PER_DAY + 1).cast("int64"),
        fate=ibis.cases(*fates, else_="unknown"),
    )


def _by_day(cells: Any, names: list[str]) -> pd.DataFrame:
    """Count comings and goings by day; only days with any come to Python."""
    came = cells.select(*names, day=cells.entry_day, what=_text("entered"))
    went = cells.select(*names, day=cells.exit_day, what=cells.fate)
    both = came.union(went)
    sums = {name: count_where(both.what == name.removeprefix("n_")) for name in COUNTS}
    return ordered_frame(both.group_by([*names, "day"]).aggregate(**sums), [*names, "day"])


def _text(value: str) -> Any:
    import ibis

    return ibis.literal(value, type="string")
