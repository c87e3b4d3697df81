"""Time to an event: the share still waiting, as steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.plots.style import PALETTE, figure_axes, spoken, style, unit_axis, write_title

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["step_curves"]

LINES = (("main", "-"), ("second", (0, (5, 2))), ("third", (0, (1, 1.2))), ("fourth", "-."))


def step_curves(
    table: pd.DataFrame,
    *,
    series: str | None = None,
    ax: Axes | None = None,
    title: str = "",
    time_label: str = "time since creation",
    share_label: str = "still waiting",
    until: float | None = None,
    is_log_time: bool = False,
) -> Axes:
    """
    Draw Kaplan-Meier curves as steps with their bands and medians.

    Not for more than four series: compare medians by `dot_intervals`.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a step: ``time``, ``survival`` and, where known, ``ci_low``, ``ci_high``, in
        ascending time.
    series : str, optional
        Column that tells the curves apart.
    ax : matplotlib Axes, optional
        Where to draw.
    title : str
        Heading.
    time_label, share_label : str
        Labels of the axes.
    until : float, optional
        Where the time axis ends.
    is_log_time : bool
        Use a logarithmic time axis, for waits from minutes to weeks.

    Returns
    -------
    matplotlib Axes
        The axes that were drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> from supportlab.plots import close_figure
    >>> table = pd.DataFrame({"time": [0.0, 1.0, 4.0], "survival": [1.0, 0.6, 0.2]})
    >>> axes = step_curves(table)
    >>> axes.get_ylabel()
    'still waiting'
    >>> close_figure(axes)
    """
    with style():
        axes = figure_axes(ax, height=3.6)
        parts = [("", table)] if series is None else list(table.groupby(series, sort=False))
        for (name, part), (colour, line) in zip(parts, LINES, strict=False):
            _draw_curve(axes, part, spoken(name), PALETTE[colour], line)
        axes.axhline(0.5, color=PALETTE["quiet"], linewidth=0.9, linestyle=(0, (1, 2)))
        axes.set_ylim(0, 1.02)
        unit_axis(axes, "proportion", "y")
        _time_axis(axes, table, until, is_log_time)
        axes.set_xlabel(time_label)
        axes.set_ylabel(share_label)
        write_title(axes, title, is_own_figure=ax is None)
        axes.grid(axis="y")
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        if series is not None:
            axes.legend(loc="upper right", handlelength=2.4)
    return axes


def _draw_curve(axes: Axes, part: pd.DataFrame, name: str, colour: str, line: object) -> None:
    axes.step(
        part["time"],
        part["survival"],
        where="post",
        color=colour,
        linestyle=line,
        label=name or None,
    )
    if {"ci_low", "ci_high"} <= set(part.columns):
        axes.fill_between(
            part["time"],
            part["ci_low"].astype(float),
            part["ci_high"].astype(float),
            step="post",
            color=colour,
            alpha=0.15,
            linewidth=0,
        )


def _time_axis(axes: Axes, table: pd.DataFrame, until: float | None, is_log_time: bool) -> None:
    last = until if until is not None else float(table["time"].max())
    if not is_log_time:
        axes.set_xlim(0, last)
        return
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axes.set_xscale("log")
    positive = table.loc[table["time"] > 0, "time"]
    first = max(float(positive.min()) if len(positive) else 1 / 60, 1 / 60)
    marks = [1 / 60, 10 / 60, 1, 6, 24, 72, 168, 720, 8760]
    words = {1 / 60: "1 min", 10 / 60: "10 min", 1: "1 h", 6: "6 h", 24: "1 day"}
    words |= {72: "3 days", 168: "1 week", 720: "30 days", 8760: "1 year"}
    axes.xaxis.set_major_locator(FixedLocator(marks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.get(value, "")))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(first, max(last, first * 2))
