"""Calibration of rates by market: intervals, shrinkage, funnel, exceedance, ranks, changes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit, logit, ndtr

from benchmarks.calibration.payment_peers import mixed_glm
from benchmarks.calibration.payment_worlds import (
    counts,
    market_rates,
    paired_market,
    payment_market,
    true_rate,
)
from benchmarks.calibration.tally import (
    Judged,
    Row,
    Trial,
    coverage_row,
    judged,
    rejection_row,
    timed,
)
from supportlab.stats import adjust_p, beta_binomial_shrinkage, wilson_interval
from supportlab.stats.funnel_limits import funnel
from supportlab.stats.moderated_clusters import (
    GroupProfiles,
    moderated_design_effects,
    moderated_shares,
)
from supportlab.stats.paired_changes import paired_changes
from supportlab.stats.rankings import joint_ranks, joint_separation, posterior_ranks
from supportlab.stats.rate_draws import exceedance, rate_draws
from supportlab.stats.rates_hierarchy import crossed_shrinkage

__all__ = ["rows"]

SIZES = (20, 60, 300, 3_000, 30_000, 100_000)
N_MARKETS = 15
MARGIN = 0.02


def rows(scale: float) -> list[Row]:
    """Return the lines of this family."""
    runs = max(20, round(400 * scale))
    few = max(4, round(40 * scale))
    found = [_size(size, runs, place) for place, size in enumerate(SIZES)]
    found += [_shrunk(runs), _peer("MAP", 2 * few, 1220), _peer("VB", few, 1221)]
    found += [_crossed(runs), _crossed_peer(few)]
    found += _funnels(runs)
    found += [_exceedance(runs), _ranks(runs, joint=False), _ranks(runs, joint=True)]
    return [*found, *_changes(runs)]


def _others(rng: np.random.Generator, spread: float, top: float = 20_000) -> tuple[list, list]:
    """Return markets of 20 to ``top`` attempts and their true rates."""
    first = market_rates(rng, N_MARKETS, spread)
    size = np.exp(rng.uniform(np.log(20), np.log(top), N_MARKETS))
    groups = [payment_market(rng, *pair) for pair in zip(first, size, strict=True)]
    return groups, [true_rate(one) for one in first]


def _size(size: int, runs: int, place: int) -> Row:
    """Coverage of one market's own interval, the other fourteen as they fall."""

    def trial(rng: np.random.Generator) -> Trial:
        groups, truth = _others(rng, 0.4, 3_000)
        first = float(market_rates(rng, 1, 0.4)[0])
        groups[0], truth[0] = payment_market(rng, first, size), true_rate(first)
        shares, seconds = timed(lambda: moderated_shares(groups))
        ours = shares[0]
        hits, n = (float(one[0]) for one in counts(groups))
        naive = wilson_interval(hits, n)
        return Trial(
            [judged(ours.estimate, ours.low, ours.high, truth[0])] if ours else [],
            [judged(naive.estimate, naive.low, naive.high, truth[0])],
            seconds,
        )

    name = f"market of {size:,} attempts among 15, customers alike, retries"
    return coverage_row("moderated_shares", name, "Wilson", trial, runs=runs, seed=1200 + place)


def _effects(groups: list[GroupProfiles]) -> np.ndarray:
    return moderated_design_effects(groups).design_effect


def _limits(estimate: object, low: object, high: object, truth: list[float]) -> list[Judged]:
    table = zip(estimate, low, high, truth, strict=True)  # type: ignore[call-overload]
    return [judged(*map(float, one)) for one in table]


def _shrunk(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> Trial:
        groups, truth = _others(rng, 0.4)
        hits, n = counts(groups)
        found, seconds = timed(
            lambda: beta_binomial_shrinkage(hits, n, design_effect=_effects(groups))
        )
        raw = [wilson_interval(*pair) for pair in zip(hits, n, strict=True)]
        naive = [
            judged(one.estimate, one.low, one.high, true)
            for one, true in zip(raw, truth, strict=True)
        ]
        return Trial(_limits(found.estimate, found.low, found.high, truth), naive, seconds)

    name = "15 markets of 20 to 20,000, moderated design effects"
    return coverage_row("beta_binomial_shrinkage", name, "raw, Wilson", trial, runs=runs, seed=1210)


def _peer(kind: str, runs: int, seed: int) -> Row:
    """Against statsmodels on worlds that are right for it: no customers, no retries."""

    def trial(rng: np.random.Generator) -> Trial:
        truth = market_rates(rng, 12, 0.4)
        n = np.round(np.exp(rng.uniform(np.log(20), np.log(800), 12)))
        hits = rng.binomial(n.astype(int), truth)
        found, seconds = timed(lambda: beta_binomial_shrinkage(hits, n))
        labels = [f"m{place}" for place in range(12)]
        peer = mixed_glm(hits, n, {"market": labels}, kind)
        ours = _limits(found.estimate, found.low, found.high, list(truth))
        return Trial(ours, _limits(*peer, list(truth)), seconds)

    name = "12 markets of 20 to 800, no clusters"
    return coverage_row(
        "beta_binomial_shrinkage",
        name,
        f"BinomialBayesMixedGLM {kind}",
        trial,
        runs=runs,
        seed=seed,
    )


def _pairs(rng: np.random.Generator, top: float) -> tuple[np.ndarray, ...]:
    """Return cells of 12 markets by 6 methods, two thirds of them there."""
    market, method = np.divmod(np.flatnonzero(rng.random(72) < 0.67), 6)
    effect = 0.4 * rng.normal(size=12)[market] + 0.3 * rng.normal(size=6)[method]
    truth = expit(logit(0.1) + effect + 0.15 * rng.normal(size=market.size))
    n = np.round(np.exp(rng.uniform(np.log(5), np.log(top), market.size))).astype(int)
    return market, method, truth, n, rng.binomial(n, truth)


def _crossed(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> Trial:
        market, method, truth, n, hits = _pairs(rng, 5_000)
        labels = [[f"{one}" for one in market], [f"{one}" for one in method]]
        found, seconds = timed(lambda: crossed_shrinkage(hits, n, labels))
        plain = beta_binomial_shrinkage(hits, n)
        return Trial(
            _limits(found.estimate, found.low, found.high, list(truth)),
            _limits(plain.estimate, plain.low, plain.high, list(truth)),
            seconds,
        )

    name = "12 markets by 6 methods, cells of 5 to 5,000"
    return coverage_row(
        "crossed_shrinkage",
        name,
        "shrunk to the mean of all",
        trial,
        runs=max(10, runs // 2),
        seed=1230,
    )


def _crossed_peer(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> Trial:
        market, method, truth, n, hits = _pairs(rng, 300)
        labels = [[f"{one}" for one in market], [f"{one}" for one in method]]
        found, seconds = timed(lambda: crossed_shrinkage(hits, n, labels))
        pair = [f"{one}-{other}" for one, other in zip(*labels, strict=True)]
        names = {"market": labels[0], "method": labels[1], "pair": pair}
        peer = mixed_glm(hits, n, names, "MAP")
        ours = _limits(found.estimate, found.low, found.high, list(truth))
        return Trial(ours, _limits(*peer, list(truth)), seconds)

    name = "12 markets by 6 methods, cells of 5 to 300"
    return coverage_row(
        "crossed_shrinkage", name, "BinomialBayesMixedGLM MAP", trial, runs=runs, seed=1231
    )


def _funnels(runs: int) -> list[Row]:
    found = []
    for place, spread in enumerate((0.0, 0.4)):

        def held(rng: np.random.Generator, spread: float = spread) -> tuple[np.ndarray, np.ndarray]:
            groups, _ = _others(rng, spread)
            hits, n = counts(groups)
            ours = funnel(hits, n, design_effect=_effects(groups))
            return ours.p_value, funnel(hits, n, overdispersion="none").p_value

        def one(rng: np.random.Generator, held: Callable = held) -> tuple[float, float]:  # type: ignore[type-arg]
            ours, naive = held(rng)
            return float(ours[0]), float(naive[0])

        def any_of(rng: np.random.Generator, held: Callable = held) -> tuple[float, float]:  # type: ignore[type-arg]
            ours, naive = held(rng)
            return _smallest(ours), _smallest(naive)

        world = "all alike" if spread == 0 else f"ordinary spread {spread} log-odds"
        for name, trial in (("one market", one), ("any after Benjamini-Hochberg", any_of)):
            found.append(
                rejection_row(
                    "funnel",
                    f"15 markets of 20 to 20,000, {world}: {name}",
                    "no clusters, no over-dispersion",
                    trial,
                    runs=runs,
                    seed=1240 + 2 * place + len(found) % 2,
                )
            )
    return found


def _smallest(p_values: np.ndarray) -> float:
    return min(p for p in adjust_p(list(map(float, p_values))) if p is not None)


def _exceedance(runs: int) -> Row:
    """Of the markets called worse with 95 % or more, how many are."""

    def trial(rng: np.random.Generator) -> Trial:
        groups, truth = _others(rng, 0.4)
        hits, n = counts(groups)
        effect = _effects(groups)
        draws, seconds = timed(lambda: rate_draws(hits, n, design_effect=effect, n_draws=4_000))
        chance = exceedance(draws, n, MARGIN)
        whole = float(np.dot(truth, n) / n.sum())
        worse = np.array(truth) > whole + MARGIN
        called = chance >= 0.95
        raw = hits / n > hits.sum() / n.sum() + MARGIN
        ours = [
            Judged(float(p - is_so), bool(is_so))
            for p, is_so in zip(chance[called], worse[called], strict=True)
        ]
        naive = [Judged(1.0 - float(is_so), bool(is_so)) for is_so in worse[raw]]
        return Trial(ours, naive, seconds)

    name = "15 markets, those called worse by 2 points: truly so"
    return coverage_row(
        "exceedance", name, "plain rate beyond", trial, runs=runs, seed=1250, is_stress=True
    )


def _ranks(runs: int, *, joint: bool) -> Row:
    def trial(rng: np.random.Generator) -> Trial:
        groups, truth = _others(rng, 0.4)
        hits, n = counts(groups)
        order = np.argsort(np.argsort(-np.array(truth))) + 1.0
        plain = np.argsort(np.argsort(-hits / n)) + 1.0
        if joint:
            shares = [one for one in moderated_shares(groups) if one is not None]
            found, seconds = timed(lambda: _joint(shares))
            inside = bool(np.all((found.low <= order) & (order <= found.high)))
            return Trial(
                [Judged(0.0, inside)], [Judged(0.0, bool(np.all(plain == order)))], seconds
            )
        draws = rate_draws(hits, n, design_effect=_effects(groups), n_draws=4_000)
        ranks, seconds = timed(lambda: posterior_ranks(draws))
        naive = _limits(plain, plain, plain, list(order))
        return Trial(_limits(ranks.rank, ranks.low, ranks.high, list(order)), naive, seconds)

    name = "joint_ranks" if joint else "posterior_ranks"
    world = "15 markets of 20 to 20,000" + (": all ranks at once" if joint else "")
    return coverage_row(
        name, world, "rank of the plain rate", trial, runs=runs, seed=1260 + joint, is_stress=joint
    )


def _joint(shares: list) -> object:  # type: ignore[type-arg]
    ends = ([getattr(one, name) for one in shares] for name in ("estimate", "low", "high"))
    return joint_ranks(joint_separation(*ends))


def _changes(runs: int) -> list[Row]:
    runs = max(20, runs // 2)

    def held(rng: np.random.Generator, moved: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        first = market_rates(rng, N_MARKETS, 0.4)
        size = np.exp(rng.uniform(np.log(60), np.log(5_000), N_MARKETS))
        size[0] = 3_000.0
        groups = [
            paired_market(rng, rate, n, moved if place == 0 else None)
            for place, (rate, n) in enumerate(zip(first, size, strict=True))
        ]
        found = paired_changes(groups)
        naive = [_plain_change(*(counts([one]) for one in group.periods())) for group in groups]
        return np.array([one.p_value if one else 1.0 for one in found]), np.array(naive)

    def one(rng: np.random.Generator) -> tuple[float, float]:
        ours, naive = held(rng)
        place = int(rng.integers(N_MARKETS))
        return float(ours[place]), float(naive[place])

    def any_of(rng: np.random.Generator) -> tuple[float, float]:
        ours, naive = held(rng)
        return _smallest(ours), _smallest(naive)

    def power(rng: np.random.Generator) -> tuple[float, float]:
        ours, naive = held(rng, 0.6)
        return float(adjust_p(list(ours))[0] or 1.0), float(adjust_p(list(naive))[0] or 1.0)

    naive_name = "two shares, customers ignored"
    return [
        rejection_row(
            "paired_changes", "15 markets, no change: one market", naive_name, one,
            runs=2 * runs, seed=1270,
        ),
        rejection_row(
            "paired_changes", "15 markets, no change: any after Benjamini-Hochberg", naive_name,
            any_of, runs=runs, seed=1271,
        ),
        rejection_row(
            "paired_changes", "market of 3,000 moved by 0.6 log-odds among 15, adjusted",
            naive_name, power, runs=runs, seed=1272, is_null=False,
        ),
    ]  # fmt: skip


def _plain_change(later: tuple, earlier: tuple) -> float:  # type: ignore[type-arg]
    (y_1, n_1), (y_2, n_2) = ((float(a[0]), float(b[0])) for a, b in (later, earlier))
    if n_1 == 0 or n_2 == 0:
        return 1.0
    pooled = (y_1 + y_2) / (n_1 + n_2)
    error = np.sqrt(pooled * (1.0 - pooled) * (1.0 / n_1 + 1.0 / n_2))
    return 1.0 if error == 0 else float(2.0 * ndtr(-abs(y_1 / n_1 - y_2 / n_2) / error))
