"""Periods by name, resolved from the moment of the data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from supportlab.errors import ParameterError

__all__ = ["PERIODS", "Span", "resolve_period"]

PERIODS = (
    "all",
    "last_complete_week",
    "last_complete_month",
    "last_complete_quarter",
    "last_complete_year",
    "last_N_complete_months",
    "year_to_date",
)
_MONTHS = re.compile(r"last_(\d{1,3})_complete_months")
MONTHS_A_YEAR, MONTHS_A_QUARTER = 12, 3


@dataclass(frozen=True)
class Span:
    """
    A stretch of days.

    Parameters
    ----------
    start, end : str
        ISO dates, ``end`` is the day after the last; both empty for all of the data.
    label : str
        For a folder's name, as ``2026-06``.
    """

    start: str
    end: str
    label: str


def resolve_period(name: str, as_of: date, week_start: int = 0) -> Span:
    """
    Turn a period's name into dates.

    Not a statement that these data are mature: what is too young is counted as such by each metric.

    Parameters
    ----------
    name : str
        One of `PERIODS`, with a number for N.
    as_of : date
        The day of the data; the day itself is not complete.
    week_start : int
        0 for Monday to 6 for Sunday.

    Returns
    -------
    Span
        First day, day after the last, and a label.

    Raises
    ------
    ParameterError
        When the name is not known.

    Examples
    --------
    >>> resolve_period("last_complete_month", date(2026, 7, 1))
    Span(start='2026-06-01', end='2026-07-01', label='2026-06')
    >>> resolve_period("last_complete_quarter", date(2026, 7, 31)).label
    '2026-q2'
    """
    several = _MONTHS.fullmatch(name)
    if several and int(several[1]) > 0:
        return _months(as_of, int(several[1]))
    if name == "all":
        return Span("", "", f"as-of-{as_of.isoformat()}")
    if name == "last_complete_week":
        end = as_of - timedelta(days=(as_of.weekday() - week_start) % 7)
        start = end - timedelta(days=7)
        return Span(start.isoformat(), end.isoformat(), f"week-of-{start.isoformat()}")
    if name == "last_complete_month":
        return _months(as_of, 1)
    if name == "last_complete_quarter":
        end = _month(as_of, -((as_of.month - 1) % MONTHS_A_QUARTER))
        start = _month(end, -MONTHS_A_QUARTER)
        quarter = (start.month - 1) // MONTHS_A_QUARTER + 1
        return Span(start.isoformat(), end.isoformat(), f"{start.year}-q{quarter}")
    if name == "last_complete_year":
        start, end = date(as_of.year - 1, 1, 1), date(as_of.year, 1, 1)
        return Span(start.isoformat(), end.isoformat(), str(start.year))
    if name == "year_to_date":
        # On the first of January the year has no complete day yet: the last one is meant.
        first = (as_of - timedelta(days=1)).replace(month=1, day=1)
        return Span(first.isoformat(), as_of.isoformat(), f"{first.year}-to-{as_of.isoformat()}")
    raise ParameterError(f"period: {name!r} is not known. Write one of {', '.join(PERIODS)}.")


def _months(as_of: date, number: int) -> Span:
    end = _month(as_of, 0)
    start, last = _month(end, -number), _month(end, -1)
    first = f"{start.year}-{start.month:02d}"
    label = first if number == 1 else f"{first}-to-{last.year}-{last.month:02d}"
    return Span(start.isoformat(), end.isoformat(), label)


def _month(day: date, ahead: int) -> date:
    """Return the first day of the month that many months ahead."""
    whole = day.year * MONTHS_A_YEAR + day.month - 1 + ahead
    return date(whole // MONTHS_A_YEAR, whole % MONTHS_A_YEAR + 1, 1)
