"""Signals, the list of risk, follow-up and spend on the sample world, whose truth is known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from supportlab.errors import ParameterError
from supportlab.studies.churn.follow_up import follow_up
from supportlab.studies.churn.risk_list import risk_list
from supportlab.studies.churn.signal_frame import signal_frame
from supportlab.studies.churn.signal_horizons import signal_horizons
from supportlab.studies.churn.signals import signal_differences, signal_rank
from supportlab.studies.churn.spend import spend_by_satisfaction


@pytest.fixture(scope="module")
def world(sample_desk):
    return sample_desk


def test_the_months_to_fit_on_know_nothing_of_those_to_judge_on(world):
    frame = signal_frame(world)
    for horizon in (1, 3, 6):
        split = frame.split(horizon)
        assert (split.early["month"] + horizon <= split.border).all()
        assert (split.late["month"] >= split.border).all()
        # Whoever leaves within the horizon does so before its end, in every row.
        told = split.late["months_to_leaving"] < horizon
        assert (told == (split.late["left"] == 1)).all()
        last = frame.rows["month"].max()
        assert (split.late["month"] + horizon - 1 <= last).all()


def test_the_frame_counts_the_departures_of_pandas(world, sample_path):
    import pandas as pd

    frame = signal_frame(world).rows
    panel_left = (frame["months_to_leaving"] == 0).sum()
    from supportlab.metrics import churn

    sums = churn(world, by="month", cluster=None).fetch().set_index("month")
    first = pd.Timestamp(int(frame["month"].min()) // 12, int(frame["month"].min()) % 12 + 1, 1)
    kept = sums[sums.index >= first.strftime("%Y-%m")]
    assert panel_left == kept["n_success"].sum()
    assert len(frame) == kept["n"].sum()


def test_service_foretells_and_nps_is_not_shown_to(world):
    found = signal_rank(world)
    table = found.table.set_index("signal")
    # The world's hazards rise with failed and slow tickets; NPS only mirrors them, dimly.
    assert table.loc["fcr", "verdict"] == "higher"
    assert table.loc["first_response", "verdict"] == "higher"
    assert table.loc["nps", "verdict"] == "no_difference_shown"
    assert table.loc["fcr", "best_rank"] == 1
    pairs = signal_differences(world).table
    worse = ((pairs["second"] == "nps") & (pairs["verdict"] == "higher")).sum()
    worse += ((pairs["first"] == "nps") & (pairs["verdict"] == "lower")).sum()
    assert table.loc["nps", "best_rank"] == 1 + worse
    assert (table["p_adjusted"] >= table["p_value"]).all()
    ids = {finding.id for finding in found.findings}
    assert ids == {"churn.predictor.rank", "churn.predictor.gain"}


def test_claim_seven_is_judged_near_and_far_and_refused_where_months_lack(world):
    table = signal_horizons(world, horizons_months=(1, 6, 12)).table
    known = table.set_index(["horizon_months", "customers"])
    assert known.loc[(1, "all"), "estimate"] < 0
    assert known.loc[(6, "all"), "verdict"] in {"no_difference_shown", "equivalent"}
    # So few answered both that only a year of all months could tell.
    assert "needed" in known.loc[(1, "answered both"), "reason"]
    assert "12 months" in known.loc[(12, "all"), "reason"]
    with pytest.raises(ParameterError, match="nsp"):
        signal_horizons(world, first="nsp")


def test_the_list_is_calibrated_has_lift_and_names_nobody_unless_asked(world):
    found = risk_list(world)
    assert found.findings == ()
    assert all(check.passed for check in found.checks)
    assert "customer_id" not in found.table
    table = found.table
    # Foretold before, observed after, in every group of risk.
    assert (table["foretold_rate"] <= table["observed_high_rate"] * 1.05).all()
    assert (table["foretold_rate"] >= table["observed_low_rate"] * 0.9).all()
    assert table["observed_rate"].is_monotonic_decreasing
    named = risk_list(world, show_ids=True, most_rows=7)
    assert len(named.table) == 7
    assert named.table["chance"].is_monotonic_decreasing
    assert any("personal data" in caveat for caveat in named.caveats)
    with pytest.raises(ParameterError, match="most_rows"):
        risk_list(world, show_ids=True, most_rows=5000)


def test_follow_up_is_in_reach_of_the_truth_and_says_that_it_is_too_small(world, sample_path):
    truth = json.loads((sample_path / "truth.json").read_text(encoding="utf-8"))["churn"]
    found = follow_up(world)
    (finding,) = found.findings
    assert finding.ci_low <= truth["hazard_ratio_followed_up_detractor"] <= finding.ci_high
    assert finding.verdict == "no_difference_shown"
    assert finding.checks[0].passed is False
    assert finding.design == "adjusted"
    refused = follow_up(world, kind="csat").findings[0]
    assert refused.status == "not_estimable"


def test_spend_is_that_of_pandas_and_the_truth_of_no_effect_is_covered(world, sample_path):
    import pandas as pd

    found = spend_by_satisfaction(world)
    table = found.table.set_index("comparison")
    (finding,) = found.findings
    # Nothing in this world makes satisfied customers buy more but staying on.
    assert finding.verdict == "no_difference_shown"
    assert finding.ci_low < 0 < finding.ci_high
    surveys = pd.read_parquet(sample_path / "surveys.parquet")
    people = pd.read_parquet(sample_path / "customers.parquet").set_index("customer_id")
    paid = pd.read_parquet(sample_path / "payments.parquet")
    paid = paid[paid["status"] == "succeeded"]
    answers = surveys[(surveys["kind"] == "csat") & surveys["score"].notna()]
    late = (answers["responded_at"] - answers["sent_at"]) <= pd.Timedelta(days=14)
    answers = answers[late].sort_values(["customer_id", "responded_at", "survey_id"])
    span, at = pd.Timedelta(days=90), answers["responded_at"]
    since = people["signed_up_at"].reindex(answers["customer_id"]).to_numpy()
    end = pd.Timestamp("2026-07-01", tz=at.dt.tz)
    inside = (at >= paid["attempted_at"].min() + span) & (at <= end - span)
    inside &= (pd.DatetimeIndex(since) <= (at - span)).to_numpy()
    first = answers[inside].drop_duplicates("customer_id")
    counts = {"good": (first["score"] >= 4).sum(), "bad": (first["score"] <= 2).sum()}
    assert table["n"].iloc[0] == counts["good"] + counts["bad"]
    rates = pd.read_parquet(sample_path / "fx_rates.parquet")
    rates["day"] = pd.to_datetime(rates["date"]).dt.date
    paid = paid.assign(day=paid["attempted_at"].dt.date)
    rated = paid.merge(rates, left_on=["day", "presentment_currency"], right_on=["day", "currency"],
                       how="left")  # fmt: skip
    unit = rated["per_unit"].astype(float).where(rated["presentment_currency"] != "USD", 1.0)
    rated["value"] = rated["amount"].astype(float) * unit
    good = first[first["score"] >= 4][["customer_id", "responded_at"]]
    both = good.merge(rated[["customer_id", "attempted_at", "value"]], on="customer_id")
    after = both[(both["attempted_at"] >= both["responded_at"])
                 & (both["attempted_at"] < both["responded_at"] + span)]  # fmt: skip
    mean = after["value"].sum() / len(good)
    assert table.loc["spend after", "satisfied"] == pytest.approx(mean, rel=1e-3)
    assert np.isclose(
        table.loc["change, of all", "estimate"],
        table.loc["change, of all", "satisfied"] - table.loc["change, of all", "dissatisfied"],
    )
