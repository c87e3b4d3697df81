"""Where names stand in comments: after greetings, titles and 'my name is', and in sign-offs."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

__all__ = ["name_patterns"]

# A name: one to three words with a capital, or after a dot of an initial.
_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĹĻĽŁŃŅŇŌŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽΑ-ΩΆΈ-ΏА-ЯЁЄІЇҐ"
_CAP = rf"(?:[{_UPPER}]\.|[{_UPPER}](?:[^\W\d_]|['’\-](?=[^\W\d_]))*)"
_LINK = r"(?:(?:de|da|do|dos|van|von|der|den|la|le|el|bin|al|y)[ ])*"
_NAME = rf"{_CAP}(?:[ \u00a0]+{_LINK}{_CAP}){{0,2}}"
_ANY = r"[^\W\d_]{2,}(?:[ ][^\W\d_]{2,})?"
_END = r"\s*[.!,~\-–—]*\s*$"


@cache
def name_patterns() -> tuple[tuple[re.Pattern[str], int], ...]:
    """
    Return the patterns that find names, each with the number of the group that is the name.

    Not for names that stand alone in a sentence: only a list of names finds those.

    Returns
    -------
    tuple of (re.Pattern, int)
        In the order to apply.

    Examples
    --------
    >>> [p.search("Mein Name ist Jana.").group(n) for p, n in name_patterns()
    ...  if p.search("Mein Name ist Jana.")]
    ['Jana']
    """
    greetings, titles, introductions, sign_offs, no_names = _words()
    stop = rf"(?!(?:{no_names})\b)"
    polite = rf"(?:(?:{titles})\.?[ ])?"
    own = "اسمي|أنا اسمي|انا اسمي|السيد|السيدة|الأستاذ|الاستاذ|الأستاذة|الموظف اسمه"
    own += "|אני|שמי|קוראים לי|نام من|میرا نام"
    end = "مع التحية|مع تحياتي|تحياتي|مع الشكر|بالتوفيق|בברכה|תודה|با احترام"
    shown = [
        # Latin, Greek and Cyrillic, where a capital tells a name.
        rf"(?<!\w)(?:{_first_either(greetings)})[ ,]+{polite}{stop}({_NAME})(?=\s*[,!.:;\n]|\s*$)",
        rf"(?<!\w)(?:{titles})\.?[ ]{stop}({_NAME})",
        rf"(?<!\w)(?:{_first_either(introductions)})[ ]+{stop}({_NAME})",
        rf"(?<!\w)(?i:{sign_offs})\s*[,!:\n\-–—]+\s*{stop}({_NAME}){_END}",
        # After a full stop one capital may begin a sentence of one word; two are a name.
        rf"(?<!\w)(?i:{sign_offs})\s*\.\s*{stop}({_CAP}[ ]{_LINK}{_CAP}){_END}",
        rf"\n\s*[\-–—]+\s*{stop}({_NAME}){_END}",
        rf"(?<=[.!?])\s*[\-–—]{{1,2}}\s*{stop}({_NAME}){_END}",
        # Signing off on a line of its own, whatever the case of the letters.
        rf"(?<!\w)(?i:{sign_offs})[ ]*[,!:]?[ ]*\n\s*({_ANY}){_END}",
        # Arabic and Hebrew, Persian and Urdu: no capitals, so the word before has to tell.
        rf"(?<!\w)(?:{own})[ ]+({_ANY})",
        rf"(?<!\w)(?:{end})\s*[،,.:\-–—\n]+\s*({_ANY}){_END}",
        # Japanese, Chinese, Thai, Korean: titles follow, or fixed words precede.
        r"((?![客皆神奥王]様)(?:[\u4e00-\u9fff々]{1,4}|[\u30a0-\u30ff]{2,8}))(?<!お客)(?=(?:さん|様|さま|氏)(?!子))",
        r"(?:私は|わたしは|名前は|担当の)([\u4e00-\u9fff々]{2,4}|[\u30a0-\u30ff]{2,8})(?=(?:です|と申します|と言います|といいます|さん|様))",
        r"([\u4e00-\u9fff々]{2,5})(?=と(?:申|言|い)います|と申します)",
        r"(?:我叫|我是|我的名字是|名叫)([\u4e00-\u9fff]{2,4}?)(?=[，。,.!！\s]|$)",
        r"([\u4e00-\u9fff]{1,2})(?=先生|女士|小姐|经理|經理)",
        r"(?:คุณ(?!ภาพ|ค่า|สมบัติ|ลักษณะ)|นาย|นางสาว|นาง|ผมชื่อ|ดิฉันชื่อ|ชื่อ)\s?([\u0e01-\u0e4e]{2,12})(?=[\s,.!]|$)",
        r"([\uac00-\ud7a3]{2,4})(?=\s?(?:님|씨)(?:[^\uac00-\ud7a3]|$|이|은|께))",
        r"(?:제 이름은|저는)\s([\uac00-\ud7a3]{2,4})(?=입니다|이에요|예요)",
    ]
    return tuple((re.compile(one), 1) for one in shown)


def _words() -> tuple[str, ...]:
    """Return the word lists as alternatives, longer ones first."""
    source = files("supportlab.stats.text").joinpath("name_words.toml")
    lists = tomllib.loads(source.read_text(encoding="utf-8"))
    names = ("greetings", "titles", "introductions", "sign_offs", "no_names")
    ordered = [sorted(lists[name], key=lambda word: (-len(word), word)) for name in names]
    return tuple("|".join(re.escape(word).replace("\\ ", " ") for word in one) for one in ordered)


def _first_either(words: str) -> str:
    """Let the first letter of each alternative be of either case; the name keeps its capital."""
    found = []
    for word in words.split("|"):
        first = word[0]
        both = f"[{first.upper()}{first.lower()}]" if first.isalpha() else first
        found.append(both + word[1:])
    return "|".join(found)
