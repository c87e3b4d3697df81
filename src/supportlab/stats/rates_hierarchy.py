"""Rates of cells of two factors, shrunk towards what their row and column let expect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, ndtr

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.interval import FloatArray, aligned, normal_quantile
from supportlab.stats.propagation import Posterior, propagate
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["CrossedRates", "crossed_shrinkage"]

# Standard deviation of the half-normal prior on the spreads, in log-odds: groups one such spread
# apart have odds that differ by a factor of 2.7, which is wide for rates of one thing.
SPREAD_SCALE = 1.0
# Of the intercept: any rate between one in a thousand and all but one.
CENTRE_SCALE = 4.0
# Grid of each spread around the most likely one, in logarithms and prior to weighing.
STEPS = (-2.0, -1.0, 0.0, 1.0, 2.0)
STEP_WIDTH = 0.55
SPREAD_RANGE = (0.01, 4.0)
# A point of the grid that is less probable than this by a factor moves no digit.
NEGLIGIBLE = 1e-3
MIN_CELLS = 3

_Fit = Callable[[FloatArray], Posterior]


@dataclass(frozen=True)
class CrossedRates:
    """
    Rates of cells, in the order given.

    Parameters
    ----------
    estimate, low, high : numpy.ndarray of shape (n_cells,)
        Shrunk rate with its limits.
    raw : numpy.ndarray of shape (n_cells,)
        The cell's own rate; nan where it has no rows.
    expected : numpy.ndarray of shape (n_cells,)
        What row and column alone let expect, without the cell's own departure from them.
    own_weight : numpy.ndarray of shape (n_cells,)
        Share of the cell's own rows in its shrunk log-odds, 0 to 1.
    spread : tuple of float
        Most likely standard deviations of log-odds: of each factor, then of cells beyond them.
    level : float
        Level of the limits.
    method : str
        Short name of the estimator.
    """

    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    raw: FloatArray
    expected: FloatArray
    own_weight: FloatArray
    spread: tuple[float, ...]
    level: float
    method: str


def crossed_shrinkage(
    successes: ArrayLike,
    n: ArrayLike,
    factors: Sequence[Sequence[str]],
    *,
    design_effect: ArrayLike = 1.0,
    level: float = INTERVAL_LEVEL,
) -> CrossedRates:
    """
    Shrink the rates of cells towards additive effects of the factors that cross in them.

    Not for cells that follow each other in time, and not to compare one level of a factor with
    another as cause and effect.

    Parameters
    ----------
    successes, n : array_like of shape (n_cells,)
        Rows with the property and all rows per cell; a cell may have none.
    factors : sequence of sequence of str
        For each factor the label of each cell, as markets and methods; one or two factors.
    design_effect : array_like, scalar or of shape (n_cells,)
        Of clustering within the cell; it then counts as ``n`` over it.
    level : float
        Level of the limits.

    Returns
    -------
    CrossedRates
        Shrunk rates with limits, beside the raw ones.

    Raises
    ------
    NotEstimable
        Fewer than three cells have rows.
    ParameterError
        Arrays that do not fit each other, or a design effect below 1.

    Notes
    -----
    Logistic model with an effect of each level of each factor and one of each cell, all normal on
    the log-odds scale. For given spreads the posterior is found by expectation propagation (Minka
    2001; Rasmussen and Williams 2006, algorithm 3.5), which stays right for cells without a
    success, where a normal approximation at the mode does not. The spreads are integrated over a
    grid around their most likely values, with half-normal priors (Gelman 2006). A cell that holds
    all rows of its row or column is shrunk like a cell. Where one factor has a single level, the
    model is the one-way logistic-normal model.

    Examples
    --------
    >>> found = crossed_shrinkage([30, 10, 50, 0], [200, 100, 400, 3],
    ...                           [["DE", "DE", "FR", "FR"], ["card", "debit", "card", "debit"]])
    >>> bool(found.raw[3] == 0.0), bool(0.04 < found.estimate[3] < 0.2)
    (True, True)
    """
    part, whole = aligned({"successes": successes, "n": n})
    effect = np.broadcast_to(np.asarray(design_effect, dtype=np.float64), whole.shape)
    _check(part, whole, effect, factors)
    blocks = [_indicators(labels) for labels in factors]
    hits, size = part / effect, whole / effect

    def posterior(spread: FloatArray) -> Posterior:
        loading = np.hstack(
            [np.full((whole.size, 1), CENTRE_SCALE)]
            + [block * one for block, one in zip(blocks, spread, strict=False)]
        )
        return propagate(hits, size, loading, float(spread[-1]) ** 2)

    best = _most_likely(posterior, len(blocks) + 1)
    points = _grid(posterior, best)
    weight = np.array([item for _, item in points])
    return _mixture(
        [found for found, _ in points], weight / weight.sum(), (part, whole), level, tuple(best)
    )


def _check(
    part: FloatArray,
    whole: FloatArray,
    effect: FloatArray,
    factors: Sequence[Sequence[str]],
) -> None:
    if np.any(part > whole):
        raise ParameterError("successes is above n in some cell; a part cannot exceed its whole.")
    if not np.all(effect >= 1.0):
        raise ParameterError("design_effect is below 1 or missing in some cell; give 1 or more.")
    if len(factors) not in (1, 2) or any(len(labels) != whole.size for labels in factors):
        raise ParameterError(
            f"factors has {len(factors)} of lengths {[len(item) for item in factors]}; give one "
            f"or two with a label for each of the {whole.size} cells."
        )
    present = int((whole > 0).sum())
    if present < MIN_CELLS:
        raise NotEstimable(
            f"{present} cells have rows; shrinkage needs at least {MIN_CELLS} to see how far they "
            "lie apart."
        )


def _indicators(labels: Sequence[str]) -> FloatArray:
    levels = sorted(set(labels))
    return np.array([[float(label == one) for one in levels] for label in labels])


def _log_prior(spread: FloatArray) -> float:
    """Half-normal on each spread, with the derivative of its logarithm."""
    return float(np.sum(np.log(spread) - 0.5 * (spread / SPREAD_SCALE) ** 2))


def _most_likely(posterior: _Fit, count: int) -> FloatArray:
    from scipy.optimize import minimize

    low, high = (np.log(one) for one in SPREAD_RANGE)

    def height(logs: FloatArray) -> float:
        spread = np.exp(np.clip(logs, low, high))
        return -posterior(spread).log_evidence - _log_prior(spread)

    # A tenth of a logarithm is a fifth of a step of the grid.
    options = {"xatol": 0.1, "fatol": 0.05, "maxiter": 120}
    found = minimize(height, np.full(count, np.log(0.3)), method="Nelder-Mead", options=options)
    return np.asarray(np.exp(np.clip(found.x, low, high)))


def _grid(posterior: _Fit, best: FloatArray) -> list[tuple[Posterior, float]]:
    heights, found = [], []
    for steps in product(STEPS, repeat=best.size):
        # Corners far out on several axes at once weigh next to nothing.
        if sum(abs(step) for step in steps) > 3.0:
            continue
        spread = np.clip(best * np.exp(STEP_WIDTH * np.array(steps)), *SPREAD_RANGE)
        one: Posterior = posterior(spread)
        found.append(one)
        heights.append(one.log_evidence + _log_prior(spread))
    weight = np.exp(np.array(heights) - max(heights))
    return [
        (one, float(item)) for one, item in zip(found, weight, strict=True) if item > NEGLIGIBLE
    ]


def _mixture(
    found: list[Posterior],
    weight: FloatArray,
    counts: tuple[FloatArray, FloatArray],
    level: float,
    spread: tuple[float, ...],
) -> CrossedRates:
    part, whole = counts
    mean = np.array([one.mean for one in found])
    deviation = np.sqrt([one.variance for one in found])
    normal_quantile(level)
    tail = (1.0 - level) / 2.0
    # Log-odds are close to normal for given spreads; rates are integrated over nine points.
    nodes, weights = np.polynomial.hermite_e.hermegauss(9)
    rate = expit(mean[:, :, None] + deviation[:, :, None] * nodes) @ (weights / weights.sum())
    return CrossedRates(
        weight @ rate,
        expit(_quantile(mean, deviation, weight, tail)),
        expit(_quantile(mean, deviation, weight, 1.0 - tail)),
        np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0),
        weight @ expit(np.array([one.expected for one in found])),
        weight @ np.array([one.own_weight for one in found]),
        tuple(float(one) for one in spread),
        level,
        "crossed logistic-normal shrinkage",
    )


def _quantile(mean: FloatArray, deviation: FloatArray, weight: FloatArray, at: float) -> FloatArray:
    low, high = (mean - 9 * deviation).min(axis=0), (mean + 9 * deviation).max(axis=0)
    # Fifty halvings reach machine precision from any bracket of this width.
    for _ in range(50):
        middle = (low + high) / 2.0
        below = weight @ ndtr((middle - mean) / deviation) < at
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2.0)
