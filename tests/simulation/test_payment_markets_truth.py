"""Short seeded simulations of markets: ours holds, and the naive way does not."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit

from supportlab.stats import adjust_p, wilson_interval
from supportlab.stats.funnel_limits import funnel
from supportlab.stats.moderated_clusters import (
    GroupProfiles,
    moderated_design_effects,
    moderated_shares,
)
from supportlab.stats.rates_hierarchy import crossed_shrinkage

RUNS = 120
ALIKE = 0.25


def holds(share: float, aim: float, runs: int) -> bool:
    """Tell whether a share lies within three binomial standard errors of what it aims at."""
    return abs(share - aim) <= 3.0 * math.sqrt(aim * (1 - aim) / runs)


def market(rng: np.random.Generator, rate: float, n: float) -> GroupProfiles:
    count = max(2, round(n / 4))
    size = rng.geometric(0.25, count)
    own = rng.beta(rate * (1 / ALIKE - 1), (1 - rate) * (1 / ALIKE - 1), count)
    rows, times = np.unique(np.stack([rng.binomial(size, own), size]), axis=1, return_counts=True)
    return GroupProfiles(*rows, times)


def world(rng: np.random.Generator, spread: float) -> tuple[list[GroupProfiles], np.ndarray]:
    rate = expit(-2.2 + spread * rng.normal(size=12))
    size = np.exp(rng.uniform(math.log(20), math.log(5000), 12))
    return [market(rng, *pair) for pair in zip(rate, size, strict=True)], rate


def counts(groups: list[GroupProfiles]) -> tuple[np.ndarray, np.ndarray]:
    parts = [group.arrays() for group in groups]
    return (
        np.array([part @ times for part, _, times in parts]),
        np.array([whole @ times for _, whole, times in parts]),
    )


def test_intervals_of_small_and_large_markets() -> None:
    rng = np.random.default_rng(41)
    ours, naive = [], []
    for _ in range(RUNS):
        groups, rate = world(rng, 0.4)
        pairs = zip(*counts(groups), strict=True)
        for found, (hits, n), truth in zip(moderated_shares(groups), pairs, rate, strict=True):
            plain = wilson_interval(hits, n)
            assert found is not None
            ours.append(found.low <= truth <= found.high)
            naive.append(plain.low <= truth <= plain.high)
    assert holds(float(np.mean(ours)), 0.95, RUNS * 12)
    assert np.mean(naive) < 0.85


def test_false_alarms_of_funnels() -> None:
    """Markets that are alike, and markets that differ in the ordinary way."""
    rng = np.random.default_rng(42)
    for spread in (0.0, 0.4):
        ours, naive, any_of = [], [], []
        for _ in range(RUNS):
            groups, _ = world(rng, spread)
            hits, n = counts(groups)
            effect = moderated_design_effects(groups).design_effect
            p_value = funnel(hits, n, design_effect=effect).p_value
            ours += list(p_value < 0.05)
            any_of.append(min(p for p in adjust_p(list(p_value)) if p is not None) < 0.05)
            naive += list(funnel(hits, n, overdispersion="none").p_value < 0.05)
        assert np.mean(ours) < 0.065
        assert np.mean(any_of) < 0.12
        assert np.mean(naive) > 0.15


def test_sparse_cells_are_closer_to_the_truth() -> None:
    rng = np.random.default_rng(43)
    covered, ours, raw = [], [], []
    for _ in range(3):
        row, column = np.divmod(np.arange(48), 6)
        rate = expit(-2 + 0.4 * rng.normal(size=8)[row] + 0.3 * rng.normal(size=6)[column])
        n = np.round(np.exp(rng.uniform(math.log(4), math.log(1500), 48))).astype(int)
        hits = rng.binomial(n, rate)
        labels = [[str(one) for one in part] for part in (row, column)]
        found = crossed_shrinkage(hits, n, labels)
        covered += list((found.low <= rate) & (rate <= found.high))
        ours += list(found.estimate - rate)
        raw += list(found.raw - rate)
    assert np.mean(covered) > 0.9
    assert np.std(ours) < 0.5 * np.std(raw)
