"""The scripts behind the commands: they help, and they find what they are there to find."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

STUDY = "data-readiness"


def _script(repository: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, repository / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _set_up(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(folder / "scripts" / "environment.sh")],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def bare(repository: Path, tmp_path: Path) -> Path:
    """A checkout without an environment, and a PATH where the only Python is too old."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(repository / "scripts" / "environment.sh", tmp_path / "scripts")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "dirname"):
        (tools / name).symlink_to(str(shutil.which(name)))
    old = tools / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2"\nexit 1\n')
    old.chmod(0o755)
    return tmp_path


def test_an_old_python_is_named_with_the_cure(bare: Path) -> None:
    said = _set_up(bare, PATH=str(bare / "tools"))
    assert said.returncode == 1
    assert "3.11 or newer; found: Python 3.9.2" in said.stderr
    assert "apt-get install" in said.stderr
    assert "make PYTHON=" in said.stderr


def test_a_chosen_python_that_is_too_old_is_refused_by_name(bare: Path) -> None:
    chosen = str(bare / "tools" / "python3")
    said = _set_up(bare, PATH=str(bare / "tools"), PYTHON=chosen)
    assert said.returncode == 1
    assert chosen in said.stderr


def test_set_up_is_skipped_when_nothing_changed(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = _script(repository, "setup_environment")
    done = []
    monkeypatch.setattr(script, "VENV", tmp_path)
    monkeypatch.setattr(script, "PYTHON", tmp_path / "python")
    monkeypatch.setattr(script, "STAMP", tmp_path / "stamp.json")
    monkeypatch.setattr(script, "GUARD", tmp_path / "guard" / "lock")
    monkeypatch.setattr(script, "LOCK", tmp_path / "requirements.lock")
    monkeypatch.setattr(script, "_create", lambda: (tmp_path / "python").touch())
    monkeypatch.setattr(script, "_install", lambda _: done.append(1))
    (tmp_path / "requirements.lock").write_text("# first\none==1 --hash=sha256:0\n")
    script.main()
    script.main()
    assert len(done) == 1
    (tmp_path / "requirements.lock").write_text(
        "# a remark changes nothing\none==1 --hash=sha256:0\n"
    )
    script.main()
    assert len(done) == 1
    (tmp_path / "requirements.lock").write_text("one==2 --hash=sha256:1\n")
    script.main()
    assert len(done) == 2
    (tmp_path / "python").unlink()
    script.main()
    assert len(done) == 3


def test_an_interrupted_set_up_is_taken_up_again(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = _script(repository, "setup_environment")
    for name, place in {"VENV": "", "PYTHON": "python", "STAMP": "stamp", "GUARD": "g/l"}.items():
        monkeypatch.setattr(script, name, tmp_path / place)
    monkeypatch.setattr(script, "_create", lambda: (tmp_path / "python").touch())

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(script, "_install", interrupted)
    with pytest.raises(KeyboardInterrupt):
        script.main()
    assert not (tmp_path / "stamp").exists()
    done = []
    monkeypatch.setattr(script, "_install", lambda _: done.append(1))
    script.main()
    assert done == [1]


def test_an_extra_is_installed_where_it_is_asked_for_and_then_stays(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = _script(repository, "setup_environment")
    for name, place in {"VENV": "", "PYTHON": "python", "STAMP": "stamp", "GUARD": "g/l"}.items():
        monkeypatch.setattr(script, name, tmp_path / place)
    extra = tmp_path / "requirements-spark.lock"
    extra.write_text("pyspark==4 --hash=sha256:0\n")
    monkeypatch.setattr(script, "EXTRA_LOCKS", {"spark": extra})
    monkeypatch.setattr(script, "_create", lambda: (tmp_path / "python").touch())
    done: list[list[str]] = []
    monkeypatch.setattr(script, "_install", lambda locks: done.append([p.name for p in locks]))
    monkeypatch.delenv("EXTRAS", raising=False)
    script.main()
    assert done == [["requirements.lock"]]
    monkeypatch.setenv("EXTRAS", "spark")
    script.main()
    assert done[1:] == [["requirements.lock", "requirements-spark.lock"]]
    monkeypatch.delenv("EXTRAS")
    script.main()
    assert len(done) == 2
    extra.write_text("pyspark==5 --hash=sha256:1\n")
    script.main()
    assert done[2:] == [["requirements.lock", "requirements-spark.lock"]]
    monkeypatch.setenv("EXTRAS", "sparkle")
    with pytest.raises(SystemExit, match=r"EXTRAS names sparkle; known: spark\."):
        script.main()


def _finding(checker: ModuleType, **changes: Any) -> dict[str, Any]:
    finding = dict.fromkeys(checker.FINDING_KEYS)
    finding |= {"id": "support.fcr", "study": STUDY, "status": "estimated", "unit": "proportion"}
    return finding | {"estimate": 0.5, "ci_low": 0.4, "ci_high": 0.6} | changes


@pytest.fixture
def checker(repository: Path) -> ModuleType:
    return _script(repository, "check_run")


@pytest.fixture
def published(tmp_path: Path, checker: ModuleType) -> Path:
    """The smallest run that keeps the contract."""
    place = tmp_path / STUDY
    for name in ("tables", "figures"):
        (place / name).mkdir(parents=True)
    manifest = dict.fromkeys(checker.MANIFEST_KEYS, "x")
    manifest |= {"studies": [{"name": STUDY, "error": None}]}
    (tmp_path / "run.json").write_text(json.dumps(manifest))
    for folder in (tmp_path, place):
        (folder / "findings.json").write_text(json.dumps([_finding(checker)]))
    (tmp_path / "findings.csv").write_text("id\nsupport.fcr\n")
    (place / "notebook.ipynb").write_text("{}")
    (place / "report.html").write_text('<img src="data:," alt="a line"><a href="../index.html">')
    (tmp_path / "index.html").write_text(f'<a href="{STUDY}/report.html">')
    return tmp_path


def test_a_whole_run_passes(checker: ModuleType, published: Path) -> None:
    assert checker.main(str(published)) == 0


def _rewrite(name: str, text: str) -> Callable[[Path], None]:
    def rewrite(run: Path) -> None:
        (run / name).write_text(text)

    return rewrite


@pytest.mark.parametrize(
    ("breaking", "said"),
    [
        (lambda run: (run / STUDY / "figures").rmdir(), "figures is missing"),
        (_rewrite("findings.csv", "id\n"), "findings.csv has 0 rows"),
        (_rewrite("index.html", '<a href="nowhere.html">'), "dead link nowhere.html"),
        (_rewrite("index.html", '<img src="data:,">'), "pictures without words"),
        (_rewrite("index.html", "<script>1</script>"), "scripts"),
        (_rewrite("index.html", '<link href="//example.com/a.css">'), "loads //example.com"),
        (_rewrite("findings.json", "[]"), "findings.json is empty"),
    ],
)
def test_a_broken_run_is_found(
    checker: ModuleType,
    published: Path,
    capsys: pytest.CaptureFixture[str],
    breaking: Callable[[Path], None],
    said: str,
) -> None:
    breaking(published)
    assert checker.main(str(published)) == 1
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"estimate": None}, "estimate None"),
        ({"estimate": 0.7}, "does not hold"),
        ({"estimate": 7.0, "ci_high": 8.0}, "a proportion of 7.0"),
        ({"status": "not_estimable", "reason": "few"}, "yet with a number"),
        (
            {"status": "not_estimable", "estimate": None, "ci_low": None, "ci_high": None},
            "without a reason",
        ),
    ],
)
def test_a_finding_that_contradicts_itself_is_found(
    checker: ModuleType,
    published: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any],
    said: str,
) -> None:
    text = json.dumps([_finding(checker, **changes)])
    (published / "findings.json").write_text(text)
    assert checker.main(str(published)) == 1
    assert said in capsys.readouterr().out


def test_docstrings_are_held_against_their_signature(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "documented_badly.py").write_text(
        'def share(hits, n):\n    """\n    Return a share.\n\n    Parameters\n    ----------\n'
        '    hits : int\n        How many.\n    """\n    return hits / n\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    faults = _script(repository, "check_docstrings")._faults
    (fault,) = faults("documented_badly.share", frozenset({"PR01"}))
    assert "'n'" in fault
