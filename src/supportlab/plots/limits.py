"""A control chart: a series between limits, what lies outside marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.plots.lines import count_strip, month_numbers
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
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["limits_chart"]


def limits_chart(
    table: pd.DataFrame, *, centre: float, title: str = "", ax: Axes | None = None
) -> Axes:
    """
    Draw a share by month between its limits, the raw share as a thin line.

    Not for intervals of estimates: `line_with_interval` draws those.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a month: ``month``, ``raw_rate``, ``estimate``, ``limit_low_rate``,
        ``limit_high_rate``, ``is_out``, ``n``.
    centre : float
        Middle line.
    title : str
        Heading.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The axes with the line; the counts have axes of their own below.

    Examples
    --------
    >>> import pandas as pd
    >>> from supportlab.plots import close_figure
    >>> table = pd.DataFrame({"month": ["2026-01", "2026-02"], "raw_rate": [0.7, 0.5],
    ...     "estimate": [0.7, 0.5], "limit_low_rate": [0.6, 0.6], "limit_high_rate": [0.8, 0.8],
    ...     "is_out": [False, True], "n": [100, 100]})
    >>> axes = limits_chart(table, centre=0.7)
    >>> len(axes.collections[-1].get_offsets())
    1
    >>> close_figure(axes)
    """
    with style():
        axes = figure_axes(ax, height=3.9)
        places = month_numbers(table["month"])
        low, high = (table[name].astype(float) for name in ("limit_low_rate", "limit_high_rate"))
        axes.fill_between(
            places, low, high, step="mid", color=PALETTE["faint"], alpha=0.45, linewidth=0
        )
        axes.axhline(centre, color=PALETTE["quiet"], linewidth=1.0, linestyle=(0, (1, 1.5)))
        axes.plot(
            places,
            table["raw_rate"].astype(float),
            color=PALETTE["quiet"],
            linewidth=1.0,
            linestyle=(0, (4, 2)),
            label="as the answers stand",
        )
        axes.plot(
            places,
            table["estimate"].astype(float),
            color=PALETTE["main"],
            marker="o",
            markersize=4,
            label="fixed mix, no season",
        )
        out = table["is_out"].to_numpy(dtype=bool)
        axes.scatter(
            places[out],
            table["estimate"].to_numpy(dtype=float)[out],
            s=90,
            marker="D",
            facecolor="none",
            edgecolor=PALETTE["second"],
            linewidth=2.0,
            zorder=5,
            label="outside the limits",
        )
        unit_axis(axes, "proportion", "y")
        axes.set_ylabel(unit_words("proportion"))
        write_title(axes, title, is_own_figure=ax is None)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        strip = count_strip(axes, table, places, "answers")
        legend_below(strip, points=26, marks=axes)
    return axes
