"""Funnel plots: groups against limits that narrow with their size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.format import format_count, format_value
from supportlab.plots.style import PALETTE, figure_axes, legend_below, style, unit_axis, write_title

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["alt_funnel", "funnel_plot"]

# More names than this run into each other; the furthest out are named.
MOST_NAMES = 12


def funnel_plot(
    table: pd.DataFrame,
    limits: pd.DataFrame,
    *,
    label: str,
    target: float,
    ax: Axes | None = None,
    title: str = "",
    size_label: str = "attempts, counted as independent ones (logarithmic)",
) -> Axes:
    """
    Draw groups by size and share, with the target and two pairs of limits.

    Not a ranking: height alone says little of a small group.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a group: ``label``'s column, ``estimate``, ``size`` (effective number of rows),
        ``is_outside_95`` and ``is_outside_998``.
    limits : pandas.DataFrame
        One row a size, ascending: ``size``, ``low_95``, ``high_95``, ``low_998``, ``high_998``.
    label : str
        Column with the group's name.
    target : float
        Share that the groups are held against.
    ax : matplotlib Axes, optional
        Where to draw.
    title : str
        Heading.
    size_label : str
        Label of the size axis.

    Returns
    -------
    matplotlib Axes
        The axes that were drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> from supportlab.plots import close_figure
    >>> table = pd.DataFrame({"market": ["DE", "JP"], "estimate": [0.1, 0.2], "size": [900.0, 80],
    ...                       "is_outside_95": [False, True], "is_outside_998": [False, False]})
    >>> limits = pd.DataFrame({"size": [50.0, 1000], "low_95": [0.02, 0.08],
    ...                        "high_95": [0.18, 0.12], "low_998": [0.0, 0.07],
    ...                        "high_998": [0.24, 0.13]})
    >>> axes = funnel_plot(table, limits, label="market", target=0.1)
    >>> [text.get_text() for text in axes.texts]
    ['JP', 'DE']
    >>> close_figure(axes)
    """
    with style():
        axes = figure_axes(ax, height=4.4)
        _draw_limits(axes, limits, target)
        _draw_groups(axes, table)
        _write_names(axes, table, label, target)
        axes.set_xscale("log")
        axes.set_xlim(float(limits["size"].min()), float(limits["size"].max()))
        _size_ticks(axes)
        unit_axis(axes, "proportion", "y")
        top = max(float(table["estimate"].max()), float(limits["high_998"].median()))
        axes.set_ylim(min(0.0, float(table["estimate"].min())) - 0.02 * top, 1.12 * top)
        axes.set_xlabel(size_label)
        write_title(axes, title, is_own_figure=ax is None)
        axes.grid(axis="y")
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        legend_below(axes, points=44)
    return axes


def alt_funnel(
    table: pd.DataFrame, *, label: str, target: float, subject: str, spread_words: str
) -> str:
    """
    Say what a funnel plot shows: the target, the spread, and who lies outside.

    Not for a figure that is not drawn by `funnel_plot`.

    Parameters
    ----------
    table : pandas.DataFrame
        As for the figure.
    label : str
        Column with the group's name.
    target : float
        Share that the groups are held against.
    subject : str
        What is drawn, as a noun.
    spread_words : str
        What the limits allow for.

    Returns
    -------
    str
        Three sentences.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"market": ["DE"], "estimate": [0.1], "size": [900.0],
    ...                       "is_outside_95": [False], "is_outside_998": [False]})
    >>> alt_funnel(table, label="market", target=0.1, subject="the decline rate",
    ...            spread_words="chance").split(". ")[-1]
    'All of 1 lie inside the 95 % limits.'
    """
    text = (
        f"Funnel plot of {subject} by {label} against its number of rows. The line across is the "
        f"whole at {format_value(target, 'proportion')}; the limits narrow to the right and allow "
        f"for {spread_words}. "
    )
    inner, outer = table["is_outside_95"].astype(bool), table["is_outside_998"].astype(bool)
    if not inner.any():
        return f"{text}All of {len(table)} lie inside the 95 % limits."
    names = ", ".join(str(name) for name in table.loc[inner, label])
    text += f"{int(inner.sum())} of {len(table)} lie outside the 95 % limits ({names})"
    if not outer.any():
        return f"{text}, none outside the 99.8 % limits."
    far = ", ".join(str(name) for name in table.loc[outer, label])
    return f"{text}, and outside the 99.8 % limits: {far}."


def _draw_limits(axes: Axes, limits: pd.DataFrame, target: float) -> None:
    axes.fill_between(
        limits["size"], limits["low_95"], limits["high_95"], color=PALETTE["main"], alpha=0.10,
        linewidth=0,
    )  # fmt: skip
    for level, line, words in (("95", (0, (5, 2)), "95 % limits"), ("998", "-", "99.8 % limits")):
        for side in ("low", "high"):
            axes.plot(
                limits["size"],
                limits[f"{side}_{level}"],
                color=PALETTE["quiet"],
                linewidth=1.1,
                linestyle=line,
                label=words if side == "low" else None,
            )
    axes.axhline(
        target,
        color=PALETTE["ink"],
        linewidth=1.2,
        label=f"whole ({format_value(target, 'proportion')})",
    )


def _draw_groups(axes: Axes, table: pd.DataFrame) -> None:
    outside = table["is_outside_95"].astype(bool)
    # Shape as well as colour tells those outside, so that a grey print does too.
    for chosen, mark, colour, size in (
        (~outside, "o", PALETTE["main"], 6.5),
        (outside, "D", PALETTE["second"], 7.0),
    ):
        part = table.loc[chosen]
        axes.plot(part["size"], part["estimate"], mark, color=colour, markersize=size)


def _write_names(axes: Axes, table: pd.DataFrame, label: str, target: float) -> None:
    order = (table["estimate"] - target).abs().sort_values(ascending=False, kind="stable").index
    named = [*table.index[table["is_outside_95"].astype(bool)], *order]
    for place in list(dict.fromkeys(named))[:MOST_NAMES]:
        row = table.loc[place]
        axes.annotate(
            str(row[label]),
            (float(row["size"]), float(row["estimate"])),
            xytext=(6, 3),
            textcoords="offset points",
            fontsize="small",
            color=PALETTE["ink"],
            parse_math=False,
        )


def _size_ticks(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 3.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_count(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
