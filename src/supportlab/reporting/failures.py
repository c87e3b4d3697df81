"""Mark in a notebook where and how it failed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from supportlab.reporting.clean import Folders, scrub
from supportlab.reporting.jobs import Failure
from supportlab.reporting.names import clean_text

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["FAILED_TAG", "FAILURE_TAG", "mark_failure"]

FAILURE_TAG = "run-failed"
FAILED_TAG = "failed-here"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$&])")


def mark_failure(notebook: NotebookNode, failure: Failure, folders: Folders) -> Failure:
    """
    Put a notice at the head of a failed notebook and tag the cell that failed, in place.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed up to the failure, cleaned.
    failure : Failure
        What happened.
    folders : tuple of (str, str)
        Folders of this machine with the word to show instead.

    Returns
    -------
    Failure
        The same, fit to be published.
    """
    from nbformat.v4 import new_markdown_cell

    message = clean_text(scrub(failure.message, folders))
    clean = Failure(clean_text(failure.kind), message, failure.cell)
    place = f"in cell {failure.cell} " if failure.cell else ""
    if failure.cell:
        tags = notebook.cells[failure.cell - 1].metadata.setdefault("tags", [])
        tags.append(FAILED_TAG)
    first = message.splitlines()[0] if message.splitlines() else ""
    source = (
        f"**This notebook failed {place}and what follows is incomplete.** "
        f"{_plain(clean.kind)}: {_plain(first)}"
    )
    notice = new_markdown_cell(  # type: ignore[no-untyped-call]
        source, id="run-failed", metadata={"tags": [FAILURE_TAG]}
    )
    notebook.cells.insert(0, notice)
    return clean


def _plain(text: str) -> str:
    """Escape what Markdown would read as markup."""
    return _MARKDOWN.sub(r"\\\1", text)
