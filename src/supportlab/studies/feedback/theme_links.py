"""Themes of several languages that are about the same: by what their comments belong to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from supportlab.studies.feedback.codebook import BookTheme

__all__ = ["linked_themes"]

# Profiles of fewer comments are luck.
FEWEST_PROFILED = 12
# How near two profiles must be, alone and with a word that both languages write alike.
NEAR_ALONE, NEAR_WITH_WORD = 0.85, 0.6
# A profile nearer to its language's than this fits any theme: praise comes from everywhere.
FEWEST_DISTINCT = 0.45
# Pseudo-comments that draw a profile towards that of its language.
PRIOR = 8.0
# A word that languages share and that means the same in them: a version, a product, a brand. Three
# letters at least; its length keeps articles and endings out.
_ALIKE = re.compile(r"\d+\.\d+|[a-z]*\d[a-z\d]*|[a-z]{3,}")


def linked_themes(
    rows: pd.DataFrame, theme: np.ndarray, themes: Sequence[BookTheme]
) -> Mapping[str, str]:
    """
    Put themes of different languages into families, where there is reason to.

    Not a translation: without categories, products or words that languages share, every theme
    stays alone.

    Parameters
    ----------
    rows : pandas.DataFrame
        As of `CommentFrame`.
    theme : numpy.ndarray of str
        Theme of each comment.
    themes : sequence of BookTheme
        With their most distinctive words.

    Returns
    -------
    mapping
        Id of the family of each theme: its largest member's.

    Notes
    -----
    A theme's profile says how much more often than in its language its comments belong to each
    category and product (logarithms, drawn towards none); one that hardly differs from its
    language's tells nothing. Two themes are joined that are each
    other's nearest in their languages, have profiles with a cosine of 0.85,
    or of 0.6 and one distinctive word in common, letter by letter. A family has one theme a
    language.
    """
    live = [one for one in themes if not one.merge_into]
    profiles = {one.id: _profile(rows, theme, one) for one in live}
    size = pd.Series(theme).value_counts()
    shared = _shared_words(live)
    pairs = []
    for first, second in combinations(sorted({one.language for one in live}), 2):
        pairs += _nearest_pairs(
            [one for one in live if one.language == first],
            [one for one in live if one.language == second],
            profiles,
            shared,
        )
    return _families(live, sorted(pairs, reverse=True), size)


def _profile(rows: pd.DataFrame, theme: np.ndarray, one: BookTheme) -> np.ndarray | None:
    """Return log-lifts over the categories and products of the theme's own language."""
    here = (rows["language"] == one.language).to_numpy()
    own = theme == one.id
    parts = []
    known = 0
    for column in ("category", "product"):
        values = rows[column].astype(object)
        filled = ((values != "") & values.notna()).to_numpy()
        names = sorted(set(values[filled].tolist()), key=str)
        base, mine = here & filled, own & filled
        known += int(mine.sum()) * (column == "category")
        if not names or base.sum() == 0:
            continue
        column_values = values.to_numpy()
        for name in names:
            is_it = column_values == name
            usual = (float((base & is_it).sum()) + 0.5) / (float(base.sum()) + 0.5 * len(names))
            share = (float((mine & is_it).sum()) + PRIOR * usual) / (float(mine.sum()) + PRIOR)
            parts.append(np.sqrt(usual) * np.log(share / usual))
    profile = np.array(parts)
    is_told = known >= FEWEST_PROFILED and float(np.linalg.norm(profile)) >= FEWEST_DISTINCT
    return profile if is_told else None


def _shared_words(themes: Sequence[BookTheme]) -> Mapping[str, frozenset[str]]:
    return {
        one.id: frozenset(word for word in one.words if _ALIKE.fullmatch(word)) for one in themes
    }


def _nearest_pairs(
    first: Sequence[BookTheme],
    second: Sequence[BookTheme],
    profiles: Mapping[str, np.ndarray | None],
    shared: Mapping[str, frozenset[str]],
) -> list[tuple[float, str, str]]:
    near = np.full((len(first), len(second)), -1.0)
    score = near.copy()
    for row, one in enumerate(first):
        for column, other in enumerate(second):
            near[row, column] = _cosine(profiles[one.id], profiles[other.id])
            n_words = len(shared[one.id] & shared[other.id])
            score[row, column] = near[row, column] + 0.5 * min(n_words, 2)
    found = []
    for row, one in enumerate(first):
        column = int(score[row].argmax())
        if int(score[:, column].argmax()) != row:
            continue
        other = second[column]
        n_words = len(shared[one.id] & shared[other.id])
        if near[row, column] >= (NEAR_WITH_WORD if n_words else NEAR_ALONE) or n_words >= 2:
            found.append((float(score[row, column]), one.id, other.id))
    return found


def _cosine(one: np.ndarray | None, other: np.ndarray | None) -> float:
    if one is None or other is None:
        return 0.0
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / length if length > 0 else 0.0


def _families(
    themes: Sequence[BookTheme], pairs: Sequence[tuple[float, str, str]], size: pd.Series
) -> Mapping[str, str]:
    """Join the nearest pairs first, never two themes of one language."""
    language = {one.id: one.language for one in themes}
    member = {one.id: frozenset([one.id]) for one in themes}
    for _, one, other in pairs:
        both = member[one] | member[other]
        if len({language[theme] for theme in both}) == len(both):
            for theme in both:
                member[theme] = both
    return {
        theme: min(group, key=lambda one: (-int(size.get(one, 0)), one))
        for theme, group in member.items()
    }
