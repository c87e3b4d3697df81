"""Made-up customers with known hazard ratios: late entry, frailty, usage, service that changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ChurnWorld", "Months", "make_months"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ChurnWorld:
    """How customers live and leave; the truth is `ratio`."""

    name: str
    n_customers: int = 1500
    n_months: int = 24
    ratio: float = 1.8
    base: float = 0.02
    # Standard deviation of the log of what makes customers differ and is not recorded.
    frailty: float = 0.0
    # Log of usage multiplies tickets by +slope and the hazard by -slope.
    usage: float = 0.6
    # Chance of a bad ticket in a month for a customer of usual usage; it counts for three months.
    bad: float = 0.06
    late: float = 0.6
    seasonal: float = 0.15
    is_stress: bool = False


@dataclass(frozen=True)
class Months:
    """One row a customer-month at risk; ``excess`` is the chance to leave above that without."""

    customer: Ints
    month: Ints
    tenure: Ints
    exposed: Ints
    usage_band: Ints
    plan: Ints
    left: Ints
    excess: NDArray[np.float64]


def make_months(rng: np.random.Generator, world: ChurnWorld) -> Months:
    """Return the customer-months of one made-up desk."""
    n, span = world.n_customers, world.n_months
    is_early = rng.random(n) < world.late
    first = np.where(is_early, -1 - rng.geometric(0.08, n), rng.integers(0, span, n))
    # Usage is recorded in full, so that what is off is the estimator's fault.
    band, plan = rng.integers(0, 6, n), rng.integers(0, 3, n)
    usage = (band - 2.5) / 1.7
    level = np.log(world.base) - world.usage * usage + 0.3 * (plan == 0)
    # Who came before the window is there only because of having stayed: frailty is thinned.
    level = level + world.frailty * rng.normal(0.0, 1.0, n)
    there = np.ones(n, dtype=bool)
    bad = np.zeros((n, 3), dtype=bool)
    chance = 1 - np.exp(-world.bad * np.exp(world.usage * usage))
    kept: list[list[np.ndarray]] = []
    for month in range(int(first.min()), span):
        at_risk = there & (first < month)
        exposed = bad.any(axis=1)
        tenure = month - first
        new = 0.5 * np.exp(-np.maximum(tenure, 0) / 5.0)
        season = world.seasonal * np.sin(2 * np.pi * month / 12.0)
        hazard = np.exp(level + new + season + np.log(world.ratio) * exposed)
        leaves = at_risk & (rng.random(n) < 1 - np.exp(-hazard))
        excess = np.where(exposed, np.exp(-hazard / world.ratio) - np.exp(-hazard), 0.0)
        if month >= 0:
            who = np.flatnonzero(at_risk)
            parts = (tenure[who], exposed[who], leaves[who], excess[who])
            kept.append([who, np.full(who.size, month), *parts])
        there &= ~leaves
        bad = np.column_stack([rng.random(n) < chance, bad[:, :2]])
    who, month_of, tenure, exposed, left, excess = (
        np.concatenate(part) for part in zip(*kept, strict=True)
    )
    return Months(
        who,
        month_of,
        tenure,
        exposed.astype(np.int64),
        band[who],
        plan[who],
        left.astype(np.int64),
        excess,
    )
