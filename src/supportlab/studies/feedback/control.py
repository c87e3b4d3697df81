"""A control chart of CSAT that allows for season, mix and more spread than sampling brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_month
from supportlab.results import Estimate
from supportlab.studies.common.refusals import refused_estimate
from supportlab.studies.feedback.mix_series import mix_series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats.control_charts import ControlChart
    from supportlab.studies.feedback.mix_series import MixSeries

__all__ = ["csat_chart"]

TITLE = "Control chart of CSAT"


def csat_chart(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Draw CSAT by month with limits of chance, at a fixed mix and without season.

    Not for finding a lasting change, which `csat_shifts` finds sooner and with a stated rate of
    false alarms: a chart shows single months that are out of the ordinary.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of the invitation, end excluded.

    Returns
    -------
    Estimate
        One row a month: ``month``, ``raw_rate``, ``estimate`` (adjusted), ``limit_low_rate``,
        ``limit_high_rate``, ``is_out``, ``season_rate``, ``is_out_of_plain_chart``, ``n``.

    Notes
    -----
    As `supportlab.stats.control_charts.laney_chart`.
    """
    from supportlab.stats.control_charts import laney_chart

    try:
        item = mix_series(desk, None, "month", start, end)[0]
        chart = laney_chart(item.hits, item.n, item.expected, of_year=item.of_year)
    except NotEstimable as refusal:
        return refused_estimate("csat-chart", TITLE, str(refusal))
    table = _table(item, chart)
    caveats = ["Limits by neighbouring months are too narrow where months carry over."]
    if item.of_year is None:
        caveats.append("The months are too few to tell season from the rest.")
    return Estimate(
        "csat-chart",
        TITLE,
        table,
        sentences=_sentences(table, chart),
        caveats=tuple(caveats),
        draw=lambda ax: _draw(table, chart, ax),
        alt=f"Line of CSAT by month within limits of chance. {_sentences(table, chart)[0]}",
    )


def _table(item: MixSeries, chart: ControlChart) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "month": item.periods,
            "raw_rate": chart.naive,
            "estimate": chart.adjusted,
            "limit_low_rate": np.clip(chart.low, 0.0, 1.0),
            "limit_high_rate": np.clip(chart.high, 0.0, 1.0),
            "unit": "proportion",
            "season_rate": chart.season,
            "is_out": chart.is_out,
            "is_out_of_plain_chart": chart.naive_is_out,
            "n": item.n.astype(int),
        }
    )


def _sentences(table: pd.DataFrame, chart: ControlChart) -> tuple[str, ...]:
    out = table.loc[table["is_out"], "month"]
    naive = int(table["is_out_of_plain_chart"].sum())
    words = ", ".join(format_month(month) for month in out)
    first = (
        f"{len(out)} of {len(table)} months lie outside the limits ({words})."
        if len(out)
        else f"None of {len(table)} months lies outside the limits."
    )
    return (
        first,
        (
            f"Months differ from their neighbours {chart.spread:.2f} times as much as sampling "
            f"alone would have it; a plain chart of the raw shares flags {naive}."
        ),
    )


def _draw(table: pd.DataFrame, chart: ControlChart, ax: Axes | None) -> Axes:
    from supportlab.plots.limits import limits_chart

    return limits_chart(table, centre=chart.centre, title=TITLE, ax=ax)
