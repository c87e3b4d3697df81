"""Checks that need more than one row: keys, references, exchange rates, the moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import ibis

from supportlab.desk.as_of import as_moment
from supportlab.desk.config import DeskConfig
from supportlab.desk.contract import CONTRACT
from supportlab.desk.counting import row_names
from supportlab.desk.faults import Fault
from supportlab.desk.specs import Column
from supportlab.desk.staging import StagedTable
from supportlab.errors import EXAMPLES_SHOWN, listed

if TYPE_CHECKING:
    from ibis.expr.types import Table

__all__ = ["RATE_DAYS", "between_tables", "moment_faults"]

# A rate holds over a weekend and a holiday: central banks publish on working days.
RATE_DAYS = 7
# Counters and sums as they were at the extract; no time says when they grew.
_NOT_REWOUND = (
    "reopened_count",
    "contact_count",
    "agent_reply_count",
    "transfer_count",
    "escalated",
    "approval_requested",
    "approval_minutes",
    "authority_used",
    "handle_minutes",
)
# Amounts, the currency beside them, and the time whose rate applies.
_AMOUNTS = (
    ("tickets", "issue_value", "issue_currency", "created_at"),
    ("payments", "amount", "presentment_currency", "attempted_at"),
    ("subscriptions", "monthly_value", "currency", "started_at"),
)


def between_tables(staged: Mapping[str, StagedTable], config: DeskConfig) -> list[Fault]:
    """
    Check keys, references and exchange rates.

    Parameters
    ----------
    staged : mapping of str to StagedTable
        Tables of the source.
    config : DeskConfig
        The reporting currency.

    Returns
    -------
    list of Fault
        In contract order.
    """
    faults: list[Fault] = []
    for table in staged.values():
        faults += _duplicates(table)
        faults += _references(table, staged)
    faults += _rates(staged, config.reporting_currency)
    return faults


def moment_faults(
    staged: Mapping[str, StagedTable],
    config: DeskConfig,
    as_of: datetime,
    came_from: str,
    latest: datetime | None,
    n_after: Mapping[str, int],
) -> list[Fault]:
    """
    Tell what the chosen moment leaves out or cannot undo.

    Parameters
    ----------
    staged : mapping of str to StagedTable
        Tables of the source.
    config : DeskConfig
        The moment of the extract, where it is declared.
    as_of : datetime
        The moment at which the desk is shown.
    came_from : str
        Where the moment comes from.
    latest : datetime or None
        Latest time in the data.
    n_after : mapping of str to int
        Rows that lie beyond the moment, by table.

    Returns
    -------
    list of Fault
        Warnings and notes.
    """
    faults = [
        Fault(
            name,
            CONTRACT[name].time or "",
            "after_as_of",
            "note",
            n,
            "",
            f"Rows later than {_text(as_of)} ({came_from}) are left out.",
        )
        for name, n in n_after.items()
        if n
    ]
    extract = as_moment(config.as_of) if config.as_of is not None else latest
    faults += _not_rewound(staged, as_of, extract)
    if config.as_of is not None and as_of > as_moment(config.as_of):
        cure = (
            f"as_of is {_text(as_of)}, the extract {_text(as_moment(config.as_of))}: what "
            "happened between is not in the data, and open tickets look open for longer."
        )
        faults.append(Fault("desk.toml", "as_of", "after_extract", "warn", 1, "", cure))
    if latest is None:
        cure = "No time in the data says when they end. Give as_of."
        faults.append(Fault("desk.toml", "as_of", "no_time", "warn", 1, "", cure))
    return faults


def _not_rewound(
    staged: Mapping[str, StagedTable], as_of: datetime, extract: datetime | None
) -> Iterator[Fault]:
    if extract is None or as_of >= extract or "tickets" not in staged:
        return
    present = [name for name in _NOT_REWOUND if name in staged["tickets"].provided]
    if present:
        cure = (
            f"as_of {_text(as_of)} lies before the end of the data ({_text(extract)}), and these "
            f"columns are as of that end: {listed(present, shown=20)}."
        )
        yield Fault("tickets", "", "not_rewound", "warn", len(present), "", cure)


def _text(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds")


def _duplicates(table: StagedTable) -> Iterator[Fault]:
    key = table.spec.key
    if not key or not table.provided.issuperset(key):
        return
    rows = table.rows.filter([table.rows[name].notnull() for name in key])
    groups = rows.group_by(list(key)).aggregate(n=rows.count()).filter(lambda t: t.n > 1)
    found = groups.aggregate(n=groups.n.cast("int64").sum(), keys=groups.count()).to_pandas()
    if not int(found["keys"].iloc[0]):
        return
    n_rows, n_keys = int(found["n"].iloc[0]), int(found["keys"].iloc[0])
    several = rows.semi_join(groups, list(key))
    cure = (
        f"{n_keys:,} values of {'+'.join(key)} occur more than once. One row is one thing; which "
        "of the rows is right cannot be told from here."
    )
    where = row_names(table, _first(table, several))
    yield Fault(table.spec.name, "+".join(key), "duplicate_key", "stop", n_rows, where, cure)


def _references(table: StagedTable, staged: Mapping[str, StagedTable]) -> Iterator[Fault]:
    for column in table.spec.columns:
        owner = staged.get(column.references or "")
        if owner is None or column.name not in table.provided:
            continue
        (owner_key,) = owner.spec.key
        if owner_key in owner.provided:
            yield from _unknown_keys(table, column, owner, owner_key)


def _unknown_keys(
    table: StagedTable, column: Column, owner: StagedTable, owner_key: str
) -> Iterator[Fault]:
    rows = table.rows.filter(table.rows[column.name].notnull())
    known = owner.rows.select(supportlab_key=owner.rows[owner_key]).distinct()
    unknown = rows.anti_join(known, rows[column.name] == known.supportlab_key)
    n_rows = int(unknown.count().execute())
    if n_rows:
        cure = (
            f"{column.name} is not in {owner.spec.name}; what needs that table leaves these rows "
            "out. Is one of the two extracts cut, or has an id lost leading zeros?"
        )
        where = row_names(table, _first(table, unknown))
        yield Fault(table.spec.name, column.name, "unknown_key", "warn", n_rows, where, cure)


def _first(table: StagedTable, rows: Table) -> Any:
    order = list(table.row_columns or table.spec.key)
    if not order:
        return rows.select(table.spec.names[0]).limit(0).to_pandas()
    return rows.select(*order).order_by(order).limit(EXAMPLES_SHOWN).to_pandas()


def _rates(staged: Mapping[str, StagedTable], reporting: str) -> Iterator[Fault]:
    for name, amount, currency, time in _AMOUNTS:
        table = staged.get(name)
        if table is None or not table.provided.issuperset((amount, currency, time)):
            continue
        counted = _foreign_days(table, amount, currency, time, reporting)
        lacking = _without_rate(counted, staged.get("fx_rates"))
        found = (
            lacking.group_by("currency")
            .aggregate(n=lacking.n.sum())
            .order_by([ibis.desc("n"), "currency"])
            .to_pandas()
        )
        if len(found):
            cure = (
                f"Amounts in {listed(found['currency'])} have no rate to {reporting} in fx_rates "
                f"on their day or the {RATE_DAYS} days before, and are left out of sums."
            )
            n_rows = int(found["n"].sum())
            yield Fault(name, amount, "no_exchange_rate", "warn", n_rows, "", cure)


def _foreign_days(
    table: StagedTable, amount: str, currency: str, time: str, reporting: str
) -> Table:
    rows = table.rows
    foreign = rows.filter(
        rows[amount].notnull() & rows[time].notnull() & (rows[currency] != reporting)
    )
    days = foreign.select(currency=foreign[currency], day=foreign[time].cast("date"))
    return days.group_by(["currency", "day"]).aggregate(n=days.count().cast("int64"))


def _without_rate(counted: Table, rates: StagedTable | None) -> Table:
    if rates is None:
        return counted
    known = rates.rows.select(known=rates.rows.currency, since=rates.rows["date"])
    window = ibis.interval(days=RATE_DAYS)
    return counted.anti_join(
        known,
        [
            counted.currency == known.known,
            counted.day >= known.since,
            counted.day <= (known.since + window).cast("date"),
        ],
    )
