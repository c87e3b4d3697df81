"""Means on both sides of a limit, and the jump between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from supportlab.plots.style import PALETTE, figure_axes, legend_below, style, unit_axis, write_title

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from supportlab.vocabulary import Unit

__all__ = ["jump_plot"]

LARGEST, SMALLEST = 90.0, 12.0


def jump_plot(
    bins: pd.DataFrame,
    *,
    levels: tuple[float, float],
    unit: Unit,
    ax: Axes | None = None,
    title: str = "",
    label: str = "distance from the limit",
    jump_words: str = "",
) -> Axes:
    """
    Draw means in bins of a running variable with the limit at 0.

    Not for showing that there is a jump: bins are for the eye, the interval is for that.

    Parameters
    ----------
    bins : pandas.DataFrame
        One row a bin: ``x`` (its middle), ``mean``, ``n``.
    levels : tuple of float
        Fitted levels just left and just right of the limit.
    unit : str
        Unit of the mean.
    ax : matplotlib Axes, optional
        Where to draw.
    title, label : str
        Heading and label of the running variable.
    jump_words : str
        The jump in words, written at the limit.

    Returns
    -------
    matplotlib Axes
        The axes that were drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> from supportlab.plots import close_figure
    >>> bins = pd.DataFrame({"x": [-1.0, 1.0], "mean": [0.6, 0.8], "n": [50, 60]})
    >>> axes = jump_plot(bins, levels=(0.62, 0.78), unit="proportion")
    >>> len(axes.collections)
    1
    >>> close_figure(axes)
    """
    with style():
        axes = figure_axes(ax, height=3.8)
        size = bins["n"].to_numpy(dtype=float)
        area = SMALLEST + (LARGEST - SMALLEST) * size / max(1.0, float(np.max(size)))
        axes.scatter(
            bins["x"], bins["mean"], s=area, color=PALETTE["main"], alpha=0.75, linewidth=0,
            label="mean in a bin, area by tickets",
        )  # fmt: skip
        axes.axvline(0.0, color=PALETTE["quiet"], linewidth=1.1, linestyle=(0, (4, 2)))
        axes.plot(
            [0.0, 0.0], list(levels), color=PALETTE["second"], linewidth=2.4, marker="o",
            label=f"fitted levels at the limit {jump_words}".strip(),
        )  # fmt: skip
        unit_axis(axes, unit, "y")
        axes.set_xlabel(label)
        write_title(axes, title, is_own_figure=ax is None)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        legend_below(axes, points=44)
    return axes
