"""How many tickets met a target, with those that may yet meet it apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from supportlab.errors import NotEstimable, ParameterError
from supportlab.metrics.business_time import ScheduleRule
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
PRIORITY = "priority"
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
        "a priority for which no target is named",
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
    clock: Clock = "calendar",
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
        Minutes allowed, the same for all or by priority. There is no default: a target is an
        agreement.
    clock : {"calendar", "business"}
        Whether time outside working hours is left out.
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
    allowed = _allowed(target_minutes)
    labels = names if PRIORITY in names or isinstance(allowed, int) else (*names, PRIORITY)
    options: dict[str, Any] = {"start": start, "end": end, "clock": clock, "schedule": schedule}
    metric = first_response if target == "first_response" else resolution_time
    durations = metric(desk, labels, cluster=cluster, source=source, **options)
    judged_cases = _judged(durations.cases, allowed)
    record = SERVICE_LEVEL.with_counts(
        clock=clock,
        parts=durations.definition.parts,
        options={
            "target": target,
            "target_minutes": target_minutes,
            "clock": clock,
            "schedule": schedule,
        },
    )
    return rate_sums(desk, Cells(judged_cases, names, durations.cluster_name), record)


def _judged(cases: Any, allowed: int | Mapping[str, int]) -> Any:
    """Replace the fate of a duration by that of its target."""
    import ibis

    renamed = cases.rename(fate="outcome", why="reason")
    limit = ibis.literal(allowed) if isinstance(allowed, int) else _limit(renamed, allowed)
    late = renamed.duration_seconds > limit
    rules: list[Rule] = [
        ("excluded", renamed.fate == "excluded", "left out"),
        ("excluded", limit.isnull(), "no target for its priority"),
        ("failure", late, None),
        ("success", renamed.fate == "event", None),
    ]
    verdicts = judged(renamed, rules, otherwise="immature")
    reason = (verdicts.fate == "excluded").ifelse(verdicts.why, verdicts.reason)
    return verdicts.mutate(reason=reason).drop("fate", "why", "duration_seconds")


def _limit(cases: Any, allowed: Mapping[str, int]) -> Any:
    import ibis

    rules = [((cases[PRIORITY] == name), seconds) for name, seconds in allowed.items()]
    return ibis.cases(*rules, else_=ibis.null("int64")).cast("int64")


def _allowed(minutes: float | Mapping[str, float] | None) -> int | Mapping[str, int]:
    if minutes is None:
        raise NotEstimable(
            "The service level needs a target: target_minutes=60, or one by priority as "
            "target_minutes={'urgent': 30, 'high': 60}."
        )
    if isinstance(minutes, Mapping):
        if not minutes:
            raise ParameterError("target_minutes names no priority.")
        return {name: _seconds(value) for name, value in minutes.items()}
    return _seconds(minutes)


def _seconds(minutes: float) -> int:
    is_number = isinstance(minutes, int | float) and not isinstance(minutes, bool)
    if not is_number or not 1 <= minutes * SECONDS_PER_MINUTE < float("inf"):
        raise ParameterError(
            f"target_minutes is {minutes!r}; it must be a number of minutes, a second at the least."
        )
    return int(minutes * SECONDS_PER_MINUTE)
