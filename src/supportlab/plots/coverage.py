"""What is there and what is missing over time, a strip for each column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.plots.lines import month_axis, month_numbers
from supportlab.plots.style import PALETTE, figure_axes, style, write_title

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

__all__ = ["coverage_strips"]


def coverage_strips(
    table: pd.DataFrame,
    *,
    row: str,
    share: str = "share",
    ax: Axes | None = None,
    title: str = "",
    bar_label: str = "share of rows with a value",
) -> Axes:
    """
    Draw one strip a row, months across, darker where more is there.

    Not for exact reading: the table beside it has the numbers.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a strip and month: the strip's name, ``month`` (ISO), the share from 0 to 1
        (missing where the month has no row).
    row : str
        Column with the strip's name; strips are drawn in the order of their first row.
    share : str
        Column with the share.
    ax : matplotlib Axes, optional
        Where to draw.
    title : str
        Heading.
    bar_label : str
        What the colours mean.

    Returns
    -------
    matplotlib Axes
        The axes that were drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> from supportlab.plots import close_figure
    >>> table = pd.DataFrame({"column": ["market", "market"], "month": ["2026-01", "2026-02"],
    ...                       "share": [1.0, 0.4]})
    >>> axes = coverage_strips(table, row="column")
    >>> close_figure(axes)
    """
    import numpy as np

    names = list(dict.fromkeys(table[row]))
    places = month_numbers(table["month"])
    first, last = int(places.min()), int(places.max())
    grid = np.full((len(names), last - first + 1), np.nan)
    at = {name: index for index, name in enumerate(names)}
    rows = table[row].map(at).to_numpy(dtype=int)
    grid[rows, places - first] = table[share].to_numpy(dtype=float, na_value=np.nan)
    with style():
        axes = figure_axes(ax, height=1.4 + 0.21 * max(len(names), 3))
        mesh = axes.pcolormesh(
            np.arange(first, last + 2) - 0.5,
            np.arange(len(names) + 1) - 0.5,
            np.ma.masked_invalid(grid),
            cmap=_colours(),
            vmin=0,
            vmax=1,
            edgecolor="white",
            linewidth=0.6,
        )
        axes.set_facecolor("#F6F6F6")
        axes.set_yticks(range(len(names)), [str(name) for name in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.tick_params(axis="both", length=0)
        month_axis(axes, places, most=6)
        axes.set_xlim(first - 0.5, last + 0.5)
        for spine in axes.spines.values():
            spine.set_visible(False)
        write_title(axes, title, is_own_figure=ax is None)
        _colour_bar(axes, mesh, bar_label)
    return axes


def _colours() -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    # One hue from light to dark keeps its order in grey print and for every kind of sight.
    stops = ["#FFFFFF", "#D6E6F2", "#7FB4D8", PALETTE["main"], "#00466E"]
    return LinearSegmentedColormap.from_list("supportlab_coverage", stops)


def _colour_bar(axes: Axes, mesh: object, words: str) -> None:
    figure = axes.get_figure(root=True)
    bar = figure.colorbar(mesh, ax=axes, fraction=0.035, pad=0.02, aspect=22)  # type: ignore[union-attr, arg-type]
    bar.set_ticks([0, 0.5, 1], labels=["0 %", "50 %", "100 %"])
    bar.set_label(words, fontsize="small")
    bar.outline.set_visible(False)
