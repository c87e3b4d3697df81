"""Walks over the parts of a mapping: which rules and columns stand where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from supportlab.desk.contract import CONTRACT
from supportlab.desk.mapping.models import Block, Condition, MappingFile, Rule

__all__ = [
    "EXTRA_PREFIX",
    "Place",
    "all_blocks",
    "block_conditions",
    "can_have_value",
    "columns_read",
    "composite_parts",
    "conditions_in",
    "declared_kind",
    "kind_of",
    "looks_back",
    "needs_sequence",
    "rule_columns",
]

# Extra columns say by their name that no study reads them.
EXTRA_PREFIX = "x_"


@dataclass(frozen=True)
class Place:
    """A block and where it stands in the file."""

    path: str
    part: str
    table: str
    block: Block


def all_blocks(model: MappingFile) -> Iterator[Place]:
    """Yield all blocks, the views first since tables may stand on them."""
    for part, tables in (("views", model.views), ("tables", model.tables)):
        for name, blocks in tables.items():
            for number, block in enumerate(blocks):
                yield Place(f"{part}.{name}[{number}]", part, name, block)


def kind_of(part: str, table: str, column: str, rule: Rule) -> str:
    """Return the rule set of an output column: the contract's, or that which the rule declares."""
    if part == "tables" and table in CONTRACT and column in CONTRACT[table].names:
        return CONTRACT[table].column(column).kind
    return declared_kind(rule)


def declared_kind(rule: Rule) -> str:
    """Return the type of a rule that has no contract column to take it from."""
    signs = (
        (rule.type_, rule.type_ or ""),
        (rule.take in ("count", "count_distinct"), "int"),
        (rule.take == "any", "bool"),
        (rule.time or rule.plus, "time"),
        (rule.is_true is not None or rule.is_false is not None, "bool"),
        (rule.unit or rule.minutes_between or rule.number or rule.sum_of, "float"),
        (rule.minor_units, "money"),
    )
    return next((kind for sign, kind in signs if sign), "text")


def composite_parts(rule: Rule, path: str) -> Iterator[tuple[str, Rule]]:
    """Yield the rules that a rule is made of."""
    for name in ("coalesce", "concat", "sum_of", "minutes_between"):
        for number, part in enumerate(getattr(rule, name) or ()):
            yield f"{path}.{name}[{number}]", part
    for number, branch in enumerate(rule.when or ()):
        yield f"{path}.when[{number}].then", branch.then
    if rule.otherwise:
        yield f"{path}.otherwise", rule.otherwise


def conditions_in(rule: Rule, path: str) -> Iterator[tuple[str, Condition]]:
    """Yield the conditions of a rule and of all rules inside it, the groups flattened."""
    for number, branch in enumerate(rule.when or ()):
        yield from flat(branch.where, f"{path}.when[{number}].where")
    yield from flat(rule.where, f"{path}.where")
    for place, part in composite_parts(rule, path):
        yield from conditions_in(part, place)
    if rule.plus:
        yield from conditions_in(rule.plus, f"{path}.plus")


def flat(conditions: list[Condition], path: str) -> Iterator[tuple[str, Condition]]:
    """Yield conditions and those inside their ``any_of``."""
    for number, condition in enumerate(conditions):
        yield f"{path}[{number}]", condition
        yield from flat(condition.any_of or [], f"{path}[{number}].any_of")


def block_conditions(block: Block, path: str) -> Iterator[tuple[str, Condition]]:
    """Yield all conditions of a block."""
    for number, drop in enumerate(block.drop):
        yield from flat(drop.where, f"{path}.drop[{number}].where")
        yield from flat(drop.unless, f"{path}.drop[{number}].unless")
    for name, rule in block.columns.items():
        yield from conditions_in(rule, f"{path}.columns.{name}")


def looks_back(condition: Condition) -> bool:
    """Whether a condition compares a row with the one before it."""
    return bool(condition.enters or condition.leaves or condition.changes or condition.appears)


def needs_sequence(block: Block) -> bool:
    """Whether a block needs to know which rows make a history."""
    return block.collapse or any(looks_back(c) for _, c in block_conditions(block, ""))


def columns_read(block: Block, path: str) -> Iterator[tuple[str, str]]:
    """Yield every column name that a block reads after unpivoting, and where."""
    for place, condition in block_conditions(block, path):
        for key in ("column", "same_as", "differs_from"):
            if getattr(condition, key):
                yield f"{place}.{key}", getattr(condition, key)
    for name, rule in block.columns.items():
        yield from rule_columns(rule, f"{path}.columns.{name}")
    for number, name in enumerate(block.agree):
        yield f"{path}.agree[{number}]", name
    for number, join in enumerate(block.joins):
        for own in join.on:
            yield f"{path}.joins[{number}].on", own


def rule_columns(rule: Rule, path: str) -> Iterator[tuple[str, str]]:
    """Yield every column name that a rule reads, and where."""
    if rule.column is not None:
        yield f"{path}.from", rule.column
    if rule.minor_units is not None:
        yield f"{path}.minor_units", rule.minor_units
    if rule.time and rule.time.zone_from:
        yield f"{path}.time.zone_from", rule.time.zone_from
    for place, part in composite_parts(rule, path):
        yield from rule_columns(part, place)
    if rule.plus:
        yield from rule_columns(rule.plus, f"{path}.plus")


def can_have_value(rule: Rule, absent: tuple[str, ...]) -> bool:
    """Whether a rule can give a value where some columns of its input are not there."""
    if rule.column is not None:
        return not _is_absent(rule.column, absent)
    if rule.coalesce is not None:
        return any(can_have_value(part, absent) for part in rule.coalesce)
    if rule.when is not None:
        branches = any(
            can_have_value(branch.then, absent)
            and all(_can_hold(condition, absent) for condition in branch.where)
            for branch in rule.when
        )
        return branches or bool(rule.otherwise and can_have_value(rule.otherwise, absent))
    return all(can_have_value(part, absent) for _, part in composite_parts(rule, ""))


def _can_hold(condition: Condition, absent: tuple[str, ...]) -> bool:
    """Whether a condition can hold; of a column that is not there, only ``missing = true`` does."""
    is_absent = condition.column is not None and _is_absent(condition.column, absent)
    return condition.missing is True or not is_absent


def _is_absent(name: str, absent: tuple[str, ...]) -> bool:
    return any(name == column or name.startswith(f"{column}.") for column in absent)
