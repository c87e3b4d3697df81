"""A source's table laid out as the contract has it, each value beside what the source gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis

from supportlab.desk.casts import TYPES, cast_column
from supportlab.desk.config import DeskConfig
from supportlab.desk.contract import CONTRACT
from supportlab.desk.raw_tables import RawTable
from supportlab.desk.rule import Rule, raw_name
from supportlab.desk.specs import Column, TableSpec

if TYPE_CHECKING:
    from ibis.expr.types import Table, Value

__all__ = ["StagedTable", "empty_table", "stage_table"]


@dataclass(frozen=True)
class StagedTable:
    """
    A canonical table with what is needed to audit it.

    Parameters
    ----------
    spec : TableSpec
        Its contract.
    rows : ibis Table
        Contract columns, the source's values under ``raw_`` names, and row columns.
    rules : tuple of Rule
        Rules of single columns.
    provided : frozenset of str
        Contract columns that the source has.
    extra : tuple of str
        Columns of the source that the contract does not know.
    row_columns : tuple of str
        Columns that number the rows.
    """

    spec: TableSpec
    rows: Table
    rules: tuple[Rule, ...]
    provided: frozenset[str]
    extra: tuple[str, ...]
    row_columns: tuple[str, ...]

    @property
    def canonical(self) -> Table:
        """The contract's columns alone, all rows."""
        return self.rows.select(*self.spec.names)


def stage_table(raw: RawTable, config: DeskConfig) -> StagedTable:
    """
    Lay a source's table out as the contract has it.

    Parameters
    ----------
    raw : RawTable
        What the source gives.
    config : DeskConfig
        Zone and formats declared.

    Returns
    -------
    StagedTable
        Unevaluated: nothing is read here.
    """
    spec = CONTRACT[raw.name]
    options, zone = config.file_options(raw.name), config.zone_of(raw.name)
    values: dict[str, Value] = {name: raw.rows[name] for name in raw.row_columns}
    rules: list[Rule] = []
    for column in spec.columns:
        rules += _required(spec, column)
        if column.name not in raw.columns:
            values[column.name] = ibis.null(TYPES[column.kind])
            values[raw_name(column.name)] = ibis.null("string")
            continue
        given = _empty_is_missing(raw.rows[column.name])
        cast = cast_column(raw.name, column, given, options, zone)
        values[raw_name(column.name)] = given
        values[column.name] = cast.value.cast(TYPES[column.kind])
        rules += cast.rules
    provided = frozenset(spec.names) & frozenset(raw.columns)
    extra = tuple(c for c in raw.columns if c not in spec.names)
    rows = raw.rows.select(**values)
    return StagedTable(spec, rows, tuple(rules), provided, extra, raw.row_columns)


def empty_table(spec: TableSpec) -> Table:
    """Return a table of no rows with the contract's columns and types."""
    schema = ibis.schema({column.name: TYPES[column.kind] for column in spec.columns})
    return ibis.memtable([], schema=schema)


def _empty_is_missing(value: Value) -> Value:
    return value.nullif("") if value.type().is_string() else value


def _required(spec: TableSpec, column: Column) -> list[Rule]:
    if not column.is_required:
        return []
    raw = raw_name(column.name)
    cure = "A value is needed in every row."
    return [Rule(spec.name, column.name, "missing_value", "stop", cure, lambda t: t[raw].isnull())]
