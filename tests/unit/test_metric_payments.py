"""Case tables of payments: attempts, checkouts and order value."""

# ruff: noqa: DTZ001 (times of the contract are UTC without a zone)

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from supportlab import metrics
from supportlab.desk import Desk, open_desk
from supportlab.errors import NotEstimable, ParameterError

TRIED = datetime(2026, 1, 10, 12)
AS_OF = datetime(2026, 3, 1)
PAYMENT = {
    "attempt_id": "",
    "checkout_id": "",
    "customer_id": "C1",
    "attempted_at": TRIED,
    "market": "DE",
    "amount": "10.00",
    "presentment_currency": "EUR",
    "status": "declined",
}
TICKET = {"ticket_id": "T", "channel": "email", "status": "open", "created_at": TRIED}


def paid(name: str, seconds: float = 0, status: str = "declined", **changes: object) -> dict:
    at = TRIED + timedelta(seconds=seconds)
    return {**PAYMENT, "attempt_id": name, "attempted_at": at, "status": status, **changes}


def opened(folder: Path, payments: list[dict], **others: list[dict]) -> Desk:
    folder.mkdir(exist_ok=True)
    for name, rows in {"tickets": [TICKET], "payments": payments, **others}.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    config = {"timezone": "UTC", "reporting_currency": "USD"}
    return open_desk(folder, as_of=AS_OF, config=config, strict=False)


def fates(sums: metrics.Sums) -> dict[str, str]:
    return sums.cases.execute().set_index("unit")["outcome"].to_dict()


def test_attempt_cases(tmp_path: Path) -> None:
    expected = {
        "succeeded": "success",
        "reversed": "success",
        "declined": "failure",
        "abandoned": "failure",
        "pending": "immature",
        "": "excluded",
    }
    desk = opened(tmp_path, [paid(f"P{status}", status=status) for status in expected])
    sums = metrics.attempt_success(desk)
    assert fates(sums) == {f"P{status}": fate for status, fate in expected.items()}
    assert sums.cluster_name == "customer_id"
    assert sums.fetch().iloc[0].to_dict() == {
        "cluster": "C1",
        "n": 4,
        "n_success": 2,
        "n_immature": 1,
        "n_excluded": 1,
    }


@pytest.mark.parametrize("name", ["attempt_success", "checkout_success"])
def test_source_of_successes_alone_is_refused(name: str, tmp_path: Path) -> None:
    desk = opened(tmp_path, [paid("a", status="succeeded"), paid("b", status="pending")])
    with pytest.raises(NotEstimable, match="holds only successes"):
        getattr(metrics, name)(desk)


@pytest.mark.parametrize("name", ["attempt_success", "checkout_success"])
def test_without_payments_there_is_a_reason(name: str, tmp_path: Path) -> None:
    opened(tmp_path, [paid("a")])
    (tmp_path / "payments.csv").unlink()
    with pytest.raises(NotEstimable, match="Provide payments"):
        getattr(metrics, name)(open_desk(tmp_path, as_of=AS_OF, config={"timezone": "UTC"}))


def test_attempts_are_grouped_by_their_customer(tmp_path: Path) -> None:
    customers = [{"customer_id": "C1", "segment": "pro", "market": "US"}]
    rows = [paid("a"), paid("b", customer_id=""), paid("c", customer_id="C9", status="succeeded")]
    desk = opened(tmp_path, rows, customers=customers)
    table = metrics.attempt_success(desk, by=("segment", "market")).fetch()
    assert table[["segment", "market", "cluster", "n", "n_success"]].values.tolist() == [
        ["(missing)", "DE", "C9", 1, 1],
        ["(missing)", "DE", "attempt_id:b", 1, 0],
        ["pro", "DE", "C1", 1, 0],
    ]


CHECKOUT_CASES = {
    # id: (attempts, fates by unit)
    "retry that paid": (
        [paid("a"), paid("b", 59, "succeeded")],
        {"attempt_id:a": "success"},
    ),
    "on the last instant of the gap": (
        [paid("a"), paid("b", 60, "succeeded")],
        {"attempt_id:a": "success"},
    ),
    "just after the gap": (
        [paid("a"), paid("b", 60.000001, "succeeded")],
        {"attempt_id:a": "failure", "attempt_id:b": "success"},
    ),
    "a chain longer than the gap": (
        [paid("a"), paid("b", 50), paid("c", 100), paid("d", 150, "succeeded")],
        {"attempt_id:a": "success"},
    ),
    "another amount": (
        [paid("a"), paid("b", 5, "succeeded", amount="11.00")],
        {"attempt_id:a": "failure", "attempt_id:b": "success"},
    ),
    "another currency": (
        [paid("a"), paid("b", 5, "succeeded", presentment_currency="USD")],
        {"attempt_id:a": "failure", "attempt_id:b": "success"},
    ),
    "another customer": (
        [paid("a"), paid("b", 5, "succeeded", customer_id="C2")],
        {"attempt_id:a": "failure", "attempt_id:b": "success"},
    ),
    "nobody known": (
        [paid("a", customer_id=""), paid("b", 5, "succeeded", customer_id="")],
        {"attempt_id:a": "failure", "attempt_id:b": "success"},
    ),
    "amount not known": (
        [paid("a", amount=""), paid("b", 5, "succeeded", amount="")],
        {"attempt_id:a": "failure", "attempt_id:b": "success"},
    ),
    "named, a day apart": (
        [paid("a", checkout_id="K"), paid("b", 86400, "succeeded", checkout_id="K", amount="9")],
        {"K": "success"},
    ),
    "named apart, in one minute": (
        [paid("a", checkout_id="K"), paid("b", 5, "succeeded", checkout_id="L")],
        {"K": "failure", "L": "success"},
    ),
    "named and not named": (
        [paid("a", checkout_id="K"), paid("b", 5, "succeeded")],
        {"K": "failure", "attempt_id:b": "success"},
    ),
    "pending at last": ([paid("a"), paid("b", 5, "pending")], {"attempt_id:a": "immature"}),
    "pending, then declined": (
        [paid("a", 0, "pending"), paid("b", 5)],
        {"attempt_id:a": "immature"},
    ),
    "paid, then pending": (
        [paid("a", 0, "succeeded"), paid("b", 5, "pending")],
        {"attempt_id:a": "success"},
    ),
    "reversed": ([paid("a"), paid("b", 5, "reversed")], {"attempt_id:a": "success"}),
    "status missing": ([paid("a"), paid("b", 5, "")], {"attempt_id:a": "excluded"}),
    "younger than the gap": (
        [paid("a", attempted_at=AS_OF - timedelta(seconds=59), status="succeeded")],
        {"attempt_id:a": "immature"},
    ),
    "as old as the gap": (
        [paid("a", attempted_at=AS_OF - timedelta(seconds=60), status="succeeded")],
        {"attempt_id:a": "success"},
    ),
}
FAILED = paid("failed", customer_id="C0", checkout_id="failed")


@pytest.mark.parametrize("name", CHECKOUT_CASES)
def test_checkout_case(name: str, tmp_path: Path) -> None:
    attempts, expected = CHECKOUT_CASES[name]
    sums = metrics.checkout_success(opened(tmp_path, [FAILED, *attempts]))
    assert fates(sums) == {"failed": "failure", **expected}


def test_longer_gap_joins_more(tmp_path: Path) -> None:
    desk = opened(tmp_path, [paid("a"), paid("b", 600, "succeeded")])
    assert fates(metrics.checkout_success(desk, gap_seconds=600)) == {"attempt_id:a": "success"}
    with pytest.raises(ParameterError, match="gap_seconds"):
        metrics.checkout_success(desk, gap_seconds=0)


def test_checkout_belongs_to_its_first_attempt(tmp_path: Path) -> None:
    rows = [
        paid("a", checkout_id="K", attempted_at=datetime(2026, 1, 31, 23, 59, 50)),
        paid("b", checkout_id="K", attempted_at=datetime(2026, 2, 1), market="US")
        | {"status": "succeeded"},
    ]
    desk = opened(tmp_path, rows)
    table = metrics.checkout_success(desk, by=("month", "market"), cluster=None).fetch()
    assert table[["month", "market", "n", "n_success"]].values.tolist() == [["2026-01", "DE", 1, 1]]
    assert metrics.checkout_success(desk, cluster=None, start="2026-02-01").fetch()["n"][0] == 0


def test_sources_without_ids_say_so(tmp_path: Path) -> None:
    def bare(*columns: str) -> list[dict]:
        rows = [paid("a"), paid("b", 5, "succeeded")]
        return [{key: row[key] for key in row if key not in columns} for row in rows]

    joined = metrics.checkout_success(opened(tmp_path / "a", bare("checkout_id")))
    assert "by customer" in joined.definition.parts[0]
    assert fates(joined) == {"attempt_id:a": "success"}
    apart = metrics.checkout_success(opened(tmp_path / "b", bare("checkout_id", "customer_id")))
    assert "not joined" in apart.definition.parts[0]
    assert apart.cluster_name == "row"
    assert len(fates(apart)) == 2


RATES = [
    {"date": "2026-01-10", "currency": "EUR", "per_unit": "1.25"},
    {"date": "2026-01-10", "currency": "JPY", "per_unit": "0.006543210000"},
    {"date": "2026-01-11", "currency": "GBP", "per_unit": "1.5"},
    {"date": "2026-01-08", "currency": "CHF", "per_unit": "1.05"},
    {"date": "2026-01-09", "currency": "CHF", "per_unit": "1.1"},
    {"date": "2026-01-12", "currency": "CHF", "per_unit": "1.2"},
    {"date": "2026-01-03", "currency": "SEK", "per_unit": "0.1"},
    {"date": "2026-01-02", "currency": "NOK", "per_unit": "0.1"},
]
ORDER_CASES = {
    # id: (changes, value in the reporting currency, reason)
    "converted": ({}, 12.5, None),
    "rounded to four decimals": ({"presentment_currency": "JPY", "amount": "777"}, 5.0841, None),
    "own currency": ({"presentment_currency": "USD"}, 10.0, None),
    "reversed": ({"status": "reversed"}, 12.5, None),
    "free": ({"amount": "0"}, 0.0, None),
    "rate of a later day only": (
        {"presentment_currency": "GBP"},
        None,
        "no exchange rate that holds on that day",
    ),
    "rate of the Friday before": ({"presentment_currency": "CHF"}, 11.0, None),
    "rate of seven days before": ({"presentment_currency": "SEK"}, 1.0, None),
    "rate of eight days before": (
        {"presentment_currency": "NOK"},
        None,
        "no exchange rate that holds on that day",
    ),
    "amount missing": ({"amount": ""}, None, "the amount is missing"),
    "currency missing": ({"presentment_currency": ""}, None, "the currency is missing"),
    "negative": ({"amount": "-1"}, None, "the amount is negative"),
    "a hundred million": (
        {"presentment_currency": "USD", "amount": "100000000"},
        None,
        "the amount is 100 million or more",
    ),
}


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    rows = [
        paid(name, status="succeeded", checkout_id=name) | case[0]
        for name, case in ORDER_CASES.items()
    ]
    rows.append(paid("nobody paid", checkout_id="nobody paid"))
    return opened(tmp_path_factory.mktemp("orders"), rows, fx_rates=RATES)


def test_order_value_cases(orders: Desk) -> None:
    cases = metrics.order_value(orders).cases.execute().set_index("unit")
    assert set(cases.index) == set(ORDER_CASES)
    for name, (_, value, reason) in ORDER_CASES.items():
        case = cases.loc[name]
        assert case["outcome"] == ("counted" if reason is None else "excluded"), name
        if reason is None:
            assert float(case["value"]) == value, name
        else:
            assert case["reason"] == reason


def test_order_value_in_one_currency_is_not_converted(orders: Desk) -> None:
    sums = metrics.order_value(orders, cluster=None, currency="EUR")
    row = sums.fetch().iloc[0]
    assert (row["n"], row["total"], row["total_squared"]) == (3, 20.0, 200.0)
    assert "amounts in EUR" in sums.definition.parts
    with pytest.raises(ParameterError, match="currency is 'eur'"):
        metrics.order_value(orders, currency="eur")


def test_order_is_counted_once_at_its_first_payment(tmp_path: Path) -> None:
    rows = [
        paid("a", checkout_id="K", amount="10"),
        paid("b", 5, "succeeded", checkout_id="K", amount="11"),
        paid("c", 9, "succeeded", checkout_id="K", amount="12"),
    ]
    row = metrics.order_value(opened(tmp_path, rows), cluster=None, currency="EUR").fetch().iloc[0]
    assert (row["n"], row["total"]) == (1, 11.0)


def test_without_rates_only_the_reporting_currency_counts(tmp_path: Path) -> None:
    rows = [paid("a", status="succeeded"), paid("b", 0, "succeeded", presentment_currency="USD")]
    sums = metrics.order_value(opened(tmp_path, rows), cluster=None)
    assert sums.fetch()["n"][0] == 1
    assert sums.excluded()["reason"].to_list() == ["no exchange rate that holds on that day"]


def test_sums_of_order_value_are_exact(tmp_path: Path) -> None:
    rows = [paid(f"{n}", status="succeeded", amount="0.1", checkout_id=n) for n in range(30)]
    desk = opened(tmp_path, rows)
    total = metrics.order_value(desk, cluster=None, currency="EUR").table.total.execute()[0]
    assert str(total) == "3.0000"


def test_sample_has_the_planted_decline_rate(sample_desk: Desk) -> None:
    desk = sample_desk
    row = metrics.attempt_success(desk, cluster=None).fetch().iloc[0]
    payments = desk.table("payments").status.value_counts().execute().set_index("status").iloc[:, 0]
    assert payments["declined"] / payments.sum() == pytest.approx(0.12712, abs=0.0002)
    assert row["n_success"] == payments["succeeded"] + payments["reversed"]
    assert row["n"] == payments.sum() - payments["pending"]
    checkouts = metrics.checkout_success(desk, cluster=None).fetch().iloc[0]
    assert checkouts["n_success"] / checkouts["n"] > row["n_success"] / row["n"]
