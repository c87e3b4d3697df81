"""Shares, means and net promoter scores: other packages, published results, special cases."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.proportion import proportion_confint

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats import clustered_mean, clustered_nps, clustered_proportion, wilson_interval
from supportlab.stats.clusters import cluster_variance, satterthwaite_df

SIZES = np.array([50.0, 3.0, 12.0, 80.0, 20.0])
HITS = np.array([30.0, 3.0, 5.0, 61.0, 9.0])


@pytest.mark.parametrize(("hits", "n"), [(81, 263), (15, 148), (0, 20), (1, 29), (29, 29)])
def test_wilson_is_that_of_statsmodels(hits: int, n: int) -> None:
    found = wilson_interval(hits, n)
    low, high = proportion_confint(hits, n, method="wilson")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)],
)
def test_wilson_is_that_of_newcombe_1998(hits: int, n: int, low: float, high: float) -> None:
    found = wilson_interval(hits, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_clusters_of_one_row_give_wilson() -> None:
    hits = np.repeat([1.0, 0.0], [31, 12])
    found, plain = clustered_proportion(hits, np.ones(43)), wilson_interval(31, 43)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), rel=1e-10)
    assert found.design_effect == pytest.approx(1.0)
    assert found.df == pytest.approx(42.0)


def test_clusters_all_or_nothing_count_as_one_row_each() -> None:
    hits = np.repeat([20.0, 0.0], [31, 12])
    found = clustered_proportion(hits, np.full(43, 20.0))
    plain = wilson_interval(31, 43)
    # n - 1 against clusters - 1, and a z against a t quantile, are all that differs.
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=0.012)
    assert found.design_effect == pytest.approx(20.0, rel=0.05)


def test_never_narrower_than_independent_rows() -> None:
    found = clustered_proportion(np.full(8, 7.0), np.full(8, 10.0))
    plain = wilson_interval(56, 80)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), rel=1e-10)
    assert found.design_effect == 1.0


def test_variance_and_degrees_of_freedom_by_matrices() -> None:
    """CR2 and its Satterthwaite degrees of freedom from the full projection matrices."""
    rng = np.random.default_rng(4)
    sizes = np.array([7, 2, 12, 4])
    codes = np.repeat(np.arange(4), sizes)
    values = rng.normal(size=codes.size) + codes
    n = codes.size
    residuals = values - values.mean()
    rho = 0.3
    omega = np.where(codes[:, None] == codes[None, :], rho, 0.0) + (1 - rho) * np.eye(n)
    rest = np.eye(n) - np.full((n, n), 1.0 / n)
    variance, rows = 0.0, []
    for code in range(4):
        inside = np.flatnonzero(codes == code)
        block = np.eye(inside.size) - 1.0 / n
        eigenvalues, vectors = np.linalg.eigh(block)
        adjust = vectors @ np.diag(eigenvalues**-0.5) @ vectors.T
        weights = (np.ones(inside.size) @ adjust) / n
        variance += float(weights @ residuals[inside]) ** 2
        rows.append(weights @ rest[inside])
    spread = np.array(rows) @ omega @ np.array(rows).T
    df = np.trace(spread) ** 2 / np.trace(spread @ spread)
    totals = np.array([residuals[codes == code].sum() for code in range(4)])
    found = cluster_variance(totals, sizes.astype(float), 1.0)
    assert found.variance == pytest.approx(variance, rel=1e-10)
    assert satterthwaite_df(sizes.astype(float), rho) == pytest.approx(df, rel=1e-10)


def test_one_dominant_cluster_costs_degrees_of_freedom() -> None:
    assert satterthwaite_df(np.array([1000.0] + [10.0] * 19), 0.1) < 2.5
    assert satterthwaite_df(np.full(20, 50.0), 0.1) == pytest.approx(19.0)


def test_order_and_empty_clusters_do_not_matter() -> None:
    found = clustered_proportion(HITS, SIZES)
    again = clustered_proportion(np.append(HITS[::-1], 0), np.append(SIZES[::-1], 0))
    assert (again.low, again.high) == pytest.approx((found.low, found.high), rel=1e-12)
    assert again.n_clusters == 5
    assert again.n == 165


def test_level_widens_and_complement_mirrors() -> None:
    found, wide = clustered_proportion(HITS, SIZES), clustered_proportion(HITS, SIZES, 0.99)
    mirror = clustered_proportion(SIZES - HITS, SIZES)
    assert wide.low < found.low < found.estimate < found.high < wide.high
    assert (1 - mirror.high, 1 - mirror.low) == pytest.approx((found.low, found.high), rel=1e-9)


@pytest.mark.parametrize(("hits", "low", "high"), [(0.0, 0.0, 0.2), (30.0, 0.8, 1.0)])
def test_shares_at_the_ends_have_width_and_say_so(hits: float, low: float, high: float) -> None:
    found = clustered_proportion([hits, hits], [30.0, 30.0])
    assert found.low is not None
    assert found.high is not None
    assert (found.low == 0.0) == (hits == 0.0)
    assert (found.high == 1.0) == (hits == 30.0)
    assert found.high - found.low > 0.2
    assert "not visible" in found.method


@pytest.mark.parametrize(
    ("hits", "n", "words"),
    [([], [], "n is 0"), ([0], [0], "n is 0"), ([3], [9], "1 cluster"), ([3, 0], [9, 0], "1 clus")],
)
def test_not_estimable_says_why(hits: list[float], n: list[float], words: str) -> None:
    with pytest.raises(NotEstimable, match=words):
        clustered_proportion(hits, n)


@pytest.mark.parametrize(
    ("hits", "n", "words"),
    [
        ([1, 2], [3], "lengths differ"),
        ([5, 1], [3, 3], "above n in 1 row"),
        ([-1, 1], [3, 3], "below 0"),
        ([float("nan"), 1], [3, 3], "missing or infinite"),
        (["many", 1], [3, 3], "not a number"),
    ],
)
def test_impossible_input_is_refused(hits: list[object], n: list[float], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        clustered_proportion(hits, n)


def test_mean_of_single_rows_is_student() -> None:
    values = np.array([3.0, 5.0, 4.0, 4.0, 1.0, 5.0, 2.0])
    found = clustered_mean(values, np.ones(7), float(values @ values))
    half = scipy_stats.t.ppf(0.975, 6) * scipy_stats.sem(values)
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half))


def test_mean_takes_decimals_and_negative_totals() -> None:
    found = clustered_mean([Decimal("-4.5"), Decimal("7.5"), Decimal("1.0")], [2, 3, 4])
    assert found.estimate == pytest.approx(4.0 / 9.0)
    assert found.design_effect is None


def test_mean_without_spread_is_not_estimable() -> None:
    with pytest.raises(NotEstimable, match="no spread"):
        clustered_mean([20.0, 15.0], [4, 3], 175.0)
    with pytest.raises(ParameterError, match="total_squared"):
        clustered_mean([20.0, 15.0], [4, 3], 100.0)


def test_nps_of_single_answers_is_the_classical_trinomial() -> None:
    plus, minus = np.repeat([1.0, 0, 0], [40, 25, 15]), np.repeat([0, 0, 1.0], [40, 25, 15])
    found = clustered_nps(plus, minus, np.ones(80), wald=True)
    up, down = 0.5, 15 / 80
    half = 100 * 1.959963985 * np.sqrt((up + down - (up - down) ** 2) / 80)
    score = 100 * (up - down)
    assert (found.low, found.high) == pytest.approx((score - half, score + half), rel=1e-8)


def test_nps_limits_are_those_of_fagerland_2014() -> None:
    """Airway reactivity in 21 children: 1 and 7 discordant; Tango's limits -0.517 and -0.026."""
    plus, minus = np.repeat([1.0, 0, 0], [1, 13, 7]), np.repeat([0, 0, 1.0], [1, 13, 7])
    found = clustered_nps(plus, minus, np.ones(21))
    assert (found.low, found.high) == pytest.approx((-51.7, -2.6), abs=0.05)


@pytest.mark.parametrize(("up", "down", "n"), [(40, 20, 160), (3, 9, 30), (25, 2, 60)])
def test_nps_limits_are_roots_of_the_published_quartic(up: int, down: int, n: int) -> None:
    """Yang, Sun and Hardin (2013) give Tango's limits in closed form."""
    ratio, gap, both = n / 1.959963985**2, up - down, up + down
    scale = ratio / n
    quartic = [
        n**2 * (ratio + 1) ** 2,
        -n * gap * (ratio + 1) * (4 * ratio + 1),
        2 * n * gap**2 * (3 * ratio + 2) * scale - n**2 * (both * scale + 1),
        n * gap * (2 * both * scale + 1) - gap**3 * (4 * ratio + 1) * scale,
        gap**2 * (gap**2 * scale - both) * scale,
    ]
    ends = (
        np.repeat([1.0, 0, 0], [up, n - both, down]),
        np.repeat([0, 0, 1.0], [up, n - both, down]),
    )
    found = clustered_nps(*ends, np.ones(n))
    for limit in (found.low, found.high):
        assert min(abs(np.roots(quartic) - float(limit or 0.0) / 100)) < 1e-7


def test_nps_where_all_answers_agree_keeps_its_width() -> None:
    found = clustered_nps([5, 4], [0, 0], [5, 4])
    assert found.estimate == 100.0
    assert found.high == pytest.approx(100.0)
    assert found.low is not None
    assert found.low < 60
    with pytest.raises(NotEstimable, match="one group"):
        clustered_nps([5, 4], [0, 0], [5, 4], wald=True)


def test_nps_refuses_more_answers_than_there_are() -> None:
    with pytest.raises(ParameterError, match="exceed"):
        clustered_nps([5, 4], [1, 2], [5, 6])


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_level_must_be_a_share(level: float) -> None:
    with pytest.raises(ParameterError, match="level"):
        wilson_interval(3, 9, level)
