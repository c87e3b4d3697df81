"""One job of a run: a notebook with its values, and where what it leaves goes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from supportlab.reporting.formats import FORMATS

__all__ = ["Failure", "Job", "Outcome"]


@dataclass(frozen=True)
class Failure:
    """
    How a notebook failed.

    Parameters
    ----------
    kind : str
        Name of the exception, or ``DeadKernel``, ``DeadWorker``.
    message : str
        First lines of its message.
    cell : int or None
        Which cell, counted from 1; None when no cell is to blame.
    """

    kind: str
    message: str
    cell: int | None = None

    def __str__(self) -> str:
        place = f"cell {self.cell}: " if self.cell else ""
        return f"{place}{self.kind}: {self.message}"


@dataclass(frozen=True)
class Job:
    """
    One notebook to run, with everything a separate process needs to know.

    Parameters
    ----------
    study : str
        Name of the study and of its folder.
    notebook : str
        Path of the notebook.
    folder : str
        Folder in the run that is being built.
    private : str
        Folder for what is not published: kernel files, logs, the outcome.
    values : mapping
        Typed parameters to inject.
    facts : mapping of str to str
        What the page's header says, label and words.
    slice_name : str
        For example ``market=DE``; empty for the whole.
    time_limit_seconds, memory_limit_megabytes : float or None
        What its kernel may use.
    environment : mapping of str to str
        Variables to set otherwise than a run does.
    formats : sequence of str
        In which forms it leaves what it found.
    """

    study: str
    notebook: str
    folder: str
    private: str
    values: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    slice_name: str = ""
    time_limit_seconds: float | None = None
    memory_limit_megabytes: float | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    formats: Sequence[str] = FORMATS

    @property
    def label(self) -> str:
        """Return the job's name for progress lines."""
        return f"{self.slice_name}/{self.study}" if self.slice_name else self.study

    def save(self) -> Path:
        """Write the job into its private folder, for the process that does it."""
        path = Path(self.private) / "job.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: Path) -> Job:
        """Read a job back."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Outcome:
    """
    What became of a job.

    Parameters
    ----------
    failure : Failure or None
        None when the notebook ran to its end.
    seconds : float
        Wall-clock time.
    is_cached : bool
        Taken over from an earlier run.
    """

    failure: Failure | None = None
    seconds: float = 0.0
    is_cached: bool = False

    def save(self, private: Path) -> None:
        """Write the outcome into the job's private folder."""
        text = json.dumps(asdict(self.failure) if self.failure else None)
        (private / "outcome.json").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, private: Path, seconds: float) -> Outcome | None:
        """Read an outcome back; None when the process left none."""
        path = private / "outcome.json"
        if not path.is_file():
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
        return cls(Failure(**found) if found else None, seconds)
