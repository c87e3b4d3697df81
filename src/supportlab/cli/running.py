"""What the commands that run notebooks share: options, signals, the last lines."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from supportlab.errors import ParameterError, SupportLabError

__all__ = ["default_data", "gathered", "repeated", "start"]


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


def start(request: object) -> int:
    """
    Run a request and say how it went.

    Parameters
    ----------
    request : Request
        What to run.

    Returns
    -------
    int
        0, or 1 when a notebook failed.

    Raises
    ------
    SupportLabError
        When the run cannot be written.
    """
    from supportlab.reporting.plan import Request
    from supportlab.reporting.progress import Progress
    from supportlab.reporting.runner import run_request

    assert isinstance(request, Request)  # noqa: S101  narrows a lazily imported type
    progress = Progress(sys.stderr, lambda words: click.echo(words, err=True))
    with _stopping_on_signals():
        try:
            failed = run_request(request, progress)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SupportLabError(
                f"the run could not be written to {request.out}: {reason}. Nothing was replaced."
            ) from error
    where = (request.out / "index.html").as_posix()
    if failed:
        words = f"{len(failed)} failed ({', '.join(failed)})"
        click.echo(f"supportlab: {words}; the rest is in {where}", err=True)
        return 1
    click.echo(where)
    return 0


@contextmanager
def _stopping_on_signals() -> Iterator[None]:
    """Turn a request to end into an orderly way out, so that kernels and staging go too."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
