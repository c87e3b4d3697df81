"""The metric table against three other hands: SQL, Polars and pandas, on one world of tickets."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.metric_table.contenders import CONTENDERS, measured
from benchmarks.metric_table.world import AS_OF, write_tables

N_TICKETS = 20_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The benchmark's world, small, with our table beside it."""
    place: Path = tmp_path_factory.mktemp("world")
    write_tables(place, N_TICKETS)
    measured("supportlab", place, AS_OF)
    return place


def test_the_world_has_what_the_definitions_are_about(folder: Path) -> None:
    tickets = pd.read_parquet(folder / "tickets.parquet")
    assert len(tickets) == N_TICKETS
    assert {"open", "merged", "spam", "closed"} <= set(tickets.status)
    assert tickets.first_response_at.isna().sum() > 500
    assert (tickets.reopened_count > 0).sum() > 500
    assert tickets.customer_id.duplicated().sum() > 500
    surveys = pd.read_parquet(folder / "surveys.parquet")
    assert surveys[surveys.score.notna()].ticket_id.duplicated().sum() > 5


@pytest.mark.parametrize("name", [name for name in CONTENDERS if name != "supportlab"])
def test_another_hand_gets_the_same_table(name: str, folder: Path) -> None:
    measured(name, folder, AS_OF)
    ours, theirs = (pd.read_parquet(folder / f"{one}.table") for one in ("supportlab", name))
    assert len(theirs.columns) == 38
    pd.testing.assert_frame_equal(theirs, ours[theirs.columns])
    assert ours.first_response_p50_seconds.notna().mean() > 0.9
    assert 0.5 < ours.resolution_time_p90_seconds.notna().mean() < 1
