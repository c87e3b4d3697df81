"""Areas of signals, their differences on the same rows, and the ranks that these leave open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.vocabulary import Verdict

if TYPE_CHECKING:
    from supportlab.stats import Contrast

__all__ = [
    "CALIBRATED",
    "area",
    "area_difference",
    "calibrated",
    "numbers",
    "open_ranks",
    "p_values",
    "pair_table",
    "signal_verdict",
]


CALIBRATED = (
    "calibration_slope",
    "calibration_slope_low",
    "calibration_slope_high",
    "calibration_error_rate",
)


def numbers(stem: str, found: Contrast | None) -> dict[str, Any]:
    """Return the columns of an estimate, led by a stem; nan where there is none."""
    prefix = f"{stem}_" if stem else ""
    ends = prefix or "ci_"
    return {
        stem or "estimate": found.estimate if found else np.nan,
        f"{ends}low": found.low if found else np.nan,
        f"{ends}high": found.high if found else np.nan,
        f"{prefix}p_value": found.p_value if found else np.nan,
    }


def calibrated(score: np.ndarray, late: pd.DataFrame, level: float) -> dict[str, float]:
    """Return how the rates of the earlier months hold in the later ones; nan where none can."""
    from supportlab.stats.calibration import calibration

    try:
        found = calibration(score, np.ones(len(late)), late["left"], late["customer"], level)
    except NotEstimable:
        return dict.fromkeys(CALIBRATED, np.nan)
    slope, error = found.slope, found.error.estimate
    low, high = (np.nan if end is None else end for end in (slope.low, slope.high))
    return dict(zip(CALIBRATED, (slope.estimate, low, high, error), strict=True))


def area(score: np.ndarray, late: pd.DataFrame, level: float) -> tuple[Contrast | None, str]:
    """Return the area of a score by customer, or why there is none."""
    from supportlab.stats.discrimination import clustered_auc

    try:
        ones = np.ones(len(late))
        return clustered_auc(score, ones, late["left"], late["customer"], level), ""
    except NotEstimable as refusal:
        return None, str(refusal)


def area_difference(
    first: np.ndarray, second: np.ndarray, late: pd.DataFrame, level: float
) -> tuple[Contrast | None, str]:
    """Return the first area less the second by customer, or why there is none."""
    from supportlab.stats.discrimination import difference_of_aucs

    try:
        ones = np.ones(len(late))
        found = difference_of_aucs(first, second, ones, late["left"], late["customer"], level)
        return found, ""
    except NotEstimable as refusal:
        return None, str(refusal)


def pair_table(scores: Mapping[str, np.ndarray], late: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return the differences of every two scores, p values by Holm over the pairs."""
    from supportlab.stats import adjust_p

    rows = []
    for first, second in combinations(scores, 2):
        found, reason = area_difference(scores[first], scores[second], late, level)
        row = {"first": first, "second": second, **numbers("", found), "reason": reason or None}
        rows.append(row)
    columns = ["first", "second", "estimate", "ci_low", "ci_high", "p_value", "reason"]
    table = pd.DataFrame(rows, columns=columns)
    table["p_adjusted"] = pd.Series(adjust_p(p_values(table, "p_value"), "holm"), dtype="float64")
    table["verdict"] = [
        signal_verdict(value, p, level)
        for value, p in zip(table["estimate"], table["p_adjusted"], strict=True)
    ]
    return table


def open_ranks(name: str, pairs: pd.DataFrame, names: Sequence[str]) -> tuple[int, int] | None:
    """Return the places that the differences shown leave open."""
    if name not in names:
        return None
    first, second = pairs["first"] == name, pairs["second"] == name
    higher, lower = pairs["verdict"] == "higher", pairs["verdict"] == "lower"
    better = int(((first & lower) | (second & higher)).sum())
    worse = int(((first & higher) | (second & lower)).sum())
    return 1 + better, len(names) - worse


def p_values(table: pd.DataFrame, column: str) -> list[float | None]:
    """Return a column of p values, None where there is none."""
    return [None if np.isnan(value) else float(value) for value in table[column].astype(float)]


def signal_verdict(difference: float, p_adjusted: float, level: float) -> Verdict | None:
    """Say what a difference shows, by its adjusted p value."""
    if np.isnan(difference) or np.isnan(p_adjusted):
        return None
    if p_adjusted >= 1.0 - level:
        return "no_difference_shown"
    return "higher" if difference > 0 else "lower"
