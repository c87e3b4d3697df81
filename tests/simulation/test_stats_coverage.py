"""Short seeded simulations with known truth: ours holds, and the naive way does not."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm

from supportlab.stats import (
    beta_binomial_shrinkage,
    clustered_mean,
    clustered_nps,
    clustered_proportion,
    difference_of_proportions,
    kaplan_meier,
    linear_trend,
    survival_quantile,
    wilson_interval,
)
from supportlab.stats.interval import Interval

RUNS = 300


def holds(share: float, runs: int = RUNS, aim: float = 0.95) -> bool:
    """Tell whether a share lies within three binomial standard errors of what it aims at."""
    return abs(share - aim) <= 3.0 * math.sqrt(aim * (1 - aim) / runs)


def covers(found: Interval, truth: float) -> bool:
    """Tell whether an interval holds the truth; an open end holds everything."""
    return (found.low or -math.inf) <= truth and (found.high is None or truth <= found.high)


def agents(rng: np.random.Generator, n_agents: int, mean: int) -> np.ndarray:
    """Return tickets per agent, of very unequal sizes."""
    return np.maximum(1, np.round(mean * np.exp(rng.normal(-0.5, 1.0, n_agents)))).astype(int)


@pytest.mark.parametrize(("n_agents", "seed"), [(8, 11), (40, 12)])
def test_share_under_clustering(n_agents: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ours, naive = 0, 0
    for _ in range(RUNS):
        n = agents(rng, n_agents, 40)
        hits = rng.binomial(n, rng.beta(0.7 * 19, 0.3 * 19, n_agents))
        ours += covers(clustered_proportion(hits, n), 0.7)
        naive += covers(wilson_interval(float(hits.sum()), float(n.sum())), 0.7)
    assert holds(ours / RUNS)
    assert naive / RUNS < 0.75


def test_mean_and_nps_under_clustering() -> None:
    rng = np.random.default_rng(13)
    shares = np.array([0.5, 0.3, 0.2])
    mean_covered, nps_covered, wald_covered = 0, 0, 0
    for _ in range(RUNS):
        own = rng.dirichlet(shares * 12, 25)
        answers = np.array([rng.multinomial(20, mix) for mix in own])
        plus, minus, n = answers[:, 0], answers[:, 2], np.full(25, 20)
        totals = 10.0 * plus + 8.0 * answers[:, 1] + 4.0 * minus
        squared = float(100 * plus.sum() + 64 * answers[:, 1].sum() + 16 * minus.sum())
        mean_covered += covers(clustered_mean(totals, n, squared), 8.2)
        nps_covered += covers(clustered_nps(plus, minus, n), 30.0)
        rows = np.repeat([1.0, 0.0, -1.0], answers.sum(axis=0))
        single = clustered_nps(rows > 0, rows < 0, np.ones(rows.size), wald=True)
        wald_covered += covers(single, 30.0)
    assert holds(mean_covered / RUNS)
    assert holds(nps_covered / RUNS)
    assert wald_covered / RUNS < 0.85


def test_nps_of_few_lopsided_answers() -> None:
    rng = np.random.default_rng(14)
    ours, wald = 0, 0
    for _ in range(RUNS):
        rows = rng.choice([1, 0, -1], 20, p=[0.85, 0.10, 0.05])
        ends = ((rows > 0).astype(float), (rows < 0).astype(float), np.ones(20))
        ours += covers(clustered_nps(*ends), 80.0)
        score, spread = rows.mean(), rows.var()
        wald += abs(100 * score - 80) <= 196 * math.sqrt(spread / 20)
    assert ours / RUNS > 0.93
    assert wald / RUNS < 0.9


def test_false_alarms_of_a_difference() -> None:
    rng = np.random.default_rng(15)
    runs, alarms, naive = 120, 0, 0
    for _ in range(runs):
        n = [agents(rng, 20, 40) for _ in range(2)]
        hits = [rng.binomial(size, rng.beta(0.7 * 19, 0.3 * 19, 20)) for size in n]
        alarms += difference_of_proportions(hits[0], n[0], hits[1], n[1]).p_value < 0.05
        pooled = (hits[0].sum() + hits[1].sum()) / (n[0].sum() + n[1].sum())
        error = math.sqrt(pooled * (1 - pooled) * (1 / n[0].sum() + 1 / n[1].sum()))
        gap = hits[0].sum() / n[0].sum() - hits[1].sum() / n[1].sum()
        naive += abs(gap) > 1.96 * error
    assert alarms / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    assert naive / runs > 0.25


def test_median_with_open_cases() -> None:
    rng = np.random.default_rng(16)
    runs, ours, plain, errors, closed_errors = 200, 0, 0, [], []
    for _ in range(runs):
        cluster = np.repeat(np.arange(25), 30)
        own = rng.normal(0, 0.4, 25)[cluster]
        ends, seen = 1000 * np.exp(own + rng.normal(size=750)), rng.uniform(0, 6000, 750)
        time, event = np.minimum(ends, seen), (ends <= seen).astype(int)
        found = survival_quantile(kaplan_meier(time, event, 1 - event, cluster))
        alone = survival_quantile(kaplan_meier(time, event, 1 - event))
        ours += covers(found, 1000.0)
        plain += covers(alone, 1000.0)
        errors.append(found.estimate - 1000)
        closed_errors.append(float(np.median(time[event == 1])) - 1000)
    assert holds(ours / runs, runs)
    assert plain / runs < 0.85
    assert abs(float(np.mean(errors))) < 25
    assert float(np.mean(closed_errors)) < -150


def test_small_groups_gain_from_shrinkage() -> None:
    rng = np.random.default_rng(17)
    covered, wald, raw, shrunk = [], [], [], []
    for _ in range(150):
        n = np.round(np.exp(rng.uniform(np.log(10), np.log(2000), 12))).astype(int)
        truth = 1 / (1 + np.exp(-(0.95 + 0.3 * rng.normal(size=12))))
        hits = rng.binomial(n, truth)
        found = beta_binomial_shrinkage(hits, n)
        covered.append((found.low <= truth) & (truth <= found.high))
        half = 1.96 * np.sqrt(found.raw * (1 - found.raw) / n)
        small = n <= 50
        wald.extend(np.abs(found.raw - truth)[small] <= half[small])
        raw.extend((found.raw - truth)[small] ** 2)
        shrunk.extend((found.estimate - truth)[small] ** 2)
    assert 0.93 <= float(np.mean(covered)) <= 0.97
    assert float(np.mean(wald)) < 0.925
    assert math.sqrt(float(np.mean(shrunk))) < 0.62 * math.sqrt(float(np.mean(raw)))


def test_false_alarms_of_a_trend() -> None:
    rng = np.random.default_rng(18)
    months = [f"{2022 + place // 12}-{place % 12 + 1:02d}" for place in range(24)]
    wave = 0.02 * np.sin(2 * np.pi * np.arange(24) / 12)
    dummies = [(np.arange(24) % 12 == month).astype(float) for month in range(1, 12)]
    design = np.column_stack([np.ones(24), np.arange(24.0), *dummies])
    ours, naive = 0, 0
    for _ in range(RUNS):
        own = np.empty(24)
        own[0] = rng.normal(0, 0.02)
        for place in range(1, 24):
            own[place] = 0.4 * own[place - 1] + rng.normal(0, 0.02 * math.sqrt(0.84))
        values = rng.binomial(2000, 0.75 + wave + own) / 2000
        ours += linear_trend(months, values).p_value < 0.05
        fit = sm.OLS(values, design).fit(cov_type="HAC", cov_kwds={"maxlags": 2}, use_t=True)
        naive += fit.pvalues[1] < 0.05
    assert holds(ours / RUNS, aim=0.05)
    assert naive / RUNS > 0.12
