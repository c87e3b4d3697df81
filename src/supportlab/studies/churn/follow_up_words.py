"""Sentences and the figure for detractors who were contacted again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.findings import Finding
from supportlab.format import format_interval, format_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_follow_up", "follow_up_sentences"]

# Two ratios nearer than this read the same.
SAME = 0.02


def follow_up_sentences(table: pd.DataFrame, finding: Finding, level: float) -> tuple[str, ...]:
    """Say what contact goes with, beside the naive figure."""
    naive, so_far, row = table.iloc[0], table.iloc[1], table.iloc[-1]
    ratio = format_interval(row["estimate"], row["ci_low"], row["ci_high"], "hazard_ratio", level)
    words = {
        "lower": "leave less often than those who were not",
        "higher": "leave more often than those who were not",
        "equivalent": "leave about as often as those who were not",
    }.get(str(finding.verdict), "are not shown to leave more or less often than those who were not")
    first = f"Detractors who were contacted again {words}: hazard ratio {ratio}, adjusted."
    ever = format_value(naive["estimate"], "hazard_ratio")
    if abs(np.log(naive["estimate"] / so_far["estimate"])) < SAME:
        return (
            first,
            (
                f"Counting whoever was ever contacted reads {ever}, the same as counting contact "
                "from when it happened: contact came before the first month that counts."
            ),
        )
    return (
        first,
        (
            f"Counting whoever was ever contacted, it would read {ever}: who left at once could "
            "not be contacted any more, which makes contact look better than it is."
        ),
    )


def draw_follow_up(table: pd.DataFrame, title: str, ax: Axes | None) -> Axes:
    """Draw the hazard ratios on a logarithmic axis."""
    from supportlab.plots import dot_intervals

    axes = dot_intervals(
        table, label="comparison", unit="hazard_ratio", ax=ax, title=title,
        counted="customer-months", reference=1.0, reference_label="alike",
        estimate_label="hazard ratio",
    )  # fmt: skip
    axes.set_xscale("log")
    return axes
