"""Business time: seconds inside working hours, computed where the rows are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from supportlab.metrics.business.calendar import day_rows
from supportlab.metrics.business.schedules import (
    SCOPES,
    Schedule,
    has_business_hours,
    read_schedules,
)
from supportlab.metrics.options import one_of
from supportlab.metrics.periods import MICROSECONDS_PER_SECOND, moments
from supportlab.metrics.team_periods import team_periods, usual_teams

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = [
    "SCHEDULE_RULES",
    "ScheduleRule",
    "has_business_hours",
    "with_business_seconds",
]

ScheduleRule = Literal["at_event", "each_period"]
SCHEDULE_RULES = ("at_event", "each_period")

# No helpdesk is older: a ticket dated 1970 must not lay out half a century of days.
_LONGEST = timedelta(days=40 * 366)


def with_business_seconds(
    desk: Desk,
    table: Any,
    spans: Mapping[str, tuple[str, str]],
    *,
    rule: ScheduleRule = "at_event",
    unit: str = "ticket_id",
) -> Any:
    """
    Add the whole seconds of working time between two times.

    The schedule is that of the team that has the ticket, else of its channel, its market, or of
    the whole desk. Which team has it is read from events of kind ``assignment`` and ``transfer``
    that name one, else it is the ticket's.

    Parameters
    ----------
    desk : Desk
        Where schedules, holidays and events come from.
    table : ibis.Table
        One row per unit with ``ticket_id``, ``team_id``, ``channel`` and ``market``.
    spans : mapping of str to (str, str)
        New column, and the two time columns that it lies between.
    rule : {"at_event", "each_period"}
        ``at_event``: the schedule in force at the later time counts for the whole span.
        ``each_period``: each schedule counts for as long as it was in force.
    unit : str
        Column that identifies a row.

    Returns
    -------
    ibis.Table
        As many rows as came. A span wholly outside hours is 0. It is missing where one of the
        times is, where they lie in the wrong order, where one lies before the desk's first
        ticket, and where no schedule covers the row.

    Raises
    ------
    NotEstimable
        When the desk says nothing about its hours.
    ParameterError
        When the rule is not known.
    """
    one_of("rule", rule, SCHEDULE_RULES)
    schedules = read_schedules(desk)
    curves = desk.once(f"business curves {rule}", lambda: _curves(desk, schedules, rule))
    for name, (earlier, later) in spans.items():
        table = _with_span(desk, table, name, earlier, later, schedules, curves, rule, unit)
    return table


def _with_span(
    desk: Desk,
    table: Any,
    name: str,
    earlier: str,
    later: str,
    schedules: Mapping[str, Schedule],
    curves: Any,
    rule: ScheduleRule,
    unit: str,
) -> Any:
    """Compute one span apart, from its few columns, and join it to the rows."""
    pieces = table.select(
        piece_unit=table[unit],
        ticket_id=table.ticket_id,
        team_id=table.team_id,
        channel=table.channel,
        market=table.market,
        begins_at=table[earlier],
        ends_at=table[later],
    )
    pieces = pieces.filter(pieces.begins_at <= pieces.ends_at)
    pieces = _under_teams(desk, pieces, rule)
    if "all" not in schedules:
        pieces = _with_usual_team(desk, pieces)
    pieces = pieces.mutate(schedule_key=_key_of(pieces, schedules))
    if rule == "at_event":
        pieces = _with_version(pieces, schedules)
    begun = _elapsed(pieces, curves, "begins_at", "open_before_begin")
    ended = _elapsed(begun, curves, "ends_at", "open_before_end")
    spent = ended.open_before_end - ended.open_before_begin
    summed = ended.group_by("piece_unit").aggregate(
        # One piece without a schedule makes the whole unknown: a sum would pass over it.
        **{name: spent.sum(), "n_unknown": spent.isnull().ifelse(1, 0).cast("int64").sum()}
    )
    seconds = (summed[name].cast("int64") // MICROSECONDS_PER_SECOND).cast("int64")
    known = summed.filter(summed.n_unknown == 0).select(span_unit="piece_unit", **{name: seconds})
    return table.left_join(known, table[unit] == known.span_unit).drop("span_unit")


def _under_teams(desk: Desk, pieces: Any, rule: ScheduleRule) -> Any:
    """Replace the team by the one that had the ticket then; cut a span where it changed."""
    import ibis

    periods = team_periods(desk)
    if periods is None:
        return pieces
    periods = periods.rename(period_ticket="ticket_id")
    same = pieces.ticket_id == periods.period_ticket
    if rule == "at_event":
        test = [same, pieces.ends_at >= periods.held_from, pieces.ends_at < periods.held_to]
        joined = pieces.left_join(periods, test)
        found = joined.mutate(team_id=ibis.coalesce(joined.held_team_id, joined.team_id))
        return found.drop("period_ticket", "held_team_id", "held_from", "held_to")
    test = [same, pieces.begins_at < periods.held_to, pieces.ends_at > periods.held_from]
    joined = pieces.left_join(periods, test)
    found = joined.mutate(
        team_id=ibis.coalesce(joined.held_team_id, joined.team_id),
        begins_at=ibis.greatest(
            joined.begins_at, ibis.coalesce(joined.held_from, joined.begins_at)
        ),
        ends_at=ibis.least(joined.ends_at, ibis.coalesce(joined.held_to, joined.ends_at)),
    )
    return found.drop("period_ticket", "held_team_id", "held_from", "held_to")


def _with_usual_team(desk: Desk, pieces: Any) -> Any:
    """Put tickets that nobody has yet under the team that most tickets of their market go to."""
    import ibis

    if not desk.has("tickets", "team_id", "market"):
        return pieces
    usual = desk.once("usual teams", lambda: desk.keep(usual_teams(desk)))
    joined = pieces.left_join(usual, pieces.market == usual.usual_market)
    team = ibis.coalesce(joined.team_id, joined.usual_team)
    return joined.mutate(team_id=team).drop("usual_market", "usual_team")


def _key_of(pieces: Any, schedules: Mapping[str, Schedule]) -> Any:
    import ibis

    columns = {"team": "team_id", "channel": "channel", "market": "market"}
    rules = []
    for scope in SCOPES[:-1]:
        prefix = f"{scope}:"
        names = [key.removeprefix(prefix) for key in schedules if key.startswith(prefix)]
        if names:
            value = pieces[columns[scope]].cast("string")
            test = value.isin(names).fill_null(False)
            rules.append((test, ibis.literal(prefix) + value))
    general = ibis.literal("all") if "all" in schedules else ibis.null("string")
    return ibis.cases(*rules, else_=general) if rules else general


def _with_version(pieces: Any, schedules: Mapping[str, Schedule]) -> Any:
    """Name the version of the hours that is in force at the end of the span."""
    import ibis

    changed = [item for item in schedules.values() if len(item.versions) > 1]
    place: Any = ibis.literal(0, type="int64")
    for item in changed:
        test = pieces.schedule_key == item.key
        for number, version in enumerate(item.versions):
            if version.since is not None:
                begins = moments(_local_midnight(version.since, item.zone))
                place = (test & (pieces.ends_at >= begins)).ifelse(number, place)
    label = pieces.schedule_key + ibis.literal("|") + place.cast("string")
    return pieces.mutate(schedule_key=label)


def _local_midnight(day: date, zone: str) -> datetime:
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return local.astimezone(UTC).replace(tzinfo=None)


def _elapsed(pieces: Any, curves: Any, moment: str, name: str) -> Any:
    """Add the open microseconds from the first day to a time."""
    import ibis

    daily = pieces.mutate(curve_day=pieces[moment].date())
    joined = daily.left_join(
        curves, [daily.schedule_key == curves.curve_key, daily.curve_day == curves.open_day]
    )
    midnight = joined[moment].truncate("D")
    clock = joined[moment].delta(midnight, unit="microsecond")
    total = joined.open_before * MICROSECONDS_PER_SECOND
    names = [column for column in curves.columns if column.startswith("opens_")]
    for opens in names:
        closes = opens.replace("opens_", "closes_")
        begin = joined[opens] * MICROSECONDS_PER_SECOND
        end = joined[closes] * MICROSECONDS_PER_SECOND
        within = ibis.greatest(ibis.least(clock, end), begin) - begin
        total = total + within
    added = joined.mutate(**{name: total})
    return added.drop("curve_day", *curves.columns)


def _curves(desk: Desk, schedules: Mapping[str, Schedule], rule: ScheduleRule) -> Any:
    """Lay the schedules out by day: a small table that every engine can join."""
    import ibis
    import pandas as pd

    first, last = _range(desk)
    # A day more on both sides: a local day begins up to 14 hours before the UTC day.
    number = (last - first).days
    days = [first + timedelta(days=step) for step in range(-2, number + 3)]
    rows = []
    for item in schedules.values():
        versions = range(len(item.versions)) if rule == "at_event" else (None,)
        for version in versions:
            key = item.key if version is None else f"{item.key}|{version}"
            laid = day_rows(item.stretches(days, version), first, last)
            rows += [(key, row.day, row.before, row.stretches) for row in laid]
    most = max([len(row[3]) for row in rows], default=0)
    frame = pd.DataFrame(
        {
            "curve_key": [row[0] for row in rows],
            "open_day": [row[1] for row in rows],
            "open_before": [row[2] for row in rows],
        }
    )
    for place in range(most):
        ends = [row[3][place] if place < len(row[3]) else (0, 0) for row in rows]
        frame[f"opens_{place}"] = [start for start, _ in ends]
        frame[f"closes_{place}"] = [end for _, end in ends]
    schema = {"curve_key": "string", "open_day": "date"}
    schema |= {name: "int64" for name in frame.columns if name not in schema}
    return desk.keep(ibis.memtable(frame, schema=ibis.schema(schema)))


def _range(desk: Desk) -> tuple[date, date]:
    earliest = desk.table("tickets").created_at.min().execute()
    first = desk.as_of if earliest is None or earliest != earliest else earliest.to_pydatetime()
    first = max(first, desk.as_of - _LONGEST)
    return first.date(), desk.as_of.date()
