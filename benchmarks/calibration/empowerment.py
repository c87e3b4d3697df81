"""Calibration of the four designs that the empowerment study judges authority by."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, ndtr

from benchmarks.calibration.authority_worlds import Teams, agents, amounts, teams
from benchmarks.calibration.tally import (
    Row,
    Trial,
    coverage_row,
    judged,
    rejection_row,
    timed,
)
from supportlab.errors import NotEstimable
from supportlab.stats.density_jump import density_jump
from supportlab.stats.discontinuity import discontinuity
from supportlab.stats.doubly_robust import aipw_cells
from supportlab.stats.instrument import instrument_effect, readiness_slopes
from supportlab.stats.response_weights import response_weights
from supportlab.stats.staggered import RollOut, imputed_effect

__all__ = ["adjusted", "fitted", "raw_gap", "rows"]

JUMP = 0.12


def rows(scale: float) -> list[Row]:
    """Return the lines of this family."""
    runs = max(20, round(200 * scale))
    return [
        *_roll_outs(runs),
        _no_roll_out(runs),
        _roll_out_power(runs),
        _drifting(runs),
        _drift_found(runs),
        *_limits(runs),
        _no_jump(runs),
        *_nudged(runs),
        *_examiners(runs),
        _no_use(runs),
        _weak(runs),
        _unbalanced(runs),
        *_alike(runs),
        _selective_answers(runs),
    ]


def fitted(world: Teams) -> RollOut:
    """Fit the roll-out with topics as covariates."""
    design = np.eye(3)[world.topic][:, 1:]
    return imputed_effect(
        world.team, world.month, world.n, world.hits, world.adopted, design=design
    )


def raw_gap(world: Teams) -> tuple[float, float, float]:
    """Return cells with authority less cells without, with the textbook interval."""
    parts = (world.treated, ~world.treated)
    shares = [float(world.hits[one].sum() / world.n[one].sum()) for one in parts]
    spread = sum(p * (1 - p) / world.n[one].sum() for p, one in zip(shares, parts, strict=True))
    gap, half = shares[0] - shares[1], 1.96 * float(np.sqrt(spread))
    return gap, gap - half, gap + half


def adjusted(world: Teams) -> tuple[float, float, float]:
    """Return the adjusted difference, folds of teams, clustered by team."""
    months = np.eye(24)[world.month][:, 1:]
    design = np.column_stack([np.eye(3)[world.topic][:, 1:], months])
    found = aipw_cells(
        design, world.treated, world.n, world.hits, estimand="treated", fold=world.team % 5,
        stratum=world.month // 3,
    ).by_clusters(world.team, world.n, world.hits)  # fmt: skip
    return found.estimate, found.low or 0.0, found.high or 0.0


def _roll_outs(runs: int) -> list[Row]:
    worlds = (
        ("12 teams, hard ones first", 12, {}, False),
        ("24 teams, hard ones first", 24, {}, False),
        ("60 teams, hard ones first", 60, {}, False),
        ("36 teams, effects that grow", 36, {"effect": 0.03, "grows": 0.008}, False),
        ("36 teams, effects that differ and grow, all adopt", 36,
         {"effect": 0.03, "grows": 0.008, "differs": 0.03, "share": 0.97}, True),
    )  # fmt: skip
    found = []
    for seed, (name, n_teams, options, stress) in enumerate(worlds):

        def trial(
            rng: np.random.Generator, n_teams: int = n_teams, options: dict[str, float] = options
        ) -> Trial:
            world = teams(rng, n_teams, **options)  # type: ignore[arg-type]
            result, seconds = timed(lambda: fitted(world))
            one, truth = result.interval, world.truth()
            half = (one.high or 0.0) - one.estimate
            naive = judged(result.naive, result.naive - half, result.naive + half, truth)
            return Trial([judged(one.estimate, one.low, one.high, truth)], [naive], seconds)

        found.append(
            coverage_row(
                "imputed_effect, topics held", name, "two-way fixed effects, same width", trial,
                runs=runs, seed=1200 + seed, is_stress=stress,
            )
        )  # fmt: skip
    return found


def _no_roll_out(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> tuple[float, float]:
        world = teams(rng, 36, effect=0.0)
        gap, low, _ = raw_gap(world)
        naive = 2.0 * float(ndtr(-abs(gap) / ((gap - low) / 1.96)))
        return fitted(world).interval.p_value, naive

    return rejection_row(
        "imputed_effect, topics held", "36 teams, no effect, hard ones first", "raw difference",
        trial, runs=runs, seed=1210,
    )  # fmt: skip


def _roll_out_power(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> tuple[float, float]:
        world = teams(rng, 36, effect=0.04)
        gap, low, _ = raw_gap(world)
        wrong = 2.0 * float(ndtr(-abs(gap) / ((gap - low) / 1.96))) if gap > 0 else 1.0
        return fitted(world).interval.p_value, wrong

    return rejection_row(
        "imputed_effect, topics held", "36 teams, effect of 4 points",
        "raw difference, right direction", trial, runs=runs, seed=1211, is_null=False,
    )  # fmt: skip


def _drifting(runs: int) -> Row:
    """Teams that get authority move apart by 0.6 points a month: the design cannot know."""

    def trial(rng: np.random.Generator) -> Trial:
        world = teams(rng, 36, drift=0.006)
        result, seconds = timed(lambda: fitted(world))
        one, truth = result.interval, world.truth()
        return Trial(
            [judged(one.estimate, one.low, one.high, truth)],
            [judged(*raw_gap(world), truth)],
            seconds,
        )

    return coverage_row(
        "imputed_effect, topics held", "36 teams that drift apart, assumption broken",
        "raw difference", trial, runs=runs, seed=1212, is_stress=True,
    )  # fmt: skip


def _drift_found(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> tuple[float, float]:
        apart, even = fitted(teams(rng, 36, drift=0.006)), fitted(teams(rng, 36))
        p_values = [one.pre_trend.p_value if one.pre_trend else 1.0 for one in (apart, even)]
        return p_values[0], p_values[1]

    return rejection_row(
        "imputed_effect, pre-trend", "36 teams that drift apart by 0.6 points a month",
        "the same test without drift", trial, runs=runs, seed=1213, is_null=False,
    )  # fmt: skip


def _plain_jump(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    parts = (y[x >= 0], y[x < 0])
    gap = float(parts[0].mean() - parts[1].mean())
    half = 1.96 * float(np.sqrt(sum(one.var() / one.size for one in parts)))
    return gap, gap - half, gap + half


def _limits(runs: int) -> list[Row]:
    worlds = (
        ("6,000 tickets, mean bends with the amount", 6_000, {}, False),
        ("6,000 tickets, mean bends sharply", 6_000, {"bend": 4.0}, False),
        ("2,000 tickets", 2_000, {}, False),
        ("40,000 tickets", 40_000, {}, False),
        ("6,000 tickets, amounts nudged under the limit", 6_000, {"nudged": 0.6}, True),
    )
    found = []
    for seed, (name, n, options, stress) in enumerate(worlds):

        def trial(
            rng: np.random.Generator, n: int = n, options: dict[str, float] = options
        ) -> Trial:
            x, y = amounts(rng, n, jump=JUMP, **options)
            result, seconds = timed(lambda: discontinuity(x, np.ones(x.size), y))
            one = result.interval
            return Trial(
                [judged(one.estimate, one.low, one.high, JUMP)],
                [judged(*_plain_jump(x, y), JUMP)],
                seconds,
            )

        found.append(
            coverage_row(
                "discontinuity", name, "within less beyond", trial,
                runs=2 * runs, seed=1220 + seed, is_stress=stress,
            )
        )  # fmt: skip
    return found


def _no_jump(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> tuple[float, float]:
        x, y = amounts(rng, 6_000, jump=0.0)
        gap, low, _ = _plain_jump(x, y)
        naive = 2.0 * float(ndtr(-abs(gap) / ((gap - low) / 1.96)))
        return discontinuity(x, np.ones(x.size), y).interval.p_value, naive

    return rejection_row(
        "discontinuity", "6,000 tickets, no jump", "within less beyond", trial,
        runs=2 * runs, seed=1230,
    )  # fmt: skip


def _nudged(runs: int) -> list[Row]:
    found = []
    for seed, (name, n, nudged) in enumerate(
        (("6,000 tickets, nobody nudges", 6_000, 0.0),
         ("40,000 tickets, nobody nudges", 40_000, 0.0),
         ("6,000 tickets, three in ten amounts just above are nudged", 6_000, 0.6))
    ):  # fmt: skip

        def trial(
            rng: np.random.Generator, n: int = n, nudged: float = nudged
        ) -> tuple[float, float]:
            x, y = amounts(rng, n, nudged=nudged)
            wide = discontinuity(x, np.ones(x.size), y).bias_bandwidth
            near = [int(((x >= a) & (x < b)).sum()) for a, b in ((0, 20), (-20, 0))]
            even = abs(near[0] - near[1]) / np.sqrt(sum(near))
            return density_jump(x, np.ones(x.size), wide).p_value, 2.0 * float(ndtr(-even))

        found.append(
            rejection_row(
                "density_jump", name, "counts within 20, against even", trial,
                runs=2 * runs, seed=1235 + seed, is_null=nudged == 0.0,
            )
        )  # fmt: skip
    return found


def _examiners(runs: int) -> list[Row]:
    worlds = (
        ("96 agents, authority used on easy tickets", 96, {}, False),
        ("24 agents, authority used on easy tickets", 24, {}, False),
        ("200 agents, 1 ticket a week", 200, {"per_week": 1.0}, False),
        ("96 agents, ready ones are better, assumption broken", 96, {"skilled": 0.15}, True),
        ("96 agents, hard tickets to the unready, assumption broken", 96, {"sorted_by": 0.3}, True),
    )
    found = []
    for seed, (name, n_agents, options, stress) in enumerate(worlds):

        def trial(
            rng: np.random.Generator, n_agents: int = n_agents, options: dict[str, float] = options
        ) -> Trial:
            drawn = agents(rng, n_agents, **options)  # type: ignore[arg-type]
            one = np.ones(drawn["y"].size)
            keys = (drawn["agent"], drawn["group"], drawn["used"], one)
            result, seconds = timed(lambda: instrument_effect(*keys, one, drawn["y"]))
            us, them = result.interval, (drawn["y"][drawn["used"] == k] for k in (1, 0))
            first, second = them
            gap = float(first.mean() - second.mean())
            half = 1.96 * float(np.sqrt(first.var() / first.size + second.var() / second.size))
            return Trial(
                [judged(us.estimate, us.low, us.high, 0.25)],
                [judged(gap, gap - half, gap + half, 0.25)],
                seconds,
            )

        found.append(
            coverage_row(
                "instrument_effect", name, "users less others", trial,
                runs=runs, seed=1240 + seed, is_stress=stress,
            )
        )  # fmt: skip
    return found


def _no_use(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> tuple[float, float]:
        drawn = agents(rng, 96, effect=0.0)
        one = np.ones(drawn["y"].size)
        keys = (drawn["agent"], drawn["group"], drawn["used"], one)
        found = instrument_effect(*keys, one, drawn["y"])
        parts = [drawn["y"][drawn["used"] == k] for k in (1, 0)]
        error = float(np.sqrt(sum(part.var() / part.size for part in parts)))
        gap = float(parts[0].mean() - parts[1].mean())
        return found.interval.p_value, 2.0 * float(ndtr(-abs(gap) / error))

    return rejection_row(
        "instrument_effect", "96 agents, no effect, used on easy tickets", "users less others",
        trial, runs=runs, seed=1250,
    )  # fmt: skip


def _weak(runs: int) -> Row:
    """Agents nearly alike: two stages would mislead, Anderson and Rubin's interval holds."""

    def trial(rng: np.random.Generator) -> Trial:
        drawn = agents(rng, 48, spread=0.03, weeks=20)
        one = np.ones(drawn["y"].size)
        keys = (drawn["agent"], drawn["group"], drawn["used"], one)
        found, seconds = timed(lambda: instrument_effect(*keys, one, drawn["y"]))
        us, ends = found.interval, found.anderson_rubin
        whole = (-np.inf, np.inf) if ends is None else ends
        two = [judged(us.estimate, us.low, us.high, 0.25)]
        return Trial([judged(us.estimate, *whole, 0.25)], two, seconds)

    return coverage_row(
        "instrument_effect, Anderson-Rubin", "48 agents nearly alike: a weak instrument",
        "two-stage least squares", trial, runs=runs, seed=1251, is_stress=True,
    )  # fmt: skip


def _unbalanced(runs: int) -> Row:
    def trial(rng: np.random.Generator) -> tuple[float, float]:
        p_values = []
        for sorted_by in (0.3, 0.0):
            drawn = agents(rng, 96, sorted_by=sorted_by)
            one = np.ones(drawn["y"].size)
            keys = (drawn["agent"], drawn["group"], drawn["used"], one)
            slopes = readiness_slopes(*keys, {"hard": drawn["kind"]})
            p_values.append(slopes["hard"].p_value)
        return p_values[0], p_values[1]

    return rejection_row(
        "readiness_slopes", "96 agents, hard tickets to the unready", "the same at random", trial,
        runs=runs, seed=1252, is_null=False,
    )  # fmt: skip


def _alike(runs: int) -> list[Row]:
    worlds = (
        ("24 teams, authority by lot", 24, {"is_confounded": False}, False),
        ("60 teams, authority by lot", 60, {"is_confounded": False}, False),
        ("60 teams, hard ones first: hidden difficulty", 60, {}, True),
    )
    found = []
    for seed, (name, n_teams, options, stress) in enumerate(worlds):

        def trial(
            rng: np.random.Generator, n_teams: int = n_teams, options: dict[str, bool] = options
        ) -> Trial:
            world = teams(rng, n_teams, **options)  # type: ignore[arg-type]
            result, seconds = timed(lambda: adjusted(world))
            truth = world.truth()
            return Trial([judged(*result, truth)], [judged(*raw_gap(world), truth)], seconds)

        found.append(
            coverage_row(
                "aipw_cells, folds and clusters of teams", name, "raw, rows as independent", trial,
                runs=runs, seed=1260 + seed, is_stress=stress,
            )
        )  # fmt: skip
    return [*found, _no_overlap(runs)]


def _no_overlap(runs: int) -> Row:
    """Every team with hard topics has authority, no other: is that said?"""

    def trial(rng: np.random.Generator) -> tuple[float, float]:
        topic = rng.integers(0, 2, 60)
        n = np.full(60, 80.0)
        treated = topic == 1
        hits = rng.binomial(80, 0.7 - 0.2 * topic).astype(float)
        gap = hits[treated].sum() / n[treated].sum() - hits[~treated].sum() / n[~treated].sum()
        naive = 2.0 * float(ndtr(-abs(gap) / 0.01))
        try:
            found = aipw_cells(topic[:, None], treated, n, hits, stratum=topic)
        except NotEstimable:
            return 1.0, naive
        return found.by_clusters(np.arange(60), n, hits).p_value, naive

    return rejection_row(
        "aipw_cells, folds and clusters of teams", "no overlap: refused, so nothing is announced",
        "raw difference", trial, runs=runs, seed=1265, is_stress=True,
    )  # fmt: skip


def _selective_answers(runs: int) -> Row:
    """Satisfaction of those who answer, who answer more where the ticket was resolved at once."""

    def trial(rng: np.random.Generator) -> Trial:
        world = teams(rng, 36, effect=0.10, per_month=60.0)
        treated = world.treated
        shown = np.column_stack([world.hits, world.n - world.hits])
        good = rng.binomial(shown.astype(int), np.array([0.85, 0.45]))
        chance = expit(np.array([-0.6, -1.8])[None, :] + 0.3 * world.topic[:, None])
        heard = rng.binomial(shown.astype(int), chance)
        share = good / np.maximum(shown, 1)
        pleased = rng.binomial(heard, np.clip(share, 0, 1))
        truth = 0.40 * world.truth()
        outcome = np.tile(np.array([0, 1]), (world.n.size, 1)).ravel()
        labels = np.column_stack(
            [outcome, np.repeat(np.eye(3)[world.topic][:, 1:], 2, axis=0), np.repeat(treated, 2)]
        )
        weights = response_weights(labels, shown.ravel(), heard.ravel()).weight.reshape(-1, 2)
        keys = (world.team, world.month)
        design = np.eye(3)[world.topic][:, 1:]

        def fit(weight: np.ndarray) -> RollOut:
            return imputed_effect(
                *keys, (weight * heard).sum(axis=1), (weight * pleased).sum(axis=1),
                world.adopted, design=design,
            )  # fmt: skip

        found, seconds = timed(lambda: fit(weights))
        one, raw = found.interval, fit(np.ones_like(weights)).interval
        return Trial(
            [judged(one.estimate, one.low, one.high, truth)],
            [judged(raw.estimate, raw.low, raw.high, truth)],
            seconds,
        )

    return coverage_row(
        "imputed_effect, response_weights", "36 teams, answers follow resolution",
        "answers as they are", trial, runs=runs, seed=1270,
    )  # fmt: skip
