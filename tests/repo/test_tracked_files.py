"""What is under version control: no leftovers, no traces of one machine, nothing too large."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CARD = (
    "notebooks",
    "src/supportlab",
    "data/sample",
    "reports/README.md",
    "tests",
    "environment.yml",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "pyproject.toml",
    "requirements.lock",
    ".pre-commit-config.yaml",
    ".ci/run",
)
PROSE = {
    ".md",
    ".toml",
    ".yml",
    ".yaml",
    ".cfg",
    ".ipynb",
    ".py",
    ".sh",
    ".json",
    ".jinja",
    ".html",
}
SAMPLE_BYTES = 8_000_000
FILE_BYTES = 3_000_000
REPOSITORY_BYTES = 25_000_000
# Written so that they do not find themselves.
UNFINISHED = re.compile(r"\bTO(?:)DO\b|\bFIX(?:)ME\b|#\s*X(?:)XX\b|\bNotImplemented(?:)Error\b")
MACHINE_PATH = re.compile(
    rb"(?<![\w.~<:/-])/(?:work|root|tmp|opt/(?:pypi|wheels)|Users/\w+"
    rb"|home/(?!(?:me|you|user)\b)[a-z]\w*)/[\w.-]"
)
REGISTRY_HOST = re.compile(
    rb"pypi(?:)\.org|pythonhosted(?:)\.org|registry\.npmjs(?:)\.org|deb\.debian(?:)\.org"
    rb"|conda\.anaconda(?:)\.org|proxy\.golang(?:)\.org|index\.crates(?:)\.io"
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("name", CARD)
def test_the_layout_is_there(repository: Path, name: str) -> None:
    assert (repository / name).exists()


def test_nothing_is_left_unfinished(texts: dict[Path, str], repository: Path) -> None:
    found = [
        f"{path.relative_to(repository)}: {match.group()}"
        for path, text in texts.items()
        if path.suffix in PROSE
        for match in UNFINISHED.finditer(text)
    ]
    assert found == []


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY_HOST], ids=["path", "registry"])
def test_no_trace_of_a_machine(
    files: list[Path], repository: Path, pattern: re.Pattern[bytes]
) -> None:
    found = [
        f"{path.relative_to(repository)}: {match.group()!r}"
        for path in files
        for match in pattern.finditer(path.read_bytes())
    ]
    assert found == []


def test_the_patterns_find_what_they_are_for() -> None:
    assert MACHINE_PATH.search(b'open("' + b"/" + b'root/data.csv")')
    assert REGISTRY_HOST.search(b"https://" + b"pypi" + b".org/simple")
    assert UNFINISHED.search("# TO" + "DO: later")
    assert not MACHINE_PATH.search(b"notebooks/work/tmp.txt, https://example.com/tmp/a")


def test_files_stay_small(files: list[Path], repository: Path) -> None:
    sizes = {str(path.relative_to(repository)): path.stat().st_size for path in files}
    assert {name: size for name, size in sizes.items() if size > FILE_BYTES} == {}
    assert sum(sizes.values()) <= REPOSITORY_BYTES
    sample = sum(size for name, size in sizes.items() if name.startswith("data/sample/"))
    assert 0 < sample <= SAMPLE_BYTES


def test_generated_reports_are_not_committed(files: list[Path], repository: Path) -> None:
    reports = [path.name for path in files if path.is_relative_to(repository / "reports")]
    assert reports == ["README.md"]


def test_relative_links_lead_somewhere(texts: dict[Path, str], repository: Path) -> None:
    dead = []
    for path, text in texts.items():
        if path.suffix != ".md":
            continue
        for target in LINK.findall(_without_code(text)):
            place, _, anchor = target.partition("#")
            if "://" in target or target.startswith("mailto:"):
                continue
            there = path.parent / place if place else path
            if not there.exists() or (anchor and anchor not in _anchors(there)):
                dead.append(f"{path.relative_to(repository)}: {target}")
    assert dead == []


def _without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def _anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def test_short_documents_stay_short(repository: Path) -> None:
    architecture = (repository / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert len(architecture.splitlines()) <= 100
    contributing = (repository / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert len(contributing.splitlines()) <= 60, "more than a page"


def test_architecture_names_every_floor(repository: Path) -> None:
    text = (repository / "ARCHITECTURE.md").read_text(encoding="utf-8")
    source = repository / "src" / "supportlab"
    houses = [path.stem for path in source.iterdir() if path.suffix == ".py" or path.is_dir()]
    missing = [name for name in houses if not name.startswith("_") and name not in text]
    assert missing == []
