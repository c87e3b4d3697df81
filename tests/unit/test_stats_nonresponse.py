"""Weights for the silent and selective asking: brute force, special cases, peers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import hypergeom

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.nonresponse import silent_curve, weighted_share
from supportlab.stats.sampled import sampled_mean
from supportlab.stats.selectivity import asking_slopes


def _world(seed: int = 1, clusters: int = 60) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    design = rng.integers(0, 2, (600, 2)).astype(float)
    n = rng.integers(1, 30, 600)
    answered = rng.binomial(n, expit(-1.0 + design @ [0.9, -0.4]))
    hits = rng.binomial(answered, expit(0.6 + design @ [1.0, 0.2]))
    return {
        "design": design,
        "n": n,
        "answered": answered,
        "hits": hits,
        "cluster": rng.integers(0, clusters, 600),
    }


def test_with_a_saturated_model_weighting_is_post_stratification() -> None:
    found = weighted_share([[0.0], [1.0]], [1000, 3000], [600, 300], [540, 150])
    # The model draws coefficients a little to 0, so the two agree to three digits.
    assert found.estimate == pytest.approx((0.9 * 1000 + 0.5 * 3000) / 4000, abs=2e-3)
    assert found.naive == pytest.approx(690 / 900)


def test_without_covariates_weights_change_nothing() -> None:
    world = _world()
    plain = np.zeros((600, 1))
    found = weighted_share(plain, world["n"], world["answered"], world["hits"])
    assert found.estimate == pytest.approx(found.naive)
    assert found.n_effective == pytest.approx(found.n)
    error = np.sqrt(found.naive * (1 - found.naive) / found.n)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.01)


def test_rows_cells_and_their_order_give_the_same() -> None:
    world = _world()
    order = np.random.default_rng(2).permutation(600)
    first = weighted_share(**world)
    second = weighted_share(**{name: values[order] for name, values in world.items()})
    assert (first.estimate, first.low) == pytest.approx((second.estimate, second.low))


def test_the_error_with_estimated_weights_is_that_of_the_jackknife() -> None:
    world = _world()
    for make, read in (
        (weighted_share, lambda item: (item.estimate, item.low, item.high)),
        (
            lambda **given: silent_curve(**given, odds_ratios=(0.5,)),
            lambda item: (item.estimate[0], item.low[0], item.high[0]),
        ),
    ):
        whole, low, high = read(make(**world))
        left = []
        for cluster in range(60):
            kept = world["cluster"] != cluster
            left.append(read(make(**{name: values[kept] for name, values in world.items()}))[0])
        jackknife = np.sqrt(59 / 60 * np.sum((np.array(left) - np.mean(left)) ** 2))
        width = (np.log(high / (1 - high)) - np.log(low / (1 - low))) * whole * (1 - whole)
        assert width / 2 / 2.0 == pytest.approx(jackknife, rel=0.08)


def test_the_curve_rises_within_its_bounds_and_meets_the_weights() -> None:
    world = _world()
    curve = silent_curve(**world, odds_ratios=(1e-9, 0.5, 1.0, 2.0, 1e9))
    assert (np.diff(curve.estimate) > 0).all()
    assert curve.estimate[0] == pytest.approx(curve.lowest, abs=1e-6)
    assert curve.estimate[-1] == pytest.approx(curve.highest, abs=1e-6)
    assert curve.lowest == pytest.approx(world["hits"].sum() / world["n"].sum())
    assert curve.estimate[2] == pytest.approx(weighted_share(**world).estimate, abs=0.01)


def test_weights_are_cut_and_said_to_be() -> None:
    world = _world()
    cut = weighted_share(**world, largest=1.0)
    assert cut.share_trimmed > 0.1
    assert cut.n_effective > weighted_share(**world).n_effective


def test_what_cannot_be_weighted_is_refused() -> None:
    with pytest.raises(NotEstimable, match="at least 30"):
        weighted_share([[0.0]], [100], [20], [10])
    with pytest.raises(NotEstimable, match="Everybody answered"):
        weighted_share([[0.0]], [100], [100], [50])
    with pytest.raises(NotEstimable, match="alike"):
        weighted_share([[0.0]], [100], [50], [50])
    with pytest.raises(ParameterError, match="above"):
        weighted_share([[0.0]], [100], [50], [60])
    with pytest.raises(ParameterError, match="above 0"):
        silent_curve([[0.0]], [100], [50], [30], odds_ratios=(0.0,))


def test_the_tail_is_that_of_the_exact_test() -> None:
    for low, high in ((40, 12), (44, 8), (36, 16)):
        asked = low + high
        found = asking_slopes(["a"] * 2, [50, 20], [low, high], [0.8, 0.8], [0.1, 0.6])
        exact = hypergeom(70, 20, asked)
        middle = exact.cdf(high) - 0.5 * exact.pmf(high)
        assert found.p_value[0] == pytest.approx(middle, rel=0.25, abs=0.02)


def test_the_slope_is_the_difference_over_the_risk() -> None:
    found = asking_slopes(
        ["a"] * 2 + ["b"] * 2, [50, 50] * 2, [45, 20, 40, 40], [0.8] * 4, [0.1, 0.6] * 2
    )
    assert found.slope[0] == pytest.approx((20 / 50 - 45 / 50) / 0.5, rel=0.01)
    assert found.slope[1] == pytest.approx(0.0, abs=1e-9)
    assert found.p_value[0] < 1e-6 < 0.4 < found.p_value[1] < 0.6
    assert found.desk_slope == 0.0


def test_a_rule_of_the_whole_desk_is_nobodys_own() -> None:
    rng = np.random.default_rng(3)
    agents = np.repeat([f"a{place}" for place in range(40)], 2)
    asked = np.column_stack([rng.binomial(60, 0.9, 40), rng.binomial(60, 0.6, 40)]).ravel()
    found = asking_slopes(agents, np.full(80, 60), asked, np.full(80, 0.75), [0.1, 0.6] * 40)
    assert found.desk_slope == pytest.approx(-0.6, abs=0.1)
    assert np.sum(found.p_value < 0.01) <= 2


def test_agents_with_too_little_are_left_out_and_nobody_is_refused() -> None:
    cells = {"n": [50, 20, 5, 5], "n_asked": [40, 12, 4, 4], "chance": [0.8] * 4}
    found = asking_slopes(["a", "a", "b", "b"], **cells, risk=[0.1, 0.6] * 2)
    assert np.isnan(found.slope[1])
    assert np.isnan(found.p_value[1])
    with pytest.raises(NotEstimable, match="No agent"):
        asking_slopes(["b"] * 2, [5, 5], [4, 4], [0.8] * 2, [0.1, 0.6])


def test_a_sampled_mean_is_that_of_weighted_least_squares_with_robust_errors() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(4)
    value, weight = rng.normal(size=300), rng.choice([1.0, 18.65], 300)
    fit = sm.WLS(value, np.ones(300), weights=weight).fit(cov_type="HC2")
    found = sampled_mean(value, weight)
    assert found.estimate == pytest.approx(fit.params[0])
    from supportlab.stats.interval import t_quantile

    error = (found.high - found.low) / 2 / t_quantile(0.95, found.df)
    assert error == pytest.approx(fit.bse[0], rel=1e-6)


def test_strata_take_out_what_is_known_and_equal_weights_change_nothing() -> None:
    rng = np.random.default_rng(5)
    stratum = np.repeat([0, 1], 200)
    value = rng.normal(size=400) + 4 * stratum
    weight = np.where(stratum, 9.0, 1.0)
    plain, apart = sampled_mean(value, weight), sampled_mean(value, weight, stratum=stratum)
    assert apart.estimate == plain.estimate
    known = 0.01 * value[:200].var(ddof=1) / 200 + 0.81 * value[200:].var(ddof=1) / 200
    assert (apart.high - apart.low) / 2 == pytest.approx(1.97 * np.sqrt(known), rel=0.02)
    assert apart.high - apart.low < 0.9 * (plain.high - plain.low)
    assert sampled_mean(value, np.full(400, 3.0)).estimate == pytest.approx(value.mean())
    doubled = sampled_mean(
        np.tile(value, 2), np.tile(weight, 2), cluster=np.tile(np.arange(400), 2)
    )
    assert doubled.high - doubled.low == pytest.approx(plain.high - plain.low, rel=0.01)
    with pytest.raises(ParameterError, match="not both"):
        sampled_mean(value, weight, cluster=stratum, stratum=stratum)
    with pytest.raises(ParameterError, match="above 0"):
        sampled_mean([1.0, 2.0], [1.0, 0.0])
