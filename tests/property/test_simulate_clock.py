"""Working time and whole worlds hold their invariants for any settings."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from supportlab.simulate import WorldSettings, simulate_world
from supportlab.simulate.clock import Hours, WorkingClock, ZoneOffsets

FIRST = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())
LAST = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
ZONES = ("America/New_York", "Asia/Kolkata", "Europe/Athens", "Australia/Sydney")

times = st.integers(FIRST, LAST - 1)
# The clock runs on for 419 days after the span. The shortest week drawn below has an hour of work,
# so two spans of this length still end before it does.
minutes = st.integers(0, 1_700)


@st.composite
def weeks(draw: st.DrawFn) -> Hours:
    zone = draw(st.sampled_from(ZONES))
    days = draw(st.sets(st.integers(0, 6), min_size=1))
    opens = draw(st.integers(4 * 60, 11 * 60))
    lunch = draw(st.integers(opens + 30, 13 * 60))
    closes = draw(st.integers(lunch + 90, 23 * 60))
    openings = tuple(
        (day, *span) for day in sorted(days) for span in ((opens, lunch), (lunch + 60, closes))
    )
    return Hours(zone, openings)


def clock_of(hours: Hours) -> WorkingClock:
    return WorkingClock([hours], ZoneOffsets(ZONES, FIRST, LAST), FIRST, LAST)


def advance(clock: WorkingClock, at: int, span: int) -> int:
    return int(clock.advance(np.zeros(1, dtype=int), np.array([at]), np.array([float(span)]))[0])


def by_minutes(hours: Hours, at: int, span: int) -> int:
    """Walk minute by minute on the wall clock of the zone."""
    moment = at - at % 60
    while True:
        local = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(hours.zone))
        spot = local.hour * 60 + local.minute
        is_open = any(
            day == local.weekday() and opens <= spot < closes
            for day, opens, closes in hours.openings
        )
        if is_open:
            if span == 0:
                return moment
            span -= 1
        moment += 60


@given(weeks(), times, st.integers(0, 300))
@settings(max_examples=25, deadline=None)
def test_working_time_agrees_with_a_walk_by_the_minute(hours: Hours, at: int, span: int) -> None:
    start = at - at % 60
    assert advance(clock_of(hours), start, span) == by_minutes(hours, start, span)


@given(weeks(), times, minutes, minutes)
@settings(max_examples=25, deadline=None)
def test_working_time_adds_up(hours: Hours, at: int, one: int, other: int) -> None:
    clock = clock_of(hours)
    assert advance(clock, advance(clock, at, one), other) == advance(clock, at, one + other)


@given(weeks(), times, minutes)
@settings(max_examples=25, deadline=None)
def test_work_ends_while_the_team_is_at_work(hours: Hours, at: int, span: int) -> None:
    clock = clock_of(hours)
    end = advance(clock, at, span)
    assert end >= at
    assert clock.is_open(np.zeros(1, dtype=int), np.array([end]))[0]


@given(
    st.integers(0, 2**32),
    st.integers(300, 900),
    st.integers(12, 20),
    st.dates(
        date(2016, 1, 1),
        date(2029, 12, 1),
    ),
)
@settings(max_examples=4, deadline=None)
def test_any_small_world_is_whole(seed: int, size: int, months: int, start: date) -> None:
    world = simulate_world(
        WorldSettings(seed=seed, n_tickets=size, months=months, start=start.strftime("%Y-%m"))
    )
    connection = duckdb.connect()
    for name, table in world.tables.items():
        connection.register(name, table)
    count = connection.execute(
        """
        SELECT (SELECT count(*) FROM tickets WHERE customer_id NOT IN
                (SELECT customer_id FROM customers))
             + (SELECT count(*) FROM events WHERE ticket_id NOT IN (SELECT ticket_id FROM tickets))
             + (SELECT count(*) FROM surveys WHERE ticket_id NOT IN (SELECT ticket_id FROM tickets))
             + (SELECT count(*) FROM tickets WHERE resolved_at < created_at)
        """
    ).fetchone()
    assert count == (0,)
    last = datetime.fromtimestamp(world.settings.as_of, UTC)
    latest = connection.execute('SELECT max("at") FROM events').fetchone()
    assert latest is not None
    assert latest[0] <= last
