"""What is written about the metrics is what they do."""

from __future__ import annotations

import importlib.util
import io
import re
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from supportlab import metrics
from supportlab.desk import Desk, open_desk
from supportlab.records import Definition

NAMES = [definition.name for definition in metrics.DEFINITIONS]


@pytest.fixture(scope="module")
def script(repository: Path) -> ModuleType:
    path = repository / "scripts" / "make_metrics_doc.py"
    spec = importlib.util.spec_from_file_location("make_metrics_doc", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_is_made_from_the_code(repository: Path, script: ModuleType) -> None:
    written = (repository / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert written == script.page(), "run scripts/make_metrics_doc.py"


@pytest.mark.parametrize("definition", metrics.DEFINITIONS, ids=NAMES)
def test_definition_says_what_a_figure_needs(definition: Definition) -> None:
    assert callable(getattr(metrics, definition.name))
    assert definition.statement.endswith(".")
    assert definition.anchor
    assert definition.cohort
    assert definition.exclusions
    assert definition.n is None


def test_every_name_is_defined_once() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert set(NAMES) <= set(metrics.__all__)


def example(repository: Path, name: str) -> pd.DataFrame:
    """Read a worked example from the page of decisions."""
    text = (repository / "docs" / "decisions.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- example: {name} -->\n((?:\|.*\n)+)", text)
    assert found is not None
    lines = [line.strip("|").strip() for line in found[1].splitlines()]
    rows = "\n".join("|".join(cell.strip() for cell in line.split("|")) for line in lines)
    table = pd.read_csv(io.StringIO(rows), sep="|", dtype=str, keep_default_na=False)
    return table.iloc[1:].reset_index(drop=True)


def opened(folder: Path, name: str, rows: pd.DataFrame) -> Desk:
    rows = rows.drop(columns=["verdict", "seconds"], errors="ignore")
    rows.to_csv(folder / f"{name}.csv", index=False)
    if name != "tickets":
        (folder / "tickets.csv").write_text(
            "ticket_id,channel,status,created_at\n"
            + "".join(f"T{n},email,open,2026-01-01 00:00\n" for n in range(1, 7))
        )
    return open_desk(folder, as_of="2026-03-01", config={"timezone": "UTC"}, strict=False)


@pytest.mark.parametrize("name", ["fcr", "resolution_time"])
def test_worked_example_of_tickets(name: str, repository: Path, tmp_path: Path) -> None:
    rows = example(repository, name).assign(channel="email")
    cases = getattr(metrics, name)(opened(tmp_path, "tickets", rows)).cases.execute()
    found = cases.set_index("unit").loc[rows["ticket_id"]]
    assert found["outcome"].to_list() == rows["verdict"].to_list()
    if "seconds" in rows:
        known = rows["seconds"] != ""
        assert known.sum() == 4
        seconds = found["duration_seconds"].to_numpy()[known]
        assert seconds.tolist() == rows.loc[known, "seconds"].astype(int).to_list()


def test_fcr_of_the_worked_example(repository: Path, tmp_path: Path) -> None:
    desk = opened(tmp_path, "tickets", example(repository, "fcr").assign(channel="email"))
    row = metrics.fcr(desk, cluster=None).fetch().iloc[0]
    text = (repository / "docs" / "decisions.md").read_text(encoding="utf-8")
    assert f"FCR is {row['n_success']} of {row['n']}." in text


def test_worked_example_of_csat(repository: Path, tmp_path: Path) -> None:
    rows = example(repository, "csat").assign(kind="csat")
    cases = metrics.csat(opened(tmp_path, "surveys", rows)).cases.execute()
    found = cases.set_index("unit").loc[rows["survey_id"], "outcome"]
    assert found.to_list() == rows["verdict"].to_list()
