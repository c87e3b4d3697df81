"""The committed notebooks: a fixed shape, executed from the top, nothing of a machine in them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
FEWEST_CELLS, MOST_CELLS = 15, 25
MOST_CODE_LINES, MOST_CELL_LINES = 60, 12
# Committed outputs are read in a diff and cloned by everybody.
MOST_BYTES = 2_000_000
LITERALS = {"str": str, "int": int, "float": float, "bool": bool}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def _code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _tagged(notebook, tag):
    return [cell for cell in _code(notebook) if tag in cell.metadata.get("tags", [])]


def _lines(cell):
    return [line for line in cell.source.splitlines() if line.strip()]


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


def test_there_are_notebooks():
    assert {path.stem for path in NOTEBOOKS} >= {"00-data-readiness", "01-feedback-trends"}


@each_notebook
def test_it_is_short_enough_to_be_read(notebook):
    assert FEWEST_CELLS <= len(notebook.cells) <= MOST_CELLS
    assert sum(len(_lines(cell)) for cell in _code(notebook)) < MOST_CODE_LINES
    assert max(len(_lines(cell)) for cell in _code(notebook)) <= MOST_CELL_LINES


@each_notebook
def test_it_calls_and_does_not_program(notebook):
    banned = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda)
    for cell in _code(notebook):
        found = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, banned)]
        assert not found, cell.source


@each_notebook
def test_it_was_executed_once_from_the_top(notebook):
    counts = [cell.execution_count for cell in _code(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    kinds = {output.output_type for cell in _code(notebook) for output in cell.outputs}
    assert "error" not in kinds
    assert "stream" not in kinds


@each_notebook
def test_the_parameters_are_annotated_literals_with_comments(notebook):
    (cell,) = _tagged(notebook, "parameters")
    lines = _lines(cell)
    for node, line in zip(ast.parse(cell.source).body, lines, strict=True):
        assert isinstance(node, ast.AnnAssign), line
        assert isinstance(node.value, ast.Constant), line
        assert isinstance(node.value.value, LITERALS[node.annotation.id]), line
        assert len(line.partition("  # ")[2]) > 10, line
    names = [node.target.id for node in ast.parse(cell.source).body]
    assert names[:5] == ["data", "as_of", "start", "end", "market"]
    assert notebook.cells.index(cell) == 1


@each_notebook
def test_it_has_headline_cells_that_show_something(notebook):
    headlines = _tagged(notebook, "headline")
    assert headlines
    assert all(cell.outputs for cell in headlines)


@each_notebook
def test_the_next_cell_validates_and_the_last_exports(notebook):
    code = _code(notebook)
    assert "sl.parameters(" in code[1].source
    assert code[-1].source.strip() == "report.export()"


@each_notebook
def test_it_says_what_it_does_not_show(notebook):
    headings = [
        line
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("#")
    ]
    assert headings[0].startswith("# ")
    for words in ("naive", "honest", "check", "does not show"):
        assert any(words in line.lower() for line in headings), words


@each_notebook
def test_prose_states_no_result(notebook):
    """A number in the text would stand there with other data too: figures come from cells."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"\d", cell.source), cell.source


@each_notebook
def test_figures_have_words_and_are_small(notebook, path):
    for cell in _code(notebook):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                assert len(output.metadata["image/png"]["alt"]) > 40
    assert path.stat().st_size < MOST_BYTES


@each_notebook
def test_nothing_of_a_machine_is_in_it(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"(/home/|/root/|/Users/|/tmp/|[A-Z]:\\\\)", text)
    assert "papermill" not in text
