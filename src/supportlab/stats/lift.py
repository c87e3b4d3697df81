"""How concentrated an event is among the highest scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.binary_cells import cluster_totals
from supportlab.stats.discrimination import ScoredRows, scored_rows
from supportlab.stats.interval import FloatArray, Interval, t_quantile
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["lift", "top_part"]


def lift(
    score: ArrayLike,
    n: ArrayLike,
    n_events: ArrayLike,
    cluster: ArrayLike | None = None,
    *,
    share: float = 0.1,
    level: float = INTERVAL_LEVEL,
) -> Interval:
    """
    Estimate how many times as frequent events are among the highest scores as in all rows.

    Not for scores that were fitted on the same rows.

    Parameters
    ----------
    score : array_like of shape (n_cells,)
        Score of each cell, higher where the event is expected.
    n, n_events : array_like of shape (n_cells,)
        Rows, and rows with the event.
    cluster : array_like of shape (n_cells,), optional
        Cluster of each cell.
    share : float
        Part of the rows that is at the top; rows tied at its border count in part.
    level : float
        Coverage aimed at.

    Returns
    -------
    Interval
        Rate at the top over the rate of all rows; 1 is no better than chance.

    Raises
    ------
    NotEstimable
        No events, none at the top, or fewer than two clusters with one.
    ParameterError
        ``share`` is not between 0 and 1, or the arrays do not fit each other.

    Notes
    -----
    Linearised on the log scale over clusters, the border taken as given (Woodruff 1971).

    Examples
    --------
    >>> round(lift([3, 2, 1], [100, 400, 500], [30, 40, 30], share=0.1).estimate, 2)
    3.0
    """
    if not 0.0 < share < 1.0:
        raise ParameterError(f"share came as {share!r}; give one between 0 and 1, as 0.1.")
    values, rows = scored_rows({"score": score}, n, n_events, cluster)
    size = rows.events + rows.others
    inside = top_part(values[0], size, share)
    total, events = float(size.sum()), float(rows.events.sum())
    top, top_events = float((inside * size).sum()), float((inside * rows.events).sum())
    if not top_events > 0:
        raise NotEstimable(f"None of the {events:.0f} events lies in the top {share:.0%}.")
    ratio = (top_events / top) / (events / total)
    # What a row with the event, and one without, adds to the logarithm of the ratio.
    other = -inside / top + 1.0 / total
    hit = inside / top_events - 1.0 / events + other
    variance, df = _log_variance(hit, other, inside, rows)
    half = t_quantile(level, df) * float(np.sqrt(variance))
    limits = (ratio * float(np.exp(-half)), ratio * float(np.exp(half)))
    n_clusters = rows.n_clusters
    method = "lift, linearised over clusters"
    return Interval(ratio, *limits, level, round(total), n_clusters, method, df=df)


def _log_variance(
    hit: FloatArray, other: FloatArray, inside: FloatArray, rows: ScoredRows
) -> tuple[float, float]:
    if rows.codes is None:
        variance = float(rows.events @ hit**2 + rows.others @ other**2)
        return variance, max(1.0, float((inside * rows.events).sum()) - 1.0)
    each = cluster_totals(
        np.column_stack([rows.events * hit + rows.others * other, inside * rows.events]),
        rows.codes,
    )
    n_top = int((each[:, 1] > 0).sum())
    if n_top < 2:
        raise NotEstimable("Fewer than two clusters have an event at the top; no variance.")
    variance = float(each[:, 0] @ each[:, 0]) * len(each) / (len(each) - 1.0)
    return variance, n_top - 1.0


def top_part(score: FloatArray, size: FloatArray, share: float) -> FloatArray:
    """Return which part of each cell lies among the given share of highest scores."""
    place = np.unique(-score, return_inverse=True)[1].reshape(-1)
    each = np.bincount(place, weights=size)
    before = np.cumsum(each) - each
    wanted = share * float(size.sum())
    part: FloatArray = np.clip((wanted - before) / each, 0.0, 1.0)[place]
    return part
