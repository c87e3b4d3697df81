"""Draws of many groups' rates from the beta-binomial posterior, all groups at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import ParameterError
from supportlab.stats.interval import FloatArray, aligned
from supportlab.stats.shrinkage import _enough, _posterior

__all__ = ["exceedance", "rate_draws"]

# A probability of 0.05 from so many draws is known to half a point.
N_DRAWS = 8000


def rate_draws(
    successes: ArrayLike,
    n: ArrayLike,
    *,
    design_effect: ArrayLike = 1.0,
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> FloatArray:
    """
    Draw the rates of many groups from the posterior that `beta_binomial_shrinkage` sums up.

    Not for a single group, nor for intervals of rates, which need no draws.

    Parameters
    ----------
    successes, n : array_like of shape (n_groups,)
        Rows with the property and all rows per group; a group may have none.
    design_effect : array_like, scalar or of shape (n_groups,)
        Of clustering within the group; the group counts as ``n`` over it.
    n_draws : int
        How many.
    seed : int
        Of the random numbers.

    Returns
    -------
    numpy.ndarray of shape (n_draws, n_groups)
        One row a draw of all rates.

    Raises
    ------
    NotEstimable
        Fewer than three groups have rows.
    ParameterError
        Arrays that do not fit each other, or a number of draws below 1.

    Notes
    -----
    Centre and spread of the groups are drawn from their grid, then each rate from its Beta.
    Systematic draws of the grid keep its weights to within one draw.

    Examples
    --------
    >>> draws = rate_draws([9, 60, 700], [10, 100, 1000], n_draws=2000)
    >>> draws.shape, bool(draws[:, 0].std() > draws[:, 2].std())
    ((2000, 3), True)
    """
    part, whole = aligned({"successes": successes, "n": n})
    effect = np.broadcast_to(np.asarray(design_effect, dtype=np.float64), whole.shape)
    if np.any(part > whole) or not np.all(effect >= 1.0):
        raise ParameterError("successes is above n, or design_effect below 1, in some group.")
    if n_draws < 1:
        raise ParameterError(f"n_draws came as {n_draws!r}; give 1 or more.")
    _enough(whole > 0, "rows")
    hits, size = part / effect, whole / effect
    centre, spread, weight = _posterior(hits, size)
    rng = np.random.default_rng(seed)
    steps = (np.arange(n_draws) + rng.random()) / n_draws
    at = np.minimum(np.searchsorted(np.cumsum(weight), steps), weight.size - 1)
    precision = 1.0 / spread[at] ** 2 - 1.0
    a = (centre[at] * precision)[:, None] + hits
    b = ((1.0 - centre[at]) * precision)[:, None] + size - hits
    return rng.beta(a, b)


def exceedance(draws: ArrayLike, n: ArrayLike, margin: float = 0.0) -> FloatArray:
    """
    Return how probable it is that each group's rate is above that of all rows by a margin.

    Not a p value: it is a statement about the rate, given the model of the groups.

    Parameters
    ----------
    draws : array_like of shape (n_draws, n_groups)
        Draws of the rates.
    n : array_like of shape (n_groups,)
        Rows by which the groups make up the whole.
    margin : float
        What is added to the rate of all rows; below 0 it is a lower bar.

    Returns
    -------
    numpy.ndarray of shape (n_groups,)
        Probabilities from 0 to 1.

    Raises
    ------
    ParameterError
        Arrays that do not fit each other.

    Examples
    --------
    >>> draws = rate_draws([1, 60, 300], [10, 1000, 1000], n_draws=4000)
    >>> exceedance(draws, [10, 1000, 1000], margin=0.02).round(2).tolist()[1:]
    [0.0, 1.0]
    """
    table, rows = np.asarray(draws, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != rows.size:
        raise ParameterError(f"draws is of shape {table.shape}; {rows.size} groups have rows.")
    whole = table @ (rows / rows.sum())
    return np.asarray((table > whole[:, None] + margin).mean(axis=0))
