"""Hazard ratios from customer-months that were counted in cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.stats.hazard_design import HazardDesign, collapse
from supportlab.stats.hazard_links import LINKS, Link
from supportlab.stats.hazard_maximum import Maximum, maximum
from supportlab.stats.hazard_variance import N_GROUPS, group_variance
from supportlab.stats.interval import Contrast, FloatArray, aligned, refuse_empty, t_quantile
from supportlab.stats.threads import one_thread

__all__ = ["HazardFit", "fit_hazard", "hazard_ratio"]


@dataclass(frozen=True)
class HazardFit:
    """
    A hazard model that was fitted on cells.

    Parameters
    ----------
    names : tuple of str
        Columns of the design.
    coefficients : numpy.ndarray of shape (n_columns,)
        Logarithms of hazard ratios (of rate ratios for ``poisson``).
    covariance : numpy.ndarray of shape (n_columns, n_columns)
        Robust to what months of one customer share; the model's own without clusters.
    model_covariance : numpy.ndarray of shape (n_columns, n_columns)
        Inverse of the information, as if all customer-months were independent.
    df : numpy.ndarray of shape (n_columns,)
        Degrees of freedom of each coefficient's variance; infinite without clusters.
    link : str
        ``cloglog`` or ``poisson``.
    n, n_events, n_cells : int
        Customer-months, events, and cells behind the fit.
    n_clusters, n_groups : int or None
        Clusters, and groups of whole clusters whose score sums gave the variance.
    log_likelihood : float
        At the maximum, without terms that do not depend on the coefficients.
    pooled : tuple of str
        Levels of covariates that were put together for want of events.
    influence : numpy.ndarray of shape (n_groups, n_columns) or None
        What each group of whole clusters adds to the coefficients; None without clusters.
    group : numpy.ndarray of shape (n_rows,) or None
        Group of each row; -1 for rows of size 0.
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    covariance: FloatArray
    model_covariance: FloatArray
    df: FloatArray
    link: Link
    n: int
    n_events: int
    n_cells: int
    n_clusters: int | None
    n_groups: int | None
    log_likelihood: float
    pooled: tuple[str, ...] = ()
    influence: FloatArray | None = None
    group: NDArray[np.intp] | None = None

    def place(self, name: str) -> int:
        """Return the number of a column."""
        if name not in self.names:
            raise ParameterError(f"{name!r} is no column. {did_you_mean(name, self.names)}")
        return self.names.index(name)


def fit_hazard(
    design: HazardDesign,
    n: ArrayLike,
    n_events: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    link: Link = "cloglog",
    n_groups: int = N_GROUPS,
    n_clusters: int | None = None,
) -> HazardFit:
    """
    Fit a discrete-time hazard model by maximum likelihood on cells.

    Not for months in which whoever leaves is not known, and not for service that is known only
    after leaving: exposures belong before the month at risk.

    Parameters
    ----------
    design : HazardDesign
        Columns of each row, from `hazard_design`.
    n, n_events : array_like of shape (n_rows,)
        Customer-months at risk, and those that ended in the event, of each row.
    cluster : array_like of shape (n_rows,), optional
        Customer of each row, or a group of whole customers; rows of different clusters are
        independent. Without it customer-months count as independent.
    link : {"cloglog", "poisson"}
        ``cloglog`` is the proportional-hazards model for events recorded by month; ``poisson``
        the grouped rate model, its check.
    n_groups : int
        Clusters beyond this number are put together by whole clusters before their scores are
        squared; the variance stays unbiased and costs the same for any number of customers.
    n_clusters : int, optional
        Customers in all, where `cluster` already names groups of whole customers.

    Returns
    -------
    HazardFit
        Coefficients with both covariances.

    Raises
    ------
    NotEstimable
        No rows, no events or nothing else, columns that others determine, a column without
        events, no finite maximum, or fewer than two clusters.
    ParameterError
        Arrays do not fit each other, or the link is unknown.

    Notes
    -----
    Prentice and Gloeckler (1978): with events known by month only, proportional hazards make the
    complementary log-log model, whose coefficients are those of Cox's. Fisher scoring with halved
    steps. Rows that share every column are counted once: the fit is that of the rows, to machine
    precision. Variance: `group_variance`.

    Examples
    --------
    >>> from supportlab.stats.hazard_design import hazard_design
    >>> n, events = [1000, 1000], [20, 36]
    >>> fit = fit_hazard(hazard_design({}, {"slow": [0, 1]}, events, n), n, events)
    >>> round(hazard_ratio(fit, "slow").estimate, 3)
    1.815
    """
    if link not in LINKS:
        raise ParameterError(f"link came as {link!r}. {did_you_mean(str(link), LINKS)}")
    rows, events = aligned({"n": n, "n_events": n_events})
    _check(design, rows, events)
    cells = collapse(design, events, rows)
    with one_thread():
        top = maximum(design, cells, link)
        fit = _plain(design, rows, events, cells.n.size, top, link)
        if cluster is None:
            return fit
        variance = group_variance(design, cells, rows, events, top, cluster, link, n_groups)
    return replace(
        fit,
        covariance=variance.covariance,
        df=variance.df,
        n_clusters=n_clusters or variance.n_clusters,
        n_groups=variance.n_groups,
        influence=variance.influence,
        group=variance.group,
    )


def hazard_ratio(
    fit: HazardFit, weights: str | Mapping[str, float], level: float = 0.95
) -> Contrast:
    """
    Return a hazard ratio of a fit with its interval and p value.

    Not a ratio of the numbers of customers lost: it is of the chance per month of those still
    there.

    Parameters
    ----------
    fit : HazardFit
        The fit.
    weights : str or mapping of str to float
        A column, or how much of each column the comparison takes, as an exposure and its product
        with a group.
    level : float
        Level of the interval.

    Returns
    -------
    Contrast
        Estimate and limits as ratios; the p value is against 1.

    Raises
    ------
    ParameterError
        A column is not in the fit.

    Notes
    -----
    Wald limits on the logarithm, with Student's t where the variance is of clusters. A variance
    of few groups that falls below the model's own is taken as the model's: less is noise.

    Examples
    --------
    >>> from supportlab.stats.hazard_design import hazard_design
    >>> n, events = [1000, 1000], [20, 36]
    >>> fit = fit_hazard(hazard_design({}, {"slow": [0, 1]}, events, n), n, events)
    >>> found = hazard_ratio(fit, "slow")
    >>> round(found.low, 2), round(found.high, 2)
    (1.05, 3.13)
    """
    asked = {weights: 1.0} if isinstance(weights, str) else dict(weights)
    vector = np.zeros(len(fit.names))
    for name, weight in asked.items():
        vector[fit.place(name)] = weight
    robust = float(vector @ fit.covariance @ vector)
    own = float(vector @ fit.model_covariance @ vector)
    df = float(min(fit.df[fit.place(name)] for name in asked))
    return _ratio(fit, float(vector @ fit.coefficients), max(robust, own), robust / own, df, level)


def _ratio(
    fit: HazardFit, log_ratio: float, variance: float, effect: float, df: float, level: float
) -> Contrast:
    from scipy.special import stdtr

    error = float(np.sqrt(variance))
    half = t_quantile(level, df) * error
    finite = df if np.isfinite(df) else 1e9
    return Contrast(
        float(np.exp(log_ratio)),
        float(np.exp(log_ratio - half)),
        float(np.exp(log_ratio + half)),
        level,
        fit.n,
        fit.n_clusters,
        _method(fit),
        design_effect=effect if fit.n_groups is not None else None,
        df=df if np.isfinite(df) else None,
        p_value=min(1.0, 2.0 * float(stdtr(finite, -abs(log_ratio) / error))),
    )


def _method(fit: HazardFit) -> str:
    model = "complementary log-log" if fit.link == "cloglog" else "grouped Poisson"
    if fit.n_groups is None:
        return f"{model} on cells, customer-months as independent"
    if fit.n_groups == fit.n_clusters:
        return f"{model} on cells, CR2 variance by customer"
    return f"{model} on cells, CR2 variance by customer over {fit.n_groups} groups"


def _plain(
    design: HazardDesign,
    rows: FloatArray,
    events: FloatArray,
    n_cells: int,
    top: Maximum,
    link: Link,
) -> HazardFit:
    inverse: FloatArray = np.asarray(np.linalg.inv(top.information), dtype=np.float64)
    return HazardFit(
        names=design.names,
        coefficients=top.coefficients,
        covariance=inverse,
        model_covariance=inverse,
        df=np.full(top.coefficients.size, np.inf),
        link=link,
        n=round(float(rows.sum())),
        n_events=round(float(events.sum())),
        n_cells=n_cells,
        n_clusters=None,
        n_groups=None,
        log_likelihood=top.log_likelihood,
        pooled=design.pooled,
    )


def _check(design: HazardDesign, rows: FloatArray, events: FloatArray) -> None:
    if design.size != rows.size:
        raise ParameterError(f"The design has {design.size} rows and n {rows.size}; give one each.")
    if (events > rows).any():
        raise ParameterError("n_events is above n in some row; a part cannot exceed its whole.")
    refuse_empty(rows.sum(), "customer-months")
    if not 0.0 < events.sum() < rows.sum():
        raise NotEstimable(
            f"{events.sum():.0f} of {rows.sum():.0f} customer-months ended in the event: without "
            "both kinds there is nothing to compare."
        )
