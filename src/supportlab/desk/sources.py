"""What the caller names, brought to tables of one engine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from supportlab.desk.config import DeskConfig
from supportlab.desk.connections import (
    CONNECTION_PREFIX,
    is_url,
    open_backend,
    open_duckdb_file,
    open_named,
    open_url,
    private_engine,
)
from supportlab.desk.folder import find_tables
from supportlab.desk.raw_tables import Source
from supportlab.desk.read_files import FileReader
from supportlab.errors import DataError, ParameterError

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

__all__ = ["config_folder", "open_source"]

_DATABASE_ENDINGS = (".duckdb", ".ddb", ".db")


def config_folder(source: str | Path | BaseBackend) -> Path | None:
    """Return the folder in which ``desk.toml`` may lie, or None for a connection."""
    if not isinstance(source, str | Path) or _is_connection(str(source)):
        return None
    path = Path(source).expanduser()
    return path if path.is_dir() else path.parent


def open_source(source: str | Path | BaseBackend, config: DeskConfig) -> Source:
    """
    Open what the caller names.

    Parameters
    ----------
    source : str, Path or ibis backend
        A folder, a DuckDB file, ``connection:NAME``, a URL without secret, or a connection.
    config : DeskConfig
        Tells how files are written.

    Returns
    -------
    Source
        Its tables, not yet checked.

    Raises
    ------
    DataError
        When nothing can be opened there.
    """
    if not isinstance(source, str | Path):
        if not hasattr(source, "list_tables"):
            raise ParameterError(
                f"source: came {type(source).__name__}; a path, connection:NAME or an Ibis "
                "connection is needed."
            )
        return open_backend(source, f"ibis {source.name} connection")
    text = str(source)
    if text.startswith(CONNECTION_PREFIX):
        return open_named(text.removeprefix(CONNECTION_PREFIX))
    if isinstance(source, str) and is_url(text):
        return open_url(text)
    return _open_path(Path(source).expanduser(), text, config)


def _is_connection(text: str) -> bool:
    return text.startswith(CONNECTION_PREFIX) or is_url(text)


def _open_path(path: Path, label: str, config: DeskConfig) -> Source:
    if not path.exists():
        raise DataError(
            f"{label}: there is no such file or folder. A folder of files, a DuckDB file or "
            f"{CONNECTION_PREFIX}NAME is needed."
        )
    if path.is_dir():
        return _open_folder(path, label, config)
    if path.suffix.lower() in _DATABASE_ENDINGS:
        return open_duckdb_file(path, label)
    raise DataError(
        f"{label}: a single file of this kind is no source. Name the folder that holds it; "
        f"DuckDB files end in {' or '.join(_DATABASE_ENDINGS)}."
    )


def _open_folder(folder: Path, label: str, config: DeskConfig) -> Source:
    if not os.access(folder, os.R_OK | os.X_OK):
        raise DataError(f"{label}: this folder may not be read; ask for permission.")
    files, faults = find_tables(folder)
    backend, scratch = private_engine()
    reader = FileReader(backend, scratch, config)
    source = Source(label, backend, faults=faults, scratch=scratch)
    for file in files:
        table, found = reader.read(file)
        source.faults.extend(found)
        if table is not None:
            source.tables[file.table] = table
    return source
