"""Made-up customers with known hazard ratios: ours holds, and "ever had a bad ticket" does not."""

from __future__ import annotations

import math

import numpy as np

from supportlab.stats.hazard_design import hazard_design
from supportlab.stats.hazards import fit_hazard, hazard_ratio

RUNS, RATIO = 60, 1.8


def _months(rng: np.random.Generator, ratio: float) -> dict[str, np.ndarray]:
    """Customers of six levels of usage: the heavy ones file more tickets and leave less."""
    n, usage = 500, rng.integers(0, 6, 500)
    first, level = rng.integers(-18, 12, n), -3.4 - 0.35 * (usage - 2.5)
    frailty, there = 0.4 * rng.normal(size=n), np.ones(n, dtype=bool)
    bad, rows = np.zeros((n, 3), dtype=bool), []
    for month in range(-18, 18):
        at_risk, exposed = there & (first < month), bad.any(axis=1)
        chance = 1 - np.exp(-np.exp(level + frailty + math.log(ratio) * exposed))
        left = at_risk & (rng.random(n) < chance)
        if month >= 0:
            who = np.flatnonzero(at_risk)
            tenure = (month - first[who]).clip(0, 12) // 3
            rows.append([who, tenure, usage[who], exposed[who], left[who]])
        there &= ~left
        bad = np.column_stack([rng.random(n) < 0.03 * np.exp(0.4 * usage - 1.0), bad[:, :2]])
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
    return dict(zip(("customer", "tenure", "usage", "bad", "left"), columns, strict=True))


def _ratio(rows: dict[str, np.ndarray], factors: tuple[str, ...]):  # type: ignore[no-untyped-def]
    n, left = np.ones(rows["left"].size), rows["left"].astype(float)
    labels = {name: rows[name] for name in factors}
    design = hazard_design(labels, {"bad": rows["bad"]}, left, n)
    return hazard_ratio(fit_hazard(design, n, left, cluster=rows["customer"]), "bad")


def _ever(rows: dict[str, np.ndarray]) -> tuple[float, float]:
    names, codes = np.unique(rows["customer"], return_inverse=True)
    ever = np.bincount(codes, weights=rows["bad"], minlength=names.size) > 0
    left = np.bincount(codes, weights=rows["left"], minlength=names.size) > 0
    cells = [np.sum(ever & left), np.sum(ever & ~left), np.sum(~ever & left), np.sum(~ever & ~left)]
    table = np.array(cells) + 0.5
    log_odds = math.log(table[0] * table[3] / table[1] / table[2])
    half = 1.96 * math.sqrt(float((1.0 / table).sum()))
    return log_odds - half, log_odds + half


def test_intervals_cover_and_the_naive_ones_do_not() -> None:
    rng = np.random.default_rng(20261124)
    covered, errors, without, naive = 0, [], [], 0
    for _ in range(RUNS):
        rows = _months(rng, RATIO)
        found = _ratio(rows, ("tenure", "usage"))
        covered += found.low <= RATIO <= found.high
        errors.append(math.log(found.estimate / RATIO))
        without.append(math.log(_ratio(rows, ("tenure",)).estimate / RATIO))
        low, high = _ever(rows)
        naive += low <= math.log(RATIO) <= high
    assert covered >= 52  # three binomial standard errors below 95 % of 60
    assert abs(np.mean(errors)) < 3.0 * np.std(errors) / math.sqrt(RUNS) + 0.02
    assert np.mean(without) < np.mean(errors) - 0.08
    assert naive <= 3


def test_no_effect_raises_few_alarms() -> None:
    rng = np.random.default_rng(7)
    p_values = [_ratio(_months(rng, 1.0), ("tenure", "usage")).p_value for _ in range(RUNS)]
    assert np.mean(np.array(p_values) < 0.05) <= 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / RUNS)
