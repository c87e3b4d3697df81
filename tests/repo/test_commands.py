"""The commands that the documents name exist and take the options that they show."""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
import textwrap
import tomllib
from pathlib import Path

import click
import pytest
import yaml

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "reports/README.md", "data/sample/README.md")
SET_UP_BY_ITSELF = {"env", "help", "clean", "distclean"}
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```", flags=re.DOTALL | re.MULTILINE)
SHELLS = {"", "sh", "bash", "console", "shell"}


@pytest.fixture(scope="module")
def makefile(repository: Path) -> str:
    return (repository / "Makefile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def targets(makefile: str) -> dict[str, str]:
    """Target -> what it depends on."""
    return dict(re.findall(r"^([a-z]+):([^=\n]*?)(?:##.*)?$", makefile, flags=re.MULTILINE))


def _documents(repository: Path) -> list[Path]:
    return [repository / name for name in DOCUMENTS] + sorted((repository / "docs").glob("*.md"))


def _command_lines(path: Path, program: str) -> list[list[str]]:
    """Arguments of each call of a program in the shell blocks of a document."""
    found = []
    for language, block in BLOCK.findall(path.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines() if language in SHELLS else ():
            command = line.strip().removeprefix("$ ").partition(" #")[0]
            if Path(command.partition(" ")[0]).name == program:
                found.append(shlex.split(command)[1:])
    return found


def test_documented_targets_exist(repository: Path, targets: dict[str, str]) -> None:
    unknown = set()
    for path in _documents(repository):
        named = re.findall(r"`make ([a-z]+)", path.read_text(encoding="utf-8"))
        named += [
            word
            for words in _command_lines(path, "make")
            for word in words
            if re.fullmatch(r"[a-z]+", word)
        ]
        unknown |= {f"{path.name}: make {name}" for name in named if name not in targets}
    assert unknown == set()


def test_the_two_commands_are_in_the_readme(repository: Path) -> None:
    lines = _command_lines(repository / "README.md", "make")
    assert ["report"] in lines
    assert ["test"] in lines


def test_targets_set_themselves_up(targets: dict[str, str]) -> None:
    bare = [name for name, needs in targets.items() if "env" not in needs.split()]
    assert set(bare) == SET_UP_BY_ITSELF


def test_help_lists_every_target(repository: Path, targets: dict[str, str]) -> None:
    said = subprocess.run(
        ["make", "-C", str(repository)], capture_output=True, text=True, check=True
    ).stdout
    assert [name for name in targets if not re.search(rf"^  {name} ", said, re.MULTILINE)] == []


def test_ci_runs_the_command_of_the_readme(repository: Path) -> None:
    script = (repository / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r"^\s*make test\b", script, flags=re.MULTILINE)


def test_documented_command_lines_are_accepted(repository: Path) -> None:
    from supportlab.cli import COMMANDS

    faults = []
    for path in _documents(repository):
        for words in _command_lines(path, "supportlab"):
            if not words or words[0].startswith("-"):
                continue
            if words[0] not in COMMANDS:
                faults.append(f"{path.name}: supportlab {words[0]}")
                continue
            module, name = COMMANDS[words[0]].split(":")
            command: click.Command = getattr(importlib.import_module(module), name)
            known = {"--help", "-h", *(option for p in command.params for option in p.opts)}
            # A synopsis: brackets hold what may be left out, or a remark with a comma in it.
            plain = re.sub(r"\[[^\]]*, [^\]]*\]", "", " ".join(words[1:]))
            shown = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", plain))
            faults += [f"{path.name}: {words[0]} {item}" for item in sorted(shown - known)]
    assert faults == []


def test_the_code_in_the_readme_runs(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (repository / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    monkeypatch.chdir(repository)
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert "desk" in names


def test_the_settings_in_the_readme_are_valid(repository: Path) -> None:
    from supportlab.desk import DeskConfig

    text = (repository / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    assert DeskConfig.model_validate(tomllib.loads(textwrap.dedent(block))).name


def test_pre_commit_fetches_nothing(repository: Path) -> None:
    text = (repository / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    repos = yaml.safe_load(text)["repos"]
    assert {repo["repo"] for repo in repos} == {"local"}
    hooks = [hook for repo in repos for hook in repo["hooks"]]
    assert {hook["language"] for hook in hooks} == {"system"}
    tools = " ".join(hook["entry"] for hook in hooks)
    for tool in ("ruff check", "ruff format", "mypy", "check_docstrings", "tests/repo"):
        assert tool in tools
