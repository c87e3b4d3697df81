"""Small records that qualify a number: checks and definitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Check", "Definition", "plain"]


@dataclass(frozen=True)
class Check:
    """
    One assumption held against the data.

    Parameters
    ----------
    name : str
        What was checked, in a few words.
    passed : bool or None
        None where there is no criterion and the reader has to judge.
    detail : str
        What was seen, with numbers.
    table : pandas.DataFrame, optional
        The rows behind the detail.
    """

    name: str
    passed: bool | None
    detail: str
    table: pd.DataFrame | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the part that a finding carries."""
        return {"name": self.name, "passed": self.passed, "detail": self.detail}


@dataclass(frozen=True)
class Definition:
    """
    A metric's definition record, printed beside every figure that rests on it.

    Parameters
    ----------
    name : str
        Short name, as ``fcr``.
    title : str
        Name for people.
    statement : str
        The definition in one or two sentences.
    anchor, stop : str
        Where the clock or the observation starts and ends.
    clock : str
        ``calendar``, ``business`` or ``none``.
    cohort : str
        Which time puts a row into a period.
    exclusions : tuple of str
        What is left out and why.
    parts : tuple of str
        Parts that these data allow, or the fallback that was taken.
    options : mapping
        Settings with which it was computed.
    n, n_censored, n_immature, n_excluded : int or None
        Row counts.
    as_of : str or None
        The moment of the data.
    """

    name: str
    title: str
    statement: str
    anchor: str = ""
    stop: str = ""
    clock: str = "none"
    cohort: str = ""
    exclusions: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    n: int | None = None
    n_censored: int | None = None
    n_immature: int | None = None
    n_excluded: int | None = None
    as_of: str | None = None

    def with_counts(self, **counts: Any) -> Definition:
        """Return a copy with counts, ``as_of``, parts or options filled in."""
        return replace(self, **counts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, in the order of the fields."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}


def plain(value: Any) -> Any:
    """Return a record, mapping or numpy scalar as plain Python values."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Check):
        return value.to_dict()
    if hasattr(value, "item"):
        return value.item()
    if hasattr(value, "__dataclass_fields__"):
        return asdict(value)
    return value
