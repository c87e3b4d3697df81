"""Shares of many groups whose clustering is estimated together, for groups too small alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import polygamma

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.clusters import cluster_variance
from supportlab.stats.interval import (
    FloatArray,
    Interval,
    aligned,
    normal_quantile,
    widening_of,
)
from supportlab.stats.intervals import wilson_limits
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["GroupProfiles", "Moderated", "moderated_design_effects", "moderated_shares"]

# A prior worth this many degrees of freedom is one that all groups share without a difference.
MOST_PRIOR_DF = 200.0
LEAST_PRIOR_DF = 2.0
# With fewer groups than this whose own design effect can be seen, how far groups differ in it
# cannot: the prior then counts as this many degrees of freedom.
GROUPS_FOR_PRIOR = 4
UNKNOWN_PRIOR_DF = 10.0


@dataclass(frozen=True)
class GroupProfiles:
    """
    Clusters of one group, given by profile.

    Parameters
    ----------
    successes, n : array_like of shape (n_profiles,)
        Rows with the property and all rows of one cluster.
    n_clusters : array_like of shape (n_profiles,)
        How many clusters have that profile.
    """

    successes: ArrayLike
    n: ArrayLike
    n_clusters: ArrayLike

    def arrays(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the three arrays without clusters that have no rows."""
        names = {"successes": self.successes, "n": self.n, "n_clusters": self.n_clusters}
        part, whole, times = aligned(names)
        if np.any(part > whole):
            raise ParameterError("successes is above n in some profile; a part is no larger.")
        kept = (whole > 0) & (times > 0)
        return part[kept], whole[kept], times[kept]


@dataclass(frozen=True)
class Moderated:
    """
    Design effects of many groups, each moderated by all.

    Parameters
    ----------
    design_effect : numpy.ndarray of shape (n_groups,)
        Moderated; at least 1.
    df : numpy.ndarray of shape (n_groups,)
        Degrees of freedom behind it, own and borrowed.
    own : numpy.ndarray of shape (n_groups,)
        The group's own design effect; nan where it cannot be seen.
    correlation : float
        Correlation of two rows of one cluster, over all groups.
    prior_df : float
        Degrees of freedom that the groups lend each other.
    """

    design_effect: FloatArray
    df: FloatArray
    own: FloatArray
    correlation: float
    prior_df: float


def moderated_design_effects(groups: Sequence[GroupProfiles]) -> Moderated:
    """
    Estimate how much clustering costs each of many groups, small ones with the help of all.

    Not for groups whose clusters are of different kinds (agents here, customers there).

    Parameters
    ----------
    groups : sequence of GroupProfiles
        One a group; a group may have one cluster or none.

    Returns
    -------
    Moderated
        Design effects with their degrees of freedom.

    Raises
    ------
    NotEstimable
        No group has two clusters.

    Notes
    -----
    A group of 20 payments without a failure shows no design effect at all, and one with two
    failures of one customer shows a wild one. The correlation within clusters over all groups is
    a ratio of sums (the moment estimator of Fleiss and Cuzick 1979, over groups); a group's
    expected design effect is ``1 + correlation * (sum(n_c**2) / n - 1)``. Own and expected one are
    averaged by degrees of freedom as variances are in Smyth (2004, section 3); how many the
    expected one is worth comes from the spread of own over expected (his equation for the trigamma
    function).

    Examples
    --------
    >>> big = GroupProfiles([0, 1, 2, 0], [2, 2, 2, 1], [300, 40, 20, 100])
    >>> found = moderated_design_effects([big, GroupProfiles([0], [5], [4])])
    >>> found.design_effect.round(2).tolist()
    [1.43, 2.98]
    """
    parts = [group.arrays() for group in groups]
    own, own_df = np.full(len(parts), np.nan), np.zeros(len(parts))
    excess = room = 0.0
    for place, (part, whole, times) in enumerate(parts):
        if times.sum() < 2:
            continue
        total = float(times @ whole)
        share = float(times @ part) / total
        independent = share * (1.0 - share) / max(total - 1.0, 1.0)
        found = cluster_variance(part - share * whole, whole, independent, times)
        # Weights: the sum of p(1-p) over rows, so that no group's ratio is divided alone.
        mass = share * (1.0 - share) * total
        excess += mass * (found.design_effect - 1.0)
        room += mass * _room(whole, times)
        if independent > 0:
            own[place], own_df[place] = found.design_effect, found.df
    if not any(times.sum() >= 2 for _, _, times in parts):
        raise NotEstimable("No group has two clusters; how alike rows of one are is not visible.")
    correlation = float(np.clip(excess / room, 0.0, 1.0)) if room > 0 else 0.0
    expected = np.array([1.0 + correlation * _room(whole, times) for _, whole, times in parts])
    prior = _prior_df(own / expected, own_df)
    known = np.where(np.isfinite(own), own, 0.0)
    df = own_df + prior
    effect = (own_df * known + prior * expected) / df
    return Moderated(np.maximum(effect, 1.0), df, own, correlation, prior)


def moderated_shares(
    groups: Sequence[GroupProfiles], level: float = INTERVAL_LEVEL
) -> list[Interval | None]:
    """
    Compute the share of every group with an interval that small groups can trust too.

    Not shrunk: a share stays its group's own, only its width is learnt from all.

    Parameters
    ----------
    groups : sequence of GroupProfiles
        One a group.
    level : float
        Coverage aimed at.

    Returns
    -------
    list of Interval or None
        In the order given; None for a group without rows.

    Raises
    ------
    NotEstimable
        No group has two clusters.

    Notes
    -----
    Wilson's limits (1927) at the effective number of rows (`moderated_design_effects`; Korn and
    Graubard 1998 for the ratio of t quantiles). Unlike an interval from the group alone it holds
    where no row, or every row, has the property.

    Examples
    --------
    >>> big = GroupProfiles([0, 1, 2, 0], [2, 2, 2, 1], [300, 40, 20, 100])
    >>> small = moderated_shares([big, GroupProfiles([0], [5], [4])])[1]
    >>> round(small.high, 2)
    0.39
    """
    found = moderated_design_effects(groups)
    return [
        _interval(group, float(effect), float(df), level)
        for group, effect, df in zip(groups, found.design_effect, found.df, strict=True)
    ]


def _interval(group: GroupProfiles, effect: float, df: float, level: float) -> Interval | None:
    part, whole, times = group.arrays()
    total = float(times @ whole)
    if total == 0:
        return None
    return moderated_interval(float(times @ part), total, int(times.sum()), effect, df, level)


def moderated_interval(
    successes: float, total: float, n_clusters: int, effect: float, df: float, level: float
) -> Interval:
    """Return Wilson's interval of a share whose design effect is known with some freedom."""
    share = successes / total
    widening = widening_of(level, df, total)
    size = total / max(1.0, effect * widening**2)
    low, high = wilson_limits(share, size, normal_quantile(level))
    method = "Wilson on the effective sample size, clustering moderated over groups"
    return Interval(share, low, high, level, round(total), n_clusters, method, effect, df)


def _room(whole: FloatArray, times: FloatArray) -> float:
    """Return by how much a full correlation within clusters would raise the design effect."""
    total = float(times @ whole)
    return float((times * whole) @ whole) / total - 1.0 if total > 0 else 0.0


def _prior_df(ratio: FloatArray, df: FloatArray) -> float:
    seen = np.isfinite(ratio) & (ratio > 0) & (df >= 2.0)
    if seen.sum() < GROUPS_FOR_PRIOR:
        return UNKNOWN_PRIOR_DF
    logs = np.log(ratio[seen])
    spread = float(np.var(logs, ddof=1)) - float(np.mean(polygamma(1, df[seen] / 2.0)))
    if spread <= polygamma(1, MOST_PRIOR_DF / 2.0):
        return MOST_PRIOR_DF
    low, high = LEAST_PRIOR_DF, MOST_PRIOR_DF
    # Forty halvings of 200 end far below anything that moves a quantile.
    for _ in range(40):
        middle = (low + high) / 2.0
        above = float(polygamma(1, middle / 2.0)) > spread
        low, high = (middle, high) if above else (low, middle)
    return (low + high) / 2.0
