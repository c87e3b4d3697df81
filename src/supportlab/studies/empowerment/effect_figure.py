"""The four designs side by side: a dot with its interval each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from supportlab.studies.empowerment.design_results import points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.studies.empowerment.outcomes import Outcome

__all__ = ["designs_alt", "draw_designs"]


def draw_designs(table: pd.DataFrame, outcome: Outcome, title: str, ax: Axes | None) -> Axes:
    """Draw one dot with its interval a design."""
    from supportlab.plots import dot_intervals

    shown = table.loc[table["estimate"].notna()].reset_index(drop=True)
    if shown.empty:
        from supportlab.plots import words_only

        return words_only(f"{title}: no design gives an estimate.", ax=ax)
    return dot_intervals(
        shown,
        label="design",
        unit=outcome.unit,
        ax=ax,
        title=title,
        counted="tickets",
        second="naive",
        reference=0.0,
        reference_label="no change",
        estimate_label="effect with interval",
        second_label="plain comparison",
        is_difference=True,
    )


def designs_alt(table: pd.DataFrame, outcome: Outcome, title: str) -> str:
    """Say the figure in words."""
    shown = table.loc[table["estimate"].notna()]
    if shown.empty:
        return f"{title}: no design gives an estimate."
    parts = [
        f"{row['design']} {points(row['estimate'], outcome.unit)}"
        for row in shown.to_dict("records")
    ]
    return f"{title}, a dot with its interval a design: {'; '.join(parts)}."
