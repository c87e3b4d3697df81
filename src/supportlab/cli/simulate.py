"""``supportlab simulate``: write a fictional desk with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

__all__ = ["simulate"]


@click.command(short_help="Write a fictional support desk with known truth.")
@click.option(
    "--out",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write; made when absent.",
)
@click.option("--seed", type=int, default=20_240_701, show_default=True, help="Seed.")
@click.option("--tickets", type=int, default=30_000, show_default=True, help="About how many.")
@click.option("--months", type=int, default=24, show_default=True, help="12 to 60.")
@click.option("--start", default="2024-07", show_default=True, help="First month, YYYY-MM.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["auto", "csv", "parquet"]),
    default="auto",
    show_default=True,
    help="auto: CSV for small tables, Parquet for the others.",
)
def simulate(
    folder: Path, seed: int, tickets: int, months: int, start: str, file_format: str
) -> None:
    """
    Write a fictional support desk with known truth.

    All canonical tables, desk.toml, truth.json (what is true in this world) and a README. The
    same options give the same bytes.
    """
    from supportlab.simulate import WorldSettings, simulate_world, write_world
    from supportlab.simulate.writing import FileFormat

    settings = WorldSettings(seed=seed, n_tickets=tickets, start=start, months=months)
    world = simulate_world(settings)
    written = write_world(world, folder, cast(FileFormat, file_format))
    size = sum(path.stat().st_size for path in written)
    rows = world.tables["tickets"].num_rows
    click.echo(f"{rows:,} tickets, {len(world.tables)} tables, {size:,} bytes in {folder}")
