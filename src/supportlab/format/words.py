"""Numbers in words: one way to write each unit, with no more digits than an interval supports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.errors import ParameterError
from supportlab.format.digits import (
    MISSING,
    default_decimals,
    earned_decimals,
    ends,
    fixed,
    is_hidden_side,
    is_missing,
    joined,
    level_words,
    scale,
    with_sign,
)
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.vocabulary import Unit

__all__ = [
    "format_count",
    "format_difference",
    "format_interval",
    "format_month",
    "format_p",
    "format_range",
    "format_share",
    "format_value",
]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


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
    >>> format_value(1234.5, "money", currency="JPY"), format_value(1.25, "money", currency="KWD")
    ('1,234 JPY', '1.250 KWD')
    >>> format_value(None, "score")
    '–'
    """
    if is_missing(value):
        return MISSING
    number = float(value)  # type: ignore[arg-type]
    if unit == "count":
        return format_count(number)
    if unit == "money":
        return f"{fixed(number, _decimals_of(currency))} {currency}".strip()
    factor, label = scale(number, unit)
    return joined(fixed(number * factor, default_decimals(unit, label)), label)


def _decimals_of(currency: str) -> int:
    """Return the decimals that people write of a currency, by CLDR; two where none is named."""
    if not currency:
        return 2
    from babel.numbers import get_currency_precision

    return int(get_currency_precision(currency))


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
    if is_missing(value):
        return MISSING
    number = float(value)  # type: ignore[arg-type]
    if unit == "count":
        return with_sign(format_count(number))
    factor, label = scale(number, unit, is_difference=True)
    text = fixed(number * factor, default_decimals(unit, label))
    return joined(with_sign(text), label)


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
    >>> format_interval(0.8, -1.2, 2.9, "hours", is_difference=True)
    '+0.8 h (95 % interval −1.2 to +2.9)'
    """
    if is_missing(estimate):
        return MISSING
    number = float(estimate)  # type: ignore[arg-type]
    signed = is_difference or unit == "per_month"
    ends_known = [abs(float(one)) for one in (low, high) if one is not None and one == one]
    # A small difference between ends of hours is read in hours.
    least = min(max(ends_known, default=0.0), 60.0 if unit == "minutes" else 1.0)
    factor, label = scale(max(abs(number), least) if signed else number, unit, is_difference=signed)
    decimals = earned_decimals(low, high, factor, unit, label)
    if signed and is_hidden_side(low, high, factor, decimals):
        decimals += 1
    head = fixed(number * factor, decimals)
    text = joined(with_sign(head) if signed else head, label)
    if is_missing(low) and is_missing(high):
        return text
    return f"{text} ({level_words(level)} interval {ends(low, high, factor, decimals, signed)})"


def format_range(
    low: float | None, high: float | None, unit: Unit, *, is_difference: bool = False
) -> str:
    """
    Write two bounds that are no interval of an estimate.

    Not for an interval: `format_interval` names its level.

    Parameters
    ----------
    low, high : float or None
        The two numbers at full precision.
    unit : str
        A unit of the results contract.
    is_difference : bool
        Write signs, and points in place of per cent.

    Returns
    -------
    str
        For example ``12.3 to 84.0 %``.

    Examples
    --------
    >>> format_range(0.123, 0.84, "proportion")
    '12.3 to 84.0 %'
    >>> format_range(-0.021, 0.034, "proportion", is_difference=True)
    '−2.1 to +3.4 points'
    """
    if is_missing(low) or is_missing(high):
        return MISSING
    signed = is_difference
    factor, label = scale(float(high), unit, is_difference=signed)  # type: ignore[arg-type]
    decimals = default_decimals(unit, label)
    return joined(ends(low, high, factor, decimals, signed), label)


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
    return MISSING if is_missing(value) else fixed(float(value), 0)  # type: ignore[arg-type]


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
    if is_missing(part) or is_missing(whole) or not whole:
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
    if is_missing(p_value):
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
