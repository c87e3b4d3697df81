"""Errors that say what came, what is allowed, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DataError",
    "NotEstimable",
    "ParameterError",
    "SupportLabError",
    "did_you_mean",
    "listed",
]

# A message is read in a terminal: five examples show the pattern, more hide it.
EXAMPLES_SHOWN = 5
# One value of a hostile or broken source must not fill the screen.
VALUE_LENGTH = 60


class SupportLabError(Exception):
    """Any error that supportlab raises on purpose."""


class DataError(SupportLabError, ValueError):
    """
    The data cannot be read or break the contract.

    Parameters
    ----------
    message : str
        What is wrong, in one paragraph.
    faults : pandas.DataFrame, optional
        All faults of the source, one row a fault, with the columns ``table``, ``column``,
        ``rule``, ``n_rows``, ``first_rows``, ``what_to_do``.
    """

    def __init__(self, message: str, faults: pd.DataFrame | None = None) -> None:
        super().__init__(message)
        self.faults = faults


class ParameterError(SupportLabError, ValueError):
    """An argument, option or notebook parameter is unknown or out of bounds."""


class NotEstimable(SupportLabError):
    """A number was asked for that these data cannot give; the message is the reason."""


def listed(values: Iterable[object], shown: int = EXAMPLES_SHOWN) -> str:
    """
    Write the first few values of a collection for a message.

    Parameters
    ----------
    values : iterable
        Anything with a ``repr``.
    shown : int
        How many to show before the count of the rest.

    Returns
    -------
    str
        The values, comma-separated, each cut to a bounded length.

    Examples
    --------
    >>> listed(["a", "b", "c"], shown=2)
    "'a', 'b' and 1 more"
    """
    everything = list(values)
    words = [_cut(repr(value)) for value in everything[:shown]]
    rest = len(everything) - len(words)
    return ", ".join(words) + (f" and {rest:,} more" if rest else "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """
    Name the nearest known word and what else is known.

    Parameters
    ----------
    name : str
        What the caller wrote.
    known : iterable of str
        What is allowed.

    Returns
    -------
    str
        A sentence for the end of a message.

    Examples
    --------
    >>> did_you_mean("emial", ["email", "phone"])
    "Did you mean 'email'? Known: 'email', 'phone'."
    """
    options = sorted(known)
    near = get_close_matches(name.lower(), options, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"{hint}Known: {listed(options, shown=20)}."


def _cut(text: str) -> str:
    return text if len(text) <= VALUE_LENGTH else text[: VALUE_LENGTH - 1] + "…"
