"""The look of all figures, and files that are the same on every run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from supportlab.vocabulary import Unit

__all__ = [
    "PALETTE",
    "close_figure",
    "figure_axes",
    "png_bytes",
    "style",
    "svg_bytes",
    "words_only",
]

# Okabe and Ito's palette: the hues stay apart for the common kinds of colour blindness and differ
# in lightness, so that a grey print keeps them apart too.
PALETTE = MappingProxyType(
    {
        "main": "#0072B2",
        "second": "#D55E00",
        "third": "#009E73",
        "fourth": "#CC79A7",
        "fifth": "#E69F00",
        "quiet": "#6B6B6B",
        "faint": "#BDBDBD",
        "ink": "#222222",
    }
)
# A figure of this width fills a printed page and is scaled to about half on a phone, where text
# of the base size is still as large as a newspaper's caption.
WIDTH_INCHES = 6.4
BASE_FONT_SIZE = 11.0
# Letters of a bold heading that fit across a figure, and of a row's name that leave room beside it.
TITLE_LETTERS = 60
NAME_LETTERS = 34
SIDE_BY_SIDE = 60
_CODE = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b")
PNG_DPI = 110
# Fixes the ids inside SVG files, which are random otherwise.
SVG_SALT = "supportlab"


@contextmanager
def style() -> Iterator[None]:
    """
    Draw in the project's look, and leave the caller's matplotlib settings as they were.

    Not needed around the functions of this package, which use it themselves.

    Yields
    ------
    None
        Nothing; the settings hold inside the block.

    Examples
    --------
    >>> with style():
    ...     axes = figure_axes()
    >>> close_figure(axes)
    """
    import matplotlib as mpl
    import seaborn as sns

    settings = {
        **sns.axes_style("ticks"),
        "font.family": ["DejaVu Sans"],
        "font.size": BASE_FONT_SIZE,
        "axes.titlesize": BASE_FONT_SIZE + 1,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 10,
        "axes.labelsize": BASE_FONT_SIZE,
        "axes.edgecolor": PALETTE["quiet"],
        "axes.labelcolor": PALETTE["ink"],
        "text.color": PALETTE["ink"],
        "xtick.color": PALETTE["ink"],
        "ytick.color": PALETTE["ink"],
        "xtick.labelsize": BASE_FONT_SIZE - 1,
        "ytick.labelsize": BASE_FONT_SIZE - 1,
        "legend.fontsize": BASE_FONT_SIZE - 1,
        "legend.frameon": False,
        "grid.color": "#E3E3E3",
        "grid.linewidth": 0.8,
        "lines.linewidth": 2.0,
        "svg.hashsalt": SVG_SALT,
        "svg.fonttype": "path",
        "figure.constrained_layout.use": True,
    }
    with mpl.rc_context(settings):
        yield


def figure_axes(ax: Axes | None = None, *, height: float = 3.6) -> Axes:
    """
    Return the axes that were given, or new ones of the project's width.

    Not for a figure with panels: `small_multiples` lays those out.

    Parameters
    ----------
    ax : matplotlib Axes, optional
        Axes of the caller.
    height : float
        Height in inches of a new figure.

    Returns
    -------
    matplotlib Axes
        Where to draw.

    Examples
    --------
    >>> axes = figure_axes(height=2.0)
    >>> round(float(axes.figure.get_figheight()), 1)
    2.0
    >>> close_figure(axes)
    """
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(figsize=(WIDTH_INCHES, height), layout="constrained")
    return axes


def words_only(words: str, ax: Axes | None = None) -> Axes:
    """
    Draw a figure that says in words why there is nothing to draw.

    Not for a fault of the caller, which is an exception.

    Parameters
    ----------
    words : str
        The reason, as a sentence.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        Axes without ticks, with the words in the middle.

    Examples
    --------
    >>> axes = words_only("There are no surveys.")
    >>> axes.texts[0].get_text()
    'There are no surveys.'
    >>> close_figure(axes)
    """
    from textwrap import fill

    with style():
        axes = figure_axes(ax, height=1.3)
        axes.set_axis_off()
        axes.text(
            0.5,
            0.5,
            fill(words, 64),
            ha="center",
            va="center",
            transform=axes.transAxes,
            color=PALETTE["quiet"],
            parse_math=False,
        )
    return axes


def close_figure(ax: Axes) -> None:
    """
    Forget the figure of some axes, so that long runs do not keep every figure in memory.

    Not before the figure is saved or shown.

    Parameters
    ----------
    ax : matplotlib Axes
        Any axes of the figure.

    Examples
    --------
    >>> close_figure(figure_axes())
    """
    import matplotlib.pyplot as plt

    plt.close(_figure(ax))


def svg_bytes(ax: Axes) -> bytes:
    """
    Return the figure of some axes as an SVG file that depends on nothing but the drawing.

    Not for more than some ten thousand marks: `png_bytes` stays small.

    Parameters
    ----------
    ax : matplotlib Axes
        Any axes of the figure.

    Returns
    -------
    bytes
        The file: no date, no random id, text as outlines.

    Examples
    --------
    >>> axes = figure_axes()
    >>> svg_bytes(axes) == svg_bytes(axes)
    True
    >>> close_figure(axes)
    """
    return _saved(ax, "svg", {"Date": None, "Creator": None})


def png_bytes(ax: Axes, dpi: int = PNG_DPI) -> bytes:
    """
    Return the figure of some axes as a small PNG file.

    Not for print: `svg_bytes` has no resolution.

    Parameters
    ----------
    ax : matplotlib Axes
        Any axes of the figure.
    dpi : int
        Dots per inch.

    Returns
    -------
    bytes
        The file, without the name of the software that wrote it.

    Examples
    --------
    >>> axes = figure_axes()
    >>> png_bytes(axes)[1:4]
    b'PNG'
    >>> close_figure(axes)
    """
    return _saved(ax, "png", {"Software": None}, dpi=dpi)


def write_title(ax: Axes, words: str, *, is_own_figure: bool, pad: float = 10.0) -> None:
    """Write a heading: across the whole figure where it is ours, else over the caller's axes."""
    from textwrap import fill

    if is_own_figure and words:
        _figure(ax).suptitle(
            fill(words, TITLE_LETTERS),
            x=0.01,
            ha="left",
            weight="bold",
            fontsize=BASE_FONT_SIZE + 1,
            parse_math=False,
        )
    elif words:
        ax.set_title(words, pad=pad, parse_math=False)


def row_names(values: Iterable[object]) -> list[str]:
    """Return the names of rows as people read them, long ones on several lines."""
    from textwrap import fill

    return [fill(spoken(value), NAME_LETTERS) for value in values]


def spoken(value: object) -> str:
    """Return a name of the data without what joins its words for programs."""
    text = str(value)
    if text in ("fcr", "csat", "nps", "ces"):
        return text.upper()
    return _CODE.sub(lambda found: found[0].replace("_", " "), text)


def legend_lines(labels: Sequence[str], beside: int) -> int:
    """Return how many lines a legend takes: some sixty letters fit side by side."""
    return 1 if sum(len(label) for label in labels) + beside <= SIDE_BY_SIDE else len(labels)


def unit_axis(ax: Axes, unit: Unit, which: str, *, is_difference: bool = False) -> None:
    """Write the ticks of one axis as people read the unit."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    if unit == "proportion" and is_difference:
        axis.set_major_formatter(FuncFormatter(lambda value, _: _signed(100 * value)))
    elif unit == "proportion":
        axis.set_major_formatter(FuncFormatter(lambda value, _: _minus(f"{100 * value:.4g} %")))
    elif unit == "count":
        axis.set_major_formatter(FuncFormatter(lambda value, _: _minus(f"{value:,.10g}")))


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _signed(value: float) -> str:
    return _minus(f"{value:+.4g}") if round(value, 9) else "0"


def legend_below(ax: Axes, points: float, marks: Axes | None = None) -> None:
    """Explain the marks (of other axes, when given) a fixed distance below some axes."""
    from matplotlib.transforms import ScaledTranslation

    figure = _figure(ax)
    shift = ScaledTranslation(0, -points / 72.0, figure.dpi_scale_trans)
    handles, labels = (marks or ax).get_legend_handles_labels()
    # Letters left of the axes count too; more would squeeze the axes.
    beside = longest_line(text.get_text() for text in ax.get_yticklabels())
    columns = 3 if legend_lines(labels, beside) == 1 else 1
    ax.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(0.0, 0.0),
        bbox_transform=ax.transAxes + shift,
        ncols=columns,
        borderaxespad=0,
        borderpad=0,
        columnspacing=1.4,
        handletextpad=0.5,
    )


def longest_line(names: Iterable[str]) -> int:
    """Return the letters of the longest line of some names."""
    return max((len(line) for name in names for line in name.splitlines()), default=0)


def unit_words(unit: Unit, *, is_difference: bool = False) -> str:
    """Return what an axis in this unit is labelled with."""
    if unit == "proportion" and is_difference:
        return "points"
    words = {"hours": "hours", "minutes": "minutes", "score": "score", "per_1000": "per 1,000"}
    return words.get(unit, "")


def _figure(ax: Axes) -> Figure:
    figure = ax.get_figure(root=True)
    assert figure is not None  # noqa: S101  axes of this package always have one
    return figure


def _saved(ax: Axes, kind: str, metadata: dict[str, None], dpi: int = PNG_DPI) -> bytes:
    out = BytesIO()
    with style():
        _figure(ax).savefig(
            out,
            format=kind,
            dpi=dpi,
            metadata=metadata,
            bbox_inches="tight",
            facecolor="white",
        )
    return out.getvalue()
