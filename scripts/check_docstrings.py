"""Hold the public docstrings against numpydoc's rules, as pyproject.toml lists them.

`numpydoc lint` reads source only: it cannot tell public from private and finds no parameters in
a dataclass. This reads ``__all__`` and asks numpydoc about the live objects. What the package and
its floors offer has to be complete; a name shared between modules only has to say what it is.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import pydoc
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType

ROOT = Path(__file__).resolve().parent.parent
# Short methods say it all in their name and first line.
LENIENT = {"PR01", "RT01", "RT03"}
FRONT_DOORS = (
    "supportlab",
    "supportlab.desk",
    "supportlab.metrics",
    "supportlab.stats",
    "supportlab.simulate",
    "supportlab.studies",
    "supportlab.reporting",
)


def main() -> int:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rules = set(settings["tool"]["numpydoc_validation"]["checks"])
    faults = [fault for name, wanted in sorted(_objects(rules)) for fault in _faults(name, wanted)]
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


def _objects(rules: set[str]) -> set[tuple[str, frozenset[str]]]:
    public = {id(value) for door in FRONT_DOORS for value in _offered(door)}
    found = set()
    for module in _modules():
        for value in _exported(module):
            if not (inspect.isclass(value) or inspect.isfunction(value)):
                continue
            name = f"{value.__module__}.{value.__qualname__}"
            found.add((name, frozenset(rules if id(value) in public else rules - LENIENT)))
            found |= {(method, frozenset(rules - LENIENT)) for method in _methods(value, name)}
    return found


def _modules() -> Iterator[ModuleType]:
    import supportlab

    yield supportlab
    for entry in pkgutil.walk_packages(supportlab.__path__, "supportlab."):
        yield importlib.import_module(entry.name)


def _offered(door: str) -> Iterator[object]:
    """What a front door hands out: names, and the names of modules that it hands out."""
    for value in _exported(importlib.import_module(door)):
        yield value
        if isinstance(value, ModuleType):
            yield from _exported(value)


def _exported(module: ModuleType) -> list[object]:
    values = [getattr(module, name) for name in getattr(module, "__all__", ())]
    ours = (ModuleType, type, FunctionType)
    return [
        value
        for value in values
        if isinstance(value, ours)
        and getattr(value, "__module__", value.__name__).startswith("supportlab")
    ]


def _methods(value: object, name: str) -> set[str]:
    if not inspect.isclass(value) or issubclass(value, BaseException):
        return set()
    own = {
        key: item
        for key, item in vars(value).items()
        if not key.startswith("_") and (inspect.isfunction(item) or isinstance(item, property))
    }
    return {f"{name}.{key}" for key in own}


def _faults(name: str, wanted: frozenset[str]) -> list[str]:
    from numpydoc.validate import validate

    said = validate(name)
    place = f"{said['file']}:{said['file_line']}: {name}: "
    return [
        f"{place}{code} {text}"
        for code, text in said["errors"]
        if code in wanted and not (code == "PR01" and _told_elsewhere(name, text))
    ]


def _told_elsewhere(name: str, text: str) -> bool:
    """Whether the parameters that numpydoc misses are private or listed as attributes."""
    from numpydoc.docscrape import get_doc_object

    told = {entry.name for entry in get_doc_object(pydoc.locate(name))["Attributes"]}
    missing = set(re.findall(r"'(\w+)'", text))
    return all(one.startswith("_") or one in told for one in missing)


if __name__ == "__main__":
    sys.exit(main())
