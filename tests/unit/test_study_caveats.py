"""What findings of a study say of themselves: of whom they speak, and how far they go."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from supportlab.desk import open_desk
from supportlab.studies import feedback, readiness
from supportlab.studies.common.levels import level
from supportlab.studies.feedback.trends import trend_verdict

AS_OF = "2026-07-01"
# Fourteen days before the moment of the data.
MATURE_UNTIL = "2026-06-17"
N = 1200


def _stamp(times):
    return pd.Series(times).dt.strftime("%Y-%m-%dT%H:%M:%SZ").fillna("")


def _tickets():
    rng = np.random.default_rng(11)
    created = pd.Timestamp("2025-01-02") + pd.to_timedelta(
        np.sort(rng.integers(0, 544 * 86400, N)), unit="s"
    )
    resolved = pd.Series(created + pd.Timedelta(hours=5))
    return pd.DataFrame(
        {
            "ticket_id": [f"{i:05d}" for i in range(N)],
            "customer_id": [f"C{i}" for i in rng.integers(0, 700, N)],
            "agent_id": [f"A{i:02d}" for i in rng.integers(0, 15, N)],
            "team_id": rng.choice(["T1", "T2", ""], N, p=[0.5, 0.45, 0.05]),
            "market": rng.choice(["DE", "US", ""], N, p=[0.6, 0.35, 0.05]),
            "channel": rng.choice(["email", "chat"], N),
            "category": "billing",
            "status": "resolved",
            "created_at": _stamp(created),
            "first_response_at": _stamp(created + pd.Timedelta(hours=1)),
            "resolved_at": _stamp(resolved),
            "reopened_count": rng.binomial(1, 0.1, N),
            "contact_count": 1,
            "transfer_count": 0,
        }
    )


def _surveys(tickets):
    rng = np.random.default_rng(12)
    kind = rng.choice(["csat", "nps"], N, p=[0.7, 0.3])
    sent = pd.to_datetime(tickets["resolved_at"]).dt.tz_localize(None)
    # Germans answer far more often than others, and recommendation is asked in vain.
    rate = np.where(tickets["market"] == "DE", 0.8, 0.2) * np.where(kind == "nps", 0.5, 1.0)
    heard = rng.random(N) < rate
    top = np.where(kind == "nps", 10, 5)
    score = np.where(rng.random(N) < 0.7, top, 1)
    return pd.DataFrame(
        {
            "survey_id": [f"S{i}" for i in range(N)],
            "ticket_id": tickets["ticket_id"],
            "customer_id": tickets["customer_id"],
            "agent_id": tickets["agent_id"],
            "market": tickets["market"],
            "channel": tickets["channel"],
            "kind": kind,
            "sent_at": _stamp(sent),
            "responded_at": _stamp((sent + pd.Timedelta(hours=2)).where(heard)),
            "score": pd.Series(score).astype(str).where(heard, ""),
            "scale_min": np.where(kind == "nps", 0, 1),
            "scale_max": top,
            "high_is_good": "true",
        }
    )


def _desk(folder, *, strict=True, **tables):
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return open_desk(folder, as_of=AS_OF, strict=strict)


@pytest.fixture(scope="module")
def frames():
    tickets = _tickets()
    return {"tickets": tickets, "surveys": _surveys(tickets)}


@pytest.fixture(scope="module")
def desk(frames, tmp_path_factory):
    return _desk(tmp_path_factory.mktemp("caveats") / "whole", **frames)


@pytest.fixture(scope="module")
def germany(desk):
    return desk.where(market="DE")


def _of(found, **group):
    return next(item for item in found.findings if dict(item.group) == group)


def _text(item):
    return " ".join(item.caveats)


def test_a_groups_csat_carries_the_bounds_of_that_group(desk):
    found = feedback.csat(desk, by="market")
    rows = feedback.bounds(desk, by="market").table.set_index("market")
    assert rows.loc["DE", "response_rate"] > 2 * rows.loc["US", "response_rate"]
    for market in ("DE", "US"):
        item = _of(found, market=market)
        rate = f"{100 * rows.loc[market, 'response_rate']:.1f} %"
        (check,) = [check for check in item.checks if "did not answer" in check.name]
        assert check.detail.startswith(rate)
        assert f"speaks for the {rate}" in _text(item)
    assert any("All groups together" in words for words in found.caveats)


def test_a_group_without_mature_invitations_was_not_judged(desk, frames, tmp_path):
    surveys = frames["surveys"].copy()
    is_late = (surveys["sent_at"] >= MATURE_UNTIL) & (surveys["kind"] == "csat")
    assert is_late.sum() >= 8
    surveys.loc[is_late, "channel"] = "phone"
    surveys.loc[is_late, "score"] = "5"
    surveys.loc[is_late, "responded_at"] = AS_OF + "T00:00:00Z"
    found = feedback.csat(_desk(tmp_path / "late", surveys=surveys), by="channel")
    item = _of(found, channel="phone")
    assert item.status == "estimated"
    assert "Non-response was not judged" in _text(item)
    assert "could lie anywhere" not in _text(item)


@pytest.mark.parametrize("estimate", [feedback.csat, feedback.nps])
def test_young_months_and_the_whole_say_that_they_can_move(desk, frames, estimate):
    kind = estimate.__name__
    surveys = frames["surveys"]
    young = surveys.loc[
        (surveys["kind"] == kind) & (surveys["sent_at"] >= MATURE_UNTIL) & (surveys["score"] != "")
    ]
    assert len(young) > 0
    found = estimate(desk, by="month")
    for item in found.findings:
        assert ("can still move" in _text(item)) == (item.group["month"] == "2026-06")
    words = f"{len(young)} of the answers are to invitations sent from {MATURE_UNTIL} on"
    assert words in _text(_of(found, month="2026-06"))
    assert words in _text(_of(estimate(desk)))
    assert words in " ".join(found.caveats)
    assert "can still move" not in _text(_of(estimate(desk, end=MATURE_UNTIL)))


def test_answers_that_do_not_count_widen_the_bounds(frames, tmp_path):
    surveys = frames["surveys"].loc[lambda t: t["kind"] == "csat"].reset_index(drop=True)
    surveys["sent_at"] = "2026-03-01T00:00:00Z"
    surveys["responded_at"] = surveys["responded_at"].where(
        surveys["score"] == "", "2026-03-02T00:00:00Z"
    )
    off_scale = surveys.index[surveys["score"] != ""][:100]
    surveys.loc[off_scale, "score"] = "9"
    row = feedback.bounds(_desk(tmp_path / "off", strict=False, surveys=surveys)).table.iloc[0]
    points = pd.to_numeric(surveys["score"].replace({"": None, "9": None}))
    assert row["lowest_share"] == pytest.approx((points.fillna(1) >= 4).mean())
    assert row["highest_share"] == pytest.approx((points.fillna(5) >= 4).mean())
    assert row["usable_share"] == pytest.approx(points.notna().mean())


def test_no_usable_answer_leaves_everything_open(frames, tmp_path):
    surveys = frames["surveys"].loc[lambda t: t["kind"] == "csat"].copy()
    surveys.loc[(surveys["score"] != "") & (surveys["channel"] == "chat"), "score"] = "9"
    rows = feedback.bounds(
        _desk(tmp_path / "unusable", strict=False, surveys=surveys), by="channel"
    ).table
    chat = rows.set_index("channel").loc["chat"]
    assert chat["response_rate"] > 0.3
    assert (chat["lowest_share"], chat["highest_share"]) == (0.0, 1.0)


def test_a_response_rate_over_kinds_says_so_and_how_far_they_differ(desk):
    item = feedback.response_rate(desk).findings[0]
    assert "all kinds of survey pooled" in item.estimand
    found = feedback.response_rate_groups(desk)
    kinds = {name: _of(found, kind=name) for name in ("csat", "nps")}
    assert kinds["nps"].estimate < kinds["csat"].estimate
    for kind in kinds.values():
        assert "pooled" not in kind.estimand + _text(kind)
    span = " to ".join(f"{100 * kinds[k].estimate:.1f} % ({k})" for k in ("nps", "csat"))
    assert span in _text(item)
    assert span in _text(_of(found, market="DE"))


def test_a_slice_is_not_called_the_whole_desk(desk, germany):
    for found in (level(germany, "fcr"), feedback.csat(germany), feedback.csat_trend(germany)):
        for item in found.findings:
            assert "whole desk" not in item.estimand
            assert item.estimand.count("market DE") == 1
    assert level(germany, "fcr", by="channel").findings[0].estimand.count("market DE, channel")
    assert level(desk, "fcr").findings[0].estimand.endswith("whole desk")
    two = desk.where(market=("DE", "US"))
    assert level(two, "fcr").findings[0].estimand.endswith("market DE or US")


def test_tables_of_a_slice_count_its_rows(desk, germany, frames):
    sizes = readiness.tables(germany).table.set_index("table")["n_rows"]
    assert sizes["tickets"] == (frames["tickets"]["market"] == "DE").sum()
    assert sizes["surveys"] == (frames["surveys"]["market"] == "DE").sum()
    assert "market DE" in readiness.tables(germany).summary()
    assert readiness.tables(desk).table.set_index("table").loc["tickets", "n_rows"] == N


def test_fcr_of_a_slice_says_what_it_cannot_see(desk, germany):
    assert "filed elsewhere is not seen" in _text(level(germany, "fcr").findings[0])
    assert "filed elsewhere" not in _text(level(desk, "fcr").findings[0])
    assert "filed elsewhere" not in _text(level(germany, "csat").findings[0])


def test_the_row_flow_speaks_of_fcr_alone(desk):
    words = readiness.row_flow(desk).summary()
    assert "count for first contact resolution" in words


@pytest.mark.parametrize("column", ["market", "team_id"])
def test_rows_without_a_group_are_counted_and_give_no_finding(desk, frames, column):
    found = level(desk, "first_response", by=column)
    n = int((frames["tickets"][column] == "").sum())
    names = {item.group[column] for item in found.findings}
    assert names == set(frames["tickets"][column]) - {""}
    word = column.removesuffix("_id")
    assert any(f"{n} tickets without a {word} are in no group" in c for c in found.caveats)


def test_the_trend_counts_answers_without_a_group(desk):
    found = feedback.csat_trend(desk, by="market")
    assert {str(item.group.get("market")) for item in found.findings} == {"None", "DE", "US"}
    assert not any("without a market" in c for c in feedback.csat_trend(desk, by=None).caveats)
    shown = feedback.csat_trend(desk, by="market").caveats
    assert any("without a market" in c for c in shown)


def test_the_only_group_of_a_slice_is_no_second_test(desk, germany):
    table = feedback.csat_trend(germany, by="market").table
    assert len(table) == 2
    assert table["p_value"].nunique() == 1
    assert table["p_adjusted"].tolist() == table["p_value"].tolist()
    assert "one look" in feedback.csat_trend(germany, by="market").summary()
    more = feedback.csat_trend(germany, by="channel").table
    assert (more["p_adjusted"] > more["p_value"]).any()
    assert "3 looks" in feedback.csat_trend(germany, by="channel").summary()


def test_the_verdict_follows_the_adjusted_p_value_and_the_interval(desk):
    assert trend_verdict(0.01, 0.001, 0.003) == "higher"
    assert trend_verdict(0.01, -0.003, -0.001) == "lower"
    assert trend_verdict(0.06, 0.001, 0.003) == "no_difference_shown"
    assert trend_verdict(0.06, 0.001, 0.003, level=0.9) == "higher"
    assert trend_verdict(0.5, -0.0005, 0.0005) == "equivalent"
    assert trend_verdict(None, 0.001, 0.003) is None
    for item in feedback.csat_trend(desk).findings:
        again = trend_verdict(item.p_adjusted, item.ci_low, item.ci_high, level=item.ci_level)
        assert again == item.verdict


def test_first_response_says_what_becomes_of_the_unanswered(desk):
    assert "a bot ended" in _text(level(desk, "first_response").findings[0])


def test_what_is_alike_is_named_by_its_cluster(desk, frames, tmp_path):
    assert "one agent, or of one customer" in feedback.csat(desk).summary()
    surveys = frames["surveys"].drop(columns="agent_id")
    words = feedback.csat(_desk(tmp_path / "customers", surveys=surveys)).summary()
    assert "Answers of one customer" in words
    assert "agent" not in words
