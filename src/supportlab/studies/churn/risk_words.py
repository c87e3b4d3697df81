"""What a list of risk is judged by, in checks, sentences and a figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.format import format_count, format_interval, format_value
from supportlab.records import Check
from supportlab.studies.churn.signal_frame import SignalFrame, Split
from supportlab.studies.churn.signal_words import frame_caveats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.stats import Interval
    from supportlab.stats.calibration import Calibration

__all__ = [
    "Judged",
    "draw_risk",
    "risk_alt",
    "risk_caveats",
    "risk_checks",
    "risk_sentences",
]

# Foretold chances are called good enough where they miss by less than a tenth of the rate itself.
ERROR_SHARE = 0.1


@dataclass(frozen=True)
class Judged:
    """
    Chances of the later months, and how they did.

    Parameters
    ----------
    late : pandas.DataFrame
        The rows judged on.
    chance : numpy.ndarray
        Foretold chance per row.
    calibration : Calibration
        Slope, error, reliability table.
    lifts : dict of float to Interval
        By the share at the top.
    area : Interval
        Area under the ROC curve.
    """

    late: pd.DataFrame
    chance: np.ndarray
    calibration: Calibration
    lifts: dict[float, Interval]
    area: Interval


def risk_checks(judged: Judged, level: float) -> tuple[Check, ...]:
    """Hold slope, error and lift against what makes a list worth using."""
    slope, error, top = judged.calibration.slope, judged.calibration.error, judged.lifts[0.1]
    rate = float(judged.late["left"].mean())
    slope_words = format_interval(slope.estimate, slope.low, slope.high, "score", level)
    error_words = format_interval(error.estimate, error.low, error.high, "proportion", level)
    lift_words = format_interval(top.estimate, top.low, top.high, "score", level)
    return (
        Check(
            "Calibration slope holds 1",
            bool((slope.low or 0.0) <= 1.0 <= (slope.high or 0.0)),
            f"slope {slope_words}; below 1 the chances are too extreme",
        ),
        Check(
            "Calibration error is under a tenth of the rate",
            bool((error.high or 0.0) < ERROR_SHARE * rate),
            f"expected calibration error {error_words}, of a rate of "
            f"{format_value(rate, 'proportion')}",
        ),
        Check(
            "The highest tenth leaves more often than all",
            bool((top.low or 0.0) > 1.0),
            f"lift {lift_words}",
        ),
    )


def risk_sentences(
    judged: Judged, groups: pd.DataFrame, horizon_months: int, level: float
) -> tuple[str, ...]:
    """Say how such a list did, and how many are expected to leave."""
    top, area = judged.lifts[0.1], judged.area
    within = "a month" if horizon_months == 1 else f"{horizon_months} months"
    return (
        (
            f"Among the tenth with the highest foretold chance, customers left within {within} "
            f"{format_interval(top.estimate, top.low, top.high, 'score', level)} times as often "
            "as among all, in months that the list had not seen."
        ),
        (
            f"It orders a leaver above a stayer in "
            f"{format_interval(area.estimate, area.low, area.high, 'proportion', level)} of pairs; "
            "50 % is guessing."
        ),
        (
            f"Of the {format_count(groups['n_now'].sum())} customers of the latest month, "
            f"{format_count(groups['expected_leavers_now'].sum())} are expected to leave within "
            f"{within}."
        ),
    )


def risk_caveats(frame: SignalFrame, split: Split, *, show_ids: bool) -> tuple[str, ...]:
    """Say what a list of risk is not."""
    own = (
        "The list says whom to look at first, not why they might leave nor what would keep them.",
        "Who is treated because of the list changes what the next list can learn.",
    )
    ids = ("Customer ids are keys to personal data: keep this table to those who need it.",)
    return (*frame_caveats(frame, split)[:1], *own, *(ids if show_ids else ()))


def draw_risk(judged: Judged, level: float, ax: Axes | None) -> Axes:
    """Draw foretold and observed shares, from the lowest chance up."""
    from supportlab.plots import dot_intervals

    bins = judged.calibration.bins
    table = pd.DataFrame(
        {
            "group": [f"foretold {format_value(one.foretold, 'proportion')}" for one in bins],
            "estimate": [one.observed.estimate for one in bins],
            "ci_low": [one.observed.low for one in bins],
            "ci_high": [one.observed.high for one in bins],
            "foretold": [one.foretold for one in bins],
            "n": [one.n for one in bins],
        }
    )
    return dot_intervals(
        table, label="group", unit="proportion", ax=ax, title="Foretold and observed",
        counted="customer-months", second="foretold", second_label="foretold",
        estimate_label="observed share that left",
    )  # fmt: skip


def risk_alt(judged: Judged) -> str:
    """Return the figure in words."""
    parts = [
        f"foretold {format_value(one.foretold, 'proportion')}, observed "
        f"{format_value(one.observed.estimate, 'proportion')}"
        for one in judged.calibration.bins
    ]
    return "Foretold against observed share that left, by group: " + "; ".join(parts) + "."
