"""Numbers in words: one way to write each unit, with no more digits than an interval supports."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from supportlab.errors import ParameterError
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.vocabulary import Unit

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

MISSING = "–"
MINUS = "−"
# Below an hour people think in minutes, above three days in days.
DAYS_FROM_HOURS = 72.0
# Digits after the point where no interval says how many are earned.
DEFAULT_DECIMALS = {"%": 1, "points": 1, "min": 0, "h": 1, "days": 1, "": 1}
# An interval may earn more digits than the default, but a page of them cannot be read.
MOST_DECIMALS = {"%": 2, "points": 2, "min": 0, "h": 2, "days": 1, "": 2}


def format_value(value: float | None, unit: Unit, *, currency: str = "") -> str:
    """
    Write one number with its unit.

    Not for a number that has an interval: `format_interval` writes both, with the digits
    that the interval supports.

    Parameters
    ----------
    value : float or None
        The number at full precision; None and NaN are missing.
    unit : str
        A unit of the results contract; proportions are written in per cent.
    currency : str
        ISO 4217 code, for ``money``.

    Returns
    -------
    str
        The number in words, or a dash where it is missing.

    Examples
    --------
    >>> format_value(0.7134, "proportion")
    '71.3 %'
    >>> format_value(0.75, "hours"), format_value(3.21, "hours"), format_value(12345, "count")
    ('45 min', '3.2 h', '12,345')
    >>> format_value(None, "score")
    '–'
    """
    if _is_missing(value):
        return MISSING
    number = float(value)  # type: ignore[arg-type]
    if unit == "count":
        return format_count(number)
    if unit == "money":
        return f"{_fixed(number, 2)} {currency}".strip()
    factor, label = _scale(number, unit)
    return _joined(_fixed(number * factor, _default_decimals(unit, label)), label)


def format_difference(value: float | None, unit: Unit) -> str:
    """
    Write the difference of two numbers, with its sign.

    Not for a ratio, which has no sign: `format_value` writes that.

    Parameters
    ----------
    value : float or None
        The difference at full precision.
    unit : str
        Unit of the two numbers; proportions differ by points.

    Returns
    -------
    str
        The signed difference, or a dash where it is missing.

    Examples
    --------
    >>> format_difference(0.031, "proportion"), format_difference(-0.0042, "per_month")
    ('+3.1 points', '−0.42 points a month')
    """
    if _is_missing(value):
        return MISSING
    number = float(value)  # type: ignore[arg-type]
    if unit == "count":
        return _signed(format_count(number))
    factor, label = _scale(number, unit, is_difference=True)
    text = _fixed(number * factor, _default_decimals(unit, label))
    return _joined(_signed(text), label)


def format_interval(
    estimate: float | None,
    low: float | None,
    high: float | None,
    unit: Unit,
    level: float = INTERVAL_LEVEL,
    *,
    is_difference: bool = False,
) -> str:
    """
    Write an estimate with its interval, with as many digits as the interval supports.

    Not for a bound that is no interval: say in words what it is and use `format_value`.

    Parameters
    ----------
    estimate, low, high : float or None
        Full precision; an end that is None is open ("or more").
    unit : str
        A unit of the results contract.
    level : float
        Level of the interval, which its label names.
    is_difference : bool
        Write signs, and points in place of per cent.

    Returns
    -------
    str
        For example ``71.3 % (95 % interval 69.0 to 73.4)``.

    Examples
    --------
    >>> format_interval(0.7134, 0.6901, 0.7339, "proportion")
    '71.3 % (95 % interval 69.0 to 73.4)'
    >>> format_interval(0.7134, 0.51, 0.88, "proportion")
    '71 % (95 % interval 51 to 88)'
    >>> format_interval(0.021, -0.004, 0.046, "proportion", is_difference=True)
    '+2.1 points (95 % interval −0.4 to +4.6)'
    """
    if _is_missing(estimate):
        return MISSING
    number = float(estimate)  # type: ignore[arg-type]
    signed = is_difference or unit == "per_month"
    factor, label = _scale(number, unit, is_difference=signed)
    decimals = _decimals(low, high, factor, unit, label)
    if signed and _is_hidden_side(low, high, factor, decimals):
        decimals += 1
    head = _fixed(number * factor, decimals)
    text = _joined(_signed(head) if signed else head, label)
    if _is_missing(low) and _is_missing(high):
        return text
    return f"{text} ({_level(level)} interval {_ends(low, high, factor, decimals, signed)})"


def format_range(low: float | None, high: float | None, unit: Unit) -> str:
    """
    Write two bounds that are no interval of an estimate.

    Not for an interval: `format_interval` names its level.

    Parameters
    ----------
    low, high : float or None
        The two numbers at full precision.
    unit : str
        A unit of the results contract.

    Returns
    -------
    str
        For example ``12.3 to 84.0 %``.

    Examples
    --------
    >>> format_range(0.123, 0.84, "proportion")
    '12.3 to 84.0 %'
    """
    if _is_missing(low) or _is_missing(high):
        return MISSING
    factor, label = _scale(float(high), unit)  # type: ignore[arg-type]
    decimals = _default_decimals(unit, label)
    return _joined(_ends(low, high, factor, decimals, signed=False), label)


def format_count(value: float | None) -> str:
    """
    Write a count with thousands separated.

    Not for a number that may have a fraction: it is rounded away.

    Parameters
    ----------
    value : float or None
        The count.

    Returns
    -------
    str
        For example ``12,345``.

    Examples
    --------
    >>> format_count(12345)
    '12,345'
    """
    return MISSING if _is_missing(value) else _fixed(float(value), 0)  # type: ignore[arg-type]


def format_share(part: float | None, whole: float | None) -> str:
    """
    Write a part of a whole as counts with the share.

    Not for an estimate of a rate, which needs its interval.

    Parameters
    ----------
    part, whole : float or None
        Counts.

    Returns
    -------
    str
        For example ``120 of 480 (25.0 %)``.

    Examples
    --------
    >>> format_share(120, 480), format_share(0, 0)
    ('120 of 480 (25.0 %)', '0 of 0')
    """
    counts = f"{format_count(part)} of {format_count(whole)}"
    if _is_missing(part) or _is_missing(whole) or not whole:
        return counts
    share = part / whole  # type: ignore[operator]
    if 0 < share < 0.0005:
        return f"{counts} (under 0.1 %)"
    return f"{counts} ({format_value(share, 'proportion')})"


def format_p(p_value: float | None) -> str:
    """
    Write a p-value without claiming more than it can bear.

    Not for a verdict: that uses the adjusted value and the interval.

    Parameters
    ----------
    p_value : float or None
        Between 0 and 1.

    Returns
    -------
    str
        For example ``p = 0.03`` or ``p < 0.001``.

    Raises
    ------
    ParameterError
        When the number is no probability.

    Examples
    --------
    >>> format_p(0.0312), format_p(0.00001), format_p(0.4312)
    ('p = 0.031', 'p < 0.001', 'p = 0.43')
    """
    if _is_missing(p_value):
        return MISSING
    number = float(p_value)  # type: ignore[arg-type]
    if not 0.0 <= number <= 1.0:
        raise ParameterError(f"p_value: came {number!r}; allowed is a number from 0 to 1.")
    if number < 0.001:
        return "p < 0.001"
    if number > 0.99:
        return "p > 0.99"
    return f"p = {number:.3f}" if number < 0.1 else f"p = {number:.2f}"


def format_month(month: str) -> str:
    """
    Write an ISO month for people.

    Not for a day or a week: those stay in ISO form.

    Parameters
    ----------
    month : str
        As ``2026-02``.

    Returns
    -------
    str
        As ``Feb 2026``, in English whatever the locale of the machine.

    Raises
    ------
    ParameterError
        When the text is no ISO month.

    Examples
    --------
    >>> format_month("2026-02")
    'Feb 2026'
    """
    year, _, number = month.partition("-")
    if not (year.isdigit() and number.isdigit() and 1 <= int(number) <= 12):
        raise ParameterError(f"month: came {month!r}; allowed is an ISO month such as '2026-02'.")
    return f"{_MONTHS[int(number) - 1]} {year}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _is_missing(value: float | None) -> bool:
    return value is None or value != value


def _scale(number: float, unit: Unit, *, is_difference: bool = False) -> tuple[float, str]:
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
    if hours < 1.0:
        return to_hours * 60.0, "min"
    return (to_hours, "h") if hours < DAYS_FROM_HOURS else (to_hours / 24.0, "days")


def _default_decimals(unit: Unit, label: str) -> int:
    # Ratios move in the second digit, monthly changes are a fraction of a point.
    if unit in ("hazard_ratio", "odds_ratio", "per_month"):
        return 2
    return DEFAULT_DECIMALS.get(label, 1)


def _decimals(low: float | None, high: float | None, factor: float, unit: Unit, label: str) -> int:
    """Return the digits after the point that leave two significant ones of the width."""
    if _is_missing(low) or _is_missing(high):
        return _default_decimals(unit, label)
    width = abs(float(high) - float(low)) * factor  # type: ignore[arg-type]
    if width == 0 or not math.isfinite(width):
        return _default_decimals(unit, label)
    earned = 1 - math.floor(math.log10(width))
    most = MOST_DECIMALS.get(label, 2)
    # One interval of a few tenths does not make the second digit of a percentage interesting.
    if label in ("%", "points") and width >= 0.2:
        most = 1
    return max(0, min(earned, most))


def _is_hidden_side(low: float | None, high: float | None, factor: float, decimals: int) -> bool:
    """Say whether rounding would write an end as 0 that does not lie there."""
    if _is_missing(low) or _is_missing(high) or float(low) * float(high) <= 0:  # type: ignore[arg-type]
        return False
    return any(round(float(end) * factor, decimals) == 0 for end in (low, high))  # type: ignore[arg-type]


def _ends(low: float | None, high: float | None, factor: float, decimals: int, signed: bool) -> str:
    first, last = (_end(value, factor, decimals, signed) for value in (low, high))
    if first and last:
        return f"{first} to {last}"
    return f"{first} or more" if first else f"up to {last}"


def _end(value: float | None, factor: float, decimals: int, signed: bool) -> str:
    if _is_missing(value):
        return ""
    text = _fixed(float(value) * factor, decimals)  # type: ignore[arg-type]
    return _signed(text) if signed else text


def _fixed(number: float, decimals: int) -> str:
    text = f"{number:,.{decimals}f}"
    is_zero = not any(digit in "123456789" for digit in text)
    return text.lstrip("-") if is_zero else text.replace("-", MINUS)


def _signed(text: str) -> str:
    is_zero = not any(digit in "123456789" for digit in text)
    return text if text.startswith(MINUS) or is_zero else f"+{text}"


def _joined(text: str, label: str) -> str:
    return f"{text} {label}".strip()


def _level(level: float) -> str:
    return f"{level * 100:g} %"
