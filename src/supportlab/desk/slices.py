"""The part of a desk that belongs to some markets or languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from supportlab.desk.contract import CONTRACT
from supportlab.errors import ParameterError, did_you_mean

if TYPE_CHECKING:
    from ibis.expr.types import Table

__all__ = ["REFERENCE_TABLES", "SLICE_COLUMNS", "slice_tables"]

# Properties of the customer, so that whatever belongs to the customer can follow.
SLICE_COLUMNS = ("market", "language")
# What holds for the whole desk and is looked up, never counted.
REFERENCE_TABLES = ("agents", "authority", "fx_rates", "schedules", "holidays")
_TIES = (("ticket_id", "tickets"), ("customer_id", "customers"))


def slice_tables(
    tables: Mapping[str, Table],
    provided: Mapping[str, frozenset[str]],
    wanted: Mapping[str, tuple[str, ...]],
) -> dict[str, Table]:
    """
    Filter tables by properties of the customer.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        Canonical tables.
    provided : mapping of str to frozenset of str
        Columns that the source has.
    wanted : mapping of str to tuple of str
        Values to keep, by ``market`` or ``language``.

    Returns
    -------
    dict of str to ibis Table
        Tables that can be sliced, and those of reference.
    """
    for column, values in wanted.items():
        if column not in SLICE_COLUMNS:
            raise ParameterError(f"where: {did_you_mean(column, SLICE_COLUMNS)} Came {column!r}.")
        if not any(column in provided[name] for name in tables):
            raise ParameterError(f"where: no table of this source has the column {column!r}.")
        tables = _by_column(tables, provided, column, values)
    return dict(tables)


def _by_column(
    tables: Mapping[str, Table],
    provided: Mapping[str, frozenset[str]],
    column: str,
    values: tuple[str, ...],
) -> dict[str, Table]:
    kept = {
        name: rows.filter(rows[column].isin(values))
        for name, rows in tables.items()
        if column in provided[name]
    }
    # Tickets and customers first: the others follow them.
    for name in sorted(set(tables) - set(kept), key=lambda n: (n != "tickets", n != "customers")):
        if name in REFERENCE_TABLES:
            kept[name] = tables[name]
            continue
        for tie, owner in _TIES:
            if owner in kept and owner != name and tie in provided[name]:
                kept[name] = tables[name].semi_join(kept[owner], tie)
                break
    return {name: kept[name] for name in CONTRACT if name in kept}
