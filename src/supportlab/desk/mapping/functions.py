"""Functions of the embedded engine that expressions of a mapping use."""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt

__all__ = [
    "at_zone",
    "epoch_microseconds",
    "fits",
    "in_zone",
    "is_json",
    "json_text",
    "parse_offset_time",
    "parse_time",
]

NAIVE = dt.Timestamp(scale=6)
INSTANT = dt.Timestamp(timezone="UTC", scale=6)


@ibis.udf.scalar.builtin(name="regexp_full_match", signature=((dt.string, dt.string), dt.boolean))
def fits(text, shape):  # type: ignore[no-untyped-def]
    """Whether a whole text has a shape."""


@ibis.udf.scalar.builtin(name="try_strptime", signature=((dt.string, dt.string), NAIVE))
def parse_time(text, pattern):  # type: ignore[no-untyped-def]
    """Read a time without offset."""


@ibis.udf.scalar.builtin(name="try_strptime", signature=((dt.string, dt.string), INSTANT))
def parse_offset_time(text, pattern):  # type: ignore[no-untyped-def]
    """Read a time with its offset."""


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, NAIVE), INSTANT))
def at_zone(zone, time):  # type: ignore[no-untyped-def]
    """Take a local time as one of a zone."""


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, INSTANT), NAIVE))
def in_zone(zone, time):  # type: ignore[no-untyped-def]
    """Give the local time of an instant in a zone."""


@ibis.udf.scalar.builtin(name="make_timestamp", signature=((dt.int64,), NAIVE))
def epoch_microseconds(count):  # type: ignore[no-untyped-def]
    """Turn microseconds since 1970 into a time."""


@ibis.udf.scalar.builtin(name="json_extract_string", signature=((dt.string, dt.string), dt.string))
def json_text(value, path):  # type: ignore[no-untyped-def]
    """Take a text out of a JSON value."""


@ibis.udf.scalar.builtin(name="json_valid", signature=((dt.string,), dt.boolean))
def is_json(value):  # type: ignore[no-untyped-def]
    """Whether a text is JSON."""
