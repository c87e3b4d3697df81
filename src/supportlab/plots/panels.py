"""The same drawing once a group, on one scale, so that eyes can compare."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from supportlab.format import format_count
from supportlab.plots.lines import draw_line, month_axis, month_numbers
from supportlab.plots.style import PALETTE, WIDTH_INCHES, spoken, style, unit_axis

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from supportlab.vocabulary import Unit

__all__ = ["small_multiples"]

PANEL_HEIGHT_INCHES = 1.55


def small_multiples(
    table: pd.DataFrame,
    *,
    panel: str,
    unit: Unit,
    ax: Axes | None = None,
    title: str = "",
    counted: str = "answers",
    reference: pd.DataFrame | None = None,
    reference_label: str = "whole",
    columns: int = 3,
    marks: pd.DataFrame | None = None,
) -> Axes:
    """
    Draw a level by month once a group, all panels on one scale.

    Not for more than some thirty groups: order them by `dot_intervals` first.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a group and month: the group's column, ``month``, ``estimate``, ``ci_low``,
        ``ci_high``, ``n``. Panels follow the order of first rows.
    panel : str
        Column with the group's name.
    unit : str
        Unit of the estimate.
    ax : matplotlib Axes, optional
        Axes whose place the panels take.
    title : str
        Heading over all panels.
    counted : str
        What ``n`` counts, in the plural.
    reference : pandas.DataFrame, optional
        One series (``month``, ``estimate``) drawn in grey in every panel.
    reference_label : str
        What the grey line is.
    columns : int
        Panels side by side.
    marks : pandas.DataFrame, optional
        Changes to be marked: the group's column, ``month``, ``month_low``, ``month_high``.

    Returns
    -------
    matplotlib Axes
        The axes of the first panel; its figure holds the others.

    Examples
    --------
    >>> import pandas as pd
    >>> from supportlab.plots import close_figure
    >>> table = pd.DataFrame({
    ...     "market": ["DE", "DE", "JP", "JP"], "month": ["2026-01", "2026-02"] * 2,
    ...     "estimate": [0.7, 0.72, 0.6, 0.61], "ci_low": [0.6, 0.62, 0.5, 0.5],
    ...     "ci_high": [0.8, 0.82, 0.7, 0.71], "n": [90, 80, 70, 60]})
    >>> axes = small_multiples(table, panel="market", unit="proportion")
    >>> axes.get_title(loc="left")
    'DE'
    >>> close_figure(axes)
    """
    names = list(dict.fromkeys(table[panel]))
    # Four panels make a square; a lone one on a second row looks like an afterthought.
    columns = min(columns, 2 if len(names) == 4 else len(names))
    with style():
        panels = _grid(ax, len(names), columns, title)
        scale = _common_scale(table)
        months = month_numbers(table["month"])
        for place, (axes, name) in enumerate(zip(panels, names, strict=True)):
            part = table.loc[table[panel] == name]
            if reference is not None:
                axes.plot(
                    month_numbers(reference["month"]),
                    reference["estimate"].astype(float),
                    color=PALETTE["quiet"],
                    linewidth=1.0,
                )
            draw_line(axes, part, month_numbers(part["month"]))
            if marks is not None:
                _mark(axes, marks.loc[marks[panel] == name])
            axes.set_ylim(*scale)
            unit_axis(axes, unit, "y")
            month_axis(axes, months, most=3)
            is_left = place % columns == 0
            is_bottom = place + columns >= len(names)
            axes.tick_params(labelleft=is_left, labelbottom=is_bottom, labelsize="x-small")
            axes.set_title(spoken(name), fontsize="medium", pad=3)
            words = f"{format_count(part['n'].sum())} {counted}"
            axes.set_title(words, loc="right", fontsize="x-small", pad=3, weight="normal")
        if reference is not None:
            _explain(panels[0], reference_label)
    return panels[0]


def _grid(ax: Axes | None, count: int, columns: int, title: str) -> list[Axes]:
    rows = math.ceil(count / columns)
    if ax is not None:
        return _inside(ax, count, columns, rows, title)
    import matplotlib.pyplot as plt

    height = 0.6 + PANEL_HEIGHT_INCHES * rows
    figure, grid = plt.subplots(
        rows, columns, figsize=(WIDTH_INCHES, height), layout="constrained", squeeze=False
    )
    figure.suptitle(title, x=0.01, ha="left", weight="bold", fontsize="large")
    panels = list(grid.flat)
    for unused in panels[count:]:
        unused.set_visible(False)
    return panels[:count]


def _inside(ax: Axes, count: int, columns: int, rows: int, title: str) -> list[Axes]:
    ax.set_axis_off()
    ax.set_title(title)
    width, height = 1.0 / columns, 1.0 / rows
    return [
        ax.inset_axes(
            (
                (place % columns) * width + 0.02,
                1.0 - (place // columns + 1) * height + 0.02,
                width * 0.88,
                height * 0.7,
            )
        )
        for place in range(count)
    ]


def _mark(axes: Axes, marks: pd.DataFrame) -> None:
    """Mark each change by a line before its first month, and its interval by a band."""
    places = (month_numbers(marks[name]) for name in ("month_low", "month", "month_high"))
    for low, place, high in zip(*places, strict=True):
        axes.axvspan(low - 0.5, high + 0.5, color=PALETTE["second"], alpha=0.22, linewidth=0)
        axes.axvline(place - 0.5, color=PALETTE["second"], linewidth=1.6)


def _common_scale(table: pd.DataFrame) -> tuple[float, float]:
    low = float(table["ci_low"].fillna(table["estimate"]).min())
    high = float(table["ci_high"].fillna(table["estimate"]).max())
    if not (math.isfinite(low) and math.isfinite(high)):
        return (0.0, 1.0)
    room = 0.05 * max(high - low, 1e-9)
    return low - room, high + room


def _explain(axes: Axes, words: str) -> None:
    figure = axes.get_figure(root=True)
    figure.supxlabel(  # type: ignore[union-attr]
        f"blue: the group with its interval; grey: {words}",
        fontsize="small",
        x=0.01,
        ha="left",
        color=PALETTE["quiet"],
    )
