"""
Time the empowerment study on up to 10 million tickets, and a row-wise package beside it.

``python -m benchmarks.empowerment`` from the root of the repository; ``--tickets`` for sizes,
``--memory`` for the bound that DuckDB is given, ``--peer`` for a Python with pyfixest and pyarrow
(which cannot live in the project's environment), ``--peer-tickets`` for its sizes. Each measurement
is a process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["main"]

SIZES = (1_000_000, 10_000_000)
N_TEAMS, AGENTS_PER_TEAM = 60, 20
# Six waves, three months apart, from the seventh month on; the last sixth never.
WAVE_MONTHS = (7, 10, 13, 16, 19)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--tickets", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--memory", default="3GB", help="bound that DuckDB is given")
    parser.add_argument("--peer", help="Python interpreter with pyfixest")
    parser.add_argument("--peer-tickets", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--only", nargs=2, metavar=("FOLDER", "MEMORY"), help="one, inside")
    options = parser.parse_args(argv)
    if options.only:
        print(json.dumps(_measured(Path(options.only[0]), options.only[1])))
        return 0
    print("| tickets | way | opening s | study s | processor s | peak GB | effect on FCR |")
    print("|---:|---|---:|---:|---:|---:|---:|")
    for n in options.tickets:
        with tempfile.TemporaryDirectory(prefix="authority-") as folder:
            make_desk(Path(folder), n)
            command = [sys.executable, "-m", "benchmarks.empowerment", "--only", folder]
            print(_line(n, "study", [*command, options.memory]), flush=True)
            if options.peer and n in options.peer_tickets:
                print(_line(n, "did2s, rows", [options.peer, "-c", PEER, folder]), flush=True)
    return 0


def make_desk(folder: Path, n: int) -> None:
    """Write n tickets, surveys, agents and authority as files of the contract."""
    import duckdb

    engine = duckdb.connect()
    engine.execute("SET memory_limit = '2GB'; SET preserve_insertion_order = false")
    engine.execute(f"SET temp_directory = '{folder}/spill'")
    # All draws are hashes of the number of the ticket; the texts are constants of this file.
    engine.execute(f"""
        CREATE TABLE drawn AS
          SELECT range AS i, hash(range * 3 + 1) % {N_TEAMS} AS team,
                 hash(range * 5 + 2) % {AGENTS_PER_TEAM} AS place,
                 hash(range * 7 + 3) % 63000000 AS moment, hash(range * 11 + 4) % 1000 AS luck,
                 hash(range * 13 + 5) % 1000 AS ready, hash(range * 17 + 6) % 9 AS topic,
                 hash(range * 19 + 7) % 6 AS way, hash(range * 23 + 8) % 100000 AS wide,
                 hash(range * 29 + 9) % 1000 AS voice, hash(range * 31 + 10) % 1000 AS slow
          FROM range({n})""")  # noqa: S608
    waves = ", ".join(str(month) for month in WAVE_MONTHS)
    engine.execute(f"""
        CREATE TABLE lived AS
          SELECT *, TIMESTAMPTZ '2024-07-01 00:00:00+00' + INTERVAL 1 SECOND * moment::bigint
                 AS created_at,
                 CASE WHEN team % 6 < 5 THEN [{waves}][(team % 6 + 1)::bigint] ELSE 99 END AS wave,
                 5.0 + wide % 40000 / 100.0 AS value
          FROM drawn""")  # noqa: S608
    engine.execute("""
        CREATE TABLE judged AS
          SELECT *, datediff('month', TIMESTAMP '2024-07-01', created_at::timestamp) >= wave
                 AS has_it,
                 has_it AND topic < 5 AND value <= 200 AND ready < 300 + 20 * place AS used,
                 luck < 640 + team * 2 - 12 * topic + 150 * used::int AS good
          FROM lived""")
    engine.execute(f"""
        COPY (
          SELECT 'T' || i AS ticket_id, 'C' || (i // 4) AS customer_id,
                 'A' || (team * {AGENTS_PER_TEAM} + place) AS agent_id, 'TM' || team AS team_id,
                 ['US','GB','DE','FR','JP'][(team % 5 + 1)::bigint] AS market, 'en' AS language,
                 ['phone','email','chat','messaging','social','in_app'][(way + 1)::bigint]
                 AS channel,
                 'topic ' || topic AS category, 'normal' AS priority,
                 CASE WHEN topic < 5 THEN value::decimal(18,4) END AS issue_value,
                 CASE WHEN topic < 5 THEN 'USD' END AS issue_currency,
                 'customer' AS initiated_by, 'closed' AS status, created_at,
                 created_at + INTERVAL 1 SECOND * (600 + slow * 10)::bigint AS first_response_at,
                 created_at + INTERVAL 1 SECOND
                   * (3600 + slow * CASE WHEN good THEN 200 ELSE 900 END)::bigint AS resolved_at,
                 created_at + INTERVAL 1 SECOND
                   * (3600 + slow * CASE WHEN good THEN 200 ELSE 900 END)::bigint AS closed_at,
                 0 AS reopened_count, CASE WHEN good THEN 1 ELSE 2 END AS contact_count,
                 1 AS agent_reply_count, 0 AS transfer_count, luck > 900 AS escalated,
                 (topic < 5 AND NOT used AND slow < 500) AS approval_requested,
                 CASE WHEN topic < 5 AND NOT used AND slow < 500 THEN 30.0 + slow END
                 AS approval_minutes, used AS authority_used
          FROM judged
        ) TO '{folder}/tickets.parquet' (FORMAT parquet, ROW_GROUP_SIZE 500000)""")  # noqa: S608
    engine.execute(f"""
        COPY (
          SELECT 'S' || i AS survey_id, 'T' || i AS ticket_id, 'C' || (i // 4) AS customer_id,
                 'csat' AS kind, created_at + INTERVAL 2 DAY AS sent_at,
                 created_at + INTERVAL 3 DAY AS responded_at,
                 CASE WHEN good THEN 5 ELSE 1 + voice % 5 END AS score, 1 AS scale_min,
                 5 AS scale_max, true AS high_is_good
          FROM judged WHERE voice < CASE WHEN good THEN 250 ELSE 120 END
        ) TO '{folder}/surveys.parquet' (FORMAT parquet, ROW_GROUP_SIZE 500000)""")  # noqa: S608
    engine.execute(f"""
        COPY (SELECT 'A' || range AS agent_id,
                     TIMESTAMPTZ '2022-01-01 00:00:00+00' + INTERVAL 1 DAY * (range % 900)::int
                     AS hired_at
              FROM range({N_TEAMS * AGENTS_PER_TEAM})) TO '{folder}/agents.parquet'
        (FORMAT parquet)""")  # noqa: S608
    engine.execute(f"""
        COPY (SELECT 'team' AS scope, 'TM' || range AS scope_id,
                     TIMESTAMPTZ '2024-07-01 00:00:00+00'
                       + INTERVAL 1 MONTH * [{waves}][(range % 6 + 1)::bigint] AS effective_from,
                     200.0::decimal(18,4) AS limit_amount, 'USD' AS limit_currency
              FROM range({N_TEAMS}) WHERE range % 6 < 5) TO '{folder}/authority.parquet'
        (FORMAT parquet)""")  # noqa: S608
    (folder / "desk.toml").write_text(
        'timezone = "UTC"\nreporting_currency = "USD"\nas_of = 2026-07-01T00:00:00Z\n'
    )


def _line(n: int, way: str, command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["killed"])[-1]
        return f"| {n:,} | {way} | – | did not finish: {reason[:80]} | – | – | – |"
    told = json.loads(done.stdout.strip().splitlines()[-1])
    print(told.get("each", ""), file=sys.stderr)
    return (
        f"| {n:,} | {way} | {told['opening']:.1f} | {told['study']:.1f} | "
        f"{told['cpu']:.1f} | {told['peak_gb']:.1f} | "
        f"{told['effect']:+.4f} |"
    )


def _measured(folder: Path, memory: str) -> dict[str, Any]:
    from supportlab.desk import open_desk
    from supportlab.studies import empowerment

    started = time.perf_counter()
    desk = open_desk(folder)
    backend: Any = desk.backend
    backend.raw_sql(f"SET memory_limit = '{memory}'")
    opened = time.perf_counter()
    each = {}
    # What the notebook asks for.
    calls: list[tuple[str, dict[str, str]]] = [
        ("coverage", {}), ("naive", {}), ("effect", {"outcome": "fcr"}), ("event_study", {}),
        ("effect_by_group", {"by": "cohort"}), ("effect_by_group", {}),
        ("effect", {"outcome": "csat"}), ("answering", {}),
        ("effect", {"outcome": "resolution_time"}), ("effect", {"outcome": "escalation"}),
        ("effect", {"outcome": "approval"}), ("effect", {"outcome": "approval_wait"}),
        ("limit", {}), ("examiner", {}), ("alike_tickets", {}), ("approval_wait", {}),
    ]  # fmt: skip
    found = 0.0
    for name, options in calls:
        begun = time.perf_counter()
        made = getattr(empowerment, name)(desk, **options)
        if name == "effect" and options["outcome"] == "fcr":
            found = float(made.table["estimate"].iloc[0])
        label = " ".join([name, *options.values()])
        each[label] = round(time.perf_counter() - begun, 1)
    return {
        "opening": opened - started,
        "study": time.perf_counter() - opened,
        # All threads together: on a busy machine the only figure that can be compared.
        "cpu": time.process_time(),
        "effect": found,
        "each": each,
        # Linux counts the peak in kilobytes.
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


# The same roll-out on rows, by pyfixest's did2s: one number of the study's many.
PEER = """
import json, resource, sys, time
import pandas as pd, pyfixest
started = time.perf_counter()
rows = pd.read_parquet(sys.argv[1] + "/tickets.parquet", columns=["team_id", "created_at",
    "category", "channel", "contact_count"])
opened = time.perf_counter()
rows["month"] = rows["created_at"].dt.year * 12 + rows["created_at"].dt.month - 24295
rows["team"] = rows["team_id"].str[2:].astype(int)
wave = {0: 7, 1: 10, 2: 13, 3: 16, 4: 19, 5: 99}
rows["treated"] = (rows["month"] >= (rows["team"] % 6).map(wave)).astype(int)
rows["fcr"] = (rows["contact_count"] == 1).astype(float)
fit = pyfixest.did2s(rows, yname="fcr", first_stage="~ C(category) + C(channel) | team + month",
    second_stage="~ treated", treatment="treated", cluster="team")
print(json.dumps({"opening": opened - started, "study": time.perf_counter() - opened,
    "cpu": time.process_time(), "effect": float(fit.coef().iloc[-1]),
    "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}))
"""


if __name__ == "__main__":
    raise SystemExit(main())
