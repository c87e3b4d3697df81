"""What a source holds, what breaks the contract, and how bad that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from supportlab.desk.counting import TableCount
from supportlab.desk.faults import Fault, faults_frame, faults_message
from supportlab.desk.staging import StagedTable
from supportlab.errors import listed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Audit", "tables_frame"]


@dataclass(frozen=True)
class Audit:
    """
    The outcome of holding a source against the contract.

    Parameters
    ----------
    source : str
        The source's label.
    tables : pandas.DataFrame
        One row a table: rows, columns there and absent, range of times, rows after ``as_of``.
    found : tuple of Fault
        All faults.
    """

    source: str
    tables: pd.DataFrame
    found: tuple[Fault, ...]

    @property
    def faults(self) -> pd.DataFrame:
        """All faults as a tidy table, bounded, those that stop first."""
        return faults_frame(self.found)

    @property
    def stops(self) -> bool:
        """Whether the source cannot be used as it is."""
        return any(fault.severity == "stop" for fault in self.found)

    def message(self) -> str:
        """
        Write what stops the source as bounded text.

        Returns
        -------
        str
            Empty where nothing stops it.
        """
        return faults_message(self.found, self.source)


def tables_frame(
    staged: Mapping[str, StagedTable],
    counts: Mapping[str, TableCount],
    n_after: Mapping[str, int],
) -> pd.DataFrame:
    """
    Write what a source holds as a tidy table.

    Parameters
    ----------
    staged : mapping of str to StagedTable
        Tables of the source, in contract order.
    counts : mapping of str to TableCount
        What was counted.
    n_after : mapping of str to int
        Rows that lie beyond ``as_of``.

    Returns
    -------
    pandas.DataFrame
        One row a table.
    """
    import pandas as pd

    rows = [_row(staged[name], counts[name], n_after.get(name, 0)) for name in staged]
    columns = [
        "table",
        "n_rows",
        "n_provided_columns",
        "absent_columns",
        "extra_columns",
        "first_at",
        "last_at",
        "n_after_as_of",
    ]
    frame = pd.DataFrame(rows, columns=columns)
    times = {"first_at": "datetime64[us]", "last_at": "datetime64[us]"}
    numbers = dict.fromkeys(("n_rows", "n_provided_columns", "n_after_as_of"), "int64")
    return frame.astype({**times, **numbers})


def _row(table: StagedTable, count: TableCount, n_after: int) -> tuple[Any, ...]:
    absent = [name for name in table.spec.names if name not in table.provided]
    return (
        table.spec.name,
        count.n_rows,
        len(table.provided),
        ", ".join(absent),
        ", ".join(table.extra),
        count.first_at,
        count.last_at,
        n_after,
    )


def structure_faults(table: StagedTable, count: TableCount) -> list[Fault]:
    """
    Tell what a table's columns lack or have too many of.

    Parameters
    ----------
    table : StagedTable
        The table.
    count : TableCount
        Its rows and empty columns.

    Returns
    -------
    list of Fault
        Required columns that are absent, columns not read or without any value, no rows.
    """
    name, faults = table.spec.name, []
    for column in table.spec.columns:
        if column.is_required and column.name not in table.provided:
            cure = _absent_cure(column.name, table.extra)
            faults.append(
                Fault(name, column.name, "missing_column", "stop", count.n_rows, "", cure)
            )
    if table.extra:
        cure = f"Not in the contract, so kept out: {listed(table.extra, shown=20)}."
        faults.append(Fault(name, "", "extra_columns", "note", len(table.extra), "", cure))
    # An empty column that is required is a fault of its own, value by value.
    required = {column.name for column in table.spec.columns if column.is_required}
    empty = [column for column in count.empty if column not in required]
    if empty:
        cure = f"Columns without a single value: {listed(empty, shown=20)}. Was a field left out?"
        faults.append(Fault(name, "", "empty_columns", "note", count.n_rows, "", cure))
    if not count.n_rows:
        cure = "The table has a header and no rows; what needs it is left out."
        faults.append(Fault(name, "", "no_rows", "warn", 0, "", cure))
    return faults


def _absent_cure(name: str, extra: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    forms = {column.strip().lower(): column for column in extra}
    near = get_close_matches(name, forms, n=1)
    hint = f" Is it {forms[near[0]]!r}?" if near else ""
    return f"The column is required and absent.{hint} Add it, or import through a mapping."


def time_of(value: Any) -> datetime | None:
    """Return an engine's time as a Python one, or None."""
    if value is None or value != value:
        return None
    converted: datetime = value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
    return converted
