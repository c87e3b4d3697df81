"""E-values and robustness values: published examples, special cases, a confounder that is built."""

from __future__ import annotations

import math

import numpy as np
import pytest

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.sensitivity import e_value, e_value_of_difference, robustness_value


@pytest.mark.parametrize(
    ("ratio", "low", "high", "estimate", "limit"),
    [
        # Victora et al. (bottle feeding) and Hammond et al. (leukaemia), both in VanderWeele and
        # Ding (2017); smoking and lung cancer, Ding and VanderWeele (2016).
        (3.9, 1.8, 8.7, 7.26, 3.0),
        (0.80, 0.71, 0.91, 1.81, 1.43),
        (10.73, 8.02, 14.36, 20.95, 15.52),
    ],
)
def test_published_e_values(
    ratio: float, low: float, high: float, estimate: float, limit: float
) -> None:
    found = e_value(ratio, low, high)
    assert found.estimate == pytest.approx(estimate, abs=0.006)
    assert found.limit == pytest.approx(limit, abs=0.006)


def test_common_outcomes_are_brought_to_risks_first() -> None:
    """Table 2 of VanderWeele and Ding (2017), worked by hand for a hazard ratio of 0.56."""
    found = e_value(0.56, 0.46, 0.69, kind="hazard_ratio", is_common=True)
    assert found.is_converted
    assert found.risk_ratio == pytest.approx(0.4047 / 0.6040, abs=1e-4)
    assert found.estimate == pytest.approx(2.3495, abs=1e-3)
    # The authors' package prints 2.86 for an odds ratio of 3 of a common outcome.
    assert e_value(3.0, kind="odds_ratio", is_common=True).estimate == pytest.approx(2.86, abs=0.01)
    odds = e_value(0.86, 0.75, 0.99, kind="odds_ratio", is_common=True)
    assert odds.risk_ratio == pytest.approx(math.sqrt(0.86))
    assert e_value(0.86, kind="odds_ratio").risk_ratio == 0.86


def test_what_needs_no_explaining_has_an_e_value_of_one() -> None:
    assert e_value(1.0, 0.9, 1.1).estimate == 1.0
    assert e_value(1.4, 0.9, 2.0).limit == 1.0
    assert e_value(1.4).limit is None


@pytest.mark.parametrize("ratio", [1.2, 1.8, 4.0])
def test_a_confounder_of_that_strength_just_explains_the_ratio(ratio: float) -> None:
    """The bias of a confounder with both ratios G is at most G * G / (2 G - 1)."""
    strength = e_value(ratio).estimate
    assert strength**2 / (2 * strength - 1) == pytest.approx(ratio)
    assert e_value(1 / ratio).estimate == pytest.approx(strength)


def test_a_difference_of_risks_goes_through_its_ratio() -> None:
    found = e_value_of_difference(0.05, 0.02, 0.08, baseline=0.10)
    assert found.estimate == pytest.approx(e_value(1.5).estimate)
    assert found.limit == pytest.approx(e_value(1.2).estimate)
    assert e_value_of_difference(-0.05, -0.30, 0.01, baseline=0.10).limit == 1.0
    with pytest.raises(NotEstimable, match="is 0"):
        e_value_of_difference(0.05, None, None, baseline=0.0)
    with pytest.raises(ParameterError, match="baseline"):
        e_value_of_difference(0.95, None, None, baseline=0.2)


def test_published_robustness_value() -> None:
    """Darfur: t 4.184 on 783 degrees of freedom; Cinelli and Hazlett (2020), table 1."""
    found = robustness_value(4.18445, 783)
    assert (round(found.estimate, 3), round(found.limit, 3)) == (0.139, 0.076)
    assert round(found.partial_r2, 3) == 0.022
    assert robustness_value(1.5, 783).limit == 0.0


def test_a_confounder_with_the_robustness_value_takes_the_estimate_to_zero() -> None:
    """A regression is run with the confounder that the number describes."""
    rng = np.random.default_rng(3)
    n = 4000
    exposure, noise = rng.normal(size=n), rng.normal(size=n)
    outcome = 0.2 * exposure + noise
    exposure, outcome = exposure - exposure.mean(), outcome - outcome.mean()
    slope = exposure @ outcome / (exposure @ exposure)
    left = outcome - slope * exposure
    error = math.sqrt(left @ left / (n - 2) / (exposure @ exposure))
    share = robustness_value(slope / error, n - 2).estimate
    third = rng.normal(size=n)
    basis, _ = np.linalg.qr(np.column_stack([np.ones(n), exposure, left, third]))
    unit_x, unit_y = exposure / np.linalg.norm(exposure), left / np.linalg.norm(left)
    inside = math.sqrt(1 - share)
    # Partial R² with the exposure is `share`; what is left of it lies along the residual so far
    # that its partial R² with the outcome is `share` too.
    hidden = math.sqrt(share) * unit_x + inside * (
        math.sqrt(share) * unit_y + inside * basis[:, 3] * np.sign(basis[:, 3] @ third)
    )
    both = np.linalg.lstsq(np.column_stack([exposure, hidden]), outcome, rcond=None)[0]
    assert both[0] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    "call",
    [
        lambda: e_value(0.0),
        lambda: e_value(1.2, 1.3, 1.4),
        lambda: e_value(1.2, 1.1, None),
        lambda: e_value(1.2, kind="risk"),  # type: ignore[arg-type]
        lambda: robustness_value(2.0, 1.0),
        lambda: robustness_value(2.0, 100, alpha=0.0),
        lambda: robustness_value(float("nan"), 100),
    ],
)
def test_nonsense_is_refused(call) -> None:
    with pytest.raises(ParameterError):
        call()
