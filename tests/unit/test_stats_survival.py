"""Kaplan-Meier: statsmodels, stored lifelines output, published tables, brute force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats import kaplan_meier, survival_at, survival_band, survival_quantile
from supportlab.stats import survival as survival_module

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "lifelines_golden.json").read_text(encoding="utf-8")
)
# Weeks to relapse under 6-mercaptopurine; Freireich et al. 1963.
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSE = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


def _made_up(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    cluster = rng.integers(0, 9, n)
    ends = rng.lognormal(3.0 + 0.1 * cluster, 1.0)
    seen = rng.uniform(1.0, 80.0, n)
    return np.floor(np.minimum(ends, seen)), (ends <= seen).astype(float), cluster


def test_freireich_curve_and_standard_errors_as_published() -> None:
    """Table of Kalbfleisch and Prentice (1980) and of many textbooks since."""
    event = np.array(RELAPSE)
    curve = kaplan_meier(WEEKS, event, 1 - event)
    assert curve.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.n_at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.survival.round(3).tolist() == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    error = curve.survival * np.sqrt(curve.variance)
    assert error.round(4).tolist() == [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]
    assert (curve.n, curve.n_censored, curve.last_time) == (21, 12, 35.0)


@pytest.mark.parametrize("name", sorted(GOLDEN["cases"]))
def test_curve_band_and_quantiles_are_those_of_lifelines(name: str) -> None:
    case: dict[str, Any] = GOLDEN["cases"][name]
    event = np.array(case["event"])
    curve = kaplan_meier(case["time"], event, 1 - event)
    kept = np.isin(case["times"], curve.times)
    lower, upper = survival_band(curve)
    assert curve.survival == pytest.approx(np.array(case["survival"])[kept], abs=1e-12)
    # lifelines puts a band of its own where the curve has reached 0.
    alive = curve.survival > 0
    assert lower[alive] == pytest.approx(np.array(case["low"])[kept][alive], abs=1e-10)
    assert upper[alive] == pytest.approx(np.array(case["high"])[kept][alive], abs=1e-10)
    median, quartile = survival_quantile(curve), survival_quantile(curve, 0.25)
    assert [median.low, median.high] == case["median_limits"]
    assert (median.estimate, quartile.estimate) == (case["median"], case["quartile"])
    assert [quartile.low, quartile.high] == case["quartile_limits"]


def test_curve_and_errors_are_those_of_statsmodels() -> None:
    time, event, _ = _made_up(300, 1)
    curve, peer = kaplan_meier(time, event, 1 - event), SurvfuncRight(time, event)
    kept = np.isin(peer.surv_times, curve.times)
    assert curve.survival == pytest.approx(peer.surv_prob[kept], abs=1e-12)
    alive = curve.survival > 0
    error = curve.survival[alive] * np.sqrt(curve.variance[alive])
    assert error == pytest.approx(peer.surv_prob_se[kept][alive], rel=1e-10)
    assert survival_quantile(curve).estimate == peer.quantile(0.5)


def test_without_open_cases_it_is_the_empirical_share() -> None:
    time = np.array([5.0, 1, 9, 3, 7, 2, 8, 4, 6, 10])
    curve = kaplan_meier(time, np.ones(10), np.zeros(10))
    assert curve.survival == pytest.approx(np.arange(9, -1, -1) / 10)
    alive = curve.survival[:-1]
    assert alive * np.sqrt(curve.variance[:-1]) == pytest.approx(np.sqrt(alive * (1 - alive) / 10))
    assert survival_quantile(curve).estimate == 5.0


def test_aggregated_rows_are_the_same_as_single_rows() -> None:
    time, event, cluster = _made_up(500, 2)
    single = kaplan_meier(time, event, 1 - event, cluster)
    keys, place = np.unique(np.column_stack([time, cluster]), axis=0, return_inverse=True)
    place = place.ravel()
    events, open_rows = np.bincount(place, event), np.bincount(place, 1 - event)
    grouped = kaplan_meier(keys[:, 0], events, open_rows, keys[:, 1])
    assert grouped.survival == pytest.approx(single.survival)
    assert grouped.variance[:-1] == pytest.approx(single.variance[:-1])
    assert survival_quantile(grouped) == pytest.approx(survival_quantile(single)) or (
        survival_quantile(grouped).low == survival_quantile(single).low
    )


def test_robust_variance_by_perturbing_each_cluster() -> None:
    """The influence of a cluster is the derivative of log survival in its weight."""
    time, event, cluster = _made_up(200, 3)
    curve = kaplan_meier(time, event, 1 - event, cluster)
    alive = np.isfinite(curve.independent_variance)
    expected = np.zeros(alive.sum())
    step = 1e-6
    for code in np.unique(cluster):
        logs = []
        for sign in (1, -1):
            weight = np.where(cluster == code, 1.0 + sign * step, 1.0)
            moved = kaplan_meier(time, event * weight, (1 - event) * weight)
            logs.append(np.log(moved.survival[alive]))
        influence = (logs[0] - logs[1]) / (2 * step)
        expected += influence**2 / (1.0 - np.mean(cluster == code))
    assert curve.variance[alive] == pytest.approx(expected, rel=1e-5)


def test_clusters_of_one_row_give_greenwood() -> None:
    time, event, _ = _made_up(150, 4)
    plain = kaplan_meier(time, event, 1 - event)
    robust = kaplan_meier(time, event, 1 - event, np.arange(150))
    alive = np.isfinite(plain.variance)
    # The leverage of one row of 150 is all that is left between them.
    assert robust.variance[alive] * 149 / 150 == pytest.approx(plain.variance[alive], rel=1e-10)


def test_thinned_and_blocked_variance_is_close_to_the_exact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(5)
    time, cluster = rng.lognormal(3, 1, 4000), rng.integers(0, 30, 4000)
    event = (rng.random(4000) < 0.7).astype(float)
    exact = kaplan_meier(time, event, 1 - event, cluster)
    monkeypatch.setattr(survival_module, "BLOCK_CELLS", 20_000)
    blocked = kaplan_meier(time, event, 1 - event, cluster)
    monkeypatch.setattr(survival_module, "VARIANCE_CELLS", 0)
    thinned = kaplan_meier(time, event, 1 - event, cluster)
    alive = np.isfinite(exact.variance)
    assert blocked.variance[alive] == pytest.approx(exact.variance[alive], rel=1e-12)
    # With few events so far the ratio to Greenwood's still jumps from one to the next.
    alive &= (exact.survival < 0.9) & (exact.survival > 0.1)
    off = np.abs(thinned.variance[alive] / exact.variance[alive] - 1)
    assert float(off.max()) < 0.15
    assert float(off.mean()) < 0.02


def test_median_not_reached_gives_its_lower_limit() -> None:
    event = np.repeat([1, 0], [9, 31])
    time = np.concatenate([np.arange(1, 10), np.full(31, 12)])
    curve = kaplan_meier(time, event, 1 - event)
    with pytest.raises(NotEstimable, match=r"Only 22\.5%.*40 rows.*within 12"):
        survival_quantile(curve)
    with pytest.raises(NotEstimable, match="at least 6"):
        survival_quantile(curve, 0.3)
    assert survival_quantile(curve, 0.2).high is None


def test_an_open_upper_end_is_none_and_never_the_last_time() -> None:
    event = np.array(RELAPSE)
    found = survival_quantile(kaplan_meier(WEEKS, event, 1 - event))
    assert (found.estimate, found.low, found.high) == (23.0, 13.0, None)


def test_no_upper_limit_from_the_time_at_which_the_curve_ends() -> None:
    found = survival_quantile(kaplan_meier([1, 2, 3], [1, 1, 1], [0, 0, 0]))
    assert (found.estimate, found.high) == (2.0, None)


def test_survival_before_the_first_and_after_the_last_event() -> None:
    event = np.array(RELAPSE)
    curve = kaplan_meier(WEEKS, event, 1 - event)
    early, late = survival_at(curve, 3), survival_at(curve, 30)
    assert (early.estimate, early.high) == (1.0, 1.0)
    assert float(early.low or 0) == pytest.approx(0.845, abs=0.001)
    assert late.estimate == pytest.approx(0.448, abs=5e-4)
    with pytest.raises(NotEstimable, match="ends at 35"):
        survival_at(curve, 36)


def test_a_curve_that_has_reached_zero_goes_on_at_zero() -> None:
    curve = kaplan_meier([1, 2, 3], [5, 5, 5], [0, 0, 0])
    found = survival_at(curve, 10)
    assert (found.estimate, found.low) == (0.0, 0.0)
    assert float(found.high or 0) > 0.2


@pytest.mark.parametrize(
    ("time", "events", "censored", "cluster", "words"),
    [
        ([], [], [], None, "n is 0"),
        ([1, 2], [0, 0], [3, 4], None, "None of the 7 rows"),
        ([1, 2], [1, 0], [0, 1], ["a", "a"], "1 cluster"),
    ],
)
def test_nothing_to_estimate_from(
    time: list[float], events: list[float], censored: list[float], cluster: Any, words: str
) -> None:
    with pytest.raises(NotEstimable, match=words):
        kaplan_meier(time, events, censored, cluster)


def test_impossible_input_is_refused_at_once() -> None:
    with pytest.raises(ParameterError, match=r"time is below 0.*n_events is missing"):
        kaplan_meier([-1, 2], [1, float("nan")], [0, 0])
    with pytest.raises(ParameterError, match="cluster has 1"):
        kaplan_meier([1, 2], [1, 1], [0, 0], ["a"])
    curve = kaplan_meier([1, 2], [1, 1], [0, 0])
    with pytest.raises(ParameterError, match="share"):
        survival_quantile(curve, 50)
    with pytest.raises(ParameterError, match="time"):
        survival_at(curve, -1)
