"""Tell how far a run is: a bar on a terminal, plain lines otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn, TextIO

from supportlab.reporting.jobs import Job, Outcome
from supportlab.reporting.names import clean_text

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["Progress"]


class Progress:
    """
    Writes a run's progress to a stream, never into what is published.

    Parameters
    ----------
    stream : text file
        Usually standard error.
    write : callable
        Writes one line to it.
    is_quiet : bool
        Say nothing but failures.
    """

    def __init__(
        self, stream: TextIO, write: Callable[[str], None], *, is_quiet: bool = False
    ) -> None:
        self._stream = stream
        self._write = write
        self._is_quiet = is_quiet
        self._bar: tqdm[NoReturn] | None = None
        self._n_jobs = 0
        self._n_done = 0

    def say(self, words: str) -> None:
        """Write one line, above the bar when there is one."""
        if self._is_quiet:
            return
        self._line(words)

    @contextmanager
    def counting(self, n_jobs: int) -> Iterator[None]:
        """Count jobs up to a number while the block runs."""
        self._n_jobs, self._n_done = n_jobs, 0
        if self._stream.isatty() and not self._is_quiet:
            from tqdm import tqdm

            self._bar = tqdm(total=n_jobs, unit="notebook", file=self._stream, leave=False)
        try:
            yield
        finally:
            if self._bar is not None:
                self._bar.close()
                self._bar = None

    def started(self, job: Job) -> None:
        """Note that a job has started."""
        if self._bar is not None:
            self._bar.set_postfix_str(job.label)
        else:
            self.say(f"{job.label}: started")

    def kept(self, job: Job) -> None:
        """Note that a job need not be done, since nothing it rests on has changed."""
        self.say(f"{job.label}: unchanged, kept")

    def done(self, job: Job, outcome: Outcome) -> None:
        """Note what became of a job."""
        self._n_done += 1
        if self._bar is not None:
            self._bar.update()
        place = f"[{self._n_done}/{self._n_jobs}] {job.label}"
        if outcome.failure:
            first = str(outcome.failure).splitlines()[0]
            self._line(f"{place}: failed after {outcome.seconds:.1f} s: {first}")
        else:
            self.say(f"{place}: done in {outcome.seconds:.1f} s")

    def ended(self, status: int, words: str, page: str = "") -> None:
        """Tell how a command ended: what went wrong, or nothing where the page says it all."""
        if words:
            self._line(f"supportlab: {words}")

    def _line(self, words: str) -> None:
        if self._bar is not None:
            self._bar.clear()
        # A message of an error can hold what a customer wrote, control sequences too.
        self._write(clean_text(words))
        if self._bar is not None:
            self._bar.refresh()
