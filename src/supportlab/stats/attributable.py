"""Events above what the same rows would have had without an exposure, from a hazard fit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.interval import Interval, aligned, t_quantile

if TYPE_CHECKING:
    from supportlab.stats.hazards import HazardFit

__all__ = ["excess_events"]


def excess_events(
    fit: HazardFit,
    exposures: Sequence[str],
    columns: ArrayLike,
    weight: ArrayLike,
    group: ArrayLike,
    *,
    counted: Collection[str] | None = None,
    level: float = 0.95,
) -> Interval:
    """
    Estimate how many events (or how much of a weight) go with exposures.

    Not what would be saved without the exposures: that holds only if nothing else sets the
    exposed apart. Not where events are common in a period: it is exact for rare ones.

    Parameters
    ----------
    fit : HazardFit
        A fit with clusters.
    exposures : sequence of str
        Columns of the fit.
    columns : array_like of shape (n_rows, n_exposures)
        Exposures of the rows in which events happened.
    weight : array_like of shape (n_rows,)
        Events of each row, or their value.
    group : array_like of shape (n_rows,)
        Group of each row, as `HazardFit.group` numbers them.
    counted : collection of str, optional
        Exposures that are taken away together; all when left out.
    level : float
        Level of the interval.

    Returns
    -------
    Interval
        Sum of the excess over the rows.

    Raises
    ------
    NotEstimable
        The fit has no clusters, so that nothing says how events and ratios go together.
    ParameterError
        Arrays do not fit each other.

    Notes
    -----
    Of each event after an exposure with ratio r, the share ``1 - 1 / r`` goes with it (Miettinen
    1974, case-based). Groups that have more events by chance also raise the ratio: both are in
    the same sum over groups, by the linear terms of each group (Graubard and Fears 2005). Taken
    as independent, the interval would be far too narrow.

    Examples
    --------
    >>> from supportlab.stats.hazard_design import hazard_design
    >>> from supportlab.stats.hazards import fit_hazard
    >>> n, events = [1000, 1000] * 4, np.array([20, 36, 21, 40, 18, 38, 22, 35.0])
    >>> slow, customer = np.tile([0.0, 1.0], 4), np.arange(8) // 2
    >>> design = hazard_design({}, {"slow": slow}, events, n)
    >>> fit = fit_hazard(design, n, events, cluster=customer)
    >>> found = excess_events(fit, ["slow"], slow[:, None], events, fit.group)
    >>> round(found.estimate, 1), round(found.low or 0, 1), round(found.high or 0, 1)
    (68.7, 46.2, 91.2)
    """
    if fit.influence is None:
        raise NotEstimable("The fit has no clusters, so the excess has no interval.")
    amount, dealt = aligned({"weight": weight, "group": group})
    matrix = np.asarray(columns, dtype=float)
    if matrix.shape != (amount.size, len(exposures)):
        raise ParameterError(
            f"columns has shape {matrix.shape}; give {amount.size} rows of {len(exposures)}."
        )
    places = [fit.place(name) for name in exposures]
    taken = np.array([counted is None or name in counted for name in exposures], dtype=float)
    matrix = matrix * taken
    less = np.exp(-matrix @ fit.coefficients[places])
    n_groups = len(fit.influence)
    own = np.bincount(dealt.astype(int), weights=amount * (1.0 - less), minlength=n_groups)
    slope = (amount * less) @ matrix
    terms = own + fit.influence[:, places] @ slope
    spread = terms - terms.mean()
    error = float(np.sqrt(n_groups / (n_groups - 1.0) * np.sum(spread**2)))
    asked = fit.df[places][taken > 0]
    df = float(asked.min()) if asked.size else float("inf")
    estimate, half = float(own.sum()), t_quantile(level, df) * error
    return Interval(
        estimate,
        estimate - half,
        estimate + half,
        level,
        fit.n,
        fit.n_clusters,
        "case-based attributable events, limits by groups of whole customers",
        df=df if np.isfinite(df) else None,
    )
