"""Whether a hazard ratio of Cox's model stays the same along time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from supportlab.errors import NotEstimable

if TYPE_CHECKING:
    pass
from supportlab.stats.cox import CoxFit

__all__ = ["ProportionalityTest", "proportionality"]


@dataclass(frozen=True)
class ProportionalityTest:
    """
    Whether a hazard ratio changes along time.

    Parameters
    ----------
    correlation : float
        Of the scaled Schoenfeld residuals with the rank of time: above 0 the ratio grows.
    statistic, p_value : float
        Chi square of one degree of freedom, against no change.
    """

    correlation: float
    statistic: float
    p_value: float


def proportionality(fit: CoxFit, name: str) -> ProportionalityTest:
    """
    Test whether a hazard ratio drifts along the time of a Cox fit.

    Not a proof that it does not: few events see only a large drift.

    Parameters
    ----------
    fit : CoxFit
        The fit.
    name : str
        Column.

    Returns
    -------
    ProportionalityTest
        Correlation and test of one degree of freedom.

    Notes
    -----
    Grambsch and Therneau (1994): scaled Schoenfeld residuals of the events, the mean covariance
    in place of each time's own, against the rank of the event's time.

    Examples
    --------
    >>> from supportlab.stats.cox import fit_cox
    >>> found = fit_cox(["slow"], [[0], [1], [0], [1], [1], [1]], [0, 0, 0, 0, 0, 0],
    ...                 [5, 2, 6, 3, 4, 7], [1, 1, 0, 1, 0, 1])
    >>> round(proportionality(found, "slow").correlation, 2)
    -0.53
    """
    from scipy.special import chdtrc
    from scipy.stats import rankdata

    place = fit.place(name)
    along = rankdata(fit.event_times)
    along = along - along.mean()
    n_events = fit.event_times.size
    scaled = n_events * (fit.residuals @ fit.model_covariance[:, place])
    spread = float(along @ along)
    if spread == 0:
        raise NotEstimable("All events have one time; a drift along time cannot be seen.")
    own = n_events * fit.model_covariance[place, place] * spread
    statistic = float(along @ scaled) ** 2 / float(own)
    deviation = float(np.sqrt(spread * np.sum((scaled - scaled.mean()) ** 2)))
    correlation = float(along @ scaled) / deviation if deviation > 0 else 0.0
    return ProportionalityTest(correlation, statistic, float(chdtrc(1, statistic)))
