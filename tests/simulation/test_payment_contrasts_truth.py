"""Contrasts of payments with known truth: at equal stratum, within customers, pooled."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.calibration.payment_contrasts import (
    CHALLENGE_EFFECT,
    FAILURE_EFFECT,
    SHOWN_EFFECT,
    arm_rows,
    at_equal_stratum,
    failure_rows,
    pooled_arms,
    shown_market,
    within_customers,
)
from supportlab.stats.interval import Contrast

# Of 40 intervals of 95 % at least this many hold the truth but once in a thousand.
RUNS, FEWEST = 40, 32


def _holds(found: Contrast, truth: float) -> bool:
    return (found.low or -1.0) <= truth <= (found.high or 1.0)


def test_at_equal_stratum_confounding_is_gone() -> None:
    rng = np.random.default_rng(11)
    ours, plain = [], []
    for _ in range(RUNS):
        drawn = arm_rows(rng, 300, CHALLENGE_EFFECT, loyal=0.0)
        ours.append(at_equal_stratum(drawn))
        plain.append(at_equal_stratum(drawn, ()))
    assert sum(_holds(one, CHALLENGE_EFFECT) for one in ours) >= FEWEST
    assert np.mean([one.estimate for one in ours]) == pytest.approx(CHALLENGE_EFFECT, abs=0.008)
    assert np.mean([one.estimate for one in plain]) > CHALLENGE_EFFECT + 0.008


def test_customers_who_write_more_and_fail_more_are_held_against_themselves() -> None:
    rng = np.random.default_rng(12)
    ours, markets = [], []
    for _ in range(RUNS):
        drawn = failure_rows(rng, 600, added=FAILURE_EFFECT, drawn_to=3.0)
        ours.append(within_customers(drawn))
        markets.append(at_equal_stratum(drawn, ("market",)))
    assert sum(_holds(one, FAILURE_EFFECT) for one in ours) >= FEWEST
    assert np.mean([one.estimate for one in ours]) == pytest.approx(FAILURE_EFFECT, abs=0.006)
    assert np.mean([one.estimate for one in markets]) > FAILURE_EFFECT + 0.006


def test_the_shown_rate_pooled_over_markets() -> None:
    rng = np.random.default_rng(13)
    ours = [
        pooled_arms([shown_market(rng, 150, SHOWN_EFFECT, pull=1.0) for _ in range(8)])
        for _ in range(RUNS)
    ]
    assert sum(_holds(one, SHOWN_EFFECT) for one in ours) >= FEWEST
    assert np.mean([one.estimate for one in ours]) == pytest.approx(SHOWN_EFFECT, abs=0.009)
