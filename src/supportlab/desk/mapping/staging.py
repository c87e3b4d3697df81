"""Files of an export brought to text columns of a private engine, every row counted."""

# The engine takes no parameters for names and table functions: every name goes through _name()
# and every text through _text(), which quote it.
# ruff: noqa: S608

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supportlab.desk.config import FileOptions
from supportlab.desk.faults import Fault
from supportlab.desk.mapping.models import Input, MappingFile
from supportlab.desk.text_files import TextFault, header_names, prepare_text
from supportlab.errors import DataError, ParameterError, listed

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

__all__ = ["ROW", "SourceFile", "StagedInput", "Stager", "find_files"]

# Number of the row in its input, from 1; the separator keeps it apart from any header's name.
ROW = "supportlab|row"
_LONGEST_LINE = 1 << 24
# One record of a nested export can be a whole page of tickets.
_LONGEST_OBJECT = 1 << 28


@dataclass(frozen=True)
class SourceFile:
    """A file of the source that an input takes."""

    input: str
    path: Path
    name: str


@dataclass(frozen=True)
class StagedInput:
    """An input as text columns: names in the order of the files, and how many rows."""

    name: str
    table: str
    columns: tuple[str, ...]
    n_rows: int
    absent: tuple[str, ...] = ()


def find_files(model: MappingFile, source: Path) -> dict[str, list[SourceFile]]:
    """
    Find the files of each input, and refuse what lies outside the source.

    Parameters
    ----------
    model : MappingFile
        The mapping.
    source : Path
        A folder, or the one file of a mapping that needs only one.

    Returns
    -------
    dict of str to list of SourceFile
        Sorted by name; absent optional inputs are left out.

    Raises
    ------
    ParameterError
        When the source is not there, or is a file where a folder is needed.
    DataError
        With all inputs that have no file, and files outside the source.
    """
    if source.is_file():
        return _single_file(model, source)
    if not source.is_dir():
        raise ParameterError(f"SOURCE {str(source)!r} is neither a folder nor a file.")
    found: dict[str, list[SourceFile]] = {}
    problems = []
    root = source.resolve()
    for name, item in model.inputs.items():
        paths = sorted({path for pattern in item.files for path in root.glob(pattern)})
        outside = [path.name for path in paths if not path.resolve().is_relative_to(root)]
        if outside:
            problems.append(f"inputs.{name}: {listed(outside)} point outside the source")
        files = [SourceFile(name, p, p.relative_to(root).as_posix()) for p in paths if p.is_file()]
        if files:
            found[name] = files
        elif not item.optional:
            there = sorted(path.name for path in root.iterdir())
            problems.append(
                f"inputs.{name}: no file fits {listed(item.files)}; in the folder: {listed(there)}"
            )
    if problems:
        raise DataError("\n  ".join(["the source does not fit the mapping:", *problems]))
    return found


def _single_file(model: MappingFile, source: Path) -> dict[str, list[SourceFile]]:
    needed = [name for name, item in model.inputs.items() if not item.optional]
    names = needed if len(needed) == 1 else list(model.inputs)
    if len(names) != 1:
        raise ParameterError(
            f"SOURCE {source.name!r} is one file, and the mapping {model.name!r} reads "
            f"{listed(names)}. Give the folder that holds them."
        )
    return {names[0]: [SourceFile(names[0], source.resolve(), source.name)]}


class Stager:
    """
    Loads inputs into tables of one engine.

    Parameters
    ----------
    backend : ibis backend
        Private embedded engine.
    scratch : Path
        Private folder.
    """

    def __init__(self, backend: BaseBackend, scratch: Path) -> None:
        self._backend: Any = backend
        self._scratch = scratch
        self.faults: list[Fault] = []

    def stage(self, name: str, item: Input, files: list[SourceFile]) -> StagedInput | None:
        """Load an input; None with faults noted when its files cannot be read."""
        n_before = len(self.faults)
        parts = []
        for number, file in enumerate(files):
            part = f"part_{name}_{number}"
            try:
                self._load(part, item, file)
                parts.append(part)
            except TextFault as fault:
                row = f"row {fault.row}" if fault.row else ""
                self._fault(file, fault.rule, 1, row, fault.cure)
            except OSError as error:
                self._fault(file, "unreadable_file", 1, "", f"{error.strerror or error}")
            except Exception as error:  # the engine's errors share no narrower public base
                if type(error).__module__.partition(".")[0] not in ("duckdb", "_duckdb"):
                    raise
                self._fault(file, "unreadable_file", 1, "", str(error).partition("\n")[0][:300])
        if len(self.faults) > n_before:
            return None
        return self._together(name, parts, item.optional_columns)

    def _fault(self, file: SourceFile, rule: str, n: int, first: str, cure: str) -> None:
        self.faults.append(Fault(f"{file.input}: {file.name}", "", rule, "stop", n, first, cure))

    def _load(self, part: str, item: Input, file: SourceFile) -> None:
        if item.format == "parquet":
            self._parquet(part, file)
        elif item.format == "csv":
            self._csv(part, item, file)
        else:
            self._json(part, item, file)

    def _csv(self, part: str, item: Input, file: SourceFile) -> None:
        options = FileOptions(encoding=item.encoding, delimiter=item.delimiter)
        folder = self._scratch / part
        folder.mkdir()
        text = prepare_text(file.path, options, folder, quotes=True)
        names = _distinct(header_names(text.header, item.delimiter, options))
        if len(names) == 1:
            cure = f"One column {names[0]!r}: is the delimiter really {item.delimiter!r}?"
            raise TextFault("one_column", cure)
        self._sql("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
        types = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(names)))
        picked = ", ".join(f"c{i} AS {_name(name)}" for i, name in enumerate(names))
        self._sql(
            f"CREATE TABLE {_name(part)} AS SELECT {picked} FROM read_csv({_text(text.path)}, "
            f"auto_detect=false, header=true, delim={_text(item.delimiter)}, quote='\"', "
            f"escape='\"', columns={{{types}}}, nullstr='', strict_mode=true, "
            "null_padding=false, store_rejects=true, ignore_errors=true, rejects_limit=0, "
            f"max_line_size={_LONGEST_LINE})"
        )
        self._count_lost(part, file, text.n_records - 1)

    def _count_lost(self, part: str, file: SourceFile, expected: int) -> None:
        rejected = self._sql(
            "SELECT count(DISTINCT line), list(DISTINCT line ORDER BY line)[:5], "
            "list(DISTINCT error_type::VARCHAR ORDER BY error_type::VARCHAR) FROM reject_errors"
        )[0]
        if rejected[0]:
            first = ", ".join(f"line {line}" for line in rejected[1])
            kinds = ", ".join(kind.lower() for kind in rejected[2])
            cure = f"These rows do not have the shape of the header: {kinds}."
            self._fault(file, "ragged_rows", rejected[0], first, cure)
            return
        n_read = self._count(part)
        if n_read != expected:
            cure = f"{n_read:,} rows were read where {expected:,} were counted; check the quotes."
            self._fault(file, "rows_lost", abs(n_read - expected), "", cure)

    def _json(self, part: str, item: Input, file: SourceFile) -> None:
        options = FileOptions(encoding=item.encoding)
        folder = self._scratch / part
        folder.mkdir()
        text = prepare_text(file.path, options, folder, quotes=False)
        layout = "newline_delimited" if item.format == "jsonl" else "auto"
        objects = (
            f"SELECT json AS parent, json AS record FROM read_json_objects({_text(text.path)}, "
            f"format='{layout}', maximum_object_size={_LONGEST_OBJECT})"
        )
        if item.format == "jsonl":
            n_read = self._sql(f"SELECT count(*) FROM ({objects})")[0][0]
            if n_read != text.n_records:
                cure = f"{n_read:,} records were read in {text.n_records:,} lines."
                self._fault(file, "rows_lost", abs(n_read - text.n_records), "", cure)
                return
        if item.explode is not None:
            steps = json_path(item.explode)
            objects = (
                f"SELECT parent, unnest(from_json(json_extract(record, {_text(steps)}), "
                f"'[\"JSON\"]')) AS record FROM ({objects})"
            )
        picked = self._json_columns(objects, "record", "")
        if item.explode is not None:
            picked += self._json_columns(objects, "parent", "parent.")
        if not picked:
            raise TextFault("no_records", "The file holds no JSON objects with keys.")
        self._sql(f"CREATE TABLE {_name(part)} AS SELECT {', '.join(picked)} FROM ({objects})")

    def _json_columns(self, objects: str, column: str, prefix: str) -> list[str]:
        rows = self._sql(
            f"SELECT DISTINCT unnest(json_keys({column})) AS name FROM ({objects}) "
            f"WHERE json_type({column}) = 'OBJECT' ORDER BY 1"
        )
        names = [row[0] for row in rows]
        return [
            f"nullif(json_extract_string({column}, {_text(json_path(name, whole=True))}), '') "
            f"AS {_name(prefix + unique)}"
            for name, unique in zip(names, _distinct(names), strict=True)
        ]

    def _parquet(self, part: str, file: SourceFile) -> None:
        source = f"read_parquet({_text(file.path)})"
        rows = self._sql(f"DESCRIBE SELECT * FROM {source}")
        picked = ", ".join(_parquet_text(name, kind) for name, kind, *_ in rows)
        self._sql(f"CREATE TABLE {_name(part)} AS SELECT {picked} FROM {source}")

    def _together(self, name: str, parts: list[str], optional: list[str]) -> StagedInput | None:
        columns: dict[str, list[str]] = defaultdict(list)
        for part in parts:
            for column in self._backend.table(part).columns:
                columns[column].append(part)
        table = f"input_{name}"
        stacked = " UNION ALL BY NAME ".join(f"SELECT * FROM {_name(part)}" for part in parts)
        absent = tuple(column for column in optional if column not in columns)
        empty = [f"CAST(NULL AS VARCHAR) AS {_name(column)}" for column in absent]
        picked = ", ".join([*(_name(column) for column in columns), *empty])
        self._sql(
            f"CREATE TABLE {_name(table)} AS SELECT {picked}, row_number() OVER () AS "
            f"{_name(ROW)} FROM ({stacked})"
        )
        for part in parts:
            self._sql(f"DROP TABLE {_name(part)}")
        return StagedInput(name, table, (*columns, *absent), self._count(table), absent)

    def _count(self, table: str) -> int:
        return int(self._sql(f"SELECT count(*) FROM {_name(table)}")[0][0])

    def _sql(self, query: str) -> list[Any]:
        # The engine takes no other work while a result is only half read.
        return list(self._backend.raw_sql(query).fetchall())


def json_path(dotted: str, *, whole: bool = False) -> str:
    """Return the engine's path for ``a.b.c``, or for one key that may hold dots."""
    keys = [dotted] if whole else dotted.split(".")
    return "$" + "".join('."' + key.replace("\\", "\\\\").replace('"', '\\"') + '"' for key in keys)


def _parquet_text(name: str, kind: str) -> str:
    quoted = _name(name)
    if kind.startswith(("STRUCT", "MAP")) or kind.endswith("]"):
        return f"CAST(to_json({quoted}) AS VARCHAR) AS {quoted}"
    return f"nullif(CAST({quoted} AS VARCHAR), '') AS {quoted}"


def _distinct(names: list[str]) -> list[str]:
    """Number names that come again, as some exports repeat a heading; case does not count."""
    seen: dict[str, int] = {}
    unique = []
    for position, name in enumerate(names, start=1):
        shown = name or f"column_{position}"
        key = shown.lower()
        seen[key] = seen.get(key, 0) + 1
        unique.append(shown if seen[key] == 1 else f"{shown}_{seen[key]}")
    return unique


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str | Path) -> str:
    return "'" + str(value).replace("'", "''") + "'"
