"""Curves of staying and leaving with the numbers at risk under the axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.format import format_count
from supportlab.plots.curves import LINES, step_curves
from supportlab.plots.style import PALETTE, figure_axes, spoken, style, unit_axis, write_title

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["incidence_curves", "retention_curves"]

NAIVE_LABEL = "as 1 − Kaplan-Meier: too high"
DOTTED = (0, (2, 2))
TIME_LABEL = "months since the customer came"
# Below the tick labels and the axis label, in heights of a line.
FIRST_LINE, LINE_POINTS = 40, 13
# From the first mark to the names of the rows, past half of a number.
NAME_POINTS = 20


def retention_curves(
    table: pd.DataFrame,
    numbers: pd.DataFrame,
    *,
    series: str | None = None,
    ax: Axes | None = None,
    title: str = "",
) -> Axes:
    """
    Draw the share still there by months, with the numbers at risk under the axis.

    Not for more than four groups: take the largest.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a step: ``time`` in months, ``survival``, ``ci_low``, ``ci_high``.
    numbers : pandas.DataFrame
        One row a group and mark: ``time``, ``n_at_risk``.
    series : str, optional
        Column of both that tells the groups apart.
    ax : matplotlib Axes, optional
        Where to draw.
    title : str
        Heading.

    Returns
    -------
    matplotlib Axes
        The axes that were drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> from supportlab.plots import close_figure
    >>> table = pd.DataFrame({"time": [0.0, 6.0, 12.0], "survival": [1.0, 0.9, 0.8]})
    >>> axes = retention_curves(table, table.assign(n_at_risk=[90, 60, 30]))
    >>> [text.get_text() for text in axes.texts]
    ['at risk', '90', '60', '30']
    >>> close_figure(axes)
    """
    axes = step_curves(
        table,
        series=series,
        ax=ax,
        title=title,
        time_label=TIME_LABEL,
        share_label="still there",
        until=float(numbers["time"].max()),
    )
    with style():
        _numbers_below(axes, numbers, series)
    return axes


def incidence_curves(
    table: pd.DataFrame,
    numbers: pd.DataFrame,
    *,
    ax: Axes | None = None,
    title: str = "",
) -> Axes:
    """
    Draw the share that has left by each cause, beside one minus Kaplan-Meier.

    Not for more than four causes.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a cause and step: ``cause``, ``time`` in months, ``incidence``, ``ci_low``,
        ``ci_high``, ``alone``.
    numbers : pandas.DataFrame
        One row a mark: ``time``, ``n_at_risk``.
    ax : matplotlib Axes, optional
        Where to draw.
    title : str
        Heading.

    Returns
    -------
    matplotlib Axes
        The axes that were drawn on.
    """
    last = float(numbers["time"].max())
    with style():
        axes = figure_axes(ax, height=3.6)
        parts = list(table.groupby("cause", sort=False))
        for (name, part), (colour, _) in zip(parts, LINES, strict=False):
            shown = part.loc[part["time"] <= last]
            _draw_cause(axes, shown, str(name), PALETTE[colour])
        axes.set_xlim(0, last)
        # One entry for all dotted lines, and room above the curves for the legend.
        axes.plot([], [], color=PALETTE["quiet"], linestyle=DOTTED, label=NAIVE_LABEL)
        axes.set_ylim(0, 1.25 * float(table.loc[table["time"] <= last, "alone"].max()))
        unit_axis(axes, "proportion", "y")
        axes.set_xlabel(TIME_LABEL)
        axes.set_ylabel("have left by then")
        write_title(axes, title, is_own_figure=ax is None)
        axes.grid(axis="y")
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.legend(loc="upper left", handlelength=2.4)
        _numbers_below(axes, numbers, None)
    return axes


def _draw_cause(axes: Axes, part: pd.DataFrame, name: str, colour: str) -> None:
    axes.step(part["time"], part["incidence"], where="post", color=colour, label=name)
    axes.fill_between(
        part["time"],
        part["ci_low"],
        part["ci_high"],
        step="post",
        color=colour,
        alpha=0.15,
        linewidth=0,
    )
    axes.step(
        part["time"],
        part["alone"],
        where="post",
        color=colour,
        linewidth=1.0,
        linestyle=DOTTED,
    )


def _numbers_below(axes: Axes, numbers: pd.DataFrame, series: str | None) -> None:
    axes.set_xticks(sorted(set(numbers["time"])))
    parts = [("", numbers)] if series is None else list(numbers.groupby(series, sort=False))
    _below(axes, 0.0, "at risk", 0, PALETTE["quiet"], "left")
    for line, ((name, part), (colour, _)) in enumerate(zip(parts, LINES, strict=False), start=1):
        # Colour alone would not tell the rows apart for everybody.
        if series is not None:
            _below(axes, 0.0, spoken(name), line, PALETTE[colour], "right", -NAME_POINTS)
        for time, n in zip(part["time"], part["n_at_risk"], strict=True):
            _below(axes, float(time), format_count(int(n)), line, PALETTE[colour], "center")


def _below(
    axes: Axes, time: float, words: str, line: int, colour: str, side: str, across: float = 0.0
) -> None:
    axes.annotate(
        words,
        xy=(time, 0.0),
        xycoords=("data", "axes fraction"),
        xytext=(across, -(FIRST_LINE + line * LINE_POINTS)),
        textcoords="offset points",
        ha=side,
        va="top",
        fontsize=8,
        color=colour,
        annotation_clip=False,
    )
