"""Reading a parameters cell and binding values, with nothing executed."""

from pathlib import Path

import nbformat
import pytest

from supportlab.errors import ParameterError
from supportlab.reporting.signature import read_signature

FIXTURES = Path(__file__).parents[1] / "notebooks" / "fixtures"


def notebook(path: Path, source: str) -> Path:
    book = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})
    book.cells = [nbformat.v4.new_markdown_cell("# Title"), cell]
    nbformat.write(book, path)
    return path


CELL = """data: str = "../data/sample"  # folder
as_of: str = ""  # ISO date
window_days: int = 7  # days, 1 to 365
level: float = 0.95  # share, at least 0.5
most: int | None = None  # at most 10
by_team: bool = False
measures: list[str] = ["csat"]  # one of csat, nps, ces
first_day: str = ""  # ISO date, when the change began
"""


@pytest.fixture
def signature(tmp_path):
    return read_signature(notebook(tmp_path / "n.ipynb", CELL))


def test_names_types_defaults_and_comments_are_read(signature):
    assert list(signature.specs) == [
        "data", "as_of", "window_days", "level", "most", "by_team", "measures", "first_day",
    ]  # fmt: skip
    spec = signature.specs["window_days"]
    assert (spec.kind.annotation, spec.default, spec.low, spec.high) == ("int", 7, 1, 365)
    assert signature.specs["level"].low == 0.5
    assert signature.specs["level"].high is None
    assert signature.specs["measures"].choices == ("csat", "nps", "ces")
    assert signature.specs["first_day"].is_date


def test_values_are_typed_from_the_annotation(signature):
    bound = signature.bind(
        {
            "data": "7",
            "window_days": "14",
            "level": "0.9",
            "most": "none",
            "by_team": "yes",
            "measures": "csat,nps",
            "first_day": "2026-02-01",
        }
    )
    assert bound == {
        "data": "7",
        "window_days": 14,
        "level": 0.9,
        "most": None,
        "by_team": True,
        "measures": ["csat", "nps"],
        "first_day": "2026-02-01",
    }


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("window_days", "seven", "whole number"),
        ("window_days", "7.0", "whole number"),
        ("window_days", "0", "1 to 365"),
        ("window_days", "366", "1 to 365"),
        ("level", "0.4", "at least 0.5"),
        ("level", "nan", "finite"),
        ("most", "11", "at most 10"),
        ("by_team", "perhaps", "true or false"),
        ("measures", "csat,npz", "Did you mean 'nps'"),
        ("as_of", "yesterday", "ISO date"),
        ("first_day", "2026-02-30", "real date"),
        ("widnow_days", "7", "Did you mean 'window_days'"),
        ("password", "x", "refused"),
        ("data", "postgresql://me:hunter2@host/desk", "refused"),
    ],
)
def test_bad_values_are_refused_with_what_is_allowed(signature, name, text, fault):
    with pytest.raises(ParameterError, match=fault) as caught:
        signature.bind({name: text})
    assert "hunter2" not in str(caught.value)


def test_bounds_are_included(signature):
    assert signature.bind({"window_days": "1"}) == {"window_days": 1}
    assert signature.bind({"window_days": "365"}) == {"window_days": 365}


def test_all_bad_values_come_at_once(signature):
    with pytest.raises(ParameterError) as caught:
        signature.bind({"window_days": "0", "tpo": "1", "level": "x"})
    assert all(word in str(caught.value) for word in ("window_days", "tpo", "level"))


def test_a_cell_that_is_no_interface_is_refused_with_every_line():
    with pytest.raises(ParameterError) as caught:
        read_signature(FIXTURES / "unreadable-parameters.ipynb")
    message = str(caught.value)
    for part in ("line 2", "not a literal", "'complex'", "its own default", "api_key: refused"):
        assert part in message


def test_a_notebook_without_the_cell_takes_no_parameter(tmp_path):
    path = tmp_path / "n.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    signature = read_signature(path)
    with pytest.raises(ParameterError, match="no such parameter"):
        signature.bind({"data": "x"})


@pytest.mark.parametrize("content", ["", "{}", "not json", '{"cells": 3}'])
def test_a_file_that_is_no_notebook_is_said_so(tmp_path, content):
    path = tmp_path / "n.ipynb"
    path.write_text(content)
    with pytest.raises(ParameterError, match=r"n\.ipynb"):
        read_signature(path).bind({"data": "x"})
