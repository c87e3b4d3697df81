"""Channels on the sample world, whose truth is known, and on desks that cannot tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import supportlab as sl
from supportlab.desk import Desk, open_desk
from supportlab.errors import ParameterError
from supportlab.findings import Finding
from supportlab.metrics.channels.labels import VALUE_EDGES
from supportlab.metrics.channels.rows import HORIZON_HOURS, channel_rows
from supportlab.results import Estimate
from supportlab.studies.channels.compare import compare
from supportlab.studies.channels.effects import hidden_check
from supportlab.studies.channels.questions import HELD, Comparison

AS_OF = datetime(2026, 7, 1)  # noqa: DTZ001


@pytest.fixture(scope="module")
def desk(sample_desk: Desk) -> Desk:
    return sample_desk


@pytest.fixture(scope="module")
def truth(sample_path: Path) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads((sample_path / "truth.json").read_text())
    return stored


@pytest.fixture(scope="module")
def fcr(desk: Desk) -> Estimate:
    return sl.channels.effect(desk)


def by_group(found: Estimate, key: str) -> dict[str, Finding]:
    return {finding.group[key]: finding for finding in found.findings}


def holds(finding: Finding, value: float) -> bool:
    assert finding.ci_low is not None
    assert finding.ci_high is not None
    return finding.ci_low <= value <= finding.ci_high


def test_effects_hold_the_planted_ones(fcr: Estimate, truth: dict[str, Any]) -> None:
    found = by_group(fcr, "channel")
    for name in ("chat", "email", "in_app", "messaging", "social"):
        assert found[name].group == {"channel": name, "versus": "phone"}
        assert holds(found[name], truth["channels"][name]["fcr_effect"]), name
        assert found[name].design == "adjusted"
    assert found["email"].verdict == "lower"
    assert {found[name].verdict for name in ("in_app", "messaging")} == {"inconclusive"}
    # What can be shown at all is told beside what was.
    table = fcr.table.set_index("channel")
    assert table.loc["email", "detectable"] < 0.06 < table.loc["in_app", "detectable"]


def test_satisfaction_is_weighted_and_bounded(desk: Desk, truth: dict[str, Any]) -> None:
    found = sl.channels.effect(desk, outcome="csat")
    for name, finding in by_group(found, "channel").items():
        if finding.status == "estimated":
            assert holds(finding, truth["channels"][name]["csat_top_two_effect"]), name
            assert finding.sensitivity is not None
            assert finding.sensitivity["lowest"] < finding.estimate < finding.sensitivity["highest"]
    assert "customers who did not answer" in [check.name for check in found.checks]


def test_a_channel_without_its_like_is_refused(fcr: Estimate) -> None:
    bot = by_group(fcr, "channel")["bot"]
    assert bot.status == "not_estimable"
    assert "at least 50 % are needed" in str(bot.reason)
    assert "difference of" in str(bot.reason)
    assert fcr.checks[0].passed is False
    assert fcr.table.set_index("channel").loc["bot", "kept_share"] < 0.5


def test_p_values_are_corrected_over_the_channels(fcr: Estimate) -> None:
    known = fcr.table.dropna(subset=["p_value"])
    smallest = known["p_value"].idxmin()
    assert known.loc[smallest, "p_adjusted"] == pytest.approx(
        min(1.0, len(known) * known.loc[smallest, "p_value"])
    )


def test_hidden_difficulty_is_gauged_and_naive_is_shown(fcr: Estimate) -> None:
    assert "hidden difficulty" in [check.name for check in fcr.checks]
    assert fcr.table["naive"].notna().all()
    assert "naive differences" in fcr.summary()


def test_there_is_no_ranking_without_power(desk: Desk, fcr: Estimate) -> None:
    found = sl.channels.ranking(desk)
    assert [finding.status for finding in found.findings] == ["not_estimable"]
    assert "a ranking needs 5 points" in found.summary()
    phone = found.table.loc[found.table["versus"] == "phone"].set_index("channel")["estimate"]
    own = fcr.table.set_index("channel")["estimate"]
    pairs = found.table.loc[found.table["versus"] != "phone"]
    for row in pairs.to_dict("records"):
        gap = own[row["channel"]] - own[row["versus"]]
        assert row["estimate"] == pytest.approx(gap)
    assert phone.notna().all()


def test_a_difference_between_channels_varies_as_the_same_clusters_say(desk: Desk) -> None:
    asked = Comparison("channel", "phone", "fcr", only={"entry": "direct"})
    found = compare(desk, asked, with_between=True)
    one, other = (next(a for a in found.arms if a.name == name) for name in ("chat", "email"))
    gap = found.between["chat", "email"]
    assert one.contrast is not None
    assert other.contrast is not None
    errors = [(c.high - c.estimate) / 1.98 for c in (one.contrast, other.contrast, gap)]
    apart = float(np.hypot(errors[0], errors[1]))
    # Both rest on the same phone tickets, so that the difference varies less than two would.
    assert 0.5 * apart < errors[2] < apart


def test_bot_hand_over_hurts_as_planted(desk: Desk, truth: dict[str, Any]) -> None:
    found = by_group(sl.channels.bot_handover(desk), "outcome")
    assert holds(found["fcr"], truth["service"]["fcr_effect_bot_handover"])
    assert found["fcr"].verdict == found["csat"].verdict == "lower"


def test_what_has_no_effect_shows_none(desk: Desk) -> None:
    for found in (sl.channels.context_effect(desk), sl.channels.preference_effect(desk)):
        assert {finding.status for finding in found.findings} == {"estimated"}
        for finding in found.findings:
            assert finding.verdict not in ("higher", "lower"), (finding.id, finding.group)
    visit = sl.channels.help_centre_effect(desk)
    assert visit.findings[0].verdict == "no_difference_shown"
    assert holds(visit.findings[0], 0.0)
    assert visit.table["estimate"].iloc[0] > 100, "the naive way sees the need of the day"


def test_deflection_is_an_upper_bound(desk: Desk) -> None:
    found = sl.channels.deflection(desk)
    whole = found.table.loc[found.table["kind"] == "all kinds"].set_index("sessions")["estimate"]
    assert whole["known customers"] < whole["all sessions"]
    assert all("upper bound" in finding.estimand for finding in found.findings)


def test_mix_and_within_are_the_change(desk: Desk) -> None:
    found = sl.channels.mix_contribution(desk)
    parts = by_group(found, "part")
    total = parts["mix"].estimate + parts["within"].estimate  # type: ignore[operator]
    assert total == pytest.approx(parts["total"].estimate, abs=1e-12)
    whole = found.table.iloc[-1]
    assert whole["after_rate"] - whole["before_rate"] == pytest.approx(total, abs=1e-12)
    assert holds(parts["total"], 0.05 / 2 * 2), "the company gets better by five points"
    with pytest.raises(ParameterError, match="change_at"):
        sl.channels.mix_contribution(desk, change_at="2031-01-01")
    markets = sl.channels.mix_by_market(desk, outcome="csat")
    assert (markets.table["mix"] + markets.table["within"]).to_numpy() == pytest.approx(
        markets.table["difference"].to_numpy(), abs=1e-12
    )


def test_association_is_that_of_the_shares(desk: Desk) -> None:
    found = sl.channels.market_association(desk)
    wide = found.table.pivot_table(index="market", columns="channel", values="n")
    assert wide.to_numpy().sum() == found.findings[0].n
    assert found.findings[0].unit == "score"
    assert 0.2 < found.findings[0].estimate < 0.3  # type: ignore[operator]


def test_overlap_is_shown_for_every_pair(desk: Desk) -> None:
    table = sl.channels.overlap(desk).table
    assert len(table) == 7 * 6
    night = table.loc[(table["tickets_of"] == "email") & (table["other"] == "phone")].iloc[0]
    assert night["kept_share"] < 0.2
    assert not night["is_comparable"]


def test_figures_and_words_are_there(desk: Desk, fcr: Estimate) -> None:
    from supportlab.plots import close_figure

    mix, markets = sl.channels.mix_contribution(desk), sl.channels.market_association(desk)
    for found in (fcr, sl.channels.overlap(desk), mix, markets, sl.channels.bot_handover(desk)):
        close_figure(found.plot())
        assert len(found.alt) > 40


def small(folder: Path, tickets: list[dict[str, Any]], **tables: pd.DataFrame) -> Desk:
    folder.mkdir(exist_ok=True)
    pd.DataFrame(tickets).to_csv(folder / "tickets.csv", index=False)
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return open_desk(folder, as_of=AS_OF, config={"timezone": "UTC"}, strict=False)


def raised(place: int, **changes: Any) -> dict[str, Any]:
    return {
        "ticket_id": f"T{place}",
        "customer_id": f"C{place}",
        "agent_id": f"A{place % 12}",
        "channel": "email" if place % 2 else "phone",
        "category": "billing",
        "status": "resolved",
        "created_at": f"2026-03-{place % 27 + 1:02d} 10:00:00",
        "resolved_at": f"2026-03-{place % 27 + 1:02d} 12:30:00",
        "contact_count": 1 if place % 5 else 2,
    } | changes


ALL: tuple[Callable[..., Estimate], ...] = (
    sl.channels.naive,
    sl.channels.overlap,
    sl.channels.effect,
    sl.channels.ranking,
    sl.channels.mix_contribution,
    sl.channels.mix_by_market,
    sl.channels.market_association,
    sl.channels.switching,
    sl.channels.context_effect,
    sl.channels.preference_effect,
    sl.channels.bot_handover,
    sl.channels.deflection,
    sl.channels.help_centre_effect,
)


def test_a_desk_that_cannot_tell_says_why(tmp_path: Path) -> None:
    bare = small(tmp_path / "bare", [raised(i) | {"channel": None} for i in range(40)])
    for function in ALL:
        found = function(bare)
        assert found.summary(), function.__name__
        # A notebook that shows the figure must not fail: the figure says why there is none.
        has_figure = found.draw is not None and bool(found.alt)
        assert has_figure or function is sl.channels.switching, function.__name__
        for finding in found.findings:
            assert finding.status == "not_estimable", (function.__name__, finding.group)
            assert finding.reason


def test_few_tickets_are_refused_with_what_would_show(tmp_path: Path) -> None:
    """As on a log with 36 e-mails beside twenty thousand calls."""
    tickets = [raised(i, channel="email" if i < 36 else "phone") for i in range(1200)]
    found = sl.channels.effect(small(tmp_path / "few", tickets))
    (finding,) = found.findings
    assert finding.status == "not_estimable"
    assert "36 tickets against 1,164; each side needs at least 100" in str(finding.reason)
    assert "only a difference of" in str(finding.reason)
    assert sl.channels.ranking(small(tmp_path / "few", tickets)).findings[0].status == (
        "not_estimable"
    )


def test_rows_carry_what_became_of_each_ticket(tmp_path: Path) -> None:
    rows = [
        raised(0),
        raised(1, status="open", resolved_at=None),
        raised(2, created_at="2026-06-29 10:00:00", resolved_at="2026-06-29 11:00:00"),
        raised(3, initiated_by="agent"),
        raised(4, customer_id="C0", created_at="2026-03-20 10:00:00",
               resolved_at="2026-03-21 10:00:00", issue_value=60.0, issue_currency="USD"),
    ]  # fmt: skip
    customers = pd.DataFrame(
        {
            "customer_id": ["C0", "C1", "C2"],
            "preferred_channel": ["phone", "phone", None],
            "signed_up_at": ["2025-01-01"] * 3,
            "churned_at": ["2026-05-01 00:00:00", None, None],
            "churn_kind": ["voluntary", None, None],
        }
    )
    sessions = pd.DataFrame(
        {
            "session_id": ["S1"], "customer_id": ["C1"], "at": ["2026-03-02 09:50:00"],
            "kind": ["bot"], "outcome": ["handed_over"], "ticket_id": ["T1"],
        }
    )  # fmt: skip
    desk = small(tmp_path / "rows", rows, customers=customers, sessions=sessions)
    found = channel_rows(desk, (*HELD, "entry", "preference"))
    table = found.table.execute().set_index("unit").sort_index()
    assert list(table.index) == ["T0", "T1", "T2", "T4"]
    assert table.loc["T0", "minutes"] == 150
    assert table.loc["T1", "minutes"] == HORIZON_HOURS * 60
    assert pd.isna(table.loc["T2", "minutes"])
    assert pd.isna(table.loc["T2", "is_fcr"])
    assert table["entry"].tolist() == ["direct", "after bot", "direct", "direct"]
    assert table["preference"].tolist() == ["preferred", "other", "(missing)", "preferred"]
    assert table.loc["T4", "history_band"] == "one within 30 days"
    assert table.loc["T0", "is_gone"] == 1
    assert table.loc["T1", "is_gone"] == 0
    assert "50 to 100" in set(table["value_band"]) | {"50 to 100"}
    assert VALUE_EDGES == (25, 50, 100, 200, 500)
    assert found.outcomes == {"fcr", "resolution_time", "churn"}


def test_options_that_do_not_exist_are_refused(desk: Desk) -> None:
    with pytest.raises(ParameterError, match="outcome"):
        sl.channels.effect(desk, outcome="nps")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="target"):
        sl.channels.effect(desk, target="nobody")  # type: ignore[arg-type]
    found = sl.channels.effect(desk, reference="fax")
    assert "no ticket has the channel 'fax'" in str(found.findings[0].reason)


def test_nothing_to_gauge_is_said(tmp_path: Path) -> None:
    tickets = [raised(i) for i in range(900)]
    desk = small(tmp_path / "plain", tickets)
    compared = compare(desk, Comparison("channel", "phone", held=("hours",)))
    assert "nothing in the data tells" in hidden_check(desk, compared).detail
