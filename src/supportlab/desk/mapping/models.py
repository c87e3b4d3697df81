"""The mapping language as pydantic models: what a mapping file may say."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "AsOf",
    "Asked",
    "Block",
    "Condition",
    "DeskSection",
    "Drop",
    "Input",
    "Join",
    "MappingFile",
    "NumberFormat",
    "Rule",
    "Sequence",
    "TimeFormat",
    "Unpivot",
    "WhenCase",
]


class Part(BaseModel):
    """A part of a mapping file: unknown keys are errors and nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)


class TimeFormat(Part):
    """How a time is written; write it in place, or once under ``times`` and give its name."""

    formats: list[str] = Field(
        default=[],
        description="`iso`, or patterns of `%d %m %Y %y %b %H %I %M %S %f %p %z` and plain text; "
        "the first that fits is taken",
    )
    epoch: Literal["s", "ms", "us", "ns"] | None = Field(
        default=None, description="unit, where the time is a count since 1970 instead"
    )
    zone: str | None = Field(
        default=None, description="IANA zone of times that carry no offset of their own"
    )
    zone_from: str | None = Field(
        default=None, description="column that holds the zone of each row, instead of `zone`"
    )
    zone_names: dict[str, str] = Field(
        default={}, description="names in that column that are not IANA, with the IANA name"
    )
    assumed: str | None = Field(
        default=None,
        description="why this zone is taken where the source does not say; it is repeated in "
        "`desk.toml` and `import.json`",
    )


class NumberFormat(Part):
    """How a number is written."""

    decimal: Literal[".", ","] = Field(default=".", description="decimal mark")
    thousands: Literal[".", ",", " ", "'"] | None = Field(
        default=None, description="mark between thousands, which is taken out"
    )


class Condition(Part):
    """
    A statement that holds or does not hold for a row.

    A missing value fits only ``missing = true``. The last four compare a row with the one before
    it in its sequence that has a value.
    """

    column: str | None = Field(default=None, description="column that is looked at")
    in_: list[str] | None = Field(default=None, alias="in", description="holds one of these")
    not_in: list[str] | None = Field(default=None, description="holds none of these, but a value")
    begins: list[str] | None = Field(default=None, description="begins with one of these")
    missing: bool | None = Field(default=None, description="has no value (`false`: has one)")
    same_as: str | None = Field(default=None, description="holds the same as this other column")
    differs_from: str | None = Field(
        default=None, description="holds something else than this other column"
    )
    enters: list[str] | None = Field(
        default=None, description="holds one of these and did not before, or is the first"
    )
    leaves: list[str] | None = Field(
        default=None, description="held one of these before and does no longer"
    )
    changes: Literal[True] | None = Field(default=None, description="differs from before")
    appears: Literal[True] | None = Field(default=None, description="has its first value")
    any_of: list[Condition] | None = Field(
        default=None, description="one of these conditions holds (instead of `column`)"
    )


class WhenCase(Part):
    """One branch of ``when``."""

    where: list[Condition] = Field(description="all must hold")
    then: Rule = Field(description="the value then")


class Rule(Part):
    """
    How one value comes about.

    Exactly one source (``from`` to ``minutes_between``; none with ``take = "count"`` or
    ``"any"``), then the changes in the order of this table, then ``take``. A plain text in place
    of a rule is a column name.
    """

    column: str | None = Field(
        default=None,
        alias="from",
        description="column; `alias.column` of a join; `column.key` inside a JSON value; `_row` is "
        "the number of the row in its input",
    )
    constant: str | None = Field(default=None, description="the same value in every row")
    coalesce: list[Rule] | None = Field(
        default=None, description="the first of these that has a value"
    )
    concat: list[Rule] | None = Field(
        default=None, description="these texts in a row; missing when one is missing"
    )
    separator: str = Field(default="", description="between the texts of `concat`")
    when: list[WhenCase] | None = Field(
        default=None, description="the first branch whose conditions hold"
    )
    otherwise: Rule | None = Field(default=None, description="when no branch of `when` holds")
    sum_of: list[Rule] | None = Field(
        default=None, description="these numbers added; missing when one is missing"
    )
    minutes_between: list[Rule] | None = Field(
        default=None, description="minutes from the first of two times to the second"
    )
    missing: list[str] = Field(default=[], description="texts that mean: no value")
    strip: bool = Field(default=False, description="take blanks off both ends")
    case: Literal["lower", "upper"] | None = Field(default=None, description="change the case")
    codes: dict[str, str] | None = Field(
        default=None,
        description="what each text becomes; write it in place or give a name under `codes`; a "
        'text that is not listed is a fault; `""` stands for no value',
    )
    other: str | None = Field(
        default=None, description="what texts become that `codes` does not list"
    )
    prefix: str = Field(
        default="", description="put in front, so that keys of two sources stay apart"
    )
    time: TimeFormat | None = Field(
        default=None, description="how the time is written, or the name of a format under `times`"
    )
    plus: Rule | None = Field(
        default=None, description="a duration (a rule with `unit`) that is added to the time"
    )
    number: NumberFormat | None = Field(default=None, description="how the number is written")
    unit: Literal["ms", "s", "minutes", "hours", "days"] | None = Field(
        default=None, description="unit of a duration, which becomes minutes"
    )
    minor_units: str | None = Field(
        default=None,
        description="column with the ISO 4217 code, where the amount counts cents, yen or fils",
    )
    decimals: dict[str, int] = Field(
        default={}, description="decimals of a currency where the platform departs from ISO 4217"
    )
    is_true: list[str] | None = Field(default=None, description="texts that mean yes")
    is_false: list[str] | None = Field(default=None, description="texts that mean no")
    type_: Literal["text", "time", "date", "int", "float", "bool", "money", "rate"] | None = Field(
        default=None,
        alias="type",
        description="type, for views, extra columns and orders; canonical columns know theirs",
    )
    where: list[Condition] = Field(
        default=[], description="with `take`: only rows for which all of these hold"
    )
    take: Literal["first", "last", "min", "max", "sum", "count", "count_distinct", "any"] | None = (
        Field(
            default=None,
            description="in a collapsed block, which value of the rows of a group (or their "
            "number, or whether there is any)",
        )
    )
    skip_missing: bool = Field(
        default=False, description="with `first` and `last`: look past rows without a value"
    )


class Sequence(Part):
    """What makes rows a history: rows of one thing, in order."""

    by: list[str] = Field(description="columns that say which thing")
    order: list[Rule] = Field(
        default=[], description="in which order; ties stay in the order of the file"
    )


class Input(Part):
    """A file of the source, or several of the same shape."""

    files: list[str] = Field(
        description="names or patterns (`*`, `?`) inside the source folder; never above it"
    )
    format: Literal["csv", "jsonl", "json", "parquet"] = Field(
        default="csv", description="`csv` is any delimited text; `.gz` is seen by its name"
    )
    encoding: str = Field(default="utf-8", description="a mark at the start (BOM) is dropped")
    delimiter: str = Field(default=",", description="one character, or `\\t`")
    missing: list[str] = Field(
        default=[], description="texts that mean: no value, in every column; empty always does"
    )
    explode: str | None = Field(
        default=None,
        description="for JSON: the path of a list; each element becomes a row, and the keys of "
        "its record are then `parent.key`",
    )
    optional: bool = Field(default=False, description="may be absent, like what needs it")
    optional_columns: list[str] = Field(
        default=[],
        description="columns that an export may lack; their values are then missing, and "
        "`import.json` names them",
    )
    sequence: Sequence | None = Field(
        default=None, description="needed for `collapse` and for conditions that look back"
    )


class Join(Part):
    """Columns of another input or view beside those of the block; rows never multiply."""

    input: str = Field(description="input or view")
    alias: str = Field(description="its columns are then `alias.column`")
    on: dict[str, str] = Field(description="own column = column of the other, one or more")
    cardinality: Literal["many_to_one", "one_to_one"] = Field(
        default="many_to_one", description="checked: a key that is there twice is a fault"
    )
    required: bool = Field(default=False, description="a row without a partner is a fault")


class Unpivot(Part):
    """Columns turned into rows, before anything else is done."""

    columns: list[str] = Field(description="columns that become rows")
    name: str = Field(description="new column that holds which column it was")
    value: str = Field(description="new column that holds its value")


class Drop(Part):
    """A reason why rows are left out; the first that fits a row is counted."""

    reason: str = Field(description="stands in `import.json` with the number of rows")
    where: list[Condition] = Field(default=[], description="drop when all hold")
    unless: list[Condition] = Field(default=[], description="drop unless all hold")


class Block(Part):
    """One way to make rows of a table; several blocks of one table are stacked."""

    input: str = Field(description="input or view whose rows are taken")
    unpivot: Unpivot | None = Field(default=None, description="columns to rows")
    joins: list[Join] = Field(default=[], description="other inputs beside it")
    drop: list[Drop] = Field(default=[], description="rows left out, with the reason")
    collapse: bool = Field(
        default=False, description="one row a thing of the sequence instead of one a row"
    )
    agree: list[str] = Field(
        default=[],
        description="with `collapse`: columns that hold one value in all rows of a thing; two "
        "different ones are a fault",
    )
    columns: dict[str, Rule] = Field(
        description="contract columns; others must begin with `x_` and are kept for "
        "reconciliation only; in a view any name"
    )
    sequence: Sequence | None = Field(
        default=None, description="views only: the history that the view's rows make"
    )


class Asked(Part):
    """
    Something that the mapping leaves to its user, because nobody outside can know it.

    Where a rule has the text ``$name``, the answer stands in its place. Without an answer that is
    not ``needed``, what rests on it is left out: the column, the part of ``coalesce``, the branch
    of ``when``, the ``drop``.
    """

    what: Literal["column", "text", "list", "codes", "decimals", "time"] = Field(
        description="what an answer is: a column's name, a text, a list of texts, a table of "
        "codes, a table of decimals by currency, a time format"
    )
    meaning: str = Field(description="what is asked, as the message to the user says it")
    why: Literal["inferred", "not documented", "your own choice"] = Field(
        description="why the mapping does not say it"
    )
    example: str = Field(description="an answer as TOML, to be checked and never taken as it is")
    needed: bool = Field(default=False, description="without it nothing is imported")


class AsOf(Part):
    """The moment of the extract."""

    value: str | None = Field(default=None, description="ISO 8601 with offset")
    input: str | None = Field(default=None, description="input that holds it")
    latest: Rule | None = Field(default=None, description="the latest of this time in `input`")


class DeskSection(Part):
    """What goes to ``desk.toml``, whose other keys keep their defaults."""

    name: str = Field(description="name of the desk, for titles")
    as_of: AsOf | None = Field(default=None, description="a text is short for `value`")
    settings: dict[str, object] = Field(
        default={}, description="any other key of `desk.toml`, passed on as it is"
    )


class MappingFile(Part):
    """A whole mapping file."""

    name: str = Field(description="short name of the mapping")
    version: int = Field(description="counts up when the mapping changes")
    description: str = Field(default="", description="what it reads")
    extends: str | None = Field(
        default=None,
        description="name of a mapping that comes with supportlab, over which this file is laid; "
        "`name`, `version` and all else may then be left to it",
    )
    asked: dict[str, Asked] = Field(default={}, description="what the mapping leaves to its user")
    said: dict[str, object] = Field(
        default={}, description="the user's answers, by the names under `asked`"
    )
    notes: list[str] = Field(
        default=[], description="choices and limits, repeated in `import.json`"
    )
    desk: DeskSection = Field(description="what the files do not say of themselves")
    times: dict[str, TimeFormat] = Field(default={}, description="named time formats")
    codes: dict[str, dict[str, str]] = Field(default={}, description="named code maps")
    inputs: dict[str, Input] = Field(description="the files")
    views: dict[str, list[Block]] = Field(
        default={}, description="intermediate tables, each usable by what stands below it"
    )
    tables: dict[str, list[Block]] = Field(description="canonical tables")


for _model in (Condition, WhenCase, Rule):
    _model.model_rebuild()
