"""Feedback on the sample world, whose truth is known, and on small desks that must be refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from supportlab.desk import open_desk
from supportlab.errors import NotEstimable, ParameterError
from supportlab.findings import findings_json
from supportlab.metrics.asked_tickets import asked_tickets
from supportlab.plots import close_figure
from supportlab.studies import feedback
from supportlab.studies.feedback.mix_series import mix_series


@pytest.fixture(scope="module")
def world(sample_desk):
    return sample_desk


@pytest.fixture(scope="module")
def truth(sample_path):
    return json.loads((sample_path / "truth.json").read_text(encoding="utf-8"))["surveys"]


@pytest.fixture(scope="module")
def shifts(world):
    return feedback.csat_shifts(world, draws=199)


@pytest.fixture(scope="module")
def asking(world):
    return feedback.invitation_selectivity(world)


def test_asked_tickets_are_those_of_brute_force(world, sample_path):
    ours = asked_tickets(world, ("channel", "resolution_band"), cluster=None).fetch()
    tickets = pd.read_parquet(sample_path / "tickets.parquet")
    surveys = pd.read_parquet(sample_path / "surveys.parquet")
    surveys = surveys[surveys["kind"] == "csat"].set_index("ticket_id")
    ended = tickets[
        tickets["status"].isin(["resolved", "closed"])
        & (tickets["initiated_by"] != "agent")
        & (tickets["resolved_at"] <= pd.Timestamp("2026-06-17", tz="UTC"))
    ]
    # Facts come from the log, so single tickets may differ from the table's own columns.
    assert ours["n"].sum() == pytest.approx(len(ended), rel=0.002)
    asked = ended["ticket_id"].isin(surveys.index)
    assert ours["n_asked"].sum() == pytest.approx(asked.sum(), rel=0.002)
    scores = ended["ticket_id"].map(surveys["score"])
    assert ours["n_answered"].sum() == pytest.approx(scores.notna().sum(), rel=0.002)
    assert ours["n_success"].sum() == pytest.approx((scores >= 4).sum(), rel=0.002)
    hours = (ended["resolved_at"] - ended["created_at"]).dt.total_seconds() / 3600
    quick = ours.loc[ours["resolution_band"] == "under 1 h", "n"].sum()
    assert quick == pytest.approx((hours < 1).sum(), rel=0.01)


def test_weights_take_out_part_of_the_bias_and_the_curve_holds_the_rest(world, truth):
    found = feedback.csat_adjusted(world)
    (finding,) = found.findings
    naive, everybody = truth["csat_top_two_answers"], truth["csat_top_two_all"]
    table = found.table.set_index(["weights", "of_whom"])["estimate"]
    assert table["none", "answers"] == pytest.approx(naive, abs=0.002)
    # Kind of ticket alone leaves most of the bias; with FCR and time in it, less than half is left.
    assert table["kind of ticket", "all ended tickets"] - everybody > 0.04
    assert 0 < finding.estimate - everybody < 0.4 * (naive - everybody)
    # The rest hangs on the answer itself: the interval does not hold it, the curve does.
    low, high = finding.sensitivity["estimate_low"], finding.sensitivity["estimate_high"]
    assert low < everybody < high
    assert all(check.passed for check in finding.checks)


def test_the_sensitivity_curve_goes_through_the_adjusted_level(world):
    curve = feedback.csat_sensitivity(world)
    middle = curve.table.loc[curve.table["silent_odds_ratio"] == 1.0, "estimate"].iloc[0]
    assert middle == pytest.approx(feedback.csat_adjusted(world).findings[0].estimate, abs=0.005)
    close_figure(curve.plot())


def test_agents_who_are_flagged_do_withhold(asking, truth):
    flagged = [item.group["agent_id"] for item in asking.findings if item.group]
    assert len(flagged) >= 10
    # One in twenty of the flagged may be innocent.
    assert len(set(flagged) - set(truth["withholding_agents"])) <= 1
    first = asking.table.head(15)["agent"]
    assert first.isin(truth["withholding_agents"]).mean() > 0.75
    whole = asking.findings[0]
    assert whole.ci_high < 0
    assert all(item.verdict == "lower" for item in asking.findings[1:])
    close_figure(asking.plot())


def test_the_planted_shift_is_the_nearest_and_no_other_is_shown(shifts, truth):
    table = shifts.table.set_index("group")
    nearest = table["p_value"].idxmin()
    assert nearest == truth["shift_market"]
    row = table.loc[nearest]
    assert abs(pd.Period(row["month"], "M").ordinal - pd.Period("2025-09", "M").ordinal) <= 1
    assert row["ci_low"] < truth["shift_csat_top_two"] < row["ci_high"]
    assert {item.group.get("market") for item in shifts.findings} <= {truth["shift_market"]}
    assert len(table) == 18
    assert (table["detectable_share"] > 0.03).all()


def test_series_add_up_to_the_whole(world):
    whole, *markets = mix_series(world, "market", "month", None, None)
    assert sum(item.n for item in markets) == pytest.approx(whole.n)
    assert sum(item.expected for item in markets) == pytest.approx(whole.expected)
    assert whole.expected.sum() == pytest.approx(whole.hits.sum(), rel=0.02)
    assert whole.columns == ("market", "channel", "category")


def test_one_market_is_looked_at_once(world):
    found = feedback.csat_shifts(world.where(market="BR"), draws=199)
    assert found.table["group"].tolist() == ["market BR"]


def test_weeks_give_the_same_answers(world):
    found = feedback.csat_shifts(world, by=None, grain="week", draws=49)
    (row,) = found.table.to_dict("records")
    months = mix_series(world, None, "month", None, None)[0]
    assert row["n"] == pytest.approx(months.n.sum(), rel=0.05)
    assert row["status"] == "none shown"


def test_parts_of_a_change_add_up_in_every_grouping(world):
    found = feedback.csat_change(world, split="2025-09")
    change = found.table["estimate"].iloc[0]
    sums = found.table.iloc[1:].groupby("grouping")["estimate"].sum()
    assert set(sums.index) == {"market", "channel", "topic"}
    assert sums.to_numpy() == pytest.approx(np.full(3, change))
    with pytest.raises(ParameterError, match="split"):
        feedback.csat_change(world, split="2031-01")
    close_figure(found.plot())


def test_the_chart_has_limits_around_every_month(world):
    found = feedback.csat_chart(world)
    table = found.table
    inside = table["estimate"].between(table["limit_low_rate"], table["limit_high_rate"])
    assert (inside == ~table["is_out"]).all()
    assert table["n"].sum() == mix_series(world, None, "month", None, None)[0].n.sum()
    close_figure(found.plot())


def test_the_same_call_gives_the_same_bytes(world, shifts):
    again = feedback.csat_shifts(world, draws=199)
    assert again.table.equals(shifts.table)
    assert findings_json(again.findings) == findings_json(shifts.findings)


@pytest.fixture(scope="module")
def answers_only(tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers")
    rng = np.random.default_rng(1)
    days = pd.date_range("2025-01-01", periods=300, freq="D").strftime("%Y-%m-%dT00:00:00Z")
    frame = pd.DataFrame(
        {
            "survey_id": [f"S{place}" for place in range(300)],
            "customer_id": [f"C{place}" for place in range(300)],
            "kind": "csat",
            "sent_at": days,
            "responded_at": days,
            "score": rng.integers(3, 6, 300),
            "scale_min": 1,
            "scale_max": 5,
            "high_is_good": "true",
        }
    )
    frame.to_csv(folder / "surveys.csv", index=False)
    config = {"timezone": "UTC", "surveys": {"invitations": False}}
    return open_desk(folder, as_of="2026-01-01", config=config, strict=False)


def test_what_a_source_of_answers_cannot_tell_is_refused(answers_only):
    for study in (feedback.csat_adjusted, feedback.invitation_selectivity):
        (finding,) = study(answers_only).findings
        assert finding.status == "not_estimable"
        assert "ticket" in finding.reason
    with pytest.raises(NotEstimable, match="ticket_id"):
        asked_tickets(answers_only)
    assert "cannot be given" in feedback.csat_sensitivity(answers_only).summary()
    change = feedback.csat_change(answers_only)
    assert "no grouping" in change.summary()


def test_shifts_need_no_tickets(answers_only):
    found = feedback.csat_shifts(answers_only, by=None, draws=99)
    assert found.table["status"].tolist() == ["none shown"]
    assert "season and shift cannot be told apart" in " ".join(found.caveats)
    short = feedback.csat_shifts(answers_only, by=None, end="2025-04-01")
    assert short.findings[0].status == "not_estimable"
