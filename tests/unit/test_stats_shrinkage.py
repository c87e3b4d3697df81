"""Shrinkage: brute-force integration, published results, special cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import betainc, betaln, ndtr

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats import beta_binomial_shrinkage, normal_shrinkage
from supportlab.stats import shrinkage as shrinkage_module

HITS = np.array([9.0, 60, 700, 45, 20, 3])
ROWS = np.array([10.0, 100, 1000, 80, 35, 8])


def test_beta_binomial_by_brute_force() -> None:
    """The same model on a dense grid, with each mixture's own quantiles."""
    spread = np.repeat(np.linspace(0.0015, 0.9495, 400), 300)
    centre = np.tile((np.arange(300) + 0.5) / 300, 400)
    precision = 1 / spread**2 - 1
    a, b = centre * precision, (1 - centre) * precision
    height = sum(betaln(a + x, b + n - x) - betaln(a, b) for x, n in zip(HITS, ROWS, strict=True))
    weight = np.exp(height - np.max(height))
    weight /= weight.sum()
    found = beta_binomial_shrinkage(HITS, ROWS)
    for place, (x, n) in enumerate(zip(HITS, ROWS, strict=True)):
        mean = float(weight @ ((a + x) / (precision + n)))
        assert found.estimate[place] == pytest.approx(mean, abs=3e-4)
        for limit, share in ((found.low[place], 0.025), (found.high[place], 0.975)):
            below = float(weight @ betainc(a + x, b + n - x, limit))
            assert below == pytest.approx(share, abs=0.004)


def test_eight_schools_as_published() -> None:
    """Rubin (1981); quartiles of table 5.3 in Gelman et al., from 200 draws, so noisy."""
    schools = [28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]
    quartiles = normal_shrinkage(*schools, level=0.5)
    assert quartiles.low == pytest.approx(np.array([7, 3, 2, 4, 1, 2, 7, 3]), abs=1.5)
    assert quartiles.high == pytest.approx(np.array([16, 12, 11, 11, 10, 10, 15, 13]), abs=1.5)


def test_normal_by_brute_force() -> None:
    """Draws of the spread, the centre and the first group from the same model."""
    value, error = np.array([2.0, 0.5, -1.0, 0.8, 1.1]), np.array([0.5, 0.4, 0.9, 0.3, 0.6])
    found = normal_shrinkage(value, error)
    spread = np.repeat(np.linspace(0.001, 12, 1500), 500)
    centre = np.tile(np.linspace(-8, 9, 500), 1500)
    total = error[:, None] ** 2 + spread**2
    height = -0.5 * np.sum(np.log(total) + (value[:, None] - centre) ** 2 / total, axis=0)
    weight = np.exp(height - height.max())
    own = spread**2 / (spread**2 + error[0] ** 2)
    mean, deviation = centre + own * (value[0] - centre), np.sqrt(own) * error[0]
    assert found.estimate[0] == pytest.approx(float(weight @ mean / weight.sum()), abs=0.005)
    for limit, share in ((found.low[0], 0.025), (found.high[0], 0.975)):
        below = float(weight @ ndtr((limit - mean) / deviation) / weight.sum())
        assert below == pytest.approx(share, abs=0.001)


def test_large_groups_keep_their_own_share_and_small_ones_do_not() -> None:
    found = beta_binomial_shrinkage([9, 140_000, 70_000, 80_000], [10, 200_000, 130_000, 100_000])
    assert found.estimate[1:] == pytest.approx(found.raw[1:], abs=1e-4)
    assert found.raw[0] == 0.9
    assert found.estimate[0] < 0.85
    assert found.own_weight[0] < 0.6 < 0.999 < found.own_weight[1]


def test_a_group_without_rows_gets_the_centre_and_the_widest_interval() -> None:
    found = beta_binomial_shrinkage(np.append(HITS, 0), np.append(ROWS, 0))
    assert np.isnan(found.raw[-1])
    assert found.own_weight[-1] == 0.0
    assert found.estimate[-1] == pytest.approx(found.centre, abs=0.03)
    assert np.argmax(found.high - found.low) == 6


def test_order_does_not_matter_and_estimates_lie_between_raw_and_centre() -> None:
    found = beta_binomial_shrinkage(HITS, ROWS)
    back = beta_binomial_shrinkage(HITS[::-1], ROWS[::-1])
    assert back.estimate[::-1] == pytest.approx(found.estimate, rel=1e-10)
    assert np.all((found.low < found.estimate) & (found.estimate < found.high))
    assert np.all((found.low > 0) & (found.high < 1))


def test_many_groups_take_the_short_way_to_nearly_the_same_limits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(3)
    n = rng.integers(10, 400, 90)
    hits = rng.binomial(n, rng.beta(30, 12, 90))
    solved = beta_binomial_shrinkage(hits, n)
    monkeypatch.setattr(shrinkage_module, "MIXTURES_SOLVED", 0)
    matched = beta_binomial_shrinkage(hits, n)
    assert matched.low == pytest.approx(solved.low, abs=0.004)
    assert matched.high == pytest.approx(solved.high, abs=0.004)


def test_a_design_effect_is_a_smaller_group() -> None:
    found = beta_binomial_shrinkage(HITS, ROWS, design_effect=4.0)
    assert found.estimate == pytest.approx(beta_binomial_shrinkage(HITS / 4, ROWS / 4).estimate)
    plain = beta_binomial_shrinkage(HITS, ROWS)
    assert np.all(found.own_weight < plain.own_weight)


def test_normal_groups_alike_share_their_centre() -> None:
    found = normal_shrinkage(np.full(40, 2.0), np.full(40, 0.5))
    assert found.estimate == pytest.approx(np.full(40, 2.0))
    assert float(np.max(found.high - found.low)) < 0.5 * 2 * 1.96 * 0.5


@pytest.mark.parametrize("n_groups", [0, 1, 2])
def test_too_few_groups(n_groups: int) -> None:
    with pytest.raises(NotEstimable):
        beta_binomial_shrinkage(np.ones(n_groups), np.full(n_groups, 5))
    with pytest.raises(NotEstimable):
        normal_shrinkage(np.ones(n_groups), np.ones(n_groups))


def test_impossible_input() -> None:
    with pytest.raises(ParameterError, match="above n"):
        beta_binomial_shrinkage([3, 1, 1], [2, 2, 2])
    with pytest.raises(ParameterError, match="design_effect"):
        beta_binomial_shrinkage([1, 1, 1], [2, 2, 2], design_effect=0.5)
    with pytest.raises(ParameterError, match="standard error"):
        normal_shrinkage([1, 2, 3], [1, 0, 1])
