"""Inputs beside each other: joins that may never multiply rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir

from supportlab.desk.faults import Fault
from supportlab.desk.mapping.models import Block, Join, Sequence
from supportlab.desk.mapping.scope import Scope
from supportlab.desk.mapping.staging import ROW
from supportlab.desk.mapping.walk import Place

__all__ = ["Relation", "join_faults", "joined_rows"]

# A message shows five of them; the count of rows needs no more than a bounded list.
REPEATED_SHOWN = 1000


@dataclass(frozen=True)
class Relation:
    """An input or view that blocks can stand on: rows, their history, and how many."""

    name: str
    table: ir.Table
    n_rows: int
    sequence: Sequence | None = None


def joined_rows(
    table: ir.Table, block: Block, relations: dict[str, Relation]
) -> tuple[ir.Table, tuple[str, ...]]:
    """
    Return rows with the columns of their joins beside them.

    Parameters
    ----------
    table : ibis Table
        Rows of the block's input.
    block : Block
        The block.
    relations : dict of str to Relation
        Inputs and views that are there.

    Returns
    -------
    tuple of (ibis Table, tuple of str)
        As many rows, where the joined keys are unique; and aliases whose input is absent.
    """
    absent = []
    for join in block.joins:
        if join.input not in relations:
            absent.append(join.alias)
            continue
        right = _named_for(relations[join.input].table, join)
        scope = Scope(table, tuple(absent))
        keys = {f"supportlab|own|{i}": scope.text(own) for i, own in enumerate(join.on)}
        table = table.mutate(**keys)
        same = [table[name] == right[f"supportlab|key|{i}"] for i, name in enumerate(keys)]
        joined = table.left_join(right, same)
        table = joined.drop(*keys, *(f"supportlab|key|{i}" for i in range(len(keys))))
    return table, tuple(absent)


def _named_for(table: ir.Table, join: Join) -> ir.Table:
    scope = Scope(table)
    keys = {f"supportlab|key|{i}": scope.text(name) for i, name in enumerate(join.on.values())}
    renamed = {f"{join.alias}.{name}": table[name] for name in table.columns if name != ROW}
    return table.select(**renamed, **keys, **{_partner(join): table[ROW]})


def _partner(join: Join) -> str:
    return f"supportlab|partner|{join.alias}"


def join_faults(
    place: Place, table: ir.Table, relations: dict[str, Relation]
) -> tuple[list[Fault], list[dict[str, Any]]]:
    """
    Check the declared cardinality of joins.

    Parameters
    ----------
    place : Place
        The block.
    table : ibis Table
        Rows of its input.
    relations : dict of str to Relation
        Inputs and views that are there.

    Returns
    -------
    tuple of (list of Fault, list of dict)
        What is wrong, and how many rows found no partner.
    """
    faults: list[Fault] = []
    notes = []
    for number, join in enumerate(place.block.joins):
        path = f"{place.path}.joins[{number}]"
        if join.input not in relations:
            notes.append({"input": join.input, "alias": join.alias, "absent": True})
            continue
        right = _named_for(relations[join.input].table, join)
        repeated = _repeated_keys(right, [f"supportlab|key|{i}" for i in range(len(join.on))])
        if repeated:
            faults.append(_multiplies(path, join, "the joined rows", repeated))
    if not faults:
        joined, absent = joined_rows(table, place.block, relations)
        for number, join in enumerate(place.block.joins):
            if join.alias not in absent:
                path = f"{place.path}.joins[{number}]"
                n = _without_partner(Scope(joined, absent), join)
                notes.append({"input": join.input, "alias": join.alias, "n_without_partner": n})
                faults += _partner_faults(path, join, n)
                faults += _one_to_one(path, join, Scope(joined, absent))
    return faults, notes


def _repeated_keys(table: ir.Table, keys: list[str]) -> list[tuple[Any, ...]]:
    present = table.filter([table[key].notnull() for key in keys])
    counted = present.group_by(keys).agg(n=present.count())
    twice = counted.filter(counted.n > 1).order_by(keys)
    return [tuple(row) for row in twice.limit(REPEATED_SHOWN).execute().itertuples(index=False)]


def _multiplies(path: str, join: Join, side: str, repeated: list[tuple[Any, ...]]) -> Fault:
    first = ", ".join(" ".join(map(str, row[:-1])) for row in repeated[:5])
    cure = (
        f"The join on {join.on} is declared {join.cardinality}, and {side} hold a key more than "
        "once: it would multiply rows. Collapse them in a view first, or join on the whole key."
    )
    n = sum(int(row[-1]) for row in repeated)
    return Fault(path, join.input, "join_multiplies", "stop", n, first, cure)


def _without_partner(scope: Scope, join: Join) -> int:
    table = scope.table
    has_key = [scope.column(own).notnull() for own in join.on]
    alone = table.filter([*has_key, table[_partner(join)].isnull()])
    return int(alone.count().execute())


def _partner_faults(path: str, join: Join, n: int) -> list[Fault]:
    if not (join.required and n):
        return []
    cure = f"Rows without a partner in {join.input!r}, though the mapping says `required`."
    return [Fault(path, join.input, "no_partner", "stop", n, "", cure)]


def _one_to_one(path: str, join: Join, scope: Scope) -> list[Fault]:
    if join.cardinality != "one_to_one":
        return []
    own = scope.table.select(**{f"k{i}": scope.text(name) for i, name in enumerate(join.on)})
    repeated = _repeated_keys(own, list(own.columns))
    return [_multiplies(path, join, "the own rows", repeated)] if repeated else []
