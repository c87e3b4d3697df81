"""Files as tables of a private embedded engine; no row is lost without a fault."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supportlab.desk.config import DeskConfig, FileOptions
from supportlab.desk.contract import CONTRACT
from supportlab.desk.faults import Fault
from supportlab.desk.folder import TableFile
from supportlab.desk.raw_tables import FILE_COLUMN, ROW_COLUMN, RawTable
from supportlab.desk.text_files import (
    PreparedText,
    TextFault,
    count_by_csv_module,
    detect_delimiter,
    header_names,
    prepare_text,
    with_one_line_end,
)
from supportlab.errors import did_you_mean, listed

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

__all__ = ["FileReader", "engine_fault"]

# The folders of a path from the root, in quotes.
_PLACE = re.compile(r"(?<=['\"])(?:[A-Za-z]:)?[/\\](?:[^'\"/\\]*[/\\])*")
# The engine's messages quote the file and the query; the first sentence says what is wrong.
MESSAGE_LENGTH = 300
_REJECTED = {
    "MISSING COLUMNS": "too_few_fields",
    "TOO MANY COLUMNS": "too_many_fields",
    "UNQUOTED VALUE": "broken_quotes",
    "LINE SIZE OVER MAXIMUM": "line_too_long",
    "INVALID ENCODING": "bad_encoding",
    "INVALID STATE": "broken_quotes",
}
_REJECT_CURES = {
    "too_few_fields": "These rows have fewer fields than the header.",
    "too_many_fields": "These rows have more fields than the header; a field that holds the "
    "delimiter must be quoted.",
    "broken_quotes": "Quotes in these rows do not match, or one is never closed. Quote the "
    "whole field and double the quotes inside it.",
    "line_too_long": "These rows are longer than any real row; a quote may be missing.",
    "bad_encoding": "These rows are not UTF-8.",
}


@dataclass(frozen=True)
class FileReader:
    """
    Reads the files of a folder into tables of one engine.

    Parameters
    ----------
    backend : ibis backend
        Private embedded engine.
    scratch : Path
        Private folder that is removed with the engine.
    config : DeskConfig
        Tells how single files are written.
    """

    backend: BaseBackend
    scratch: Path
    config: DeskConfig

    def read(self, file: TableFile) -> tuple[RawTable | None, list[Fault]]:
        """Return the table of a file, or None and why not."""
        try:
            return self._by_format(file)
        except TextFault as fault:
            first = str(fault.row) if fault.row else ""
            return None, [Fault(file.table, "", fault.rule, "stop", 1, first, fault.cure)]
        except OSError as error:
            cure = f"{file.path.name} cannot be read: {error.strerror or error}."
            return None, [Fault(file.table, "", "unreadable_file", "stop", 1, "", cure)]
        except Exception as error:  # the engine's own errors share no narrower public base
            return None, [engine_fault(error, file.table, file.path.parent)]

    def _by_format(self, file: TableFile) -> tuple[RawTable | None, list[Fault]]:
        if file.format == "csv":
            return self._csv(file)
        if file.format == "jsonl":
            return self._jsonl(file)
        return self._parquet(file)

    def _csv(self, file: TableFile) -> tuple[RawTable | None, list[Fault]]:
        options = self.config.file_options(file.table)
        text = prepare_text(file.path, options, self.scratch, quotes=True)
        delimiter = detect_delimiter(text.header, CONTRACT[file.table].names, options)
        names = header_names(text.header, delimiter, options)
        faults = _header_faults(file.table, names)
        if any(fault.severity == "stop" for fault in faults):
            return None, faults
        text = with_one_line_end(text, delimiter, options, self.scratch)
        self._view(file.table, _csv_query(text.path, names, delimiter, options))
        self._sql("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
        verify = partial(self._verify_csv, file.table, text, delimiter, options)
        return RawTable(file.table, self._table(file.table), verify=verify), faults

    def _jsonl(self, file: TableFile) -> tuple[RawTable | None, list[Fault]]:
        options = self.config.file_options(file.table)
        text = prepare_text(file.path, options, self.scratch, quotes=False)
        lines = (
            f"read_csv({_quoted(text.path)}, auto_detect=false, header=false, delim='\\x01', "
            "quote='', escape='', columns={'line': 'VARCHAR'}, max_line_size=16777216)"
        )
        objects = f"SELECT CASE WHEN json_valid(line) THEN line::JSON END AS object FROM {lines}"  # noqa: S608
        bad = self._bad_lines(objects)
        if bad:
            cure = "These lines are no JSON objects; each line holds one object."
            first = ", ".join(map(str, bad[:5]))
            return None, [Fault(file.table, "", "bad_json_line", "stop", len(bad), first, cure)]
        names = self._json_names(objects)
        faults = _header_faults(file.table, names)
        if any(fault.severity == "stop" for fault in faults):
            return None, faults
        self._view(file.table, _json_query(objects, names))
        verify = partial(_lost_lines, file.table, text)
        return RawTable(file.table, self._table(file.table), verify=verify), faults

    def _parquet(self, file: TableFile) -> tuple[RawTable | None, list[Fault]]:
        where = file.path
        if file.format == "parts":
            if not any(file.path.rglob("*.parquet")):
                cure = f"The folder {file.path.name} holds no Parquet part (*.parquet)."
                return None, [Fault(file.table, "", "no_parts", "stop", 1, "", cure)]
            where = file.path / "**" / "*.parquet"
        rows = (
            f"read_parquet({_quoted(where)}, union_by_name=true, hive_partitioning="
            f"{str(file.format == 'parts').lower()}, hive_types_autocast=false, filename=true)"
        )
        query = (
            f"SELECT * EXCLUDE (filename), file_row_number + 1 AS {ROW_COLUMN}, "  # noqa: S608
            f"substr(filename, {len(str(file.path)) + 2}) AS {FILE_COLUMN} FROM {rows}"
        )
        self._view(file.table, query)
        # Footers are read now, and one row, so that a damaged file is told here.
        self._sql(f"SELECT * FROM {file.table} LIMIT 1")  # noqa: S608
        faults = _header_faults(file.table, list(self._table(file.table).columns))
        several = (ROW_COLUMN,) if file.format == "parquet" else (FILE_COLUMN, ROW_COLUMN)
        return RawTable(file.table, self._table(file.table), several), faults

    def _view(self, table: str, query: str) -> None:
        self._sql(f"CREATE OR REPLACE TEMP VIEW {table} AS {query}")

    def _verify_csv(
        self, table: str, text: PreparedText, delimiter: str, options: FileOptions, n_read: int
    ) -> list[Fault]:
        """Hold the rows that arrived against the records counted in the bytes."""
        rejects = self._rejects(table, text.path)
        if rejects or (text.is_balanced and n_read == text.n_records - 1):
            return rejects
        expected = count_by_csv_module(text.path, delimiter, options) - 1
        if n_read == expected:
            return []
        cure = (
            f"{n_read:,} rows were read where {expected:,} were counted, so quotes are not "
            "balanced. Quote whole fields and double the quotes inside them."
        )
        return [Fault(table, "", "rows_lost", "stop", abs(expected - n_read), "", cure)]

    def _rejects(self, table: str, path: Path) -> list[Fault]:
        # The engine keeps the rejected rows of all its files in one place.
        found = self._sql(
            "SELECT error_type::VARCHAR, count(DISTINCT line), "  # noqa: S608
            "list(DISTINCT line ORDER BY line)[:5] "
            "FROM reject_errors JOIN reject_scans USING (scan_id, file_id) "
            f"WHERE file_path = {_quoted(path)} GROUP BY 1 ORDER BY 1"
        )
        return [_reject_fault(table, *row) for row in found]

    def _bad_lines(self, objects: str) -> list[int]:
        rows = self._sql(
            f"SELECT n FROM (SELECT row_number() OVER () AS n, object FROM ({objects})) "  # noqa: S608
            "WHERE object IS NULL OR json_type(object) <> 'OBJECT' ORDER BY n"
        )
        return [row[0] for row in rows]

    def _json_names(self, objects: str) -> list[str]:
        rows = self._sql(
            f"SELECT DISTINCT unnest(json_keys(object)) AS name FROM ({objects}) ORDER BY 1"  # noqa: S608
        )
        return [row[0] for row in rows]

    def _table(self, name: str) -> Any:
        return self.backend.table(name, database=("temp", "main"))

    def _sql(self, query: str) -> list[tuple[Any, ...]]:
        # All rows are taken: the engine refuses new work beside an unfinished result.
        rows: list[tuple[Any, ...]] = self.backend.raw_sql(query).fetchall()
        return rows


def _lost_lines(table: str, text: PreparedText, n_read: int) -> list[Fault]:
    if n_read == text.n_records:
        return []
    cure = f"{n_read:,} rows were read where {text.n_records:,} lines were counted."
    return [Fault(table, "", "rows_lost", "stop", abs(text.n_records - n_read), "", cure)]


def _csv_query(path: Path, names: list[str], delimiter: str, options: FileOptions) -> str:
    types = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(names)))
    picked = ", ".join(f'c{i} AS "{_safe(name)}"' for i, name in enumerate(names) if name)
    return (
        f"SELECT {picked} FROM read_csv({_quoted(path)}, auto_detect=false, header=true, "  # noqa: S608
        f"delim={_literal(delimiter)}, quote={_literal(options.quote)}, "
        f"escape={_literal(options.quote)}, columns={{{types}}}, nullstr='', "
        "strict_mode=true, null_padding=false, store_rejects=true, ignore_errors=true, "
        "rejects_limit=0)"
    )


def _json_query(objects: str, names: list[str]) -> str:
    picked = ", ".join(f'{_json_value(name)} AS "{_safe(name)}"' for name in names)
    return f"SELECT {picked} FROM ({objects})"  # noqa: S608


def _json_value(name: str) -> str:
    path = _literal("$." + '"' + name.replace('"', '\\"') + '"')
    text = f"json_extract_string(object, {path})"
    # A JSON array is this format's list; the contract's is text with semicolons.
    items = f"array_to_string(from_json(json_extract(object, {path}), '[\"VARCHAR\"]'), ';')"
    return f"CASE WHEN json_type(object, {path}) = 'ARRAY' THEN {items} ELSE {text} END"


def _header_faults(table: str, names: list[str]) -> list[Fault]:
    faults = []
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        cure = f"Columns of one name: {listed(twice)}. Keep one of each."
        faults.append(Fault(table, "", "duplicate_columns", "stop", len(twice), "", cure))
    known = CONTRACT[table].names
    if not set(names) & set(known):
        cure = (
            f"No column of this table is known; came {listed(names)}. Is the delimiter one of "
            f"comma, semicolon, tab, bar? {did_you_mean(names[0] if names else '', known)}"
        )
        faults.append(Fault(table, "", "no_known_column", "stop", 1, "", cure))
    if "" in names:
        cure = "Columns without a name in the header were not read."
        faults.append(Fault(table, "", "unnamed_column", "note", names.count(""), "", cure))
    return faults


def _reject_fault(table: str, kind: str, n_rows: int, lines: list[int]) -> Fault:
    rule = _REJECTED.get(kind, "unreadable_row")
    first = ", ".join(f"line {line}" for line in lines)
    cure = _REJECT_CURES.get(rule, f"The rows cannot be read ({kind.lower()}).")
    return Fault(table, "", rule, "stop", n_rows, first, cure)


def engine_fault(error: Exception, table: str, folder: Path | None = None) -> Fault:
    """Return the fault for an engine's own error; anything else is raised again."""
    if type(error).__module__.partition(".")[0] not in ("duckdb", "_duckdb"):
        raise error
    # Reports are published, so the place of a file on this machine stays out of them.
    reason = _first_sentence(error).replace(f"{folder}/", "") if folder else _first_sentence(error)
    cure = f"The file cannot be read: {_PLACE.sub('', reason)}"
    return Fault(table, "", "unreadable_file", "stop", 1, "", cure)


def _first_sentence(error: Exception) -> str:
    text = re.sub(r"\s+", " ", str(error).partition("\n")[0]).strip()
    return text if len(text) <= MESSAGE_LENGTH else text[: MESSAGE_LENGTH - 1] + "…"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted(path: Path) -> str:
    return _literal(str(path))


def _safe(name: str) -> str:
    return name.replace('"', '""')
