"""Tests that stand in several reports of one run are one family."""

from __future__ import annotations

import pytest
from statsmodels.stats.multitest import multipletests

from supportlab.reporting.families import adjust_families


def _finding(name: str, p_value: float | None, verdict: str | None = "higher") -> dict[str, object]:
    return {
        "id": name,
        "p_value": p_value,
        "p_adjusted": p_value,
        "ci_level": 0.95,
        "verdict": verdict,
    }


def test_a_market_that_stands_out_alone_does_not_among_seventeen() -> None:
    p_values = [0.0084, *[0.2 + place / 25 for place in range(16)]]
    found = adjust_families([_finding("feedback.csat.trend", p) for p in p_values])
    expected = multipletests(p_values, method="fdr_bh")[1]
    assert [row["p_adjusted"] for row in found] == pytest.approx(list(expected))
    assert found[0]["verdict"] == "no_difference_shown"


def test_a_clear_difference_stays_and_families_do_not_mix() -> None:
    found = adjust_families([_finding("a", 1e-6), _finding("a", 0.9), _finding("b", 0.04)])
    assert [row["verdict"] for row in found] == ["higher", "no_difference_shown", "higher"]
    assert found[2]["p_adjusted"] == 0.04


def test_an_adjustment_within_one_report_is_never_undone() -> None:
    strict = {**_finding("a", 0.01), "p_adjusted": 0.2, "verdict": "no_difference_shown"}
    assert adjust_families([strict])[0]["p_adjusted"] == 0.2


def test_findings_without_a_test_and_the_input_stay_as_they_are() -> None:
    given = [_finding("a", None, None), _finding("a", 0.04)]
    kept = [dict(row) for row in given]
    found = adjust_families(given)
    assert given == kept
    assert found[0] == kept[0]
    assert found[1]["p_adjusted"] == 0.04
