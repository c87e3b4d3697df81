"""One run from request to published folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from supportlab.reporting.assemble import Done, assemble, salvage
from supportlab.reporting.comparison import compare_slices
from supportlab.reporting.jobs import Job, Outcome
from supportlab.reporting.manifest import code_digest
from supportlab.reporting.plan import Request, Slice, make_jobs, make_plan, make_slices
from supportlab.reporting.pool import run_jobs
from supportlab.reporting.progress import Progress
from supportlab.reporting.publish import check_replaceable, staging
from supportlab.reporting.source import no_source, read_source

__all__ = ["run_request"]


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
    """
    started_at = _now()
    code_digest()
    plan = make_plan(request)
    check_replaceable(request.out.resolve())
    texts = request.texts
    source = no_source()
    if plan.takes_data:
        progress.say(f"reading {plan.data}")
        source = read_source(plan.data, texts.get("as_of", ""), texts.get("market", ""))
    slices = make_slices(plan, source)
    with staging(request.out) as place:
        jobs = make_jobs(plan, slices, source, place)
        outcomes = _run(jobs, request.n_parallel, progress)
        done = Done(plan, source, outcomes, started_at, _now())
        _write_run(place.run, slices, done)
        place.publish()
    return [label for label, outcome in outcomes.items() if outcome.failure]


def _run(jobs: Sequence[Job], n_parallel: int, progress: Progress) -> dict[str, Outcome]:
    with progress.counting(len(jobs)):
        outcomes = run_jobs(jobs, n_parallel, progress.started, progress.done)
    for job in jobs:
        outcome = outcomes[job.label]
        if outcome.failure:
            failure = salvage(job, outcome.failure)
            outcomes[job.label] = replace(outcome, failure=failure)
    return outcomes


def _write_run(folder: Path, slices: Sequence[Slice], done: Done) -> None:
    found = [(part, assemble(folder / part.folder, part, done)) for part in slices]
    if done.plan.request.by:
        compare_slices(folder, found, done)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
