"""Studies on the sample world, whose truth is known."""

from __future__ import annotations

import json

import pytest

from supportlab.studies import feedback
from supportlab.studies.common.levels import level


@pytest.fixture(scope="module")
def world(sample_desk):
    return sample_desk


@pytest.fixture(scope="module")
def truth(sample_path):
    return json.loads((sample_path / "truth.json").read_text(encoding="utf-8"))


def test_fcr_covers_the_truth(world, truth):
    found = level(world, "fcr").findings[0]
    assert found.ci_low <= truth["service"]["fcr"] <= found.ci_high


def test_the_median_resolution_covers_the_truth(world, truth):
    found = level(world, "resolution_time").findings[0]
    assert found.ci_low <= truth["service"]["median_resolution_hours"] <= found.ci_high


def test_csat_tells_of_those_who_answer_and_its_bounds_hold_everybody(world, truth):
    surveys = truth["surveys"]
    found = level(world, "csat").findings[0]
    assert found.ci_low <= surveys["csat_top_two_answers"] <= found.ci_high
    # The answers alone are biased by more than the interval is wide: that is why there are bounds.
    assert not found.ci_low <= surveys["csat_top_two_all"] <= found.ci_high
    row = feedback.bounds(world).table.iloc[0]
    assert row["lowest_share"] < surveys["csat_top_two_all"] < row["highest_share"]
    assert row["response_rate"] == pytest.approx(surveys["csat_response_rate"], abs=0.005)
