"""Recipes by which schedulers make the reports of a ``reports.toml``."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from supportlab.errors import ParameterError, did_you_mean

__all__ = ["SCHEDULERS", "Schedule", "recipe"]


@dataclass(frozen=True)
class Schedule:
    """
    When and where the reports are made.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the file of reports; the command runs in it.
    config : str
        Name of the file.
    program : pathlib.Path
        The installed ``supportlab``.
    day : int
        Day of the month, 1 to 28; the first leaves sources no time to deliver.
    hour, minute : int
        In UTC.
    """

    folder: Path
    config: str
    program: Path
    day: int = 2
    hour: int = 6
    minute: int = 0

    def command(self, as_of: str) -> str:
        """Return the command as a shell reads it; ``as_of`` is put in as it is."""
        words = [self.program.as_posix(), "report", "--config", self.config]
        return f"{shlex.join(words)} --as-of {as_of} --wait 3600 --log json"

    @property
    def when(self) -> str:
        """Return the time in words."""
        return f"day {self.day} of each month at {self.hour:02d}:{self.minute:02d} UTC"

    @property
    def cron(self) -> str:
        """Return the five fields of cron."""
        return f"{self.minute} {self.hour} {self.day} * *"


# The first of the month in which it runs, so that a repeat on a later day gives the same reports.
_FIRST = '"$(date -u +%Y-%m-01)"'


def _cron(plan: Schedule) -> str:
    # A bare percent sign ends the command for cron.
    command = plan.command(_FIRST).replace("%", r"\%")
    return (
        f"# supportlab: {plan.config}, {plan.when}. Add with `crontab -e`.\n"
        "# A cron that does not know CRON_TZ takes the machine's own time zone.\n"
        "CRON_TZ=UTC\n"
        f"{plan.cron} cd {shlex.quote(plan.folder.as_posix())} && {command}"
        " >> supportlab.log 2>&1\n"
    )


def _systemd(plan: Schedule) -> str:
    # systemd doubles what it would expand itself.
    command = plan.command(_FIRST).replace("%", "%%").replace("$", "$$")
    shell = command.replace("\\", "\\\\").replace("'", "'\\''")
    folder = plan.folder.as_posix().replace("%", "%%")
    return (
        "# ~/.config/systemd/user/supportlab.service\n"
        "[Unit]\n"
        f"Description=supportlab reports of {plan.config}\n\n"
        "[Service]\n"
        "Type=oneshot\n"
        f"WorkingDirectory={folder}\n"
        f"ExecStart=/bin/sh -c '{shell}'\n\n"
        "# ~/.config/systemd/user/supportlab.timer, then\n"
        "# systemctl --user enable --now supportlab.timer\n"
        "[Unit]\n"
        f"Description=supportlab reports, {plan.when}\n\n"
        "[Timer]\n"
        f"OnCalendar=*-*-{plan.day:02d} {plan.hour:02d}:{plan.minute:02d}:00 UTC\n"
        # A machine that was off makes them when it is on again.
        "Persistent=true\n\n"
        "[Install]\n"
        "WantedBy=timers.target\n"
    )


def _github(plan: Schedule) -> str:
    config = shlex.quote(plan.config)
    return (
        "# .github/workflows/supportlab.yml\n"
        "name: supportlab reports\n"
        "on:\n"
        "  schedule:\n"
        f'    - cron: "{plan.cron}"\n'
        "  workflow_dispatch:\n"
        "permissions:\n"
        "  contents: read\n"
        "jobs:\n"
        "  reports:\n"
        "    runs-on: ubuntu-latest\n"
        "    timeout-minutes: 120\n"
        "    steps:\n"
        "      - uses: actions/checkout@v4\n"
        "      - uses: actions/setup-python@v5\n"
        "        with:\n"
        '          python-version: "3.11"\n'
        "      - run: make env\n"
        "      - run: >-\n"
        f"          .venv/bin/supportlab report --config {config}\n"
        f"          --as-of {_FIRST} --log json\n"
        "      - uses: actions/upload-artifact@v4\n"
        # A run with a failed notebook holds the others, and says which failed.
        "        if: ${{ !cancelled() }}\n"
        "        with:\n"
        "          name: reports\n"
        "          path: reports\n"
    )


def _airflow(plan: Schedule) -> str:
    # Airflow hands the date over as text, which is what the command takes.
    command = plan.command("{{ data_interval_end.strftime('%Y-%m-01') }}")
    return (
        f'"""supportlab reports of {plan.config}, {plan.when}."""\n\n'
        "import pendulum\n"
        "from airflow import DAG\n"
        "from airflow.providers.standard.operators.bash import BashOperator\n\n"
        "with DAG(\n"
        '    dag_id="supportlab_reports",\n'
        f"    schedule={plan.cron!r},\n"
        '    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),\n'
        "    catchup=False,\n"
        "    max_active_runs=1,\n"
        "):\n"
        "    BashOperator(\n"
        '        task_id="report",\n'
        f"        bash_command={command!r},\n"
        f"        cwd={plan.folder.as_posix()!r},\n"
        "    )\n"
    )


def _jupyter(plan: Schedule) -> str:
    words = [plan.program.as_posix(), "report", "--config", plan.config, "--as-of"]
    source = [
        "import datetime\n",
        "import subprocess\n",
        "\n",
        'as_of = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-01")\n',
        f"command = {words!r} + [as_of]\n",
        f"subprocess.run(command, cwd={plan.folder.as_posix()!r}, check=True)\n",
    ]
    cell: dict[str, object] = {"cell_type": "code", "id": "supportlab-reports", "metadata": {}}
    cell |= {"source": source, "execution_count": None, "outputs": []}
    spec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": spec, "language_info": {"name": "python"}}
    notebook = {"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    # The scheduler pastes parameters unquoted and can show a failed job as completed; a command
    # that raises when a report fails is shown as failed.
    return json.dumps(notebook, indent=1) + "\n"


SCHEDULERS: Mapping[str, Callable[[Schedule], str]] = {
    "cron": _cron,
    "systemd": _systemd,
    "github": _github,
    "airflow": _airflow,
    "jupyter-scheduler": _jupyter,
}


def recipe(scheduler: str, plan: Schedule) -> str:
    """
    Write what a scheduler needs to make the reports every month.

    Not an installation: nothing is changed, the text is for the user to read and put in place.

    Parameters
    ----------
    scheduler : str
        ``cron``, ``systemd``, ``github``, ``airflow`` or ``jupyter-scheduler``.
    plan : Schedule
        When and where.

    Returns
    -------
    str
        The text of the file, or for ``systemd`` of the two files.

    Raises
    ------
    ParameterError
        When the scheduler is not known, or the day is not in every month.

    Examples
    --------
    >>> plan = Schedule(Path("/srv/desk"), "reports.toml", Path("/opt/bin/supportlab"))
    >>> recipe("cron", plan).splitlines()[3][:28]
    '0 6 2 * * cd /srv/desk && /o'
    """
    if scheduler not in SCHEDULERS:
        raise ParameterError(
            f"scheduler {scheduler!r} is not known. {did_you_mean(scheduler, list(SCHEDULERS))}"
        )
    if not 1 <= plan.day <= 28:
        raise ParameterError(f"--day {plan.day} is not in every month; write 1 to 28.")
    return SCHEDULERS[scheduler](plan)
