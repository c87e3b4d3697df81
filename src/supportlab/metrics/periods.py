"""Which rows belong to a period, and the text that names their month, week or day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from supportlab.errors import ParameterError

__all__ = [
    "DERIVED",
    "Period",
    "between",
    "moment_label",
    "moment_start",
    "moments",
    "period",
    "shifted",
    "start_label",
    "whole_seconds",
]

# Names that ``by`` may hold though no table has them: they come from the cohort's time.
DERIVED = ("month", "week", "day")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MICROSECONDS_PER_SECOND = 1_000_000


@dataclass(frozen=True)
class Period:
    """A half-open stretch of days in UTC: ``start`` is in, ``end`` is out."""

    start: date | None
    end: date | None

    @property
    def words(self) -> str:
        """The period for a message or a definition record."""
        first = self.start.isoformat() if self.start else "the beginning"
        last = self.end.isoformat() if self.end else "as_of"
        return f"from {first} to before {last}"


def period(start: str | date | None, end: str | date | None) -> Period:
    """
    Read the two ends of a period.

    Parameters
    ----------
    start, end : str, date or None
        ISO dates in UTC; ``start`` is included, ``end`` is not.

    Returns
    -------
    Period
        The dates, in order.

    Raises
    ------
    ParameterError
        When a text is no ISO date, or the end does not come after the start.

    Examples
    --------
    >>> period("2026-01-01", "2026-02-01").words
    'from 2026-01-01 to before 2026-02-01'
    """
    both = Period(_day("start", start), _day("end", end))
    if both.start and both.end and both.start >= both.end:
        raise ParameterError(
            f"start {both.start.isoformat()} must lie before end {both.end.isoformat()}; "
            "the end is not part of the period."
        )
    return both


def _day(name: str, value: str | date | None) -> date | None:
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    try:
        return date.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ParameterError(
            f"{name} is {value!r}; it must be an ISO date such as '2026-01-31' or None."
        ) from None


def between(moment: Any, days: Period) -> Any:
    """Return the condition that a time lies in the period; a missing time never does."""
    condition = moment.notnull()
    if days.start:
        condition = condition & (moment >= _midnight(days.start))
    if days.end:
        condition = condition & (moment < _midnight(days.end))
    return condition


def moments(value: datetime) -> Any:
    """Return a moment as a literal of the contract's time type."""
    import ibis

    return ibis.literal(value, type="timestamp(6)")


def shifted(moment: Any, days: int) -> Any:
    """Return a time expression moved by whole days."""
    import ibis

    if days < 0:
        return moment - ibis.interval(days=-days)
    return moment + ibis.interval(days=days)


def whole_seconds(later: Any, earlier: Any) -> Any:
    """
    Return the elapsed whole seconds, rounded down.

    Counted from microseconds: engines count the second marks that lie between two times when
    they are asked for seconds, and two times a microsecond apart could be one second apart.
    """
    return (later.delta(earlier, unit="microsecond") // MICROSECONDS_PER_SECOND).cast("int64")


def moment_label(moment: Any, name: str, week_start: str) -> Any:
    """Return the text that names the month, week or day of a time in UTC."""
    return start_label(moment_start(moment, name, week_start), name)


def moment_start(moment: Any, name: str, week_start: str) -> Any:
    """Return the first instant of the month, week or day of a time in UTC."""
    if name == "month":
        return moment.truncate("M")
    if name == "day":
        return moment.truncate("D")
    # Engines know weeks that begin on Monday; another first day is reached by moving the clock.
    offset = WEEKDAYS.index(week_start)
    return shifted(shifted(moment, -offset).truncate("W"), offset)


def start_label(start: Any, name: str) -> Any:
    """Return the text that names the month, week or day that begins at a time."""
    return start.strftime("%Y-%m") if name == "month" else start.date().cast("string")


def _midnight(day: date) -> Any:
    return moments(datetime(day.year, day.month, day.day))  # noqa: DTZ001 (UTC without a zone)


def days_after(moment: datetime, days: int) -> datetime:
    """Return a moment moved by whole days."""
    return moment + timedelta(days=days)
