"""Opening a source: read, stage, check, and show it as it stood at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supportlab.desk.as_of import ACTIVITY_TABLES, as_moment, rewind
from supportlab.desk.audit import Audit, structure_faults, tables_frame, time_of
from supportlab.desk.config import DeskConfig, read_config
from supportlab.desk.contract import CONTRACT
from supportlab.desk.counting import TableCount, count_table
from supportlab.desk.cross_checks import between_tables
from supportlab.desk.faults import Fault, faults_frame, faults_message
from supportlab.desk.moment_checks import moment_faults
from supportlab.desk.raw_tables import RawTable, Source
from supportlab.desk.read_files import engine_fault
from supportlab.desk.record import Desk
from supportlab.desk.settling import keeper, settle_staged, settle_view
from supportlab.desk.sources import config_folder, open_source
from supportlab.desk.staging import StagedTable
from supportlab.desk.table_rules import table_rules
from supportlab.errors import DataError

if TYPE_CHECKING:
    from ibis.backends import BaseBackend
    from ibis.expr.types import Table

__all__ = ["audit_desk", "open_desk"]

# Shown where a source has no time at all: nothing lies beyond it.
_NO_MOMENT = datetime(9999, 12, 31)  # noqa: DTZ001


def open_desk(
    source: str | Path | BaseBackend,
    as_of: str | date | datetime | None = None,
    *,
    config: Mapping[str, Any] | None = None,
    strict: bool = True,
) -> Desk:
    """
    Open a source of support data, hold it against the contract, and return it as a desk.

    Not for exports in a vendor's own layout: ``supportlab import`` brings those to the contract
    first.

    Parameters
    ----------
    source : str, Path or ibis backend
        A folder of CSV, JSON lines or Parquet files, a DuckDB file, ``connection:NAME``, or an
        open Ibis connection.
    as_of : str, date or datetime, optional
        The moment at which to look; a day is its first instant in UTC. Absent, it is that of
        ``desk.toml``, else the latest time in the data. Never the clock.
    config : mapping, optional
        Settings that win over those of ``desk.toml``, key by key.
    strict : bool
        Whether faults that stop are raised. With False what can be read is opened, values that
        cannot be read are missing, and ``desk.audit`` tells.

    Returns
    -------
    Desk
        Tables of the contract, lazily.

    Raises
    ------
    DataError
        When the source cannot be opened or has faults that stop; ``faults`` holds all of them.
    ParameterError
        For an ``as_of`` that is no moment.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> lines = ["ticket_id,channel,status,created_at", "T1,email,open,2026-03-01T10:00:00Z"]
    >>> _ = (folder / "tickets.csv").write_text("\\n".join(lines))
    >>> desk = open_desk(folder)
    >>> desk.table_names, desk.as_of_source
    (('tickets',), 'latest time in the data')
    >>> int(desk.table("tickets").count().execute())
    1
    """
    moment = as_moment(as_of) if as_of is not None else None
    settings, faults = read_config(config_folder(source), config)
    opened = open_source(source, settings)
    found = [*faults, *opened.faults]
    try:
        desk = _checked(opened, settings, moment, found)
    except Exception as error:  # the engine's own errors share no narrower public base
        found.append(engine_fault(error, "source"))
        message = faults_message(found, opened.label)
        raise DataError(message, faults=faults_frame(found)) from error
    if strict and desk.audit.stops:
        raise DataError(desk.audit.message(), faults=desk.audit.faults)
    return desk


def audit_desk(
    source: str | Path | BaseBackend,
    as_of: str | date | datetime | None = None,
    *,
    config: Mapping[str, Any] | None = None,
) -> Audit:
    """
    Hold a source against the contract without opening it for use.

    Parameters
    ----------
    source, as_of, config
        As for ``open_desk``.

    Returns
    -------
    Audit
        Tables and all faults at once.

    Raises
    ------
    DataError
        When there is nothing to open.
    """
    return open_desk(source, as_of, config=config, strict=False).audit


def _checked(
    opened: Source, config: DeskConfig, asked: datetime | None, faults: list[Fault]
) -> Desk:
    staged: dict[str, StagedTable] = {}
    counts: dict[str, TableCount] = {}
    for name, raw in opened.tables.items():
        table, count, found = _counted(opened, raw, config)
        faults += found
        if table is not None and count is not None:
            staged[name], counts[name] = table, count
    for name, table in staged.items():
        faults += structure_faults(table, counts[name]) + counts[name].faults
    faults += between_tables(staged, config)
    as_of, came_from = _moment(asked, config, counts)
    n_after = _rows_after(staged, counts, as_of)
    faults += moment_faults(staged, config, as_of, came_from, _latest(counts), n_after)
    audit = Audit(opened.label, tables_frame(staged, counts, n_after), tuple(faults))
    whole = {
        name: settle_view(opened, f"whole_{name}", table.canonical)
        for name, table in staged.items()
    }
    return Desk(
        name=config.name or opened.label,
        source=opened.label,
        backend=opened.backend,
        config=config,
        as_of=as_of,
        as_of_source=came_from,
        audit=audit,
        _tables={
            name: settle_view(opened, f"desk_{name}", _rewound(opened, name, rows, counts, as_of))
            for name, rows in whole.items()
        },
        _whole=whole,
        _provided={name: table.provided for name, table in staged.items()},
        _keep=keeper(opened),
    )


def _counted(
    opened: Source, raw: RawTable, config: DeskConfig
) -> tuple[StagedTable | None, TableCount | None, list[Fault]]:
    """Stage and count a table; a file may turn out damaged, or change, after it was found."""
    try:
        table, found = settle_staged(opened, raw, config)
        if table is None:
            return None, None, found
        return table, count_table(table, (*table.rules, *table_rules(table, config))), found
    except Exception as error:  # the engine's own errors share no narrower public base
        return None, None, [engine_fault(error, raw.name)]


def _moment(
    asked: datetime | None, config: DeskConfig, counts: Mapping[str, TableCount]
) -> tuple[datetime, str]:
    if asked is not None:
        return asked, "argument"
    if config.as_of is not None:
        return as_moment(config.as_of), "desk.toml"
    return _latest(counts) or _NO_MOMENT, "latest time in the data"


def _latest(counts: Mapping[str, TableCount]) -> datetime | None:
    active = [time_of(counts[name].latest) for name in ACTIVITY_TABLES if name in counts]
    known = [moment for moment in active if moment is not None]
    others = [time_of(count.latest) for count in counts.values()] if not known else []
    return max(known or [moment for moment in others if moment is not None], default=None)


def _rewound(
    opened: Source, name: str, rows: Table, counts: Mapping[str, TableCount], as_of: datetime
) -> Table:
    """Show a table as of the moment; a file whose last time is known to lie before it, as it is."""
    last = time_of(counts[name].latest)
    # Conditions that are always true cost an engine half of a query. Somebody else's table may
    # have grown since it was counted, so there they stay.
    if opened.scratch is not None and last is not None and last <= as_of:
        return rows
    return rewind(CONTRACT[name], rows, as_of)


def _rows_after(
    staged: Mapping[str, StagedTable], counts: Mapping[str, TableCount], as_of: datetime
) -> dict[str, int]:
    import ibis

    beyond = ibis.timestamp(as_of.isoformat(sep=" "))
    after = {}
    for name, table in staged.items():
        last = time_of(counts[name].last_at)
        # Most tables end before the moment, and are not read again to learn it.
        if table.spec.time and last is not None and last > as_of:
            later = table.rows.filter(table.rows[table.spec.time] > beyond)
            after[name] = int(later.count().execute())
    return after
