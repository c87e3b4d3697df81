"""``supportlab determinism``: execute notebooks twice and list what is not the same."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from supportlab.cli.running import default_data, gathered, stopping_on_signals

if TYPE_CHECKING:
    from supportlab.reporting.determinism import UnstableCell

__all__ = ["determinism"]


@click.command()
@click.argument("notebooks", nargs=-1, type=click.Path(path_type=Path))
@click.option("--data", default="", metavar="PATH", help="Folder, DuckDB file or connection:NAME.")
@click.option("--as-of", "as_of", default="", metavar="DATE", help="Look at the data as of then.")
@click.option("-p", "pairs", multiple=True, metavar="NAME=VALUE", help="A notebook's parameter.")
def determinism(notebooks: tuple[Path, ...], data: str, as_of: str, pairs: tuple[str, ...]) -> int:
    """
    Execute notebooks twice and list the cells that differ, with cause and cure.

    NOTEBOOKS are files or names of studies; all when left out. Status 0: every cell came out the
    same; 1: some did not, or a notebook failed.
    """
    from supportlab.reporting.determinism import unstable_cells
    from supportlab.reporting.jobs import Job
    from supportlab.reporting.plan import make_plan
    from supportlab.reporting.registry import (
        StudyNotebook,
        find_notebooks,
        locate_notebook,
        study_of,
    )
    from supportlab.reporting.request import Request

    paths = [locate_notebook(item) for item in notebooks]
    found = tuple(StudyNotebook(study_of(path), path) for path in paths) or find_notebooks()
    options = {"data": data, "as_of": as_of}
    n_unstable = 0
    with tempfile.TemporaryDirectory(prefix="supportlab-") as home, stopping_on_signals():
        request = Request(
            found, gathered(options, pairs), Path(home) / "run", default_data=default_data()
        )
        plan = make_plan(request)
        for item in found:
            place = Path(home) / item.study
            job = Job(
                study=item.study,
                notebook=str(item.path),
                folder=str(place / "run"),
                private=str(place / "private"),
                values=plan.values[item.study],
            )
            cells = unstable_cells(job)
            n_unstable += len(cells)
            _show(item.study, cells)
    return int(n_unstable > 0)


def _show(study: str, cells: Sequence[UnstableCell]) -> None:
    if not cells:
        click.echo(f"{study}: every cell came out the same")
        return
    for found in cells:
        click.echo(f"{study}, cell {found.cell}: {found.cause}. Cure: {found.cure}")
        click.echo(f"  first:  {found.first}")
        click.echo(f"  second: {found.second}")
