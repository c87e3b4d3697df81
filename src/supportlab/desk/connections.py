"""Engines: the private embedded one, a DuckDB file, a named connection."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import tomllib
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from supportlab.desk.contract import CONTRACT
from supportlab.desk.faults import Fault
from supportlab.desk.raw_tables import RawTable, Source
from supportlab.errors import DataError, did_you_mean, listed

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

__all__ = [
    "CONNECTION_PREFIX",
    "is_url",
    "open_backend",
    "open_duckdb_file",
    "open_named",
    "open_url",
    "private_engine",
]

CONNECTION_PREFIX = "connection:"
ENVIRONMENT_PREFIX = "SUPPORTLAB_CONNECTION_"
_SECRET_WORDS = re.compile("pass|pwd|token|secret|key|credential", re.IGNORECASE)


def private_engine() -> tuple[BaseBackend, Path]:
    """
    Start an embedded engine of our own, with a scratch folder that goes when it goes.

    Returns
    -------
    tuple of (ibis backend, Path)
        The engine, with its session in UTC, and the folder, readable by its owner alone.
    """
    import ibis

    backend = ibis.duckdb.connect()
    scratch = Path(tempfile.mkdtemp(prefix="supportlab-"))
    weakref.finalize(backend, shutil.rmtree, scratch, ignore_errors=True)
    spill = str(scratch / "spill").replace("'", "''")
    for setting in (
        "SET TimeZone = 'UTC'",
        f"SET temp_directory = '{spill}'",
        "SET autoinstall_known_extensions = false",
        "SET autoload_known_extensions = false",
    ):
        backend.raw_sql(setting).fetchall()
    # In a notebook without ipywidgets the bar is off, and setting it at all is an error.
    if backend.raw_sql("SELECT current_setting('enable_progress_bar')").fetchall()[0][0]:
        backend.raw_sql("SET enable_progress_bar = false").fetchall()
    return backend, scratch


def open_duckdb_file(path: Path, label: str) -> Source:
    """
    Open a DuckDB file, read-only.

    Parameters
    ----------
    path : Path
        The file.
    label : str
        Its name for people.

    Returns
    -------
    Source
        Tables of its main schema.

    Raises
    ------
    DataError
        When it is no DuckDB file, damaged, or held by another program.
    """
    import duckdb

    backend, scratch = private_engine()
    place = str(path).replace("'", "''")
    try:
        backend.raw_sql(f"ATTACH '{place}' AS supportlab_source (READ_ONLY)").fetchall()
    except duckdb.Error as error:
        raise DataError(
            f"{label}: this DuckDB file cannot be opened: {str(error).splitlines()[0]} "
            "Is it complete, and closed by the program that writes it?"
        ) from error
    return open_backend(backend, label, ("supportlab_source", "main"), scratch)


def open_backend(
    backend: BaseBackend,
    label: str,
    database: tuple[str, str] | None = None,
    scratch: Path | None = None,
) -> Source:
    """
    Take the canonical tables of a connection.

    Parameters
    ----------
    backend : ibis backend
        The connection; it is read, never written.
    label : str
        Its name for people.
    database : tuple of str, optional
        Catalogue and schema; those of the connection when absent.
    scratch : Path, optional
        Private folder, where the engine is our own.

    Returns
    -------
    Source
        Tables of canonical names, in contract order.
    """
    names: dict[str, list[str]] = {}
    for name in _table_names(backend, database):
        names.setdefault(name.lower(), []).append(name)
    source = Source(label, backend, scratch=scratch)
    for table, found in names.items():
        if table in CONTRACT and len(found) > 1:
            cure = f"Several tables bear this name: {listed(found)}. Keep one."
            source.faults.append(Fault(table, "", "ambiguous_tables", "stop", len(found), "", cure))
        elif table not in CONTRACT:
            cure = f"No canonical table, so it was not read. {did_you_mean(table, CONTRACT)}"
            source.faults.append(Fault(found[0], "", "unknown_table", "note", 1, "", cure))
    for table in CONTRACT:
        if len(names.get(table, ())) == 1:
            source.tables[table] = RawTable(
                table, backend.table(names[table][0], database=database)
            )
    if not any(table in CONTRACT for table in names):
        cure = f"The connection has no canonical table. Known: {listed(CONTRACT, shown=20)}."
        source.faults.append(Fault(label, "", "no_table", "stop", 1, "", cure))
    return source


def _table_names(backend: BaseBackend, database: tuple[str, str] | None) -> list[str]:
    if backend.name != "duckdb":
        return sorted(backend.list_tables())
    # Asked in SQL: Ibis lists tables by a call that newer versions of this engine have not.
    here = "(current_database(), current_schema()), ('temp', 'main')"
    places = "({!r}, {!r})".format(*database) if database else here
    rows = backend.raw_sql(
        "SELECT DISTINCT table_name FROM information_schema.tables "  # noqa: S608
        f"WHERE (table_catalog, table_schema) IN ({places}) ORDER BY 1"
    ).fetchall()
    return [row[0] for row in rows]


def is_url(text: str) -> bool:
    """Return whether a source is written as a URL."""
    return re.match(r"^[a-z][a-z0-9+.-]+://", text, re.IGNORECASE) is not None


def open_url(url: str) -> Source:
    """
    Open a connection URL that bears no secret.

    Parameters
    ----------
    url : str
        As Ibis takes it.

    Returns
    -------
    Source
        Its canonical tables.

    Raises
    ------
    DataError
        When the URL holds a secret, or cannot be opened.
    """
    if _secrets(url):
        scheme = urlsplit(url).scheme
        raise DataError(
            f"The source is a {scheme} URL with a secret in it, which would be written into "
            f"notebooks and pages. Put the URL into the environment as "
            f"{ENVIRONMENT_PREFIX}<NAME>, and say {CONNECTION_PREFIX}<name>."
        )
    return open_backend(_connected(url, url), url)


def open_named(name: str) -> Source:
    """
    Open a connection that the user has named.

    Parameters
    ----------
    name : str
        Name in the environment (``SUPPORTLAB_CONNECTION_<NAME>``) or in the user's
        ``supportlab/connections.toml``, where a table of that name has a ``url``.

    Returns
    -------
    Source
        Its canonical tables; the label holds the name alone.

    Raises
    ------
    DataError
        When there is no such name, or it cannot be opened.
    """
    label = f"{CONNECTION_PREFIX}{name}"
    variable = ENVIRONMENT_PREFIX + re.sub(r"[^A-Za-z0-9]", "_", name).upper()
    url = os.environ.get(variable)
    if url is None:
        known = _connections_file()
        entry = known.get(name)
        url = entry.get("url") if isinstance(entry, dict) else entry
    if not isinstance(url, str) or not url:
        raise DataError(
            f"{label}: no such connection. Set {variable} to its URL, or write "
            f'[{name}] url = "…" into {_file_label()}. {did_you_mean(name, _connections_file())}'
        )
    return open_backend(_connected(url, label), label)


def _file() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "supportlab" / "connections.toml"


def _file_label() -> str:
    return "connections.toml in the folder supportlab of your configuration (~/.config)"


def _connections_file() -> dict[str, Any]:
    path = _file()
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        # The parser's message may quote a line with a password.
        raise DataError(f"{_file_label()} is not readable TOML.") from None


def _connected(url: str, label: str) -> BaseBackend:
    import ibis

    try:
        backend: BaseBackend = ibis.connect(url)
    except Exception as error:  # drivers share no base class, and some quote the URL
        reason = _without_secrets(f"{type(error).__name__}: {error}", url)
        raise DataError(
            f"{label}: the connection cannot be opened. {reason} Is the driver installed "
            "(ibis-framework with the extra of that engine)?"
        ) from None
    if backend.name == "duckdb":
        backend.raw_sql("SET TimeZone = 'UTC'").fetchall()
    return backend


def _secrets(url: str) -> list[str]:
    parts = urlsplit(url)
    found = [parts.password] if parts.password else []
    found += [value for key, value in parse_qsl(parts.query) if _SECRET_WORDS.search(key)]
    return [secret for secret in found if secret]


def _without_secrets(text: str, url: str) -> str:
    text = text.replace(url, "(URL)").splitlines()[0][:300]
    for secret in (*_secrets(url), urlsplit(url).username or ""):
        text = text.replace(secret, "***") if secret else text
    return text if text.endswith(".") else f"{text}."
