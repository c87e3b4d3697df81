"""Many groups of very different size: other packages, brute force, cases that must collapse."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import binom, norm

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats import beta_binomial_shrinkage, clustered_proportion, wilson_interval
from supportlab.stats.differences import difference_of_proportions
from supportlab.stats.funnel_limits import funnel, funnel_curve
from supportlab.stats.moderated_clusters import (
    GroupProfiles,
    moderated_design_effects,
    moderated_shares,
)
from supportlab.stats.paired_changes import PairedProfiles, paired_changes
from supportlab.stats.propagation import propagate
from supportlab.stats.rankings import (
    indistinct_groups,
    joint_ranks,
    joint_separation,
    posterior_ranks,
)
from supportlab.stats.rate_draws import exceedance, rate_draws
from supportlab.stats.rates_hierarchy import crossed_shrinkage

# Deaths and operations of babies' hearts in 12 hospitals: the BUGS example "Surgical".
DEATHS = np.array([0, 18, 8, 46, 8, 13, 9, 31, 14, 8, 29, 24])
OPERATIONS = np.array([47, 148, 119, 810, 211, 196, 148, 215, 207, 97, 256, 360])


def customers(seed: int, share: float, count: int, alike: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = rng.geometric(0.3, count)
    own = rng.beta(share * (1 / alike - 1), (1 - share) * (1 / alike - 1), count)
    return rng.binomial(n, own), n


def test_a_large_group_keeps_its_own_interval() -> None:
    hits, n = customers(1, 0.2, 4000, 0.3)
    groups = [GroupProfiles(hits, n, np.ones(4000)), GroupProfiles([0], [4], [5])]
    found, alone = moderated_shares(groups)[0], clustered_proportion(hits, n)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high), abs=2e-4)


def test_no_failure_in_twenty_attempts_of_few_customers_is_not_much() -> None:
    hits, n = customers(2, 0.15, 2000, 0.4)
    groups = [GroupProfiles(hits, n, np.ones(2000)), GroupProfiles([0], [5], [4])]
    small = moderated_shares(groups)[1]
    assert small is not None
    assert small.low == 0.0
    assert small.high > 2.0 * wilson_interval(0, 20).high
    assert clustered_proportion([0] * 4, [5] * 4).high < small.high


def test_independent_rows_collapse_to_wilson() -> None:
    groups = [GroupProfiles([0, 1], [1, 1], [900 - hits, hits]) for hits in (80, 95, 70, 88, 91)]
    for group, hits in zip(moderated_shares(groups), (80, 95, 70, 88, 91), strict=True):
        plain = wilson_interval(hits, 900)
        assert group is not None
        assert group.design_effect == pytest.approx(1.0, abs=0.01)
        assert (group.low, group.high) == pytest.approx((plain.low, plain.high), abs=2e-3)


def test_the_correlation_is_that_of_the_customers() -> None:
    parts = [customers(10 + place, 0.1 + 0.02 * place, 1500, 0.25) for place in range(8)]
    groups = [GroupProfiles(hits, n, np.ones(1500)) for hits, n in parts]
    assert moderated_design_effects(groups).correlation == pytest.approx(0.25, abs=0.03)


def test_one_cluster_everywhere_is_refused_and_a_group_without_rows_has_no_share() -> None:
    with pytest.raises(NotEstimable, match="two clusters"):
        moderated_design_effects([GroupProfiles([1], [5], [1])])
    with pytest.raises(ParameterError, match="above n"):
        moderated_shares([GroupProfiles([6], [5], [3])])
    groups = [GroupProfiles([1, 0], [5, 3], [3, 9]), GroupProfiles([0], [0], [4])]
    assert moderated_shares(groups)[1] is None


def test_spread_between_groups_is_that_of_paule_and_mandel() -> None:
    from statsmodels.stats.meta_analysis import combine_effects

    rng = np.random.default_rng(5)
    n = np.full(25, 4000)
    share = rng.binomial(n, expit(-2 + 0.3 * rng.normal(size=25))) / n
    peer = combine_effects(logit(share), 1 / (n * share * (1 - share)), method_re="iterated")
    found = funnel(share * n, n, winsorised=0.0)
    assert found.between == pytest.approx(np.sqrt(peer.tau2), rel=0.03)


def test_large_counts_collapse_to_the_usual_z() -> None:
    n = np.array([40_000, 60_000, 50_000, 55_000])
    hits = np.array([4_040, 5_900, 5_100, 5_500])
    found = funnel(hits, n, target=0.1, overdispersion="none")
    plain = (hits / n - 0.1) / np.sqrt(0.09 / n)
    assert found.z == pytest.approx(plain, abs=0.02)
    assert found.p_value == pytest.approx(2 * norm.sf(np.abs(plain)), abs=0.01)


def test_small_counts_are_exact_mid_p() -> None:
    found = funnel([3, 0, 1], [20, 12, 9], target=0.05, overdispersion="none")
    upper = binom.sf(3, 20, 0.05) + binom.pmf(3, 20, 0.05) / 2
    assert found.z[0] == pytest.approx(norm.isf(upper))
    assert found.z[1] == pytest.approx(norm.ppf(binom.pmf(0, 12, 0.05) / 2))


def test_limits_are_where_the_distance_is_the_quantile() -> None:
    found = funnel(DEATHS, OPERATIONS, target=0.074)
    low, high = funnel_curve(found, [200.0, 5000.0], 0.95)
    for share, side in ((low, -1), (high, 1)):
        again = funnel(
            np.append(DEATHS, share[1] * 5000), np.append(OPERATIONS, 5000), target=0.074
        )
        assert np.sign(again.z_adjusted[-1]) == side
    assert np.all(np.diff(low) > 0)
    assert np.all(np.diff(high) < 0)
    plain = funnel_curve(funnel([50, 51, 49], [500, 500, 500]), [1e6], 0.998)
    reach = 3.0902 * np.sqrt(0.09 / 1e6)
    assert (plain[0][0], plain[1][0]) == pytest.approx((0.1 - reach, 0.1 + reach), abs=1e-5)


def test_a_group_is_not_held_against_itself() -> None:
    """With two of three groups alike the third's distance is that of two shares."""
    found = funnel([600, 300, 30], [6000, 3000, 200], overdispersion="none")
    share, rest = 30 / 200, 900 / 9000
    whole = 930 / 9200
    two = (share - rest) / np.sqrt(whole * (1 - whole) * (1 / 200 + 1 / 9000))
    assert found.z[2] == pytest.approx(two, abs=0.15)


def test_a_group_of_half_of_all_rows_is_held_against_the_other_half() -> None:
    n = np.array([40_000, 20_000, 20_000])
    hits = np.array([4_100, 1_950, 1_950])
    found = funnel(hits, n, overdispersion="none")
    whole = hits.sum() / n.sum()
    error = np.sqrt(whole * (1 - whole) * (1 / 40_000 + 1 / 40_000))
    assert found.z[0] == pytest.approx((4_100 - 3_900) / 40_000 / error, abs=0.02)


def test_funnel_refuses_what_it_cannot_hold() -> None:
    with pytest.raises(NotEstimable, match="at least 3"):
        funnel([1, 2], [10, 20])
    with pytest.raises(NotEstimable, match="both sides"):
        funnel([0, 0, 0], [10, 20, 30])
    with pytest.raises(ParameterError, match="overdispersion"):
        funnel([1, 2, 3], [10, 20, 30], overdispersion="some")  # type: ignore[arg-type]


def test_draws_sum_up_to_the_shrunk_values() -> None:
    draws = rate_draws(DEATHS, OPERATIONS, n_draws=20_000)
    found = beta_binomial_shrinkage(DEATHS, OPERATIONS)
    assert draws.mean(axis=0) == pytest.approx(found.estimate, abs=5e-4)
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    assert low == pytest.approx(found.low, abs=0.002)
    assert high == pytest.approx(found.high, abs=0.003)
    assert np.array_equal(draws, rate_draws(DEATHS, OPERATIONS, n_draws=20_000))


def test_exceedance_is_of_the_whole_that_the_groups_make_up() -> None:
    draws = np.array([[0.1, 0.3], [0.2, 0.2]])
    assert exceedance(draws, [300, 100], 0.0).tolist() == [0.0, 0.5]
    assert exceedance(draws, [300, 100], -0.06).tolist() == [1.0, 1.0]
    with pytest.raises(ParameterError, match="3 groups have rows"):
        exceedance(draws, [1, 2, 3])


def test_ranks_by_hand() -> None:
    far = posterior_ranks(np.tile([[0.1, 0.3, 0.2]], (50, 1)))
    assert far.median.tolist() == far.low.tolist() == far.high.tolist() == [3.0, 1.0, 2.0]
    even = posterior_ranks(np.random.default_rng(3).normal(size=(40_000, 4)))
    assert even.rank == pytest.approx(np.full(4, 2.5), abs=0.02)
    assert even.first == pytest.approx(np.full(4, 0.25), abs=0.01)
    assert (even.low.tolist(), even.high.tolist()) == ([1.0] * 4, [4.0] * 4)


def test_two_groups_separate_as_newcombe_says() -> None:
    """One pair needs no penalty: apart exactly where the interval of the difference is."""
    for hits in range(30, 60):
        first, second = wilson_interval(hits, 200), wilson_interval(30, 200)
        ends = [
            [getattr(one, name) for one in (first, second)] for name in ("estimate", "low", "high")
        ]
        wide = difference_of_proportions(
            np.r_[np.ones(hits), np.zeros(200 - hits)], np.ones(200),
            np.r_[np.ones(30), np.zeros(170)], np.ones(200),
        )  # fmt: skip
        assert bool(joint_separation(*ends)[0, 1]) == (wide.low is not None and wide.low > 0)


def test_joint_ranks_and_letters_of_three_clear_steps() -> None:
    value = np.array([0.1, 0.5, 0.11, 0.9])
    above = joint_separation(value, value - 0.02, value + 0.02)
    found = joint_ranks(above)
    assert found.low.tolist() == [3.0, 2.0, 3.0, 1.0]
    assert found.high.tolist() == [4.0, 2.0, 4.0, 1.0]
    assert indistinct_groups(value, above) == [[3], [1], [2, 0]]


def test_a_group_of_few_rows_bridges_others() -> None:
    value, half = np.array([0.5, 0.4, 0.3]), np.array([0.01, 0.2, 0.01])
    above = joint_separation(value, value - half, value + half)
    assert indistinct_groups(value, above) == [[0, 1], [1, 2]]


def test_propagation_by_brute_force() -> None:
    """Two cells with a shared effect and their own, on a dense grid."""
    hits, size = np.array([3.0, 0.0]), np.array([30.0, 5.0])
    found = propagate(hits, size, np.ones((2, 1)), 0.25)
    shared, own = np.linspace(-8, 8, 801), np.linspace(-4, 4, 401)
    step, eta = own[1] - own[0], shared[:, None] + own
    each = [
        binom.pmf(y, n, expit(eta)) * norm.pdf(own, 0, 0.5) * step
        for y, n in zip(hits, size, strict=True)
    ]
    mass = norm.pdf(shared) * (shared[1] - shared[0])
    evidence = float((each[0].sum(axis=1) * each[1].sum(axis=1)) @ mass)
    assert found.log_evidence == pytest.approx(np.log(evidence), abs=0.002)
    joint = each[1] * (each[0].sum(axis=1) * mass)[:, None] / evidence
    mean = float((joint * eta).sum())
    assert found.mean[1] == pytest.approx(mean, abs=0.002)
    assert found.variance[1] == pytest.approx(float((joint * eta**2).sum()) - mean**2, abs=0.005)


def test_one_factor_is_the_logistic_normal_model() -> None:
    """The hospitals by integration; the whole spread of two half-normal parts is Rayleigh."""
    logs, centre = np.linspace(-9, 3, 601), np.linspace(-4, -1.2, 41)
    likelihood = binom.pmf(DEATHS[:, None], OPERATIONS[:, None], expit(logs))
    above, below = np.zeros(12), 0.0
    for spread in np.linspace(0.02, 2.5, 40):
        kernel = norm.pdf(logs[:, None], centre, spread) * (logs[1] - logs[0])
        mass = likelihood @ kernel
        joint = mass.prod(axis=0) * norm.pdf(centre, 0, 4) * spread * np.exp(-(spread**2) / 2)
        below += joint.sum()
        above += ((likelihood * expit(logs)) @ kernel / mass * joint).sum(axis=1)
    found = crossed_shrinkage(DEATHS, OPERATIONS, [list("abcdefghijkl")])
    assert found.estimate == pytest.approx(above / below, abs=1.2e-3)
    assert np.all((found.low < found.estimate) & (found.estimate < found.high))


def test_an_empty_cell_is_what_its_row_and_column_let_expect() -> None:
    market = np.repeat(["a", "b", "c", "d"], 4)
    method = np.tile(["w", "x", "y", "z"], 4)
    effect = {"a": 0.5, "b": -0.5, "c": 0.2, "d": -0.2, "w": 0.4, "x": -0.4, "y": 0.1, "z": -0.1}
    truth = expit(
        -2 + np.array([effect[i] + effect[j] for i, j in zip(market, method, strict=True)])
    )
    n = np.full(16, 20_000.0)
    n[0] = 0.0
    found = crossed_shrinkage(np.round(truth * n), n, [list(market), list(method)])
    # The grand mean is 0.12; market a and method w are both high.
    assert found.estimate[0] == pytest.approx(truth[0], abs=0.03)
    assert np.isnan(found.raw[0])
    assert found.estimate[1:] == pytest.approx(truth[1:], abs=0.005)
    assert found.own_weight[0] < 0.01 < 0.3 < found.own_weight[1:].min()


def test_order_of_cells_does_not_matter_and_bad_input_is_named() -> None:
    hits, n = [30, 10, 50, 0, 7], [200, 100, 400, 3, 40]
    labels = [list("aabbc"), list("xyxyx")]
    found = crossed_shrinkage(hits, n, labels)
    back = crossed_shrinkage(hits[::-1], n[::-1], [one[::-1] for one in labels])
    assert back.estimate[::-1] == pytest.approx(found.estimate, abs=1e-6)
    with pytest.raises(ParameterError, match="label for each"):
        crossed_shrinkage(hits, n, [labels[0][:3]])
    with pytest.raises(NotEstimable, match="at least 3"):
        crossed_shrinkage([1, 2], [10, 20], [["a", "b"]])


def test_changes_collapse_to_the_difference_of_shared_clusters() -> None:
    """A large group: moderation has nothing to add to the difference of two shares."""
    rng = np.random.default_rng(8)
    own = rng.beta(1, 6, 3000)
    n_1, n_2 = rng.integers(1, 5, 3000), rng.integers(1, 5, 3000)
    y_1, y_2 = rng.binomial(n_1, own), rng.binomial(n_2, own)
    plain = difference_of_proportions(y_1, n_1, y_2, n_2, clusters="shared")
    group = PairedProfiles(y_1, n_1, y_2, n_2, np.ones(3000))
    found = paired_changes([group])[0]
    assert found is not None
    assert found.estimate == pytest.approx(plain.estimate)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=3e-4)
    assert found.p_value == pytest.approx(plain.p_value, abs=0.01)
    assert found.n_clusters == 3000
    apart = difference_of_proportions(y_1, n_1, y_2, n_2)
    assert found.high - found.low < 0.97 * (apart.high - apart.low)


def test_a_group_absent_in_one_period_has_no_change() -> None:
    there = PairedProfiles([1, 0], [4, 4], [0, 1], [4, 4], [10, 30])
    assert paired_changes([there, PairedProfiles([1], [4], [0], [0], [9])])[1] is None


def test_no_failure_in_either_period_is_no_change() -> None:
    there = PairedProfiles([1, 0], [4, 4], [0, 1], [4, 4], [10, 30])
    none = PairedProfiles([0, 0, 0], [0, 1, 3], [0, 0, 0], [2, 1, 1], [2, 2, 1])
    found = paired_changes([there, none])[1]
    assert found is not None
    assert (found.estimate, found.p_value) == (0.0, 1.0)


def test_no_success_in_either_group_is_no_difference() -> None:
    nothing = [0, 0, 0, 0]
    found = difference_of_proportions(nothing, [3, 2, 4, 2], nothing, [2, 2, 3, 3])
    assert (found.estimate, found.p_value) == (0.0, 1.0)
