"""One executed notebook as one page: self-contained, without scripts, code one click away."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any

from supportlab.format import format_count
from supportlab.reporting.failures import FAILED_TAG, FAILURE_TAG
from supportlab.reporting.formats import FORMATS
from supportlab.reporting.names import clean_text
from supportlab.reporting.sanitize import Heading, markdown_html, python_html, sanitized
from supportlab.reporting.templates import render

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["notebook_title", "report_page"]

_TITLE = re.compile(r"\A\s*#\s+(.+?)\s*#*\s*(?:\n|\Z)")
# The richest form that a page without scripts can show comes first.
_IMAGES = ("image/png", "image/jpeg")
# A page is read: what is longer than this is in the notebook, which lies beside it.
LONGEST_STREAM, LONGEST_HTML = 100_000, 3_000_000
TOO_LARGE = "This output is too large for a page; the notebook has it."


@dataclass(frozen=True)
class _Block:
    """One piece of the page: prose, or a cell's code with what it showed."""

    kind: str
    html: str = ""
    code: str = ""
    number: int = 0
    is_failed: bool = False


def report_page(
    notebook: NotebookNode, study: str, facts: Mapping[str, str], formats: Sequence[str] = FORMATS
) -> str:
    """
    Render an executed notebook as a page of its own.

    Not for running anything: what the notebook does not hold is not shown.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed and cleaned.
    study : str
        Name of the study.
    facts : mapping of str to str
        What the header says about the run, label and words.
    formats : sequence of str
        What lies beside the page.

    Returns
    -------
    str
        HTML that depends on its arguments alone, loads nothing and runs nothing.
    """
    title, rest = _split_title(notebook)
    taken = {"content": 1, "contents": 1}
    blocks: list[_Block] = []
    headings: list[Heading] = []
    for number, cell in rest:
        if cell.cell_type == "markdown":
            html, found = markdown_html(cell.source, taken)
            headings += found
            kind = "notice" if FAILURE_TAG in cell.metadata.get("tags", []) else "prose"
            blocks.append(_Block(kind, html))
        elif cell.cell_type == "code" and cell.source.strip():
            blocks.append(_code_block(cell, number))
    return render(
        "report.html",
        title=title or _words(study),
        study=_words(study),
        facts=facts,
        blocks=_joined(blocks),
        failed=next((block.number for block in blocks if block.is_failed), 0),
        headings=[item for item in headings if item[0] <= 2],
        formats=formats,
    )


def notebook_title(notebook: NotebookNode) -> str:
    """
    Return the first heading of a notebook.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Any notebook.

    Returns
    -------
    str
        Its text; empty when the notebook does not begin with one.
    """
    return _split_title(notebook)[0]


def _split_title(notebook: NotebookNode) -> tuple[str, list[tuple[int, Any]]]:
    """Take the title out of the first prose cell: the page's header shows it."""
    cells = _numbered(notebook)
    for at, (number, cell) in enumerate(cells):
        if cell.cell_type != "markdown" or FAILURE_TAG in cell.metadata.get("tags", []):
            continue
        found = _TITLE.match(cell.source)
        if not found:
            break
        body = cell.copy()
        body.source = cell.source[found.end() :]
        cells[at] = (number, body)
        return re.sub(r"[*_`]", "", clean_text(found[1])), cells
    return "", cells


def _numbered(notebook: NotebookNode) -> list[tuple[int, Any]]:
    """Number the cells as their author sees them: a notice of failure is none of them."""
    numbered, number = [], 0
    for cell in notebook.cells:
        number += FAILURE_TAG not in cell.metadata.get("tags", [])
        numbered.append((number, cell))
    return numbered


def _joined(blocks: Sequence[_Block]) -> list[_Block]:
    """Put code that showed nothing behind one click with the code after it."""
    joined: list[_Block] = []
    for block in blocks:
        last = joined[-1] if joined else None
        is_silent = last is not None and last.kind == "code" and not last.html
        if last is not None and is_silent and block.kind == "code" and not last.is_failed:
            joined[-1] = replace(block, code=f"{last.code.rstrip()}\n\n{block.code}")
        else:
            joined.append(block)
    return joined


def _code_block(cell: NotebookNode, number: int) -> _Block:
    shown = "\n".join(_output_html(output) for output in cell.outputs)
    failed = FAILED_TAG in cell.metadata.get("tags", [])
    return _Block("code", shown, python_html(cell.source), number, failed)


def _output_html(output: NotebookNode) -> str:
    if output.output_type == "stream":
        css = "stream" if output.name == "stdout" else "stream warning"
        return f'<pre class="{css}">{_text_html(output.text)}</pre>'
    if output.output_type == "error":
        return _error_html(output)
    data, details = output.data, output.get("metadata", {})
    if len(data.get("text/html", "")) > LONGEST_HTML:
        return f'<p class="sl-note">{TOO_LARGE}</p>'
    if "text/html" in data:
        return f'<div class="output">{sanitized(data["text/html"])}</div>'
    for kind in _IMAGES:
        if kind in data:
            return _image_html(kind, data[kind], details.get(kind, {}))
    if "image/svg+xml" in data:
        coded = base64.b64encode(data["image/svg+xml"].encode()).decode()
        return _image_html("image/svg+xml", coded, details.get("image/svg+xml", {}))
    if "text/markdown" in data:
        return f'<div class="output">{markdown_html(data["text/markdown"], {})[0]}</div>'
    text = data.get("text/plain", "")
    return f'<pre class="stream">{_text_html(text)}</pre>' if text else ""


def _text_html(text: str) -> str:
    n_left_out = len(text) - LONGEST_STREAM
    shown = escape(clean_text(text, LONGEST_STREAM))
    if n_left_out <= 0:
        return shown
    return f"{shown}\n[{format_count(n_left_out)} more characters are in the notebook]"


def _image_html(kind: str, coded: str, details: Mapping[str, Any]) -> str:
    alt = escape(str(details.get("alt", "")) or "Figure without a description")
    width = details.get("width")
    size = f' style="width:{width}px"' if isinstance(width, int) else ""
    source = f"data:{kind};base64,{''.join(coded.split())}"
    return f'<figure><img src="{source}" alt="{alt}"{size}></figure>'


def _error_html(output: NotebookNode) -> str:
    head = escape(clean_text(f"{output.ename}: {output.evalue}", 2000))
    trace = escape(clean_text("\n".join(output.traceback), 20_000))
    return (
        f'<div class="failure" role="alert"><p><strong>{head}</strong></p>'
        f"<details><summary>Traceback</summary><pre>{trace}</pre></details></div>"
    )


def _words(study: str) -> str:
    text = study.replace("-", " ")
    return text[:1].upper() + text[1:]
