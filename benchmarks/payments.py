"""
Time the engine part of the payment study on up to 50 million attempts, and pandas beside it.

``python -m benchmarks.payments`` from the root of the repository; ``--attempts`` for sizes,
``--ways`` for what is timed, ``--memory`` for the bound that DuckDB is given, ``--pandas`` for the
largest size that plain pandas is tried at. ``checkouts`` joins attempts by their checkout,
``joined`` without it by customer, amount, currency and gap; of ten attempts eight are checkouts'
first. Each measurement is a process of its own, so that its peak of memory is its own.
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

__all__ = ["main"]

SIZES = (1_000_000, 10_000_000, 50_000_000)
MARKETS = (
    "US", "CA", "GB", "DE", "FR", "ES", "IT", "GR", "BR", "MX", "AE", "KW", "KE", "IN", "SG",
    "AU", "JP", "PL", "CZ", "SE", "NO", "DK", "CH", "TR", "ZA",
)  # fmt: skip
CURRENCIES = (
    "USD", "CAD", "GBP", "EUR", "EUR", "EUR", "EUR", "EUR", "BRL", "MXN", "AED", "KWD", "KES",
    "INR", "SGD", "AUD", "JPY", "PLN", "CZK", "SEK", "NOK", "DKK", "CHF", "TRY", "ZAR",
)  # fmt: skip
METHODS = (
    "card", "card", "card", "card", "wallet", "wallet", "bank_transfer", "bank_redirect",
    "direct_debit", "local_wallet", "bnpl", "cash",
)  # fmt: skip
# What the study asks of the engine for its rates and its currency comparison.
ATTEMPT_CUTS: tuple[tuple[str, ...], ...] = (
    ("market",),
    ("method",),
    ("market", "method"),
    ("month",),
    ("market", "local_currency", "method", "amount_band"),
)
# What it asks of whole checkouts and of their first attempts.
CHECKOUT_CUTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("checkout", ("market",)),
    ("checkout", ("method",)),
    ("first_attempt", ("market", "local_currency", "method", "amount_band", "history_band")),
)
WAYS = ("attempts", "pandas", "checkouts", "joined")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--attempts", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--pandas", type=int, default=10_000_000, help="largest size for pandas")
    parser.add_argument("--memory", default="4GB", help="bound that DuckDB is given")
    parser.add_argument("--only", nargs=3, metavar=("WAY", "FOLDER", "MEMORY"), help="one, inside")
    options = parser.parse_args(argv)
    if options.only:
        way, folder, memory = options.only
        print(json.dumps(_measured(way, Path(folder), memory)))
        return 0
    print("| attempts | way | opening s | cuts s | processor s | peak GB |")
    print("|---:|---|---:|---:|---:|---:|")
    for n in options.attempts:
        with tempfile.TemporaryDirectory(prefix="payments-") as folder:
            make_payments(Path(folder), n)
            for way in options.ways:
                if way != "pandas" or n <= options.pandas:
                    print(_line(n, way, folder, options.memory), flush=True)
    return 0


def make_payments(folder: Path, n: int) -> None:
    """Write n attempts, ten a customer, and rates, as Parquet of the contract."""
    import duckdb

    engine = duckdb.connect()
    engine.execute("SET memory_limit = '2GB'; SET preserve_insertion_order = false")
    engine.execute(f"SET temp_directory = '{folder}/spill'")

    def listed(values: Sequence[str]) -> str:
        return "[" + ", ".join(f"'{value}'" for value in values) + "]"

    # Every fifth checkout of ten attempts has two; all draws are hashes of the number of the row.
    # The texts in these statements are the constants above.
    engine.execute(f"""
        COPY (
          WITH numbers AS (
            SELECT range AS i, range // 10 AS customer,
                   range - (range % 5 = 4)::int AS checkout FROM range({n})
          ), drawn AS (
            SELECT *, hash(customer) % {len(MARKETS)} AS place, hash(i * 7 + 1) % 1000 AS luck,
                   hash(checkout * 3 + 2) % 100 AS other, hash(customer * 5 + 3) % {len(METHODS)}
                   AS way, hash(checkout * 11 + 5) AS wide FROM numbers
          )
          SELECT 'P' || i AS attempt_id, 'K' || checkout AS checkout_id, 'C' || customer
                 AS customer_id,
                 TIMESTAMPTZ '2024-07-01 00:00:00+00'
                   + INTERVAL 1 SECOND * ((wide % 62000000)::bigint + 40 * (i - checkout))
                 AS attempted_at,
                 {listed(MARKETS)}[(place + 1)::bigint] AS market, 'billing' AS market_source,
                 {listed(METHODS)}[(way + 1)::bigint] AS method,
                 (5 + wide % 400)::decimal(18,4) AS amount,
                 CASE WHEN other < 30 THEN 'USD' ELSE {listed(CURRENCIES)}[(place + 1)::bigint] END
                 AS presentment_currency,
                 CASE WHEN luck < 120 + 3 * place THEN 'declined' WHEN luck < 160 + 3 * place
                      THEN 'abandoned' WHEN luck < 163 + 3 * place THEN 'pending'
                      ELSE 'succeeded' END AS status,
                 CASE WHEN other % 3 = 0 THEN 'challenge' ELSE 'none' END AS authentication
          FROM drawn
        ) TO '{folder}/payments.parquet' (FORMAT parquet, ROW_GROUP_SIZE 500000)""")  # noqa: S608
    engine.execute(f"""
        COPY (
          SELECT DATE '2024-06-20' + day::int AS date, currency, 0.5 + (hash(currency) % 7)
                 AS per_unit
          FROM range(760) AS days(day),
               (SELECT DISTINCT unnest({listed(CURRENCIES)}) AS currency)
        ) TO '{folder}/fx_rates.parquet' (FORMAT parquet)""")  # noqa: S608
    (folder / "desk.toml").write_text(
        'timezone = "UTC"\nreporting_currency = "USD"\nas_of = 2026-07-01T00:00:00Z\n'
    )


def _line(n: int, way: str, folder: str, memory: str) -> str:
    command = [sys.executable, "-m", "benchmarks.payments", "--only", way, folder, memory]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["killed"])[-1]
        return f"| {n:,} | {way} | – | did not finish: {reason[:80]} | – | – |"
    told = json.loads(done.stdout)
    print(told.get("each", ""), file=sys.stderr)
    seconds = " | ".join(f"{told[name]:.1f}" for name in ("opening", "cuts", "processor"))
    return f"| {n:,} | {way} | {seconds} | {told['peak_gb']:.1f} |"


def _measured(way: str, folder: Path, memory: str) -> dict[str, Any]:
    runs: dict[str, Callable[[Path, str], dict[str, Any]]] = {
        "attempts": _attempts,
        "pandas": _pandas,
        "checkouts": _checkouts,
        "joined": _joined,
    }
    told = runs[way](folder, memory)
    used = resource.getrusage(resource.RUSAGE_SELF)
    # Other work on the machine stretches the clock's seconds and not these.
    told["processor"] = used.ru_utime + used.ru_stime
    # Linux counts the peak in kilobytes.
    told["peak_gb"] = used.ru_maxrss / 1e6
    return told


def _attempts(folder: Path, memory: str) -> dict[str, Any]:
    return _engine(folder, memory, [("attempt", by) for by in ATTEMPT_CUTS])


def _checkouts(folder: Path, memory: str) -> dict[str, Any]:
    return _engine(folder, memory, CHECKOUT_CUTS)


def _joined(folder: Path, memory: str) -> dict[str, Any]:
    """Do it without the name of the checkout, as of a source that has none."""
    import duckdb

    nameless = folder / "nameless"
    nameless.mkdir()
    for name in ("fx_rates.parquet", "desk.toml"):
        (nameless / name).symlink_to(folder / name)
    engine = duckdb.connect()
    engine.execute("SET memory_limit = '2GB'; SET preserve_insertion_order = false")
    engine.read_parquet(str(folder / "payments.parquet")).project(
        "* EXCLUDE (checkout_id)"
    ).write_parquet(str(nameless / "payments.parquet"), row_group_size=500_000)
    engine.close()
    return _engine(nameless, memory, CHECKOUT_CUTS)


def _engine(
    folder: Path, memory: str, cuts: Sequence[tuple[str, tuple[str, ...]]]
) -> dict[str, Any]:
    from supportlab.desk import open_desk
    from supportlab.metrics.payments.cells import payment_cells
    from supportlab.studies.payments.shares import shares

    started = time.perf_counter()
    desk = open_desk(folder)
    backend: Any = desk.backend
    backend.raw_sql(f"SET memory_limit = '{memory}'")
    opened = time.perf_counter()
    each = {}
    for unit, by in cuts:
        begun = time.perf_counter()
        table = shares(payment_cells(desk, by, unit=unit))
        each[f"{unit}: {' x '.join(by)}"] = [round(time.perf_counter() - begun, 1), len(table)]
    done = time.perf_counter()
    return {"opening": opened - started, "cuts": done - opened, "each": each}


def _pandas(folder: Path, memory: str) -> dict[str, Any]:
    """Do the same by hand: rows in memory, a share and its clustered variance by group."""
    import numpy as np
    import pandas as pd

    del memory
    started = time.perf_counter()
    rows = pd.read_parquet(folder / "payments.parquet")
    rates = pd.read_parquet(folder / "fx_rates.parquet")
    opened = time.perf_counter()
    rows = rows.loc[rows["status"] != "pending"]
    rows["day"] = rows["attempted_at"].dt.tz_localize(None).dt.normalize().astype("datetime64[s]")
    rates["day"] = pd.to_datetime(rates["date"]).astype("datetime64[s]")
    rates["presentment_currency"] = rates["currency"]
    rows = rows.merge(
        rates[["day", "presentment_currency", "per_unit"]],
        on=["day", "presentment_currency"],
        how="left",
    )
    value = rows["amount"].astype(float) * rows["per_unit"].astype(float)
    rows["amount_band"] = np.digitize(value, (10, 20, 50, 100, 200, 500))
    own = dict(zip(MARKETS, CURRENCIES, strict=True))
    rows["local_currency"] = rows["presentment_currency"] == rows["market"].map(own)
    rows["month"] = rows["attempted_at"].dt.strftime("%Y-%m")
    rows["declined"] = (rows["status"] == "declined").astype("int64")
    for by in ATTEMPT_CUTS:
        keys = list(by)
        each = rows.groupby([*keys, "customer_id"])["declined"].agg(["sum", "count"]).reset_index()
        whole = each.groupby(keys)[["sum", "count"]].transform("sum")
        residual = each["sum"] - whole["sum"] / whole["count"] * each["count"]
        each["square"] = residual**2 / whole["count"] ** 2
        each.groupby(keys).agg({"sum": "sum", "count": "sum", "square": "sum"})
    return {"opening": opened - started, "cuts": time.perf_counter() - opened}


if __name__ == "__main__":
    raise SystemExit(main())
