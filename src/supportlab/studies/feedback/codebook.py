"""The codebook: a file that keeps themes the same from run to run, and lets people name them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from supportlab.errors import ParameterError, did_you_mean, listed

if TYPE_CHECKING:
    from supportlab.stats.text.topics import Part

__all__ = ["CODEBOOK_FILE", "BookTheme", "codebook_text", "read_codebook"]

CODEBOOK_FILE = "codebook.toml"
Status = Literal["found", "pinned", "ignored"]
_KEYS = ("id", "language", "name", "status", "merge_into", "words", "parts")
_HEAD = """\
# Themes of customers' comments. A run that is given this file keeps these themes and their ids.
# name: what people call the theme; yours to write.
# status: "found" (kept while comments still bear it), "pinned" (kept as it is, whatever comes),
#   "ignored" (its comments count as comments, but no figure is given for it).
# merge_into: id of the theme that takes this one's comments; "" for none.
# words and parts are the run's: leave them as they are.
"""


@dataclass(frozen=True)
class BookTheme:
    """
    One theme of a codebook.

    Parameters
    ----------
    id : str
        Stable, as ``en-03``.
    language : str
        ISO 639 code.
    name : str
        What people call it; empty until somebody writes it.
    status : {"found", "pinned", "ignored"}
        Whether it stays whatever comes, or is left out of the figures.
    merge_into : str
        Id of the theme that takes its comments; empty for none.
    words : tuple of str
        Most distinctive words of the run that wrote it.
    parts : tuple of Part
        What defines it.
    """

    id: str
    language: str
    name: str
    status: Status
    merge_into: str
    words: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def label(self) -> str:
        """The name, else the words."""
        return self.name or " · ".join(self.words[:3]) or self.id


def codebook_text(themes: Sequence[BookTheme]) -> str:
    """
    Write themes as the text of a codebook.

    Not with comments of customers: words and runs of letters only, each of three customers or more.

    Parameters
    ----------
    themes : sequence of BookTheme
        In the order to write.

    Returns
    -------
    str
        TOML that `read_codebook` reads back to the same themes.
    """
    blocks = [_block(theme) for theme in themes]
    return "\n".join([_HEAD, *blocks])


def read_codebook(path: str | Path) -> tuple[BookTheme, ...]:
    """
    Read a codebook.

    Not one written by hand from nothing: a run writes the first.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    tuple of BookTheme
        In the order of the file.

    Raises
    ------
    ParameterError
        The file cannot be read, or does not hold what a codebook holds.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ParameterError(
            f"the codebook {Path(path).name} cannot be read: {fault}. Give a codebook.toml that a "
            "run has written, or nothing."
        ) from fault
    rows = data.get("theme", [])
    if not isinstance(rows, list) or not rows or not all(isinstance(one, dict) for one in rows):
        raise ParameterError(f"the codebook {Path(path).name} has no [[theme]].")
    themes = tuple(_theme(row, number) for number, row in enumerate(rows, start=1))
    _check_links(themes)
    return tuple(_followed(theme, themes) for theme in themes)


def _block(theme: BookTheme) -> str:
    lines = ["[[theme]]"]
    for key in ("id", "language", "name", "status", "merge_into"):
        lines.append(f"{key} = {_quoted(getattr(theme, key))}")
    lines.append(f"words = [{', '.join(map(_quoted, theme.words))}]")
    lines.append("parts = [")
    for part in theme.parts:
        terms = ", ".join(map(_quoted, part.terms))
        weights = ", ".join(f"{weight:.4f}" for weight in part.weights)
        lines.append(f"  {{ terms = [{terms}], weights = [{weights}] }},")
    return "\n".join([*lines, "]", ""])


def _quoted(text: str) -> str:
    # A basic string of TOML is written as one of JSON, but for the delete character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _theme(row: dict[str, Any], number: int) -> BookTheme:
    from supportlab.stats.text.topics import Part

    where = f"theme {number} of the codebook"
    for key in row:
        if key not in _KEYS:
            raise ParameterError(f"{where} has {key!r}. {did_you_mean(key, _KEYS)}")
    texts = {key: row.get(key, "") for key in ("id", "language", "name", "status", "merge_into")}
    wrong = [key for key, value in texts.items() if not isinstance(value, str)]
    if wrong or not texts["id"] or not texts["language"]:
        raise ParameterError(f"{where} needs id and language as text; wrong: {listed(wrong)}.")
    status = next((one for one in get_args(Status) if one == (texts["status"] or "found")), None)
    if status is None:
        raise ParameterError(
            f"{where} has status {texts['status']!r}. "
            f"{did_you_mean(texts['status'], get_args(Status))}"
        )
    try:
        parts = tuple(
            Part(tuple(map(str, one["terms"])), tuple(float(weight) for weight in one["weights"]))
            for one in row["parts"]
        )
    except (KeyError, TypeError, ValueError) as fault:
        raise ParameterError(f"{where} has no parts with terms and weights.") from fault
    if not parts or any(len(one.terms) != len(one.weights) for one in parts):
        raise ParameterError(f"{where} needs parts with as many weights as terms.")
    words = tuple(map(str, row.get("words", ())))
    return BookTheme(
        texts["id"], texts["language"], texts["name"], status, texts["merge_into"], words, parts
    )


def _check_links(themes: Sequence[BookTheme]) -> None:
    ids = [theme.id for theme in themes]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise ParameterError(f"the codebook has these ids more than once: {listed(twice)}.")
    language = {theme.id: theme.language for theme in themes}
    for theme in themes:
        if theme.merge_into and theme.merge_into not in language:
            raise ParameterError(
                f"{theme.id} merges into {theme.merge_into!r}. "
                f"{did_you_mean(theme.merge_into, ids)}"
            )


def _followed(theme: BookTheme, themes: Sequence[BookTheme]) -> BookTheme:
    """Follow merges to their end, so that a chain leads to the theme that stays."""
    into = {one.id: one.merge_into for one in themes}
    seen, here = {theme.id}, theme.merge_into
    while here and into[here]:
        if here in seen:
            raise ParameterError(f"merge_into of {theme.id} runs in a circle over {listed(seen)}.")
        seen.add(here)
        here = into[here]
    if here == theme.id:
        raise ParameterError(f"{theme.id} merges into itself.")
    return replace(theme, merge_into=here)
