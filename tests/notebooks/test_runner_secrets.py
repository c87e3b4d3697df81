"""No secret in any artefact of a run, however it gets into a notebook."""

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from supportlab.cli import main
from supportlab.reporting.registry import NOTEBOOKS_VARIABLE
from supportlab.reporting.scanning import known_secrets, leaks, leaks_beside

# Invented here, and found nowhere else in the repository.
PLANTED = 'pl4nted&"secret"<9317>'
PARAMETERS = {"tags": ["parameters"]}


def status(*words) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def notebook(path: Path, *sources: str) -> Path:
    cells = [
        new_markdown_cell("# A notebook"),
        new_code_cell("depth: int = 1", metadata=PARAMETERS),
    ]
    cells += [new_code_cell(source) for source in sources]
    nbformat.write(new_notebook(cells=cells), path)
    return path


SHOWING = {
    "prints": "import os\nprint(os.environ['DESK_PASSWORD'])",
    "shows": "import os\nos.environ['DESK_PASSWORD']",
    "raises": "import os\nraise ValueError(os.environ['DESK_PASSWORD'])",
    "in-url": "import os\n{'url': 'postgresql://me:' + os.environ['DESK_PASSWORD'] + '@host/desk'}",
    "key": "print('AKIA' + 'ABCDEFGHIJKLMNOP')",
}
# Into the worker's own log, which is quoted when it dies.
LAST_WORDS = (
    "import os, signal\nos.write(2, os.environ['DESK_PASSWORD'].encode())\n"
    "os.kill(os.getppid(), signal.SIGKILL)"
)


def test_a_notebook_that_shows_a_secret_is_withheld(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DESK_PASSWORD", PLANTED)
    monkeypatch.setenv(NOTEBOOKS_VARIABLE, str(tmp_path / "own"))
    (tmp_path / "own").mkdir()
    for name, source in SHOWING.items():
        notebook(tmp_path / "own" / f"{name}.ipynb", source)
    # Stock kernels: the worker that it kills is then its parent.
    notebook(tmp_path / "own" / "last-words.ipynb", LAST_WORDS)
    assert status("report", "--out", "out", "--jobs", "2", "--kernels", "stock") == 1
    shown = "".join(capsys.readouterr())
    assert shown.count("SecretFound") == len(SHOWING)
    assert "DeadWorker" in shown
    written = [item for item in (tmp_path / "out").rglob("*") if item.is_file()]
    assert len([item for item in written if item.name == "report.html"]) == len(SHOWING) + 1
    for text in (shown, *(item.read_text() for item in written)):
        assert PLANTED not in text
        assert "9317" not in text
        assert "AKIAABCDEFGHIJKLMNOP" not in text


def test_a_notebook_without_secrets_is_published(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DESK_PASSWORD", PLANTED)
    path = notebook(tmp_path / "clean.ipynb", "print('my password = hunter2, said the customer')")
    assert status("run", path, "--out", "out") == 0
    assert "hunter2" in (tmp_path / "out" / "clean" / "report.html").read_text()


def test_the_value_of_a_known_secret_is_no_parameter(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DESK_PASSWORD", PLANTED)
    path = notebook(tmp_path / "takes.ipynb", "1")
    cells = nbformat.read(path, as_version=4)
    cells.cells[1].source = 'note: str = ""  # words'
    nbformat.write(cells, path)
    assert status("run", path, "-p", f"note=x{PLANTED}", "--out", "out") == 2
    shown = capsys.readouterr().err
    assert "DESK_PASSWORD" in shown
    assert PLANTED not in shown
    assert not (tmp_path / "out").exists()


def test_files_beside_the_studies_are_looked_through_too(tmp_path):
    (tmp_path / "study").mkdir()
    for name in ("run.json", "study/report.html"):
        (tmp_path / name).write_text(PLANTED)
    found = leaks_beside(tmp_path, {tmp_path / "study"}, {PLANTED: "the file of connections"})
    assert found == ["run.json holds the value of the file of connections"]


def test_secrets_are_known_from_variables_and_connections(tmp_path):
    settings = tmp_path / "supportlab"
    settings.mkdir()
    (settings / "connections.toml").write_text(
        '[desk]\nurl = "postgresql://me:from%20the%20file@host/desk"\n'
        '[lake]\nurl = "duckdb://lake?token=of-the-lake"\napi_key = "key-of-the-lake"\n'
    )
    found = known_secrets(
        {
            "XDG_CONFIG_HOME": str(tmp_path),
            "SUPPORTLAB_CONNECTION_MORE": "postgresql://me:in-the-variable@host/desk",
            "SERVICE_TOKEN": "token-of-the-service",
            "HOME_PAGE": "not-a-secret-at-all",
            "PIN_PASSWORD": "short",
            "PWD": "/somebody/works/here",
            "OLDPWD": "/somebody/worked/here",
        }
    )
    assert set(found) == {
        "from%20the%20file",
        "from the file",
        "of-the-lake",
        "key-of-the-lake",
        "in-the-variable",
        "token-of-the-service",
    }


def test_a_find_names_file_and_source_and_not_the_value(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "a.csv").write_text(f"x\n{PLANTED}\n")
    (tmp_path / "notebook.ipynb").write_text(json.dumps({"text": PLANTED}))
    found = leaks(tmp_path, {PLANTED: "the environment variable DESK_PASSWORD"})
    assert found == [
        "notebook.ipynb holds the value of the environment variable DESK_PASSWORD",
        "tables/a.csv holds the value of the environment variable DESK_PASSWORD",
    ]
    assert leaks(tmp_path, {}) == []
