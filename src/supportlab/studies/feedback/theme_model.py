"""Themes of a desk's comments, language by language, held to a codebook where there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.studies.feedback.codebook import BookTheme, read_codebook
from supportlab.studies.feedback.theme_frame import SEED, CommentFrame, comment_frame
from supportlab.studies.feedback.theme_links import linked_themes

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.stats.text.features import Tokens
    from supportlab.stats.text.topics import Part

__all__ = ["ThemeModel", "theme_model"]

# A theme found now and one of the codebook are one where their parts point the same way.
SAME_COSINE = 0.5
# Fewer comments than this are left to the rest of their language.
FEWEST_OF_THEME = 5


@dataclass(frozen=True)
class ThemeModel:
    """
    Comments with their theme.

    Parameters
    ----------
    frame : CommentFrame
        The comments.
    theme : numpy.ndarray of str
        Id of each comment's theme; empty for none.
    strength : numpy.ndarray of float
        Cosine of the comment with its theme.
    themes : tuple of BookTheme
        Of this run, those with comments and those of the codebook, merged ones included.
    stability : mapping
        How well a theme returns under other seeds; absent for those that only the codebook has.
    tried : mapping
        By language: numbers of parts that were tried, and the share that returned.
    left_out : mapping
        By language: why it has no themes.
    family : mapping
        Id of each theme's family over languages: that of its largest member, or its own.
    is_new : mapping
        True for themes that the codebook does not have; empty without a codebook.
    """

    frame: CommentFrame
    theme: np.ndarray
    strength: np.ndarray
    themes: tuple[BookTheme, ...]
    stability: Mapping[str, float]
    tried: Mapping[str, tuple[tuple[int, float], ...]]
    left_out: Mapping[str, str]
    family: Mapping[str, str]
    is_new: Mapping[str, bool]

    @property
    def shown(self) -> tuple[BookTheme, ...]:
        """Themes that figures are given for, those with most comments first."""
        size = pd.Series(self.theme).value_counts()
        kept = [
            one for one in self.themes
            if one.status != "ignored" and not one.merge_into and size.get(one.id, 0) > 0
        ]  # fmt: skip
        return tuple(sorted(kept, key=lambda one: (-int(size[one.id]), one.id)))

    @property
    def looked_at(self) -> np.ndarray:
        """True for comments of languages that have themes."""
        known = {one.language for one in self.themes}
        return self.frame.rows["language"].isin(sorted(known)).to_numpy(dtype=bool)

    def label(self, theme: str) -> str:
        """Return what people call a theme."""
        return next(one.label for one in self.themes if one.id == theme)


def theme_model(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    codebook: str | None = None,
    seed: int = SEED,
) -> ThemeModel:
    """
    Find the themes of a desk's comments, once for all functions that ask.

    Not for one language by another's themes: each has its own words.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of the comment, end excluded.
    codebook : str, optional
        Path of a codebook that an earlier run wrote.
    seed : int
        Of samples and fits.

    Returns
    -------
    ThemeModel
        Comments with their themes.

    Raises
    ------
    NotEstimable
        No comments, or no language with enough of them.
    ParameterError
        The codebook cannot be read.
    """
    book = read_codebook(codebook) if codebook else ()
    key = f"theme model {start} {end} {seed} {hash(book)}"
    return desk.once(
        key, lambda: _model(comment_frame(desk, start=start, end=end, seed=seed), book, seed)
    )


def _model(frame: CommentFrame, book: tuple[BookTheme, ...], seed: int) -> ThemeModel:
    rows = frame.rows
    theme = np.full(len(rows), "", dtype=object)
    strength = np.zeros(len(rows))
    themes: list[BookTheme] = []
    stability: dict[str, float] = {}
    tried: dict[str, tuple[tuple[int, float], ...]] = {}
    left_out: dict[str, str] = {}
    for language, places in sorted(rows.groupby("language").indices.items()):
        known = tuple(one for one in book if one.language == language)
        try:
            found = _one_language(rows.iloc[places], str(language), known, seed)
        except NotEstimable as refusal:
            left_out[str(language)] = str(refusal)
            continue
        theme[places], strength[places] = found.theme, found.strength
        themes += found.themes
        stability |= found.stability
        tried[str(language)] = found.tried
    if not themes:
        raise NotEstimable("; ".join(f"{name}: {why}" for name, why in left_out.items()))
    family = linked_themes(rows, theme, themes)
    ids = {one.id for one in book}
    is_new = {one.id: one.id not in ids for one in themes} if book else {}
    return ThemeModel(
        frame, theme, strength, tuple(themes), stability, tried, left_out, family, is_new
    )


@dataclass(frozen=True)
class _Language:
    theme: np.ndarray
    strength: np.ndarray
    themes: list[BookTheme]
    stability: dict[str, float]
    tried: tuple[tuple[int, float], ...]


def _one_language(
    rows: pd.DataFrame, language: str, book: tuple[BookTheme, ...], seed: int
) -> _Language:
    from supportlab.stats.text.features import tokens_of, weighted_terms
    from supportlab.stats.text.topics import assign, find_themes

    if language == "und":
        raise NotEstimable("the language of these comments is not known")
    once: dict[str, Tokens] = {
        text: tokens_of(text, language) for text in dict.fromkeys(rows["text"])
    }
    tokens = [once[text] for text in rows["text"]]
    weighted = weighted_terms(tokens)
    found = find_themes(weighted, seed=seed)
    parts, ids, old = _matched(found.themes, book, language)
    member, cosine = assign(weighted, parts)
    member = _merged(member, [old[one].merge_into if one in old else "" for one in ids], ids)
    size = np.bincount(member[member >= 0], minlength=len(ids))
    for place, one in enumerate(ids):
        if one not in old and size[place] < FEWEST_OF_THEME:
            member[member == place] = -1
    words = _words(tokens, member, rows["author"].to_numpy(), len(ids))
    names = np.array([*ids, ""], dtype=object)
    themes = [
        _book_theme(one, language, parts[place], words[place], old.get(one))
        for place, one in enumerate(ids)
        if one in old or size[place] >= FEWEST_OF_THEME
    ]
    known = _stabilities(found.themes, found.stability, parts)
    stable = {one: value for one, value in zip(ids, known, strict=True) if value is not None}
    return _Language(names[member], cosine, themes, stable, found.tried)


def _matched(
    found: Sequence[tuple[Part, ...]], book: tuple[BookTheme, ...], language: str
) -> tuple[list[tuple[Part, ...]], list[str], dict[str, BookTheme]]:
    """Return parts and ids: the codebook's first, then what it does not have."""
    parts: list[tuple[Part, ...]] = []
    ids: list[str] = []
    free = list(range(len(found)))
    for old in book:
        near = [(_nearness(found[place], old.parts), -place) for place in free]
        best = max(near, default=(0.0, 0))
        is_same = best[0] >= SAME_COSINE
        if is_same:
            free.remove(-best[1])
        # A theme keeps what defined it: else it would drift from month to month.
        parts.append(old.parts)
        ids.append(old.id)
    taken = [int(one.rpartition("-")[2]) for one in ids if one.rpartition("-")[2].isdigit()]
    number = max(taken, default=0)
    for place in free:
        number += 1
        parts.append(found[place])
        ids.append(f"{language}-{number:02d}")
    return parts, ids, {one.id: one for one in book}


def _nearness(one: Sequence[Part], other: Sequence[Part]) -> float:
    """Return the mean over one theme's parts of the best cosine with the other's."""
    best = []
    for part in one:
        weights = dict(zip(part.terms, part.weights, strict=True))
        cosines = [
            sum(weights.get(term, 0.0) * weight
                for term, weight in zip(old.terms, old.weights, strict=True))
            for old in other
        ]  # fmt: skip
        best.append(max(cosines))
    return float(np.mean(best))


def _merged(member: np.ndarray, into: list[str], ids: list[str]) -> np.ndarray:
    place = {one: at for at, one in enumerate(ids)}
    target = np.array([place.get(one, at) for at, one in enumerate(into)], dtype=np.int64)
    out: np.ndarray = np.where(member >= 0, target[np.maximum(member, 0)], -1)
    return out


def _words(
    tokens: Sequence[Tokens], member: np.ndarray, authors: np.ndarray, n: int
) -> list[tuple[str, ...]]:
    from supportlab.stats.text.labels import distinctive_terms

    found = distinctive_terms(tokens, member, authors, n)
    return [tuple(word for word, _ in one) for one in found]


def _book_theme(
    one: str, language: str, parts: tuple[Part, ...], words: tuple[str, ...], old: BookTheme | None
) -> BookTheme:
    if old is None:
        return BookTheme(one, language, "", "found", "", words, tuple(parts))
    return replace(old, words=words or old.words)


def _stabilities(
    found: Sequence[tuple[Part, ...]], stability: Sequence[float], parts: Sequence[tuple[Part, ...]]
) -> list[float | None]:
    """Return the stability of what was found now and is nearest to each theme."""
    out: list[float | None] = []
    for one in parts:
        near = [(_nearness(theme, one), -place) for place, theme in enumerate(found)]
        best = max(near, default=(0.0, 0))
        out.append(stability[-best[1]] if best[0] >= SAME_COSINE else None)
    return out
