"""How many tickets met a target, with those that may yet meet it apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from supportlab.errors import NotEstimable, ParameterError
from supportlab.metrics.business.time import ScheduleRule
from supportlab.metrics.clocks import Clock
from supportlab.metrics.dimensions import Cells, group_names
from supportlab.metrics.first_response_time import first_response
from supportlab.metrics.options import one_of
from supportlab.metrics.outcomes import Rule, judged, rate_sums
from supportlab.metrics.resolution import resolution_time
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import Source
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["SERVICE_LEVEL", "service_level"]

SECONDS_PER_MINUTE = 60
COLUMNS = ("priority", "channel")
TARGETS = ("first_response", "resolution")

SERVICE_LEVEL = Definition(
    name="service_level",
    title="Service level attainment",
    statement=(
        "Tickets that were answered (or resolved) within the target, as a share of those that met "
        "or missed it. A ticket that is still running and past its target has missed it; one that "
        "may yet meet it counts for neither and is shown as immature."
    ),
    anchor="created_at",
    stop="first_response_at, or the last resolution",
    clock="calendar",
    cohort="created_at",
    exclusions=(
        "what the first response time, or the resolution time, leaves out",
        "still running within the target: immature",
        "a priority (or channel) for which no target is named",
    ),
)


def service_level(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "agent_id",
    start: str | date | None = None,
    end: str | date | None = None,
    target: Literal["first_response", "resolution"] = "first_response",
    target_minutes: float | Mapping[str, float] | None = None,
    target_by: Literal["priority", "channel"] = "priority",
    clock: Clock | None = None,
    schedule: ScheduleRule = "at_event",
    source: Source = "auto",
) -> Sums:
    """
    Sum up tickets that met a target and tickets that missed it.

    Not for comparing desks with different targets.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str or sequence of str
        Group columns.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.
    target : {"first_response", "resolution"}
        What has to happen in time.
    target_minutes : float or mapping of str to float, optional
        Minutes allowed, the same for all or by priority; the desk's ``service_levels`` of
        ``desk.toml`` when absent. There is no default besides: a target is an agreement.
    target_by : {"priority", "channel"}
        What the names of a mapping are.
    clock : {"calendar", "business"}, optional
        Whether time outside working hours is left out; with the desk's own target its clock, else
        ``calendar``.
    schedule : {"at_event", "each_period"}
        Whose hours count where they changed.
    source : {"auto", "events", "tickets"}
        Where the facts come from.

    Returns
    -------
    Sums
        Kind ``rate``.

    Raises
    ------
    NotEstimable
        When no target is named, or the times that it is about are not provided.
    ParameterError
        When an option or a group is not known, or a target is no positive number.
    """
    one_of("target", target, TARGETS)
    names = group_names(by)
    agreed = _agreed(desk, target, target_minutes, target_by)
    clock = clock or agreed.clock
    labels = names if agreed.by is None or agreed.by in names else (*names, agreed.by)
    options: dict[str, Any] = {"start": start, "end": end, "clock": clock, "schedule": schedule}
    metric = first_response if target == "first_response" else resolution_time
    durations = metric(desk, labels, cluster=cluster, source=source, **options)
    judged_cases = _judged(durations.cases, agreed)
    record = SERVICE_LEVEL.with_counts(
        clock=clock,
        parts=durations.definition.parts,
        options={"target": target, **agreed.told(), "clock": clock, "schedule": schedule},
    )
    return rate_sums(desk, Cells(judged_cases, names, durations.cluster_name), record)


@dataclass(frozen=True)
class _Agreed:
    """A target: seconds for all, or by the values of a column, and for what that does not name."""

    clock: Clock
    seconds: int | None
    by: str | None
    named: Mapping[str, int]
    source: str

    def told(self) -> dict[str, object]:
        """Return the target for the definition's record, in minutes."""
        named = {name: _minutes(seconds) for name, seconds in self.named.items()}
        rest = None if self.seconds is None else _minutes(self.seconds)
        minutes: object = rest
        if named:
            minutes = named if rest is None else {**named, "others": rest}
        told: dict[str, object] = {"target_minutes": minutes, "target_from": self.source}
        return {**told, "target_by": self.by} if named else told


def _agreed(
    desk: Desk, target: str, minutes: float | Mapping[str, float] | None, target_by: str
) -> _Agreed:
    one_of("target_by", target_by, COLUMNS)
    if minutes is None:
        return _from_settings(desk, target)
    if not isinstance(minutes, Mapping):
        return _Agreed("calendar", _seconds(minutes), None, {}, "the caller")
    if not minutes:
        raise ParameterError(f"target_minutes names no {target_by}.")
    named = {name: _seconds(value) for name, value in minutes.items()}
    return _Agreed("calendar", None, target_by, named, "the caller")


def _from_settings(desk: Desk, target: str) -> _Agreed:
    level = getattr(desk.config.service_levels, target)
    if level is None:
        raise NotEstimable(
            "The service level needs a target: target_minutes=60, or one by priority as "
            "target_minutes={'urgent': 30, 'high': 60}, or for good in desk.toml, as "
            f"[service_levels.{target}] with target_minutes = 60."
        )
    by = next((name for name in COLUMNS if getattr(level, f"by_{name}")), None)
    named = getattr(level, f"by_{by}") if by else {}
    seconds = None if level.target_minutes is None else _seconds(level.target_minutes)
    ordered = {name: _seconds(named[name]) for name in sorted(named)}
    return _Agreed(level.clock, seconds, by, ordered, "desk.toml")


def _judged(cases: Any, agreed: _Agreed) -> Any:
    """Replace the fate of a duration by that of its target."""

    renamed = cases.rename(fate="outcome", why="reason")
    limit = _limit(renamed, agreed)
    late = renamed.duration_seconds > limit
    rules: list[Rule] = [
        ("excluded", renamed.fate == "excluded", "left out"),
        ("excluded", limit.isnull(), f"no target for its {agreed.by}"),
        ("failure", late, None),
        ("success", renamed.fate == "event", None),
    ]
    verdicts = judged(renamed, rules, otherwise="immature")
    reason = (verdicts.fate == "excluded").ifelse(verdicts.why, verdicts.reason)
    return verdicts.mutate(reason=reason).drop("fate", "why", "duration_seconds")


def _limit(cases: Any, agreed: _Agreed) -> Any:
    import ibis

    rest = ibis.null("int64") if agreed.seconds is None else ibis.literal(agreed.seconds)
    if agreed.by is None:
        return rest
    rules = [((cases[agreed.by] == name), seconds) for name, seconds in agreed.named.items()]
    return ibis.cases(*rules, else_=rest).cast("int64")


def _minutes(seconds: int) -> float:
    minutes = seconds / SECONDS_PER_MINUTE
    return int(minutes) if minutes.is_integer() else minutes


def _seconds(minutes: float) -> int:
    is_number = isinstance(minutes, int | float) and not isinstance(minutes, bool)
    if not is_number or not 1 <= minutes * SECONDS_PER_MINUTE < float("inf"):
        raise ParameterError(
            f"target_minutes is {minutes!r}; it must be a number of minutes, a second at the least."
        )
    return int(minutes * SECONDS_PER_MINUTE)
