"""The payment study on the sample, whose truth is known, and on sources that cannot carry it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import supportlab as sl
from supportlab.desk import Desk, open_desk
from supportlab.metrics.payments.cells import payment_cells
from supportlab.results import Estimate
from supportlab.simulate.demand import PAYMENT_TICKET_CHANCE
from supportlab.simulate.payments import CHALLENGE_ABANDON, KIND_WEIGHTS, RETRY_CHANCE
from supportlab.studies.payments.levels import payment_rate
from supportlab.studies.payments.shares import shares

CORE = (
    "abandonment_rate",
    "authentication",
    "challenge",
    "decline_kinds",
    "decline_rate",
    "naive",
    "retry_success",
    "success_rate",
    "tickets_after_failure",
    "tickets_by_currency",
    "tickets_per_1000",
    "waterfall",
)


@pytest.fixture(scope="module")
def desk(sample_desk: Desk) -> Desk:
    return sample_desk


@pytest.fixture(scope="module")
def truth(sample_path: Path) -> dict[str, Any]:
    told = json.loads((sample_path / "truth.json").read_text())["payments"]
    return dict(told)


@pytest.fixture(scope="module")
def found(desk: Desk) -> dict[str, Estimate]:
    return {name: getattr(sl.payments, name)(desk) for name in CORE}


def covers(row: Any, value: float, scale: float = 1.0) -> bool:
    return bool(row["ci_low"] <= value * scale <= row["ci_high"])


def test_decline_rates_are_those_of_the_world(desk: Desk, truth: dict[str, Any]) -> None:
    first = shares(payment_cells(desk, unit="first_attempt"))
    assert covers(first.iloc[0], truth["decline_rate_first_attempts"])
    attempts = payment_rate(desk, "decline_rate").table.iloc[0]
    assert covers(attempts, truth["decline_rate_attempts"])
    # Retries carry the failure that they follow, so attempts are no first attempts.
    assert not covers(attempts, truth["decline_rate_first_attempts"])


def test_rates_of_markets_cover_the_truth(desk: Desk, truth: dict[str, Any]) -> None:
    table = shares(payment_cells(desk, "market", unit="first_attempt")).set_index("market")
    hits = [
        covers(table.loc[code], each["decline_rate"]) for code, each in truth["by_market"].items()
    ]
    assert sum(hits) == len(hits)


def test_attempts_are_not_purchases(found: dict[str, Estimate]) -> None:
    naive = found["naive"].table.set_index("figure")["estimate"]
    honest = found["success_rate"].table.iloc[0]
    assert naive["checkouts that were paid"] == pytest.approx(honest["estimate"])
    assert not covers(honest, naive["attempts that succeeded"])
    # Counting pending as failed lowers the rate, dropping who broke off raises it.
    pending, dropped, plain = (float(value) for value in naive.iloc[:3])
    assert pending < plain < dropped


def test_kinds_of_decline_are_those_of_the_world(found: dict[str, Estimate]) -> None:
    table = found["decline_kinds"].table
    assert table["estimate"].sum() == pytest.approx(1)
    for row, weight in zip(table.to_dict("records"), KIND_WEIGHTS, strict=True):
        assert abs(row["estimate"] - weight) < 2 * (row["ci_high"] - row["ci_low"])


def test_who_tries_again_depends_on_the_kind(found: dict[str, Estimate]) -> None:
    table = found["retry_success"].table.set_index("after")
    chances = dict(zip(("hard", "soft", "risk", "technical"), RETRY_CHANCE, strict=True))
    for kind, chance in chances.items():
        # A third attempt is the last, so a little fewer than the chance.
        assert 0.85 * chance < table.loc[kind, "retried_share"] < 1.1 * chance


def test_a_challenge_is_broken_off_more_often_and_declined_no_more(
    found: dict[str, Estimate],
) -> None:
    table = found["challenge"].table.set_index(["outcome", "versus"])
    assert covers(table.loc[("abandoned", "frictionless")], CHALLENGE_ABANDON)
    for versus in ("frictionless", "none"):
        assert table.loc[("abandoned", versus), "verdict"] == "higher"
        assert covers(table.loc[("declined", versus)], 0.0)
    finding = found["challenge"].findings[0]
    assert (finding.design, finding.id) == ("adjusted", "payment.authentication.effect")
    assert finding.sensitivity is not None
    assert "association" in finding.caveats[0]


def test_the_waterfall_adds_up(found: dict[str, Estimate]) -> None:
    n = found["waterfall"].table.set_index("step")["n"]
    lost = n["lost, declined at last"] + n["lost, abandoned at last"]
    assert n["begun"] == n["paid in the end"] + lost
    assert n["paid in the end"] == n["paid at the first attempt"] + n["paid at a later attempt"]
    failed = n["first attempt abandoned"] + n["first attempt declined"]
    assert n["begun"] == n["paid at the first attempt"] + failed
    honest = found["success_rate"].table.iloc[0]
    row = found["waterfall"].table.set_index("step").loc["paid in the end"]
    assert (row["share_low"], row["share_high"]) == pytest.approx(
        (honest["ci_low"], honest["ci_high"]), abs=2e-5
    )


def test_failures_bring_tickets_and_payments_after_retries_do_not(
    found: dict[str, Estimate],
) -> None:
    table = found["tickets_after_failure"].table
    fates = table.set_index(["fate", "compared"])
    # Not paid raises the chance to PAYMENT_TICKET_CHANCE from the 0.004 of any payment.
    added = 1000 * (PAYMENT_TICKET_CHANCE - 0.004)
    assert abs(fates.loc[("not paid", "same market"), "estimate"] - added) < 0.1 * added
    again = fates.loc[("paid after a failure", "same market")]
    assert again["verdict"] == "no_difference_shown"
    within = fates.loc[("any failure", "same customer")]
    assert within["ratio_low"] > 4
    assert within["n_clusters"] < fates.loc[("any failure", "same market"), "n_clusters"]


def test_a_foreign_price_brings_tickets_unless_its_rate_is_shown(
    found: dict[str, Estimate],
) -> None:
    table = found["tickets_by_currency"].table.set_index("presentment")
    assert table.loc["foreign", "verdict"] == "higher"
    assert table.loc["foreign, rate shown", "verdict"] == "lower"


def test_tickets_per_1000_are_shrunk_and_wider_than_a_poisson_count(
    found: dict[str, Estimate],
) -> None:
    table = found["tickets_per_1000"].table
    assert bool((table["dispersion"] > 1).all())
    raw, shrunk = table["estimate"], table["shrunk_per_1000"]
    assert shrunk.std() < raw.std()
    assert bool(shrunk.is_monotonic_decreasing)
    per_1000 = (1000 * table["n_tickets"] / table["n"]).tolist()
    assert per_1000 == pytest.approx(raw.tolist())


def test_every_estimate_can_be_shown(found: dict[str, Estimate]) -> None:
    for name, estimate in found.items():
        assert estimate.summary(), name
        if estimate.draw is not None:
            estimate.plot()
            assert len(estimate.alt) > 40, name
        for finding in estimate.findings:
            assert finding.study == "payment-friction"
            assert finding.status == "estimated"
            assert finding.n_clusters is not None


def test_no_group_is_found_twice(found: dict[str, Estimate]) -> None:
    keys = [
        (item.id, tuple(sorted(item.group.items())))
        for estimate in found.values()
        for item in estimate.findings
    ]
    assert len(keys) == len(set(keys))


def write(folder: Path, **tables: list[dict[str, Any]]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder


def attempts(n: int, status: str, at: str = "2026-01-10", **changes: str) -> list[dict[str, str]]:
    place = "-".join((status, at, *changes.values()))
    return [
        {
            "attempt_id": f"{place}-{number}",
            "customer_id": f"{place}-C{number // 2}",
            "attempted_at": f"{at}T10:{number % 60:02d}:00Z",
            "status": status,
            "method": changes.get("method", "card"),
            "market": changes.get("market", "DE"),
        }
        for number in range(n)
    ]


def opened(folder: Path, rows: list[dict[str, str]]) -> Desk:
    write(folder, payments=rows)
    return open_desk(folder, as_of="2026-03-01", strict=False)


def test_a_source_of_successes_alone_gives_no_rate(tmp_path: Path) -> None:
    desk = opened(tmp_path, attempts(40, "succeeded"))
    for name in ("decline_rate", "success_rate", "challenge", "waterfall", "naive"):
        estimate = getattr(sl.payments, name)(desk)
        assert "estimate" not in estimate.table
        assert "only successes" in estimate.summary() or name == "challenge"
    (finding,) = sl.payments.decline_rate(desk).findings
    assert finding.status == "not_estimable"
    assert finding.estimate is None
    assert "this source holds only successes" in str(finding.reason)


def test_a_period_or_a_part_of_successes_alone_is_refused_by_its_own_name(tmp_path: Path) -> None:
    rows = [
        *attempts(40, "succeeded"),
        *attempts(9, "declined", at="2026-02-10"),
        *attempts(30, "succeeded", market="FR"),
    ]
    desk = opened(tmp_path, rows)
    (finding,) = sl.payments.decline_rate(desk, end="2026-02-01").findings
    assert "the period from the beginning to before 2026-02-01 holds only" in str(finding.reason)
    (finding,) = sl.payments.decline_rate(desk.where(market="FR")).findings
    assert "market FR" in str(finding.reason)
    assert "source" not in str(finding.reason)


def test_a_method_whose_failures_are_not_recorded_is_refused_and_a_lucky_one_is_not(
    tmp_path: Path,
) -> None:
    rows = [
        *attempts(200, "succeeded"),
        *attempts(60, "declined"),
        *attempts(300, "succeeded", method="cash"),
        *attempts(9, "succeeded", method="voucher"),
    ]
    table = sl.payments.decline_rate(opened(tmp_path, rows), by="method").table.set_index("method")
    assert "not recorded" in table.loc["cash", "reason"]
    assert table.loc["voucher", "estimate"] == 0.0
    assert table.loc["voucher", "ci_high"] > 0.2
    findings = sl.payments.decline_rate(opened(tmp_path, rows), by="method").findings
    assert {item.group["method"]: item.status for item in findings}["cash"] == "not_estimable"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    desk = opened(tmp_path, [*attempts(40, "succeeded"), *attempts(20, "declined")])
    expected = {
        "decline_kinds": "decline_kind",
        "challenge": "authentication",
        "tickets_per_1000": "tickets",
        "tickets_after_failure": "tickets",
        "tickets_by_currency": "tickets",
    }
    for name, word in expected.items():
        estimate = getattr(sl.payments, name)(desk)
        assert word in estimate.summary(), name
        assert all(item.status == "not_estimable" for item in estimate.findings)
        assert estimate.findings, name
    assert "challenged" not in sl.payments.waterfall(desk).table["step"].str.cat()
