"""Where an outcome can be told without error: separation of levels, and of their combinations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.interval import FloatArray, aligned
from supportlab.stats.multiplicity import adjust_p

__all__ = ["SeparatedLevel", "Separation", "separated_levels", "separation"]

# A chance this small over all levels looked at is not put down to luck.
FALSE_ALARM = 0.05
# Distance of a linear predictor from 0 that the solver cannot have made by rounding.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class SeparatedLevel:
    """
    A level in which the event always, or never, happened.

    Parameters
    ----------
    place : int
        Position of the level in the arrays that came.
    always : bool
        True where every row has the event, False where none has.
    n : int
        Rows of the level.
    p_adjusted : float
        Chance of it if the level were like all others (Fisher), over all levels that were
        looked at (Holm).
    is_beyond_chance : bool
        Whether that chance is under 5 %.
    """

    place: int
    always: bool
    n: int
    p_adjusted: float
    is_beyond_chance: bool


@dataclass(frozen=True)
class Separation:
    """
    Which rows and columns a linear rule tells without error.

    Parameters
    ----------
    events, others : numpy.ndarray of shape (n_cells,)
        Whether the events, and the rows without, of each cell are told without error.
    columns : tuple of int
        Columns whose coefficient has no finite estimate.
    is_complete : bool
        Whether all rows are told.
    """

    events: NDArray[np.bool_]
    others: NDArray[np.bool_]
    columns: tuple[int, ...]
    is_complete: bool

    @property
    def is_separated(self) -> bool:
        """Whether any row is told without error."""
        return bool(self.events.any() or self.others.any())


def separated_levels(n: ArrayLike, n_events: ArrayLike) -> tuple[SeparatedLevel, ...]:
    """
    Find the levels in which the event always or never happened.

    Not a sign of a cause or a leak by itself: a small level is separated by chance, which is what
    the p value tells.

    Parameters
    ----------
    n, n_events : array_like of shape (n_levels,)
        Rows, and rows with the event, of each level; all levels that are looked at together, of
        one feature or of several.

    Returns
    -------
    tuple of SeparatedLevel
        In the order given.

    Raises
    ------
    ParameterError
        The arrays do not fit each other.

    Notes
    -----
    Fisher's exact test of the level against all rows (one-sided, so that a level that is always
    and one that is never are held to the same bar), Holm (1979) over the levels. The chance that
    any level is called beyond chance where none differs is at most 5 %.

    Examples
    --------
    >>> [(one.place, one.is_beyond_chance) for one in separated_levels([90, 40, 2], [30, 0, 0])]
    [(1, True), (2, False)]
    """
    rows, events = aligned({"n": n, "n_events": n_events})
    if (events > rows).any():
        raise ParameterError("n_events is above n in some level; a part cannot exceed its whole.")
    total, hits = float(rows.sum()), float(events.sum())
    told = (rows > 0) & ((events == 0) | (events == rows)) & (0 < hits < total)
    p_values = [
        _chance(rows[place], events[place], total, hits) if told[place] else 1.0
        for place in np.flatnonzero(rows > 0)
    ]
    adjusted = dict(zip(np.flatnonzero(rows > 0), adjust_p(p_values, "holm"), strict=True))
    return tuple(
        SeparatedLevel(
            int(place),
            bool(events[place] > 0),
            round(float(rows[place])),
            float(adjusted[place] or 0.0),
            bool(float(adjusted[place] or 0.0) < FALSE_ALARM),
        )
        for place in np.flatnonzero(told)
    )


def separation(design: ArrayLike, n: ArrayLike, n_events: ArrayLike) -> Separation:
    """
    Find the rows that a linear rule of the design tells without error.

    Not for continuous columns of many cells: it solves one linear programme in as many unknowns
    as there are kinds of rows; bin the columns first.

    Parameters
    ----------
    design : array_like of shape (n_cells, n_columns)
        Columns of the model, the intercept among them.
    n, n_events : array_like of shape (n_cells,)
        Rows, and rows with the event, per cell.

    Returns
    -------
    Separation
        What is told, and which coefficients have no finite estimate.

    Raises
    ------
    NotEstimable
        The linear programme could not be solved.
    ParameterError
        The arrays do not fit each other.

    Notes
    -----
    Albert and Anderson (1984): a maximum exists unless some direction ``b`` has ``x b >= 0`` for
    all events and ``x b <= 0`` for all others, and is not 0 on all. The largest such set is found
    by a linear programme (Konis 2007, chapter 4), here with slacks between 0 and 1 so that one
    solution shows all rows that any direction tells. Without those rows, and the columns that
    they take with them, the likelihood has the same finite maximum in the coefficients that are
    left (Correia, Guimarães and Zylkin 2019).

    Examples
    --------
    >>> found = separation([[1, 0], [1, 1]], [50, 20], [10, 0])
    >>> found.columns, found.others.tolist()
    ((1,), [False, True])
    """
    rows, events = aligned({"n": n, "n_events": n_events})
    matrix = np.asarray(design, dtype=np.float64)
    if matrix.ndim != 2 or len(matrix) != rows.size:
        raise ParameterError(
            f"design has shape {matrix.shape}; give one row for {rows.size} cells."
        )
    with_event, without = events > 0, rows > events
    signed = np.vstack([matrix[with_event], -matrix[without]])
    told = _told(signed)
    is_event, is_other = np.zeros(rows.size, dtype=bool), np.zeros(rows.size, dtype=bool)
    n_event = int(with_event.sum())
    is_event[with_event], is_other[without] = told[:n_event], told[n_event:]
    columns = _columns(matrix, signed[~told]) if told.any() else ()
    return Separation(is_event, is_other, columns, bool(told.all() and told.size))


def _chance(n: float, events: float, total: float, hits: float) -> float:
    from scipy.stats import hypergeom

    law = hypergeom(round(total), round(hits), round(n))
    return float(law.pmf(round(events)))


def _told(signed: FloatArray) -> NDArray[np.bool_]:
    """Return which rows are strictly on the right side in some direction that errs on none."""
    from scipy.optimize import linprog

    kinds, place = np.unique(signed, axis=0, return_inverse=True)
    n_kinds, n_columns = kinds.shape
    # Unknowns: the direction, then one slack per kind of row; maximise the sum of slacks.
    goal = np.concatenate([np.zeros(n_columns), -np.ones(n_kinds)])
    rule = np.hstack([-kinds, np.eye(n_kinds)])
    bounds = [(None, None)] * n_columns + [(0.0, 1.0)] * n_kinds
    found = linprog(goal, A_ub=rule, b_ub=np.zeros(n_kinds), bounds=bounds, method="highs")
    if not found.success:
        raise NotEstimable(f"Separation could not be looked for: {found.message}")
    slack: NDArray[np.bool_] = found.x[n_columns:] > TOLERANCE
    return slack[place.reshape(-1)]


def _columns(matrix: FloatArray, left: FloatArray) -> tuple[int, ...]:
    """Return the columns whose coefficient the rows that are left do not determine."""
    if left.size == 0:
        return tuple(range(matrix.shape[1]))
    values, vectors = np.linalg.eigh(left.T @ left)
    free = vectors[:, values < 1e-9 * max(1.0, float(values.max()))]
    if free.size == 0:
        return ()
    return tuple(int(place) for place in np.flatnonzero(np.abs(free).max(axis=1) > 1e-7))
