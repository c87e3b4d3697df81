"""What identifies the content of a source, whatever file, row order or column order it came in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ibis

from supportlab.desk.contract import CONTRACT
from supportlab.desk.specs import TableSpec

if TYPE_CHECKING:
    from ibis.expr.types import Table

__all__ = ["Fingerprint", "fingerprint_tables"]

# Hexadecimal digits that a signed 64-bit integer holds without overflow.
PIECE = 15
# Two pieces make 120 bits: two different tables never share them by chance.
N_PIECES = 2
DIGITS = "0123456789abcdef"
# Doubles below this are written exactly as decimals with twelve places.
LARGEST_EXACT = 1e15


@dataclass(frozen=True)
class Fingerprint:
    """
    Identity of a source's content.

    Parameters
    ----------
    value : str
        Hexadecimal digest over all tables.
    tables : dict
        ``{name: {"rows": int, "fingerprint": str}}``, in contract order.
    """

    value: str
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)


def fingerprint_tables(
    tables: Mapping[str, Table], provided: Mapping[str, frozenset[str]], engine: str
) -> Fingerprint:
    """
    Compute the fingerprint of canonical tables inside their engine.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        Canonical tables, all rows.
    provided : mapping of str to frozenset of str
        Columns that the source has; a column that is absent differs from one that is empty.
    engine : str
        Name of the ibis backend.

    Returns
    -------
    Fingerprint
        Of the whole and of each table.

    Notes
    -----
    Each row is written as text in which a missing value differs from any text and no two
    columns can run together, hashed with MD5, and two 60-bit pieces of the hashes are summed as
    exact decimals: the sum does not depend on the order of rows, and counts repeated rows.
    """
    each = {
        name: _table_fingerprint(CONTRACT[name], rows, provided[name], engine)
        for name, rows in tables.items()
    }
    text = ";".join(f"{name}:{item['rows']}:{item['fingerprint']}" for name, item in each.items())
    return Fingerprint(hashlib.sha256(text.encode()).hexdigest(), each)


def _table_fingerprint(
    spec: TableSpec, rows: Table, provided: frozenset[str], engine: str
) -> dict[str, Any]:
    hashed = rows.select(hash=_row_text(spec, rows, provided).hexdigest("md5"))
    pieces = {
        f"piece_{i}": _as_integer(hashed["hash"].substr(i * PIECE, PIECE), engine)
        .cast("decimal(38, 0)")
        .sum()
        for i in range(N_PIECES)
    }
    sums = hashed.aggregate(n=hashed.count(), **pieces).to_pandas().iloc[0]
    n_rows = int(sums["n"])
    totals = [str(int(sums[name])) if n_rows else "0" for name in pieces]
    text = "|".join([spec.name, ",".join(sorted(provided)), str(n_rows), *totals])
    return {"rows": n_rows, "fingerprint": hashlib.sha256(text.encode()).hexdigest()}


def _row_text(spec: TableSpec, rows: Table, provided: frozenset[str]) -> Any:
    parts = [
        _cell_text(rows[column.name], column.kind)
        for column in spec.columns
        if column.name in provided
    ]
    return ibis.literal("").concat(*parts)


def _cell_text(value: Any, kind: str) -> Any:
    text = _value_text(value, kind)
    return ibis.ifelse(
        value.isnull(), "-", text.length().cast("string").concat(":", text)
    ).fill_null("-")


def _value_text(value: Any, kind: str) -> Any:
    if kind == "time":
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    if kind == "date":
        return value.strftime("%Y-%m-%d")
    if kind == "bool":
        return ibis.ifelse(value, "true", "false")
    if kind == "float":
        # An engine may change how it prints a double; a decimal of fixed scale has one form.
        exact = value.try_cast("decimal(38, 12)").cast("string")
        return ibis.ifelse(value.abs() < LARGEST_EXACT, exact, value.cast("string"))
    return value.cast("string")


def _as_integer(digits: Any, engine: str) -> Any:
    if engine == "duckdb":
        return ibis.literal("0x").concat(digits).cast("int64")
    total = ibis.literal(0).cast("int64")
    for place in range(PIECE):
        digit = ibis.literal(DIGITS).find(digits.substr(place, 1)).cast("int64")
        total = total * len(DIGITS) + digit
    return total
