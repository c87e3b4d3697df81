"""Payments of many markets with known rates: customers who are alike, checkouts with retries."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from supportlab.stats.moderated_clusters import GroupProfiles
from supportlab.stats.paired_changes import PairedProfiles

__all__ = [
    "attempts",
    "counts",
    "market_rates",
    "pack",
    "paired_market",
    "payment_market",
    "true_rate",
]

# Correlation of a customer's own first declines, share of declines tried again, and how far a
# retry's chance of a decline lies between the first's and 1: those of a card that will not do.
ALIKE, RETRIED, STUCK = 0.15, 0.5, 0.35
# Checkouts a customer: most few, some many.
HEAVY_SHARE, HEAVY_TIMES = 0.1, 6


def market_rates(rng: np.random.Generator, n_markets: int, spread: float) -> np.ndarray:
    """Return first-attempt decline rates around 9 %, normal on log-odds."""
    return expit(logit(0.09) + spread * rng.normal(size=n_markets))


def true_rate(first: float) -> float:
    """Return declines over attempts, retries among them, that a first-attempt rate leads to."""
    precision = 1.0 / ALIKE - 1.0
    a, b = first * precision, (1.0 - first) * precision
    moments = [1.0]
    for power in range(4):
        moments.append(moments[-1] * (a + power) / (a + b + power))
    # Second and third try are declined with q + (1 - q) * STUCK = STUCK + (1 - STUCK) * q.
    base, slope = STUCK, 1.0 - STUCK
    again = base * moments[1] + slope * moments[2]
    third = base**2 * moments[1] + 2 * base * slope * moments[2] + slope**2 * moments[3]
    tries = 1.0 + RETRIED * moments[1] + RETRIED**2 * again
    declines = moments[1] + RETRIED * again + RETRIED**2 * third
    return float(declines / tries)


def attempts(
    rng: np.random.Generator, own: np.ndarray, checkouts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return declines and attempts per customer."""
    first = rng.binomial(checkouts, own)
    second = rng.binomial(first, RETRIED)
    again = STUCK + (1.0 - STUCK) * own
    declined = rng.binomial(second, again)
    third = rng.binomial(declined, RETRIED)
    last = rng.binomial(third, again)
    return first + declined + last, checkouts + second + third


def payment_market(rng: np.random.Generator, first: float, n: float) -> GroupProfiles:
    """Return a market of about ``n`` attempts."""
    own, checkouts = _customers(rng, first, n)
    return pack(*attempts(rng, own, checkouts))


def paired_market(
    rng: np.random.Generator, first: float, n: float, later: float | None = None
) -> PairedProfiles:
    """Return a market in two periods of ``n`` attempts each, most customers in both."""
    own, checkouts = _customers(rng, first, n)
    moved = own if later is None else expit(logit(np.clip(own, 1e-9, 1 - 1e-9)) + later)
    is_new, is_gone = rng.random(own.size) < 0.15, rng.random(own.size) < 0.15
    y_1, n_1 = attempts(rng, moved, np.where(is_gone, 0, checkouts))
    y_2, n_2 = attempts(rng, own, np.where(is_new, 0, checkouts))
    rows, times = np.unique(np.stack([y_1, n_1, y_2, n_2]), axis=1, return_counts=True)
    return PairedProfiles(*rows, times)


def pack(hits: np.ndarray, n: np.ndarray) -> GroupProfiles:
    """Return customers by profile."""
    rows, times = np.unique(np.stack([hits, n]), axis=1, return_counts=True)
    return GroupProfiles(*rows, times)


def counts(groups: list[GroupProfiles]) -> tuple[np.ndarray, np.ndarray]:
    """Return declines and attempts of each market."""
    parts = [group.arrays() for group in groups]
    hits = np.array([float(part @ times) for part, _, times in parts])
    return hits, np.array([float(whole @ times) for _, whole, times in parts])


def _customers(rng: np.random.Generator, first: float, n: float) -> tuple[np.ndarray, np.ndarray]:
    mean = 2.0 * (1.0 + HEAVY_SHARE * (HEAVY_TIMES - 1))
    count = max(3, round(n / mean / 1.06))
    checkouts = rng.geometric(0.5, count)
    checkouts = np.where(rng.random(count) < HEAVY_SHARE, HEAVY_TIMES * checkouts, checkouts)
    precision = 1.0 / ALIKE - 1.0
    own = rng.beta(first * precision, (1.0 - first) * precision, count)
    return own, checkouts
