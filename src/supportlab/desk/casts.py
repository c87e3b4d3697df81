"""Every other kind of column brought to the contract's type, with the rules of its kind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt

from supportlab.desk.cast_times import CLOCK, DATE, cast_clock, cast_date, cast_time
from supportlab.desk.config import FileOptions
from supportlab.desk.engine_casts import TIME, guarded_cast
from supportlab.desk.known_codes import currencies, languages, markets, time_zones
from supportlab.desk.rule import CastColumn, Rule, raw_name
from supportlab.desk.specs import Column

if TYPE_CHECKING:
    from ibis.expr.types import Value

__all__ = ["TYPES", "cast_column"]

MONEY = dt.Decimal(18, 4)
RATE = dt.Decimal(28, 12)
TYPES: dict[str, dt.DataType] = {
    "key": dt.string,
    "text": dt.string,
    "code": dt.string,
    "time": TIME,
    "date": DATE,
    "clock": CLOCK,
    "timezone": dt.string,
    "money": MONEY,
    "rate": RATE,
    "currency": dt.string,
    "int": dt.int64,
    "float": dt.float64,
    "bool": dt.boolean,
    "market": dt.string,
    "language": dt.string,
    "list": dt.string,
}

_INTEGER = "^[+-]?[0-9]{1,18}$"
# Spreadsheets and data frames write whole numbers so when some are missing.
_POINTED = "^([+-]?[0-9]{1,18})[.]0*$"
_NUMBER = "^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$"
_MONEY = "^[+-]?([0-9]{1,14}([.][0-9]{0,4}0*)?|[.][0-9]{1,4}0*)$"
_TAG = "^[A-Za-z]{2,3}(-[A-Za-z]{3})*(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-[A-Za-z0-9]{1,8})*$"
_TRUE = ("true", "1", "t", "yes")
_FALSE = ("false", "0", "f", "no")
# Binary floats stand for decimal money when they are this near to four decimals.
MONEY_TOLERANCE = 1e-6
# Up to so many codes are compared one by one, which engines do fastest; hundreds of constants
# would make the query slow to build, and become one pattern.
FEW = 20


def cast_column(
    table: str, column: Column, raw: Value, options: FileOptions, zone: str | None
) -> CastColumn:
    """
    Bring a source's column to the contract's type.

    Parameters
    ----------
    table : str
        Table, for the faults.
    column : Column
        The contract's column.
    raw : ibis Value
        The source's column, text or a native type; empty text is already missing.
    options : FileOptions
        How the file is written.
    zone : str or None
        Zone of times without an offset.

    Returns
    -------
    CastColumn
        The value, missing where it cannot be read, and the rules that tell why.
    """
    if column.kind == "time":
        return cast_time(table, column, raw, options, zone)
    if column.kind == "date":
        return cast_date(table, column, raw, options)
    if column.kind == "clock":
        return cast_clock(table, column, raw)
    if column.kind in _NUMBERS:
        value, name, cure = _NUMBERS[column.kind](raw, options)
        rules = (_unread(table, column, name, cure), *_minimum(table, column))
        return CastColumn(value, rules)
    if column.kind in ("key", "text", "list"):
        return _plain_text(table, column, raw)
    return _listed_code(table, column, raw)


def _integer(raw: Any, options: FileOptions) -> tuple[Any, str, str]:
    kind, none = raw.type(), ibis.null("string")
    cure = "Not a whole number (3 and 3.0 are, 3.5 is not)."
    if kind.is_integer():
        value = guarded_cast(raw, dt.int64)
    elif kind.is_numeric():
        value = guarded_cast(ibis.ifelse(raw == raw.round(), raw, ibis.null(kind)), dt.int64)
    elif kind.is_string():
        with_point = ibis.ifelse(raw.re_search(_POINTED), raw.re_extract(_POINTED, 1), none)
        value = guarded_cast(ibis.ifelse(raw.re_search(_INTEGER), raw, with_point), dt.int64)
    else:
        value = ibis.null(dt.int64)
    return value, "not_an_integer", cure


def _float(raw: Any, options: FileOptions) -> tuple[Any, str, str]:
    kind = raw.type()
    cure = 'Not a finite number with a decimal point; decimal_mark = "," can be declared.'
    if kind.is_floating():
        value = ibis.ifelse(raw.isnan() | raw.isinf(), ibis.null(kind), raw).cast(dt.float64)
    elif kind.is_numeric():
        value = raw.cast(dt.float64)
    elif kind.is_string():
        value = _finite(guarded_cast(_number_text(raw, options, _NUMBER), dt.float64))
    else:
        value = ibis.null(dt.float64)
    return value, "not_a_number", cure


def _finite(value: Any) -> Any:
    return ibis.ifelse(value.isinf(), ibis.null(dt.float64), value)


def _money(raw: Any, options: FileOptions) -> tuple[Any, str, str]:
    cure = (
        "Not an amount in major units with a decimal point and at most four decimals, without "
        'thousands marks or currency signs; decimal_mark = "," can be declared.'
    )
    kind = raw.type()
    if kind.is_string():
        value = guarded_cast(_number_text(raw, options, _MONEY), MONEY)
    elif kind.is_numeric():
        rounded = guarded_cast(raw, MONEY)
        off = (raw.cast(dt.float64) - rounded.cast(dt.float64)).abs()
        value = ibis.ifelse(off <= MONEY_TOLERANCE, rounded, ibis.null(MONEY))
    else:
        value = ibis.null(MONEY)
    return value, "not_an_amount", cure


def _rate(raw: Any, options: FileOptions) -> tuple[Any, str, str]:
    cure = "Not a rate above zero, written with a decimal point."
    kind = raw.type()
    if kind.is_string():
        number = guarded_cast(_number_text(raw, options, _NUMBER), RATE)
    else:
        number = guarded_cast(raw, RATE) if kind.is_numeric() else ibis.null(RATE)
    return ibis.ifelse(number > 0, number, ibis.null(RATE)), "not_a_rate", cure


def _boolean(raw: Any, options: FileOptions) -> tuple[Any, str, str]:
    cure = "Not a yes or no: true, false, 1, 0, t, f, yes, no."
    kind = raw.type()
    if kind.is_boolean():
        return raw, "not_a_boolean", cure
    if kind.is_string():
        word = raw.lower()
        value = ibis.cases((word.isin(_TRUE), True), (word.isin(_FALSE), False))
    elif kind.is_numeric():
        value = ibis.cases((raw == 1, True), (raw == 0, False))
    else:
        value = ibis.null(dt.boolean)
    return value.cast(dt.boolean), "not_a_boolean", cure


_NUMBERS = {
    "int": _integer,
    "float": _float,
    "money": _money,
    "rate": _rate,
    "bool": _boolean,
}


def _number_text(raw: Any, options: FileOptions, pattern: str) -> Any:
    text = raw.replace(",", ".") if options.decimal_mark == "," else raw
    return ibis.ifelse(text.re_search(pattern), text, ibis.null("string"))


def _plain_text(table: str, column: Column, raw: Any) -> CastColumn:
    kind = raw.type()
    if kind.is_string():
        return CastColumn(raw)
    if kind.is_array() and column.kind == "list":
        return CastColumn(raw.map(lambda item: item.cast("string")).join(";").nullif(""))
    is_exact = kind.is_integer() or kind.is_uuid() or (kind.is_decimal() and kind.scale == 0)
    is_scalar = kind.is_primitive() or kind.is_decimal() or kind.is_temporal()
    if is_exact or (column.kind == "text" and is_scalar):
        return CastColumn(raw.cast("string"))
    cure = f"The column has the type {kind}; {_TEXT_CURES.get(column.kind, 'text is needed')}."
    rule = Rule(table, column.name, "wrong_type", "stop", cure, _is_given(column))
    return CastColumn(ibis.null("string"), (rule,))


_TEXT_CURES = {
    "key": "keys are text or whole numbers, since a float may have been rounded; export it as text",
    "list": "a list or text with semicolons is needed",
}


def _listed_code(table: str, column: Column, raw: Any) -> CastColumn:
    if not raw.type().is_string():
        cure = f"The column has the type {raw.type()}; text is needed."
        rule = Rule(table, column.name, "wrong_type", "stop", cure, _is_given(column))
        return CastColumn(ibis.null("string"), (rule,))
    if column.kind == "language":
        return _language(table, column, raw)
    name, known, cure = _code_list(column)
    is_known = raw.isin(known) if len(known) <= FEW else raw.re_search(_one_of(known))
    value = ibis.ifelse(is_known, raw, ibis.null("string"))
    rule = _unread(table, column, name, cure, known)
    return CastColumn(value, (rule,))


def _code_list(column: Column) -> tuple[str, tuple[str, ...], str]:
    if column.kind == "market":
        cure = "Markets are ISO 3166-1 alpha-2: two capital letters, as DE, GB, BR."
        return "unknown_market", tuple(sorted(markets())), cure
    if column.kind == "currency":
        cure = "Currencies are ISO 4217: three capital letters, as EUR, USD, JPY."
        return "unknown_currency", tuple(sorted(currencies())), cure
    if column.kind == "timezone":
        return "unknown_zone", tuple(sorted(time_zones())), "Zones are IANA names."
    return "unknown_code", column.codes, "Codes are lower-case snake_case."


def _language(table: str, column: Column, raw: Any) -> CastColumn:
    primary = raw.re_extract("^([A-Za-z]+)", 1)
    known = raw.re_search(_TAG) & primary.lower().re_search(_one_of(sorted(languages())))
    # Tags are compared by their primary subtag and without case.
    tag = primary.lower().concat(raw.substr(primary.length()))
    cure = "Languages are BCP 47 tags, as en, pt-BR, zh-Hant."
    rule = _unread(table, column, "unknown_language", cure, tuple(sorted(languages())))
    return CastColumn(ibis.ifelse(known, tag, ibis.null("string")), (rule,))


def _one_of(words: Sequence[str]) -> str:
    return f"^({'|'.join(re.escape(word) for word in words)})$"


def _is_given(column: Column) -> Any:
    return lambda t: t[raw_name(column.name)].notnull()


def _unread(table: str, column: Column, name: str, cure: str, known: tuple[str, ...] = ()) -> Rule:
    raw = raw_name(column.name)
    return Rule(
        table,
        column.name,
        name,
        "stop",
        cure,
        lambda t: t[raw].notnull() & t[column.name].isnull(),
        shows=raw,
        known=known,
    )


def _minimum(table: str, column: Column) -> tuple[Rule, ...]:
    least = column.minimum
    if least is None or column.kind == "rate":
        return ()
    cure = f"Below {least:g}, which cannot be. A missing value is left empty, never written as -1."
    name = column.name
    return (
        Rule(table, name, "below_minimum", "stop", cure, lambda t: t[name] < least, raw_name(name)),
    )
