"""Calibration of adjusted differences on cells, of their pooling, and of staggered roll-outs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.calibration.tally import (
    Judged,
    Row,
    Trial,
    coverage_row,
    judged,
    rejection_row,
    timed,
)
from supportlab.stats.cell_models import design_columns
from supportlab.stats.doubly_robust import CellEffect, aipw_cells
from supportlab.stats.interval import Contrast
from supportlab.stats.pooling import pool_effects
from supportlab.stats.staggered import imputed_effect

__all__ = ["PaymentRows", "clustered_effect", "payment_rows", "raw_difference", "rows"]

EFFECT = -0.05
BANDS = (-1.2, -0.6, 0.0, 0.6, 1.2)


@dataclass(frozen=True)
class PaymentRows:
    """Attempts of one market: arm, outcome, customer, and what goes with both."""

    customer: np.ndarray
    is_local: np.ndarray
    declined: np.ndarray
    band: np.ndarray
    method: np.ndarray
    history: np.ndarray


def rows(scale: float) -> list[Row]:
    """Return the lines of this family."""
    runs = max(20, round(400 * scale))
    return [
        _market(runs, 400, 10, 900),
        _market(runs, 120, 9, 901),
        _market(runs, 60, 9, 902, is_stress=True),
        _unclustered(runs),
        _mean_outcome(runs),
        *_pools(runs),
        _next_market(runs),
        _no_effect(max(20, round(200 * scale))),
        *_roll_outs(max(20, round(200 * scale))),
        _no_roll_out(max(20, round(200 * scale))),
    ]


def payment_rows(
    rng: np.random.Generator,
    n_customers: int,
    per_customer: float,
    effect: float = EFFECT,
    frailty: float = 0.04,
) -> PaymentRows:
    """Draw one market: larger amounts, some methods and bad customers see foreign prices more."""
    customer = np.repeat(np.arange(n_customers), rng.poisson(per_customer, n_customers) + 1)
    n = customer.size
    # The customer's own level is seen through the history alone, as in the data.
    level = np.clip(rng.normal(0.0, frailty, n_customers), -0.06, 0.10)[customer]
    history = (rng.random(n) < 0.25 + 2.0 * level).astype(int)
    # Amounts in steps, so that holding the band equal holds the amount equal.
    place = rng.normal(size=n_customers)[customer] * 0.6 + rng.normal(size=n) * 0.8
    band = np.digitize(place, BANDS)
    method = rng.integers(0, 3, n)
    chance = np.clip(0.75 - 0.08 * (band - 2.5) - 0.15 * history + 0.05 * method, 0.05, 0.95)
    is_local = rng.random(n) < chance
    risk = 0.17 + 0.02 * (band - 2.5) + 0.05 * history - 0.02 * method + level + effect * is_local
    return PaymentRows(
        customer, is_local, rng.random(n) < np.clip(risk, 0.002, 1.0), band, method, history
    )


def adjusted(rows: PaymentRows) -> CellEffect:
    """Return the adjusted difference from one row a cell."""
    one = np.ones(rows.customer.size)
    labels = {
        "band": rows.band.astype(str).tolist(),
        "method": rows.method.astype(str).tolist(),
        "history": rows.history.astype(str).tolist(),
    }
    design = design_columns(labels, one).matrix
    return aipw_cells(design, rows.is_local, one, rows.declined.astype(float))


def clustered_effect(rows: PaymentRows) -> Contrast:
    """Return the adjusted difference with its interval."""
    one = np.ones(rows.customer.size)
    return adjusted(rows).by_clusters(rows.customer, one, rows.declined.astype(float))


def raw_difference(rows: PaymentRows) -> tuple[float, float, float]:
    """Return the raw difference with the textbook interval."""
    parts = [rows.declined[rows.is_local], rows.declined[~rows.is_local]]
    rates = [float(part.mean()) for part in parts]
    gap = rates[0] - rates[1]
    half = 1.96 * float(
        np.sqrt(sum(p * (1 - p) / part.size for p, part in zip(rates, parts, strict=True)))
    )
    return gap, gap - half, gap + half


def _market(
    runs: int, n_customers: int, per_customer: float, seed: int, *, is_stress: bool = False
) -> Row:
    def trial(rng: np.random.Generator) -> Trial:
        drawn = payment_rows(rng, n_customers, per_customer)
        found, seconds = timed(lambda: clustered_effect(drawn))
        ours = [judged(found.estimate, found.low, found.high, EFFECT)]
        return Trial(ours, [judged(*raw_difference(drawn), EFFECT)], seconds)

    name = f"currency of a market, {n_customers} customers with {per_customer + 1:g} attempts"
    return coverage_row(
        "aipw_cells", name, "raw, Wald", trial, runs=runs, seed=seed, is_stress=is_stress
    )


def _unclustered(runs: int) -> Row:
    """Customers who keep one kind of price and their own level of declines."""

    def trial(rng: np.random.Generator) -> Trial:
        n_customers = 200
        sizes = rng.poisson(12, n_customers) + 1
        customer = np.repeat(np.arange(n_customers), sizes)
        is_local = (rng.random(n_customers) < 0.6)[customer]
        level = np.clip(rng.normal(0.18, 0.10, n_customers), 0.06, 0.6)[customer]
        declined = (rng.random(customer.size) < level + EFFECT * is_local).astype(float)
        one = np.ones(customer.size)
        none = np.zeros((customer.size, 0))

        def fit() -> Contrast:
            return aipw_cells(none, is_local, one, declined).by_clusters(customer, one, declined)

        found, seconds = timed(fit)
        effect = aipw_cells(none, is_local, one, declined)
        alone = effect.by_clusters(np.arange(customer.size), one, declined)
        return Trial(
            [judged(found.estimate, found.low, found.high, EFFECT)],
            [judged(alone.estimate, alone.low, alone.high, EFFECT)],
            seconds,
        )

    name = "200 customers who keep one kind of price"
    return coverage_row("aipw_cells", name, "attempts as independent", trial, runs=runs, seed=910)


def _mean_outcome(runs: int) -> Row:
    """A mean in place of a share, teams as clusters: what other studies ask of it."""

    def trial(rng: np.random.Generator) -> Trial:
        n_teams = 40
        team = np.repeat(np.arange(n_teams), rng.integers(40, 120, n_teams))
        hard = rng.integers(0, 3, team.size)
        is_treated = rng.random(team.size) < 0.35 + 0.15 * hard
        shared = rng.normal(0.0, 1.5, n_teams)[team]
        hours = 20.0 + 6.0 * hard + shared + rng.gamma(2.0, 4.0, team.size) - 3.0 * is_treated
        one = np.ones(team.size)
        matrix = np.eye(3)[hard][:, 1:]

        def fit() -> Contrast:
            effect = aipw_cells(matrix, is_treated, one, hours, outcome="mean")
            return effect.by_clusters(team, one, hours)

        found, seconds = timed(fit)
        gap = float(hours[is_treated].mean() - hours[~is_treated].mean())
        half = 1.96 * float(
            np.sqrt(hours[is_treated].var() / is_treated.sum() + hours.var() / (~is_treated).sum())
        )
        return Trial(
            [judged(found.estimate, found.low, found.high, -3.0)],
            [judged(gap, gap - half, gap + half, -3.0)],
            seconds,
        )

    return coverage_row(
        "aipw_cells", "hours, 40 teams, harder work treated more", "raw, Wald", trial,
        runs=runs, seed=911,
    )  # fmt: skip


def _pools(runs: int) -> list[Row]:
    worlds = ((16, 0.02, False), (6, 0.02, False), (16, 0.0, True), (3, 0.02, True))
    found = []
    for seed, (n_markets, spread, stress) in enumerate(worlds):

        def trial(
            rng: np.random.Generator, n_markets: int = n_markets, spread: float = spread
        ) -> Trial:
            error = np.exp(rng.uniform(np.log(0.006), np.log(0.04), n_markets))
            estimate = (
                EFFECT + spread * rng.normal(size=n_markets) + error * rng.normal(size=n_markets)
            )
            pooled, seconds = timed(lambda: pool_effects(estimate, error))
            one = pooled.interval
            weight = error**-2
            fixed = float(weight @ estimate / weight.sum())
            half = 1.96 * float(weight.sum() ** -0.5)
            return Trial(
                [judged(one.estimate, one.low, one.high, EFFECT)],
                [judged(fixed, fixed - half, fixed + half, EFFECT)],
                seconds,
            )

        found.append(
            coverage_row(
                "pool_effects",
                f"{n_markets} markets, spread {spread:g}",
                "one effect for all",
                trial,
                runs=5 * runs,
                seed=920 + seed,
                is_stress=stress,
            )
        )
    return found


def _next_market(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> Trial:
        error = np.exp(rng.uniform(np.log(0.006), np.log(0.04), 16))
        estimate = EFFECT + 0.02 * rng.normal(size=16) + error * rng.normal(size=16)
        pooled, seconds = timed(lambda: pool_effects(estimate, error))
        truth = EFFECT + 0.02 * float(rng.normal())
        mean = pooled.interval
        return Trial(
            [judged(mean.estimate, pooled.prediction_low, pooled.prediction_high, truth)],
            [judged(mean.estimate, mean.low, mean.high, truth)],
            seconds,
        )

    name = "effect in one more market, 16 known"
    return coverage_row(
        "pool_effects, prediction", name, "interval of the mean", trial, runs=5 * runs, seed=930
    )


def _no_effect(runs: int) -> Row:
    """Ten markets without any effect: is one announced for the pool?"""

    def trial(rng: np.random.Generator) -> tuple[float, float]:
        effects, errors, raw = [], [], []
        for _ in range(10):
            drawn = payment_rows(rng, 100, 8, effect=0.0)
            found = clustered_effect(drawn)
            effects.append(found.estimate)
            errors.append(((found.high or 0.0) - found.estimate) / 1.98)
            raw.append(raw_difference(drawn))
        gap = float(np.mean([one[0] for one in raw]))
        error = float(np.sqrt(np.sum([((one[2] - one[0]) / 1.96) ** 2 for one in raw]))) / 10
        from scipy.special import ndtr

        naive = 2.0 * float(ndtr(-abs(gap) / error))
        return pool_effects(effects, errors).interval.p_value, naive

    return rejection_row(
        "aipw_cells, pool_effects", "10 markets without effect, confounded", "raw, pooled", trial,
        runs=runs, seed=940,
    )  # fmt: skip


def _drawn_roll_out(
    rng: np.random.Generator, n_units: int, adopters: int, grows: float, spread: float
) -> tuple[np.ndarray, ...]:
    """Units of unequal size; the effect is EFFECT on average and grows with time where asked."""
    periods = 24
    size = np.exp(rng.normal(4.2, 0.8, n_units))
    adopted = np.full(n_units, np.nan)
    adopted[:adopters] = rng.integers(5, 19, adopters)
    unit, period = np.repeat(np.arange(n_units), periods), np.tile(np.arange(periods), n_units)
    n = rng.poisson(size[unit]) + 1
    since = period - adopted[unit]
    own = (EFFECT + spread * rng.normal(size=n_units))[unit]
    effect = np.where(since >= 0, own - grows * np.clip(since, 0, 12), 0.0)
    base = rng.normal(0.30, 0.03, n_units)[unit] + np.cumsum(rng.normal(0, 0.004, periods))[period]
    shock = rng.normal(0.0, 0.01, unit.size)
    hits = rng.binomial(n, np.clip(base + shock + effect, 0.005, 0.95))
    return unit, period, n.astype(float), hits.astype(float), adopted[unit], effect


def _roll_outs(runs: int) -> list[Row]:
    worlds = (
        ("17 markets, 8 of them adopt, one effect", 17, 8, 0.0, 0.0),
        ("17 markets, 12 adopt, effects that differ and grow", 17, 12, 0.008, 0.02),
        ("24 markets, 22 adopt, effects that grow", 24, 22, 0.012, 0.0),
        ("12 markets, 5 adopt, one effect", 12, 5, 0.0, 0.0),
    )
    found = []
    for seed, (name, n_units, adopters, grows, spread) in enumerate(worlds):

        def trial(
            rng: np.random.Generator,
            n_units: int = n_units,
            adopters: int = adopters,
            grows: float = grows,
            spread: float = spread,
        ) -> Trial:
            drawn = _drawn_roll_out(rng, n_units, adopters, grows, spread)
            unit, period, n, hits, adopted, effect = drawn
            result, seconds = timed(lambda: imputed_effect(unit, period, n, hits, adopted))
            treated = period >= adopted
            truth = float((n * effect)[treated].sum() / n[treated].sum())
            one = result.interval
            half = (one.high or 0.0) - one.estimate
            naive = judged(result.naive, result.naive - half, result.naive + half, truth)
            ours: list[Judged] = [judged(one.estimate, one.low, one.high, truth)]
            return Trial(ours, [naive], seconds)

        found.append(
            coverage_row(
                "imputed_effect",
                name,
                "two-way fixed effects, same width",
                trial,
                runs=runs,
                seed=950 + seed,
                # The interval is of markets like these: where effects differ it is wider than the
                # mean of just these markets needs.
                is_stress=spread > 0 or adopters < 8,
            )
        )
    return found


def _no_roll_out(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> tuple[float, float]:
        unit, period, n, hits, adopted, _ = _drawn_roll_out(rng, 17, 10, 0.0, 0.0)
        treated = period >= adopted
        # Without effect: what was taken away by it is given back.
        hits = np.where(treated, np.clip(hits - EFFECT * n, 0, n), hits)
        found = imputed_effect(unit, period, n, hits, adopted)
        later, earlier = treated, ~treated & np.isfinite(adopted)
        rates = [hits[part].sum() / n[part].sum() for part in (later, earlier)]
        error = float(
            np.sqrt(
                sum(
                    rate * (1 - rate) / n[part].sum()
                    for rate, part in zip(rates, (later, earlier), strict=True)
                )
            )
        )
        from scipy.special import ndtr

        return found.interval.p_value, 2.0 * float(ndtr(-abs(rates[0] - rates[1]) / error))

    return rejection_row(
        "imputed_effect", "17 markets, 10 adopt, no effect", "before against after", trial,
        runs=runs, seed=960,
    )  # fmt: skip
