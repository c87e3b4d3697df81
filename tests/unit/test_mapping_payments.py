"""The mappings of payment platforms on invented records of their shapes, by the import command."""

# An inline table of TOML stands on one line, however long.

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from supportlab import metrics
from supportlab.cli import main
from supportlab.desk import open_desk
from supportlab.errors import NotEstimable

ZONES = (
    'zone_from = "TimeZone", zone_names = { CET = "Europe/Amsterdam", CEST = "Europe/Amsterdam" }'
)
MINE = {
    "stripe": """
extends = "stripe"
[said]
status_codes = { succeeded = "succeeded", pending = "pending", failed = "declined" }
decimals = { ISK = 2 }
market = "payment_method_details.card.country"
market_source = "card"
method = "payment_method_details.type"
method_codes = { card = "card", sepa_debit = "direct_debit" }
method_brand = "payment_method_details.card.brand"
""",
    "paypal": """
extends = "paypal"
[said]
payment_events = ["T0003", "T0005", "T0006"]
checkout = "transaction_info.invoice_id"
""",
    "braintree": """
extends = "braintree"
[said]
sale_types = ["sale"]
response_types = { soft_declined = "soft", hard_declined = "hard", approved = "" }
customer = "customer_details.id"
checkout = "order_id"
market = "billing_details.country_code_alpha2"
market_source = "billing"
method_brand = "credit_card_details.card_type"
""",
    "adyen_settlement": f"""
extends = "adyen_settlement"
[said]
created = {{ formats = ["%Y-%m-%d %H:%M:%S"], {ZONES} }}
method_codes = {{ visa = "card", mc = "card", ideal = "bank_redirect" }}
""",
    "adyen_accounting": f"""
extends = "adyen_accounting"
[said]
booked = {{ formats = ["%Y-%m-%d %H:%M:%S"], {ZONES} }}
checkout = "Merchant Reference"
method_codes = {{ visa = "card" }}
""",
}
REFUSED = """
first_types = ["Refused"]
decline_reason = "Refusal Reason"
decline_kinds = { "Not enough balance" = "soft" }
[codes.record_type]
Refused = "declined"
"""


@pytest.fixture(scope="session")
def records(repository: Path) -> Path:
    return repository / "tests" / "fixtures" / "payments"


@dataclass
class Ran:
    exit_code: object
    output: str


def command(mapping: str, source: Path, out: Path) -> Ran:
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said), pytest.raises(SystemExit) as left:
        main(["import", mapping, str(source), "--out", str(out)])
    return Ran(left.value.code, said.getvalue())


def imported(
    tmp_path: Path, source: Path, mapping: str
) -> tuple[pd.DataFrame, dict[str, Any], str]:
    """Return payments by attempt, the record of the import, and what the command printed."""
    mine = tmp_path / "mine.toml"
    mine.write_text(mapping, encoding="utf-8")
    result = command(str(mine), source, tmp_path / "out")
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "out" / "import.json").read_text(encoding="utf-8"))
    table = pd.read_parquet(tmp_path / "out" / "payments.parquet").set_index("attempt_id")
    # No row is lost or doubled.
    (block,) = record["tables"]["payments"]["blocks"]
    dropped = sum(item["n_rows"] for item in block["dropped"])
    assert block["n_input"] == dropped + block["n_collapsed"] + block["n_output"]
    assert block["n_input"] == sum(record["inputs"].values())
    assert block["n_output"] == len(table) == table.index.nunique()
    return table, record, result.output


def column(table: pd.DataFrame, name: str) -> dict[str, Any]:
    return {str(key): None if pd.isna(value) else value for key, value in table[name].items()}


def moment(table: pd.DataFrame, attempt: str) -> str:
    return str(table.loc[attempt, "attempted_at"])


@pytest.mark.parametrize("name", sorted(MINE))
def test_what_only_the_user_can_know_is_asked(name: str, records: Path, tmp_path: Path) -> None:
    result = command(name, records / name, tmp_path / "out")
    assert result.exit_code == 2
    assert f'extends = "{name}"' in result.output
    assert "because nobody outside can know" in result.output
    assert not (tmp_path / "out").exists()


def test_stripe(records: Path, tmp_path: Path) -> None:
    table, record, output = imported(tmp_path, records / "stripe", MINE["stripe"])
    assert record["mapping"]["extends"] == "stripe"
    assert record["mapping"]["said"]["decimals"] == {"ISK": 2}
    assert record["tables"]["payments"]["blocks"][0]["n_collapsed"] == 1
    assert "Note:" not in output
    amounts = {"ch_01": "10.50", "ch_02": "500", "ch_03": "12.340", "ch_04": "500"}
    for attempt, amount in amounts.items():
        assert table.loc[attempt, "amount"] == Decimal(amount)
    assert moment(table, "ch_01") == "2026-01-05 10:00:00"
    status = column(table, "status")
    assert [a for a, s in status.items() if s == "declined"] == [
        *("ch_05", "ch_07", "ch_08", "ch_09", "ch_10", "ch_11")
    ]
    assert (status["ch_12"], status["ch_13"], status["ch_14"]) == (
        *("pending", "reversed", "succeeded"),
    )
    kinds = {a: k for a, k in column(table, "decline_kind").items() if k}
    assert kinds == {
        "ch_05": "soft",
        "ch_07": "hard",
        "ch_08": "risk",
        "ch_09": "risk",
        "ch_10": "technical",
        # Not one of the codes that this mapping knows: no kind rather than a wrong one. Its
        # failure_code says no more than that the card was declined.
    }
    reasons = {a: r for a, r in column(table, "decline_reason").items() if r}
    assert reasons["ch_05"] == "insufficient_funds"
    assert reasons["ch_10"] == "parameter_invalid_empty"
    assert set(reasons) == {a for a, s in status.items() if s == "declined"}
    assert table.loc[["ch_05", "ch_06"], "checkout_id"].tolist() == ["pi_5", "pi_5"]
    assert column(table, "method")["ch_12"] == "direct_debit"
    assert column(table, "market")["ch_12"] is None
    assert column(table, "market_source") == {
        a: "card" if m else None for a, m in column(table, "market").items()
    }
    assert column(table, "customer_id")["ch_15"] is None


def test_stripe_without_the_optional_answers_leaves_their_columns_out(
    records: Path, tmp_path: Path
) -> None:
    mine = "\n".join(MINE["stripe"].splitlines()[:5])
    table, *_ = imported(tmp_path, records / "stripe", mine)
    assert not {"market", "market_source", "method", "method_brand"} & set(table.columns)


def test_stripe_from_a_loader_that_writes_times_as_text(records: Path, tmp_path: Path) -> None:
    text = (records / "stripe" / "charges.jsonl").read_text(encoding="utf-8")
    source = tmp_path / "charges.jsonl"
    source.write_text(
        text.replace("1767607200", '"2026-01-05T10:00:00.000000Z"')
        .replace(' "outcome":', ' "unused":')
        .splitlines()[0],
        encoding="utf-8",
    )
    mine = MINE["stripe"] + '[times.created]\nformats = ["iso"]\n'
    table, record, output = imported(tmp_path, source, mine)
    assert moment(table, "ch_01") == "2026-01-05 10:00:00"
    assert record["absent_columns"] == {"charges": ["outcome"]}
    assert "holds only successes" in output


def test_paypal(records: Path, tmp_path: Path) -> None:
    table, record, output = imported(tmp_path, records / "paypal", MINE["paypal"])
    assert column(table, "status") == {
        "0AB12345CD6789012": "succeeded",
        "1AB12345CD6789012": "succeeded",
        "2AB12345CD6789012": "reversed",
        "3AB12345CD6789012": "succeeded",
        "7AB12345CD6789012": "declined",
        "8AB12345CD6789012": "succeeded",
        "9AB12345CD6789012": "pending",
        "AAB12345CD6789012": "succeeded",
    }
    (block,) = record["tables"]["payments"]["blocks"]
    assert [item["n_rows"] for item in block["dropped"]] == [3, 1]
    assert block["n_collapsed"] == 1
    # The attempt is when it was begun, not when it was taken.
    assert moment(table, "1AB12345CD6789012") == "2026-01-05 11:00:00"
    assert moment(table, "2AB12345CD6789012") == "2026-01-05 11:00:00"
    assert table.loc["3AB12345CD6789012", "amount"] == Decimal(1000)
    assert column(table, "method")["3AB12345CD6789012"] == "card"
    assert column(table, "method_brand")["0AB12345CD6789012"] == "paypal"
    assert set(table["market_source"]) == {"payer"}
    retried = ["7AB12345CD6789012", "8AB12345CD6789012"]
    assert table.loc[retried, "checkout_id"].tolist() == ["INV-3", "INV-3"]
    assert "Note:" not in output
    desk = open_desk(tmp_path / "out", as_of="2026-03-01", strict=False)
    assert metrics.attempt_success(desk).fetch()[["n", "n_success"]].sum().tolist() == [7, 6]


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("paypal", "paypal_default"),
        ("adyen_settlement", "adyen_settlement"),
        ("adyen_accounting", "adyen_accounting"),
    ],
)
def test_a_source_of_successes_says_so_and_its_rate_is_refused(
    name: str, folder: str, records: Path, tmp_path: Path
) -> None:
    _, record, output = imported(tmp_path, records / folder, MINE[name])
    assert "this source holds only successes" in output
    assert "The decline rate is unknown, not 0" in record["remarks"][0]
    desk = open_desk(tmp_path / "out", as_of="2027-01-01", strict=False)
    with pytest.raises(NotEstimable, match="holds only successes"):
        metrics.attempt_success(desk)
    with pytest.raises(NotEstimable, match="holds only successes"):
        metrics.checkout_success(desk)


def test_paypal_rows_of_one_id_that_are_two_payments_are_refused(
    records: Path, tmp_path: Path
) -> None:
    lines = (records / "paypal" / "transactions.jsonl").read_text(encoding="utf-8").splitlines()
    other = lines[0].replace('"10.50"', '"11.50"')
    source = tmp_path / "transactions.jsonl"
    source.write_text("\n".join([*lines, other]), encoding="utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(MINE["paypal"], encoding="utf-8")
    result = command(str(mine), source, tmp_path / "out")
    assert result.exit_code == 3
    assert "rows_disagree" in result.output
    assert "0AB12345CD6789012" in result.output
    assert not (tmp_path / "out").exists()


def test_paypal_pages_of_the_api(records: Path, tmp_path: Path) -> None:
    lines = (records / "paypal" / "transactions.jsonl").read_text(encoding="utf-8").splitlines()
    source = tmp_path / "source"
    source.mkdir()
    for number, part in enumerate((lines[:5], lines[5:]), start=1):
        page = {"transaction_details": [json.loads(line) for line in part], "page": number}
        (source / f"page-{number}.json").write_text(json.dumps(page), encoding="utf-8")
    mine = MINE["paypal"] + (
        '[inputs.transactions]\nfiles = ["page-*.json"]\nformat = "json"\n'
        'explode = "transaction_details"\n'
    )
    pages, *_ = imported(tmp_path, source, mine)
    plain = tmp_path / "plain"
    plain.mkdir()
    records_of, *_ = imported(plain, records / "paypal", MINE["paypal"])
    pd.testing.assert_frame_equal(pages, records_of)


def test_braintree(records: Path, tmp_path: Path) -> None:
    table, record, _ = imported(tmp_path, records / "braintree", MINE["braintree"])
    (block,) = record["tables"]["payments"]["blocks"]
    assert (block["dropped"][0]["n_rows"], block["n_collapsed"]) == (3, 1)
    assert column(table, "status") == {
        "t01": "succeeded",
        "t02": "declined",
        "t03": "succeeded",
        "t04": "declined",
        "t05": "declined",
        "t06": "declined",
        "t07": "declined",
        "t08": "declined",
        "t09": "reversed",
        "t10": "reversed",
        "t11": "reversed",
        # Given back in part, and a refund that did not go through.
        "t12": "succeeded",
        "t13": "succeeded",
        "t14": "pending",
        "t15": "succeeded",
    }
    assert {a: k for a, k in column(table, "decline_kind").items() if k} == {
        "t02": "soft",
        "t04": "hard",
        "t05": "risk",
        "t06": "risk",
        "t07": "technical",
        "t08": "technical",
    }
    reasons = {a: r for a, r in column(table, "decline_reason").items() if r}
    assert reasons == {
        "t02": "Insufficient Funds",
        "t04": "Expired Card",
        "t05": "fraud",
        "t06": "cvv",
        "t07": "duplicate",
        "t08": "Processor Network Unavailable",
    }
    assert column(table, "settlement_currency")["t01"] == "USD"
    assert table.loc["t15", "amount"] == Decimal(500)
    assert column(table, "method")["t14"] == "wallet"
    assert column(table, "market_source")["t14"] is None
    assert table.loc[["t02", "t03"], "checkout_id"].tolist() == ["order-x", "order-x"]


def test_braintree_without_the_kinds_of_response_tells_only_what_is_sure(
    records: Path, tmp_path: Path
) -> None:
    mine = 'extends = "braintree"\n[said]\nsale_types = ["sale"]\n'
    table, *_ = imported(tmp_path, records / "braintree", mine)
    assert {a: k for a, k in column(table, "decline_kind").items() if k} == {
        "t05": "risk",
        "t06": "risk",
        "t07": "technical",
        "t08": "technical",
    }


def test_braintree_of_a_kind_that_nobody_knows_is_a_fault(records: Path, tmp_path: Path) -> None:
    text = (records / "braintree" / "transactions.jsonl").read_text(encoding="utf-8")
    source = tmp_path / "transactions.jsonl"
    source.write_text(text.replace("apple_pay_card", "pay_by_star"), encoding="utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(MINE["braintree"], encoding="utf-8")
    result = command(str(mine), source, tmp_path / "out")
    assert (result.exit_code, "pay_by_star" in result.output) == (3, True)
    mine.write_text(MINE["braintree"] + '[codes.method]\npay_by_star = "other"\n', encoding="utf-8")
    assert command(str(mine), source, tmp_path / "out").exit_code == 0


def test_adyen_settlement(records: Path, tmp_path: Path) -> None:
    table, record, _ = imported(tmp_path, records / "adyen_settlement", MINE["adyen_settlement"])
    (block,) = record["tables"]["payments"]["blocks"]
    assert [item["n_rows"] for item in block["dropped"]] == [2, 1]
    one, two, three, four = table.index
    assert column(table, "status") == {
        one: "succeeded",
        two: "succeeded",
        three: "reversed",
        four: "reversed",
    }
    assert column(table, "amount") == {
        one: Decimal("10.5000"),
        two: Decimal("20.0000"),
        three: Decimal("30.0000"),
        four: Decimal("5000.0000"),
    }
    # An hour before the clock of Amsterdam in winter, two in summer.
    assert moment(table, one) == "2026-01-05 09:00:00"
    assert moment(table, two) == "2026-07-05 08:00:00"
    assert (
        column(table, "presentment_currency")[four],
        column(table, "settlement_currency")[four],
    ) == (*("JPY", "EUR"),)
    assert column(table, "method")[three] == "bank_redirect"
    assert column(table, "x_rows") == {one: 1, two: 1, three: 2, four: 2}


def test_adyen_settlement_day_first_and_a_zone_without_name(records: Path, tmp_path: Path) -> None:
    report = records / "adyen_settlement" / "settlement_detail_report_batch_4.csv"
    text = report.read_text(encoding="utf-8")
    for day in ("05", "06", "09", "11"):
        text = text.replace(f"2026-01-{day} ", f"{day}/01/2026 ")
    text = text.replace("2026-07-05 ", "05/07/2026 ").replace("2026-02-05 ", "05/02/2026 ")
    source = tmp_path / "settlement_detail_report.csv"
    source.write_text(text, encoding="utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(MINE["adyen_settlement"], encoding="utf-8")
    result = command(str(mine), source, tmp_path / "out")
    assert result.exit_code == 3
    assert "05/01/2026" in result.output
    day_first = MINE["adyen_settlement"].replace("%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S")
    table, *_ = imported(tmp_path, source, day_first)
    assert moment(table, "8816000000000002") == "2026-07-05 08:00:00"
    mine.write_text(day_first.replace(', CEST = "Europe/Amsterdam"', ""), encoding="utf-8")
    unknown = command(str(mine), source, tmp_path / "other")
    assert unknown.exit_code == 3


def test_adyen_accounting(records: Path, tmp_path: Path) -> None:
    table, record, _ = imported(tmp_path, records / "adyen_accounting", MINE["adyen_accounting"])
    (block,) = record["tables"]["payments"]["blocks"]
    assert [item["n_rows"] for item in block["dropped"]] == [0, 2]
    assert column(table, "status") == {
        "9916000000000001": "succeeded",
        "9916000000000002": "succeeded",
        "9916000000000003": "reversed",
        "9916000000000004": "reversed",
        "9916000000000005": "reversed",
    }
    assert table.loc["9916000000000001", "amount"] == Decimal(10)
    assert moment(table, "9916000000000001") == "2026-01-05 09:00:00"
    assert column(table, "settlement_currency")["9916000000000001"] == "EUR"
    assert "decline_kind" not in table.columns


def test_adyen_accounting_with_the_users_word_for_refusals(records: Path, tmp_path: Path) -> None:
    source = records / "adyen_accounting_refused"
    mine = tmp_path / "mine.toml"
    mine.write_text(MINE["adyen_accounting"], encoding="utf-8")
    # Without it such rows are neither taken for successes nor lost in silence.
    table, record, output = imported(tmp_path, source, MINE["adyen_accounting"])
    assert record["tables"]["payments"]["blocks"][0]["dropped"][1]["n_rows"] == 4
    table, _, output = imported(tmp_path, source, MINE["adyen_accounting"] + REFUSED)
    assert "Note:" not in output
    assert {a: s for a, s in column(table, "status").items() if s == "declined"} == {
        "9916000000000007": "declined",
        "9916000000000009": "declined",
    }
    assert {a: k for a, k in column(table, "decline_kind").items() if k} == {
        "9916000000000007": "soft"
    }
    assert column(table, "decline_reason")["9916000000000009"] == "Something new"
    assert table.loc["9916000000000007", "amount"] == Decimal(10)
    desk = open_desk(tmp_path / "out", as_of="2027-01-01", strict=False)
    assert metrics.attempt_success(desk).fetch()[["n", "n_success"]].sum().tolist() == [8, 6]
