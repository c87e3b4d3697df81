"""A share against an assumption about those who were not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.format import format_value
from supportlab.plots.style import PALETTE, figure_axes, style, unit_axis, write_title

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

__all__ = ["silent_band"]


def silent_band(
    odds_ratio: np.ndarray,
    estimate: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    *,
    bounds: tuple[float, float],
    naive: float,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """
    Draw a share by the odds of the unseen, with its band, its bounds and the naive figure.

    Not for a curve over time: `line_with_interval` draws that.

    Parameters
    ----------
    odds_ratio : numpy.ndarray of shape (n_points,)
        Odds of the unseen over those of the seen who are alike; 1 is no difference.
    estimate, low, high : numpy.ndarray of shape (n_points,)
        Share with its interval.
    bounds : tuple of float
        What no assumption can leave.
    naive : float
        Share among the seen.
    title : str
        Heading.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The axes that were drawn on.

    Examples
    --------
    >>> import numpy as np
    >>> from supportlab.plots import close_figure
    >>> ratio, share = np.array([0.5, 1.0, 2.0]), np.array([0.6, 0.7, 0.8])
    >>> axes = silent_band(ratio, share, share - 0.02, share + 0.02, bounds=(0.3, 0.9), naive=0.75)
    >>> len(axes.lines)
    4
    >>> close_figure(axes)
    """
    with style():
        axes = figure_axes(ax, height=3.6)
        axes.fill_between(odds_ratio, low, high, color=PALETTE["main"], alpha=0.2, linewidth=0)
        axes.plot(odds_ratio, estimate, color=PALETTE["main"], marker="o", markersize=4)
        axes.axhline(naive, color=PALETTE["second"], linewidth=1.3, linestyle=(0, (4, 2)))
        for end in bounds:
            axes.axhline(end, color=PALETTE["quiet"], linewidth=1.0, linestyle=(0, (1, 1.5)))
        axes.set_xscale("log")
        axes.minorticks_off()
        marks = [value for value in odds_ratio if value in (0.25, 0.5, 1.0, 2.0)]
        axes.set_xticks(marks, [f"{value:g}" for value in marks])
        axes.set_xlim(float(odds_ratio.min()) * 0.93, float(odds_ratio.max()) * 1.07)
        axes.set_ylim(0.0, 1.0)
        _label(axes, naive, "answers as they are")
        _label(axes, bounds[0], "all silent dissatisfied")
        _label(axes, bounds[1], "all silent satisfied", is_below=True)
        unit_axis(axes, "proportion", "y")
        axes.set_xlabel("odds of the silent over answerers of like tickets")
        write_title(axes, title, is_own_figure=ax is None)
        axes.grid(axis="y")
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    return axes


def _label(axes: Axes, height: float, words: str, *, is_below: bool = False) -> None:
    axes.annotate(
        f"{words} {format_value(height, 'proportion')}",
        (axes.get_xlim()[0], height),
        xytext=(4, -4 if is_below else 3),
        textcoords="offset points",
        ha="left",
        va="top" if is_below else "bottom",
        fontsize="small",
        color=PALETTE["ink"],
    )
