"""A waterfall of a difference: what adds to it and what takes from it, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.format import format_difference
from supportlab.plots.style import (
    PALETTE,
    figure_axes,
    row_names,
    style,
    unit_axis,
    unit_words,
    write_title,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from supportlab.vocabulary import Unit

__all__ = ["change_steps"]


def change_steps(
    table: pd.DataFrame,
    *,
    ax: Axes | None = None,
    title: str = "",
    total_label: str = "in all",
    unit: Unit = "proportion",
) -> Axes:
    """
    Draw signed steps that begin where the one before ended, with their sum below.

    Not for the parts of a whole: `waterfall` draws those.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a step in order: ``step``, ``change``.
    ax : matplotlib Axes, optional
        Where to draw.
    title : str
        Heading.
    total_label : str
        What the sum is called.
    unit : str
        Unit of the changes.

    Returns
    -------
    matplotlib Axes
        The axes that were drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> from supportlab.plots import close_figure
    >>> table = pd.DataFrame({"step": ["mix", "within"], "change": [-0.01, 0.03]})
    >>> axes = change_steps(table)
    >>> [round(float(bar.get_width()), 3) for bar in axes.patches]
    [-0.01, 0.03, 0.02]
    >>> close_figure(axes)
    """
    changes = [float(value) for value in table["change"]]
    lefts, level = [], 0.0
    for change in changes:
        lefts.append(level)
        level += change
    with style():
        names = row_names([*table["step"], total_label])
        axes = figure_axes(ax, height=1.0 + 0.3 * max(len(names), 3))
        for row, (left, change) in enumerate(zip([*lefts, 0.0], [*changes, level], strict=True)):
            is_total = row == len(changes)
            colour = PALETTE["main"] if is_total else PALETTE["third" if change >= 0 else "second"]
            axes.barh(row, change, left=left, height=0.62, color=colour,
                      edgecolor=PALETTE["ink"], linewidth=0.6)  # fmt: skip
            axes.annotate(
                format_difference(change, unit),
                (1.02, row),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize="small",
                color=PALETTE["ink"] if is_total else PALETTE["quiet"],
                annotation_clip=False,
            )
        axes.axvline(0.0, color=PALETTE["quiet"], linewidth=1.1)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        unit_axis(axes, unit, "x", is_difference=True)
        axes.set_xlabel(unit_words(unit, is_difference=True))
        write_title(axes, title, is_own_figure=ax is None)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
    return axes
