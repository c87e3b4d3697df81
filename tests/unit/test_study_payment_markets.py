"""Payments by market: brute force on a small desk, refusals, and the sample world."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from supportlab.desk import Desk, open_desk
from supportlab.errors import ParameterError
from supportlab.findings import findings_json
from supportlab.plots import close_figure
from supportlab.results import Estimate
from supportlab.studies.payments.markets import (
    market_changes,
    market_exceedance,
    market_funnel,
    market_ranks,
    market_rates,
    method_markets,
)

AS_OF = datetime(2026, 7, 1)  # noqa: DTZ001
ALL = (market_rates, market_funnel, market_exceedance, market_ranks, market_changes, method_markets)
# Customers and share declined of each market; LU has twenty attempts, none of them declined.
MARKETS = {"DE": (400, 0.08), "FR": (300, 0.12), "BR": (250, 0.3), "JP": (60, 0.12), "LU": (5, 0.0)}


def payments(statuses: bool = True) -> pd.DataFrame:
    rng = np.random.default_rng(20260701)
    rows = []
    for market, (count, share) in MARKETS.items():
        for customer in range(count):
            own = rng.beta(2 * share, 2 * (1 - share)) if share else 0.0
            for _ in range(4):
                at = AS_OF - timedelta(
                    days=int(rng.integers(1, 178)), seconds=int(rng.integers(86400))
                )
                failed = statuses and rng.random() < own
                method = "cash" if market == "JP" else rng.choice(["card", "wallet"])
                rows.append(
                    {
                        "customer_id": f"{market}{customer}",
                        "market": market,
                        "method": method,
                        "attempted_at": f"{at.isoformat()}Z",
                        "amount": "10.00",
                        "presentment_currency": "EUR",
                        "status": "declined" if failed else "succeeded",
                    }
                )
    frame = pd.DataFrame(rows)
    lost = frame.sample(3, random_state=1).index
    frame.loc[lost, "market"] = ""
    frame.insert(0, "attempt_id", [f"A{place}" for place in range(len(frame))])
    return frame


def opened(folder: Path, frame: pd.DataFrame, as_of: datetime = AS_OF) -> Desk:
    folder.mkdir(exist_ok=True)
    ticket = {
        "ticket_id": "T",
        "channel": "email",
        "status": "open",
        "created_at": "2026-01-01T00:00:00Z",
    }
    pd.DataFrame([ticket]).to_csv(folder / "tickets.csv", index=False)
    frame.to_csv(folder / "payments.csv", index=False)
    return open_desk(folder, as_of=as_of)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return payments()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame) -> Desk:
    return opened(tmp_path_factory.mktemp("markets"), frame)


@pytest.fixture(scope="module")
def estimates(desk: Desk) -> dict[str, Estimate]:
    return {study.__name__: study(desk) for study in ALL}


def by(found: Estimate, *names: str) -> pd.DataFrame:
    return found.table.set_index(list(names) or "market")


def test_rates_are_those_of_the_rows(estimates: dict[str, Estimate], frame: pd.DataFrame) -> None:
    table = by(estimates["market_rates"])
    raw = frame.loc[frame["market"] != ""].groupby("market")["status"].agg(
        lambda one: (one == "declined").mean()
    )  # fmt: skip
    for market, share in raw.items():
        assert table.loc[market, "estimate"] == pytest.approx(share)
    assert table.loc["LU", "n"] == (frame["market"] == "LU").sum()
    assert table.loc["LU", "ci_high"] > 0.2
    assert 0.0 < table.loc["LU", "shrunk_rate"] < table.loc["LU", "ci_high"]
    assert table.index[0] == "BR"


def test_findings_bear_the_contract_and_leave_out_rows_without_a_market(
    estimates: dict[str, Estimate],
) -> None:
    found = estimates["market_rates"]
    assert {one.group["market"] for one in found.findings} == set(MARKETS)
    assert {one.id for one in found.findings} == {"payment.decline_rate"}
    assert any("3 attempts have no market" in words for words in found.caveats)
    pairs = estimates["method_markets"].findings
    assert {"market", "method"} == set(pairs[0].group)
    for one in estimates.values():
        assert all(item.start is None and item.as_of == "2026-07-01" for item in one.findings)


def test_the_market_that_differs_is_named(estimates: dict[str, Estimate]) -> None:
    exceeding = by(estimates["market_exceedance"])
    assert exceeding.loc["BR", "is_worse"]
    assert not exceeding.loc[["DE", "FR", "LU"], "is_worse"].any()
    ranks = by(estimates["market_ranks"])
    assert ranks.index[0] == "BR"
    # Nothing is known of five customers in LU, so that even BR may be second when all are judged.
    assert (ranks.loc["BR", "ci_low"], ranks.loc["BR", "ci_high"]) == (1.0, 1.0)
    assert (ranks.loc["BR", "joint_low"], ranks.loc["BR", "joint_high"]) == (1.0, 2.0)
    assert ranks.loc["LU", "joint_high"] - ranks.loc["LU", "joint_low"] >= 3
    assert not set(ranks.loc["BR", "group"]) & set(ranks.loc["DE", "group"])
    assert by(estimates["market_funnel"]).index[0] == "BR"


def test_a_funnel_says_how_far_chance_goes(estimates: dict[str, Estimate]) -> None:
    found = estimates["market_funnel"]
    assert found.checks[0].passed is False
    table = by(found)
    assert np.all(np.abs(table["z_adjusted"]) <= np.abs(table["z"]) + 1e-9)
    assert np.all(table["p_adjusted"] >= table["p_value"])
    assert all(one.p_adjusted is not None for one in found.findings)


def test_changes_are_those_of_whole_months(
    estimates: dict[str, Estimate], frame: pd.DataFrame
) -> None:
    table = by(estimates["market_changes"])
    month = frame["attempted_at"].str[:7]
    inside = frame["market"] == "DE"
    for column, months in (
        ("after_rate", ("2026-04", "2026-05", "2026-06")),
        ("before_rate", ("2026-01", "2026-02", "2026-03")),
    ):
        rows = frame.loc[inside & month.isin(months)]
        assert table.loc["DE", column] == pytest.approx((rows["status"] == "declined").mean())
    assert set(table["verdict"].dropna()) <= {
        "no_difference_shown",
        "equivalent",
        "higher",
        "lower",
    }
    assert all(
        one.p_adjusted is not None for one in estimates["market_changes"].findings if one.estimate
    )


def test_a_month_that_has_only_begun_is_in_no_period(tmp_path: Path, frame: pd.DataFrame) -> None:
    early = opened(tmp_path / "early", frame, AS_OF - timedelta(days=20))
    words = market_changes(early, months=2).findings[0].estimand
    assert "Apr 2026 to May 2026 against Feb 2026 to Mar 2026" in words


def test_empty_pairs_stay_empty(estimates: dict[str, Estimate]) -> None:
    found = estimates["method_markets"]
    pairs = set(map(tuple, found.table[["market", "method"]].to_numpy()))
    assert ("JP", "card") not in pairs
    axes = found.plot()
    assert len(axes.texts) == len([one for one in pairs if one[0] != "(missing)"])
    close_figure(axes)
    assert "are empty" in found.alt


@pytest.mark.parametrize("study", [one for one in ALL if one is not market_exceedance])
def test_figures_draw_and_have_words(study: object, estimates: dict[str, Estimate]) -> None:
    found = estimates[study.__name__]  # type: ignore[attr-defined]
    axes = found.plot()
    close_figure(axes)
    assert len(found.alt) > 60
    assert 2 <= len(found.sentences) <= 4


def test_the_same_data_give_the_same_bytes(
    tmp_path: Path, frame: pd.DataFrame, estimates: dict[str, Estimate]
) -> None:
    again = opened(tmp_path / "again", frame.sample(frac=1.0, random_state=4))
    for study in ALL:
        assert findings_json(study(again).findings) == findings_json(
            estimates[study.__name__].findings
        )


def test_success_is_of_checkouts_and_worse_is_less(desk: Desk) -> None:
    found = market_exceedance(desk, "success_rate")
    assert found.table.loc[0, "market"] == "BR"
    assert found.findings[0].id == "payment.success_rate.exceedance"
    assert "below" in found.findings[0].estimand
    assert market_ranks(desk, "success_rate").table.loc[0, "market"] == "BR"


def test_successes_alone_refuse_every_study(tmp_path: Path) -> None:
    blind = opened(tmp_path / "blind", payments(statuses=False))
    for study in ALL:
        found = study(blind)
        assert found.findings[0].status == "not_estimable"
        assert found.table.loc[0, "status"] == "not_estimable"


def test_two_markets_have_rates_and_no_funnel(tmp_path: Path, frame: pd.DataFrame) -> None:
    two = opened(tmp_path / "two", frame.loc[frame["market"].isin(["DE", "FR"])])
    rates = market_rates(two).table
    assert rates["estimate"].notna().all()
    assert rates["shrunk_rate"].isna().all()
    for study in (market_funnel, market_exceedance, market_ranks):
        assert "at least 3" in str(study(two).findings[0].reason)


def test_a_single_customer_is_lent_an_interval(tmp_path: Path, frame: pd.DataFrame) -> None:
    one = frame.loc[frame["customer_id"].isin(["LU1", "LU2"])].copy()
    one["market"], one["customer_id"] = "MT", "M1"
    one["attempt_id"] = [f"M{place}" for place in range(len(one))]
    desk = opened(tmp_path / "one", pd.concat([frame, one]))
    row = by(market_rates(desk)).loc["MT"]
    assert row["ci_high"] > 0.3


def test_too_few_months_or_a_wrong_name_are_said(tmp_path: Path, frame: pd.DataFrame) -> None:
    june = opened(tmp_path / "june", frame.loc[frame["attempted_at"] >= "2026-06"])
    assert "whole months" in str(market_changes(june).findings[0].reason)
    with pytest.raises(ParameterError, match="decline_rate"):
        market_changes(june, "decline")
    with pytest.raises(ParameterError, match="margin"):
        market_exceedance(june, margin=2.0)
    with pytest.raises(ParameterError, match="rate came as"):
        market_rates(june, "nothing")
