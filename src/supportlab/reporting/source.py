"""The data of a run, opened once before any notebook starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from supportlab.errors import ParameterError, did_you_mean
from supportlab.reporting.cells import ReadingTable, reading_table
from supportlab.reporting.personal import masked

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["SourceFacts", "no_source", "read_source"]

FAULTS_SHOWN = 30
_NO_FAULTS = ReadingTable((), (), (), 0)


@dataclass(frozen=True)
class SourceFacts:
    """
    What a run says about its data.

    Parameters
    ----------
    name : str
        The desk's name.
    data : mapping
        For the manifest: source, fingerprint, tables.
    as_of : str
        The moment of the data.
    markets : tuple of str
        Markets in the data, sorted.
    faults : ReadingTable
        Faults that do not stop, for the index.
    """

    name: str
    data: Mapping[str, Any]
    as_of: str
    markets: tuple[str, ...] = ()
    faults: ReadingTable = field(default=_NO_FAULTS)


def read_source(data: str, as_of: str, market: str) -> SourceFacts:
    """
    Open a source, hold it against the contract, and fingerprint it.

    Parameters
    ----------
    data : str
        As the user wrote it.
    as_of, market : str
        As the user wrote them; empty when not given.

    Returns
    -------
    SourceFacts
        What the run says about its data.

    Raises
    ------
    DataError
        When the source cannot be read or has faults that stop.
    ParameterError
        When the market is not in the data.
    """
    from supportlab.desk import open_desk

    desk = open_desk(data, as_of=as_of or None)
    markets = _markets(desk)
    if market and market not in markets:
        raise ParameterError(
            f"market: {market!r} is not in the data. {did_you_mean(market, markets)}"
        )
    mark = desk.fingerprint()
    tables = {name: dict(mark.tables[name]) for name in desk.table_names if name in mark.tables}
    return SourceFacts(
        name=desk.name,
        data={"source": desk.source, "fingerprint": mark.value, "tables": tables},
        as_of=desk.as_of.isoformat(timespec="seconds").removesuffix("T00:00:00"),
        markets=markets,
        faults=_faults(desk),
    )


def no_source() -> SourceFacts:
    """
    Return the facts of a notebook that takes no data.

    Returns
    -------
    SourceFacts
        Empty.
    """
    return SourceFacts("", {"source": None, "fingerprint": None, "tables": {}}, "")


def _markets(desk: Desk) -> tuple[str, ...]:
    found: set[str] = set()
    for name in ("customers", "tickets"):
        if desk.has(name, "market"):
            rows = desk.table(name).select("market").distinct().order_by("market").execute()
            found |= {str(value) for value in rows["market"].dropna()}
    return tuple(sorted(found))


def _faults(desk: Desk) -> ReadingTable:
    columns = ["severity", "table", "column", "rule", "n_rows", "what_to_do"]
    table = reading_table(desk.audit.faults[columns], FAULTS_SHOWN)
    # A file's or a column's name is whatever somebody has called it.
    rows = tuple(tuple(masked(cell) for cell in row) for row in table.rows)
    return replace(table, rows=rows)
