"""``supportlab report``: all notebooks, or some, to one published folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from supportlab.cli.running import (
    default_data,
    gathered,
    progress_of,
    repeated,
    running_options,
    start,
    stopping_on_signals,
)
from supportlab.errors import ParameterError

__all__ = ["report"]

_NAMES = {"data": "--data", "as_of": "--as-of", "start": "--start", "end": "--end"}
# What a file of reports says itself.
_OF_THE_FILE = (
    *("data", "out", "studies", "first", "last", "pairs", "by", "jobs", "kernels", "formats"),
    *("time_limit", "memory_limit", "executor"),
)


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
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="A reports.toml: makes the reports it describes, keeps what is unchanged.",
)
@click.option("--report", "only", multiple=True, metavar="NAME", help="Of --config, only this.")
@running_options
@click.pass_context
def report(ctx: click.Context, /, config: Path | None, only: tuple[str, ...], **given: Any) -> int:
    """
    Run the research notebooks and publish what they find.

    Without options: all notebooks on the sample data, to reports/latest. Status 0: all is well;
    1: a notebook failed; 2: wrong usage; 3: the data cannot be read or fail the contract.
    """
    if config is not None:
        _refuse_what_the_file_says(ctx)
        return _from_file(config, only, given)
    if only:
        raise ParameterError("--report picks a report of a file: name the file by --config.")
    from supportlab.reporting.registry import find_notebooks, select_studies
    from supportlab.reporting.request import Request

    names = [name.strip() for name in given["studies"].split(",") if name.strip()]
    notebooks = select_studies(find_notebooks(), names)
    options = {"data": given["data"], "as_of": given["as_of"]}
    options |= {"start": given["first"], "end": given["last"]}
    texts = gathered(options, given["pairs"])
    words = ["report", *(["--studies", ",".join(names)] if names else [])]
    words += ["--by", given["by"]] if given["by"] else []
    command = repeated(words, texts, _NAMES)
    request = Request(
        notebooks,
        texts,
        given["out"],
        given["by"],
        default_data=default_data(),
        command=command,
        **given["running"],
    )
    return start(request, given["log"])


def _refuse_what_the_file_says(ctx: click.Context) -> None:
    source = click.core.ParameterSource.COMMANDLINE
    both = [name for name in _OF_THE_FILE if ctx.get_parameter_source(name) == source]
    if both:
        flags = {item.name: item.opts[0] for item in ctx.command.params}
        listed = ", ".join(flags[name] for name in both)
        raise ParameterError(f"{listed}: the file of --config says it; leave one of them out.")


def _from_file(config: Path, only: tuple[str, ...], given: dict[str, Any]) -> int:
    from supportlab.reporting.reports_file import read_reports
    from supportlab.reporting.unattended import make_reports

    specs = read_reports(config, only)
    progress = progress_of(given["log"])
    wait = given["running"]["wait_seconds"]
    with stopping_on_signals():
        made = make_reports(specs, config.resolve().parent, given["as_of"], wait, progress)
    for item in made:
        if item.folder is not None:
            click.echo((item.folder / "index.html").as_posix())
    status = max((item.status for item in made), default=0)
    bad = [item.name for item in made if item.status]
    progress.ended(status, f"not all is well with {', '.join(bad)}" if bad else "")
    return status
