"""Calibration of the comparison of channels, of the mix of a change, and of the association."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import ndtr

from benchmarks.calibration.channel_worlds import (
    EFFECTS,
    Tickets,
    factors_of,
    one_hot,
    tickets,
)
from benchmarks.calibration.tally import Row, Trial, coverage_row, judged, rejection_row, timed
from supportlab.errors import NotEstimable
from supportlab.stats import adjust_p
from supportlab.stats.answered_effects import answered_effect
from supportlab.stats.association import CellMoments, cramers_v
from supportlab.stats.channel_effects import Pair, channel_effect, pair_of
from supportlab.stats.channel_overlap import Target
from supportlab.stats.factor_cells import fit_shares
from supportlab.stats.interval import Contrast
from supportlab.stats.mix import mix_change

__all__ = ["answered_contrast", "fcr_contrast", "hours_contrast", "p_of", "pair_for", "rows"]

EMAIL = 1


def rows(scale: float) -> list[Row]:
    """Return the lines of this family."""
    runs = max(20, round(300 * scale))
    return [
        _fcr("confounded by topic and amount, 40 agents", runs, 1000),
        _fcr("the same, tickets of both channels", runs, 1001, target="both"),
        _fcr("12 agents", runs, 1002, n_agents=12, is_stress=True),
        _specialised(runs),
        _fcr("hidden difficulty draws tickets to phones", runs, 1004, hidden=1.0, is_stress=True),
        _hours(runs),
        _answers("who answers hangs on FCR, topic, channel", runs, 1006),
        _answers("and on the mood itself", runs, 1007, mood=0.8, is_stress=True),
        _no_overlap(runs),
        _no_effect(runs),
        _power(runs),
        *_mixes(runs),
        *_associations(runs),
    ]


def pair_for(drawn: Tickets, channel: int = EMAIL, target: Target = "reference") -> Pair:
    """Return a channel against the phone, checked for overlap."""
    factors, counts = factors_of(drawn), one_hot(drawn)
    pair = pair_of(factors, counts, fit_shares(factors, counts), channel, 0, target=target)
    pair.overlap.refuse()
    return pair


def fcr_contrast(
    drawn: Tickets, channel: int = EMAIL, target: Target = "reference", by: np.ndarray | None = None
) -> Contrast:
    """Return the adjusted difference in FCR with its interval, by agent."""
    counts, totals = one_hot(drawn), one_hot(drawn, drawn.fcr.astype(float))
    effect = channel_effect(pair_for(drawn, channel, target), counts, totals)
    sides = [one[:, [channel, 0], None] for one in (counts, totals)]
    return effect.by_clusters(drawn.agent if by is None else by, sides)


def p_of(drawn: Tickets, channel: int) -> float | None:
    """Return the p value of a channel against the phone; none where it is refused."""
    try:
        return fcr_contrast(drawn, channel).p_value
    except NotEstimable:
        return None


def hours_contrast(drawn: Tickets) -> Contrast:
    """Return the adjusted difference in hours of e-mail against phone."""
    counts, totals = one_hot(drawn), one_hot(drawn, drawn.hours)
    effect = channel_effect(pair_for(drawn), counts, totals, outcome="mean")
    return effect.by_clusters(drawn.agent, [one[:, [EMAIL, 0], None] for one in (counts, totals)])


def answered_contrast(drawn: Tickets) -> Contrast:
    """Return the adjusted difference in satisfaction, weighted for who answers."""
    state = np.stack([drawn.fcr, ~drawn.fcr], axis=1).astype(float)
    counts = one_hot(drawn)[:, :, None] * state[:, None, :]
    answered = counts * drawn.answered[:, None, None]
    good = answered * drawn.good[:, None, None]
    found = answered_effect(pair_for(drawn), counts, answered, good)
    sides = [one[:, [EMAIL, 0]] for one in (counts, answered, good)]
    return found.effect.by_clusters(drawn.agent, sides)


def _raw(drawn: Tickets, value: np.ndarray, kept: np.ndarray | None = None) -> tuple[float, ...]:
    """Return the plain difference of e-mail and phone with the textbook interval."""
    inside = np.ones(value.size, dtype=bool) if kept is None else kept
    parts = [value[inside & (drawn.channel == place)].astype(float) for place in (EMAIL, 0)]
    gap = float(parts[0].mean() - parts[1].mean())
    half = 1.96 * float(np.sqrt(sum(part.var() / part.size for part in parts)))
    return gap, gap - half, gap + half


def _fcr(
    name: str,
    runs: int,
    seed: int,
    *,
    target: Target = "reference",
    is_stress: bool = False,
    **options: Any,
) -> Row:
    truth = float(EFFECTS[EMAIL])

    def trial(rng: np.random.Generator) -> Trial:
        drawn = tickets(rng, **options)
        found, seconds = timed(lambda: fcr_contrast(drawn, target=target))
        naive = _raw(drawn, drawn.fcr)
        return Trial([judged(found.estimate, found.low, found.high, truth)],
                     [judged(*naive, truth)], seconds)  # fmt: skip

    return coverage_row(
        "channel_effect", name, "raw, Wald", trial, runs=runs, seed=seed, is_stress=is_stress
    )


def _specialised(runs: int) -> Row:
    """Agents who work on one channel each: their skill is shared by all tickets of it."""
    truth = float(EFFECTS[EMAIL])

    def trial(rng: np.random.Generator) -> Trial:
        drawn = tickets(rng, n_agents=120, agent_spread=0.1, is_specialised=True)
        found, seconds = timed(lambda: fcr_contrast(drawn))
        alone = fcr_contrast(drawn, by=np.arange(drawn.agent.size))
        return Trial(
            [judged(found.estimate, found.low, found.high, truth)],
            [judged(alone.estimate, alone.low, alone.high, truth)],
            seconds,
        )

    name = "agents work on one channel each, 30 a channel"
    return coverage_row("channel_effect", name, "tickets as independent", trial, runs=runs,
                        seed=1003)  # fmt: skip


def _hours(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> Trial:
        drawn = tickets(rng)
        found, seconds = timed(lambda: hours_contrast(drawn))
        return Trial(
            [judged(found.estimate, found.low, found.high, 8.0)],
            [judged(*_raw(drawn, drawn.hours), 8.0)],
            seconds,
        )

    name = "hours to resolve, confounded by amount"
    return coverage_row("channel_effect, mean", name, "raw, Wald", trial, runs=runs, seed=1005)


def _answers(name: str, runs: int, seed: int, *, is_stress: bool = False, **options: Any) -> Row:
    # Half of the effect on FCR directly, and what satisfaction gains from FCR.
    truth = float(EFFECTS[EMAIL]) * (0.5 + 0.35)

    def trial(rng: np.random.Generator) -> Trial:
        drawn = tickets(rng, 6000, **options)
        found, seconds = timed(lambda: answered_contrast(drawn))
        naive = _raw(drawn, drawn.good, drawn.answered)
        return Trial([judged(found.estimate, found.low, found.high, truth)],
                     [judged(*naive, truth)], seconds)  # fmt: skip

    return coverage_row("answered_effect", name, "answers as they are", trial, runs=runs,
                        seed=seed, is_stress=is_stress)  # fmt: skip


def _no_overlap(runs: int) -> Row:
    """A channel that never carries the topics of most calls: is it refused?"""
    rng = np.random.default_rng(1008)
    refused, missed = 0, 0
    spent = 0.0
    for _ in range(runs):
        drawn = tickets(rng, barred=2)

        def tried(drawn: Tickets = drawn) -> bool:
            try:
                fcr_contrast(drawn, 3)
            except NotEstimable:
                return True
            return False

        was, seconds = timed(tried)
        refused += was
        spent += seconds
        parts = [drawn.fcr[drawn.channel == place] for place in (3, 0)]
        gap = float(parts[0].mean() - parts[1].mean())
        half = 1.96 * float(np.sqrt(sum(part.var() / part.size for part in parts)))
        missed += not gap - half <= EFFECTS[3] <= gap + half
    share = refused / runs
    return Row(
        "channel_effect",
        "a channel that never carries the topics of most calls",
        runs,
        "",
        "",
        f"refused {share:.1%}",
        f"raw, Wald: misses {missed / runs:.1%}",
        f"{1000 * spent / runs:.1f}",
        "holds" if share >= 0.99 else "off",
    )


def _no_effect(runs: int) -> Row:
    """Three channels without any effect: is one announced, corrected over the three?"""

    def trial(rng: np.random.Generator) -> tuple[float, float]:
        drawn = tickets(rng, effects=np.zeros(4))
        p = [p_of(drawn, place) for place in (1, 2, 3)]
        raw = []
        for place in (1, 2, 3):
            parts = [drawn.fcr[drawn.channel == one].astype(float) for one in (place, 0)]
            error = float(np.sqrt(sum(part.var() / part.size for part in parts)))
            raw.append(2.0 * float(ndtr(-abs(parts[0].mean() - parts[1].mean()) / error)))
        return min(one for one in adjust_p(p, "holm") if one is not None), min(raw)

    return rejection_row("channel_effect, Holm over 3", "no channel has an effect, confounded",
                         "raw, uncorrected", trial, runs=runs, seed=1009)  # fmt: skip


def _power(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> tuple[float, float]:
        drawn = tickets(rng)
        gap, _, high = _raw(drawn, drawn.fcr)
        naive = 2.0 * float(ndtr(-abs(gap) / ((high - gap) / 1.96)))
        return fcr_contrast(drawn).p_value, naive

    return rejection_row("channel_effect", "an effect of 7 points, 4,000 tickets",
                         "raw, biased towards none", trial, runs=runs, seed=1010,
                         is_null=False)  # fmt: skip


def _drawn_mix(
    rng: np.random.Generator, shares: tuple[np.ndarray, np.ndarray], rise: float
) -> tuple[np.ndarray, ...]:
    """Two periods of 40 agents who share the channels but not their skill."""
    rates = np.array([0.8, 0.7, 0.6, 0.75])
    skill = rng.normal(0.0, 0.05, 40)[:, None]
    tables = []
    for share, gain in zip(shares, (0.0, rise), strict=True):
        n = np.stack([rng.multinomial(rng.poisson(60) + 1, share) for _ in range(40)])
        tables += [n, rng.binomial(n, np.clip(rates + gain + skill, 0.01, 0.99))]
    return tuple(one.astype(float) for one in tables)


def _mixes(runs: int) -> list[Row]:
    before, after = np.array([0.4, 0.3, 0.1, 0.2]), np.array([0.25, 0.3, 0.25, 0.2])
    truth = float((after - before) @ np.array([0.8, 0.7, 0.6, 0.75]))

    def trial(rng: np.random.Generator) -> Trial:
        drawn = _drawn_mix(rng, (before, after), 0.03)
        found, seconds = timed(lambda: mix_change(*drawn))
        one, whole = found.mix, found.total
        return Trial(
            [judged(one.estimate, one.low, one.high, truth)],
            [judged(whole.estimate, whole.low, whole.high, truth)],
            seconds,
        )

    def null(rng: np.random.Generator) -> tuple[float, float]:
        drawn = _drawn_mix(rng, (before, before), 0.03)
        found = mix_change(*drawn)
        return found.mix.p_value, found.total.p_value

    return [
        coverage_row("mix_change, mix", "a weak channel grows, all channels get better",
                     "the whole change", trial, runs=2 * runs, seed=1011),
        rejection_row("mix_change, mix", "shares do not move, all channels get better",
                      "the whole change", null, runs=2 * runs, seed=1012),
    ]  # fmt: skip


def _drawn_table(
    rng: np.random.Generator, strength: float, n_customers: int
) -> tuple[CellMoments, float]:
    """Customers of six markets with tickets on five channels, each with habits of its own."""
    base = np.array([0.4, 0.2, 0.15, 0.15, 0.1])
    weight = np.array([0.3, 0.25, 0.2, 0.1, 0.1, 0.05])
    tilt = np.random.default_rng(3).normal(size=(6, 5))
    share = base * np.exp(strength * tilt)
    share /= share.sum(axis=1, keepdims=True)
    market = rng.choice(6, n_customers, p=weight)
    sizes = rng.poisson(2, n_customers) + 1
    own = rng.gamma(share[market] * 2.3)
    own /= np.maximum(own.sum(axis=1, keepdims=True), 1e-300)
    each = rng.multinomial(sizes, own).astype(float)
    grids = []
    for value in (each, each**2, each * sizes[:, None]):
        grid = np.zeros((6, 5))
        np.add.at(grid, market, value)
        grids.append(grid)
    rows2 = np.bincount(market, sizes.astype(float) ** 2, 6)
    whole = float((sizes**2).sum())
    moments = CellMoments(
        *grids, whole, n_customers, rows2, (each**2).sum(axis=0), rows2,
        (each * sizes[:, None]).sum(axis=0),
    )  # fmt: skip
    joint = weight[:, None] * share
    expected = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    return moments, float(np.sqrt(((joint - expected) ** 2 / expected).sum() / 4.0))


def _associations(runs: int) -> list[Row]:
    def trial_of(strength: float) -> Callable[[np.random.Generator], Trial]:
        def trial(rng: np.random.Generator) -> Trial:
            moments, truth = _drawn_table(rng, strength, 800)
            found, seconds = timed(lambda: cramers_v(moments))
            naive = judged(found.plain, found.plain, found.plain, truth)
            return Trial([judged(found.estimate, found.low, found.high, truth)], [naive], seconds)

        return trial

    def null(rng: np.random.Generator) -> tuple[float, float]:
        moments, _ = _drawn_table(rng, 0.0, 800)
        from scipy.special import chdtrc

        found = cramers_v(moments)
        return found.p_value, float(chdtrc(20, found.plain**2 * 4.0 * found.n))

    return [
        coverage_row("cramers_v", "six markets, V 0.23", "plain V, no interval", trial_of(0.4),
                     runs=runs, seed=1013),
        coverage_row("cramers_v", "six markets, V 0.07", "plain V, no interval", trial_of(0.12),
                     runs=runs, seed=1014),
        rejection_row("cramers_v", "markets use channels alike", "chi-squared of tickets", null,
                      runs=runs, seed=1015),
    ]  # fmt: skip
