"""What a hazard ratio shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.vocabulary import INTERVAL_LEVEL, Verdict

if TYPE_CHECKING:
    pass

__all__ = ["hazard_verdict"]

# The project's region of practical equivalence for hazard ratios.
EQUIVALENT = (0.95, 1.05)
# Whoever reads "no difference shown" should know that a half more, or a third less, is ruled out.
LARGE = 1.5


def hazard_verdict(
    p_adjusted: float | None,
    ci_low: float | None,
    ci_high: float | None,
    *,
    level: float = INTERVAL_LEVEL,
) -> Verdict | None:
    """
    Say what a hazard ratio shows.

    Not for ratios of anything else: what counts as none is within five per cent of 1.

    Parameters
    ----------
    p_adjusted : float or None
        P value, adjusted over all that was looked at.
    ci_low, ci_high : float or None
        Ends of the interval.
    level : float
        Level of the interval; one minus it is what the p value is held against.

    Returns
    -------
    str or None
        ``higher`` or ``lower``; ``equivalent`` where the interval lies within 0.95 to 1.05;
        ``inconclusive`` where it still holds a half more or a third less; else
        ``no_difference_shown``. None where a number is missing.

    Examples
    --------
    >>> hazard_verdict(0.01, 1.2, 1.6), hazard_verdict(0.4, 0.97, 1.04)
    ('higher', 'equivalent')
    >>> hazard_verdict(0.4, 0.9, 1.2), hazard_verdict(0.4, 0.6, 2.2)
    ('no_difference_shown', 'inconclusive')
    """
    if p_adjusted is None or ci_low is None or ci_high is None:
        return None
    if ci_low > EQUIVALENT[0] and ci_high < EQUIVALENT[1]:
        return "equivalent"
    if p_adjusted < 1.0 - level:
        return "higher" if ci_low * ci_high > 1.0 else "lower"
    if ci_high > LARGE or ci_low < 1.0 / LARGE:
        return "inconclusive"
    return "no_difference_shown"
