"""Write ``environment.yml`` for conda from ``pyproject.toml``.

pyproject.toml is the one place where a dependency is declared; a test fails when the two differ.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
# PyPI name (with extras) -> name on conda-forge, where they differ. matplotlib-base is matplotlib
# without a desktop toolkit, which notebooks do not need.
CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "ibis-framework[duckdb]": "ibis-duckdb",
    "matplotlib": "matplotlib-base",
    "tzdata": "python-tzdata",
}
HEADER = """\
# Made by `make lock` from pyproject.toml; do not edit.
#   conda env create -f environment.yml && conda activate supportlab
name: supportlab
channels:
  - conda-forge
  - nodefaults
dependencies:
"""
# What the package needs is above it, so pip only adds the package. (A pip section takes no
# options beside the name: "--no-deps --editable ." would be refused.)
FOOTER = """\
  # this package itself
  - pip
  - pip:
      - --editable .
"""


def main() -> int:
    (ROOT / "environment.yml").write_text(environment(), encoding="utf-8")
    print("environment.yml written.")
    return 0


def environment() -> str:
    """Return the text that ``environment.yml`` has to have."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [f"  - python{project['requires-python']}"]
    lines += ["  # what the notebooks and the engine need"]
    lines += sorted(_line(text) for text in project["dependencies"])
    lines += ["  # what tests and checks need"]
    lines += sorted(_line(text) for text in project["optional-dependencies"]["dev"])
    return HEADER + "\n".join(lines) + "\n" + FOOTER


def _line(text: str) -> str:
    wanted = Requirement(text)
    extras = f"[{','.join(sorted(wanted.extras))}]" if wanted.extras else ""
    name = CONDA_NAMES.get(f"{wanted.name}{extras}", wanted.name)
    return f"  - {name}{wanted.specifier}"


if __name__ == "__main__":
    sys.exit(main())
