"""A study's table laid out for reading: words for headings, units for numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from numbers import Number
from typing import TYPE_CHECKING, Any, cast

from supportlab.format import (
    MISSING,
    format_count,
    format_difference,
    format_interval,
    format_range,
    format_value,
)
from supportlab.reporting.columns import (
    ALWAYS_SIGNED,
    BESIDE,
    PARTS_OF_WORDS,
    SIGNED,
    SIZES,
    WORDS_OF_ROW,
    heading_of,
    is_gap,
    number_text,
    size_text,
    unit_of,
    value_text,
)
from supportlab.reporting.names import clean_text
from supportlab.vocabulary import INTERVAL_LEVEL, Unit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ReadingTable", "reading_table"]

# A page is read, a CSV is searched: what lies beyond stays in the CSV.
ROWS_SHOWN = 40
LONGEST_CELL = 160
# A sentence beside numbers makes a table wider than its page; it gets a line of its own.
LONGEST_BESIDE = 24
LONGEST_REASON = 400

_INTERVAL = ("ci_low", "ci_high")
# Columns that a reader looks for even where no row has one.
KEPT = ("estimate", "n")
_UNIT_WORDS = re.compile(r" (%|points|per 1,000)$")


@dataclass(frozen=True)
class ReadingTable:
    """
    A table of texts: what a page shows.

    Parameters
    ----------
    headings : tuple of str
        Column headings in words.
    is_number : tuple of bool
        Which columns hold numbers and stand to the right.
    rows : tuple of tuple of str
        Cells, unescaped, bounded in length.
    n_rows : int
        Rows of the whole table.
    note : str
        What holds for every row, and so is said once below the table.
    reasons : tuple of str
        Why a row has no figure, below that row; empty where no row has a sentence to say.
    """

    headings: tuple[str, ...]
    is_number: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    n_rows: int
    note: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def n_hidden(self) -> int:
        """Return how many rows are not shown."""
        return self.n_rows - len(self.rows)


def reading_table(frame: pd.DataFrame, rows_shown: int = ROWS_SHOWN) -> ReadingTable:
    """
    Lay a tidy table out for reading.

    Not for further computing: numbers are rounded and become text.

    Parameters
    ----------
    frame : pandas.DataFrame
        Tidy; a column ``unit`` gives the unit of ``estimate``, ``ci_low``, ``ci_high`` and of the
        figures beside it (``naive``, ``plain``, ``shrunk``), otherwise the ending or beginning of a
        column's name gives its unit (``_rate``, ``_hours``, ``n_``, ``share_``). A column
        ``verdict``, ``versus`` or ``per`` says that the estimate is a difference; a column
        ``..._difference`` is one of shares. Differences have signs, those of shares are in points.
        Columns without any value are left out, and so are codes that the row says in words and
        p values beside corrected ones.
    rows_shown : int
        How many rows at most.

    Returns
    -------
    ReadingTable
        Estimate and interval ends are joined to an estimate and an interval.

    Examples
    --------
    >>> import pandas as pd
    >>> reading_table(pd.DataFrame({"market": ["DE"], "n_tickets": [1200], "reopened_rate": [0.1]}))
    ReadingTable(headings=('Market', 'Tickets', 'Reopened rate'), is_number=(False, True, True), \
rows=(('DE', '1,200', '10.0 %'),), n_rows=1, note='', reasons=())
    """
    records = frame.head(rows_shown).to_dict("records")
    reasons = _reasons(frame, records)
    columns = _columns(frame.drop(columns="reason") if reasons else frame)
    rows = tuple(tuple(column.text(record) for column in columns) for record in records)
    return ReadingTable(
        headings=tuple(column.heading for column in columns),
        is_number=tuple(column.is_number for column in columns),
        rows=rows,
        n_rows=len(frame),
        note=_note(frame),
        reasons=reasons,
    )


def _reasons(frame: pd.DataFrame, records: list[dict[Any, Any]]) -> tuple[str, ...]:
    """Return the reasons of the rows where one of them is too long to stand in a column."""
    if "reason" not in frame or len(frame.columns) == 1:
        return ()
    told = [record["reason"] for record in records]
    texts = [clean_text(value, LONGEST_REASON) if isinstance(value, str) else "" for value in told]
    is_long = any(len(text) > LONGEST_BESIDE for text in texts)
    return tuple(texts) if is_long else ()


@dataclass(frozen=True)
class _Column:
    heading: str
    is_number: bool
    text: Callable[[dict[Any, Any]], str]


def _columns(frame: pd.DataFrame) -> list[_Column]:
    names = _in_order([str(name) for name in frame.columns])
    has_interval = {"estimate", *_INTERVAL} <= set(names)
    hidden = {*_INTERVAL, "ci_level"} if has_interval else set()
    hidden |= {"unit"} | _said(frame, names) | _corrected(names)
    hidden |= {"versus"} if _one_text(frame, "versus") else set()
    hidden |= {"method"} if _method(frame) else set()
    ranges = _ranges(names)
    hidden |= set(ranges.values())
    columns, signed = [], _is_difference(names)
    for name in names:
        if name in hidden or (name not in KEPT and _is_empty(frame[name])):
            continue
        if name == "estimate":
            columns.append(_Column("Estimate", True, lambda record: _pair(record, signed)[0]))
            if has_interval:
                heading = _interval_heading(frame)
                columns.append(_Column(heading, True, lambda record: _pair(record, signed)[1]))
        elif name in ranges:
            columns.append(_range_column(name, ranges[name], signed))
        elif name in BESIDE:
            columns.append(_beside_column(name, signed or name in ALWAYS_SIGNED))
        elif name in SIZES:
            columns.append(_size_column(name))
        else:
            # Where the code of a measure is left out, its words stand for it.
            shown_as = "measure" if name == "title" and "measure" in hidden else name
            columns.append(_plain_column(frame, name, heading_of(shown_as)))
    return columns


def _is_difference(names: list[str]) -> bool:
    """Say whether the estimates compare: a level has no verdict, nothing against it, no parts."""
    return not {"verdict", "versus", "part", "comparison", "per"}.isdisjoint(names)


def _in_order(names: list[str]) -> list[str]:
    """Put the estimate before the counts: on a narrow screen the first columns are seen."""
    if "estimate" not in names:
        return names
    place = names.index("estimate")
    counts = [name for name in names[:place] if name.startswith("n_")]
    first = [name for name in names[:place] if name not in counts]
    ends = [name for name in names[place:] if name in ("estimate", *_INTERVAL, "ci_level")]
    rest = [name for name in names[place:] if name not in ends]
    return [*first, *ends, *counts, *rest]


def _said(frame: pd.DataFrame, names: list[str]) -> set[str]:
    """Return the codes that each row says in words of its own."""
    if not any(name in names and frame[name].is_unique for name in WORDS_OF_ROW):
        return set()
    return {name for name in PARTS_OF_WORDS if name in names}


def _ranges(names: list[str]) -> dict[str, str]:
    """Pair columns that hold the ends of one range."""
    pairs = {name: name.replace("_low", "_high") for name in names if "_low" in name}
    return {
        low: high
        for low, high in pairs.items()
        if high in names
        and low not in _INTERVAL
        and (_middle(low) in BESIDE or unit_of(_middle(low)) is not None)
    }


def _middle(low: str) -> str:
    return low.replace("_low", "")


def _range_column(low: str, high: str, signed: bool) -> _Column:
    middle = _middle(low)

    def text(record: dict[Any, Any]) -> str:
        unit = _record_unit(record) if middle in BESIDE else cast(Unit, unit_of(middle))
        ends = (_number_or_none(record[low]), _number_or_none(record[high]))
        is_signed = unit in SIGNED and (signed if middle in BESIDE else is_gap(middle))
        words = format_range(*ends, unit, is_difference=is_signed)
        # The unit stands beside the figure that the range belongs to.
        return _UNIT_WORDS.sub("", words)

    return _Column(f"{heading_of(low.partition('_low')[0])} range", True, text)


def _beside_column(name: str, signed: bool) -> _Column:
    def text(record: dict[Any, Any]) -> str:
        value, unit = _number_or_none(record[name]), _record_unit(record)
        if signed and unit in SIGNED:
            return format_difference(value, unit)
        return format_value(value, unit)

    return _Column(heading_of(name), True, text)


def _size_column(name: str) -> _Column:
    def text(record: dict[Any, Any]) -> str:
        unit = "proportion" if name.endswith("_share") else _record_unit(record)
        return size_text(_number_or_none(record[name]), unit)

    return _Column(heading_of(name), True, text)


def _note(frame: pd.DataFrame) -> str:
    """Say what all rows share."""
    versus = _one_text(frame, "versus")
    words = [f"Compared with: {value_text(versus, 'versus')}."] if versus else []
    words += [f"Method: {_method(frame)}."] if _method(frame) else []
    return clean_text(" ".join(words))


def _corrected(names: list[str]) -> set[str]:
    """Return the p values beside which corrected ones stand: a page shows those that count."""
    found = {"p_rest"} if "p_rest_adjusted" in names else set()
    ends = [name.removesuffix("p_adjusted") for name in names if name.endswith("p_adjusted")]
    return found | {f"{start}p_value" for start in ends}


def _method(frame: pd.DataFrame) -> str:
    return _one_text(frame, "method")


def _one_text(frame: pd.DataFrame, name: str) -> str:
    """Return the text of a column that all rows share; empty where they differ."""
    if name not in frame or len(frame) == 0:
        return ""
    found = {value for value in frame[name].tolist() if isinstance(value, str) and value}
    return found.pop() if len(found) == 1 else ""


def _plain_column(frame: pd.DataFrame, name: str, heading: str) -> _Column:
    series = frame[name]
    is_number = series.dtype.kind in "iuf" or (
        series.dtype == object and _all_numbers(series.dropna().tolist())
    )
    unit = unit_of(name)
    return _Column(heading, is_number, lambda record: _text(record[name], name, unit))


def _is_empty(series: pd.Series) -> bool:
    return all(missing or value == "" for missing, value in zip(series.isna(), series, strict=True))


def _all_numbers(values: list[Any]) -> bool:
    return bool(values) and all(
        isinstance(value, Number) and not isinstance(value, bool) for value in values
    )


def _interval_heading(frame: pd.DataFrame) -> str:
    levels = frame["ci_level"].dropna().unique().tolist() if "ci_level" in frame else []
    level = float(levels[0]) if len(levels) == 1 else INTERVAL_LEVEL
    return f"{level:.0%} interval".replace("%", " %")


def _pair(record: dict[Any, Any], signed: bool) -> tuple[str, str]:
    """Split what `format_interval` writes, so that both columns have the digits earned."""
    estimate, low, high = (_number_or_none(record.get(name)) for name in ("estimate", *_INTERVAL))
    if estimate is None:
        return MISSING, MISSING
    unit = _record_unit(record)
    is_signed = signed and unit in SIGNED
    if unit == "count" and low is None and high is None:
        return format_difference(estimate, unit) if is_signed else format_count(estimate), MISSING
    words = format_interval(estimate, low, high, unit, is_difference=is_signed)
    head, _, tail = words.partition(" (")
    _, _, ends = tail.rstrip(")").partition(" interval ")
    return head, ends or MISSING


def _record_unit(record: dict[Any, Any]) -> Unit:
    unit = record.get("unit")
    return cast(Unit, unit) if isinstance(unit, str) else "score"


def _number_or_none(value: Any) -> float | None:
    return None if value is None or value != value else float(value)


def _text(value: Any, name: str, unit: Unit | None) -> str:
    if value is None or (not isinstance(value, list | dict | tuple | str) and value != value):
        return MISSING
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "yes" if value else "no"
    if isinstance(value, Number):
        return number_text(float(cast(float, value)), name, unit)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes").removesuffix(" 00:00")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return clean_text(", ".join(f"{key}: {item}" for key, item in value.items()), LONGEST_CELL)
    if isinstance(value, list | tuple):
        return clean_text(", ".join(str(item) for item in value), LONGEST_CELL)
    return clean_text(re.sub(r"\s+", " ", value_text(str(value), name)), LONGEST_CELL)
