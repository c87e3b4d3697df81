"""Scores fitted on earlier months, for the rows of later ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from supportlab.metrics.customers.signals import LEVELS

__all__ = ["Together", "alone", "known_score", "together"]

# Rows that a level borrows from the whole: a level with few rows is drawn to the whole's rate.
BORROWED_ROWS = 200.0
# Slopes that look like noise alone keep this share, so that the order of customers stays.
LEAST_SLOPE = 0.1
# A level with fewer departures than this has no coefficient of its own.
FEWEST_EVENTS = 5


def alone(early: pd.DataFrame, late: pd.DataFrame, signal: str) -> np.ndarray:
    """
    Foretell leaving by one signal, absence and silence being levels like the others.

    Not the order that the scale suggests: the order is that of the earlier months.

    Parameters
    ----------
    early, late : pandas.DataFrame
        Rows to fit on and to score.
    signal : str
        Column.

    Returns
    -------
    numpy.ndarray
        Chance per row of `late`: the level's rate, drawn to the whole's as if 200 rows had it.
    """
    rate = float(early["left"].mean())
    sums = early.groupby(signal, sort=True)["left"].agg(["sum", "count"])
    chance = (sums["sum"] + BORROWED_ROWS * rate) / (sums["count"] + BORROWED_ROWS)
    scored = late[signal].map(chance).astype(float).fillna(rate)
    return scored.to_numpy()


def known_score(rows: pd.DataFrame, signal: str) -> np.ndarray:
    """Return how bad an answer is, from 0; nan where there is none."""
    places = {label: float(place) for place, label in enumerate(LEVELS[signal])}
    return rows[signal].map(places).astype(float).to_numpy()


@dataclass(frozen=True)
class Together:
    """
    A logistic regression of leaving on the levels of several columns.

    Parameters
    ----------
    levels : mapping of str to sequence of str
        Levels with a slope, by column.
    slopes : numpy.ndarray
        After shrinkage, 0 for the intercept and for columns that others determine.
    intercept : float
        Set so that as many leave as did.
    """

    levels: Mapping[str, Sequence[str]]
    slopes: np.ndarray
    intercept: float

    def chance(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the chance of leaving per row."""
        from scipy.special import expit

        linear = np.full(len(rows), self.intercept)
        place = 1
        for name, labels in self.levels.items():
            by_label = dict(zip(labels, self.slopes[place : place + len(labels)], strict=True))
            linear += rows[name].map(by_label).astype(float).fillna(0.0).to_numpy()
            place += len(labels)
        found: np.ndarray = expit(linear)
        return found


def together(early: pd.DataFrame, columns: Sequence[str]) -> Together:
    """
    Fit leaving on several columns: a logistic regression on their levels.

    Not with interactions, and shrunk for the number of slopes. A level with fewer than five
    departures, or nothing but departures, counts as the most frequent one.

    Parameters
    ----------
    early : pandas.DataFrame
        Rows to fit on.
    columns : sequence of str
        Text columns.

    Returns
    -------
    Together
        What foretells the chance of other rows.

    Raises
    ------
    NotEstimable
        The regression has no finite maximum.
    """
    from supportlab.stats.binary_cells import fit_binary, independent_columns

    levels = {name: _levels(early, name) for name in columns}
    kept = {name: labels for name, labels in levels.items() if labels}
    if not kept:
        rate = float(early["left"].mean())
        return Together({}, np.zeros(1), float(np.log(rate / (1.0 - rate))))
    cells = early.groupby(list(kept), sort=True)["left"].agg(["sum", "count"]).reset_index()
    design = _design(cells, kept)
    n, events = cells["count"].to_numpy(float), cells["sum"].to_numpy(float)
    places = independent_columns(design)
    fit = fit_binary(design[:, places], n, events)
    part = _shrinkage(fit.probability(design[:, places]), n, events, len(places) - 1)
    slopes = np.zeros(design.shape[1])
    slopes[places[1:]] = part * fit.coefficients[1:]
    level = fit_binary(np.ones((len(n), 1)), n, events, offset=design @ slopes)
    return Together(kept, slopes, float(level.coefficients[0]))


def _shrinkage(chance: np.ndarray, n: np.ndarray, events: np.ndarray, n_slopes: int) -> float:
    """
    Return the share of the slopes that is not fitted noise.

    Van Houwelingen and Le Cessie (1990): the model's chi-square less its degrees of freedom, over
    the chi-square.
    """

    def likelihood(at: np.ndarray) -> float:
        return float(events @ np.log(at) + (n - events) @ np.log1p(-at))

    rate = np.full(len(n), events.sum() / n.sum())
    square = 2.0 * (likelihood(chance) - likelihood(rate))
    return max(LEAST_SLOPE, (square - n_slopes) / square) if square > 0 else LEAST_SLOPE


def _levels(early: pd.DataFrame, name: str) -> list[str]:
    """Return the levels with a coefficient: all with enough departures but the most frequent."""
    sums = early.groupby(name, sort=True)["left"].agg(["sum", "count"])
    enough = sums[(sums["sum"] >= FEWEST_EVENTS) & (sums["sum"] <= sums["count"] - FEWEST_EVENTS)]
    if enough.empty:
        return []
    reference = sums["count"].idxmax()
    return [str(level) for level in enough.index if level != reference]


def _design(rows: pd.DataFrame, levels: Mapping[str, Sequence[str]]) -> np.ndarray:
    columns = [np.ones(len(rows))]
    for name, labels in levels.items():
        values = rows[name].to_numpy()
        columns += [(values == label).astype(float) for label in labels]
    return np.column_stack(columns)
