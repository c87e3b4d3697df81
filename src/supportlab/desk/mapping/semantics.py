"""What a mapping must be beyond its shape: known names, one source a value, times that are sure."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from datetime import datetime
from pathlib import PurePosixPath, PureWindowsPath

from pydantic import ValidationError

from supportlab.desk.config import DeskConfig
from supportlab.desk.contract import CONTRACT
from supportlab.desk.mapping.models import AsOf, Block, Input, Join, MappingFile
from supportlab.desk.mapping.rule_checks import condition_faults, rule_faults, time_faults
from supportlab.desk.mapping.shorthand import MappingFault
from supportlab.desk.mapping.walk import (
    EXTRA_PREFIX,
    Place,
    all_blocks,
    block_conditions,
    needs_sequence,
)
from supportlab.errors import did_you_mean, listed

__all__ = ["semantic_faults"]

# What the import itself says in desk.toml.
_OWN_SETTINGS = ("name", "timezone", "as_of", "files")


def semantic_faults(model: MappingFile) -> list[MappingFault]:
    """
    Return all errors of a mapping whose shape is right.

    Parameters
    ----------
    model : MappingFile
        The mapping.

    Returns
    -------
    list of MappingFault
        In the order of the file's parts.
    """
    faults = [*_desk_faults(model), *_input_faults(model), *_name_faults(model)]
    for name, time in model.times.items():
        faults += time_faults(time, f"times.{name}")
    known = dict.fromkeys(model.inputs)
    seen_views: set[str] = set()
    for place in all_blocks(model):
        faults += _block_faults(model, place, [*known, *sorted(seen_views)])
        if place.part == "views":
            seen_views.add(place.table)
    return faults


def _desk_faults(model: MappingFile) -> Iterator[MappingFault]:
    settings = model.desk.settings
    for key in settings:
        path = f"desk.settings.{key}"
        if key in _OWN_SETTINGS:
            yield MappingFault(path, "is written by the import itself; see the section desk")
        elif key not in DeskConfig.model_fields:
            hint = did_you_mean(key, set(DeskConfig.model_fields) - set(_OWN_SETTINGS))
            yield MappingFault(path, f"no key of desk.toml. {hint}")
    yield from _settings_faults(settings)
    as_of = model.desk.as_of
    if as_of is not None:
        yield from _as_of_faults(model, as_of)


def _settings_faults(settings: dict[str, object]) -> Iterator[MappingFault]:
    own = {key: value for key, value in settings.items() if key in DeskConfig.model_fields}
    try:
        DeskConfig.model_validate(own)
    except ValidationError as error:
        for item in error.errors():
            path = ".".join(["desk.settings", *map(str, item["loc"])])
            yield MappingFault(path, f"{item['msg']}; came {listed([item['input']])}")


def _as_of_faults(model: MappingFile, as_of: AsOf) -> Iterator[MappingFault]:
    if as_of.value is not None and not _is_instant(as_of.value):
        problem = "an ISO 8601 time with its offset, as 2026-03-31T18:00:00Z"
        yield MappingFault("desk.as_of", f"{problem}; came {as_of.value!r}")
    if (as_of.value is None) == (as_of.latest is None) or bool(as_of.input) != bool(as_of.latest):
        yield MappingFault("desk.as_of", "give a time as text, or `input` and `latest`")
    if as_of.input and as_of.input not in model.inputs:
        hint = did_you_mean(as_of.input, model.inputs)
        yield MappingFault("desk.as_of.input", f"no input {as_of.input!r}. {hint}")
    if as_of.latest:
        yield from rule_faults(as_of.latest, "desk.as_of.latest", "time")


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _input_faults(model: MappingFile) -> Iterator[MappingFault]:
    for name, item in model.inputs.items():
        path = f"inputs.{name}"
        for number, pattern in enumerate(item.files):
            problem = _unsafe(pattern)
            if problem:
                yield MappingFault(f"{path}.files[{number}]", f"{problem}; came {pattern!r}")
        if not item.files:
            yield MappingFault(f"{path}.files", "names no file")
        yield from _format_faults(item, path)
        for number, rule in enumerate(item.sequence.order if item.sequence else ()):
            yield from rule_faults(rule, f"{path}.sequence.order[{number}]", None)


def _unsafe(pattern: str) -> str | None:
    parts = PurePosixPath(pattern.replace("\\", "/")).parts
    absolute = PurePosixPath(pattern).is_absolute() or PureWindowsPath(pattern).drive
    if absolute or pattern.startswith(("\\", "~")) or ".." in parts:
        return "files are named inside the source folder: no absolute path, no `..`, no `~`"
    if not pattern.strip() or "\0" in pattern or ":" in pattern or "**" in pattern:
        return "not a file name or pattern (`*` and `?` inside one folder)"
    return None


def _format_faults(item: Input, path: str) -> Iterator[MappingFault]:
    if len(item.delimiter) != 1 or item.delimiter in '"\r\n':
        problem = f"one character that is no quote or line end; came {item.delimiter!r}"
        yield MappingFault(f"{path}.delimiter", problem)
    try:
        codecs.lookup(item.encoding)
    except LookupError:
        problem = f"{item.encoding!r} is no known encoding, as utf-8, latin-1 or cp1252"
        yield MappingFault(f"{path}.encoding", problem)
    if item.explode is not None and item.format not in ("json", "jsonl"):
        yield MappingFault(f"{path}.explode", "only JSON has lists to explode")


def _name_faults(model: MappingFile) -> Iterator[MappingFault]:
    for name in model.tables:
        if name not in CONTRACT:
            yield MappingFault(
                f"tables.{name}", f"no canonical table. {did_you_mean(name, CONTRACT)}"
            )
    if not model.tables:
        yield MappingFault("tables", "no table is produced")
    for name in model.views:
        if name in model.inputs:
            yield MappingFault(f"views.{name}", "an input has this name already")
        names = [tuple(block.columns) for block in model.views[name]]
        if any(set(other) != set(names[0]) for other in names):
            yield MappingFault(f"views.{name}", "its blocks have different columns")


def _block_faults(model: MappingFile, place: Place, known: list[str]) -> Iterator[MappingFault]:
    block, path = place.block, place.path
    if block.input not in known:
        hint = did_you_mean(block.input, known)
        yield MappingFault(f"{path}.input", f"no input or view {block.input!r} above. {hint}")
    if block.sequence and place.part == "tables":
        problem = "stands at the input or view; a table has no sequence of its own"
        yield MappingFault(f"{path}.sequence", problem)
    yield from _join_faults(block, path, known)
    yield from _drop_faults(block, path)
    if block.agree and not block.collapse:
        yield MappingFault(f"{path}.agree", "rows come together only with `collapse`")
    if needs_sequence(block) and not _sequence_of(model, block.input):
        problem = f"collapsing or looking back needs a `sequence` at {block.input!r}"
        yield MappingFault(f"{path}.input", problem)
    for where, condition in block_conditions(block, path):
        yield from condition_faults(condition, where)
    yield from _column_faults(model, place)


def _sequence_of(model: MappingFile, name: str) -> bool:
    if name in model.inputs:
        return model.inputs[name].sequence is not None
    return any(block.sequence for block in model.views.get(name, ()))


def _join_faults(block: Block, path: str, known: list[str]) -> Iterator[MappingFault]:
    aliases: list[str] = []
    for number, join in enumerate(block.joins):
        where = f"{path}.joins[{number}]"
        if join.input not in known:
            hint = did_you_mean(join.input, known)
            yield MappingFault(f"{where}.input", f"no input or view {join.input!r} above. {hint}")
        if not join.on:
            yield MappingFault(f"{where}.on", "names no column")
        if join.alias in aliases or not join.alias.isidentifier():
            yield MappingFault(f"{where}.alias", _alias_problem(join))
        aliases.append(join.alias)


def _alias_problem(join: Join) -> str:
    return f"a word that no other join of the block has; came {join.alias!r}"


def _drop_faults(block: Block, path: str) -> Iterator[MappingFault]:
    reasons: list[str] = []
    for number, drop in enumerate(block.drop):
        where = f"{path}.drop[{number}]"
        if bool(drop.where) == bool(drop.unless):
            yield MappingFault(where, "give either `where` or `unless`")
        if drop.reason in reasons or not drop.reason.strip():
            yield MappingFault(f"{where}.reason", "a reason that no other drop of the block has")
        reasons.append(drop.reason)


def _column_faults(model: MappingFile, place: Place) -> Iterator[MappingFault]:
    block, path = place.block, place.path
    spec = CONTRACT.get(place.table) if place.part == "tables" else None
    keys = tuple(_group_keys(model, block.input)) if block.collapse else None
    for name, rule in block.columns.items():
        where = f"{path}.columns.{name}"
        is_known = spec is None or name in spec.names or name.startswith(EXTRA_PREFIX)
        if place.part == "tables" and spec and not is_known:
            hint = did_you_mean(name, spec.names)
            problem = f"no column of {spec.name}, nor begins with {EXTRA_PREFIX}. {hint}"
            yield MappingFault(where, problem)
            continue
        column = spec.column(name) if spec and name in spec.names else None
        if column and rule.type_:
            yield MappingFault(f"{where}.type", f"the contract says {column.kind}")
        yield from rule_faults(
            rule,
            where,
            column.kind if column else None,
            codes=column.codes if column else (),
            group_keys=keys,
            # A view's columns have their types already.
            is_typed=block.input in model.views,
        )
    if spec:
        yield from _absent_faults(place, list(block.columns))


def _group_keys(model: MappingFile, name: str) -> list[str]:
    if name in model.inputs:
        sequence = model.inputs[name].sequence
    else:
        sequence = next((b.sequence for b in model.views.get(name, ()) if b.sequence), None)
    return list(sequence.by) if sequence else []


def _absent_faults(place: Place, names: list[str]) -> Iterator[MappingFault]:
    spec = CONTRACT[place.table]
    absent = [column.name for column in spec.columns if column.is_required]
    absent = [name for name in absent if name not in names]
    if absent:
        problem = f"{spec.name} needs {listed(absent)}, which no rule produces"
        yield MappingFault(f"{place.path}.columns", problem)
    for name in names:
        column = spec.column(name) if name in spec.names else None
        currency = column.currency_column if column else None
        if currency and currency not in names:
            problem = f"an amount needs its currency; {currency} is not produced"
            yield MappingFault(f"{place.path}.columns.{name}", problem)
