"""Regressions on cells, weights of answers, shares of R squared and variance parts."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.answer_weights import answer_weights, linear_bounds
from supportlab.stats.clusters import cluster_variance, satterthwaite_df
from supportlab.stats.explained_shares import explained_shares
from supportlab.stats.linear_cells import fit_linear
from supportlab.stats.variance_parts import variance_parts

# Fertility, agriculture, examination, education, catholic, infant mortality in 47 Swiss provinces
# about 1888 (Mosteller and Tukey 1977, pages 549 to 551).
SWISS = np.array(
    """80.2 17 15 12 9.96 22.2; 83.1 45.1 6 9 84.84 22.2; 92.5 39.7 5 5 93.4 20.2;
    85.8 36.5 12 7 33.77 20.3; 76.9 43.5 17 15 5.16 20.6; 76.1 35.3 9 7 90.57 26.6;
    83.8 70.2 16 7 92.85 23.6; 92.4 67.8 14 8 97.16 24.9; 82.4 53.3 12 7 97.67 21;
    82.9 45.2 16 13 91.38 24.4; 87.1 64.5 14 6 98.61 24.5; 64.1 62 21 12 8.52 16.5;
    66.9 67.5 14 7 2.27 19.1; 68.9 60.7 19 12 4.43 22.7; 61.7 69.3 22 5 2.82 18.7;
    68.3 72.6 18 2 24.2 21.2; 71.7 34 17 8 3.3 20; 55.7 19.4 26 28 12.11 20.2;
    54.3 15.2 31 20 2.15 10.8; 65.1 73 19 9 2.84 20; 65.5 59.8 22 10 5.23 18;
    65 55.1 14 3 4.52 22.4; 56.6 50.9 22 12 15.14 16.7; 57.4 54.1 20 6 4.2 15.3;
    72.5 71.2 12 1 2.4 21; 74.2 58.1 14 8 5.23 23.8; 72 63.5 6 3 2.56 18;
    60.5 60.8 16 10 7.72 16.3; 58.3 26.8 25 19 18.46 20.9; 65.4 49.5 15 8 6.1 22.5;
    75.5 85.9 3 2 99.71 15.1; 69.3 84.9 7 6 99.68 19.8; 77.3 89.7 5 2 100 18.3;
    70.5 78.2 12 6 98.96 19.4; 79.4 64.9 7 3 98.22 20.2; 65 75.9 9 9 99.06 17.8;
    92.2 84.6 3 3 99.46 16.3; 79.3 63.1 13 13 96.83 18.1; 70.4 38.4 26 12 5.62 20.3;
    65.7 7.7 29 11 13.79 20.5; 72.7 16.7 22 13 11.22 18.9; 64.4 17.6 35 32 16.92 23;
    77.6 37.6 15 7 4.97 20; 67.6 18.7 25 7 8.65 19.5; 35 1.2 37 53 42.34 18;
    44.7 46.6 16 29 50.43 18.2; 42.8 27.7 22 29 58.33 19.3""".replace(";", "").split(),
    dtype=float,
).reshape(47, 6)


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    cluster = np.repeat(np.arange(9), rng.integers(15, 90, 9))
    x = rng.normal(size=(cluster.size, 2)) + 0.3 * cluster[:, None]
    y = (rng.random(cluster.size) < 0.4 + 0.05 * x[:, 0]).astype(float)
    return x, y, cluster


def brute(
    x: np.ndarray, y: np.ndarray, cluster: np.ndarray, place: int
) -> tuple[float, float, float]:
    """Return estimate, CR2 error and degrees of freedom from matrices of all rows."""
    inverse = np.linalg.pinv(x.T @ x)
    hat = x @ inverse @ x.T
    rest = y - hat @ y
    chosen = np.eye(x.shape[1])[place]
    variance, columns = 0.0, []
    for one in np.unique(cluster):
        rows = np.flatnonzero(cluster == one)
        values, turn = np.linalg.eigh(np.eye(rows.size) - hat[np.ix_(rows, rows)])
        root = np.where(values > 1e-8, 1 / np.sqrt(np.maximum(values, 1e-12)), 0.0)
        adjusted = (turn * root) @ turn.T
        variance += float(chosen @ inverse @ x[rows].T @ adjusted @ rest[rows]) ** 2
        part = (np.eye(y.size) - hat)[:, rows] @ adjusted @ x[rows] @ inverse @ chosen
        columns.append(part)
    both = np.array(columns) @ np.array(columns).T
    df = float(np.trace(both)) ** 2 / float(np.sum(both**2))
    return float(chosen @ inverse @ x.T @ y), variance**0.5, df


def error_of(found) -> float:
    from supportlab.stats.interval import t_quantile

    return (found.high - found.estimate) / t_quantile(found.level, found.df)


def test_cr2_and_its_degrees_of_freedom_are_those_of_matrices_of_all_rows(drawn):
    x, y, cluster = drawn
    fit = fit_linear(x, np.ones(y.size), y, cluster=cluster)
    for place in (0, 1):
        found = fit.contrast(place)
        wanted = brute(sm.add_constant(x), y, cluster, place + 1)
        assert (found.estimate, error_of(found), found.df) == pytest.approx(wanted, rel=1e-8)


def test_absorbed_agents_are_those_with_a_column_each(drawn):
    x, y, cluster = drawn
    agent = cluster * 3 + np.arange(y.size) % 3
    columns = (agent[:, None] == np.unique(agent)[None, :]).astype(float)
    fit = fit_linear(x, np.ones(y.size), y, cluster=cluster, absorb=agent)
    found = fit.contrast(0)
    wanted = brute(np.hstack([x, columns]), y, cluster, 0)
    assert (found.estimate, error_of(found), found.df) == pytest.approx(wanted, rel=1e-6)
    plain = sm.OLS(y, np.hstack([x, columns])).fit()
    assert fit.residual_df == int(plain.df_resid)


def test_many_clusters_give_the_clustered_errors_of_statsmodels():
    rng = np.random.default_rng(8)
    cluster = np.repeat(np.arange(500), 3)
    x = rng.normal(size=(1500, 2))
    weight = rng.uniform(0.5, 2.0, 1500)
    y = x[:, 0] + rng.normal(size=500)[cluster] + rng.normal(size=1500)
    found = fit_linear(x, np.ones(1500), y, y**2, cluster=cluster, weight=weight)
    peer = sm.WLS(y, sm.add_constant(x), weights=weight).fit(
        cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}
    )
    assert found.coefficients == pytest.approx(peer.params[1:])
    assert found.r_squared == pytest.approx(peer.rsquared)
    wanted = peer.bse[1:] * np.sqrt(500 / 499)
    assert [error_of(found.contrast(place)) for place in (0, 1)] == pytest.approx(list(wanted))


def test_one_row_a_cluster_gives_whites_errors_with_leverage(drawn):
    x, y, _ = drawn
    x, y = x[:200], y[:200]
    fit = fit_linear(x, np.ones(200), y, cluster=np.arange(200))
    peer = sm.OLS(y, sm.add_constant(x)).fit(cov_type="HC2")
    errors = [error_of(fit.contrast(place)) for place in (0, 1)]
    assert errors == pytest.approx(list(peer.bse[1:]))


def test_two_groups_with_a_cluster_each_side_are_two_means():
    # Each cluster is in one group: the difference of two means, each with its own CR2 variance.
    n, hits = np.array([30.0, 50.0, 40.0, 25.0, 60.0]), np.array([10.0, 30.0, 25.0, 5.0, 20.0])
    group = np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    found = fit_linear(group[:, None], n, hits, cluster=np.arange(5)).contrast(0)
    parts = []
    for one in (group == 0, group == 1):
        mean = hits[one].sum() / n[one].sum()
        parts.append(cluster_variance(hits[one] - n[one] * mean, n[one], 0.01).variance)
    assert error_of(found) == pytest.approx(sum(parts) ** 0.5)


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_order_names_and_empty_cells_do_not_matter_and_cells_are_their_rows(seed):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, 240)
    cluster = rng.integers(0, 8, 240)
    y = (rng.random(240) < 0.3 + 0.1 * label).astype(float)
    x = (label[:, None] == [1, 2]).astype(float)
    row_wise = fit_linear(x, np.ones(240), y, cluster=cluster).contrast([1.0, -0.5])
    keys, place = np.unique(np.column_stack([label, cluster]), axis=0, return_inverse=True)
    cells = (keys[:, :1] == [1, 2]).astype(float)
    n, total = np.bincount(place.ravel()), np.bincount(place.ravel(), y)
    order = rng.permutation(len(keys))
    extra = np.append(order, order[:1])
    empty = np.append(np.ones(len(order)), 0.0)
    names = np.array([f"team {9 - code}" for code in keys[extra, 1]])
    by_cell = fit_linear(cells[extra], n[extra] * empty, total[extra] * empty, cluster=names)
    found = by_cell.contrast([1.0, -0.5])
    assert (found.estimate, found.low, found.high, found.p_value, found.n) == pytest.approx(
        (row_wise.estimate, row_wise.low, row_wise.high, row_wise.p_value, row_wise.n)
    )


def test_what_cannot_be_told_is_refused(drawn):
    x, y, cluster = drawn
    one = np.ones(y.size)
    with pytest.raises(NotEstimable, match="1 cluster"):
        fit_linear(x, one, y, cluster=one)
    with pytest.raises(NotEstimable, match="does not vary beside"):
        fit_linear(np.column_stack([x, x[:, 0]]), one, y, cluster=cluster).contrast(2)
    with pytest.raises(ParameterError, match="lie in more than one cluster"):
        fit_linear(x, one, y, cluster=cluster, absorb=np.arange(y.size) % 5)
    with pytest.raises(NotEstimable, match="nothing to fit"):
        fit_linear(np.ones((y.size, 1)), one, y, cluster=cluster)


def test_shares_of_the_swiss_provinces_are_those_of_relaimpo():
    # calc.relimp(Fertility ~ ., data = swiss, type = "lmg") of Grömping 2006.
    names = ("agriculture", "examination", "education", "catholic", "infant mortality")
    groups = {name: SWISS[:, [place + 1]] for place, name in enumerate(names)}
    y = SWISS[:, 0]
    found = explained_shares(groups, np.ones(47), y, y**2, cluster=np.arange(47), is_adjusted=False)
    wanted = [0.05709122, 0.17117303, 0.26013468, 0.10557015, 0.11276592]
    assert [one.estimate for one in found.shares] == pytest.approx(wanted, abs=1e-7)
    assert found.whole.estimate == pytest.approx(0.7067350, abs=1e-6)


def test_shares_are_the_mean_over_all_orders_and_add_up(drawn):
    rng = np.random.default_rng(2)
    x, _, cluster = drawn
    groups = {"a": x[:, :1], "b": rng.normal(size=(len(x), 2)) + x[:, :1], "c": x[:, 1:]}
    y = x[:, 0] - 0.5 * groups["b"][:, 0] + 2 * rng.normal(size=len(x))
    weight = rng.uniform(0.5, 2.0, len(x))

    def r_squared(names: tuple[str, ...]) -> float:
        if not names:
            return 0.0
        columns = sm.add_constant(np.hstack([groups[name] for name in names]))
        return float(sm.WLS(y, columns, weights=weight).fit().rsquared)

    ones = np.ones(len(x))
    keys = {"cluster": cluster, "weight": weight, "is_adjusted": False}
    found = explained_shares(groups, ones, y, y**2, **keys)
    for name, share, last in zip(found.names, found.shares, found.last, strict=True):
        gains = []
        for order in permutations(groups):
            before = order[: order.index(name)]
            gains.append(r_squared((*before, name)) - r_squared(before))
        assert share.estimate == pytest.approx(np.mean(gains))
        others = tuple(other for other in groups if other != name)
        assert last == pytest.approx(r_squared(tuple(groups)) - r_squared(others))
    assert sum(one.estimate for one in found.shares) == pytest.approx(found.whole.estimate)
    # Many clusters take the other way of summing up; two halves of a cluster are not two clusters.
    alone = explained_shares(groups, ones, y, y**2, **(keys | {"cluster": np.arange(len(x))}))
    assert [one.estimate for one in alone.shares] == pytest.approx(
        [one.estimate for one in found.shares]
    )


def test_the_interval_of_a_share_is_that_of_leaving_clusters_out():
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(60), 40)
    x = rng.normal(size=(2400, 1))
    y = 0.5 * x[:, 0] + rng.normal(0, 0.5, 60)[cluster] + rng.normal(size=2400)
    groups = {"x": x}

    def share(kept: np.ndarray) -> float:
        part = {"x": x[kept]}
        found = explained_shares(
            part, kept[kept] * 1.0, y[kept], y[kept] ** 2, cluster=cluster[kept]
        )
        return found.shares[0].estimate

    found = explained_shares(groups, np.ones(2400), y, y**2, cluster=cluster).shares[0]
    without = np.array([share(cluster != one) for one in range(60)])
    jackknife = np.sqrt(59 / 60 * np.sum((without - without.mean()) ** 2))
    assert error_of(found) == pytest.approx(jackknife, rel=0.05)
    assert found.df == pytest.approx(satterthwaite_df(np.full(60, 40.0)))


def test_weights_make_answers_speak_for_all_and_bounds_hold_every_answer():
    n, answered = np.array([1000.0, 1000.0]), np.array([500.0, 250.0])
    found = answer_weights([[0.0], [1.0]], n, answered)
    weighted = found.weight @ np.array([400.0, 50.0]) / (found.weight @ answered)
    assert weighted == pytest.approx((0.8 + 0.2) / 2, abs=0.001)
    with pytest.raises(NotEstimable, match="at least 50"):
        answer_weights([[0.0], [1.0]], [100, 100], [20, 20])
    rng = np.random.default_rng(1)
    x = rng.integers(0, 2, (12, 2)).astype(float)
    said = np.array([1.0] * 6 + [0.0] * 6)
    y = rng.integers(0, 2, 12).astype(float)
    low, high = linear_bounds(x, np.ones(12), said, y * said, [1.0, 0.0])
    every = []
    for code in range(2**6):
        silent = np.array([code >> place & 1 for place in range(6)], dtype=float)
        full = np.concatenate([y[:6], silent])
        every.append(float((np.linalg.pinv(sm.add_constant(x)) @ full)[1]))
    assert (low, high) == pytest.approx((min(every), max(every)))


def test_estimating_the_weights_is_in_the_interval():
    # All rows answer by chance alone: weights that are estimated beat weights that are known.
    rng = np.random.default_rng(3)
    x = rng.integers(0, 2, 3000).astype(float)
    n = (rng.random(3000) < 0.4).astype(float)
    y = (rng.random(3000) < 0.2 + 0.5 * x) * n
    cluster = np.arange(3000) % 30
    weights = answer_weights(x[:, None], np.ones(3000), n)
    fit = fit_linear(np.ones((3000, 1)) * x[:, None], n, y, cluster=cluster, weight=weights.weight)
    rest = y - n * (x * fit.coefficients[0])
    rest -= n * float(weights.weight @ rest) / float(weights.weight @ n)
    extra = weights.scores(np.column_stack([np.ones(3000), x]), rest, cluster)
    # A saturated regression does not depend on weights that depend on its own column.
    assert extra[:, 1] == pytest.approx(np.zeros(30), abs=1e-6)
    # A mean weighted by stratum is that of a post-stratified sample, whose variance is known.
    answers = (rng.random(3000) < 0.2 + 0.5 * x).astype(float)
    weights = answer_weights(x[:, None], np.ones(3000), answers)
    said, w = y * answers, weights.weight * answers
    mean = float(w @ said / w.sum())
    rest = answers * (said - mean)
    extra = weights.scores(np.ones((3000, 1)), rest, np.arange(3000))[:, 0]
    variance = float(np.sum((w * rest + extra) ** 2)) / float(w.sum()) ** 2
    wanted = 0.0
    for one in (0.0, 1.0):
        heard = said[(x == one) & (answers > 0)]
        share = float(np.mean(x == one))
        wanted += share**2 * heard.var() / heard.size + share * (heard.mean() - mean) ** 2 / 3000
    assert variance == pytest.approx(wanted, rel=0.01)
    assert float(np.sum((w * rest) ** 2)) / float(w.sum()) ** 2 > 1.05 * wanted


def test_variance_parts_are_the_components_that_were_planted():
    rng = np.random.default_rng(6)
    agent, part = np.repeat(np.arange(300), 80), np.tile(np.repeat(np.arange(4), 20), 300)
    y = rng.normal(0, 1.0, 300)[agent] + rng.normal(0, 0.5, (300, 4))[agent, part]
    y = y + rng.normal(0, 2.0, agent.size)
    found = variance_parts(agent, part, np.ones(agent.size), y, y**2)
    assert found.between.low < 1.0 / 5.25 < found.between.high
    assert found.within.low < 0.25 / 5.25 < found.within.high
    assert found.within.p_value < 0.001
    assert found.naive_within > 1.2 * found.within.estimate


def test_variance_parts_of_equal_parts_are_those_of_nested_analysis_of_variance():
    rng = np.random.default_rng(7)
    y = rng.normal(size=(12, 3, 5)) + rng.normal(size=(12, 1, 1)) + rng.normal(size=(12, 3, 1))
    agent, part = (one.ravel() for one in np.indices(y.shape)[:2])
    flat = y.ravel()
    found = variance_parts(agent, part, np.ones(flat.size), flat, flat**2)
    within = y.var(axis=2, ddof=1).mean()
    between_parts = 5 * y.mean(axis=2).var(axis=1, ddof=1).mean()
    assert found.within.estimate * flat.var() == pytest.approx((between_parts - within) / 5)
    with pytest.raises(NotEstimable, match="two parts with two rows"):
        variance_parts([0, 1], [0, 0], [5, 5], [2, 3])
