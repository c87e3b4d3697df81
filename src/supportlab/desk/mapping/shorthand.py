"""Short forms of a mapping file written out: names replaced by what they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supportlab.errors import did_you_mean, listed

__all__ = ["MappingFault", "expand"]

# Rules inside rules deeper than this are no mapping that a person can read.
DEEPEST = 12
_RULE_LISTS = ("coalesce", "concat", "sum_of", "minutes_between")
_TEXT_LISTS = ("in", "not_in", "begins", "enters", "leaves", "missing", "is_true", "is_false")


@dataclass(frozen=True)
class MappingFault:
    """One error of a mapping: where in the file, and what is wrong with the cure."""

    path: str
    problem: str


def expand(raw: Mapping[Any, Any]) -> tuple[dict[str, Any], list[MappingFault]]:
    """
    Write out the short forms of a mapping.

    Parameters
    ----------
    raw : mapping
        What the TOML or YAML parser gave.

    Returns
    -------
    tuple of (dict, list of MappingFault)
        A new structure for validation, and names that stand for nothing.
    """
    return _Expander(raw).run()


class _Expander:
    """Walks the raw structure; what has the wrong shape is passed on for validation to tell."""

    def __init__(self, raw: Mapping[Any, Any]) -> None:
        self._raw = raw
        self._faults: list[MappingFault] = []
        self._times = _table(raw.get("times"))
        self._codes = {
            name: _text_values(value) for name, value in _table(raw.get("codes")).items()
        }

    def run(self) -> tuple[dict[str, Any], list[MappingFault]]:
        data = {self._key(key, "(top)"): value for key, value in self._raw.items()}
        if "codes" in data and isinstance(data["codes"], dict):
            data["codes"] = self._codes
        for part in ("tables", "views"):
            if isinstance(data.get(part), dict):
                data[part] = self._tables(data[part], part)
        if isinstance(data.get("inputs"), dict):
            data["inputs"] = {
                self._key(name, "inputs"): self._with_sequence(value, f"inputs.{name}")
                for name, value in data["inputs"].items()
            }
        if isinstance(data.get("desk"), dict):
            data["desk"] = self._desk(data["desk"])
        return data, self._faults

    def _key(self, key: Any, path: str) -> str:
        if not isinstance(key, str):
            problem = f"the key {key!r} is read as {type(key).__name__}; put it in quotes"
            self._faults.append(MappingFault(path, problem))
        return str(key)

    def _tables(self, tables: dict[Any, Any], part: str) -> dict[str, Any]:
        expanded = {}
        for key, value in tables.items():
            name = self._key(key, part)
            blocks = [value] if isinstance(value, dict) else value
            if isinstance(blocks, list):
                blocks = [self._block(b, f"{part}.{name}[{i}]") for i, b in enumerate(blocks)]
            expanded[name] = blocks
        return expanded

    def _block(self, block: Any, path: str) -> Any:
        if not isinstance(block, dict):
            return block
        new = dict(self._with_sequence(block, path))
        if isinstance(new.get("columns"), dict):
            new["columns"] = {
                self._key(name, f"{path}.columns"): self._rule(rule, f"{path}.columns.{name}")
                for name, rule in new["columns"].items()
            }
        if isinstance(new.get("drop"), list):
            new["drop"] = [self._conditions(d, ("where", "unless")) for d in new["drop"]]
        return new

    def _with_sequence(self, holder: Any, path: str) -> Any:
        sequence = holder.get("sequence") if isinstance(holder, dict) else None
        if not isinstance(sequence, dict) or not isinstance(sequence.get("order"), list):
            return holder
        order = [
            self._rule(rule, f"{path}.sequence.order[{i}]")
            for i, rule in enumerate(sequence["order"])
        ]
        return {**holder, "sequence": {**sequence, "order": order}}

    def _desk(self, desk: dict[Any, Any]) -> dict[Any, Any]:
        as_of = desk.get("as_of")
        if isinstance(as_of, str):
            return {**desk, "as_of": {"value": as_of}}
        if isinstance(as_of, dict) and "latest" in as_of:
            latest = self._rule(as_of["latest"], "desk.as_of.latest")
            return {**desk, "as_of": {**as_of, "latest": latest}}
        return desk

    def _rule(self, rule: Any, path: str, depth: int = 0) -> Any:
        if isinstance(rule, str):
            return {"from": rule}
        if not isinstance(rule, dict):
            return rule
        if depth > DEEPEST:
            self._faults.append(MappingFault(path, f"rules stand {depth} deep in each other"))
            return {"constant": ""}
        new = self._conditions(rule, ("where",))
        if isinstance(new.get("constant"), (bool, int, float)):
            new["constant"] = _text(new["constant"])
        self._named(new, "time", self._times, path)
        self._named(new, "codes", self._codes, path)
        if isinstance(new.get("codes"), dict):
            new["codes"] = _text_values(new["codes"])
        self._inner_rules(new, path, depth)
        return new

    def _inner_rules(self, new: dict[str, Any], path: str, depth: int) -> None:
        for key in _RULE_LISTS:
            if isinstance(new.get(key), list):
                new[key] = [
                    self._rule(item, f"{path}.{key}[{i}]", depth + 1)
                    for i, item in enumerate(new[key])
                ]
        for key in ("otherwise", "plus"):
            if key in new:
                new[key] = self._rule(new[key], f"{path}.{key}", depth + 1)
        if isinstance(new.get("when"), list):
            new["when"] = [
                self._branch(branch, f"{path}.when[{i}]", depth)
                for i, branch in enumerate(new["when"])
            ]

    def _branch(self, branch: Any, path: str, depth: int) -> Any:
        if not isinstance(branch, dict):
            return branch
        new = self._conditions(branch, ("where",))
        if "then" in new:
            new["then"] = self._rule(new["then"], f"{path}.then", depth + 1)
        return new

    def _named(self, rule: dict[str, Any], key: str, known: dict[str, Any], path: str) -> None:
        name = rule.get(key)
        if not isinstance(name, str):
            return
        if name not in known:
            hint = did_you_mean(name, known) if known else f"No table {key} is in this file."
            problem = f"{name!r} is not defined in this file. {hint}"
            self._faults.append(MappingFault(f"{path}.{key}", problem))
            del rule[key]
            return
        rule[key] = known[name]

    def _conditions(self, holder: Any, keys: tuple[str, ...]) -> Any:
        if not isinstance(holder, dict):
            return holder
        new = {self._key(key, listed([holder])): value for key, value in holder.items()}
        for key in keys:
            if isinstance(new.get(key), list):
                new[key] = [self._condition(item) for item in new[key]]
        for key in _TEXT_LISTS:
            new = _with_texts(new, key)
        return new

    def _condition(self, condition: Any) -> Any:
        return self._conditions(condition, ("any_of",))


def _table(value: Any) -> dict[str, Any]:
    return {str(k): v for k, v in value.items()} if isinstance(value, dict) else {}


def _text(value: Any) -> Any:
    """Write numbers as the text of the file; a boolean stays, since YAML makes NO one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else value


def _number_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _text_values(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {_number_text(key): _number_text(item) for key, item in value.items()}


def _with_texts(holder: dict[str, Any], key: str) -> dict[str, Any]:
    values = holder.get(key)
    if not isinstance(values, list):
        return holder
    return {**holder, key: [_number_text(value) for value in values]}
