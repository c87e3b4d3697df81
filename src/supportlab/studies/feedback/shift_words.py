"""Sentences, figure and alternative text of the shifts of CSAT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.format import format_difference, format_interval, format_month, format_p
from supportlab.studies.feedback.mix_series import SEASON_MONTHS, MixSeries

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.stats.shifts import ShiftScan

__all__ = ["draw_shifts", "series_frame", "shift_alt", "shift_caveats", "shift_sentences"]


def shift_sentences(table: pd.DataFrame, by: str | None) -> tuple[str, ...]:
    """Say which shifts were found, or what could have been."""
    known = table.loc[table["status"] != "not_estimable"]
    n_series = known["group"].nunique()
    if known.empty:
        return ("No series is long enough to look for a shift.",)
    shown = known.loc[known["status"] == "shift"]
    looks = "one series" if n_series == 1 else f"{n_series} series, the p values adjusted for that"
    if shown.empty:
        first = f"No shift of CSAT is shown in {looks}."
    else:
        found = "; ".join(_shift_words(row) for row in shown.to_dict("records"))
        first = f"Shifts of CSAT shown in {looks}: {found}."
    return (first, *_closest(known, shown), _power(known, by))


def _shift_words(row: Mapping[Any, Any]) -> str:
    size = format_interval(
        float(row["estimate"]),
        float(row["ci_low"]),
        float(row["ci_high"]),
        "proportion",
        float(row["ci_level"]),
        is_difference=True,
    )
    return f"{row['group']} from {_month(row['month'])} ({_range_words(row)}) by {size}"


def _range_words(row: Mapping[Any, Any]) -> str:
    low, high = _month(row["month_low"]), _month(row["month_high"])
    return "to the month" if low == high else f"between {low} and {high}"


def _month(text: object) -> str:
    words = str(text)
    return format_month(words) if len(words) == 7 else words


def _closest(known: pd.DataFrame, shown: pd.DataFrame) -> tuple[str, ...]:
    """Name the strongest candidate among the series where nothing is shown."""
    rest = known.loc[~known["group"].isin(shown["group"])]
    if rest.empty:
        return ()
    row = rest.sort_values(["p_value", "group"]).iloc[0].to_dict()
    size = format_difference(float(row["estimate"]), "proportion")
    alone = format_p(float(row["p_value"]))
    return (
        (
            f"The nearest to one is {row['group']} from {_month(row['month'])} "
            f"({_range_words(row)}) by {size}: {alone} alone, "
            f"{format_p(float(row['p_adjusted']))} adjusted."
        ),
    )


def _power(known: pd.DataFrame, by: str | None) -> str:
    known = known.drop_duplicates("group")
    whole = float(known["detectable_share"].iloc[0])
    words = (
        f"Looked at alone, the whole would have shown a lasting jump of "
        f"{100 * whole:.1f} points in four of five cases"
    )
    groups = known["detectable_share"].iloc[1:]
    if by is None or groups.empty:
        return f"{words}."
    low, high = 100 * float(groups.min()), 100 * float(groups.max())
    return f"{words}, a {by} one of {low:.0f} to {high:.0f} points."


def shift_caveats(whole: MixSeries, table: pd.DataFrame) -> tuple[str, ...]:
    """Say what the reader has to know about the search."""
    mix = ", ".join(whole.columns) or "nothing"
    words = [
        (
            f"The mix is held fixed over {mix}; a change of who writes in that these do not tell "
            "is not taken out."
        ),
        "A shift among those who answer can come from a change in who answers.",
    ]
    if whole.of_year is None:
        words.append(f"Under {SEASON_MONTHS} months, season and shift cannot be told apart.")
    if (table["status"] == "shift").any():
        words.append(
            "Only large changes are found, so the size of one just large enough reads too large."
        )
    return tuple(words)


def series_frame(item: MixSeries, scan: ShiftScan | str) -> pd.DataFrame:
    """Return the months of one series at a fixed mix, with intervals for the figure."""
    import numpy as np

    from supportlab.stats import wilson_interval

    rows = []
    adjusted = item.hits / np.where(item.n > 0, item.n, np.nan)
    if not isinstance(scan, str):
        adjusted = scan.adjusted
    for place, period in enumerate(item.periods):
        n = float(item.n[place])
        row: dict[str, object] = {"group": item.group, "month": period[:7], "n": int(n)}
        if n > 0:
            # Of few answers a fixed mix may ask for more than all, or less than none.
            share = float(np.clip(adjusted[place], 0.0, 1.0))
            found = wilson_interval(share * n, n)
            row |= {"estimate": share, "ci_low": found.low, "ci_high": found.high}
        else:
            row |= {"estimate": np.nan, "ci_low": np.nan, "ci_high": np.nan}
        rows.append(row)
    return pd.DataFrame(rows)


def draw_shifts(
    series: list[MixSeries],
    scans: list[ShiftScan | str],
    table: pd.DataFrame,
    ax: Axes | None,
) -> Axes:
    """Draw each series on one scale, with its shifts marked; the whole in grey."""
    from supportlab import plots

    pairs = list(zip(series, scans, strict=True))
    chosen = pairs[1:] or pairs
    if any(len(item.periods[0]) > 7 for item in series):
        return plots.words_only("Weeks are not drawn; look at months.", ax=ax)
    frames = pd.concat([series_frame(item, scan) for item, scan in chosen], ignore_index=True)
    return plots.small_multiples(
        frames,
        panel="group",
        unit="proportion",
        ax=ax,
        title="CSAT at a fixed mix, month by month",
        reference=series_frame(*pairs[0]) if len(pairs) > 1 else None,
        reference_label="whole; orange: a shift that is shown, with its interval in time",
        marks=table.loc[table["status"] == "shift"],
    )


def shift_alt(table: pd.DataFrame, by: str | None) -> str:
    """Say in words what the figure shows."""
    n_panels = max(table["group"].nunique() - 1, 1)
    return (
        f"{n_panels} panels with CSAT by month at a fixed mix, on one scale, with intervals. "
        f"{shift_sentences(table, by)[0]}"
    )
