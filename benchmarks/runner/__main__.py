"""
Run six notebooks for eight markets in every way, and write the ratios into docs/benchmarks.md.

``python -m benchmarks.runner --repeat 3 [--ploomber PYTHON]``. Needs both cores for some 15 minutes
a repetition. ploomber-engine slows every start of papermill in its environment, so it lives in one
of its own, which ``python -m benchmarks.runner.ploomber FOLDER`` builds; without it its line says
that it was not measured.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
from importlib.metadata import version
from pathlib import Path

import nbformat

from benchmarks.runner.notebooks import MARKETS, STUDIES, write_desk, write_notebooks
from benchmarks.runner.ways import WAYS, Desk
from supportlab.reporting.clean import clean_notebook

__all__ = ["main"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- runner: begin -->", "<!-- runner: end -->"
BASE, STOCK = "cli", "stock"
OURS = ("stock", "cold", "warm")
OF_THE_MOMENT = "run.json"
PACKAGES = ("papermill", "nbclient", "ipykernel", "pandas", "scikit-learn", "statsmodels")


def main(argv: list[str] | None = None) -> int:
    """Measure, compare the bytes, print, and write the table when nothing was left out."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--markets", type=int, default=len(MARKETS))
    parser.add_argument("--ploomber", type=Path, help="python of its environment")
    options = parser.parse_args(argv)
    seconds: dict[str, list[float]] = {way.out: [] for way in WAYS}
    same: list[str] = []
    for number in range(options.repeat):
        with tempfile.TemporaryDirectory(prefix="supportlab-bench-") as folder:
            desk = Desk(Path(folder), MARKETS[: options.markets], options.ploomber)
            write_desk(desk.home / "desk", desk.markets)
            write_notebooks(desk.home / "notebooks")
            for way in WAYS:
                if number and not way.is_repeated:
                    continue
                if way.out == "ploomber" and options.ploomber is None:
                    continue
                load = os.getloadavg()[0]
                seconds[way.out].append(way.do(desk, way.out))
                print(
                    f"{number + 1} {way.out}: {seconds[way.out][-1]:.1f} s, load {load:.1f}",
                    flush=True,
                )
            if not number:
                same = _compared(desk)
                print("\n".join(same), flush=True)
            # After each repetition, so that what is measured so far is not lost.
            text = "\n".join([_machine(options, number + 1), "", *_table(seconds), "", *same])
            print(text, flush=True)
            if options.markets == len(MARKETS):
                _write(text)
    return 0


def _compared(desk: Desk) -> list[str]:
    """Hold forked runs against the stock one byte for byte, and cells against papermill's."""
    runs = {out: _files(desk.home / out) for out in OURS}
    n_files = len(runs[STOCK])
    differing = [
        name for out in OURS for name in runs[STOCK] if runs[out].get(name) != runs[STOCK][name]
    ]
    assert not differing, differing[:5]
    n_cells = n_same = 0
    for path, place, market in desk.places(BASE):
        study = Path(path).stem[3:]
        theirs = _outputs(Path(place))
        ours = _outputs(desk.home / STOCK / f"market={market}" / study / "notebook.ipynb")
        n_cells += len(ours)
        n_same += sum(one == other for one, other in zip(ours, theirs, strict=True))
    files = f"All {n_files} files that a run leaves beside {OF_THE_MOMENT}, which holds times,"
    cells = f"Of {n_cells} cells {n_same} show what papermill's own run shows, byte for byte."
    return [
        f"{files} are the same bytes with stock kernels, cold and with the warm process up.",
        cells,
    ]


def _files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != OF_THE_MOMENT]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _outputs(path: Path) -> list[str]:
    notebook = nbformat.read(path, as_version=4)
    clean_notebook(notebook, ())
    return [str(cell.outputs) for cell in notebook.cells if cell.cell_type == "code"]


def _table(seconds: dict[str, list[float]]) -> list[str]:
    base = seconds[BASE]
    lines = [
        "| way | seconds, median | times faster than the CLI loop, median (least to most) |",
        "|---|---|---|",
    ]
    for way in WAYS:
        found = seconds[way.out]
        if not found:
            lines.append(f"| {way.name} | not measured: no environment was named | |")
            continue
        ratios = [whole / own for whole, own in zip(base, found, strict=False)]
        spread = f"{min(ratios):.1f} to {max(ratios):.1f}" if len(ratios) > 1 else "once"
        ratio = f"{statistics.median(ratios):.1f} ({spread})" if way.out != BASE else "1"
        lines.append(f"| {way.name} | {statistics.median(found):.0f} | {ratio} |")
    return lines


def _machine(options: argparse.Namespace, n_times: int) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    n_jobs = len(STUDIES) * options.markets
    cores = f"{os.cpu_count()} cores ({platform.machine()})"
    often = "once" if n_times == 1 else f"{n_times} times"
    return (
        f"{len(STUDIES)} notebooks × {options.markets} markets = {n_jobs} reports, "
        f"{often}. Machine: {cores}, Python {platform.python_version()}; {versions}."
    )


def _write(text: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    assert after, "docs/benchmarks.md lacks the marks of this table"
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8", newline="")


if __name__ == "__main__":
    raise SystemExit(main())
