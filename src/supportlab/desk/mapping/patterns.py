"""Time patterns: which are allowed, and the exact shape of text that each one reads."""

from __future__ import annotations

import re

__all__ = ["ISO", "has_offset", "pattern_problem", "shape_of", "swapped_twin"]

ISO = "iso"

# The engine's own parser takes blanks at the ends and the year 16 for %Y. The shape does not.
_SHAPES = {
    "d": r"\d{1,2}",
    "m": r"\d{1,2}",
    "Y": r"\d{4}",
    "y": r"\d{2}",
    "b": r"[A-Za-z]{3}",
    "H": r"\d{1,2}",
    "I": r"\d{1,2}",
    "M": r"\d{1,2}",
    "S": r"\d{1,2}",
    "f": r"\d{1,6}",
    "p": r"[AaPp][Mm]",
    "z": r"[+-]\d{2}(?::?\d{2})?",
}
ISO_SHAPE = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)?"
ISO_OFFSET_SHAPE = ISO_SHAPE + r" ?(?:Z|[+-]\d{2}(?::?\d{2})?)"


def pattern_problem(pattern: str) -> str | None:
    """
    Say what is wrong with a time pattern.

    Parameters
    ----------
    pattern : str
        ``iso`` or a pattern.

    Returns
    -------
    str or None
        A sentence, or None when it can be used.

    Examples
    --------
    >>> pattern_problem("%d/%m/%Y %H:%M") is None
    True
    >>> pattern_problem("%d/%m %Q")
    'the directive %Q is not known. Known: %H %I %M %S %Y %b %d %f %m %p %y %z.'
    """
    if pattern == ISO:
        return None
    directives = re.findall(r"%(.?)", pattern)
    unknown = [d for d in directives if d not in _SHAPES]
    if unknown:
        known = " ".join(f"%{d}" for d in sorted(_SHAPES))
        return f"the directive %{unknown[0]} is not known. Known: {known}."
    twice = [d for d in directives if directives.count(d) > 1]
    if twice:
        return f"the directive %{twice[0]} stands twice"
    return _incomplete(set(directives))


def _incomplete(directives: set[str]) -> str | None:
    if not (directives & {"Y", "y"} and directives & {"m", "b"} and "d" in directives):
        return "year (%Y or %y), month (%m or %b) and day (%d) are all needed"
    if ("I" in directives) != ("p" in directives):
        return "%I (twelve hours) and %p (AM or PM) go together"
    return None


def shape_of(pattern: str) -> str:
    """
    Return the regular expression of the texts that a pattern reads.

    Parameters
    ----------
    pattern : str
        A valid pattern.

    Returns
    -------
    str
        Expression for a match of the whole text.

    Examples
    --------
    >>> shape_of("%d/%m/%Y")
    '\\\\d{1,2}/\\\\d{1,2}/\\\\d{4}'
    """
    pieces = re.split(r"%(.)", pattern)
    return "".join(
        _SHAPES[piece] if number % 2 else re.escape(piece).replace(r"\ ", " ")
        for number, piece in enumerate(pieces)
    )


def has_offset(pattern: str) -> bool:
    """
    Say whether texts of a pattern carry their own offset from UTC.

    Parameters
    ----------
    pattern : str
        A valid pattern.

    Returns
    -------
    bool
        Never for ``iso``, where each text may or may not.
    """
    return "%z" in pattern


def swapped_twin(patterns: list[str]) -> tuple[str, str] | None:
    """
    Find two patterns that differ only in which of day and month comes first.

    Parameters
    ----------
    patterns : list of str
        Patterns of one column.

    Returns
    -------
    tuple of (str, str) or None
        The first such pair: a text would be read by whichever happens to stand first.

    Examples
    --------
    >>> swapped_twin(["%d/%m/%Y", "%m/%d/%Y"])
    ('%d/%m/%Y', '%m/%d/%Y')
    """
    for pattern in patterns:
        twin = re.sub("%([dm])", lambda found: "%" + {"d": "m", "m": "d"}[found[1]], pattern)
        if twin in patterns and twin != pattern:
            return pattern, twin
    return None
