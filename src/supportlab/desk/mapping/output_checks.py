"""The tables that came out, held against the contract before anybody sees them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from supportlab.desk.contract import CONTRACT, TableSpec
from supportlab.desk.faults import Fault, faults_frame, faults_message
from supportlab.errors import DataError

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

__all__ = ["output_faults"]

ROWS_SHOWN = 5


def output_faults(backend: BaseBackend, folder: Path, names: list[str]) -> None:
    """
    Refuse tables without their keys and required values, or with a key that comes twice.

    Parameters
    ----------
    backend : ibis backend
        Private engine.
    folder : Path
        Where the tables were written.
    names : list of str
        Which.

    Raises
    ------
    DataError
        With all faults of all tables.
    """
    faults: list[Fault] = []
    engine: Any = backend
    for name in names:
        table = engine.read_parquet(folder / f"{name}.parquet")
        faults += [*_missing(table, CONTRACT[name]), *_repeated(table, CONTRACT[name])]
        faults += _below(table, CONTRACT[name])
    if faults:
        label = "what the mapping makes of the source breaks the contract; nothing was written"
        raise DataError(faults_message(faults, label), faults_frame(faults))


def _missing(table: Any, spec: TableSpec) -> list[Fault]:
    faults = []
    for column in spec.columns:
        if not column.is_required or column.name not in table.columns:
            continue
        bad = table.filter(table[column.name].isnull())
        n = int(bad.count().execute())
        if n:
            cure = (
                "Needed in every row. Give a fallback by `coalesce`, or a `drop` with its reason."
            )
            shown = _shown(bad, spec)
            faults.append(Fault(spec.name, column.name, "missing_value", "stop", n, shown, cure))
    return faults


def _repeated(table: Any, spec: TableSpec) -> list[Fault]:
    if not spec.key:
        return []
    counted = table.group_by(list(spec.key)).agg(n=table.count())
    twice = counted.filter(counted.n > 1)
    n = twice.n.sum().execute()
    if n is None or n != n or not int(n):
        return []
    cure = (
        "The key comes more than once. Collapse the rows by it (`sequence` and `collapse`), or "
        "drop the older ones."
    )
    shown = _shown(twice, spec)
    return [Fault(spec.name, ", ".join(spec.key), "duplicate_key", "stop", int(n), shown, cure)]


def _below(table: Any, spec: TableSpec) -> list[Fault]:
    faults = []
    for column in spec.columns:
        if column.minimum is None or column.name not in table.columns:
            continue
        bad = table.filter(table[column.name] < column.minimum)
        n = int(bad.count().execute())
        if n:
            cure = f"Below {column.minimum:g}, the smallest value that can be true."
            shown = _shown(bad, spec)
            faults.append(Fault(spec.name, column.name, "too_small", "stop", n, shown, cure))
    return faults


def _shown(table: Any, spec: TableSpec) -> str:
    keys = [name for name in (spec.key or spec.names[:1]) if name in table.columns]
    rows = table.select(keys).order_by(keys).limit(ROWS_SHOWN).execute()
    return ", ".join(" ".join(map(str, row)) for row in rows.itertuples(index=False))
