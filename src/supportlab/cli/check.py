"""``supportlab check``: what a source holds, what is wrong, and what it can carry."""

from __future__ import annotations

import json
from datetime import MAXYEAR
from typing import TYPE_CHECKING, Any

import click

from supportlab.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["check"]

# The status of the results contract for data that cannot be read or fail the contract.
BROKEN_DATA = 3


@click.command()
@click.argument("source", metavar="PATH")
@click.option("--as-of", help="Moment at which to look, ISO 8601; that of the data by default.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Text for people or JSON for programs.",
)
def check(source: str, as_of: str | None, form: str) -> int:
    """Hold the data in PATH against the contract; name faults and what the data can carry.

    PATH is a folder, a DuckDB file or connection:NAME. The status is 0, or 3 when faults stop.
    """
    from supportlab.desk import open_desk

    try:
        desk = open_desk(source, as_of, strict=False)
    except DataError as error:
        if form == "text":
            raise
        click.echo(json.dumps({"source": source, "stops": True, "error": str(error)}, indent=2))
        return BROKEN_DATA
    click.echo(_as_json(desk) if form == "json" else _as_text(desk))
    return BROKEN_DATA if desk.audit.stops else 0


def _as_json(desk: Desk) -> str:
    from supportlab.desk.needs import study_readiness

    content = {
        "source": desk.source,
        "name": desk.name,
        "as_of": desk.as_of.isoformat(),
        "as_of_source": desk.as_of_source,
        "stops": desk.audit.stops,
        "tables": _records(desk.audit.tables),
        "faults": _records(desk.audit.faults),
        "studies": _records(study_readiness(desk)),
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", date_format="iso"))
    return records


def _as_text(desk: Desk) -> str:
    from supportlab.desk.needs import study_readiness

    moment = f"{desk.as_of.isoformat(sep=' ', timespec='seconds')} UTC ({desk.as_of_source})"
    # A source without one readable time is taken whole, up to the end of the calendar.
    as_of = moment if desk.as_of.year < MAXYEAR else "unknown (no time could be read)"
    lines = [f"{desk.name}, as of {as_of}", "", "Tables"]
    lines += _table_lines(desk.audit.tables) or ["  none"]
    lines += ["", "Faults", *(_fault_lines(desk) or ["  none"]), "", "Studies"]
    lines += _study_lines(study_readiness(desk))
    last = "Faults stop this source; cure them and check again." if desk.audit.stops else "Ready."
    return "\n".join([*lines, "", last])


def _table_lines(tables: pd.DataFrame) -> list[str]:
    lines = []
    row: Any
    for row in tables.itertuples():
        span = f", {row.first_at:%Y-%m-%d} to {row.last_at:%Y-%m-%d}" if _is_time(row) else ""
        later = f", {row.n_after_as_of:,} rows after as_of" if row.n_after_as_of else ""
        lines.append(
            f"  {row.table}: {row.n_rows:,} rows, {row.n_provided_columns} columns{span}{later}"
        )
    return lines


def _is_time(row: Any) -> bool:
    return bool(row.first_at == row.first_at and row.first_at is not None)


def _fault_lines(desk: Desk) -> list[str]:
    from supportlab.desk.faults import Fault, fault_line

    rows = desk.audit.faults.itertuples(index=False)
    return [f"  {row.severity}{fault_line(Fault(*row))}" for row in rows]


def _study_lines(readiness: pd.DataFrame) -> list[str]:
    lines = []
    row: Any
    for row in readiness.itertuples():
        lines.append(f"  {row.study}: {'yes' if row.can_run else 'no'}")
        if row.missing:
            lines.append(f"    needs {row.missing}")
        elif row.weaker_without:
            lines += [f"    without: {part}" for part in row.weaker_without.split("; ")]
    return lines
