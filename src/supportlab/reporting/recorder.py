"""What a notebook shows and exports: ``Report``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supportlab.errors import ParameterError, did_you_mean
from supportlab.reporting.csvfiles import write_csv
from supportlab.reporting.figures import Drawing, draw_estimate
from supportlab.reporting.markup import LONGEST_TEXT, estimate_html, estimate_text
from supportlab.reporting.names import clean_text, escaped_json, slug
from supportlab.reporting.parameters import Parameters
from supportlab.results import Definition, Estimate, Finding, findings_json
from supportlab.vocabulary import STUDIES

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["EXPORT_VARIABLE", "Report"]

# The runner tells the kernel here where to export to: a parameter would be saved in the notebook
# and make its bytes depend on a folder of this machine.
EXPORT_VARIABLE = "SUPPORTLAB_EXPORT_DIR"


class Report:
    """
    Shows estimates in a notebook and exports what was shown.

    Not for computing: it writes down what study functions returned.

    Parameters
    ----------
    study : str
        One of the studies of the results contract, as ``feedback-trends``.
    params : Parameters
        The notebook's validated parameters.
    desk : Desk
        The opened data, whose moment the findings carry.

    Raises
    ------
    ParameterError
        When the study is not known.
    """

    def __init__(self, study: str, params: Parameters, desk: Desk) -> None:
        if study not in STUDIES:
            raise ParameterError(f"study {study!r} is not known. {did_you_mean(study, STUDIES)}")
        self.study = study
        self.params = params
        self._as_of = desk.as_of.isoformat(timespec="seconds").removesuffix("T00:00:00")
        self._findings: dict[tuple[str, str], Finding] = {}
        self._tables: dict[str, pd.DataFrame] = {}
        self._drawings: dict[str, Drawing] = {}
        self._definitions: list[Definition] = []
        self._files: dict[str, str] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return the findings recorded so far, in the order shown."""
        return tuple(self._findings.values())

    def show(self, estimate: Estimate, *, figure: bool = False) -> None:
        """
        Display an estimate and record its table and findings, and its figure where wanted.

        Not for a figure that belongs elsewhere on the page: `figure` shows it alone.

        Parameters
        ----------
        estimate : Estimate
            What a study function returned. Definition records that were shown before in this
            report are not shown again.
        figure : bool, optional
            Whether its figure follows.

        Raises
        ------
        ParameterError
            When a finding belongs to another study, or contradicts one recorded before under
            the same id and group.
        """
        self._record(estimate)
        fresh = [item for item in estimate.definitions if item not in self._definitions]
        self._definitions += fresh
        _display(estimate_html(estimate, fresh), estimate_text(estimate, fresh))
        if figure:
            self.figure(estimate)

    def text(self, words: str) -> None:
        """
        Display one paragraph that was computed, for example a conclusion with numbers.

        Not for fixed prose: that is a Markdown cell.

        Parameters
        ----------
        words : str
            Plain text; markup is shown as it is written.
        """
        clean = clean_text(words, LONGEST_TEXT)
        _display(f'<p class="sl-summary">{escape(clean)}</p>', clean)

    def figure(self, estimate: Estimate) -> None:
        """
        Draw an estimate, display it with its alternative text, and record the drawing.

        Parameters
        ----------
        estimate : Estimate
            An estimate with a figure and the figure in words (``alt``).

        Raises
        ------
        ParameterError
            When the estimate has no figure or no alternative text.
        """
        drawing = draw_estimate(estimate)
        _keep(self._drawings, slug(estimate.name), drawing)
        _display_figure(drawing)

    def export(self) -> None:
        """
        Write what was shown into the run's folder, or say what a run would write.

        Raises
        ------
        OSError
            When the folder cannot be written.
        """
        folder = os.environ.get(EXPORT_VARIABLE, "")
        if folder:
            self._write(Path(folder))
        parts = (
            (len(self._findings), "finding"),
            (len(self._tables), "table"),
            (len(self._drawings), "figure"),
        )
        counts = ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for n, word in parts)
        # One wording for both, so that an interactive session and a run leave the same output.
        words = f"{counts}: a run saves them beside this notebook."
        _display(f'<p class="sl-note">{words}</p>', words)

    def _record(self, estimate: Estimate) -> None:
        for finding in estimate.findings:
            if finding.study != self.study:
                raise ParameterError(
                    f"{estimate.name}: the finding {finding.id} belongs to the study "
                    f"{finding.study!r}, this report is {self.study!r}."
                )
            self._record_finding(estimate.name, self._dated(finding))
        if len(estimate.table.columns):
            _keep(self._tables, slug(estimate.name), estimate.table)
        for name, text in estimate.files.items():
            stem, dot, ending = name.rpartition(".")
            self._files[f"{slug(stem)}{dot}{slug(ending)}"] = text

    def _record_finding(self, name: str, finding: Finding) -> None:
        key = (finding.id, _group_text(finding.group))
        known = self._findings.setdefault(key, finding)
        if known.to_dict() != finding.to_dict():
            raise ParameterError(
                f"{name}: {finding.id} for {key[1] or 'the whole'} was shown before with other "
                "numbers; give one of the two another group."
            )

    def _dated(self, finding: Finding) -> Finding:
        window = self.params.window
        return replace(
            finding,
            as_of=finding.as_of or self._as_of,
            start=finding.start or window["start"],
            end=finding.end or window["end"],
        )

    def _write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        text = escaped_json(findings_json(self.findings))
        (folder / "findings.json").write_text(text, encoding="utf-8", newline="")
        for name, table in self._tables.items():
            write_csv(table, folder / "tables" / f"{name}.csv")
        for name, drawing in self._drawings.items():
            drawing.write(folder / "figures", name)
        for name, words in self._files.items():
            (folder / name).write_text(words, encoding="utf-8", newline="")


def _group_text(group: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(group.items()))


def _keep(kept: dict[str, Any], name: str, item: Any) -> None:
    """Keep an item under its name, or under a numbered one when the name is taken."""
    if name in kept and _same(kept[name], item):
        return
    number = 1
    free = name
    while free in kept:
        number += 1
        free = f"{name}-{number}"
    kept[free] = item


def _same(first: Any, second: Any) -> bool:
    return bool(first.equals(second) if hasattr(first, "equals") else first == second)


def _display(html: str, text: str) -> None:
    _publish({"text/html": html, "text/plain": text})


def _display_figure(drawing: Drawing) -> None:
    details = {"image/png": {"alt": drawing.alt, "width": drawing.width}}
    _publish({"image/png": drawing.png, "text/plain": f"[Figure: {drawing.alt}]"}, details)


def _publish(data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
    """Display in a notebook; a plain script records without showing anything."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import display

    if InteractiveShell.initialized():
        display(data, raw=True, metadata=metadata or {})  # type: ignore[no-untyped-call]
