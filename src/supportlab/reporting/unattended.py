"""Make the reports of a ``reports.toml``: what a scheduler runs, any number of times."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from supportlab.errors import DataError, ParameterError, SupportLabError
from supportlab.reporting.formats import read_formats
from supportlab.reporting.progress import Progress
from supportlab.reporting.registry import find_notebooks, select_studies
from supportlab.reporting.reports_file import ReportSpec
from supportlab.reporting.request import Request
from supportlab.reporting.runner import run_request
from supportlab.reporting.source import read_source
from supportlab.reporting.spans import resolve_period

__all__ = ["LATEST", "Made", "exit_status", "make_reports"]

LATEST = "latest"
SECONDS_A_MINUTE = 60.0


@dataclass(frozen=True)
class Made:
    """
    What became of one report.

    Parameters
    ----------
    name : str
        Its name in the file.
    folder : pathlib.Path or None
        The run; None where there is none.
    status : int
        As the command's exit status.
    words : str
        What went wrong, or empty.
    """

    name: str
    folder: Path | None
    status: int
    words: str = ""


def make_reports(
    specs: Sequence[ReportSpec], base: Path, as_of: str, wait_seconds: float, progress: Progress
) -> list[Made]:
    """
    Make reports one after another; one that cannot be made does not stop the others.

    Not for a look at other settings: what is there and unchanged is kept.

    Parameters
    ----------
    specs : sequence of ReportSpec
        From `supportlab.reporting.reports_file.read_reports`.
    base : pathlib.Path
        Folder of the file, from which paths in it are read.
    as_of : str
        ISO date at which the data are looked at; empty: as each source says.
    wait_seconds : float
        How long to wait for another run of the same target.
    progress : Progress
        Told of every step.

    Returns
    -------
    list of Made
        In the order given.
    """
    made = []
    for spec in specs:
        progress.say(f"report {spec.name}")
        try:
            made.append(_make(spec, base, as_of, wait_seconds, progress))
        except SupportLabError as error:
            made.append(Made(spec.name, None, exit_status(error), str(error)))
        except OSError as error:
            # A full disk or a folder that may not be written concerns this report alone.
            words = f"it could not be written: {error.strerror or type(error).__name__}"
            made.append(Made(spec.name, None, 1, f"{words}. What was there is as it was."))
        if made[-1].words:
            progress.say(f"report {spec.name}: {made[-1].words}")
    return made


def exit_status(error: SupportLabError) -> int:
    """
    Return the status with which a command ends for an error.

    Parameters
    ----------
    error : SupportLabError
        What stopped it.

    Returns
    -------
    int
        2 for wrong usage, 3 for data that cannot be used, else 1.
    """
    if isinstance(error, ParameterError):
        return 2
    return 3 if isinstance(error, DataError) else 1


def _make(
    spec: ReportSpec, base: Path, as_of: str, wait_seconds: float, progress: Progress
) -> Made:
    data = _from(base, spec.data)
    moment = as_of or read_source(data, "", "").as_of
    span = resolve_period(spec.period, _day(moment))
    home = Path(_from(base, str(spec.folder)))
    texts = {"data": data, "as_of": moment, "start": span.start, "end": span.end}
    texts = {name: text for name, text in texts.items() if text}
    request = Request(
        notebooks=select_studies(find_notebooks(), spec.studies),
        texts=texts | _as_texts(spec.parameters),
        out=home / span.label,
        by=spec.by,
        slices=tuple(_as_texts(part) for part in spec.slices),
        n_parallel=spec.jobs,
        kernels=spec.kernels,
        executor=spec.executor,
        time_limit_seconds=_seconds(spec.time_limit_minutes),
        memory_limit_megabytes=spec.memory_limit_mb,
        formats=read_formats(spec.formats),
        is_resumed=True,
        wait_seconds=wait_seconds,
        command=shlex.join(["supportlab", "report", "--config", "reports.toml", "--as-of", moment]),
    )
    failed = run_request(request, progress)
    _point(home / LATEST, span.label)
    for old in _beyond(home, spec.keep, span.label):
        progress.say(f"dropped {old.name}, beyond the {spec.keep} runs to keep")
        shutil.rmtree(old)
    words = f"{len(failed)} failed ({', '.join(failed)})" if failed else ""
    return Made(spec.name, request.out, int(bool(failed)), words)


def _from(base: Path, place: str) -> str:
    """Read a path as the file means it; a named connection is no path."""
    if place.startswith("connection:") or "://" in place or Path(place).is_absolute():
        return place
    return Path(os.path.relpath(base / place)).as_posix()


def _day(moment: str) -> date:
    try:
        return date.fromisoformat(moment[:10])
    except ValueError:
        raise ParameterError(f"as_of: {moment!r} is no ISO date. Write it as 2026-07-01.") from None


def _as_texts(values: object) -> dict[str, str]:
    assert isinstance(values, dict)  # noqa: S101  narrows what the file's model has checked
    return {str(name): _text(value) for name, value in values.items()}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _seconds(minutes: float | None) -> float | None:
    return None if minutes is None else minutes * SECONDS_A_MINUTE


def _point(link: Path, label: str) -> None:
    """Let a link point to the newest run, in one step."""
    if link.exists() and not link.is_symlink():
        return
    new = link.with_name(f".{link.name}.{os.getpid()}")
    # Some file systems have no links; the runs are there all the same.
    with suppress(OSError):
        new.symlink_to(label)
        new.replace(link)


def _beyond(home: Path, keep: int, current: str) -> list[Path]:
    """Return the oldest runs of a report that are more than are to be kept."""
    runs = []
    for path in home.iterdir():
        finished = _finished_at(path)
        if finished and not path.is_symlink() and path.name != current:
            runs.append((finished, path.name, path))
    return [path for _, _, path in sorted(runs, reverse=True)[keep - 1 :]]


def _finished_at(folder: Path) -> str:
    try:
        manifest = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    is_run = isinstance(manifest, dict) and {"run_id", "contract_version"} <= set(manifest)
    return str(manifest.get("finished_at", "")) if is_run else ""
