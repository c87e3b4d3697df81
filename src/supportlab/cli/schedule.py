"""``supportlab schedule``: a recipe by which a scheduler makes the reports."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

__all__ = ["schedule"]


@click.command()
@click.argument("scheduler")
@click.option(
    "--config",
    default=Path("reports.toml"),
    type=click.Path(path_type=Path),
    show_default=True,
    help="The file of reports.",
)
@click.option("--day", default=2, show_default=True, help="Day of the month, 1 to 28.")
@click.option("--at", default="06:00", show_default=True, help="HH:MM in UTC.")
def schedule(scheduler: str, config: Path, day: int, at: str) -> int:
    """
    Print what SCHEDULER needs to make the reports each month.

    SCHEDULER is cron, systemd, github, airflow or jupyter-scheduler. Nothing is installed.
    """
    from supportlab.reporting.recipes import Schedule, recipe
    from supportlab.reporting.reports_file import read_reports

    hour, minute = _clock(at)
    read_reports(config)
    found = shutil.which("supportlab", path=str(Path(sys.executable).parent))
    program = Path(found or "supportlab")
    folder = config.resolve().parent
    click.echo(
        recipe(scheduler, Schedule(folder, config.name, program, day, hour, minute)), nl=False
    )
    return 0


def _clock(text: str) -> tuple[int, int]:
    from datetime import time

    from supportlab.errors import ParameterError

    try:
        found = time.fromisoformat(text)
    except ValueError:
        raise ParameterError(f"--at {text!r} is no time. Write HH:MM, for example 06:00.") from None
    return found.hour, found.minute
