"""How many digits a number may have, in which unit people read it, and its sign."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from supportlab.vocabulary import Unit

__all__ = [
    "MISSING",
    "default_decimals",
    "earned_decimals",
    "ends",
    "fixed",
    "is_hidden_side",
    "is_missing",
    "joined",
    "level_words",
    "scale",
    "with_sign",
]

MISSING = "–"
MINUS = "−"
# Below an hour people think in minutes, above three days in days.
DAYS_FROM_HOURS = 72.0
# Digits after the point where no interval says how many are earned.
DEFAULT_DECIMALS = {"%": 1, "points": 1, "min": 0, "h": 1, "days": 1, "": 1}
# An interval may earn more digits than the default, but a page of them cannot be read.
MOST_DECIMALS = {"%": 2, "points": 2, "min": 0, "h": 2, "days": 1, "": 2}


def is_missing(value: float | None) -> bool:
    """Say whether there is no number."""
    return value is None or value != value


def scale(number: float, unit: Unit, *, is_difference: bool = False) -> tuple[float, str]:
    """Return the factor to the unit that people read, and its label."""
    if unit == "proportion":
        return 100.0, "points" if is_difference else "%"
    if unit == "per_month":
        return 100.0, "points a month"
    if unit in ("hours", "minutes"):
        return _time_scale(abs(number) / (60.0 if unit == "minutes" else 1.0), unit)
    return 1.0, "per 1,000" if unit == "per_1000" else ""


def _time_scale(hours: float, unit: Unit) -> tuple[float, str]:
    to_hours = 1.0 / 60.0 if unit == "minutes" else 1.0
    # What would be rounded to 60 minutes is an hour.
    if hours < 59.5 / 60.0:
        return to_hours * 60.0, "min"
    return (to_hours, "h") if hours < DAYS_FROM_HOURS else (to_hours / 24.0, "days")


def default_decimals(unit: Unit, label: str) -> int:
    """Return the digits after the point where no interval says how many are earned."""
    # Ratios move in the second digit, monthly changes are a fraction of a point.
    if unit in ("hazard_ratio", "odds_ratio", "per_month"):
        return 2
    return DEFAULT_DECIMALS.get(label, 1)


def earned_decimals(
    low: float | None, high: float | None, factor: float, unit: Unit, label: str
) -> int:
    """Return the digits after the point that leave two significant ones of the width."""
    if is_missing(low) or is_missing(high):
        return default_decimals(unit, label)
    width = abs(float(high) - float(low)) * factor  # type: ignore[arg-type]
    if width == 0 or not math.isfinite(width):
        return default_decimals(unit, label)
    earned = 1 - math.floor(math.log10(width))
    most = MOST_DECIMALS.get(label, 2)
    # One interval of a few tenths does not make the second digit of a percentage interesting.
    if label in ("%", "points") and width >= 0.2:
        most = 1
    return max(0, min(earned, most))


def is_hidden_side(low: float | None, high: float | None, factor: float, decimals: int) -> bool:
    """Say whether rounding would write an end as 0 that does not lie there."""
    if is_missing(low) or is_missing(high) or float(low) * float(high) <= 0:  # type: ignore[arg-type]
        return False
    return any(round(float(end) * factor, decimals) == 0 for end in (low, high))  # type: ignore[arg-type]


def ends(low: float | None, high: float | None, factor: float, decimals: int, signed: bool) -> str:
    """Write the two ends of an interval; a missing end is open."""
    first, last = (end(value, factor, decimals, signed) for value in (low, high))
    if first and last:
        return f"{first} to {last}"
    return f"{first} or more" if first else f"up to {last}"


def end(value: float | None, factor: float, decimals: int, signed: bool) -> str:
    if is_missing(value):
        return ""
    text = fixed(float(value) * factor, decimals)  # type: ignore[arg-type]
    return with_sign(text) if signed else text


def fixed(number: float, decimals: int) -> str:
    """Write a number with so many digits, and never as minus zero."""
    text = f"{number:,.{decimals}f}"
    is_zero = not any(digit in "123456789" for digit in text)
    return text.lstrip("-") if is_zero else text.replace("-", MINUS)


def with_sign(text: str) -> str:
    """Put a plus before what has no sign, unless it is zero."""
    is_zero = not any(digit in "123456789" for digit in text)
    return text if text.startswith(MINUS) or is_zero else f"+{text}"


def joined(text: str, label: str) -> str:
    """Put the unit after the number."""
    return f"{text} {label}".strip()


def level_words(level: float) -> str:
    """Write the level of an interval."""
    return f"{level * 100:g} %"
