"""Business time: hours by team, channel and market, their zones, changes, and days off."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from supportlab import metrics
from supportlab.desk import Desk, open_desk
from supportlab.errors import NotEstimable, ParameterError
from supportlab.metrics.business.calendar import Opening, day_rows, open_stretches
from supportlab.metrics.business.time import with_business_seconds

HOURS = "scope,scope_id,weekday,opens,closes,timezone,valid_from,valid_to\n"
DAYS = range(7)
MINUTE, HOUR = 60, 3600


def opening(
    scope: str,
    days: Any,
    opens: str,
    closes: str,
    zone: str = "UTC",
    valid: tuple[str, str] = ("", ""),
) -> str:
    name, _, scope_id = scope.partition(":")
    return "".join(
        f"{name},{scope_id},{day},{opens},{closes},{zone},{valid[0]},{valid[1]}\n" for day in days
    )


def desk_of(
    folder: Path,
    created: str,
    replied: str | None,
    *,
    hours: str = "",
    holidays: str = "",
    team: str = "T1",
    channel: str = "email",
    market: str = "DE",
    events: str = "",
    config: dict[str, Any] | None = None,
    as_of: str = "2026-12-31",
) -> Desk:
    tickets = (
        "ticket_id,channel,status,created_at,first_response_at,team_id,market\n"
        f"1,{channel},open,{created},{replied or ''},{team},{market}\n"
    )
    (folder / "tickets.csv").write_text(tickets)
    if hours:
        (folder / "schedules.csv").write_text(HOURS + hours)
    if holidays:
        (folder / "holidays.csv").write_text("scope,scope_id,date\n" + holidays)
    if events:
        header = "ticket_id,at,actor,kind,is_public,team_id\n"
        (folder / "events.csv").write_text(header + events)
    return open_desk(folder, as_of=as_of, config={"timezone": "UTC", **(config or {})})


def seconds(desk: Desk, rule: str = "at_event") -> int | None:
    table = with_business_seconds(
        desk, desk.table("tickets"), {"spent": ("created_at", "first_response_at")}, rule=rule
    )
    frame = table.execute()
    assert len(frame) == 1
    value = frame["spent"].iloc[0]
    return None if pd.isna(value) else int(value)


NINE_TO_FIVE = opening("all", range(5), "09:00", "17:00", "Europe/Berlin")
LUNCH = opening("all", range(5), "09:00", "12:00") + opening("all", range(5), "13:00", "17:00")
NIGHTS = opening("all", DAYS, "00:00", "06:00") + opening("all", DAYS, "22:00", "24:00")
ALWAYS = opening("all", DAYS, "00:00", "24:00", "America/New_York")
# Berlin changed to summer time on 2026-03-29 at 01:00 UTC and back on 2026-10-25 at 01:00 UTC.
CASES = {
    "one working day": (NINE_TO_FIVE, "2026-01-07 08:30", "2026-01-07 09:15", 45 * MINUTE),
    "over night": (NINE_TO_FIVE, "2026-01-07 15:00", "2026-01-08 09:00", 2 * HOUR),
    "over a weekend": (NINE_TO_FIVE, "2026-01-09 15:30", "2026-01-12 08:30", HOUR),
    "outside hours is 0": (NINE_TO_FIVE, "2026-01-10 10:00", "2026-01-11 10:00", 0),
    "at once is 0": (NINE_TO_FIVE, "2026-01-07 09:00", "2026-01-07 09:00", 0),
    "lunch": (LUNCH, "2026-01-07 11:30", "2026-01-07 13:30", HOUR),
    "within lunch": (LUNCH, "2026-01-07 12:10", "2026-01-07 12:50", 0),
    "summer hours": (NINE_TO_FIVE, "2026-07-01 06:00", "2026-07-01 15:30", 8 * HOUR),
    "winter hours": (NINE_TO_FIVE, "2026-01-07 06:00", "2026-01-07 15:30", 7.5 * HOUR),
    "a day of 23 hours": (
        opening("all", DAYS, "00:00", "24:00", "Europe/Berlin"),
        "2026-03-28 23:00",
        "2026-03-29 22:00",
        23 * HOUR,
    ),
    "open through the hour that is skipped": (
        opening("all", [6], "01:00", "04:00", "Europe/Berlin"),
        "2026-03-28 20:00",
        "2026-03-29 20:00",
        2 * HOUR,
    ),
    "open through the hour that comes twice": (
        opening("all", [6], "02:00", "03:00", "Europe/Berlin"),
        "2026-10-24 20:00",
        "2026-10-25 20:00",
        2 * HOUR,
    ),
    "the clocks change in the middle of a span": (
        NINE_TO_FIVE,
        "2026-03-27 15:00",
        "2026-03-30 07:30",
        HOUR + 30 * MINUTE,
    ),
    "around the clock": (ALWAYS, "2026-03-01 00:00", "2026-03-15 00:00", 14 * 24 * HOUR),
    "night shift": (NIGHTS, "2026-01-07 20:00", "2026-01-08 08:00", 8 * HOUR),
    "overlapping rows count once": (
        opening("all", DAYS, "09:00", "12:00") + opening("all", DAYS, "11:00", "13:00"),
        "2026-01-07 00:00",
        "2026-01-08 00:00",
        4 * HOUR,
    ),
    "half an hour's zone": (
        opening("all", DAYS, "09:00", "10:00", "Asia/Kolkata"),
        "2026-01-07 03:00",
        "2026-01-07 04:00",
        30 * MINUTE,
    ),
    "part seconds are cut": (
        NINE_TO_FIVE,
        "2026-01-07 08:30:00.600000",
        "2026-01-07 08:30:02.500000",
        1,
    ),
    "the wrong way round": (NINE_TO_FIVE, "2026-01-07 09:00", "2026-01-07 08:00", None),
    "no reply": (NINE_TO_FIVE, "2026-01-07 09:00", None, None),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("rule", ["at_event", "each_period"])
def test_working_time(case: str, rule: str, tmp_path: Path) -> None:
    hours, created, replied, expected = CASES[case]
    assert seconds(desk_of(tmp_path, created, replied, hours=hours), rule) == expected


SCOPED = (
    opening("all", DAYS, "00:00", "01:00")
    + opening("market:DE", DAYS, "00:00", "02:00")
    + opening("channel:chat", DAYS, "00:00", "03:00")
    + opening("team:T9", DAYS, "00:00", "04:00")
)


@pytest.mark.parametrize(
    ("team", "channel", "market", "hours"),
    [
        ("T9", "chat", "DE", 4),
        ("T1", "chat", "DE", 3),
        ("T1", "email", "DE", 2),
        ("", "email", "FR", 1),
    ],
)
def test_the_nearest_schedule_counts(
    team: str, channel: str, market: str, hours: int, tmp_path: Path
) -> None:
    desk = desk_of(
        tmp_path,
        "2026-01-07 00:00",
        "2026-01-07 12:00",
        hours=SCOPED,
        team=team,
        channel=channel,
        market=market,
    )
    assert seconds(desk) == hours * HOUR


def test_a_ticket_that_no_schedule_covers_has_no_business_time(tmp_path: Path) -> None:
    hours = opening("team:T9", DAYS, "00:00", "24:00")
    desk = desk_of(tmp_path, "2026-01-07 00:00", "2026-01-07 12:00", hours=hours)
    assert seconds(desk) is None
    sums = metrics.first_response(desk, clock="business")
    assert sums.fetch()["n_events"].sum() == 0
    assert list(sums.excluded()["n"]) == [1]


def test_a_ticket_that_nobody_has_lies_under_its_markets_usual_team(tmp_path: Path) -> None:
    hours = opening("team:T1", DAYS, "00:00", "06:00") + opening("team:T2", DAYS, "00:00", "01:00")
    (tmp_path / "schedules.csv").write_text(HOURS + hours)
    header = "ticket_id,channel,status,created_at,first_response_at,team_id,market\n"
    times = "2026-01-07T00:00:00,2026-01-07T12:00:00"
    teams = {"1": "T1", "2": "T1", "3": "T2"}
    rows = "".join(f"{name},email,open,{times},{team},DE\n" for name, team in teams.items())
    waiting = "4,email,open,2026-01-07T00:00:00,,,DE\n5,email,open,2026-01-07T00:00:00,,,FR\n"
    (tmp_path / "tickets.csv").write_text(header + rows + waiting)
    desk = open_desk(tmp_path, as_of="2026-01-08", config={"timezone": "UTC"})
    sums = metrics.first_response(desk, clock="business", cluster=None)
    cases = sums.cases.order_by("unit").execute()
    assert list(cases["outcome"]) == ["event"] * 3 + ["censored", "excluded"]
    assert list(cases["duration_seconds"][:4]) == [6 * HOUR, 6 * HOUR, HOUR, 6 * HOUR]


def test_days_off_of_the_table(tmp_path: Path) -> None:
    holidays = "all,,2026-01-07\nteam,T9,2026-01-08\n"
    hours = NINE_TO_FIVE + opening("team:T9", range(5), "09:00", "17:00")
    desk = desk_of(tmp_path, "2026-01-06 16:00", "2026-01-09 08:00", hours=hours, holidays=holidays)
    # The 7th is off for all; the 8th only for another team.
    assert seconds(desk) == 8 * HOUR


def test_days_off_that_no_schedule_takes_are_refused(tmp_path: Path) -> None:
    desk = desk_of(
        tmp_path,
        "2026-01-06 16:00",
        "2026-01-09 08:00",
        hours=NINE_TO_FIVE,
        holidays="market,DE,2026-01-07\n",
    )
    with pytest.raises(NotEstimable, match="holidays of 'market:DE'"):
        seconds(desk)


def test_days_off_of_a_country(tmp_path: Path) -> None:
    config = {"holidays_countries": ["DE"]}
    # 2026-05-01 is Labour Day, a Friday.
    desk = desk_of(
        tmp_path, "2026-04-30 14:00", "2026-05-04 08:00", hours=NINE_TO_FIVE, config=config
    )
    assert seconds(desk) == 2 * HOUR


def test_hours_of_the_settings(tmp_path: Path) -> None:
    hours = {"timezone": "Europe/Berlin", "days": {"wednesday": ["09:00-12:00", "13:00-24:00"]}}
    desk = desk_of(
        tmp_path, "2026-01-07 00:00", "2026-01-08 00:00", config={"business_hours": hours}
    )
    assert seconds(desk) == 14 * HOUR


def test_never_open_takes_no_time(tmp_path: Path) -> None:
    config = {"business_hours": {"timezone": "UTC", "days": {}}}
    desk = desk_of(tmp_path, "2026-01-07 00:00", "2026-02-07 00:00", config=config)
    assert seconds(desk) == 0


def test_without_hours_it_is_refused(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, "2026-01-07 00:00", "2026-02-07 00:00")
    with pytest.raises(NotEstimable, match=r"schedules.*business_hours"):
        metrics.first_response(desk, clock="business")


def test_an_unknown_rule_is_refused(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, "2026-01-07 00:00", "2026-01-08 00:00", hours=NINE_TO_FIVE)
    with pytest.raises(ParameterError, match="rule 'at_start' is not known"):
        seconds(desk, "at_start")


def test_changed_hours(tmp_path: Path) -> None:
    hours = opening("all", DAYS, "09:00", "17:00", valid=("", "2026-01-07")) + opening(
        "all", DAYS, "09:00", "11:00", valid=("2026-01-08", "")
    )
    desk = desk_of(tmp_path, "2026-01-07 00:00", "2026-01-09 00:00", hours=hours)
    assert seconds(desk, "each_period") == 10 * HOUR
    # The hours in force at the end count for the day before as well.
    assert seconds(desk, "at_event") == 4 * HOUR


def test_where_a_scope_has_no_valid_hours_the_general_ones_hold(tmp_path: Path) -> None:
    hours = opening("team:T1", DAYS, "09:00", "10:00", valid=("2026-01-08", "")) + opening(
        "all", DAYS, "00:00", "03:00"
    )
    desk = desk_of(tmp_path, "2026-01-07 00:00", "2026-01-09 00:00", hours=hours)
    assert seconds(desk, "each_period") == 4 * HOUR


CHICAGO = opening("team:level 1", DAYS, "07:00", "21:00", "America/Chicago")
SAN_FRANCISCO = opening("team:level 2", range(5), "08:00", "17:30", "America/Los_Angeles")


@pytest.mark.parametrize(
    ("created", "rule", "expected"),
    [
        # As published: creation rounded up to the minute.
        ("2020-09-29 17:02:00", "at_event", 689),
        ("2020-09-29 17:02:00", "each_period", 959),
        ("2020-09-29 17:01:38", "at_event", 690),
        ("2020-09-29 17:01:38", "each_period", 960),
    ],
)
def test_the_published_ticket(created: str, rule: str, expected: int, tmp_path: Path) -> None:
    desk = desk_of(
        tmp_path,
        created,
        "2020-09-30 19:01:46",
        hours=CHICAGO + SAN_FRANCISCO,
        team="level 2",
        events=(
            f"1,{created},system,assignment,,level 1\n"
            "1,2020-09-30 19:01:25,agent,transfer,,level 2\n"
        ),
        as_of="2020-10-02",
    )
    found = seconds(desk, rule)
    assert found is not None
    assert found // MINUTE == expected


def test_a_ticket_stays_with_the_hours_of_the_team_that_had_it(tmp_path: Path) -> None:
    desk = desk_of(
        tmp_path,
        "2026-01-07 00:00",
        "2026-01-07 12:00",
        hours=opening("team:A", DAYS, "00:00", "06:00") + opening("team:B", DAYS, "00:00", "12:00"),
        team="A",
        events=(
            "1,2026-01-07 00:00,system,assignment,,A\n"
            "1,2026-01-07 05:00,agent,transfer,,B\n"
            "1,2026-01-07 20:00,agent,transfer,,A\n"
        ),
    )
    assert seconds(desk, "each_period") == 12 * HOUR
    assert seconds(desk, "at_event") == 12 * HOUR


def test_rows_neither_vanish_nor_double(sample_desk: Desk) -> None:
    desk = sample_desk
    tickets = desk.table("tickets")
    spans = {"spent": ("created_at", "first_response_at")}
    for rule in ("at_event", "each_period"):
        found = with_business_seconds(desk, tickets, spans, rule=rule).select("ticket_id", "spent")
        frame = found.execute()
        assert sorted(frame["ticket_id"]) == sorted(tickets.ticket_id.execute())
        known = tickets.filter(tickets.first_response_at >= tickets.created_at).count().execute()
        assert frame["spent"].notna().sum() == known


# ---- brute force --------------------------------------------------------------------------------

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
)
STEP = 15 * MINUTE


def is_open(instant: datetime, openings: list[Opening], closed: frozenset[date]) -> bool:
    for item in openings:
        local = instant.astimezone(ZoneInfo(item.zone))
        clock = local.hour * HOUR + local.minute * MINUTE + local.second
        same_day = local.weekday() == item.weekday and local.date() not in closed
        if same_day and item.is_valid_on(local.date()) and item.opens <= clock < item.closes:
            return True
    return False


def stepped(openings: list[Opening], start: datetime, end: datetime) -> int:
    total, closed = 0, frozenset[date]()
    while start < end:
        total += STEP if is_open(start, openings, closed) else 0
        start += timedelta(seconds=STEP)
    return total


@st.composite
def weeks(draw: st.DrawFn) -> list[Opening]:
    zone = draw(st.sampled_from(ZONES))
    pairs = st.tuples(st.integers(0, 95), st.integers(1, 96)).filter(lambda ends: ends[0] < ends[1])
    rows = draw(st.lists(st.tuples(st.integers(0, 6), pairs), min_size=1, max_size=6))
    return [Opening(day, opens * STEP, closes * STEP, zone) for day, (opens, closes) in rows]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    openings=weeks(),
    begin=st.integers(0, 365 * 96),
    length=st.integers(0, 6 * 96),
)
@example(openings=[Opening(6, 0, 86400, "Europe/Berlin")], begin=87 * 96, length=96)
@example(openings=[Opening(6, 0, 86400, "America/Sao_Paulo")], begin=306 * 96, length=96)
def test_stretches_are_what_a_walk_through_time_finds(
    openings: list[Opening], begin: int, length: int
) -> None:
    # 2018: São Paulo changed its clocks at midnight.
    start = datetime(2018, 1, 1, tzinfo=UTC) + timedelta(seconds=begin * STEP)
    end = start + timedelta(seconds=length * STEP)
    first, last = start.date(), end.date()
    days = [first + timedelta(days=step) for step in range(-2, (last - first).days + 3)]
    stretches = open_stretches(openings, days, frozenset())
    low, high = int(start.timestamp()), int(end.timestamp())
    found = sum(max(0, min(b, high) - max(a, low)) for a, b in stretches)
    assert found == stepped(openings, start, end)
    assert all(a < b for a, b in stretches)
    assert all(b < c for (_, b), (c, _) in pairwise(stretches))


def test_days_add_up() -> None:
    stretches = [(-HOUR, 2 * HOUR), (30 * HOUR, 100 * HOUR)]
    rows = list(day_rows(stretches, date(1970, 1, 1), date(1970, 1, 6)))
    assert [row.before for row in rows] == [h * HOUR for h in (1, 3, 21, 45, 69, 73)]
    assert rows[0].stretches == ((0, 2 * HOUR),)


@pytest.mark.parametrize("dialect", ["postgres", "trino"])
@pytest.mark.parametrize("rule", ["at_event", "each_period"])
def test_it_compiles_for_other_engines(dialect: str, rule: str, sample_desk: Desk) -> None:
    desk = sample_desk
    spans = {"spent": ("created_at", "first_response_at")}
    table = with_business_seconds(desk, desk.table("tickets"), spans, rule=rule)
    assert "JOIN" in ibis.to_sql(table, dialect=dialect)
