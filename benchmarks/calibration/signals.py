"""Calibration of discrimination, calibration error, the ranking of signals, and leak detection."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.calibration.tally import (
    Row,
    Trial,
    coverage_row,
    judged,
    rejection_row,
    timed,
)
from supportlab.stats import adjust_p
from supportlab.stats.binary_cells import fit_binary
from supportlab.stats.calibration import calibration
from supportlab.stats.discrimination import clustered_auc, difference_of_aucs
from supportlab.stats.lift import lift
from supportlab.stats.separation import separated_levels
from supportlab.stats.standardise import coefficient_ratio

__all__ = ["customer_months", "follow_up_months", "rows"]

# (name, customers, months each, intercept, frailty, levels of the score)
AREA_WORLDS = (
    ("400 customers × 8 months, 3 % leave", 400, 8, -3.7, 0.0, 5),
    ("400 customers × 8 months, frailty 1.0", 400, 8, -2.5, 1.0, 5),
    ("150 customers × 12 months, frailty 1.0, 40 events", 150, 12, -4.2, 1.0, 5),
    ("2,000 customers × 10 months, ties at 3 levels", 2000, 10, -3.7, 0.7, 3),
)
N_SIGNALS = 5


def rows(scale: float) -> list[Row]:
    """Return the lines of this family."""
    runs = max(20, round(500 * scale))
    return [
        *_areas(runs),
        *_area_differences(runs),
        *_calibration(runs),
        *_lifts(runs),
        *_ranking(runs),
        *_leaks(runs),
        *_follow_ups(runs),
    ]


def customer_months(
    rng: np.random.Generator,
    n_customers: int,
    n_months: int,
    intercept: float,
    frailty: float,
    n_levels: int,
    *,
    slope: float = 0.6,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """
    Return customer, score, chance and event of customer-months.

    A customer's score moves around the customer's own level and is cut into few levels; the event
    may repeat, as leaving within a horizon does from one month to the next.
    """
    customer = np.repeat(np.arange(n_customers), n_months)
    own, hidden = rng.normal(size=(2, n_customers))
    fine = 0.8 * own[customer] + 0.6 * rng.normal(size=customer.size)
    edges = np.linspace(-1.2, 1.2, n_levels - 1)
    score = np.searchsorted(edges, fine).astype(float)
    linear = intercept + slope * (score - score.mean()) + frailty * hidden[customer]
    chance = 1.0 / (1.0 + np.exp(-linear))
    return customer, score, chance, (rng.random(customer.size) < chance).astype(float)


def _truth(world: tuple[int, int, float, float, int], slope: float = 0.6) -> float:
    """Return the area over a very large draw of the same world."""
    _, months, intercept, frailty, levels = world
    rng = np.random.default_rng(99)
    _, score, chance, _ = customer_months(
        rng, 1_600_000 // months, months, intercept, frailty, levels, slope=slope
    )
    # Chances in place of events: the truth is to be surer than any run.
    return clustered_auc(score, np.ones_like(chance), chance).estimate


def _areas(runs: int) -> list[Row]:
    found = []
    for seed, (name, *world) in enumerate(AREA_WORLDS):
        settings = (world[0], world[1], world[2], world[3], world[4])
        truth = _truth(settings)

        def trial(
            rng: np.random.Generator,
            settings: tuple[int, int, float, float, int] = settings,
            truth: float = truth,
        ) -> Trial:
            customer, score, _, event = customer_months(rng, *settings)
            ones = np.ones_like(event)
            ours, seconds = timed(lambda: clustered_auc(score, ones, event, customer))
            naive = clustered_auc(score, ones, event)
            return Trial(
                [judged(ours.estimate, ours.low, ours.high, truth)],
                [judged(naive.estimate, naive.low, naive.high, truth)],
                seconds,
            )

        found.append(
            coverage_row("clustered_auc", name, "DeLong of rows", trial, runs=runs, seed=900 + seed)
        )
    return found


def _area_differences(runs: int) -> list[Row]:
    def draw(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Two signals of the same strength and a hidden trait that they share."""
        customer = np.repeat(np.arange(500), 8)
        own, hidden = rng.normal(size=(2, 500))
        signals = [
            np.round(0.8 * own[customer] + rng.normal(scale=0.8, size=customer.size))
            for _ in range(2)
        ]
        linear = -3.2 + 0.35 * (signals[0] + signals[1]) + hidden[customer]
        event = (rng.random(customer.size) < 1.0 / (1.0 + np.exp(-linear))).astype(float)
        return customer, signals[0], signals[1], event

    def trial(rng: np.random.Generator) -> tuple[float, float]:
        customer, first, second, event = draw(rng)
        ones = np.ones_like(event)
        ours = difference_of_aucs(first, second, ones, event, customer).p_value
        areas = [clustered_auc(score, ones, event, customer) for score in (first, second)]
        # The naive way: do two intervals that share all rows overlap?
        error = [(area.high - area.low) / 3.92 for area in areas if area.low and area.high]
        from scipy.special import ndtr

        z = (areas[0].estimate - areas[1].estimate) / float(np.hypot(*error))
        return ours, float(2 * ndtr(-abs(z)))

    name = "two signals alike, 500 customers × 8 months"
    return [
        rejection_row(
            "difference_of_aucs", name, "taken as independent", trial, runs=runs, seed=920
        )
    ]


def _calibration(runs: int) -> list[Row]:
    def trial(
        rng: np.random.Generator, pick: Callable[..., object], stretch: float, truth: float
    ) -> Trial:
        customer, _, chance, event = customer_months(rng, 800, 8, -2.5, 0.7, 5)
        odds = stretch * np.log(chance / (1.0 - chance))
        foretold = 1.0 / (1.0 + np.exp(-odds))
        ones = np.ones_like(event)
        found, seconds = timed(lambda: calibration(foretold, ones, event, customer))
        interval = getattr(found, str(pick))
        naive = fit_binary(np.column_stack([ones, odds]), ones, event)
        half = 1.96 * float(np.sqrt(naive.covariance[1, 1]))
        slope = float(naive.coefficients[1])
        plain = sum(one.n * abs(one.observed.estimate - one.foretold) for one in found.bins) / sum(
            one.n for one in found.bins
        )
        other = (slope, slope - half, slope + half) if pick == "slope" else (plain, plain, plain)
        return Trial(
            [judged(interval.estimate, interval.low, interval.high, truth)],
            [judged(*other, truth)],
            seconds,
        )

    found = []
    for seed, (what, stretch, truth, words) in enumerate(
        (
            ("slope", 1.0, 1.0, "true chances"),
            ("slope", 1.5, 1.0 / 1.5, "chances too extreme"),
            ("error", 1.0, 0.0, "true chances"),
            ("error", 1.5, _error_truth(1.5), "chances too extreme"),
        )
    ):
        found.append(
            coverage_row(
                f"calibration {what}",
                f"{words}, 800 customers × 8 months, frailty 0.7",
                "of rows" if what == "slope" else "plain error, no interval",
                lambda rng, what=what, stretch=stretch, truth=truth: trial(
                    rng, what, stretch, truth
                ),
                runs=runs,
                seed=930 + seed,
            )
        )
    return found


def _error_truth(stretch: float) -> float:
    rng = np.random.default_rng(98)
    customer, _, chance, _ = customer_months(rng, 100_000, 8, -2.5, 0.7, 5)
    foretold = 1.0 / (1.0 + np.exp(-stretch * np.log(chance / (1.0 - chance))))
    order = np.argsort(foretold, kind="stable")
    parts = np.array_split(order, 10)
    gaps = [abs(chance[part].mean() - foretold[part].mean()) * part.size for part in parts]
    del customer
    return float(sum(gaps) / order.size)


def _lifts(runs: int) -> list[Row]:
    world = (600, 8, -2.8, 0.8, 5)
    rng = np.random.default_rng(97)
    _, score, chance, _ = customer_months(rng, 200_000, *world[1:])
    truth = lift(score, np.ones_like(chance), chance, share=0.1).estimate

    def trial(rng: np.random.Generator) -> Trial:
        customer, score, _, event = customer_months(rng, *world)
        ones = np.ones_like(event)
        ours, seconds = timed(lambda: lift(score, ones, event, customer, share=0.1))
        naive = lift(score, ones, event, share=0.1)
        return Trial(
            [judged(ours.estimate, ours.low, ours.high, truth)],
            [judged(naive.estimate, naive.low, naive.high, truth)],
            seconds,
        )

    name = "600 customers × 8 months, frailty 0.8"
    return [coverage_row("lift", name, "of rows", trial, runs=runs, seed=940)]


def _ranking(runs: int) -> list[Row]:
    """Five signals alike: how often any pair is called different, as `signal_rank` does it."""

    def trial(rng: np.random.Generator) -> tuple[float, float]:
        customer = np.repeat(np.arange(500), 8)
        hidden = rng.normal(size=500)
        signals = [np.round(rng.normal(size=customer.size)) for _ in range(N_SIGNALS)]
        linear = -3.0 + 0.2 * sum(signals) + 0.7 * hidden[customer]
        event = (rng.random(customer.size) < 1.0 / (1.0 + np.exp(-linear))).astype(float)
        ones = np.ones_like(event)
        p_values = [
            difference_of_aucs(signals[first], signals[second], ones, event, customer).p_value
            for first in range(N_SIGNALS)
            for second in range(first + 1, N_SIGNALS)
        ]
        adjusted = [p for p in adjust_p(p_values, "holm") if p is not None]
        return min(adjusted), min(p_values)

    name = "five signals alike: any pair put in order"
    return [rejection_row("signal_rank", name, "no correction", trial, runs=runs, seed=950)]


def _leaks(runs: int) -> list[Row]:
    def null(rng: np.random.Generator) -> tuple[float, float]:
        """Twenty features of many small levels that have nothing to do with leaving."""
        event = rng.random(2000) < 0.2
        n, hits = [], []
        for _ in range(20):
            level = np.minimum(rng.zipf(1.6, 2000), 40)
            n.append(np.bincount(level, minlength=41))
            hits.append(np.bincount(level, weights=event, minlength=41))
        found = separated_levels(np.concatenate(n), np.concatenate(hits))
        # The naive way: any level of ten or more in which all or none left.
        naive = any(one.n >= 10 for one in found)
        p = min((one.p_adjusted for one in found), default=1.0)
        return p, 0.0 if naive else 1.0

    def leak(rng: np.random.Generator) -> tuple[float, float]:
        """A column filled in for a third of those who left, and for nobody else."""
        event = rng.random(2000) < 0.2
        filled = event & (rng.random(2000) < 1.0 / 3.0)
        n = [filled.sum(), (~filled).sum()]
        found = separated_levels(n, [filled.sum(), (event & ~filled).sum()])
        p = min((one.p_adjusted for one in found if one.always), default=1.0)
        return p, 0.0 if n[0] >= 1000 else 1.0

    return [
        rejection_row(
            "separated_levels",
            "20 features of 40 small levels without a leak",
            "all or none of ten",
            null,
            runs=runs,
            seed=960,
            # Exact tests of small levels are cautious by nature.
            is_stress=True,
        ),
        rejection_row(
            "separated_levels",
            "a column filled for a third of the leavers only",
            "all or none of half the table",
            leak,
            runs=runs,
            seed=961,
            is_null=False,
        ),
    ]


def follow_up_months(
    rng: np.random.Generator, n_customers: int, ratio: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """
    Return customer, contacted so far, ever contacted, low score, left, by month after an answer.

    Six in ten detractors are contacted in the first or second month, the very low ones less
    often; who has left is not contacted any more, and very low ones leave more.
    """
    low = (rng.random(n_customers) < 0.4).astype(float)
    hidden = rng.gamma(2.0, 0.5, n_customers)
    wanted = rng.random(n_customers) < 0.7 - 0.25 * low
    month_of_contact = np.where(wanted, rng.integers(1, 3, n_customers), 99)
    alive = np.ones(n_customers, dtype=bool)
    parts, reached = [], np.zeros(n_customers)
    for month in range(4):
        contacted = alive & (month >= month_of_contact)
        reached[contacted] = 1.0
        hazard = 0.06 * hidden * np.exp(0.7 * low + np.log(ratio) * contacted)
        left = alive & (rng.random(n_customers) < 1.0 - np.exp(-hazard))
        place = np.flatnonzero(alive)
        parts.append((place, contacted[place].astype(float), left[place].astype(float)))
        alive &= ~left
    customer = np.concatenate([part[0] for part in parts])
    so_far = np.concatenate([part[1] for part in parts])
    gone = np.concatenate([part[2] for part in parts])
    return customer, so_far, reached[customer], low[customer], gone


def _follow_ups(runs: int) -> list[Row]:
    found = []
    for seed, (n_customers, ratio) in enumerate(((800, 0.75), (3000, 0.75), (800, 1.0))):

        def trial(
            rng: np.random.Generator, n_customers: int = n_customers, ratio: float = ratio
        ) -> Trial:
            customer, so_far, ever, low, left = follow_up_months(rng, n_customers, ratio)
            ones = np.ones_like(left)
            design = np.column_stack([ones, so_far, low])

            def fit() -> tuple[float, float, float]:
                model = fit_binary(design, ones, left, link="cloglog", cluster=customer)
                ours = coefficient_ratio(model, 1)
                return (
                    float(np.log(ours.estimate)),
                    float(np.log(ours.low or 1.0)),
                    float(np.log(ours.high or 1.0)),
                )

            ours, seconds = timed(fit)
            naive = coefficient_ratio(
                fit_binary(
                    np.column_stack([ones, ever]), ones, left, link="cloglog", cluster=customer
                ),
                1,
            )
            truth = float(np.log(ratio))
            other = [
                float(np.log(value or 1.0)) for value in (naive.estimate, naive.low, naive.high)
            ]
            return Trial([judged(*ours, truth)], [judged(*other, truth)], seconds)

        found.append(
            coverage_row(
                "follow_up",
                f"{n_customers:,} detractors, hazard ratio {ratio}, contact takes time",
                "ever contacted",
                trial,
                runs=runs,
                seed=970 + seed,
            )
        )
    return found
