"""A small mapping of the user's own laid over one that comes with the package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["laid_over"]

# One of these is a whole: half of one time format and half of another would be neither.
_WHOLE = ("columns", "times", "asked", "said", "settings")


def laid_over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """
    Lay a user's mapping over the one that it extends.

    Tables of keys are joined key by key, and the user's own keys win. What stands under a name in
    ``columns``, ``times`` and ``said`` is taken whole, as are lists.

    Parameters
    ----------
    base : mapping
        Parsed file of the mapping that comes with the package.
    own : mapping
        Parsed file of the user.

    Returns
    -------
    dict
        Both as one file; nothing of the two is changed.

    Examples
    --------
    >>> laid_over({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}})
    {'a': {'b': 1, 'c': 3}}
    """
    return _joined(base, own, is_whole=False)


def _joined(base: Mapping[str, Any], own: Mapping[str, Any], *, is_whole: bool) -> dict[str, Any]:
    both = dict(base)
    for key, value in own.items():
        old = both.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping) and not is_whole:
            both[key] = _joined(old, value, is_whole=key in _WHOLE)
        else:
            both[key] = value
    return both
