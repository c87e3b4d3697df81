"""Figures with the same bytes on every run, and with their content in words."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supportlab.errors import ParameterError
from supportlab.reporting.names import clean_text
from supportlab.results import Estimate

__all__ = ["Drawing", "draw_estimate"]

# Sharp on screens of twice the usual density and in print, at a width that a page has.
PIXELS_PER_INCH = 160
CSS_PIXELS_PER_INCH = 96
# Longer than any description that is listened to.
LONGEST_ALT = 4_000
# As many as one byte a pixel can number.
PALETTE_COLOURS = 256
# Random ids and the date of drawing would make every run differ.
SVG_SETTINGS: Any = {"svg.hashsalt": "supportlab", "svg.fonttype": "path"}


@dataclass(frozen=True)
class Drawing:
    """
    One figure, ready to be displayed and saved.

    Parameters
    ----------
    png : bytes
        For pages.
    svg : bytes
        For documents and slides.
    alt : str
        The figure in words.
    width : int
        Width on a page in CSS pixels.
    """

    png: bytes
    svg: bytes
    alt: str
    width: int

    def write(self, folder: Path, name: str) -> None:
        """Write ``name.png`` and ``name.svg`` into a folder, which is made when missing."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.png").write_bytes(self.png)
        (folder / f"{name}.svg").write_bytes(self.svg)


def draw_estimate(estimate: Estimate) -> Drawing:
    """
    Draw an estimate once, as PNG and as SVG.

    Not for a figure without words: an estimate that is drawn needs its ``alt``.

    Parameters
    ----------
    estimate : Estimate
        An estimate that can be drawn.

    Returns
    -------
    Drawing
        Bytes that depend on the estimate and the versions of the libraries alone.

    Raises
    ------
    ParameterError
        When the estimate has no figure, or no alternative text.
    """
    if estimate.draw is None:
        raise ParameterError(f"{estimate.name}: this estimate has no figure; leave the call out.")
    if not estimate.alt.strip():
        raise ParameterError(
            f"{estimate.name}: its figure has no alternative text; say in `alt` what it shows."
        )
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    with mpl.rc_context(SVG_SETTINGS):
        figure = estimate.plot().get_figure(root=True)
        if figure is None:
            raise ParameterError(f"{estimate.name}: its figure was closed before it was shown.")
        try:
            title = clean_text(estimate.title, LONGEST_ALT)
            png = _with_palette(_saved(figure, "png", {"Software": None}))
            svg = _saved(figure, "svg", {"Date": None, "Creator": None, "Title": title})
            width = round(figure.get_figwidth() * CSS_PIXELS_PER_INCH)
        finally:
            plt.close(figure)
    return Drawing(png, svg, clean_text(" ".join(estimate.alt.split()), LONGEST_ALT), width)


def _with_palette(png: bytes) -> bytes:
    """Write a drawing's pixels by number from a palette: half the size, and no eye sees it."""
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        flat = image.convert("RGB").quantize(PALETTE_COLOURS, dither=Image.Dither.NONE)
        flat.save(buffer, "png", optimize=True, dpi=(PIXELS_PER_INCH, PIXELS_PER_INCH))
    return buffer.getvalue()


def _saved(figure: object, form: str, metadata: dict[str, str | None]) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(  # type: ignore[attr-defined]
        buffer, format=form, dpi=PIXELS_PER_INCH, metadata=metadata, bbox_inches="tight"
    )
    return buffer.getvalue()
