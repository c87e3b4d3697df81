"""The sample's planted hazard ratios, and what the studies of bad service make of them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from supportlab.desk import Desk
from supportlab.errors import ParameterError
from supportlab.results import Estimate, findings_json
from supportlab.studies.churn.doses import churn_doses
from supportlab.studies.churn.effect_groups import churn_effect_groups
from supportlab.studies.churn.effects import churn_effects
from supportlab.studies.churn.naive import churn_naive
from supportlab.studies.churn.second_opinion import churn_second_opinion


@pytest.fixture(scope="module")
def desk(sample_desk: Desk) -> Desk:
    return sample_desk


@pytest.fixture(scope="module")
def truth(sample_path: Path) -> dict[str, float]:
    text = (sample_path / "truth.json").read_text(encoding="utf-8")
    planted: dict[str, float] = json.loads(text)["churn"]["hazard_ratios"]
    return planted


@pytest.fixture(scope="module")
def effects(desk: Desk) -> Estimate:
    return churn_effects(desk)


def test_all_planted_ratios_lie_in_their_intervals(
    effects: Estimate, truth: dict[str, float]
) -> None:
    rows = effects.table.set_index("measure")
    inside = {name: rows.at[name, "ci_low"] <= ratio <= rows.at[name, "ci_high"]
              for name, ratio in truth.items()}  # fmt: skip
    assert inside == dict.fromkeys(truth, True)
    # Without adjustment more than one of them is missed, and all come out too high.
    missed = [name for name, ratio in truth.items() if rows.at[name, "unadjusted_low"] > ratio]
    assert {"reopened", "slow_first_response"} <= set(missed)


def test_the_strong_measures_are_found_and_nothing_is_made_up(effects: Estimate) -> None:
    rows = effects.table.set_index("measure")
    for name in ("reopened", "slow_resolution", "csat_bad"):
        assert rows.at[name, "verdict"] == "higher"
    # No planted effect of their own: contacts, silence, and NPS at equal service.
    for name in ("contacts", "survey_silent", "nps_detractor"):
        assert rows.at[name, "p_adjusted"] > 0.05
    assert (rows["p_adjusted"].dropna() >= rows["p_value"].dropna()).all()


def test_what_these_data_cannot_tell_is_refused_with_the_reason(effects: Estimate) -> None:
    refused = {item.group["measure"]: item for item in effects.findings if item.estimate is None}
    assert set(refused) == {"ces_high"}
    assert "average hazard" in (refused["ces_high"].reason or "")
    assert {item.id for item in effects.findings} == {"churn.quality.effect"}


def test_findings_carry_all_that_qualifies_them(effects: Estimate) -> None:
    for item in effects.findings:
        assert item.design == "adjusted"
        assert item.n_clusters == 9478
        if item.estimate is None:
            continue
        assert item.sensitivity is not None
        assert float(str(item.sensitivity["estimate"])) >= 1.0
        assert "not" in " ".join(item.caveats)
        assert not {"cause", "causes", "caused"} & set(" ".join(effects.sentences).split())
    assert findings_json(effects.findings) == findings_json(effects.findings)
    assert "2.0" in effects.alt


def test_the_naive_figures_turn_the_sign(desk: Desk, truth: dict[str, float]) -> None:
    found = churn_naive(desk, every=True)
    table = found.table
    for figure in ("ever against never", "ever, from the first month"):
        rows = table.loc[table["figure"] == figure].set_index("measure")
        for name in ("reopened", "slow_resolution", "escalated", "csat_bad", "channel_mismatch"):
            assert rows.at[name, "naive_high"] < 1.0 < truth[name]
    assert set(table["figure"]) >= {"closed tickets only", "answerers only"}
    assert len(found.sentences) == table["figure"].nunique()


def test_leaving_rises_with_the_number_of_bad_tickets(desk: Desk) -> None:
    found = churn_doses(desk)
    steps = found.table["estimate"].to_numpy(dtype=float)[:4]
    assert (steps[1:] > steps[:-1]).all()
    line = found.table.iloc[-1]
    assert line["ci_low"] > 1.2
    assert line["p_adjusted"] < 0.001


def test_groups_are_shrunk_and_one_ratio_for_all_is_not_rejected(desk: Desk) -> None:
    """The sample has one ratio in all markets."""
    found = churn_effect_groups(desk, "reopened", by="market")
    known = found.table.loc[found.table["estimate"].notna()]
    assert found.checks[0].passed
    assert known["shrunk"].std() < known["estimate"].std()
    assert known["shrunk"].is_monotonic_decreasing
    assert ((known["shrunk_low"] <= 1.8) & (known["shrunk_high"] >= 1.8)).mean() >= 0.9
    assert known["n_expected_with"].min() >= 5.0
    assert found.table["reason"].notna().sum() == found.table["estimate"].isna().sum() > 0


def test_cox_gives_a_second_opinion_on_the_same_months(desk: Desk) -> None:
    found = churn_second_opinion(desk, max_customers=800, seed=3)
    gaps = found.table["cox"] / found.table["estimate"]
    assert gaps.between(0.93, 1.07).all()
    assert (found.table["poisson"] / found.table["estimate"]).between(0.95, 1.05).all()
    assert found.checks[0].passed
    assert "drawn with seed 3" in found.sentences[0]


def test_a_control_category_is_held_against_one(desk: Desk) -> None:
    found = churn_effects(
        desk, control_categories=("product_question",), start="2026-01-01", measures=("reopened",)
    )
    row = found.table.set_index("measure").loc["administrative"]
    assert row["ci_low"] < 1.0 < row["ci_high"]
    assert pd.isna(row["p_adjusted"])
    assert found.checks[0].name == "negative control"
    assert found.checks[0].passed
    assert "administrative" not in {item.group["measure"] for item in found.findings}


def test_an_unknown_measure_is_named(desk: Desk) -> None:
    with pytest.raises(ParameterError, match="reopened"):
        churn_effects(desk, measures=("reopend",))


def test_a_desk_that_cannot_tell_says_so(desk: Desk) -> None:
    found = churn_effects(desk, start="2026-06-01")
    assert found.findings[0].status == "not_estimable"
    assert found.table["reason"].notna().all()
