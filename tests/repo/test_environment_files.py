"""One declaration of what is needed, and everything else made from it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

LOCKS = ("requirements.lock", "requirements-spark.lock")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, Any]:
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _text(repository: Path, name: str) -> str:
    return (repository / name).read_text(encoding="utf-8")


def _blocks(lock_text: str) -> list[str]:
    """Return one text for each pin, its hashes included."""
    lines = [line for line in lock_text.splitlines() if line and not line.lstrip().startswith("#")]
    joined: list[str] = []
    for line in lines:
        if line.startswith(" "):
            joined[-1] += line
        else:
            joined.append(line)
    return joined


def _pins(blocks: list[str]) -> dict[str, Requirement]:
    found = [Requirement(block.partition("\\")[0].strip()) for block in blocks]
    assert len({pin.name for pin in found}) == len(found)
    return {canonicalize_name(pin.name): pin for pin in found}


@pytest.fixture(scope="module")
def pins(repository: Path) -> dict[str, Requirement]:
    return _pins(_blocks(_text(repository, "requirements.lock")))


@pytest.fixture(scope="module")
def spark_pins(repository: Path) -> dict[str, Requirement]:
    return _pins(_blocks(_text(repository, "requirements-spark.lock")))


def _version(pin: Requirement) -> Version:
    (exact,) = pin.specifier
    assert exact.operator == "=="
    return Version(exact.version)


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_is_exact_and_hashed(repository: Path, name: str) -> None:
    blocks = _blocks(_text(repository, name))
    assert [block[:60] for block in blocks if not HASH.search(block)] == []
    assert all(_version(pin) for pin in _pins(blocks).values())


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_names_no_index_and_no_place(repository: Path, name: str) -> None:
    lock_text = _text(repository, name)
    pins = _pins(_blocks(lock_text))
    assert re.findall(r"^--?[a-z-]+|https?:|file:|\.whl|\.tar\.gz", lock_text, re.MULTILINE) == []
    assert [name for name, pin in pins.items() if pin.url] == []


def test_the_lock_satisfies_what_is_declared(
    project: dict[str, Any], pins: dict[str, Requirement]
) -> None:
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert _unsatisfied(wanted, pins) == []


def test_the_locks_satisfy_the_extras_of_engines(
    project: dict[str, Any], pins: dict[str, Requirement], spark_pins: dict[str, Requirement]
) -> None:
    """PostgreSQL's driver is in every environment of ours; Spark adds its own and nothing else."""
    extras = project["optional-dependencies"]
    assert _unsatisfied(extras["postgres"], pins) == []
    assert _unsatisfied(extras["spark"], pins | spark_pins) == []
    assert pins.keys() & spark_pins.keys() == set()
    assert "pyspark" in spark_pins


def _unsatisfied(wanted: list[str], pins: dict[str, Requirement]) -> list[str]:
    faults = []
    for requirement in map(Requirement, wanted):
        pin = pins.get(canonicalize_name(requirement.name))
        if pin is None or not requirement.specifier.contains(_version(pin)):
            faults.append(f"{requirement} against {pin}")
        elif pin.marker:
            faults.append(f"{requirement} is locked for some machines only: {pin.marker}")
    return faults


def test_the_spark_lock_adds_what_its_extra_declares(
    repository: Path, project: dict[str, Any], pins: dict[str, Requirement]
) -> None:
    text = (repository / "requirements-spark.lock").read_text(encoding="utf-8")
    added = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))
    assert len(HASH.findall(text)) >= len(added) > 0
    assert not added.keys() & pins.keys()
    wanted = map(Requirement, project["optional-dependencies"]["spark"])
    (spark,) = (requirement for requirement in wanted if requirement.name == "pyspark")
    assert spark.specifier.contains(added["pyspark"])


def test_the_lock_is_whole(pins: dict[str, Requirement]) -> None:
    """What the locked packages need, on this machine, is locked as well."""
    missing = set()
    for name, pin in pins.items():
        if pin.marker and not pin.marker.evaluate():
            continue
        for text in importlib.metadata.requires(name) or ():
            need = Requirement(text)
            applies = need.marker is None or need.marker.evaluate({"extra": ""})
            if applies and canonicalize_name(need.name) not in pins:
                missing.add(f"{name} needs {need.name}")
    assert missing == set()


def test_what_runs_is_what_is_locked(
    repository: Path, pins: dict[str, Requirement], spark_pins: dict[str, Requirement]
) -> None:
    if Path(sys.prefix).resolve() != (repository / ".venv").resolve():
        pytest.skip("not running in this checkout's .venv")
    if importlib.util.find_spec("pyspark"):
        pins = pins | spark_pins
    here = {
        name: importlib.metadata.version(name)
        for name, pin in pins.items()
        if pin.marker is None or pin.marker.evaluate()
    }
    differing = {
        name: found for name, found in here.items() if Version(found) != _version(pins[name])
    }
    assert differing == {}


def _script(repository: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, repository / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_environment_yml_is_made_from_pyproject(repository: Path) -> None:
    made = _script(repository, "make_environment").environment()
    kept = (repository / "environment.yml").read_text(encoding="utf-8")
    assert kept == made, "run `make lock`"


@pytest.mark.parametrize(
    "name", ["jupyterlab", "pandas", "statsmodels", "scikit-learn", "seaborn", "papermill", "nbval"]
)
def test_environment_yml_shows_the_packages_of_the_card(repository: Path, name: str) -> None:
    text = (repository / "environment.yml").read_text(encoding="utf-8")
    assert re.search(rf"^  - {name}>=", text, flags=re.MULTILINE)


def test_the_version_is_the_same_everywhere(repository: Path, project: dict[str, Any]) -> None:
    import supportlab

    assert project["version"] == supportlab.__version__
    changes = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(project['version'])}\b", changes, flags=re.MULTILINE)


def test_libraries_are_accounted_for(repository: Path, project: dict[str, Any]) -> None:
    text = (repository / "docs" / "decisions-libraries.md").read_text(encoding="utf-8")
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(item for extra in extras for item in extra)]
    names = [Requirement(item).name for item in wanted]
    assert [name for name in names if f"`{name}`" not in text] == []
