"""All blocks of a mapping run on the staged inputs: checked first, then written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir

from supportlab.desk.contract import CONTRACT
from supportlab.desk.faults import Fault
from supportlab.desk.mapping.blocks import BlockResult, Relation, build_block, missing_columns
from supportlab.desk.mapping.models import Input, MappingFile
from supportlab.desk.mapping.scope import Scope
from supportlab.desk.mapping.staging import ROW, StagedInput
from supportlab.desk.mapping.values import Compiler, Probe, type_of
from supportlab.desk.mapping.walk import Place, all_blocks, can_have_value, kind_of, rule_columns
from supportlab.errors import DataError, did_you_mean, listed

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

__all__ = ["TableBuilder", "in_utc_without_zone"]

# Distinct values shown with their counts; a list of thousands of codes helps nobody.
VALUES_SHOWN = 10
ROWS_SHOWN = 5


class TableBuilder:
    """
    Runs a mapping on staged inputs.

    Parameters
    ----------
    backend : ibis backend
        Private engine that holds the inputs.
    model : MappingFile
        A valid mapping.
    staged : dict of str to StagedInput
        Inputs that are there.
    """

    def __init__(
        self, backend: BaseBackend, model: MappingFile, staged: dict[str, StagedInput]
    ) -> None:
        self._backend: Any = backend
        self._model = model
        self._relations: dict[str, Relation] = {}
        self._inputs = dict(staged)
        self._results: dict[str, list[BlockResult]] = {}
        self._rows_out: dict[str, int] = {}
        self._kept: list[str] = []
        for name, item in staged.items():
            table = _without_missing(self._backend.table(item.table), model.inputs[name])
            table = _with_keys(table, model.inputs[name])
            self._relations[name] = Relation(name, table, item.n_rows, model.inputs[name].sequence)

    def absent_columns(self) -> dict[str, list[str]]:
        """Return the optional columns that each input lacks."""
        return {name: list(item.absent) for name, item in self._inputs.items() if item.absent}

    def relations_of_inputs(self) -> dict[str, Relation]:
        """Return the inputs that are there."""
        return {name: self._relations[name] for name in self._inputs}

    def build(self) -> list[Fault]:
        """
        Build all blocks and look for values that cannot be read.

        Returns
        -------
        list of Fault
            All faults of all blocks at once.
        """
        faults = self._sequence_faults()
        broken = {fault.table.split(".")[1] for fault in faults}
        for place in all_blocks(self._model):
            needed = [place.block.input, *(join.input for join in place.block.joins)]
            if broken & set(needed):
                continue
            if place.block.input not in self._relations:
                continue
            found = self._build_one(place)
            faults += found
            is_last = place.block is self._model.views.get(place.table, [None])[-1]
            if place.part == "views" and found:
                broken.add(place.table)
            elif place.part == "views" and is_last and place.table not in broken:
                self._keep_view(place.table)
        return faults + self._nothing_built(faults)

    def _nothing_built(self, faults: list[Fault]) -> list[Fault]:
        if faults or any(name in self._results for name in self._model.tables):
            return []
        cure = f"No input of {listed(self._model.tables)} is there."
        return [Fault("tables", "", "no_table", "stop", 1, "", cure)]

    def _build_one(self, place: Place) -> list[Fault]:
        place = self._without_absent(place)
        faults = missing_columns(place, self._relations)
        if faults:
            return faults
        result = build_block(place, self._relations, self._keep)
        self._results.setdefault(place.table, []).append(result)
        return [*result.faults, *probe_faults(result.kept, result.probes)]

    def _without_absent(self, place: Place) -> Place:
        """Leave out columns of a table that rest on nothing but columns the export lacks."""
        item = self._inputs.get(place.block.input)
        if place.part != "tables" or item is None or not item.absent:
            return place
        columns = {
            name: rule
            for name, rule in place.block.columns.items()
            if can_have_value(rule, item.absent)
        }
        return replace(place, block=place.block.model_copy(update={"columns": columns}))

    def _keep(self, table: ir.Table) -> ir.Table:
        name = f"block_{len(self._kept)}"
        self._kept.append(name)
        self._backend.create_table(name, table)
        kept: ir.Table = self._backend.table(name)
        return kept

    def _sequence_faults(self) -> list[Fault]:
        faults = []
        for name, relation in self.relations_of_inputs().items():
            scope = Scope(relation.table)
            sequence = relation.sequence
            path = f"inputs.{name}.sequence"
            wanted = [(f"{path}.by", column) for column in sequence.by] if sequence else []
            for i, rule in enumerate(sequence.order if sequence else ()):
                wanted += rule_columns(rule, f"{path}.order[{i}]")
            for where, column in wanted:
                is_there = column in relation.table.columns or (
                    not where.endswith(".by") and scope.has(column)
                )
                if not is_there:
                    hint = did_you_mean(column, scope.names())
                    cure = f"The source has no column {column!r}. {hint}"
                    faults.append(Fault(where, column, "missing_column", "stop", 1, "", cure))
        return faults

    def _keep_view(self, name: str) -> None:
        blocks = self._model.views[name]
        stacked = self._stacked(name, "views")
        place = ibis.row_number().over(order_by=[stacked["supportlab|block"], stacked[ROW]])
        numbered = stacked.mutate(**{ROW: place}).drop("supportlab|block")
        table = f"view_{name}"
        self._backend.create_table(table, numbered)
        kept = self._backend.table(table)
        sequence = next((block.sequence for block in blocks if block.sequence), None)
        self._relations[name] = Relation(name, kept, int(kept.count().execute()), sequence)

    def _stacked(self, name: str, part: str) -> ir.Table:
        results = self._results[name]
        types: dict[str, str] = {}
        for result in results:
            for column, rule in result.place.block.columns.items():
                types.setdefault(column, type_of(kind_of(part, name, column, rule)))
        if part == "tables":
            order = [*CONTRACT[name].names, *sorted(types)]
            types = {column: types[column] for column in order if column in types}
        tables = [_filled(result, types, number) for number, result in enumerate(results)]
        return reduce(lambda one, other: one.union(other), tables)

    def write(self, folder: Path) -> None:
        """
        Write the canonical tables, rows sorted so that the same export gives the same bytes.

        Parameters
        ----------
        folder : Path
            An empty folder.
        """
        # Threads fill the dictionaries of a file in the order in which they come by.
        self._backend.raw_sql("SET threads = 1").fetchall()
        for name in [name for name in CONTRACT if name in self._model.tables]:
            if name not in self._results:
                continue
            stacked = self._stacked(name, "tables").drop("supportlab|block", ROW)
            ordered = stacked.order_by(list(dict.fromkeys([*CONTRACT[name].key, *stacked.columns])))
            path = folder / f"{name}.parquet"
            self._backend.to_parquet(ordered, path, compression="zstd")
            self._rows_out[name] = int(self._backend.read_parquet(path).count().execute())

    def accounts(self) -> dict[str, Any]:
        """
        Return where every row went.

        Returns
        -------
        dict
            For each table its rows, and for each block the equation of its row counts.

        Raises
        ------
        DataError
            When the rows written are not those that were accounted for.
        """
        accounts = {}
        for name, n_rows in self._rows_out.items():
            blocks = [result.account() for result in self._results[name]]
            expected = sum(block["n_output"] for block in blocks)
            if n_rows != expected:
                raise DataError(
                    f"{name}: {n_rows:,} rows were written where {expected:,} were counted; "
                    "nothing was put in place. The export or the mapping is at fault in a way "
                    "that no check names; please report it."
                )
            accounts[name] = {"n_rows": n_rows, "blocks": blocks}
        return accounts

    def as_of(self) -> datetime | None:
        """
        Return the moment of the extract that the mapping tells.

        Returns
        -------
        datetime or None
            In UTC, without zone.
        """
        as_of = self._model.desk.as_of
        if as_of is None:
            return None
        if as_of.value is not None:
            return in_utc_without_zone(datetime.fromisoformat(as_of.value))
        relation = self._relations.get(str(as_of.input))
        if relation is None or as_of.latest is None:
            return None
        compiler = Compiler(Scope(relation.table))
        latest = compiler.value(as_of.latest, "time", "desk.as_of.latest")
        found = relation.table.aggregate(latest=latest.max()).execute()["latest"].iloc[0]
        return None if found is None or found != found else found.to_pydatetime()


def _without_missing(table: ir.Table, item: Input) -> ir.Table:
    if not item.missing:
        return table
    columns = {
        name: ibis.cases((table[name].isin(item.missing), ibis.null("string")), else_=table[name])
        for name in table.columns
        if name != ROW
    }
    return table.mutate(**columns)


def _with_keys(table: ir.Table, item: Input) -> ir.Table:
    """Make columns of the keys of a history that stand inside JSON."""
    scope = Scope(table)
    wanted = item.sequence.by if item.sequence else []
    inner = [name for name in wanted if name not in table.columns and scope.has(name)]
    return table.mutate(**{name: scope.text(name) for name in inner}) if inner else table


def _filled(result: BlockResult, types: dict[str, str], number: int) -> ir.Table:
    table = result.table
    columns = {
        name: (table[name] if name in table.columns else ibis.null(kind)).cast(kind)
        for name, kind in types.items()
    }
    return table.select(**columns, **{ROW: table[ROW], "supportlab|block": ibis.literal(number)})


def in_utc_without_zone(moment: datetime) -> datetime:
    """Return a moment in UTC, as the canonical tables have it."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def probe_faults(kept: ir.Table, probes: list[Probe]) -> list[Fault]:
    """Count what the probes of a block find; one pass for all, one more for each that does."""
    if not probes:
        return []
    counts = {f"p{i}": kept.count(where=probe.bad) for i, probe in enumerate(probes)}
    found = kept.aggregate(**counts).execute().iloc[0]
    return [
        _probe_fault(kept, probe, int(found[f"p{i}"]))
        for i, probe in enumerate(probes)
        if found[f"p{i}"]
    ]


def _probe_fault(kept: ir.Table, probe: Probe, n_rows: int) -> Fault:
    bad = kept.select(row=kept[ROW], text=probe.text, bad=probe.bad)
    bad = bad.filter(bad.bad)
    rows = bad.order_by("row").limit(ROWS_SHOWN)["row"].execute()
    values = bad.group_by("text").agg(n=bad.count()).order_by([ibis.desc("n"), "text"])
    shown = values.limit(VALUES_SHOWN + 1).execute()
    words = [f"{text[:60]!r} ({n:,} times)" for text, n in shown.itertuples(index=False)]
    came = ", ".join(words[:VALUES_SHOWN]) + (" and more" if len(words) > VALUES_SHOWN else "")
    cure = f"Came {came}. Allowed: {probe.allowed}."
    first = "rows " + ", ".join(str(row) for row in rows)
    return Fault(probe.path, "", probe.rule, "stop", n_rows, first, cure)
