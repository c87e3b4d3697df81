"""What a canonical table and a column are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Column", "ColumnKind", "TableSpec"]

ColumnKind = Literal[
    "key",
    "text",
    "code",
    "time",
    "date",
    "clock",
    "timezone",
    "money",
    "rate",
    "currency",
    "int",
    "float",
    "bool",
    "market",
    "language",
    "list",
]


@dataclass(frozen=True)
class Column:
    """
    One column of a canonical table.

    Parameters
    ----------
    name : str
        Contract name.
    kind : str
        Rule set: ``key`` and ``text`` are strings kept as they are; ``time`` is a UTC timestamp
        without zone; ``money`` is decimal(18, 4) in major units with the currency column
        ``currency_column``; ``rate`` is decimal(28, 12); ``market`` is ISO 3166-1 alpha-2;
        ``language`` is BCP 47; ``list`` is ``;``-separated text.
    meaning : str
        For people.
    is_required : bool
        A table without it is a fault, and so is a missing value.
    codes : tuple of str
        For ``code``, what is known.
    currency_column : str or None
        For ``money``, where its ISO 4217 code stands.
    minimum : float or None
        Smallest value that can be true.
    references : str or None
        Table whose key this column repeats.
    """

    name: str
    kind: ColumnKind
    meaning: str
    is_required: bool = False
    codes: tuple[str, ...] = ()
    currency_column: str | None = None
    minimum: float | None = None
    references: str | None = None


@dataclass(frozen=True)
class TableSpec:
    """
    One canonical table.

    Parameters
    ----------
    name : str
        Contract name, which is the file's stem.
    grain : str
        What one row is.
    columns : tuple of Column
        In contract order.
    key : tuple of str
        Columns that identify a row; empty where nothing does.
    time : str or None
        The time that puts a row into a window and is compared with ``as_of``.
    later_times : tuple of str
        Times that may come after it and are unknown when they lie beyond ``as_of``.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    time: str | None = None
    later_times: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in contract order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column of that name."""
        return next(column for column in self.columns if column.name == name)
