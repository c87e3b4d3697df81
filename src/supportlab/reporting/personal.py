"""Take addresses, telephone and card numbers out of what a notebook shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["mask_exports", "mask_notebook", "masked"]

# From where the word begins on: megabytes without a blank are gone through once.
_MAIL = re.compile(r"(?<![\w.+'-])[\w.+'-]+@(?:[\w-]+\.)+[^\W\d_]{2,}")
# Contiguous, or in the groups in which cards are printed: other digits with blanks are a table.
_CARD = re.compile(
    r"(?<![\w.+-])[2-6](?:\d{12,18}|\d{3}([ -])\d{4}\1\d{4}\1\d{4}|\d{3}[ -]\d{6}[ -]\d{5})"
    r"(?![\w-]|\.\d)"
)
_PHONES = (
    # +49 30 1234567, +1 (555) 010-0199, +4915112345678
    re.compile(
        r"(?<![\w.])\+(?=(?:[ ()/-]*\d){9})\d{1,3}(?:[ /-]?\(\d{1,5}\) ?\d{2,8}|[ /-]\d{2,8})"
        r"(?:[ /-]\d{2,8}){1,4}(?![\w]|\.\d)"
    ),
    re.compile(r"(?<![\w.])\+\d{10,14}(?![\w]|\.\d)"),
    # (555) 010-0199, 555-010-0199
    re.compile(r"(?<![\w.(-])\(?\d{3}\)?[ .-]\d{3}[.-]\d{4}(?![\w-]|\.\d)"),
    # 030 1234567, 0170/123 4567
    re.compile(r"(?<![\w.,:+-])0\d{2,4}[ /-]\d{3,8}(?:[ -]?\d{2,5})?(?![\w:-]|\.\d)"),
)
_DIGIT = re.compile(r"\d")
_TEXTS = (".csv", ".json", ".svg", ".html", ".txt", ".md")


def masked(text: str) -> str:
    """
    Replace e-mail addresses, telephone and card numbers by what they are.

    Not able to tell a name from a word: names stay out of reports since no table of the contract
    has a column for them. A telephone number without area code or grouping is a number.

    Parameters
    ----------
    text : str
        What a cell showed.

    Returns
    -------
    str
        The text; a card number is one whose check digit (ISO/IEC 7812, Luhn) is right.

    Examples
    --------
    >>> masked("call +49 30 1234567 or write to a.b@example.org, card 4111 1111 1111 1111")
    'call [phone] or write to [e-mail], card [card]'
    >>> masked("1234567.25, 2026-07-01, 4111111111111112")
    '1234567.25, 2026-07-01, 4111111111111112'
    """
    if "@" in text:
        text = _MAIL.sub("[e-mail]", text)
    if _DIGIT.search(text):
        text = _CARD.sub(_card, text)
        for pattern in _PHONES:
            text = pattern.sub("[phone]", text)
    return text


def mask_notebook(notebook: NotebookNode) -> None:
    """
    Mask what the cells of an executed notebook show, in place.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed and cleaned; sources are its author's and stay.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for name in ("text", "ename", "evalue"):
                if name in output:
                    output[name] = masked(output[name])
            if "traceback" in output:
                output.traceback = [masked(line) for line in output.traceback]
            _mask_data(output)


def mask_exports(folder: Path) -> None:
    """
    Mask the text files that a notebook has exported, in place.

    Parameters
    ----------
    folder : pathlib.Path
        With tables, figures and findings.
    """
    for path in sorted(folder.rglob("*")):
        if path.suffix not in _TEXTS or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", errors="surrogateescape")
        clean = masked(text)
        if clean != text:
            path.write_bytes(clean.encode("utf-8", errors="surrogateescape"))


def _mask_data(output: Any) -> None:
    for kind, value in output.get("data", {}).items():
        if isinstance(value, str) and (kind.startswith("text/") or kind == "image/svg+xml"):
            output.data[kind] = masked(value)
    for details in output.get("metadata", {}).values():
        if isinstance(details, dict) and "alt" in details:
            details["alt"] = masked(str(details["alt"]))


def _card(found: re.Match[str]) -> str:
    digits = [int(letter) for letter in found[0] if letter.isdigit()]
    doubled = [2 * digit for digit in digits[-2::-2]]
    total = sum(digits[-1::-2]) + sum(value - 9 if value > 9 else value for value in doubled)
    return "[card]" if total % 10 == 0 else found[0]
