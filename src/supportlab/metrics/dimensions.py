"""Group columns and clusters: text labels that keep every row and never double one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from supportlab.desk.contract import CONTRACT
from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.metrics.periods import DERIVED, moment_label, moment_start, start_label

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = [
    "MISSING",
    "Cells",
    "Groups",
    "Rows",
    "group_names",
    "groupable",
    "with_cells",
    "with_groups",
]

MISSING = "(missing)"
ROW_CLUSTER = "row"

# Kinds of columns whose values name groups. A time or an amount would make a group of nearly
# every row; months and weeks are asked for by name, amounts must be cut by the caller.
_GROUPING_KINDS = frozenset(
    {"key", "text", "code", "market", "language", "currency", "bool", "int"}
)

# Where a table's missing columns may be looked up: table, the key on both sides, and which
# columns. agents.team_id is the team of today, not of the ticket's day, so it is not offered.
_LOOKUPS: dict[str, tuple[tuple[str, str], ...]] = {
    "tickets": (("customers", "customer_id"), ("agents", "agent_id")),
    "quality_reviews": (("tickets", "ticket_id"), ("agents", "agent_id")),
    "surveys": (("tickets", "ticket_id"), ("customers", "customer_id"), ("agents", "agent_id")),
    "payments": (("customers", "customer_id"),),
}
_NOT_LOOKED_UP = {("agents", "team_id"), ("agents", "languages")}


@dataclass(frozen=True)
class Rows:
    """
    Rows that a metric works on: an Ibis table with what is known of it.

    Parameters
    ----------
    base : str
        Contract table whose rows these are.
    table : ibis.Table
        One row per unit, with the contract's columns.
    provided : frozenset of str
        Columns that hold data.
    unit : str
        Column that identifies a row.
    moment : str
        Time that puts a row into a month, week or day.
    made : frozenset of str
        Group columns that the metric itself made, as ``form``.
    """

    base: str
    table: Any
    provided: frozenset[str]
    unit: str
    moment: str
    made: frozenset[str] = frozenset()

    def of(self, table: Any) -> Rows:
        """Return the same description with another table."""
        return replace(self, table=table)


@dataclass(frozen=True)
class Cells:
    """The same rows with labels: ``unit``, one text column per group, ``cluster``."""

    table: Any
    by: tuple[str, ...]
    cluster_name: str | None

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns of the cell that a row is in."""
        return self.by if self.cluster_name is None else (*self.by, "cluster")


@dataclass(frozen=True)
class Groups:
    """The same rows with one column ``key_…`` per group, times as the start of their stretch."""

    table: Any
    by: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns of the group that a row is in."""
        return tuple(f"key_{name}" for name in self.by)

    def named(self, sums: Any) -> Any:
        """Return sums per key with the groups' texts under their own names as well."""
        return sums.mutate(**{name: _text_of(sums[f"key_{name}"], name) for name in self.by})


def _text_of(key: Any, name: str) -> Any:
    return start_label(key, name).fill_null(MISSING) if name in DERIVED else key


def group_names(by: str | Sequence[str]) -> tuple[str, ...]:
    """Return group names as a tuple, each once."""
    names = (by,) if isinstance(by, str) else tuple(by)
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise ParameterError(f"by names {', '.join(map(repr, double))} more than once.")
    return names


def with_cells(
    desk: Desk, rows: Rows, by: Sequence[str], cluster: str | None, carried: Sequence[str]
) -> Cells:
    """
    Label rows with their groups and their cluster.

    Parameters
    ----------
    desk : Desk
        Where lookup tables come from.
    rows : Rows
        What is labelled.
    by : sequence of str
        Columns of the base table, of its ticket, customer or agent, or ``month``, ``week``,
        ``day`` of the cohort's time.
    cluster : str or None
        Column whose values are clusters; None for none.
    carried : sequence of str
        Further columns to keep.

    Returns
    -------
    Cells
        As many rows as came, with ``unit``, the group columns, ``cluster`` and ``carried``.
    """
    table, labels = rows.table, {}
    for name in by:
        table, labels[name] = _label(desk, rows, table, name)
    cluster_name = None
    if cluster is not None:
        table, labels["cluster"], cluster_name = _cluster(desk, rows, table, cluster)
    named = table.mutate(**{f"label_{name}": value for name, value in labels.items()})
    chosen = {name: named[f"label_{name}"] for name in labels}
    kept = {name: named[name] for name in carried}
    cells = named.select(unit=named[rows.unit], **chosen, **kept)
    return Cells(cells, tuple(by), cluster_name)


def with_groups(desk: Desk, rows: Rows, by: Sequence[str]) -> Groups:
    """
    Label rows with their groups alone, for sums without clusters.

    Cheaper than `with_cells`: a time stays a time, and its text is written once a group by
    `Groups.named`.

    Parameters
    ----------
    desk : Desk
        Where lookup tables come from.
    rows : Rows
        What is labelled.
    by : sequence of str
        As for `with_cells`.

    Returns
    -------
    Groups
        As many rows as came, with all their columns.
    """
    table, keys = rows.table, {}
    for name in by:
        if name in DERIVED:
            keys[name] = moment_start(table[rows.moment], name, desk.config.week_start)
        else:
            table, keys[name] = _label(desk, rows, table, name)
    return Groups(table.mutate(**{f"key_{name}": key for name, key in keys.items()}), tuple(by))


def _label(desk: Desk, rows: Rows, table: Any, name: str) -> tuple[Any, Any]:
    if name in DERIVED:
        text = moment_label(table[rows.moment], name, desk.config.week_start)
        return table, text.fill_null(MISSING)
    if name in rows.made:
        return table, table[name].fill_null(MISSING)
    _refuse_unknown(rows.base, name)
    if name in rows.provided:
        return table, table[name].cast("string").fill_null(MISSING)
    found = _looked_up(desk, rows, table, name)
    if found is None:
        raise NotEstimable(
            f"These data cannot be split by {name!r}: neither {rows.base} nor a table that it "
            f"points to provides it. Provide {rows.base}.{name}, or leave it out of by."
        )
    joined, column, _ = found
    return joined, joined[column].fill_null(MISSING)


def _cluster(desk: Desk, rows: Rows, table: Any, name: str) -> tuple[Any, Any, str]:
    _refuse_unknown(rows.base, name)
    if name in DERIVED:
        raise ParameterError(f"cluster {name!r}: a stretch of time is no cluster; group by it.")
    for candidate in dict.fromkeys((name, "customer_id")):
        if candidate in rows.provided:
            return table, _or_alone(table[candidate].cast("string"), table, rows), candidate
        found = _looked_up(desk, rows, table, candidate)
        if found is not None:
            joined, column, home = found
            return joined, _or_alone(joined[column], joined, rows), f"{home}.{candidate}"
    return table, _alone(table, rows), ROW_CLUSTER


def _or_alone(value: Any, table: Any, rows: Rows) -> Any:
    """Keep a row without that cluster with the others of its customer, or else by itself."""
    import ibis

    alone = _alone(table, rows)
    if "customer_id" not in rows.provided:
        return value.fill_null(alone)
    same = ibis.literal("customer_id:") + table["customer_id"].cast("string")
    return ibis.coalesce(value, same, alone)


def _alone(table: Any, rows: Rows) -> Any:
    """A cluster of one row; the prefix keeps it apart from a real name."""
    import ibis

    return ibis.literal(f"{rows.unit}:") + table[rows.unit].cast("string")


def _looked_up(desk: Desk, rows: Rows, table: Any, name: str) -> tuple[Any, str, str] | None:
    for home, key in _LOOKUPS.get(rows.base, ()):
        if name not in CONTRACT[home].names or (home, name) in _NOT_LOOKED_UP or key == name:
            continue
        if key in rows.provided and desk.has(home, key, name):
            column = f"looked_up_{name}"
            if column in table.columns:
                return table, column, home
            return _joined(table, desk.table(home), key, name, column), column, home
    return None


def _joined(table: Any, home: Any, key: str, name: str, column: str) -> Any:
    """Join one column by key; a key that stands twice in its table cannot double a row."""
    known = home.filter(home[key].notnull())
    once = known.group_by(lookup_key=known[key]).aggregate(
        **{column: known[name].cast("string").min()}
    )
    joined = table.left_join(once, table[key] == once.lookup_key)
    return joined.drop("lookup_key")


def _refuse_unknown(base: str, name: str) -> None:
    known = groupable(base)
    if name not in known:
        raise ParameterError(
            f"{name!r} cannot group {base}. {did_you_mean(name, known)} Times are grouped as "
            "'month', 'week' or 'day'; amounts and durations must be cut into bands first."
        )


def groupable(base: str) -> tuple[str, ...]:
    """
    Name what ``by`` may hold for the metrics of a table.

    Parameters
    ----------
    base : str
        ``tickets`` or ``surveys``.

    Returns
    -------
    tuple of str
        Names, the table's own first, then what can be looked up, then those made of the time.

    Examples
    --------
    >>> "segment" in groupable("tickets"), "created_at" in groupable("tickets")
    (True, False)
    """
    homes = (base, *(home for home, _ in _LOOKUPS.get(base, ())))
    names = [
        column.name
        for home in homes
        for column in CONTRACT[home].columns
        if column.kind in _GROUPING_KINDS and (home, column.name) not in _NOT_LOOKED_UP
    ]
    return (*dict.fromkeys(names), *DERIVED)
