"""Case tables of the survey metrics: expected, edge and erroneous rows."""

# ruff: noqa: DTZ001 (times of the contract are UTC without a zone)

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from supportlab import metrics
from supportlab.desk import Desk, open_desk
from supportlab.errors import NotEstimable, ParameterError

SENT = datetime(2026, 1, 10, 12)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
SURVEY = {
    "survey_id": "",
    "ticket_id": None,
    "agent_id": "A1",
    "kind": "csat",
    "sent_at": SENT,
    "responded_at": SENT + DAY,
    "score": 5,
    "scale_min": 1,
    "scale_max": 5,
    "high_is_good": "true",
}
TICKET = {
    "ticket_id": "T",
    "channel": "email",
    "status": "open",
    "created_at": SENT - DAY,
    "market": "DE",
    "agent_id": "A9",
}


def opened(
    folder: Path, surveys: list[dict], tickets: list[dict] | None = None, config: dict | None = None
) -> Desk:
    folder.mkdir(exist_ok=True)
    for name, rows in (("tickets", tickets or [TICKET]), ("surveys", surveys)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return open_desk(
        folder, as_of="2026-03-01", config={"timezone": "UTC", **(config or {})}, strict=False
    )


def survey(name: str, **changes: object) -> dict:
    return {**SURVEY, "survey_id": name, **changes}


def form(low: float, high: float, good: str = "true") -> dict:
    return {"scale_min": low, "scale_max": high, "high_is_good": good}


def without(rows: list[dict], *columns: str) -> list[dict]:
    return [{key: row[key] for key in row if key not in columns} for row in rows]


CSAT_CASES = {
    # id: (changes, outcome of the top box, reason)
    "5 of 5": ({"score": 5}, "success", None),
    "4 of 5": ({"score": 4}, "success", None),
    "3 of 5": ({"score": 3}, "failure", None),
    "1 of 5": ({"score": 1}, "failure", None),
    "3 of 3": ({"score": 3, **form(1, 3)}, "success", None),
    "2 of 3": ({"score": 2, **form(1, 3)}, "failure", None),
    "good of good or bad": ({"score": 1, **form(0, 1)}, "success", None),
    "bad of good or bad": ({"score": 0, **form(0, 1)}, "failure", None),
    "7 of 10 from 1": ({"score": 7, **form(1, 10)}, "success", None),
    "6 of 10 from 1": ({"score": 6, **form(1, 10)}, "failure", None),
    "60 of 100": ({"score": 60, **form(0, 100)}, "success", None),
    "59 of 100": ({"score": 59, **form(0, 100)}, "failure", None),
    "5 of 7": ({"score": 5, **form(1, 7)}, "success", None),
    "4 of 7": ({"score": 4, **form(1, 7)}, "failure", None),
    "1 of 5, low is good": ({"score": 1, **form(1, 5, "false")}, "success", None),
    "2 of 5, low is good": ({"score": 2, **form(1, 5, "false")}, "success", None),
    "5 of 5, low is good": ({"score": 5, **form(1, 5, "false")}, "failure", None),
    "scale unsaid is the desk's": ({"score": 4, **form("", "", "")}, "success", None),
    "answered as it was sent": ({"responded_at": SENT}, "success", None),
    "on the last instant of the window": ({"responded_at": SENT + 14 * DAY}, "success", None),
    "half a point": ({"score": 3.5}, "success", None),
    "after the window": (
        {"responded_at": SENT + 14 * DAY + SECOND},
        "excluded",
        "answered after the response window",
    ),
    "before it was sent": (
        {"responded_at": SENT - SECOND},
        "excluded",
        "answered before it was sent",
    ),
    "at an unknown time": ({"responded_at": ""}, "excluded", "a score without a time of answer"),
    "6 of 5": ({"score": 6}, "excluded", "the score lies outside the form's scale"),
    "0 of 5": ({"score": 0}, "excluded", "the score lies outside the form's scale"),
    "a scale upside down": (
        {"score": 3, **form(5, 1)},
        "excluded",
        "the form's scale has no length",
    ),
    "first of two answers": (
        {"ticket_id": "T1", "score": 1},
        "excluded",
        "superseded by a later answer",
    ),
    "second of two answers": (
        {"ticket_id": "T1", "score": 5, "responded_at": SENT + 2 * DAY},
        "success",
        None,
    ),
    "first answer, the second came too late": ({"ticket_id": "T2"}, "success", None),
    "second answer, too late": (
        {"ticket_id": "T2", "score": 1, "responded_at": SENT + 30 * DAY},
        "excluded",
        "answered after the response window",
    ),
    "first answer, the second was wrong": ({"ticket_id": "T3"}, "success", None),
    "second answer, off the scale": (
        {"ticket_id": "T3", "score": 9, "responded_at": SENT + 2 * DAY},
        "excluded",
        "the score lies outside the form's scale",
    ),
}
NO_ANSWER = {
    "no answer": {"score": "", "responded_at": ""},
    "opened, not scored": {"score": ""},
    "another kind": {"kind": "nps"},
}


@pytest.fixture(scope="module")
def csat_desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    rows = [survey(name, **case[0]) for name, case in CSAT_CASES.items()]
    rows += [survey(name, **changes) for name, changes in NO_ANSWER.items()]
    tickets = [{**TICKET, "ticket_id": name} for name in ("T1", "T2", "T3")]
    return opened(tmp_path_factory.mktemp("csat"), rows, tickets)


@pytest.fixture(scope="module")
def csat_cases(csat_desk: Desk) -> dict[str, dict]:
    return metrics.csat(csat_desk).cases.execute().set_index("unit").to_dict("index")


@pytest.mark.parametrize("name", CSAT_CASES)
def test_csat_case(name: str, csat_cases: dict[str, dict]) -> None:
    _, outcome, reason = CSAT_CASES[name]
    case = csat_cases[name]
    assert case["outcome"] == outcome
    assert case["reason"] == reason or (reason is None and case["reason"] != case["reason"])


@pytest.mark.parametrize("name", NO_ANSWER)
def test_csat_is_not_about(name: str, csat_cases: dict[str, dict]) -> None:
    assert name not in csat_cases


def test_csat_net_and_good_bad(tmp_path: Path) -> None:
    rows = [survey(str(score), score=score) for score in (1, 2, 3, 4, 5)]
    rows += [survey("9", score=1, **form(1, 5, "false"))]
    rows += [survey("4 of 10", score=4, **form(0, 10)), survey("5 of 10", score=5, **form(0, 10))]
    desk = opened(tmp_path, without(rows, "ticket_id"))
    net = metrics.csat(desk, cluster=None, measure="net").fetch().iloc[0]
    assert (net["n"], net["n_promoter"], net["n_detractor"]) == (8, 3, 3)
    kept = metrics.csat(desk, cluster=None, measure="good_bad")
    row = kept.fetch().iloc[0]
    assert (row["n"], row["n_success"], row["n_excluded"]) == (6, 3, 2)
    assert kept.excluded()["reason"].to_list() == ["in the middle of the scale"]


def test_csat_mean_never_pools_two_forms(tmp_path: Path) -> None:
    rows = [survey("a", score=4), survey("b", score=5), survey("c", score=9, **form(0, 10))]
    table = metrics.csat(opened(tmp_path, rows), cluster=None, measure="mean").fetch()
    assert table[["form", "n", "total", "total_squared"]].values.tolist() == [
        ["0-10 high is good", 1, 9.0, 81.0],
        ["1-5 high is good", 2, 9.0, 41.0],
    ]


def test_last_answer_is_settled_before_the_period_is_cut(tmp_path: Path) -> None:
    later = SENT + timedelta(days=31)
    rows = [
        survey("january", ticket_id="T"),
        survey("february", ticket_id="T", sent_at=later, responded_at=later + DAY),
    ]
    desk = opened(tmp_path, rows)
    months = metrics.csat(desk, by="month", cluster=None).fetch().set_index("month")
    january = metrics.csat(desk, cluster=None, end="2026-02-01").fetch().iloc[0]
    assert (january["n"], january["n_excluded"]) == (0, 1)
    assert months["n"].to_dict() == {"2026-01": 0, "2026-02": 1}


NPS_CASES = {
    "10": ({"score": 10}, "promoter"),
    "9": ({"score": 9}, "promoter"),
    "8": ({"score": 8}, "passive"),
    "7": ({"score": 7}, "passive"),
    "6": ({"score": 6}, "detractor"),
    "0": ({"score": 0}, "detractor"),
    "11": ({"score": 11}, "excluded"),
    "-1": ({"score": -1}, "excluded"),
    "8.5": ({"score": 8.5}, "excluded"),
    "of five": ({"score": 5, **form(1, 5)}, "excluded"),
    "low is good": ({"score": 9, **form(0, 10, "false")}, "excluded"),
    "late": ({"score": 9, "responded_at": SENT + 15 * DAY}, "excluded"),
}


def test_nps_cases(tmp_path: Path) -> None:
    rows = [
        survey(name, kind="nps", **{**form("", "", ""), **case[0]})
        for name, case in NPS_CASES.items()
    ]
    sums = metrics.nps(opened(tmp_path, rows), cluster=None)
    found = sums.cases.execute().set_index("unit")["outcome"].to_dict()
    assert found == {name: case[1] for name, case in NPS_CASES.items()}
    row = sums.fetch().iloc[0]
    assert (row["n"], row["n_promoter"], row["n_detractor"], row["n_excluded"]) == (6, 2, 2, 6)


def test_ces_keeps_forms_apart(tmp_path: Path) -> None:
    rows = [
        survey("a", kind="ces", score=6, **form(1, 7)),
        survey("b", kind="ces", score=4, **form(1, 7)),
        survey("c", kind="ces", score=2, **form(1, 7, "false")),
        survey("d", kind="ces", score=2, **form(1, 5, "false")),
        survey("e", kind="ces", score=2, **form(1, "", "")),
        survey("f", kind="ces", score=0.5, **form(0.5, 2.5)),
    ]
    desk = opened(tmp_path, rows)
    mean = metrics.ces(desk, by="market" if desk.has("surveys", "market") else (), cluster=None)
    assert mean.by == ("form",)
    assert mean.fetch()[["form", "n", "total", "n_excluded"]].values.tolist() == [
        ["(missing)", 0, 0.0, 1],
        ["0.5000-2.5000 high is good", 1, 0.5, 0],
        ["1-5 low is good", 1, 2.0, 0],
        ["1-7 high is good", 2, 10.0, 0],
        ["1-7 low is good", 1, 2.0, 0],
    ]
    top = metrics.ces(desk, cluster=None, measure="top_box").fetch().set_index("form")
    assert top["n_success"].to_dict() == {
        "(missing)": 0,
        "0.5000-2.5000 high is good": 0,
        "1-5 low is good": 1,
        "1-7 high is good": 1,
        "1-7 low is good": 1,
    }


def test_ces_takes_the_last_answer_of_each_form(tmp_path: Path) -> None:
    later = {"responded_at": SENT + 2 * DAY}
    rows = [
        survey("seven", kind="ces", ticket_id="T", score=6, **form(1, 7)),
        survey("seven again", kind="ces", ticket_id="T", score=2, **form(1, 7), **later),
        survey("five", kind="ces", ticket_id="T", score=2, **form(1, 5, "false")),
        survey("five is good", kind="ces", ticket_id="T", score=4, **form(1, 5)),
    ]
    table = metrics.ces(opened(tmp_path, rows), cluster=None).fetch()
    assert table[["form", "n", "total", "n_excluded"]].values.tolist() == [
        ["1-5 high is good", 1, 4.0, 0],
        ["1-5 low is good", 1, 2.0, 0],
        ["1-7 high is good", 1, 2.0, 1],
    ]


def test_nps_of_customers_without_agents_is_clustered_by_customer(tmp_path: Path) -> None:
    rows = [
        survey(f"{customer} {place}", kind="nps", agent_id="", score=9, **form(0, 10))
        | {"customer_id": f"C{customer:02d}"}
        for customer in range(20)
        for place in range(5)
    ]
    rows.append(survey("known", kind="nps", score=9, **form(0, 10)) | {"customer_id": "C00"})
    table = metrics.nps(opened(tmp_path, rows)).fetch().set_index("cluster")["n"]
    assert table.to_dict() == {"A1": 1, **{f"customer_id:C{n:02d}": 5 for n in range(20)}}


def test_ces_needs_scale_and_direction(tmp_path: Path) -> None:
    rows = without([survey("a", kind="ces", score=6)], "scale_min", "scale_max", "high_is_good")
    with pytest.raises(NotEstimable, match=r"surveys\.scale_min"):
        metrics.ces(opened(tmp_path / "bare", rows))
    told = {"surveys": {"ces": {"scale_min": 1, "scale_max": 7, "high_is_good": True}}}
    sums = metrics.ces(opened(tmp_path / "told", rows, config=told), cluster=None)
    assert sums.fetch()["form"].to_list() == ["1-7 high is good"]


MATURE = datetime(2026, 2, 15)
RESPONSE_CASES = {
    "answered": ({}, "success"),
    "not answered": ({"score": "", "responded_at": ""}, "failure"),
    "opened, not scored": ({"score": ""}, "failure"),
    "at the end of the window": ({"responded_at": SENT + 14 * DAY}, "success"),
    "after the window": ({"responded_at": SENT + 14 * DAY + SECOND}, "failure"),
    "sent exactly a window ago": (
        {"sent_at": MATURE, "responded_at": "", "score": ""},
        "failure",
    ),
    "sent since, not answered": (
        {"sent_at": MATURE + SECOND, "responded_at": "", "score": ""},
        "immature",
    ),
    "sent since, answered": (
        {"sent_at": MATURE + SECOND, "responded_at": MATURE + DAY},
        "immature",
    ),
    "before it was sent": ({"responded_at": SENT - SECOND}, "excluded"),
    "scored at an unknown time": ({"responded_at": ""}, "excluded"),
    "another kind": ({"kind": "nps", "score": 9, **form(0, 10)}, "success"),
}


@pytest.fixture(scope="module")
def response_rows() -> list[dict]:
    return [survey(name, **case[0]) for name, case in RESPONSE_CASES.items()]


def test_response_rate_cases(tmp_path: Path, response_rows: list[dict]) -> None:
    desk = opened(tmp_path, response_rows)
    sums = metrics.response_rate(desk, by="kind", cluster=None)
    found = sums.cases.execute().set_index("unit")["outcome"].to_dict()
    assert found == {name: case[1] for name, case in RESPONSE_CASES.items()}
    by_kind = sums.fetch().set_index("kind")
    assert by_kind.loc["csat"].to_dict() == {
        "n": 6,
        "n_success": 2,
        "n_immature": 2,
        "n_excluded": 2,
    }
    only_nps = metrics.response_rate(desk, kind="nps", cluster=None).fetch().iloc[0]
    assert only_nps["n"] == by_kind.loc["nps", "n"] == 1
    with pytest.raises(ParameterError, match="Did you mean 'csat'"):
        metrics.response_rate(desk, kind="csta")


def test_response_rate_of_answers_alone_is_refused(
    tmp_path: Path, response_rows: list[dict]
) -> None:
    desk = opened(tmp_path, response_rows, config={"surveys": {"invitations": False}})
    with pytest.raises(NotEstimable, match="only the answers"):
        metrics.response_rate(desk)
    assert metrics.csat(desk, cluster=None).fetch()["n"].iloc[0] > 0


def test_response_rate_without_times_or_scores(tmp_path: Path, response_rows: list[dict]) -> None:
    no_times = opened(tmp_path / "a", without(response_rows, "responded_at"))
    sums = metrics.response_rate(no_times, cluster=None)
    assert "responded_at is not provided" in sums.definition.parts[0]
    assert sums.fetch()["n_success"].iloc[0] == 6
    no_scores = opened(tmp_path / "b", without(response_rows, "score"))
    sums = metrics.response_rate(no_scores, cluster=None)
    assert "score is not provided" in sums.definition.parts[0]
    assert sums.fetch()["n_success"].iloc[0] == 4
    with pytest.raises(NotEstimable, match=r"surveys\.score"):
        metrics.csat(no_scores)


def test_group_and_cluster_come_from_the_ticket(tmp_path: Path) -> None:
    rows = [
        survey("known", ticket_id="T"),
        survey("unknown ticket", ticket_id="T0"),
        survey("no ticket"),
    ]
    desk = opened(tmp_path, without(rows, "agent_id"))
    sums = metrics.csat(desk, by=("market", "channel"))
    table = sums.fetch()
    assert sums.cluster_name == "tickets.agent_id"
    assert table[["market", "channel", "cluster", "n"]].values.tolist() == [
        ["(missing)", "(missing)", "survey_id:no ticket", 1],
        ["(missing)", "(missing)", "survey_id:unknown ticket", 1],
        ["DE", "email", "A9", 1],
    ]


def test_key_that_stands_twice_doubles_no_row(tmp_path: Path) -> None:
    twice = [{**TICKET, "market": market} for market in ("US", "DE", "")]
    desk = opened(tmp_path, [survey("a", ticket_id="T")], twice)
    assert desk.audit.stops
    table = metrics.csat(desk, by="market", cluster=None).fetch()
    assert table[["market", "n"]].values.tolist() == [["DE", 1]]


def test_rated_agent_is_the_survey_s_own(tmp_path: Path) -> None:
    sums = metrics.csat(opened(tmp_path, [survey("a", ticket_id="T")]))
    assert sums.cluster_name == "agent_id"
    assert sums.fetch()["cluster"].to_list() == ["A1"]


def test_without_surveys_there_is_a_reason(tmp_path: Path) -> None:
    desk = opened(tmp_path, [survey("a")])
    (tmp_path / "surveys.csv").unlink()
    desk = open_desk(tmp_path, as_of="2026-03-01", config={"timezone": "UTC"})
    for metric in (metrics.csat, metrics.nps, metrics.ces, metrics.response_rate):
        with pytest.raises(NotEstimable, match="Provide surveys"):
            metric(desk)


def test_group_that_nothing_provides_is_named(tmp_path: Path) -> None:
    desk = opened(tmp_path, [survey("a")])
    with pytest.raises(NotEstimable, match="segment"):
        metrics.csat(desk, by="segment")
