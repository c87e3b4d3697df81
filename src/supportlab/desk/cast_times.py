"""Times, dates and clocks brought to the contract's types; nothing about them is guessed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt

from supportlab.desk.config import FileOptions
from supportlab.desk.engine_casts import (
    TIME,
    local_to_utc,
    reads_text_times,
    shown_in,
    utc_of,
)
from supportlab.desk.rule import CastColumn, Rule, raw_name
from supportlab.desk.specs import Column

if TYPE_CHECKING:
    from ibis.expr.types import Value

__all__ = ["CLOCK", "DATE", "TIME", "cast_clock", "cast_date", "cast_time"]

DATE = dt.date
CLOCK = dt.string

_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?"
_LOCAL = f"^{_DAY}([T ]{_CLOCK})?$"
_OFFSET = f"^{_DAY}[T ]{_CLOCK}( UTC|Z| ?[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)$"
# Not every version of every engine reads a time without seconds that has an offset.
_NO_SECONDS = "^([^T ]+[T ][0-9]{2}:[0-9]{2})(Z|[+-].*)?$"
_USUAL = "____-__-__T__:__:__Z"
_DAY_ONLY = f"^{_DAY}$"
_EPOCH = "^[+-]?[0-9]{9,19}([.][0-9]+)?$"
_HOUR_MINUTE = "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"
# Zones shift their clocks by one hour, and one of them (Lord Howe) by half an hour.
_SHIFTS_MINUTES = (60, 30)
_ZONED = dt.Timestamp(timezone="UTC")


@ibis.udf.scalar.builtin(name="try_strptime", signature=((dt.string, dt.string), dt.timestamp))  # type: ignore[untyped-decorator]
def _parsed(text: str, pattern: str) -> Any: ...


def cast_time(
    table: str, column: Column, raw: Value, options: FileOptions, zone: str | None
) -> CastColumn:
    """
    Bring a column of times to UTC without zone.

    Parameters
    ----------
    table : str
        Table, for the faults.
    column : Column
        The contract's column.
    raw : ibis Value
        The source's column.
    options : FileOptions
        A declared time format, where there is one.
    zone : str or None
        Zone of times without an offset; None refuses them.

    Returns
    -------
    CastColumn
        The value, missing where it cannot be read, and the rules that tell why.
    """
    rule = partial(Rule, table, column.name, shows=raw_name(column.name))
    kind = raw.type()
    if kind.is_string() and not reads_text_times(raw):
        broken = rule("text_time", "stop", _TEXT_CURE, lambda t: _raw(t, column).notnull())
        return CastColumn(ibis.null(TIME), (broken,))
    if kind.is_string():
        if options.time_format:
            return _formatted(column, raw, options.time_format, zone, rule)
        return _iso_text(column, raw, zone, rule)
    if kind.is_timestamp() and kind.timezone:
        return CastColumn(_utc(raw), _epoch_start(column, rule))
    if kind.is_timestamp() or kind.is_date():
        return _naive(column, raw, zone, rule)
    if kind.is_numeric():
        broken = rule("epoch_number", "stop", _EPOCH_CURE, lambda t: _raw(t, column).notnull())
        return CastColumn(ibis.null(TIME), (broken,))
    cure = f"The column has the type {kind}; times are needed."
    return CastColumn(
        ibis.null(TIME),
        (rule("wrong_type", "stop", cure, lambda t: _raw(t, column).notnull(), shows=None),),
    )


_TEXT_CURE = (
    "Times and days written as text are read in files and in DuckDB only. Give the column a type "
    "of its own where it lies (timestamp, date), in the table or in a view of it."
)
_EPOCH_CURE = (
    "Numbers since 1970 are refused, since their unit cannot be seen. Name the unit in a mapping "
    "(supportlab import), or write ISO 8601 times."
)
_OFFSET_CURE = (
    "Times without an offset are ambiguous. Write them with one (2026-03-01T10:00:00Z), or say "
    'in desk.toml which zone they are in: timezone = "UTC", or an IANA zone.'
)
_ISO_CURE = (
    "Not ISO 8601 (2026-03-01T10:00:00Z); day-first and month-first are never guessed. Write ISO "
    "times, or declare the format in desk.toml, as "
    '[files.<table>] time_format = "%d/%m/%Y %H:%M".'
)
_NO_SUCH_CURE = "No such day or time of day exists."
_DAY_CURE = "Only a day is given and is read as its midnight; durations from it are rough."
_GAP_CURE = (
    "These local times do not exist in {zone} (clocks went forward); they are read as the "
    "instant that the shift leads to. Is the zone right?"
)
_FOLD_CURE = (
    "These local times exist twice in {zone} (clocks went back), so they may be wrong by the "
    "shift. Export times with an offset to be sure."
)


def _iso_text(column: Column, raw: Any, zone: str | None, rule: Any) -> CastColumn:
    # The usual spelling says its own zone, and is read without the costly patterns.
    value = ibis.ifelse(raw.like(_USUAL), raw.try_cast(TIME), _any_iso(raw, zone))
    rules = [_unread_time(column, zone, rule)]
    if zone is not None:
        note = partial(rule, "day_only", "note", _DAY_CURE)
        rules.append(note(lambda t: t[column.name].notnull() & _is_day(_raw(t, column))))
        rules += _clock_shifts(zone, rule, lambda t: _local_text(_raw(t, column)))
    return CastColumn(value, (*rules, *_epoch_start(column, rule)))


def _any_iso(raw: Any, zone: str | None) -> Any:
    text, none = _plain(raw), ibis.null("string")
    instant = ibis.ifelse(raw.re_search(_OFFSET), text, none).try_cast(_ZONED)
    if zone is None:
        return _utc(instant)
    local = ibis.ifelse(raw.re_search(_LOCAL), text, none).try_cast(TIME)
    return ibis.coalesce(_utc(instant), _to_utc(local, zone))


def _unread_time(column: Column, zone: str | None, rule: Any) -> Rule:
    kinds = [
        rule("epoch_number", "stop", _EPOCH_CURE, lambda t: _raw(t, column).re_search(_EPOCH)),
        rule("not_iso_time", "stop", _ISO_CURE, lambda t: _is_not_iso(_raw(t, column))),
        rule("no_such_time", "stop", _NO_SUCH_CURE, lambda t: _is_iso(_raw(t, column), zone)),
    ]
    if zone is None:
        is_local = lambda t: _raw(t, column).re_search(_LOCAL)  # noqa: E731
        kinds.append(rule("no_offset", "stop", _OFFSET_CURE, is_local))
    unread: Rule = rule(
        "unreadable_time",
        "stop",
        _ISO_CURE,
        lambda t: _raw(t, column).notnull() & t[column.name].isnull(),
        kinds=tuple(kinds),
    )
    return unread


def _formatted(column: Column, raw: Any, pattern: str, zone: str | None, rule: Any) -> CastColumn:
    cure = f"Not in the declared format {pattern!r}."
    rules = [
        rule(
            "not_in_format",
            "stop",
            cure,
            lambda t: _raw(t, column).notnull() & _parsed(_raw(t, column), pattern).isnull(),
        )
    ]
    if zone is None:
        rules.append(rule("no_offset", "stop", _OFFSET_CURE, lambda t: _raw(t, column).notnull()))
        return CastColumn(ibis.null(TIME), tuple(rules))
    rules += _clock_shifts(zone, rule, lambda t: _parsed(_raw(t, column), pattern))
    return CastColumn(
        _to_utc(_parsed(raw, pattern).cast(TIME), zone), (*rules, *_epoch_start(column, rule))
    )


def _naive(column: Column, raw: Any, zone: str | None, rule: Any) -> CastColumn:
    if zone is None:
        broken = rule("no_offset", "stop", _OFFSET_CURE, lambda t: _raw(t, column).notnull())
        return CastColumn(ibis.null(TIME), (broken,))
    rules = _clock_shifts(zone, rule, lambda t: _raw(t, column).cast(TIME))
    if raw.type().is_date():
        rules.append(rule("day_only", "note", _DAY_CURE, lambda t: _raw(t, column).notnull()))
    return CastColumn(_to_utc(raw.cast(TIME), zone), (*rules, *_epoch_start(column, rule)))


def _raw(table: Any, column: Column) -> Any:
    return table[raw_name(column.name)]


def _is_not_iso(raw: Any) -> Any:
    return raw.notnull() & ~(raw.re_search(_OFFSET) | raw.re_search(_LOCAL) | raw.re_search(_EPOCH))


def _is_iso(raw: Any, zone: str | None) -> Any:
    has_offset = raw.re_search(_OFFSET)
    return has_offset if zone is None else has_offset | raw.re_search(_LOCAL)


def _is_day(raw: Any) -> Any:
    return raw.length() == len("2026-03-01")


def _local_text(raw: Any) -> Any:
    text = ibis.ifelse(raw.re_search(_LOCAL), _plain(raw), ibis.null("string"))
    return text.try_cast(TIME)


def _plain(raw: Any) -> Any:
    """Return ISO text in the one spelling that engines read."""
    text = raw.replace(",", ".").replace(" UTC", "Z").replace(" +", "+").replace(" -", "-")
    return text.re_replace(_NO_SECONDS, r"\1:00\2")


def _utc(instant: Any) -> Any:
    return utc_of(instant)


def _to_utc(local: Any, zone: str) -> Any:
    return local if zone == "UTC" else local_to_utc(local, zone)


def _clock_shifts(zone: str, rule: Any, local: Any) -> list[Rule]:
    if zone == "UTC":
        return []
    return [
        rule(
            "nonexistent_local_time",
            "warn",
            _GAP_CURE.format(zone=zone),
            lambda t: _is_in_gap(local(t), zone),
        ),
        rule(
            "ambiguous_local_time",
            "warn",
            _FOLD_CURE.format(zone=zone),
            lambda t: _is_in_fold(local(t), zone),
        ),
    ]


def _is_in_gap(local: Any, zone: str) -> Any:
    return shown_in(local_to_utc(local, zone), zone) != local


def _is_in_fold(local: Any, zone: str) -> Any:
    """Return where another instant, a shift away, shows the same local time."""
    moment = local_to_utc(local, zone)
    found = ibis.literal(False)
    for minutes in _SHIFTS_MINUTES:
        for step in (minutes, -minutes):
            moved = moment + ibis.interval(minutes=step)
            found = found | (shown_in(moved, zone) == local)
    return found


def _epoch_start(column: Column, rule: Any) -> tuple[Rule, ...]:
    cure = "1970-01-01 is taken as it is; if it stands for a missing time, leave the field empty."
    start = ibis.timestamp("1970-01-01 00:00:00")
    return (rule("epoch_start", "warn", cure, lambda t: t[column.name] == start),)


def cast_date(table: str, column: Column, raw: Value, options: FileOptions) -> CastColumn:
    """
    Bring a column of days to dates.

    Parameters
    ----------
    table : str
        Table, for the faults.
    column : Column
        The contract's column.
    raw : ibis Value
        The source's column.
    options : FileOptions
        A declared date format, where there is one.

    Returns
    -------
    CastColumn
        The value and its rules.
    """
    kind = raw.type()
    cure = "Not an ISO 8601 day (2026-03-01), or no such day. A date_format can be declared."
    if kind.is_date():
        return CastColumn(raw)
    if kind.is_string() and not reads_text_times(raw):
        return CastColumn(ibis.null(DATE), (_unread(table, column, "text_time", _TEXT_CURE),))
    if kind.is_string() and options.date_format:
        value = _parsed(raw, options.date_format).date()
    elif kind.is_string():
        text = ibis.ifelse(raw.re_search(_DAY_ONLY), raw, ibis.null("string"))
        value = text.try_cast(DATE)
    elif kind.is_timestamp() and not kind.timezone:
        # A time of day in a column of days says that something else was meant.
        day = raw.cast(DATE)
        value = ibis.ifelse(day.cast(TIME) == raw.cast(TIME), day, ibis.null(DATE))
    else:
        value = ibis.null(DATE)
    return CastColumn(value, (_unread(table, column, "not_iso_date", cure),))


def cast_clock(table: str, column: Column, raw: Value) -> CastColumn:
    """Bring a column of times of day to text of the form HH:MM."""
    cure = "Not a time of day of the form HH:MM, from 00:00 to 24:00."
    rule = _unread(table, column, "not_a_clock_time", cure)
    if raw.type().is_time():
        return CastColumn(raw.strftime("%H:%M"), (rule,))
    if not raw.type().is_string():
        return CastColumn(ibis.null(CLOCK), (rule,))
    return CastColumn(ibis.ifelse(raw.re_search(_HOUR_MINUTE), raw, ibis.null(CLOCK)), (rule,))


def _unread(table: str, column: Column, name: str, cure: str) -> Rule:
    return Rule(
        table,
        column.name,
        name,
        "stop",
        cure,
        lambda t: _raw(t, column).notnull() & t[column.name].isnull(),
        shows=raw_name(column.name),
    )
