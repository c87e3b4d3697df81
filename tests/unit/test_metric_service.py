"""Replies, waits, targets, self-service and contacts, held against cases."""

# ruff: noqa: DTZ001 (times of the contract are UTC without a zone)

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from supportlab import metrics
from supportlab.desk import Desk, open_desk
from supportlab.errors import DataError, NotEstimable, ParameterError

BEGIN = datetime(2026, 1, 12, 12)
AS_OF = datetime(2026, 3, 1)
HOUR = 3600


def at(hours: float) -> datetime:
    return BEGIN + timedelta(hours=hours)


def left(hours: float) -> int:
    """Seconds from a moment to as_of."""
    return int((AS_OF - at(hours)).total_seconds())


def ticket(name: str = "1", **changes: object) -> dict[str, object]:
    own: dict[str, object] = {
        "ticket_id": name,
        "customer_id": "C1",
        "agent_id": "A1",
        "channel": "email",
        "category": "billing",
        "priority": "normal",
        "status": "closed",
        "initiated_by": "customer",
        "created_at": BEGIN,
        "first_response_at": at(1),
        "resolved_at": at(30),
        "closed_at": at(30),
        "handle_minutes": 12.5,
    }
    return {**own, **changes}


def event(hours: float, actor: str, kind: str, value: str = "", **changes: object) -> dict:
    own = {"ticket_id": "1", "at": at(hours), "actor": actor, "kind": kind, "value": value}
    return {"is_public": "true", "channel": "email", "agent_id": "", **own, **changes}


def asks(hours: float, **changes: object) -> dict:
    return event(hours, "customer", "message", **changes)


def replies(hours: float, **changes: object) -> dict:
    return event(hours, "agent", "message", **changes)


def becomes(hours: float, state: str, **changes: object) -> dict:
    return event(hours, "system", "status", state, **changes)


def given(hours: float, **changes: object) -> dict:
    return event(hours, "system", "assignment", **{"agent_id": "A1", **changes})


def opened(
    folder: Path, config: dict | None = None, *, strict: bool = False, **tables: list[dict]
) -> Desk:
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    settings = {"timezone": "UTC", **(config or {})}
    return open_desk(folder, as_of="2026-03-01", config=settings, strict=strict)


def fates(sums: metrics.Sums, *columns: str) -> list[tuple]:
    frame = sums.cases.order_by("unit").execute()
    frame = frame.astype(object).where(frame.notna(), None)
    return [tuple(row) for row in frame[["outcome", *columns]].itertuples(index=False)]


FIRST = [asks(0), replies(1)]
NEXT = {
    "no further message": (FIRST, []),
    "one question, one reply": ([*FIRST, asks(5), replies(7)], [("event", 2 * HOUR)]),
    "questions in a row are one wait": (
        [*FIRST, asks(5), asks(6), replies(7)],
        [("event", 2 * HOUR)],
    ),
    "replies in a row end one wait": (
        [*FIRST, asks(5), replies(7), replies(8)],
        [("event", 2 * HOUR)],
    ),
    "two waits of one ticket": (
        [*FIRST, asks(5), replies(7), asks(8), replies(11)],
        [("event", 2 * HOUR), ("event", 3 * HOUR)],
    ),
    "still waiting": ([*FIRST, asks(5)], [("censored", left(5))]),
    "ended without a reply": (
        [*FIRST, asks(5), becomes(9, "resolved")],
        [("censored", 4 * HOUR)],
    ),
    "answered after the end is another wait's reply": (
        [*FIRST, asks(5), becomes(9, "resolved"), asks(20), replies(21)],
        [("censored", 4 * HOUR), ("event", HOUR)],
    ),
    "before the first reply": ([asks(0), asks(0.5), replies(1)], []),
    "private notes are no reply": (
        [*FIRST, asks(5), replies(6, is_public="false"), replies(7)],
        [("event", 2 * HOUR)],
    ),
    "bots do not reply": (
        [*FIRST, asks(5), event(6, "bot", "message"), replies(7)],
        [("event", 2 * HOUR)],
    ),
    "at the same moment the question comes first": (
        [*FIRST, replies(5), asks(5)],
        [("event", 0)],
    ),
}


@pytest.mark.parametrize("case", NEXT)
def test_next_reply(case: str, tmp_path: Path) -> None:
    events, expected = NEXT[case]
    desk = opened(tmp_path, tickets=[ticket()], events=events)
    assert fates(metrics.next_reply(desk), "duration_seconds") == expected


def test_next_reply_does_not_need_an_order_of_rows(tmp_path: Path) -> None:
    events, expected = NEXT["two waits of one ticket"]
    desk = opened(tmp_path, tickets=[ticket()], events=events[::-1])
    assert fates(metrics.next_reply(desk), "duration_seconds") == expected


STATES = {
    # events, waiting hours, hours with an agent
    "open to the end": ([becomes(0, "open"), given(4), becomes(10, "resolved")], 10, 6),
    "a log that begins later": ([given(4), becomes(10, "resolved")], 10, 6),
    "pending does not count": (
        [given(1), becomes(2, "pending"), becomes(7, "open"), becomes(10, "resolved")],
        5,
        4,
    ),
    "reopened counts on": (
        [given(1), becomes(2, "resolved"), becomes(20, "open"), becomes(23, "closed")],
        5,
        4,
    ),
    "automatic closing adds nothing": (
        [given(1), becomes(2, "resolved"), becomes(122, "closed")],
        2,
        1,
    ),
    "assigned to a team first": (
        [given(1, agent_id=""), given(4), becomes(10, "resolved")],
        10,
        6,
    ),
    "assigned again": ([given(1), given(5), becomes(10, "resolved")], 10, 9),
}


@pytest.mark.parametrize("case", STATES)
def test_time_on_our_side(case: str, tmp_path: Path) -> None:
    events, waiting, working = STATES[case]
    desk = opened(tmp_path, tickets=[ticket()], events=events)
    assert fates(metrics.wait_time(desk), "duration_seconds") == [("event", waiting * HOUR)]
    assert fates(metrics.work_time(desk), "duration_seconds") == [("event", working * HOUR)]


def test_time_on_our_side_goes_on_until_the_moment(tmp_path: Path) -> None:
    events = [given(1), becomes(2, "pending"), becomes(7, "open")]
    desk = opened(tmp_path, tickets=[ticket(status="open")], events=events)
    assert fates(metrics.wait_time(desk), "duration_seconds") == [("censored", left(7) + 2 * HOUR)]
    assert fates(metrics.work_time(desk), "duration_seconds") == [("censored", left(7) + HOUR)]


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([given(0, ticket_id="2"), becomes(1, "closed", ticket_id="2")], "no event of kind status"),
        ([given(0), becomes(-1, "open"), becomes(1, "closed")], "a state is dated before"),
        ([given(0), becomes(0, "open")], "resolved, but not in the log"),
    ],
)
def test_time_on_our_side_that_cannot_be_told(
    events: list[dict], reason: str, tmp_path: Path
) -> None:
    tickets = [ticket(), ticket("2")]
    sums = metrics.wait_time(opened(tmp_path, tickets=tickets, events=events))
    outcome, why = fates(sums, "reason")[0]
    assert outcome == "excluded"
    assert why.startswith(reason)


def test_resolved_and_never_assigned(tmp_path: Path) -> None:
    events = [becomes(1, "closed"), given(0, ticket_id="2"), becomes(1, "open", ticket_id="2")]
    desk = opened(tmp_path, tickets=[ticket(), ticket("2", status="open")], events=events)
    assert fates(metrics.work_time(desk), "reason")[0] == (
        "excluded",
        "resolved, and never assigned",
    )
    assert fates(metrics.wait_time(desk))[0] == ("event",)


@pytest.mark.parametrize("name", ["next_reply", "wait_time", "work_time"])
def test_without_a_log_it_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotEstimable, match="events of kind"):
        getattr(metrics, name)(opened(tmp_path, tickets=[ticket()]))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("counted", None)),
        ({"handle_minutes": 0}, ("counted", None)),
        ({"handle_minutes": ""}, ("excluded", "handle_minutes is missing")),
        ({"handle_minutes": -3}, ("excluded", "handle_minutes is negative")),
        ({"status": "open"}, ("immature", "not resolved yet")),
    ],
)
def test_handle_time(changes: dict, expected: tuple, tmp_path: Path) -> None:
    sums = metrics.handle_time(opened(tmp_path, tickets=[ticket("2"), ticket(**changes)]))
    assert fates(sums, "reason") == [expected, ("counted", None)]
    own = float(changes.get("handle_minutes") or 0) if "handle_minutes" in changes else 12.5
    total = 12.5 + (own if expected[0] == "counted" else 0)
    assert sums.fetch()["total"].sum() == total


TARGETS: dict[str, tuple[dict, Any, str]] = {
    "met": ({}, 61, "success"),
    "met to the second": ({}, 60, "success"),
    "missed": ({}, 59, "failure"),
    "running, and may yet be met": (
        {"status": "open", "first_response_at": "", "created_at": AS_OF - timedelta(minutes=30)},
        60,
        "immature",
    ),
    "running, and too late": (
        {"status": "open", "first_response_at": "", "created_at": AS_OF - timedelta(minutes=90)},
        60,
        "failure",
    ),
    "by priority": ({"priority": "urgent"}, {"urgent": 30, "normal": 90}, "failure"),
    "a priority without a target": ({"priority": "low"}, {"urgent": 30}, "excluded"),
    "no priority": ({"priority": ""}, {"urgent": 30}, "excluded"),
    "a contradiction": ({"first_response_at": at(-1)}, 60, "excluded"),
}


@pytest.mark.parametrize("case", TARGETS)
def test_service_level(case: str, tmp_path: Path) -> None:
    changes, minutes, expected = TARGETS[case]
    row = ticket(**{"resolved_at": "", "closed_at": "", **changes})
    desk = opened(tmp_path, tickets=[row])
    sums = metrics.service_level(desk, target_minutes=minutes)
    assert fates(sums) == [(expected,)]


def test_service_level_of_resolution_in_working_hours(tmp_path: Path) -> None:
    hours = [
        {
            "scope": "all",
            "scope_id": "",
            "weekday": day,
            "opens": "09:00",
            "closes": "17:00",
            "timezone": "UTC",
        }
        for day in range(5)
    ]
    desk = opened(tmp_path, tickets=[ticket()], schedules=hours)
    # From Monday 12:00 to Tuesday 18:00 there are 13 working hours.
    for minutes, expected in ((13 * 60, "success"), (13 * 60 - 1, "failure")):
        sums = metrics.service_level(
            desk, by="priority", target="resolution", target_minutes=minutes, clock="business"
        )
        assert fates(sums, "priority") == [(expected, "normal")]


@pytest.mark.parametrize("minutes", [0, -5, True, float("inf"), {}])
def test_a_target_that_is_none(minutes: Any, tmp_path: Path) -> None:
    desk = opened(tmp_path, tickets=[ticket()])
    with pytest.raises(ParameterError, match="target_minutes"):
        metrics.service_level(desk, target_minutes=minutes)


SETTINGS = {
    "for all": ({"target_minutes": 60}, {}, "success"),
    "for all, missed": ({"target_minutes": 10}, {}, "failure"),
    "by priority": ({"by_priority": {"normal": 90, "urgent": 1}}, {}, "success"),
    "by priority, for others": ({"target_minutes": 10, "by_priority": {"low": 90}}, {}, "failure"),
    "by priority, none for others": ({"by_priority": {"low": 90}}, {}, "excluded"),
    "by priority, none given": (
        {"target_minutes": 90, "by_priority": {"low": 1}},
        {"priority": ""},
        "success",
    ),
    "by channel": ({"by_channel": {"email": 90, "chat": 1}}, {}, "success"),
    "by channel, missed": (
        {"by_channel": {"email": 90, "chat": 1}},
        {"channel": "chat"},
        "failure",
    ),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_service_level_by_the_settings_of_the_desk(case: str, tmp_path: Path) -> None:
    level, changes, expected = SETTINGS[case]
    row = ticket(**{"first_response_at": at(0.5), **changes})
    settings = {"service_levels": {"first_response": level}}
    desk = opened(tmp_path, config=settings, tickets=[row])
    sums = metrics.service_level(desk)
    assert fates(sums) == [(expected,)]
    options = sums.definition.options
    assert options["target_from"] == "desk.toml"
    named = level.get("by_priority") or level.get("by_channel")
    rest = level.get("target_minutes")
    assert options["target_minutes"] == (
        rest if not named else named if rest is None else {**named, "others": rest}
    )
    # What the caller says wins.
    assert fates(metrics.service_level(desk, target_minutes=31)) == [("success",)]
    with pytest.raises(NotEstimable, match=r"service_levels\.resolution"):
        metrics.service_level(desk, target="resolution")


def test_service_level_takes_the_clock_of_its_setting(tmp_path: Path) -> None:
    hours = {"timezone": "UTC", "days": {"monday": ["12:15-17:00"]}}
    level = {"target_minutes": 20, "clock": "business"}
    settings = {"business_hours": hours, "service_levels": {"first_response": level}}
    desk = opened(tmp_path, config=settings, tickets=[ticket(first_response_at=at(0.5))])
    sums = metrics.service_level(desk)
    assert fates(sums) == [("success",)]
    assert (sums.definition.clock, sums.definition.options["clock"]) == ("business", "business")
    assert fates(metrics.service_level(desk, clock="calendar")) == [("failure",)]


@pytest.mark.parametrize(
    "level",
    [
        {},
        {"clock": "business"},
        {"target_minutes": 0},
        {"target_minutes": float("inf")},
        {"by_priority": {"hihg": 5}},
        {"by_channel": {"mail": 5}},
        {"by_priority": {"high": 5}, "by_channel": {"email": 5}},
        {"target": 5},
    ],
)
def test_a_setting_that_is_no_target_is_a_fault(level: dict, tmp_path: Path) -> None:
    settings = {"service_levels": {"first_response": level}}
    with pytest.raises(DataError, match="service_levels"):
        opened(tmp_path, config=settings, strict=True, tickets=[ticket()])


def test_without_a_target_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotEstimable, match="needs a target"):
        metrics.service_level(opened(tmp_path, tickets=[ticket()]))


def session(hours: float = 0, **changes: object) -> dict:
    own = {"session_id": "S", "customer_id": "C9", "at": at(hours), "kind": "help_centre"}
    return {**own, "outcome": "left", "ticket_id": "", **changes}


SESSIONS = {
    "no ticket": (session(), {}, "success"),
    "a ticket within a day": (session(), {"created_at": at(23)}, "failure"),
    "a ticket at once": (session(), {"created_at": at(0)}, "failure"),
    "a ticket a day later": (session(), {"created_at": at(24)}, "success"),
    "a ticket before": (session(), {"created_at": at(-1)}, "success"),
    "a ticket that was merged": (session(), {"created_at": at(1), "status": "merged"}, "failure"),
    "a ticket of spam": (session(), {"created_at": at(1), "status": "spam"}, "success"),
    "a ticket of an agent": (session(), {"created_at": at(1), "initiated_by": "agent"}, "success"),
    "handed over": (session(outcome="handed_over"), {}, "failure"),
    "names a ticket": (session(ticket_id="7"), {}, "failure"),
    "outcome unknown": (session(outcome="unknown"), {}, "excluded"),
    "anonymous": (session(customer_id=""), {}, "success"),
    "too young": (session(at=AS_OF - timedelta(hours=23)), {}, "immature"),
}


@pytest.mark.parametrize("case", SESSIONS)
def test_deflection(case: str, tmp_path: Path) -> None:
    row, changes, expected = SESSIONS[case]
    # Two tickets alike must not double the session.
    mine = {"customer_id": "C9" if changes else "C1", **changes}
    desk = opened(tmp_path, tickets=[ticket("7", **mine), ticket("8", **mine)], sessions=[row])
    assert fates(metrics.deflection(desk)) == [(expected,)]


def test_deflection_without_the_anonymous(tmp_path: Path) -> None:
    desk = opened(tmp_path, tickets=[ticket()], sessions=[session(customer_id="")])
    assert fates(metrics.deflection(desk, anonymous="exclude")) == [("excluded",)]


def contact(name: str, hours: float, **changes: object) -> dict:
    own = {"contact_id": name, "ticket_id": "1", "customer_id": "C1", "at": at(hours)}
    return {**own, "channel": "email", "had_context": "true", **changes}


def test_context_kept(tmp_path: Path) -> None:
    contacts = [
        contact("1", 0, had_context=""),
        contact("2", 1),
        contact("3", 2, had_context="false"),
        contact("4", 3, had_context=""),
        contact("5", 0, ticket_id="2"),
        contact("6", 0, ticket_id="3"),
        contact("7", 1, ticket_id="3"),
    ]
    tickets = [ticket(), ticket("2"), ticket("3", status="spam")]
    sums = metrics.context_kept(opened(tmp_path, tickets=tickets, contacts=contacts))
    assert fates(sums) == [("success",), ("failure",), ("excluded",)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"channel": "phone", "created_at": at(24)}, "failure"),
        ({"created_at": at(24)}, "success"),
        ({"channel": "phone", "created_at": at(24 * 8)}, "success"),
        ({"channel": "phone", "created_at": at(24), "category": "delivery"}, "success"),
        ({"channel": "phone", "created_at": at(24), "customer_id": "C2"}, "success"),
    ],
)
def test_context_kept_without_contacts(changes: dict, expected: str, tmp_path: Path) -> None:
    sums = metrics.context_kept(opened(tmp_path, tickets=[ticket(), ticket("2", **changes)]))
    assert fates(sums)[0] == (expected,)
    assert sums.definition.parts == ("fallback: returns on another channel",)


def test_context_kept_looks_at_every_return(tmp_path: Path) -> None:
    back = [ticket("2", created_at=at(24)), ticket("3", created_at=at(48), channel="phone")]
    sums = metrics.context_kept(opened(tmp_path, tickets=[ticket(), *back]))
    assert fates(sums) == [("failure",), ("failure",), ("success",)]


def test_channel_switching(tmp_path: Path) -> None:
    contacts = [
        contact("1", 0),
        contact("2", 1, channel="phone"),
        contact("3", 0, ticket_id="2"),
        contact("4", 1, ticket_id="2"),
        # After the window: an old ticket must not have longer to change its channel.
        contact("5", 24 * 8, ticket_id="2", channel="phone"),
    ]
    young = ticket("4", created_at=AS_OF - timedelta(days=1))
    tickets = [ticket(), ticket("2"), ticket("3"), young]
    sums = metrics.channel_switching(opened(tmp_path, tickets=tickets, contacts=contacts))
    assert fates(sums) == [("success",), ("failure",), ("excluded",), ("immature",)]


def test_channel_switching_from_messages(tmp_path: Path) -> None:
    events = [asks(0), asks(1, channel="chat"), replies(2, ticket_id="2", channel="phone")]
    events += [asks(0, ticket_id="2")]
    desk = opened(tmp_path, tickets=[ticket(), ticket("2")], events=events)
    assert fates(metrics.channel_switching(desk)) == [("success",), ("failure",)]


def review(name: str, score: object, low: object = 0, high: object = 10) -> dict:
    own = {"review_id": name, "ticket_id": "1", "agent_id": "A1", "reviewed_at": at(50)}
    return {**own, "score": score, "scale_min": low, "scale_max": high}


def test_quality_score(tmp_path: Path) -> None:
    reviews = [
        review("1", 9),
        review("2", 3, 1, 5),
        review("3", ""),
        review("4", 3, "", ""),
        review("5", 11),
        review("6", 2, 0, 3),
    ]
    desk = opened(tmp_path, tickets=[ticket()], quality_reviews=reviews)
    sums = metrics.quality_score(desk, by=("channel", "month"))
    assert [outcome for (outcome,) in fates(sums)] == [
        "counted",
        "counted",
        "excluded",
        "excluded",
        "excluded",
        "counted",
    ]
    row = sums.fetch().iloc[0]
    assert (row["channel"], row["month"], row["cluster"]) == ("email", "2026-01", "A1")
    assert row["n"] == 3
    assert row["total"] == pytest.approx(0.9 + 0.5 + 0.6667, abs=1e-12)


def test_quality_score_is_of_the_moment(tmp_path: Path) -> None:
    rows = [review("1", 9), {**review("2", 1), "reviewed_at": AS_OF + timedelta(days=1)}]
    desk = opened(tmp_path, tickets=[ticket()], quality_reviews=rows)
    assert metrics.quality_score(desk).fetch()["n"].sum() == 1


def test_quality_score_without_reviews_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotEstimable, match="quality_reviews"):
        metrics.quality_score(opened(tmp_path, tickets=[ticket()]))
