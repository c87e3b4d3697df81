"""Currency and methods on the sample world, whose truth is known, and on desks that cannot tell."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from supportlab.desk import Desk, open_desk
from supportlab.errors import ParameterError
from supportlab.results import Estimate
from supportlab.studies.payments.arms import compare_arms, known_cells
from supportlab.studies.payments.currency import currency_effect, currency_naive, rate_shown_effect
from supportlab.studies.payments.currency_roll_out import currency_roll_out
from supportlab.studies.payments.currency_stake import currency_stake
from supportlab.studies.payments.method_gap import method_gap
from supportlab.studies.payments.method_stake import method_stake
from supportlab.studies.payments.methods import method_effect
from supportlab.studies.payments.spread import fx_spread
from supportlab.studies.payments.starts import jumps, read_starts

AS_OF = datetime(2026, 7, 1)  # noqa: DTZ001


@pytest.fixture(scope="module")
def desk(sample_desk: Desk) -> Desk:
    return sample_desk


@pytest.fixture(scope="module")
def truth(sample_path: Path) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads((sample_path / "truth.json").read_text())["payments"]
    return stored


@pytest.fixture(scope="module")
def declined(desk: Desk) -> Estimate:
    return currency_effect(desk)


def small(folder: Path, rows: list[dict[str, Any]], **tables: pd.DataFrame) -> Desk:
    folder.mkdir(exist_ok=True)
    pd.DataFrame(
        [{"ticket_id": "T", "channel": "email", "status": "open", "created_at": "2026-01-01"}]
    ).to_csv(folder / "tickets.csv", index=False)
    pd.DataFrame(rows).to_csv(folder / "payments.csv", index=False)
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    config = {"timezone": "UTC", "reporting_currency": "USD"}
    return open_desk(folder, as_of=AS_OF, config=config, strict=False)


def paid(place: int, **changes: Any) -> dict[str, Any]:
    row = {
        "attempt_id": f"P{place}", "checkout_id": f"K{place}", "customer_id": f"C{place % 90}",
        "attempted_at": "2026-03-01 12:00:00", "market": "DE", "method": "card",
        "method_brand": "visa", "amount": 10, "presentment_currency": "EUR",
        "settlement_currency": "USD", "status": "declined" if place % 7 == 0 else "succeeded",
    }  # fmt: skip
    return row | changes


def test_currency_effect_recovers_the_truth(declined: Estimate, truth: dict[str, Any]) -> None:
    table = declined.table.set_index("market")
    known = {m: -row["foreign_presentment_effect"] for m, row in truth["by_market"].items()}
    markets = table.loc[table["estimate"].notna()].drop(index="all markets")
    inside = [
        row["ci_low"] <= known[str(market)] <= row["ci_high"] for market, row in markets.iterrows()
    ]
    # 95 % intervals: of sixteen, fewer than thirteen would come up once in two hundred worlds.
    assert len(inside) == 16
    assert sum(inside) >= 13
    pooled = table.loc["all markets"]
    mean = float(np.mean([known[str(market)] for market in markets.index]))
    assert pooled["ci_low"] < mean < pooled["ci_high"]
    # The raw difference overstates it by half, and lies outside the interval.
    assert truth["foreign_presentment_difference_naive"] == pytest.approx(
        -pooled["naive"], abs=0.01
    )
    assert pooled["naive"] < pooled["ci_low"]


def test_a_market_of_one_kind_is_not_in_the_pool(declined: Estimate) -> None:
    row = declined.table.set_index("market").loc["US"]
    assert pd.isna(row["estimate"])
    assert "says nothing" in row["reason"]
    findings = {tuple(one.group.items()): one for one in declined.findings}
    assert findings[(("market", "US"),)].status == "not_estimable"
    assert findings[()].n_clusters == 16
    overlap = declined.checks[0]
    assert overlap.table is not None
    assert "US" not in set(overlap.table["market"])


def test_findings_say_what_qualifies_them(declined: Estimate) -> None:
    head = declined.findings[0]
    assert (head.id, head.design, head.verdict) == ("payment.currency.effect", "adjusted", "lower")
    assert head.sensitivity is not None
    assert float(str(head.sensitivity["interval"])) > 1.5
    low, high = head.sensitivity["prediction_low"], head.sensitivity["prediction_high"]
    assert float(str(low)) < (head.ci_low or 0) < (head.ci_high or 0) < float(str(high))
    assert any("authentication" in words for words in head.caveats)
    for one in declined.findings:
        if one.p_value is not None:
            assert one.p_value <= (one.p_adjusted or 0.0)
    assert "not in the pool: us" in declined.summary().lower()
    declined.plot()


def test_other_outcomes(desk: Desk) -> None:
    failed = currency_effect(desk, outcome="failed")
    assert failed.findings[0].group == {"outcome": "failed"}
    assert (failed.findings[0].ci_high or 0) < 0
    shown = rate_shown_effect(desk).findings[0]
    # Planted: 3.5 points fewer are broken off where the rate is shown.
    assert (shown.ci_low or 0) < -0.035 < (shown.ci_high or 0)
    with pytest.raises(ParameterError, match="outcome 'lost' is not known"):
        currency_effect(desk, outcome="lost")  # type: ignore[arg-type]


@pytest.mark.parametrize("outcome", ["n_declined", "n_failed"])
def test_intervals_by_brute_force_over_customers(desk: Desk, outcome: str) -> None:
    arms = compare_arms(
        desk, "local_currency", ("local", "foreign"),
        outcome=outcome, start=None, end=None, level=0.95,
    )  # fmt: skip
    found = next(one for one in arms.markets if one.market == "CA")
    effect, contrast = found.effect, found.contrast
    assert effect is not None
    assert contrast is not None
    unit = "checkout" if outcome == "n_failed" else "first_attempt"
    by = ("market", "local_currency", "amount_band", "method", "history_band", "month")
    clusters = known_cells(desk, by, unit, None, None).clusters
    rows = clusters.filter(clusters.market == "CA").execute()
    rows["n_failed"] = rows["n"] - rows["n_success"]
    part = arms.frame.loc[arms.frame["market"] == "CA", list(by)]
    scores = part.assign(a=effect.intercept, b=effect.slope, kept=effect.is_kept)
    joined = rows.merge(scores.loc[effect.is_kept], on=list(by))
    joined["score"] = joined["a"] * joined["n"] + joined["b"] * joined[outcome]
    whole = effect.by_clusters(
        np.arange(len(part)), arms.frame.loc[part.index, "n"], arms.frame.loc[part.index, "events"]
    )
    by_customer = joined.groupby("cluster")[["score", "n"]].sum()
    m = len(by_customer)
    square = float((by_customer["score"] ** 2).sum())
    peer = effect.from_squares(
        square, m, effective_clusters=effect.n**2 / float((by_customer["n"] ** 2).sum())
    )
    assert by_customer["score"].sum() == pytest.approx(0.0, abs=1e-6)
    assert (contrast.low, contrast.high) == pytest.approx((peer.low, peer.high), abs=1e-6)
    # Cells are no clusters: their interval is another one.
    assert whole.high != pytest.approx(contrast.high, rel=1e-3)


def test_naive_comes_with_what_is_wrong(desk: Desk) -> None:
    found = currency_naive(desk)
    assert found.table["what_is_wrong"].str.len().min() > 10
    assert found.table["estimate"].iloc[0] < found.table["estimate"].iloc[1] < 0


def test_roll_out_of_local_prices(desk: Desk, truth: dict[str, Any]) -> None:
    found = currency_roll_out(desk)
    starts = found.checks[0].table
    assert starts is not None
    assert set(starts["market"]) == {"AE", "AU", "CA", "IN", "KE", "KW", "MX", "SG"}
    known = -np.mean(
        [truth["by_market"][m]["foreign_presentment_effect"] for m in starts["market"]]
    )
    scaled = found.findings[1]
    assert (scaled.ci_low or 0) < known < (scaled.ci_high or 0)
    assert found.findings[0].design == "quasi_experiment"
    # Rolled out to three in four: the change is smaller than for a payment that was moved.
    assert found.table["rise_of_share"].iloc[0] == pytest.approx(0.74, abs=0.03)
    found.plot()


def test_roll_out_with_dates(desk: Desk) -> None:
    with pytest.raises(ParameterError, match="names market 'XX'"):
        currency_roll_out(desk, dates={"XX": "2025-01-01"})
    with pytest.raises(ParameterError, match="must be an ISO date"):
        currency_roll_out(desk, dates={"CA": "May"})
    few = currency_roll_out(desk, dates={"CA": "2025-05-01", "MX": "2025-07-02"})
    assert few.findings[0].status == "not_estimable"
    assert "at least 4" in str(few.findings[0].reason)


def test_method_effect_recovers_the_truth(desk: Desk, truth: dict[str, Any]) -> None:
    found = method_effect(desk)
    scaled = found.findings[1]
    # One in eight uses another method than the preferred one, offered or not.
    known = -truth["missing_method_effect_on_abandonment"] / 0.88
    assert (scaled.ci_low or 0) < known < (scaled.ci_high or 0) < 0
    assert found.table["n_markets_that_changed"].iloc[0] == 12


def test_few_offers_are_compared_before_and_after(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from supportlab.studies.payments import methods as payment_methods

    monkeypatch.setattr(payment_methods, "FEWEST_ROLL_OUTS", 99)
    found = method_effect(desk)
    assert found.findings[0].design == "adjusted"
    assert set(found.table["market"]) >= {"BR", "IN", "KE"}
    assert "US" not in set(found.table["market"])


def test_method_gap(desk: Desk) -> None:
    found = method_gap(desk)
    row = found.table.set_index("market").loc["BR"]
    offers = 0.3 * 24
    # Half prefer pix, 12 % stray, and it was not offered in the first 30 % of the months.
    assert row["ci_low"] < 0.5 / 1.2 * 0.88 * offers / 24 < row["ci_high"]
    assert found.table.set_index("market").loc["US", "estimate"] == 0.0
    told = method_gap(desk, preferences={"IT": {"satispay": 0.1}}, source="A survey of 2025")
    italy = told.table.set_index("market").loc["IT"]
    assert (italy["estimate"], italy["gap_now_share"]) == pytest.approx((0.1, 0.1))
    assert any("A survey of 2025" in words for words in told.caveats)
    with pytest.raises(ParameterError, match="without source"):
        method_gap(desk, preferences={"IT": {"satispay": 0.1}})
    with pytest.raises(ParameterError, match="add up to at most 1"):
        method_gap(desk, preferences={"IT": {"satispay": 0.7, "x": 0.6}}, source="A")


def test_stakes_are_in_the_reporting_currency(desk: Desk) -> None:
    found = currency_stake(desk)
    head = found.table.iloc[0]
    assert head["estimate"] == pytest.approx(found.table["estimate"].iloc[1:].sum())
    assert 0 < head["ci_low"] < head["estimate"] < head["ci_high"]
    assert found.findings[0].group == {"currency": "USD"}
    assert found.findings[0].unit == "money"
    method = method_stake(desk).findings[0]
    assert 0 < (method.ci_low or 0) < (method.ci_high or 0)


def test_amounts_without_a_rate_refuse_the_sum(tmp_path: Path) -> None:
    rows = [
        paid(n, presentment_currency="EUR" if n % 3 else "CHF", status=_status(n))
        for n in range(1500)
    ]
    found = currency_stake(small(tmp_path, rows))
    assert found.findings[0].status == "not_estimable"
    assert "CHF: 500 payments on 1 days from 2026-03-01" in str(found.findings[0].reason)


def _status(place: int) -> str:
    return ("declined", "succeeded", "abandoned", "succeeded", "succeeded")[place % 5]


def test_one_kind_of_price_is_refused(tmp_path: Path) -> None:
    found = currency_effect(small(tmp_path, [paid(n) for n in range(200)]))
    assert found.findings[0].status == "not_estimable"
    assert "of one kind" in str(found.findings[0].reason)


def test_without_offers_the_method_is_refused(tmp_path: Path) -> None:
    here = small(tmp_path, [paid(n) for n in range(200)])
    for found in (method_effect(here), method_gap(here), method_stake(here)):
        assert "method_offers" in found.summary()
        assert [one.status for one in found.findings] == ["not_estimable"]


def test_a_source_of_successes_is_refused(tmp_path: Path) -> None:
    here = small(tmp_path, [paid(n, status="succeeded") for n in range(200)])
    for study in (currency_effect, rate_shown_effect, currency_roll_out, currency_stake):
        found = study(here)
        assert "only successes" in found.summary()
        assert [one.status for one in found.findings] == ["not_estimable"]
    assert "only successes" in currency_naive(here).summary()


def test_spread_of_conversion(tmp_path: Path, desk: Desk) -> None:
    assert "amount that was settled" in fx_spread(desk).summary()
    rates = pd.DataFrame(
        {"date": "2026-03-01", "currency": ["EUR", "JPY"], "per_unit": ["1.1", "0.0065"]}
    )
    changes = {
        1: {"presentment_currency": "JPY", "amount": 1500},
        2: {"presentment_currency": "USD"},
    }
    rows = [paid(n, **changes.get(n % 4, {})) for n in range(80)]
    here = small(tmp_path, rows, fx_rates=rates)
    value = [{1: 1500 * 0.0065, 2: 10.0}.get(n % 4, 11.0) for n in range(80)]
    lost = [0.02 if n % 2 else 0.04 for n in range(80)]
    settled = pd.DataFrame(
        {
            "attempt_id": [f"P{n}" for n in range(80)],
            "settled_amount": [v * (1 - part) for v, part in zip(value, lost, strict=True)],
        }
    )
    table = fx_spread(here, settled=settled).table.set_index("shown")
    assert set(table.index) == {"EUR", "JPY"}
    assert table.loc["JPY", "estimate"] == pytest.approx(0.02, abs=1e-5)
    assert table.loc["EUR", "estimate"] == pytest.approx(0.03, abs=1e-5)
    with pytest.raises(ParameterError, match="lacks settled_amount"):
        fx_spread(here, settled=settled[["attempt_id"]])
    with pytest.raises(ParameterError, match="more than once"):
        fx_spread(here, settled=pd.concat([settled, settled]))


def test_jumps_are_no_drifts() -> None:
    months = [f"2025-{place:02d}" for place in range(1, 13)]

    def of(shares: list[float]) -> pd.DataFrame:
        hits = [round(1000 * share) for share in shares]
        return pd.DataFrame({"market": "X", "month": months, "n": 1000, "hits": hits})

    assert [one.month for one in jumps(of([0.1] * 5 + [0.8] * 7))] == ["2025-06"]
    assert jumps(of([0.1 + 0.02 * place for place in range(12)])) == ()
    assert jumps(of([0.8] * 5 + [0.1] * 7)) == ()
    assert jumps(of([0.1] * 10 + [0.8] * 2)) == ()
    assert jumps(of([0.1, 0.8] * 6)) == ()
    given = read_starts({"X": "2025-05-02"}, of([0.1] * 5 + [0.8] * 7))
    assert [(one.month, one.before, one.after) for one in given] == [("2025-06", 0.1, 0.8)]
