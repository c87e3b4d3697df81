"""What sets the words of one group of comments apart from those of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from supportlab.stats.text.features import Tokens

__all__ = ["Distinct", "distinctive_terms", "log_odds_z"]

FloatArray = npt.NDArray[np.float64]
Distinct = tuple[str, float]
# Words of the prior in all, as many as some dozens of comments hold (a quarter of all words where
# there are few): rare words need more than one or two uses to stand out.
PRIOR_WORDS, PRIOR_SHARE = 500.0, 0.25
# A word of fewer customers could tell who wrote it.
FEWEST_AUTHORS = 3
MOST_TERMS = 8
LEAST_Z = 1.96


def log_odds_z(group: FloatArray, rest: FloatArray, prior: FloatArray) -> FloatArray:
    """
    Compute how far each term's log-odds in a group lie from those in the rest, in standard errors.

    Not a test: many terms are looked at, and the groups were made from the same words.

    Parameters
    ----------
    group, rest : array of shape (n_terms,)
        Uses of each term.
    prior : array of shape (n_terms,)
        Pseudo-counts of each term, above 0.

    Returns
    -------
    array of shape (n_terms,)
        Positive where the group uses the term more.

    Notes
    -----
    Monroe, Colaresi and Quinn (2008), equations 15, 16 and 22: log-odds with an informative
    Dirichlet prior.

    Examples
    --------
    >>> z = log_odds_z(np.array([20.0, 5.0]), np.array([5.0, 20.0]), np.array([1.0, 1.0]))
    >>> z.round(2).tolist()
    [5.41, -5.41]
    """
    weight = prior.sum()
    one = np.log((group + prior) / (group.sum() + weight - group - prior))
    two = np.log((rest + prior) / (rest.sum() + weight - rest - prior))
    variance = 1.0 / (group + prior) + 1.0 / (rest + prior)
    out: FloatArray = (one - two) / np.sqrt(variance)
    return out


def distinctive_terms(
    tokens: Sequence[Tokens],
    member: npt.NDArray[np.int64],
    authors: npt.NDArray[np.int64],
    n_groups: int,
) -> list[list[Distinct]]:
    """
    Return each group's words that set it apart, most telling first.

    Not words that fewer than three customers use: they could tell who wrote them.

    Parameters
    ----------
    tokens : sequence of Tokens
        One a comment.
    member : array of int
        Group of each comment, -1 for none.
    authors : array of int
        Number of the customer of each comment.
    n_groups : int
        How many groups.

    Returns
    -------
    list of list of (str, float)
        At most eight a group: the form most often written, and the z of `log_odds_z`.
    """
    place, surface = _vocabulary(tokens)
    uses = np.zeros((n_groups + 1, len(place)))
    writers: list[set[int]] = [set() for _ in place]
    for one, group, author in zip(tokens, member, authors, strict=True):
        # A word that a comment says twice is one use: comments are compared, not their length.
        for word in set(one.folded):
            uses[group, place[word]] += 1.0
            writers[place[word]].add(int(author))
    total = uses.sum(axis=0)
    allowed = np.array([len(one) >= FEWEST_AUTHORS for one in writers], dtype=bool)
    if not allowed.any():
        return [[] for _ in range(n_groups)]
    weight = min(PRIOR_WORDS, PRIOR_SHARE * float(total.sum()))
    prior = (weight * total + 1e-9) / max(float(total.sum()), 1.0)
    names = np.array([surface[word] for word in place], dtype=object)
    found = []
    for group in range(n_groups):
        z = log_odds_z(uses[group], total - uses[group], prior)
        order = np.lexsort((names.astype(str), -z))
        best = [one for one in order if allowed[one] and z[one] >= LEAST_Z][:MOST_TERMS]
        found.append([(str(names[one]), float(z[one])) for one in best])
    return found


def _vocabulary(tokens: Sequence[Tokens]) -> tuple[dict[str, int], dict[str, str]]:
    forms: dict[str, Counter[str]] = {}
    for one in tokens:
        for folded, word in zip(one.folded, one.surface, strict=True):
            forms.setdefault(folded, Counter())[word] += 1
    place = {word: at for at, word in enumerate(sorted(forms))}
    surface = {word: _usual_form(counts) for word, counts in forms.items()}
    return place, surface


def _usual_form(counts: Counter[str]) -> str:
    return min(counts, key=lambda form: (-counts[form], form))
