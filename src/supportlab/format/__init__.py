"""Numbers in words: one way to write each unit, with no more digits than an interval supports."""

from __future__ import annotations

from supportlab.format.digits import MISSING
from supportlab.format.words import (
    format_count,
    format_difference,
    format_interval,
    format_month,
    format_p,
    format_range,
    format_share,
    format_value,
)

__all__ = [
    "MISSING",
    "format_count",
    "format_difference",
    "format_interval",
    "format_month",
    "format_p",
    "format_range",
    "format_share",
    "format_value",
]
