"""Checks that need more than one row: keys, copies, references, exchange rates, answers only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import ibis

from supportlab.desk.config import DeskConfig
from supportlab.desk.counting import row_names
from supportlab.desk.faults import Fault
from supportlab.desk.money import RATE_DAYS
from supportlab.desk.specs import Column
from supportlab.desk.staging import StagedTable
from supportlab.errors import EXAMPLES_SHOWN, listed

if TYPE_CHECKING:
    from ibis.expr.types import Table

__all__ = ["between_tables"]

# Of a source with non-answers, fewer rows than this may all be answered by chance.
LEAST_ANSWERS = 20
# Amounts, the currency beside them, and the time whose rate applies.
_AMOUNTS = (
    ("tickets", "issue_value", "issue_currency", "created_at"),
    ("payments", "amount", "presentment_currency", "attempted_at"),
    ("subscriptions", "monthly_value", "currency", "started_at"),
)


def between_tables(staged: Mapping[str, StagedTable], config: DeskConfig) -> list[Fault]:
    """
    Check keys, copies, references, exchange rates and whether non-answers are there.

    Parameters
    ----------
    staged : mapping of str to StagedTable
        Tables of the source.
    config : DeskConfig
        The reporting currency, and whether invitations are in the data.

    Returns
    -------
    list of Fault
        In contract order.
    """
    faults: list[Fault] = []
    for table in staged.values():
        faults += _duplicates(table)
        faults += _references(table, staged)
    faults += _copies(staged)
    faults += _answers_only(staged, config)
    faults += _rates(staged, config.reporting_currency)
    return faults


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


def _copies(staged: Mapping[str, StagedTable]) -> Iterator[Fault]:
    """Find events that are there twice; without a key nothing else shows a double load."""
    table = staged.get("events")
    if table is None:
        return
    names = [name for name in table.spec.names if name in table.provided]
    groups = table.rows.group_by(names).aggregate(n=table.rows.count().cast("int64"))
    n_rows = int((groups.n - 1).sum().fill_null(0).execute())
    if not n_rows:
        return
    same = ibis.window(group_by=names, order_by=list(table.row_columns) or names)
    numbered = table.rows.mutate(supportlab_copy=ibis.row_number().over(same))
    where = row_names(table, _first(table, numbered.filter(numbered.supportlab_copy > 0)))
    cure = (
        "These rows equal an earlier one in every column that is read, and count twice: contacts, "
        "replies, transfers. Was a part loaded twice? Keep one of each, unless they are real."
    )
    yield Fault("events", "", "duplicate_row", "warn", n_rows, where, cure)


def _answers_only(staged: Mapping[str, StagedTable], config: DeskConfig) -> Iterator[Fault]:
    """Find surveys without any non-answer where nobody said that invitations are in the data."""
    table = staged.get("surveys")
    if table is None or "invitations" in config.surveys.model_fields_set:
        return
    rows = table.rows.filter(table.rows.kind.notnull())
    is_answer = (rows.responded_at.notnull() | rows.score.notnull()).ifelse(1, 0).cast("int64")
    counted = rows.group_by("kind").aggregate(n=rows.count().cast("int64"), answers=is_answer.sum())
    full = counted.filter((counted.n == counted.answers) & (counted.n >= LEAST_ANSWERS))
    found = full.order_by("kind").to_pandas()
    if len(found):
        cure = (
            f"Every row of kind {listed(found['kind'])} has an answer, so the response rate would "
            "be 1. It looks like answers only; set surveys.invitations = false in desk.toml, or "
            "true where everybody did answer."
        )
        yield Fault("surveys", "", "answers_only", "warn", int(found["n"].sum()), "", cure)


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
