"""File names and text that cannot leave their place."""

from __future__ import annotations

import hashlib
import re
import unicodedata

__all__ = ["clean_text", "escaped_json", "slug"]

# Most file systems end a name at 255 bytes; the rest is room for suffixes and staging names.
LONGEST_SLUG = 80

# Control characters break terminals and CSV readers; direction overrides make a text read as
# something else than it is.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


# What JSON may hold as it is, and a terminal or an editor acts upon.
_UNSEEN = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def escaped_json(text: str) -> str:
    r"""
    Write characters that act upon who reads a JSON text as JSON escapes: the data stay the same.

    Parameters
    ----------
    text : str
        JSON.

    Returns
    -------
    str
        JSON of the same values.

    Examples
    --------
    >>> escaped_json('{"topic": "\u202eexe"}')
    '{"topic": "\\u202eexe"}'
    """
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def slug(text: str) -> str:
    """
    Make a file name stem of any text.

    Not for names that people must read back: what is not a letter, digit, dot or underscore
    becomes a hyphen.

    Parameters
    ----------
    text : str
        Any text, hostile ones too.

    Returns
    -------
    str
        Between 1 and 80 characters of ASCII, never a hidden or relative name. Texts that lose
        a letter get a short digest, so that two of them do not collide.

    Examples
    --------
    >>> slug("csat-by-month"), slug("../../etc/passwd")
    ('csat-by-month', 'etc-passwd')
    >>> slug("日本") == slug("日本"), slug("日本") == slug("中国")
    (True, False)
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9_.]+", "-", ascii_text).strip("-._")
    stem = re.sub(r"\.{2,}", ".", stem)[:LONGEST_SLUG].rstrip("-._")
    has_lost = (len(stem) < len(text) and not text.isascii()) or len(text) > LONGEST_SLUG
    if not stem or has_lost:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        stem = f"{stem[: LONGEST_SLUG - 9]}-{digest}".lstrip("-")
    return stem


def clean_text(text: str, longest: int | None = None) -> str:
    """
    Make untrusted text fit to be shown, still unescaped.

    Not a replacement for escaping: markup goes through as it is.

    Parameters
    ----------
    text : str
        Any text.
    longest : int, optional
        Where to cut it, with an ellipsis.

    Returns
    -------
    str
        The text with control characters, lone surrogates and direction overrides replaced.

    Examples
    --------
    >>> clean_text("a\\x00b"), clean_text("abcdef", longest=4)
    ('a\ufffdb', 'abc…')
    """
    if longest is not None and len(text) > longest:
        text = text[: longest - 1] + "…"
    return _UNSAFE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
