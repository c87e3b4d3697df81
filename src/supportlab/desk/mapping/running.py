"""An export put through a mapping: checked as a whole, then written as a whole."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supportlab.desk.faults import Fault, faults_frame, faults_message
from supportlab.desk.mapping.asking import unsaid_message
from supportlab.desk.mapping.loading import LoadedMapping, load_mapping
from supportlab.desk.mapping.output_checks import output_faults
from supportlab.desk.mapping.remarks import remarks
from supportlab.desk.mapping.staging import Stager, find_files
from supportlab.desk.mapping.tables import TableBuilder, in_utc_without_zone
from supportlab.desk.mapping.writing import Target, files_record, write_folder
from supportlab.errors import DataError, ParameterError

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

__all__ = ["ImportResult", "run_import"]

FORMAT_VERSION = 1


@dataclass(frozen=True)
class ImportResult:
    """
    What an import left behind.

    Parameters
    ----------
    folder : Path
        The folder written.
    record : dict
        What stands in its ``import.json``.
    """

    folder: Path
    record: dict[str, Any]

    def lines(self) -> list[str]:
        """
        Write the row counts for a terminal.

        Returns
        -------
        list of str
            One line a table, one a reason why rows were left out, and what the tables lack.
        """
        shown = []
        for name, table in self.record["tables"].items():
            shown.append(f"{name}: {table['n_rows']:,} rows")
            for block in table["blocks"]:
                shown += _block_lines(block)
        return [*shown, *(f"Note: {remark}" for remark in self.record["remarks"])]


def _block_lines(block: dict[str, Any]) -> list[str]:
    unpivoted = f" (+{block['n_unpivoted']:,} unpivoted)" if block["n_unpivoted"] else ""
    lines = [f"  {block['n_input']:,} rows of {block['input']}{unpivoted}"]
    for dropped in block["dropped"]:
        lines.append(f"    - {dropped['n_rows']:,} left out: {dropped['reason']}")
    if block["n_collapsed"]:
        lines.append(f"    - {block['n_collapsed']:,} collapsed into others")
    lines.append(f"    = {block['n_output']:,} rows")
    return lines


def run_import(
    mapping: str | Path | LoadedMapping,
    source: str | Path,
    out: str | Path,
    *,
    replace: bool = False,
    as_of: str | None = None,
) -> ImportResult:
    """
    Turn an export into a folder of canonical tables.

    Not for data that have the canonical columns already: `supportlab.open_desk` reads those as
    they are.

    Parameters
    ----------
    mapping : str, Path or LoadedMapping
        Path of a mapping, the name of a shipped one, or one that was loaded.
    source : str or Path
        Folder of the export, or its one file.
    out : str or Path
        Folder to write, put in place in one rename.
    replace : bool
        Whether a folder that is no earlier import may be replaced.
    as_of : str, optional
        Moment of the extract, ISO 8601, instead of the mapping's.

    Returns
    -------
    ImportResult
        The folder, with one Parquet file a table, ``desk.toml`` and ``import.json``.

    Raises
    ------
    ParameterError
        For a wrong mapping, or a target that may not be replaced.
    DataError
        With all faults of the source at once.
    """
    loaded = mapping if isinstance(mapping, LoadedMapping) else load_mapping(mapping)
    unsaid = unsaid_message(loaded.model, loaded.label)
    if unsaid:
        raise ParameterError(unsaid)
    source = Path(source)
    moment = _moment(as_of) if as_of else None
    target = Target(Path(out), replace=replace)
    own = [] if isinstance(mapping, LoadedMapping) else [Path(mapping)]
    target.check(source, *(path for path in own if path.is_file()))
    files = find_files(loaded.model, source)
    with target.workspace() as workspace:
        output = workspace / "output"
        output.mkdir()
        with (
            tempfile.TemporaryDirectory(dir=workspace) as scratch,
            _engine(Path(scratch)) as engine,
        ):
            builder = _built(engine, Path(scratch), loaded, files)
            builder.write(output)
            record = _record(loaded, files, builder)
            record["remarks"] = remarks(engine, output, list(record["tables"]))
            write_folder(output, loaded.model, record, moment or builder.as_of())
            output_faults(engine, output, list(record["tables"]))
        target.put_in_place(output)
    return ImportResult(target.folder, record)


@contextmanager
def _engine(scratch: Path) -> Iterator[BaseBackend]:
    import ibis

    backend = ibis.duckdb.connect(scratch / "work.duckdb")
    # Texts with an offset go through instants, which the engine shows in its own zone.
    spill = str(scratch / "spill").replace("'", "''")
    settings = ("TimeZone = 'UTC'", f"temp_directory = '{spill}'", "enable_progress_bar = false")
    for setting in settings:
        backend.raw_sql(f"SET {setting}").fetchall()
    try:
        yield backend
    except Exception as error:  # the engine's errors share no narrower public base
        if type(error).__module__.partition(".")[0] not in ("duckdb", "_duckdb"):
            raise
        reason = str(error).partition("\n")[0][:300]
        raise DataError(f"the engine gave up, nothing was put in place: {reason}") from error
    finally:
        backend.disconnect()


def _built(
    backend: BaseBackend, scratch: Path, loaded: LoadedMapping, files: dict[str, Any]
) -> TableBuilder:
    stager = Stager(backend, scratch)
    staged = {
        name: stager.stage(name, loaded.model.inputs[name], found) for name, found in files.items()
    }
    _refuse(stager.faults, loaded)
    builder = TableBuilder(backend, loaded.model, {n: s for n, s in staged.items() if s})
    _refuse(builder.build(), loaded)
    return builder


def _refuse(faults: list[Fault], loaded: LoadedMapping) -> None:
    if any(fault.severity == "stop" for fault in faults):
        label = f"the source does not fit the mapping {loaded.label}"
        raise DataError(faults_message(faults, label), faults_frame(faults))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ParameterError(
            f"as_of {text!r} is no ISO 8601 time, as 2026-03-31 or 2026-03-31T18:00:00Z."
        ) from None
    return in_utc_without_zone(moment)


def _record(loaded: LoadedMapping, files: dict[str, Any], builder: TableBuilder) -> dict[str, Any]:
    import supportlab

    model = loaded.model
    return {
        "supportlab_import": FORMAT_VERSION,
        "supportlab_version": supportlab.__version__,
        "mapping": {
            "name": model.name,
            "version": model.version,
            "file": loaded.label,
            "sha256": loaded.sha256,
            **_extended(loaded),
        },
        "sources": files_record(files),
        "inputs": {name: item.n_rows for name, item in builder.relations_of_inputs().items()},
        "absent_columns": builder.absent_columns(),
        "assumptions": assumptions(loaded),
        "notes": list(model.notes),
        "tables": builder.accounts(),
    }


def _extended(loaded: LoadedMapping) -> dict[str, Any]:
    model = loaded.model
    base = {"extends": model.extends, "extends_sha256": loaded.extends_sha256}
    return {**(base if model.extends else {}), **({"said": model.said} if model.said else {})}


def assumptions(loaded: LoadedMapping) -> list[str]:
    """Return what the mapping takes for granted of its times, in words."""
    return [
        f"times.{name}: zone {time.zone or time.zone_from} is assumed: {time.assumed}"
        for name, time in loaded.model.times.items()
        if time.assumed
    ]
