"""Metrics are expressions that other engines can be asked as well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import ibis
import pytest

from supportlab import metrics
from supportlab.desk import CONTRACT, Desk, open_desk

TABLES = ("tickets", "surveys", "customers", "agents")
STOCKS = ("backlog",)
NAMES = [definition.name for definition in metrics.DEFINITIONS]


@pytest.fixture(scope="module")
def unbound(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk whose tables are names and types, bound to no engine."""
    folder: Path = tmp_path_factory.mktemp("unbound")
    for name in TABLES:
        (folder / f"{name}.csv").write_text(",".join(CONTRACT[name].names) + "\n")
    desk = open_desk(folder, as_of="2026-03-01", config={"timezone": "UTC"}, strict=False)
    tables = {name: ibis.table(desk.table(name).schema(), name=name) for name in TABLES}
    return replace(desk, _tables=tables)


@pytest.mark.parametrize("name", NAMES)
def test_metric_compiles_for_other_engines(name: str, unbound: Desk) -> None:
    times = () if name in STOCKS else ("month", "week", "day")
    sums = getattr(metrics, name)(unbound, by=("market", "segment", *times), cluster="agent_id")
    for dialect in ("postgres", "trino"):
        assert "GROUP BY" in ibis.to_sql(sums.table, dialect=dialect)


@pytest.mark.parametrize("name", NAMES)
def test_metric_adds_no_binary_fractions(name: str, unbound: Desk) -> None:
    # Sums of floats depend on the order in which threads add; whole numbers and decimals do not.
    table = getattr(metrics, name)(unbound, cluster=None).table
    kinds = {column: kind for column, kind in table.schema().items() if kind.is_numeric()}
    assert kinds
    assert not [column for column, kind in kinds.items() if kind.is_floating()]
