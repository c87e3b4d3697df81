"""Sentences, figure and alternative text of the trend of CSAT."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.format import format_difference, format_interval, format_p
from supportlab.studies.feedback.trend_series import Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_trend", "trend_alt", "trend_caveats", "trend_sentences"]


def trend_sentences(table: pd.DataFrame, by: str | None, n_tests: int = 1) -> tuple[str, ...]:
    """Say the trend in two or three sentences."""
    whole = table.iloc[0]
    if pd.isna(whole["estimate"]):
        return (f"The trend of CSAT cannot be estimated: {str(whole['reason']).rstrip('.')}.",)
    p_value = format_p(whole["p_adjusted"])
    words = [f"CSAT changes by {_slope_words(whole)} over {int(whole['n_months'])} months"]
    words[0] += f" ({p_value} adjusted): {_VERDICTS[whole['verdict']]}."
    naive = whole["naive_points_per_month"]
    if not pd.isna(naive):
        words.append(
            f"A straight line through all months alike would read "
            f"{format_difference(naive / 100.0, 'per_month')}."
        )
    return (*words, *_group_sentence(table.iloc[1:], by, n_tests))


_VERDICTS = {
    "higher": "it rises",
    "lower": "it falls",
    "equivalent": "it is flat, within a point a year",
    "no_difference_shown": "no trend is shown, which is not the same as none",
}


def _slope_words(row: pd.Series) -> str:
    level = float(row["ci_level"])
    return format_interval(row["estimate"], row["ci_low"], row["ci_high"], "per_month", level)


def _group_sentence(groups: pd.DataFrame, by: str | None, n_tests: int) -> tuple[str, ...]:
    if by is None or groups.empty:
        return ()
    moving = groups.loc[groups["verdict"].isin(["higher", "lower"])]
    refused = int(groups["estimate"].isna().sum())
    names = [f"{row['group']} ({_slope_words(row)})" for _, row in moving.iterrows()]
    told = f"A trend is shown in {', '.join(names)}" if names else f"No {by} shows a trend"
    tail = f"; {refused} of {len(groups)} cannot be estimated" if refused else ""
    looks = f"{n_tests} looks" if n_tests > 1 else "one look"
    return (f"{told}, adjusted for {looks}{tail}.",)


def trend_caveats(whole: Series) -> tuple[str, ...]:
    """Say what the reader has to know about the trend."""
    words = ["A trend among those who answer can come from a change in who answers."]
    left = len(whole.table) - len(whole.mature)
    if left:
        words.append(
            f"{left} month(s) at the end are left out of the honest trend: their invitations "
            "have not had their response window."
        )
    if whole.trend is not None and not whole.trend.is_seasonal:
        words.append("Under 24 months, season and trend cannot be told apart.")
    return tuple(words)


def draw_trend(whole: Series, title: str, ax: Axes | None) -> Axes:
    """Draw the months of the whole desk with the fitted trend."""
    from supportlab import plots

    if whole.table.empty:
        return plots.words_only(f"{title}: no month can be estimated.", ax=ax)
    if whole.trend is None:
        return plots.line_with_interval(whole.table, unit="proportion", title="CSAT", ax=ax)
    shown = whole.mature.assign(fitted=np.array(whole.trend.fitted))
    return plots.line_with_interval(
        shown,
        unit="proportion",
        title="CSAT and its trend",
        naive="fitted",
        naive_label="trend",
        ax=ax,
    )


def trend_alt(whole: Series, table: pd.DataFrame) -> str:
    """Say in words what the figure of the trend shows."""
    from supportlab.plots import alt_lines

    if whole.table.empty:
        return "No figure: no month can be estimated."
    line = alt_lines(whole.table, subject="CSAT", unit="proportion")
    return f"{line} {trend_sentences(table, None)[0]}"
