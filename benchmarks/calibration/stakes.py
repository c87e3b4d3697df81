"""Calibration of what goes with bad service: customers and value lost, with their intervals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from benchmarks.calibration.churn_worlds import ChurnWorld, Months, make_months
from benchmarks.calibration.hazards import design_columns
from benchmarks.calibration.tally import Judged, Row, Trial, coverage_row, judged, timed
from supportlab.stats.attributable import excess_events
from supportlab.stats.hazard_design import hazard_design
from supportlab.stats.hazards import HazardFit, fit_hazard

__all__ = ["rows"]

WORLDS = (
    ChurnWorld("late entry, service that changes, usage"),
    ChurnWorld("few events (about 15 exposed)", n_customers=250, base=0.012, usage=0.3),
    ChurnWorld("no effect", ratio=1.0),
    ChurnWorld("frailty 0.5", frailty=0.5),
)
# Monthly value by plan, so that value lost is not customers lost times a constant.
VALUES = np.array([10.0, 20.0, 40.0])
N_TRUTH = 200_000
N_DRAWS = 1_000
N_GROUPS = 200


def rows(scale: float) -> list[Row]:
    """Return the lines of this family."""
    runs = max(20, round(300 * scale))
    found = []
    for seed, world in enumerate(WORLDS):
        found += [_row(world, runs, 960 + seed, is_value=is_value) for is_value in (False, True)]
    return found


def _row(world: ChurnWorld, runs: int, seed: int, *, is_value: bool) -> Row:
    many = make_months(np.random.default_rng(seed), replace(world, n_customers=N_TRUTH))
    share = world.n_customers / N_TRUTH
    truth = float((many.excess * _worth(many, is_value)).sum()) * share

    def trial(rng: np.random.Generator) -> Trial:
        months = make_months(rng, world)
        fit = _fitted(months)
        weight = months.left * _worth(months, is_value)
        exposed = months.exposed[:, None].astype(float)
        found, seconds = timed(lambda: excess_events(fit, ["bad"], exposed, weight, fit.group))
        ours = judged(found.estimate, found.low, found.high, truth)
        return Trial([ours], [_independent(rng, fit, months, weight, truth)], seconds)

    name = "excess_events, value" if is_value else "excess_events, customers"
    naive = "ratio and number as independent"
    return coverage_row(name, world.name, naive, trial, runs=runs, seed=seed)


def _worth(months: Months, is_value: bool) -> np.ndarray:
    return VALUES[months.plan] if is_value else np.ones(months.plan.size)


def _fitted(months: Months) -> HazardFit:
    n = np.ones(months.left.size)
    design = hazard_design(design_columns(months), {"bad": months.exposed}, months.left, n)
    return fit_hazard(design, n, months.left, cluster=months.customer % N_GROUPS)


def _independent(
    rng: np.random.Generator, fit: HazardFit, months: Months, weight: np.ndarray, truth: float
) -> Judged:
    """Judge limits that draw the ratio and resample the leavers apart from each other."""
    place = fit.place("bad")
    error = math.sqrt(fit.covariance[place, place])
    after = np.bincount(months.customer % N_GROUPS, weights=weight * months.exposed)
    picks = rng.multinomial(after.size, np.full(after.size, 1 / after.size), N_DRAWS)
    drawn = fit.coefficients[place] + error * rng.standard_normal(N_DRAWS)
    low, high = np.quantile((picks @ after) * -np.expm1(-drawn), [0.025, 0.975])
    centre = float(after.sum() * -np.expm1(-fit.coefficients[place]))
    return judged(centre, float(low), float(high), truth)
