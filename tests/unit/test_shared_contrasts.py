"""What all estimators and studies share: an interval from an error, and what a difference shows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from supportlab.errors import NotEstimable
from supportlab.stats.clusters import error_of_fitted, variance_of_squares
from supportlab.stats.interval import Contrast, Interval, error_behind, student_contrast
from supportlab.studies.common.rows import numbers_of
from supportlab.studies.common.verdicts import difference_verdict, row_verdict


def test_an_interval_from_an_error_is_that_of_the_one_sample_t_test():
    values = np.random.default_rng(4).normal(0.4, 1.0, 25)
    error = values.std(ddof=1) / 5.0
    found = student_contrast(values.mean(), error, 24.0, (25, 25), "mean", 0.9)
    peer = ttest_1samp(values, 0.0)
    limits = peer.confidence_interval(0.9)
    assert (found.low, found.high, found.p_value) == pytest.approx(
        (limits.low, limits.high, peer.pvalue)
    )
    assert (found.n, found.n_clusters, found.df, found.level) == (25, 25, 24.0, 0.9)
    assert error_behind(found) == pytest.approx(error)


def test_a_ratio_is_its_logarithm_taken_back():
    plain = student_contrast(0.3, 0.1, 40.0, (90, 41), "", 0.95)
    ratio = student_contrast(0.3, 0.1, 40.0, (90, 41), "", 0.95, is_ratio=True)
    assert np.log([ratio.estimate, ratio.low, ratio.high]) == pytest.approx(
        [plain.estimate, plain.low, plain.high]
    )
    assert ratio.p_value == plain.p_value


def test_a_p_value_is_never_0_and_without_an_error_there_is_no_evidence():
    assert 0.0 < student_contrast(1.0, 1e-4, 1e6, (9, 9), "", 0.95).p_value < 1e-200
    exact = student_contrast(1.0, 0.0, 8.0, (9, 9), "", 0.95)
    assert (exact.low, exact.high, exact.p_value) == (1.0, 1.0, 1.0)


def test_the_error_of_an_open_interval_is_refused_and_one_without_df_is_normal():
    assert error_behind(Interval(0.0, -1.96, 1.959963985, 0.95, 9, None, "")) == pytest.approx(1.0)
    with pytest.raises(NotEstimable, match="open end"):
        error_behind(Interval(3.0, 1.0, None, 0.95, 9, None, ""))


def test_summed_squares_are_those_of_clusters_one_by_one():
    influence = np.random.default_rng(5).normal(0.0, 1.0, 40)
    influence -= influence.mean()
    found = variance_of_squares(float(influence @ influence), 40, 40)
    assert found == pytest.approx(influence.var(ddof=1) / 40)
    assert error_of_fitted(found, 40, 30) == pytest.approx(2.0 * np.sqrt(found))
    with pytest.raises(NotEstimable, match="at least 2"):
        variance_of_squares(1.0, 40, 1)


@pytest.mark.parametrize(
    ("low", "high", "p_adjusted", "expected"),
    [
        (-0.009, 0.009, 0.001, "equivalent"),
        (-0.009, 0.010, 0.2, "no_difference_shown"),
        (0.01, 0.05, 0.04, "higher"),
        (-0.05, -0.01, 0.04, "lower"),
        (0.001, 0.05, 0.06, "no_difference_shown"),
        (-0.05, 0.06, 0.9, "inconclusive"),
        (0.01, 0.05, None, "inconclusive"),
    ],
)
def test_a_difference_is_near_none_first_and_then_has_a_direction(low, high, p_adjusted, expected):
    found = Contrast((low + high) / 2.0, low, high, 0.95, 90, 9, "", p_value=0.5)
    assert difference_verdict(found, p_adjusted, 0.95, within=0.01, too_wide=0.1) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((0.005, 0.001, 0.009, 0.01), "higher"),
        ((-0.005, -0.009, -0.001, 0.01), "lower"),
        ((0.005, 0.001, 0.009, 0.06), "equivalent"),
        ((0.005, 0.001, 0.010, 0.06), "no_difference_shown"),
        ((np.nan, np.nan, np.nan, np.nan), None),
    ],
)
def test_a_row_has_its_direction_first(row, expected):
    names = ("estimate", "ci_low", "ci_high", "p_adjusted")
    made = dict(zip(names, row, strict=True))
    assert row_verdict(made, 0.95, within=0.01) == expected
    if expected is not None:
        told = numbers_of(made | {"p_value": 0.01, "verdict": expected, "other": 7})
        assert told == made | {"p_value": 0.01, "verdict": expected}
