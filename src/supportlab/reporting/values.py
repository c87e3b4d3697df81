"""Types that a notebook parameter may have, and how a text becomes one."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

__all__ = ["KINDS", "Kind", "typed"]

_INTEGER = re.compile(r"[+-]?\d+(_\d+)*")
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_NONE = frozenset({"", "none", "null"})


@dataclass(frozen=True)
class Kind:
    """
    The type of a parameter.

    Parameters
    ----------
    annotation : str
        As it is written in the cell.
    item : type
        ``str``, ``int``, ``float`` or ``bool``.
    is_list, is_optional : bool
        Whether it is a list of items, and whether None is allowed.
    """

    annotation: str
    item: type
    is_list: bool = False
    is_optional: bool = False

    def holds(self, value: Any) -> bool:
        """Return whether a value is of this type; a whole number counts as a float."""
        if value is None:
            return self.is_optional
        if self.is_list:
            return isinstance(value, list) and all(self._holds_item(item) for item in value)
        return self._holds_item(value)

    def _holds_item(self, value: Any) -> bool:
        if self.item is float:
            return type(value) in (int, float)
        return type(value) is self.item


def _kinds() -> Mapping[str, Kind]:
    kinds = {}
    for item in (str, int, float, bool):
        name = item.__name__
        for annotation, is_list in ((name, False), (f"list[{name}]", True)):
            kinds[annotation] = Kind(annotation, item, is_list)
            optional = f"{annotation}|None"
            kinds[optional] = Kind(optional, item, is_list, is_optional=True)
    return MappingProxyType(kinds)


KINDS = _kinds()


def typed(text: str, kind: Kind) -> Any:
    """
    Turn what a user wrote on the command line into a value.

    Parameters
    ----------
    text : str
        As written; lists are comma-separated, or JSON.
    kind : Kind
        The parameter's type.

    Returns
    -------
    object
        A value of the type.

    Raises
    ------
    ValueError
        When the text is no such value; the message says what is allowed.

    Examples
    --------
    >>> typed("14", KINDS["int"]), typed("yes", KINDS["bool"])
    (14, True)
    >>> typed("csat, nps", KINDS["list[str]"])
    ['csat', 'nps']
    """
    if kind.is_optional and text.strip().lower() in _NONE:
        return None
    if kind.is_list:
        return [_ITEMS[kind.item](item) for item in _items(text)]
    return _ITEMS[kind.item](text)


def _items(text: str) -> list[str]:
    stripped = text.strip()
    if not stripped.startswith("["):
        return [item.strip() for item in stripped.split(",")] if stripped else []
    try:
        values = json.loads(stripped)
    except json.JSONDecodeError as error:
        raise ValueError(f"got {text!r}; a list is written a,b,c or as JSON") from error
    return [value if isinstance(value, str) else json.dumps(value) for value in values]


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text.strip()):
        raise ValueError(f"got {text!r}; allowed is a whole number")
    return int(text)


def _float(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"got {text!r}; allowed is a finite number")
    return value


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(f"got {text!r}; allowed is true or false")
    return word in _TRUE


def _text(text: str) -> str:
    if "\x00" in text:
        raise ValueError("got text with a NUL character")
    return text


_ITEMS: Mapping[type, Callable[[str], Any]] = MappingProxyType(
    {str: _text, int: _integer, float: _float, bool: _boolean}
)
