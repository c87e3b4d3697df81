"""How well a score tells those who had the event from the others, respecting clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, stdtr

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.binary_cells import cluster_codes, cluster_totals
from supportlab.stats.interval import Contrast, FloatArray, aligned, t_quantile
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["ScoredRows", "clustered_auc", "difference_of_aucs", "scored_rows"]

METHOD = "AUC, clustered DeLong"
# A variance below this is nothing but rounding: the two scores order all rows alike.
NO_SPREAD = 1e-24


@dataclass(frozen=True)
class ScoredRows:
    """
    Cells with their events, the others, and their clusters.

    Parameters
    ----------
    events, others : numpy.ndarray of shape (n_cells,)
        Rows with the event and without.
    codes : numpy.ndarray of shape (n_cells,) or None
        Cluster of each cell, from 0 on; None where rows stand alone.
    """

    events: FloatArray
    others: FloatArray
    codes: NDArray[np.int64] | None

    @property
    def n_clusters(self) -> int | None:
        """Number of clusters."""
        return None if self.codes is None else int(self.codes.max()) + 1


@dataclass(frozen=True)
class _Placed:
    """An AUC, and how far each cell's events and others lie from what it says of them."""

    auc: float
    events: FloatArray
    others: FloatArray


def clustered_auc(
    score: ArrayLike,
    n: ArrayLike,
    n_events: ArrayLike,
    cluster: ArrayLike | None = None,
    level: float = INTERVAL_LEVEL,
) -> Contrast:
    """
    Estimate the area under the ROC curve, with ties, weights and clusters.

    Not for scores that were fitted on the same rows: their area is too good.

    Parameters
    ----------
    score : array_like of shape (n_cells,)
        Score of each cell, higher where the event is expected; only its order counts.
    n, n_events : array_like of shape (n_cells,)
        Rows, and rows with the event; sums of weights where clusters are given.
    cluster : array_like of shape (n_cells,), optional
        Cluster of each cell, as the customer; without it every row stands alone.
    level : float
        Coverage aimed at.

    Returns
    -------
    Contrast
        Chance that a row with the event scores higher than one without, ties counted half,
        between 0 and 1; ``p_value`` is against 0.5.

    Raises
    ------
    NotEstimable
        No events or nothing but events, fewer than two clusters with either, no overlap at all,
        or one score for all rows.
    ParameterError
        The arrays do not fit each other.

    Notes
    -----
    Placement values of DeLong, DeLong and Clarke-Pearson (1988); variance over clusters by
    Obuchowski (1997, equation 4), in which one customer's months may hold events and others.
    Limits and p value are made on the logit scale with the t quantile of Satterthwaite's degrees
    of freedom.

    Examples
    --------
    >>> found = clustered_auc([1, 2, 3, 4], [30, 30, 30, 30], [3, 6, 6, 15])
    >>> round(found.estimate, 3), round(found.low, 2), round(found.high, 2)
    (0.7, 0.58, 0.8)
    """
    values, rows = scored_rows({"score": score}, n, n_events, cluster)
    placed = _placed(values[0], rows)
    if not 0.0 < placed.auc < 1.0:
        raise NotEstimable(
            "The score parts events and others without an overlap; an interval cannot be had."
        )
    variance, df = _variance(placed.events, placed.others, rows)
    if variance <= NO_SPREAD:
        raise NotEstimable("All rows have one score, so there is no order to judge.")
    centre = float(logit(placed.auc))
    # The delta method: the derivative of the logit.
    error = float(np.sqrt(variance)) / (placed.auc * (1.0 - placed.auc))
    half = t_quantile(level, df) * error
    low, high = float(expit(centre - half)), float(expit(centre + half))
    p_value = _p_value(centre, error, df)
    return _contrast(placed.auc, (low, high), level, rows, p_value, METHOD, df)


def difference_of_aucs(
    score_1: ArrayLike,
    score_2: ArrayLike,
    n: ArrayLike,
    n_events: ArrayLike,
    cluster: ArrayLike | None = None,
    level: float = INTERVAL_LEVEL,
) -> Contrast:
    """
    Compute the first score's AUC minus the second's, on the same rows.

    Not for two groups of rows, nor where one score is the other plus noise fitted on these rows.

    Parameters
    ----------
    score_1, score_2 : array_like of shape (n_cells,)
        Two scores of each cell.
    n, n_events : array_like of shape (n_cells,)
        Rows, and rows with the event.
    cluster : array_like of shape (n_cells,), optional
        Cluster of each cell.
    level : float
        Coverage aimed at.

    Returns
    -------
    Contrast
        Difference of the areas, between -1 and 1.

    Raises
    ------
    NotEstimable
        As `clustered_auc`, or the two scores order all rows alike.
    ParameterError
        The arrays do not fit each other.

    Notes
    -----
    The covariance of the two areas comes with the differences of placement values (DeLong, DeLong
    and Clarke-Pearson 1988; clusters: Obuchowski 1997).

    Examples
    --------
    >>> found = difference_of_aucs([1, 1, 2, 2], [1, 2, 1, 2], [40] * 4, [2, 4, 9, 11])
    >>> round(found.estimate, 3), found.p_value < 0.05
    (0.115, False)
    """
    values, rows = scored_rows({"score_1": score_1, "score_2": score_2}, n, n_events, cluster)
    first, second = _placed(values[0], rows), _placed(values[1], rows)
    variance, df = _variance(first.events - second.events, first.others - second.others, rows)
    if variance <= NO_SPREAD:
        raise NotEstimable("The two scores order all rows alike, so there is no difference to see.")
    difference, error = first.auc - second.auc, float(np.sqrt(variance))
    half = t_quantile(level, df) * error
    limits = (max(-1.0, difference - half), min(1.0, difference + half))
    p_value = _p_value(difference, error, df)
    method = "difference of AUCs, clustered DeLong"
    return _contrast(difference, limits, level, rows, p_value, method, df)


def scored_rows(
    scores: dict[str, ArrayLike], n: ArrayLike, n_events: ArrayLike, cluster: ArrayLike | None
) -> tuple[list[FloatArray], ScoredRows]:
    """Return scores and rows, checked to fit each other, without cells of size zero."""
    # Scores may be below zero, counts may not.
    whole, events = aligned({"n": n, "n_events": n_events})
    *values, _ = aligned({**scores, "n": n}, min_zero=False)
    if (events > whole).any():
        raise ParameterError("n_events is above n in some cell; a part cannot exceed its whole.")
    kept = whole > 0
    codes = None if cluster is None else cluster_codes(np.asarray(cluster)[kept])
    rows = ScoredRows(events[kept], (whole - events)[kept], codes)
    for what, part in (("events", rows.events), ("rows without the event", rows.others)):
        if not part.sum() > 0:
            raise NotEstimable(f"There are no {what}, so there is nothing to tell apart.")
    return [value[kept] for value in values], rows


def _placed(score: FloatArray, rows: ScoredRows) -> _Placed:
    place = np.unique(score, return_inverse=True)[1].reshape(-1)
    events = np.bincount(place, weights=rows.events)
    others = np.bincount(place, weights=rows.others)
    # Others below plus half of those tied; events above plus half of those tied.
    below = (np.cumsum(others) - others / 2.0) / others.sum()
    above = (events.sum() - np.cumsum(events) + events / 2.0) / events.sum()
    auc = float(events @ below / events.sum())
    return _Placed(auc, below[place] - auc, above[place] - auc)


def _variance(events: FloatArray, others: FloatArray, rows: ScoredRows) -> tuple[float, float]:
    m, k = float(rows.events.sum()), float(rows.others.sum())
    if rows.codes is None:
        if m < 2 or k < 2:
            raise NotEstimable("There is one row of a kind; its spread cannot be seen.")
        up = float(rows.events @ events**2) / (m * (m - 1.0))
        down = float(rows.others @ others**2) / (k * (k - 1.0))
        return up + down, _satterthwaite((up, m - 1.0), (down, k - 1.0))
    totals = cluster_totals(
        np.column_stack([rows.events * events, rows.others * others]), rows.codes
    )
    counts = cluster_totals(np.column_stack([rows.events, rows.others]), rows.codes)
    n_up, n_down = (int((column > 0).sum()) for column in counts.T)
    if n_up < 2 or n_down < 2:
        raise NotEstimable("Fewer than two clusters have events, or rows without: no variance.")
    part = totals / np.array([m, k])
    up = float(part[:, 0] @ part[:, 0]) * n_up / (n_up - 1.0)
    down = float(part[:, 1] @ part[:, 1]) * n_down / (n_down - 1.0)
    both = 2.0 * float(part[:, 0] @ part[:, 1]) * len(part) / (len(part) - 1.0)
    # Rounding of the three corrections must not take the variance below its plain form.
    variance = max(up + down + both, float((part.sum(axis=1) ** 2).sum()))
    return variance, _satterthwaite((up, n_up - 1.0), (down, n_down - 1.0))


def _satterthwaite(*parts: tuple[float, float]) -> float:
    total = sum(part for part, _ in parts)
    spread = sum(part**2 / df for part, df in parts)
    return total**2 / spread if spread > 0 else float("inf")


def _p_value(difference: float, error: float, df: float) -> float:
    if not error > 0:
        return 0.0 if difference else 1.0
    return min(1.0, 2.0 * float(stdtr(df, -abs(difference) / error)))


def _contrast(
    estimate: float,
    limits: tuple[float, float],
    level: float,
    rows: ScoredRows,
    p_value: float,
    method: str,
    df: float,
) -> Contrast:
    n = round(float(rows.events.sum() + rows.others.sum()))
    return Contrast(estimate, *limits, level, n, rows.n_clusters, method, df=df, p_value=p_value)
