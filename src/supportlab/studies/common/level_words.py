"""Sentences, figures and alternative texts of levels, made from their tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from supportlab.format import (
    format_count,
    format_difference,
    format_interval,
    format_month,
    format_value,
)
from supportlab.metrics.dimensions import MISSING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from supportlab.studies.common.measures import Measure
    from supportlab.studies.common.shrinking import Shrinkage

__all__ = [
    "interval_words",
    "level_alt",
    "level_drawing",
    "level_sentences",
    "words_for",
]

# More panels than this cannot be compared by eye; the largest groups are drawn.
MOST_PANELS = 12
# A longer list of dots needs a page of its own: its ends are drawn.
MOST_DOTS = 40
# Less than this between groups cannot be seen on any page: a fifth of a point, half an NPS point.
SMALL_SPREAD = {"proportion": 0.002, "score": 0.5}


def level_sentences(
    table: pd.DataFrame, measure: Measure, by: tuple[str, ...], shrunk: Shrinkage | None
) -> tuple[str, ...]:
    """Say a level in two or three sentences."""
    by = _telling(table, by)
    known = table.loc[table["estimate"].notna()]
    if not by:
        return _whole_sentences(table, measure)
    if known.empty:
        reasons = "; ".join(dict.fromkeys(str(item) for item in table["reason"]))
        who = " and ".join(words_for(name) for name in by)
        return (f"{_capital(measure.subject)} cannot be estimated for any {who}: {reasons}.",)
    if len(by) > 1:
        return _two_way_sentences(table, measure, by)
    if by == ("form",):
        return _form_sentences(known, measure)
    if by[0] == "month":
        return (_month_sentence(known, measure), *_refusals(table, by[0]))
    named = known.loc[known[by[0]] != MISSING]
    if named.empty:
        return (f"No row has a {words_for(by[0])}.",)
    first, last = named.iloc[0], named.iloc[-1]
    ends = f"{_capital(measure.subject)} is {interval_words(first, measure)} in {first[by[0]]}"
    if len(named) > 1:
        ends += f" at one end and {interval_words(last, measure)} in {last[by[0]]} at the other"
    order = (f"{ends}.",)
    return (*order, *_spread_sentence(measure, by[0], shrunk), *_refusals(table, by[0]))


def interval_words(row: pd.Series, measure: Measure) -> str:
    """Write the estimate of one row with its interval."""
    level = float(row["ci_level"])
    return format_interval(row["estimate"], row["ci_low"], row["ci_high"], measure.unit, level)


def level_drawing(
    table: pd.DataFrame, measure: Measure, by: tuple[str, ...], title: str
) -> Callable[[Axes | None], Axes] | None:
    """Return the function that draws a level, or None for a single number."""
    by = _telling(table, by)
    if not by:
        return None

    def draw(ax: Axes | None) -> Axes:
        from supportlab import plots

        if table["estimate"].isna().all():
            return plots.words_only(f"{title}: no group can be estimated.", ax=ax)
        if "month" in by and len(by) == 2:
            return _draw_panels(table, measure, by, title, ax)
        if by == ("month",):
            return plots.line_with_interval(
                table, unit=measure.unit, ax=ax, title=title, counted=measure.counted
            )
        label = "group" if len(by) > 1 else by[0]
        shown = _dots(table, by)
        shrunk = next((name for name in table.columns if name.startswith("shrunk")), None)
        return plots.dot_intervals(
            shown,
            label=label,
            unit=measure.unit,
            ax=ax,
            title=title,
            counted=measure.counted,
            second=shrunk if shrunk in ("shrunk", "shrunk_rate") else None,
        )

    return draw


def level_alt(table: pd.DataFrame, measure: Measure, by: tuple[str, ...]) -> str:
    """Say in words what the figure of a level shows."""
    from supportlab.plots import alt_dots, alt_lines

    subject = measure.subject
    by = _telling(table, by)
    if not by:
        return ""
    if "month" in by and len(by) == 2:
        other = next(name for name in by if name != "month")
        names = _panels(table, other)
        return (
            f"Small panels of {subject} by month on one scale, one for each of {len(names)} "
            f"{words_for(other, many=True)}: {', '.join(names)}. "
            + level_sentences(table, measure, by, None)[0]
        )
    if by == ("month",):
        return alt_lines(table, subject=subject, unit=measure.unit, counted=measure.counted)
    shown = _dots(table, by)
    label = "group" if len(by) > 1 else by[0]
    return alt_dots(shown, label=label, subject=subject, unit=measure.unit, counted=measure.counted)


def _form_sentences(known: pd.DataFrame, measure: Measure) -> tuple[str, ...]:
    parts = [
        f"{interval_words(row, measure)} on the form {row['form']}" for _, row in known.iterrows()
    ]
    return (f"{_capital(measure.subject)} is {'; '.join(parts)}. Forms are never pooled.",)


def words_for(name: str, *, many: bool = False) -> str:
    """Return a group column's name for people."""
    word = name.removesuffix("_id").replace("_", " ")
    if not many:
        return word
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def _telling(table: pd.DataFrame, by: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out the form where there is only one: it tells no groups apart."""
    if "form" in by and table["form"].nunique() == 1:
        return tuple(name for name in by if name != "form")
    return by


def _whole_sentences(table: pd.DataFrame, measure: Measure) -> tuple[str, ...]:
    row = table.iloc[0]
    if table["estimate"].isna().all():
        return (f"{_capital(measure.subject)} cannot be estimated: {row['reason']}.",)
    rests = f"from {format_count(row['n'])} {measure.counted}"
    if "form" in table:
        rests += f" on the form {row['form']}"
    return (f"{_capital(measure.subject)} is {interval_words(row, measure)}, {rests}.",)


def _month_sentence(known: pd.DataFrame, measure: Measure) -> str:
    levels = known["estimate"].to_numpy(dtype=float)
    lowest, highest = known.iloc[int(levels.argmin())], known.iloc[int(levels.argmax())]
    return (
        f"By month {measure.subject} lies between "
        f"{interval_words(lowest, measure)} in {format_month(lowest['month'])} and "
        f"{interval_words(highest, measure)} in {format_month(highest['month'])}."
    )


def _two_way_sentences(
    table: pd.DataFrame, measure: Measure, by: tuple[str, ...]
) -> tuple[str, ...]:
    known = table.loc[table["estimate"].notna()]
    low, high = known["estimate"].min(), known["estimate"].max()
    unknown = len(table) - len(known)
    words = (
        f"Over {len(known)} cells of {' and '.join(by)} {measure.subject} runs from "
        f"{format_value(low, measure.unit)} to {format_value(high, measure.unit)}"
    )
    return (
        f"{words}; {unknown} more have too little to be estimated." if unknown else f"{words}.",
    )


def _spread_sentence(measure: Measure, name: str, shrunk: Shrinkage | None) -> tuple[str, ...]:
    if shrunk is None:
        return ()
    if shrunk.spread < SMALL_SPREAD[measure.unit]:
        many = words_for(name, many=True)
        return (f"Chance alone could make the {many} differ as much as they do.",)
    size = format_difference(shrunk.spread, measure.unit).lstrip("+")
    words = (
        f"Beyond chance, one {words_for(name)} differs from another by about {size} "
        "(standard deviation between them); the order is that of the shrunk values."
    )
    return (words,)


def _refusals(table: pd.DataFrame, name: str) -> tuple[str, ...]:
    refused = table.loc[table["estimate"].isna()]
    if refused.empty:
        return ()
    who = ", ".join(str(item) for item in refused[name].head(5))
    more = f" and {len(refused) - 5} more" if len(refused) > 5 else ""
    return (f"No estimate for {who}{more}: {refused['reason'].iloc[0]}.",)


def _dots(table: pd.DataFrame, by: tuple[str, ...]) -> pd.DataFrame:
    shown = table
    if len(by) > 1:
        shown = table.assign(group=table[list(by)].agg(" · ".join, axis=1))
    if len(shown) <= MOST_DOTS:
        return shown
    known = shown.loc[shown["estimate"].notna()]
    if len(known) <= MOST_DOTS:
        return known
    half = MOST_DOTS // 2
    return known.iloc[[*range(half), *range(len(known) - half, len(known))]]


def _panels(table: pd.DataFrame, name: str) -> list[str]:
    sizes = table.groupby(name, sort=True)["n"].sum().sort_values(ascending=False, kind="stable")
    return [str(item) for item in sizes.index[:MOST_PANELS]]


def _draw_panels(
    table: pd.DataFrame, measure: Measure, by: tuple[str, ...], title: str, ax: Axes | None
) -> Axes:
    import pandas as pd

    from supportlab import plots

    other = next(name for name in by if name != "month")
    parts = [table.loc[table[other] == name] for name in _panels(table, other)]
    return plots.small_multiples(
        pd.concat(parts),
        panel=other,
        unit=measure.unit,
        ax=ax,
        title=title,
        counted=measure.counted,
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
