"""The shape of the package: floors, exports, sizes, and imports that cost nothing."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from supportlab.vocabulary import FINDING_IDS

SOURCE = Path(__file__).resolve().parents[2] / "src" / "supportlab"
MODULES = sorted(SOURCE.rglob("*.py"))
LONGEST_MODULE = 400

FLOORS = {
    "vocabulary": 0,
    "errors": 0,
    "records": 0,
    "findings": 0,
    "results": 0,
    "format": 0,
    "plots": 0,
    "desk": 1,
    "metrics": 2,
    "stats": 3,
    "studies": 4,
    "reporting": 5,
    "cli": 6,
}
# A world is made from the contract alone: whoever analyses it must not have helped to make it.
SIMULATE_MAY_USE = {name for name, floor in FLOORS.items() if floor <= 1} | {"simulate"}
MAY_USE_SIMULATE = {"cli", "simulate"}
# Statistics are functions of arrays: they know no engine, no picture and no file.
NOT_IN_STATS = {"ibis", "duckdb", "matplotlib", "seaborn", "pathlib", "os", "io", "csv", "pyarrow"}
HEAVY = ("pandas", "numpy", "ibis", "duckdb", "matplotlib", "scipy", "statsmodels", "sklearn",
         "pyarrow", "papermill", "nbconvert", "IPython")  # fmt: skip
_OWN_NAME = re.compile(r"supportlab(\.\w+)+(:\w+)?")
_FINDING_ID = re.compile(r"(feedback|support|churn|empowerment|channel|payment)(\.[a-z_0-9]+)+")


def _name(path: Path) -> str:
    parts = ("supportlab", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    """Absolute module names that a module imports, by statement or by a lazily used text."""
    package = _name(path).split(".") if path.name == "__init__.py" else _name(path).split(".")[:-1]
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, node.module] if node.module else base)
            yield stem, node.lineno
            yield from ((f"{stem}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Constant) and _OWN_NAME.fullmatch(str(node.value)):
            yield str(node.value).partition(":")[0], node.lineno


def _floor_of(module: str) -> str | None:
    """Floor that a dotted name lies on; None for the package's front and for other packages."""
    parts = module.split(".")
    known = parts[0] == "supportlab" and len(parts) > 1
    return parts[1] if known and (parts[1] in FLOORS or parts[1] == "simulate") else None


def _allowed(here: str, there: str) -> bool:
    if here == "simulate":
        return there in SIMULATE_MAY_USE
    if there == "simulate":
        return here in MAY_USE_SIMULATE
    same_ground = FLOORS[here] == FLOORS[there] == 0
    return here == there or same_ground or FLOORS[there] < FLOORS[here]


def test_every_module_lies_on_a_known_floor() -> None:
    strays = [
        _name(path) for path in MODULES if path.parent != SOURCE or path.name != "__init__.py"
    ]
    assert [name for name in strays if _floor_of(name) is None] == []


def test_the_staircase_is_climbed_upwards_only() -> None:
    faults = []
    for path in MODULES:
        here = _floor_of(_name(path))
        for module, line in _imports(path) if here else ():
            there = _floor_of(module)
            if there and not _allowed(here, there):
                faults.append(f"{path.relative_to(SOURCE)}:{line} imports {module}")
    assert sorted(set(faults)) == []


def test_one_study_does_not_lean_on_another() -> None:
    faults = []
    for path in (SOURCE / "studies").rglob("*.py"):
        own = path.relative_to(SOURCE / "studies").parts[0]
        for module, line in _imports(path):
            parts = module.split(".")
            other = parts[2] if parts[:2] == ["supportlab", "studies"] and len(parts) > 2 else own
            if other not in {own, "common"}:
                faults.append(f"{path.relative_to(SOURCE)}:{line} imports {module}")
    assert sorted(set(faults)) == []


@pytest.mark.parametrize(
    ("here", "there", "right"),
    [
        ("metrics", "desk", True),
        ("desk", "metrics", False),
        ("studies", "simulate", False),
        ("simulate", "metrics", False),
        ("simulate", "desk", True),
        ("cli", "simulate", True),
        ("results", "records", True),
        ("errors", "desk", False),
    ],
)
def test_the_rule_itself(here: str, there: str, right: bool) -> None:
    assert _allowed(here, there) is right


def test_statistics_know_arrays_only() -> None:
    faults = []
    for path in (SOURCE / "stats").rglob("*.py"):
        faults += [
            f"{path.name}:{line} imports {module}"
            for module, line in _imports(path)
            if module.split(".")[0] in NOT_IN_STATS
        ]
        faults += [
            f"{path.name}:{node.lineno} groups rows"
            for node in ast.walk(_tree(path))
            if isinstance(node, ast.Attribute) and node.attr == "groupby"
        ]
    assert sorted(set(faults)) == []


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_says_what_it_is_and_what_it_offers(path: Path) -> None:
    tree = _tree(path)
    assert ast.get_docstring(tree), "no docstring"
    module = importlib.import_module(_name(path))
    offered = getattr(module, "__all__", None)
    assert isinstance(offered, list), "no __all__"
    assert len(offered) == len(set(offered))
    assert [name for name in offered if not hasattr(module, name)] == []


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_is_short_and_does_nothing_on_import(path: Path) -> None:
    n_lines = len(path.read_text(encoding="utf-8").splitlines())
    assert n_lines <= LONGEST_MODULE, f"{n_lines} lines; split it"
    calls = [
        node.lineno
        for node in _tree(path).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    assert calls == [], "statements that run on import"


@pytest.mark.parametrize("module", ["supportlab", "supportlab.cli", "supportlab.errors"])
def test_the_front_door_opens_at_once(module: str) -> None:
    code = (
        f"import sys, {module}\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )  # fmt: skip
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_the_examples_in_docstrings_run(path: Path) -> None:
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    outcome = doctest.testmod(importlib.import_module(_name(path)), optionflags=flags)
    assert outcome.failed == 0


def test_docstring_examples_are_not_all_gone() -> None:
    finder = doctest.DocTestFinder()
    n_examples = sum(
        len(test.examples)
        for path in MODULES
        for test in finder.find(importlib.import_module(_name(path)))
    )
    assert n_examples >= 50


def test_finding_ids_are_those_of_the_results_contract() -> None:
    unknown = []
    for path in MODULES:
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
                if _FINDING_ID.fullmatch(text) and text not in FINDING_IDS:
                    unknown.append(f"{path.relative_to(SOURCE)}:{node.lineno} {text}")
    assert unknown == []
