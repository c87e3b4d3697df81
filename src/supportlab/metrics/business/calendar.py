"""When a schedule is open: opening hours as stretches of UTC seconds, by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

__all__ = ["DAY_SECONDS", "DayRow", "Opening", "day_rows", "open_stretches"]

DAY_SECONDS = 24 * 60 * 60
# A change of offset may fall just outside the local day that it shifts (as at midnight): offsets
# are compared this long before and after it. No zone has two changes within so short a time.
_MARGIN_SECONDS = 3 * 60 * 60
_EPOCH_DAY = date(1970, 1, 1).toordinal()

Stretch = tuple[int, int]


@dataclass(frozen=True)
class Opening:
    """
    One opening of a weekday, in the wall time of a zone.

    Parameters
    ----------
    weekday : int
        0 is Monday.
    opens, closes : int
        Seconds after local midnight; ``closes`` is not part of it and may be 86400.
    zone : str
        IANA zone.
    valid_from, valid_to : date or None
        First and last local day.
    """

    weekday: int
    opens: int
    closes: int
    zone: str
    valid_from: date | None = None
    valid_to: date | None = None

    def is_valid_on(self, day: date) -> bool:
        """Tell whether the opening is in force on a local day, whatever its weekday."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class DayRow:
    """Open seconds before a UTC day, and the stretches of that day in seconds of the day."""

    day: date
    before: int
    stretches: tuple[Stretch, ...]


def open_stretches(
    openings: Iterable[Opening], days: Sequence[date], closed: frozenset[date]
) -> list[Stretch]:
    """
    Return when a schedule is open, as merged stretches of seconds since 1970 UTC.

    An instant is open when the wall time of the zone, at that instant, lies in an opening of that
    local day. So an hour that a change of the clocks repeats counts twice, and one that it skips
    not at all.

    Parameters
    ----------
    openings : iterable of Opening
        The weekly hours.
    days : sequence of date
        Local days to look at.
    closed : frozenset of date
        Local days off.

    Returns
    -------
    list of (int, int)
        Ordered, apart from each other; ends are not part of them.
    """
    by_weekday: dict[int, list[Opening]] = {}
    for opening in openings:
        by_weekday.setdefault(opening.weekday, []).append(opening)
    found = [
        stretch
        for day in days
        if day not in closed
        for opening in by_weekday.get(day.weekday(), ())
        if opening.is_valid_on(day)
        for stretch in _instants(opening, day)
    ]
    return _merged(found)


def day_rows(stretches: Sequence[Stretch], first: date, last: date) -> Iterator[DayRow]:
    """
    Cut stretches at UTC midnights and count what lies before each day.

    Parameters
    ----------
    stretches : sequence of (int, int)
        From `open_stretches`.
    first, last : date
        UTC days, both included.

    Yields
    ------
    DayRow
        One a day, in order; ``before`` counts from the first stretch on.
    """
    parts = _by_day(stretches)
    begin = _day_number(first)
    before = sum(end - start for day, kept in parts.items() if day < begin for start, end in kept)
    for number in range(begin, _day_number(last) + 1):
        kept = parts.get(number, ())
        yield DayRow(date.fromordinal(number + _EPOCH_DAY), before, tuple(kept))
        before += sum(end - start for start, end in kept)


def _by_day(stretches: Sequence[Stretch]) -> dict[int, list[Stretch]]:
    parts: dict[int, list[Stretch]] = {}
    for start, end in stretches:
        while start < end:
            day = start // DAY_SECONDS
            midnight = (day + 1) * DAY_SECONDS
            stop = min(end, midnight)
            parts.setdefault(day, []).append((start - day * DAY_SECONDS, stop - day * DAY_SECONDS))
            start = stop
    return parts


def _day_number(day: date) -> int:
    return day.toordinal() - _EPOCH_DAY


def _instants(opening: Opening, day: date) -> Iterator[Stretch]:
    """Return the instants of an opening, apart before and after a change of the offset."""
    midnight = _day_number(day) * DAY_SECONDS
    opens, closes = midnight + opening.opens, midnight + opening.closes
    early, late, change = _offsets(opening.zone, day)
    if early == late:
        yield opens - early, closes - early
        return
    for start, end in (
        (opens - early, min(closes - early, change)),
        (max(opens - late, change), closes - late),
    ):
        if start < end:
            yield start, end


@lru_cache(maxsize=100_000)
def _offsets(zone: str, day: date) -> tuple[int, int, int]:
    """Return the offset before and after a local day, and when the one gives way to the other."""
    midnight = _day_number(day) * DAY_SECONDS
    start = midnight - _offset(zone, midnight) - _MARGIN_SECONDS
    end = start + DAY_SECONDS + 2 * _MARGIN_SECONDS
    early, late = _offset(zone, start), _offset(zone, end)
    if early == late:
        return early, late, end
    while end - start > 1:
        middle = (start + end) // 2
        if _offset(zone, middle) == early:
            start = middle
        else:
            end = middle
    return early, late, end


def _offset(zone: str, instant: int) -> int:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=instant)
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _merged(stretches: list[Stretch]) -> list[Stretch]:
    merged: list[Stretch] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
