"""Time a metric against plain pandas on the same files, and what opening a source costs.

``make bench`` runs it; ``make bench ARGS="--tickets 1000000"`` at that size. Each measurement is
a process of its own, after one that is thrown away, so that the file cache is warm for both sides
and nothing else is. Both sides have to give the same counts, or the run fails. Machines differ:
read the ratios.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

REPEATS = 3
COLUMNS = ["market", "created_at", "status", "transfer_count"]
WINDOW_DAYS = 7


def _pandas(folder: str) -> dict[str, float]:
    """Transfers by market and month, as an analyst would write it: read, filter, group."""
    import pandas as pd

    settings = tomllib.loads((Path(folder) / "desk.toml").read_text(encoding="utf-8"))
    started = time.perf_counter()
    tickets = pd.read_parquet(Path(folder) / "tickets.parquet", columns=COLUMNS)
    last = pd.Timestamp(settings["as_of"]).tz_localize(None) - pd.Timedelta(days=WINDOW_DAYS)
    counted = tickets[
        ~tickets.status.isin(["merged", "spam", "deleted", "test"])
        & (tickets.created_at.dt.tz_localize(None) <= last)
        & tickets.transfer_count.notna()
    ]
    month = counted.created_at.dt.strftime("%Y-%m").rename("month")
    moved = (counted.transfer_count > 0).rename("moved")
    table = moved.groupby([counted.market, month], dropna=False).agg(["size", "sum"])
    seconds = time.perf_counter() - started
    return {"metric": seconds, "n": int(table["size"].sum()), "n_moved": int(table["sum"].sum())}


def _supportlab(folder: str) -> dict[str, float]:
    """The same from a desk: contract and audit of every table, the metric, the metric again."""
    from supportlab.desk import open_desk
    from supportlab.metrics import transfers

    options = {"by": ("market", "month"), "window_days": WINDOW_DAYS, "source": "tickets"}
    started = time.perf_counter()
    desk = open_desk(folder)
    opened = time.perf_counter()
    table = transfers(desk, cluster=None, **options).fetch()
    first = time.perf_counter()
    transfers(desk, **options).fetch()
    again = time.perf_counter()
    desk.fingerprint()
    return {
        "open": opened - started,
        "metric": first - opened,
        "again": again - first,
        "fingerprint": time.perf_counter() - again,
        "n": int(table.n.sum()),
        "n_moved": int(table.n_success.sum()),
    }


SIDES: dict[str, Callable[[str], dict[str, float]]] = {
    "pandas": _pandas,
    "supportlab": _supportlab,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, nargs="+", default=[100_000])
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.side:
        print(json.dumps(_measured(told.side, told.folder)))
        return 0
    for n_tickets in told.tickets:
        with tempfile.TemporaryDirectory(prefix="supportlab-bench-") as folder:
            _report(n_tickets, Path(folder) / "world")
    return 0


def _measured(side: str, folder: str) -> dict[str, float]:
    import resource

    outcome = SIDES[side](folder)
    # Kilobytes on Linux, bytes on macOS.
    unit = 1024 if sys.platform == "linux" else 1
    outcome["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    return outcome


def _report(n_tickets: int, folder: Path) -> None:
    started = time.perf_counter()
    command = [str(Path(sys.executable).parent / "supportlab"), "simulate", "--out", str(folder)]
    more = ["--seed", "1", "--tickets", str(n_tickets), "--format", "parquet"]
    subprocess.run([*command, *more], check=True, stdout=subprocess.DEVNULL)
    simulated = time.perf_counter() - started
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    print(f"\n{n_tickets:,} tickets: simulated in {simulated:.1f} s, {size:.0f} MB as Parquet")
    pandas, ours = (_median(side, folder) for side in SIDES)
    for count in ("n", "n_moved"):
        if pandas[count] != ours[count]:
            sys.exit(f"{count}: pandas has {pandas[count]:.0f}, supportlab {ours[count]:.0f}")
    base = pandas["metric"]
    print(f"{'':46}{'seconds':>8}{'ratio':>8}")
    rows = {
        "pandas: read, filter, group": base,
        "supportlab: open (contract and audit, all tables)": ours["open"],
        "supportlab: the same metric": ours["metric"],
        "supportlab: once more, by agent as well": ours["again"],
        "supportlab: fingerprint of all tables": ours["fingerprint"],
    }
    for label, seconds in rows.items():
        print(f"{label:46.46}{seconds:8.2f}{seconds / base:8.1f}")
    print(
        f"peak memory: pandas {pandas['peak_mb']:.0f} MB, supportlab {ours['peak_mb']:.0f} MB "
        f"(ratio {ours['peak_mb'] / pandas['peak_mb']:.1f})"
    )


def _median(side: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--side", side, "--folder", str(folder)]
    runs = []
    for number in range(REPEATS + 1):
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        if number:
            runs.append(json.loads(said.splitlines()[-1]))
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


if __name__ == "__main__":
    sys.exit(main())
