"""Authority on the sample world, whose truth is known, and on desks that cannot tell."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from supportlab.desk import Desk, open_desk
from supportlab.errors import NotEstimable, ParameterError
from supportlab.metrics.authority.status import authority_spans, with_authority
from supportlab.metrics.authority.tickets import authority_tickets
from supportlab.results import Estimate
from supportlab.studies import empowerment
from supportlab.studies.empowerment.design_results import DesignResult
from supportlab.studies.empowerment.effects import Designs, _apart
from supportlab.studies.empowerment.frame import study_frame, weighted_tickets

AS_OF = datetime(2026, 7, 1)  # noqa: DTZ001


@pytest.fixture(scope="module")
def desk(sample_desk: Desk) -> Desk:
    return sample_desk


@pytest.fixture(scope="module")
def truth(sample_path: Path) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads((sample_path / "truth.json").read_text())["authority"]
    return stored


@pytest.fixture(scope="module")
def fcr(desk: Desk) -> Estimate:
    return empowerment.effect(desk, "fcr")


def small(folder: Path, authority: str = "", **columns: Any) -> Desk:
    folder.mkdir(exist_ok=True)
    rows = [
        {
            "ticket_id": f"T{place}", "customer_id": f"C{place}", "agent_id": f"A{place % 9}",
            "team_id": f"TM{place % 3}", "market": "DE", "channel": "email", "category": "refund",
            "status": "closed", "created_at": f"2025-{1 + place % 12:02d}-10 12:00:00",
            "resolved_at": f"2025-{1 + place % 12:02d}-11 12:00:00",
        }
        for place in range(240)
    ]  # fmt: skip
    gone = [name for name, value in columns.items() if value is None]
    frame = pd.DataFrame(rows).assign(**columns).drop(columns=gone)
    frame.to_csv(folder / "tickets.csv", index=False)
    if authority:
        (folder / "authority.csv").write_text(authority)
    config = {"timezone": "UTC", "reporting_currency": "USD"}
    return open_desk(folder, as_of=AS_OF, config=config, strict=False)


HEAD = "scope,scope_id,effective_from,effective_to,limit_amount,limit_currency\n"


def test_the_headline_is_the_roll_out_and_holds_the_truth(
    fcr: Estimate, truth: dict[str, Any]
) -> None:
    heads = [one for one in fcr.findings if one.group == {"design": "rollout"}]
    assert len(heads) == 1
    head = heads[0]
    assert head.ci_low < truth["fcr_effect_on_covered"] < head.ci_high  # type: ignore[operator]
    assert head.verdict == "higher"
    assert head.design == "quasi_experiment"
    # The plain difference points the other way, and its design is not called one of cause.
    beside = {one.group["design"]: one for one in fcr.findings if "role" in one.group}
    assert set(beside) == {"limit", "examiner", "adjusted"}
    assert beside["adjusted"].design == "adjusted"
    assert beside["adjusted"].sensitivity["name"] == "E-value"  # type: ignore[index]
    raw = fcr.table.set_index("design").loc["adjusted", "naive"]
    assert raw < 0
    assert "Not all designs agree" in fcr.summary()


@pytest.mark.parametrize(
    ("outcome", "key"),
    [("approval", "approval_effect_on_covered"), ("escalation", "escalation_effect_on_covered"),
     ("csat", "csat_top_two_effect_on_covered")],
)  # fmt: skip
def test_other_outcomes_hold_their_truth(
    desk: Desk, truth: dict[str, Any], outcome: str, key: str
) -> None:
    head = empowerment.effect(desk, outcome).findings[0]
    assert head.group == {"design": "rollout"}
    assert head.ci_low < truth[key] < head.ci_high  # type: ignore[operator]


def test_the_effect_of_use_holds_its_truth(fcr: Estimate, truth: dict[str, Any]) -> None:
    row = fcr.table.set_index("design").loc["examiner"]
    assert row["ci_low"] < truth["fcr_effect_of_use_on_used"] < row["ci_high"]
    assert row["per"] == "ticket settled by own authority"


def test_cohorts_and_topics_hold_their_truths(desk: Desk, truth: dict[str, Any]) -> None:
    cohorts = empowerment.effect_by_group(desk, by="cohort").table
    known = list(truth["fcr_effect_by_cohort"].values())
    inside = (cohorts["ci_low"] < known) & (known < cohorts["ci_high"])
    assert inside.sum() >= 4
    topics = empowerment.effect_by_group(desk, by="category")
    rows = topics.table.loc[topics.table["estimate"].notna()]
    truths = rows["group"].map(truth["fcr_effect_by_category"])
    assert ((rows["ci_low"] < truths) & (truths < rows["ci_high"])).mean() >= 0.8
    assert {one.id for one in topics.findings} == {"empowerment.fcr.effect"}
    assert (rows["p_rest_adjusted"] >= rows["p_rest"].astype(float) - 1e-12).all()
    with pytest.raises(ParameterError, match="category"):
        empowerment.effect_by_group(desk, by="topic")
    with pytest.raises(ParameterError, match="fcr"):
        empowerment.effect(desk, "first_contact")


def test_months_since_have_findings_and_leads_none(desk: Desk) -> None:
    found = empowerment.event_study(desk)
    after = found.table.loc[found.table["part"] == "after"]
    assert len(found.findings) == len(after)
    assert (found.table.loc[found.table["part"] == "before", "months_since"] < 0).all()
    later = empowerment.event_study(desk, anticipation=2)
    assert later.table["months_since"].min() == -5


def test_weights_bring_answers_back_to_all_tickets(desk: Desk, sample_path: Path) -> None:
    cells = study_frame(desk, None, None).cells
    whole = json.loads((sample_path / "truth.json").read_text())["surveys"]
    asked, plain = cells["n_asked"].sum(), cells["n_good"].sum() / cells["n_answered"].sum()
    assert cells["n_csat"].sum() == pytest.approx(asked, rel=0.02)
    weighted = cells["s_csat"].sum() / cells["n_csat"].sum()
    assert abs(weighted - whole["csat_top_two_all"]) < abs(plain - whole["csat_top_two_all"]) / 2


def test_every_ticket_is_counted_once_and_by_the_authority_of_its_moment(desk: Desk) -> None:
    frame = study_frame(desk, None, None)
    rows = authority_tickets(desk).execute()
    assert frame.cells["n"].sum() == len(rows)
    assert frame.cells["n_fcr"].sum() == (rows["fcr"] != "other").sum()
    starts = authority_spans(desk).set_index("scope_id")["since_at"]
    since = rows["team"].map(starts)
    assert ((rows["created_at"] >= since) == (rows["has_authority"] == 1)).all()
    # Never used beyond the limit, nor without authority.
    used = rows.loc[rows["used"] == 1]
    assert (used["margin_cents"] >= -1).all()
    assert (used["has_authority"] == 1).all()
    assert weighted_tickets(desk, None, None).count().execute() == len(rows)


def test_the_nearest_scope_decides_and_later_rows_end_earlier_ones(tmp_path: Path) -> None:
    desk = small(
        tmp_path / "scopes",
        HEAD
        + "all,,2025-06-01,,50,USD\nteam,TM1,2025-03-01,,100,USD\n"
        + "team,TM1,2025-07-01,2025-11-01,300,USD\nagent,A0,2025-01-01,2025-02-01,10,USD\n",
    )
    tickets = with_authority(desk, desk.table("tickets")).execute()
    tickets["month"] = tickets["created_at"].dt.month
    team = tickets.loc[(tickets["team_id"] == "TM1")].groupby("month")["limit_amount"].first()
    assert (team[5], team[8], team[11]) == (100, 300, 50)
    other = tickets.loc[(tickets["team_id"] == "TM2") & (tickets["month"] == 3)]
    assert other["authority_scope"].isna().all()
    agent = tickets.loc[(tickets["agent_id"] == "A0") & (tickets["month"] == 1)]
    assert set(agent["limit_amount"]) == {10.0}
    assert len(tickets) == 240


def test_desks_that_cannot_tell_say_why(tmp_path: Path) -> None:
    nobody = small(tmp_path / "nobody")
    made = empowerment.effect(nobody)
    assert [one.status for one in made.findings] == ["not_estimable"]
    assert "no table of authority" in made.summary()
    few = small(tmp_path / "few", HEAD + "team,TM1,2025-05-01,,,\nteam,TM2,2025-08-01,,,\n")
    found = empowerment.effect(few)
    head = found.findings[0]
    assert head.group == {}
    assert head.status == "not_estimable"
    assert "3 clusters" in (head.reason or "")
    assert {one.status for one in found.findings} == {"not_estimable"}
    at_once = small(tmp_path / "once", HEAD + "all,,2025-05-01,,,\n")
    assert "same month" in (empowerment.effect(at_once).findings[0].reason or "")
    with pytest.raises(NotEstimable, match="team_id"):
        authority_tickets(small(tmp_path / "teamless", team_id=None))


def test_a_design_that_fails_its_check_is_not_the_headline() -> None:
    from supportlab.stats import Contrast

    def made(design: str, estimate: float, doubt: str = "") -> DesignResult:
        one = Contrast(estimate, estimate - 0.02, estimate + 0.02, 0.95, 900, 30, "", p_value=0.01)
        return DesignResult(design, one, "", 0.0, "", doubt=doubt)

    results = (made("rollout", 0.07, "apart before"), made("limit", 0.05), made("adjusted", 0.0))
    sound = [one for one in results if not one.doubt]
    found = Designs(results, sound[0])
    assert found.headline is results[1]
    assert [one.design for one in _apart(found)] == ["adjusted"]


def test_waits_speak_of_those_who_waited(desk: Desk) -> None:
    found = empowerment.approval_wait(desk)
    (one,) = found.findings
    assert one.id == "empowerment.approval_wait.csat"
    assert one.design == "adjusted"
    assert one.estimate < 0  # type: ignore[operator]
    assert one.ci_low < 0 < one.ci_high  # type: ignore[operator]
    assert one.n < 2000  # type: ignore[operator]


def test_bounds_hold_the_weighted_effect(desk: Desk) -> None:
    table = empowerment.answering(desk).table.set_index("reading")["estimate"]
    weighted = table["weighted by the chance of answering"]
    assert table.iloc[-2] < weighted < table.iloc[-1]
    assert table["weighted; non-answers with authority +5 points"] > weighted


def test_details_of_the_other_designs(desk: Desk) -> None:
    jump = empowerment.limit(desk)
    assert set(jump.table["kind"]) == {"limit", "other window", "placebo"}
    assert jump.plot() is not None
    use = empowerment.examiner(desk)
    assert use.table["first_stage_f"].min() > 100
    alike = empowerment.alike_tickets(desk)
    assert len(alike.table) == 10
    assert empowerment.coverage(desk).table["n_tickets"].sum() == 27_329
    assert "leaves_out" in empowerment.naive(desk).table
