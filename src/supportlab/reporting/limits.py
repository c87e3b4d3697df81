"""What a notebook may use of time and memory, and what happens when it takes more."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from supportlab.reporting.jobs import Failure

__all__ = ["MEMORY_LIMIT", "TIME_LIMIT", "Limits", "Verdict", "watched"]

MEMORY_LIMIT, TIME_LIMIT = "MemoryLimit", "TimeLimit"
# A kernel that takes memory in gulps gets past a slower look, which costs next to nothing.
LOOK_SECONDS = 0.1
MEGABYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """
    Limits of one notebook.

    Parameters
    ----------
    seconds : float or None
        Longest time from its kernel's start to its last cell.
    megabytes : float or None
        Most resident memory of the kernel with its children, in MiB.
    """

    seconds: float | None = None
    megabytes: float | None = None


@dataclass
class Verdict:
    """What a watch has done; ``failure`` is None while the notebook kept its limits."""

    failure: Failure | None = None


@contextmanager
def watched(limits: Limits, kernel: Callable[[], int | None]) -> Iterator[Verdict]:
    """
    Watch a kernel while the block runs, and kill its session when it goes beyond a limit.

    Not a sandbox: memory is looked at ten times a second, so a short peak may pass.

    Parameters
    ----------
    limits : Limits
        What it may use.
    kernel : callable
        Gives the kernel's process id, or None before it has started.

    Yields
    ------
    Verdict
        Whose failure says which limit was broken and by how much.
    """
    verdict, ended = Verdict(), threading.Event()
    if limits.seconds is None and limits.megabytes is None:
        yield verdict
        return

    def look() -> None:
        begun = time.monotonic()
        while not ended.wait(LOOK_SECONDS):
            pid = kernel()
            failure = _broken(limits, time.monotonic() - begun, pid)
            if failure and pid:
                verdict.failure = failure
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
                return

    watch = threading.Thread(target=look, daemon=True, name="limits")
    watch.start()
    try:
        yield verdict
    finally:
        ended.set()
        watch.join()


def _broken(limits: Limits, seconds: float, pid: int | None) -> Failure | None:
    if limits.seconds is not None and seconds > limits.seconds:
        return Failure(
            TIME_LIMIT,
            f"it was stopped after {limits.seconds:g} seconds, the limit of this run; "
            "raise --time-limit, or look at fewer data",
        )
    if limits.megabytes is None or pid is None:
        return None
    used = _resident_megabytes(pid)
    if used <= limits.megabytes:
        return None
    return Failure(
        MEMORY_LIMIT,
        f"it was stopped when it held {used:,.0f} MiB of memory, above the limit of "
        f"{limits.megabytes:,.0f} MiB; raise --memory-limit, or look at fewer data",
    )


def _resident_megabytes(pid: int) -> float:
    import psutil  # type: ignore[import-untyped]

    total = 0
    with suppress(psutil.Error):
        kernel = psutil.Process(pid)
        for process in (kernel, *kernel.children(recursive=True)):
            with suppress(psutil.Error):
                total += process.memory_info().rss
    return total / MEGABYTE
