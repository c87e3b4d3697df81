"""Calibration of the feedback study: shifts, weights for the silent, selective asking."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from benchmarks.calibration.feedback_worlds import (
    AskedWorld,
    SeriesWorld,
    asked_world,
    series_world,
)
from benchmarks.calibration.tally import Row, Trial, coverage_row, judged, timed
from supportlab.stats import adjust_p, clustered_proportion
from supportlab.stats.cell_models import fit_logistic
from supportlab.stats.control_charts import laney_chart
from supportlab.stats.decomposition import split_difference
from supportlab.stats.nonresponse import silent_curve, weighted_share
from supportlab.stats.selectivity import asking_slopes
from supportlab.stats.shifts import find_shifts

__all__ = ["rows"]

DRAWS = 199
WEEKS_OF_A_YEAR = 52
# (words, periods, answers, options of the world, stress)
NULLS: tuple[tuple[str, int, int, dict[str, float], bool], ...] = (
    ("24 months, 250 answers", 24, 250, {}, False),
    ("24 months, 30 answers", 24, 30, {}, False),
    (
        "24 months, 250 answers, season of 3 points, carry-over 0.4, deviations of 2 points",
        24,
        250,
        {"season": 0.03, "carry": 0.4, "between": 0.02},
        False,
    ),
    (
        "36 months, 1,000 answers, the same and a change of mix",
        36,
        1000,
        {"season": 0.03, "carry": 0.4, "between": 0.02, "mix": 0.3},
        False,
    ),
    (
        "104 weeks, 60 answers, season of 3 points, carry-over 0.4, deviations of 3 points",
        104,
        60,
        {"season": 0.03, "carry": 0.4, "between": 0.03, "a_year": 52},
        False,
    ),
    (
        "52 weeks, 400 answers, half a season of 2 points, carry-over 0.4, deviations of 2 points",
        52,
        400,
        {"season": 0.02, "carry": 0.4, "between": 0.02, "a_year": 52},
        True,
    ),
    (
        "36 months, carry-over 0.8, deviations of 3 points",
        36,
        1000,
        {"carry": 0.8, "between": 0.03},
        True,
    ),
)
NOISE = {"season": 0.02, "carry": 0.3, "between": 0.015}


def rows(scale: float) -> list[Row]:
    """Return the lines of this family."""
    runs = max(20, round(200 * scale))
    return [
        *_false_alarms(runs),
        *_steps(runs),
        _delay(max(10, round(100 * scale))),
        *_split(runs),
        *_weights(runs),
        *_asking(max(10, round(200 * scale))),
    ]


@dataclass(frozen=True)
class _Alarms:
    ours: bool
    p_chart: bool
    laney: bool
    pelt: bool


def _alarms(world: SeriesWorld, seed: int) -> _Alarms:
    # Each month of the year has to come twice.
    months = world.of_year if world.n.size != WEEKS_OF_A_YEAR else None
    found = find_shifts(
        world.hits,
        world.n,
        world.expected,
        of_year=months,
        draws=DRAWS,
        seed=seed,
    )
    chart = laney_chart(world.hits, world.n, world.expected, of_year=months)
    return _Alarms(
        bool(found.shifts),
        bool(chart.naive_is_out.any()),
        bool(chart.is_out.any()),
        _pelt(world),
    )


def _pelt(world: SeriesWorld) -> bool:
    """Whether PELT with the usual penalty of 3 log T cuts the standardised raw shares."""
    share = world.hits.sum() / world.n.sum()
    error = np.sqrt(share * (1.0 - share) / np.maximum(world.n, 1))
    z = (world.hits / np.maximum(world.n, 1) - share) / error
    return len(segments(z, 3.0 * np.log(z.size))) > 1


def segments(value: np.ndarray, penalty: float, least: int = 3) -> list[int]:
    """
    Return the ends of the segments that PELT finds: least squares, a penalty for each segment.

    Dynamic programming without PELT's pruning, which saves time and changes nothing.
    """
    sums = np.concatenate([[0.0], np.cumsum(value)])
    squares = np.concatenate([[0.0], np.cumsum(value**2)])
    best, last = np.full(value.size + 1, np.inf), np.zeros(value.size + 1, dtype=int)
    best[0] = -penalty
    for end in range(least, value.size + 1):
        starts = np.arange(0, end - least + 1)
        cost = squares[end] - squares[starts] - (sums[end] - sums[starts]) ** 2 / (end - starts)
        total = best[starts] + cost + penalty
        last[end] = starts[np.argmin(total)]
        best[end] = total.min()
    ends, at = [], value.size
    while at > 0:
        ends.append(at)
        at = int(last[at])
    return ends[::-1]


def _false_alarms(runs: int) -> list[Row]:
    found = []
    for place, (words, periods, answers, options, is_stress) in enumerate(NULLS):
        rng = np.random.default_rng(7100 + place)
        started = time.process_time()
        alarms = [
            _alarms(series_world(rng, periods, answers, **options), seed)  # type: ignore[arg-type]
            for seed in range(runs)
        ]
        spent = 1000 * (time.process_time() - started) / runs
        found.append(_alarm_row(words, alarms, runs, spent, is_stress=is_stress))
    return found


def _alarm_row(
    words: str, alarms: list[_Alarms], runs: int, spent: float, *, is_stress: bool
) -> Row:
    ours = float(np.mean([one.ours for one in alarms]))
    band = 1.96 * np.sqrt(0.05 * 0.95 / runs)
    verdict = "too many" if ours > 0.05 + band else "cautious" if ours < 0.05 - band else "holds"
    return Row(
        "find_shifts",
        f"no shift, {words}",
        runs,
        "",
        "",
        f"false alarms {ours:.1%}",
        f"3-sigma chart {np.mean([one.p_chart for one in alarms]):.0%}, Laney p' "
        f"{np.mean([one.laney for one in alarms]):.0%}, PELT "
        f"{np.mean([one.pelt for one in alarms]):.0%}",
        f"{spent:.0f}",
        f"stress: {verdict}" if is_stress else verdict,
    )


def _steps(runs: int) -> list[Row]:
    found = []
    for place, (answers, shift) in enumerate(((1000, -0.06), (250, -0.09), (60, -0.15))):
        rng = np.random.default_rng(7200 + place)
        errors, covered, dated, near, hits, naive = [], [], [], [], 0, 0
        for seed in range(runs):
            world = series_world(rng, 24, answers, shift=shift, at=14, **NOISE)
            scan = find_shifts(
                world.hits, world.n, world.expected, of_year=world.of_year, draws=DRAWS, seed=seed
            )
            naive += bool(laney_chart(world.hits, world.n).is_out.any())
            if not scan.shifts:
                continue
            hits += 1
            first = max(scan.shifts, key=lambda one: one.gain)
            errors.append(first.estimate - shift)
            covered.append(first.low <= shift <= first.high)
            dated.append(first.place_low <= 14 <= first.place_high)
            near.append(abs(first.place - 14) <= 1)
        share, dates = float(np.mean(covered)), float(np.mean(dated))
        found.append(
            Row(
                "find_shifts",
                f"{100 * shift:g} points from month 15 of 24, {answers:,} answers; of those found",
                runs,
                f"{np.mean(errors):+.3f}",
                f"{np.sqrt(np.mean(np.square(errors))):.3f}",
                f"found {hits / runs:.0%}; size covered {share:.0%}, date covered {dates:.0%}, "
                f"within a month {np.mean(near):.0%}",
                f"Laney p' flags a month in {naive / runs:.0%}",
                "",
                "power",
            )
        )
    return found


def _delay(runs: int) -> Row:
    """How many months pass until a shift is found, looking again every month."""
    rng = np.random.default_rng(7300)
    waits: list[float] = []
    chart: list[float] = []
    for seed in range(runs):
        world = series_world(rng, 36, 1000, shift=-0.08, at=24, **NOISE)
        waits.append(np.inf)
        chart.append(np.inf)
        for months in range(25, 37):
            if not np.isfinite(chart[-1]):
                seen = laney_chart(
                    world.hits[:months],
                    world.n[:months],
                    world.expected[:months],
                    of_year=world.of_year[:months],
                )
                if seen.is_out[24:].any():
                    chart[-1] = months - 24
            if months >= 27 and not np.isfinite(waits[-1]):
                scan = find_shifts(
                    world.hits[:months],
                    world.n[:months],
                    world.expected[:months],
                    of_year=world.of_year[:months],
                    draws=DRAWS,
                    seed=seed,
                )
                if any(shift.place >= 22 for shift in scan.shifts):
                    waits[-1] = months - 24
    return Row(
        "find_shifts",
        "-8 points after 24 months, 1,000 answers, looked at every month",
        runs,
        "",
        "",
        f"median {np.median(waits):.0f} months; within a year {np.isfinite(waits).mean():.0%}",
        f"Laney p': median {np.median(chart):.0f}, within a year {np.isfinite(chart).mean():.0%}",
        "",
        "power",
    )


def _split(runs: int) -> list[Row]:
    weights = np.array([[0.4, 0.3, 0.2, 0.1], [0.2, 0.3, 0.3, 0.2]])
    shares = np.array([[0.9, 0.8, 0.6, 0.5], [0.85, 0.8, 0.7, 0.5]])
    truth = {
        "mix": float((weights[1] - weights[0]) @ shares.mean(axis=0)),
        "within": float((shares[1] - shares[0]) @ weights.mean(axis=0)),
    }
    found = []
    for place, (part, value) in enumerate(truth.items()):

        def trial(rng: np.random.Generator, part: str = part, value: float = value) -> Trial:
            clusters = 40
            n = np.array([rng.multinomial(25, weights[at], clusters) for at in (0, 1)])
            lean = rng.normal(0.0, 0.07, clusters)[None, :, None]
            hits = rng.binomial(n, np.clip(shares[:, None, :] + lean, 0.01, 0.99))
            names = np.broadcast_to(np.array(list("abcd")), n.shape).ravel()
            second = np.repeat([0, 1], n[0].size)
            cluster = np.tile(np.repeat(np.arange(clusters), 4), 2)
            made, seconds = timed(
                lambda: split_difference(
                    list(names), second, n.ravel(), hits.ravel(), cluster=cluster
                )
            )
            plain = split_difference(list(names), second, n.ravel(), hits.ravel())
            ours, other = getattr(made, part), getattr(plain, part)
            return Trial(
                [judged(ours.estimate, ours.low, ours.high, value)],
                [judged(other.estimate, other.low, other.high, value)],
                seconds,
            )

        words = f"part of {part}, 40 agents who differ"
        found.append(
            coverage_row(
                "split_difference", words, "rows apart", trial, runs=2 * runs, seed=7400 + place
            )
        )
    return found


def _naive(world: AskedWorld) -> tuple[float, float | None, float | None]:
    codes = np.unique(world.agent, return_inverse=True)[1]
    hits, answered = np.bincount(codes, world.hits), np.bincount(codes, world.answered)
    found = clustered_proportion(hits[answered > 0], answered[answered > 0])
    return found.estimate, found.low, found.high


def _weights(runs: int) -> list[Row]:
    found = []
    for place, (words, options, is_stress) in enumerate(
        (
            ("answering by kind and FCR, 80 agents, a quarter answers", {}, False),
            ("the same, 25 agents", {"agents": 25, "tickets": 400}, False),
            ("the same, one in ten answers", {"answering": 0.1}, False),
            ("the satisfied answer more, odds 1.5 beyond that", {"by_answer": 0.405}, True),
        )
    ):

        def trial(rng: np.random.Generator, options: dict[str, float] = options) -> Trial:
            world = asked_world(rng, **options)  # type: ignore[arg-type]
            made, seconds = timed(
                lambda: weighted_share(
                    world.design, world.n, world.answered, world.hits, cluster=world.agent
                )
            )
            return Trial(
                [judged(made.estimate, made.low, made.high, world.truth)],
                [judged(*_naive(world), world.truth)],
                seconds,
            )

        found.append(
            coverage_row(
                "weighted_share",
                words,
                "answers as they are",
                trial,
                runs=runs,
                seed=7500 + place,
                is_stress=is_stress,
            )
        )
    return [*found, _honesty(runs)]


def _honesty(runs: int) -> Row:
    """Under answering that hangs on the answer: do bounds and curve hold what is true?"""
    rng = np.random.default_rng(7600)
    in_bounds, in_curve, at_truth = [], [], []
    for _ in range(runs):
        world = asked_world(rng, by_answer=0.405)
        # Satisfied answerers are more by odds of 1.5 at a response rate of a quarter: the silent
        # have about 0.67 times the odds of the answerers, less the invited who are not asked.
        curve = silent_curve(
            world.design,
            world.n,
            world.answered,
            world.hits,
            cluster=world.agent,
            odds_ratios=(0.55, 0.6, 1.0, 1.5),
        )
        in_bounds.append(curve.lowest <= world.truth <= curve.highest)
        in_curve.append(curve.low[0] <= world.truth <= curve.high[-1])
        at_truth.append(curve.low[1] <= world.truth <= curve.high[1])
    return Row(
        "silent_curve",
        "the satisfied answer more, odds 1.5 beyond kind and FCR",
        runs,
        "",
        "",
        f"truth in the bounds {np.mean(in_bounds):.0%}, between ratios 0.55 and 1.5 "
        f"{np.mean(in_curve):.0%}",
        f"at the ratio 0.6 alone {np.mean(at_truth):.0%}",
        "",
        "holds" if min(np.mean(in_bounds), np.mean(in_curve)) >= 0.95 else "off",
    )


def _asking(runs: int) -> list[Row]:
    found = []
    for place, (words, options, is_null) in enumerate(
        (
            ("200 agents, nobody withholds", {"agents": 200}, True),
            (
                "200 agents with 40 tickets, 95 % asked",
                {"agents": 200, "tickets": 40, "invited": 0.95},
                True,
            ),
            (
                "200 agents, 15 % hold back six of ten bad ones",
                {"agents": 200, "withholding": 0.6},
                False,
            ),
        )
    ):
        rng = np.random.default_rng(7700 + place)
        started = time.process_time()
        tallies = np.array([_flags(asked_world(rng, **options)) for _ in range(runs)])  # type: ignore[arg-type]
        spent = 1000 * (time.process_time() - started) / runs
        found.append(_asking_row(words, tallies, runs, spent, is_null=is_null))
    return found


def _flags(world: AskedWorld) -> tuple[float, float, float, float]:
    """Return raw alarms of the honest, any flag, false flags, and the share found."""
    beta = fit_logistic(world.design, world.answered, world.answered - world.hits)
    risk = 1.0 / (1.0 + np.exp(-(beta[0] + world.design @ beta[1:])))
    kind = world.design[:, :4]
    beta = fit_logistic(kind, world.n, world.asked)
    chance = 1.0 / (1.0 + np.exp(-(beta[0] + kind @ beta[1:])))
    found = asking_slopes(world.agent, world.n, world.asked, np.clip(chance, 0.01, 0.99), risk)
    adjusted = adjust_p([None if p != p else float(p) for p in found.p_value])
    flagged = np.array([p is not None and p < 0.05 for p in adjusted])
    known = np.isfinite(found.p_value)
    honest = known & ~world.withholds
    raw = float((found.p_value[honest] < 0.05).mean())
    false = float((flagged & ~world.withholds).sum() / max(flagged.sum(), 1))
    hit = float(flagged[world.withholds & known].mean()) if world.withholds.any() else 0.0
    return raw, float(flagged.any()), false, hit


def _asking_row(words: str, tallies: np.ndarray, runs: int, spent: float, *, is_null: bool) -> Row:
    raw, any_flag, false, hit = tallies.mean(axis=0)
    band = 1.96 * np.sqrt(0.05 * 0.95 / runs)
    if is_null:
        figure = f"any agent flagged {any_flag:.1%} (of runs)"
        verdict = "too many" if any_flag > 0.05 + band else "holds"
    else:
        figure = f"false among the flagged {false:.1%}, found {hit:.0%} of those who withhold"
        verdict = "too many" if false > 0.05 + band else "holds"
    naive = f"p below 0.05 unadjusted: {raw:.1%} of honest agents"
    return Row("asking_slopes", words, runs, "", "", figure, naive, f"{spent:.0f}", verdict)
