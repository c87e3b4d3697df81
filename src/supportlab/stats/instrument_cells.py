"""Cells of agents, queues and the use of something, and each agent's use elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from supportlab.errors import ParameterError
from supportlab.stats.interval import FloatArray, aligned

__all__ = ["InstrumentCells"]


@dataclass(frozen=True)
class InstrumentCells:
    """
    Rows by agent, by group within which they are assigned at random, and by use.

    Parameters
    ----------
    agent, group : numpy.ndarray of shape (n_cells,)
        Codes from 0.
    used : numpy.ndarray of shape (n_cells,)
        Whether the cell's rows were treated.
    n : numpy.ndarray of shape (n_cells,)
        Rows.
    readiness : numpy.ndarray of shape (n_cells,)
        The agent's use in all other groups, less that of the colleagues there; nan where the
        agent has no other group.
    n_agents : int
        Agents.
    """

    agent: NDArray[np.intp]
    group: NDArray[np.intp]
    used: FloatArray
    n: FloatArray
    readiness: FloatArray
    n_agents: int

    @classmethod
    def read(
        cls, agent: ArrayLike, group: ArrayLike, used: ArrayLike, n: ArrayLike
    ) -> InstrumentCells:
        """Check what came and compute each agent's readiness."""
        flags, rows = aligned({"used": used, "n": n})
        names, places = np.asarray(agent).ravel(), np.asarray(group).ravel()
        sizes = {"agent": names.size, "group": places.size, "used": flags.size}
        if len(set(sizes.values())) > 1:
            raise ParameterError(f"lengths differ: {sizes}; give one value per cell in each.")
        if np.any((flags != 0) & (flags != 1)):
            raise ParameterError("used holds something beside 0 and 1.")
        who, agents = np.unique(names, return_inverse=True)
        where = np.unique(places, return_inverse=True)[1].ravel()
        agents = agents.ravel()
        ready = _elsewhere(agents, where, flags, rows)
        return cls(agents, where, flags, rows, ready, who.size)

    def within(self, values: FloatArray, n: FloatArray) -> FloatArray:
        """Return values less their mean in the group, weighted by rows."""
        size = int(self.group.max()) + 1
        rows = np.bincount(self.group, n, size)
        sums = np.bincount(self.group, n * values, size)
        mean = np.divide(sums, rows, out=np.zeros(size), where=rows > 0)
        found: FloatArray = values - mean[self.group]
        return found

    def known(self) -> InstrumentCells:
        """Return the cells whose agent was also seen elsewhere."""
        kept = np.isfinite(self.readiness)
        return self.only(kept)

    def only(self, kept: NDArray[np.bool_]) -> InstrumentCells:
        """Return some of the cells."""
        return InstrumentCells(
            self.agent[kept], self.group[kept], self.used[kept], self.n[kept],
            self.readiness[kept], self.n_agents,
        )  # fmt: skip

    def by_agent(self, scores: FloatArray) -> FloatArray:
        """Sum scores by agent; agents without a row are left out."""
        sums = np.bincount(self.agent, scores, self.n_agents)
        seen = np.bincount(self.agent, self.n, self.n_agents) > 0
        found: FloatArray = sums[seen].astype(np.float64)
        return found


def _elsewhere(
    agent: NDArray[np.intp], group: NDArray[np.intp], used: FloatArray, n: FloatArray
) -> FloatArray:
    """Return the mean residual use of each cell's agent in all groups but the cell's own."""
    n_groups, n_agents = int(group.max()) + 1, int(agent.max()) + 1
    rows = np.bincount(group, n, n_groups)
    mean = np.divide(np.bincount(group, n * used, n_groups), rows, where=rows > 0, out=0.0 * rows)
    gap = n * (used - mean[group])
    pair = agent * n_groups + group
    place = np.unique(pair, return_inverse=True)[1].ravel()
    own_gap, own_rows = np.bincount(place, gap), np.bincount(place, n)
    all_gap, all_rows = np.bincount(agent, gap, n_agents), np.bincount(agent, n, n_agents)
    rest = all_rows[agent] - own_rows[place]
    found = np.full(n.size, np.nan)
    seen = rest > 0
    found[seen] = (all_gap[agent] - own_gap[place])[seen] / rest[seen]
    return found
