"""What differences a comparison of channels could have shown, and how a difference is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.errors import NotEstimable
from supportlab.stats.interval import error_behind, t_quantile
from supportlab.stats.power import POWER, minimal_detectable_difference
from supportlab.studies.common.verdicts import difference_verdict

if TYPE_CHECKING:
    from supportlab.stats.interval import Contrast, FloatArray
    from supportlab.studies.channels.questions import Measured
    from supportlab.vocabulary import Verdict

__all__ = ["EQUIVALENT_WITHIN", "detectable_from", "detectable_raw", "verdict_of"]

# A difference of less than one point of FCR or CSAT changes no decision on channels; an hour of
# the time to resolve neither.
EQUIVALENT_WITHIN = {"proportion": 0.01, "hours": 1.0}
# Intervals wider than this leave open what anybody would want to know.
TOO_WIDE = {"proportion": 0.1, "hours": 24.0}


def detectable_from(found: Contrast) -> float:
    """
    Return the smallest difference that would be found in four of five such samples.

    Not after the fact, to explain away a result: it says what the sample could show at all.

    Parameters
    ----------
    found : Contrast
        A difference with its interval.

    Returns
    -------
    float
        Above 0, in the unit of the difference.

    Examples
    --------
    >>> from supportlab.stats import Contrast
    >>> one = Contrast(0.0, -0.0196, 0.0196, 0.95, 900, 90, "", df=1e9, p_value=1.0)
    >>> round(detectable_from(one), 3)
    0.028
    """
    df = found.df or float("inf")
    return (t_quantile(found.level, df) + t_quantile(2.0 * POWER - 1.0, df)) * error_behind(found)


def detectable_raw(
    measured: Measured, counts: list[FloatArray], sides: tuple[int, int], level: float
) -> float | None:
    """
    Return the same for a comparison that is refused, from its plain counts.

    Parameters
    ----------
    measured : Measured
        The outcome.
    counts : list of numpy.ndarray of shape (n_cells, n_arms, n_states)
        Of the outcome; the last two are what is divided.
    sides : tuple of int
        Places of arm and reference.
    level : float
        Level of the comparison.

    Returns
    -------
    float or None
        As if tickets were independent and alike, so at least this much; None where no difference
        could be shown, or for a mean.
    """
    if not measured.is_binary:
        return None
    n = [float(counts[-2][:, side].sum()) for side in sides]
    hits = float(counts[-1][:, sides[1]].sum())
    if min(n) <= 0:
        return None
    try:
        return minimal_detectable_difference(n[0], n[1], hits / n[1], level=level)
    except NotEstimable:
        return None


def verdict_of(found: Contrast, p_adjusted: float | None, unit: str, level: float) -> Verdict:
    """Read a difference of channels, in ``proportion`` or ``hours``."""
    within, too_wide = EQUIVALENT_WITHIN[unit], TOO_WIDE[unit]
    return difference_verdict(found, p_adjusted, level, within=within, too_wide=too_wide)
