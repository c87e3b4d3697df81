"""Words of any script: by Unicode's letters, and by small models where no space parts them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any

__all__ = ["fold", "is_unspaced", "normalise", "script_of", "words"]

# Written without spaces between words: a run of their letters is a phrase, not a word.
_UNSPACED = (
    (0x0E00, 0x0E7F, "thai"), (0x0E80, 0x0EFF, "lao"), (0x1000, 0x109F, "myanmar"),
    (0x1780, 0x17FF, "khmer"), (0x3005, 0x3007, "han"), (0x3041, 0x309F, "kana"),
    (0x30A0, 0x30FF, "kana"), (0x3400, 0x4DBF, "han"), (0x4E00, 0x9FFF, "han"),
    (0xF900, 0xFAFF, "han"), (0x20000, 0x323AF, "han"),
)  # fmt: skip
_SPACED = (
    (0x0041, 0x024F, "latin"), (0x1E00, 0x1EFF, "latin"), (0x0370, 0x03FF, "greek"),
    (0x1F00, 0x1FFF, "greek"), (0x0400, 0x052F, "cyrillic"), (0x0590, 0x05FF, "hebrew"),
    (0x0600, 0x06FF, "arabic"), (0x0750, 0x077F, "arabic"), (0x08A0, 0x08FF, "arabic"),
    (0x0900, 0x097F, "devanagari"), (0xAC00, 0xD7AF, "hangul"),
)  # fmt: skip
# Marks that writers of these scripts leave out at will; elsewhere a mark makes another letter.
_LOOSE_MARKS = ("latin", "greek", "arabic", "hebrew")
# Alef with hamza or madda, final ya, and ta marbuta, which are typed in either form.
_ARABIC_FORMS = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ـ": ""})
_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "‘": "'", "`": "'"})
# An article or pronoun that is joined to its word, as in l'application and dall'ultimo.
_ELISION = re.compile(r"^[^\W\d_]{1,5}'(?=[^\W\d_]{3})")
_CHINESE_FULL = re.compile("[們這來對時說後會還沒點請問題電話貨單謝]")


def normalise(text: str) -> str:
    """
    Return text in one form of Unicode, lower case, with plain apostrophes and single spaces.

    Not for display: letters change their case and width.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        Compatibility composed (NFKC), lower case (a final sigma stays one).

    Examples
    --------
    >>> normalise("ＡＢＣ  It’s")
    "abc it's"
    """
    plain = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES)
    return " ".join(plain.lower().split())


def fold(word: str) -> str:
    """
    Return the form under which spellings of one word meet: without the marks left out at will.

    Not for scripts whose marks make other letters or vowels (Cyrillic, Devanagari, kana, Thai):
    they come back as they are.

    Parameters
    ----------
    word : str
        A word as `words` gives it.

    Returns
    -------
    str
        Without accents in Latin and Greek, vowel marks in Arabic and Hebrew.

    Examples
    --------
    >>> fold("não"), fold("απάντηση"), fold("й")
    ('nao', 'απαντηση', 'й')
    """
    if word.isascii() or script_of(word) not in _LOOSE_MARKS:
        return word
    parts = unicodedata.normalize("NFD", word.casefold())
    bare = "".join(letter for letter in parts if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", bare).translate(_ARABIC_FORMS)


def script_of(text: str) -> str:
    """
    Name the script of the first letter of a text.

    Not for mixed text as a whole.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        As ``latin``, ``arabic``, ``han``, ``kana``, ``thai``; ``other`` for the rest, empty where
        there is no letter.

    Examples
    --------
    >>> script_of("5 αστέρια"), script_of("料金"), script_of("!")
    ('greek', 'han', '')
    """
    for letter in text:
        found = _letter_script(letter)
        if found:
            return found
    return ""


def is_unspaced(text: str) -> bool:
    """
    Tell whether any letter belongs to a script without spaces between words.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    bool
        True for Chinese, Japanese, Thai, Lao, Khmer and Burmese letters.

    Examples
    --------
    >>> is_unspaced("hub が"), is_unspaced("한국어 문장")
    (True, False)
    """
    return bool(_run_pattern().search(text))


def words(text: str, language: str = "") -> list[str]:
    """
    Split text into words, in order, normalised.

    Not a grammar: inflected forms stay apart, and compounds are not taken to pieces.

    Parameters
    ----------
    text : str
        Any text in any script.
    language : str
        ISO 639 code; only Chinese and Japanese need it, which share letters.

    Returns
    -------
    list of str
        Words of letters, and numbers with their points; no punctuation, no single Latin letters.

    Notes
    -----
    Where a script has spaces a word is a run of letters and their marks (as in Unicode's UAX 29).
    Japanese, Chinese and Thai are parted by BudouX's models (boosted trees on the letters around a
    gap); other scripts without spaces stay whole, and their features are runs of letters.

    Examples
    --------
    >>> words("L'application plante depuis la 5.0 !")
    ['application', 'plante', 'depuis', 'la', '5.0']
    >>> words("荷物が届きません。", "ja")[:2]
    ['荷物', 'が']
    """
    found: list[str] = []
    for token in _word_pattern().findall(normalise(text)):
        if is_unspaced(token):
            found += _parted(token, language)
        else:
            word = _ELISION.sub("", token)
            if len(word) > 1 or script_of(word) in ("hangul", "other"):
                found.append(word)
    return found


def _parted(token: str, language: str) -> list[str]:
    """Part a token at changes of script, and runs without spaces by their model."""
    found: list[str] = []
    place = 0
    for run in _run_pattern().finditer(token):
        found += [token[place : run.start()]] if run.start() > place else []
        found += _parser(_model_of(run.group(), language))(run.group())
        place = run.end()
    return [*found, token[place:]] if place < len(token) else found


def _model_of(run: str, language: str) -> str:
    scripts = {_letter_script(letter) for letter in run}
    if "thai" in scripts:
        return "thai"
    if "kana" in scripts or (language == "ja" and "han" in scripts):
        return "japanese"
    if "han" in scripts:
        return "chinese, full" if _CHINESE_FULL.search(run) else "chinese"
    return ""


@cache
def _parser(model: str) -> Callable[[str], list[str]]:
    if not model:
        return lambda run: [run]
    import budoux

    load: dict[str, Callable[[], Any]] = {
        "japanese": _japanese_words,
        "thai": budoux.load_default_thai_parser,
        "chinese": budoux.load_default_simplified_chinese_parser,
        "chinese, full": budoux.load_default_traditional_chinese_parser,
    }
    parse: Callable[[str], list[str]] = load[model]().parse
    return parse


def _japanese_words() -> Any:
    """Load the model of words; the package's default is that of phrases with their particles."""
    import json
    from importlib.resources import files

    import budoux

    source = files("budoux").joinpath("models", "ja_word.json")
    return budoux.Parser(json.loads(source.read_text(encoding="utf-8")))


@cache
def _letter_script(letter: str) -> str:
    if not unicodedata.category(letter).startswith(("L", "M")):
        return ""
    code = ord(letter)
    for first, last, name in (*_UNSPACED, *_SPACED):
        if first <= code <= last:
            return name
    return "other"


@cache
def _run_pattern() -> re.Pattern[str]:
    ranges = "".join(f"{chr(first)}-{chr(last)}" for first, last, _ in _UNSPACED)
    return re.compile(f"[{ranges}]+")


@cache
def _word_pattern() -> re.Pattern[str]:
    # Python's \w leaves out combining marks, so that Thai and Indic words would fall to pieces.
    marks = "".join(
        chr(code)
        for code in range(0x0300, 0x20000)
        if unicodedata.category(chr(code)).startswith("M")
    )
    letter = rf"(?:[^\W\d_][{marks}]*)"
    return re.compile(rf"\d+(?:[.,:]\d+)*|{letter}+(?:'{letter}+)*")
