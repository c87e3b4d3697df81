"""The figures that are usually shown of bad service and churn, and why each of them misleads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.results import Estimate
from supportlab.studies.churn.models import MOST_MONTHS, panel_months
from supportlab.studies.churn.naive_figures import NaiveFigure, naive_figures
from supportlab.studies.churn.ratios import chosen_measures, effect_rows
from supportlab.studies.common.refusals import refused_estimate
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.studies.churn.ratios import EffectRow

__all__ = ["churn_naive"]

TITLE = "Churn after bad service: the naive figures"
WHY = {
    "ever against never": (
        "Who stays long has time to meet bad service; who leaves early has not. Having stayed is "
        "counted as if bad service had brought it about (immortal time)."
    ),
    "ever, from the first month": (
        "Months before the bad ticket count as months after it, and nobody can leave in them: "
        "they are only known to be such because the customer stayed."
    ),
    "closed tickets only": (
        "Tickets that are still open are the slow ones. Left out, the slowest service counts as "
        "no slow service."
    ),
    "answerers only": (
        "Those who answer surveys are a kind of their own, and few: the ratio is of them, not of "
        "customers."
    ),
    "without usage and value": (
        "Heavy users file more tickets and leave less. Not held equal, their staying hides what "
        "goes with bad service."
    ),
}


def churn_naive(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    window_days: int = 90,
    every: bool = False,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Compute the usual figures of bad service and churn, beside the honest ones.

    Not to be quoted: each row says what is wrong with it.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates between which months at risk begin, end excluded.
    window_days : int
        Days of service before each month.
    every : bool
        Show each figure for every measure, not only for the one that it misleads most about.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a figure (and measure): ``figure``, ``measure``, ``naive`` with limits, ``unit``,
        ``estimate`` with limits (that of `churn_effects`), ``n``. The sentences say why each
        misleads.
    """
    try:
        panel, months = panel_months(desk, start, end, window_days)
        names = chosen_measures(None)
        asked = (start, end, window_days, (), MOST_MONTHS, level, names)
        rows = desk.once(f"churn effects {asked}", lambda: effect_rows(panel, months, level, names))
        honest = {row.measure: row for row in rows}
        figures = naive_figures(panel, months, level)
        if not figures:
            raise NotEstimable("no measure has enough events")
    except NotEstimable as refusal:
        return refused_estimate("churn-naive", TITLE, str(refusal))
    table = pd.DataFrame([_row(figure, honest, level) for figure in figures])
    worst = _worst(table)
    return Estimate(
        "churn-naive",
        TITLE,
        table if every else worst,
        sentences=_sentences(worst),
        definitions=(panel.definition,),
        caveats=("These figures are shown to be recognised, not to be quoted.",),
        draw=lambda ax: _draw(worst, ax),
        alt=_alt(worst),
    )


def _row(figure: NaiveFigure, honest: dict[str, EffectRow], level: float) -> dict[str, Any]:
    found = honest[figure.measure].ratio if figure.measure in honest else None
    return {
        "figure": figure.figure,
        "measure": figure.measure,
        "naive": figure.estimate,
        "naive_low": figure.low,
        "naive_high": figure.high,
        "unit": figure.unit,
        "estimate": found.estimate if found else np.nan,
        "ci_low": found.low if found else np.nan,
        "ci_high": found.high if found else np.nan,
        "ci_level": level,
        "n": figure.n,
    }


def _worst(table: pd.DataFrame) -> pd.DataFrame:
    """Return of each figure the measure that it misleads most about."""
    known = table.loc[table["estimate"].notna()]
    gap = np.abs(np.log(known["naive"].to_numpy(dtype=float) / known["estimate"].to_numpy(float)))
    ranked = known.assign(gap=gap).sort_values("gap", ascending=False, kind="stable")
    chosen = ranked.drop_duplicates("figure").index
    return table.loc[[place for place in table.index if place in chosen]].reset_index(drop=True)


def _sentences(worst: pd.DataFrame) -> tuple[str, ...]:
    return tuple(
        f"{str(row['figure']).capitalize()}: {str(row['measure']).replace('_', ' ')} comes out at "
        f"{row['naive']:.2f}, where {row['estimate']:.2f} is found at equal customers and "
        f"service. {WHY[str(row['figure'])]}"
        for row in worst.to_dict("records")
    )


def _draw(table: pd.DataFrame, ax: Axes | None) -> Axes:
    from supportlab.plots.forest import forest_plot

    first = table.assign(
        name=lambda rows: rows["figure"] + " (" + rows["measure"].str.replace("_", " ") + ")"
    )
    return forest_plot(
        first,
        label="name",
        title=TITLE,
        second="naive",
        estimate_label="at equal customers and other service",
        second_label="naive",
        ax=ax,
    )


def _alt(table: pd.DataFrame) -> str:
    from supportlab.plots.forest import alt_forest

    first = table.drop_duplicates("figure")
    naive = first.assign(estimate=first["naive"], ci_low=first["naive_low"],
                         ci_high=first["naive_high"])  # fmt: skip
    return alt_forest(naive, label="figure", subject="naive ratios")
