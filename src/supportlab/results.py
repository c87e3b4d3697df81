"""Records that studies return and that a run publishes: the results contract as code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from supportlab.errors import ParameterError
from supportlab.findings import Finding, findings_frame, findings_json
from supportlab.records import Check, Definition
from supportlab.vocabulary import (
    CONTRACT_VERSION,
    FINDING_IDS,
    FINDING_KEYS,
    INTERVAL_LEVEL,
    STUDIES,
    Design,
    Unit,
    Verdict,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = [
    "CONTRACT_VERSION",
    "FINDING_IDS",
    "FINDING_KEYS",
    "INTERVAL_LEVEL",
    "STUDIES",
    "Check",
    "Definition",
    "Design",
    "Estimate",
    "Finding",
    "Unit",
    "Verdict",
    "findings_frame",
    "findings_json",
]


@dataclass(frozen=True)
class Estimate:
    """
    What a study function returns: a tidy table with its findings and their qualifications.

    Parameters
    ----------
    name : str
        File name stem of the table, kebab-case.
    title : str
        Heading for people.
    table : pandas.DataFrame
        Tidy, full precision.
    findings : tuple of Finding
        Rows for ``findings.json``.
    sentences : tuple of str
        Two or three sentences made from the table.
    definitions : tuple of Definition
        Definition records of the metrics shown.
    checks, caveats : tuple
        What was checked, and what the reader has to know.
    draw : callable, optional
        Draws the estimate on the axes it is given.
    alt : str
        The figure in words, for readers who do not see it.
    files : mapping
        Texts to put into the run's folder, by file name; for what a later run reads back.
    """

    name: str
    title: str
    table: pd.DataFrame
    findings: tuple[Finding, ...] = ()
    sentences: tuple[str, ...] = ()
    definitions: tuple[Definition, ...] = ()
    checks: tuple[Check, ...] = ()
    caveats: tuple[str, ...] = ()
    draw: Callable[[Axes | None], Axes] | None = None
    alt: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    def summary(self) -> str:
        """Return the estimate in two or three sentences."""
        return " ".join(self.sentences)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the estimate, on new axes unless some are given."""
        if self.draw is None:
            raise ParameterError(f"{self.name}: this estimate has no figure.")
        return self.draw(ax)
