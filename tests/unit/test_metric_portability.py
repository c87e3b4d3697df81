"""Metrics are expressions that other engines can be asked as well."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import pytest

from supportlab import metrics
from supportlab.desk import CONTRACT, Desk, open_desk

TABLES = (
    "tickets",
    "surveys",
    "customers",
    "agents",
    "sessions",
    "contacts",
    "quality_reviews",
    "payments",
    "fx_rates",
    "subscriptions",
)
STOCKS = ("backlog",)
# What a metric asks the engine before it can be written down, and an answer.
ANSWERS = {
    "payments hold failures": True,
    "payments without a checkout": 1,
    "first recorded end, 30 days": datetime(2025, 1, 1),  # noqa: DTZ001
}
# What follows events asks first which kinds of them there are, and names without an engine cannot
# tell: the conformance suite runs these where there is one.
ASKS_FIRST = ("next_reply", "wait_time", "work_time")
OPTIONS: dict[str, dict[str, Any]] = {"service_level": {"target_minutes": 60}}
GROUPS = {
    "quality_score": ("market", "channel"),
    "deflection": ("market", "language"),
    "context_kept": ("channel",),
}
NAMES = [item.name for item in metrics.DEFINITIONS if item.name not in ASKS_FIRST]


@pytest.fixture(scope="module")
def unbound(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk whose tables are names and types, bound to no engine."""
    folder: Path = tmp_path_factory.mktemp("unbound")
    for name in TABLES:
        (folder / f"{name}.csv").write_text(",".join(CONTRACT[name].names) + "\n")
    desk = open_desk(folder, as_of="2026-03-01", config={"timezone": "UTC"}, strict=False)
    tables = {name: ibis.table(desk.table(name).schema(), name=name) for name in TABLES}
    bound = replace(desk, _tables=tables, _keep=None)
    for question, answer in ANSWERS.items():
        bound.once(question, lambda told=answer: told)
    return bound


@pytest.mark.parametrize("name", NAMES)
def test_metric_compiles_for_other_engines(name: str, unbound: Desk) -> None:
    times = () if name in STOCKS else ("month", "week", "day")
    by = (*GROUPS.get(name, ("market", "segment")), *times)
    sums = getattr(metrics, name)(unbound, by=by, **OPTIONS.get(name, {}))
    for dialect in ("postgres", "trino"):
        assert "GROUP BY" in ibis.to_sql(sums.table, dialect=dialect)


@pytest.mark.parametrize("name", NAMES)
def test_metric_compiles_for_spark(name: str, unbound: Desk) -> None:
    # Ibis takes its options for Spark from Spark's own package.
    pytest.importorskip("pyspark", reason="the extra supportlab[spark] is not installed")
    assert ibis.pyspark
    sums = getattr(metrics, name)(unbound, cluster=None, **OPTIONS.get(name, {}))
    assert "SELECT" in ibis.to_sql(sums.table, dialect="pyspark")


@pytest.mark.parametrize("name", NAMES)
def test_metric_adds_no_binary_fractions(name: str, unbound: Desk) -> None:
    # Sums of floats depend on the order in which threads add; whole numbers and decimals do not.
    table = getattr(metrics, name)(unbound, cluster=None, **OPTIONS.get(name, {})).table
    kinds = {column: kind for column, kind in table.schema().items() if kind.is_numeric()}
    assert kinds
    assert not [column for column, kind in kinds.items() if kind.is_floating()]
