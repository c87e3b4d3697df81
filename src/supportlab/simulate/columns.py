"""Arrow columns from codes, seconds and amounts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from supportlab.simulate.arrays import NEVER, Array

__all__ = ["coded", "date", "decimal", "flag", "identifier", "number", "timestamp"]


def coded(codes: Array, names: Sequence[str]) -> pa.Array:
    """Return the name of every code, missing for codes below 0."""
    return pa.array(list(names), pa.string()).take(_index(codes))


def identifier(codes: Array, prefix: str, width: int) -> pa.Array:
    """Return `prefix` and the zero-padded number, missing for numbers below 0."""
    text = pc.utf8_lpad(pc.cast(_index(codes), pa.string()), width, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), text, "")


def timestamp(seconds: Array) -> pa.Array:
    """Return UTC times, missing for `NEVER`."""
    missing = seconds >= NEVER
    values = np.where(missing, 0, seconds).astype(np.int64) * 1_000
    return pa.array(values, pa.int64(), mask=missing).cast(pa.timestamp("ms", tz="UTC"))


def date(days: Array) -> pa.Array:
    """Return dates from days since the epoch, missing for `NEVER`."""
    missing = days >= NEVER
    return pa.array(np.where(missing, 0, days).astype(np.int32), pa.int32(), mask=missing).cast(
        pa.date32()
    )


def decimal(units: Array, precision: int, scale: int, missing: Array | None = None) -> pa.Array:
    """Return decimals from integers that count units of the last place."""
    low = units.astype(np.int64)
    words = np.empty((len(low), 2), dtype="<i8")
    words[:, 0], words[:, 1] = low, np.where(low < 0, -1, 0)
    kind = pa.decimal128(precision, scale)
    column = pa.Array.from_buffers(kind, len(low), [None, pa.py_buffer(words.tobytes())])
    if missing is None:
        return column
    return pc.if_else(pa.array(~missing), column, pa.scalar(None, kind))


def flag(values: Array) -> pa.Array:
    """Return booleans, missing for numbers below 0."""
    if values.dtype == bool:
        return pa.array(values, pa.bool_())
    return pa.array(values > 0, pa.bool_(), mask=values < 0)


def number(values: Array, kind: pa.DataType, missing: Array | None = None) -> pa.Array:
    """Return numbers, missing where said."""
    safe = values if missing is None else np.where(missing, 0, values)
    return pa.array(safe, mask=missing).cast(kind)


def _index(codes: Array) -> pa.Array:
    return pa.array(np.maximum(codes, 0).astype(np.int64), pa.int64(), mask=codes < 0)
