"""Currencies: decimals, what is local when, rates in force, and amounts that nothing converts."""

from __future__ import annotations

import csv
from datetime import date, datetime
from decimal import Decimal

import pytest

from supportlab.desk import Desk, open_desk
from supportlab.desk.money import local_currencies, minor_units, tenders
from supportlab.errors import ParameterError
from supportlab.metrics.money import missing_rates, with_local_currency, with_reporting_amount
from supportlab.metrics.payments.amounts import checkout_amounts, unconverted

TICKET = {"ticket_id": "T", "channel": "email", "status": "open", "created_at": "2022-01-10"}
RATES = [
    ("2022-12-30", "HRK", "0.14"),
    ("2022-12-30", "EUR", "1.05"),
    ("2023-01-02", "EUR", "1.07"),
    ("2022-12-30", "JPY", "0.0076"),
    ("2022-12-30", "KWD", "3.2600"),
]
# attempt: (day, market, currency, amount, local, amount in USD)
PAYMENTS = {
    "before the euro": ("2022-12-31", "HR", "HRK", "100", "local", "14.0000"),
    "euro before its day": ("2022-12-31", "HR", "EUR", "100", "foreign", "105.0000"),
    "euro on its day, rate of Friday": ("2023-01-01", "HR", "EUR", "100", "local", "105.0000"),
    "kuna after its day": ("2023-01-03", "HR", "HRK", "100", "foreign", "14.0000"),
    "euro at the new rate": ("2023-01-03", "DE", "EUR", "100", "local", "107.0000"),
    "no decimals": ("2022-12-30", "JP", "JPY", "12345", "local", "93.8220"),
    "three decimals": ("2022-12-30", "KW", "KWD", "1.234", "local", "4.0228"),
    "dollars in Japan": ("2022-12-30", "JP", "USD", "9.99", "foreign", "9.9900"),
    "one of two currencies": ("2022-12-30", "PA", "USD", "1", "local", "1.0000"),
    "rate older than a week": ("2023-01-07", "KW", "KWD", "1", "local", None),
    "rate of later days alone": ("2022-12-29", "DE", "EUR", "1", "local", None),
    "currency without rates": ("2022-12-30", "DE", "CHF", "1", "foreign", None),
    "market missing": ("2022-12-30", "", "EUR", "1", None, "1.0500"),
    "currency missing": ("2022-12-30", "DE", "", "1", None, None),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("money")
    payments = [
        {
            "attempt_id": name, "customer_id": "C", "attempted_at": f"{day} 12:00:00",
            "market": market, "presentment_currency": currency, "amount": amount,
            "status": "declined",
        }
        for name, (day, market, currency, amount, _, _) in PAYMENTS.items()
    ]  # fmt: skip
    rates = [dict(zip(("date", "currency", "per_unit"), row, strict=True)) for row in RATES]
    for name, rows in {"tickets": [TICKET], "payments": payments, "fx_rates": rates}.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    config = {"timezone": "UTC", "reporting_currency": "USD"}
    return open_desk(folder, as_of=datetime(2023, 2, 1), config=config, strict=False)  # noqa: DTZ001


def test_each_payment_at_the_rate_in_force(desk: Desk) -> None:
    table = with_local_currency(desk, with_reporting_amount(desk, desk.table("payments")))
    rows = table.execute().set_index("attempt_id")
    assert len(rows) == len(PAYMENTS)
    for name, (*_, local, value) in PAYMENTS.items():
        found = rows.loc[name]
        known = None if found["local_currency"] != found["local_currency"] else found
        assert (known is None or known["local_currency"] is None) == (local is None), name
        if local is not None:
            assert found["local_currency"] == local, name
        if value is None:
            assert found["amount_reporting"] is None or found["amount_reporting"].is_nan(), name
        else:
            assert Decimal(found["amount_reporting"]) == Decimal(value), name


def test_missing_rates_are_named(desk: Desk) -> None:
    found = missing_rates(desk, desk.table("payments"))
    assert found.to_dict("list") == {
        "currency": ["(missing)", "CHF", "EUR", "KWD"],
        "n": [1, 1, 1, 1],
        "n_days": [1, 1, 1, 1],
        "first_day": ["2022-12-30", "2022-12-30", "2022-12-29", "2023-01-07"],
        "last_day": ["2022-12-30", "2022-12-30", "2022-12-29", "2023-01-07"],
    }
    assert "KWD: 1 payments on 1 days from 2023-01-07 to 2023-01-07" in unconverted(desk)


def test_audit_and_metrics_ask_for_the_same_rates(desk: Desk) -> None:
    faults = [one for one in desk.audit.found if one.rule == "no_exchange_rate"]
    # The audit does not count a payment without a currency: that is another fault.
    assert [(one.table, one.n_rows) for one in faults] == [("payments", 3)]


def test_amounts_add_up_exactly(desk: Desk) -> None:
    whole = checkout_amounts(desk)
    assert (whole["n"][0], whole["n_valued"][0]) == (14, 10)
    known = [Decimal(value) for *_, value in PAYMENTS.values() if value]
    assert whole["amount"][0] == pytest.approx(float(sum(known)), abs=1e-9)
    by = checkout_amounts(desk, "local_currency").set_index("local_currency")
    assert by["n"].to_dict() == {"(missing)": 2, "foreign": 4, "local": 8}


BULGARIA = {
    "2025-12-31": {"BGN"},
    "2026-01-01": {"EUR"},
    "2026-01-31": {"EUR"},
    "2026-06-01": {"EUR"},
}


@pytest.mark.parametrize(
    ("market", "day", "own"),
    [
        ("HR", "2022-12-31", {"HRK"}),
        ("HR", "2023-01-01", {"EUR"}),
        ("BG", "2025-12-31", {"BGN"}),
        ("BG", "2026-01-01", {"EUR"}),
        ("LT", "2014-12-31", {"LTL"}),
        ("LT", "2015-01-01", {"EUR"}),
        ("BY", "2016-07-01", {"BYN"}),
        ("SL", "2022-07-01", {"SLE"}),
        ("DE", "2000-06-01", {"DEM", "EUR"}),
        ("CW", "2025-03-31", {"XCG"}),
        ("PA", "2026-06-01", {"PAB", "USD"}),
        ("TR", "2026-06-01", {"TRY"}),
        ("XK", "2026-06-01", {"EUR"}),
    ],
)
def test_local_currency_on_a_day(market: str, day: str, own: set[str]) -> None:
    assert local_currencies(market, date.fromisoformat(day)) == own


def test_what_is_added_to_cldr_is_not_in_it_yet() -> None:
    """Croatia's change comes from CLDR itself; Bulgaria's is ours only as long as CLDR lacks it."""
    from babel.core import get_global

    from supportlab.desk.money import LATER_CHANGES

    known = get_global("territory_currencies")
    assert ("EUR", (2023, 1, 1), None, True) in known["HR"]
    assert [one[:3] for one in LATER_CHANGES] == [("BG", "BGN", "EUR")]
    for market, old, new, first_day, last_day in LATER_CHANGES:
        codes = {code for code, *_ in known[market]}
        assert old in codes
        assert new not in codes, (
            f"CLDR now knows {new} in {market}: see that it begins on {first_day} and that {old} "
            f"ends on {last_day}, take the entry out of LATER_CHANGES, and make this version of "
            "Babel the oldest that pyproject.toml allows."
        )


def test_an_addition_changes_nothing_where_cldr_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Babel 2.19.0 holds of Bulgaria, beside the entry that is then still there."""
    import babel.core

    rows = [("BGN", (1999, 7, 5), (2026, 1, 31), True), ("EUR", (2026, 1, 1), None, True)]
    monkeypatch.setattr(babel.core, "get_global", lambda _: {"BG": rows})
    tenders.cache_clear()
    try:
        own = {day: local_currencies("BG", date.fromisoformat(day)) for day in BULGARIA}
        assert own == BULGARIA
        assert len([one for one in tenders() if one.market == "BG"]) == 2
    finally:
        tenders.cache_clear()


def test_every_market_has_a_currency_on_every_day_of_late() -> None:
    markets = {one.market for one in tenders()}
    for year in range(2015, 2027):
        bare = [name for name in markets if not local_currencies(name, date(year, 7, 1))]
        assert not bare, year
    with pytest.raises(ParameterError, match="market came as 'UK'"):
        local_currencies("UK", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("code", "digits"),
    [("JPY", 0), ("KRW", 0), ("EUR", 2), ("RSD", 2), ("KWD", 3), ("BHD", 3), ("CLF", 4)],
)
def test_minor_units_by_the_standard(code: str, digits: int) -> None:
    assert minor_units(code) == digits


def test_minor_units_leave_cldr_only_where_it_prints_fewer() -> None:
    from babel.numbers import get_currency_precision

    from supportlab.desk.money import MINOR_UNITS

    assert [c for c, n in MINOR_UNITS.items() if n > 2 and get_currency_precision(c) > n] == []
    assert [c for c, n in MINOR_UNITS.items() if n == 0 and get_currency_precision(c) != 0] == []
    with pytest.raises(ParameterError, match="currency came as 'EURO'"):
        minor_units("EURO")
