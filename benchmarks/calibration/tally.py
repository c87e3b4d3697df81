"""Run a mechanism many times, tally what was right, and judge it by binomial bands."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

__all__ = ["Judged", "Row", "Trial", "coverage_row", "judged", "rejection_row", "timed"]

Found = TypeVar("Found")
FALSE_ALARM = 0.05
# The bar of the project: 95 % intervals cover between these where their assumptions hold.
COVERAGE_BAR = (0.93, 0.97)
# Widening of the bar for the finite number of runs: 1.96 binomial standard errors.
SIGMAS = 1.96


@dataclass(frozen=True)
class Judged:
    """One interval against the truth, in one run."""

    error: float
    is_covered: bool


@dataclass(frozen=True)
class Trial:
    """One run: the estimator and the naive way on the same data, and seconds of the estimator."""

    ours: list[Judged]
    naive: list[Judged]
    seconds: float


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    estimator: str
    mechanism: str
    runs: int
    bias: str
    rmse: str
    figure: str
    naive: str
    milliseconds: str
    verdict: str


def coverage_row(
    estimator: str,
    mechanism: str,
    naive_name: str,
    trial: Callable[[np.random.Generator], Trial],
    *,
    runs: int,
    seed: int,
    is_stress: bool = False,
) -> Row:
    """Return coverage, bias and RMSE over the runs, beside those of the naive way."""
    rng = np.random.default_rng(seed)
    trials = [trial(rng) for _ in range(runs)]
    ours = [judged for one in trials for judged in one.ours]
    naive = [judged for one in trials for judged in one.naive]
    coverage = float(np.mean([one.is_covered for one in ours]))
    missed = float(np.mean([one.is_covered for one in naive]))
    return Row(
        estimator,
        mechanism,
        runs,
        _signed(float(np.mean([one.error for one in ours]))),
        _short(_rmse(ours)),
        f"covers {coverage:.1%}",
        f"{naive_name}: covers {missed:.1%}, bias "
        f"{_signed(float(np.mean([one.error for one in naive])))}, RMSE {_short(_rmse(naive))}",
        f"{1000 * float(np.mean([one.seconds for one in trials])):.1f}",
        _verdict(coverage, runs, COVERAGE_BAR, is_stress=is_stress),
    )


def rejection_row(
    estimator: str,
    mechanism: str,
    naive_name: str,
    trial: Callable[[np.random.Generator], tuple[float, float]],
    *,
    runs: int,
    seed: int,
    is_null: bool = True,
    is_stress: bool = False,
) -> Row:
    """Return the share of runs with p below 0.05, beside that of the naive way."""
    rng = np.random.default_rng(seed)
    started = time.process_time()
    p = np.array([trial(rng) for _ in range(runs)])
    spent = 1000 * (time.process_time() - started) / runs
    ours, naive = (p < FALSE_ALARM).mean(axis=0)
    word = "false alarms" if is_null else "found"
    verdict = "power" if not is_null else _alarm_verdict(float(ours), runs, is_stress=is_stress)
    figure, other = f"{word} {ours:.1%}", f"{naive_name}: {word} {naive:.1%}"
    return Row(estimator, mechanism, runs, "", "", figure, other, f"{spent:.1f}", verdict)


def timed(work: Callable[[], Found]) -> tuple[Found, float]:
    """Return what the work gives, and its processor seconds (other work on the machine is out)."""
    started = time.process_time()
    found = work()
    return found, time.process_time() - started


def judged(estimate: float, low: float | None, high: float | None, truth: float) -> Judged:
    """Hold an interval against the truth; an open end holds everything."""
    above = low is None or low <= truth
    return Judged(estimate - truth, above and (high is None or truth <= high))


def _verdict(share: float, runs: int, bar: tuple[float, float], *, is_stress: bool) -> str:
    low = bar[0] - SIGMAS * math.sqrt(bar[0] * (1 - bar[0]) / runs)
    high = bar[1] + SIGMAS * math.sqrt(bar[1] * (1 - bar[1]) / runs)
    word = "narrow" if share < low else "wide" if share > high else "holds"
    return f"stress: {word}" if is_stress else word


def _alarm_verdict(share: float, runs: int, *, is_stress: bool) -> str:
    band = SIGMAS * math.sqrt(FALSE_ALARM * (1 - FALSE_ALARM) / runs)
    over, under = share > FALSE_ALARM + band, share < FALSE_ALARM - band
    word = "too many" if over else "cautious" if under else "holds"
    return f"stress: {word}" if is_stress else word


def _rmse(judged_rows: list[Judged]) -> float:
    return math.sqrt(float(np.mean([one.error**2 for one in judged_rows])))


def _signed(value: float) -> str:
    return f"{value:+.3g}" if abs(value) >= 5e-4 else "0.000"


def _short(value: float) -> str:
    return f"{value:.3g}"
