"""Themes of comments: small ones that return under re-seeding, joined where comments join."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from supportlab.errors import NotEstimable
from supportlab.stats.text.features import WeightedTerms
from supportlab.stats.threads import one_thread

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["FEWEST_COMMENTS", "Part", "ThemeParts", "assign", "find_themes"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
# Fewer comments than this in a language hold too few repetitions to tell a theme from a remark.
FEWEST_COMMENTS = 60
# Numbers of parts that are tried; the last are for thousands of comments.
CANDIDATES = (6, 10, 16, 24, 40, 60)
COMMENTS_PER_PART = 10
# The rule for the number of parts: the largest at which seven in ten return.
RETURNS_AT, RETURN_SHARE = 0.8, 0.7
RESEEDINGS = 3
KEPT_SHARE = 0.8
# Comments that a fit sees: more make no part surer, and time grows with them.
MOST_FITTED, MOST_RESEEDED = 8_000, 3_000
# A comment belongs to parts that make up this much of its weight.
MENTIONED = 0.35
# Mentioned together six times as often as by chance is as near as two parts are taken to be; parts
# whose average nearness is 0.4 are one theme.
NEAREST_LIFT = 6.0
FURTHEST = 0.6
# Below this cosine a comment shares a word or two with a theme and no more.
LEAST_COSINE = 0.25
TERMS_KEPT = 40


@dataclass(frozen=True)
class Part:
    """
    One group of terms that come together: a way of saying something.

    Parameters
    ----------
    terms : tuple of str
        At most forty, heaviest first.
    weights : tuple of float
        Their weights, of length one together.
    """

    terms: tuple[str, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True)
class ThemeParts:
    """
    Themes of one language, each of one or more parts.

    Parameters
    ----------
    themes : tuple of tuple of Part
        Largest first.
    stability : tuple of float
        Of each theme: mean cosine of its parts with their likes under other seeds and comments.
    n_parts : int
        Parts in all.
    tried : tuple of (int, float)
        Numbers of parts that were tried, largest first, and the share that returned.
    """

    themes: tuple[tuple[Part, ...], ...]
    stability: tuple[float, ...]
    n_parts: int
    tried: tuple[tuple[int, float], ...]


def find_themes(found: WeightedTerms, *, seed: int = 20240701) -> ThemeParts:
    """
    Find themes in the comments of one language.

    Not for a few comments, nor for long letters that hold many themes each.

    Parameters
    ----------
    found : WeightedTerms
        Of the comments.
    seed : int
        Of the draws of comments and the starts of the fits.

    Returns
    -------
    ThemeParts
        Themes with how well they return.

    Raises
    ------
    NotEstimable
        There are fewer than sixty comments, or no terms that several share.

    Notes
    -----
    Non-negative matrix factorisation (Lee and Seung 1999) parts the comments into groups of terms.
    Their number is the largest of six (6 to 60, one for ten comments at most) at which 70 % of the
    parts return (cosine 0.8, best
    matching) in fits of three draws of 80 % of the comments from other random starts, in the spirit
    of Greene, O'Callaghan and Cunningham (2014). One theme is said in many ways, so parts that
    comments mention together more often than their overall sociability lets expect (as in
    Newman 2006's null model) are joined by average linkage. Linear algebra on one thread.
    """
    matrix = found.matrix
    filled = np.flatnonzero(np.diff(matrix.indptr) > 0)
    if filled.size < FEWEST_COMMENTS or matrix.shape[1] < CANDIDATES[0]:
        raise NotEstimable(
            f"{filled.size} comments have words that others use too; at least {FEWEST_COMMENTS} "
            "are needed to tell a theme from a remark"
        )
    rng = np.random.default_rng(seed)
    rows = _drawn(rng, filled, MOST_FITTED)
    with one_thread():
        components, returns, tried = _chosen(matrix[rows], rng, seed)
        joined = _joined(_loads(matrix[rows], components))
    return _as_parts(components, returns, joined, found.terms, tried, matrix[rows])


def assign(found: WeightedTerms, themes: Sequence[Sequence[Part]]) -> tuple[IntArray, FloatArray]:
    """
    Give each comment to the theme that it is nearest to.

    Not to several: a comment that names two things counts for the stronger one.

    Parameters
    ----------
    found : WeightedTerms
        Of the comments; terms of the themes that no comment has are of no effect.
    themes : sequence of sequence of Part
        As found now, or kept in a codebook.

    Returns
    -------
    tuple of (array of int, array of float)
        Place of the theme, -1 for none; cosine with its nearest part.
    """
    n = found.matrix.shape[0]
    owner = np.array([place for place, one in enumerate(themes) for _ in one], dtype=np.int64)
    if owner.size == 0:
        return np.full(n, -1, dtype=np.int64), np.zeros(n)
    near = found.matrix @ _vectors(themes, found.terms).T
    best = near.argmax(axis=1)
    cosine = near[np.arange(n), best]
    return np.where(cosine >= LEAST_COSINE, owner[best], -1), cosine


def _vectors(themes: Sequence[Sequence[Part]], terms: tuple[str, ...]) -> FloatArray:
    place = {term: column for column, term in enumerate(terms)}
    rows = []
    for part in (part for one in themes for part in one):
        row = np.zeros(len(terms))
        for term, weight in zip(part.terms, part.weights, strict=True):
            if term in place:
                row[place[term]] = weight
        rows.append(row)
    return np.array(rows).reshape(len(rows), len(terms))


def _drawn(rng: np.random.Generator, rows: IntArray, most: int) -> IntArray:
    return rows if rows.size <= most else np.sort(rng.choice(rows, most, replace=False))


def _chosen(
    matrix: csr_matrix, rng: np.random.Generator, seed: int
) -> tuple[FloatArray, FloatArray, tuple[tuple[int, float], ...]]:
    """Return the parts of the largest number at which enough return."""
    n = matrix.shape[0]
    sizes = [k for k in CANDIDATES if k * COMMENTS_PER_PART <= n and k < matrix.shape[1]]
    sample = min(round(KEPT_SHARE * n), MOST_RESEEDED)
    draws = [np.sort(rng.choice(n, sample, replace=False)) for _ in range(RESEEDINGS)]
    best: tuple[FloatArray, FloatArray] | None = None
    tried: list[tuple[int, float]] = []
    # From the largest down: the first that passes is the answer, and mostly comes soon.
    for k in reversed(sizes or CANDIDATES[:1]):
        components = _factorised(matrix, k, seed, "nndsvda")
        again = [
            _factorised(matrix[rows], k, seed + 1 + place, "nndsvdar")
            for place, rows in enumerate(draws)
        ]
        returns = np.mean([_returns(components, other) for other in again], axis=0)
        share = float((returns >= RETURNS_AT).mean())
        if best is None or share > max(one for _, one in tried):
            best = (components, returns)
        tried.append((k, share))
        if share >= RETURN_SHARE:
            break
    assert best is not None  # noqa: S101  at least one number is tried
    return best[0], best[1], tuple(tried)


def _factorised(matrix: csr_matrix, k: int, seed: int, start: str) -> FloatArray:
    import warnings

    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    model = NMF(k, init=start, random_state=seed, max_iter=150, tol=1e-3)
    with warnings.catch_warnings():
        # A part that is not settled after 150 rounds does not return, and is judged by that.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(matrix)
    return _unit(np.asarray(model.components_, dtype=float))


def _unit(rows: FloatArray) -> FloatArray:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    out: FloatArray = rows / np.where(length > 0, length, 1.0)
    return out


def _returns(components: FloatArray, other: FloatArray) -> FloatArray:
    """Return each part's cosine with its match in another fit."""
    from scipy.optimize import linear_sum_assignment

    near = components @ other.T
    mine, theirs = linear_sum_assignment(-near)
    found = np.zeros(len(components))
    found[mine] = near[mine, theirs]
    return found


def _loads(matrix: csr_matrix, components: FloatArray) -> FloatArray:
    from sklearn.decomposition import non_negative_factorization

    weights, _, _ = non_negative_factorization(
        matrix, H=components, n_components=len(components), update_H=False, max_iter=100, tol=1e-3
    )
    return _unit(np.asarray(weights, dtype=float))


def _joined(loads: FloatArray) -> IntArray:
    """Return the theme of each part."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if loads.shape[1] < 2:
        return np.zeros(loads.shape[1], dtype=np.int64)
    mentioned = (loads > MENTIONED).astype(float)
    together = mentioned.T @ mentioned
    np.fill_diagonal(together, 0.0)
    sociable = together.sum(axis=1)
    expected = np.outer(sociable, sociable) / max(float(sociable.sum()), 1.0)
    # Half a comment on either side keeps one chance meeting of two rare parts from joining them.
    lift = np.log((together + 0.5) / (expected + 0.5)) / np.log(NEAREST_LIFT)
    distance = 1.0 - np.clip((lift + lift.T) / 2.0, 0.0, 1.0)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), "average")
    return np.asarray(fcluster(tree, FURTHEST, "distance"), dtype=np.int64)


def _as_parts(
    components: FloatArray,
    returns: FloatArray,
    joined: IntArray,
    terms: tuple[str, ...],
    tried: tuple[tuple[int, float], ...],
    matrix: csr_matrix,
) -> ThemeParts:
    near = np.asarray(matrix @ components.T)
    size = np.bincount(near.argmax(axis=1), minlength=len(components))
    groups = [np.flatnonzero(joined == one) for one in np.unique(joined)]
    groups.sort(key=lambda parts: (-int(size[parts].sum()), int(parts[0])))
    themes = tuple(tuple(_part(components[one], terms) for one in parts) for parts in groups)
    stability = tuple(
        float(np.average(returns[parts], weights=size[parts] + 1.0)) for parts in groups
    )
    return ThemeParts(themes, stability, len(components), tried)


def _part(row: FloatArray, terms: tuple[str, ...]) -> Part:
    order = [one for one in np.lexsort((np.arange(row.size), -row))[:TERMS_KEPT] if row[one] > 0]
    kept = row[order] / max(float(np.linalg.norm(row[order])), 1e-12)
    # Four digits are what a codebook keeps, so that a file read back gives the same themes.
    return Part(tuple(terms[one] for one in order), tuple(round(float(one), 4) for one in kept))
