"""The command line: ``supportlab report``, ``run``, ``schedule``, ``check`` and others."""

from __future__ import annotations

import sys
from importlib import import_module

import click

import supportlab
from supportlab.errors import DataError, ParameterError, SupportLabError

__all__ = ["main"]

# Loaded on use: `supportlab --help` must not wait for pandas and matplotlib.
COMMANDS = {
    "check": "supportlab.cli.check:check",
    "determinism": "supportlab.cli.determinism:determinism",
    "import": "supportlab.cli.import_export:import_export",
    "reconcile": "supportlab.cli.reconcile:reconcile",
    "report": "supportlab.cli.report:report",
    "run": "supportlab.cli.run:run",
    "schedule": "supportlab.cli.schedule:schedule",
    "simulate": "supportlab.cli.simulate:simulate",
    "warm": "supportlab.cli.warm:warm",
}


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(supportlab.__version__, prog_name="supportlab")
def group() -> None:
    """Research reports for support operations, run reproducibly."""


def main(args: list[str] | None = None) -> None:
    """
    Run the command line and leave with the exit status of the results contract.

    Parameters
    ----------
    args : list of str, optional
        Arguments after the program's name; those of the process when absent.
    """
    sys.exit(_status(args))


def _status(args: list[str] | None) -> int:
    try:
        outcome = group.main(args=args, prog_name="supportlab", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("supportlab: stopped.", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except ParameterError as error:
        return _fail(error, 2)
    except DataError as error:
        return _fail(error, 3)
    except SupportLabError as error:
        return _fail(error, 1)
    return outcome if isinstance(outcome, int) else 0


def _fail(error: SupportLabError, status: int) -> int:
    from supportlab.reporting.names import clean_text

    # An error shows what came, and that may hold control sequences for the terminal.
    click.echo(f"supportlab: {clean_text(str(error))}", err=True)
    return status
