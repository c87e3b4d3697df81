"""Changes of many groups' shares between two periods whose clusters are partly the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import ParameterError
from supportlab.stats.differences import _contrast
from supportlab.stats.interval import Contrast, FloatArray, Interval, aligned
from supportlab.stats.moderated_clusters import (
    GroupProfiles,
    moderated_design_effects,
    moderated_interval,
)
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["PairedProfiles", "paired_changes"]

# A correlation of fewer clusters than this says less of its group than that of all groups does.
PRIOR_CLUSTERS = 30.0


@dataclass(frozen=True)
class PairedProfiles:
    """
    Clusters of one group in two periods, given by profile.

    Parameters
    ----------
    successes_1, n_1, successes_2, n_2 : array_like of shape (n_profiles,)
        Rows with the property and all rows of one cluster, in the later and the earlier period;
        a cluster may have no rows in one of them.
    n_clusters : array_like of shape (n_profiles,)
        How many clusters have that profile.
    """

    successes_1: ArrayLike
    n_1: ArrayLike
    successes_2: ArrayLike
    n_2: ArrayLike
    n_clusters: ArrayLike

    def periods(self) -> tuple[GroupProfiles, GroupProfiles]:
        """Return the later and the earlier period, each by itself."""
        later = GroupProfiles(self.successes_1, self.n_1, self.n_clusters)
        return later, GroupProfiles(self.successes_2, self.n_2, self.n_clusters)


def paired_changes(
    groups: Sequence[PairedProfiles], level: float = INTERVAL_LEVEL
) -> list[Contrast | None]:
    """
    Compute each group's later share minus its earlier one, with interval and p value.

    Not an effect of what happened in between: who pays may have changed too.

    Parameters
    ----------
    groups : sequence of PairedProfiles
        One a group.
    level : float
        Coverage aimed at.

    Returns
    -------
    list of Contrast or None
        In the order given; None where a period has no rows. P values are not adjusted.

    Raises
    ------
    NotEstimable
        No group has two clusters in a period.
    ParameterError
        Arrays that do not fit each other.

    Notes
    -----
    Hybrid of the intervals of both periods with their correlation through shared clusters (Zou and
    Donner 2008). The intervals are those of `moderated_shares`; the correlation of a group with
    few clusters is drawn towards that of all groups. The p value is the level at which the
    interval just touches zero.

    Examples
    --------
    >>> steady = PairedProfiles([0, 1, 0, 1], [3, 3, 3, 3], [0, 1, 1, 0], [3, 3, 3, 3],
    ...                         [150, 40, 20, 20])
    >>> found = paired_changes([steady, steady])[0]
    >>> round(found.estimate, 3), found.p_value > 0.9
    (0.0, True)
    """
    periods = [period for group in groups for period in group.periods()]
    moderated = moderated_design_effects(periods)
    totals = [_totals(period) for period in periods]
    products = np.array([_products(group) for group in groups])
    counts = np.array([totals[2 * place][2] for place in range(len(groups))])
    correlation = _moderated_correlation(products, counts)
    found: list[Contrast | None] = []
    for place, group in enumerate(groups):
        both = (2 * place, 2 * place + 1)
        if not all(totals[one][1] > 0 for one in both):
            found.append(None)
            continue

        def fit(at: float, both: tuple[int, int] = both) -> tuple[Interval, Interval]:
            first, second = (
                moderated_interval(
                    *totals[one],
                    float(moderated.design_effect[one]),
                    float(moderated.df[one]),
                    at,
                )
                for one in both
            )
            return first, second

        one = _contrast(
            fit, float(correlation[place]), level, "difference, hybrid with shared clusters"
        )
        found.append(_with_clusters(one, group))
    return found


def _totals(period: GroupProfiles) -> tuple[float, float, int]:
    part, whole, times = period.arrays()
    return float(times @ part), float(times @ whole), int(times.sum())


def _products(group: PairedProfiles) -> tuple[float, float, float]:
    """Return sums over clusters of the squares and the product of both periods' residuals."""
    first, whole_1, second, whole_2, times = aligned(
        {
            "successes_1": group.successes_1,
            "n_1": group.n_1,
            "successes_2": group.successes_2,
            "n_2": group.n_2,
            "n_clusters": group.n_clusters,
        }
    )
    if np.any(first > whole_1) or np.any(second > whole_2):
        raise ParameterError("successes are above n in some profile; a part is no larger.")
    later = _residuals(first, whole_1, times)
    earlier = _residuals(second, whole_2, times)
    return (
        float(times @ later**2),
        float(times @ earlier**2),
        float(times @ (later * earlier)),
    )


def _residuals(part: FloatArray, whole: FloatArray, times: FloatArray) -> FloatArray:
    total = float(times @ whole)
    share = float(times @ part) / total if total > 0 else 0.0
    return np.asarray(part - share * whole)


def _moderated_correlation(products: FloatArray, n_clusters: FloatArray) -> FloatArray:
    def ratio(sums: FloatArray) -> FloatArray:
        scale = np.sqrt(sums[..., 0] * sums[..., 1])
        return np.divide(sums[..., 2], scale, out=np.zeros_like(scale), where=scale > 0)

    own = ratio(products)
    shared = float(ratio(products.sum(axis=0)))
    # A group without any spread in a period has no correlation of its own.
    counts = np.where((products[:, :2] > 0).all(axis=1), n_clusters, 0.0)
    return np.asarray((counts * own + PRIOR_CLUSTERS * shared) / (counts + PRIOR_CLUSTERS))


def _with_clusters(found: Contrast, group: PairedProfiles) -> Contrast:
    from dataclasses import replace

    n_1, n_2, times = aligned({"n_1": group.n_1, "n_2": group.n_2, "n_clusters": group.n_clusters})
    return replace(found, n_clusters=int(times[(n_1 + n_2) > 0].sum()))
