"""Whose hours they are: schedules, their versions and days off, read from a desk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable, listed
from supportlab.metrics.business.calendar import Opening, open_stretches

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.business.calendar import Stretch

__all__ = ["SCOPES", "Schedule", "Version", "has_business_hours", "read_schedules"]

# Nearest to the work first: the hours of the team that has the ticket, of its channel, of its
# market, of the whole desk.
SCOPES = ("team", "channel", "market", "all")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Version:
    """Weekly hours from one local day on; None is from the beginning."""

    since: date | None
    openings: tuple[Opening, ...]


@dataclass(frozen=True)
class Schedule:
    """
    The hours of one scope, through all their versions.

    Parameters
    ----------
    key : str
        ``team:…``, ``channel:…``, ``market:…`` or ``all``.
    zone : str
        IANA zone in which versions begin.
    versions : tuple of Version
        In order of time; the first begins with the beginning.
    closed : frozenset of date
        Local days off.
    """

    key: str
    zone: str
    versions: tuple[Version, ...]
    closed: frozenset[date]

    def stretches(self, days: list[date], version: int | None = None) -> list[Stretch]:
        """Return when it is open: each version on its own days, or one version on all days."""
        if version is not None:
            return open_stretches(self.versions[version].openings, days, self.closed)
        found: list[Stretch] = []
        for place, item in enumerate(self.versions):
            ends = self.versions[place + 1].since if place + 1 < len(self.versions) else None
            kept = [
                day
                for day in days
                if (item.since is None or item.since <= day) and (ends is None or day < ends)
            ]
            found += open_stretches(item.openings, kept, self.closed)
        return sorted(found)


def has_business_hours(desk: Desk) -> bool:
    """
    Tell whether a desk says when it works.

    Parameters
    ----------
    desk : Desk
        The data.

    Returns
    -------
    bool
        True where there is a table of schedules or ``[business_hours]`` in ``desk.toml``.
    """
    return desk.has("schedules") or desk.config.business_hours is not None


def read_schedules(desk: Desk) -> Mapping[str, Schedule]:
    """
    Read the schedules of a desk, by key.

    Parameters
    ----------
    desk : Desk
        The data.

    Returns
    -------
    mapping of str to Schedule
        ``all`` is from ``[business_hours]`` where the table has no row of that scope.

    Raises
    ------
    NotEstimable
        When the desk says nothing about its hours.
    """
    if not has_business_hours(desk):
        raise NotEstimable(
            "Business time needs working hours: provide the table schedules, or "
            "[business_hours] in desk.toml."
        )
    schedules: Mapping[str, Schedule] = desk.once("business schedules", lambda: _read(desk))
    return schedules


def _read(desk: Desk) -> Mapping[str, Schedule]:
    openings: dict[str, list[Opening]] = {}
    if desk.has("schedules"):
        for row in _records(desk, "schedules"):
            openings.setdefault(_key(row), []).append(_opening(row))
    zones = {key: items[0].zone for key, items in openings.items()}
    hours = desk.config.business_hours
    if hours is not None and "all" not in openings:
        openings["all"], zones["all"] = _from_settings(hours), hours.timezone
    days_off = _days_off(desk)
    _refuse_homeless(days_off, openings)
    general = openings.get("all", [])
    return {
        key: Schedule(
            key,
            zones[key],
            _versions(items, general),
            days_off.get(key, frozenset()) | days_off.get("all", frozenset()),
        )
        for key, items in sorted(openings.items())
    }


def _refuse_homeless(
    days_off: Mapping[str, frozenset[date]], openings: Mapping[str, list[Opening]]
) -> None:
    """Refuse days off that no schedule would take: passing over them would count them as work."""
    homeless = [key for key in sorted(days_off) if key != "all" and key not in openings]
    if homeless:
        raise NotEstimable(
            f"Business time: there are holidays of {listed(homeless)}, but no schedules of the "
            "same scope. Give these a schedule of their own, or the holidays its scope."
        )


def _versions(openings: list[Opening], general: list[Opening]) -> tuple[Version, ...]:
    """Cut time where hours begin or end; where none of a scope's are valid, the general hold."""
    cuts: list[date | None] = [None, *sorted(set(_cuts([*openings, *general])))]
    versions: list[Version] = []
    for cut in cuts:
        day = date.min if cut is None else cut
        valid = [item for item in openings if item.is_valid_on(day)]
        chosen = valid or [item for item in general if item.is_valid_on(day)]
        plain = tuple(Opening(o.weekday, o.opens, o.closes, o.zone) for o in chosen)
        if not versions or versions[-1].openings != plain:
            versions.append(Version(cut, plain))
    return tuple(versions)


def _cuts(openings: Iterable[Opening]) -> Iterable[date]:
    for item in openings:
        if item.valid_from is not None:
            yield item.valid_from
        if item.valid_to is not None and item.valid_to < date.max:
            yield item.valid_to + timedelta(days=1)


def _from_settings(hours: Any) -> list[Opening]:
    found = []
    for day, periods in hours.days.items():
        for opens, closes in (period.split("-") for period in periods):
            number = WEEKDAYS.index(day)
            found.append(Opening(number, _seconds(opens), _seconds(closes), hours.timezone))
    return found


def _opening(row: Mapping[str, Any]) -> Opening:
    return Opening(
        int(row["weekday"]),
        _seconds(row["opens"]),
        _seconds(row["closes"]),
        row["timezone"],
        _day(row["valid_from"]),
        _day(row["valid_to"]),
    )


def _seconds(clock: str) -> int:
    hours, minutes = clock.split(":")[:2]
    return (int(hours) * 60 + int(minutes)) * 60


def _days_off(desk: Desk) -> dict[str, frozenset[date]]:
    found: dict[str, set[date]] = {}
    if desk.has("holidays"):
        for row in _records(desk, "holidays"):
            day = _day(row["date"])
            found.setdefault(_key(row), set()).update([day] if day else [])
    elif desk.config.holidays_countries:
        found["all"] = _public_holidays(desk)
    return {key: frozenset(days) for key, days in found.items()}


def _public_holidays(desk: Desk) -> set[date]:
    import holidays

    tickets = desk.table("tickets")
    first = tickets.created_at.min().execute()
    is_empty = first is None or first != first
    years = range((desk.as_of if is_empty else first).year - 1, desk.as_of.year + 2)
    return {
        day
        for country in desk.config.holidays_countries
        for day in holidays.country_holidays(country, years=years)
    }


def _records(desk: Desk, name: str) -> list[dict[str, Any]]:
    frame = desk.table(name).execute()
    return [dict(row) for row in frame.astype(object).where(frame.notna(), None).to_dict("records")]


def _key(row: Mapping[str, Any]) -> str:
    return "all" if row["scope"] == "all" else f"{row['scope']}:{row['scope_id']}"


def _day(value: Any) -> date | None:
    if value is None:
        return None
    return value.date() if hasattr(value, "date") else value  # type: ignore[no-any-return]
