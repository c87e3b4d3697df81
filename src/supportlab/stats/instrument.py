"""Effect of using something, with an agent's readiness to use it elsewhere as instrument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.instrument_cells import InstrumentCells
from supportlab.stats.interval import (
    Contrast,
    FloatArray,
    aligned,
    error_behind,
    student_contrast,
    t_quantile,
)
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["FirstStage", "InstrumentEffect", "instrument_effect", "readiness_slopes"]

# With fewer agents than this their spread is not known well enough for a cause.
FEWEST_AGENTS = 8
# Below this first-stage F an interval of two-stage least squares covers less than it says
# (Staiger and Stock 1997; with one instrument the robust F of Olea and Pflueger is this one).
WEAK_BELOW = 10.0
# One agent alone may carry the slope; its score is not blown up beyond this.
MOST_OWN = 0.8


@dataclass(frozen=True)
class FirstStage:
    """
    How readiness moves use.

    Parameters
    ----------
    slope : Contrast
        Rise of the use in a ticket for one of readiness.
    f_statistic : float
        Squared t of the slope, clustered by agent.
    spread : float
        Standard deviation of readiness within groups.
    """

    slope: Contrast
    f_statistic: float
    spread: float


@dataclass(frozen=True)
class InstrumentEffect:
    """
    Effect of use on the rows that readiness moves.

    Parameters
    ----------
    interval : Contrast
        Two-stage least squares, clustered by agent.
    anderson_rubin : tuple of float or None
        Interval that holds however weak the instrument; an infinite end is open, None where the
        set is no interval around the estimate.
    naive : float
        Difference of users and others within groups.
    first : FirstStage
        The first stage on the same rows.
    n_left_out : int
        Rows of agents who were seen in one group only.
    """

    interval: Contrast
    anderson_rubin: tuple[float, float] | None
    naive: float
    first: FirstStage
    n_left_out: int

    @property
    def is_weak(self) -> bool:
        """Whether the instrument is too weak for the interval."""
        return self.first.f_statistic < WEAK_BELOW


def instrument_effect(
    agent: ArrayLike,
    group: ArrayLike,
    used: ArrayLike,
    n: ArrayLike,
    counted: ArrayLike,
    total: ArrayLike,
    *,
    level: float = INTERVAL_LEVEL,
) -> InstrumentEffect:
    """
    Estimate the effect of using something by how ready the agent is to use it elsewhere.

    Not where agents pick their tickets or hard ones are sent to some: within a group the agent
    must be a matter of who is free. Not where ready agents are also better ones.

    Parameters
    ----------
    agent, group : array_like of shape (n_cells,)
        Who handled the rows, and within what they were assigned, as team and week.
    used : array_like of shape (n_cells,)
        0 or 1; a cell is of one kind.
    n : array_like of shape (n_cells,)
        Rows.
    counted, total : array_like of shape (n_cells,)
        Rows whose outcome is known (or their weights), and the sum of it.
    level : float
        Coverage aimed at.

    Returns
    -------
    InstrumentEffect
        Effect, first stage, the naive difference beside it.

    Raises
    ------
    NotEstimable
        Fewer than 8 agents, or readiness that does not differ within groups.

    Notes
    -----
    Readiness of an agent for a group is the agent's use in all other groups less the colleagues'
    use there: the row itself and its week have no part in it (leave-out instrument; Dahl, Kostol
    and Mogstad 2014). Groups are taken out by their means; variance clustered by agent (CR2). The
    interval of Anderson and Rubin (1949) beside it.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> agent, group = np.repeat(np.arange(40), 50), np.tile(np.arange(50), 40)
    >>> used = (rng.random(2000) < 0.2 + 0.6 * agent / 40).astype(float)
    >>> outcome = 0.3 * used + rng.normal(0, 0.1, 2000)
    >>> found = instrument_effect(agent, group, used, np.ones(2000), np.ones(2000), outcome)
    >>> round(found.interval.estimate, 1), found.is_weak
    (0.3, False)
    """
    cells = InstrumentCells.read(agent, group, used, n)
    rows, sums = aligned({"counted": counted, "total": total}, min_zero=False)
    if rows.size != cells.n.size:
        raise ParameterError(f"counted has {rows.size} values for {cells.n.size} cells.")
    kept = np.isfinite(cells.readiness) & (rows > 0)
    n_left_out = round(float(cells.n[~np.isfinite(cells.readiness)].sum()))
    part, rows, sums = cells.only(kept), rows[kept], sums[kept]
    _refuse_few(part)
    pull = part.within(part.readiness, rows)
    use = part.within(part.used, rows)
    moved = float((rows * pull) @ part.used)
    first = _first_stage(part, rows, pull, level)
    estimate = float(pull @ sums) / moved
    contrast = _two_stages(part, rows, sums, pull, estimate, moved, level)
    naive = float(use @ sums) / float((rows * use) @ part.used)
    ends = _anderson_rubin(part, rows, sums, pull, contrast)
    return InstrumentEffect(contrast, ends, naive, first, n_left_out)


def readiness_slopes(
    agent: ArrayLike,
    group: ArrayLike,
    used: ArrayLike,
    n: ArrayLike,
    features: Mapping[str, ArrayLike],
    *,
    is_first_stage: bool = False,
    level: float = INTERVAL_LEVEL,
) -> dict[str, Contrast]:
    """
    Regress what is known of a row on its agent's readiness, or use on it among rows of a kind.

    Parameters
    ----------
    agent, group, used, n
        As of `instrument_effect`.
    features : mapping of str to array_like of shape (n_cells,)
        Rows of each kind per cell.
    is_first_stage : bool
        False: does the share of a kind go with readiness (balance)? True: how does readiness move
        use among the rows of the kind (monotonicity)?
    level : float
        Coverage aimed at.

    Returns
    -------
    dict of str to Contrast
        Slope of each kind; kinds that cannot be told are left out.

    Examples
    --------
    >>> import numpy as np
    >>> agent, group = np.repeat(np.arange(10), 8), np.tile(np.arange(8), 10)
    >>> used = (np.arange(80) * 7 % 10 < agent).astype(float)
    >>> found = readiness_slopes(agent, group, used, np.ones(80), {"a": np.arange(80) % 2})
    >>> found["a"].n
    80
    """
    cells = InstrumentCells.read(agent, group, used, n)
    kept = np.isfinite(cells.readiness)
    part = cells.only(kept)
    _refuse_few(part)
    found = {}
    for name, values in features.items():
        counts = np.asarray(values, dtype=np.float64)[kept]
        rows = counts if is_first_stage else part.n
        hits = counts * part.used if is_first_stage else counts
        pull = part.within(part.readiness, rows)
        below = float((rows * pull) @ pull)
        if below <= 1e-12 or not counts.sum() > 0:
            continue
        found[name] = _slope(part, rows, hits, pull, level)
    return found


def _refuse_few(cells: InstrumentCells) -> None:
    n_agents = np.unique(cells.agent).size
    if n_agents < FEWEST_AGENTS:
        raise NotEstimable(
            f"{n_agents} agents were seen in more than one group; at least {FEWEST_AGENTS} are "
            "needed."
        )


def _first_stage(
    cells: InstrumentCells, rows: FloatArray, pull: FloatArray, level: float
) -> FirstStage:
    below = float((rows * pull) @ pull)
    if below <= 1e-12:
        raise NotEstimable("Agents of one group are equally ready; there is nothing to compare.")
    slope = _slope(cells, rows, rows * cells.used, pull, level)
    error = error_behind(slope)
    strength = (slope.estimate / error) ** 2 if error > 0 else float("inf")
    return FirstStage(slope, strength, float(np.sqrt(below / rows.sum())))


def _slope(
    cells: InstrumentCells, rows: FloatArray, sums: FloatArray, pull: FloatArray, level: float
) -> Contrast:
    """Regress an outcome on readiness within groups, clustered by agent."""
    below = float((rows * pull) @ pull)
    slope = float(pull @ sums) / below
    mean = np.divide(sums, rows, out=np.zeros_like(sums), where=rows > 0)
    residual = rows * (cells.within(mean, rows) - slope * pull)
    words = "readiness within groups, clustered by agent"
    return _clustered(cells, pull * residual, slope, below, rows, pull, level, words)


def _two_stages(
    cells: InstrumentCells,
    rows: FloatArray,
    sums: FloatArray,
    pull: FloatArray,
    estimate: float,
    moved: float,
    level: float,
) -> Contrast:
    mean = np.divide(sums, rows, out=np.zeros_like(sums), where=rows > 0)
    gap = cells.within(mean, rows) - estimate * cells.within(cells.used, rows)
    words = "two-stage least squares on leave-out readiness, clustered by agent"
    return _clustered(cells, pull * rows * gap, estimate, moved, rows, pull, level, words)


def _clustered(
    cells: InstrumentCells,
    scores: FloatArray,
    estimate: float,
    below: float,
    rows: FloatArray,
    pull: FloatArray,
    level: float,
    words: str,
) -> Contrast:
    by_agent = _agent_scores(cells, scores, rows, pull)
    error = float(np.sqrt(float(by_agent @ by_agent))) / abs(below)
    df = max(1.0, _effective(cells, rows * pull**2) - 1.0)
    sizes = round(float(rows.sum())), by_agent.size
    return student_contrast(estimate, error, df, sizes, words, level)


def _agent_scores(
    cells: InstrumentCells, scores: FloatArray, rows: FloatArray, pull: FloatArray
) -> FloatArray:
    """
    Sum scores by agent, corrected for what an agent's rows fit of themselves.

    An agent with a share h of a group's rows is part of the mean that is taken off: the residuals
    left are smaller by the root of 1 - h (CR2). Without that, intervals of teams of eight covered
    88 to 90 % in place of 95. What the agent bends the slope by is divided out whole (CR3).
    """
    n_groups = int(cells.group.max()) + 1
    place = np.unique(cells.agent * n_groups + cells.group, return_inverse=True)[1].ravel()
    own = np.bincount(place, rows)[place]
    whole = np.bincount(cells.group, rows, n_groups)[cells.group]
    left = 1.0 - np.divide(own, whole, out=np.zeros_like(own), where=whole > 0)
    # Who is a whole group alone has nothing left, and no readiness beside others either.
    alone = left < 1e-9
    scaled = np.divide(scores, np.sqrt(left), out=np.zeros_like(scores), where=~alone)
    weight = rows * pull**2
    bend = cells.by_agent(weight) / max(float(weight.sum()), 1e-300)
    found: FloatArray = cells.by_agent(scaled) / (1.0 - np.minimum(bend, MOST_OWN))
    return found


def _effective(cells: InstrumentCells, weight: FloatArray) -> float:
    """Return how many agents of one weight would tell as much as these."""
    sizes = np.bincount(cells.agent, weight, cells.n_agents)
    return max(2.0, float(sizes.sum() ** 2 / (sizes @ sizes)))


def _anderson_rubin(
    cells: InstrumentCells, rows: FloatArray, sums: FloatArray, pull: FloatArray, found: Contrast
) -> tuple[float, float] | None:
    """Solve for the effects that the reduced form does not reject."""
    mean = np.divide(sums, rows, out=np.zeros_like(sums), where=rows > 0)
    below = float((rows * pull) @ pull)
    parts, totals = [], []
    for values in (cells.within(mean, rows), cells.within(cells.used, rows)):
        total = float((pull * rows) @ values)
        totals.append(total)
        # Residuals of the regression on readiness: their spread is that of its slope.
        residual = pull * rows * (values - total / below * pull)
        parts.append(_agent_scores(cells, residual, rows, pull))
    (own, moved), (y, d) = parts, totals
    bound = t_quantile(found.level, found.df or 1.0) ** 2
    a = d * d - bound * float(moved @ moved)
    b = -2.0 * (y * d - bound * float(own @ moved))
    c = y * y - bound * float(own @ own)
    root = b * b - 4.0 * a * c
    if a <= 0:
        return (-np.inf, np.inf) if root <= 0 else None
    if root < 0:
        return None
    half = float(np.sqrt(root))
    return (-b - half) / (2.0 * a), (-b + half) / (2.0 * a)
