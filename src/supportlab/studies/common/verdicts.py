"""What a difference shows, in the words that findings carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from supportlab.stats.interval import Contrast
    from supportlab.vocabulary import Verdict

__all__ = ["difference_verdict", "row_verdict"]


def difference_verdict(
    found: Contrast,
    p_adjusted: float | None,
    level: float,
    *,
    within: float,
    too_wide: float = float("inf"),
) -> Verdict:
    """
    Read a difference: nearness to none first, then direction.

    Not for ratios, whose region of equivalence is not even about none.

    Parameters
    ----------
    found : Contrast
        The difference.
    p_adjusted : float or None
        Its p value, adjusted over the family.
    level : float
        Level of the interval; one minus it is what the p value is held against.
    within : float
        Differences nearer to none than this are equivalent to none.
    too_wide : float
        An interval of this width or more leaves open what anybody would want to know.

    Returns
    -------
    str
        ``equivalent`` where the interval lies within the region, else the direction where the
        adjusted p value shows it, else ``no_difference_shown`` where the interval is narrow enough
        to say something, else ``inconclusive``.

    Examples
    --------
    >>> from supportlab.stats import Contrast
    >>> one = Contrast(-0.05, -0.07, -0.03, 0.95, 900, 90, "", p_value=0.001)
    >>> difference_verdict(one, 0.002, 0.95, within=0.01), difference_verdict(
    ...     one, 0.2, 0.95, within=0.01, too_wide=0.02
    ... )
    ('lower', 'inconclusive')
    """
    low, high = found.low, found.high
    if low is None or high is None or p_adjusted is None:
        return "inconclusive"
    if low > -within and high < within:
        return "equivalent"
    if p_adjusted < 1.0 - level:
        return "higher" if found.estimate > 0 else "lower"
    return "no_difference_shown" if high - low < too_wide else "inconclusive"


def row_verdict(row: Mapping[Any, Any], level: float, *, within: float) -> Verdict | None:
    """
    Read a row of a table of changes: direction first, then nearness to none.

    Parameters
    ----------
    row : mapping
        ``estimate``, ``ci_low``, ``ci_high``, ``p_adjusted``.
    level : float
        Level of the interval; one minus it is what the p value is held against.
    within : float
        Changes nearer to none than this are equivalent to none.

    Returns
    -------
    str or None
        ``higher``, ``lower``, ``equivalent`` or ``no_difference_shown``; None without an estimate.

    Examples
    --------
    >>> row_verdict({"estimate": 0.0, "ci_low": -0.02, "ci_high": 0.02, "p_adjusted": 1.0},
    ...             0.95, within=0.05)
    'equivalent'
    """
    if pd.isna(row["estimate"]):
        return None
    if row["p_adjusted"] < 1.0 - level:
        return "higher" if row["estimate"] > 0 else "lower"
    if row["ci_low"] > -within and row["ci_high"] < within:
        return "equivalent"
    return "no_difference_shown"
