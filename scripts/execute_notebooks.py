"""
Re-execute the committed notebooks in place, each from a clean kernel.

Outputs are cleaned so that a second execution gives the same file. Without arguments all
notebooks are executed; a notebook that fails is left as it was.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from supportlab.reporting.clean import clean_notebook, known_folders, prepare_notebook

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
# A notebook on the sample takes well under a minute; ten minutes allow for a busy machine.
TIMEOUT_SECONDS = 600
# Floating-point sums and the order of sets must not depend on the machine of the moment.
FIXED = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "SUPPORTLAB_EXPORT_DIR": ""}


def main(arguments: list[str] | None = None) -> int:
    """Execute the named notebooks, or all, and return 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="all when none is named")
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    options = parser.parse_args(arguments)
    os.environ.update(FIXED)
    failed = False
    for path in options.notebooks or sorted(NOTEBOOKS.glob("*.ipynb")):
        failed |= not refresh(path, check=options.check)
    return int(failed)


def refresh(path: Path, *, check: bool) -> bool:
    """Execute one notebook and put it in place, or compare it with what is there."""
    print(f"{path.name} ...", end=" ", flush=True)
    before = path.read_text(encoding="utf-8")
    try:
        after = executed(path)
    except CellExecutionError as error:
        print(f"failed: {error.ename}: {error.evalue}")
        return False
    if check:
        print("the same" if after == before else "differs")
        return after == before
    replace(path, after)
    print("unchanged" if after == before else "written")
    return True


def executed(path: Path) -> str:
    """Return the text of a notebook after a clean execution."""
    notebook = nbformat.read(path, as_version=4)
    prepare_notebook(notebook)
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
    )
    client.execute()
    clean_notebook(notebook, known_folders({}))
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n"


def replace(path: Path, text: str) -> None:
    """Write beside the notebook and swap, so that no half notebook is ever there."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, suffix=".part", delete=False
    ) as part:
        part.write(text)
    Path(part.name).chmod(0o644)
    Path(part.name).replace(path)


if __name__ == "__main__":
    sys.exit(main())
