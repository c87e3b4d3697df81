"""Tests of several coefficients of a hazard fit at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from supportlab.errors import NotEstimable
from supportlab.stats.hazards import HazardFit

__all__ = ["JointTest", "joint_test"]


@dataclass(frozen=True)
class JointTest:
    """
    A Wald test of several coefficients at once.

    Parameters
    ----------
    statistic : float
        F statistic.
    df, df_residual : float
        Its degrees of freedom; the second is infinite without clusters.
    p_value : float
        Against all coefficients being zero.
    """

    statistic: float
    df: int
    df_residual: float
    p_value: float


def joint_test(fit: HazardFit, names: Sequence[str]) -> JointTest:
    """
    Test that several coefficients are all zero.

    Not to pick columns by: what was chosen by a test has no honest interval.

    Parameters
    ----------
    fit : HazardFit
        The fit.
    names : sequence of str
        Columns.

    Returns
    -------
    JointTest
        Wald test with the covariance of the fit; F with as many residual degrees of freedom as
        groups less the number of columns, where there are groups.

    Raises
    ------
    NotEstimable
        As many columns as groups.

    Examples
    --------
    >>> from supportlab.stats.hazards import fit_hazard
    >>> from supportlab.stats.hazard_design import hazard_design
    >>> n, events = [1000, 1000], [20, 36]
    >>> fit = fit_hazard(hazard_design({}, {"slow": [0, 1]}, events, n), n, events)
    >>> round(joint_test(fit, ["slow"]).p_value, 3)
    0.033
    """
    from scipy.special import chdtrc, fdtrc

    places = [fit.place(name) for name in names]
    chosen = fit.coefficients[places]
    wald = float(chosen @ np.linalg.solve(fit.covariance[np.ix_(places, places)], chosen))
    q = len(places)
    if fit.n_groups is None:
        return JointTest(wald / q, q, float("inf"), float(chdtrc(q, wald)))
    # Hotelling's scaling: the covariance of q coefficients from few groups is itself uncertain.
    left = float(min(fit.df[places])) - q + 1.0
    if left <= 0:
        raise NotEstimable(f"{q} coefficients cannot be tested with {fit.n_groups} groups.")
    statistic = wald / q * left / (left + q - 1.0)
    return JointTest(statistic, q, left, float(fdtrc(q, left, statistic)))
