"""Simulated desks for the adjusted comparisons of service: teams, agents, topics, answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from supportlab.stats.cell_models import design_columns

__all__ = ["Tickets", "dummies", "hard_world", "silent_world", "tenure_world", "trained_world"]

TOPICS = 6


@dataclass(frozen=True)
class Tickets:
    """Tickets of one desk; what a mechanism does not use is 0."""

    team: np.ndarray
    agent: np.ndarray
    topic: np.ndarray
    exposure: np.ndarray
    outcome: np.ndarray
    answered: np.ndarray
    told: np.ndarray
    truth: float


def dummies(*labels: np.ndarray) -> np.ndarray:
    """Return columns of zeros and ones for labels."""
    named = {str(place): label.astype(str).tolist() for place, label in enumerate(labels)}
    return design_columns(named, np.ones(len(labels[0])), fewest=1).matrix


def _people(rng: np.random.Generator, n_teams: int, per_team: int, mean: float) -> np.ndarray:
    """Draw the agent of each ticket; teams and agents differ in size."""
    size = rng.gamma(3.0, mean / 3.0, n_teams * per_team).astype(int) + 5
    agent: np.ndarray = np.repeat(np.arange(n_teams * per_team), size)
    return agent


def hard_world(
    rng: np.random.Generator, n_teams: int = 36, effect: float = 0.05, per_team: int = 6
) -> Tickets:
    """Hard topics are exposed more and please less; teams differ in level and in exposure."""
    agent = _people(rng, n_teams, per_team, 40.0)
    team = agent // per_team
    topic = rng.integers(0, TOPICS, agent.size)
    level = np.clip(rng.normal(0.0, 0.04, n_teams), -0.1, 0.1)[team]
    lean = np.clip(rng.normal(0.0, 0.15, n_teams), -0.25, 0.25)[team]
    exposed = rng.random(agent.size) < 0.30 + 0.07 * topic + lean
    chance = 0.72 - 0.06 * topic + level + effect * exposed
    outcome = rng.random(agent.size) < chance
    empty = np.zeros(agent.size)
    return Tickets(
        team,
        agent,
        topic,
        exposed.astype(float),
        outcome.astype(float),
        empty + 1.0,
        empty,
        effect,
    )


def silent_world(rng: np.random.Generator, n_teams: int = 36, beyond: float = 0.0) -> Tickets:
    """Who was helped at once answers more; quick helps at once. ``beyond``: the pleased too."""
    agent = _people(rng, n_teams, 6, 60.0)
    team = agent // 6
    topic = rng.integers(0, TOPICS, agent.size)
    level = np.clip(rng.normal(0.0, 0.03, n_teams), -0.08, 0.08)[team]
    quick = rng.random(agent.size) < 0.6 - 0.06 * topic
    fcr = rng.random(agent.size) < 0.80 - 0.05 * topic + 0.10 * quick - 0.08
    pleased = rng.random(agent.size) < 0.45 + level + 0.35 * fcr + 0.02 * quick
    chance = 0.08 + 0.16 * fcr + 0.10 * quick * (1 - fcr) + beyond * pleased
    answered = rng.random(agent.size) < chance
    return Tickets(
        team,
        agent,
        topic,
        quick.astype(float),
        pleased.astype(float),
        answered.astype(float),
        fcr.astype(float),
        0.02 + 0.35 * 0.10,
    )


def tenure_world(rng: np.random.Generator, effect: float = 0.04) -> Tickets:
    """Weak agents leave within the year; who is seen later was better from the first day."""
    n_teams, per_team = 36, 6
    skill = np.clip(rng.normal(0.0, 0.06, n_teams * per_team), -0.15, 0.15)
    stays = rng.random(skill.size) < np.clip(0.55 + 4.0 * skill, 0.05, 0.95)
    early = rng.poisson(25, skill.size) + 2
    late = np.where(stays, rng.poisson(60, skill.size) + 2, 0)
    agent = np.concatenate(
        [np.repeat(np.arange(skill.size), early), np.repeat(np.arange(skill.size), late)]
    )
    is_late = np.concatenate([np.zeros(early.sum()), np.ones(late.sum())])
    topic = rng.integers(0, TOPICS, agent.size)
    chance = 0.70 + skill[agent] - 0.03 * topic + effect * is_late
    outcome = (rng.random(agent.size) < chance).astype(float)
    empty = np.zeros(agent.size)
    return Tickets(agent // per_team, agent, topic, is_late, outcome, empty + 1.0, empty, effect)


def trained_world(rng: np.random.Generator, own: float, n_teams: int = 36) -> Tickets:
    """Agents work on four channels and are better on some by ``own`` (a standard deviation)."""
    agent = _people(rng, n_teams, 6, 80.0)
    channel = rng.integers(0, 4, agent.size)
    level = rng.normal(0.0, 0.05, agent.max() + 1)[agent]
    extra = rng.normal(0.0, own, (agent.max() + 1, 4))[agent, channel]
    chance = np.clip(0.70 + level + extra, 0.02, 0.98)
    outcome = (rng.random(agent.size) < chance).astype(float)
    empty = np.zeros(agent.size)
    return Tickets(agent // 6, agent, channel, empty, outcome, empty + 1.0, empty, own)
