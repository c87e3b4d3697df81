"""Do jobs on a Dask cluster: the same processes, on other machines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from supportlab.errors import ParameterError, SupportLabError
from supportlab.reporting.jobs import Failure, Job, Outcome
from supportlab.reporting.manifest import code_digest, package_versions
from supportlab.reporting.pool import kernel_environment, left_by
from supportlab.reporting.scanning import safe_failure

__all__ = ["SCHEME", "cluster_address", "run_jobs_on_cluster"]

SCHEME = "dask://"
# A scheduler that is there answers at once; one behind a slow network within this.
CONNECT_SECONDS = 20
POLL_SECONDS = 0.2
STOP_SECONDS = 5.0


def cluster_address(executor: str) -> str:
    """
    Turn what a user wrote into the address of a scheduler.

    Parameters
    ----------
    executor : str
        ``dask://HOST:PORT``, or empty for this machine.

    Returns
    -------
    str
        ``tcp://HOST:PORT``, or empty.

    Raises
    ------
    ParameterError
        When it is neither, or Dask is not installed.

    Examples
    --------
    >>> cluster_address("")
    ''
    """
    if not executor:
        return ""
    host, colon, port = executor.removeprefix(SCHEME).rpartition(":")
    if not executor.startswith(SCHEME) or not host or not colon or not port.isdecimal():
        raise ParameterError(
            f"--executor {executor!r} is not known. Write dask://HOST:PORT, the address that "
            "`dask scheduler` prints, or leave it out to run on this machine."
        )
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise ParameterError(
            "--executor needs Dask, which is not installed: pip install 'supportlab[dask]'."
        ) from None
    return f"tcp://{host}:{port}"


def run_jobs_on_cluster(
    address: str,
    jobs: Sequence[Job],
    on_start: Callable[[Job], None],
    on_done: Callable[[Job, Outcome], None],
) -> dict[str, Outcome]:
    """
    Run jobs on the workers of a Dask cluster; one that fails does not stop the others.

    Not for workers that cannot read the data under the same path: nothing but notebooks and results
    travels.

    Parameters
    ----------
    address : str
        Of the scheduler, from `cluster_address`.
    jobs : sequence of Job
        In the order to send them.
    on_start, on_done : callable
        Told of each job as it is sent and as it ends.

    Returns
    -------
    dict
        Outcomes by label, in the order of the jobs.

    Raises
    ------
    SupportLabError
        When the scheduler cannot be reached, has no workers, or they have other code or versions.
    """
    from distributed import as_completed

    finished: Any = as_completed

    outcomes: dict[str, Outcome] = {}
    with _client(address) as client, _stopping(client) as stop:
        _check_workers(client)
        sent = {}
        for job in jobs:
            notebook = Path(job.notebook).read_text(encoding="utf-8")
            key = f"supportlab-{uuid.uuid4().hex}"
            words = (asdict(job), notebook, str(Path.cwd()), stop)
            # A worker that dies takes its task along; it is sent to another one once.
            sent[client.submit(_do, *words, key=key, pure=False, retries=1)] = job
            on_start(job)
        for future in finished(list(sent), loop=client.loop):
            job = sent[future]
            outcomes[job.label] = _received(job, future)
            on_done(job, outcomes[job.label])
    return {job.label: outcomes[job.label] for job in jobs}


@contextmanager
def _client(address: str) -> Iterator[Any]:
    from distributed import Client

    connect: Any = Client
    try:
        client = connect(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise SupportLabError(
            f"the Dask scheduler at {address} cannot be reached: "
            f"{type(error).__name__}. Start one with `dask scheduler`, or check host and port."
        ) from error
    try:
        yield client
    finally:
        client.close()


@contextmanager
def _stopping(client: Any) -> Iterator[str]:
    """Name an event that ends what still runs on workers when the block is left early."""
    from distributed import Event

    name = f"supportlab-stop-{uuid.uuid4().hex}"
    event: Any = Event(name, client=client)  # type: ignore[no-untyped-call]
    try:
        yield name
    except BaseException:
        with suppress(Exception):
            event.set()
        raise


def _check_workers(client: Any) -> None:
    found = client.run(_facts)
    if not found:
        raise SupportLabError("the Dask cluster has no worker. Start some with `dask worker`.")
    own = _facts()
    other = sorted(worker for worker, facts in found.items() if facts != own)
    if other:
        raise SupportLabError(
            f"{len(other)} of {len(found)} Dask workers have another version of supportlab, Python "
            "or a library, so their figures need not be the same. Install there what is here."
        )


def _facts() -> str:
    return json.dumps([code_digest().hex(), package_versions(), sys.version], sort_keys=True)


def _received(job: Job, future: Any) -> Outcome:
    try:
        found = future.result()
    except Exception as error:
        return Outcome(Failure("DeadWorker", f"{type(error).__name__} on the Dask cluster"))
    for name, content in found["files"].items():
        path = Path(job.folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    failure = Failure(**found["failure"]) if found["failure"] else None
    # Its secrets are not ours: what we know is looked for too.
    return Outcome(safe_failure(failure), found["seconds"])


def _do(record: Mapping[str, Any], notebook: str, folder: str, stop: str) -> dict[str, Any]:
    """Do one job in a process of its own on the worker that this is called on."""
    import time

    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="supportlab-dask-") as home:
        place = Path(home)
        path = place / Path(str(record["notebook"])).name
        path.write_text(notebook, encoding="utf-8", newline="")
        job = replace(
            Job(**record),
            notebook=str(path),
            folder=str(place / "run" / "study"),
            private=str(place / "private"),
        )
        outcome = _watched(job, folder, stop)
        files = {
            item.relative_to(job.folder).as_posix(): item.read_bytes()
            for item in sorted(Path(job.folder).rglob("*"))
            if item.is_file()
        }
    failure = asdict(outcome.failure) if outcome.failure else None
    return {"failure": failure, "seconds": time.monotonic() - begun, "files": files}


def _watched(job: Job, folder: str, stop: str) -> Outcome:
    from distributed import Event

    if not Path(folder).is_dir():
        words = f"a Dask worker has no folder {Path(folder).name!r} at the place of this one's"
        return Outcome(Failure("WorkerSetup", f"{words}; share it, or give absolute paths"))
    path, private = job.save(), Path(job.private)
    event: Any = Event(stop)  # type: ignore[no-untyped-call]
    with (private / "worker.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  our own module, no shell
            [sys.executable, "-m", "supportlab.reporting.worker", str(path)],
            env={**kernel_environment(private), **job.environment},
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        while process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
            if event.is_set():
                _end(process)
        _end(process)
    return left_by(private, process.returncode, 0.0)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        with suppress(OSError):
            process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()
