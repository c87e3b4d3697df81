"""Which language a comment is written in, with the customer's language as what to expect."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from supportlab.errors import ParameterError
from supportlab.stats.text.segment import normalise, script_of

__all__ = ["UNKNOWN", "Spoken", "identify_languages"]

UNKNOWN = "und"
# Odds that a customer writes in the language on record rather than in one other language: about
# one comment in ten is in another, spread over a few.
STATED_ODDS = 20.0
# And of a language that no customer is on record with, against one that some are.
UNEXPECTED_ODDS = 0.2
# Below this many letters the model's word is luck ("ok", "top"), and the record decides alone.
FEWEST_LETTERS = 8
# Without a record the model must be this sure; its probabilities are tempered by length.
SUREST_WITHOUT = 0.5
# Letters that one language alone uses, or so nearly that the record cannot outweigh them.
_BY_SCRIPT = {"greek": "el", "thai": "th", "hangul": "ko", "kana": "ja", "hebrew": "he"}
# Scripts that each language may be written in; a comment of another script is not in it.
_SCRIPTS = {
    "el": ("greek", "latin"), "th": ("thai",), "ko": ("hangul", "han"), "ja": ("kana", "han"),
    "he": ("hebrew",), "zh": ("han",), "ar": ("arabic",), "fa": ("arabic",), "ur": ("arabic",),
    "ru": ("cyrillic",), "uk": ("cyrillic",), "bg": ("cyrillic",), "hi": ("devanagari", "latin"),
}  # fmt: skip


class Spoken(tuple[str, bool]):
    """
    A comment's language, and whether the text itself decided it.

    Not to be made by hand: `identify_languages` makes it.
    """

    __slots__ = ()

    @property
    def language(self) -> str:
        """Return the ISO 639 code, or ``und``."""
        return self[0]

    @property
    def is_from_text(self) -> bool:
        """Return False where the record decided, since the text is too short."""
        return self[1]


def identify_languages(texts: Sequence[str], stated: Sequence[str | None]) -> list[Spoken]:
    """
    Identify the language of each text, with the stated one as what to expect.

    Not for text that mixes languages: the one that prevails is named.

    Parameters
    ----------
    texts : sequence of str
        One a comment.
    stated : sequence of str or None
        Language on record, BCP 47 (``pt-BR`` counts as ``pt``); None where there is none.

    Returns
    -------
    list of Spoken
        In the order of the texts: ISO 639 code or ``und``, and whether the text decided it.

    Raises
    ------
    ParameterError
        As many languages as texts are needed.

    Notes
    -----
    Letters of one language (Greek, Thai, kana, Hangul, Hebrew) decide at once. Otherwise the naive
    Bayes model of Lui and Baldwin (2012), as packaged by py3langid, gives probabilities; the stated
    language has twenty times the odds of another one of the desk, and that five times those of any
    other. A text of fewer than eight letters is taken to be in the stated language unless its
    script says otherwise. Nothing is downloaded.

    Examples
    --------
    >>> found = identify_languages(["Το δέμα άργησε", "ok", "Das Paket kam zu spät"],
    ...                            ["en", "fr", "de"])
    >>> [one.language for one in found]
    ['el', 'fr', 'de']
    """
    if len(texts) != len(stated):
        raise ParameterError(f"{len(texts)} texts came with {len(stated)} languages; one each.")
    base = [primary(one) for one in stated]
    expected = frozenset(one for one in base if one)
    known: dict[tuple[str, str], Spoken] = {}
    found = []
    for text, own in zip(texts, base, strict=True):
        key = (text, own)
        if key not in known:
            known[key] = _identified(text, own, expected)
        found.append(known[key])
    return found


def primary(tag: str | None) -> str:
    """Return the primary language of a BCP 47 tag, empty where there is none."""
    return (tag or "").replace("_", "-").partition("-")[0].lower()


def _identified(text: str, stated: str, expected: frozenset[str]) -> Spoken:
    letters = [letter for letter in normalise(text) if letter.isalpha()]
    if len(letters) < 2:
        return Spoken((stated or UNKNOWN, False))
    scripts = [script_of(letter) for letter in letters]
    for script, language in _BY_SCRIPT.items():
        own = scripts.count(script)
        # A borrowed letter or two (an angle, a unit) is no language.
        if own >= 2 and own * 3 >= len(letters):
            return Spoken((language, True))
    fits = not stated or bool(set(scripts) & set(_SCRIPTS.get(stated, ("latin",))))
    # A Han letter is a word or half of one.
    if fits and len(letters) + scripts.count("han") < FEWEST_LETTERS:
        return Spoken((stated or UNKNOWN, False))
    return Spoken((_by_model(text, stated if fits else "", expected), True))


def _by_model(text: str, stated: str, expected: frozenset[str]) -> str:
    model = _model()
    if stated and stated not in model.labels:
        # What the model does not know it cannot speak against.
        return stated
    chances: dict[str, float] = dict(model.rank(text))
    odds = {
        language: chance * (1.0 if language in expected else UNEXPECTED_ODDS)
        for language, chance in chances.items()
    }
    if stated:
        odds[stated] = odds[stated] * STATED_ODDS
    best = max(sorted(odds), key=lambda language: odds[language])
    if stated or odds[best] >= SUREST_WITHOUT * sum(odds.values()):
        return best
    return _only_script(text)


def _only_script(text: str) -> str:
    return {"arabic": "ar", "han": "zh", "cyrillic": "ru", "devanagari": "hi"}.get(
        script_of(text), UNKNOWN
    )


@cache
def _model() -> Any:
    """Load the packaged model once; 1.6 seconds and 60 MB."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
