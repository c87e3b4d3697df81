"""A waterfall: what a whole loses and regains, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.format import format_count, format_value
from supportlab.plots.style import PALETTE, figure_axes, style, unit_axis, write_title

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["alt_waterfall", "waterfall"]

_COLOURS = {"whole": "main", "loss": "second", "gain": "third", "part": "faint"}


def waterfall(
    table: pd.DataFrame, *, ax: Axes | None = None, title: str = "", counted: str = "checkouts"
) -> Axes:
    """
    Draw steps as bars that begin where the one before ended, the first on top.

    Not for groups side by side: `dot_intervals` draws those.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a step in order: ``step``, ``kind`` (``whole``, ``loss``, ``gain`` or ``part``, a
        bar of its own that moves nothing), ``share`` of the first whole, ``n``.
    ax : matplotlib Axes, optional
        Where to draw.
    title : str
        Heading.
    counted : str
        What ``n`` counts, in the plural.

    Returns
    -------
    matplotlib Axes
        The axes that were drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> from supportlab.plots import close_figure
    >>> table = pd.DataFrame({"step": ["begun", "lost", "paid"], "kind": ["whole", "loss", "whole"],
    ...                       "share": [1.0, 0.2, 0.8], "n": [50, 10, 40]})
    >>> axes = waterfall(table)
    >>> [round(float(bar.get_x()), 2) for bar in axes.patches]
    [0.0, 0.8, 0.0]
    >>> close_figure(axes)
    """
    with style():
        rows = list(range(len(table)))
        axes = figure_axes(ax, height=1.0 + 0.42 * max(len(rows), 2))
        for row, (left, step) in enumerate(
            zip(_lefts(table), table.to_dict("records"), strict=True)
        ):
            axes.barh(
                row,
                step["share"],
                left=left,
                height=0.62,
                color=PALETTE[_COLOURS[step["kind"]]],
                edgecolor=PALETTE["ink"] if step["kind"] != "part" else PALETTE["quiet"],
                linewidth=0.6,
            )
            words = f"{format_value(step['share'], 'proportion')}  ({format_count(step['n'])})"
            axes.annotate(
                words,
                (left + step["share"], row),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize="small",
            )
        axes.set_yticks(rows, [str(value) for value in table["step"]])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        # Room for the words at the right of the longest bar.
        axes.set_xlim(0, 1.32)
        axes.tick_params(axis="y", length=0)
        unit_axis(axes, "proportion", "x")
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0])
        axes.set_xlabel(f"share of {counted} begun")
        write_title(axes, title, is_own_figure=ax is None)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
    return axes


def alt_waterfall(table: pd.DataFrame, counted: str = "checkouts") -> str:
    """
    Say in words what a waterfall shows.

    Parameters
    ----------
    table : pandas.DataFrame
        As for `waterfall`.
    counted : str
        What ``n`` counts, in the plural.

    Returns
    -------
    str
        One sentence.

    Examples
    --------
    >>> import pandas as pd
    >>> alt_waterfall(pd.DataFrame({"step": ["begun", "lost"], "kind": ["whole", "loss"],
    ...                             "share": [1.0, 0.2], "n": [50, 10]}))
    'Waterfall of 50 checkouts: begun 100 %; lost 20 %.'
    """
    steps = [f"{row['step']} {100 * row['share']:.3g} %" for row in table.to_dict("records")]
    return f"Waterfall of {format_count(table['n'].iloc[0])} {counted}: {'; '.join(steps)}."


def _lefts(table: pd.DataFrame) -> list[float]:
    """Return where each bar begins: losses fall from the level reached, gains rise from it."""
    level, lefts = 0.0, []
    for step in table.to_dict("records"):
        share = float(step["share"])
        if step["kind"] == "whole":
            level = share
            lefts.append(0.0)
        elif step["kind"] == "part":
            lefts.append(0.0)
        elif step["kind"] == "loss":
            level -= share
            lefts.append(level)
        else:
            lefts.append(level)
            level += share
    return lefts
