"""Weekly shares of themes, one panel each, with what was expected and the week of the alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from supportlab.plots.scripts import drawable, script_families
from supportlab.plots.style import PALETTE, WIDTH_INCHES, style, unit_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["weekly_lines"]

PANEL_INCHES = 1.7


def weekly_lines(
    weeks: Sequence[str],
    series: Sequence[Mapping[str, Any]],
    *,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """
    Draw weekly shares, one panel a series on one scale, and mark the first week of an alarm.

    Not for months: `line_with_interval` draws those with their intervals.

    Parameters
    ----------
    weeks : sequence of str
        First days, ISO, none left out.
    series : sequence of mapping
        ``label`` and what stands for it where no font has its letters (``otherwise``); ``counts``
        and ``exposure`` by week; ``first`` (place of the flagged week, or None); ``expected``.
    title : str
        Heading.
    ax : matplotlib Axes, optional
        Where to draw; panels are put inside.

    Returns
    -------
    matplotlib Axes
        The first panel.

    Examples
    --------
    >>> from supportlab.plots import close_figure
    >>> axes = weekly_lines(["2026-03-02", "2026-03-09"], [
    ...     {"label": "sync", "otherwise": "en-01", "counts": [0, 4], "exposure": [40, 50],
    ...      "first": 1, "expected": 0.01}])
    >>> axes.get_title(loc="left")
    'sync'
    >>> close_figure(axes)
    """
    from matplotlib.ticker import MaxNLocator

    with style():
        panels = _panels(ax, len(series), title)
        days = np.array(weeks, dtype="datetime64[D]")
        most = 0.0
        for panel, one in zip(panels, series, strict=True):
            share = _draw_one(panel, days, one)
            most = max(most, float(np.nanmax(share, initial=0.0)))
            panel.set_title(
                drawable(str(one["label"]), str(one["otherwise"])),
                fontsize="medium", fontweight="normal", pad=4,
                fontfamily=list(script_families()),
            )  # fmt: skip
        for panel in panels:
            panel.set_ylim(0.0, 1.12 * most if most > 0 else 1.0)
            unit_axis(panel, "proportion", "y")
            panel.yaxis.set_major_locator(MaxNLocator(nbins=3))
            panel.grid(axis="y")
            panel.set_xlim(days[0], days[-1] + np.timedelta64(7, "D"))
            for side in ("top", "right"):
                panel.spines[side].set_visible(False)
        for panel in panels[:-1]:
            panel.tick_params(axis="x", labelbottom=False)
        _date_axis(panels[-1])
    return panels[0]


def _panels(ax: Axes | None, count: int, title: str) -> list[Axes]:
    if ax is not None:
        ax.set_axis_off()
        ax.set_title(title)
        height = 1.0 / count
        return [
            ax.inset_axes((0.08, 1.0 - (at + 1) * height + 0.06, 0.9, height * 0.66))
            for at in range(count)
        ]
    import matplotlib.pyplot as plt

    figure, grid = plt.subplots(
        count, 1, figsize=(WIDTH_INCHES, 0.9 + PANEL_INCHES * count), layout="constrained",
        squeeze=False, sharex=True,
    )  # fmt: skip
    figure.suptitle(title, x=0.01, ha="left", weight="bold", fontsize="large")
    return list(grid.flat)


def _draw_one(panel: Axes, days: np.ndarray, one: Mapping[str, Any]) -> np.ndarray:
    counts = np.asarray(one["counts"], dtype=float)
    exposure = np.asarray(one["exposure"], dtype=float)
    share: np.ndarray = np.divide(
        counts, exposure, out=np.full(len(counts), np.nan), where=exposure > 0
    )
    panel.plot(days, share, color=PALETTE["main"], linewidth=1.4, drawstyle="steps-post")
    expected, first = one["expected"], one["first"]
    if expected is not None and np.isfinite(expected):
        panel.axhline(expected, color=PALETTE["quiet"], linewidth=1.0, linestyle=(0, (1, 1.5)))
    words = f"{int(counts.sum()):,} of {int(exposure.sum()):,} comments"
    if first is not None:
        panel.axvline(days[first], color=PALETTE["second"], linewidth=1.4)
        panel.annotate(
            f"could be flagged\nafter this week: {np.datetime_as_string(days[first])}",
            (days[first], 0.97), xycoords=("data", "axes fraction"), xytext=(-4, 0),
            textcoords="offset points", ha="right", va="top", fontsize="x-small",
            color=PALETTE["second"],
        )  # fmt: skip
    panel.annotate(
        words, (1.0, 1.0), xycoords="axes fraction", xytext=(0, 4), textcoords="offset points",
        ha="right", va="bottom", fontsize="x-small", color=PALETTE["quiet"],
    )  # fmt: skip
    return share


def _date_axis(panel: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    panel.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    panel.xaxis.set_major_formatter(formatter)
