"""Names of a mapping turned into columns, and conditions into expressions."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import and_, or_
from typing import Any

import ibis
import ibis.expr.types as ir

from supportlab.desk.mapping.functions import is_json, json_text
from supportlab.desk.mapping.models import Condition
from supportlab.desk.mapping.staging import ROW, json_path

__all__ = ["ROW_NAME", "SEQUENCE", "Scope", "all_hold", "before_name", "with_history"]

# What a mapping writes for the number of the row, where an export has no key of its own.
ROW_NAME = "_row"

# Place of a row in its history; like ROW, no header has such a name.
SEQUENCE = "supportlab|sequence"


def before_name(column: str) -> str:
    """Return the name of the column that holds what stood before."""
    return f"supportlab|before|{column}"


class Scope:
    """
    The columns that rules of one block can name.

    Parameters
    ----------
    table : ibis Table
        Rows of the block, joins beside them.
    absent : tuple of str
        Aliases of joins whose optional input is not there; their columns are missing.
    """

    def __init__(self, table: ir.Table, absent: tuple[str, ...] = ()) -> None:
        self.table = table
        self.absent = absent

    def on(self, table: ir.Table) -> Scope:
        """Return the same names on other rows."""
        return Scope(table, self.absent)

    def has(self, name: str) -> bool:
        """Whether a name can be resolved."""
        return self._holder(name) is not None or name.partition(".")[0] in self.absent

    def column(self, name: str) -> Any:
        """Return the value of a name."""
        holder = self._holder(name)
        if holder is None:
            return ibis.null("string")
        column = self.table[holder]
        if holder in (name, ROW):
            return column
        rest = name[len(holder) + 1 :]
        found = json_text(column.cast("string"), json_path(rest))
        return ibis.cases((is_json(column.cast("string")), found.nullif("")), else_=None)

    def text(self, name: str) -> Any:
        """Return the value of a name as text."""
        column = self.column(name)
        return column if column.type().is_string() else column.cast("string")

    def names(self) -> list[str]:
        """Return the names of whole columns, for messages."""
        return [name for name in self.table.columns if not name.startswith("supportlab|")]

    def holders(self, names: Iterable[str]) -> list[str]:
        """Return the columns that names stand on, in the order of the table."""
        found = {self._holder(name) for name in names}
        return [name for name in self.table.columns if name in found]

    def _holder(self, name: str) -> str | None:
        """Return the column that holds a name: itself, or the longest one before a dot."""
        columns = set(self.table.columns)
        if name in columns and not name.startswith("supportlab|"):
            return name
        if name == ROW_NAME:
            return ROW
        cut = name.rfind(".")
        while cut > 0:
            head = name[:cut]
            if head in columns and self.table[head].type().is_string():
                return head
            cut = name.rfind(".", 0, cut)
        return None

    def holds(self, condition: Condition) -> Any:
        """Return whether a condition holds; never missing."""
        if condition.any_of is not None:
            return reduce(or_, [self.holds(item) for item in condition.any_of])
        value = self.text(str(condition.column))
        if condition.missing is not None:
            return value.isnull() if condition.missing else value.notnull()
        return self._test(condition, value).fill_null(False)

    def _test(self, condition: Condition, value: Any) -> Any:
        if condition.in_ is not None:
            return value.isin(condition.in_)
        if condition.not_in is not None:
            return value.notin(condition.not_in) if condition.not_in else value.notnull()
        if condition.begins is not None:
            return reduce(or_, [value.startswith(start) for start in condition.begins])
        if condition.same_as is not None:
            return value == self.text(condition.same_as)
        if condition.differs_from is not None:
            return value != self.text(condition.differs_from)
        return self._look_back(condition, value)

    def _look_back(self, condition: Condition, value: Any) -> Any:
        before = self.table[before_name(str(condition.column))]
        if condition.enters is not None:
            was_in = before.isin(condition.enters).fill_null(False)
            return value.isin(condition.enters) & ~was_in
        if condition.leaves is not None:
            return before.isin(condition.leaves) & value.notin(condition.leaves)
        if condition.changes:
            return value != before
        return value.notnull() & before.isnull()


def all_hold(scope: Scope, conditions: list[Condition]) -> Any:
    """Return whether all conditions hold; true for none."""
    return reduce(and_, [scope.holds(item) for item in conditions], ibis.literal(True))


def with_history(
    table: ir.Table, by: list[str], order: list[Any], looked_at: dict[str, Any]
) -> ir.Table:
    """
    Add the place of each row in its history, and what stood before in some columns.

    Parameters
    ----------
    table : ibis Table
        Rows.
    by : list of str
        Columns that say whose history.
    order : list of ibis values
        Order of the rows; ties stay in the order of the file.
    looked_at : dict of str to ibis value
        Columns, as text, whose last value before is asked for.

    Returns
    -------
    ibis Table
        The rows with more columns.
    """
    keys = [table[name] for name in by]
    place = ibis.row_number().over(group_by=keys, order_by=[*order, table[ROW]])
    added = {f"supportlab|now|{name}": value for name, value in looked_at.items()}
    table = table.mutate(**{SEQUENCE: place}, **added)
    before = ibis.window(group_by=by, order_by=SEQUENCE, preceding=(None, 1))
    width = 19
    found = {}
    for name in looked_at:
        value = table[f"supportlab|now|{name}"]
        # The greatest of place and value in one text is the last value that is not missing:
        # engines differ in how a window looks past missing values, all agree on max().
        place_text = table[SEQUENCE].cast("string").lpad(width, "0")
        found[before_name(name)] = (place_text + value).max().over(before).substr(width)
    return table.mutate(**found) if found else table
