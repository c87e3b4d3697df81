"""Tickets of a simulated desk whose channels have known effects, and what draws them there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from supportlab.stats.factor_cells import Factors, factor_codes

__all__ = ["CHANNELS", "EFFECTS", "Tickets", "factors_of", "one_hot", "tickets"]

CHANNELS = ("phone", "email", "chat", "social")
EFFECTS = np.array([0.0, -0.07, -0.02, -0.05])
# Log odds that draw each of five topics, and each step of the amount, to the channels.
TOPIC_PULL = np.array(
    [[0.9, 0.0, -0.2, -0.6], [0.4, 0.3, 0.0, 0.0], [0.0, 0.6, 0.1, -0.3], [-0.4, 0.2, 0.7, 0.2],
     [-0.8, -0.1, 0.4, 0.8]]
)  # fmt: skip
AMOUNT_PULL = np.array([0.25, 0.10, -0.15, -0.25])
BASE = np.array([0.2, 0.6, 0.1, -0.6])
DIFFICULTY_PULL = np.array([0.8, 0.3, -0.5, -0.3])


@dataclass(frozen=True)
class Tickets:
    """
    Tickets, one row each.

    Parameters
    ----------
    topic, amount : array of int
        What is known at intake: five topics, four bands.
    channel : array of int
        Place among `CHANNELS`.
    agent : array of int
        The cluster.
    fcr, good, answered : array of bool
        Outcomes; ``good`` of all, also of those who did not answer.
    hours : array of float
        Time to resolve, cut at 168.
    """

    topic: np.ndarray
    amount: np.ndarray
    channel: np.ndarray
    agent: np.ndarray
    fcr: np.ndarray
    good: np.ndarray
    answered: np.ndarray
    hours: np.ndarray


def tickets(
    rng: np.random.Generator,
    n: int = 4000,
    *,
    effects: np.ndarray = EFFECTS,
    n_agents: int = 40,
    agent_spread: float = 0.06,
    is_specialised: bool = False,
    hidden: float = 0.0,
    mood: float = 0.0,
    barred: int = 0,
) -> Tickets:
    """
    Draw tickets whose channel hangs on topic and amount.

    Parameters
    ----------
    rng : numpy.random.Generator
        Randomness.
    n : int
        Tickets.
    effects : array of shape (4,)
        Effect of each channel on FCR.
    n_agents : int
        Agents; tickets go to them by lot, or by channel where ``is_specialised``.
    agent_spread : float
        Standard deviation of their skill.
    is_specialised : bool
        Each agent works on one channel.
    hidden : float
        Strength of a difficulty that no label shows.
    mood : float
        By how much in log odds the satisfied answer more often, beyond what labels show.
    barred : int
        Topics of high phone use that social never carries.
    """
    topic, amount = rng.integers(0, 5, n), rng.integers(0, 4, n)
    difficulty = rng.normal(size=n)
    pull = BASE + TOPIC_PULL[topic] + amount[:, None] * AMOUNT_PULL
    pull = pull + hidden * difficulty[:, None] * DIFFICULTY_PULL
    pull[topic < barred, 3] = -np.inf
    chance = np.exp(pull - pull.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    channel = (rng.random(n)[:, None] > chance.cumsum(axis=1)).sum(axis=1)
    agent = rng.integers(0, n_agents, n)
    if is_specialised:
        agent = agent // 4 * 4 + channel
    skill = np.clip(rng.normal(0.0, agent_spread, n_agents + 4), -0.12, 0.12)
    risk = 0.72 + 0.04 * (topic - 2) - 0.03 * (amount - 1.5) + effects[channel] + skill[agent]
    risk = risk - 0.05 * hidden * np.clip(difficulty, -1.5, 1.5)
    fcr = rng.random(n) < np.clip(risk, 0.02, 0.995)
    pleased = 0.45 + 0.35 * fcr + 0.02 * (topic - 2) + effects[channel] / 2 + skill[agent] / 2
    good = rng.random(n) < pleased
    willing = -1.0 + 0.25 * channel + 0.7 * fcr + 0.1 * topic + mood * good
    answered = rng.random(n) < expit(willing)
    scale = 12.0 + 8.0 * channel + 3.0 * amount + 60.0 * skill[agent]
    hours = scale + np.minimum(rng.gamma(2.0, 6.0, n), 60.0)
    return Tickets(topic, amount, channel, agent, fcr, good, answered, hours)


def factors_of(drawn: Tickets) -> Factors:
    """Return the labels of each ticket, one row a cell."""
    labels = {
        "topic": drawn.topic.astype(str).tolist(),
        "amount": drawn.amount.astype(str).tolist(),
    }
    return factor_codes(labels, np.ones(drawn.topic.size))


def one_hot(drawn: Tickets, value: np.ndarray | None = None) -> np.ndarray:
    """Return a value (1 where none is given) in the column of the ticket's channel."""
    found = np.zeros((drawn.channel.size, len(CHANNELS)))
    found[np.arange(drawn.channel.size), drawn.channel] = 1.0 if value is None else value
    return found
