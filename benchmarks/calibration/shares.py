"""Calibration of shares, means, net promoter scores, their differences, and rates of counts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.calibration.tally import Row, Trial, coverage_row, judged, rejection_row, timed
from benchmarks.calibration.worlds import cluster_sizes, clustered_answers, clustered_hits
from supportlab.stats import (
    clustered_mean,
    clustered_nps,
    clustered_proportion,
    count_rate,
    difference_of_proportions,
    wilson_interval,
)
from supportlab.stats.interval import Interval

__all__ = ["rows"]

SCORES = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
SCORE_SHARES = (0.06, 0.07, 0.12, 0.30, 0.45)
# (name, clusters, rows per cluster, unequal sizes, share, correlation, stress)
SHARE_WORLDS = (
    ("40 agents, rows independent", 40, 30, False, 0.70, 0.0, False),
    ("40 agents, correlation 0.05", 40, 30, False, 0.70, 0.05, False),
    ("40 agents of unequal size, 0.05", 40, 30, True, 0.70, 0.05, False),
    ("150 agents of unequal size, 0.02", 150, 60, True, 0.85, 0.02, False),
    ("6 agents, 0.05", 6, 60, False, 0.70, 0.05, False),
    ("4 agents of unequal size, 0.05", 4, 60, True, 0.70, 0.05, True),
    ("12 agents, share of 0.95, 0.10", 12, 30, False, 0.95, 0.10, True),
)
# (name, clusters, answers per cluster, correlation, promoters, passives, detractors, stress)
NPS_WORLDS = (
    ("40 agents, 25 answers each, 0.05", 40, 25, 0.05, (0.50, 0.30, 0.20), False),
    ("12 agents, 20 answers each, 0.05", 12, 20, 0.05, (0.50, 0.30, 0.20), False),
    ("15 single answers, 70 % promoters", 15, 1, 0.0, (0.70, 0.20, 0.10), False),
    ("40 single answers, 90 % promoters", 40, 1, 0.0, (0.90, 0.07, 0.03), False),
)


def rows(scale: float) -> list[Row]:
    """Return the lines of this family."""
    runs = max(20, round(600 * scale))
    return [
        *_shares(runs),
        *_means(runs),
        *_scores(runs),
        *_differences(runs),
        *_counts(runs),
    ]


def _trial(work: Callable[[], Interval], naive: tuple[float, float, float], truth: float) -> Trial:
    found, seconds = timed(work)
    ours = judged(found.estimate, found.low, found.high, truth)
    return Trial([ours], [judged(*naive, truth)], seconds)


def _shares(runs: int) -> list[Row]:
    found = []
    for seed, (name, n_clusters, mean, unequal, share, correlation, stress) in enumerate(
        SHARE_WORLDS
    ):

        def trial(
            rng: np.random.Generator,
            n_clusters: int = n_clusters,
            mean: int = mean,
            unequal: bool = unequal,
            share: float = share,
            correlation: float = correlation,
        ) -> Trial:
            n = cluster_sizes(rng, n_clusters, mean, unequal=unequal)
            hits = clustered_hits(rng, n, share, correlation)
            plain = wilson_interval(float(hits.sum()), float(n.sum()))
            naive = (plain.estimate, float(plain.low or 0.0), float(plain.high or 0.0))
            return _trial(lambda: clustered_proportion(hits, n), naive, share)

        found.append(
            coverage_row(
                "clustered_proportion",
                name,
                "Wilson",
                trial,
                runs=runs,
                seed=100 + seed,
                is_stress=stress,
            )
        )
    return found


def _means(runs: int) -> list[Row]:
    found = []
    worlds = (
        ("40 agents, rows independent", 40, 25, False, 0.0),
        ("40 agents, correlation 0.05", 40, 25, False, 0.05),
        ("40 agents of unequal size, 0.05", 40, 25, True, 0.05),
        ("6 agents, 0.05", 6, 50, False, 0.05),
    )
    truth = float(SCORES @ np.asarray(SCORE_SHARES))
    for seed, (name, n_clusters, mean, unequal, correlation) in enumerate(worlds):

        def trial(
            rng: np.random.Generator,
            n_clusters: int = n_clusters,
            mean: int = mean,
            unequal: bool = unequal,
            correlation: float = correlation,
        ) -> Trial:
            n = cluster_sizes(rng, n_clusters, mean, unequal=unequal)
            answers = clustered_answers(rng, n, SCORE_SHARES, correlation)
            squared = float(answers.sum(axis=0) @ SCORES**2)
            size, centre = float(n.sum()), float((answers @ SCORES).sum() / n.sum())
            half = 1.96 * float(np.sqrt((squared / size - centre**2) / (size - 1)))
            naive = (centre, centre - half, centre + half)
            return _trial(lambda: clustered_mean(answers @ SCORES, n, squared), naive, truth)

        found.append(
            coverage_row("clustered_mean", name, "t of rows", trial, runs=runs, seed=200 + seed)
        )
    return found


def _scores(runs: int) -> list[Row]:
    found = []
    for seed, (name, n_clusters, mean, correlation, shares, stress) in enumerate(NPS_WORLDS):

        def trial(
            rng: np.random.Generator,
            n_clusters: int = n_clusters,
            mean: int = mean,
            correlation: float = correlation,
            shares: tuple[float, ...] = shares,
        ) -> Trial:
            n = cluster_sizes(rng, n_clusters, mean, unequal=False)
            answers = clustered_answers(rng, n, shares, correlation)
            plus, minus = answers[:, 0], answers[:, 2]
            size = float(n.sum())
            up, down = plus.sum() / size, minus.sum() / size
            half = 196.0 * float(np.sqrt((up + down - (up - down) ** 2) / size))
            score = 100.0 * float(up - down)
            naive = (score, score - half, score + half)
            truth = 100.0 * (shares[0] - shares[2])
            return _trial(lambda: clustered_nps(plus, minus, n), naive, truth)

        found.append(
            coverage_row(
                "clustered_nps",
                name,
                "trinomial Wald",
                trial,
                runs=runs,
                seed=300 + seed,
                is_stress=stress,
            )
        )
    return found


def _differences(runs: int) -> list[Row]:
    def separate(rng: np.random.Generator) -> tuple[float, float]:
        n = cluster_sizes(rng, 18, 40, unequal=True)
        hits = [clustered_hits(rng, n, 0.70, 0.05) for _ in range(2)]
        found = difference_of_proportions(hits[0], n, hits[1], n)
        return found.p_value, _z_test(hits[0].sum(), n.sum(), hits[1].sum(), n.sum())

    def shared(rng: np.random.Generator) -> tuple[float, float]:
        own = rng.beta(0.7 * 9, 0.3 * 9, 20)
        sizes = [rng.poisson(mean, 20) + 1 for mean in (25, 50)]
        hits = [rng.binomial(size, own) for size in sizes]
        found = difference_of_proportions(hits[0], sizes[0], hits[1], sizes[1], clusters="shared")
        apart = difference_of_proportions(hits[0], sizes[0], hits[1], sizes[1])
        return found.p_value, apart.p_value

    name = "difference_of_proportions"
    fewer = max(20, runs // 2)
    return [
        rejection_row(
            name,
            "no difference, 18 + 18 agents of unequal size, 0.05",
            "z test of rows",
            separate,
            runs=fewer,
            seed=400,
        ),
        rejection_row(
            name,
            "no difference, the same 20 agents in both, 0.10",
            "taken as separate",
            shared,
            runs=fewer,
            seed=401,
        ),
    ]


def _z_test(hits_1: float, n_1: float, hits_2: float, n_2: float) -> float:
    from scipy.special import ndtr

    pooled = (hits_1 + hits_2) / (n_1 + n_2)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n_1 + 1 / n_2))
    return float(2 * ndtr(-abs(hits_1 / n_1 - hits_2 / n_2) / error))


def _counts(runs: int) -> list[Row]:
    found = []
    worlds = (("12 months, Poisson", 0.0), ("12 months, over-dispersed", 0.04))
    for seed, (name, spread) in enumerate(worlds):

        def trial(rng: np.random.Generator, spread: float = spread) -> Trial:
            exposure = rng.uniform(800.0, 1200.0, 12)
            own = rng.gamma(1 / spread, spread, 12) if spread else np.ones(12)
            events = rng.poisson(0.05 * exposure * own)
            rate = events.sum() / exposure.sum()
            half = 1.96 * np.sqrt(events.sum()) / exposure.sum()
            naive = (float(rate), float(rate - half), float(rate + half))
            return _trial(lambda: count_rate(events, exposure), naive, 0.05)

        found.append(coverage_row("count_rate", name, "Poisson", trial, runs=runs, seed=500 + seed))
    return found
