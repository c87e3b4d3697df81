"""Which file of a folder holds which canonical table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from supportlab.desk.config import CONFIG_FILE
from supportlab.desk.contract import CONTRACT
from supportlab.desk.faults import Fault
from supportlab.errors import did_you_mean, listed

__all__ = ["FileFormat", "TableFile", "find_tables"]

FileFormat = Literal["csv", "jsonl", "parquet", "parts"]

_FORMATS: dict[str, FileFormat] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".csv.gz": "csv",
    ".tsv.gz": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".jsonl.gz": "jsonl",
    ".ndjson.gz": "jsonl",
    ".parquet": "parquet",
}
# What stands beside data by habit, and says nothing when it is not read.
_EXPECTED_BESIDE = frozenset(
    {CONFIG_FILE, "readme.md", "readme.txt", "readme", "truth.json", "import.json"}
)


@dataclass(frozen=True)
class TableFile:
    """A file, or a sub-folder of Parquet parts, that holds one table."""

    table: str
    path: Path
    format: FileFormat


def find_tables(folder: Path) -> tuple[list[TableFile], list[Fault]]:
    """
    Find the files of a folder that hold canonical tables.

    Parameters
    ----------
    folder : Path
        The folder that the caller named.

    Returns
    -------
    tuple of (list of TableFile, list of Fault)
        At most one file a table, in contract order, and what is ambiguous or not known.
    """
    found: dict[str, list[TableFile]] = defaultdict(list)
    faults: list[Fault] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")):
            continue
        table, kind = _table_and_format(path)
        if table in CONTRACT and kind:
            found[table].append(TableFile(table, path, kind))
        else:
            faults += _not_read(path, table, kind)
    faults += [_ambiguous(name, files) for name, files in found.items() if len(files) > 1]
    single = [found[name][0] for name in CONTRACT if len(found.get(name, ())) == 1]
    if not found:
        faults.append(_no_table(folder))
    return single, faults


def _table_and_format(path: Path) -> tuple[str, FileFormat | None]:
    if path.is_dir():
        return path.name.lower(), "parts" if path.name.lower() in CONTRACT else None
    stem, dot, endings = path.name.lower().partition(".")
    return stem, _FORMATS.get(dot + endings)


def _not_read(path: Path, table: str, kind: FileFormat | None) -> Iterator[Fault]:
    if path.name.lower() in _EXPECTED_BESIDE:
        return
    if table in CONTRACT:
        cure = f"Its ending is not read. Known endings: {listed(_FORMATS, shown=20)}."
        yield Fault(path.name, "", "unknown_format", "stop", 1, "", cure)
        return
    what = "file" if kind else "entry"
    cure = f"This {what} is no canonical table and was not read. {did_you_mean(table, CONTRACT)}"
    yield Fault(path.name, "", "unknown_file", "note", 1, "", cure)


def _ambiguous(table: str, files: list[TableFile]) -> Fault:
    names = listed([item.path.name for item in files])
    cure = f"Several files hold this table: {names}. Keep one."
    return Fault(table, "", "ambiguous_files", "stop", len(files), "", cure)


def _no_table(folder: Path) -> Fault:
    cure = (
        f"The folder holds no canonical table. Expected files such as tickets.csv or "
        f"tickets.parquet; known tables: {listed(CONTRACT, shown=20)}."
    )
    return Fault(folder.name or str(folder), "", "no_table", "stop", 1, "", cure)
