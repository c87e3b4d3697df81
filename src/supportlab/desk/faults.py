"""Faults of a source: one row a fault, counted, bounded, each with its cure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FAULT_COLUMNS", "MOST_FAULTS", "Fault", "Severity", "faults_frame", "faults_message"]

Severity = Literal["stop", "warn", "note"]

# More faults than this have one cause, and nobody reads them.
MOST_FAULTS = 200
# A cell of the table stays readable in a notebook and a terminal.
CELL_LENGTH = 400
# An error message shows this many faults; the table has the rest.
FAULTS_IN_MESSAGE = 20
_ORDER = {"stop": 0, "warn": 1, "note": 2}


@dataclass(frozen=True)
class Fault:
    """
    One broken rule in one place.

    Parameters
    ----------
    table : str
        Table, or file where no table could be read.
    column : str
        Column, or empty where the whole table is meant.
    rule : str
        Short stable name of the rule.
    severity : str
        ``stop`` (the data cannot be used so), ``warn`` (a number may mislead), ``note``.
    n_rows : int
        Rows that break it.
    first_rows : str
        The first of them: data row numbers of a file (from 1), or keys.
    what_to_do : str
        What came, what is allowed, and the cure.
    """

    table: str
    column: str
    rule: str
    severity: Severity
    n_rows: int
    first_rows: str
    what_to_do: str


FAULT_COLUMNS = tuple(item.name for item in fields(Fault))


def faults_frame(faults: Iterable[Fault]) -> pd.DataFrame:
    """
    Write faults as a tidy table, the grave ones first.

    Parameters
    ----------
    faults : iterable of Fault
        In the order in which they were found.

    Returns
    -------
    pandas.DataFrame
        One row a fault, at most ``MOST_FAULTS`` and one that counts the rest.
    """
    import pandas as pd

    ordered = sorted(faults, key=lambda fault: _ORDER[fault.severity])
    rows = [_cut_row(fault) for fault in _bounded(ordered)]
    frame = pd.DataFrame(rows, columns=list(FAULT_COLUMNS))
    return frame.astype({"n_rows": "int64"})


def faults_message(faults: Iterable[Fault], source: str) -> str:
    """
    Write what stops a source, for a terminal.

    Parameters
    ----------
    faults : iterable of Fault
        All faults; only those that stop are shown.
    source : str
        The source's label.

    Returns
    -------
    str
        A heading and one line a fault, bounded; empty when nothing stops.
    """
    stops = [fault for fault in faults if fault.severity == "stop"]
    if not stops:
        return ""
    many = "fault" if len(stops) == 1 else "faults"
    lines = [f"{source}: {len(stops):,} {many} in the data."]
    lines += [fault_line(fault) for fault in stops[:FAULTS_IN_MESSAGE]]
    if len(stops) > FAULTS_IN_MESSAGE:
        lines.append(f"  and {len(stops) - FAULTS_IN_MESSAGE:,} more, in the table of faults.")
    return "\n".join(lines)


def fault_line(fault: Fault) -> str:
    """Return one fault as one line of a terminal."""
    place = f"{fault.table}.{fault.column}" if fault.column else fault.table
    count = f" {fault.n_rows:,} rows" if fault.n_rows > 1 else ""
    where = f" [{fault.first_rows}]" if fault.first_rows else ""
    seen = f":{count}{where}" if count or where else ""
    return _cut(f"  {place}: {fault.rule}{seen}. {fault.what_to_do}", 2 * CELL_LENGTH)


def _bounded(faults: list[Fault]) -> list[Fault]:
    if len(faults) <= MOST_FAULTS:
        return faults
    rest = faults[MOST_FAULTS:]
    last = Fault(
        "",
        "",
        "more",
        rest[0].severity,
        sum(fault.n_rows for fault in rest),
        "",
        f"and {len(rest):,} more faults; cure these first and check again.",
    )
    return [*faults[:MOST_FAULTS], last]


def _cut_row(fault: Fault) -> tuple[object, ...]:
    return tuple(_cut(v, CELL_LENGTH) if isinstance(v, str) else v for v in astuple(fault))


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
