"""The metric table: every figure is the single metric's, and quantiles are those of the curve."""

from __future__ import annotations

import random
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from supportlab import metrics
from supportlab.desk import Desk, open_desk
from supportlab.errors import NotEstimable, ParameterError
from supportlab.metrics import engine_quantiles
from supportlab.metrics.engine_quantiles import early_ends, first_open, survival_quantiles
from supportlab.stats import kaplan_meier, survival_intervals, survival_quantile

SHARES = (0.25, 0.5, 0.9)
DURATIONS = ("first_response", "resolution_time")
GROUPS = [("market", "channel", "month"), ("segment", "week"), ()]


def quantile(frame: pd.DataFrame, share: float) -> int | None:
    """The same figure by the floor above, from the event table."""
    try:
        columns = ("duration_seconds", "n_events", "n_censored")
        curve = kaplan_meier(*(frame[name].to_numpy(dtype=float) for name in columns))
        return int(survival_quantile(curve, share).estimate)
    except NotEstimable:
        return None


def own(table: pd.DataFrame, name: str, by: tuple[str, ...]) -> pd.DataFrame:
    """Return a metric's sums in the groups that have any row of it, as the metric gives them."""
    prefix = f"{name}_"
    columns = {c: c.removeprefix(prefix) for c in table if c.startswith(prefix)}
    frame = table[[*by, *columns]].rename(columns=columns)
    counts = [c for c in frame if c == "n" or c.startswith("n_")]
    return frame[(frame[counts] != 0).any(axis=1)].reset_index(drop=True)


def single(desk: Desk, name: str, by: tuple[str, ...], **options: object) -> pd.DataFrame:
    frame = getattr(metrics, name)(desk, by=by, cluster=None, **options).fetch()
    counts = [c for c in frame if c == "n" or c.startswith("n_")]
    return frame[(frame[counts] != 0).any(axis=1)].reset_index(drop=True)


@pytest.fixture(scope="module", params=GROUPS, ids=lambda by: "-".join(by) or "whole")
def by(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return request.param


@pytest.fixture(scope="module")
def found(sample_desk: Desk, by: tuple[str, ...]) -> metrics.MetricTable:
    return metrics.metric_table(sample_desk, by=by, quantiles=SHARES, start="2026-02-01")


@pytest.mark.parametrize("name", [n for n in metrics.TABLE_METRICS if n not in DURATIONS])
def test_counts_are_the_single_metrics(
    name: str, found: metrics.MetricTable, sample_desk: Desk, by: tuple[str, ...]
) -> None:
    alone = single(sample_desk, name, by, start="2026-02-01")
    ours = own(found.table, name, by)
    assert len(alone)
    pd.testing.assert_frame_equal(ours[alone.columns], alone)


@pytest.mark.parametrize("name", DURATIONS)
def test_durations_are_the_single_metrics(
    name: str, found: metrics.MetricTable, sample_desk: Desk, by: tuple[str, ...]
) -> None:
    alone = single(sample_desk, name, by, start="2026-02-01")
    groups = alone.groupby(list(by), sort=True) if by else [((), alone)]
    expected = [
        [*key, part.n_events.sum(), part.n_censored.sum(), *(quantile(part, s) for s in SHARES)]
        for key, part in groups
    ]
    ours = own(found.table, name, by)
    ours = ours[ours.n_events + ours.n_censored > 0]
    columns = [*by, "n_events", "n_censored", *(f"p{round(100 * s)}_seconds" for s in SHARES)]
    given = [[None if v is pd.NA else v for v in row] for row in ours[columns].values.tolist()]
    assert given == expected
    assert any(row[-1] is not None for row in given)


def test_records_are_the_single_metrics(
    found: metrics.MetricTable, sample_desk: Desk, by: tuple[str, ...]
) -> None:
    assert not found.refused
    assert [record.name for record in found.definitions] == list(metrics.TABLE_METRICS)
    for record in found.definitions:
        ask = getattr(metrics, record.name)
        assert record == ask(sample_desk, by=by, cluster=None, start="2026-02-01").record()


def test_shares_are_those_of_their_counts(found: metrics.MetricTable) -> None:
    table = found.table
    asked = table[table.fcr_n > 0]
    assert asked.fcr_rate.equals(asked.fcr_n_success / asked.fcr_n)
    assert table.fcr_rate[table.fcr_n == 0].isna().all()


def test_rows_are_in_order_and_the_same_again(sample_desk: Desk) -> None:
    options = {"by": ("language", "channel"), "metrics": ["fcr", "resolution_time"]}
    one, two = (metrics.metric_table(sample_desk, **options).table for _ in "ab")
    pd.testing.assert_frame_equal(one, two)
    keys = one[["language", "channel"]].to_records(index=False).tolist()
    assert keys == sorted(keys)


def test_what_the_data_do_not_give_is_refused_by_name(tmp_path: Path) -> None:
    lines = ["ticket_id,channel,status,created_at", "T1,email,open,2026-03-01T10:00:00Z"]
    (tmp_path / "tickets.csv").write_text("\n".join(lines))
    found = metrics.metric_table(open_desk(tmp_path), by="channel")
    assert found.table.columns.tolist() == ["channel", "volumes_n_created"]
    assert set(found.refused) == set(metrics.TABLE_METRICS) - {"volumes"}
    assert "transfer_count" in found.refused["transfers"]
    with pytest.raises(NotEstimable, match="none of the metrics"):
        metrics.metric_table(open_desk(tmp_path), metrics=["csat"], by="channel")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"metrics": ["fcrr"]}, "'fcrr' is no metric"),
        ({"quantiles": [1.0]}, "quantiles holds 1.0"),
        ({"quantiles": [0.333]}, "whole per cents"),
        ({"by": "mood"}, "cannot group tickets"),
        ({"start": "2026-13-01"}, "ISO date"),
    ],
)
def test_unknown_options_are_refused(options: dict, words: str, sample_desk: Desk) -> None:
    with pytest.raises(ParameterError, match=words):
        metrics.metric_table(sample_desk, **options)


def hard_rows(seed: int) -> pd.DataFrame:
    """Few distinct seconds, so ties of ends and censorings, and from none to nearly all open."""
    world = random.Random(seed)
    groups = []
    for name in "abcdefgh":
        n, open_share = world.choice([1, 2, 5, 40, 300]), world.choice([0, 0.1, 0.5, 0.9])
        longest = world.choice([1, 4, 30, 10**6])
        outcomes = ["censored" if world.random() < open_share else "event" for _ in range(n)]
        seconds = [world.randint(0, longest) for _ in range(n)]
        groups.append(pd.DataFrame({"name": name, "seconds": seconds, "outcome": outcomes}))
    out = pd.DataFrame({"name": ["a"], "seconds": [0], "outcome": ["excluded"]})
    return pd.concat([*groups, out], ignore_index=True)


def event_table(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "duration_seconds": rows.seconds,
            "n_events": (rows.outcome == "event").astype(int),
            "n_censored": (rows.outcome == "censored").astype(int),
        }
    )


@pytest.mark.parametrize("seed", range(12))
def test_quantiles_in_the_engine_are_those_of_stats(seed: int) -> None:
    rows = hard_rows(seed)
    table = ibis.memtable(rows)
    curves = survival_quantiles(table, ["name"], "seconds", "outcome", SHARES).execute()
    curves = curves.set_index("name").sort_index()
    plain = table.group_by("name").aggregate(
        early=early_ends(table.seconds, table.outcome, SHARES),
        first=first_open(table.seconds, table.outcome),
    )
    early = plain.execute().set_index("name")
    for name, part in rows.groupby("name"):
        expected = [quantile(event_table(part), share) for share in SHARES]
        given = [None if pd.isna(v) else int(v) for v in curves.loc[name]]
        assert given == expected
        first = early["first"][name]
        for value, right in zip(early.early[name], expected, strict=True):
            if np.isnan(first) or value <= first:
                assert value == right


def test_a_share_that_is_met_exactly_is_met() -> None:
    """Seven rows of which two were no longer watched: survival is 1/2 to the last digit or not."""
    rows = pd.DataFrame(
        {
            "seconds": [1, 1, 2, 3, 3, 4, 4, 5, 6, 7],
            "outcome": ["event", "censored", *["event"] * 4, "censored", *["event"] * 3],
        }
    )
    for share in (0.1, 0.3, 0.5, 0.55, 0.7, 0.775, 0.85):
        found = survival_quantiles(ibis.memtable(rows), [], "seconds", "outcome", [share])
        assert found.execute().iloc[0, 0] == quantile(event_table(rows), share)


def test_the_allowance_for_rounding_is_that_of_stats() -> None:
    assert engine_quantiles.ROUNDING == survival_intervals.ROUNDING


def test_groups_with_and_without_a_late_quantile_stand_side_by_side(tmp_path: Path) -> None:
    # The 0.9 quantile of AT and its likes lies behind an open ticket; BE has no case, CA a plain
    # order. pandas assigns integers to some rows by wrong labels, so these come last.
    likes = ["AU", "BG", "BR", "CH", "CL", "CZ"]
    rows = pd.DataFrame(
        {
            "market": ["AT"] * 4 + ["BE"] + ["CA"] * 2,
            "created_at": ["2026-01-05T00:00:00Z"] * 3
            + ["2026-01-20T00:00:00Z", "2026-01-05T00:00:00Z"]
            + ["2026-01-05T00:00:00Z"] * 2,
            "first_response_at": [
                "2026-01-05T01:00:00Z",
                "2026-01-05T02:00:00Z",
                "2026-01-25T00:00:00Z",
                None,
                None,
                "2026-01-05T03:00:00Z",
                "2026-01-05T04:00:00Z",
            ],
        }
    )
    others = [rows[:4].assign(market=market) for market in likes]
    tickets = pd.concat([*others, rows], ignore_index=True)
    tickets["initiated_by"] = np.where(tickets["market"] == "BE", "agent", "customer")
    tickets["ticket_id"] = [f"T{place}" for place in tickets.index]
    tickets["channel"], tickets["status"] = "email", "open"
    tickets.to_csv(tmp_path / "tickets.csv", index=False)
    desk = open_desk(tmp_path, as_of="2026-02-01T00:00:00Z")
    table = metrics.metric_table(desk, by=("market",), quantiles=(0.5, 0.9)).table
    hours = table.set_index("market")["first_response_p90_seconds"] / 3600
    assert (hours[["AT", *likes]] == 20 * 24).all()
    assert pd.isna(hours["BE"])
    assert hours["CA"] == 4
