"""A rule as an engine can count it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from supportlab.desk.faults import Severity

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table, Value

__all__ = ["RAW", "CastColumn", "Rule", "raw_name"]

# Prefix of a column's value as the source gave it, carried beside the cast one.
RAW = "raw_"


def raw_name(column: str) -> str:
    """Return the name under which the source's own value of a column is carried."""
    return f"{RAW}{column}"


@dataclass(frozen=True)
class Rule:
    """
    A condition that marks the rows which break the contract.

    Parameters
    ----------
    table, column, rule, severity, cure
        As in a fault.
    broken : callable
        From the staged table to a boolean column, true where a row breaks the rule.
    shows : str or None
        Staged column whose values may be shown; None where they may be personal.
    known : tuple of str
        What is allowed, to name the nearest for each value that came.
    kinds : tuple of Rule
        Finer rules that tell apart the rows which break this one, and take its place; they are
        counted only where it is broken, since they cost more.
    """

    table: str
    column: str
    rule: str
    severity: Severity
    cure: str
    broken: Callable[[Table], BooleanValue]
    shows: str | None = None
    known: tuple[str, ...] = ()
    kinds: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class CastColumn:
    """A contract column: its value in the contract's type and the rules of its kind."""

    value: Value
    rules: tuple[Rule, ...] = ()
