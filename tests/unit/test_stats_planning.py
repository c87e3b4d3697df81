"""Multiplicity, power and counts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.power import TTestIndPower
from statsmodels.stats.proportion import power_proportions_2indep

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats import (
    adjust_p,
    count_rate,
    minimal_detectable_difference,
    minimal_detectable_mean_difference,
    sample_size_for_difference,
)

# Benjamini and Hochberg (1995), section 4: of fifteen, four are found at 5 %, by Holm three.
PUBLISHED = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
    0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
]  # fmt: skip


def test_benjamini_and_hochberg_as_published() -> None:
    assert sum(p is not None and p <= 0.05 for p in adjust_p(PUBLISHED)) == 4
    assert sum(p is not None and p <= 0.05 for p in adjust_p(PUBLISHED, "holm")) == 3


def test_missing_p_values_are_no_tests() -> None:
    assert adjust_p([None, 0.03, float("nan"), 0.01]) == [None, 0.03, None, 0.02]
    assert adjust_p([None, None]) == [None, None]
    assert adjust_p([]) == []


def test_impossible_p_values_and_methods() -> None:
    with pytest.raises(ParameterError, match="outside 0 and 1"):
        adjust_p([0.1, 1.2])
    with pytest.raises(ParameterError, match="Did you mean 'holm'"):
        adjust_p([0.1], "hom")  # type: ignore[arg-type]


@pytest.mark.parametrize(("n_1", "n_2", "share"), [(300, 300, 0.7), (150, 900, 0.85)])
def test_power_at_the_minimal_difference_by_statsmodels(n_1: int, n_2: int, share: float) -> None:
    found = minimal_detectable_difference(n_1, n_2, share, direction="lower")
    peer = power_proportions_2indep(
        -found, share, n_2, ratio=n_1 / n_2, alpha=0.05, return_results=True
    )
    assert peer.power == pytest.approx(0.8, abs=0.01)


def test_power_for_means_by_statsmodels() -> None:
    found = minimal_detectable_mean_difference(200, 200, 2.0)
    power = TTestIndPower().power(found / 2.0, 200, 0.05)
    assert power == pytest.approx(0.8, abs=0.003)


def test_sample_size_is_the_inverse_of_the_difference() -> None:
    n = sample_size_for_difference(0.7, -0.05, ratio=2.0, design_effect=3.0)
    found = minimal_detectable_difference(n, 2 * n, 0.7, design_effect=3.0, direction="lower")
    assert found == pytest.approx(0.05, rel=1e-3)


def test_clusters_and_either_way_cost() -> None:
    base = minimal_detectable_difference(500, 500, 0.8)
    assert minimal_detectable_difference(500, 500, 0.8, design_effect=2) == pytest.approx(
        minimal_detectable_difference(250, 250, 0.8)
    )
    assert minimal_detectable_difference(500, 500, 0.8, df=6) > base
    ways = [
        minimal_detectable_difference(500, 500, 0.8, direction=way) for way in ("higher", "lower")
    ]
    assert base == max(ways)


def test_no_room_for_a_difference() -> None:
    assert minimal_detectable_difference(40, 40, 0.98) < 0.3
    with pytest.raises(NotEstimable, match="cannot show any"):
        minimal_detectable_difference(40, 40, 0.98, direction="higher")
    with pytest.raises(NotEstimable, match="needs both"):
        minimal_detectable_difference(0, 40, 0.5)
    with pytest.raises(NotEstimable, match="needs both"):
        minimal_detectable_mean_difference(10, 0, 1.0)


def test_planning_names_all_faults_at_once() -> None:
    with pytest.raises(ParameterError, match=r"share.*power.*design_effect"):
        minimal_detectable_difference(10, 10, 70, power=80, design_effect=0)
    with pytest.raises(ParameterError, match="direction"):
        minimal_detectable_difference(10, 10, 0.7, direction="up")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="difference"):
        sample_size_for_difference(0.7, 0.4)


def test_counts_without_over_dispersion_are_near_the_exact_poisson() -> None:
    events = np.full(400, 3.0)
    found = count_rate(events, np.full(400, 10.0))
    low, high = scipy_stats.chi2.ppf(0.025, 2400) / 2, scipy_stats.chi2.ppf(0.975, 2402) / 2
    assert (found.low, found.high) == pytest.approx((low / 4000, high / 4000), rel=1e-3)
    assert found.design_effect == 1.0


def test_counts_with_over_dispersion_widen() -> None:
    calm, wild = count_rate([10, 11, 9, 10], [100] * 4), count_rate([1, 22, 3, 14], [100] * 4)
    assert calm.estimate == wild.estimate
    assert float(wild.high or 0) - float(wild.low or 0) > 2 * (
        float(calm.high or 0) - float(calm.low or 0)
    )


def test_no_events_have_an_upper_limit_and_no_exposure_has_none() -> None:
    found = count_rate([0, 0, 0], [100, 100, 100])
    assert (found.estimate, found.low) == (0.0, 0.0)
    assert float(found.high or 0) > 3.0 / 300
    with pytest.raises(NotEstimable, match="exposure"):
        count_rate([0, 0], [0, 0])
    with pytest.raises(NotEstimable, match="one cell"):
        count_rate([4], [100])
