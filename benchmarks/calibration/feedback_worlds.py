"""Series of answers and desks of tickets with known truth, for the calibration of feedback."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

__all__ = ["AskedWorld", "SeriesWorld", "asked_world", "everybody", "series_world"]


@dataclass(frozen=True)
class SeriesWorld:
    """Answers by period: what came, what the mix alone would bring, the month of the year."""

    hits: np.ndarray
    n: np.ndarray
    expected: np.ndarray
    of_year: np.ndarray


def series_world(
    rng: np.random.Generator,
    periods: int,
    answers: int,
    *,
    carry: float = 0.0,
    between: float = 0.0,
    season: float = 0.0,
    mix: float = 0.0,
    shift: float = 0.0,
    at: int = 0,
    a_year: int = 12,
) -> SeriesWorld:
    """Draw a series with season, deviations that carry over, a change of mix, and a step."""
    time = np.arange(periods)
    noise = np.zeros(periods)
    level = rng.normal(0.0, between)
    for place in range(periods):
        noise[place] = level
        level = carry * level + rng.normal(0.0, between * np.sqrt(1.0 - carry**2))
    month = (time * 12 // a_year) % 12
    wave = season * np.cos(2 * np.pi * month / 12)
    # Half way a channel with fewer satisfied customers takes over part of the tickets.
    share_poor = 0.3 + mix * (time >= periods // 2)
    n = rng.poisson(answers, periods)
    n_poor = rng.binomial(n, share_poor)
    common = noise + wave + shift * (time >= at)
    good = rng.binomial(n - n_poor, np.clip(0.82 + common, 0.02, 0.98))
    poor = rng.binomial(n_poor, np.clip(0.66 + common, 0.02, 0.98))
    expected = 0.82 * (n - n_poor) + 0.66 * n_poor
    return SeriesWorld(good + poor, n, expected, month)


@dataclass(frozen=True)
class AskedWorld:
    """Tickets by agent and kind: how many, asked, answered, satisfied; and everybody's share."""

    design: np.ndarray
    n: np.ndarray
    asked: np.ndarray
    answered: np.ndarray
    hits: np.ndarray
    agent: np.ndarray
    withholds: np.ndarray
    truth: float


def _kinds() -> np.ndarray:
    """Channel, topic and FCR as columns of zeros and ones, one row a kind of ticket."""
    channel, topic, resolved = np.meshgrid([0, 1, 2], [0, 1, 2], [0, 1], indexing="ij")
    columns = [channel == 1, channel == 2, topic == 1, topic == 2, resolved == 1]
    return np.column_stack([column.ravel() for column in columns]).astype(float)


def asked_world(
    rng: np.random.Generator,
    agents: int = 80,
    tickets: int = 150,
    *,
    answering: float = 0.25,
    by_answer: float = 0.0,
    withholding: float = 0.0,
    share_withholding: float = 0.15,
    invited: float = 0.8,
) -> AskedWorld:
    """Draw tickets whose answering hangs on kind and FCR, and on the answer where told so."""
    kinds = _kinds()
    size = rng.multinomial(tickets, np.full(len(kinds), 1.0 / len(kinds)), agents)
    skill = rng.normal(0.0, 0.35, agents)[:, None]
    good = rng.binomial(size, expit(-0.6 + kinds @ [0.3, -0.5, 0.2, -0.4, 2.0] + skill))
    bad = size - good
    holds = rng.random(agents) < share_withholding
    kept = 1.0 - withholding * holds[:, None]
    asked_good, asked_bad = rng.binomial(good, invited), rng.binomial(bad, invited * kept)
    base = np.log(answering / (1 - answering)) - 0.3 + kinds @ [0.6, -0.3, 0.1, 0.2, 0.6]
    hits = rng.binomial(asked_good, expit(base))
    misses = rng.binomial(asked_bad, expit(base - by_answer))
    repeat = np.tile(kinds, (agents, 1))
    names = np.repeat([f"A{number:03d}" for number in range(agents)], len(kinds))
    return AskedWorld(
        repeat,
        size.ravel(),
        (asked_good + asked_bad).ravel(),
        (hits + misses).ravel(),
        hits.ravel(),
        names,
        holds,
        everybody(),
    )


def everybody() -> float:
    """Share of satisfied customers over all tickets, agents of all kinds of skill."""
    kinds = _kinds()
    at, weight = np.polynomial.hermite_e.hermegauss(40)
    linear = -0.6 + kinds @ [0.3, -0.5, 0.2, -0.4, 2.0]
    means = expit(linear[:, None] + 0.35 * at[None, :]) @ weight / weight.sum()
    return float(means.mean())
