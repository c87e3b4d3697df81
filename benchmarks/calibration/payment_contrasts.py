"""Calibration of contrasts of payments: rate shown, authentication, billing tickets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from benchmarks.calibration.tally import (
    Judged,
    Row,
    Trial,
    coverage_row,
    judged,
    rejection_row,
    timed,
)
from supportlab.errors import NotEstimable
from supportlab.stats.cell_models import design_columns
from supportlab.stats.doubly_robust import aipw_cells
from supportlab.stats.interval import Contrast, t_quantile
from supportlab.stats.paired import paired_difference, paired_ratio
from supportlab.stats.pooling import pool_effects
from supportlab.studies.payments.strata import within_strata

__all__ = [
    "arm_rows",
    "at_equal_stratum",
    "failure_rows",
    "pooled_arms",
    "rows",
    "shown_market",
    "within_customers",
]

# The sizes of what was planted in the sample world: points of abandonment, tickets of a checkout.
SHOWN_EFFECT, CHALLENGE_EFFECT, TICKET_EFFECT = -0.035, 0.04, 0.03
FAILURE_EFFECT, FAILURE_RATIO = 0.12, 4.0
# As in `supportlab.studies.payments.arms`: with fewer events a market is not in the pool.
FEWEST_EVENTS = 10
STRATA = ("market", "method", "band")
ARMS = ("first", "second")


@dataclass(frozen=True)
class ShownRows:
    """First attempts at foreign prices of one market."""

    customer: np.ndarray
    labels: dict[str, np.ndarray]
    is_shown: np.ndarray
    abandoned: np.ndarray


def rows(scale: float) -> list[Row]:
    """Return the lines of this family."""
    runs = max(20, round(400 * scale))
    return [
        _shown(runs, "16 markets, rate shown by lot", 1300),
        _shown(
            runs, "16 markets, shown by amount, method and history", 1301, pull=1.0, spread=0.012
        ),
        _shown(runs, "5 small markets", 1302, n_markets=5, top=150, pull=1.0, is_stress=True),
        _shown_null(runs),
        *_stratified(runs, "challenge", CHALLENGE_EFFECT, 0.0, 1310),
        *_stratified(runs, "tickets by currency", TICKET_EFFECT, 0.8, 1320),
        _same_market(runs, is_ratio=False),
        _same_market(runs, is_ratio=True),
        _same_customer(runs, is_ratio=False),
        _same_customer(runs, is_ratio=True),
        _failure_null(runs),
    ]


def shown_market(
    rng: np.random.Generator, n_customers: int, effect: float, pull: float = 0.0
) -> ShownRows:
    """
    Draw a market: some methods and histories are abandoned more, customers are alike.

    ``pull`` says how far the same things move the chance of a shown rate; at 0 it is a coin.
    """
    customer = np.repeat(np.arange(n_customers), rng.poisson(2.5, n_customers) + 1)
    n = customer.size
    band = np.searchsorted(np.cumsum([0.05, 0.15, 0.3, 0.25, 0.15, 0.07]), rng.random(n))
    own_method = np.searchsorted(np.cumsum([0.55, 0.2, 0.12, 0.08]), rng.random(n_customers))
    method, quarter = own_method[customer], rng.integers(0, 8, n)
    level = np.clip(rng.normal(0.0, 0.03, n_customers), -0.03, 0.1)[customer]
    # The customer's own level is seen through the history alone, as in the data.
    history = (rng.random(n) < 0.2 + 2.0 * level).astype(int)
    chance = 0.5 + pull * (0.10 * (band - 2.5) + 0.25 * history - 0.15 * (method == 0))
    is_shown = rng.random(n) < np.clip(chance, 0.1, 0.9)
    risk = 0.12 + 0.014 * (band - 2.5) + 0.05 * history + 0.03 * (method > 0) + level
    abandoned = rng.random(n) < np.clip(risk + effect * is_shown, 0.0, 1.0)
    labels = {"band": band, "method": method, "history": history, "quarter": quarter}
    return ShownRows(customer, labels, is_shown, abandoned)


def pooled_arms(markets: list[ShownRows]) -> Contrast:
    """Compare within each market and pool, as the study does."""
    effects, errors = [], []
    for drawn in markets:
        found = _within_market(drawn)
        if found is None or found.high is None or found.df is None:
            continue
        effects.append(found.estimate)
        errors.append((found.high - found.estimate) / t_quantile(found.level, found.df))
    return pool_effects(effects, errors).interval


def _within_market(drawn: ShownRows) -> Contrast | None:
    if drawn.abandoned.sum() < FEWEST_EVENTS:
        return None
    one, hit = np.ones(drawn.customer.size), drawn.abandoned.astype(float)
    labels = {name: part.astype(str).tolist() for name, part in drawn.labels.items()}
    try:
        effect = aipw_cells(design_columns(labels, one).matrix, drawn.is_shown, one, hit)
    except NotEstimable:
        return None
    score = np.bincount(drawn.customer, effect.intercept + effect.slope * hit)
    size = np.bincount(drawn.customer, effect.is_kept.astype(float))
    return effect.from_squares(
        float(score @ score),
        int((size > 0).sum()),
        effective_clusters=effect.n**2 / float(size @ size),
    )


def _drawn_markets(
    rng: np.random.Generator, n_markets: int, top: int, effect: float, pull: float, spread: float
) -> list[ShownRows]:
    sizes = np.exp(rng.uniform(np.log(100), np.log(top), n_markets)).astype(int)
    own = effect + spread * rng.normal(size=n_markets)
    return [shown_market(rng, int(n), float(one), pull) for n, one in zip(sizes, own, strict=True)]


def _raw(markets: list[ShownRows]) -> tuple[float, float]:
    """Return the raw difference of all rows and its error with rows independent."""
    is_shown = np.concatenate([one.is_shown for one in markets])
    hit = np.concatenate([one.abandoned for one in markets])
    return _plain(hit[is_shown], hit[~is_shown])


def _plain(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    rates = [float(part.mean()) for part in (first, second)]
    error = sum(p * (1 - p) / part.size for p, part in zip(rates, (first, second), strict=True))
    return rates[0] - rates[1], float(np.sqrt(error))


def _shown(
    runs: int,
    world: str,
    seed: int,
    *,
    n_markets: int = 16,
    top: int = 400,
    pull: float = 0.0,
    spread: float = 0.0,
    is_stress: bool = False,
) -> Row:
    def trial(rng: np.random.Generator) -> Trial:
        markets = _drawn_markets(rng, n_markets, top, SHOWN_EFFECT, pull, spread)
        found, seconds = timed(lambda: pooled_arms(markets))
        gap, error = _raw(markets)
        return Trial(
            [judged(found.estimate, found.low, found.high, SHOWN_EFFECT)],
            [judged(gap, gap - 1.96 * error, gap + 1.96 * error, SHOWN_EFFECT)],
            seconds,
        )

    return coverage_row(
        "rate_shown_effect", world, "raw, Wald", trial, runs=runs, seed=seed, is_stress=is_stress
    )


def _shown_null(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> tuple[float, float]:
        markets = _drawn_markets(rng, 16, 400, 0.0, 1.0, 0.0)
        gap, error = _raw(markets)
        return pooled_arms(markets).p_value, 2.0 * float(ndtr(-abs(gap) / error))

    return rejection_row(
        "rate_shown_effect", "16 markets, shown by amount, method and history, no effect",
        "raw, Wald", trial, runs=runs, seed=1303,
    )  # fmt: skip


def arm_rows(
    rng: np.random.Generator, n_customers: int, effect: float, loyal: float
) -> pd.DataFrame:
    """
    Draw payments of six markets whose arm and outcome go with market, method and amount.

    ``loyal`` is the share of customers who are in the same arm with all their payments.
    """
    customer = np.repeat(np.arange(n_customers), rng.poisson(5, n_customers) + 1)
    n = customer.size
    market = rng.integers(0, 6, n_customers)[customer]
    method = np.searchsorted((0.6, 0.85), rng.random(n_customers))[customer]
    band = np.clip(np.round(rng.normal(1.5, 1.0, n)), 0, 3).astype(int)
    chance = np.clip(0.15 + 0.08 * market + 0.08 * band - 0.1 * (method > 0), 0.03, 0.95)
    luck = np.where((rng.random(n_customers) < loyal)[customer], rng.random(n_customers)[customer],
                    rng.random(n))  # fmt: skip
    is_first = luck < chance
    level = rng.gamma(0.6, 0.03 / 0.6, n_customers)[customer]
    risk = 0.02 + 0.012 * market + 0.012 * band + level + effect * is_first
    frame = pd.DataFrame({"customer": customer, "market": market, "method": method, "band": band})
    return frame.assign(
        arm=np.where(is_first, *ARMS), hit=(rng.random(n) < np.clip(risk, 0.0, 1.0)).astype(int)
    )


def at_equal_stratum(
    drawn: pd.DataFrame, strata: tuple[str, ...] = STRATA, *, is_ratio: bool = False
) -> Contrast:
    """Compare the arms as the study does, with the customers' squares added up in pandas."""
    keys = ["arm", *strata]

    def squares(scores: pd.DataFrame) -> tuple[float, int]:
        joined = drawn.merge(scores, on=keys)
        score = joined["a_x"] + joined["b_x"] * joined["hit"]
        each = score.groupby(joined["customer"]).sum()
        return float((each**2).sum()), len(each)

    counted = drawn.groupby(keys)["hit"].agg(["size", "sum"]).reset_index()
    cells = counted.rename(columns={"size": "n", "sum": "n_hit"})
    return within_strata(cells, "arm", ARMS, "n_hit", squares, is_ratio=is_ratio).contrast


def _plain_arms(drawn: pd.DataFrame) -> tuple[float, float]:
    is_first = (drawn["arm"] == ARMS[0]).to_numpy()
    hit = drawn["hit"].to_numpy()
    return _plain(hit[is_first], hit[~is_first])


def _stratified(runs: int, name: str, effect: float, loyal: float, seed: int) -> list[Row]:
    """Return coverage in a large and a small world, and false alarms."""

    def coverage(n_customers: int) -> Callable[[np.random.Generator], Trial]:
        def trial(rng: np.random.Generator) -> Trial:
            drawn = arm_rows(rng, n_customers, effect, loyal)
            found, seconds = timed(lambda: at_equal_stratum(drawn))
            gap, error = _plain_arms(drawn)
            return Trial(
                [judged(found.estimate, found.low, found.high, effect)],
                [judged(gap, gap - 1.96 * error, gap + 1.96 * error, effect)],
                seconds,
            )

        return trial

    def alarm(rng: np.random.Generator) -> tuple[float, float]:
        drawn = arm_rows(rng, 800, 0.0, loyal)
        gap, error = _plain_arms(drawn)
        return at_equal_stratum(drawn).p_value, 2.0 * float(ndtr(-abs(gap) / error))

    made = [
        coverage_row(
            "stratified_difference", f"{name}, {n} customers, confounded", "plain, Wald",
            coverage(n), runs=runs, seed=seed + place,
        )
        for place, n in enumerate((800, 120))
    ]  # fmt: skip
    alarms = rejection_row(
        "stratified_difference", f"{name}, 800 customers, confounded, no difference",
        "plain, Wald", alarm, runs=runs, seed=seed + 2,
    )  # fmt: skip
    return [*made, alarms]


def failure_rows(
    rng: np.random.Generator,
    n_customers: int,
    *,
    added: float = 0.0,
    times: float = 1.0,
    drawn_to: float = 0.0,
) -> pd.DataFrame:
    """
    Draw checkouts with failures and tickets after them.

    A failure adds ``added`` to the chance of a ticket, or multiplies it by ``times``;
    ``drawn_to`` says how far customers who write more also fail more, in their own way.
    """
    customer = np.repeat(np.arange(n_customers), rng.poisson(9, n_customers) + 1)
    n = customer.size
    market = rng.integers(0, 6, n_customers)[customer]
    # How much a customer writes, mean 1.
    writes = rng.gamma(1.5, 1 / 1.5, n_customers)
    base = np.clip((0.008 + 0.004 * market) * writes[customer], 0.0, 0.2)
    fails = np.clip(0.06 + 0.015 * market + 0.05 * drawn_to * (writes[customer] - 1), 0.01, 0.6)
    failed = rng.random(n) < fails
    chance = np.where(failed, base * times + added, base)
    frame = pd.DataFrame({"customer": customer, "market": market})
    return frame.assign(
        arm=np.where(failed, *ARMS), hit=(rng.random(n) < np.clip(chance, 0, 1)).astype(int)
    )


def within_customers(drawn: pd.DataFrame, *, is_ratio: bool = False) -> Contrast:
    """Compare each customer with itself, as the study does."""
    failed = drawn["arm"] == ARMS[0]
    sums = [
        part.groupby(drawn["customer"]).sum().to_numpy(dtype=float)
        for part in (drawn["hit"] * failed, failed, drawn["hit"] * ~failed, ~failed)
    ]
    one = np.ones(sums[0].size)
    return (paired_ratio if is_ratio else paired_difference)(*sums, one)


def _failure_world(*, is_ratio: bool, drawn_to: float) -> tuple[dict[str, float], float]:
    planted = {"times": FAILURE_RATIO} if is_ratio else {"added": FAILURE_EFFECT}
    return {**planted, "drawn_to": drawn_to}, FAILURE_RATIO if is_ratio else FAILURE_EFFECT


def _ratio_ends(drawn: pd.DataFrame) -> tuple[float, float, float]:
    """Return the plain ratio with the textbook interval of its logarithm."""
    by = drawn.groupby("arm")["hit"].agg(["sum", "size"])
    shares = by["sum"] / by["size"]
    ratio = float(shares[ARMS[0]] / shares[ARMS[1]])
    error = float(np.sqrt((1 / by["sum"] - 1 / by["size"]).sum()))
    return ratio, ratio * float(np.exp(-1.96 * error)), ratio * float(np.exp(1.96 * error))


def _same_market(runs: int, *, is_ratio: bool) -> Row:
    world, truth = _failure_world(is_ratio=is_ratio, drawn_to=0.0)

    def trial(rng: np.random.Generator) -> Trial:
        drawn = failure_rows(rng, 1000, **world)
        found, seconds = timed(lambda: at_equal_stratum(drawn, ("market",), is_ratio=is_ratio))
        return Trial([_against(found, truth)], [_naive(drawn, truth, is_ratio)], seconds)

    name = "stratified_ratio" if is_ratio else "stratified_difference"
    return coverage_row(
        name, "tickets after failure, within market, 1,000 customers", "plain, rows independent",
        trial, runs=runs, seed=1330 + is_ratio,
    )  # fmt: skip


def _same_customer(runs: int, *, is_ratio: bool) -> Row:
    world, truth = _failure_world(is_ratio=is_ratio, drawn_to=1.0)

    def trial(rng: np.random.Generator) -> Trial:
        drawn = failure_rows(rng, 1000, **world)
        found, seconds = timed(lambda: within_customers(drawn, is_ratio=is_ratio))
        return Trial([_against(found, truth)], [_naive(drawn, truth, is_ratio)], seconds)

    name = "paired_ratio" if is_ratio else "paired_difference"
    return coverage_row(
        name, "tickets after failure, within customer, those who write more fail more",
        "plain, rows independent", trial, runs=runs, seed=1340 + is_ratio,
    )  # fmt: skip


def _failure_null(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> tuple[float, float]:
        drawn = failure_rows(rng, 1000, drawn_to=1.0)
        return within_customers(drawn).p_value, at_equal_stratum(drawn, ("market",)).p_value

    return rejection_row(
        "paired_difference", "tickets after failure, those who write more fail more, no effect",
        "within market", trial, runs=runs, seed=1350,
    )  # fmt: skip


def _against(found: Contrast, truth: float) -> Judged:
    return judged(found.estimate, found.low, found.high, truth)


def _naive(drawn: pd.DataFrame, truth: float, is_ratio: bool) -> Judged:
    if is_ratio:
        return judged(*_ratio_ends(drawn), truth)
    gap, error = _plain_arms(drawn)
    return judged(gap, gap - 1.96 * error, gap + 1.96 * error, truth)
