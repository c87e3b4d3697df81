"""Groups side by side: a dot with its interval for each, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.format import format_count, format_value
from supportlab.plots.style import (
    PALETTE,
    figure_axes,
    legend_below,
    legend_lines,
    longest_line,
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

__all__ = ["dot_intervals"]

# Inches: a row, each further line of its name, and what stands above and below the rows.
ROW, FURTHER_LINE = 0.3, 0.17
ABOVE, TICKS, AXIS_WORDS = 0.65, 0.3, 0.25
LEGEND_GAP, LEGEND_LINE = 0.15, 0.24
# Points a digit of the counts takes, and the gap between axes and counts.
DIGIT_POINTS, COUNT_GAP = 5.9, 10.0


def dot_intervals(
    table: pd.DataFrame,
    *,
    label: str,
    unit: Unit,
    ax: Axes | None = None,
    title: str = "",
    counted: str = "answers",
    second: str | None = None,
    reference: float | None = None,
    reference_label: str = "whole",
    estimate_label: str = "own figure with interval",
    second_label: str = "shrunk",
    is_difference: bool = False,
) -> Axes:
    """
    Draw one dot with its interval a group, the first row on top, the counts at the right.

    Not for groups that follow each other in time: `line_with_interval` draws those.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a group in the order to draw: ``label``'s column, ``estimate``, ``ci_low``,
        ``ci_high``, ``n``; a group without an estimate is named and left empty.
    label : str
        Column with the group's name.
    unit : str
        Unit of the estimate.
    ax : matplotlib Axes, optional
        Where to draw.
    title : str
        Heading.
    counted : str
        What ``n`` counts, in the plural.
    second : str, optional
        Column with another figure of the same group, drawn as a hollow mark.
    reference : float, optional
        A level to compare with, drawn across.
    reference_label, estimate_label, second_label : str
        What the line and the two kinds of mark are called.
    is_difference : bool
        The estimates are differences: with signs, those of shares in points.

    Returns
    -------
    matplotlib Axes
        The axes that were drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> from supportlab.plots import close_figure
    >>> table = pd.DataFrame({"market": ["DE", "JP"], "estimate": [0.74, 0.66],
    ...                       "ci_low": [0.7, 0.6], "ci_high": [0.78, 0.72], "n": [400, 210]})
    >>> axes = dot_intervals(table, label="market", unit="proportion")
    >>> [text.get_text() for text in axes.get_yticklabels()]
    ['DE', 'JP']
    >>> close_figure(axes)
    """
    with style():
        rows = list(range(len(table)))
        names = row_names(table[label])
        words = unit_words(unit, is_difference=is_difference)
        marks = [estimate_label]
        marks += [second_label] if second is not None else []
        line_words = ""
        if reference is not None:
            line_words = _reference_words(reference_label, reference, unit, is_difference)
            marks.append(line_words)
        has_legend = len(marks) > 1
        axes = figure_axes(ax, height=_height(names, words, marks if has_legend else []))
        if reference is not None:
            axes.axvline(
                reference,
                color=PALETTE["quiet"],
                linewidth=1.1,
                linestyle=(0, (4, 2)),
                label=line_words,
            )
        _draw_rows(axes, table, rows, estimate_label)
        if second is not None:
            _draw_second(axes, table, rows, second, second_label)
        axes.set_yticks(rows, names)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        unit_axis(axes, unit, "x", is_difference=is_difference)
        axes.set_xlabel(words)
        _write_counts(axes, table, rows, counted)
        # Above the heading of the counts, which a long title would meet.
        write_title(axes, title, is_own_figure=ax is None, pad=22)
        _tidy(axes)
        if has_legend:
            legend_below(axes, points=44 if words else 26)
    return axes


def _height(names: list[str], words: str, marks: list[str]) -> float:
    """Return the inches of a figure in which no part takes the rows' room."""
    lines = sum(name.count("\n") for name in names)
    height = ABOVE + TICKS + ROW * max(len(names), 2) + FURTHER_LINE * lines
    height += AXIS_WORDS if words else 0.0
    if marks:
        height += LEGEND_GAP + LEGEND_LINE * legend_lines(marks, longest_line(names))
    return height


def _reference_words(label: str, reference: float, unit: Unit, is_difference: bool) -> str:
    # That no difference is a difference of 0 needs no telling.
    if is_difference and reference == 0:
        return label
    return f"{label} ({format_value(reference, unit)})"


def _draw_rows(axes: Axes, table: pd.DataFrame, rows: list[int], words: str) -> None:
    known = table["estimate"].notna().to_numpy()
    places = [row for row, is_known in zip(rows, known, strict=True) if is_known]
    shown = table.loc[known]
    low = shown["ci_low"].fillna(shown["estimate"]).to_numpy(dtype=float)
    high = shown["ci_high"].fillna(shown["estimate"]).to_numpy(dtype=float)
    axes.hlines(places, low, high, color=PALETTE["main"], linewidth=2.4, alpha=0.55)
    axes.plot(
        shown["estimate"].to_numpy(dtype=float),
        places,
        "o",
        color=PALETTE["main"],
        markersize=6.5,
        label=words,
    )
    for row, is_known in zip(rows, known, strict=True):
        if not is_known:
            axes.annotate(
                "cannot be estimated",
                (0.02, row),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize="small",
                style="italic",
                color=PALETTE["quiet"],
            )


def _draw_second(axes: Axes, table: pd.DataFrame, rows: list[int], second: str, words: str) -> None:
    axes.plot(
        table[second].to_numpy(dtype=float),
        rows,
        "D",
        markerfacecolor="white",
        markeredgecolor=PALETTE["second"],
        markersize=5,
        label=words,
    )


def _write_counts(axes: Axes, table: pd.DataFrame, rows: list[int], counted: str) -> None:
    texts = [format_count(count) for count in table["n"]]
    across = COUNT_GAP + DIGIT_POINTS * max((len(text) for text in texts), default=0)
    for row, text in zip(rows, texts, strict=True):
        axes.annotate(
            text,
            (1.0, row),
            xycoords=("axes fraction", "data"),
            xytext=(across, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize="small",
            color=PALETTE["quiet"],
            annotation_clip=False,
        )
    axes.annotate(
        counted,
        (1.0, 1.0),
        xycoords="axes fraction",
        xytext=(across, 3),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize="small",
        color=PALETTE["quiet"],
    )


def _tidy(axes: Axes) -> None:
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
