"""Take over from the run that is being replaced what would come out the same."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supportlab.reporting.jobs import Job, Outcome
from supportlab.reporting.manifest import code_digest, package_versions
from supportlab.reporting.publish import Staging, flush

__all__ = [
    "Earlier",
    "earlier_studies",
    "holds_only",
    "in_order",
    "job_key",
    "left_studies",
    "remember",
    "take_over",
]

# In a run's private folder: one note a study that is done, for who resumes a run that was stopped.
_NOTES = "done"


@dataclass(frozen=True)
class Earlier:
    """
    One study of the run that is being replaced.

    Parameters
    ----------
    folder : pathlib.Path
        Where it lies.
    key : str
        Of what decided its content; empty in runs of versions that wrote none.
    seconds : float
        What it took.
    is_ok : bool
        Whether its notebook ran to its end.
    """

    folder: Path
    key: str
    seconds: float
    is_ok: bool


def job_key(job: Job, data: Mapping[str, Any], as_of: str) -> str:
    """
    Return a hash over everything that decides what a job leaves behind.

    Parameters
    ----------
    job : Job
        Notebook, values, and what its page's header says.
    data : mapping
        Source and fingerprint.
    as_of : str
        The moment of the data.

    Returns
    -------
    str
        64 hexadecimal digits: data, parameters, notebook, this package's code, versions.
    """
    digest = hashlib.sha256()
    asked = (job.study, dict(job.values), dict(job.facts), list(job.formats))
    parts = (data, as_of, asked, package_versions())
    digest.update(json.dumps(parts, sort_keys=True, default=str).encode())
    digest.update(platform.python_version().encode() + code_digest())
    digest.update(Path(job.notebook).read_bytes())
    return digest.hexdigest()


def earlier_studies(target: Path, folders: Sequence[str]) -> dict[str, Earlier]:
    """
    Read what an earlier run has left at a target.

    Parameters
    ----------
    target : pathlib.Path
        Folder of the run.
    folders : sequence of str
        Folders of its slices; empty for the whole.

    Returns
    -------
    dict
        By the study's folder, relative to the target; empty where there is no run.
    """
    found = {}
    for folder in folders:
        for study in _studies(target / folder / "run.json"):
            place = Path(folder) / str(study.get("name"))
            found[place.as_posix()] = Earlier(
                folder=target / place,
                key=str(study.get("key") or ""),
                seconds=float(study.get("seconds") or 0.0),
                is_ok=study.get("status") == "ok",
            )
    return found


def remember(place: Staging, job: Job, key: str, seconds: float) -> None:
    """
    Note that a study is done, so that it need not be done again when the run is stopped.

    Parameters
    ----------
    place : Staging
        Where the run is built.
    job : Job
        What ran to its end.
    key : str
        Its key.
    seconds : float
        What it took.
    """
    # The note must not be there before what it speaks of is.
    flush(Path(job.folder))
    folder = place.private / _NOTES
    folder.mkdir(exist_ok=True)
    note = {"folder": Path(job.folder).relative_to(place.run).as_posix()}
    text = json.dumps({**note, "key": key, "seconds": seconds})
    name = Path(job.private).name
    (folder / f"{name}.new").write_text(text, encoding="utf-8")
    (folder / f"{name}.new").rename(folder / f"{name}.json")


def left_studies(place: Staging) -> dict[str, Earlier]:
    """
    Read what runs of the same target had done when they were stopped.

    Parameters
    ----------
    place : Staging
        Where the run is built.

    Returns
    -------
    dict
        By the study's folder, relative to the target.
    """
    found = {}
    for home in place.left:
        before = Staging(place.target, home)
        for path in sorted((before.private / _NOTES).glob("*.json")):
            note = json.loads(path.read_text(encoding="utf-8"))
            folder = before.run / note["folder"]
            found[note["folder"]] = Earlier(folder, note["key"], note["seconds"], is_ok=True)
    return found


def take_over(job: Job, key: str, earlier: Earlier | None) -> Outcome | None:
    """
    Copy a study from the earlier run where nothing that decides it has changed.

    Parameters
    ----------
    job : Job
        What would be run.
    key : str
        Its key now.
    earlier : Earlier or None
        The same study in the run that is being replaced.

    Returns
    -------
    Outcome or None
        None where it has to be run: changed, failed, or not there.
    """
    if earlier is None or not earlier.is_ok or earlier.key != key or not earlier.folder.is_dir():
        return None
    shutil.copytree(earlier.folder, job.folder)
    return Outcome(seconds=earlier.seconds, is_cached=True)


def holds_only(target: Path, run: Path, jobs: Sequence[Job]) -> bool:
    """
    Return whether the earlier run has no study or slice beyond those asked for now.

    Parameters
    ----------
    target : pathlib.Path
        Folder of the earlier run.
    run : pathlib.Path
        Folder of the run that is being built.
    jobs : sequence of Job
        What was asked for.

    Returns
    -------
    bool
        True where the earlier run can stay as it is.
    """
    asked = {Path(job.folder).relative_to(run) for job in jobs}
    there = {path.parent.relative_to(target) for path in target.rglob("report.html")}
    return asked == there


def in_order(jobs: Sequence[Job], failed_before: set[str]) -> list[Job]:
    """
    Put the jobs that failed last time first, so that a cure shows early.

    Parameters
    ----------
    jobs : sequence of Job
        In the order of the notebooks.
    failed_before : set of str
        Their labels.

    Returns
    -------
    list of Job
        The same jobs.
    """
    return sorted(jobs, key=lambda job: job.label not in failed_before)


def _studies(path: Path) -> list[dict[str, Any]]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    studies = manifest.get("studies") if isinstance(manifest, dict) else None
    return [item for item in studies or [] if isinstance(item, dict)]
