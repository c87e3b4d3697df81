"""A level over months: line, interval band, and the numbers that it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from supportlab.format import format_month, format_value
from supportlab.plots.style import (
    PALETTE,
    figure_axes,
    legend_below,
    style,
    unit_axis,
    unit_words,
    write_title,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes

    from supportlab.vocabulary import Unit

__all__ = ["line_with_interval"]


def line_with_interval(
    table: pd.DataFrame,
    *,
    unit: Unit,
    ax: Axes | None = None,
    title: str = "",
    counted: str = "answers",
    naive: str | None = None,
    reference: float | None = None,
    reference_label: str = "whole period",
    naive_label: str = "as the rows stand",
) -> Axes:
    """
    Draw a level by month as a line with its interval, and the counts below it.

    Not for groups without an order in time: `dot_intervals` draws those.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a month: ``month`` (ISO), ``estimate``, ``ci_low``, ``ci_high``, ``n``; a month
        without an estimate leaves a gap.
    unit : str
        Unit of the estimate.
    ax : matplotlib Axes, optional
        Where to draw.
    title : str
        Heading.
    counted : str
        What ``n`` counts, in the plural.
    naive : str, optional
        Column with the naive figure, drawn as a thin broken line.
    reference : float, optional
        A level to compare with, drawn across.
    reference_label, naive_label : str
        What the two lines are called.

    Returns
    -------
    matplotlib Axes
        The axes with the line; the counts have axes of their own below.

    Examples
    --------
    >>> import pandas as pd
    >>> from supportlab.plots import close_figure
    >>> table = pd.DataFrame({"month": ["2026-01", "2026-02"], "estimate": [0.7, 0.72],
    ...                       "ci_low": [0.68, 0.7], "ci_high": [0.72, 0.74], "n": [800, 810]})
    >>> axes = line_with_interval(table, unit="proportion")
    >>> len(axes.lines)
    1
    >>> close_figure(axes)
    """
    with style():
        axes = figure_axes(ax, height=3.9)
        places = month_numbers(table["month"])
        if reference is not None:
            axes.axhline(
                reference,
                color=PALETTE["quiet"],
                linewidth=1.2,
                linestyle=(0, (1, 1.5)),
                label=f"{reference_label} ({format_value(reference, unit)})",
            )
        if naive is not None:
            axes.plot(
                *_with_gaps(places, table[naive]),
                color=PALETTE["second"],
                linewidth=1.3,
                linestyle=(0, (4, 2)),
                label=naive_label,
            )
        draw_line(axes, table, places, "with interval")
        unit_axis(axes, unit, "y")
        axes.set_ylabel(unit_words(unit))
        write_title(axes, title, is_own_figure=ax is None)
        strip = count_strip(axes, table, places, counted)
        if naive is not None or reference is not None:
            legend_below(strip, points=26, marks=axes)
    return axes


def draw_line(axes: Axes, table: pd.DataFrame, places: np.ndarray, label: str = "") -> None:
    """Draw band, line and marks of one series."""
    x, y = _with_gaps(places, table["estimate"])
    _, low = _with_gaps(places, table["ci_low"])
    _, high = _with_gaps(places, table["ci_high"])
    axes.fill_between(x, low, high, color=PALETTE["main"], alpha=0.18, linewidth=0)
    axes.plot(x, y, color=PALETTE["main"], marker="o", markersize=4, label=label)
    axes.grid(axis="y")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def month_numbers(months: pd.Series) -> np.ndarray:
    """Return ISO months as consecutive integers, so that an absent month keeps its place."""
    import numpy as np

    return np.array([int(text[:4]) * 12 + int(text[5:7]) - 1 for text in months], dtype=int)


def month_axis(axes: Axes, places: Sequence[int] | np.ndarray, most: int = 7) -> None:
    """Label a time axis with as many months as can be read."""
    first, last = int(min(places)), int(max(places))
    # Steps that divide the year put the same months under every year.
    step = next(s for s in (1, 2, 3, 6, 12, 24, 60, 120) if (last - first) // s < most)
    marks = list(range(first, last + 1, step))
    axes.set_xticks(marks, [format_month(f"{m // 12:04d}-{m % 12 + 1:02d}") for m in marks])
    axes.set_xlim(first - 0.6, last + 0.6)


def _with_gaps(places: np.ndarray, values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    x = np.arange(places.min(), places.max() + 1)
    y = np.full(x.shape, np.nan)
    y[places - places.min()] = values.to_numpy(dtype=float, na_value=np.nan)
    return x, y


def count_strip(axes: Axes, table: pd.DataFrame, places: np.ndarray, counted: str) -> Axes:
    """Put the counts into a strip below, and the months below that."""
    axes.set_xlim(places.min() - 0.6, places.max() + 0.6)
    axes.tick_params(axis="x", labelbottom=False, length=0)
    strip = axes.inset_axes((0.0, -0.27, 1.0, 0.19))
    counts = table["n"].to_numpy(dtype=float, na_value=0.0)
    strip.bar(places, counts, width=0.7, color=PALETTE["faint"])
    most = float(counts.max()) if len(counts) else 0.0
    strip.set_yticks([0, most], ["0", f"{most:,.0f}"])
    strip.set_ylim(0, max(most, 1.0) * 1.05)
    strip.set_ylabel(counted, rotation=0, ha="right", va="center", fontsize="small")
    strip.yaxis.set_label_coords(-0.09, 0.5)
    strip.tick_params(axis="y", labelsize="x-small", length=2)
    for side in ("top", "right"):
        strip.spines[side].set_visible(False)
    month_axis(strip, places)
    return strip
