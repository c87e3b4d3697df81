"""From finished notebooks to the folder of a run: findings, start page, manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import supportlab
from supportlab.format import format_count
from supportlab.reporting.csvfiles import csv_text
from supportlab.reporting.digest import finding_row, headlines, level_words, refusals
from supportlab.reporting.jobs import Failure, Job, Outcome
from supportlab.reporting.manifest import manifest, run_key, write_json
from supportlab.reporting.names import escaped_json
from supportlab.reporting.page import notebook_title, report_page
from supportlab.reporting.registry import StudyNotebook
from supportlab.reporting.request import Plan, Slice
from supportlab.reporting.signature import load_notebook
from supportlab.reporting.source import SourceFacts
from supportlab.reporting.templates import render
from supportlab.results import findings_frame, findings_json
from supportlab.vocabulary import CONTRACT_VERSION, INTERVAL_LEVEL

__all__ = ["Done", "assemble", "read_findings", "run_facts", "salvage", "write_findings"]


@dataclass(frozen=True)
class Done:
    """
    All that is known after the last notebook.

    Parameters
    ----------
    plan : Plan
        What was asked for.
    source : SourceFacts
        The data.
    outcomes : mapping of str to Outcome
        By the job's label.
    started_at, finished_at : str
        UTC, ISO.
    keys : mapping of str to str
        By the job's label: the hash of what decides its content.
    """

    plan: Plan
    source: SourceFacts
    outcomes: Mapping[str, Outcome]
    started_at: str
    finished_at: str
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_csv(self) -> bool:
        """Return whether the run has CSV files."""
        return "csv" in self.plan.request.formats

    def outcome(self, part: Slice, study: str) -> Outcome:
        """Return what became of one study of one slice."""
        return self.outcomes[_label(part, study)]

    def key(self, part: Slice, study: str) -> str:
        """Return the hash of what decides the content of one study of one slice."""
        return self.keys.get(_label(part, study), "")

    def parameters(self, part: Slice) -> dict[str, Any]:
        """Return what the user set, with the slice."""
        data = {"data": self.plan.data} if self.plan.takes_data else {}
        typed = {name: value for item in self.plan.values.values() for name, value in item.items()}
        return {**data, **typed, **part.values}

    def run_id(self, part: Slice) -> str:
        """Return the id of the run of one slice."""
        studies = {
            item.study: self.plan.effective(item.study, part.values)
            for item in self.plan.request.notebooks
        }
        values = {
            "studies": studies,
            "by": self.plan.request.slice_kind,
            "slice": part.name,
            "as_of": self.source.as_of,
            "formats": self.plan.request.formats,
        }
        return run_key(self.plan.request.notebooks, self.source.data, values)


def assemble(folder: Path, part: Slice, done: Done) -> list[dict[str, Any]]:
    """
    Write what lies beside the study folders of one report.

    Parameters
    ----------
    folder : pathlib.Path
        With the study folders in it.
    part : Slice
        The whole, or one of several.
    done : Done
        What was run.

    Returns
    -------
    list of dict
        All findings of the report, in the order of the notebooks.
    """
    findings = read_findings(folder, [item.study for item in done.plan.request.notebooks])
    write_findings(folder, findings, has_csv=done.has_csv)
    _write(folder / "index.html", _index(folder, part, done, findings))
    write_json(folder / "run.json", _manifest(part, done))
    return findings


def read_findings(folder: Path, studies: Sequence[str]) -> list[dict[str, Any]]:
    """
    Read the findings that notebooks left, in the order of the studies.

    Parameters
    ----------
    folder : pathlib.Path
        With the study folders in it.
    studies : sequence of str
        Their names.

    Returns
    -------
    list of dict
        Objects of ``findings.json``.
    """
    findings: list[dict[str, Any]] = []
    for study in studies:
        findings += json.loads((folder / study / "findings.json").read_text(encoding="utf-8"))
    return findings


def write_findings(
    folder: Path, findings: Sequence[Mapping[str, Any]], *, has_csv: bool = True
) -> None:
    """
    Write findings as JSON and, flat, as CSV.

    Parameters
    ----------
    folder : pathlib.Path
        Where to.
    findings : sequence of mapping
        Objects of ``findings.json``.
    has_csv : bool
        Whether the run has CSV files.
    """
    _write(folder / "findings.json", escaped_json(findings_json(findings)))
    if has_csv:
        _write(folder / "findings.csv", csv_text(findings_frame(findings)))


def salvage(job: Job, failure: Failure) -> Failure:
    """
    Keep the notebook of a job whose process died before it could.

    Parameters
    ----------
    job : Job
        The job.
    failure : Failure
        How it ended.

    Returns
    -------
    Failure
        The same, fit to be published.
    """
    import nbformat

    from supportlab.reporting.clean import clean_notebook, known_folders, prepare_notebook
    from supportlab.reporting.failures import mark_failure

    folder = Path(job.folder)
    if (folder / "report.html").is_file():
        return failure
    folder.mkdir(parents=True, exist_ok=True)
    folders = known_folders({job.private: "run", job.folder: "run", str(Path.cwd()): "."})
    notebook = load_notebook(Path(job.notebook))
    prepare_notebook(notebook)
    clean_notebook(notebook, folders)
    clean = mark_failure(notebook, failure, folders)
    _write(folder / "notebook.ipynb", escaped_json(nbformat.writes(notebook)))  # type: ignore[no-untyped-call]
    _write(folder / "report.html", report_page(notebook, job.study, job.facts))
    _write(folder / "findings.json", findings_json([]))
    return clean


def run_facts(part: Slice, done: Done) -> dict[str, Any]:
    """
    Gather what every start page shows: data, faults, command, versions.

    Parameters
    ----------
    part : Slice
        The whole, or one of several.
    done : Done
        What was run.

    Returns
    -------
    dict
        Values for the templates.
    """
    tables = [
        (name, format_count(facts.get("rows")), str(facts.get("fingerprint"))[:16])
        for name, facts in done.source.data["tables"].items()
    ]
    return {
        "faults": done.source.faults,
        "tables": tables,
        "command": done.plan.request.command,
        "has_csv": done.has_csv,
        "run_id": done.run_id(part),
        "version": supportlab.__version__,
        "contract": CONTRACT_VERSION,
    }


def _manifest(part: Slice, done: Done) -> dict[str, Any]:
    studies = [
        _study_record(item.study, done.outcome(part, item.study), done, part)
        for item in done.plan.request.notebooks
    ]
    return manifest(
        run_id=done.run_id(part),
        started_at=done.started_at,
        finished_at=done.finished_at,
        data=done.source.data,
        parameters=done.parameters(part),
        studies=studies,
    )


def _study_record(study: str, outcome: Outcome, done: Done, part: Slice) -> dict[str, Any]:
    return {
        "name": study,
        "status": "failed" if outcome.failure else "ok",
        "seconds": round(outcome.seconds, 3),
        "parameters": done.plan.effective(study, part.values),
        "error": str(outcome.failure) if outcome.failure else None,
        "cached": outcome.is_cached,
        "key": done.key(part, study),
    }


def _label(part: Slice, study: str) -> str:
    return f"{part.name}/{study}" if part.name else study


def _index(folder: Path, part: Slice, done: Done, findings: Sequence[Mapping[str, Any]]) -> str:
    from supportlab.reporting.plan import page_facts

    name = f"Support report: {done.source.name}" if done.source.name else "Support report"
    values = done.parameters(part)
    return render(
        "index.html",
        title=f"{name}, {part.title}" if part.name else name,
        parent=part.name,
        facts=page_facts(done.source, values),
        studies=[
            _study_part(item, done.outcome(part, item.study), findings)
            for item in done.plan.request.notebooks
        ],
        comparison=False,
        **run_facts(part, done),
    )


def _study_part(
    item: StudyNotebook, outcome: Outcome, findings: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    study = item.study
    own = [found for found in findings if found["study"] == study]
    title = notebook_title(load_notebook(item.path))
    refused = refusals(own)
    return {
        "anchor": f"study-{study}",
        "folder": study,
        "title": title or study.replace("-", " ").capitalize(),
        "error": str(outcome.failure) if outcome.failure else "",
        "level": level_words(INTERVAL_LEVEL),
        "headlines": [finding_row(found) for found in headlines(own)],
        "refused": refused,
        "n_refused": "1 number"
        if len(refused) == 1 and refused[0].n == 1
        else f"{sum(row.n for row in refused)} numbers",
        "n_findings": format_count(len(own)) if own else "",
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="")
