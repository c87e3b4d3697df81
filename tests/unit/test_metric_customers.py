"""Case tables of churn by customer-months."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from supportlab.desk import Desk, open_desk
from supportlab.errors import NotEstimable, ParameterError
from supportlab.metrics.customers.months import churn, retention

CUSTOMERS = ("customer_id", "signed_up_at", "churned_at", "churn_kind", "market")
TICKETS = ("ticket_id", "channel", "status", "created_at")
PERIODS = ("customer_id", "started_at", "ended_at")
ANCHOR = ("anchor", "2025-01-01", "2026-01-01", "voluntary", "US")


def opened(folder: Path, customers: list[tuple], periods: list[tuple] | None = None) -> Desk:
    tables = [("tickets", TICKETS, [("T", "email", "open", "2026-01-01")])]
    tables.append(("customers", CUSTOMERS, customers))
    if periods is not None:
        tables.append(("subscriptions", PERIODS, periods))
    for name, columns, rows in tables:
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([columns, *rows])
    config = {"timezone": "UTC", "churn_window_days": 30}
    return open_desk(folder, as_of="2026-05-01", config=config, strict=False)


CASES = {
    # id: (signed up, churned, kind), fates from January to April
    "stays": ("2025-01-01", "", "", "failure failure failure immature"),
    "leaves in February": ("2025-01-01", "2026-02-15", "voluntary", "failure success - -"),
    "on a month's first instant": ("2025-01-01", "2026-03-01", "", "failure failure - -"),
    "comes in January": ("2026-01-10", "", "", "- failure failure immature"),
    "comes as a month begins": ("2026-02-01", "", "", "- failure failure immature"),
    "comes and goes within a month": ("2026-02-02", "2026-02-20", "", "- - - -"),
    "leaves too lately": ("2025-01-01", "2026-04-10", "", "failure failure failure immature"),
    "start not known": ("", "", "", "excluded excluded excluded excluded"),
    "left before coming": ("2026-01-10", "2026-01-05", "", "excluded excluded excluded excluded"),
}


@pytest.mark.parametrize("name", CASES)
def test_churn_case(name: str, tmp_path: Path) -> None:
    came, left, kind, expected = CASES[name]
    desk = opened(tmp_path, [ANCHOR, ("C", came, left, kind, "DE")])
    cases = churn(desk).cases.execute().set_index("unit")["outcome"]
    found = [cases.get(f"C/2026-0{month}", "-") for month in (1, 2, 3, 4)]
    assert " ".join(found) == expected


def test_paid_periods_join_within_the_window(tmp_path: Path) -> None:
    customers = [("A", "2025-01-01", "", "", "DE"), ("B", "2025-01-01", "", "", "DE")]
    periods = [
        ("A", "2025-01-01", "2026-01-10"),
        ("A", "2026-02-09", ""),
        ("B", "2025-01-01", "2026-01-10"),
        ("B", "2026-02-10", ""),
    ]
    table = churn(opened(tmp_path, customers, periods), by="month").fetch()
    kept = table[["month", "cluster", "n", "n_success", "n_immature"]].values.tolist()
    assert kept == [
        ["2026-01", "A", 1, 0, 0],
        ["2026-01", "B", 1, 1, 0],
        ["2026-02", "A", 1, 0, 0],
        ["2026-03", "A", 1, 0, 0],
        ["2026-03", "B", 1, 0, 0],
        ["2026-04", "A", 0, 0, 1],
        ["2026-04", "B", 0, 0, 1],
    ]


def test_other_kind_leaves_the_risk_set(tmp_path: Path) -> None:
    rows = [
        ("A", "2025-01-01", "2026-01-10", "voluntary", "DE"),
        ("B", "2025-01-01", "2026-01-10", "involuntary", "DE"),
        ("C", "2025-01-01", "2026-01-10", "", "DE"),
    ]
    sums = churn(opened(tmp_path, rows), kind="voluntary", cluster=None)
    row = sums.fetch().iloc[0]
    assert (row["n"], row["n_success"], row["n_excluded"]) == (1, 1, 2)
    assert sums.excluded()["n"].to_list() == [1, 1]
    with pytest.raises(ParameterError, match="kind"):
        churn(opened(tmp_path, rows), kind="none")  # type: ignore[arg-type]


def test_no_recorded_end_is_no_zero(tmp_path: Path) -> None:
    rows = [("A", "2025-01-01", "", "", "DE")]
    with pytest.raises(NotEstimable):
        churn(opened(tmp_path, rows))


def test_sample_has_the_planted_churn(sample_desk: Desk) -> None:
    row = churn(sample_desk, cluster=None).fetch().iloc[0]
    # Planted per month at risk: 0.01793 voluntary and 0.00464 involuntary.
    assert row["n_success"] / row["n"] == pytest.approx(0.01793 + 0.00464, abs=0.001)


RETAINED = {
    # id: (signed up, churned), months, fates from January to April
    "stays": ("2025-01-01", "", 2, "success success immature immature"),
    "leaves in February": ("2025-01-01", "2026-02-15", 2, "failure failure - -"),
    "leaves as the third month begins": ("2025-01-01", "2026-03-01", 2, "success failure - -"),
    "comes in January": ("2026-01-10", "", 2, "- success immature immature"),
    "a month ahead it is what churn leaves": (
        "2025-01-01",
        "2026-02-15",
        1,
        "success failure - -",
    ),
}


@pytest.mark.parametrize("name", RETAINED)
def test_retention_case(name: str, tmp_path: Path) -> None:
    came, left, months, expected = RETAINED[name]
    desk = opened(tmp_path, [ANCHOR, ("C", came, left, "", "DE")])
    cases = retention(desk, months=months).cases.execute().set_index("unit")["outcome"]
    found = [cases.get(f"C/2026-0{month}", "-") for month in (1, 2, 3, 4)]
    assert " ".join(found) == expected


def test_retention_of_one_month_and_churn_add_up(sample_desk: Desk) -> None:
    desk = sample_desk
    options = {"by": "market", "cluster": None, "start": "2026-01-01"}
    left, stayed = churn(desk, **options).fetch(), retention(desk, months=1, **options).fetch()
    assert left["n"].equals(stayed["n"])
    assert (left["n_success"] + stayed["n_success"]).equals(left["n"])
    assert left["n_success"].sum() > 0


@pytest.mark.parametrize("months", [0, -1, 1.5, True])
def test_retention_needs_whole_months(months: object, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="months"):
        retention(opened(tmp_path, [ANCHOR]), months=months)  # type: ignore[arg-type]
