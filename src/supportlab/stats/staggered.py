"""Effect of something that starts at different times in different units, by imputation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc

from supportlab.errors import NotEstimable
from supportlab.stats.interval import Contrast, FloatArray, t_quantile
from supportlab.stats.jackknife import FEWEST_ADOPTERS, Part, jackknife_contrast, part_effects
from supportlab.stats.roll_out_cells import RollOutCells
from supportlab.vocabulary import INTERVAL_LEVEL

__all__ = ["Horizon", "PreTrend", "RollOut", "imputed_effect", "two_way_fixed_effect"]

# Below these, what sets units apart cannot be told from chance: with few clusters intervals cover
# far less than they say, whatever the correction (MacKinnon and Webb 2017 on few treated ones).
FEWEST_CLUSTERS = 8
# Periods before adoption that the pre-trend test looks at.
LEADS = 3
POWER = 0.80


@dataclass(frozen=True)
class Horizon:
    """The effect so many periods after adoption (below 0: before, from untreated periods alone)."""

    periods: int
    interval: Contrast


@dataclass(frozen=True)
class PreTrend:
    """
    Whether adopters moved apart from the others before they adopted.

    Parameters
    ----------
    leads : tuple of Horizon
        Difference to the earlier untreated periods, per period before adoption.
    p_value : float
        Of all leads being 0.
    mean : Contrast
        Mean of the leads.
    detectable : float
        Mean lead that would have been found with a chance of 80 %.
    """

    leads: tuple[Horizon, ...]
    p_value: float
    mean: Contrast
    detectable: float


@dataclass(frozen=True)
class RollOut:
    """
    Effect of a roll-out on those it reached.

    Parameters
    ----------
    interval : Contrast
        Mean effect over the treated rows, weighted by rows.
    by_horizon : tuple of Horizon
        The effect by periods since adoption.
    pre_trend : PreTrend or None
        None where too few periods lie before adoption.
    replicates : numpy.ndarray of shape (n_clusters,)
        The estimate with one cluster left out each, in the order of `clusters`.
    clusters : tuple of str
        Names of the clusters, sorted.
    weights : mapping of str to float
        Share of each adopting cluster in the estimate.
    naive : float
        The two-way fixed-effects coefficient on the same cells.
    n_adopters : int
        Clusters that adopt within the periods and count.
    n_dropped : int
        Treated rows that no untreated rows can speak for.
    by_part : mapping of str to tuple of Part
        The effect in parts of the rows, for each set of parts that was asked for.
    """

    interval: Contrast
    by_horizon: tuple[Horizon, ...]
    pre_trend: PreTrend | None
    replicates: FloatArray
    clusters: tuple[str, ...]
    weights: dict[str, float]
    naive: float
    n_adopters: int
    n_dropped: int
    by_part: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)


def imputed_effect(
    unit: ArrayLike,
    period: ArrayLike,
    n: ArrayLike,
    total: ArrayLike,
    adopted: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    design: ArrayLike | None = None,
    anticipation: int = 0,
    last_horizon: int | None = None,
    parts: Mapping[str, ArrayLike] | None = None,
    level: float = INTERVAL_LEVEL,
) -> RollOut:
    """
    Estimate the effect of a staggered roll-out by imputing what would have been without it.

    Not where units adopt because of how the outcome was just moving, and not where rows move to
    another unit to be reached. Without the roll-out the units' means must have moved in parallel.

    Parameters
    ----------
    unit : array_like of shape (n_cells,)
        Unit of each cell, as the team or the market.
    period : array_like of shape (n_cells,)
        Whole number of the period, rising by 1.
    n, total : array_like of shape (n_cells,)
        Rows, and the sum of their outcomes.
    adopted : array_like of shape (n_cells,)
        First treated period of the cell's unit; nan where it never adopts. A unit that is treated
        from the first period on has no untreated period and is left out.
    cluster : array_like of shape (n_cells,), optional
        Outermost grouping of the units; the unit when left out.
    design : array_like of shape (n_cells, n_columns), optional
        Covariates that the roll-out does not change.
    anticipation : int
        Periods before adoption that may already be changed and do not count as untreated.
    last_horizon : int, optional
        Treated periods later than this after adoption are left out.
    parts : mapping of str to array_like of shape (n_cells,), optional
        Labels of the cells; the effect is also given for each label.
    level : float
        Coverage aimed at.

    Returns
    -------
    RollOut
        Effect, event study, pre-trend test, naive comparison.

    Raises
    ------
    NotEstimable
        Fewer than 8 clusters, fewer than 4 that adopt, or no treated period that untreated ones
        speak for.
    ParameterError
        The arrays do not fit each other.

    Notes
    -----
    Unit and period effects and covariates are fitted on untreated cells alone, weighted by rows;
    the effect is the mean of observed less imputed (Borusyak, Jaravel and Spiess 2024; the point
    estimate of Gardner's two stages). Variance by leaving out one cluster at a time (the jackknife
    that is CR3 for a linear estimator), with as many degrees of freedom as adopting clusters less
    one. A treated cell counts if its unit and its period are tied together by untreated cells also
    when any one other cluster is left out. Pre-trends: leads added to the fit on untreated cells.

    Examples
    --------
    >>> import numpy as np
    >>> unit, period = np.repeat(np.arange(10), 6), np.tile(np.arange(6), 10)
    >>> adopted = np.where(unit < 6, 2.0 + unit % 3, np.nan)
    >>> mean = 0.1 + 0.01 * unit + 0.02 * period - 0.05 * (period >= adopted)
    >>> found = imputed_effect(unit, period, np.full(60, 100.0), 100 * mean, adopted)
    >>> round(found.interval.estimate, 6), found.n_adopters
    (-0.05, 6)
    """
    cells = RollOutCells.read(unit, period, n, total, adopted, cluster, design, anticipation)
    chosen = cells.treated & cells.is_tied()
    if last_horizon is not None:
        chosen &= cells.since <= last_horizon
    _refuse_few(cells, chosen)
    names = cells.cluster_names
    everywhere, without = cells.effects(chosen)
    adopters = np.unique(cells.cluster[chosen])
    df = float(adopters.size - 1)
    n_rows = round(float(cells.n[chosen].sum()))
    words = "imputation difference-in-differences, leave-one-cluster-out"
    weight = np.bincount(cells.cluster[chosen], cells.n[chosen], len(names))
    return RollOut(
        interval=_jackknife(everywhere, without, df, n_rows, level, words),
        by_horizon=_horizons(cells, chosen, df, level),
        pre_trend=_pre_trend(cells, df, level),
        replicates=without,
        clusters=names,
        weights={names[g]: float(weight[g] / weight.sum()) for g in adopters},
        naive=two_way_fixed_effect(unit, period, n, total, adopted, design=design),
        n_adopters=int(adopters.size),
        n_dropped=round(float(cells.n[cells.treated & ~chosen].sum())),
        by_part={
            name: part_effects(cells, chosen, labels, level)
            for name, labels in (parts or {}).items()
        },
    )


def two_way_fixed_effect(
    unit: ArrayLike,
    period: ArrayLike,
    n: ArrayLike,
    total: ArrayLike,
    adopted: ArrayLike,
    *,
    design: ArrayLike | None = None,
) -> float:
    """
    Compute the coefficient of treatment beside unit and period effects: the naive comparison.

    Not to be quoted where effects differ between units or grow with time: earlier adopters then
    serve as controls of later ones, and the coefficient may have the wrong sign (Goodman-Bacon
    2021).

    Parameters
    ----------
    unit, period, n, total, adopted, design
        As of `imputed_effect`.

    Returns
    -------
    float
        The coefficient.

    Examples
    --------
    >>> two_way_fixed_effect([0, 0, 1, 1], [0, 1, 0, 1], [1] * 4, [1, 4, 1, 2], [1, 1, 9, 9])
    2.0
    """
    cells = RollOutCells.read(unit, period, n, total, adopted, None, design, 0)
    from scipy.sparse import csr_array, hstack

    treated = csr_array(cells.treated.astype(np.float64)[:, None])
    found = cells.coefficients(csr_array(hstack([treated, cells.columns])), cells.n > 0)
    return round(float(found[0, 0]), 12)


def _refuse_few(cells: RollOutCells, chosen: NDArray[np.bool_]) -> None:
    adopters = np.unique(cells.cluster[chosen])
    n_clusters = len(cells.cluster_names)
    if n_clusters < FEWEST_CLUSTERS:
        raise NotEstimable(
            f"There are {n_clusters} clusters; the effect of a roll-out needs at least "
            f"{FEWEST_CLUSTERS} to tell it from what sets them apart."
        )
    if adopters.size < FEWEST_ADOPTERS:
        raise NotEstimable(
            f"Of the clusters, {adopters.size} adopt with untreated rows before and beside them; "
            f"at least {FEWEST_ADOPTERS} are needed."
        )


def _jackknife(
    estimate: float, without: FloatArray, df: float, n: int, level: float, words: str
) -> Contrast:
    return jackknife_contrast(estimate, without, df=df, n=n, level=level, method=words)


def _horizons(
    cells: RollOutCells, chosen: NDArray[np.bool_], df: float, level: float
) -> tuple[Horizon, ...]:
    found = []
    for since in sorted(set(cells.since[chosen].astype(int).tolist())):
        part = chosen & (cells.since == since)
        adopters = np.unique(cells.cluster[part]).size
        if adopters < FEWEST_ADOPTERS:
            continue
        whole, without = cells.effects(part)
        n_rows = round(float(cells.n[part].sum()))
        words = f"{since} periods after adoption"
        limit = min(df, adopters - 1.0)
        found.append(Horizon(since, _jackknife(whole, without, limit, n_rows, level, words)))
    return tuple(found)


def _pre_trend(cells: RollOutCells, df: float, level: float) -> PreTrend | None:
    leads = cells.leads(LEADS)
    if leads is None:
        return None
    whole, without = cells.lead_fit(leads)
    n_rows = [round(float(cells.n[column > 0].sum())) for column in leads.T]
    found = tuple(
        Horizon(
            -place - 1 - cells.anticipation,
            _jackknife(float(whole[place]), without[:, place], df, n_rows[place], level, "lead"),
        )
        for place in range(leads.shape[1])
    )
    mean = _jackknife(
        float(whole.mean()), without.mean(axis=1), df, sum(n_rows), level, "mean of the leads"
    )
    half = (mean.high or 0.0) - mean.estimate
    detectable = half / t_quantile(level, df) * (t_quantile(level, df) + _one_sided(df))
    return PreTrend(found, _joint_p(whole, without, df), mean, detectable)


def _one_sided(df: float) -> float:
    return t_quantile(2.0 * POWER - 1.0, df)


def _joint_p(whole: FloatArray, without: FloatArray, df: float) -> float:
    """Return Hotelling's test that all leads are 0."""
    size, k = without.shape
    centred = without - whole
    covariance = (size - 1.0) / size * centred.T @ centred
    if df - k + 1.0 < 1.0:
        return float("nan")
    statistic = float(whole @ np.linalg.pinv(covariance) @ whole)
    return float(fdtrc(k, df - k + 1.0, max(0.0, statistic * (df - k + 1.0) / (df * k))))
