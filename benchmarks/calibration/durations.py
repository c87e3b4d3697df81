"""Calibration of Kaplan-Meier quantiles and survival."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from benchmarks.calibration.tally import Judged, Row, Trial, coverage_row, judged, timed
from benchmarks.calibration.worlds import cluster_sizes, clustered_durations
from supportlab.errors import NotEstimable
from supportlab.stats import KaplanMeier, kaplan_meier, survival_at, survival_quantile

__all__ = ["rows"]

MEDIAN = 1440.0
LATER = 2880.0
# (name, clusters, rows per cluster, unequal, spread between clusters, follow-up, stress)
WORLDS = (
    ("40 agents, rows independent", 40, 25, False, 0.0, 8000.0, False),
    ("40 agents, spread 0.4", 40, 25, False, 0.4, 8000.0, False),
    ("40 agents of unequal size, spread 0.4", 40, 25, True, 0.4, 8000.0, False),
    ("8 agents, spread 0.4", 8, 60, False, 0.4, 8000.0, False),
    ("40 agents, half still open", 40, 25, False, 0.4, 3500.0, False),
    ("4 agents of unequal size, spread 0.4", 4, 60, True, 0.4, 8000.0, True),
)


def rows(scale: float) -> list[Row]:
    """Return the lines of this family."""
    runs = max(20, round(300 * scale))
    return [*_medians(runs), *_survival(runs)]


def _world(rng: np.random.Generator, world: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    _, n_clusters, mean, unequal, deviation, follow_up, _ = world
    n = cluster_sizes(rng, n_clusters, mean, unequal=unequal)
    return clustered_durations(rng, n, deviation, follow_up)


def _medians(runs: int) -> list[Row]:
    found = []
    for seed, world in enumerate(WORLDS):

        def trial(rng: np.random.Generator, world: tuple = world) -> Trial:
            time, event, cluster = _world(rng, world)
            curve, seconds = timed(lambda: kaplan_meier(time, event, 1 - event, cluster))
            closed = np.sort(time[event == 1])
            return Trial([_median(curve)], [_closed(closed)], seconds)

        found.append(
            coverage_row(
                "survival_quantile, median",
                world[0],
                "median of closed",
                trial,
                runs=runs,
                seed=600 + seed,
                is_stress=world[-1],
            )
        )
    return found


def _median(curve: KaplanMeier) -> Judged:
    try:
        interval = survival_quantile(curve)
    except NotEstimable:
        return judged(MEDIAN, 0.0, None, MEDIAN)
    return judged(interval.estimate, interval.low, interval.high, MEDIAN)


def _closed(closed: np.ndarray) -> Judged:
    """Judge the median of closed cases with its order-statistic interval."""
    size = closed.size
    half = 1.96 * math.sqrt(size) / 2.0
    low = closed[max(0, math.floor(size / 2 - half))]
    high = closed[min(size - 1, math.ceil(size / 2 + half))]
    return judged(float(np.median(closed)), float(low), float(high), MEDIAN)


def _survival(runs: int) -> list[Row]:
    found = []
    for seed, world in enumerate(WORLDS[:4]):
        truth = float(1.0 - ndtr(math.log(LATER / MEDIAN) / math.sqrt(1.0 + world[4] ** 2)))

        def trial(rng: np.random.Generator, world: tuple = world, truth: float = truth) -> Trial:
            time, event, cluster = _world(rng, world)
            curve, seconds = timed(lambda: kaplan_meier(time, event, 1 - event, cluster))
            plain = survival_at(kaplan_meier(time, event, 1 - event), LATER)
            ours = survival_at(curve, LATER)
            return Trial(
                [judged(ours.estimate, ours.low, ours.high, truth)],
                [judged(plain.estimate, plain.low, plain.high, truth)],
                seconds,
            )

        found.append(
            coverage_row(
                "survival_at, two days", world[0], "Greenwood", trial, runs=runs, seed=700 + seed
            )
        )
    return found
