"""Writing a world to a folder, the same bytes for the same world."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

if TYPE_CHECKING:
    from supportlab.simulate.world import World

__all__ = ["FILE_FORMATS", "FileFormat", "write_world"]

FileFormat = Literal["auto", "csv", "parquet"]
FILE_FORMATS: tuple[FileFormat, ...] = ("auto", "csv", "parquet")
# What a person may want to open in an editor or spreadsheet.
ROWS_AT_MOST_CSV = 2_000
COMPRESSION_LEVEL = 19
# A million rows at level 19 take minutes; level 9 is a few percent larger.
LEVEL_FOR_LARGE, LARGE_ROWS = 6, 300_000
ROW_GROUP_ROWS = 1_000_000


def write_world(world: World, folder: str | Path, file_format: FileFormat = "auto") -> list[Path]:
    """
    Write the tables, ``desk.toml``, ``truth.json`` and ``README.md`` of a world.

    Files of other names in the folder are left alone; a table that was written in the other
    format before is removed, since two files for one table would be a fault.

    Parameters
    ----------
    world : World
        What to write.
    folder : str or Path
        Where; made when absent.
    file_format : str
        ``csv``, ``parquet``, or ``auto``: CSV for tables of at most 2,000 rows.

    Returns
    -------
    list of Path
        The written files.
    """
    from supportlab.simulate.readme import desk_toml, readme_text

    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = [_write(table, name, target, file_format) for name, table in world.tables.items()]
    files = {
        "desk.toml": desk_toml(world.settings),
        "truth.json": json.dumps(world.truth.as_dict(), indent=1, ensure_ascii=False) + "\n",
    }
    for name, text in files.items():
        (target / name).write_text(text, encoding="utf-8", newline="\n")
    sizes = {path.name: path.stat().st_size for path in written}
    readme = target / "README.md"
    readme.write_text(readme_text(world, sizes), encoding="utf-8", newline="\n")
    return [*written, *(target / name for name in files), readme]


def _write(table: pa.Table, name: str, folder: Path, file_format: FileFormat) -> Path:
    as_csv = file_format == "csv" or (file_format == "auto" and table.num_rows <= ROWS_AT_MOST_CSV)
    path = folder / f"{name}.{'csv' if as_csv else 'parquet'}"
    (folder / f"{name}.{'parquet' if as_csv else 'csv'}").unlink(missing_ok=True)
    if as_csv:
        _write_csv(table, path)
    else:
        _write_parquet(table, path)
    return path


def _write_csv(table: pa.Table, path: Path) -> None:
    for number, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            seconds = table.column(number).cast(pa.timestamp("s", tz="UTC"))
            text = pc.strftime(seconds, format="%Y-%m-%dT%H:%M:%SZ")
            table = table.set_column(number, field.name, text)
    pyarrow.csv.write_csv(table, path)


def _write_parquet(table: pa.Table, path: Path) -> None:
    unique = [name for name in table.column_names if _is_unique(table, name)]
    coded = [name for name in table.column_names if name not in unique]
    level = LEVEL_FOR_LARGE if table.num_rows > LARGE_ROWS else COMPRESSION_LEVEL
    pyarrow.parquet.write_table(
        table,
        path,
        compression="zstd",
        compression_level=level,
        use_dictionary=coded,
        column_encoding={name: _encoding(table.schema.field(name).type) for name in unique},
        store_schema=False,
        store_decimal_as_integer=True,
        write_statistics=True,
        row_group_size=ROW_GROUP_ROWS,
    )


def _is_unique(table: pa.Table, name: str) -> bool:
    """Say whether a dictionary would repeat nearly every value."""
    kind = table.schema.field(name).type
    if pa.types.is_timestamp(kind):
        return True
    if not pa.types.is_string(kind) or table.num_rows == 0:
        return False
    return bool(pc.count_distinct(table.column(name)).as_py() > 0.8 * table.num_rows)


def _encoding(kind: pa.DataType) -> str:
    return "DELTA_BINARY_PACKED" if pa.types.is_timestamp(kind) else "DELTA_BYTE_ARRAY"
