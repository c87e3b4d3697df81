"""
Run every calibration and write the table into docs/methods.md.

``python -m benchmarks.calibration`` from the root of the repository; ``--scale 0.1`` for a try-out
that writes nothing, ``--jobs`` for processes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.calibration import (
    channels,
    durations,
    empowerment,
    feedback,
    groups,
    hazards,
    payment_contrasts,
    payment_effects,
    payment_markets,
    series,
    service,
    shares,
    signals,
    stakes,
    themes,
)
from benchmarks.calibration.tally import Row

__all__ = ["main"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "methods.md"
MARK = "<!-- calibration {name}: {edge} -->"
HEAD = (
    "| estimator | mechanism | runs | bias | RMSE | measured | naive way | ms | verdict |\n"
    "|---|---|---|---|---|---|---|---|---|"
)
# In the order of the page; docs/methods.md has one table a family.
FAMILIES: dict[str, tuple[str, Callable[[float], list[Row]]]] = {
    "shares": ("Shares, means and counts", shares.rows),
    "durations": ("Durations with open cases", durations.rows),
    "groups": ("Many groups", groups.rows),
    "series": ("Series of months", series.rows),
    "hazards": ("Hazards of leaving", hazards.rows),
    "signals": ("Signals that foretell", signals.rows),
    "stakes": ("Customers and value at stake", stakes.rows),
    "payment_effects": ("Effects within markets", payment_effects.rows),
    "payment_contrasts": ("Contrasts of payments", payment_contrasts.rows),
    "feedback": ("Shifts, silence and asking", feedback.rows),
    "payment_markets": ("Rates of markets", payment_markets.rows),
    "channels": ("Channels at equal intake", channels.rows),
    "service": ("What moves service and satisfaction", service.rows),
    "empowerment": ("Effects of authority", empowerment.rows),
    "themes": ("Themes of comments", themes.rows),
}
# These start first, so that the processes end together.
SLOWEST = ("hazards", "series", "durations")


def main(argv: list[str] | None = None) -> int:
    """Run, print, and write the table unless the runs were scaled down."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="share of the runs, as 0.1")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--family", action="append", choices=tuple(FAMILIES), help="only these")
    options = parser.parse_args(argv)
    names = options.family or list(FAMILIES)
    started = time.perf_counter()
    with ProcessPoolExecutor(options.jobs) as pool:
        first = sorted(names, key=lambda name: name not in SLOWEST)
        waiting = {name: pool.submit(FAMILIES[name][1], options.scale) for name in first}
        found = {name: waiting[name].result() for name in names}
    for name, rows in found.items():
        table = "\n".join([HEAD, *map(_line, rows)])
        print(f"{name}\n{table}")
        if options.scale >= 1.0:
            _write(name, table)
    print(f"{time.perf_counter() - started:.0f} seconds")
    verdicts = {row.verdict for rows in found.values() for row in rows}
    return int(bool(verdicts & {"narrow", "too many", "off"}))


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


def _write(name: str, table: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    begin, end = (MARK.format(name=name, edge=edge) for edge in ("begin", "end"))
    if begin not in text or end not in text:
        raise SystemExit(f"{PAGE.name} lacks the markers {begin} and {end}; put them back.")
    before, rest = text.split(begin, 1)
    after = rest.split(end, 1)[1]
    PAGE.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
