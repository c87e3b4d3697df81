"""Discrimination, calibration and lift against scikit-learn, statsmodels and brute force."""

from __future__ import annotations

import numpy as np
import pytest

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.binary_cells import fit_binary
from supportlab.stats.calibration import calibration
from supportlab.stats.discrimination import clustered_auc, difference_of_aucs
from supportlab.stats.lift import lift
from supportlab.stats.standardise import coefficient_ratio, standardised_risk_ratio
from supportlab.stats.strata import difference_of_means_in_strata


@pytest.fixture(scope="module")
def rows():
    """Rows in clusters that share part of their score and of their risk."""
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(150), 6)
    own = rng.normal(size=150)[cluster]
    score = np.round(own + rng.normal(size=cluster.size), 1)
    other = np.round(own + 2.0 * rng.normal(size=cluster.size), 1)
    y = (rng.random(cluster.size) < 1.0 / (1.0 + np.exp(1.6 - 0.9 * own))).astype(float)
    return cluster, score, other, y


def _brute_auc(score, y, weight):
    up, down = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    wins = (score[up][:, None] > score[down]) + 0.5 * (score[up][:, None] == score[down])
    pairs = weight[up][:, None] * weight[down]
    return float((wins * pairs).sum() / pairs.sum())


def test_the_area_is_that_of_sklearn_with_ties_and_weights(rows):
    from sklearn.metrics import roc_auc_score

    cluster, score, _, y = rows
    found = clustered_auc(score, np.ones_like(y), y, cluster)
    assert found.estimate == pytest.approx(roc_auc_score(y, score), abs=1e-12)
    weight = np.random.default_rng(0).integers(1, 5, y.size).astype(float)
    weighted = clustered_auc(score, weight, weight * y, cluster)
    assert weighted.estimate == pytest.approx(
        roc_auc_score(y, score, sample_weight=weight), abs=1e-12
    )
    assert weighted.estimate == pytest.approx(_brute_auc(score, y, weight), abs=1e-12)


def test_without_clusters_the_error_is_delongs_by_brute_force(rows):
    _, score, _, y = rows
    found = clustered_auc(score, np.ones_like(y), y)
    up, down = score[y == 1], score[y == 0]
    wins = (up[:, None] > down) + 0.5 * (up[:, None] == down)
    variance = wins.mean(1).var(ddof=1) / up.size + wins.mean(0).var(ddof=1) / down.size
    width = np.log(found.high / (1 - found.high)) - np.log(found.low / (1 - found.low))
    error = width / 2 / 1.96 * found.estimate * (1 - found.estimate)
    assert error == pytest.approx(np.sqrt(variance), rel=0.01)


def test_cells_give_what_their_rows_give(rows):
    cluster, score, _, y = rows
    single = clustered_auc(score, np.ones_like(y), y, cluster)
    keys, place = np.unique(np.column_stack([cluster, score]), axis=0, return_inverse=True)
    n = np.bincount(place.reshape(-1)).astype(float)
    events = np.bincount(place.reshape(-1), weights=y)
    cells = clustered_auc(keys[:, 1], n, events, keys[:, 0])
    assert (cells.estimate, cells.low) == pytest.approx((single.estimate, single.low), abs=1e-12)


def test_the_clustered_error_is_that_of_the_bootstrap_by_cluster(rows):
    from sklearn.metrics import roc_auc_score

    cluster, score, other, y = rows
    found = difference_of_aucs(score, other, np.ones_like(y), y, cluster)
    rng = np.random.default_rng(1)
    members = [np.flatnonzero(cluster == one) for one in range(150)]
    drawn = []
    for _ in range(300):
        chosen = np.concatenate([members[one] for one in rng.integers(0, 150, 150)])
        first = roc_auc_score(y[chosen], score[chosen])
        drawn.append(first - roc_auc_score(y[chosen], other[chosen]))
    assert (found.high - found.low) / 3.95 == pytest.approx(np.std(drawn), rel=0.12)


def test_a_score_that_customers_share_is_less_sure_than_its_rows():
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(120), 10)
    own = rng.normal(size=120)[cluster]
    y = (rng.random(1200) < 1.0 / (1.0 + np.exp(1.0 - 1.5 * own))).astype(float)
    shared = rng.normal(size=120)[cluster] + own
    found = clustered_auc(shared, np.ones(1200), y, cluster)
    alone = clustered_auc(shared, np.ones(1200), y)
    assert found.high - found.low > 1.3 * (alone.high - alone.low)


def test_a_score_against_itself_is_refused_and_the_order_alone_counts(rows):
    cluster, score, _, y = rows
    ones = np.ones_like(y)
    with pytest.raises(NotEstimable, match="alike"):
        difference_of_aucs(score, np.exp(score), ones, y, cluster)
    moved = clustered_auc(np.exp(score), ones, y, cluster)
    assert moved.estimate == clustered_auc(score, ones, y, cluster).estimate


@pytest.mark.parametrize(
    ("n", "events", "words"),
    [([5, 5], [0, 0], "no events"), ([5, 5], [5, 5], "without"), ([5, 5], [0, 5], "overlap")],
)
def test_what_cannot_be_told_apart_is_refused(n, events, words):
    with pytest.raises(NotEstimable, match=words):
        clustered_auc([0.0, 1.0], n, events)


def test_the_regression_is_that_of_statsmodels(rows):
    import statsmodels.api as sm

    cluster, score, other, y = rows
    design = sm.add_constant(np.column_stack([score, other]))
    families = {
        "logit": sm.families.Binomial(),
        "cloglog": sm.families.Binomial(sm.families.links.CLogLog()),
    }
    for link, family in families.items():
        peer = sm.GLM(y, design, family=family).fit(
            cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}
        )
        ours = fit_binary(design, np.ones_like(y), y, link=link, cluster=cluster)
        assert ours.coefficients == pytest.approx(peer.params, abs=1e-6)
        ratio = np.sqrt(np.diag(ours.covariance)) / peer.bse
        assert ratio == pytest.approx(np.sqrt(150 / 149), rel=1e-3)


def test_perfect_separation_and_collinear_columns_are_refused_by_name():
    with pytest.raises(NotEstimable, match="plan"):
        fit_binary([[1, 0], [1, 1]], [50, 50], [10, 50], names=("intercept", "plan"))
    with pytest.raises(NotEstimable, match="twice"):
        fit_binary(
            [[1, 0, 0], [1, 1, 1], [1, 1, 1]], [9, 9, 9], [2, 3, 4], names=("a", "b", "twice")
        )


def test_ratios_of_one_binary_column_are_those_of_the_table():
    fit = fit_binary([[1, 0], [1, 1]], [200, 100], [20, 30])
    odds = coefficient_ratio(fit, 1)
    assert odds.estimate == pytest.approx((30 / 70) / (20 / 180))
    error = np.sqrt(1 / 30 + 1 / 70 + 1 / 20 + 1 / 180)
    assert np.log(odds.high / odds.low) / 2 / 1.959964 == pytest.approx(error, rel=1e-5)
    risk = standardised_risk_ratio(fit, [[1, 1], [1, 1]], [[1, 0], [1, 0]], [200, 100])
    assert risk.estimate == pytest.approx(3.0)
    assert np.log(risk.high / risk.low) / 2 / 1.959964 == pytest.approx(
        np.sqrt(1 / 30 - 1 / 100 + 1 / 20 - 1 / 200), rel=1e-5
    )


def test_true_chances_are_calibrated_and_stretched_ones_are_not():
    rng = np.random.default_rng(5)
    chance = 1.0 / (1.0 + np.exp(2.0 - rng.normal(size=6000)))
    cluster = np.repeat(np.arange(1000), 6)
    y = (rng.random(6000) < chance).astype(float)
    right = calibration(chance, np.ones(6000), y, cluster)
    assert right.slope.low < 1 < right.slope.high
    assert right.error.low == 0
    odds = np.log(chance / (1 - chance))
    wrong = calibration(1 / (1 + np.exp(-2 * odds - 1)), np.ones(6000), y, cluster)
    assert wrong.slope.high < 0.7
    assert wrong.error.low > 0
    assert sum(one.n for one in wrong.bins) == 6000
    assert sum(one.n_events for one in wrong.bins) == y.sum()


def test_the_reliability_table_is_sklearns():
    from sklearn.calibration import calibration_curve

    rng = np.random.default_rng(6)
    chance = rng.uniform(0.1, 0.6, 4000)
    y = (rng.random(4000) < chance).astype(float)
    found = calibration(chance, np.ones(4000), y, np.arange(4000), n_bins=8)
    observed, foretold = calibration_curve(y, chance, n_bins=8, strategy="quantile")
    assert [one.foretold for one in found.bins] == pytest.approx(foretold, abs=2e-3)
    assert [one.observed.estimate for one in found.bins] == pytest.approx(observed, abs=4e-3)


def test_lift_counts_ties_at_its_border_in_part():
    # Half of the tied cell lies in the top half: 20 + 10 events of 40 among half of the rows.
    found = lift([3, 2, 1], [25, 50, 25], [20, 20, 0], share=0.5)
    assert found.estimate == pytest.approx((30 / 50) / (40 / 100))
    with pytest.raises(ParameterError, match="share"):
        lift([1, 2], [5, 5], [1, 2], share=1.5)


def test_one_stratum_is_welch_and_strata_weigh_by_rows():
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(8)
    a, b = rng.normal(1, 1, 40), rng.normal(0.5, 3, 25)
    sums = [[len(a)], [a.sum()], [(a**2).sum()], [len(b)], [b.sum()], [(b**2).sum()]]
    found, kept = difference_of_means_in_strata(*sums)
    peer = ttest_ind(a, b, equal_var=False)
    limits = peer.confidence_interval()
    assert kept == 1.0
    assert (found.estimate, found.p_value) == pytest.approx((a.mean() - b.mean(), peer.pvalue))
    assert (found.low, found.high) == pytest.approx((limits.low, limits.high))
    twice = [[*one, *([1] if place in (0, 3) else [7.0])] for place, one in enumerate(sums)]
    again, share = difference_of_means_in_strata(*twice)
    assert again.estimate == pytest.approx(found.estimate)
    assert share == pytest.approx(65 / 67)
