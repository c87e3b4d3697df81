"""Local time and working time, for many teams at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from supportlab.simulate.arrays import DAY, HOUR, Array

__all__ = ["Hours", "WorkingClock", "ZoneOffsets"]

# More than any epoch second in the span, so that one sorted axis holds all teams.
TEAM_SPAN = 10**11
# Tickets near the extract are resolved after it; their clock must still run.
DAYS_BEFORE, DAYS_AFTER = 8, 420


class ZoneOffsets:
    """
    Offsets of time zones from UTC, by the hour.

    Parameters
    ----------
    zones : sequence of str
        IANA names.
    first, last : int
        Span in epoch seconds.
    """

    def __init__(self, zones: Sequence[str], first: int, last: int) -> None:
        self._first = first - DAYS_BEFORE * DAY
        self._index = {zone: number for number, zone in enumerate(zones)}
        hours = np.arange(self._first, last + DAYS_AFTER * DAY, HOUR)
        moments = pd.to_datetime(hours, unit="s", utc=True)
        self._offsets = np.stack([_offsets(moments, zone) for zone in zones])

    def code(self, zone: str) -> int:
        """Return the number of a zone."""
        return self._index[zone]

    def offset(self, zone: Array | int, at: Array) -> Array:
        """Return the offset in seconds that held at a UTC time."""
        hour = np.clip((at - self._first) // HOUR, 0, self._offsets.shape[1] - 1)
        result: Array = self._offsets[zone, hour]
        return result

    def to_utc(self, zone: Array | int, local: Array) -> Array:
        """Return the UTC time of a local time; a local time that never was moves on."""
        guess = local - self.offset(zone, local)
        return local - self.offset(zone, guess)


@dataclass(frozen=True)
class Hours:
    """
    Working hours of one team.

    Parameters
    ----------
    zone : str
        IANA name.
    openings : tuple of (int, int, int)
        Weekday (0 is Monday), opening and closing in minutes after local midnight.
    holidays : tuple of int
        Local days off, as days since the epoch.
    """

    zone: str
    openings: tuple[tuple[int, int, int], ...]
    holidays: tuple[int, ...] = ()


class WorkingClock:
    """
    Working time of every team, forwards and backwards.

    Parameters
    ----------
    teams : sequence of Hours
        One per team.
    zones : ZoneOffsets
        Offsets of their zones.
    first, last : int
        Span in epoch seconds.
    """

    def __init__(self, teams: Sequence[Hours], zones: ZoneOffsets, first: int, last: int) -> None:
        days = np.arange(first // DAY - DAYS_BEFORE + 1, last // DAY + DAYS_AFTER - 1)
        spans = [_intervals(hours, zones, days) for hours in teams]
        counts = np.array([len(starts) for starts, _ in spans])
        team = np.repeat(np.arange(len(teams)), counts)
        self._start = np.concatenate([starts for starts, _ in spans])
        self._end = np.concatenate([ends for _, ends in spans])
        self._key = team * TEAM_SPAN + self._start
        self._done = np.concatenate(([0], np.cumsum(self._end - self._start)))[:-1]
        self._first = np.concatenate(([0], np.cumsum(counts)))[:-1]
        self._last = np.cumsum(counts) - 1

    def _interval(self, team: Array, at: Array) -> Array:
        spot = np.searchsorted(self._key, team * TEAM_SPAN + at, side="right") - 1
        return np.clip(spot, self._first[team], self._last[team])

    def is_open(self, team: Array, at: Array) -> Array:
        """Return whether the team is at work."""
        spot = self._interval(team, at)
        return (at >= self._start[spot]) & (at < self._end[spot])

    def advance(self, team: Array, at: Array, minutes: Array) -> Array:
        """Return the time when so many working minutes have passed."""
        spot = self._interval(team, at)
        passed = np.clip(at - self._start[spot], 0, self._end[spot] - self._start[spot])
        goal = self._done[spot] + passed + np.rint(minutes * 60).astype(np.int64)
        reached = np.searchsorted(self._done, goal, side="right") - 1
        reached = np.clip(reached, self._first[team], self._last[team])
        result: Array = self._start[reached] + (goal - self._done[reached])
        return result


def _offsets(moments: pd.DatetimeIndex, zone: str) -> Array:
    local = moments.tz_convert(zone).tz_localize(None)
    seconds = (local - moments.tz_localize(None)) // pd.Timedelta(seconds=1)
    return np.asarray(seconds, dtype=np.int64)


def _intervals(hours: Hours, zones: ZoneOffsets, days: Array) -> tuple[Array, Array]:
    weekday = (days + 3) % 7  # the epoch was a Thursday
    working = ~np.isin(days, np.array(hours.holidays, dtype=np.int64))
    starts, ends = [], []
    for day_of_week, opens, closes in hours.openings:
        chosen = days[(weekday == day_of_week) & working] * DAY
        starts.append(chosen + opens * 60)
        ends.append(chosen + closes * 60)
    zone = zones.code(hours.zone)
    start = zones.to_utc(zone, np.concatenate(starts))
    end = zones.to_utc(zone, np.concatenate(ends))
    order = np.argsort(start, kind="stable")
    start, end = start[order], end[order]
    # A clock that goes back makes two neighbouring openings overlap by an hour.
    start[1:] = np.maximum(start[1:], np.minimum(end[:-1], end[1:]))
    return start, end
