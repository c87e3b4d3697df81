"""
Run every calibration and write the table into docs/methods.md.

``python -m benchmarks.calibration`` from the root of the repository; ``--scale 0.1`` for a try-out
that writes nothing, ``--jobs`` for processes.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.calibration import (
    durations,
    groups,
    hazards,
    payment_effects,
    payment_markets,
    series,
    shares,
    signals,
)
from benchmarks.calibration.tally import Row

__all__ = ["main"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "methods.md"
BEGIN, END = "<!-- calibration table: begin -->", "<!-- calibration table: end -->"
HEAD = (
    "| estimator | mechanism | runs | bias | RMSE | measured | naive way | ms | verdict |\n"
    "|---|---|---|---|---|---|---|---|---|"
)
# The slowest family first, so that two processes end together.
FAMILIES = (
    hazards.rows,
    series.rows,
    durations.rows,
    shares.rows,
    groups.rows,
    signals.rows,
    payment_effects.rows,
    payment_markets.rows,
)


def main(argv: list[str] | None = None) -> int:
    """Run, print, and write the table unless the runs were scaled down."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="share of the runs, as 0.1")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args(argv)
    started = time.perf_counter()
    with ProcessPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(family, options.scale) for family in FAMILIES]
        found = {family: task.result() for family, task in zip(FAMILIES, waiting, strict=True)}
    order = (
        shares.rows,
        durations.rows,
        groups.rows,
        series.rows,
        hazards.rows,
        signals.rows,
        payment_effects.rows,
        payment_markets.rows,
    )
    rows = [row for family in order for row in found[family]]
    table = "\n".join([HEAD, *map(_line, rows)])
    print(table)
    print(f"{time.perf_counter() - started:.0f} seconds")
    if options.scale >= 1.0:
        _write(table)
    return int(any(row.verdict in {"narrow", "too many", "off"} for row in rows))


def _line(row: Row) -> str:
    cells = (
        f"`{row.estimator}`",
        row.mechanism,
        f"{row.runs:,}",
        row.bias,
        row.rmse,
        row.figure,
        row.naive,
        row.milliseconds,
        row.verdict,
    )
    return "| " + " | ".join(cells) + " |"


def _write(table: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise SystemExit(f"{PAGE.name} lacks the markers {BEGIN} and {END}; put them back.")
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
