"""The process that does one job: ``python -m supportlab.reporting.worker JOB.json``."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from supportlab.reporting.jobs import Failure, Job, Outcome

__all__ = ["WITHHELD", "do_job"]

WITHHELD = "SecretFound"


def do_job(job: Job) -> Outcome:
    """
    Execute a job's notebook and write its folder: notebook, page, findings, tables, figures.

    Not for the process that others share: it sets what the kernel inherits.

    Parameters
    ----------
    job : Job
        What to run.

    Returns
    -------
    Outcome
        With the failure, when the notebook did not run to its end; what it exported before is
        dropped then.
    """
    from supportlab.reporting.clean import clean_notebook, known_folders, prepare_notebook
    from supportlab.reporting.execute import execute
    from supportlab.reporting.failures import mark_failure
    from supportlab.reporting.formats import keep_formats
    from supportlab.reporting.limits import Limits
    from supportlab.reporting.page import report_page
    from supportlab.reporting.personal import mask_exports, mask_notebook, masked
    from supportlab.reporting.recorder import EXPORT_VARIABLE
    from supportlab.reporting.scanning import leaks, own_secrets
    from supportlab.reporting.signature import load_notebook

    private, folder = Path(job.private), Path(job.folder)
    export = private / "export"
    os.environ[EXPORT_VARIABLE] = str(export)
    notebook = load_notebook(Path(job.notebook))
    prepare_notebook(notebook)
    limits = Limits(job.time_limit_seconds, job.memory_limit_megabytes)
    executed, failure = execute(notebook, job.values, limits)
    folders = known_folders({job.private: "run", job.folder: "run", str(Path.cwd()): "."})
    clean_notebook(executed, folders)
    mask_notebook(executed)
    if failure:
        masked_failure = replace(failure, message=masked(failure.message))
        failure = mark_failure(executed, masked_failure, folders)
    folder.mkdir(parents=True, exist_ok=True)
    _write_notebook(executed, folder / "notebook.ipynb")
    # A failed notebook is kept in any case: it says how far it came.
    formats = [*job.formats, *(["notebook"] if failure else [])]
    page = report_page(executed, job.study, job.facts, formats)
    (folder / "report.html").write_text(page, encoding="utf-8", newline="")
    mask_exports(export)
    _publish_export(export, folder, is_whole=failure is None)
    found = leaks(folder, own_secrets())
    if found:
        # Nothing of it may be seen; what is kept in its place is the notebook before it ran.
        shutil.rmtree(folder)
        return Outcome(Failure(WITHHELD, f"withheld: {'; '.join(found)}"))
    keep_formats(folder, formats)
    return Outcome(failure)


def main(path: str) -> None:
    """Do the job that is written in a file; the outcome goes beside it."""
    from supportlab.reporting.execute import kill_kernels, watch_parent

    def stop() -> None:
        kill_kernels()
        os._exit(143)

    watch_parent(sys.stdin.fileno(), stop)
    job = Job.load(Path(path))
    private = Path(job.private)
    try:
        do_job(job).save(private)
    except Exception as error:
        kill_kernels()
        Outcome(Failure(type(error).__name__, str(error)[:2000])).save(private)
        raise


def _write_notebook(notebook: object, path: Path) -> None:
    import nbformat

    from supportlab.reporting.names import escaped_json

    text = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    path.write_text(escaped_json(text.rstrip("\n")) + "\n", encoding="utf-8", newline="")


def _publish_export(export: Path, folder: Path, *, is_whole: bool) -> None:
    if is_whole and export.is_dir():
        shutil.copytree(export, folder, dirs_exist_ok=True)
    findings = folder / "findings.json"
    if not findings.is_file():
        findings.write_text("[]\n", encoding="utf-8", newline="")


if __name__ == "__main__":
    main(sys.argv[1])
