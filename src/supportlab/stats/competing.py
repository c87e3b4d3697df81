"""Staying and leaving when observation begins late: survival and incidence by cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.interval import FloatArray, aligned, refuse_empty
from supportlab.stats.survival import KaplanMeier

__all__ = [
    "Incidence",
    "cumulative_incidence",
    "delayed_kaplan_meier",
]


@dataclass(frozen=True)
class Incidence:
    """
    Cumulative incidence of one cause among others.

    Parameters
    ----------
    cause : str
        The cause.
    times : numpy.ndarray of shape (n_times,)
        Distinct times with an event of any cause, ascending.
    incidence : numpy.ndarray of shape (n_times,)
        Share that has ended by this cause up to each time.
    variance : numpy.ndarray of shape (n_times,)
        Of ``incidence``.
    alone : numpy.ndarray of shape (n_times,)
        One minus Kaplan-Meier with the other causes as censored: what it is mistaken for.
    n_at_risk, n_events : numpy.ndarray of shape (n_times,)
        Under observation just before, and events of the cause at, each time.
    n : int
        All who came under observation.
    last_time : float
        Longest time at which anybody was under observation.
    """

    cause: str
    times: FloatArray
    incidence: FloatArray
    variance: FloatArray
    alone: FloatArray
    n_at_risk: FloatArray
    n_events: FloatArray
    n: int
    last_time: float


@dataclass(frozen=True)
class _Flow:
    times: FloatArray
    at_risk: FloatArray
    events: Mapping[str, FloatArray]
    every: FloatArray
    n: int
    n_censored: int
    last_time: float


def delayed_kaplan_meier(
    time: ArrayLike, n_entered: ArrayLike, n_events: ArrayLike, n_censored: ArrayLike
) -> KaplanMeier:
    """
    Estimate the survival curve of rows that came under observation at different times.

    Not where nobody is seen from the beginning: the curve then starts with the few who are.

    Parameters
    ----------
    time : array_like of shape (n_rows,)
        Times since the origin, in any order, repeats allowed.
    n_entered, n_events, n_censored : array_like of shape (n_rows,)
        Rows that come under observation at that time, and rows that end or are last seen at it.

    Returns
    -------
    KaplanMeier
        Curve with Greenwood's variance; whoever enters at a time is at risk after it.

    Raises
    ------
    NotEstimable
        No rows, no event, or more rows end than have entered.
    ParameterError
        Arrays of different lengths, or negative values.

    Notes
    -----
    Lynden-Bell (1971); Klein and Moeschberger (2003), section 4.6. A time at which all at risk
    end while others come later takes the curve to 0, as the estimator says; few at risk early make
    that likely, so curves begin where enough customers are watched.

    Examples
    --------
    >>> curve = delayed_kaplan_meier([0, 5, 6, 10], [4, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 3])
    >>> curve.n_at_risk.tolist(), curve.survival.round(2).tolist()
    ([5.0, 4.0], [0.8, 0.6])
    """
    flow = _flow(time, n_entered, {"event": n_events}, n_censored)
    with np.errstate(divide="ignore"):
        greenwood = np.cumsum(flow.every / (flow.at_risk * (flow.at_risk - flow.every)))
    return KaplanMeier(
        times=flow.times,
        survival=np.asarray(np.cumprod(1.0 - flow.every / flow.at_risk)),
        n_at_risk=flow.at_risk,
        n_events=flow.every,
        variance=greenwood,
        independent_variance=greenwood,
        n=flow.n,
        n_censored=flow.n_censored,
        last_time=flow.last_time,
        n_clusters=None,
        design_effect=None,
        df=float("inf"),
    )


def cumulative_incidence(
    time: ArrayLike,
    n_entered: ArrayLike,
    n_events: Mapping[str, ArrayLike],
    n_censored: ArrayLike,
) -> dict[str, Incidence]:
    """
    Estimate how many end by each cause up to each time, when ending by one rules out the others.

    Not one minus Kaplan-Meier of each cause, which asks how many would end by it if nobody could
    end by another, and adds up to more than all.

    Parameters
    ----------
    time : array_like of shape (n_rows,)
        Times since the origin, in any order, repeats allowed.
    n_entered : array_like of shape (n_rows,)
        Rows that come under observation at that time.
    n_events : mapping of str to array_like of shape (n_rows,)
        Rows that end at it, by cause.
    n_censored : array_like of shape (n_rows,)
        Rows last seen at it.

    Returns
    -------
    dict of str to Incidence
        One per cause; at every time they add up to one minus the survival of all causes.

    Raises
    ------
    NotEstimable
        No rows, no event, or more rows end than have entered.
    ParameterError
        Arrays of different lengths, or negative values.

    Notes
    -----
    Aalen and Johansen (1978); variance by the delta method (Marubini and Valsecchi 1995, equation
    10.12), with delayed entry through the numbers at risk.

    Examples
    --------
    >>> ended = {"a": [0, 1, 1], "b": [0, 1, 0]}
    >>> found = cumulative_incidence([0, 1, 2], [4, 0, 0], ended, [0, 0, 1])
    >>> found["a"].incidence.tolist(), found["a"].alone.round(3).tolist()
    ([0.25, 0.5], [0.25, 0.625])
    """
    flow = _flow(time, n_entered, n_events, n_censored)
    return {cause: _incidence(flow, cause) for cause in flow.events}


def _incidence(flow: _Flow, cause: str) -> Incidence:
    died = flow.events[cause]
    survival = np.cumprod(1.0 - flow.every / flow.at_risk)
    before = np.concatenate([[1.0], survival[:-1]])
    found = np.cumsum(before * died / flow.at_risk)
    return Incidence(
        cause=cause,
        times=flow.times,
        incidence=found,
        variance=_variance(flow, died, before, found),
        alone=np.asarray(1.0 - np.cumprod(1.0 - died / flow.at_risk), dtype=np.float64),
        n_at_risk=flow.at_risk,
        n_events=died,
        n=flow.n,
        last_time=flow.last_time,
    )


def _variance(flow: _Flow, died: FloatArray, before: FloatArray, found: FloatArray) -> FloatArray:
    """Return the delta-method variance; sums over earlier times are split into running ones."""
    n, every = flow.at_risk, flow.every
    left = n - every
    # Where all at risk end, nothing later can vary through that time.
    spread = np.where(left > 0, every / (n * np.where(left > 0, left, 1.0)), 0.0)
    own = before**2 * died * (n - died) / n**3
    joint = before * died / n**2
    square = found**2 * np.cumsum(spread) - 2 * found * np.cumsum(found * spread)
    square = square + np.cumsum(found**2 * spread)
    cross = found * np.cumsum(joint) - np.cumsum(found * joint)
    # Differences of near-equal sums may fall below zero by rounding.
    return np.asarray(np.maximum(square + np.cumsum(own) - 2.0 * cross, 0.0))


def _flow(
    time: ArrayLike, n_entered: ArrayLike, n_events: Mapping[str, ArrayLike], n_censored: ArrayLike
) -> _Flow:
    if not n_events:
        raise ParameterError("n_events names no cause; give one array of counts a cause.")
    named = {f"n_events[{cause!r}]": counts for cause, counts in n_events.items()}
    arrays = aligned({"time": time, "n_entered": n_entered, "n_censored": n_censored, **named})
    when, entered, censored = arrays[:3]
    refuse_empty(entered.sum())
    times, place = np.unique(when, return_inverse=True)
    came, gone = (np.bincount(place, weights=counts) for counts in (entered, censored))
    by_cause = {
        cause: np.bincount(place, weights=counts).astype(np.float64)
        for cause, counts in zip(n_events, arrays[3:], strict=True)
    }
    every = np.sum(list(by_cause.values()), axis=0)
    ended = np.cumsum(every + gone)
    before = np.cumsum(came) - came - (ended - every - gone)
    if (every + gone > before + 1e-9).any():
        at = float(times[np.flatnonzero(every + gone > before + 1e-9)[0]])
        raise NotEstimable(
            f"At {at:g} more rows end than are under observation; whoever enters at a time is "
            "under observation after it."
        )
    kept = every > 0
    if not kept.any():
        raise NotEstimable(f"None of the {round(float(entered.sum()))} rows has an event yet.")
    return _Flow(
        times[kept],
        before[kept],
        {cause: counts[kept] for cause, counts in by_cause.items()},
        every[kept],
        round(float(entered.sum())),
        round(float(gone.sum())),
        float(times[(every + gone) > 0].max()),
    )
