"""The canonical tables of who works, when, with what authority, and what is offered."""

from __future__ import annotations

from datetime import UTC, date, datetime

import holidays
import numpy as np
import pyarrow as pa

from supportlab.simulate.arrays import DAY, NEVER, Array
from supportlab.simulate.catalogue import LIMIT_DOLLARS, QUEUES
from supportlab.simulate.clock import Hours
from supportlab.simulate.columns import (
    coded,
    decimal,
    identifier,
    number,
    timestamp,
)
from supportlab.simulate.columns import (
    date as date_column,
)
from supportlab.simulate.intake import Desk
from supportlab.simulate.markets import LANGUAGES, MARKETS, SITES
from supportlab.simulate.money import CURRENCIES, Rates
from supportlab.simulate.payments import BRANDS, offered_from
from supportlab.simulate.people import N_TEAMS, Agents, Teams
from supportlab.simulate.settings import WorldSettings

__all__ = [
    "agent_table", "authority_table", "fx_table", "holiday_table", "offer_table",
    "schedule_table", "team_hours",
]  # fmt: skip

ALL_DAY = (0, 1440)
# One technical team never sleeps; one works by night for customers on the other side.
ALWAYS_OPEN = (0, 2)
NIGHT_TEAM, NIGHT_OPENINGS = (10, 2), ((0, 360), (1200, 1440))
RATE_SCALE = 12


def team_hours(settings: WorldSettings) -> list[Hours]:
    """Return the working hours of every team, holidays included."""
    days_off = [_days_off(settings, site.country) for site in SITES]
    return [_hours(team, days_off) for team in range(N_TEAMS)]


def _hours(team: int, days_off: list[tuple[int, ...]]) -> Hours:
    spot = divmod(team, len(QUEUES))
    site = SITES[spot[0]]
    if spot == ALWAYS_OPEN:
        return Hours(site.zone, tuple((day, *ALL_DAY) for day in range(7)))
    spans = NIGHT_OPENINGS if spot == NIGHT_TEAM else site.hours
    openings = tuple((day, *span) for day in site.weekdays for span in spans)
    return Hours(site.zone, openings, days_off[spot[0]])


def _days_off(settings: WorldSettings, country: str) -> tuple[int, ...]:
    first = datetime.fromtimestamp(settings.first_second, UTC).year
    last = datetime.fromtimestamp(settings.as_of, UTC).year + 2
    found = holidays.country_holidays(country, years=range(first, last))
    epoch = date(1970, 1, 1)
    return tuple(sorted((day - epoch).days for day in found))


def agent_table(agents: Agents) -> pa.Table:
    """Return ``agents``."""
    n = len(agents.team)
    spoken = [
        ";".join(tag for tag, speaks in zip(LANGUAGES, row, strict=True) if speaks)
        for row in agents.languages.tolist()
    ]
    return pa.table(
        {
            "agent_id": identifier(np.arange(n), "A", 4),
            "team_id": identifier(agents.team, "TM", 2),
            "site": coded(agents.team // len(QUEUES), [site.name for site in SITES]),
            "languages": pa.array(spoken, pa.string()),
            "hired_at": timestamp(agents.hired_at),
            "left_at": timestamp(agents.left_at),
        }
    )


def authority_table(teams: Teams) -> pa.Table:
    """Return ``authority``, by date and team."""
    team = np.flatnonzero(teams.cohort >= 0)
    team = team[np.argsort(teams.adopted_at[team], kind="stable")]
    n = len(team)
    return pa.table(
        {
            "scope": coded(np.zeros(n, dtype=int), ("team",)),
            "scope_id": identifier(team, "TM", 2),
            "effective_from": timestamp(teams.adopted_at[team]),
            "effective_to": timestamp(np.full(n, NEVER)),
            "limit_amount": decimal(np.full(n, round(LIMIT_DOLLARS * 10_000)), 18, 4),
            "limit_currency": coded(np.zeros(n, dtype=int), ("USD",)),
        }
    )


def schedule_table(hours: list[Hours]) -> pa.Table:
    """Return ``schedules``, one row per team, weekday and opening."""
    rows = [
        (team, day, opens, closes, one.zone)
        for team, one in enumerate(hours)
        for day, opens, closes in one.openings
    ]
    n = len(rows)
    never = np.full(n, NEVER)
    return pa.table(
        {
            "scope": coded(np.zeros(n, dtype=int), ("team",)),
            "scope_id": identifier(np.array([row[0] for row in rows]), "TM", 2),
            "weekday": number(np.array([row[1] for row in rows]), pa.int64()),
            "opens": pa.array([_clock(row[2]) for row in rows], pa.string()),
            "closes": pa.array([_clock(row[3]) for row in rows], pa.string()),
            "timezone": pa.array([row[4] for row in rows], pa.string()),
            "valid_from": date_column(never),
            "valid_to": date_column(never),
        }
    )


def holiday_table(settings: WorldSettings, hours: list[Hours]) -> pa.Table:
    """Return ``holidays``, the days off of every team within the span."""
    first, last = settings.first_second // DAY, settings.as_of // DAY
    rows = [
        (team, day)
        for team, one in enumerate(hours)
        for day in one.holidays
        if first <= day <= last
    ]
    return pa.table(
        {
            "scope": coded(np.zeros(len(rows), dtype=int), ("team",)),
            "scope_id": identifier(np.array([row[0] for row in rows]), "TM", 2),
            "date": date_column(np.array([row[1] for row in rows])),
        }
    )


def offer_table(settings: WorldSettings) -> pa.Table:
    """Return ``method_offers``; what is never offered has no row."""
    starts = offered_from(settings)
    market, brand = np.nonzero((starts >= 0) & (starts < settings.as_of))
    at = starts[market, brand]
    return pa.table(
        {
            "market": coded(market, [one.code for one in MARKETS]),
            "method_brand": coded(brand, BRANDS),
            "offered_from": timestamp(at),
            "offered_to": timestamp(np.full(len(at), NEVER)),
        }
    )


def fx_table(rates: Rates) -> pa.Table:
    """Return ``fx_rates``, one row per day and currency."""
    n_days, n_currencies = rates.per_unit.shape
    day: Array = np.repeat(rates.first_day + np.arange(n_days), n_currencies)
    currency = np.tile(np.arange(n_currencies), n_days)
    units = np.rint(rates.per_unit.ravel() * 10**8).astype(np.int64) * 10 ** (RATE_SCALE - 8)
    return pa.table(
        {
            "date": date_column(day),
            "currency": coded(currency, CURRENCIES),
            "per_unit": decimal(units, 28, RATE_SCALE),
        }
    )


def fx_bounds(desk: Desk) -> tuple[int, int]:
    """Return the first and last day that have a rate."""
    return desk.rates.first_day, desk.rates.first_day + len(desk.rates.per_unit) - 1


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
