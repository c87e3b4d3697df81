"""Differences of groups: published results, special cases, agreement of interval and p value."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.weightstats import ttest_ind

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats import Contrast, difference_of_means, difference_of_proportions


def _single(hits: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.repeat([1.0, 0.0], [hits, n - hits]), np.ones(n)


def test_single_rows_give_newcombe_1998() -> None:
    """56/70 against 48/80: Newcombe's method 10 gives 0.0524 to 0.3339."""
    found = difference_of_proportions(*_single(56, 70), *_single(48, 80))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_single_rows_give_the_hybrid_of_statsmodels() -> None:
    found = difference_of_proportions(*_single(30, 45), *_single(20, 60))
    limits = confint_proportions_2indep(30, 45, 20, 60, method="newcomb")
    assert (found.low, found.high) == pytest.approx(limits, abs=1e-8)


def test_p_value_and_interval_agree() -> None:
    first, second = (np.array([20.0, 31, 24]), np.full(3, 40.0)), (np.array([9.0, 12, 14]), 30.0)
    n_2 = np.full(3, second[1])
    found = difference_of_proportions(*first, second[0], n_2)
    at_p = difference_of_proportions(*first, second[0], n_2, level=1.0 - found.p_value)
    assert min(abs(float(at_p.low or 0.0)), abs(float(at_p.high or 0.0))) < 1e-6


def test_no_difference_at_all_has_a_p_value_of_one() -> None:
    found = difference_of_proportions([8, 6], [20, 20], [8, 6], [20, 20])
    assert found.estimate == 0.0
    assert found.p_value == pytest.approx(1.0)


def test_swapping_the_groups_mirrors() -> None:
    one, other = ([20, 31], [40, 50]), ([9, 12, 14], [30, 25, 30])
    found = difference_of_proportions(*one, *other)
    mirror = difference_of_proportions(*other, *one)
    assert (-mirror.high, -mirror.low) == pytest.approx((found.low, found.high), rel=1e-9)
    assert mirror.p_value == pytest.approx(found.p_value, rel=1e-6)


def test_shared_clusters_cancel_what_they_have_in_common() -> None:
    own = np.linspace(0.4, 0.9, 12)
    n = np.full(12, 100.0)
    shared = difference_of_proportions(n * own + 5, n, n * own, n, clusters="shared")
    apart = difference_of_proportions(n * own + 5, n, n * own, n)
    assert shared.estimate == apart.estimate == pytest.approx(0.05)
    assert shared.p_value < 0.005 < 0.3 < apart.p_value


def test_shared_clusters_may_miss_from_one_group() -> None:
    found = difference_of_proportions(
        [5, 9, 0, 4], [10, 12, 0, 9], [3, 0, 7, 4], [9, 0, 12, 8], clusters="shared"
    )
    assert found.low is not None
    assert found.low < found.estimate < float(found.high or 0)


def test_shared_clusters_must_line_up() -> None:
    with pytest.raises(ParameterError, match="2 and 3 came"):
        difference_of_proportions([1, 2], [4, 4], [1, 2, 3], [4, 4, 4], clusters="shared")
    with pytest.raises(ParameterError, match="clusters came as"):
        difference_of_proportions([1, 2], [4, 4], [1, 2], [4, 4], clusters="paired")  # type: ignore[arg-type]


def test_means_of_single_rows_are_close_to_welch() -> None:
    rng = np.random.default_rng(8)
    one, other = rng.normal(0.5, 1, 60), rng.normal(0, 1, 60)
    ones = np.ones(60)
    found = difference_of_means(one, ones, other, ones, (float(one @ one), float(other @ other)))
    _, p_value, _ = ttest_ind(one, other, usevar="unequal")
    assert found.estimate == pytest.approx(one.mean() - other.mean())
    assert found.p_value == pytest.approx(p_value, rel=0.15)


def test_a_group_without_rows_is_not_estimable() -> None:
    with pytest.raises(NotEstimable, match="n is 0"):
        difference_of_proportions([1, 2], [4, 4], [0, 0], [0, 0])


def test_contrast_needs_a_p_value() -> None:
    with pytest.raises(ParameterError, match="p_value"):
        Contrast(0.1, 0.0, 0.2, 0.95, 10, 2, "made by hand")
