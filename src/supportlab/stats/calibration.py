"""Whether foretold chances are what comes to pass: slope, intercept, error, by clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.binary_cells import BinaryFit, cluster_codes, cluster_totals, fit_binary
from supportlab.stats.interval import FloatArray, Interval, aligned, t_quantile
from supportlab.stats.intervals import clustered_proportion
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["Bin", "Calibration", "calibration"]

# Draws for the interval of the calibration error: its ends then move by about 2 % between seeds.
N_DRAWS = 2000
# Fewer expected events in a bin, and its observed rate says nothing.
FEWEST_EXPECTED = 5.0
EDGE = 1e-9


@dataclass(frozen=True)
class Bin:
    """
    One row of a reliability table.

    Parameters
    ----------
    foretold : float
        Mean foretold chance.
    observed : Interval
        Share of rows with the event.
    n, n_events : int
        Rows and events.
    """

    foretold: float
    observed: Interval
    n: int
    n_events: int


@dataclass(frozen=True)
class Calibration:
    """
    How foretold chances compare with what came to pass.

    Parameters
    ----------
    slope : Interval
        Of the log odds of the event by the foretold log odds; 1 is right, below 1 the chances are
        too extreme.
    intercept : Interval
        Log odds by which events are more frequent than foretold, at slope 1; 0 is right.
    error : Interval
        Expected calibration error: mean distance of foretold and observed over bins, less what
        chance alone would give.
    bins : tuple of Bin
        Reliability table, from the lowest foretold chance up.
    """

    slope: Interval
    intercept: Interval
    error: Interval
    bins: tuple[Bin, ...]


def calibration(
    probability: ArrayLike,
    n: ArrayLike,
    n_events: ArrayLike,
    cluster: ArrayLike,
    level: float = INTERVAL_LEVEL,
    *,
    n_bins: int = 10,
    seed: int = 20240701,
) -> Calibration:
    """
    Hold foretold chances against what came to pass.

    Not on the rows that the chances were fitted on: there they are right by construction.

    Parameters
    ----------
    probability : array_like of shape (n_cells,)
        Foretold chance of the event, between 0 and 1.
    n, n_events : array_like of shape (n_cells,)
        Rows, and rows with the event.
    cluster : array_like of shape (n_cells,)
        Cluster of each cell, as the customer.
    level : float
        Coverage aimed at.
    n_bins : int
        Bins of about equal numbers of rows; fewer where they would expect under five events.
    seed : int
        For the interval of the calibration error.

    Returns
    -------
    Calibration
        Slope, intercept, error and reliability table.

    Raises
    ------
    NotEstimable
        No events, only events, or all chances alike so that there is no slope.
    ParameterError
        A chance lies outside 0 and 1, or the arrays do not fit each other.

    Notes
    -----
    Slope and calibration in the large: Cox (1958), with the sandwich variance over clusters. The
    plain expected calibration error is above zero even for true chances (Bröcker and Smith 2007).
    Here the bins' distances are taken to be a multiple of the observed ones plus normal noise with
    their covariance over clusters: limits and estimate are those multiples under which the
    observed error is the lowest and highest 2.5 %, and the median, of what is drawn (test
    inversion along one ray). True chances so have an interval that holds 0.

    Examples
    --------
    >>> found = calibration([0.1, 0.1, 0.3, 0.3], [50] * 4, [4, 5, 16, 15], [1, 2, 3, 4])
    >>> round(found.slope.estimate, 2), len(found.bins)
    (1.12, 2)
    """
    chance, rows, events = aligned({"probability": probability, "n": n, "n_events": n_events})
    if (chance > 1.0).any():
        raise ParameterError("probability holds values above 1; give chances between 0 and 1.")
    kept = rows > 0
    chance, rows, events = chance[kept], rows[kept], events[kept]
    codes = cluster_codes(np.asarray(cluster)[kept])
    odds = logit(np.clip(chance, EDGE, 1.0 - EDGE))
    ones = np.ones((rows.size, 1))
    intercept = fit_binary(ones, rows, events, cluster=codes, offset=odds)
    if np.ptp(odds) < EDGE:
        raise NotEstimable("All foretold chances are alike, so they have no slope.")
    slope = fit_binary(np.column_stack([ones, odds]), rows, events, cluster=codes)
    place = _bins(chance, rows, n_bins)
    return Calibration(
        _coefficient(slope, 1, level, "calibration slope, clustered"),
        _coefficient(intercept, 0, level, "calibration in the large, clustered"),
        _error(chance, rows, events, codes, place, level, seed),
        _table(chance, rows, events, codes, place, level),
    )


def _coefficient(fit: BinaryFit, place: int, level: float, method: str) -> Interval:
    estimate = float(fit.coefficients[place])
    half = t_quantile(level, fit.df) * float(np.sqrt(fit.covariance[place, place]))
    low, high = estimate - half, estimate + half
    return Interval(estimate, low, high, level, fit.n, fit.n_clusters, method, df=fit.df)


def _bins(chance: FloatArray, rows: FloatArray, n_bins: int) -> NDArray[np.int64]:
    """Return the bin of each cell; tied chances stay together, sparse bins join the next."""
    if n_bins < 1:
        raise ParameterError(f"n_bins came as {n_bins!r}; give 1 or more.")
    values, place = np.unique(chance, return_inverse=True)
    size = np.bincount(place.reshape(-1), weights=rows)
    middle = (np.cumsum(size) - size / 2.0) / size.sum()
    wanted = np.minimum((middle * n_bins).astype(np.int64), n_bins - 1)
    expected = values * size
    found = np.zeros(values.size, dtype=np.int64)
    current, held = 0, 0.0
    for spot in range(values.size):
        is_new = spot > 0 and wanted[spot] != wanted[spot - 1]
        if is_new and held >= FEWEST_EXPECTED:
            current, held = current + 1, 0.0
        found[spot] = current
        held += expected[spot]
    if current > 0 and held < FEWEST_EXPECTED:
        found[found == current] = current - 1
    return found[place.reshape(-1)]


def _error(
    chance: FloatArray,
    rows: FloatArray,
    events: FloatArray,
    codes: NDArray[np.int64],
    place: NDArray[np.int64],
    level: float,
    seed: int,
) -> Interval:
    total, n_bins = float(rows.sum()), int(place.max()) + 1
    in_bin = np.arange(n_bins) == place[:, None]
    each = cluster_totals(in_bin * (events - rows * chance)[:, None], codes)
    distance = each.sum(axis=0) / total
    share = cluster_totals(rows, codes)
    residual = (each - share * distance) / total
    covariance = residual.T @ residual * len(each) / (len(each) - 1.0)
    rng = np.random.default_rng(seed)
    # A factor that also serves a covariance without full rank.
    values, vectors = np.linalg.eigh(covariance)
    factor = vectors * np.sqrt(np.maximum(values, 0.0))
    noise = rng.standard_normal((N_DRAWS, n_bins)) @ factor.T
    plain, tail = float(np.abs(distance).sum()), (1.0 - level) / 2.0
    # The higher the quantile that the observed error is taken for, the smaller the true one.
    low, middle, high = (
        plain * _shrinkage(distance, noise, share) for share in (1.0 - tail, 0.5, tail)
    )
    method = f"expected calibration error over {n_bins} bins, less chance"
    return Interval(middle, low, high, level, round(total), len(each), method)


def _shrinkage(distance: FloatArray, noise: FloatArray, share: float) -> float:
    """Return how much of the distances, noise added, has the observed error as its quantile."""
    plain = float(np.abs(distance).sum())

    def quantile(part: float) -> float:
        return float(np.quantile(np.abs(part * distance + noise).sum(axis=1), share))

    if plain <= 0 or quantile(0.0) >= plain:
        return 0.0
    low, high = 0.0, 1.0
    while quantile(high) < plain and high < 1e3:
        low, high = high, 2.0 * high
    for _ in range(30):
        middle = (low + high) / 2.0
        low, high = (middle, high) if quantile(middle) < plain else (low, middle)
    return low


def _table(
    chance: FloatArray,
    rows: FloatArray,
    events: FloatArray,
    codes: NDArray[np.int64],
    place: NDArray[np.int64],
    level: float,
) -> tuple[Bin, ...]:
    found = []
    for spot in range(int(place.max()) + 1):
        chosen = place == spot
        own = cluster_codes(codes[chosen])
        sums = cluster_totals(np.column_stack([events[chosen], rows[chosen]]), own)
        share = clustered_proportion(sums[:, 0], sums[:, 1], level)
        mean = float((chance * rows)[chosen].sum() / rows[chosen].sum())
        found.append(Bin(mean, share, round(rows[chosen].sum()), round(events[chosen].sum())))
    return tuple(found)
