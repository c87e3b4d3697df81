"""Two groupings crossed: a shaded cell with its figure and its number of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.format import format_count, format_value
from supportlab.plots.style import PALETTE, figure_axes, spoken, style, write_title

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

__all__ = ["alt_heat_table", "heat_table"]

INCHES_PER_ROW = 0.34
# Above this part of the scale the shade is dark and the letters are white.
DARK = 0.55


def heat_table(
    table: pd.DataFrame,
    *,
    row: str,
    column: str,
    value: str,
    ax: Axes | None = None,
    title: str = "",
    bar_label: str = "",
    note: str = "",
) -> Axes:
    """
    Draw a table whose cells are shaded by a share; each says the share and its rows.

    Not for exact reading: the table beside it has the intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a cell: the two grouping columns, ``value``'s column (missing where it cannot be
        estimated) and ``n``. A pair that is not there stays white.
    row, column : str
        Grouping columns, in the order of their first rows.
    value : str
        Column with the share.
    ax : matplotlib Axes, optional
        Where to draw.
    title : str
        Heading.
    bar_label : str
        What the colours mean.
    note : str
        A line below the table.

    Returns
    -------
    matplotlib Axes
        The axes that were drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> from supportlab.plots import close_figure
    >>> table = pd.DataFrame({"market": ["DE", "DE", "JP"], "method": ["card", "debit", "card"],
    ...                       "rate": [0.1, 0.07, 0.12], "n": [400, 90, 250]})
    >>> axes = heat_table(table, row="market", column="method", value="rate")
    >>> len(axes.texts)
    3
    >>> close_figure(axes)
    """
    import numpy as np

    rows, columns = (list(dict.fromkeys(table[name])) for name in (row, column))
    if set(rows) == set(columns):
        # A grouping against itself: the empty cells make the diagonal.
        columns = rows
    grid = np.full((len(rows), len(columns)), np.nan)
    at = [
        (rows.index(one), columns.index(other))
        for one, other in zip(table[row], table[column], strict=True)
    ]
    for place, share in zip(at, table[value].astype(float), strict=True):
        grid[place] = share
    with style():
        axes = figure_axes(ax, height=1.5 + INCHES_PER_ROW * max(len(rows), 3))
        scale = _scale(grid)
        mesh = axes.pcolormesh(
            np.arange(len(columns) + 1) - 0.5,
            np.arange(len(rows) + 1) - 0.5,
            np.ma.masked_invalid(grid),
            cmap=_colours(),
            vmin=scale[0],
            vmax=scale[1],
            edgecolor="white",
            linewidth=1.2,
        )
        _write_cells(axes, at, table, value, scale)
        _label(axes, rows, columns)
        write_title(axes, title, is_own_figure=ax is None, pad=8)
        _colour_bar(axes, mesh, bar_label)
        if note:
            axes.set_xlabel(note, fontsize="small", color=PALETTE["quiet"], loc="left")
    return axes


def alt_heat_table(
    table: pd.DataFrame, *, row: str, column: str, value: str, subject: str, counted: str
) -> str:
    """
    Say what a heat table shows: its ends, its sizes, and how many cells are empty.

    Not for a figure that is not drawn by `heat_table`.

    Parameters
    ----------
    table : pandas.DataFrame
        As for the figure.
    row, column : str
        Grouping columns.
    value : str
        Column with the share.
    subject : str
        What is shown, as a noun.
    counted : str
        What ``n`` counts, in the plural.

    Returns
    -------
    str
        Three or four sentences.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"market": ["DE", "JP"], "method": ["card", "card"],
    ...                       "rate": [0.1, 0.12], "n": [400, 250]})
    >>> alt_heat_table(table, row="market", column="method", value="rate",
    ...                subject="the decline rate", counted="attempts").split(". ")[0]
    'Table of the decline rate by market and method, darker is higher'
    """
    known = table.loc[table[value].notna()]
    head = f"Table of {subject} by {row} and {column}, darker is higher. "
    if known.empty:
        return f"{head}No cell can be estimated."
    shares = known[value].to_numpy(dtype=float)
    low, high = known.iloc[int(shares.argmin())], known.iloc[int(shares.argmax())]
    n_all = table[row].nunique() * table[column].nunique()
    text = head + (
        f"The lowest is {_words(low, row, column, value, counted)}, the highest "
        f"{_words(high, row, column, value, counted)}. "
    )
    unknown = len(table) - len(known)
    if unknown:
        text += f"{unknown} cells have too few {counted} to say. "
    return f"{text}{n_all - len(table)} of {n_all} cells are empty."


def _words(one: pd.Series, row: str, column: str, value: str, counted: str) -> str:
    share = format_value(float(one[value]), "proportion")
    return f"{share} in {one[row]} by {one[column]} ({format_count(one['n'])} {counted})"


def _scale(grid: np.ndarray) -> tuple[float, float]:
    import numpy as np

    if np.isnan(grid).all():
        return 0.0, 1.0
    low, high = float(np.nanmin(grid)), float(np.nanmax(grid))
    # Alike cells must not be stretched over all shades.
    return (low, high) if high - low > 0.02 else (max(0.0, low - 0.01), high + 0.01)


def _write_cells(
    axes: Axes,
    at: list[tuple[int, int]],
    table: pd.DataFrame,
    value: str,
    scale: tuple[float, float],
) -> None:
    import math

    for (down, across), share, n in zip(at, table[value].astype(float), table["n"], strict=True):
        is_known = not math.isnan(share)
        dark = is_known and (share - scale[0]) / (scale[1] - scale[0]) > DARK
        words = format_value(share, "proportion") if is_known else "—"
        axes.annotate(
            f"{words}\n{format_count(n)}",
            (across, down),
            ha="center",
            va="center",
            fontsize=7.5,
            linespacing=1.1,
            color="white" if dark else PALETTE["ink"],
        )


def _label(axes: Axes, rows: list[str], columns: list[str]) -> None:
    axes.set_yticks(range(len(rows)), [spoken(name) for name in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.xaxis.tick_top()
    # Long names run into each other side by side.
    angle = 30 if _is_long(columns) else 0
    axes.set_xticks(
        range(len(columns)),
        [str(name).replace("_", " ") for name in columns],
        rotation=angle,
        ha="left" if angle else "center",
        fontsize="small",
    )
    axes.tick_params(axis="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _is_long(columns: list[str]) -> bool:
    return max(len(str(name)) for name in columns) * len(columns) > 50


def _colours() -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    # One hue from light to dark keeps its order in grey print and for every kind of sight; the
    # lightest is still told from a cell that is empty.
    stops = ["#E4EEF6", "#A6CBE3", "#5B9FCB", PALETTE["main"], "#00385A"]
    return LinearSegmentedColormap.from_list("supportlab_heat", stops)


def _colour_bar(axes: Axes, mesh: object, words: str) -> None:
    from matplotlib.ticker import FuncFormatter

    figure = axes.get_figure(root=True)
    bar = figure.colorbar(mesh, ax=axes, fraction=0.035, pad=0.02, aspect=24)  # type: ignore[union-attr, arg-type]
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g} %"))
    bar.set_label(words, fontsize="small")
    bar.outline.set_visible(False)
