"""Comments as weighted terms: words, pairs of words, and runs of letters inside words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from supportlab.stats.text.segment import fold, is_unspaced, words

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["LETTERS_MARK", "Tokens", "WeightedTerms", "tokens_of", "weighted_terms"]

FloatArray = npt.NDArray[np.float64]
# Stands before a run of letters, so that it is not taken for a word.
LETTERS_MARK = "~"
# Words say what a comment is about; runs of letters hold inflected forms together.
LETTERS_SHARE = 0.3
RUNS = (3, 5)
RUNS_UNSPACED = (2, 3)
# A term of fewer texts makes no theme, and one that most texts have parts none.
FEWEST_TEXTS = 3
MOST_SHARE = 0.5
MOST_TERMS = 6_000
_PLACEHOLDERS = frozenset(["url", "mail", "iban", "card", "phone", "number", "name", "handle"])


@dataclass(frozen=True)
class Tokens:
    """
    One comment's words.

    Parameters
    ----------
    folded : tuple of str
        Words under which spellings meet, without those that every text has (articles and such).
    surface : tuple of str
        The same words as they were written, in lower case.
    """

    folded: tuple[str, ...]
    surface: tuple[str, ...]


@dataclass(frozen=True)
class WeightedTerms:
    """
    Texts by terms, rows of length one.

    Parameters
    ----------
    matrix : scipy.sparse.csr_matrix of shape (n_texts, n_terms)
        TF-IDF.
    terms : tuple of str
        Words, pairs of words, and runs of letters with a mark before them.
    """

    matrix: csr_matrix
    terms: tuple[str, ...]


def tokens_of(text: str, language: str) -> Tokens:
    """
    Return the words of a cleaned comment that can tell what it is about.

    Not for text with personal data in it: `redact` comes first.

    Parameters
    ----------
    text : str
        Cleaned.
    language : str
        ISO 639 code, whose common words are left out.

    Returns
    -------
    Tokens
        May be empty.

    Examples
    --------
    >>> tokens_of("The refund has not arrived, [name]", "en").folded
    ('refund', 'arrived')
    """
    stop = _stop_words(language)
    kept = [
        (folded, word)
        for word in words(text.replace("[e-mail]", "[mail]"), language)
        if (folded := fold(word)) not in stop
        and word not in _PLACEHOLDERS
        and not (word.isdigit() and len(word) < 3)
    ]
    return Tokens(tuple(one for one, _ in kept), tuple(word for _, word in kept))


def weighted_terms(tokens: Sequence[Tokens]) -> WeightedTerms:
    """
    Weigh the terms of the comments of one language.

    Not for several languages at once: common words of one would be rare ones of the other.

    Parameters
    ----------
    tokens : sequence of Tokens
        One a comment.

    Returns
    -------
    WeightedTerms
        Without terms that fewer than three texts have (or one in a thousand) or more than half.

    Notes
    -----
    TF-IDF with logarithmic counts (Salton and Buckley 1988), by scikit-learn; words with their
    pairs, and runs of letters, each of length one before they are put together.
    """
    from scipy.sparse import csr_matrix, hstack

    word_part, word_terms = _tfidf([_word_terms(one) for one in tokens])
    run_part, run_terms = _tfidf([_letter_runs(one) for one in tokens])
    joined = hstack([word_part * np.sqrt(1.0 - LETTERS_SHARE), run_part * np.sqrt(LETTERS_SHARE)])
    return WeightedTerms(csr_matrix(joined), (*word_terms, *run_terms))


def _tfidf(lists: list[list[str]]) -> tuple[Any, tuple[str, ...]]:
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    fewest = max(FEWEST_TEXTS, len(lists) // 1000)
    model = TfidfVectorizer(
        analyzer=list,
        min_df=fewest,
        max_df=max(MOST_SHARE, (fewest + 1) / max(len(lists), 1)),
        max_features=MOST_TERMS,
        sublinear_tf=True,
    )
    try:
        matrix = model.fit_transform(lists)
    except ValueError:
        # No term is in enough texts; scikit-learn has no other way to say so.
        return csr_matrix((len(lists), 0)), ()
    return matrix, tuple(str(one) for one in model.get_feature_names_out())


def _word_terms(tokens: Tokens) -> list[str]:
    found = tokens.folded
    return [*found, *(f"{one} {other}" for one, other in pairwise(found))]


def _letter_runs(tokens: Tokens) -> list[str]:
    found = []
    for word in tokens.folded:
        least, most = RUNS_UNSPACED if is_unspaced(word) else RUNS
        padded = word if is_unspaced(word) else f" {word} "
        for size in range(least, most + 1):
            found += [LETTERS_MARK + padded[at : at + size] for at in range(len(padded) - size + 1)]
    return found


@cache
def _stop_words(language: str) -> frozenset[str]:
    from stopwordsiso import stopwords

    return frozenset(fold(word) for word in stopwords(language)) if language else frozenset()
