"""``supportlab run``: one notebook to one published folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from supportlab.cli.running import default_data, gathered, repeated, running_options, start

__all__ = ["run"]

_NAMES = {"data": "--data", "as_of": "--as-of", "start": "--start", "end": "--end"}


@click.command()
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("--data", default="", metavar="PATH", help="Folder, DuckDB file or connection:NAME.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of the run; reports/STUDY when left out.",
)
@click.option("--as-of", "as_of", default="", metavar="DATE", help="Look at the data as of then.")
@click.option("--start", "first", default="", metavar="DATE", help="First day of the period.")
@click.option("--end", "last", default="", metavar="DATE", help="Day after the period's last.")
@click.option("-p", "pairs", multiple=True, metavar="NAME=VALUE", help="A notebook's parameter.")
@click.option("--by", default="", type=click.Choice(["", "market"]), help="One report for each.")
@running_options
def run(
    notebook: Path,
    data: str,
    out: Path | None,
    as_of: str,
    first: str,
    last: str,
    pairs: tuple[str, ...],
    by: str,
    running: dict[str, Any],
    log: str,
) -> int:
    """
    Run one notebook and publish what it finds, in the same shape as a report.

    NOTEBOOK is a file or the name of a study. Status as for the report command.
    """
    from supportlab.reporting.registry import StudyNotebook, locate_notebook, study_of
    from supportlab.reporting.request import Request

    path = locate_notebook(notebook)
    study = study_of(path)
    options = {"data": data, "as_of": as_of, "start": first, "end": last}
    texts = gathered(options, pairs)
    words = ["run", notebook.as_posix(), *(["--by", by] if by else [])]
    request = Request(
        notebooks=(StudyNotebook(study, path),),
        texts=texts,
        out=out or Path("reports") / study,
        by=by,
        default_data=default_data(),
        command=repeated(words, texts, _NAMES),
        **running,
    )
    return start(request, log)
