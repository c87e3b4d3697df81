"""Progress as one JSON object a line, for those who collect logs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

from supportlab.reporting.jobs import Job, Outcome
from supportlab.reporting.names import clean_text
from supportlab.reporting.progress import Progress

__all__ = ["JsonProgress"]


class JsonProgress(Progress):
    """
    Writes every step as a JSON object with ``at``, ``event`` and what belongs to it.

    Parameters
    ----------
    stream : text file
        Usually standard error.
    write : callable
        Writes one line to it.
    """

    def __init__(self, stream: TextIO, write: Callable[[str], None]) -> None:
        super().__init__(stream, write)
        self._emit = write

    def say(self, words: str) -> None:
        """Write a message."""
        self._event("message", words=words)

    @contextmanager
    def counting(self, n_jobs: int) -> Iterator[None]:
        """Tell how many jobs there are; no bar."""
        self._event("jobs", n=n_jobs)
        yield

    def started(self, job: Job) -> None:
        """Write that a job has started."""
        self._event("started", job=job.label)

    def kept(self, job: Job) -> None:
        """Write that a job need not be done."""
        self._event("kept", job=job.label)

    def done(self, job: Job, outcome: Outcome) -> None:
        """Write what became of a job."""
        error = str(outcome.failure) if outcome.failure else None
        status = "failed" if error else "ok"
        seconds = round(outcome.seconds, 3)
        self._event("done", job=job.label, status=status, seconds=seconds, error=error)

    def ended(self, status: int, words: str, page: str = "") -> None:
        """Write how the command ended, with its exit status."""
        self._event("ended", status=status, words=words or None, page=page or None)

    def _event(self, event: str, **facts: object) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        clean = {
            name: clean_text(value) if isinstance(value, str) else value
            for name, value in facts.items()
        }
        self._emit(json.dumps({"at": at, "event": event, **clean}, ensure_ascii=False))
