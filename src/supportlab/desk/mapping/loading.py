"""Mapping files read and validated, with every error at once."""

from __future__ import annotations

import copy
import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from supportlab.desk.mapping.asking import filled
from supportlab.desk.mapping.extending import laid_over
from supportlab.desk.mapping.models import MappingFile
from supportlab.desk.mapping.semantics import semantic_faults
from supportlab.desk.mapping.shorthand import MappingFault, expand
from supportlab.errors import ParameterError, did_you_mean, listed

__all__ = ["LoadedMapping", "load_mapping", "parse_mapping", "shipped_mappings"]

# A mapping of more text than this was not written by a person.
LONGEST_FILE = 1 << 20
# More errors than this have one cause, and a terminal shows no more.
FAULTS_SHOWN = 60
# What is wrong by itself is cut out, and what is then missing is stood in for, so that all the
# rest can be checked in the same run.
PASSES = 4
_STAND_INS: dict[str, Any] = {
    "name": "",
    "version": 0,
    "desk": {"name": ""},
    "inputs": {},
    "tables": {},
    "files": [],
    "input": "",
    "alias": "",
    "on": {},
    "columns": {},
    "reason": "",
    "where": [],
    "then": {"constant": ""},
    "by": [],
    "value": "",
}
_BAD_TYPES = {
    "missing": "is needed and is not there",
    "string_type": "must be text; put it in quotes",
    "list_type": "must be a list, in [ ]",
    "dict_type": "must be a table of keys and values",
    "model_type": "must be a table of keys and values",
    "model_attributes_type": "must be a table of keys and values",
    "bool_type": "must be true or false, without quotes",
    "int_type": "must be a whole number, without quotes",
}


@dataclass(frozen=True)
class LoadedMapping:
    """
    A valid mapping, where it came from, and the hash of its bytes.

    ``extends_sha256`` is that of the shipped mapping under it.
    """

    model: MappingFile
    label: str
    sha256: str
    extends_sha256: str | None = None


def shipped_mappings() -> dict[str, str]:
    """
    Return the mappings that come with the package.

    Returns
    -------
    dict of str to str
        Name, and the text of its file.

    Examples
    --------
    >>> "servicenow" in shipped_mappings()
    True
    """
    folder = resources.files("supportlab.desk.mapping") / "library"
    files = sorted(folder.iterdir(), key=lambda item: item.name)
    return {
        item.name.removesuffix(".toml"): item.read_text(encoding="utf-8")
        for item in files
        if item.name.endswith(".toml")
    }


def load_mapping(mapping: str | Path) -> LoadedMapping:
    """
    Read a mapping by path, or one that comes with the package by its name.

    Parameters
    ----------
    mapping : str or Path
        Path that ends in ``.toml``, ``.yaml`` or ``.yml``, or a name of `shipped_mappings`.

    Returns
    -------
    LoadedMapping
        The mapping, valid in itself; whether it fits a source is seen when it is run.

    Raises
    ------
    ParameterError
        With all errors of the file: where each is, what came, and what is allowed.

    Examples
    --------
    >>> load_mapping("servicenow").model.name
    'servicenow'
    """
    path = Path(mapping)
    if path.suffix.lower() in (".toml", ".yaml", ".yml"):
        return parse_mapping(_read(path), path.name)
    shipped = shipped_mappings()
    if str(mapping) not in shipped:
        raise ParameterError(
            f"MAPPING {str(mapping)!r} is neither a file that ends in .toml, .yaml or .yml nor "
            f"the name of a mapping that comes with supportlab. "
            f"{did_you_mean(str(mapping), shipped)}"
        )
    return parse_mapping(shipped[str(mapping)], f"{mapping}.toml")


def parse_mapping(text: str, label: str) -> LoadedMapping:
    """
    Validate the text of a mapping file.

    Parameters
    ----------
    text : str
        TOML or YAML.
    label : str
        File name, whose ending tells which; it stands in messages.

    Returns
    -------
    LoadedMapping
        The mapping.

    Raises
    ------
    ParameterError
        With all errors at once.
    """
    raw, under = _extended(_parsed(text, label), label)
    raw, answer_faults = filled(raw)
    data, faults = expand(raw)
    faults = answer_faults + faults
    model = None
    for _ in range(PASSES):
        try:
            model = MappingFile.model_validate(data)
            break
        except ValidationError as error:
            faults += [_fault(item) for item in error.errors()]
            for item in error.errors():
                _mend(data, item["loc"], is_missing=item["type"] == "missing")
    if model is not None:
        faults += _without_echo(semantic_faults(model), [fault.path for fault in faults])
    if faults or model is None:
        raise ParameterError(_message(label, list(dict.fromkeys(faults))))
    return LoadedMapping(model, label, _hash(text), _hash(under) if under else None)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _extended(own: dict[str, Any], label: str) -> tuple[dict[str, Any], str | None]:
    """Return the file laid over the shipped mapping that it names, and that mapping's text."""
    base = own.get("extends")
    if base is None:
        return own, None
    shipped = shipped_mappings()
    if not isinstance(base, str) or base not in shipped:
        raise ParameterError(
            f"{label}: extends {base!r} is no mapping that comes with supportlab. "
            f"{did_you_mean(str(base), shipped)}"
        )
    return laid_over(_parsed(shipped[base], f"{base}.toml"), own), shipped[base]


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LONGEST_FILE:
            raise ParameterError(f"MAPPING {path} is larger than {LONGEST_FILE:,} bytes.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ParameterError(f"MAPPING {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ParameterError(f"MAPPING {path} is not UTF-8: {error.reason}.") from error


def _parsed(text: str, label: str) -> dict[str, Any]:
    is_toml = label.lower().endswith(".toml")
    try:
        raw = tomllib.loads(text) if is_toml else yaml.safe_load(text)
    except (tomllib.TOMLDecodeError, yaml.YAMLError, RecursionError) as error:
        kind = "TOML" if is_toml else "YAML"
        raise ParameterError(f"{label} is not valid {kind}: {error}") from error
    if not isinstance(raw, dict):
        raise ParameterError(f"{label} holds no table of keys; came {listed([raw])}.")
    return raw


def _without_echo(faults: list[MappingFault], told: list[str]) -> Iterator[MappingFault]:
    """Leave out what only follows from a part that was cut out and told already."""
    for fault in faults:
        is_rule = ".columns." in fault.path
        inside = is_rule and any(path.startswith(f"{fault.path}.") for path in told)
        if fault.path not in told and not inside:
            yield fault


def _message(label: str, faults: list[MappingFault]) -> str:
    lines = [f"  {fault.path}: {fault.problem}" for fault in faults[:FAULTS_SHOWN]]
    if len(faults) > FAULTS_SHOWN:
        lines.append(f"  and {len(faults) - FAULTS_SHOWN:,} more")
    many = "error" if len(faults) == 1 else "errors"
    return "\n".join([f"mapping {label} has {len(faults):,} {many}:", *lines])


def _fault(item: Any) -> MappingFault:
    loc = item["loc"]
    path = path_text(loc)
    if item["type"] == "extra_forbidden":
        hint = did_you_mean(str(loc[-1]), _keys_at(loc[:-1]))
        return MappingFault(path, f"unknown key {str(loc[-1])!r}. {hint}")
    came = "" if item["type"] == "missing" else f"; came {listed([item['input']])}"
    problem = _BAD_TYPES.get(item["type"], item["msg"])
    return MappingFault(path, f"{problem}{came}")


def path_text(loc: tuple[int | str, ...]) -> str:
    """Write a place of the file as people write it: ``tables.tickets[0].columns.market``."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".") or "(top)"


def _keys_at(loc: tuple[int | str, ...]) -> list[str]:
    annotation: Any = MappingFile
    for part in loc:
        model = _model_of(annotation)
        if isinstance(part, int) or model is None:
            annotation = _inner(annotation)
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        annotation = fields[str(part)].annotation if str(part) in fields else _inner(annotation)
    model = _model_of(annotation)
    fields_of = model.model_fields if model else {}
    return [field.alias or name for name, field in fields_of.items()]


def _model_of(annotation: Any) -> type[BaseModel] | None:
    options = [annotation, *get_args(annotation)]
    is_container = bool(get_args(annotation)) and type(None) not in get_args(annotation)
    if is_container:
        return None
    models = [o for o in options if isinstance(o, type) and issubclass(o, BaseModel)]
    return models[0] if models else None


def _inner(annotation: Any) -> Any:
    arguments = [a for a in get_args(annotation) if a is not type(None)]
    if not arguments:
        return None
    last = arguments[-1]
    return last if type(None) not in get_args(annotation) else _inner(last)


def _mend(data: Any, loc: tuple[int | str, ...], *, is_missing: bool) -> None:
    holder = data
    for part in loc[:-1]:
        try:
            holder = holder[part]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(holder, dict) and is_missing:
        holder[loc[-1]] = copy.deepcopy(_STAND_INS.get(str(loc[-1]), ""))
    elif isinstance(holder, dict):
        holder.pop(loc[-1], None)
    elif isinstance(holder, list) and isinstance(loc[-1], int) and loc[-1] < len(holder):
        holder[loc[-1]] = {}
