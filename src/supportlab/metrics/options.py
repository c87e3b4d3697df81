"""Options of metrics, refused when they are not known."""

from __future__ import annotations

from collections.abc import Sequence

from supportlab.errors import ParameterError, did_you_mean

__all__ = ["days_option", "one_of"]


def one_of(name: str, value: str, known: Sequence[str]) -> str:
    """Return an option that is one of a few words."""
    if value not in known:
        raise ParameterError(f"{name} {value!r} is not known. {did_you_mean(str(value), known)}")
    return value


def days_option(name: str, value: int | None, default: int, least: int = 1) -> int:
    """Return a number of days, the default when it is None."""
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ParameterError(f"{name} is {value!r}; it must be a whole number of at least {least}.")
    return value
