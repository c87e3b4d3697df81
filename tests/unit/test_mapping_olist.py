"""The Olist mapping on the real cut, held against figures known beforehand."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from supportlab import metrics
from supportlab.desk import Desk, open_desk
from supportlab.desk.mapping import parse_mapping, run_import
from supportlab.errors import NotEstimable

pytestmark = pytest.mark.real_data

# The cut has 5,172 of 96,478 delivered orders.
CUT = 'extends = "olist"\n[said]\ndelivered_weight = "18.65"\n'


@pytest.fixture(scope="module")
def folder(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = real_data / "olist"
    if not (source / "olist_orders_dataset.csv").is_file():
        pytest.skip(f"the Olist files are not in {source}")
    out = tmp_path_factory.mktemp("olist") / "out"
    run_import(parse_mapping(CUT, "cut.toml"), source, out)
    return out


@pytest.fixture(scope="module")
def desk(folder: Path) -> Desk:
    return open_desk(folder)


@pytest.fixture(scope="module")
def payments(folder: Path) -> pd.DataFrame:
    table = pd.read_parquet(folder / "payments.parquet")
    wait = table["x_approved_at"] - table["attempted_at"]
    return table.assign(
        amount=table["amount"].astype(float), approval_hours=wait.dt.total_seconds() / 3600
    )


@pytest.fixture(scope="module")
def surveys(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "surveys.parquet")


def test_every_row_is_accounted_for(folder: Path) -> None:
    record = json.loads((folder / "import.json").read_text(encoding="utf-8"))
    assert record["inputs"] == {
        "customers": 8_135,
        "orders": 8_135,
        "payments": 8_924,
        "reviews": 8_225,
    }
    for table in record["tables"].values():
        for block in table["blocks"]:
            dropped = sum(item["n_rows"] for item in block["dropped"])
            assert block["n_input"] == dropped + block["n_collapsed"] + block["n_output"]
    (block,) = record["tables"]["payments"]["blocks"]
    assert [item["n_rows"] for item in block["dropped"]] == [3, 2]


def test_no_money_is_lost_and_parts_of_a_price_are_one_payment(
    real_data: Path, payments: pd.DataFrame
) -> None:
    raw = pd.read_csv(real_data / "olist" / "olist_order_payments_dataset.csv")
    assert payments["amount"].sum() == pytest.approx(raw["payment_value"].sum(), abs=0.005)
    assert len(payments) == 8_135 - 3
    assert (payments["x_parts"] > 1).sum() == 274
    mixed = payments[payments["x_methods"] > 1]
    assert set(mixed["method_brand"]) == {"credit_card"}
    assert len(mixed) == 203


def test_hours_to_approval_are_the_known_ones(payments: pd.DataFrame) -> None:
    median = payments.groupby("method_brand")["approval_hours"].median()
    assert round(median["boleto"], 1) == 29.6
    assert round(median["credit_card"], 2) == 0.27
    assert not (payments["approval_hours"] < 0).any()


def test_the_decline_rate_is_refused_and_the_order_value_is_not(desk: Desk) -> None:
    for metric in (metrics.attempt_success, metrics.checkout_success):
        with pytest.raises(NotEstimable, match="holds only successes"):
            metric(desk)
    sums = metrics.order_value(desk).fetch()
    assert int(sums["n"].sum()) == 7_989


def test_the_studies_refuse_what_needs_failures(desk: Desk) -> None:
    from supportlab.studies import payments

    for study in (payments.decline_rate, payments.success_rate, payments.abandonment_rate):
        (finding,) = study(desk).findings
        assert finding.status == "not_estimable"
        assert "holds only successes" in str(finding.reason)


def test_a_review_is_one_answer_of_a_person(surveys: pd.DataFrame) -> None:
    assert len(surveys) == surveys["survey_id"].nunique() == 8_191
    assert (surveys["x_order_count"] > 1).sum() == 28
    # The person, not the order's own customer id.
    assert surveys["customer_id"].nunique() < surveys["x_order_id"].nunique()
    assert set(surveys["x_weight"]) == {1.0, 18.65}
    assert not (surveys["responded_at"] < surveys["sent_at"]).any()


def test_late_delivery_and_its_scores_are_the_known_ones(surveys: pd.DataFrame) -> None:
    done = surveys[surveys["x_order_status"] == "delivered"]
    late = done["x_delivered_at"] > done["x_promised_on"]
    # Known by order: 8.0 %, 4.278 and 2.498. Here a review of several orders counts once.
    assert late.mean() == pytest.approx(0.080, abs=0.001)
    assert done["score"][~late].mean() == pytest.approx(4.278, abs=0.005)
    assert done["score"][late].mean() == pytest.approx(2.498, abs=0.02)


def test_levels_weighted_back_to_all_orders_are_those_of_the_delivered_mostly(
    surveys: pd.DataFrame,
) -> None:
    from supportlab.stats.sampled import sampled_mean

    found = sampled_mean(surveys["score"], surveys["x_weight"], cluster=surveys["customer_id"])
    # 5,172 of 96,478 delivered orders: as they stand the rows give 3.27.
    assert found.estimate == pytest.approx(4.07, abs=0.005)
    assert surveys["score"].mean() == pytest.approx(3.27, abs=0.005)
    assert found.high - found.low < 0.1


def test_scores_do_not_differ_by_method(payments: pd.DataFrame, surveys: pd.DataFrame) -> None:
    from scipy.stats import f_oneway

    done = surveys[surveys["x_order_status"] == "delivered"]
    both = payments.merge(done, left_on="checkout_id", right_on="x_order_id")
    groups = [group["score"] for _, group in both.groupby("method_brand")]
    assert len(groups) == 4
    assert f_oneway(*groups).pvalue > 0.5


def test_without_the_users_word_there_is_no_weight(real_data: Path, tmp_path: Path) -> None:
    run_import("olist", real_data / "olist", tmp_path / "out")
    assert "x_weight" not in pd.read_parquet(tmp_path / "out" / "surveys.parquet").columns
