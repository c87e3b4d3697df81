"""The ServiceNow mapping on the real incident log, held against figures known beforehand."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from supportlab.desk.mapping import run_import

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def folder(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = real_data / "servicenow"
    if not (source / "incident_event_log.csv.gz").is_file():
        pytest.skip(f"the ServiceNow incident log is not in {source}")
    out = tmp_path_factory.mktemp("servicenow") / "out"
    run_import("servicenow", source, out)
    return out


@pytest.fixture(scope="module")
def tickets(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "tickets.parquet")


def hours(tickets: pd.DataFrame, column: str) -> pd.Series:
    return (tickets[column] - tickets["created_at"]).dt.total_seconds() / 3600


def test_rows_become_incidents_and_none_is_lost(folder: Path, tickets: pd.DataFrame) -> None:
    record = json.loads((folder / "import.json").read_text(encoding="utf-8"))
    assert record["inputs"] == {"log": 119_998}
    assert len(tickets) == tickets["ticket_id"].nunique() == 20_769
    for table in record["tables"].values():
        for block in table["blocks"]:
            dropped = sum(item["n_rows"] for item in block["dropped"])
            assert block["n_input"] == dropped + block["n_collapsed"] + block["n_output"]


def test_known_shares(tickets: pd.DataFrame) -> None:
    assert tickets["channel"].value_counts().to_dict() == {"phone": 20_733, "email": 36}
    assert round((tickets["transfer_count"] == 0).mean(), 3) == 0.526
    assert round((tickets["reopened_count"] > 0).mean(), 4) == 0.0113
    # Of incidents, not of rows, where it would be 93.1 %.
    assert round(tickets["x_made_sla"].mean(), 3) == 0.606


def test_times_to_resolve_by_the_stamp_are_the_published_ones(tickets: pd.DataFrame) -> None:
    stamped = hours(tickets, "x_resolved_stamp_at")
    assert stamped.notna().sum() == 20_769 - 1_418
    assert round(stamped.median(), 1) == 24.6
    by_count = stamped.groupby(tickets["transfer_count"]).median()
    assert round(by_count[0], 2) == 0.78
    assert round(by_count[1], 1) == 45.2
    assert round(by_count[2]) == 112


def test_times_to_resolve_by_the_log_cover_all_incidents(tickets: pd.DataFrame) -> None:
    first, last = hours(tickets, "resolved_at"), hours(tickets, "closed_at")
    assert first.notna().all()
    assert first.min() >= 0
    assert (last >= first).all()
    assert round(first.median(), 1) == 18.7
    assert round(last.median(), 1) == 19.3
    # The stamp is never before the first resolution, and automatic closing never taken for one.
    assert not (tickets["x_resolved_stamp_at"] < tickets["resolved_at"]).any()
    days = (tickets["x_auto_closed_at"] - tickets["x_resolved_stamp_at"]).dt.total_seconds() / 86400
    assert round(days.median(), 2) == 5.02


def test_the_desk_opens_it_and_reads_dates_day_first(folder: Path) -> None:
    from supportlab.desk import open_desk

    desk = open_desk(folder)
    created = desk.table("tickets").created_at
    bounds = desk.table("tickets").aggregate(a=created.min(), b=created.max()).execute().iloc[0]
    assert str(bounds["a"]) == "2016-02-29 01:16:00"
    assert str(bounds["b"]) == "2016-05-13 11:49:00"
    assert str(desk.as_of).startswith("2017-02-15 15:00:00")


def test_events_agree_with_the_incidents(folder: Path, tickets: pd.DataFrame) -> None:
    events = pd.read_parquet(folder / "events.parquet")
    assert set(events["value"].dropna()) == {"open", "pending", "resolved", "closed"}
    transfers = events[events["kind"] == "transfer"].groupby("ticket_id").size()
    counted = transfers.reindex(tickets["ticket_id"]).fillna(0).to_numpy()
    # Three incidents come into the log with a count already, three were counted twice in a row.
    assert ((counted > 0) != (tickets["transfer_count"] > 0).to_numpy()).sum() <= 3
    assert (counted != tickets["transfer_count"].to_numpy()).sum() < 250


def test_the_padded_excerpt_is_read_by_the_same_mapping(real_data: Path, tmp_path: Path) -> None:
    excerpt = real_data / "servicenow" / "incident_event_log_first_5998_rows.csv"
    if not excerpt.is_file():
        pytest.skip(f"no {excerpt.name}")
    result = run_import("servicenow", excerpt, tmp_path / "out")
    assert result.record["inputs"] == {"log": 5_998}
