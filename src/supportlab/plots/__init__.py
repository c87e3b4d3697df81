"""Drawing: one look for every figure, each with its words for readers who do not see it."""

from __future__ import annotations

from supportlab.plots.alt import alt_coverage, alt_curves, alt_dots, alt_lines
from supportlab.plots.coverage import coverage_strips
from supportlab.plots.curves import step_curves
from supportlab.plots.dots import dot_intervals
from supportlab.plots.lines import line_with_interval
from supportlab.plots.panels import small_multiples
from supportlab.plots.style import (
    PALETTE,
    close_figure,
    figure_axes,
    png_bytes,
    style,
    svg_bytes,
    words_only,
)
from supportlab.plots.waterfall import alt_waterfall, waterfall

__all__ = [
    "PALETTE",
    "alt_coverage",
    "alt_curves",
    "alt_dots",
    "alt_lines",
    "alt_waterfall",
    "close_figure",
    "coverage_strips",
    "dot_intervals",
    "figure_axes",
    "line_with_interval",
    "png_bytes",
    "small_multiples",
    "step_curves",
    "style",
    "svg_bytes",
    "waterfall",
    "words_only",
]
