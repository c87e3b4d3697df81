"""The page about data says what the contract says."""

from __future__ import annotations

from pathlib import Path

from supportlab.desk import CONTRACT
from supportlab.desk.documentation import contract_markdown, with_generated_parts
from supportlab.desk.needs import NEEDS
from supportlab.reporting.registry import study_of
from supportlab.vocabulary import STUDIES

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PAGE = Path(__file__).parents[2] / "docs" / "data.md"


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_generated_parts(page) == page


def test_every_table_and_column_is_on_the_page() -> None:
    text = contract_markdown()
    for spec in CONTRACT.values():
        assert f"### {spec.name}\n" in text
        assert all(f"| `{name}` |" in text for name in spec.names)


def test_only_studies_that_have_a_notebook_are_offered() -> None:
    notebooks = [study_of(path) for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
    assert [needs.study for needs in NEEDS] == notebooks


def test_every_study_states_needs_that_the_contract_knows() -> None:
    assert {needs.study for needs in NEEDS} <= set(STUDIES)
    for needs in NEEDS:
        for need in (*needs.better_with, *(item for group in needs.any_of for item in group)):
            assert set(need.columns) <= set(CONTRACT[need.table].names)
