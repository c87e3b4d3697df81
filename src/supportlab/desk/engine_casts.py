"""Casts and time zones in the words of each engine; DuckDB's are the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt

if TYPE_CHECKING:
    from ibis.expr.types import Value

__all__ = [
    "TIME",
    "engine_of",
    "guarded_cast",
    "local_to_utc",
    "reads_text_times",
    "shown_in",
    "utc_of",
]

TIME = dt.Timestamp(scale=6)
_ZONED = dt.Timestamp(timezone="UTC")
# Engines that know no cast which gives a missing value for what it cannot read.
_WITHOUT_TRY = ("postgres",)


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, dt.timestamp), _ZONED))  # type: ignore[untyped-decorator]
def _local_to_instant(zone: str, local: Any) -> Any: ...


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, _ZONED), dt.timestamp))  # type: ignore[untyped-decorator]
def _instant_to_local(zone: str, instant: Any) -> Any: ...


@ibis.udf.scalar.builtin(name="epoch_us", signature=((_ZONED,), dt.int64))  # type: ignore[untyped-decorator]
def _epoch_microseconds(instant: Any) -> Any: ...


@ibis.udf.scalar.builtin(name="make_timestamp", signature=((dt.int64,), dt.timestamp))  # type: ignore[untyped-decorator]
def _from_epoch_microseconds(microseconds: Any) -> Any: ...


@ibis.udf.scalar.builtin(name="isfinite", signature=((_ZONED,), dt.boolean))  # type: ignore[untyped-decorator]
def _is_finite(instant: Any) -> Any: ...


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]
    name="convert_timezone", signature=((dt.string, dt.string, dt.timestamp), dt.timestamp)
)
def _converted(from_zone: str, to_zone: str, local: Any) -> Any: ...


def engine_of(value: Value) -> str:
    """Return the name of the engine that a value lies in."""
    name: str = value.get_backend().name
    return name


def reads_text_times(value: Value) -> bool:
    """Return whether times and days written as text can be read there; elsewhere it is refused."""
    return engine_of(value) == "duckdb"


def guarded_cast(value: Value, kind: dt.DataType) -> Value:
    """
    Cast what the caller has held to a pattern or a range already.

    Parameters
    ----------
    value : ibis Value
        Text of a number, or a number.
    kind : ibis type
        The type to reach.

    Returns
    -------
    ibis Value
        Missing where it cannot be read; an engine without such a cast refuses the query there.
    """
    return value.cast(kind) if engine_of(value) in _WITHOUT_TRY else value.try_cast(kind)


def utc_of(instant: Value) -> Value:
    """Return the UTC, without zone, of an instant with zone."""
    if engine_of(instant) == "pyspark":
        # Ibis keeps Spark's session in UTC, in which this cast is made.
        return instant.cast(TIME)
    local = _instant_to_local("UTC", instant)
    if engine_of(instant) == "duckdb":
        # An instant is stored as microseconds of UTC; the library of zones takes twelve times as
        # long to say the same, and is asked only for what is no number.
        moment = _from_epoch_microseconds(_epoch_microseconds(instant))
        return _is_finite(instant).ifelse(moment, local).cast(TIME)
    return local.cast(TIME)


def local_to_utc(local: Value, zone: str) -> Value:
    """Return the UTC of a local time, both without zone."""
    if engine_of(local) == "pyspark":
        return _converted(zone, "UTC", local).cast(TIME)
    return utc_of(_local_to_instant(zone, local))


def shown_in(moment: Value, zone: str) -> Value:
    """Return the local time of a moment in UTC, both without zone."""
    if engine_of(moment) == "pyspark":
        return _converted("UTC", zone, moment).cast(TIME)
    return _instant_to_local(zone, _local_to_instant("UTC", moment)).cast(TIME)
