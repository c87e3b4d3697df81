"""Times as an export writes them, brought to UTC; what does not fit exactly becomes missing."""

from __future__ import annotations

from typing import Any

import ibis

from supportlab.desk.mapping.functions import (
    at_zone,
    epoch_microseconds,
    fits,
    in_zone,
    parse_offset_time,
    parse_time,
)
from supportlab.desk.mapping.models import TimeFormat
from supportlab.desk.mapping.patterns import (
    ISO,
    ISO_OFFSET_SHAPE,
    ISO_SHAPE,
    has_offset,
    shape_of,
)
from supportlab.desk.mapping.scope import Scope

__all__ = ["in_utc", "time_meaning"]

_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000}
# A count read in the wrong unit, or a zero for "none", lands outside 1990 to 2100.
_EARLIEST_EPOCH_SECONDS = 631_152_000
_LATEST_EPOCH_SECONDS = 4_102_444_800
_MICRO = 1_000_000


def in_utc(time: TimeFormat, text: Any, scope: Scope) -> Any:
    """
    Return the time of a text in UTC, without zone.

    Parameters
    ----------
    time : TimeFormat
        How it is written.
    text : ibis string
        The text.
    scope : Scope
        Where the column of zones is found.

    Returns
    -------
    ibis timestamp
        Missing where the text has none of the formats, the day does not exist, or the local
        time was left out when clocks were put forward.
    """
    if time.epoch:
        return _epoch(time.epoch, text)
    zone = _zone(time, scope)
    return ibis.coalesce(*(_by_pattern(pattern, text, zone) for pattern in time.formats))


def time_meaning(time: TimeFormat) -> str:
    """
    Say in words which texts a format reads.

    Parameters
    ----------
    time : TimeFormat
        The format.

    Returns
    -------
    str
        For messages.
    """
    if time.epoch:
        return f"a count of {time.epoch} since 1970, in the years 1990 to 2100"
    zone = time.zone or (f"the zone in {time.zone_from!r}" if time.zone_from else None)
    where = f" in {zone}, at a local time that exists" if zone else " with an offset"
    return " or ".join(repr(pattern) for pattern in time.formats) + where


def _zone(time: TimeFormat, scope: Scope) -> Any:
    if time.zone_from is None:
        return ibis.literal(time.zone) if time.zone else None
    written = scope.text(time.zone_from)
    pairs = [(written == name, ibis.literal(zone)) for name, zone in time.zone_names.items()]
    named = ibis.cases(*pairs, else_=written) if pairs else written
    # The engine fails on a zone that it does not know; such rows become faults instead.
    from supportlab.desk.known_codes import time_zones

    return ibis.cases((named.isin(sorted(time_zones())), named), else_=None)


def _by_pattern(pattern: str, text: Any, zone: Any) -> Any:
    if pattern == ISO:
        return _iso(text, zone)
    fitting = ibis.cases((fits(text, shape_of(pattern)), text), else_=None)
    if has_offset(pattern):
        return in_zone("UTC", parse_offset_time(fitting, pattern))
    return _from_local(parse_time(fitting, pattern), zone)


def _iso(text: Any, zone: Any) -> Any:
    with_offset = ibis.cases((fits(text, ISO_OFFSET_SHAPE), text), else_=None)
    plain_offset = with_offset.replace(" +", "+").replace(" -", "-").replace(" Z", "Z")
    instant = in_zone("UTC", plain_offset.try_cast("timestamp('UTC')"))
    if zone is None:
        return instant
    local = ibis.cases((fits(text, ISO_SHAPE), text), else_=None).try_cast("timestamp(6)")
    return ibis.coalesce(instant, _from_local(local, zone))


def _from_local(local: Any, zone: Any) -> Any:
    instant = at_zone(zone, local)
    # Clocks put forward leave out an hour; a time in it comes back as another one.
    exists = in_zone(zone, instant) == local
    return ibis.cases((exists, in_zone("UTC", instant)), else_=None)


def _epoch(unit: str, text: Any) -> Any:
    if unit == "ns":
        digits = ibis.cases((fits(text, r"\d{1,19}"), text), else_=None)
        micro = digits.try_cast("decimal(20, 0)").cast("decimal(38, 0)") // 1000
        micro = micro.cast("int64")
    else:
        number = ibis.cases((fits(text, r"\d{1,17}(?:\.\d+)?"), text), else_=None)
        per_second = _PER_SECOND[unit]
        micro = (number.try_cast("decimal(30, 9)") * (_MICRO // per_second)).floor()
        micro = micro.cast("int64")
    plausible = micro.between(_EARLIEST_EPOCH_SECONDS * _MICRO, _LATEST_EPOCH_SECONDS * _MICRO)
    return ibis.cases((plausible, epoch_microseconds(micro)), else_=None)
