"""Random effects: published results, another package, special cases that must collapse."""

from __future__ import annotations

import numpy as np
import pytest

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.pooling import METHODS, pool_effects

# Trials of the BCG vaccine against tuberculosis (Colditz et al. 1994): sick and well of the
# vaccinated, sick and well of the others.
BCG = np.array(
    [
        (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619),
        (33, 5036, 47, 5761), (180, 1361, 372, 1079), (8, 2537, 10, 619),
        (505, 87886, 499, 87892), (29, 7470, 45, 7232), (17, 1699, 65, 1600),
        (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
    ],
    dtype=float,
)  # fmt: skip


def bcg() -> tuple[np.ndarray, np.ndarray]:
    sick, well, sick_other, well_other = BCG.T
    n, n_other = sick + well, sick_other + well_other
    ratio = np.log(sick / n / (sick_other / n_other))
    return ratio, np.sqrt(1 / sick - 1 / n + 1 / sick_other - 1 / n_other)


def test_published_meta_analysis() -> None:
    # Viechtbauer (2010), metafor: REML with Knapp and Hartung's interval, Q profile.
    found = pool_effects(*bcg())
    one = found.interval
    assert (one.estimate, one.low, one.high) == pytest.approx((-0.7145, -1.1084, -0.3206), abs=5e-5)
    assert one.p_value == pytest.approx(0.0019, abs=5e-5)
    assert found.spread**2 == pytest.approx(0.3132, abs=5e-5)
    limits = (found.spread_low**2, found.spread_high**2)
    assert limits == pytest.approx((0.1197, 1.1115), abs=5e-5)
    assert found.i_squared == pytest.approx(0.9222, abs=5e-5)
    assert (found.q, one.df) == pytest.approx((152.2330, 12.0), abs=5e-5)


@pytest.mark.parametrize(
    ("ours", "theirs"), [("paule_mandel", "iterated"), ("dersimonian_laird", "dl")]
)
def test_as_statsmodels(ours: str, theirs: str) -> None:
    from statsmodels.stats.meta_analysis import combine_effects

    effect, error = bcg()
    peer = combine_effects(effect, error**2, method_re=theirs, use_t=True)
    found = pool_effects(effect, error, method=ours)  # type: ignore[arg-type]
    assert found.spread**2 == pytest.approx(peer.tau2, rel=1e-6)
    assert found.interval.estimate == pytest.approx(peer.mean_effect_re, rel=1e-6)
    half = (found.interval.high or 0.0) - found.interval.estimate
    assert half / 2.178813 == pytest.approx(peer.sd_eff_w_re_hksj, rel=1e-5)


def test_likelihood_is_at_its_highest() -> None:
    effect, error = bcg()

    def fit(spread2: float) -> float:
        weight = 1 / (error**2 + spread2)
        mean = weight @ effect / weight.sum()
        fall = np.log(error**2 + spread2).sum() + np.log(weight.sum())
        return float(fall + weight @ (effect - mean) ** 2)

    best = pool_effects(effect, error).spread ** 2
    grid = np.linspace(0.0, 2.0, 20_001)
    assert best == pytest.approx(grid[np.argmin([fit(one) for one in grid])], abs=1.1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_groups_that_are_alike_have_no_spread(method: str) -> None:
    found = pool_effects([0.05] * 4, [0.01] * 4, method=method)  # type: ignore[arg-type]
    one = found.interval
    assert (found.spread, one.estimate) == (0.0, pytest.approx(0.05))
    # Not narrower than four independent estimates of one thing allow.
    assert (one.high or 0) - one.estimate == pytest.approx(3.182446 * 0.01 / 2, rel=1e-6)
    assert found.weights.tolist() == pytest.approx([0.25] * 4)


def test_two_groups_have_no_prediction() -> None:
    found = pool_effects([0.1, 0.2], [0.01, 0.01])
    assert (found.prediction_low, found.prediction_high) == (None, None)
    assert found.interval.df == 1.0


def test_scale_and_order_do_not_matter() -> None:
    effect, error = bcg()
    first = pool_effects(effect, error)
    turned = pool_effects(-1000 * effect[::-1], 1000 * error[::-1])
    assert turned.interval.estimate == pytest.approx(-1000 * first.interval.estimate)
    assert turned.spread == pytest.approx(1000 * first.spread, rel=1e-5)


def test_refusals() -> None:
    with pytest.raises(NotEstimable, match="at least 2 groups; there are 1"):
        pool_effects([0.1], [0.01])
    with pytest.raises(ParameterError, match="error must be above 0"):
        pool_effects([0.1, 0.2], [0.01, 0.0])
    with pytest.raises(ParameterError, match="method came as 'ml'"):
        pool_effects([0.1, 0.2], [0.01, 0.01], method="ml")  # type: ignore[arg-type]
