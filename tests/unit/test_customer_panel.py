"""The customer-month panel against the same worked out row by row, and against the truth."""

from __future__ import annotations

import json
from datetime import datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from supportlab.desk import Desk, open_desk
from supportlab.errors import NotEstimable, ParameterError
from supportlab.metrics.customers.months import churn
from supportlab.metrics.customers.panel import Panel, customer_panel


def beside(name: str) -> Any:
    """Return a module of this folder, which is no package."""
    spec = spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


oracle = beside("panel_oracle")

CONFIG = {
    "timezone": "UTC",
    "reporting_currency": "USD",
    "churn_window_days": 30,
    "response_window_days": 14,
}


@pytest.fixture(scope="module")
def sample(sample_desk: Desk) -> Desk:
    return sample_desk


@pytest.fixture(scope="module")
def sample_panel(sample: Desk) -> Panel:
    return customer_panel(sample)


def opened(tables: dict, folder: Path) -> Desk:
    oracle.write(tables, folder)
    return open_desk(folder, as_of="2026-05-15", config=CONFIG, strict=False)


@pytest.mark.parametrize("seed", range(3))
def test_panel_is_that_of_the_rows_worked_out_by_hand(seed: int, tmp_path: Path) -> None:
    tables = oracle.world(seed)
    panel = customer_panel(opened(tables, tmp_path), control_categories=("address",))
    frame = panel.table.filter(panel.table.is_complete).execute()
    assert dict(panel.thresholds) == oracle.limits(tables)
    wanted = oracle.panel(tables, datetime.fromisoformat(f"{panel.first_month}-01"))
    assert len(frame) == len(wanted) > 100
    for row in frame.to_dict("records"):
        key = (row["customer_id"], row["month"])
        found = {name: row[name] for name in wanted[key]}
        found["left_kind"] = found["left_kind"] if isinstance(found["left_kind"], str) else None
        assert found == wanted[key], key


def test_window_does_not_look_into_the_month(tmp_path: Path) -> None:
    tables = oracle.world(5)
    before = customer_panel(opened(tables, tmp_path))
    cut = datetime.fromisoformat("2025-12-01")
    later = tmp_path / "later"
    later.mkdir()
    for name, moment in (("surveys", "responded_at"), ("payments", "attempted_at")):
        tables[name] = [row for row in tables[name] if (row[moment] or cut) < cut]
    tables["tickets"] = [row for row in tables["tickets"] if row["created_at"] < cut]
    after = customer_panel(opened(tables, later))
    columns = ["month", "customer_id", "contacts", "csat_bad", "payment_declined"]
    first = [panel.cells(columns) for panel in (before, after)]
    kept = [frame.loc[frame["month"] <= "2025-12"].values.tolist() for frame in first]
    assert kept[0] == kept[1]


def test_months_and_leavers_are_those_of_the_churn_metric(
    sample: Desk, sample_panel: Panel
) -> None:
    sums = churn(sample, by="month", cluster=None, start=f"{sample_panel.first_month}-01").fetch()
    sums = sums.loc[sums["n"] > 0, ["month", "n", "n_success"]]
    cells = sample_panel.cells(["month"])[["month", "n", "n_left"]]
    assert cells.values.tolist() == sums.values.tolist()


def test_sample_recovers_what_the_world_was_made_with(
    sample_panel: Panel, sample_path: Path
) -> None:
    truth = json.loads((sample_path / "truth.json").read_text())["churn"]
    whole = sample_panel.cells([]).iloc[0]
    # Lapses of less than the window are no leaving, those who came back are of unknown kind.
    rate = (whole["n_left"] - whole["n_left_involuntary"]) / whole["n"]
    assert rate == pytest.approx(truth["voluntary_per_month"], abs=0.0015)
    failed = whole["n_left_involuntary"] / whole["n"]
    assert failed == pytest.approx(truth["involuntary_per_month"], abs=0.0007)
    cells = sample_panel.cells(["reopened"]).set_index("reopened")
    share = cells["n_left"] / cells["n"]
    assert share[1] > 1.5 * share[0]


def test_cells_add_up_and_are_ordered(sample_panel: Panel) -> None:
    whole = sample_panel.cells([]).iloc[0]
    cells = sample_panel.cells(["segment", "tenure_band", "customer_group"])
    assert cells[["n", "n_left", "n_left_voluntary"]].sum().tolist() == whole.iloc[:3].tolist()
    keys = cells[["segment", "tenure_band", "customer_group"]].values.tolist()
    assert keys == sorted(keys)
    part = sample_panel.cells([], where=lambda table: table.market == "DE")
    assert 0 < part["n"].iloc[0] < whole["n"]


def test_whole_customers_are_drawn_with_a_seed(sample_panel: Panel) -> None:
    frame, share = sample_panel.frame(["left"], max_customers=300, seed=4)
    again, _ = sample_panel.frame(["left"], max_customers=300, seed=4)
    other, _ = sample_panel.frame(["left"], max_customers=300, seed=5)
    assert frame.equals(again)
    assert not frame.equals(other)
    assert share == pytest.approx(300 / 10_000, rel=0.1)
    assert 250 <= frame["customer_number"].nunique() <= 300
    table = sample_panel.table
    one = int(frame["customer_number"].iloc[0])
    months = table.filter(table.is_complete & (table.customer_number == one)).count().execute()
    assert (frame["customer_number"] == one).sum() == months


def test_unknown_column_is_named(sample_panel: Panel) -> None:
    with pytest.raises(ParameterError, match="reopened"):
        sample_panel.cells(["reopend"])


def test_desk_without_ends_is_refused(tmp_path: Path) -> None:
    tables = oracle.world(1)
    for row in tables["subscriptions"]:
        row["ended_at"] = None
    with pytest.raises(NotEstimable, match="No end of a customer"):
        customer_panel(opened(tables, tmp_path))


def test_measures_that_are_not_there_have_a_reason(tmp_path: Path) -> None:
    tables = {
        name: rows
        for name, rows in oracle.world(2).items()
        if name not in ("surveys", "payments", "events")
    }
    panel = customer_panel(opened(tables, tmp_path))
    assert "payment_declined" not in panel.measures
    assert "payments" in panel.reasons["payment_declined"]
    assert "surveys" in panel.reasons["csat_bad"]
    assert set(panel.measures) | set(panel.reasons) >= {"reopened", "survey_silent"}
    assert set(panel.measures) & set(panel.reasons) == set()
