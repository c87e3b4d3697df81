"""Checks of single rules, conditions and time formats of a mapping."""

from __future__ import annotations

from collections.abc import Iterator

from supportlab.desk.known_codes import time_zones
from supportlab.desk.mapping.models import Condition, Rule, TimeFormat
from supportlab.desk.mapping.patterns import ISO, has_offset, pattern_problem, swapped_twin
from supportlab.desk.mapping.shorthand import MappingFault
from supportlab.desk.mapping.walk import composite_parts, declared_kind
from supportlab.errors import did_you_mean, listed

__all__ = ["condition_faults", "rule_faults", "time_faults"]

_SOURCES = {
    "column": "from",
    "constant": "constant",
    "coalesce": "coalesce",
    "concat": "concat",
    "when": "when",
    "sum_of": "sum_of",
    "minutes_between": "minutes_between",
}
_COMPOSITES = ("coalesce", "concat", "when", "sum_of", "minutes_between")
# What changes one text; a rule made of rules has it in those.
_TEXT_CHANGES = {
    "missing": "missing",
    "strip": "strip",
    "case": "case",
    "codes": "codes",
    "other": "other",
    "time": "time",
    "number": "number",
    "unit": "unit",
    "minor_units": "minor_units",
    "is_true": "is_true",
    "is_false": "is_false",
}
_KINDS_OF = {
    "time": ("time", "date"),
    "plus": ("time",),
    "number": ("int", "float", "money", "rate"),
    "unit": ("float",),
    "minor_units": ("money",),
    "is_true": ("bool",),
    "is_false": ("bool",),
    "minutes_between": ("float",),
    "sum_of": ("int", "float", "money"),
}
_TEXT_KINDS = ("key", "text", "code", "market", "language", "currency", "list", "timezone", "clock")
_NO_SOURCE = ("count", "any")
_TESTS = {
    "in_": "in",
    "not_in": "not_in",
    "begins": "begins",
    "missing": "missing",
    "same_as": "same_as",
    "differs_from": "differs_from",
    "enters": "enters",
    "leaves": "leaves",
    "changes": "changes",
    "appears": "appears",
}


def condition_faults(condition: Condition, path: str) -> Iterator[MappingFault]:
    """Yield what is wrong with a condition, those inside it apart."""
    tests = [alias for name, alias in _TESTS.items() if getattr(condition, name) is not None]
    if condition.any_of is not None:
        if condition.column is not None or tests:
            yield MappingFault(path, "`any_of` stands alone")
        if not condition.any_of:
            yield MappingFault(f"{path}.any_of", "names no condition")
        return
    if condition.column is None:
        yield MappingFault(path, "names no column")
    if len(tests) != 1:
        came = listed(tests) if tests else "none"
        problem = f"exactly one of {', '.join(_TESTS.values())}; came {came}"
        yield MappingFault(path, problem)


def time_faults(time: TimeFormat, path: str) -> Iterator[MappingFault]:
    """Yield what is wrong with a time format."""
    if bool(time.formats) == bool(time.epoch):
        yield MappingFault(path, "give either `formats` or `epoch`")
    bad = False
    for number, pattern in enumerate(time.formats):
        problem = pattern_problem(pattern)
        if problem:
            bad = True
            yield MappingFault(f"{path}.formats[{number}]", f"{problem}; came {pattern!r}")
    twin = swapped_twin(time.formats)
    if twin:
        problem = f"{twin[0]!r} and {twin[1]!r} read the same text as two different days"
        yield MappingFault(f"{path}.formats", problem)
    if not bad:
        yield from _zone_faults(time, path)


def _zone_faults(time: TimeFormat, path: str) -> Iterator[MappingFault]:
    named = [time.zone] if time.zone else []
    for zone in [*named, *time.zone_names.values()]:
        if zone not in time_zones():
            hint = did_you_mean(zone, time_zones())
            yield MappingFault(f"{path}.zone", f"{zone!r} is no IANA time zone. {hint}")
    if time.zone and time.zone_from:
        yield MappingFault(f"{path}.zone_from", "give either `zone` or `zone_from`")
    if time.zone_names and not time.zone_from:
        yield MappingFault(f"{path}.zone_names", "goes with `zone_from`")
    naive = [p for p in time.formats if p != ISO and not has_offset(p)]
    if naive and not (time.zone or time.zone_from):
        problem = f"times of {naive[0]!r} carry no offset; say which `zone` they are in"
        yield MappingFault(path, problem)


def rule_faults(
    rule: Rule,
    path: str,
    kind: str | None,
    *,
    codes: tuple[str, ...] = (),
    group_keys: tuple[str, ...] | None = None,
    is_typed: bool = False,
) -> Iterator[MappingFault]:
    """
    Yield what is wrong with a rule and those inside it.

    Parameters
    ----------
    rule : Rule
        The rule.
    path : str
        Where it stands.
    kind : str or None
        Rule set of its output column; None where the rule declares it.
    codes : tuple of str
        Codes that the output column knows.
    group_keys : tuple of str or None
        In a collapsed block the columns that are one value a group; None elsewhere.
    is_typed : bool
        Whether its columns may have types already, so that times need no format.

    Yields
    ------
    MappingFault
        One error.
    """
    own = kind or declared_kind(rule)
    yield from _source_faults(rule, path)
    yield from _change_faults(rule, path, own)
    yield from _code_faults(rule, path, codes)
    yield from _take_faults(rule, path, group_keys)
    if rule.time:
        yield from time_faults(rule.time, f"{path}.time")
    elif own in ("time", "date") and rule.column is not None and not is_typed:
        qualified = "." in rule.column
        if not qualified:
            yield MappingFault(path, "a time needs `time`: its formats or epoch unit, and zone")
    if rule.plus:
        yield from rule_faults(rule.plus, f"{path}.plus", "float", is_typed=is_typed)
    inner = None if rule.take is not None else group_keys
    for place, part in composite_parts(rule, path):
        yield from rule_faults(
            part,
            place,
            _part_kind(rule, part, own),
            codes=codes,
            group_keys=inner,
            is_typed=is_typed,
        )


def _part_kind(rule: Rule, part: Rule, own: str) -> str:
    if rule.minutes_between is not None:
        return "time"
    return "text" if rule.concat is not None else own


def _source_faults(rule: Rule, path: str) -> Iterator[MappingFault]:
    sources = [alias for name, alias in _SOURCES.items() if getattr(rule, name) is not None]
    may_lack = rule.take in _NO_SOURCE
    if len(sources) > 1 or not (sources or may_lack):
        came = listed(sources) if sources else "none"
        problem = f"exactly one of {', '.join(_SOURCES.values())}; came {came}"
        yield MappingFault(path, problem)
    if rule.otherwise and rule.when is None:
        yield MappingFault(f"{path}.otherwise", "goes with `when`")
    if rule.separator and rule.concat is None:
        yield MappingFault(f"{path}.separator", "goes with `concat`")
    if rule.minutes_between is not None and len(rule.minutes_between) != 2:
        yield MappingFault(f"{path}.minutes_between", "two times: from, to")
    for name in ("coalesce", "concat", "sum_of", "when"):
        if getattr(rule, name) == []:
            yield MappingFault(f"{path}.{name}", "is empty")


def _change_faults(rule: Rule, path: str, kind: str) -> Iterator[MappingFault]:
    composite = next((c for c in _COMPOSITES if getattr(rule, c) is not None), None)
    for name, alias in _TEXT_CHANGES.items():
        is_set = name in rule.model_fields_set and getattr(rule, name) not in (None, [], False)
        if composite and is_set:
            problem = f"stands inside the rules of `{composite}`, not beside it"
            yield MappingFault(f"{path}.{alias}", problem)
    for name, kinds in _KINDS_OF.items():
        is_set = getattr(rule, name) not in (None, [])
        if is_set and kind not in kinds:
            problem = f"does not go with the type {kind}; it makes {' or '.join(kinds)}"
            yield MappingFault(f"{path}.{name}", problem)
    if rule.prefix and kind not in _TEXT_KINDS:
        yield MappingFault(f"{path}.prefix", f"does not go with the type {kind}")
    if rule.decimals and rule.minor_units is None:
        yield MappingFault(f"{path}.decimals", "goes with `minor_units`")
    if rule.plus and rule.plus.unit is None:
        yield MappingFault(f"{path}.plus", "a duration needs its `unit`")


def _code_faults(rule: Rule, path: str, codes: tuple[str, ...]) -> Iterator[MappingFault]:
    if rule.other is not None and rule.codes is None:
        yield MappingFault(f"{path}.other", "goes with `codes`")
    if not codes:
        return
    written = [(f"{path}.codes[{text!r}]", code) for text, code in (rule.codes or {}).items()]
    if rule.other is not None:
        written.append((f"{path}.other", rule.other))
    # An empty text says that there is no value.
    written = [(where, code) for where, code in written if code]
    if rule.constant is not None:
        written.append((f"{path}.constant", rule.constant))
    for where, code in written:
        if code not in codes:
            yield MappingFault(where, f"{code!r} is no known code. {did_you_mean(code, codes)}")


def _take_faults(
    rule: Rule, path: str, group_keys: tuple[str, ...] | None
) -> Iterator[MappingFault]:
    if group_keys is None:
        if rule.take or rule.where:
            yield MappingFault(f"{path}.take", "only in a collapsed block, and once on the way")
        return
    if rule.where and rule.take is None:
        yield MappingFault(f"{path}.where", "goes with `take`")
    if rule.skip_missing and rule.take not in ("first", "last"):
        yield MappingFault(f"{path}.skip_missing", "goes with `take` first or last")
    if rule.when is not None and rule.take is None:
        yield MappingFault(path, "conditions are of rows, so `when` needs `take` beside it here")
    is_leaf = rule.column is not None
    if is_leaf and rule.take is None and rule.column not in group_keys:
        keys = f"; only {listed(group_keys)} has one value a group" if group_keys else ""
        problem = f"in a collapsed block a column needs `take`: which of the group's rows{keys}"
        yield MappingFault(path, problem)
