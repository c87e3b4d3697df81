"""The desk that everything above reads from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from supportlab.desk.audit import Audit
from supportlab.desk.config import DeskConfig
from supportlab.desk.contract import CONTRACT
from supportlab.desk.fingerprints import Fingerprint, fingerprint_tables
from supportlab.desk.slices import slice_tables
from supportlab.errors import DataError, ParameterError, did_you_mean

if TYPE_CHECKING:
    from ibis.backends import BaseBackend
    from ibis.expr.types import Table

__all__ = ["Desk"]

T = TypeVar("T")


@dataclass(frozen=True)
class Desk:
    """
    A source brought to the contract, as it stood at one moment.

    Not to be made by hand: ``open_desk`` makes it. Rows stay in the engine; what is asked of a
    table is computed there.

    Parameters
    ----------
    name : str
        The desk's name.
    source : str
        Label of the source; never a secret.
    backend : ibis backend
        Where the rows are.
    config : DeskConfig
        Settings in force.
    as_of : datetime
        The moment, UTC without zone.
    as_of_source : str
        ``argument``, ``desk.toml`` or ``latest time in the data``.
    audit : Audit
        What the source holds and what is wrong with it.
    slice : mapping
        Values that ``where`` has narrowed the desk to, by column; empty for the whole.
    """

    name: str
    source: str
    backend: BaseBackend
    config: DeskConfig
    as_of: datetime
    as_of_source: str
    audit: Audit
    _tables: Mapping[str, Table] = field(repr=False)
    _whole: Mapping[str, Table] = field(repr=False)
    _provided: Mapping[str, frozenset[str]] = field(repr=False)
    slice: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _keep: Callable[[Table], Table] | None = field(default=None, repr=False)
    _known: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def table_names(self) -> tuple[str, ...]:
        """Tables that the source has, in contract order."""
        return tuple(name for name in CONTRACT if name in self._tables)

    def table(self, name: str) -> Table:
        """
        Return a canonical table as it stood at ``as_of``.

        Parameters
        ----------
        name : str
            Contract name.

        Returns
        -------
        ibis Table
            All columns of the contract in its types and order; columns that the source does
            not have are missing in every row.

        Raises
        ------
        DataError
            When the source has no such table; ask ``has`` first.
        """
        _check_name(name)
        if name not in self._tables:
            raise DataError(
                f"{self.source}: there is no table {name!r}. Provide {name}.csv or "
                f"{name}.parquet ({CONTRACT[name].grain})."
            )
        return self._tables[name]

    def has(self, name: str, *columns: str) -> bool:
        """
        Tell whether the source provides a table and columns of it.

        Parameters
        ----------
        name : str
            Contract name of the table.
        *columns : str
            Columns that must be there.

        Returns
        -------
        bool
            True where the table and all the columns are there, empty or not.
        """
        _check_name(name)
        for column in columns:
            if column not in CONTRACT[name].names:
                raise ParameterError(
                    f"{name} has no column {column!r}. {did_you_mean(column, CONTRACT[name].names)}"
                )
        return name in self._tables and self._provided[name].issuperset(columns)

    def provided(self, name: str) -> frozenset[str]:
        """
        Return the contract columns of a table that the source provides.

        Parameters
        ----------
        name : str
            Contract name of the table.

        Returns
        -------
        frozenset of str
            Empty where the table is absent.
        """
        _check_name(name)
        return self._provided[name] if name in self._tables else frozenset()

    def where(self, **conditions: str | tuple[str, ...] | list[str]) -> Desk:
        """
        Return the part of the desk that belongs to some markets or languages.

        Tables with that column are filtered, others follow their ticket or customer; tables
        of reference (agents, authority, rates, hours, holidays) stay whole. A table that can be
        tied to no market is left out.

        Parameters
        ----------
        **conditions : str or sequence of str
            ``market`` and ``language``: one value or several.

        Returns
        -------
        Desk
            The slice, with the audit of the whole.

        Raises
        ------
        ParameterError
            For another name, or a source that does not have the column.
        """
        wanted = {
            name: (value,) if isinstance(value, str) else tuple(value)
            for name, value in conditions.items()
        }
        tables = slice_tables(self._tables, self._provided, wanted)
        whole = slice_tables(self._whole, self._provided, wanted)
        narrowed = {**self.slice, **wanted}
        return replace(self, _tables=tables, _whole=whole, slice=narrowed, _known={})

    def once(self, name: str, compute: Callable[[], T]) -> T:
        """
        Compute something about the desk the first time it is asked for.

        Not for what depends on more than the desk and the name.

        Parameters
        ----------
        name : str
            What it is; the same name gives the same object again.
        compute : callable
            Makes it.

        Returns
        -------
        object
            What ``compute`` gave the first time.
        """
        if name not in self._known:
            self._known[name] = compute()
        known: T = self._known[name]
        return known

    def keep(self, rows: Table) -> Table:
        """
        Compute an expression now and keep its rows, where the engine is our own.

        Worth it where many questions are asked of one costly expression. Rows stay in the engine,
        on disk where memory is short; in somebody else's engine nothing is written, and the
        expression comes back as it is.

        Parameters
        ----------
        rows : ibis Table
            The expression.

        Returns
        -------
        ibis Table
            The same rows and columns.
        """
        return rows if self._keep is None else self._keep(rows)

    def fingerprint(self) -> Fingerprint:
        """
        Compute what identifies the content of the source.

        Returns
        -------
        Fingerprint
            Of all rows, those after ``as_of`` too; the same whatever the file format and the
            order of rows and columns.
        """
        return fingerprint_tables(self._whole, self._provided, self.backend.name)


def _check_name(name: str) -> None:
    if name not in CONTRACT:
        raise ParameterError(
            f"There is no canonical table {name!r}. {did_you_mean(name, CONTRACT)}"
        )
