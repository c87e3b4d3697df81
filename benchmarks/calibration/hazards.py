"""Calibration of hazard ratios: late entry, frailty, few events, service that changes, usage."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import ndtr

from benchmarks.calibration.churn_worlds import ChurnWorld, Months, make_months
from benchmarks.calibration.tally import (
    Judged,
    Row,
    Trial,
    coverage_row,
    judged,
    rejection_row,
    timed,
)
from supportlab.stats.cox import fit_cox
from supportlab.stats.cox_proportionality import proportionality
from supportlab.stats.hazard_design import hazard_design
from supportlab.stats.hazard_tests import joint_test
from supportlab.stats.hazards import HazardFit, fit_hazard, hazard_ratio

__all__ = ["design_columns", "rows"]

WORLDS = (
    ChurnWorld("late entry, service that changes, usage", bad=0.06),
    ChurnWorld("nobody is new: all entered late", late=1.0),
    ChurnWorld("all entered in the window", late=0.0, n_months=18),
    ChurnWorld("few events (about 15 exposed)", n_customers=250, base=0.012, usage=0.3),
    ChurnWorld("a strong season", seasonal=0.8),
    ChurnWorld("frailty 0.5", frailty=0.5),
    ChurnWorld("frailty 1.0, ratio 1.8 within customers", frailty=1.0, is_stress=True),
)
NULL = ChurnWorld("no effect, usage confounds", ratio=1.0)
TENURE_EDGES = (3, 6, 12, 24)


def rows(scale: float) -> list[Row]:
    """Return the lines of this family."""
    runs = max(20, round(300 * scale))
    return [
        *_adjusted(runs),
        _grouped_poisson(runs),
        _cox(max(20, round(200 * scale))),
        *_alarms(runs),
    ]


def fitted(months: Months, *, with_usage: bool = True, link: str = "cloglog") -> HazardFit:
    """Fit as the study does: month, tenure, usage, plan, and the service before the month."""
    n = np.ones(months.left.size)
    factors = design_columns(months)
    if not with_usage:
        del factors["usage"]
    design = hazard_design(factors, {"bad": months.exposed}, months.left, n)
    return fit_hazard(design, n, months.left, cluster=months.customer, link=link)  # type: ignore[arg-type]


def design_columns(months: Months) -> dict[str, np.ndarray]:
    """Return the covariates as the study cuts them."""
    return {
        "month": months.month,
        "tenure": np.digitize(months.tenure, TENURE_EDGES),
        "usage": months.usage_band,
        "plan": months.plan,
    }


def _log_judged(fit: HazardFit, truth: float) -> Judged:
    found = hazard_ratio(fit, "bad")
    assert found.low is not None
    assert found.high is not None
    return judged(*(math.log(end) for end in (found.estimate, found.low, found.high)), truth)


def ever_judged(months: Months, truth: float) -> Judged:
    """Judge the log odds ratio of leaving, customers ever with a bad ticket against the others."""
    ever, left = _by_customer(months)
    table = np.array([[np.sum(ever & left), np.sum(ever & ~left)],
                      [np.sum(~ever & left), np.sum(~ever & ~left)]]) + 0.5  # fmt: skip
    log_odds = float(np.log(table[0, 0] * table[1, 1] / table[0, 1] / table[1, 0]))
    half = 1.96 * math.sqrt(float((1.0 / table).sum()))
    return judged(log_odds, log_odds - half, log_odds + half, truth)


def _by_customer(months: Months) -> tuple[np.ndarray, np.ndarray]:
    names, codes = np.unique(months.customer, return_inverse=True)
    ever = np.bincount(codes, weights=months.exposed, minlength=names.size) > 0
    return ever, np.bincount(codes, weights=months.left, minlength=names.size) > 0


def _adjusted(runs: int) -> list[Row]:
    found = []
    for seed, world in enumerate(WORLDS):
        truth = math.log(world.ratio)

        def trial(
            rng: np.random.Generator, world: ChurnWorld = world, truth: float = truth
        ) -> Trial:
            months = make_months(rng, world)
            fit, seconds = timed(lambda: fitted(months))
            return Trial([_log_judged(fit, truth)], [ever_judged(months, truth)], seconds)

        found.append(
            coverage_row(
                "hazard_ratio, complementary log-log",
                world.name,
                "ever had a bad ticket",
                trial,
                runs=runs,
                seed=900 + seed,
                is_stress=world.is_stress,
            )
        )
    return found


def _grouped_poisson(runs: int) -> Row:
    world, truth = WORLDS[0], math.log(WORLDS[0].ratio)

    def trial(rng: np.random.Generator) -> Trial:
        months = make_months(rng, world)
        fit, seconds = timed(lambda: fitted(months, link="poisson"))
        naive = _log_judged(fitted(months, with_usage=False), truth)
        return Trial([_log_judged(fit, truth)], [naive], seconds)

    name = "hazard_ratio, grouped Poisson"
    return coverage_row(name, world.name, "usage left out", trial, runs=runs, seed=920)


def _cox(runs: int) -> Row:
    world, truth = WORLDS[0], math.log(WORLDS[0].ratio)

    def trial(rng: np.random.Generator) -> Trial:
        months = make_months(rng, world)
        contrast, seconds = timed(lambda: cox_fit(months).ratio("bad"))
        assert contrast.low is not None
        assert contrast.high is not None
        ends = [math.log(end) for end in (contrast.estimate, contrast.low, contrast.high)]
        return Trial([judged(*ends, truth)], [ever_at_start(months, truth)], seconds)

    name = "fit_cox, time-varying"
    return coverage_row(name, world.name, "ever, from the start", trial, runs=runs, seed=921)


def cox_fit(months: Months):  # type: ignore[no-untyped-def]
    """Fit Cox's model along tenure, months and covariates as columns."""
    n = np.ones(months.left.size)
    factors = {name: value for name, value in design_columns(months).items() if name != "tenure"}
    design = hazard_design(factors, {"bad": months.exposed}, months.left, n)
    return fit_cox(
        design.names[1:],
        design.matrix()[:, 1:],
        months.tenure,
        months.tenure + 1,
        months.left,
        months.customer,
    )


def ever_at_start(months: Months, truth: float) -> Judged:
    """Judge Cox with "ever had a bad ticket" counted from the start: immortal time."""
    ever, _ = _by_customer(months)
    codes = np.unique(months.customer, return_inverse=True)[1]
    exposed = ever[codes].astype(np.int64)
    changed = Months(**{**vars(months), "exposed": exposed})
    return _log_judged(fitted(changed), truth)


def _alarms(runs: int) -> list[Row]:
    return [
        rejection_row(
            "hazard_ratio, p value", NULL.name, "usage left out", _null, runs=runs, seed=930
        ),
        rejection_row(
            "joint_test of ratio by plan",
            "one ratio everywhere",
            "smallest of three p values",
            _one_ratio,
            runs=runs,
            seed=931,
        ),
        rejection_row(
            "proportionality",
            "one ratio at all tenures",
            "first year against the rest, usage left out",
            _steady,
            runs=max(20, 2 * runs // 3),
            seed=932,
        ),
    ]


def _null(rng: np.random.Generator) -> tuple[float, float]:
    months = make_months(rng, NULL)
    fits: list[Callable[[], HazardFit]] = [
        lambda: fitted(months),
        lambda: fitted(months, with_usage=False),
    ]
    ours, naive = (hazard_ratio(fit(), "bad").p_value for fit in fits)
    return ours, naive


def _one_ratio(rng: np.random.Generator) -> tuple[float, float]:
    months = make_months(rng, WORLDS[0])
    n = np.ones(months.left.size)
    products = {f"bad:{plan}": months.exposed * (months.plan == plan) for plan in (1, 2)}
    numbers = {"bad": months.exposed, **products}
    design = hazard_design(design_columns(months), numbers, months.left, n)
    fit = fit_hazard(design, n, months.left, cluster=months.customer)
    ours = joint_test(fit, list(products)).p_value
    return ours, min(hazard_ratio(fit, name).p_value for name in products)


def _steady(rng: np.random.Generator) -> tuple[float, float]:
    months = make_months(rng, WORLDS[0])
    ours = proportionality(cox_fit(months), "bad").p_value
    early = months.tenure < 12
    fits = [fitted(_part(months, keep), with_usage=False) for keep in (early, ~early)]
    places = [fit.place("bad") for fit in fits]
    gap = fits[0].coefficients[places[0]] - fits[1].coefficients[places[1]]
    spread = sum(fit.covariance[place, place] for fit, place in zip(fits, places, strict=True))
    return ours, 2.0 * float(ndtr(-abs(gap) / math.sqrt(spread)))


def _part(months: Months, keep: np.ndarray) -> Months:
    return Months(**{name: values[keep] for name, values in vars(months).items()})
