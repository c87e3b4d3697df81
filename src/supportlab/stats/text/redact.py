"""Personal data taken out of comments: addresses, numbers, names; a placeholder says what stood."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, partial

from supportlab.stats.text.names import name_patterns

__all__ = ["PLACEHOLDERS", "is_card_number", "is_iban", "redact"]

PLACEHOLDERS = (
    "[url]",
    "[e-mail]",
    "[iban]",
    "[card]",
    "[phone]",
    "[number]",
    "[name]",
    "[handle]",
)
# Letters and signs that stand for nothing and are used to break a pattern up.
_INVISIBLE = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0x00AD]
)
_DASHES = "\\-\u2010\u2011\u2012\u2013\u2014\u2212\u30fc\uff0d"
_GAP = rf"[\s.{_DASHES}/()]"
_URL = re.compile(
    r"(?:(?:https?|ftp)://|www\.)[^\s<>\"'、。，」）]+"
    # Without a scheme a domain counts when a path follows it.
    r"|\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.[a-z]{2,}/[^\s<>\"'、。，」）]+",
    re.IGNORECASE,
)
# The part before the sign may hold letters of any script (RFC 6531).
_AT = (
    r"(?:@|\s?[\[({]\s?(?:at|arroba|chez)\s?[\])}]\s?"
    r"|\s(?:at|arroba)\s(?=[\w-]+\s?(?:\.|dot|punto|ponto)))"
)
_DOT = r"(?:\.|\s?[\[({]\s?(?:dot|punkt|punto|ponto)\s?[\])}]\s?|\s(?:dot|punkt|punto|ponto)\s)"
_MAIL = re.compile(
    rf"[^\s@<>()\[\],;:\"'、。，「」]{{1,64}}{_AT}[\w-]+(?:{_DOT}[\w-]+)*{_DOT}[^\W\d_]{{2,}}",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w@])@[\w.]{2,}")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ \-]?[A-Z0-9]){11,30}\b", re.IGNORECASE)
# Thirteen to nineteen digits, apart or not.
_CARD = re.compile(rf"(?<![\d])\d(?:[\s.{_DASHES}]{{0,2}}\d){{12,18}}(?![\d])")
# A number does not go on before or after; a letter of a script without spaces may stand there.
_ALONE = r"(?<![A-Za-z_\d.,:])"
# Sums as 1 000 000 have the same look as telephone numbers in groups.
_THOUSANDS = r"(?!\d{1,3}(?:\s\d{3})+(?![\d\s]\d|\d))"
_PHONE = re.compile(
    rf"{_ALONE}(?:\+|00|\(\+?)\s?\d(?:{_GAP}{{0,3}}\d){{6,14}}(?!\d)"
    rf"|{_ALONE}\(?0\d{{1,4}}\)?(?:{_GAP}{{0,3}}\d){{5,10}}(?!\d)"
    rf"|{_ALONE}\(\d{{2,4}}\)(?:{_GAP}{{0,3}}\d){{6,9}}(?!\d)"
    rf"|{_ALONE}{_THOUSANDS}\d{{2,4}}(?:[\s{_DASHES}]\d{{2,5}}){{2,4}}(?![\d:])"
)
# A code of letters and digits, or a run of digits no sum of money or year would have.
_MARKED = re.compile(
    rf"#\s?[\w{_DASHES}]*\d[\w{_DASHES}]*|\b[0-9a-f]{{8}}-(?:[0-9a-f]{{4}}-){{3}}[0-9a-f]{{12}}\b",
    re.IGNORECASE,
)
_CODE = re.compile(
    rf"\b[A-Za-z]{{1,5}}[{_DASHES}_]?\d{{4,}}(?:[{_DASHES}_/]\w+)*\b"
    r"|\b(?=[A-Z0-9]*[A-Z])(?=[A-Z0-9]*\d[A-Z0-9]*\d[A-Z0-9]*\d)[A-Z0-9]{6,}\b"
    rf"|(?<![\d.,:])(?=\d(?:[{_DASHES}_]?\d){{4,}})\d{{2,}}(?:[{_DASHES}_]\d{{2,}})+(?![\d:])"
    r"|(?<![\d.,])\d{5,}(?![\d]|[.,]\d)"
)
_DATE = re.compile(
    r"(?:19|20)\d\d[-./](?:0?[1-9]|1[0-2])[-./](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[-./](?:0?[1-9]|1[0-2])[-./](?:19|20)?\d\d"
)
_IBAN_LENGTH = (15, 34)


def redact(text: str, names: Iterable[str] = ()) -> str:
    """
    Return a comment with personal data replaced by placeholders as ``[e-mail]``.

    Not a guarantee: a name that stands in no table, follows no greeting and no title stays, and so
    does a story that tells who somebody is. What is shown of it should be words that many use.

    Parameters
    ----------
    text : str
        As it was written; any script.
    names : iterable of str
        Names known from elsewhere, of customers or agents; each is found as a whole word.

    Returns
    -------
    str
        Composed Unicode without invisible letters; digits of all scripts are seen as digits. A
        number that is neither card nor phone but has five digits or more is ``[number]``.

    Notes
    -----
    Cards by ISO 7812's check digit (Luhn 1960); a run of that length that fails it is a number.
    Accounts by ISO 13616's check (modulo 97). Names after greetings, in sign-offs and after titles,
    in some fifteen languages.

    Examples
    --------
    >>> redact("Card 4111 1111 1111 1111, mail ana@example.com, order 4471-000123")
    'Card [card], mail [e-mail], order [number]'
    >>> redact("Es ging um 3 Tage und 25,50 Euro. Viele Grüße, Jana Weber")
    'Es ging um 3 Tage und 25,50 Euro. Viele Grüße, [name]'
    """
    plain = unicodedata.normalize("NFC", text).translate(_INVISIBLE)
    plain = _known_names(plain, tuple(sorted({one.strip() for one in names if one.strip()})))
    if not _may_hold(plain):
        return plain
    clean = _URL.sub("[url]", plain)
    clean = _MAIL.sub("[e-mail]", clean)
    clean = _HANDLE.sub("[handle]", clean)
    clean = _numbers(clean)
    for pattern, group in name_patterns():
        clean = pattern.sub(partial(_cut, group=group), clean)
    return clean


def is_card_number(digits: str) -> bool:
    """
    Tell whether digits pass the check of payment cards.

    Not proof of a card: one run of digits in ten passes.

    Parameters
    ----------
    digits : str
        Digits alone, of any script.

    Returns
    -------
    bool
        True for 13 to 19 digits whose Luhn sum is a multiple of ten.

    Examples
    --------
    >>> is_card_number("4111111111111111"), is_card_number("4111111111111112")
    (True, False)
    """
    if not 13 <= len(digits) <= 19:
        return False
    total = 0
    for place, letter in enumerate(reversed(digits)):
        value = unicodedata.digit(letter) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def is_iban(text: str) -> bool:
    """
    Tell whether a text passes the check of international account numbers.

    Parameters
    ----------
    text : str
        Letters and digits; gaps do not count.

    Returns
    -------
    bool
        True where the length is possible and the rest modulo 97 is 1.

    Examples
    --------
    >>> is_iban("GB82 WEST 1234 5698 7654 32"), is_iban("GB83 WEST 1234 5698 7654 32")
    (True, False)
    """
    bare = re.sub(r"[\s-]", "", text).upper()
    if not (_IBAN_LENGTH[0] <= len(bare) <= _IBAN_LENGTH[1] and bare.isascii() and bare.isalnum()):
        return False
    moved = bare[4:] + bare[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def _may_hold(text: str) -> bool:
    """Nine comments in ten hold no digit, sign or greeting, and need no pattern."""
    return True if _SIGNS.search(text) else any(p.search(text) for p, _ in name_patterns())


_SIGNS = re.compile(r"[\d@]|://|www\.|\.[a-z]{2,}/|\b(?:at|arroba|chez)\b", re.IGNORECASE)


def _numbers(text: str) -> str:
    """Replace numbers; dates are put aside first, since a phone pattern would take them."""
    kept: list[str] = []

    def aside(found: re.Match[str]) -> str:
        kept.append(found.group())
        return f"\ue000{chr(0xE100 + len(kept) - 1)}\ue001" if len(kept) <= 0x700 else "[number]"

    clean = _IBAN.sub(_account, _MARKED.sub("[number]", text))
    clean = _CARD.sub(_card, clean)
    clean = re.sub(rf"(?<![\w+]){_DATE.pattern}(?![\w])(?![-./]\d)", aside, clean)
    clean = _PHONE.sub("[phone]", clean)
    clean = _CODE.sub("[number]", clean)
    return re.sub("\ue000(.)\ue001", lambda found: kept[ord(found.group(1)) - 0xE100], clean)


def _account(found: re.Match[str]) -> str:
    """Replace the longest beginning that passes the check; words that follow it stay."""
    parts = found.group()
    for end in range(len(parts), 14, -1):
        if (end == len(parts) or not parts[end].isalnum()) and is_iban(parts[:end]):
            return "[iban]" + parts[end:]
    return parts if sum(letter.isdigit() for letter in parts) < 10 else "[number]"


def _card(found: re.Match[str]) -> str:
    digits = "".join(letter for letter in found.group() if letter.isdigit())
    return "[card]" if is_card_number(digits) else "[number]"


def _cut(found: re.Match[str], group: int) -> str:
    whole, first = found.group(), found.start()
    begin, end = found.start(group) - first, found.end(group) - first
    return f"{whole[:begin]}[name]{whole[end:]}"


def _known_names(text: str, names: tuple[str, ...]) -> str:
    return _names_pattern(names).sub("[name]", text) if names else text


@cache
def _names_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    from supportlab.stats.text.segment import is_unspaced

    words = []
    for name in sorted(names, key=lambda one: (-len(one), one)):
        body = re.escape(unicodedata.normalize("NFC", name))
        words.append(body if is_unspaced(name) else rf"(?<!\w){body}(?!\w)")
    return re.compile("|".join(words), re.IGNORECASE)
