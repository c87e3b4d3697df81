"""What a mapping leaves to its user to say: checked, and put where the mapping has a ``$name``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from supportlab.desk.mapping.models import MappingFile
from supportlab.desk.mapping.shorthand import MappingFault
from supportlab.errors import did_you_mean, listed

__all__ = ["filled", "unsaid_message"]

_REFERENCE = re.compile(r"\$(\w+)")
# Lists whose parts stand for themselves: without one of them, the others still say something.
_LISTS = ("coalesce", "when", "drop", "joins", "any_of")
# Keys that only add to what stands beside them.
_ADDITIONS = ("decimals", "zone_names", "missing", "drop", "joins", "otherwise")
_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "column": (lambda value: isinstance(value, str) and bool(value), "the name of a column"),
    "text": (lambda value: isinstance(value, str) and bool(value), "a text"),
    "list": (
        lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
        "a list of texts",
    ),
    "codes": (
        lambda value: isinstance(value, dict) and all(isinstance(v, str) for v in value.values()),
        "a table of text = code",
    ),
    "decimals": (
        lambda value: isinstance(value, dict) and all(type(v) is int for v in value.values()),
        "a table of currency = whole number; an empty one means ISO 4217's",
    ),
    "time": (
        lambda value: isinstance(value, dict) and bool(value),
        "a time, as { formats = [...], zone = ... }",
    ),
}


class _Unsaid:
    """Stands where a value would be that the user did not give."""


_UNSAID = _Unsaid()


def filled(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[MappingFault]]:
    """
    Put what the user said in place of each ``$name``, and leave out what rests on the unsaid.

    Parameters
    ----------
    raw : mapping
        Parsed file, whose ``asked`` names what is left to the user and ``said`` has the answers.

    Returns
    -------
    tuple of (dict, list of MappingFault)
        The file without references, and answers of the wrong kind or to no question. Where a
        needed answer is not there its example stands in, so that the rest can be checked:
        nothing may be imported with it, see `unsaid_message`.
    """
    asked = raw.get("asked")
    if not isinstance(asked, dict) or not asked:
        return dict(raw), []
    said = raw.get("said")
    said = said if isinstance(said, dict) else {}
    examples, faults = _examples(asked)
    faults += _answer_faults(asked, {**examples, **said})
    filler = _Filler(asked, {**examples, **said})
    body = {k: filler.fill(v, k) for k, v in raw.items() if k not in ("asked", "said")}
    for key, value in body.items():
        if isinstance(value, _Unsaid):
            faults.append(MappingFault(key, "cannot be without what `said` does not say"))
    kept = {k: v for k, v in body.items() if not isinstance(v, _Unsaid)}
    return {**kept, "asked": asked, "said": said}, faults + filler.faults


def unsaid_message(model: MappingFile, label: str) -> str | None:
    """
    Write what the user has still to say, with a file to fill in.

    Parameters
    ----------
    model : MappingFile
        The mapping.
    label : str
        File that was read.

    Returns
    -------
    str or None
        The message; None where nothing needed is missing.
    """
    unsaid = {key: item for key, item in model.asked.items() if key not in model.said}
    needed = {key: item for key, item in unsaid.items() if item.needed}
    if not needed:
        return None
    base = model.extends or model.name
    things = "thing" if len(needed) == 1 else "things"
    lines = [
        f"mapping {label} leaves {len(needed)} {things} to you, because nobody outside can know:",
        *(f"  {key}: {item.meaning} ({item.why})" for key, item in needed.items()),
        f"Write a file of your own, as my-{base}.toml, and import with it in place of {base!r}.",
        "Check each line against your export; these answers are only examples:",
        "",
        f'  extends = "{base}"',
        "  [said]",
    ]
    lines += [f"  {key} = ..." for key in model.said]
    lines += [f"  {key} = {item.example}" for key, item in needed.items()]
    optional = [item for item in unsaid.items() if not item[1].needed]
    lines += ["", "What more you can say there; without it, its column is left out:"] * bool(
        optional
    )
    lines += [f"  {key} = {item.example}  # {item.meaning} ({item.why})" for key, item in optional]
    return "\n".join(lines)


def _examples(asked: Mapping[str, Any]) -> tuple[dict[str, Any], list[MappingFault]]:
    """Return the examples of what is needed, and those that are no TOML."""
    examples, faults = {}, []
    for name, item in asked.items():
        try:
            value = tomllib.loads(f"it = {item['example']}")["it"]
        except (KeyError, TypeError, tomllib.TOMLDecodeError):
            faults.append(MappingFault(f"asked.{name}.example", "must be an answer as TOML"))
            continue
        if item.get("needed"):
            examples[name] = value
    return examples, faults


def _answer_faults(asked: Mapping[str, Any], said: Mapping[str, Any]) -> list[MappingFault]:
    faults = []
    for name, value in said.items():
        if name not in asked:
            hint = did_you_mean(str(name), asked)
            faults.append(MappingFault(f"said.{name}", f"is not asked. {hint}"))
            continue
        kind = asked[name].get("what") if isinstance(asked[name], dict) else None
        fits, words = _KINDS.get(str(kind), (lambda _: True, ""))
        if not fits(value):
            faults.append(MappingFault(f"said.{name}", f"must be {words}; came {listed([value])}"))
    return faults


class _Filler:
    """Walks the parsed file; what has no place to be left out makes what holds it unsaid."""

    def __init__(self, asked: Mapping[str, Any], said: Mapping[str, Any]) -> None:
        self._asked = asked
        self._said = said
        self.faults: list[MappingFault] = []

    def fill(self, value: Any, path: str) -> Any:
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, list):
            return self._list(value, path)
        if isinstance(value, dict):
            return self._table(value, path)
        return value

    def _text(self, value: str, path: str) -> Any:
        found = _REFERENCE.fullmatch(value)
        if found is None:
            return value
        name = found.group(1)
        if name not in self._asked:
            hint = did_you_mean(name, self._asked)
            self.faults.append(MappingFault(path, f"{value!r} is not asked. {hint}"))
            return ""
        return self._said.get(name, _UNSAID)

    def _list(self, values: list[Any], path: str) -> Any:
        new = [self.fill(value, f"{path}[{i}]") for i, value in enumerate(values)]
        kept = [value for value in new if not isinstance(value, _Unsaid)]
        if len(kept) == len(new):
            return new
        return kept if kept and path.rpartition(".")[2] in _LISTS else _UNSAID

    def _table(self, table: dict[str, Any], path: str) -> Any:
        new = {key: self.fill(value, f"{path}.{key}") for key, value in table.items()}
        kept = {key: value for key, value in new.items() if not isinstance(value, _Unsaid)}
        lost = [key for key in new if key not in kept]
        is_loose = path.rpartition(".")[2] == "columns"
        return kept if is_loose or all(key in _ADDITIONS for key in lost) else _UNSAID
