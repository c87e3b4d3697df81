"""Small worlds with known truth: rows in clusters, durations, groups, months."""

from __future__ import annotations

import math

import numpy as np

__all__ = [
    "cluster_sizes",
    "clustered_answers",
    "clustered_durations",
    "clustered_hits",
    "group_shares",
    "month_names",
    "monthly_series",
]


def cluster_sizes(
    rng: np.random.Generator, n_clusters: int, mean: int, *, unequal: bool
) -> np.ndarray:
    """Return rows per cluster, equal or log-normal with a standard deviation of 1."""
    if not unequal:
        return np.full(n_clusters, mean)
    weight = np.exp(rng.normal(0.0, 1.0, n_clusters))
    return np.maximum(1, np.round(mean * weight / math.exp(0.5))).astype(int)


def clustered_hits(
    rng: np.random.Generator, n: np.ndarray, share: float, correlation: float
) -> np.ndarray:
    """Return successes per cluster, of clusters whose own shares follow a Beta."""
    if correlation == 0:
        return rng.binomial(n, share)
    precision = 1.0 / correlation - 1.0
    own = rng.beta(share * precision, (1.0 - share) * precision, n.size)
    return rng.binomial(n, own)


def clustered_answers(
    rng: np.random.Generator, n: np.ndarray, shares: tuple[float, ...], correlation: float
) -> np.ndarray:
    """Return answers per cluster and category, of clusters whose own mix follows a Dirichlet."""
    base = np.asarray(shares)
    if correlation == 0:
        return rng.multinomial(n, base)
    own = rng.dirichlet(base * (1.0 / correlation - 1.0), n.size)
    return np.array([rng.multinomial(size, mix) for size, mix in zip(n, own, strict=True)])


def clustered_durations(
    rng: np.random.Generator, n: np.ndarray, deviation: float, follow_up: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Return duration, event and cluster of each row.

    Log-normal with a median of 1,440 minutes over all clusters, the clusters' own medians spread
    by ``deviation`` on the log scale; follow-up is uniform up to ``follow_up`` minutes, as that of
    tickets created evenly over a window.
    """
    cluster = np.repeat(np.arange(n.size), n)
    own = rng.normal(0.0, deviation, n.size)[cluster]
    ends = 1440.0 * np.exp(own + rng.normal(0.0, 1.0, cluster.size))
    seen = rng.uniform(0.0, follow_up, cluster.size)
    return np.minimum(ends, seen), (ends <= seen).astype(int), cluster


def group_shares(rng: np.random.Generator, n_groups: int, kind: str) -> np.ndarray:
    """Return true shares of groups around 0.72."""
    if kind == "beta":
        return rng.beta(0.72 * 60, 0.28 * 60, n_groups)
    if kind == "logit-normal":
        return 1.0 / (1.0 + np.exp(-(0.95 + 0.3 * rng.normal(size=n_groups))))
    if kind == "heavy tails":
        return 1.0 / (1.0 + np.exp(-(0.95 + 0.25 * rng.standard_t(3, n_groups))))
    if kind == "two kinds":
        return np.where(rng.random(n_groups) < 0.3, 0.60, 0.76)
    return np.full(n_groups, 0.72)


def month_names(n_months: int) -> list[str]:
    """Return ISO months from January 2022 on."""
    return [f"{2022 + place // 12}-{place % 12 + 1:02d}" for place in range(n_months)]


def monthly_series(
    rng: np.random.Generator,
    n_months: int,
    correlation: float,
    *,
    slope: float = 0.0,
    season: float = 0.0,
    answers: int = 2000,
    deviation: float = 0.02,
) -> np.ndarray:
    """
    Return a monthly share around 0.75 with season, over-dispersion and carry-over.

    The months' own departures have standard deviation ``deviation`` and the lag-1 ``correlation``;
    answers are binomial on top.
    """
    own = np.empty(n_months)
    own[0] = rng.normal(0.0, deviation)
    step = deviation * math.sqrt(1.0 - correlation**2)
    for place in range(1, n_months):
        own[place] = correlation * own[place - 1] + rng.normal(0.0, step)
    months = np.arange(n_months)
    wave = season * np.sin(2.0 * np.pi * months / 12.0)
    share = np.clip(0.75 + slope * (months - n_months / 2) + wave + own, 0.01, 0.99)
    return rng.binomial(answers, share) / answers
