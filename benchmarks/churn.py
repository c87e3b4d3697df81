"""
Time the churn study's panel, cells and hazard fit on up to a million customers over 24 months.

``python -m benchmarks.churn`` from the root of the repository; ``--customers`` for sizes,
``--memory`` for the bound that DuckDB is given, ``--peer`` for the largest size that statsmodels'
PHReg is tried at, with service that changes over time. Each measurement is a process of its own,
so that its peak of memory is its own.
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
PEER_SIZES = (2_000, 10_000)
N_MONTHS = 24
MARKETS = ("US", "CA", "GB", "DE", "FR", "ES", "IT", "GR", "BR", "MX", "AE", "KW", "KE", "IN")
AS_OF = "2026-07-01"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--customers", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--peer", type=int, nargs="*", default=list(PEER_SIZES))
    parser.add_argument("--memory", default="3GB", help="bound that DuckDB is given")
    parser.add_argument("--only", nargs=3, metavar=("WAY", "FOLDER", "MEMORY"), help="one, inside")
    options = parser.parse_args(argv)
    if options.only:
        way, folder, memory = options.only
        print(json.dumps(_measured(way, Path(folder), memory)))
        return 0
    print("| customers | customer-months | way | opening s | panel s | cells s | fit s | peak GB |")
    print("|---:|---:|---|---:|---:|---:|---:|---:|")
    for n, way in [
        *((n, "cells") for n in options.customers),
        *((n, "PHReg") for n in options.peer),
    ]:
        with tempfile.TemporaryDirectory(prefix="churn-") as folder:
            make_world(Path(folder), n)
            print(_line(n, way, folder, options.memory), flush=True)
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


def _line(n: int, way: str, folder: str, memory: str) -> str:
    command = [sys.executable, "-m", "benchmarks.churn", "--only", way, folder, memory]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr else f"{done.returncode}"
        return f"| {n:,} | | {way} | failed: {reason} | | | | |"
    found = json.loads(done.stdout.strip().splitlines()[-1])
    times = " | ".join(f"{found[step]:.1f}" for step in ("opening", "panel", "cells", "fit"))
    return f"| {n:,} | {found['months']:,} | {way} | {times} | {found['peak_gb']:.1f} |"


def _measured(way: str, folder: Path, memory: str) -> dict[str, Any]:
    from supportlab import open_desk
    from supportlab.metrics.customers.panel import customer_panel

    config = {"reporting_currency": "USD", "timezone": "UTC"}
    found: dict[str, Any] = {}

    def timed(step: str, work: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        result = work()
        found[step] = time.perf_counter() - begun
        return result

    desk = timed("opening", lambda: open_desk(folder, as_of=AS_OF, config=config, strict=False))
    desk.backend.raw_sql(f"SET memory_limit = '{memory}'")
    panel = timed("panel", lambda: customer_panel(desk))
    found["months"] = int(panel.cells([])["n"].iloc[0])
    fit = _cells if way == "cells" else _peer
    fit(panel, timed)
    found["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return found


def _cells(panel: Any, timed: Callable[[str, Callable[[], Any]], Any]) -> None:
    from supportlab.studies.churn.fits import columns_of, fit_months
    from supportlab.studies.churn.models import SERVICE, exposures

    months = timed("cells", lambda: exposures(panel))
    names = [name for name in SERVICE if name in months.measures]
    timed("fit", lambda: fit_months(months, columns_of(months, names)))


def _peer(panel: Any, timed: Callable[[str, Callable[[], Any]], Any]) -> None:
    """Fit Cox's model with time-varying service by PHReg, months as intervals of tenure."""
    import numpy as np
    import pandas as pd
    from statsmodels.duration.hazard_regression import PHReg

    names = ["reopened", "slow_first_response", "slow_resolution", "unresolved", "escalated"]
    covariates = ["segment", "plan", "value_band", "contacts_band", "market"]
    columns = [*names, *covariates, "tenure_months", "left"]
    frame, _ = timed("cells", lambda: panel.frame(columns, max_customers=10**9))
    dummies = pd.get_dummies(frame[covariates], drop_first=True, dtype=float)
    design = pd.concat([frame[names].astype(float), dummies], axis=1).to_numpy()
    entry = frame["tenure_months"].to_numpy(dtype=float)
    model = PHReg(
        entry + 1.0, design, status=frame["left"].to_numpy(dtype=int), entry=entry, ties="efron"
    )
    groups = frame["customer_number"].to_numpy()
    timed("fit", lambda: model.fit(groups=groups))
    assert np.isfinite(design).all()


if __name__ == "__main__":
    raise SystemExit(main())
