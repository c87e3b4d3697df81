"""Numbers, amounts, durations and yes or no, read exactly or not at all."""

from __future__ import annotations

from typing import Any

import ibis

from supportlab.desk.known_codes import currencies
from supportlab.desk.mapping.models import NumberFormat, Rule
from supportlab.desk.money import MINOR_UNITS

__all__ = ["TYPES", "boolean", "in_minutes", "listing", "read_number"]

TYPES = {
    "time": "timestamp(6)",
    "date": "date",
    "int": "int64",
    "float": "float64",
    "bool": "boolean",
    "money": "decimal(18, 4)",
    "rate": "decimal(28, 12)",
}
_MINUTES = {"minutes": 1.0, "hours": 60.0, "days": 1440.0}


def read_number(rule: Rule, kind: str, text: Any, currency: Any) -> tuple[Any, str]:
    """
    Read a number exactly.

    Parameters
    ----------
    rule : Rule
        How it is written.
    kind : str
        ``int``, ``float``, ``money`` or ``rate``.
    text : ibis string
        The text.
    currency : ibis string or None
        Code of the amount, where it counts minor units.

    Returns
    -------
    tuple of (ibis value, str)
        Missing where the text is no such number, and what is allowed in words.
    """
    plain = _plain_number(rule.number or NumberFormat(), text)
    if currency is not None:
        return _major(plain, currency, rule.decimals), "whole minor units with a known currency"
    if kind == "int":
        return ibis.cases((plain.re_search(r"^[+-]?\d{1,18}$"), plain), else_=None).try_cast(
            "int64"
        ), "whole numbers"
    shape = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
    number = ibis.cases((plain.re_search(shape), plain), else_=None)
    if kind == "float":
        return in_minutes(rule, number.try_cast("float64")), "numbers"
    exact = number.try_cast("decimal(38, 12)")
    value = exact.try_cast(TYPES[kind])
    kept = ibis.cases((value == exact, value), else_=None)
    return kept, "decimal numbers, exact in the places of the contract"


def boolean(rule: Rule, text: Any) -> tuple[Any, str]:
    """
    Read yes and no.

    Parameters
    ----------
    rule : Rule
        Which texts mean which.
    text : ibis string
        The text.

    Returns
    -------
    tuple of (ibis boolean, str)
        Missing for any other text, and what is allowed in words.
    """
    if rule.is_true is None and rule.is_false is None:
        lower = text.lower()
        pairs = ((lower == "true", True), (lower == "false", False))
        return ibis.cases(*pairs, else_=None), "true and false, or give `is_true` and `is_false`"
    yes, no = rule.is_true or [], rule.is_false or []
    value = ibis.cases((text.isin(yes), True), (text.isin(no), False), else_=None)
    return value, listing([*yes, *no])


def _plain_number(form: NumberFormat, text: Any) -> Any:
    plain = text.strip()
    if form.thousands:
        plain = plain.replace(form.thousands, "")
    if form.decimal == ",":
        # A point that is no mark of this number makes it unreadable instead of another number.
        plain = plain.replace(".", "?").replace(",", ".")
    return plain


def _major(plain: Any, code: Any, decimals: dict[str, int]) -> Any:
    """Put the decimal point where the currency has it: text stays exact, and engines agree."""
    whole = ibis.cases((plain.re_search(r"^[+-]?\d{1,17}$"), plain), else_=None)
    places = {**MINOR_UNITS, **decimals}
    branches = []
    for n in sorted(set(places.values()) - {2}):
        names = sorted(name for name, digits in places.items() if digits == n)
        branches.append((code.isin(names), _with_point(whole, n)))
    known = code.isin(sorted(currencies()))
    amount = ibis.cases(*branches, (known, _with_point(whole, 2)), else_=None)
    return amount.try_cast("decimal(18, 4)")


def _with_point(whole: Any, digits: int) -> Any:
    if not digits:
        return whole
    sign = ibis.cases((whole.startswith("-"), "-"), else_="")
    padded = "0" * digits + whole.replace("-", "").replace("+", "")
    return sign + padded.substr(0, padded.length() - digits) + "." + padded.right(digits)


def in_minutes(rule: Rule, number: Any) -> Any:
    """
    Turn a duration into minutes.

    Parameters
    ----------
    rule : Rule
        Its unit.
    number : ibis number
        The duration.

    Returns
    -------
    ibis number
        As it is where the rule names no unit.
    """
    if rule.unit is None:
        return number
    if rule.unit in ("ms", "s"):
        # Dividing keeps 90 seconds at exactly 1.5; multiplying by a rounded 1/60 would not.
        return number / (60_000 if rule.unit == "ms" else 60)
    return number * _MINUTES[rule.unit]


def listing(known: list[str]) -> str:
    """
    Write what is allowed, bounded.

    Parameters
    ----------
    known : list of str
        Texts.

    Returns
    -------
    str
        The first of them, and how many more.
    """
    shown = ", ".join(repr(code) for code in known[:20])
    return shown + (f" and {len(known) - 20} more" if len(known) > 20 else "")
