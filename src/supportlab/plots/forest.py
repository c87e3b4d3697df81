"""Ratios side by side on a logarithmic axis, with their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from supportlab.format import format_value
from supportlab.plots.style import PALETTE, figure_axes, legend_below, spoken, style, write_title

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from supportlab.vocabulary import Unit

__all__ = ["alt_forest", "forest_plot"]

# Marks of the axis that a reader can place without counting in logarithms.
TICKS = (0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
FEW_TICKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
# Intervals wider than this are cut at the edge, so that one wild row does not flatten the others.
WIDEST = (0.1, 10.0)
# Distance of the second mark below the first, in rows.
BELOW = 0.28


def forest_plot(
    table: pd.DataFrame,
    *,
    label: str,
    unit: Unit = "hazard_ratio",
    ax: Axes | None = None,
    title: str = "",
    second: str | None = None,
    estimate_label: str = "adjusted",
    second_label: str = "unadjusted",
    lower_words: str = "leave less often",
    higher_words: str = "leave more often",
) -> Axes:
    """
    Draw one ratio with its interval a row, the first on top, the numbers at the right.

    Not for differences, which have no logarithm: `dot_intervals` draws those.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a ratio in the order to draw: ``label``'s column, ``estimate``, ``ci_low``,
        ``ci_high``; a row without an estimate is named and left empty.
    label : str
        Column with the row's name.
    unit : str
        ``hazard_ratio`` or ``odds_ratio``.
    ax : matplotlib Axes, optional
        Where to draw.
    title : str
        Heading.
    second : str, optional
        Column with another ratio of the same row, with ``_low`` and ``_high`` beside it, drawn
        below the first as a hollow mark.
    estimate_label, second_label : str
        What the two kinds of mark are called.
    lower_words, higher_words : str
        What lies left and right of 1.

    Returns
    -------
    matplotlib Axes
        The axes that were drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> from supportlab.plots import close_figure
    >>> table = pd.DataFrame({"measure": ["reopened", "slow"], "estimate": [1.8, 1.1],
    ...                       "ci_low": [1.5, 0.9], "ci_high": [2.2, 1.35]})
    >>> axes = forest_plot(table, label="measure")
    >>> [text.get_text() for text in axes.texts][1:3]
    ['1.80 (1.50–2.20)', '1.10 (0.90–1.35)']
    >>> close_figure(axes)
    """
    with style():
        axes = figure_axes(ax, height=1.5 + 0.42 * max(len(table), 2))
        axes.set_xscale("log")
        axes.axvline(1.0, color=PALETTE["quiet"], linewidth=1.1, linestyle=(0, (4, 2)))
        _limits(axes, table, second)
        _marks(axes, table, ("estimate", "ci_low", "ci_high"), 0.0, estimate_label, is_main=True)
        if second is not None:
            columns = (second, f"{second}_low", f"{second}_high")
            _marks(axes, table, columns, BELOW, second_label, is_main=False)
        _write_numbers(axes, table, unit, level=_level(table))
        _name_rows(axes, table, label)
        write_title(axes, title, is_own_figure=ax is None)
        axes.set_xlabel(f"← {lower_words}   |   {higher_words} →")
        _tidy(axes)
        legend_below(axes, points=44)
    return axes


def alt_forest(
    table: pd.DataFrame, *, label: str, subject: str, unit: Unit = "hazard_ratio"
) -> str:
    """
    Say what a forest plot shows: every ratio with its interval, and what could not be had.

    Not for a figure that is not drawn by `forest_plot`.

    Parameters
    ----------
    table : pandas.DataFrame
        As for the figure.
    label : str
        Column with the row's name.
    subject : str
        What the ratios are of, as a noun.
    unit : str
        Unit of the ratios.

    Returns
    -------
    str
        Two or three sentences.

    Examples
    --------
    >>> import pandas as pd
    >>> alt_forest(pd.DataFrame({"measure": ["slow"], "estimate": [1.1], "ci_low": [0.9],
    ...                          "ci_high": [1.35]}), label="measure", subject="hazard ratios")
    'Forest plot of hazard ratios on a logarithmic axis, 1 rows. slow 1.10 (0.90–1.35).'
    """
    known = table.loc[table["estimate"].notna()]
    if known.empty:
        return f"Forest plot of {subject}: no row can be estimated."
    rows = [f"{row[label]} {_numbers(row, unit)}" for _, row in known.iterrows()]
    left = [str(name) for name in table.loc[table["estimate"].isna(), label]]
    text = f"Forest plot of {subject} on a logarithmic axis, {len(known)} rows. {'; '.join(rows)}."
    return f"{text} Not estimable: {', '.join(left)}." if left else text


def _limits(axes: Axes, table: pd.DataFrame, second: str | None) -> None:
    names = ["estimate", "ci_low", "ci_high"]
    if second is not None:
        names += [second, f"{second}_low", f"{second}_high"]
    values = table[names].to_numpy(dtype=float)
    values = values[np.isfinite(values) & (values > 0)]
    low = min(0.8, float(values.min()) / 1.08) if values.size else 0.5
    high = max(1.25, float(values.max()) * 1.08) if values.size else 2.0
    low, high = max(low, WIDEST[0]), min(high, WIDEST[1])
    axes.set_xlim(low, high)
    shown = [tick for tick in TICKS if low <= tick <= high]
    # More than seven marks on a narrow page run into each other.
    if len(shown) > 7:
        shown = [tick for tick in FEW_TICKS if low <= tick <= high]
    axes.set_xticks(shown, [f"{tick:.4g}" for tick in shown])
    axes.minorticks_off()


def _marks(
    axes: Axes,
    table: pd.DataFrame,
    columns: tuple[str, str, str],
    shift: float,
    words: str,
    *,
    is_main: bool,
) -> None:
    colour = PALETTE["main" if is_main else "second"]
    values = table[list(columns)].to_numpy(dtype=float)
    rows = np.arange(len(table), dtype=float) + shift
    known = np.isfinite(values[:, 0])
    low, high = axes.get_xlim()
    ends = np.clip(values[known, 1:], low, high)
    axes.hlines(
        rows[known],
        ends[:, 0],
        ends[:, 1],
        color=colour,
        linewidth=2.4 if is_main else 1.2,
        alpha=0.55 if is_main else 0.8,
    )
    axes.plot(
        np.clip(values[known, 0], low, high),
        rows[known],
        "o" if is_main else "D",
        color=colour,
        markerfacecolor=colour if is_main else "white",
        markersize=6.5 if is_main else 4.5,
        linestyle="none",
        label=words,
    )


def _write_numbers(axes: Axes, table: pd.DataFrame, unit: Unit, level: float | None) -> None:
    share = f"{100 * level:.4g} %" if level is not None else ""
    # Below the last row: above the first it would run into a long title.
    _at_right(axes, 0.0, f"ratio ({share} interval)" if share else "ratio (interval)", is_head=True)
    for place, (_, row) in enumerate(table.iterrows()):
        if np.isfinite(float(row["estimate"] if row["estimate"] is not None else np.nan)):
            _at_right(axes, place, _numbers(row, unit))
        else:
            _at_right(axes, place, "not estimable")


def _at_right(axes: Axes, place: float, words: str, *, is_head: bool = False) -> None:
    axes.annotate(
        words,
        (1.02, place),
        xycoords="axes fraction" if is_head else ("axes fraction", "data"),
        xytext=(0, -5 if is_head else 0),
        textcoords="offset points",
        ha="left",
        va="top" if is_head else "center",
        fontsize="small",
        color=PALETTE["quiet"] if is_head else PALETTE["ink"],
        annotation_clip=False,
    )


def _numbers(row: pd.Series, unit: Unit) -> str:
    texts = [format_value(float(row[name]), unit) for name in ("estimate", "ci_low", "ci_high")]
    return f"{texts[0]} ({texts[1]}–{texts[2]})"


def _level(table: pd.DataFrame) -> float | None:
    return float(table["ci_level"].iloc[0]) if "ci_level" in table and len(table) else None


def _name_rows(axes: Axes, table: pd.DataFrame, label: str) -> None:
    from textwrap import fill

    names = [fill(spoken(value), 30) for value in table[label]]
    axes.set_yticks(range(len(table)), names)
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def _tidy(axes: Axes) -> None:
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
