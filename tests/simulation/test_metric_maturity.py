"""Which maturity rule tells the first contact resolution of recent tickets: truth is known."""

# ruff: noqa: DTZ001 (times of the contract are UTC without a zone)

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from supportlab import metrics
from supportlab.desk import Desk, open_desk

AS_OF = datetime(2026, 1, 1)
N_TICKETS = 120_000
YEAR_DAYS = 365.0
WINDOW_DAYS = 7.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, pd.DataFrame]:
    """Easy tickets are resolved in a day and mostly at first contact; hard ones take a week."""
    rng = np.random.default_rng(20_260_101)
    age = rng.uniform(0, YEAR_DAYS, N_TICKETS)
    easy = rng.random(N_TICKETS) < 0.72
    days = np.where(
        easy, rng.lognormal(0.0, 1.0, N_TICKETS), rng.lognormal(np.log(6), 0.9, N_TICKETS)
    )
    days[rng.random(N_TICKETS) < np.where(easy, 0.005, 0.03)] = np.inf
    one_contact = easy & (rng.random(N_TICKETS) < 0.97)
    back = np.where(rng.random(N_TICKETS) < 0.06, rng.uniform(0, WINDOW_DAYS, N_TICKETS), np.inf)
    truth = one_contact & np.isinf(back) & np.isfinite(days)
    created = pd.Timestamp(AS_OF) - pd.to_timedelta(age, unit="D")
    has_ended = days <= age
    frame = pd.DataFrame(
        {
            "ticket_id": [f"T{number}" for number in range(N_TICKETS)],
            "customer_id": [f"C{number}" for number in range(N_TICKETS)],
            "channel": "email",
            "category": "billing",
            "status": np.where(has_ended, "resolved", "open"),
            "created_at": created,
            "resolved_at": (created + pd.to_timedelta(np.where(has_ended, days, 0), unit="D")),
            "contact_count": np.where(one_contact, 1, 2),
        }
    )
    frame["resolved_at"] = frame["resolved_at"].where(has_ended)
    returns = has_ended & np.isfinite(back) & (days + back <= age)
    second = frame.loc[returns].copy()
    second["ticket_id"] += "b"
    second["created_at"] = second["resolved_at"] + pd.to_timedelta(back[returns], unit="D")
    second["status"], second["resolved_at"] = "open", pd.NaT
    # The truth is about the first tickets; their follow-ups are told apart by market.
    frame["market"], second["market"] = "US", "CA"
    both = pd.concat([frame, second], ignore_index=True)
    for name in ("created_at", "resolved_at"):
        both[name] = both[name].astype("datetime64[us]").dt.tz_localize("UTC")
    folder = tmp_path_factory.mktemp("maturity")
    both.to_parquet(folder / "tickets.parquet", index=False)
    known = pd.DataFrame({"age": age, "truth": truth})
    return open_desk(folder, as_of="2026-01-01"), known


def share(desk: Desk, first_age: int, last_age: int, **options: str) -> float:
    start, end = (pd.Timestamp(AS_OF) - pd.Timedelta(days=days) for days in (first_age, last_age))
    sums = metrics.fcr(
        desk,
        by="market",
        cluster=None,
        start=start.date().isoformat(),
        end=end.date().isoformat(),
        **options,
    )
    row = sums.fetch().set_index("market").loc["US"]
    return float(row["n_success"] / row["n"])


def bias(world: tuple[Desk, pd.DataFrame], first_age: int, last_age: int, **options: str) -> float:
    desk, known = world
    cohort = known.loc[(known["age"] <= first_age) & (known["age"] > last_age), "truth"]
    return share(desk, first_age, last_age, **options) - float(cohort.mean())


# One standard error of the share in the month's cohort is about 0.005; three of them.
MONTH_NOISE = 0.015


def test_maturity_by_creation_is_right_for_the_year_and_for_recent_weeks(world: tuple) -> None:
    assert abs(bias(world, 365, 0)) < 0.003
    assert abs(bias(world, 44, 14)) < MONTH_NOISE
    assert abs(bias(world, 37, 7)) < MONTH_NOISE


def test_maturity_by_resolution_flatters_recent_weeks(world: tuple) -> None:
    by_resolution = {"maturity": "resolved", "unresolved": "exclude"}
    assert bias(world, 365, 0, **by_resolution) > 0.008
    assert bias(world, 37, 7, **by_resolution) > 0.04
    assert bias(world, 14, 7, **by_resolution) > 0.10
    with_open = {"maturity": "resolved"}
    assert 0.02 < bias(world, 37, 7, **with_open) < bias(world, 37, 7, **by_resolution)
