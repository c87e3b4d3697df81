"""Adjusted differences, pools and roll-outs with known truth: intervals that hold what they say."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.calibration.payment_effects import (
    EFFECT,
    clustered_effect,
    payment_rows,
    raw_difference,
)
from supportlab.stats.doubly_robust import aipw_cells
from supportlab.stats.pooling import pool_effects
from supportlab.stats.staggered import imputed_effect

RUNS = 60
# Of 60 intervals of 95 % at least this many hold the truth but once in a thousand.
FEWEST = 51


def test_currency_effect_under_confounding() -> None:
    rng = np.random.default_rng(1)
    ours, naive = [], []
    for _ in range(RUNS):
        drawn = payment_rows(rng, 200, 9)
        found = clustered_effect(drawn)
        ours.append((found.estimate, (found.low or 0) <= EFFECT <= (found.high or 0)))
        raw, low, high = raw_difference(drawn)
        naive.append((raw, low <= EFFECT <= high))
    assert sum(covers for _, covers in ours) >= FEWEST
    assert np.mean([one for one, _ in ours]) == pytest.approx(EFFECT, abs=0.01)
    # The raw difference is off by three points, and its interval misses.
    assert np.mean([one for one, _ in naive]) < EFFECT - 0.02
    assert sum(covers for _, covers in naive) < FEWEST


def test_clusters_are_respected() -> None:
    rng = np.random.default_rng(2)
    right, alone = 0, 0
    for _ in range(RUNS):
        customer = np.repeat(np.arange(150), 14)
        is_local = (rng.random(150) < 0.6)[customer]
        level = np.clip(rng.normal(0.2, 0.12, 150), 0.06, 0.7)[customer]
        hit = (rng.random(customer.size) < level + EFFECT * is_local).astype(float)
        one = np.ones(hit.size)
        effect = aipw_cells(np.zeros((hit.size, 0)), is_local, one, hit)
        for cluster, place in ((customer, 0), (np.arange(hit.size), 1)):
            found = effect.by_clusters(cluster, one, hit)
            covers = (found.low or 0) <= EFFECT <= (found.high or 0)
            right += covers * (place == 0)
            alone += covers * (place == 1)
    assert right >= FEWEST > alone


def test_pool_of_markets_that_differ() -> None:
    rng = np.random.default_rng(3)
    covers, fixed = 0, 0
    for _ in range(RUNS):
        error = np.exp(rng.uniform(np.log(0.006), np.log(0.04), 10))
        effect = EFFECT + 0.02 * rng.normal(size=10) + error * rng.normal(size=10)
        one = pool_effects(effect, error).interval
        covers += (one.low or 0) <= EFFECT <= (one.high or 0)
        weight = error**-2
        fixed += abs(weight @ effect / weight.sum() - EFFECT) < 1.96 * weight.sum() ** -0.5
    assert covers >= FEWEST > fixed


def test_roll_out_whose_effect_grows() -> None:
    rng = np.random.default_rng(4)
    unit, period = np.repeat(np.arange(20), 16), np.tile(np.arange(16), 20)
    ours, two_way = [], []
    for _ in range(RUNS):
        adopted = np.where(unit < 17, rng.integers(4, 13, 20)[unit].astype(float), np.nan)
        since = period - adopted
        effect = np.where(since >= 0, -0.02 - 0.012 * since, 0.0)
        level = rng.normal(0.35, 0.03, 20)[unit] + np.cumsum(rng.normal(0, 0.005, 16))[period]
        n = np.full(unit.size, 150.0)
        hits = rng.binomial(150, np.clip(level + effect + rng.normal(0, 0.01, unit.size), 0.01, 1))
        found = imputed_effect(unit, period, n, hits, adopted)
        truth = float(effect[since >= 0].mean())
        low, high = found.interval.low or 0.0, found.interval.high or 0.0
        ours.append((found.interval.estimate - truth, low <= truth <= high))
        two_way.append((found.naive - truth, low <= found.naive <= high))
    assert sum(covers for _, covers in ours) >= FEWEST
    assert np.mean([error for error, _ in ours]) == pytest.approx(0.0, abs=0.006)
    # Two-way fixed effects lose two points of an effect of about seven.
    assert np.mean([error for error, _ in two_way]) > 0.015
