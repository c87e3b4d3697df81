"""Estimates as escaped, semantic HTML and as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from supportlab.format import format_count
from supportlab.records import Check, Definition
from supportlab.reporting.cells import ReadingTable, reading_table
from supportlab.reporting.names import clean_text
from supportlab.results import Estimate

__all__ = ["LONGEST_TEXT", "estimate_html", "estimate_text", "table_html", "table_text"]

# JupyterLab sets every cell of a table to the right; texts read from the left, and there is no
# style sheet of ours in a notebook.
_LEFT = ' style="text-align:left"'
_RIGHT = ' class="num" style="text-align:right"'
_RANGE = ' class="num range" style="text-align:right"'
# Dates and names are read in one piece; sentences are broken, but not at every word.
LONGEST_UNBROKEN = 24
# More columns than this are printed smaller, so that they fit across a page.
MANY_COLUMNS = 9
# A comment of megabytes that came into a sentence would stop a browser; findings have it whole.
LONGEST_TEXT = 4_000
_COUNTS = (
    ("n", "rows"),
    ("n_censored", "censored"),
    ("n_immature", "not mature yet"),
    ("n_excluded", "left out"),
)
_PASSED = {
    True: ("passed", "passed"),
    False: ("failed", "failed"),
    None: ("open", "for the reader to judge"),
}


def estimate_html(estimate: Estimate, definitions: Sequence[Definition]) -> str:
    """
    Write an estimate as HTML: sentences, definitions, table, checks, caveats.

    Not a whole page: it has no heading, the notebook gives that.

    Parameters
    ----------
    estimate : Estimate
        What a study function returned.
    definitions : sequence of Definition
        The definition records to show with it.

    Returns
    -------
    str
        A fragment without scripts and ids, all text escaped.
    """
    parts = [
        '<div class="sl-estimate">',
        *(f'<p class="sl-summary">{_safe(sentence)}</p>' for sentence in estimate.sentences),
    ]
    if len(estimate.table):
        parts.append(table_html(reading_table(estimate.table), estimate.title))
    parts += [*_checks_html(estimate.checks), *_caveats_html(estimate.caveats)]
    parts += [_definition_html(item) for item in definitions]
    return "\n".join([*parts, "</div>"])


def table_html(table: ReadingTable, caption: str) -> str:
    """
    Write a table with caption and scoped headings.

    Not for more rows than a page can show: say so with the table's own limit.

    Parameters
    ----------
    table : ReadingTable
        What to show.
    caption : str
        Title of the table, unescaped.

    Returns
    -------
    str
        A fragment; the first column heads its row when it holds text.
    """
    head = "".join(
        f'<th scope="col"{_RIGHT if number else _LEFT}>{_safe(heading)}</th>'
        for heading, number in zip(table.headings, table.is_number, strict=True)
    )
    body = [_with_reason(table, number) for number in range(len(table.rows))]
    note = "".join(f'<p class="sl-note">{_safe(words)}</p>' for words in _notes(table))
    return "\n".join(
        [
            f'<div class="sl-scroll" tabindex="0" role="region" aria-label="{_safe(caption)}">',
            f'<table class="sl-table{" sl-many" if len(table.headings) > MANY_COLUMNS else ""}">',
            f"<caption>{_safe(caption)}</caption>",
            f"<thead><tr>{head}</tr></thead>",
            "<tbody>",
            *body,
            f"</tbody></table></div>{note}",
        ]
    )


def estimate_text(estimate: Estimate, definitions: Sequence[Definition]) -> str:
    """
    Write an estimate as plain text, for terminals and for comparing notebooks.

    Parameters
    ----------
    estimate : Estimate
        What a study function returned.
    definitions : sequence of Definition
        The definition records to show with it.

    Returns
    -------
    str
        Lines in the same order as the HTML.
    """
    lines = [_shown(sentence) for sentence in estimate.sentences]
    if len(estimate.table):
        lines += ["", _shown(estimate.title), table_text(reading_table(estimate.table))]
    lines += [
        f"Check, {_PASSED[check.passed][1]}: {_shown(check.name)}. {_shown(check.detail)}"
        for check in estimate.checks
    ]
    lines += [f"Caveat: {_shown(caveat)}" for caveat in estimate.caveats]
    for item in definitions:
        rows = "; ".join(f"{term}: {words}" for term, words in _definition_rows(item))
        lines.append(f"Definition of {_shown(item.title)}: {_shown(rows)}")
    return "\n".join(lines).strip()


def table_text(table: ReadingTable) -> str:
    """
    Write a table as aligned text.

    Parameters
    ----------
    table : ReadingTable
        What to show.

    Returns
    -------
    str
        One line a row, headings first.
    """
    rows = [table.headings, *table.rows]
    widths = [max(len(row[at]) for row in rows) for at in range(len(table.headings))]
    lines = []
    for number, row in enumerate(rows):
        cells = zip(row, widths, table.is_number, strict=True)
        padded = [
            cell.rjust(width) if number else cell.ljust(width) for cell, width, number in cells
        ]
        lines.append("  ".join(padded).rstrip())
        reason = table.reasons[number - 1] if table.reasons and number else ""
        lines += [f"  Reason: {reason}"] if reason else []
    lines += _notes(table)
    return "\n".join(lines)


def _notes(table: ReadingTable) -> list[str]:
    hidden = f"{format_count(table.n_hidden)} more rows are in the CSV file."
    return [words for words in (table.note, hidden if table.n_hidden else "") if words]


def _with_reason(table: ReadingTable, number: int) -> str:
    """Write a row, and below it over the whole width why it has no figure."""
    cells = _row_html(table, table.rows[number])
    reason = table.reasons[number] if table.reasons else ""
    if not reason:
        return f"<tr>{cells}</tr>"
    # The span stays in sight where the table is wider than the screen.
    words = f"<span>Reason: {_safe(reason)}</span>"
    whole = f'<td colspan="{len(table.headings)}"{_LEFT} dir="auto">{words}</td>'
    return f'<tr class="sl-told">{cells}</tr>\n<tr class="sl-why">{whole}</tr>'


def _row_html(table: ReadingTable, row: Sequence[str]) -> str:
    cells = []
    for at, (cell, number) in enumerate(zip(row, table.is_number, strict=True)):
        if at == 0 and not number:
            css = "short" if len(cell) <= LONGEST_UNBROKEN else "long"
            cells.append(f'<th scope="row" class="{css}"{_LEFT} dir="auto">{_safe(cell)}</th>')
        elif number:
            kind = _RANGE if " to " in cell else _RIGHT
            cells.append(f"<td{kind}>{_safe(cell)}</td>")
        else:
            css = "short" if len(cell) <= LONGEST_UNBROKEN else "long"
            cells.append(f'<td class="{css}"{_LEFT} dir="auto">{_safe(cell)}</td>')
    return "".join(cells)


def _checks_html(checks: Sequence[Check]) -> list[str]:
    if not checks:
        return []
    rows = []
    for check in checks:
        css, words = _PASSED[check.passed]
        rows.append(
            f'<li class="sl-check-{css}"><strong>{_safe(_capital(check.name))}</strong> '
            f'<span class="sl-verdict">({words})</span>: {_safe(check.detail)}</li>'
        )
    return ['<p class="sl-label">Checks</p>', '<ul class="sl-checks">', *rows, "</ul>"]


def _caveats_html(caveats: Sequence[str]) -> list[str]:
    if not caveats:
        return []
    rows = [f"<li>{_safe(caveat)}</li>" for caveat in caveats]
    label = '<p class="sl-label">What to keep in mind</p>'
    return [label, '<ul class="sl-caveats">', *rows, "</ul>"]


def _definition_html(item: Definition) -> str:
    rows = "".join(
        f"<dt>{_safe(term)}</dt><dd>{_safe(words)}</dd>" for term, words in _definition_rows(item)
    )
    return (
        f'<details class="sl-definition"><summary>Definition: {_safe(item.title)}'
        f"</summary><dl>{rows}</dl></details>"
    )


def _definition_rows(item: Definition) -> list[tuple[str, str]]:
    counts = [
        f"{format_count(getattr(item, name))} {words}"
        for name, words in _COUNTS
        if getattr(item, name) is not None
    ]
    options = [f"{name.replace('_', ' ')} = {value}" for name, value in item.options.items()]
    rows = [
        ("Definition", item.statement),
        ("Starts at", item.anchor),
        ("Ends at", item.stop),
        ("Clock", "" if item.clock == "none" else item.clock),
        ("Period", item.cohort),
        ("Left out", "; ".join(item.exclusions)),
        ("Parts", "; ".join(item.parts)),
        ("Settings", ", ".join(options)),
        ("Counts", ", ".join(counts)),
        ("As of", item.as_of or ""),
    ]
    return [(term, words) for term, words in rows if words]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _shown(text: str) -> str:
    return clean_text(text, LONGEST_TEXT)


def _safe(text: str) -> str:
    return escape(_shown(text))
