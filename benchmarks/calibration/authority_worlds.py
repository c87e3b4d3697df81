"""Teams, limits and agents with known effects of authority, and what goes wrong around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Teams", "agents", "amounts", "teams"]

EFFECT = 0.07
MONTHS = 24


@dataclass(frozen=True)
class Teams:
    """Cells of teams, months and topics with rows, outcomes and the effect in each."""

    team: np.ndarray
    month: np.ndarray
    topic: np.ndarray
    n: np.ndarray
    hits: np.ndarray
    adopted: np.ndarray
    effect: np.ndarray

    @property
    def treated(self) -> np.ndarray:
        """Cells with authority."""
        return self.month >= np.where(np.isfinite(self.adopted), self.adopted, np.inf)

    def truth(self) -> float:
        """Mean effect over the rows with authority."""
        own = self.treated
        return float((self.n * self.effect)[own].sum() / self.n[own].sum())


def teams(
    rng: np.random.Generator,
    n_teams: int,
    *,
    effect: float = EFFECT,
    grows: float = 0.0,
    differs: float = 0.0,
    is_confounded: bool = True,
    drift: float = 0.0,
    share: float = 0.75,
    per_month: float = 30.0,
) -> Teams:
    """
    Draw teams of which some get authority, hard ones first where confounded.

    ``drift`` lets teams that get authority move apart a little each month before and after it:
    what no design of this kind can take away.
    """
    level = rng.normal(0.72, 0.06, n_teams)
    order = np.argsort(level) if is_confounded else rng.permutation(n_teams)
    adopters = order[: max(1, round(share * n_teams))]
    adopted = np.full(n_teams, np.nan)
    # Five waves, the hardest teams in the first.
    adopted[adopters] = 6.0 + 3.0 * (np.arange(adopters.size) * 5 // adopters.size)
    own = effect + differs * rng.normal(size=n_teams)
    size = per_month * np.exp(rng.normal(0.0, 0.4, n_teams))
    mix = rng.dirichlet(np.full(3, 3.0), n_teams)
    team, month, topic = (
        one.ravel() for one in np.meshgrid(
            np.arange(n_teams), np.arange(MONTHS), np.arange(3), indexing="ij"
        )
    )  # fmt: skip
    # The mix of topics moves with the months, and with it the mean: a covariate that matters.
    shift = np.where(topic == 0, 1.0 + 0.02 * month * (team % 3), 1.0)
    n = rng.poisson(size[team] * mix[team, topic] * shift)
    since = month - adopted[team]
    gain = np.where(since >= 0, own[team] + grows * np.clip(since, 0, 12), 0.0)
    common = 0.002 * month + 0.01 * np.cos(month / 2.0)
    shock = rng.normal(0.0, 0.012, (n_teams, MONTHS))[team, month]
    apart = drift * (month - 12.0) * np.isfinite(adopted)[team]
    chance = level[team] - 0.06 * topic + common + shock + apart + gain
    hits = rng.binomial(n, np.clip(chance, 0.02, 0.98))
    kept = n > 0
    return Teams(
        team[kept], month[kept], topic[kept], n[kept].astype(float), hits[kept].astype(float),
        adopted[team][kept], gain[kept],
    )  # fmt: skip


def amounts(
    rng: np.random.Generator,
    n: int,
    *,
    jump: float = 0.12,
    bend: float = 1.0,
    nudged: float = 0.0,
    limit: float = 200.0,
) -> tuple[np.ndarray, np.ndarray]:
    """
    Draw distances from a limit (above 0 within it) and outcomes that jump there.

    ``bend`` makes the mean curve with the amount; ``nudged`` moves that share of amounts up to 30
    above the limit under it, hard cases among them, who would fail more anyway.
    """
    value = np.clip(120.0 * np.exp(0.8 * rng.normal(size=n)), 1.0, 2.0 * limit)
    hard = rng.normal(size=n)
    moved = (value > limit) & (value < limit + 30.0) & (rng.random(n) < nudged * (hard > 0))
    shown = np.where(moved, limit - 12.0 * rng.random(n), value)
    x = np.round(limit - shown, 2)
    u = (limit - value) / limit
    chance = 0.62 + 0.10 * u + 0.15 * bend * u**2 - 0.08 * hard + jump * (x >= 0)
    return x, (rng.random(n) < np.clip(chance, 0.02, 0.98)).astype(float)


def agents(
    rng: np.random.Generator,
    n_agents: int,
    *,
    effect: float = 0.25,
    weeks: int = 40,
    per_week: float = 3.0,
    spread: float = 0.2,
    selects: float = 0.25,
    skilled: float = 0.0,
    sorted_by: float = 0.0,
) -> dict[str, np.ndarray]:
    """
    Draw tickets of agents in teams of eight, and the use of authority on them.

    ``selects``: agents use authority on easy tickets; ``skilled``: ready agents are better ones
    (breaks the exclusion); ``sorted_by``: hard tickets go to unready agents (breaks assignment).
    """
    ready = np.clip(0.5 + spread * rng.normal(size=n_agents), 0.02, 0.98)
    count = rng.poisson(per_week, (n_agents, weeks))
    agent = np.repeat(np.arange(n_agents), count.sum(axis=1))
    week = np.concatenate([np.repeat(np.arange(weeks), row) for row in count])
    hard = rng.normal(size=agent.size) - sorted_by * (ready[agent] - 0.5) / max(spread, 0.01)
    kind = (hard + rng.normal(size=agent.size) > 0).astype(float)
    used = rng.random(agent.size) < np.clip(ready[agent] - selects * hard * 0.6, 0.0, 1.0)
    team = agent // 8
    chance = (
        0.55 - 0.10 * hard + effect * used + skilled * (ready[agent] - 0.5)
        + rng.normal(0, 0.03, (n_agents // 8 + 1, weeks))[team, week]
        + rng.normal(0, 0.03, n_agents)[agent]
    )  # fmt: skip
    y = (rng.random(agent.size) < np.clip(chance, 0.02, 0.98)).astype(float)
    return {
        "agent": agent, "group": team * weeks + week, "used": used.astype(float), "y": y,
        "kind": kind,
    }  # fmt: skip
