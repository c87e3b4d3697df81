"""What a source holds before any rule is applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ibis.backends import BaseBackend
    from ibis.expr.types import Table

    from supportlab.desk.faults import Fault

__all__ = ["FILE_COLUMN", "ROW_COLUMN", "RawTable", "Source"]

# Carried beside the columns of files so that a fault can name its rows.
ROW_COLUMN = "supportlab_row"
FILE_COLUMN = "supportlab_file"


@dataclass(frozen=True)
class RawTable:
    """
    One table as the source gives it.

    Parameters
    ----------
    name : str
        Contract name.
    rows : ibis Table
        All columns of the source, and the row columns where it is a file.
    row_columns : tuple of str
        Columns that number the rows; empty for tables of a database.
    verify : callable or None
        For text: from the rows that arrived to the faults of those that did not.
    """

    name: str
    rows: Table
    row_columns: tuple[str, ...] = ()
    verify: Callable[[int], list[Fault]] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The source's own columns, in its order."""
        return tuple(c for c in self.rows.columns if c not in (ROW_COLUMN, FILE_COLUMN))


@dataclass(frozen=True)
class Source:
    """
    An opened source.

    Parameters
    ----------
    label : str
        Its name for people; never a secret.
    backend : ibis backend
        Where its tables are.
    tables : dict of str to RawTable
        In contract order.
    faults : list of Fault
        What was wrong on the way.
    scratch : Path or None
        Private folder of our own engine; None where the engine is somebody else's, in which
        nothing is ever created.
    """

    label: str
    backend: BaseBackend
    tables: dict[str, RawTable] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    scratch: Path | None = None
