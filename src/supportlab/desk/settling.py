"""Expressions settled in our own engine, so that what is built on them stays small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from supportlab.desk.config import DeskConfig
from supportlab.desk.faults import Fault
from supportlab.desk.raw_tables import ROW_COLUMN, RawTable, Source
from supportlab.desk.read_files import engine_fault
from supportlab.desk.staging import StagedTable, stage_table

if TYPE_CHECKING:
    from ibis.expr.types import Table

__all__ = ["keeper", "settle_staged", "settle_view"]


def settle_view(source: Source, name: str, rows: Table) -> Table:
    """
    Name an expression in our own engine; leave it as it is in somebody else's.

    Parameters
    ----------
    source : Source
        Whose engine it is.
    name : str
        Name of the view.
    rows : ibis Table
        The expression.

    Returns
    -------
    ibis Table
        The same rows.
    """
    if source.scratch is None:
        return rows
    return _view(source, name, source.backend.compile(rows))


def keeper(source: Source) -> Callable[[Table], Table] | None:
    """
    Return what computes an expression and keeps its rows in our own engine.

    Parameters
    ----------
    source : Source
        Whose engine it is.

    Returns
    -------
    callable or None
        Takes and gives an Ibis table; None where the engine is somebody else's.
    """
    if source.scratch is None:
        return None
    numbers = count()

    def keep(rows: Table) -> Table:
        name = f"kept_{next(numbers)}"
        source.backend.create_table(name, obj=rows, temp=True)
        return source.backend.table(name, database=("temp", "main"))

    return keep


def settle_staged(
    source: Source, raw: RawTable, config: DeskConfig
) -> tuple[StagedTable | None, list[Fault]]:
    """
    Stage a table; text is cast once and for all, what has types of its own as it is read.

    Parameters
    ----------
    source : Source
        Whose engine it is.
    raw : RawTable
        The source's table.
    config : DeskConfig
        Zone and formats declared.

    Returns
    -------
    tuple of (StagedTable or None, list of Fault)
        None where the engine cannot read the file, with the reason.
    """
    staged = stage_table(raw, config)
    if raw.verify is None or source.scratch is None:
        return replace(staged, rows=settle_view(source, f"staged_{raw.name}", staged.rows)), []
    target = source.scratch / f"{raw.name}.parquet"
    try:
        n_rows = _copy(source, staged.rows, target)
    except Exception as error:  # the engine's errors share no narrower public base
        return None, [engine_fault(error, raw.name)]
    rows = _view(source, f"staged_{raw.name}", _numbered(target))
    return replace(staged, rows=rows, row_columns=(ROW_COLUMN,)), raw.verify(n_rows)


def _copy(source: Source, rows: Table, target: Path) -> int:
    query = source.backend.compile(rows)
    copy = f"COPY ({query}) TO {_quoted(target)} (FORMAT parquet, COMPRESSION lz4_raw)"
    return int(source.backend.raw_sql(copy).fetchall()[0][0])


def _numbered(target: Path) -> str:
    # A copy keeps the order of the text, so the row of the copy is the row of the text.
    return (
        f"SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS {ROW_COLUMN} "  # noqa: S608
        f"FROM read_parquet({_quoted(target)}, file_row_number=true)"
    )


def _view(source: Source, name: str, query: str) -> Table:
    source.backend.raw_sql(f"CREATE OR REPLACE TEMP VIEW {name} AS {query}").fetchall()
    return source.backend.table(name, database=("temp", "main"))


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
