"""Calibration of shrinkage over groups of 10 to 2,000 rows."""

from __future__ import annotations

import numpy as np

from benchmarks.calibration.tally import Judged, Row, Trial, coverage_row, judged, timed
from benchmarks.calibration.worlds import clustered_hits, group_shares
from supportlab.stats import (
    Shrunken,
    beta_binomial_shrinkage,
    clustered_proportion,
    normal_shrinkage,
)

__all__ = ["rows"]

# (kind of truth, groups, stress)
WORLDS = (
    ("beta", 12, False),
    ("beta", 40, False),
    ("logit-normal", 12, False),
    ("two kinds", 12, False),
    ("heavy tails", 12, False),
    ("beta", 5, True),
    ("all alike", 12, True),
)


def rows(scale: float) -> list[Row]:
    """Return the lines of this family."""
    runs = max(20, round(250 * scale))
    return [*_shares(runs), _small(runs), _with_clusters(runs), *_effects(runs)]


def _sizes(rng: np.random.Generator, n_groups: int) -> np.ndarray:
    return np.round(np.exp(rng.uniform(np.log(10), np.log(2000), n_groups))).astype(int)


def _against(found: Shrunken, truth: np.ndarray) -> list[Judged]:
    return [
        judged(*map(float, limits), float(true))
        for *limits, true in zip(found.estimate, found.low, found.high, truth, strict=True)
    ]


def _wald(hits: np.ndarray, n: np.ndarray, truth: np.ndarray) -> list[Judged]:
    raw = hits / n
    half = 1.96 * np.sqrt(raw * (1 - raw) / n)
    return [
        judged(float(one), float(one - by), float(one + by), float(true))
        for one, by, true in zip(raw, half, truth, strict=True)
    ]


def _shares(runs: int) -> list[Row]:
    found = []
    for seed, (kind, n_groups, stress) in enumerate(WORLDS):

        def trial(rng: np.random.Generator, kind: str = kind, n_groups: int = n_groups) -> Trial:
            n, truth = _sizes(rng, n_groups), group_shares(rng, n_groups, kind)
            hits = rng.binomial(n, truth)
            shrunk, seconds = timed(lambda: beta_binomial_shrinkage(hits, n))
            return Trial(_against(shrunk, truth), _wald(hits, n, truth), seconds)

        found.append(
            coverage_row(
                "beta_binomial_shrinkage",
                f"{n_groups} groups, {kind}",
                "raw, Wald",
                trial,
                runs=runs,
                seed=800 + seed,
                is_stress=stress,
            )
        )
    return found


def _small(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> Trial:
        n, truth = _sizes(rng, 12), group_shares(rng, 12, "logit-normal")
        n[0] = rng.integers(10, 51)
        hits = rng.binomial(n, truth)
        shrunk, seconds = timed(lambda: beta_binomial_shrinkage(hits, n))
        small = n <= 50
        ours = [one for one, keep in zip(_against(shrunk, truth), small, strict=True) if keep]
        naive = [one for one, keep in zip(_wald(hits, n, truth), small, strict=True) if keep]
        return Trial(ours, naive, seconds)

    name = "12 groups, logit-normal, only those of 10 to 50 rows"
    return coverage_row("beta_binomial_shrinkage", name, "raw, Wald", trial, runs=runs, seed=850)


def _with_clusters(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> Trial:
        truth = group_shares(rng, 12, "beta")
        hits, n, effect = np.empty(12), np.empty(12), np.empty(12)
        for place, share in enumerate(truth):
            size = np.full(rng.integers(6, 40), 25)
            part = clustered_hits(rng, size, float(share), 0.05)
            hits[place], n[place] = part.sum(), size.sum()
            effect[place] = clustered_proportion(part, size).design_effect or 1.0
        # Design effects of groups with few clusters are noise; their mean is not.
        common = np.full(12, float(effect.mean()))
        shrunk, seconds = timed(lambda: beta_binomial_shrinkage(hits, n, design_effect=common))
        plain = beta_binomial_shrinkage(hits, n)
        return Trial(_against(shrunk, truth), _against(plain, truth), seconds)

    name = "12 groups of 6 to 39 agents, 0.05, mean design effect given"
    return coverage_row("beta_binomial_shrinkage", name, "without it", trial, runs=runs, seed=860)


def _effects(runs: int) -> list[Row]:
    found = []
    worlds = (("12 groups, spread 0.5", 12, 0.5, False), ("30 groups, spread 1", 30, 1.0, False))
    worlds += (("12 groups, all alike", 12, 0.0, True),)
    for seed, (name, n_groups, spread, stress) in enumerate(worlds):

        def trial(
            rng: np.random.Generator, n_groups: int = n_groups, spread: float = spread
        ) -> Trial:
            error = np.exp(rng.uniform(-1.5, 1.0, n_groups))
            truth = 1.0 + spread * rng.normal(size=n_groups)
            value = truth + error * rng.normal(size=n_groups)
            shrunk, seconds = timed(lambda: normal_shrinkage(value, error))
            raw = [
                judged(float(one), float(one - 1.96 * by), float(one + 1.96 * by), float(true))
                for one, by, true in zip(value, error, truth, strict=True)
            ]
            return Trial(_against(shrunk, truth), raw, seconds)

        found.append(
            coverage_row(
                "normal_shrinkage",
                name,
                "raw",
                trial,
                runs=runs,
                seed=870 + seed,
                is_stress=stress,
            )
        )
    return found
