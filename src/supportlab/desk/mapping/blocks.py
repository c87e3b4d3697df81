"""Blocks of a mapping turned into tables: joins, history, drops, collapse, columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.types as ir

from supportlab.desk.contract import CONTRACT
from supportlab.desk.faults import Fault
from supportlab.desk.mapping.joins import Relation, join_faults, joined_rows
from supportlab.desk.mapping.models import Block
from supportlab.desk.mapping.scope import Scope, all_hold, with_history
from supportlab.desk.mapping.staging import ROW
from supportlab.desk.mapping.values import Compiler, Probe
from supportlab.desk.mapping.walk import (
    Place,
    block_conditions,
    columns_read,
    declared_kind,
    kind_of,
    looks_back,
    needs_sequence,
    rule_columns,
)
from supportlab.errors import did_you_mean

__all__ = ["BlockResult", "Relation", "build_block", "missing_columns"]

_DROP = "supportlab|drop"


@dataclass
class BlockResult:
    """What came of a block: its rows, what is wrong, and where every row went."""

    place: Place
    table: ir.Table
    probes: list[Probe]
    kept: ir.Table
    faults: list[Fault] = field(default_factory=list)
    n_input: int = 0
    n_unpivoted: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    n_collapsed: int = 0
    n_output: int = 0
    joins: list[dict[str, Any]] = field(default_factory=list)

    def account(self) -> dict[str, Any]:
        """Return the rows in and out: input + unpivoted = dropped + collapsed + output."""
        return {
            "input": self.place.block.input,
            "n_input": self.n_input,
            "n_unpivoted": self.n_unpivoted,
            "dropped": [{"reason": r, "n_rows": n} for r, n in self.dropped.items()],
            "n_collapsed": self.n_collapsed,
            "n_output": self.n_output,
            "joins": self.joins,
        }


def missing_columns(place: Place, relations: dict[str, Relation]) -> list[Fault]:
    """
    Find columns that a block names and its source does not have.

    Parameters
    ----------
    place : Place
        The block.
    relations : dict of str to Relation
        Inputs and views that are there.

    Returns
    -------
    list of Fault
        One a name, with the nearest known.
    """
    block = place.block
    base = relations[block.input]
    faults = []
    own = Scope(base.table)
    for number, name in enumerate(block.unpivot.columns if block.unpivot else ()):
        if not own.has(name):
            faults.append(_absent(f"{place.path}.unpivot.columns[{number}]", name, own))
    for number, join in enumerate(block.joins):
        right = Scope(relations[join.input].table) if join.input in relations else None
        for theirs in join.on.values() if right else ():
            if right and not right.has(theirs):
                faults.append(_absent(f"{place.path}.joins[{number}].on", theirs, right))
    if faults:
        return faults
    scope = Scope(*joined_rows(_unpivoted(base.table, block), block, relations))
    seen = set()
    for path, name in columns_read(block, place.path):
        if not scope.has(name) and name not in seen:
            seen.add(name)
            faults.append(_absent(path, name, scope))
    return faults


def _absent(path: str, name: str, scope: Scope) -> Fault:
    hint = did_you_mean(name, scope.names())
    return Fault(path, name, "missing_column", "stop", 1, "", f"The source has no {name!r}. {hint}")


def build_block(
    place: Place, relations: dict[str, Relation], keep: Callable[[ir.Table], ir.Table]
) -> BlockResult:
    """
    Build the rows of a block.

    Parameters
    ----------
    place : Place
        A block whose columns are all there.
    relations : dict of str to Relation
        Inputs and views that are there.
    keep : callable
        Writes rows to the engine's disk, so that histories and joins are worked out once and not
        in each query that counts or checks.

    Returns
    -------
    BlockResult
        Rows as a lazy table, probes to run, faults of joins and keys, row counts.
    """
    block, base = place.block, relations[place.block.input]
    table = _unpivoted(base.table, block)
    faults, joins = join_faults(place, table, relations)
    joined, absent = joined_rows(table, block, relations)
    scope = _only_read(Scope(joined, absent), place, base)
    by = list(base.sequence.by) if block.collapse and base.sequence else []
    if needs_sequence(block):
        scope = scope.on(_history(base, block, scope))
    marked = _marked(scope, block)
    if needs_sequence(block) or block.joins:
        marked = keep(marked)
    kept = marked.filter(marked[_DROP] < 0)
    compiler = Compiler(scope.on(kept), is_collapsed=block.collapse)
    if needs_sequence(block):
        # Once more on the rows that are kept, so that what the order cannot read is told.
        _order(base, compiler)
    columns = _columns(compiler, place)
    output = _collapsed(kept, by, columns) if block.collapse else _row_by_row(kept, columns)
    result = BlockResult(place, output, compiler.probes, kept, faults, joins=joins)
    _count(result, base, marked, by)
    return result


def _unpivoted(table: ir.Table, block: Block) -> ir.Table:
    if block.unpivot is None:
        return table
    return table.pivot_longer(
        block.unpivot.columns, names_to=block.unpivot.name, values_to=block.unpivot.value
    )


def _only_read(scope: Scope, place: Place, base: Relation) -> Scope:
    """Leave out columns that no rule names: an export has many, and they would be copied."""
    names = [name for _, name in columns_read(place.block, place.path)]
    if base.sequence:
        names += base.sequence.by
        names += [name for rule in base.sequence.order for _, name in rule_columns(rule, "")]
    held = [name for name in scope.holders(names) if name != ROW]
    return scope.on(scope.table.select(*held, ROW))


def _history(base: Relation, block: Block, scope: Scope) -> ir.Table:
    looked_at = {
        str(condition.column): scope.text(str(condition.column))
        for _, condition in block_conditions(block, "")
        if looks_back(condition)
    }
    by = list(base.sequence.by) if base.sequence else []
    return with_history(scope.table, by, _order(base, Compiler(scope)), looked_at)


def _order(base: Relation, compiler: Compiler) -> list[Any]:
    rules = base.sequence.order if base.sequence else []
    return [
        compiler.value(rule, declared_kind(rule), f"{base.name} order[{i}]", in_rows=True)
        for i, rule in enumerate(rules)
    ]


def _marked(scope: Scope, block: Block) -> ir.Table:
    branches = [
        (all_hold(scope, drop.where) if drop.where else ~all_hold(scope, drop.unless), index)
        for index, drop in enumerate(block.drop)
    ]
    number = ibis.cases(*branches, else_=-1) if branches else ibis.literal(-1)
    return scope.table.mutate(**{_DROP: number.cast("int64")})


def _columns(compiler: Compiler, place: Place) -> dict[str, Any]:
    spec = CONTRACT.get(place.table) if place.part == "tables" else None
    columns = {}
    for name, rule in place.block.columns.items():
        codes = spec.column(name).codes if spec and name in spec.names else ()
        kind = kind_of(place.part, place.table, name, rule)
        columns[name] = compiler.value(rule, kind, f"{place.path}.columns.{name}", codes)
    return columns


def _row_by_row(kept: ir.Table, columns: dict[str, Any]) -> ir.Table:
    return kept.select(**columns, **{ROW: kept[ROW]})


def _collapsed(kept: ir.Table, by: list[str], columns: dict[str, Any]) -> ir.Table:
    aggregates = {n: v for n, v in columns.items() if bool(v.op().relations)}
    constants = {n: v for n, v in columns.items() if n not in aggregates}
    table = kept.aggregate(
        by=[kept[name].name(f"supportlab|by|{name}") for name in by],
        **aggregates,
        **{ROW: kept[ROW].min()},
    ).drop(*(f"supportlab|by|{name}" for name in by))
    return table.mutate(**constants) if constants else table


def _count(result: BlockResult, base: Relation, marked: ir.Table, by: list[str]) -> None:
    block = result.place.block
    result.n_input = base.n_rows
    n_columns = len(block.unpivot.columns) if block.unpivot else 1
    result.n_unpivoted = base.n_rows * (n_columns - 1)
    counted = marked.group_by(_DROP).agg(n=marked.count()).execute()
    counts = {int(number): int(n) for number, n in counted.itertuples(index=False)}
    result.dropped = {drop.reason: counts.get(i, 0) for i, drop in enumerate(block.drop)}
    n_kept = counts.get(-1, 0)
    result.n_output = n_kept
    if not block.collapse:
        return
    kept = result.kept
    result.faults += _keyless(result.place.path, kept, by)
    result.faults += _disagreeing(result.place, kept, by)
    groups = kept.select(*by).distinct()
    result.n_output = int(groups.count().execute())
    result.n_collapsed = n_kept - result.n_output


def _keyless(path: str, kept: ir.Table, by: list[str]) -> list[Fault]:
    faults = []
    for name in by:
        rows = kept.filter(kept[name].isnull())
        n = int(rows.count().execute())
        if n:
            first = rows.order_by(ROW).limit(5)[ROW].execute()
            cure = "Rows without the key of their group. Give a `drop` with its reason."
            shown = ", ".join(f"row {row}" for row in first)
            faults.append(Fault(path, name, "missing_group_key", "stop", n, shown, cure))
    return faults


def _disagreeing(place: Place, kept: ir.Table, by: list[str]) -> list[Fault]:
    faults = []
    scope = Scope(kept)
    for number, name in enumerate(place.block.agree):
        values = kept.select(
            **{f"by{i}": kept[key] for i, key in enumerate(by)}, value=scope.text(name)
        )
        keys = [f"by{i}" for i in range(len(by))]
        counted = values.group_by(keys).agg(n=values.value.nunique())
        twice = counted.filter(counted.n > 1)
        n = int(twice.count().execute())
        if n:
            rows = twice.order_by(keys).limit(5).select(*keys).execute()
            shown = ", ".join(" ".join(map(str, row)) for row in rows.itertuples(index=False))
            cure = (
                f"Rows of one thing have different values of {name!r}, so they are not one thing. "
                "Choose another `sequence`, or drop the rows that do not belong."
            )
            path = f"{place.path}.agree[{number}]"
            faults.append(Fault(path, name, "rows_disagree", "stop", n, shown, cure))
    return faults
