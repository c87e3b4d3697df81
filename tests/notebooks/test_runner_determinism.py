"""Cells that do not come out the same are found, with the cause and a cure."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from supportlab.cli import main
from supportlab.reporting.determinism import CAUSES, compare_notebooks

AWKWARD = {
    "object address": "object()",
    "clock": "import datetime\ndatetime.datetime.now().isoformat(sep=' ')[:26]",
    "random identifier": "import uuid\nprint(uuid.uuid4())",
    "temporary path": "import tempfile\nprint(tempfile.mkdtemp())",
    "order of a set": "print({f'theme {letter}' for letter in 'abcdefghij'})",
    "random numbers": "import random\nprint(random.randint(1000, 9999), random.random())",
    "measured time": "import time\nprint(f'took {time.perf_counter() % 100:.6f} s')",
}
STABLE = ("1 + 1", "print('as of 2026-07-01')", "sorted({'a', 'b', 'c'})")


def status(*words) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def written(path: Path, sources) -> Path:
    cells = [new_markdown_cell("# A notebook")]
    cells.append(new_code_cell("depth: int = 1", metadata={"tags": ["parameters"]}))
    cells += [new_code_cell(source) for source in sources]
    nbformat.write(new_notebook(cells=cells), path)
    return path


def test_every_awkward_cell_is_found_with_its_cause(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path / "awkward.ipynb", [*AWKWARD.values(), *STABLE])
    assert status("determinism", path) == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if "Cure:" in line]
    assert lines == [
        f"awkward, cell {at}: {cause}. Cure: {CAUSES[cause]}"
        # Before them stand the title, the parameters, and the parameters that were injected.
        for at, cause in enumerate(AWKWARD, start=int(lines[0].split("cell ")[1].split(":")[0]))
    ]
    assert len(lines) == len(AWKWARD)


def test_a_stable_notebook_is_said_to_be_stable(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert status("determinism", written(tmp_path / "stable.ipynb", STABLE)) == 0
    assert "every cell came out the same" in capsys.readouterr().out


def test_a_notebook_that_fails_cannot_be_compared(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert status("determinism", written(tmp_path / "fails.ipynb", ["1 / 0"])) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("one", "other", "cause"),
    [
        ("0.30000000000000004", "0.3", "last digits of a float"),
        ("0.31", "0.3", "random numbers"),
        (
            "Date: Tue, 24 Nov 2026\nTime: 10:00:01",
            "Date: Tue, 24 Nov 2026\nTime: 10:00:02",
            "clock",
        ),
        ("a word", "another word", "not recognised"),
    ],
)
def test_a_difference_has_its_cause(one, other, cause):
    pair = []
    for text in (one, other):
        cell = new_code_cell("x", outputs=[new_output("stream", name="stdout", text=text)])
        pair.append(new_notebook(cells=[cell]))
    (found,) = compare_notebooks(*pair)
    assert (found.cell, found.cause) == (1, cause)
    assert found.cure == CAUSES[cause]
