"""Shifts, control charts and the split of a change: brute force, peers and special cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.control_charts import laney_chart
from supportlab.stats.decomposition import split_difference
from supportlab.stats.shift_models import models_of, scores_of
from supportlab.stats.shifts import find_shifts

SIZES = np.full(24, 200)


def _counts(shares: np.ndarray, seed: int = 1, size: int = 200) -> np.ndarray:
    return np.random.default_rng(seed).binomial(size, shares)


def _step(at: int, size: float, months: int = 24) -> np.ndarray:
    return 0.8 + size * (np.arange(months) >= at)


def test_a_large_step_is_found_where_it_is_and_as_large_as_it_is() -> None:
    found = find_shifts(_counts(_step(14, -0.15)), SIZES, draws=199)
    (shift,) = found.shifts
    assert shift.place == 14
    assert shift.place_low <= 14 <= shift.place_high <= shift.place_low + 3
    assert shift.low < -0.15 < shift.high
    assert shift.gain > shift.trend_gain
    assert found.p_value == shift.p_value == pytest.approx(1 / 200)


def test_two_steps_are_found_one_after_the_other() -> None:
    shares = _step(8, -0.15, 36) - 0.2 * (np.arange(36) >= 22)
    found = find_shifts(_counts(shares, size=800), np.full(36, 800), draws=399)
    assert [shift.place for shift in found.shifts] == [8, 22]
    assert [shift.estimate for shift in found.shifts] == pytest.approx([-0.15, -0.2], abs=0.03)


def test_a_drift_is_told_from_a_step() -> None:
    drift = np.linspace(0.9, 0.65, 24)
    found = find_shifts(_counts(drift), SIZES, draws=199)
    assert all(shift.trend_gain > shift.gain for shift in found.shifts[:1])
    assert found.candidate.trend_gain > found.candidate.gain


def test_a_change_of_mix_alone_is_no_shift() -> None:
    months = np.arange(24)
    of_good = np.where(months < 12, 0.8, 0.2)
    expected = 200 * (0.9 * of_good + 0.6 * (1 - of_good))
    hits = _counts(expected / 200, seed=3)
    assert find_shifts(hits, SIZES, draws=199).shifts
    assert not find_shifts(hits, SIZES, expected, draws=199).shifts


def test_season_is_no_shift() -> None:
    months = np.arange(36) % 12
    hits = _counts(0.8 - 0.12 * ((months >= 5) & (months < 9)), seed=4)
    found = find_shifts(hits, np.full(36, 200), of_year=months, draws=199)
    assert found.is_seasonal
    assert not found.shifts


def test_with_one_model_the_search_is_least_squares() -> None:
    rng = np.random.default_rng(5)
    for at in (6, 15):
        value = rng.normal(0, 0.05, 24) + 0.1 * (np.arange(24) >= at)
        steps = (np.arange(24)[:, None] >= np.arange(3, 22)[None, :]) * 1.0
        sampling = np.full(24, 0.05**2)
        (plain, *_) = models_of(np.ones((24, 1)), steps, sampling, np.arange(24.0), None)
        z = scores_of([plain], value[:, None]).z[0, :, 0]
        left = [value[:k].var() * k + value[k:].var() * (24 - k) for k in range(3, 22)]
        assert np.argmax(z**2) == np.argmin(left)
        gained = value.var() * 24 - min(left)
        assert np.max(z**2) == pytest.approx(gained / 0.05**2)


def test_scores_are_those_of_generalised_least_squares() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(6)
    value, sampling = rng.normal(size=20), rng.uniform(0.5, 2.0, 20)
    steps = (np.arange(20)[:, None] >= np.array([7, 12])[None, :]) * 1.0
    models = models_of(np.ones((20, 1)), steps, sampling, np.arange(20.0), None)
    model = next(item for item in models if item.between == 1.5 and item.carry_over == 0.6)
    unit = 1.0 / np.mean(1.0 / sampling)
    apart = np.abs(np.subtract.outer(np.arange(20), np.arange(20)))
    whole = np.diag(sampling) + 1.5 * unit * 0.6**apart
    for place in (0, 1):
        fit = sm.GLS(value, np.column_stack([np.ones(20), steps[:, place]]), sigma=whole).fit()
        size = (model.steps @ value)[place] / model.lengths[place]
        assert size == pytest.approx(fit.params[1])
        error = np.sqrt(fit.normalized_cov_params[1, 1])
        assert 1.0 / model.lengths[place] == pytest.approx(error)


def test_what_cannot_be_searched_is_refused() -> None:
    with pytest.raises(NotEstimable, match="no place for a step"):
        find_shifts([3, 4, 3, 4], [5] * 4)
    with pytest.raises(NotEstimable, match="all or none"):
        find_shifts([5] * 24, [5] * 24)
    with pytest.raises(ParameterError, match="above n"):
        find_shifts([6] * 24, [5] * 24)
    with pytest.raises(ParameterError, match="false_alarm"):
        find_shifts([4] * 24, [5] * 24, false_alarm=0.0)


def test_empty_periods_keep_their_place() -> None:
    hits, size = _counts(_step(14, -0.2)), SIZES.copy()
    hits[[3, 13]], size[[3, 13]] = 0, 0
    found = find_shifts(hits, size, draws=199)
    assert found.shifts[0].place == 14
    assert np.isnan(found.adjusted[[3, 13]]).all()


def test_the_same_seed_gives_the_same_digits() -> None:
    hits = _counts(_step(14, -0.05))
    first, second = (find_shifts(hits, SIZES, draws=99, seed=8) for _ in range(2))
    assert (first.p_value, first.penalty, first.shifts) == (
        second.p_value,
        second.penalty,
        second.shifts,
    )


def test_laney_limits_are_those_of_the_formula() -> None:
    hits, n = _counts(_step(0, 0.0), seed=9), SIZES
    chart = laney_chart(hits, n)
    share = hits.sum() / n.sum()
    error = np.sqrt(share * (1 - share) / 200)
    spread = max(np.mean(np.abs(np.diff((hits / n - share) / error))) / 1.128, 1.0)
    assert chart.spread == pytest.approx(spread)
    assert chart.high == pytest.approx(np.full(24, share + 3 * error * spread))
    assert chart.naive_low == pytest.approx(np.full(24, share - 3 * error))


def test_laney_limits_widen_with_overdispersion_and_flag_an_outlier() -> None:
    rng = np.random.default_rng(10)
    shares = 0.8 + rng.normal(0, 0.05, 24)
    shares[12] = 0.35
    chart = laney_chart(_counts(shares, size=2000), np.full(24, 2000))
    assert chart.spread > 3
    assert chart.is_out.nonzero()[0].tolist() == [12]
    assert chart.naive_is_out.sum() > 10


cells = st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1)), min_size=6, max_size=6)


@settings(max_examples=30, deadline=None)
@given(cells)
def test_mix_and_within_add_up_whatever_the_cells(drawn: list[tuple[int, float]]) -> None:
    n = np.array([size for size, _ in drawn])
    hits = np.array([int(size * share) for size, share in drawn])
    group = ["a", "b", "c"] * 2
    second = np.array([0, 0, 0, 1, 1, 1])
    found = split_difference(group, second, n, hits)
    change = hits[3:].sum() / n[3:].sum() - hits[:3].sum() / n[:3].sum()
    assert found.difference.estimate == pytest.approx(change)
    assert found.mix.estimate + found.within.estimate == pytest.approx(change)
    assert found.mix_by_group.sum() == pytest.approx(found.mix.estimate)
    assert found.within_by_group.sum() == pytest.approx(found.within.estimate)
    turned = split_difference(group, 1 - second, n, hits)
    assert turned.mix.estimate == pytest.approx(-found.mix.estimate)


def test_with_one_group_all_is_within_and_its_error_that_of_two_shares() -> None:
    found = split_difference(["a", "a"], [0, 1], [100, 80], [60, 60])
    assert found.mix.estimate == 0.0
    error = np.sqrt(0.6 * 0.4 / 100 + 0.75 * 0.25 / 80)
    half = (found.within.high - found.within.low) / 2
    assert half == pytest.approx(1.9735 * error, rel=1e-3)
    assert found.difference.p_value == pytest.approx(found.within.p_value)


def test_the_error_of_the_mix_is_that_of_the_jackknife() -> None:
    rng = np.random.default_rng(11)
    group, second = rng.choice(list("abc"), 300), rng.integers(0, 2, 300)
    hits, cluster = rng.binomial(3, 0.7, 300), rng.integers(0, 40, 300)
    n = np.full(300, 3)
    found = split_difference(list(group), second, n, hits, cluster=cluster)
    for part in ("difference", "mix", "within"):
        left = [
            getattr(
                split_difference(
                    list(group[cluster != c]),
                    second[cluster != c],
                    n[cluster != c],
                    hits[cluster != c],
                ),
                part,
            ).estimate
            for c in range(40)
        ]
        jackknife = np.sqrt(39 / 40 * np.sum((np.array(left) - np.mean(left)) ** 2))
        ours = getattr(found, part)
        from supportlab.stats.interval import t_quantile

        error = (ours.high - ours.low) / 2 / t_quantile(0.95, ours.df)
        assert error == pytest.approx(jackknife, rel=0.06)


def test_a_group_of_one_period_is_mix_alone() -> None:
    found = split_difference(["a", "b", "a"], [0, 0, 1], [50, 50, 100], [45, 25, 90])
    assert found.one_sided == ("b",)
    assert found.within.estimate == pytest.approx(0.0)
    with pytest.raises(NotEstimable, match="no rows"):
        split_difference(["a", "b"], [0, 0], [5, 5], [1, 1])
