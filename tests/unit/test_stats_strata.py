"""Contrasts within strata and shares from profiles: against other packages and brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats import clustered_proportion, count_rate, wilson_interval
from supportlab.stats.paired import paired_difference, paired_ratio
from supportlab.stats.profiles import (
    clustered_count_rate,
    counted_proportion,
    scored_proportion,
)
from supportlab.stats.stratified import stratified_difference, stratified_ratio

PROFILE = st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 5))


@given(st.lists(PROFILE, min_size=1, max_size=12))
def test_profiles_say_what_their_clusters_say(profiles: list[tuple[int, int, int]]) -> None:
    n = np.array([max(a, b) for a, b, _ in profiles])
    hits = np.array([min(a, b) for a, b, _ in profiles])
    times = np.array([t for _, _, t in profiles])
    try:
        whole = clustered_proportion(np.repeat(hits, times), np.repeat(n, times))
    except NotEstimable:
        with pytest.raises(NotEstimable):
            counted_proportion(hits, n, times)
        return
    short = counted_proportion(hits, n, times)
    for name in ("estimate", "low", "high", "design_effect", "df"):
        assert getattr(short, name) == pytest.approx(getattr(whole, name), rel=1e-9, abs=1e-12)
    assert (short.n, short.n_clusters, short.method) == (whole.n, whole.n_clusters, whole.method)


def test_clusters_of_one_row_give_the_plain_wilson_interval() -> None:
    found, plain = counted_proportion([0, 1], [1, 1], [182, 81]), wilson_interval(81, 263)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), rel=1e-6)


def test_scores_give_the_same_interval_as_the_clusters_of_many_small_ones() -> None:
    rng = np.random.default_rng(3)
    n = rng.integers(1, 6, 3000)
    hits = rng.binomial(n, rng.beta(2, 6, 3000))
    share = hits.sum() / n.sum()
    squares = float(np.sum((hits - share * n) ** 2))
    whole = clustered_proportion(hits, n)
    found = scored_proportion(share, int(n.sum()), squares, 3000)
    assert (found.low, found.high) == pytest.approx((whole.low, whole.high), rel=1e-3)
    with pytest.raises(NotEstimable, match="1 cluster"):
        scored_proportion(0.5, 10, 1.0, 1)


def test_a_part_larger_than_its_whole_is_refused() -> None:
    with pytest.raises(ParameterError, match="successes"):
        counted_proportion([3], [2], [4])


def test_counts_without_clusters_are_poisson() -> None:
    """Every cluster one payment: the dispersion is near 1 and the limits are Garwood's."""
    found = clustered_count_rate([0, 1], [1, 1], [9900, 100])
    # Garwood's exact limits of 100 events: 81.36 to 121.63.
    assert found.low is not None
    assert found.high is not None
    assert found.low * 10_000 == pytest.approx(81.36, rel=0.01)
    assert found.high * 10_000 == pytest.approx(121.63, rel=0.01)


def test_customers_who_write_again_widen_the_count() -> None:
    once = clustered_count_rate([0, 1], [10, 10], [900, 100])
    again = clustered_count_rate([0, 5], [10, 10], [980, 20])
    assert once.estimate == again.estimate
    assert again.design_effect == pytest.approx(5, rel=0.1)
    assert again.high - again.low > 2 * (once.high - once.low)


def test_a_month_that_strikes_many_at_once_widens_it_too() -> None:
    clusters = ([0, 1], [10, 10], [900, 100])
    calm = clustered_count_rate(*clusters, shocks=([10] * 10, [1000] * 10))
    struck = clustered_count_rate(*clusters, shocks=([2] * 9 + [82], [1000] * 10))
    months = count_rate([2] * 9 + [82], [1000] * 10)
    assert calm.high == pytest.approx(clustered_count_rate(*clusters).high)
    assert struck.design_effect > 0.95 * months.design_effect
    assert struck.high - struck.low > 2 * (calm.high - calm.low)


def test_a_customer_who_never_paid_still_brings_tickets() -> None:
    with_it = clustered_count_rate([0, 1, 4], [10, 10, 0], [90, 10, 1])
    assert with_it.estimate == pytest.approx(14 / 1000)
    assert with_it.n == 14


def test_no_ticket_has_an_upper_limit() -> None:
    found = clustered_count_rate([0], [10], [30])
    assert (found.estimate, found.low) == (0.0, 0.0)
    assert found.high * 300 == pytest.approx(3.69, rel=0.01)
    with pytest.raises(NotEstimable, match="exposure"):
        clustered_count_rate([1], [0], [3])


def _rows(seed: int, n: int = 2400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"customer": rng.integers(0, 300, n), "stratum": rng.integers(0, 12, n)})
    own = rng.normal(0, 0.08, 300)[frame["customer"]]
    arm_chance = 0.2 + 0.05 * frame["stratum"]
    frame["arm"] = (rng.random(n) < arm_chance).astype(int)
    risk = np.clip(0.1 + 0.02 * frame["stratum"] + 0.05 * frame["arm"] + own, 0.01, 0.99)
    frame["y"] = (rng.random(n) < risk).astype(int)
    return frame


def _cells(frame: pd.DataFrame) -> list[np.ndarray]:
    wide = frame.groupby(["stratum", "arm"])["y"].agg(["sum", "count"]).unstack(fill_value=0)
    return [wide[part][arm].to_numpy(float) for arm in (1, 0) for part in ("sum", "count")]


def _squares(frame: pd.DataFrame, parts: object) -> float:
    first, place = frame["arm"].to_numpy() == 1, frame["stratum"].to_numpy()
    a = np.where(first, parts.first_a[place], parts.second_a[place])
    b = np.where(first, parts.first_b[place], parts.second_b[place])
    return float((pd.Series(a + b * frame["y"]).groupby(frame["customer"]).sum() ** 2).sum())


def test_difference_is_least_squares_with_a_constant_for_each_stratum() -> None:
    import statsmodels.formula.api as smf

    frame = _rows(5)
    parts = stratified_difference(*_cells(frame))
    groups = {"groups": frame["customer"], "use_correction": False}
    peer = smf.ols("y ~ arm + C(stratum)", frame).fit(cov_type="cluster", cov_kwds=groups)
    assert parts.estimate == pytest.approx(peer.params["arm"], abs=1e-12)
    found = parts.contrast(_squares(frame, parts), frame["customer"].nunique())
    half = (found.high - found.low) / 2
    # Ours is wider by n / (n - 1) of each stratum (200 rows) and by m / (m - 1) customers.
    assert half / 1.96 == pytest.approx(peer.bse["arm"], rel=0.02)
    assert half / 1.96 > peer.bse["arm"]


def test_scores_of_a_difference_add_up_to_nothing() -> None:
    frame = _rows(6)
    parts = stratified_difference(*_cells(frame))
    y1, n1, y0, n0 = _cells(frame)
    total = parts.first_a @ n1 + parts.first_b @ y1 + parts.second_a @ n0 + parts.second_b @ y0
    assert abs(total) < 1.0


def test_ratio_is_that_of_statsmodels() -> None:
    from statsmodels.stats.contingency_tables import StratifiedTable

    cells = _cells(_rows(7))
    y1, n1, y0, n0 = cells
    tables = [np.array([[a, b - a], [c, d - c]]) for a, b, c, d in zip(y1, n1, y0, n0, strict=True)]
    assert np.exp(stratified_ratio(*cells).estimate) == pytest.approx(
        StratifiedTable(tables).riskratio_pooled
    )


def test_error_of_a_ratio_is_that_of_greenland_and_robins_without_clusters() -> None:
    frame = _rows(8)
    y1, n1, y0, n0 = _cells(frame)
    n = n1 + n0
    top, bottom = np.sum(y1 * n0 / n), np.sum(y0 * n1 / n)
    inside = np.sum(((y1 + y0) * n1 * n0 - y1 * y0 * n) / n**2)
    expected = np.sqrt(inside / (top * bottom))
    frame["customer"] = np.arange(len(frame))
    parts = stratified_ratio(y1, n1, y0, n0)
    found = parts.contrast(_squares(frame, parts), len(frame))
    half = np.log(found.high / found.low) / 2
    assert half / 1.96 == pytest.approx(expected, rel=0.04)


def test_one_stratum_is_the_plain_difference_and_ratio() -> None:
    assert stratified_difference([30], [100], [10], [50]).estimate == pytest.approx(0.1)
    assert np.exp(stratified_ratio([30], [100], [10], [50]).estimate) == pytest.approx(1.5)


def test_strata_with_one_arm_say_nothing() -> None:
    alone = stratified_difference([30, 9], [100, 90], [10, 0], [50, 0])
    assert alone.estimate == pytest.approx(0.1)
    assert (alone.n_first, alone.n_second, alone.n_left_out) == (100, 50, 90)
    with pytest.raises(NotEstimable, match="both groups"):
        stratified_difference([3], [10], [0], [0])
    with pytest.raises(NotEstimable, match="never has the outcome"):
        stratified_ratio([3], [10], [0], [10])


def test_few_customers_are_refused() -> None:
    parts = stratified_difference([3], [10], [1], [10])
    with pytest.raises(NotEstimable, match="7 customers"):
        parts.contrast(4.0, 7)
    with pytest.raises(NotEstimable, match="no spread"):
        parts.contrast(0.0, 30)


def test_pairs_are_strata_of_one_customer_each() -> None:
    rng = np.random.default_rng(9)
    n1, n0 = rng.integers(0, 4, 200), rng.integers(0, 9, 200)
    y1, y0 = rng.binomial(n1, 0.3), rng.binomial(n0, 0.1)
    ones = np.ones(200)
    together = stratified_difference(y1, n1, y0, n0).estimate
    assert paired_difference(y1, n1, y0, n0, ones).estimate == pytest.approx(together)
    ratio = stratified_ratio(y1, n1, y0, n0).estimate
    assert paired_ratio(y1, n1, y0, n0, ones).estimate == pytest.approx(np.exp(ratio))


def test_what_stays_the_same_in_a_customer_cancels_out() -> None:
    """Customers who write much fail much: it looks like an effect, within them it does not."""
    rng = np.random.default_rng(10)
    own = rng.choice([0.02, 0.4], 4000)
    n1 = rng.binomial(20, own)
    y1, y0 = rng.binomial(n1, own), rng.binomial(20 - n1, own)
    found = paired_ratio(y1, n1, y0, 20 - n1, np.ones(4000))
    assert found.low < 1 < found.high
    assert (y1.sum() / n1.sum()) / (y0.sum() / (20 - n1).sum()) > 1.3


def test_a_p_value_is_never_nothing() -> None:
    found = stratified_difference([900], [1000], [10], [1000]).contrast(0.001, 100_000)
    assert found.p_value > 0


def test_customers_who_are_all_alike_have_no_interval() -> None:
    """Ten customers of one profile: each differs as the others do, so nothing tells the error."""
    one = np.array([1.0])
    with pytest.raises(NotEstimable, match="alike"):
        paired_ratio(one, 2 * one, one, 4 * one, 10 * one)
    with pytest.raises(NotEstimable, match="alike"):
        paired_difference(one, 2 * one, one, 4 * one, 10 * one)
