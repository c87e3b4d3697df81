"""The words for which part of the data a number is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["scope_words", "whole_words"]

WHOLE = "whole desk"


def whole_words(narrowed: Mapping[str, Sequence[str]]) -> str:
    """
    Name all rows that a desk shows: the whole desk, or its slice.

    Not for one group of it: that is `scope_words`.

    Parameters
    ----------
    narrowed : mapping of str to sequence of str
        `Desk.slice`: the values that were kept of each column.

    Returns
    -------
    str
        Words without a full stop.

    Examples
    --------
    >>> whole_words({}), whole_words({"market": ("DE", "AT")})
    ('whole desk', 'market DE or AT')
    """
    return ", ".join(_slice_words(narrowed)) or WHOLE


def scope_words(group: Mapping[str, str], narrowed: Mapping[str, Sequence[str]]) -> str:
    """
    Name a group within a desk or its slice.

    Not for a title: the words name columns as the data do.

    Parameters
    ----------
    group : mapping of str to str
        Value of each group column; empty for all rows.
    narrowed : mapping of str to sequence of str
        `Desk.slice`.

    Returns
    -------
    str
        Words without a full stop; a group that names a column of the slice stands for it.

    Examples
    --------
    >>> scope_words({"channel": "chat"}, {"market": ("DE",)})
    'market DE, channel chat'
    >>> scope_words({"market": "DE"}, {"market": ("DE",)})
    'market DE'
    """
    rest = {key: values for key, values in narrowed.items() if key not in group}
    words = [*_slice_words(rest), *(f"{key} {value}" for key, value in group.items())]
    return ", ".join(words) or WHOLE


def _slice_words(narrowed: Mapping[str, Sequence[str]]) -> list[str]:
    return [f"{key} {' or '.join(values)}" for key, values in narrowed.items()]
