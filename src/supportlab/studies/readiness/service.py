"""Service levels shown with a desk's readiness: first contact, first response, resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from supportlab.studies.common.level_groups import level_groups
from supportlab.studies.common.levels import level

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.results import Estimate

__all__ = [
    "first_contact_resolution",
    "first_response",
    "first_response_groups",
    "resolution_time",
    "resolution_time_groups",
    "responses",
]


def first_contact_resolution(
    desk: Desk, *, by: str | None = None, start: str | None = None, end: str | None = None
) -> Estimate:
    """
    Estimate first contact resolution, whole or by group.

    Not the one-touch rate of other systems: `rival_definitions` shows that beside it.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str, optional
        Group column, as ``market``, ``channel`` or ``team_id``.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        As `supportlab.studies.common.levels.level`; findings ``support.fcr``.
    """
    return level(desk, "fcr", by=by, start=start, end=end)


def first_response(
    desk: Desk, *, by: str | None = None, start: str | None = None, end: str | None = None
) -> Estimate:
    """
    Estimate the median time to first response in hours, whole or by group.

    Not a mean over answered tickets: unanswered ones are censored.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str, optional
        Group column.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        As `supportlab.studies.common.levels.level`; findings ``support.first_response``.
    """
    return level(desk, "first_response", by=by, start=start, end=end)


def resolution_time(
    desk: Desk, *, by: str | None = None, start: str | None = None, end: str | None = None
) -> Estimate:
    """
    Estimate the median time to resolution in hours, whole or by group.

    Not a mean over closed tickets: open ones are censored.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str, optional
        Group column.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        As `supportlab.studies.common.levels.level`; findings ``support.resolution_time``.
    """
    return level(desk, "resolution_time", by=by, start=start, end=end)


def responses(
    desk: Desk,
    *,
    by: str | tuple[str, ...] = ("kind", "month"),
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate how many invitations are answered, by kind and month unless asked otherwise.

    Not the findings of it, which the study of feedback trends reports.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str or tuple of str
        Group columns.
    start, end : str, optional
        ISO dates of the invitation, end excluded.

    Returns
    -------
    Estimate
        As `supportlab.studies.common.levels.level`, without findings.
    """
    found = level(desk, "response_rate", by=by, start=start, end=end)
    return replace(found, findings=())


def first_response_groups(
    desk: Desk,
    *,
    by: Sequence[str] = ("market", "channel", "team_id"),
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate the median time to first response by one grouping after the other.

    Not for cells of two groupings at once.

    Parameters
    ----------
    desk : Desk
        The data.
    by : sequence of str
        Group columns, each on its own.
    start, end : str, optional
        ISO dates of the cohort, end excluded.

    Returns
    -------
    Estimate
        As `supportlab.studies.common.level_groups.level_groups`;
        findings ``support.first_response``.
    """
    return level_groups(desk, "first_response", by=by, start=start, end=end)


def resolution_time_groups(
    desk: Desk,
    *,
    by: Sequence[str] = ("market", "channel", "team_id"),
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate the median time to resolution by one grouping after the other.

    Not for cells of two groupings at once.

    Parameters
    ----------
    desk : Desk
        The data.
    by : sequence of str
        Group columns, each on its own.
    start, end : str, optional
        ISO dates of the cohort, end excluded.

    Returns
    -------
    Estimate
        As `supportlab.studies.common.level_groups.level_groups`;
        findings ``support.resolution_time``.
    """
    return level_groups(desk, "resolution_time", by=by, start=start, end=end)
