"""Case tables of payments as cells: units, labels, profiles, scores, refusals."""

# ruff: noqa: DTZ001 (times of the contract are UTC without a zone)

from __future__ import annotations

import csv
import random
from datetime import datetime, timedelta
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from supportlab import metrics
from supportlab.desk import Desk, open_desk
from supportlab.errors import NotEstimable, ParameterError
from supportlab.metrics.payments.cells import payment_cells
from supportlab.metrics.payments.followed import followed_checkouts
from supportlab.metrics.payments.retries import decline_kinds, retries
from supportlab.metrics.payments.tickets import billing_categories, ticket_counts
from supportlab.metrics.score_squares import score_squares

TRIED = datetime(2026, 1, 10, 12)
AS_OF = datetime(2026, 3, 1)
PAYMENT = {
    "attempt_id": "",
    "checkout_id": "K",
    "customer_id": "C1",
    "attempted_at": TRIED,
    "market": "DE",
    "method": "card",
    "amount": "10.00",
    "presentment_currency": "EUR",
    "fx_rate_shown": "",
    "status": "declined",
    "decline_kind": "",
    "authentication": "none",
}
TICKET = {
    "ticket_id": "T0",
    "customer_id": "C0",
    "market": "DE",
    "channel": "email",
    "category": "billing",
    "status": "open",
    "created_at": datetime(2025, 12, 1),
}


def paid(name: str, seconds: float = 0, status: str = "declined", **changes: object) -> dict:
    at = TRIED + timedelta(seconds=seconds)
    return {**PAYMENT, "attempt_id": name, "attempted_at": at, "status": status, **changes}


def ticket(name: str, days: float, **changes: object) -> dict:
    at = TRIED + timedelta(days=days)
    return {**TICKET, "ticket_id": name, "created_at": at, "customer_id": "C1", **changes}


def opened(folder: Path, payments: list[dict], **others: list[dict]) -> Desk:
    folder.mkdir(exist_ok=True)
    rates = [{"date": "2026-01-10", "currency": "EUR", "per_unit": "2"}]
    tables = {"tickets": [TICKET], "payments": payments, "fx_rates": rates, **others}
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    config = {"timezone": "UTC", "reporting_currency": "USD"}
    return open_desk(folder, as_of=AS_OF, config=config, strict=False)


@pytest.fixture(scope="module")
def desk(sample_desk: Desk) -> Desk:
    return sample_desk


ENDS = {
    # attempts -> what the checkout came to
    "declined, then abandoned": ([paid("a"), paid("b", 9, "abandoned")], "n_abandoned"),
    "abandoned, then declined": ([paid("a", 0, "abandoned"), paid("b", 9)], "n_declined"),
    "both at once": ([paid("a"), paid("b", 0, "abandoned")], "n_declined"),
    "paid after all": ([paid("a"), paid("b", 9, "succeeded")], "n_success"),
    "given back": ([paid("a", 0, "reversed")], "n_reversed"),
    "one of two given back": (
        [paid("a", 0, "reversed"), paid("b", 9, "succeeded")],
        "n_success",
    ),
    "open at last": ([paid("a"), paid("b", 9, "pending")], "n_pending"),
    "status missing": ([paid("a", 0, "")], "n_excluded"),
    "too young": ([paid("a", attempted_at=AS_OF - timedelta(seconds=30))], "n_pending"),
}
OTHER = paid("other", checkout_id="other", customer_id="C9", market="US")


@pytest.mark.parametrize("name", ENDS)
def test_what_a_checkout_came_to(name: str, tmp_path: Path) -> None:
    attempts, expected = ENDS[name]
    cells = payment_cells(opened(tmp_path, [OTHER, *attempts]), "market", unit="checkout").fetch()
    row = cells.set_index("market").loc["DE"]
    counts = {"n_success", "n_declined", "n_abandoned", "n_reversed", "n_pending", "n_excluded"}
    present = {count for count in counts if row[count]}
    assert present == ({"n_success", "n_reversed"} if expected == "n_reversed" else {expected})
    assert row["n"] == row[["n_success", "n_declined", "n_abandoned"]].sum()


def test_a_first_attempt_is_judged_by_itself(tmp_path: Path) -> None:
    desk = opened(tmp_path, [OTHER, paid("a"), paid("b", 9, "succeeded")])
    found = payment_cells(desk, ("market", "first_status", "retried"), unit="first_attempt").fetch()
    own = found.loc[found["market"] == "DE"].iloc[0]
    assert (own["first_status"], own["retried"], own["n_declined"]) == ("declined", "retried", 1)
    assert payment_cells(desk, unit="attempt").fetch()["n"].iloc[0] == 3


def test_history_is_what_came_before(tmp_path: Path) -> None:
    rows = [
        paid("a", 0, "declined", checkout_id="K1"),
        paid("b", 1000, "succeeded", checkout_id="K2"),
        paid("c", 2000, "declined", checkout_id="K3"),
        paid("d", 3000, "declined", checkout_id="K4"),
        paid("e", 4000, "declined", checkout_id="K5", customer_id=""),
    ]
    found = payment_cells(opened(tmp_path, rows), "history_band", unit="checkout").fetch()
    counts = found.set_index("history_band")["n"].to_dict()
    assert counts == {"new": 1, "failed": 2, "paid": 1, "(missing)": 1}


AMOUNTS = {
    "9.99": "under 20",
    "10": "20 to 50",
    "24.99": "20 to 50",
    "25": "50 and more",
    "": "(missing)",
}


@pytest.mark.parametrize("amount", AMOUNTS)
def test_amounts_fall_into_bands_of_the_reporting_currency(amount: str, tmp_path: Path) -> None:
    desk = opened(tmp_path, [paid("a", amount=amount)])
    found = payment_cells(desk, "amount_band", amount_edges=(20, 50)).fetch()
    assert found["amount_band"].tolist() == [AMOUNTS[amount]]


def test_an_amount_without_a_rate_is_no_amount(tmp_path: Path) -> None:
    desk = opened(tmp_path, [paid("a", presentment_currency="KWD")])
    assert payment_cells(desk, "amount_band").fetch()["amount_band"].tolist() == ["(no rate)"]


def test_currency_and_rate_are_labelled(tmp_path: Path) -> None:
    rows = [
        paid("a", fx_rate_shown="true", presentment_currency="USD"),
        paid("b", 9, fx_rate_shown="false"),
        paid("c", 20, market=""),
    ]
    found = payment_cells(opened(tmp_path, rows), ("local_currency", "rate_shown")).fetch()
    assert found[["local_currency", "rate_shown"]].values.tolist() == [
        ["(missing)", "(missing)"],
        ["foreign", "shown"],
        ["local", "not shown"],
    ]


def test_what_is_not_known_is_refused(tmp_path: Path) -> None:
    desk = opened(tmp_path, [paid("a")])
    with pytest.raises(ParameterError, match="of a checkout, not of an attempt"):
        payment_cells(desk, "history_band")
    with pytest.raises(ParameterError, match="unit"):
        payment_cells(desk, unit="order")
    with pytest.raises(ParameterError, match="rising"):
        payment_cells(desk, "amount_band", amount_edges=(5, 5))
    with pytest.raises(ParameterError, match="cannot group"):
        payment_cells(desk, "decline_rate")


def test_a_part_of_successes_alone_is_refused_by_its_own_name(tmp_path: Path) -> None:
    desk = opened(tmp_path, [OTHER, paid("a", status="succeeded")])
    assert payment_cells(desk).fetch()["n"].iloc[0] == 2
    with pytest.raises(NotEstimable, match=r"part looked at \(market DE\) holds only successes"):
        payment_cells(desk.where(market="DE"))
    with pytest.raises(NotEstimable, match="this source holds only successes"):
        payment_cells(opened(tmp_path / "other", [paid("a", status="succeeded")]))


@pytest.mark.parametrize(
    ("unit", "metric"), [("attempt", "attempt_success"), ("checkout", "checkout_success")]
)
def test_cells_count_what_the_metrics_count(unit: str, metric: str, desk: Desk) -> None:
    by = ["market", "month"]
    cells = payment_cells(desk, by, unit=unit).fetch().set_index(by)
    sums = getattr(metrics, metric)(desk, by, cluster=None).fetch().set_index(by)
    assert (cells[["n", "n_success"]] == sums[["n", "n_success"]]).all(axis=None)
    assert (cells["n_pending"] == sums["n_immature"]).all()


def test_profiles_hold_every_customer_once(desk: Desk) -> None:
    cells = payment_cells(desk, "market")
    frame = cells.clusters.filter(cells.clusters.n > 0).execute()
    counts = cells.fetch().set_index("market")
    assert (frame.groupby("market")["cluster"].nunique() == counts["n_clusters"]).all()
    assert (frame.groupby("market")["n_declined"].sum() == counts["n_declined"]).all()
    assert cells.record().n == counts["n"].sum()


def test_squared_scores_are_those_of_the_rows(desk: Desk) -> None:
    cells = payment_cells(desk, ("market", "method"), unit="first_attempt")
    keys = cells.fetch()[["market", "method"]]
    rng = np.random.default_rng(4)
    scores = keys.assign(a_x=rng.normal(size=len(keys)), b_x=rng.normal(size=len(keys)))
    rows = cells.clusters.execute().merge(scores, on=["market", "method"])
    rows["score"] = rows["a_x"] * rows["n"] + rows["b_x"] * rows["n_declined"]
    totals = rows.loc[rows["n"] > 0].groupby("cluster")["score"].sum()
    found = cells.score_squares(scores).iloc[0]
    assert found["sum_of_squares"] == pytest.approx(float((totals**2).sum()), rel=1e-5)
    assert found["sum_of_scores"] == pytest.approx(float(totals.sum()), abs=0.1)
    assert found["n_clusters"] == len(totals)
    apart = cells.score_squares(scores, per_by="market")
    assert apart["sum_of_scores"].sum() == pytest.approx(found["sum_of_scores"], abs=1e-3)
    assert apart["market"].tolist() == sorted(keys["market"].unique())


def test_squares_of_a_cluster_of_millions_do_not_overflow() -> None:
    rows = {"g": ["a", "a"], "cluster": ["x", "y"], "n": [3_000_000, 100], "n_left": [0, 100]}
    scores = pd.DataFrame({"g": ["a"], "a_effect": [0.9], "b_effect": [-1.7]})
    found = score_squares(ibis.memtable(rows), ["g"], scores, "n_left").iloc[0]
    assert found["sum_of_squares"] == pytest.approx(2_700_000**2 + 80**2, rel=1e-12)


def test_scores_that_cannot_be_right_are_refused(desk: Desk) -> None:
    cells = payment_cells(desk, "market")
    keys = pd.DataFrame({"market": ["DE"]})
    with pytest.raises(ParameterError, match="b_x"):
        cells.score_squares(keys.assign(a_x=1.0))
    with pytest.raises(ParameterError, match="a_x"):
        cells.score_squares(keys.assign(a_x=np.nan, b_x=1.0))
    twice = pd.concat([keys, keys]).assign(a_x=1.0, b_x=1.0)
    with pytest.raises(ParameterError, match="more than once"):
        cells.score_squares(twice)


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    rng = random.Random(5)
    statuses = ("declined", "abandoned", "succeeded", "pending", "reversed")
    rows = [
        paid(
            f"P{place}",
            rng.randrange(100_000),
            rng.choice(statuses),
            checkout_id=f"K{rng.randrange(40)}" if place % 3 else "",
            customer_id=f"C{rng.randrange(9)}",
        )
        for place in range(120)
    ]
    by = ("history_band", "first_status", "retried")
    first = payment_cells(opened(tmp_path / "one", rows), by, unit="checkout").profiles()
    rng.shuffle(rows)
    second = payment_cells(opened(tmp_path / "two", rows), by, unit="checkout").profiles()
    pd.testing.assert_frame_equal(first, second)


def test_kinds_and_retries(tmp_path: Path) -> None:
    rows = [
        paid("a", 0, decline_kind="soft"),
        paid("b", 9, decline_kind="hard"),
        paid("c", 20, "succeeded"),
        paid("d", 0, checkout_id="L", decline_kind="soft"),
        paid("e", 0, checkout_id="M", customer_id="C2"),
        paid("f", 0, "abandoned", checkout_id="N", customer_id="C2"),
        paid("g", 9, "pending", checkout_id="N", customer_id="C2"),
        paid("h", checkout_id="Y", attempted_at=AS_OF - timedelta(seconds=9)),
    ]
    desk = opened(tmp_path, rows)
    kinds, record, is_known = decline_kinds(desk)
    totals = kinds.mul(kinds["n_clusters"], axis=0).sum()
    assert totals[["n", "n_hard", "n_soft", "n_unknown"]].tolist() == [3, 1, 2, 2]
    assert (record.n, record.n_excluded, is_known) == (3, 2, True)
    after, record, _ = retries(desk)
    counted = {
        name: part[["n", "n_retried", "n_judged", "n_paid"]].mul(part["n_clusters"], axis=0).sum()
        for name, part in after.groupby("after")
    }
    assert counted["soft"].tolist() == [2, 1, 1, 0]
    assert counted["hard"].tolist() == [1, 1, 1, 1]
    assert counted["declined"].tolist() == [1, 0, 0, 0]
    assert counted["abandoned"].tolist() == [1, 1, 0, 0]
    assert record.n_immature == 1


FOLLOWING = {
    "the same second": (0.0, {}, 0),
    "a second later": (1 / 86400, {}, 1),
    "on the last instant": (7.0, {}, 1),
    "after it": (7.0 + 1 / 86400, {}, 0),
    "before": (-1.0, {}, 0),
    "of another customer": (1.0, {"customer_id": "C2"}, 0),
    "of another topic": (1.0, {"category": "delivery"}, 0),
    "spam": (1.0, {"status": "spam"}, 0),
    "started by an agent": (1.0, {"initiated_by": "agent"}, 0),
}


@pytest.mark.parametrize("name", FOLLOWING)
def test_which_ticket_follows_a_payment(name: str, tmp_path: Path) -> None:
    days, changes, expected = FOLLOWING[name]
    base = {"initiated_by": "customer"}
    late = ticket("T9", 40, customer_id="C8") | base
    tickets = [TICKET | base, ticket("T1", days) | base | changes, late]
    desk = opened(tmp_path, [paid("a"), OTHER], tickets=tickets)
    found = followed_checkouts(desk, "market").fetch().set_index("market")
    assert found.loc["DE", ["fate", "n", "n_followed"]].tolist() == ["not paid", 1, expected]


def test_fates_and_young_checkouts(tmp_path: Path) -> None:
    rows = [
        paid("a", 0, "succeeded", checkout_id="K1"),
        paid("b", 500, checkout_id="K2"),
        paid("c", 520, "succeeded", checkout_id="K2"),
        paid("d", 900, checkout_id="K3"),
        paid("e", checkout_id="K4", attempted_at=AS_OF - timedelta(days=6)),
        paid("f", 900, "pending", checkout_id="K5"),
        paid("g", 900, checkout_id="K6", customer_id=""),
    ]
    tickets = [TICKET, ticket("T1", 2), ticket("T9", 49, customer_id="C8")]
    cells = followed_checkouts(opened(tmp_path, rows, tickets=tickets))
    assert cells.fetch().set_index("fate")[["n", "n_followed"]].T.to_dict("list") == {
        "not paid": [1, 1],
        "paid after a failure": [1, 1],
        "paid at once": [1, 1],
    }
    pairs = cells.by_customer(("not paid", "paid after a failure"), ("paid at once",))
    assert pairs.values.tolist() == [[2, 2, 1, 1, 1]]


def test_tickets_are_counted_over_the_days_that_both_tables_hold(tmp_path: Path) -> None:
    rows = [paid("a"), paid("b", 86400 * 20, checkout_id="L"), paid("c", 86400, checkout_id="M")]
    tickets = [ticket("early", -3), ticket("in", 4), ticket("late", 30)]
    counts = ticket_counts(opened(tmp_path, rows, tickets=tickets))
    assert counts.profiles[["n_tickets", "n_payments", "n_clusters"]].values.tolist() == [[1, 3, 1]]
    assert "2026-01-10 to 2026-01-30" in " ".join(counts.definition.parts)


def test_the_end_of_a_period_is_not_in_where_payments_have_days_alone(tmp_path: Path) -> None:
    midnights = [datetime(2026, 1, day) for day in (30, 31)] + [datetime(2026, 2, 1)]
    rows = [
        paid(f"a{place}", checkout_id=f"K{place}", attempted_at=at)
        for place, at in enumerate(midnights)
    ]
    tickets = [ticket("early", -3), ticket("in", 20), ticket("late", 30)]
    desk = opened(tmp_path, rows, tickets=tickets)
    counts = ticket_counts(desk, start="2026-01-01", end="2026-02-01")
    assert counts.profiles[["n_tickets", "n_payments"]].values.tolist() == [[1, 2]]
    assert "2026-01-30 to 2026-01-31" in " ".join(counts.definition.parts)


def test_what_counts_as_billing_is_said_and_can_be_chosen(tmp_path: Path) -> None:
    tickets = [TICKET, ticket("T1", 1, category="Invoice"), ticket("T2", 1, category="money")]
    desk = opened(tmp_path, [paid("a")], tickets=tickets)
    assert billing_categories(desk) == ("Invoice", "billing")
    assert billing_categories(desk, ("money",)) == ("money",)
    with pytest.raises(ParameterError, match="billling"):
        billing_categories(desk, ("billling",))
    other = opened(tmp_path / "b", [paid("a")], tickets=[TICKET | {"category": "login"}])
    with pytest.raises(NotEstimable, match="Say with categories"):
        billing_categories(other)
