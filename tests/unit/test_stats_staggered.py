"""Staggered roll-outs: another package, brute force, special cases, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.staggered import imputed_effect, two_way_fixed_effect

GOLDEN = Path(__file__).parents[1] / "golden" / "effects_golden.json"
UNIT, PERIOD = np.repeat(np.arange(12), 8), np.tile(np.arange(8), 12)
ADOPTED = np.where(UNIT < 8, 3.0 + UNIT % 3, np.nan)


def exact(effect: np.ndarray, n: np.ndarray) -> dict[str, Any]:
    mean = 0.2 + 0.01 * UNIT + 0.005 * PERIOD**2 + np.where(PERIOD >= ADOPTED, effect, 0.0)
    return {
        "unit": UNIT, "period": PERIOD, "n": n, "total": n * mean, "adopted": ADOPTED,
    }  # fmt: skip


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    stored = json.loads(GOLDEN.read_text(encoding="utf-8"))["roll_out"]
    rows = {name: np.array(values, dtype=float) for name, values in stored["rows"].items()}
    n = np.full(rows["unit"].size, 1000.0)
    adopted = np.where(rows["adopted"] > 100, np.nan, rows["adopted"])
    cells = {"unit": rows["unit"], "period": rows["period"], "n": n, "total": rows["hits"]}
    return {"cells": {**cells, "adopted": adopted}, "peer": stored["pyfixest"]}


def test_as_two_stages_of_pyfixest(golden: dict[str, Any]) -> None:
    found = imputed_effect(**golden["cells"])
    assert found.interval.estimate == pytest.approx(golden["peer"]["estimate"], abs=1e-7)
    assert found.naive == pytest.approx(golden["peer"]["two_way"], abs=1e-9)
    # Leaving out clusters is a little wider than the sandwich, as it has to be with twenty.
    error = ((found.interval.high or 0.0) - found.interval.estimate) / 2.1604
    assert 1.0 < error / golden["peer"]["error"] < 1.25


def test_two_way_fixed_effects_miss_a_growing_effect(golden: dict[str, Any]) -> None:
    cells = golden["cells"]
    since = (cells["period"] - cells["adopted"])[cells["period"] >= cells["adopted"]]
    truth = float(np.mean(-0.03 - 0.006 * since))
    found = imputed_effect(**cells)
    low, high = found.interval.low or 0.0, found.interval.high or 0.0
    assert low < truth < high
    assert not low < found.naive < high


def test_exact_effects_are_returned_exactly() -> None:
    n = 50.0 + 10.0 * UNIT
    since = PERIOD - ADOPTED
    found = imputed_effect(**exact(-0.02 - 0.01 * since, n))
    treated = PERIOD >= ADOPTED
    truth = float((n * (-0.02 - 0.01 * since))[treated].sum() / n[treated].sum())
    assert found.interval.estimate == pytest.approx(truth, abs=1e-10)
    by = {one.periods: one.interval.estimate for one in found.by_horizon}
    assert by == {k: pytest.approx(-0.02 - 0.01 * k, abs=1e-9) for k in range(len(by))}
    assert (found.n_adopters, found.n_dropped, len(found.clusters)) == (8, 0, 12)
    assert sum(found.weights.values()) == pytest.approx(1.0)
    short = imputed_effect(**exact(-0.02 - 0.01 * since, n), last_horizon=0)
    assert short.interval.estimate == pytest.approx(-0.02, abs=1e-9)


def test_one_date_and_equal_cells_are_the_difference_of_differences() -> None:
    rng = np.random.default_rng(1)
    adopted = np.where(UNIT < 6, 4.0, np.nan)
    y, n = rng.normal(size=UNIT.size), np.full(UNIT.size, 10.0)
    found = imputed_effect(UNIT, PERIOD, n, n * y, adopted)
    after, reached = PERIOD >= 4, UNIT < 6
    means = {
        (a, r): y[(after == a) & (reached == r)].mean()
        for a in (True, False)
        for r in (True, False)
    }
    by_hand = means[True, True] - means[False, True] - means[True, False] + means[False, False]
    assert found.interval.estimate == pytest.approx(by_hand, abs=1e-12)
    assert found.naive == pytest.approx(by_hand, abs=1e-9)


def test_left_out_clusters_by_brute_force() -> None:
    rng = np.random.default_rng(2)
    n = rng.integers(20, 90, UNIT.size).astype(float)
    total = n * (0.3 + rng.normal(0, 0.05, UNIT.size))
    found = imputed_effect(UNIT, PERIOD, n, total, ADOPTED)
    columns = np.column_stack([np.eye(12)[UNIT], np.eye(8)[PERIOD]])

    def effect(kept: np.ndarray) -> float:
        fit = kept & ~(PERIOD >= ADOPTED)
        root = np.sqrt(n[fit])
        beta = np.linalg.lstsq(columns[fit] * root[:, None], total[fit] / n[fit] * root, rcond=None)
        part = kept & (PERIOD >= ADOPTED)
        return float((total - n * (columns @ beta[0]))[part].sum() / n[part].sum())

    assert found.interval.estimate == pytest.approx(effect(np.ones(UNIT.size, bool)), abs=1e-10)
    without = [effect(np.array([f"{u}" != name for u in UNIT])) for name in found.clusters]
    assert found.replicates == pytest.approx(without, abs=1e-10)


def test_cells_of_a_covariate_and_its_confounding() -> None:
    # Hard work moves to the units that adopt, once they adopt.
    unit, period = np.repeat(UNIT, 2), np.repeat(PERIOD, 2)
    hard = np.tile([0.0, 1.0], UNIT.size)
    adopted = np.repeat(ADOPTED, 2)
    treated = period >= adopted
    n = np.where(hard == 1, np.where(treated, 90.0, 30.0), 60.0)
    total = n * (0.5 + 0.01 * unit - 0.2 * hard - 0.01 * period + 0.04 * treated)
    plain = imputed_effect(unit, period, n, total, adopted)
    held = imputed_effect(unit, period, n, total, adopted, design=hard[:, None])
    assert held.interval.estimate == pytest.approx(0.04, abs=1e-10)
    assert plain.interval.estimate < 0.02


def test_units_without_untreated_periods_are_left_out() -> None:
    adopted = np.where(UNIT == 0, 0.0, ADOPTED)
    n = np.full(UNIT.size, 10.0)
    found = imputed_effect(UNIT, PERIOD, n, n * 0.3, adopted)
    assert (found.n_dropped, found.n_adopters) == (80, 7)


def test_periods_that_one_cluster_alone_speaks_for_are_left_out() -> None:
    # Only unit 11 is never reached: without it the last periods have no untreated cell.
    adopted = np.where(UNIT < 11, 3.0 + UNIT % 3, np.nan)
    n = np.full(UNIT.size, 10.0)
    found = imputed_effect(UNIT, PERIOD, n, n * 0.3, adopted)
    assert found.n_dropped > 0
    assert {one.periods for one in found.by_horizon} <= {0, 1}


def test_pre_trends() -> None:
    period, unit = np.tile(np.arange(14), 20), np.repeat(np.arange(20), 14)
    adopted = np.where(unit < 14, 7.0 + unit % 3, np.nan)
    rng = np.random.default_rng(4)
    n = np.full(unit.size, 200.0)
    noise = rng.normal(0, 0.01, unit.size)
    drift = np.where(np.isfinite(adopted), 0.02 * np.clip(period - adopted + 4, 0, None), 0.0)
    found = imputed_effect(unit, period, n, n * (0.3 + drift + noise), adopted).pre_trend
    even = imputed_effect(unit, period, n, n * (0.3 + noise), adopted).pre_trend
    assert found is not None
    assert even is not None
    assert found.p_value < 0.001 < 0.05 < even.p_value
    assert [one.periods for one in found.leads] == [-1, -2, -3]
    assert found.leads[0].interval.estimate == pytest.approx(0.06, abs=0.02)
    assert 0 < even.detectable < 0.02
    soon = imputed_effect(unit, period, n, n * 0.3, np.where(unit < 14, 2.0, np.nan))
    assert soon.pre_trend is None


def test_anticipation_is_no_untreated_time() -> None:
    n = np.full(UNIT.size, 10.0)
    early = np.where((PERIOD == ADOPTED - 1), 0.1, 0.0)
    total = n * (0.2 + 0.01 * PERIOD + early + 0.05 * (PERIOD >= ADOPTED))
    aware = imputed_effect(UNIT, PERIOD, n, total, ADOPTED, anticipation=1)
    assert aware.interval.estimate == pytest.approx(0.05, abs=1e-10)
    blind = imputed_effect(UNIT, PERIOD, n, total, ADOPTED)
    assert abs(blind.interval.estimate - 0.05) > 0.01


def test_refusals() -> None:
    n = np.ones(UNIT.size)
    few = UNIT < 7
    with pytest.raises(NotEstimable, match=r"There are 7 clusters; .* at least 8"):
        imputed_effect(UNIT[few], PERIOD[few], n[few], n[few], ADOPTED[few])
    rare = np.where(UNIT < 3, 4.0, np.nan)
    with pytest.raises(NotEstimable, match="3 adopt"):
        imputed_effect(UNIT, PERIOD, n, n, rare)
    with pytest.raises(ParameterError, match="differs between cells of one unit"):
        imputed_effect(UNIT, PERIOD, n, n, PERIOD.astype(float))
    with pytest.raises(ParameterError, match="lengths differ"):
        imputed_effect(UNIT, PERIOD, n, n, ADOPTED[:5])
    with pytest.raises(ParameterError, match="anticipation came as -1"):
        imputed_effect(UNIT, PERIOD, n, n, ADOPTED, anticipation=-1)


def test_two_way_is_the_textbook_difference() -> None:
    found = two_way_fixed_effect([0, 0, 1, 1], [0, 1, 0, 1], [1] * 4, [1, 4, 1, 2], [1, 1, 9, 9])
    assert found == 2.0
