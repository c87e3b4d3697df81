"""The example of a reports file in the documents is one that runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

from supportlab.reporting.reports_file import read_reports

ROOT = Path(__file__).parents[2]


def _parameters() -> set[str]:
    names: set[str] = set()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if "parameters" in cell["metadata"].get("tags", []):
                names |= set(re.findall(r"^(\w+):", "".join(cell["source"]), re.MULTILINE))
    return names


def test_the_example_names_parameters_that_notebooks_have(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "unattended.md").read_text(encoding="utf-8")
    example = re.search(r"```toml\n(\[\[report\]\].*?)```", page, re.DOTALL)
    assert example is not None
    path = tmp_path / "reports.toml"
    path.write_text(example[1], encoding="utf-8")
    reports = read_reports(path)
    used = {name for one in reports for part in (one.parameters, *one.slices) for name in part}
    assert {"market", "start", "end"} <= used <= _parameters()
