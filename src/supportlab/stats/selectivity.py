"""Whether somebody asks less where a bad answer is to be feared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtr
from scipy.stats import binom

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.interval import FloatArray, aligned

__all__ = ["AskingSlopes", "asking_slopes"]

FEWEST_TICKETS = 30
# With fewer that were left out there is no telling which kind they were.
FEWEST_UNASKED = 3
# So many lean one way, and by a sign test not by chance, where leaning is the desk's own rule.
COMMON_SHARE = 2.0 / 3.0
COMMON_ALARM = 0.01


@dataclass(frozen=True)
class AskingSlopes:
    """
    How the chance of being asked moves with the risk, one entry an agent.

    Parameters
    ----------
    agent : numpy.ndarray of shape (n_agents,)
        Names, sorted.
    slope, error : numpy.ndarray of shape (n_agents,)
        Change of the chance of being asked as the risk goes from 0 to 1, less what the desk does
        as a whole, and its standard error; nan where there is too little.
    p_value : numpy.ndarray of shape (n_agents,)
        One-sided: that risky tickets are asked about no less than the desk does as a whole.
    n, n_asked : numpy.ndarray of shape (n_agents,)
        Tickets, and those asked about.
    desk_slope : float
        What the desk does as a whole: the median where clearly most agents lean one way, else 0.
    """

    agent: NDArray[np.object_]
    slope: FloatArray
    error: FloatArray
    p_value: FloatArray
    n: FloatArray
    n_asked: FloatArray
    desk_slope: float


def asking_slopes(
    agent: ArrayLike, n: ArrayLike, n_asked: ArrayLike, chance: ArrayLike, risk: ArrayLike
) -> AskingSlopes:
    """
    Compute for each agent how the chance of being asked moves with the risk of a bad answer.

    Not proof of intent: whoever gets the tickets that are not to be asked about looks the same.

    Parameters
    ----------
    agent : array_like of shape (n_cells,)
        Whose tickets the cell holds.
    n, n_asked : array_like of shape (n_cells,)
        Tickets, and those that were asked about.
    chance : array_like of shape (n_cells,)
        Of being asked, by what may rightly decide it (channel, market, topic).
    risk : array_like of shape (n_cells,)
        Predicted chance of a bad answer.

    Returns
    -------
    AskingSlopes
        One entry an agent.

    Raises
    ------
    NotEstimable
        No agent has 30 tickets with three that were not asked about.
    ParameterError
        Arrays that do not fit each other.

    Notes
    -----
    The efficient score of the risk in a logistic model of being asked, given the agent's own
    level and ``chance``. The score of an agent is a sum of few, skewed terms, so its tail is
    that of a saddlepoint (Lugannani and Rice 1980), not of a normal curve: with the latter agents
    who ask most of their tickets would be called selective far too often.

    Examples
    --------
    >>> cells = {"agent": ["a", "a", "b", "b"], "n": [60, 40, 60, 40],
    ...          "n_asked": [48, 32, 54, 12], "chance": [0.8] * 4, "risk": [0.1, 0.6, 0.1, 0.6]}
    >>> found = asking_slopes(**cells)
    >>> [round(abs(value), 1) for value in found.slope.tolist()], bool(found.slope[1] < 0)
    ([0.0, 1.2], True)
    """
    size, asked, share, danger = aligned(
        {"n": n, "n_asked": n_asked, "chance": chance, "risk": risk}
    )
    names = np.asarray(agent, dtype=object)
    if names.size != size.size or np.any(asked > size):
        raise ParameterError("agent has not one name per cell, or n_asked is above n somewhere.")
    labels, codes = np.unique(names, return_inverse=True)
    rows = [_Agent.of(size, asked, share, danger, codes == place) for place in range(labels.size)]
    enough = np.array([row.is_enough for row in rows])
    if not enough.any():
        raise NotEstimable(
            f"No agent has {FEWEST_TICKETS} tickets of differing risk with {FEWEST_UNASKED} that "
            "were not asked about."
        )
    slope = np.array([row.slope() if row.is_enough else np.nan for row in rows])
    middle = _common(slope[enough])
    p_value = [row.p_value(middle) if row.is_enough else np.nan for row in rows]
    return AskingSlopes(
        labels,
        slope - middle,
        np.array([row.error if row.is_enough else np.nan for row in rows]),
        np.array(p_value),
        np.array([row.n for row in rows]),
        np.array([row.n_asked for row in rows]),
        middle,
    )


def _common(slope: FloatArray) -> float:
    """
    Return what the desk does as a whole: nothing, unless clearly most agents lean one way.

    A few who withhold move the median too; they are not to be the measure of themselves.
    """
    most = float(max(np.sum(slope < 0), np.sum(slope > 0)))
    by_chance = 2.0 * float(binom.sf(most - 1.0, slope.size, 0.5))
    if most < COMMON_SHARE * slope.size or by_chance > COMMON_ALARM:
        return 0.0
    return float(np.median(slope))


@dataclass(frozen=True)
class _Agent:
    size: FloatArray
    asked: FloatArray
    chance: FloatArray
    away: FloatArray
    is_enough: bool

    @classmethod
    def of(
        cls,
        size: FloatArray,
        asked: FloatArray,
        chance: FloatArray,
        risk: FloatArray,
        own: NDArray[np.bool_],
    ) -> _Agent:
        size, asked, risk = size[own], asked[own], risk[own]
        left = size.sum() - asked.sum()
        if size.sum() < FEWEST_TICKETS or left < FEWEST_UNASKED or asked.sum() < FEWEST_UNASKED:
            return cls(size, asked, chance[own], risk, False)
        fitted = _own_level(size, float(asked.sum()), chance[own])
        spread = size * fitted * (1.0 - fitted)
        away = risk - float(spread @ risk) / float(spread.sum())
        return cls(size, asked, fitted, away, bool(spread @ away**2 > 1e-6))

    @property
    def n(self) -> float:
        return float(self.size.sum())

    @property
    def n_asked(self) -> float:
        return float(self.asked.sum())

    @property
    def _squares(self) -> float:
        return float(self.size * self.away @ self.away)

    def slope(self) -> float:
        return float((self.asked - self.size * self.chance) @ self.away) / self._squares

    @property
    def error(self) -> float:
        spread = self.size * self.chance * (1.0 - self.chance)
        return float(np.sqrt(spread @ self.away**2)) / self._squares

    def p_value(self, centre: float) -> float:
        """Chance of a score as low, the chances moved by the slope of the desk."""
        chance = np.clip(self.chance + centre * self.away, 0.005, 0.995)
        score = float((self.asked - self.size * chance) @ self.away)
        return float(np.clip(_tail(score, self.size, chance, self.away), 0.0, 1.0))


def _own_level(size: FloatArray, asked: float, chance: FloatArray) -> FloatArray:
    """Move the log odds of all cells alike until they add up to what was asked."""
    base = np.log(chance / (1.0 - chance))
    low, high = -15.0, 15.0
    for _ in range(50):
        middle = (low + high) / 2.0
        low, high = (middle, high) if size @ expit(base + middle) < asked else (low, middle)
    return np.asarray(expit(base + (low + high) / 2.0))


def _tail(score: float, size: FloatArray, chance: FloatArray, away: FloatArray) -> float:
    """Return the chance of a score no greater, by a saddlepoint."""
    variance = float((size * chance * (1.0 - chance)) @ away**2)
    standard = score / np.sqrt(variance)
    if abs(standard) < 0.05:
        # The two terms of the saddlepoint cancel here; a normal curve is right to the third digit.
        return float(ndtr(standard))
    point = _saddle(score, size, chance, away)
    if point is None:
        return 0.0 if score < 0 else 1.0
    tilted = chance * np.exp(point * away)
    norm = 1.0 - chance + tilted
    height = float(size @ (np.log(norm) - point * chance * away))
    bend = float((size * tilted * (1.0 - chance) / norm**2) @ away**2)
    root = np.sign(point) * np.sqrt(max(2.0 * (point * score - height), 0.0))
    slope = point * np.sqrt(bend)
    if abs(root) < 1e-6:
        return float(ndtr(standard))
    density = np.exp(-0.5 * root**2) / np.sqrt(2.0 * np.pi)
    return float(np.clip(ndtr(root) + density * (1.0 / root - 1.0 / slope), 1e-300, 1.0))


def _saddle(score: float, size: FloatArray, chance: FloatArray, away: FloatArray) -> float | None:
    """Return the tilt at which the score is the mean; None at the edge of what is possible."""
    reach = 40.0 / float(np.abs(away).max())
    low, high = -reach, reach

    def mean(point: float) -> float:
        tilted = chance * np.exp(point * away)
        return float(size @ ((tilted / (1.0 - chance + tilted) - chance) * away))

    if not mean(low) < score < mean(high):
        return None
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if mean(middle) < score else (low, middle)
    return (low + high) / 2.0
