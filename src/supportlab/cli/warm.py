"""``supportlab warm``: keep a warm process up for several commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import click

__all__ = ["warm"]


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def warm(command: tuple[str, ...]) -> int:
    """
    Run COMMAND with a warm process up, from which every report in it forks its kernels.

    COMMAND is a script of several reports, a shell, or JupyterLab. The warm process ends with it,
    and the status is its status. Where forking is not safe it is run as it is.

    \b
    supportlab warm sh nightly.sh
    """
    from supportlab.cli.running import stopping_on_signals
    from supportlab.errors import ParameterError
    from supportlab.reporting.pool import kernel_environment
    from supportlab.reporting.warm_client import can_fork, warm_process
    from supportlab.reporting.warm_words import WARM_VARIABLE

    # Said at once: a warm process takes seconds to come up.
    if shutil.which(command[0]) is None:
        raise ParameterError(f"{command[0]!r} cannot be run: there is no such program.")
    with tempfile.TemporaryDirectory(prefix="supportlab-") as home, stopping_on_signals():
        try:
            if not can_fork():
                return _status(command, {})
            with warm_process(kernel_environment(Path(home))) as socket:
                return _status(command, {WARM_VARIABLE: socket} if socket else {})
        except (FileNotFoundError, PermissionError) as error:
            raise ParameterError(f"{command[0]!r} cannot be run: {error.strerror}.") from error


def _status(command: tuple[str, ...], more: dict[str, str]) -> int:
    process = subprocess.Popen(command, env={**os.environ, **more})  # noqa: S603  the user's own
    try:
        status = process.wait()
    except BaseException:
        # Ctrl-C reaches the command too, a signal to this process alone does not.
        process.terminate()
        process.wait()
        raise
    return status if status >= 0 else 128 - status
