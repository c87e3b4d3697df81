"""The page of all metrics: each has a figure or a reason, and a definition."""

from __future__ import annotations

from pathlib import Path

import pytest

import supportlab as sl
from supportlab import metrics
from supportlab.desk import Desk
from supportlab.results import Estimate

TITLES = {item.name: item.title for item in metrics.DEFINITIONS}
HEADER = "ticket_id,channel,status,created_at\n"


@pytest.fixture(scope="module")
def whole(sample_desk: Desk) -> Estimate:
    return sl.readiness.metric_overview(sample_desk)


def test_every_metric_stands_there_with_a_figure_or_a_reason(whole: Estimate) -> None:
    table = whole.table
    assert list(table["metric"].drop_duplicates()) == [item.title for item in metrics.DEFINITIONS]
    assert (table["estimate"].notna() | table["reason"].notna()).all()
    assert not (table["estimate"].notna() & table["reason"].notna()).any()


def test_every_figure_has_its_definition_record(whole: Estimate) -> None:
    known = whole.table.loc[whole.table["estimate"].notna(), "metric"]
    assert set(known) <= {record.title for record in whole.definitions}
    assert all(record.as_of for record in whole.definitions)


def test_intervals_hold_their_estimates(whole: Estimate) -> None:
    known = whole.table.dropna(subset=["ci_low"])
    assert len(known) >= 10
    assert (known["ci_low"] <= known["estimate"]).all()
    assert (known["estimate"] <= known["ci_high"]).all()


def test_returns_read_as_the_share_that_did_not_come_back(whole: Estimate) -> None:
    row = whole.table.set_index("metric").loc[TITLES["fcr_returns"]]
    fcr = whole.table.set_index("metric").loc[TITLES["fcr"], "estimate"]
    assert row["unit"] == "proportion"
    # Among resolved tickets, so a little above the share of all.
    assert fcr < row["estimate"] < fcr + 0.02


def test_tickets_alone_leave_reasons_and_no_zeros(tmp_path: Path) -> None:
    (tmp_path / "tickets.csv").write_text(HEADER + "1,email,open,2026-01-01T10:00:00Z\n")
    desk = sl.open_desk(tmp_path, as_of="2026-02-01")
    table = sl.readiness.metric_overview(desk).table
    refused = table.loc[table["unit"] != "count"]
    assert refused["estimate"].isna().all()
    assert refused["reason"].str.len().gt(10).all()
