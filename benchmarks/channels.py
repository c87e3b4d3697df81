"""
Time the channel study on up to 10 million tickets, and row-wise packages beside it.

``python -m benchmarks.channels`` from the root of the repository; ``--tickets`` for sizes,
``--memory`` for the bound that DuckDB is given, ``--rows`` for the largest size that statsmodels is
tried at with one row a ticket. Each measurement is a process of its own, so that its peak of memory
is its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["main", "make_tickets"]

SIZES = (1_000_000, 10_000_000)
MARKETS = (
    "US", "CA", "GB", "DE", "FR", "ES", "IT", "GR", "BR", "MX", "AE", "KW", "KE", "IN", "SG",
    "AU", "JP",
)  # fmt: skip
LANGUAGES = (
    "en", "en", "en", "de", "fr", "es", "it", "el", "pt", "es", "ar", "ar", "en", "en", "en",
    "en", "ja",
)  # fmt: skip
CHANNELS = ("phone", "email", "chat", "messaging", "social", "in_app")
TOPICS = ("billing", "refund", "payment", "delivery", "returns", "login", "app_error", "setup")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--tickets", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--rows", type=int, default=1_000_000, help="largest size row by row")
    parser.add_argument("--memory", default="3GB", help="bound that DuckDB is given")
    parser.add_argument("--only", nargs=3, metavar=("WAY", "FOLDER", "MEMORY"), help="one, inside")
    options = parser.parse_args(argv)
    if options.only:
        way, folder, memory = options.only
        print(json.dumps(_measured(way, Path(folder), memory)))
        return 0
    print("| tickets | way | opening s | study s | processor s | peak GB |")
    print("|---:|---|---:|---:|---:|---:|")
    for n in options.tickets:
        with tempfile.TemporaryDirectory(prefix="channels-") as folder:
            make_tickets(Path(folder), n)
            for way in ("cells", "rows") if n <= options.rows else ("cells",):
                print(_line(n, way, folder, options.memory), flush=True)
    return 0


def make_tickets(folder: Path, n: int) -> None:
    """Write n tickets, four a customer, and an invitation to each, as Parquet of the contract."""
    import duckdb

    engine = duckdb.connect()
    engine.execute("SET memory_limit = '2GB'; SET preserve_insertion_order = false")
    engine.execute(f"SET temp_directory = '{folder}/spill'")

    def listed(values: Sequence[str]) -> str:
        return "[" + ", ".join(f"'{value}'" for value in values) + "]"

    # All draws are hashes of the number of the row; the texts are the constants above.
    engine.execute(f"""
        CREATE VIEW drawn AS
          SELECT range AS i, range // 4 AS customer, hash(range // 4) % {len(MARKETS)} AS place,
                 hash(range * 3 + 1) % {len(TOPICS)} AS topic,
                 hash(range * 7 + 2) % 1000 AS luck, hash(range * 11 + 5) AS wide,
                 hash(range * 5 + 3) % 100 AS other, hash(range * 13 + 7) % 600 AS money
          FROM range({n})""")  # noqa: S608
    engine.execute(f"""
        COPY (
          SELECT 'T' || i AS ticket_id, 'C' || customer AS customer_id,
                 'A' || (wide % 2000) AS agent_id, 'G' || (wide % 60) AS team_id,
                 {listed(MARKETS)}[(place + 1)::bigint] AS market,
                 {listed(LANGUAGES)}[(place + 1)::bigint] AS language,
                 {listed(CHANNELS)}[(1 + (other + 9 * topic + money // 60) % 6)::bigint] AS channel,
                 {listed(TOPICS)}[(topic + 1)::bigint] AS category,
                 ['low', 'normal', 'high'][(1 + other % 3)::bigint] AS priority,
                 (5 + money)::decimal(18,4) AS issue_value, 'USD' AS issue_currency,
                 'closed' AS status,
                 TIMESTAMPTZ '2024-07-01 00:00:00+00'
                   + INTERVAL 1 SECOND * (wide % 60000000)::bigint AS created_at,
                 TIMESTAMPTZ '2024-07-01 00:00:00+00'
                   + INTERVAL 1 SECOND * (wide % 60000000 + 600 + 300 * luck)::bigint
                 AS resolved_at,
                 CASE WHEN luck < 700 + 10 * topic THEN 1 ELSE 2 END AS contact_count
          FROM drawn
        ) TO '{folder}/tickets.parquet' (FORMAT parquet, ROW_GROUP_SIZE 500000)""")  # noqa: S608
    engine.execute(f"""
        COPY (
          SELECT 'S' || i AS survey_id, 'T' || i AS ticket_id, 'csat' AS kind,
                 TIMESTAMPTZ '2024-07-01 00:00:00+00'
                   + INTERVAL 1 SECOND * (wide % 60000000 + 4000 + 300 * luck)::bigint AS sent_at,
                 CASE WHEN other < 25 THEN TIMESTAMPTZ '2024-07-01 00:00:00+00'
                   + INTERVAL 1 SECOND * (wide % 60000000 + 9000 + 300 * luck)::bigint END
                 AS responded_at,
                 CASE WHEN other < 25 THEN (1 + hash(i * 17) % 5)::double END AS score,
                 1.0::double AS scale_min, 5.0::double AS scale_max, true AS high_is_good
          FROM drawn
        ) TO '{folder}/surveys.parquet' (FORMAT parquet, ROW_GROUP_SIZE 500000)""")  # noqa: S608
    (folder / "desk.toml").write_text(
        'timezone = "UTC"\nreporting_currency = "USD"\nas_of = 2026-07-01T00:00:00Z\n'
    )


def _line(n: int, way: str, folder: str, memory: str) -> str:
    command = [sys.executable, "-m", "benchmarks.channels", "--only", way, folder, memory]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["killed"])[-1]
        return f"| {n:,} | {way} | – | did not finish: {reason[:80]} | – | – |"
    sys.stderr.write(done.stderr)
    told = json.loads(done.stdout)
    figures = " | ".join(f"{told[name]:.1f}" for name in ("opening", "study", "cpu", "peak"))
    return f"| {n:,} | {way} | {figures} |"


def _measured(way: str, folder: Path, memory: str) -> dict[str, Any]:
    run: Callable[[Path, str], dict[str, Any]] = _cells if way == "cells" else _rows
    told = run(folder, memory)
    # Linux counts the peak in kilobytes.
    used = resource.getrusage(resource.RUSAGE_SELF)
    told["peak"], told["cpu"] = used.ru_maxrss / 1e6, used.ru_utime + used.ru_stime
    return told


def _cells(folder: Path, memory: str) -> dict[str, Any]:
    """Run what the study asks of tickets: FCR and CSAT of channels, mix, association."""
    import supportlab as sl

    started = time.perf_counter()
    desk = sl.open_desk(folder)
    backend: Any = desk.backend
    backend.raw_sql(f"SET memory_limit = '{memory}'")
    opened = time.perf_counter()
    parts: dict[str, Callable[[], Any]] = {
        "fcr": lambda: sl.channels.effect(desk),
        "csat": lambda: sl.channels.effect(desk, outcome="csat"),
        "ranking": lambda: sl.channels.ranking(desk),
        "mix": lambda: sl.channels.mix_contribution(desk),
        "association": lambda: sl.channels.market_association(desk),
    }
    each = {}
    for name, part in parts.items():
        begun = time.perf_counter()
        found = part()
        each[name] = [round(time.perf_counter() - begun, 1), found.findings[0].status]
    print(each, file=sys.stderr)
    return {"opening": opened - started, "study": time.perf_counter() - opened, "each": each}


def _rows(folder: Path, memory: str) -> dict[str, Any]:
    """Do the first of it row by row: multinomial logit of statsmodels, weights, and their means."""
    import numpy as np
    import pandas as pd
    import statsmodels.api as sm

    del memory
    started = time.perf_counter()
    rows = pd.read_parquet(folder / "tickets.parquet")
    opened = time.perf_counter()
    rows["band"] = np.digitize(rows["issue_value"].astype(float), (25, 50, 100, 200, 500))
    rows["hours"] = rows["created_at"].dt.hour // 6
    labels = ["category", "priority", "band", "market", "hours"]
    design = pd.get_dummies(rows[labels].astype(str), drop_first=True, dtype=float)
    fit = sm.MNLogit(rows["channel"].astype("category").cat.codes, sm.add_constant(design))
    shares = np.asarray(fit.fit(disp=0).predict())
    names = sorted(rows["channel"].unique())
    hit = (rows["contact_count"] == 1).to_numpy(dtype=float)
    phone = names.index("phone")
    for place, name in enumerate(names):
        chosen = (rows["channel"] == name).to_numpy()
        weight = shares[chosen, phone] / shares[chosen, place]
        print(name, float(weight @ hit[chosen] / weight.sum()), file=sys.stderr)
    return {"opening": opened - started, "study": time.perf_counter() - opened}


if __name__ == "__main__":
    raise SystemExit(main())
