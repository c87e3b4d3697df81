"""Rules counted in the engine: one pass a table, and the first rows of rules that were broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from supportlab.desk.faults import Fault
from supportlab.desk.raw_tables import FILE_COLUMN
from supportlab.desk.rule import Rule, raw_name
from supportlab.desk.staging import StagedTable
from supportlab.errors import EXAMPLES_SHOWN, listed

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr.types import Table

__all__ = ["TableCount", "count_table"]

# Three values show a pattern that a person recognises.
VALUES_SHOWN = 3


@dataclass(frozen=True)
class TableCount:
    """
    What one pass over a table found.

    Parameters
    ----------
    n_rows : int
        Rows of the source.
    first_at, last_at : pandas.Timestamp or None
        Range of the table's time.
    latest : pandas.Timestamp or None
        Latest of all times of the table.
    faults : list of Fault
        One a broken rule.
    empty : tuple of str
        Columns that the source provides without a single value.
    """

    n_rows: int
    first_at: Any
    last_at: Any
    latest: Any
    faults: list[Fault]
    empty: tuple[str, ...] = ()


def count_table(table: StagedTable, rules: Sequence[Rule]) -> TableCount:
    """
    Count in one pass how many rows break each rule.

    Parameters
    ----------
    table : StagedTable
        The table.
    rules : sequence of Rule
        Rules of this table.

    Returns
    -------
    TableCount
        Row count, range of times, and the faults with their first rows.
    """
    rows, spec = table.rows, table.spec
    sums: dict[str, Any] = {"n_rows": rows.count(), **_broken_counts(rows, rules)}
    provided = [name for name in spec.names if name in table.provided]
    sums |= {f"values_{name}": rows[raw_name(name)].count() for name in provided}
    times = [name for name in (spec.time, *spec.later_times) if name]
    for name in times:
        sums |= {f"first_{name}": rows[name].min(), f"last_{name}": rows[name].max()}
    found = rows.aggregate(**sums).to_pandas().iloc[0]
    n_rows = int(found["n_rows"])
    broken = _with_kinds(table, rules, found) if n_rows else []
    faults = [_fault(table, rule, n) for rule, n in broken]
    lasts = [found[f"last_{name}"] for name in times if _is_there(found[f"last_{name}"])]
    first_at = found[f"first_{spec.time}"] if spec.time else None
    last_at = found[f"last_{spec.time}"] if spec.time else None
    empty = tuple(name for name in provided if n_rows and not int(found[f"values_{name}"]))
    return TableCount(n_rows, first_at, last_at, max(lasts, default=None), faults, empty)


def _is_there(value: Any) -> bool:
    return bool(value == value and value is not None)


def _broken_counts(rows: Table, rules: Sequence[Rule]) -> dict[str, Any]:
    return {
        f"broken_{i}": rule.broken(rows).fill_null(False).ifelse(1, 0).cast("int64").sum()
        for i, rule in enumerate(rules)
    }


def _with_kinds(table: StagedTable, rules: Sequence[Rule], found: Any) -> list[tuple[Rule, int]]:
    """Return the rules that were broken, those of a finer kind in the place of the coarse one."""
    broken: list[tuple[Rule, int]] = []
    for i, rule in enumerate(rules):
        n_rows = int(found[f"broken_{i}"])
        if n_rows and rule.kinds:
            rows = table.rows.filter(rule.broken(table.rows).fill_null(False))
            finer = rows.aggregate(**_broken_counts(rows, rule.kinds)).to_pandas().iloc[0]
            kinds = [_both(rule, kind) for kind in rule.kinds]
            broken += _with_kinds(table, kinds, finer)
        elif n_rows:
            broken.append((rule, n_rows))
    return broken


def _both(rule: Rule, kind: Rule) -> Rule:
    return replace(kind, broken=lambda t: rule.broken(t) & kind.broken(t))


def _fault(table: StagedTable, rule: Rule, n_broken: int) -> Fault:
    examples = _examples(table, rule)
    cure = rule.cure
    if rule.shows and len(examples):
        cure = f"{_values(table, rule, examples)} {cure}"
    where = row_names(table, examples)
    return Fault(rule.table, rule.column, rule.rule, rule.severity, n_broken, where, cure.strip())


def _examples(table: StagedTable, rule: Rule) -> pd.DataFrame:
    order = [*table.row_columns] or [name for name in table.spec.key if name != rule.column]
    wanted = list(dict.fromkeys([*order, *([rule.shows] if rule.shows else [])]))
    if not wanted:
        nothing: pd.DataFrame = table.rows.select(table.spec.names[0]).limit(0).to_pandas()
        return nothing
    broken = table.rows.filter(rule.broken(table.rows).fill_null(False)).select(*wanted)
    first: pd.DataFrame = broken.order_by(wanted).limit(EXAMPLES_SHOWN).to_pandas()
    return first


def row_names(table: StagedTable, examples: pd.DataFrame) -> str:
    """Return the first rows as numbers of a file, or as keys of a database's table."""
    names = [name for name in table.row_columns or table.spec.key if name in examples.columns]
    if FILE_COLUMN in names:
        pairs = zip(*(examples[name] for name in names), strict=True)
        return ", ".join(f"{file}:{row}" for file, row in pairs)
    return ", ".join("/".join(map(str, row)) for row in examples[names].to_numpy().tolist())


def _values(table: StagedTable, rule: Rule, examples: pd.DataFrame) -> str:
    if not rule.known:
        values = examples[rule.shows].astype(str).head(VALUES_SHOWN).tolist()
        return f"Came {listed(values)}."
    rows = table.rows.filter(rule.broken(table.rows).fill_null(False))
    counted = rows.group_by(rule.shows).aggregate(n=rows.count())
    most = counted.order_by([counted.n.desc(), counted[rule.shows]]).limit(EXAMPLES_SHOWN + 1)
    frame = most.to_pandas()
    words = [_with_nearest(str(value), rule.known) for value in frame[rule.shows]]
    shown = ", ".join(words[:EXAMPLES_SHOWN])
    more = " and others" if len(words) > EXAMPLES_SHOWN else ""
    # A long list of countries or zones helps nobody; a short list of codes does.
    short = len(rule.known) <= VALUES_SHOWN * 10
    known = f" Known: {listed(rule.known, shown=30)}." if short else ""
    return f"Came {shown}{more}.{known}"


# What people write for codes that have another official form.
_OFFICIAL = {"UK": "GB", "EL": "GR", "RMB": "CNY", "CNH": "CNY"}


def _with_nearest(value: str, known: tuple[str, ...]) -> str:
    shown = listed([value])
    official = _OFFICIAL.get(value.upper())
    if official in known:
        return f"{shown} (write {official!r})"
    forms = {word.lower(): word for word in known}
    plain = value.strip().lower().replace(" ", "_").replace("-", "_")
    for form in (value.strip().lower(), plain):
        if form in forms:
            return f"{shown} (write {forms[form]!r})"
    near = get_close_matches(plain, forms, n=1)
    return f"{shown} (nearest {forms[near[0]]!r})" if near else shown
