"""The maximum of a hazard model's likelihood, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from supportlab.errors import NotEstimable, listed
from supportlab.stats.hazard_design import Cells, DesignBlocks, HazardDesign
from supportlab.stats.hazard_links import Link, pieces
from supportlab.stats.interval import FloatArray

__all__ = ["Maximum", "maximum"]

# Scoring converges in under ten steps where a finite maximum exists, and runs away by about one
# unit a step where none does.
MOST_STEPS = 40
# Gain in log likelihood that one more step promises, below which nothing is left to win: a
# hundred thousandth of a standard error.
CLOSE_ENOUGH = 1e-11
# A log hazard ratio beyond this means one to nine million: the maximum lies at infinity and the
# number would only tell where the steps stopped.
LARGEST_COEFFICIENT = 16.0
# Share of a column's information that others leave to it, below which it is their sum.
SMALLEST_SHARE = 1e-9


@dataclass(frozen=True)
class Maximum:
    """
    Where the likelihood is highest.

    Parameters
    ----------
    coefficients : numpy.ndarray of shape (n_columns,)
        The point.
    information : numpy.ndarray of shape (n_columns, n_columns)
        Expected information there.
    log_likelihood : float
        Its height.
    n_steps : int
        Steps that it took.
    """

    coefficients: FloatArray
    information: FloatArray
    log_likelihood: float
    n_steps: int


class _Surface:
    """The likelihood of cells, at any point."""

    def __init__(self, design: HazardDesign, cells: Cells, link: Link) -> None:
        self.blocks, self.cells, self._link = DesignBlocks(design, cells.first), cells, link

    def at(self, point: FloatArray, n_steps: int) -> tuple[Maximum, FloatArray]:
        height, score = 0.0, np.zeros(point.size)
        information = np.zeros((point.size, point.size))
        for rows, matrix in self.blocks:
            part = pieces(matrix @ point, self.cells.n[rows], self.cells.n_events[rows], self._link)
            height += part.log_likelihood
            score += matrix.T @ part.score
            information += (matrix * part.weight[:, None]).T @ matrix
        return Maximum(point, information, height, n_steps), score


def maximum(design: HazardDesign, cells: Cells, link: Link) -> Maximum:
    """
    Climb to the maximum of the likelihood.

    Not for a design without an intercept.

    Parameters
    ----------
    design : HazardDesign
        Columns of the rows.
    cells : Cells
        Rows that share every column, counted once.
    link : {"cloglog", "poisson"}
        Which model.

    Returns
    -------
    Maximum
        Point, information and height.

    Raises
    ------
    NotEstimable
        A column is the sum of others, none or all of the events lie in it, or no finite maximum
        exists.

    Examples
    --------
    >>> import numpy as np
    >>> from supportlab.stats.hazard_design import collapse, hazard_design
    >>> n, events = np.array([1000.0, 1000.0]), np.array([20.0, 36.0])
    >>> design = hazard_design({}, {"slow": [0, 1]}, events, n)
    >>> maximum(design, collapse(design, events, n), "poisson").coefficients.round(3).tolist()
    [-3.912, 0.588]
    """
    surface, rate = _Surface(design, cells, link), cells.n_events.sum() / cells.n.sum()
    start = np.zeros(len(design.names))
    start[0] = np.log(-np.log1p(-rate)) if link == "cloglog" else np.log(rate)
    here, score = surface.at(start, 0)
    _refuse_dependent(here.information, design.names)
    _refuse_one_sided(surface, design.names)
    while here.n_steps < MOST_STEPS:
        step: FloatArray = np.asarray(np.linalg.solve(here.information, score))
        if float(step @ score) < CLOSE_ENOUGH:
            return here
        here, score = _climb(surface, here, step)
        if np.abs(here.coefficients).max() > LARGEST_COEFFICIENT:
            break
    raise NotEstimable(_endless(here.coefficients, design.names))


def _climb(surface: _Surface, here: Maximum, step: FloatArray) -> tuple[Maximum, FloatArray]:
    """Take the step, halved until the likelihood does not fall."""
    # A step of 3 on a log scale is twenty-fold already; more would leap over the maximum.
    step = step * min(1.0, 3.0 / float(np.abs(step).max()))
    for _ in range(30):
        there, score = surface.at(here.coefficients + step, here.n_steps + 1)
        # Rounding of a sum over millions of cells may look like a fall at the very top.
        if there.log_likelihood >= here.log_likelihood - 1e-10 * abs(here.log_likelihood):
            return there, score
        step = step / 2.0
    raise NotEstimable("The likelihood has no slope that leads upwards; the columns are at odds.")


def _refuse_dependent(information: FloatArray, names: Sequence[str]) -> None:
    from scipy.linalg import qr

    size = np.sqrt(np.diag(information))
    if (size == 0).any():
        empty = [names[place] for place in np.flatnonzero(size == 0).tolist()]
        raise NotEstimable(f"Columns that are zero in every customer-month: {listed(empty)}.")
    triangle, order = qr(information / np.outer(size, size), mode="r", pivoting=True)
    lost = np.abs(np.diag(triangle)) < SMALLEST_SHARE
    if lost.any():
        who = [names[place] for place in sorted(order[lost].tolist())]
        raise NotEstimable(
            f"Columns that the others determine: {listed(who)}. Leave them out, or one of those "
            "that they are made of."
        )


def _refuse_one_sided(surface: _Surface, names: Sequence[str]) -> None:
    """Name a column of 0 and 1 in which nobody left, or outside of which nobody did."""
    inside, is_flag = np.zeros(len(names)), np.ones(len(names), dtype=bool)
    n_events = surface.cells.n_events
    for rows, matrix in surface.blocks:
        is_in = matrix != 0
        inside += n_events[rows] @ is_in
        is_flag &= (is_in == matrix).all(axis=0)
    total = n_events.sum()
    for place in range(1, len(names)):
        if inside[place] == 0 or (is_flag[place] and inside[place] == total):
            where = "with" if inside[place] == 0 else "without"
            raise NotEstimable(
                f"No event in the customer-months {where} {names[place]}: the hazard "
                "ratio would be zero or infinite."
            )


def _endless(found: FloatArray, names: Sequence[str]) -> str:
    place = 1 + int(np.abs(found[1:]).argmax()) if found.size > 1 else 0
    return (
        f"No finite maximum: the coefficient of {names[place]} runs away, as it does where some "
        "mixture of columns has the event always or never (perfect separation)."
    )
