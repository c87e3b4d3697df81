"""``supportlab report``: all notebooks, or some, to one published folder."""

from __future__ import annotations

from pathlib import Path

import click

from supportlab.cli.running import default_data, gathered, repeated, start

__all__ = ["report"]

_NAMES = {"data": "--data", "as_of": "--as-of", "start": "--start", "end": "--end"}


@click.command()
@click.option("--data", default="", metavar="PATH", help="Folder, DuckDB file or connection:NAME.")
@click.option(
    "--out",
    default=Path("reports/latest"),
    type=click.Path(path_type=Path),
    show_default=True,
    help="Folder of the run; an earlier run there is replaced whole.",
)
@click.option("--studies", default="", metavar="A,B", help="Studies to run; all when left out.")
@click.option("--as-of", "as_of", default="", metavar="DATE", help="Look at the data as of then.")
@click.option("--start", "first", default="", metavar="DATE", help="First day of the period.")
@click.option("--end", "last", default="", metavar="DATE", help="Day after the period's last.")
@click.option("-p", "pairs", multiple=True, metavar="NAME=VALUE", help="A notebook's parameter.")
@click.option("--by", default="", type=click.Choice(["", "market"]), help="One report for each.")
@click.option("--jobs", default=1, type=click.IntRange(1, 256), help="Notebooks at a time.")
def report(
    data: str,
    out: Path,
    studies: str,
    as_of: str,
    first: str,
    last: str,
    pairs: tuple[str, ...],
    by: str,
    jobs: int,
) -> int:
    """
    Run the research notebooks and publish what they find.

    Without options: all notebooks on the sample data, to reports/latest. Status 0: all is well;
    1: a notebook failed; 2: wrong usage; 3: the data cannot be read or fail the contract.
    """
    from supportlab.reporting.plan import Request
    from supportlab.reporting.registry import find_notebooks, select_studies

    names = [name.strip() for name in studies.split(",") if name.strip()]
    notebooks = select_studies(find_notebooks(), names)
    options = {"data": data or default_data(), "as_of": as_of, "start": first, "end": last}
    texts = gathered(options, pairs)
    words = ["report", *(["--studies", ",".join(names)] if names else [])]
    words += ["--by", by] if by else []
    command = repeated(words, texts, _NAMES)
    return start(Request(notebooks, texts, out, by, n_parallel=jobs, command=command))
