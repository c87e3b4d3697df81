"""Calibration of adjusted comparisons of service, of shares of R squared and of variance parts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.calibration.service_worlds import (
    Tickets,
    dummies,
    hard_world,
    silent_world,
    tenure_world,
    trained_world,
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
from supportlab.stats.answer_weights import answer_weights, linear_bounds
from supportlab.stats.explained_shares import explained_shares
from supportlab.stats.interval import Contrast
from supportlab.stats.linear_cells import fit_linear
from supportlab.stats.variance_parts import variance_parts

__all__ = ["adjusted_fit", "raw_gap", "rows", "weighted_fit", "within_agents"]


def rows(scale: float) -> list[Row]:
    """Return the lines of this family."""
    runs = max(20, round(400 * scale))
    fewer = max(20, round(200 * scale))
    return [
        *(_confounded(n_teams, runs, 1100 + n_teams) for n_teams in (12, 24, 60)),
        _row_wise(runs),
        _no_effect(max(20, round(1000 * scale))),
        _silent(runs),
        _silent_beyond(runs),
        _bounded(fewer),
        _tenure(runs),
        _tenure_null(runs),
        _handle_time(fewer),
        *_shares(fewer),
        *_parts(fewer),
        _parts_null(fewer),
    ]


def adjusted_fit(found: Tickets, cluster: np.ndarray | None = None) -> Contrast:
    """Return the exposure's effect at equal topic, clustered by team unless told otherwise."""
    design = np.column_stack([found.exposure, dummies(found.topic)])
    one = np.ones(found.team.size)
    codes = found.team if cluster is None else cluster
    return fit_linear(design, one, found.outcome, cluster=codes).contrast(0)


def raw_gap(found: Tickets, rows_used: np.ndarray | None = None) -> Judged:
    """Hold the raw difference with the textbook interval against the truth."""
    used = np.ones(found.team.size, bool) if rows_used is None else rows_used
    parts = [found.outcome[used & (found.exposure == arm)] for arm in (1.0, 0.0)]
    gap = float(parts[0].mean() - parts[1].mean())
    half = 1.96 * float(np.sqrt(sum(part.var() / part.size for part in parts)))
    return judged(gap, gap - half, gap + half, found.truth)


def weighted_fit(found: Tickets) -> Contrast:
    """Return the effect among all tickets from those with an answer."""
    n = found.answered
    design = np.column_stack([found.exposure, dummies(found.topic)])
    # As in the studies: exposure, covariates and first contact resolution tell who answers.
    columns = np.column_stack([design, found.told, found.told * found.exposure])
    weights = answer_weights(columns, np.ones(n.size), n)
    total = n * found.outcome
    fit = fit_linear(design, n, total, cluster=found.team, weight=weights.weight)
    level = float(weights.weight @ (total - n * (design @ fit.coefficients)))
    level /= float(weights.weight @ n)
    rest = total - n * (level + design @ fit.coefficients)
    full = np.column_stack([np.ones(n.size), design])
    extra = weights.scores(full, rest, found.team)
    again = fit_linear(
        design, n, total, cluster=found.team, weight=weights.weight, extra_scores=extra
    )
    return again.contrast(0)


def within_agents(found: Tickets) -> Contrast:
    """Return the effect with a level for each agent."""
    design = np.column_stack([found.exposure, dummies(found.topic)])
    one = np.ones(found.team.size)
    return fit_linear(design, one, found.outcome, cluster=found.team, absorb=found.agent).contrast(
        0
    )


def _compared(
    estimator: str,
    mechanism: str,
    naive_name: str,
    world: Callable[[np.random.Generator], Tickets],
    ours: Callable[[Tickets], Contrast],
    naive: Callable[[Tickets], Judged],
    runs: int,
    seed: int,
    *,
    is_stress: bool = False,
) -> Row:
    def trial(rng: np.random.Generator) -> Trial:
        drawn = world(rng)
        found, seconds = timed(lambda: ours(drawn))
        kept = judged(found.estimate, found.low, found.high, drawn.truth)
        return Trial([kept], [naive(drawn)], seconds)

    return coverage_row(
        estimator, mechanism, naive_name, trial, runs=runs, seed=seed, is_stress=is_stress
    )


def _confounded(n_teams: int, runs: int, seed: int) -> Row:
    return _compared(
        "fit_linear",
        f"hard topics exposed more, {n_teams} teams",
        "raw, Wald",
        lambda rng: hard_world(rng, n_teams),
        adjusted_fit,
        raw_gap,
        runs,
        seed,
    )


def _row_wise(runs: int) -> Row:
    def world(rng: np.random.Generator) -> Tickets:
        drawn = hard_world(rng, 24)
        # A policy of teams: half of them are exposed, whatever the topic.
        exposed = (rng.permutation(24) < 12)[drawn.team].astype(float)
        outcome = rng.random(drawn.team.size) < 0.6 - 0.06 * drawn.topic + 0.05 * exposed
        level = rng.normal(0.0, 0.05, 24)[drawn.team]
        flip = rng.random(drawn.team.size) < np.abs(level)
        shifted = np.where(flip, level > 0, outcome).astype(float)
        return Tickets(
            drawn.team,
            drawn.agent,
            drawn.topic,
            exposed,
            shifted,
            drawn.answered,
            drawn.told,
            # A flipped row has no part in the effect.
            0.05 * (1.0 - 0.05 * np.sqrt(2.0 / np.pi)),
        )

    def alone(drawn: Tickets) -> Judged:
        found = adjusted_fit(drawn, np.arange(drawn.team.size) % 400)
        return judged(found.estimate, found.low, found.high, drawn.truth)

    return _compared(
        "fit_linear",
        "a policy of 12 of 24 teams that differ by 5 points",
        "clusters ignored",
        world,
        adjusted_fit,
        alone,
        runs,
        1201,
    )


def _no_effect(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> tuple[float, float]:
        drawn = hard_world(rng, 36, effect=0.0)
        naive = raw_gap(drawn)
        return adjusted_fit(drawn).p_value, 1.0 if naive.is_covered else 0.0

    return rejection_row(
        "fit_linear", "no effect, hard topics exposed more", "raw", trial, runs=runs, seed=1202
    )


def _silent(runs: int) -> Row:
    def answers_alone(drawn: Tickets) -> Judged:
        design = np.column_stack([drawn.exposure, dummies(drawn.topic)])
        n = drawn.answered
        found = fit_linear(design, n, n * drawn.outcome, cluster=drawn.team).contrast(0)
        return judged(found.estimate, found.low, found.high, drawn.truth)

    return _compared(
        "answer_weights",
        "who is helped at once answers more",
        "adjusted answers",
        silent_world,
        weighted_fit,
        answers_alone,
        runs,
        1203,
    )


def _silent_beyond(runs: int) -> Row:
    return _compared(
        "answer_weights",
        "the pleased answer more beyond what is seen",
        "raw answers",
        lambda rng: silent_world(rng, beyond=0.10),
        weighted_fit,
        lambda drawn: raw_gap(drawn, drawn.answered > 0),
        runs,
        1204,
        is_stress=True,
    )


def _bounded(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> Trial:
        drawn = silent_world(rng, beyond=0.10)
        n = drawn.answered
        design = np.column_stack([drawn.exposure, dummies(drawn.topic)])
        chosen = np.zeros(design.shape[1])
        chosen[0] = 1.0
        one = np.ones(n.size)
        (low, high), seconds = timed(
            lambda: linear_bounds(design, one, n, n * drawn.outcome, chosen)
        )
        middle = (low + high) / 2
        naive = raw_gap(drawn, n > 0)
        return Trial([judged(middle, low, high, drawn.truth)], [naive], seconds)

    return coverage_row(
        "linear_bounds",
        "the same: worst case (its middle is no estimate)",
        "raw answers",
        trial,
        runs=runs,
        seed=1205,
        is_stress=True,
    )


def _tenure(runs: int) -> Row:
    return _compared(
        "fit_linear, absorbed",
        "weak agents leave, 4 points learnt",
        "raw, Wald",
        tenure_world,
        within_agents,
        raw_gap,
        runs,
        1206,
    )


def _tenure_null(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> tuple[float, float]:
        drawn = tenure_world(rng, effect=0.0)
        between = adjusted_fit(drawn)
        return within_agents(drawn).p_value, between.p_value

    return rejection_row(
        "fit_linear, absorbed",
        "weak agents leave, nothing learnt",
        "between agents",
        trial,
        runs=runs,
        seed=1207,
    )


def _handle_time(runs: int) -> Row:
    """Handle time follows difficulty and failure and does nothing: no adjustment shows 0."""

    def world(rng: np.random.Generator) -> Tickets:
        drawn = hard_world(rng, 36, effect=0.0)
        hidden = rng.normal(size=drawn.team.size)
        fcr = rng.random(drawn.team.size) < np.clip(0.75 - 0.04 * drawn.topic - 0.1 * hidden, 0, 1)
        minutes = 2.0 + 0.15 * drawn.topic + 0.4 * hidden + 0.5 * (1.0 - fcr)
        log_minutes = minutes + 0.5 * rng.normal(size=drawn.team.size)
        return Tickets(
            drawn.team,
            drawn.agent,
            drawn.topic,
            log_minutes,
            fcr.astype(float),
            drawn.answered,
            drawn.told,
            0.0,
        )

    def raw(drawn: Tickets) -> Judged:
        one = np.ones(drawn.team.size)
        fit = fit_linear(drawn.exposure[:, None], one, drawn.outcome, cluster=drawn.team)
        found = fit.contrast(0)
        return judged(found.estimate, found.low, found.high, 0.0)

    return _compared(
        "fit_linear, absorbed",
        "handle time that follows difficulty and failure and does nothing",
        "raw",
        world,
        within_agents,
        raw,
        runs,
        1208,
        is_stress=True,
    )


def _share_world(rng: np.random.Generator, n_teams: int, per_team: int) -> tuple[np.ndarray, ...]:
    team = np.repeat(np.arange(n_teams), per_team)
    common = rng.normal(size=team.size)
    first = 0.6 * common + 0.8 * rng.normal(size=team.size)
    second = 0.6 * common + 0.8 * rng.normal(size=team.size)
    nothing = rng.normal(size=(team.size, 4))
    level = rng.normal(0.0, 0.2, n_teams)[team]
    y = 0.4 * first + 0.2 * second + level + rng.normal(size=team.size)
    return team, first[:, None], second[:, None], nothing, y


def _share_truth() -> dict[str, float]:
    """Return the shares in closed form: two drivers with correlation 0.36."""
    rho, one, two = 0.36, 0.4, 0.2
    variance = one**2 + two**2 + 2 * rho * one * two + 0.2**2 + 1.0
    alone = {"first": (one + rho * two) ** 2, "second": (two + rho * one) ** 2}
    both = one**2 + two**2 + 2 * rho * one * two
    last = {"first": both - alone["second"], "second": both - alone["first"]}
    shares = {name: (alone[name] + last[name]) / 2 / variance for name in alone}
    return shares | {"nothing": 0.0}


def _shares(runs: int) -> list[Row]:
    truth = _share_truth()

    def of(name: str, place: int, n_teams: int) -> Row:
        def trial(rng: np.random.Generator) -> Trial:
            team, *groups, y = _share_world(rng, n_teams, 100)
            named = dict(zip(("first", "second", "nothing"), groups, strict=True))
            one = np.ones(team.size)
            found, seconds = timed(lambda: explained_shares(named, one, y, y**2, cluster=team))
            plain = explained_shares(
                named, one, y, y**2, cluster=np.arange(team.size), is_adjusted=False
            )
            return Trial(
                [_of(found.shares[place], truth[name])],
                [_of(plain.shares[place], truth[name])],
                seconds,
            )

        # What explains nothing has no first-order spread: its interval is of chance columns.
        return coverage_row(
            "explained_shares",
            f"share of the {name} driver, {n_teams} teams",
            "raw R2, clusters ignored",
            trial,
            runs=runs,
            seed=1300 + 10 * place + n_teams,
            is_stress=name == "nothing",
        )

    return [of("first", 0, 36), of("second", 1, 36), of("nothing", 2, 36), of("first", 0, 12)]


def _of(found: object, truth: float) -> Judged:
    return judged(found.estimate, found.low, found.high, truth)  # type: ignore[attr-defined]


def _part_share(own: float) -> float:
    """Return the share of the variance of a yes or no of 70 %."""
    return own**2 / (0.7 * 0.3)


def _parts(runs: int) -> list[Row]:
    def of(own: float) -> Row:
        truth = _part_share(own)

        def trial(rng: np.random.Generator) -> Trial:
            drawn = trained_world(rng, own)
            one = np.ones(drawn.team.size)
            found, seconds = timed(
                lambda: variance_parts(
                    drawn.agent, drawn.topic, one, drawn.outcome, cluster=drawn.team
                )
            )
            kept = judged(found.within.estimate, found.within.low, found.within.high, truth)
            half = 0.25 * found.naive_within
            spread = (found.naive_within - half, found.naive_within + half)
            return Trial([kept], [judged(found.naive_within, *spread, truth)], seconds)

        return coverage_row(
            "variance_parts",
            f"channels of an agent differ by {100 * own:g} points",
            "spread of raw means, give or take a quarter",
            trial,
            runs=runs,
            seed=1400 + round(100 * own),
        )

    return [of(0.03), of(0.08)]


def _parts_null(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> tuple[float, float]:
        drawn = trained_world(rng, 0.0)
        one = np.ones(drawn.team.size)
        found = variance_parts(drawn.agent, drawn.topic, one, drawn.outcome, cluster=drawn.team)
        return found.within.p_value, 0.0 if found.naive_within > 0.01 else 1.0

    return rejection_row(
        "variance_parts",
        "an agent's channels do not differ",
        "raw spread above 1 %",
        trial,
        runs=runs,
        seed=1409,
    )
