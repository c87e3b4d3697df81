"""Do jobs side by side, each in a process of its own with a kernel of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from supportlab.errors import SupportLabError
from supportlab.reporting.jobs import Failure, Job, Outcome
from supportlab.reporting.scanning import safe_failure
from supportlab.reporting.warm_client import ForkedProcess, fork
from supportlab.reporting.warm_words import WARM_VARIABLE

__all__ = ["kernel_environment", "left_by", "run_jobs"]

# Short beside the seconds that a kernel takes to start.
POLL_SECONDS = 0.05
# What a worker gets to kill its kernel before it is killed itself.
STOP_SECONDS = 5.0
LOG_TAIL = 500

# Threads add floats up in an order that changes; hashes decide the order of sets.
FIXED_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "NUMEXPR_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "PYTHONHASHSEED": "0",
    # 1980-01-01, the first date that a ZIP archive can hold.
    "SOURCE_DATE_EPOCH": "315532800",
    "TZ": "UTC",
}


@dataclass
class _Running:
    job: Job
    process: subprocess.Popen[bytes] | ForkedProcess
    begun: float


def run_jobs(
    jobs: Sequence[Job],
    n_parallel: int,
    on_start: Callable[[Job], None],
    on_done: Callable[[Job, Outcome], None],
    warm: str = "",
) -> dict[str, Outcome]:
    """
    Run jobs, some at a time; one that fails does not stop the others.

    Parameters
    ----------
    jobs : sequence of Job
        In the order to start them.
    n_parallel : int
        How many at a time.
    on_start, on_done : callable
        Told of each job as it starts and ends.
    warm : str
        Socket of a warm process to fork from; empty for processes of their own.

    Returns
    -------
    dict
        Outcomes by label, in the order of the jobs. Whatever ends this function early, its
        processes and their kernels are gone when it ends.
    """
    waiting: Iterator[Job] = iter(jobs)
    running: list[_Running] = []
    outcomes: dict[str, Outcome] = {}
    try:
        while len(outcomes) < len(jobs):
            while len(running) < n_parallel and (job := next(waiting, None)) is not None:
                on_start(job)
                running.append(_start(job, warm))
            for item in [item for item in running if item.process.poll() is not None]:
                running.remove(item)
                outcomes[item.job.label] = _outcome(item)
                on_done(item.job, outcomes[item.job.label])
            time.sleep(POLL_SECONDS)
    finally:
        _stop(running)
    return {job.label: outcomes[job.label] for job in jobs}


def kernel_environment(private: Path) -> dict[str, str]:
    """
    Return the environment in which a job's kernel starts.

    Parameters
    ----------
    private : pathlib.Path
        The job's folder for what is not published.

    Returns
    -------
    dict
        That of this process, with everything fixed that would make two runs differ, and without
        the user's own Jupyter and IPython settings. It names no warm process: who wants its
        kernels forked says so.
    """
    own = {
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "jupyter-config",
        "JUPYTER_DATA_DIR": "jupyter-data",
        "JUPYTER_RUNTIME_DIR": "jupyter-runtime",
    }
    folders = {name: str(private / folder) for name, folder in own.items()}
    for folder in folders.values():
        Path(folder).mkdir(parents=True, exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if name != WARM_VARIABLE}
    return {**inherited, **FIXED_ENVIRONMENT, **folders, "JUPYTER_PREFER_ENV_PATH": "1"}


def _start(job: Job, warm: str) -> _Running:
    path = job.save()
    private = Path(job.private)
    begun = time.monotonic()
    with (private / "worker.log").open("wb") as log:
        if warm:
            # A warm process that has died in between costs time, not the job.
            with suppress(OSError, SupportLabError):
                return _Running(job, _forked(job, path, log.fileno(), warm), begun)
        process = subprocess.Popen(  # noqa: S603  our own module, no shell
            [sys.executable, "-m", "supportlab.reporting.worker", str(path)],
            env={**kernel_environment(private), **job.environment},
            # The worker ends itself when this pipe closes, which even a killed parent does.
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches this process alone, which then ends the workers in order.
            start_new_session=True,
        )
    return _Running(job, process, begun)


def _forked(job: Job, path: Path, log: int, warm: str) -> ForkedProcess:
    reading, writing = os.pipe()
    held = os.fdopen(writing, "wb", buffering=0)
    try:
        own = kernel_environment(Path(job.private))
        env = {**own, **job.environment, WARM_VARIABLE: warm}
        return fork("worker", [str(path)], env=env, streams=(reading, log, log), stdin=held)
    except BaseException:
        held.close()
        raise
    finally:
        os.close(reading)


def _outcome(item: _Running) -> Outcome:
    seconds = time.monotonic() - item.begun
    _close(item)
    return left_by(Path(item.job.private), item.process.returncode, seconds)


def left_by(private: Path, status: int | None, seconds: float) -> Outcome:
    """
    Read what a worker has left, or say how it died.

    Parameters
    ----------
    private : pathlib.Path
        The job's private folder.
    status : int or None
        Exit status of the worker.
    seconds : float
        What it took.

    Returns
    -------
    Outcome
        Fit to be shown and published.
    """
    found = Outcome.load(private, seconds)
    if found is not None:
        return replace(found, failure=safe_failure(found.failure))
    log = (private / "worker.log").read_text(encoding="utf-8", errors="replace").strip()
    failure = Failure("DeadWorker", f"the process ended with status {status}: ")
    # A secret that is cut in two would not be known again, so the whole log is looked at.
    last = safe_failure(replace(failure, message=log))
    words = last.message[-LOG_TAIL:] if last else ""
    message = f"{failure.message}{words or 'it left no message'}"
    return Outcome(replace(failure, message=message), seconds)


def _stop(running: Sequence[_Running]) -> None:
    for item in running:
        _close(item)
    deadline = time.monotonic() + STOP_SECONDS
    for item in running:
        try:
            item.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            item.process.kill()
            item.process.wait()


def _close(item: _Running) -> None:
    if item.process.stdin:
        with suppress(OSError):
            item.process.stdin.close()
