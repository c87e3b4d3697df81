"""One run from request to published folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from supportlab.errors import SupportLabError
from supportlab.reporting.assemble import Done, assemble, salvage
from supportlab.reporting.cluster import cluster_address, run_jobs_on_cluster
from supportlab.reporting.comparison import compare_slices
from supportlab.reporting.jobs import Job, Outcome
from supportlab.reporting.locking import locked_target
from supportlab.reporting.manifest import code_digest
from supportlab.reporting.plan import make_jobs, make_plan, make_slices
from supportlab.reporting.pool import kernel_environment, run_jobs
from supportlab.reporting.progress import Progress
from supportlab.reporting.publish import Staging, check_replaceable, staging
from supportlab.reporting.request import Plan, Request, Slice
from supportlab.reporting.reuse import (
    earlier_studies,
    holds_only,
    in_order,
    job_key,
    left_studies,
    remember,
    take_over,
)
from supportlab.reporting.scanning import leaks_beside, own_secrets
from supportlab.reporting.source import SourceFacts, no_source, read_source
from supportlab.reporting.warm_client import can_fork, named_warm_process, warm_process

__all__ = ["run_request"]

# Its start takes what it saves in two or three notebooks.
WORTH_A_START = 4
# What systems and libraries say of a disk without room; it is no fault of the notebook, and a run
# without its studies must not take the place of a whole one.
NO_ROOM = ("No space left on device", "Disk quota exceeded", "File too large", "disk is full")
# So little is left where a worker died without being able to say why.
LEAST_ROOM_BYTES = 4 * 2**20
# A kernel or worker that was killed from outside may well live the second time.
RETRIED = ("DeadKernel", "DeadWorker")


def run_request(request: Request, progress: Progress) -> list[str]:
    """
    Do what a user asked for and publish it.

    Not for half a run: what is wrong with the request or the data is raised before a kernel
    starts, and nothing is published when this function is interrupted.

    Parameters
    ----------
    request : Request
        What to run, on what, where to.
    progress : Progress
        Told of every step.

    Returns
    -------
    list of str
        The jobs that failed; empty when all is well.

    Raises
    ------
    ParameterError
        When the request cannot be run.
    DataError
        When the data cannot be read or break the contract.
    SupportLabError
        When another run is writing to the same target.
    """
    started_at = _now()
    code_digest()
    plan = make_plan(request)
    cluster_address(request.executor)
    check_replaceable(request.out.resolve())
    texts = request.texts
    source = no_source()
    if plan.takes_data:
        progress.say(f"reading {plan.data}")
        source = read_source(plan.data, texts.get("as_of", ""), texts.get("market", ""))
    slices = make_slices(plan, source)
    with (
        locked_target(request.out, request.wait_seconds),
        staging(request.out, is_resumed=request.is_resumed) as place,
    ):
        jobs = make_jobs(plan, slices, source, place)
        keys = {job.label: _key(job, plan, source) for job in jobs}
        outcomes = _outcomes(jobs, keys, slices, request, place, progress)
        is_kept = all(outcome.is_cached for outcome in outcomes.values())
        if is_kept and holds_only(place.target, place.run, jobs):
            progress.say("nothing has changed since the run that is there")
            return []
        done = Done(plan, source, outcomes, started_at, _now(), keys)
        _write_run(place.run, slices, done)
        _look_through(place.run, jobs)
        place.publish()
    return [label for label, outcome in outcomes.items() if outcome.failure]


def _key(job: Job, plan: Plan, source: SourceFacts) -> str:
    own = source if "data" in plan.signatures[job.study].specs else no_source()
    return job_key(job, own.data, own.as_of)


def _outcomes(
    jobs: Sequence[Job],
    keys: Mapping[str, str],
    slices: Sequence[Slice],
    request: Request,
    place: Staging,
    progress: Progress,
) -> dict[str, Outcome]:
    earlier, left = {}, left_studies(place)
    if request.is_resumed:
        earlier = earlier_studies(place.target, [part.folder for part in slices])
    found, failed_before = {}, set()
    for job in jobs:
        folder, key = Path(job.folder).relative_to(place.run).as_posix(), keys[job.label]
        before = earlier.get(folder)
        outcome = take_over(job, key, before)
        if not outcome and (outcome := take_over(job, key, left.get(folder))):
            # It lies nowhere else, should this run be stopped as well.
            remember(place, job, key, outcome.seconds)
        if outcome:
            found[job.label] = outcome
            progress.kept(job)
        elif before and not before.is_ok:
            failed_before.add(job.label)
    waiting = in_order([job for job in jobs if job.label not in found], failed_before)
    told = _Noting(progress, place, keys)
    found |= _run(waiting, request, place, told) if waiting else {}
    return {job.label: found[job.label] for job in jobs}


@dataclass(frozen=True)
class _Noting:
    """Progress that also notes what is done, for who resumes the run when it is stopped."""

    progress: Progress
    place: Staging
    keys: Mapping[str, str]

    def done(self, job: Job, outcome: Outcome) -> None:
        """Note and tell what became of a job."""
        if outcome.failure is None:
            remember(self.place, job, self.keys[job.label], outcome.seconds)
        self.progress.done(job, outcome)


def _run(
    jobs: Sequence[Job], request: Request, place: Staging, told: _Noting
) -> dict[str, Outcome]:
    progress = told.progress
    outcomes = _first_time(jobs, request, place, told)
    _stop_without_room(outcomes, place)
    again = [_second(job) for job in jobs if _is_to_retry(outcomes[job.label])]
    if again:
        progress.say(f"{len(again)} died and will be tried once more, on kernels of their own")
        with progress.counting(len(again)):
            second = run_jobs(again, request.n_parallel, progress.started, told.done)
        _stop_without_room(second, place)
        outcomes |= {label: _both(outcomes[label], found) for label, found in second.items()}
    for job in jobs:
        outcome = outcomes[job.label]
        if outcome.failure:
            failure = salvage(job, outcome.failure)
            outcomes[job.label] = replace(outcome, failure=failure)
    return outcomes


def _first_time(
    jobs: Sequence[Job], request: Request, place: Staging, told: _Noting
) -> dict[str, Outcome]:
    address = cluster_address(request.executor)
    steps = (told.progress.started, told.done)
    with told.progress.counting(len(jobs)):
        if address:
            return run_jobs_on_cluster(address, jobs, *steps)
        with _warm(request.kernels, len(jobs), place) as warm:
            return run_jobs(jobs, request.n_parallel, *steps, warm)


def _stop_without_room(outcomes: Mapping[str, Outcome], place: Staging) -> None:
    failures = [outcome.failure for outcome in outcomes.values() if outcome.failure]
    is_told = any(words in item.message for item in failures for words in NO_ROOM)
    has_died = any(item.kind in RETRIED for item in failures)
    if is_told or (has_died and shutil.disk_usage(place.home).free < LEAST_ROOM_BYTES):
        raise SupportLabError(
            "there is no room left on the disk, so the run could not be made and nothing was "
            "replaced. Make room beside the target, where a run is built, and in the temporary "
            "folder."
        )


def _is_to_retry(outcome: Outcome) -> bool:
    return outcome.failure is not None and outcome.failure.kind in RETRIED


def _second(job: Job) -> Job:
    shutil.rmtree(job.folder, ignore_errors=True)
    return replace(job, private=f"{job.private}-again")


def _both(first: Outcome, second: Outcome) -> Outcome:
    return replace(second, seconds=first.seconds + second.seconds)


@contextmanager
def _warm(kernels: str, n_jobs: int, place: Staging) -> Iterator[str]:
    """Give the socket of a warm process, or an empty one where stock kernels are to be used."""
    named = named_warm_process() if kernels != "stock" else ""
    is_worth_it = kernels == "forked" or (kernels == "auto" and n_jobs >= WORTH_A_START)
    if named or not (is_worth_it and can_fork()):
        yield named
        return
    with warm_process(kernel_environment(place.private / "warm")) as socket:
        yield socket


def _write_run(folder: Path, slices: Sequence[Slice], done: Done) -> None:
    found = [(part, assemble(folder / part.folder, part, done)) for part in slices]
    if done.plan.request.slice_kind:
        compare_slices(folder, found, done)


def _look_through(run: Path, jobs: Sequence[Job]) -> None:
    found = leaks_beside(run, {Path(job.folder) for job in jobs}, own_secrets())
    if found:
        raise SupportLabError(
            f"the run was withheld, and nothing was replaced: {'; '.join(found)}. Studies were "
            "looked through before; this stands in the data's own names or in a parameter."
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
