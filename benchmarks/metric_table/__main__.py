"""
Time the metric table by market, channel and month against SQL by hand, Polars and pandas.

``python -m benchmarks.metric_table`` from the root of the repository writes the figures into
docs/benchmarks.md; with ``--tickets`` of another size it prints them and writes nothing. Every
contender reads the same Parquet files in a process of its own, and has to give the same table: the
same counts, so the same rates to the last digit, and the same medians to the second.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.metric_table.contenders import CONTENDERS, measured
from benchmarks.metric_table.world import AS_OF, write_tables

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- metric table: begin -->", "<!-- metric table: end -->"
SIZE, SIZES = 10_000_000, (1_000_000, 10_000_000, 50_000_000)
OURS, HAND = "supportlab", "SQL by hand"

Run = dict[str, Any]


def main(argv: list[str] | None = None) -> int:
    """Run, print, and write the figures unless another size was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--tickets", type=int, default=SIZE, help="rows for all contenders")
    parser.add_argument("--growth", type=int, nargs="*", default=SIZES, help="rows for ours")
    parser.add_argument("--folder", type=Path, help="where to write the files; a temporary one")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if asked.contender:
        print(json.dumps(measured(asked.contender, asked.folder, AS_OF)))
        return 0
    with tempfile.TemporaryDirectory(prefix="supportlab-bench-", dir=asked.folder) as place:
        block = _block(Path(place), asked.tickets, asked.growth)
    print(block)
    if asked.tickets == SIZE and tuple(asked.growth) == SIZES:
        _write(block)
    return 0


def _block(place: Path, n_tickets: int, growth: list[int]) -> str:
    grown: dict[int, Run] = {}
    runs: dict[str, Run] = {}
    for size in sorted({n_tickets, *growth}):
        folder = place / str(size)
        write_tables(folder, size)
        ours = _run(OURS, folder)
        grown[size] = ours
        if size == n_tickets:
            runs = {OURS: ours}
            for name in CONTENDERS:
                if name != OURS:
                    runs[name] = _run(name, folder)
                    _refuse_difference(folder, name, runs[name])
        for file in folder.iterdir():
            file.unlink()
    parts = [_machine(), "", *_compared(runs, n_tickets), "", *_growing(grown)]
    return "\n".join(parts)


def _run(name: str, folder: Path) -> Run:
    """Measure one contender in a process of its own; one that is killed has not finished."""
    command = [sys.executable, "-m", "benchmarks.metric_table", "--contender", name]
    print(f"{folder.name} tickets: {name} …", file=sys.stderr, flush=True)
    done = subprocess.run(
        [*command, "--folder", str(folder)], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode < 0 or (done.returncode and name == "pandas"):
        return {}
    done.check_returncode()
    found: Run = json.loads(done.stdout.splitlines()[-1])
    print(f"  {found}", file=sys.stderr, flush=True)
    return found


def _refuse_difference(folder: Path, name: str, run: Run) -> None:
    if not run:
        return
    import pandas as pd

    ours, theirs = (pd.read_parquet(folder / f"{one}.table") for one in (OURS, name))
    for column in theirs.columns:
        if not theirs[column].equals(ours[column]):
            n = int((theirs[column] != ours[column]).sum())
            sys.exit(f"{name} differs from {OURS} in {n} of {len(ours)} rows of {column}.")


def _machine() -> str:
    cores = len(os.sched_getaffinity(0))
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    names = ("duckdb", "ibis-framework", "polars", "pandas")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    kind = f"{cores} cores ({platform.machine()}), {pages / 2**30:.0f} GB of memory"
    return f"Machine: {kind}, Python {platform.python_version()}; {versions}."


def _compared(runs: dict[str, Run], n_tickets: int) -> list[str]:
    hand = runs[HAND]
    rows = [
        f"{n_tickets:,} tickets; {hand['n_rows']:,} groups, {hand['n_columns']} figures in each:",
        "",
        "| | seconds | ratio | CPU seconds | ratio | peak memory, GB |",
        "|---|---|---|---|---|---|",
    ]
    for name, run in runs.items():
        if not run:
            rows.append(f"| {name} | not finished: out of memory | | | | |")
            continue
        wall, cpu = run["seconds"], run["cpu_seconds"]
        rows.append(
            f"| {name} | {wall:.1f} | {wall / hand['seconds']:.2f} | {cpu:.1f} "
            f"| {cpu / hand['cpu_seconds']:.2f} | {run['peak_gb']:.1f} |"
        )
    opened = runs[OURS]
    took = f"{opened['open_seconds']:.1f} s, {opened['open_cpu_seconds']:.1f} CPU seconds"
    return [*rows, "", f"Opening beforehand, each value held against the contract: {took}, once."]


def _growing(grown: dict[int, Run]) -> list[str]:
    first = next(iter(grown))
    rows = [
        f"{OURS} as the rows grow:",
        "",
        "| tickets | seconds | CPU seconds | CPU per ticket, ratio | opening | peak memory, GB |",
        "|---|---|---|---|---|---|",
    ]
    each = {size: run["cpu_seconds"] / size for size, run in grown.items()}
    return rows + [
        f"| {size:,} | {run['seconds']:.1f} | {run['cpu_seconds']:.1f} "
        f"| {each[size] / each[first]:.2f} | {run['open_seconds']:.1f} s | {run['peak_gb']:.1f} |"
        for size, run in grown.items()
    ]


def _write(block: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    PAGE.write_text(f"{head}{BEGIN}\n{block}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
