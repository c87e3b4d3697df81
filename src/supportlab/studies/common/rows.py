"""A row of a study's table as a finding takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["numbers_of"]


def numbers_of(row: Mapping[Any, Any]) -> dict[str, Any]:
    """
    Return a row's estimate with its interval, p values and verdict.

    Not for a row without an estimate: its finding is a refusal.

    Parameters
    ----------
    row : mapping
        ``estimate``, ``ci_low``, ``ci_high``, ``p_value``, ``p_adjusted``, ``verdict``.

    Returns
    -------
    dict
        The same names, numbers as floats.

    Examples
    --------
    >>> row = {"estimate": 1, "ci_low": 0, "ci_high": 2, "p_value": 0.05, "p_adjusted": 0.05}
    >>> numbers_of(row | {"verdict": "no_difference_shown"})["ci_high"]
    2.0
    """
    names = ("estimate", "ci_low", "ci_high", "p_value", "p_adjusted")
    return {name: float(row[name]) for name in names} | {"verdict": row["verdict"]}
