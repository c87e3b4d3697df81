"""
Time the churn study's panel, cells and hazard fit on up to a million customers over 24 months.

``python -m benchmarks.churn`` from the root of the repository; ``--customers`` for sizes,
``--memory`` for the bound that DuckDB is given, ``--peer`` for the sizes that statsmodels' PHReg is
tried at, with service that changes over time, and ``--lifelines PYTHON`` to try lifelines at the
same sizes, by the Python of an environment that has it (see ``churn_peers.py``). Each measurement
is a process of its own, so that its peak of memory is its own. CPU seconds are those of all cores:
other work on the machine stretches the clock, not them.
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

SIZES = (100_000, 1_000_000)
PEER_SIZES = (2_000, 5_000, 10_000)
# A peer that has not finished by then is stopped.
PATIENCE_SECONDS = 900
N_MONTHS = 24
MARKETS = ("US", "CA", "GB", "DE", "FR", "ES", "IT", "GR", "BR", "MX", "AE", "KW", "KE", "IN")
AS_OF = "2026-07-01"
STEPS = ("opening", "panel", "cells", "fit")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--customers", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--peer", type=int, nargs="*", default=list(PEER_SIZES))
    parser.add_argument("--lifelines", metavar="PYTHON", help="Python that has lifelines")
    parser.add_argument("--memory", default="3GB", help="bound that DuckDB is given")
    parser.add_argument("--only", nargs=2, metavar=("FOLDER", "MEMORY"), help="one, inside")
    options = parser.parse_args(argv)
    if options.only:
        print(json.dumps(_measured(Path(options.only[0]), options.only[1])))
        return 0
    print(f"| customers | customer-months | {' | '.join(STEPS)} | seconds | CPU s | peak GB |")
    print("|---:" * (5 + len(STEPS)) + "|")
    for n in options.customers:
        with tempfile.TemporaryDirectory(prefix="churn-") as folder:
            make_world(Path(folder), n)
            print(_line(n, folder, options.memory), flush=True)
    pythons = {"PHReg": sys.executable}
    if options.lifelines:
        pythons["lifelines"] = options.lifelines
    for n in options.peer:
        _peers(n, pythons)
    return 0


def make_world(folder: Path, n: int) -> None:
    """Write customers, their paid periods, tickets, surveys and payments as Parquet."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(n)
    names = np.char.add("C", np.char.zfill(np.arange(n).astype(str), 8))
    first, last = (np.datetime64(day, "us") for day in ("2024-07-01", AS_OF))
    day = np.timedelta64(86_400_000_000, "us")
    came = first + (rng.integers(-700, 600, n) * day)
    stay = (rng.exponential(1_300, n) * 86_400e6).astype("timedelta64[us]")
    left = np.maximum(came, first) + stay
    gone = left < last
    ends = np.where(gone, left, np.datetime64("NaT", "us"))
    plan = rng.choice(["basic", "plus", "pro"], n)
    value = rng.integers(5, 80, n)
    customers = pd.DataFrame(
        {
            "customer_id": names,
            "market": rng.choice(MARKETS, n),
            "segment": rng.choice(["consumer", "small_business", "enterprise"], n),
            "plan": plan,
            "currency": "USD",
            "monthly_value": value,
            "signed_up_at": came,
            "churned_at": ends,
            "churn_kind": np.where(
                gone, np.where(rng.random(n) < 0.2, "involuntary", "voluntary"), None
            ),
            "preferred_channel": rng.choice(["email", "phone", "chat"], n),
        }
    )
    periods = customers[["customer_id", "plan", "monthly_value", "currency"]].assign(
        started_at=came, ended_at=ends
    )
    _write(folder, {"customers": customers, "subscriptions": periods})
    n_tickets = 3 * n
    created = first + (rng.random(n_tickets) * 730 * 86_400e6).astype("timedelta64[us]")
    hours = (rng.exponential(30, n_tickets) * 3_600e6).astype("timedelta64[us]")
    reply = (rng.exponential(8, n_tickets) * 3_600e6).astype("timedelta64[us]")
    resolved = np.where(created + hours < last, created + hours, np.datetime64("NaT", "us"))
    again = (rng.random(n_tickets) < 0.06) & ~np.isnat(resolved)
    closed = np.where(again, resolved + 2 * day, resolved)
    owner = names[rng.integers(0, n, n_tickets)]
    ticket_ids = np.char.add("T", np.arange(n_tickets).astype(str))
    tickets = pd.DataFrame(
        {
            "ticket_id": ticket_ids,
            "customer_id": owner,
            "channel": rng.choice(["email", "phone", "chat"], n_tickets),
            "status": np.where(np.isnat(resolved), "open", "resolved"),
            "created_at": created,
            "first_response_at": np.where(
                created + reply < last, created + reply, np.datetime64("NaT")
            ),
            "resolved_at": resolved,
            "closed_at": np.where(closed < last, closed, resolved),
            "reopened_count": again.astype(int),
            "escalated": rng.random(n_tickets) < 0.1,
        }
    )
    _write(folder, {"tickets": tickets})
    asked = rng.random(n_tickets) < 0.7
    sent = resolved[asked]
    answers = rng.random(asked.sum()) < 0.3
    surveys = pd.DataFrame(
        {
            "survey_id": np.char.add("S", np.arange(asked.sum()).astype(str)),
            "ticket_id": ticket_ids[asked],
            "customer_id": owner[asked],
            "kind": "csat",
            "sent_at": sent,
            "responded_at": np.where(
                answers & (sent + day < last), sent + day, np.datetime64("NaT")
            ),
            "score": np.where(
                answers & (sent + day < last), rng.integers(1, 6, asked.sum()), np.nan
            ),
            "scale_min": 1.0,
            "scale_max": 5.0,
            "high_is_good": True,
        }
    )
    n_payments = 4 * n
    payments = pd.DataFrame(
        {
            "attempt_id": np.char.add("P", np.arange(n_payments).astype(str)),
            "customer_id": names[rng.integers(0, n, n_payments)],
            "attempted_at": first
            + (rng.random(n_payments) * 730 * 86_400e6).astype("timedelta64[us]"),
            "method": "card",
            "amount": 10.0,
            "presentment_currency": "USD",
            "status": rng.choice(["succeeded", "declined"], n_payments, p=[0.9, 0.1]),
        }
    )
    surveys = surveys.loc[surveys["sent_at"].notna()]
    _write(folder, {"surveys": surveys, "payments": payments})


def _write(folder: Path, tables: dict[str, Any]) -> None:
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)


def _line(n: int, folder: str, memory: str) -> str:
    command = [sys.executable, "-m", "benchmarks.churn", "--only", folder, memory]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr else f"{done.returncode}"
        return f"| {n:,} | failed: {reason} |"
    found = json.loads(done.stdout.strip().splitlines()[-1])
    times = " | ".join(f"{found[step]:.1f}" for step in STEPS)
    whole = sum(found[step] for step in STEPS)
    return (
        f"| {n:,} | {found['months']:,} | {times} | {whole:.1f} | {found['cpu']:.1f} | "
        f"{found['peak_gb']:.1f} |"
    )


def _measured(folder: Path, memory: str) -> dict[str, Any]:
    from supportlab.studies.churn.fits import columns_of, fit_months
    from supportlab.studies.churn.models import SERVICE, exposures

    found: dict[str, Any] = {}

    def timed(step: str, work: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        result = work()
        found[step] = time.perf_counter() - begun
        return result

    spent = time.process_time()
    panel = _panel(folder, memory, timed)
    found["months"] = int(panel.cells([])["n"].iloc[0])
    months = timed("cells", lambda: exposures(panel))
    names = [name for name in SERVICE if name in months.measures]
    timed("fit", lambda: fit_months(months, columns_of(months, names)))
    found["cpu"] = time.process_time() - spent
    found["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return found


def _panel(folder: Path, memory: str, timed: Callable[[str, Callable[[], Any]], Any]) -> Any:
    from supportlab import open_desk
    from supportlab.metrics.customers.panel import customer_panel

    config = {"reporting_currency": "USD", "timezone": "UTC"}
    desk = timed("opening", lambda: open_desk(folder, as_of=AS_OF, config=config, strict=False))
    desk.backend.raw_sql(f"SET memory_limit = '{memory}'")
    return timed("panel", lambda: customer_panel(desk))


def _peers(n: int, pythons: dict[str, str]) -> None:
    """Fit the same rows and columns by our model on cells and by Cox's of other packages."""
    with tempfile.TemporaryDirectory(prefix="churn-") as folder:
        make_world(Path(folder), n)
        rows, own = _rows(Path(folder))
        rows.to_parquet(Path(folder) / "rows.parquet", index=False)
        print(f"{n:,} customers, {len(rows):,} rows: cells {own:.2f} CPU s", flush=True)
        for way, python in pythons.items():
            print(f"{way}: {_peer(way, python, Path(folder) / 'rows.parquet')}", flush=True)


def _rows(folder: Path) -> tuple[Any, float]:
    """Return months as intervals of tenure with a design, and CPU seconds of our fit."""
    import numpy as np
    import pandas as pd

    from supportlab.stats.hazard_design import hazard_design
    from supportlab.stats.hazards import fit_hazard

    panel = _panel(folder, "3GB", lambda _, work: work())
    service = ["reopened", "slow_first_response", "slow_resolution", "unresolved", "escalated"]
    covariates = ["segment", "plan", "value_band", "contacts_band", "market"]
    columns = [*service, *covariates, "tenure_months", "tenure_band", "left"]
    frame, _ = panel.frame(columns, max_customers=10**9)
    left, n = frame["left"].to_numpy(dtype=float), np.ones(len(frame))
    factors = {name: frame[name].to_numpy() for name in (*covariates, "tenure_band")}
    numbers = {name: frame[name].to_numpy(dtype=float) for name in service}
    spent = time.process_time()
    design = hazard_design(factors, numbers, left, n)
    fit_hazard(design, n, left, cluster=frame["customer_number"].to_numpy())
    own = time.process_time() - spent
    dummies = pd.get_dummies(frame[covariates], drop_first=True, dtype=float)
    known = {
        "customer": frame["customer_number"],
        "start": frame["tenure_months"],
        "stop": frame["tenure_months"] + 1,
        "left": frame["left"],
    }
    return pd.concat([frame[service].astype(float), dummies], axis=1).assign(**known), own


def _peer(way: str, python: str, path: Path) -> str:
    script = str(Path(__file__).with_name("churn_peers.py"))
    try:
        done = subprocess.run(
            [python, script, way, str(path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"not finished after {PATIENCE_SECONDS} s"
    if done.returncode:
        return f"failed: {(done.stderr.strip().splitlines() or [done.returncode])[-1]}"
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return f"{found['seconds']:.1f} s, {found['cpu']:.1f} CPU s, {found['peak_gb']:.1f} GB"


if __name__ == "__main__":
    raise SystemExit(main())
