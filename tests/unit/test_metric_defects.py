"""
Defects seen in open implementations, each with the wrong figure beside ours.

Every test makes the wrong figure by hand from the same rows, so that it can only pass while the two
are told apart.
"""

# ruff: noqa: DTZ001 (times of the contract are UTC without a zone)

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from supportlab import metrics
from supportlab.desk import Desk, open_desk
from supportlab.errors import NotEstimable
from supportlab.metrics.rivals import reconcile
from supportlab.stats.intervals import wilson_interval

MONDAY = datetime(2026, 2, 2, 10)
HOUR = timedelta(hours=1)
WEEK = [
    {"scope": "all", "scope_id": "", "weekday": day, "opens": "09:00", "closes": "17:00"}
    | {"timezone": "UTC"}
    for day in range(5)
]


def ticket(name: str, **changes: object) -> dict:
    own = {
        "ticket_id": name,
        "customer_id": f"customer of {name}",
        "agent_id": "A1",
        "team_id": "T1",
        "channel": "email",
        "category": "billing",
        "status": "closed",
        "created_at": MONDAY,
        "first_response_at": MONDAY + HOUR,
        "resolved_at": MONDAY + 2 * HOUR,
        "closed_at": MONDAY + 2 * HOUR,
        "reopened_count": 0,
        "contact_count": 1,
        "agent_reply_count": 1,
        "transfer_count": 0,
    }
    return {**own, **changes}


def event(name: str, hours: float, actor: str, kind: str, **changes: object) -> dict:
    own = {"ticket_id": name, "at": MONDAY + hours * HOUR, "actor": actor, "kind": kind}
    return {**own, "agent_id": "A1" if actor == "agent" else "", "value": "", **changes}


def opened(folder: Path, as_of: str = "2026-05-01", **tables: list[dict]) -> Desk:
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return open_desk(folder, as_of, config={"timezone": "UTC"}, strict=False)


def cases(sums: metrics.Sums) -> pd.DataFrame:
    return sums.cases.execute().set_index("unit")


def test_missing_business_time_is_not_zero(tmp_path: Path) -> None:
    hours = [{**row, "scope": "team", "scope_id": "T1"} for row in WEEK]
    tickets = [ticket("scheduled"), ticket("unscheduled", team_id="T2")]
    desk = opened(tmp_path, tickets=tickets, schedules=hours)
    found = cases(metrics.first_response(desk, clock="business"))
    assert found.loc["scheduled", "duration_seconds"] == 3600
    assert found.loc["unscheduled", "outcome"] == "excluded"
    ours = found.loc[found["outcome"] == "event", "duration_seconds"].mean()
    wrong = found["duration_seconds"].fillna(0).mean()
    assert (ours, wrong) == (3600, 1800)


def test_open_again_is_reopened_before_it_is_solved_again(tmp_path: Path) -> None:
    again = {"status": "open", "closed_at": None, "reopened_count": 1}
    tickets = [ticket("open again", **again), ticket("quiet")]
    row = metrics.reopening(opened(tmp_path, tickets=tickets), cluster=None).fetch().iloc[0]
    wrong = sum(t["reopened_count"] > 0 and t["status"] == "closed" for t in tickets)
    assert (row["n_success"], row["n"], wrong) == (1, 2, 0)


def test_negative_durations_are_counted_with_a_reason(tmp_path: Path) -> None:
    early = MONDAY - HOUR
    tickets = [ticket("backwards", first_response_at=early, resolved_at=early), ticket("right")]
    desk = opened(tmp_path, tickets=tickets)
    for sums in (metrics.first_response(desk), metrics.resolution_time(desk)):
        out = sums.excluded()
        assert out["n"].to_list() == [1]
        assert "before it was created" in out["reason"][0]
        record = sums.record()
        dropped_silently = len(tickets) - record.n
        assert (record.n, record.n_excluded, dropped_silently) == (1, 1, 1)
        assert len(cases(sums)) == len(tickets)


def test_tickets_outside_hours_take_no_time_and_stay(tmp_path: Path) -> None:
    saturday = datetime(2026, 2, 7, 10)
    weekend = {"first_response_at": saturday + HOUR, "resolved_at": saturday + 2 * HOUR}
    at_once = ticket("weekend", created_at=saturday, closed_at=None, **weekend)
    desk = opened(tmp_path, tickets=[ticket("monday"), at_once], schedules=WEEK)
    for sums in (
        metrics.first_response(desk, clock="business"),
        metrics.resolution_time(desk, clock="business"),
    ):
        found = cases(sums)
        assert found["outcome"].to_list() == ["event", "event"]
        assert found.loc["weekend", "duration_seconds"] == 0
        inside_only = found[found["duration_seconds"] > 0]
        assert (sums.record().n, len(inside_only)) == (2, 1)


def test_an_annulled_close_does_not_shrink_past_counts(tmp_path: Path) -> None:
    log = [
        event("T", 0, "customer", "message"),
        event("T", 2, "agent", "status", value="closed"),
        event("T", 1000, "customer", "status", value="open"),
    ]
    own = ticket("T", status="open", closed_at=None, reopened_count=1)
    counts = []
    for moment in ("2026-02-10", "2026-05-01"):
        folder = tmp_path / moment
        folder.mkdir()
        desk = opened(folder, moment, tickets=[own], events=log)
        counts.append(metrics.resolution_time(desk, stop="first", cluster=None).record().n)
        # At either moment one resolution had happened in February.
        assert cases(metrics.resolution_time(desk, stop="first")).loc["T", "outcome"] == "event"
    closed_now = int(own["status"] == "closed")
    assert (counts, closed_now) == ([1, 1], 0)
    full = [cases(metrics.resolution_time(desk)).loc["T", "outcome"]]
    assert full == ["censored"]


def test_a_ticket_weighs_one_however_many_replies(tmp_path: Path) -> None:
    log = [event("talked", hours, "agent", "message") for hours in (9, 10, 11)]
    log += [event("talked", 0, "customer", "message"), event("brief", 0, "customer", "message")]
    log += [event("brief", 1, "agent", "message")]
    tickets = [ticket("talked"), ticket("brief")]
    desk = opened(tmp_path, tickets=tickets, events=log)
    found = metrics.first_response(desk, cluster=None).fetch()
    ours = (found["duration_seconds"] * found["n_events"]).sum() / found["n_events"].sum()
    replies = pd.Series([row["ticket_id"] for row in log if row["actor"] == "agent"])
    joined = replies.map({"talked": 9 * 3600, "brief": 3600})
    assert (ours, joined.mean()) == (5 * 3600, 7 * 3600)
    assert found["n_events"].sum() == len(tickets)


def test_a_share_has_one_cohort_and_is_no_integer(tmp_path: Path) -> None:
    march = datetime(2026, 3, 2, 10)
    late = {"resolved_at": march, "closed_at": march}
    tickets = [
        ticket("february"),
        ticket("february, too"),
        ticket("open", status="open", resolved_at=None, closed_at=None),
        ticket("january", created_at=MONDAY - 500 * HOUR, first_response_at=MONDAY),
        ticket("january, resolved in march", created_at=MONDAY - 500 * HOUR, **late),
    ]
    desk = opened(tmp_path, tickets=tickets)
    row = metrics.fcr(desk, cluster=None, start="2026-02-01", end="2026-03-01").fetch().iloc[0]
    share = row["n_success"] / row["n"]
    resolved_in_february = sum(str(t["resolved_at"])[:7] == "2026-02" for t in tickets)
    created_in_february = sum(str(t["created_at"])[:7] == "2026-02" for t in tickets)
    assert share == pytest.approx(2 / 3)
    assert resolved_in_february / created_in_february == 1
    assert 100 * share != int(100 * share)


def test_the_mean_of_nothing_is_not_zero(tmp_path: Path) -> None:
    survey = {"survey_id": "S", "ticket_id": "T", "kind": "csat", "sent_at": MONDAY}
    unanswered = {**survey, "responded_at": None, "score": None}
    silent = ticket("T", status="open", first_response_at=None, resolved_at=None, closed_at=None)
    desk = opened(tmp_path, tickets=[silent], surveys=[unanswered])
    row = metrics.csat(desk, cluster=None).fetch().iloc[0]
    assert row["n"] == 0
    with pytest.raises((NotEstimable, ValueError)):
        wilson_interval(row["n_success"], row["n"])
    durations = metrics.first_response(desk, cluster=None)
    assert (durations.record().n, durations.record().n_censored) == (1, 1)
    totals = reconcile(desk, vendor="zendesk", metric="first_response").totals().iloc[0]
    averaged_as_zero = pd.Series([], dtype="float64").sum() / max(0, 1)
    assert averaged_as_zero == 0
    assert pd.isna(totals["mean_ours"])


def test_daylight_saving_is_that_of_the_instant(tmp_path: Path) -> None:
    # On 29 March 2026 the clocks of Berlin go from 02:00 to 03:00: the hours from one to four
    # o'clock are two.
    begins, ends = datetime(2026, 3, 28, 22), datetime(2026, 3, 29, 6)
    night = {"scope": "all", "scope_id": "", "weekday": 6, "opens": "01:00", "closes": "04:00"}
    row = ticket("T", created_at=begins, first_response_at=ends, resolved_at=None, closed_at=None)
    hours = [{**night, "timezone": "Europe/Berlin"}]
    desk = opened(tmp_path, tickets=[{**row, "status": "open"}], schedules=hours)
    found = cases(metrics.first_response(desk, clock="business")).loc["T", "duration_seconds"]
    # With one offset for the whole date, whichever it is, the wall clock's three hours pass.
    one_offset = {
        (min(ends, closes) - max(begins, opens)).total_seconds()
        for offset in (1, 2)
        for opens, closes in [
            (
                datetime(2026, 3, 29, 1) - offset * HOUR,
                datetime(2026, 3, 29, 4) - offset * HOUR,
            )
        ]
    }
    assert (found, one_offset) == (7200, {10_800})


def test_replies_of_agents_who_left_stay_replies(tmp_path: Path) -> None:
    log = [
        event("T", 0, "customer", "message"),
        event("T", 3, "agent", "message", agent_id="deactivated"),
        event("T", 9, "agent", "message"),
    ]
    agents = [{"agent_id": "A1", "left_at": None}, {"agent_id": "A2", "left_at": MONDAY}]
    desk = opened(tmp_path, tickets=[ticket("T")], events=log, agents=agents)
    facts = metrics.tickets_from_events(desk).execute().iloc[0]
    found = cases(metrics.first_response(desk)).loc["T", "duration_seconds"]
    active = {row["agent_id"] for row in agents if row["left_at"] is None}
    theirs = [row["at"] for row in log if row["agent_id"] in active]
    wrong = (min(theirs) - MONDAY).total_seconds()
    wrong_contacts = sum(row["agent_id"] not in active for row in log)
    assert (found, wrong) == (3 * 3600, 9 * 3600)
    assert (facts["contact_count"], wrong_contacts) == (1, 2)
    assert facts["agent_reply_count"] == 2
