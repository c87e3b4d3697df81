"""What the commands that run notebooks share: options, signals, the last lines."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any

import click

from supportlab.errors import ParameterError, SupportLabError

__all__ = [
    "default_data",
    "gathered",
    "progress_of",
    "repeated",
    "running_options",
    "start",
    "stopping_on_signals",
]

MINUTE_SECONDS = 60.0
INTERRUPTED = 130


def default_data() -> str:
    """Return the checkout's sample as a path that is the same for every checkout."""
    from supportlab.reporting.registry import checkout

    home = checkout()
    return Path(os.path.relpath(home / "data" / "sample")).as_posix() if home else ""


def gathered(options: Mapping[str, str], pairs: Sequence[str]) -> dict[str, str]:
    """
    Join the options that set parameters with the ``-p name=value`` pairs.

    Parameters
    ----------
    options : mapping of str to str
        Parameters that have an option of their own; empty when not given.
    pairs : sequence of str
        As written after ``-p``.

    Returns
    -------
    dict of str to str
        Parameters with what the user wrote.

    Raises
    ------
    ParameterError
        When a pair has no ``=``, or a parameter is set twice; all faults at once.
    """
    texts = {name: text for name, text in options.items() if text}
    faults = []
    for pair in pairs:
        name, equals, text = pair.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            # What was written may be a secret, so it is not repeated.
            faults.append("- -p: write name=value, for example -p window_days=14")
        elif name in texts:
            faults.append(f"- {name}: set twice; once is enough")
        else:
            texts[name] = text
    if faults:
        raise ParameterError("\n".join(["These parameters cannot be used.", *faults]))
    return texts


def repeated(words: Sequence[str], texts: Mapping[str, str], names: Mapping[str, str]) -> str:
    """Write the command that repeats a run, with options where a parameter has one."""
    parts = ["supportlab", *words]
    for name, text in texts.items():
        parts += [names[name], text] if name in names else ["-p", f"{name}={text}"]
    return shlex.join(parts)


def running_options(command: Callable[..., int]) -> Callable[..., int]:
    """
    Give a command the options that say how a run is done, as one argument ``running``.

    Parameters
    ----------
    command : callable
        Takes ``running``, keywords of a request, and ``log``.

    Returns
    -------
    callable
        The command with its options.
    """

    @wraps(command)
    def wrapped(
        *args: Any,
        jobs: int,
        kernels: str,
        time_limit: float | None,
        memory_limit: float | None,
        executor: str,
        resume: bool,
        wait: float,
        formats: str,
        **given: Any,
    ) -> int:
        from supportlab.reporting.formats import read_formats
        from supportlab.reporting.unattended import exit_status

        running = {
            "n_parallel": jobs,
            "kernels": kernels,
            "time_limit_seconds": None if time_limit is None else time_limit * MINUTE_SECONDS,
            "memory_limit_megabytes": memory_limit,
            "executor": executor,
            "is_resumed": resume,
            "wait_seconds": wait,
            "formats": read_formats(formats.replace(",", " ").split()),
        }
        try:
            return command(*args, running=running, **given)
        except SupportLabError as error:
            if given["log"] != "json":
                raise
            # Who collects JSON lines gets no line of another kind.
            status = exit_status(error)
            progress_of("json").ended(status, str(error))
            return status
        except (KeyboardInterrupt, SystemExit) as stop:
            if given["log"] == "json":
                number = stop.code if isinstance(stop, SystemExit) else INTERRUPTED
                progress_of("json").ended(int(number or 0), "stopped; nothing was put in place")
            raise

    for option in reversed(_RUNNING_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def progress_of(log: str) -> Any:
    """Return what writes progress to standard error, in words or as JSON lines."""
    from supportlab.reporting.progress import Progress
    from supportlab.reporting.progress_lines import JsonProgress

    kind = JsonProgress if log == "json" else Progress
    return kind(sys.stderr, lambda words: click.echo(words, err=True))


_POSITIVE = click.FloatRange(min=0, min_open=True)
_RUNNING_OPTIONS = (
    click.option("--jobs", default=1, type=click.IntRange(1, 256), help="Notebooks at a time."),
    click.option(
        "--kernels",
        default="auto",
        type=click.Choice(["auto", "forked", "stock"]),
        help="Fork kernels from one warm process, or start each anew; auto: fork where it is safe.",
    ),
    click.option(
        "--time-limit", type=_POSITIVE, metavar="MINUTES", help="Longest time of one notebook."
    ),
    click.option(
        "--memory-limit", type=_POSITIVE, metavar="MB", help="Most memory of one notebook."
    ),
    click.option(
        "--executor", default="", metavar="dask://HOST:PORT", help="Run on a Dask cluster."
    ),
    click.option("--resume", is_flag=True, help="Keep what is unchanged since the run at --out."),
    click.option(
        "--wait",
        default=0.0,
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        help="Wait so long for another run of the same target.",
    ),
    click.option(
        "--formats",
        default="",
        metavar="A,B",
        help="Of notebook, csv and figures, what to leave beside pages and JSON; all.",
    ),
    click.option(
        "--log", default="text", type=click.Choice(["text", "json"]), help="Progress on stderr."
    ),
)


def start(request: object, log: str = "text") -> int:
    """
    Run a request and say how it went.

    Parameters
    ----------
    request : Request
        What to run.
    log : {"text", "json"}
        How progress is written.

    Returns
    -------
    int
        0, or 1 when a notebook failed.

    Raises
    ------
    SupportLabError
        When the run cannot be written.
    """
    from supportlab.reporting.request import Request
    from supportlab.reporting.runner import run_request

    assert isinstance(request, Request)  # noqa: S101  narrows a lazily imported type
    progress = progress_of(log)
    with stopping_on_signals():
        try:
            failed = run_request(request, progress)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SupportLabError(
                f"the run could not be written to {request.out}: {reason}. Nothing was replaced."
            ) from error
    where = (request.out / "index.html").as_posix()
    words = f"{len(failed)} failed ({', '.join(failed)}); the rest is in {where}" if failed else ""
    progress.ended(int(bool(failed)), words, where)
    if not failed:
        click.echo(where)
    return int(bool(failed))


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Turn a request to end into an orderly way out, so that kernels and staging go too."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
