"""Regression of yes or no on cells: counts in, coefficients with clustered variance out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.interval import FloatArray, aligned, refuse_empty

__all__ = ["BinaryFit", "Link", "cluster_codes", "fit_binary", "independent_columns"]

Link = Literal["logit", "cloglog"]
LINKS = ("logit", "cloglog")
# Fisher scoring converges in under ten steps where a finite maximum exists.
MOST_STEPS = 50
# Change of the coefficients, in units of their own size, below which nothing is left to gain.
CLOSE_ENOUGH = 1e-10
# A coefficient beyond this on the scale of the link means odds or hazards over 10**8 to one: the
# maximum lies at infinity (perfect separation) and the number is only where the steps stopped.
LARGEST_COEFFICIENT = 18.0
# A column of length 1 that is nearer than this to what the others span is spanned by them.
DEPENDENT = 1e-8
# Chances are kept this far from 0 and 1, so that weights stay finite in double precision.
EDGE = 1e-12


@dataclass(frozen=True)
class BinaryFit:
    """
    A binary regression that was fitted on cells.

    Parameters
    ----------
    coefficients : numpy.ndarray of shape (n_columns,)
        On the scale of the link: log odds, or for ``cloglog`` log hazards.
    covariance : numpy.ndarray of shape (n_columns, n_columns)
        Robust: of independent rows, or of clusters.
    link : str
        ``logit`` or ``cloglog``.
    n, n_events : int
        Rows and events behind the cells.
    n_clusters : int or None
        Clusters; None where rows count as independent.
    df : float
        Degrees of freedom for t quantiles: clusters with an event less one; infinite without
        clusters.
    """

    coefficients: FloatArray
    covariance: NDArray[np.float64]
    link: Link
    n: int
    n_events: int
    n_clusters: int | None
    df: float

    def probability(self, design: ArrayLike, offset: ArrayLike | None = None) -> FloatArray:
        """Return the fitted chance of the event for rows of a design."""
        linear = np.asarray(design, dtype=np.float64) @ self.coefficients
        if offset is not None:
            linear = linear + np.asarray(offset, dtype=np.float64)
        return _mean(linear, self.link)


def fit_binary(
    design: ArrayLike,
    n: ArrayLike,
    n_events: ArrayLike,
    *,
    link: Link = "logit",
    cluster: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    names: Sequence[str] = (),
) -> BinaryFit:
    """
    Fit a logistic or complementary log-log regression on cells, with robust covariance.

    Not where a column tells the outcome without error: the maximum then lies at infinity and the
    fit is refused; `supportlab.stats.separation` says which rows are to blame.

    Parameters
    ----------
    design : array_like of shape (n_cells, n_columns)
        Columns of the model, the intercept among them.
    n, n_events : array_like of shape (n_cells,)
        Rows, and rows with the event, per cell.
    link : {"logit", "cloglog"}
        ``cloglog`` gives hazard ratios of events that are recorded per period.
    cluster : array_like of shape (n_cells,), optional
        Cluster of each cell, as the customer; cells of different clusters are independent.
    offset : array_like of shape (n_cells,), optional
        Added to the linear predictor with coefficient 1.
    names : sequence of str
        Names of the columns, for messages.

    Returns
    -------
    BinaryFit
        Coefficients and their covariance.

    Raises
    ------
    NotEstimable
        No rows, no events or only events, too few clusters, columns that others determine, or no
        finite maximum.
    ParameterError
        The arrays do not fit each other.

    Notes
    -----
    Maximum likelihood by Fisher scoring. Covariance: sandwich over clusters (Liang and Zeger 1986)
    times ``K / (K - 1)``; without clusters over rows (White 1982). Fitting cells gives the same
    numbers as fitting their rows.

    Examples
    --------
    >>> found = fit_binary([[1, 0], [1, 1]], [100, 100], [20, 40])
    >>> found.coefficients.round(3).tolist()
    [-1.386, 0.981]
    """
    if link not in LINKS:
        raise ParameterError(f"link came as {link!r}; allowed: 'logit', 'cloglog'.")
    rows, events = aligned({"n": n, "n_events": n_events})
    matrix = np.asarray(design, dtype=np.float64)
    base = np.zeros(rows.size) if offset is None else np.asarray(offset, dtype=np.float64)
    _check(matrix, rows, events, base)
    refuse_empty(rows.sum())
    if not 0.0 < events.sum() < rows.sum():
        raise NotEstimable(
            f"{events.sum():.0f} of {rows.sum():.0f} rows have the event: without both kinds there "
            "is nothing to tell apart."
        )
    kept = rows > 0
    matrix, rows, events, base = matrix[kept], rows[kept], events[kept], base[kept]
    coefficients = _scored(matrix, rows, events, base, link, names)
    codes = None if cluster is None else cluster_codes(np.asarray(cluster)[kept])
    return _with_covariance(matrix, rows, events, base, link, coefficients, codes)


def cluster_codes(cluster: ArrayLike) -> NDArray[np.int64]:
    """Return whole numbers from 0 on that stand for the clusters, in sorted order."""
    codes: NDArray[np.int64] = np.unique(np.asarray(cluster), return_inverse=True)[1]
    return codes.reshape(-1)


def cluster_totals(values: FloatArray, codes: NDArray[np.int64]) -> FloatArray:
    """Return the sum of each column of `values` in each cluster."""
    size = int(codes.max()) + 1
    columns = values if values.ndim == 2 else values[:, None]
    sums = [np.bincount(codes, weights=column, minlength=size) for column in columns.T]
    return np.column_stack(sums)


def independent_columns(design: ArrayLike) -> list[int]:
    """Return the places of the columns that those before them do not determine, in order."""
    matrix = np.asarray(design, dtype=np.float64)
    scale = np.linalg.norm(matrix, axis=0)
    scale[scale == 0] = 1.0
    # Columns depend on each other as those of the triangle do, which is small.
    triangle = np.asarray(np.linalg.qr(matrix / scale, mode="r"))
    basis: list[FloatArray] = []
    kept = []
    for place, column in enumerate(triangle.T):
        rest = column
        for _ in range(2):  # twice is enough against rounding (Giraud and others 2005)
            for one in basis:
                rest = rest - float(one @ rest) * one
        size = float(np.linalg.norm(rest))
        if size > DEPENDENT:
            basis.append(rest / size)
            kept.append(place)
    return kept


def _check(matrix: FloatArray, rows: FloatArray, events: FloatArray, base: FloatArray) -> None:
    if matrix.ndim != 2 or len(matrix) != rows.size or base.size != rows.size:
        raise ParameterError(
            f"design has shape {matrix.shape}, offset {base.shape} and there are {rows.size} "
            "cells; give one row of the design per cell."
        )
    if not np.isfinite(matrix).all():
        raise ParameterError("design holds missing or infinite values; leave those cells out.")
    if (events > rows).any():
        raise ParameterError("n_events is above n in some cell; a part cannot exceed its whole.")


def _mean(linear: FloatArray, link: Link) -> FloatArray:
    chance = expit(linear) if link == "logit" else -np.expm1(-np.exp(np.minimum(linear, 30.0)))
    kept: FloatArray = np.clip(chance, EDGE, 1.0 - EDGE)
    return kept


def _slope(linear: FloatArray, chance: FloatArray, link: Link) -> FloatArray:
    """Return the derivative of the chance by the linear predictor."""
    if link == "logit":
        return chance * (1.0 - chance)
    return np.asarray((1.0 - chance) * np.exp(np.minimum(linear, 30.0)))


def _scored(
    matrix: FloatArray,
    rows: FloatArray,
    events: FloatArray,
    base: FloatArray,
    link: Link,
    names: Sequence[str],
) -> FloatArray:
    _refuse_collinear(matrix, names)
    found = np.zeros(matrix.shape[1])
    for _ in range(MOST_STEPS):
        linear = matrix @ found + base
        chance = _mean(linear, link)
        slope = _slope(linear, chance, link)
        weight = rows * slope**2 / (chance * (1.0 - chance))
        score = matrix.T @ ((events - rows * chance) * slope / (chance * (1.0 - chance)))
        information = (matrix * weight[:, None]).T @ matrix
        step = np.linalg.lstsq(information, score, rcond=None)[0]
        # A long first step can leap over the maximum; a step of 2 on a log scale is plenty.
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-300))
        found = found + step
        if np.abs(step).max() < CLOSE_ENOUGH * (1.0 + np.abs(found).max()):
            break
    else:
        raise NotEstimable(_endless(found, names))
    if np.abs(found).max() > LARGEST_COEFFICIENT:
        raise NotEstimable(_endless(found, names))
    return found


def _refuse_collinear(matrix: FloatArray, names: Sequence[str]) -> None:
    kept = independent_columns(matrix)
    lost = [place for place in range(matrix.shape[1]) if place not in kept]
    if lost:
        who = ", ".join(_name(names, place) for place in lost)
        raise NotEstimable(f"Columns that the others determine: {who}. Leave one level out.")


def _endless(found: FloatArray, names: Sequence[str]) -> str:
    place = int(np.abs(found).argmax())
    return (
        f"No finite maximum: the coefficient of {_name(names, place)} runs away, as it does where "
        "a level has the event always or never (perfect separation)."
    )


def _name(names: Sequence[str], place: int) -> str:
    return names[place] if place < len(names) else f"column {place}"


def _with_covariance(
    matrix: FloatArray,
    rows: FloatArray,
    events: FloatArray,
    base: FloatArray,
    link: Link,
    coefficients: FloatArray,
    codes: NDArray[np.int64] | None,
) -> BinaryFit:
    linear = matrix @ coefficients + base
    chance = _mean(linear, link)
    slope = _slope(linear, chance, link)
    # What a row with the event, and one without, adds to the score per unit of its column.
    hit, miss = slope / chance, -slope / (1.0 - chance)
    curve = rows * slope
    if link == "cloglog":
        # Observed information: under a wrong model the sandwich needs it, not its expectation.
        hazard = -miss
        curve = (rows - events) * hazard - events * hit * (1.0 - hazard - hit)
    bread = np.linalg.inv((matrix * curve[:, None]).T @ matrix)
    if codes is None:
        squares = events * hit**2 + (rows - events) * miss**2
        meat, n_clusters, df = (matrix * squares[:, None]).T @ matrix, None, float("inf")
    else:
        each = cluster_totals(matrix * (events * hit + (rows - events) * miss)[:, None], codes)
        n_clusters = len(each)
        with_event = np.bincount(codes, weights=events, minlength=n_clusters) > 0
        df = float(with_event.sum()) - 1.0
        if n_clusters < 2 or df < 1:
            raise NotEstimable("Fewer than two clusters have the event; no variance can be had.")
        meat = each.T @ each * n_clusters / (n_clusters - 1.0)
    n, n_events = round(float(rows.sum())), round(float(events.sum()))
    covariance = bread @ meat @ bread
    return BinaryFit(coefficients, covariance, link, n, n_events, n_clusters, df)
