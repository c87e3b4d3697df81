"""Discontinuities, instruments, answer weights and slopes against other packages and by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.cell_slopes import cell_slope
from supportlab.stats.density_jump import density_jump
from supportlab.stats.discontinuity import discontinuity
from supportlab.stats.instrument import instrument_effect, readiness_slopes
from supportlab.stats.response_weights import response_weights
from supportlab.stats.staggered import imputed_effect

GOLDEN = Path(__file__).parents[1] / "golden" / "authority_golden.json"


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return stored


def by_value(golden: dict[str, Any], outcome: str) -> tuple[np.ndarray, ...]:
    rows = {name: np.array(one, dtype=float) for name, one in golden["limit"]["rows"].items()}
    x, place = np.unique(rows["x"], return_inverse=True)
    y = rows[outcome]
    return x, np.bincount(place), np.bincount(place, y), np.bincount(place, y**2)


@pytest.mark.parametrize("outcome", ["solved", "hours"])
@pytest.mark.parametrize("windows", ["chosen", "given"])
def test_sums_per_value_give_what_rdrobust_gives_on_rows(
    golden: dict[str, Any], outcome: str, windows: str
) -> None:
    peer = golden["limit"]["rdrobust"][f"{outcome} {windows}"]
    options = {"bandwidth": 40.0, "bias_bandwidth": 70.0} if windows == "given" else {}
    found = discontinuity(*by_value(golden, outcome), **options)
    assert found.bandwidth == pytest.approx(peer["h"], rel=1e-6)
    assert found.bias_bandwidth == pytest.approx(peer["b"], rel=1e-6)
    for ours, name in ((found.interval, "corrected"), (found.conventional, "conventional")):
        assert ours.estimate == pytest.approx(peer[name], rel=1e-6)
        kind = "robust" if name == "corrected" else "conventional"
        error = ((ours.high or 0.0) - ours.estimate) / 1.959964
        # The plain error's correction counts the rows of its own window, theirs of the wider one.
        close = 1e-5 if kind == "robust" else 3e-3
        assert error == pytest.approx(peer[f"{kind}_error"], rel=close)


def test_weights_of_one_change_nothing_and_doubled_rows_are_no_news(
    golden: dict[str, Any],
) -> None:
    x, n, total, squares = by_value(golden, "hours")
    plain = discontinuity(x, n, total, squares, bandwidth=40, bias_bandwidth=70)
    weighted = discontinuity(
        x, n, total, squares, weighted=(n, total, squares), bandwidth=40, bias_bandwidth=70
    )
    assert weighted.interval == plain.interval
    # Every row weighs two: sums double, sums with squared weights are four times as large.
    twice = discontinuity(
        x, 2 * n, 2 * total, 2 * squares, weighted=(4 * n, 4 * total, 4 * squares),
        bandwidth=40, bias_bandwidth=70,
    )  # fmt: skip
    assert twice.interval.estimate == pytest.approx(plain.interval.estimate)
    assert twice.interval.low == pytest.approx(plain.interval.low)
    assert twice.n_left == plain.n_left


def test_a_jump_is_refused_where_few_rows_lie() -> None:
    x = np.arange(-30, 30) + 0.5
    with pytest.raises(NotEstimable, match="at least 50 rows"):
        discontinuity(x, np.ones(60), np.ones(60), bandwidth=20, bias_bandwidth=20)
    with pytest.raises(NotEstimable, match="there are 20 rows at 20 values"):
        discontinuity(x, np.ones(60), np.ones(60), bandwidth=20, bias_bandwidth=20)
    # Of twenty rows one weighs ten: (19 + 10)^2 / (19 + 100) is 7 equal rows, fewer than values.
    weight = np.where(x == -0.5, 10.0, 1.0)
    with pytest.raises(NotEstimable, match="worth 7 rows of equal weight, and lie at 20 values"):
        discontinuity(
            x, weight, weight, weighted=(weight**2, weight**2, weight**2),
            bandwidth=20, bias_bandwidth=20,
        )  # fmt: skip
    with pytest.raises(NotEstimable, match="values below the limit"):
        discontinuity(np.abs(x), np.ones(60), np.ones(60))
    with pytest.raises(ParameterError, match="bandwidths"):
        discontinuity(x, np.full(60, 9), np.ones(60), bandwidth=-1.0)


def test_nudging_is_seen_as_rddensity_sees_it(golden: dict[str, Any]) -> None:
    x, n, _, _ = by_value(golden, "solved")
    even = density_jump(x, n, 80.0)
    assert even.p_value > 0.05
    assert golden["limit"]["rddensity_p"] > 0.05
    moved = np.array(golden["nudged"]["x"])
    found = density_jump(moved, np.ones(moved.size), 80.0)
    assert found.p_value < 0.001
    assert golden["nudged"]["rddensity_p"] < 0.05
    assert found.low > 1.0 > 1.0 / found.ratio


def test_two_stages_of_linearmodels(golden: dict[str, Any]) -> None:
    rows = {name: np.array(one) for name, one in golden["agents"]["rows"].items()}
    one = np.ones(rows["y"].size)
    keys = (rows["agent"], rows["group"], rows["used"])
    found = instrument_effect(*keys, one, one, rows["y"])
    peer = golden["agents"]["linearmodels"]
    assert found.interval.estimate == pytest.approx(peer["estimate"], rel=1e-9)
    from scipy.special import stdtrit

    quantile = float(stdtrit(found.interval.df, 0.975))
    error = ((found.interval.high or 0.0) - found.interval.estimate) / quantile
    # Corrected for what agents fit of themselves, so a little wider than the plain sandwich.
    assert 1.0 < error / peer["error"] < 1.35
    # Rows summed up by agent, group and use say the same.
    cell, place = np.unique(np.stack(keys), axis=1, return_inverse=True)
    n = np.bincount(place.ravel()).astype(float)
    summed = instrument_effect(*cell, n, n, np.bincount(place.ravel(), rows["y"]))
    assert summed.interval.estimate == pytest.approx(found.interval.estimate, rel=1e-9)
    assert summed.interval.low == pytest.approx(found.interval.low, rel=1e-9)


def test_own_ticket_and_its_week_have_no_part_in_readiness() -> None:
    from supportlab.stats.instrument_cells import InstrumentCells

    agent, group = [0, 0, 1, 1, 0, 1], [0, 0, 0, 0, 1, 1]
    used = np.array([1.0, 1, 0, 1, 0, 1])
    before = InstrumentCells.read(agent, group, used, np.ones(6)).readiness
    changed = used.copy()
    changed[0] = 0.0
    after = InstrumentCells.read(agent, group, changed, np.ones(6)).readiness
    assert before[:2].tolist() == after[:2].tolist() == [-0.5, -0.5]
    assert before[4] != after[4]


def test_balance_and_first_stage_by_kind() -> None:
    rng = np.random.default_rng(5)
    agent, group = np.repeat(np.arange(24), 60), np.tile(np.arange(60), 24)
    used = (rng.random(1440) < 0.2 + 0.6 * agent / 24).astype(float)
    even = (rng.random(1440) < 0.5).astype(float)
    sorted_by = (rng.random(1440) < agent / 24).astype(float)
    keys = (agent, group, used, np.ones(1440))
    slopes = readiness_slopes(*keys, {"even": even, "sorted": sorted_by})
    assert slopes["even"].p_value > 0.05
    assert slopes["sorted"].p_value < 1e-6
    stages = readiness_slopes(*keys, {"even": even}, is_first_stage=True)
    assert stages["even"].estimate == pytest.approx(1.0, abs=0.15)
    with pytest.raises(NotEstimable, match="at least 8"):
        instrument_effect([0, 1] * 3, [0, 0, 1, 1, 2, 2], [0, 1] * 3, *[np.ones(6)] * 3)


def test_did2s_of_pyfixest_with_a_covariate(golden: dict[str, Any]) -> None:
    rows = {name: np.array(one, float) for name, one in golden["roll_out"]["rows"].items()}
    adopted = np.where(rows["adopted"] > 100, np.nan, rows["adopted"])
    found = imputed_effect(
        rows["team"], rows["month"], rows["n"], rows["hits"], adopted,
        design=rows["topic"][:, None], parts={"topic": rows["topic"]},
    )  # fmt: skip
    peer = golden["roll_out"]["pyfixest"]
    assert found.interval.estimate == pytest.approx(peer["estimate"], abs=1e-7)
    error = ((found.interval.high or 0.0) - found.interval.estimate) / 2.2281
    assert 1.0 < error / peer["error"] < 1.3
    # The parts make up the whole.
    parts = found.by_part["topic"]
    assert [one.name for one in parts] == ["0.0", "1.0"]
    whole = sum(one.n * one.interval.estimate for one in parts if one.interval)
    assert whole / sum(one.n for one in parts) == pytest.approx(found.interval.estimate)
    first, second = (one.interval.estimate for one in parts if one.interval)
    against = parts[0].against_rest
    assert against is not None
    assert against.estimate == pytest.approx(first - second)


def test_answers_stand_for_those_who_were_asked() -> None:
    labels = np.array([[0.0], [1.0]])
    found = response_weights(labels, [4000, 1000], [400, 500])
    assert found.weight == pytest.approx([10.0, 2.0], rel=0.01)
    # Weighted answers sum to those asked, and the weighted level is that of all.
    assert found.weight @ [400, 500] == pytest.approx(5000, rel=0.01)
    assert found.effective < 900
    with pytest.raises(NotEstimable, match="at least 50"):
        response_weights(labels, [100, 100], [10, 10])
    with pytest.raises(ParameterError, match="part of it"):
        response_weights(labels, [100, 100], [110, 10])


def test_a_slope_is_that_of_least_squares() -> None:
    rng = np.random.default_rng(8)
    size = 400
    cluster, x = rng.integers(0, 20, size), rng.normal(size=size)
    z = rng.normal(size=(size, 2))
    y = 0.3 * x + z @ [1.0, -0.5] + rng.normal(size=size)
    n = rng.integers(1, 5, size).astype(float)
    found = cell_slope(x, n, n * y, cluster, z)
    full = np.column_stack([x, np.ones(size), z])
    root = np.sqrt(n)[:, None]
    direct = np.linalg.lstsq(full * root, y * root[:, 0], rcond=None)[0][0]
    assert found.estimate == pytest.approx(direct)
    without = [
        np.linalg.lstsq((full * root)[cluster != g], (y * root[:, 0])[cluster != g], rcond=None)[0][
            0
        ]
        for g in range(20)
    ]
    error = np.sqrt(19 / 20 * np.sum((np.array(without) - direct) ** 2))
    from scipy.special import stdtrit

    half = ((found.high or 0.0) - found.estimate) / float(stdtrit(found.df, 0.975))
    assert half == pytest.approx(error)
    with pytest.raises(NotEstimable, match="does not vary"):
        cell_slope(z[:, 0], n, n * y, cluster, z)
    with pytest.raises(NotEstimable, match="at least 8"):
        cell_slope(x, n, n * y, cluster % 5)
