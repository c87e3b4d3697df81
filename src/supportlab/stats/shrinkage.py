"""Empirical Bayes shrinkage of many groups' shares or effects towards their common centre."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincinv, betaln, expit, ndtr

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.interval import FloatArray, aligned, normal_quantile, refuse_empty
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["Shrunken", "beta_binomial_shrinkage", "normal_shrinkage"]

# Two groups say next to nothing about the spread between groups; three is the least.
MIN_GROUPS = 3
# Between-group standard deviation over sqrt(mean * (1 - mean)): from a tenth of a per cent (no
# group differs) to nearly 1 (every group is all or nothing).
SPREAD_BOUNDS = (0.001, 0.95)
CENTRE_BOUNDS = (-9.0, 9.0)
# Log-likelihood units below the maximum at which a grid point weighs under 1 in 10,000.
DEPTH = 9.0
GRID = (25, 15)
# Beyond so many groups both parameters are known so well that each mixture is nearly one Beta.
MIXTURES_SOLVED = 100


@dataclass(frozen=True)
class Shrunken:
    """
    Raw and shrunk values of many groups, in the order given.

    Parameters
    ----------
    estimate, low, high : numpy.ndarray of shape (n_groups,)
        Shrunk value with its limits.
    raw : numpy.ndarray of shape (n_groups,)
        Value of the group alone; nan where the group has no rows.
    own_weight : numpy.ndarray of shape (n_groups,)
        Share of the group's own data in its shrunk value, 0 to 1.
    centre : float
        Common centre of the groups.
    spread : float
        Standard deviation between groups, at its most likely value.
    level : float
        Coverage that the limits aim at, on average over the groups.
    method : str
        Short name of the estimator.
    """

    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    raw: FloatArray
    own_weight: FloatArray
    centre: float
    spread: float
    level: float
    method: str


def beta_binomial_shrinkage(
    successes: ArrayLike,
    n: ArrayLike,
    level: float = INTERVAL_LEVEL,
    *,
    design_effect: ArrayLike = 1.0,
) -> Shrunken:
    """
    Shrink the shares of many groups towards their common centre.

    Not for groups that are known to differ by something measured (shrink within it, or adjust
    first), and not for a single group's own report, where the raw share is the answer.

    Parameters
    ----------
    successes, n : array_like of shape (n_groups,)
        Rows with the property and all rows per group; a group may have none.
    level : float
        Coverage aimed at, on average over the groups.
    design_effect : array_like, scalar or of shape (n_groups,)
        Of clustering within the group, as in `Interval`; the group then counts as ``n`` over it.

    Returns
    -------
    Shrunken
        Shrunk shares with limits, beside the raw ones.

    Raises
    ------
    NotEstimable
        Fewer than three groups have rows.
    ParameterError
        Arrays that do not fit each other, or a design effect below 1.

    Notes
    -----
    Beta-binomial model (Griffin and Krutchkoff 1971; Morris 1983 for empirical Bayes intervals):
    a group's share is drawn from a Beta, its successes from a binomial. The two parameters of the
    Beta are integrated over a grid of their marginal likelihood, with a flat prior on the mean and
    on the standard deviation between groups, so that the limits carry their uncertainty (as Kass
    and Steffey 1989). Limits are quantiles of each group's mixture, of one Beta a value of the
    spread; above 100 groups, where the mixture is all but one Beta, of that Beta.
    ``centre`` and ``spread`` are the most likely values on that grid.

    Examples
    --------
    >>> found = beta_binomial_shrinkage([9, 60, 700, 45], [10, 100, 1000, 80])
    >>> found.estimate.round(2).tolist()
    [0.74, 0.61, 0.7, 0.59]
    """
    part, whole = aligned({"successes": successes, "n": n})
    if np.any(part > whole):
        raise ParameterError("successes is above n in some group; a part cannot exceed its whole.")
    effect = np.broadcast_to(np.asarray(design_effect, dtype=np.float64), whole.shape)
    if not np.all(effect >= 1.0):
        raise ParameterError("design_effect is below 1 or missing in some group; give 1 or more.")
    _enough(whole > 0, "rows")
    size, hits = whole / effect, part / effect
    centre, spread, weight = _posterior(hits, size)
    best = int(np.argmax(weight))
    grid, marginal = weight[:, None], np.ones(1)
    if size.size <= MIXTURES_SOLVED:
        grid, marginal = _by_spread(spread, weight)
    precision = 1.0 / spread**2 - 1.0
    mean, variance, own = _group_moments(hits, size, centre, precision, grid)
    tail = (1.0 - level) / 2.0
    normal_quantile(level)
    middle = float(centre[best])
    return Shrunken(
        mean @ marginal,
        _beta_quantile(mean, variance, marginal, tail),
        _beta_quantile(mean, variance, marginal, 1.0 - tail),
        np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0),
        own @ marginal,
        middle,
        float(spread[best] * np.sqrt(middle * (1.0 - middle))),
        level,
        "beta-binomial empirical Bayes",
    )


def normal_shrinkage(
    effects: ArrayLike, standard_errors: ArrayLike, level: float = INTERVAL_LEVEL
) -> Shrunken:
    """
    Shrink the effects of many groups towards their common centre.

    Not for effects whose standard errors come from a handful of clusters: they count as known.

    Parameters
    ----------
    effects, standard_errors : array_like of shape (n_groups,)
        Estimate per group and its standard error, above 0.
    level : float
        Coverage aimed at, on average over the groups.

    Returns
    -------
    Shrunken
        Shrunk effects with limits, beside the raw ones.

    Raises
    ------
    NotEstimable
        There are fewer than three groups.
    ParameterError
        Arrays that do not fit each other, or a standard error of 0.

    Notes
    -----
    Normal-normal model with a flat prior on the centre and on the standard deviation between
    groups (Rubin 1981; Gelman 2006), integrated over a grid of the latter; the limits are
    quantiles of each group's mixture.

    Examples
    --------
    >>> found = normal_shrinkage([28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18])
    >>> found.estimate.round(1).tolist()[:3]
    [11.4, 7.9, 6.1]
    """
    value, error = aligned({"effects": effects, "standard_errors": standard_errors}, min_zero=False)
    if np.any(error <= 0):
        raise ParameterError("A standard error is 0 or below; each effect needs its own.")
    _enough(np.ones(value.size, dtype=bool), "an effect")
    # Ten standard deviations of the effects: beyond it the likelihood has nothing left.
    top = 10.0 * max(float(np.std(value)), float(error.min()))
    # Denser near 0, where the likelihood of the spread has its mass when groups are alike.
    edges = top * np.linspace(0.0, 1.0, 201) ** 2
    spread, width = (edges[1:] + edges[:-1]) / 2.0, np.diff(edges)
    total = error[:, None] ** 2 + spread[None, :] ** 2
    precision = (1.0 / total).sum(axis=0)
    centre = (value[:, None] / total).sum(axis=0) / precision
    misfit = ((value[:, None] - centre) ** 2 / total).sum(axis=0)
    log_likelihood = -0.5 * (np.log(precision) + np.log(total).sum(axis=0) + misfit)
    weight = np.exp(log_likelihood - log_likelihood.max()) * width
    weight /= weight.sum()
    own = spread[None, :] ** 2 / total
    mean = centre + own * (value[:, None] - centre)
    deviation = np.sqrt(own * error[:, None] ** 2 + (1.0 - own) ** 2 / precision)
    tail = (1.0 - level) / 2.0
    normal_quantile(level)
    return Shrunken(
        mean @ weight,
        _mixture_quantile(mean, deviation, weight, tail),
        _mixture_quantile(mean, deviation, weight, 1.0 - tail),
        value,
        own @ weight,
        float(centre @ weight),
        float(spread[int(np.argmax(log_likelihood))]),
        level,
        "normal empirical Bayes",
    )


def _enough(present: np.ndarray, what: str) -> None:
    refuse_empty(present.sum(), "groups with rows")
    if present.sum() < MIN_GROUPS:
        raise NotEstimable(
            f"{int(present.sum())} groups have {what}; shrinkage needs at least {MIN_GROUPS} to "
            "see how far groups lie apart."
        )


def _posterior(hits: FloatArray, size: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return centre, relative spread and weight of the grid points that matter."""
    box = [SPREAD_BOUNDS, CENTRE_BOUNDS]
    # Each pass zooms into the region that matters; three reach the width of the posterior.
    for _ in range(4):
        spread = np.repeat(np.linspace(*box[0], GRID[0]), GRID[1])
        middle = np.tile(np.linspace(*box[1], GRID[1]), GRID[0])
        height = _log_posterior(hits, size, expit(middle), spread)
        near = height > height.max() - DEPTH
        box = [
            _around(spread[near], SPREAD_BOUNDS, (box[0][1] - box[0][0]) / (GRID[0] - 1)),
            _around(middle[near], CENTRE_BOUNDS, (box[1][1] - box[1][0]) / (GRID[1] - 1)),
        ]
    weight = np.exp(height[near] - height.max())
    return expit(middle[near]), spread[near], weight / weight.sum()


def _around(values: FloatArray, bounds: tuple[float, float], step: float) -> tuple[float, float]:
    return max(bounds[0], float(values.min()) - step), min(bounds[1], float(values.max()) + step)


def _log_posterior(
    hits: FloatArray, size: FloatArray, centre: FloatArray, spread: FloatArray
) -> FloatArray:
    precision = 1.0 / spread**2 - 1.0
    a, b = centre * precision, (1.0 - centre) * precision
    misses = size - hits
    gained = betaln(a + hits[:, None], b + misses[:, None]) - betaln(a, b)
    # A flat prior on the mean is its derivative on the logit scale of the grid.
    height: FloatArray = gained.sum(axis=0) + np.log(centre * (1.0 - centre))
    return height


def _group_moments(
    hits: FloatArray,
    size: FloatArray,
    centre: FloatArray,
    precision: FloatArray,
    grid: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return mean, variance and own weight of each group, for each column of grid weights."""
    total = size[:, None] + precision
    share = (hits[:, None] + centre * precision) / total
    mean = share @ grid
    second = (share * (1.0 - share) / (total + 1.0) + share**2) @ grid
    return mean, second - mean**2, (size[:, None] / total) @ grid


def _by_spread(spread: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return grid weights within each spread, one column a spread, and the spreads' weights."""
    values, place = np.unique(spread, return_inverse=True)
    grid = np.zeros((spread.size, values.size))
    grid[np.arange(spread.size), place] = weight
    marginal = grid.sum(axis=0)
    return grid / marginal, marginal


def _beta_quantile(
    mean: FloatArray, variance: FloatArray, weight: FloatArray, at: float
) -> FloatArray:
    """Return quantiles of mixtures of Betas that are given by their moments, one row a group."""
    count = mean * (1.0 - mean) / variance - 1.0
    a, b = mean * count, (1.0 - mean) * count
    if weight.size == 1:
        return np.asarray(betaincinv(a, b, at)[:, 0])
    low, high = np.zeros(mean.shape[0]), np.ones(mean.shape[0])
    # Twenty halvings of 1 end within a millionth of the share.
    for _ in range(20):
        middle = (low + high) / 2.0
        under = betainc(a, b, middle[:, None]) @ weight < at
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.asarray((low + high) / 2.0)


def _mixture_quantile(
    mean: FloatArray, deviation: FloatArray, weight: FloatArray, at: float
) -> FloatArray:
    low = (mean - 10.0 * deviation).min(axis=1)
    high = (mean + 10.0 * deviation).max(axis=1)
    # Fifty halvings reach machine precision from any bracket of this width.
    for _ in range(50):
        middle = (low + high) / 2.0
        below = ndtr((middle[:, None] - mean) / deviation) @ weight < at
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2.0)
