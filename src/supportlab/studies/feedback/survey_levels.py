"""Levels of recommendation, effort and response, whole and by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from supportlab.format import format_value
from supportlab.metrics.dimensions import MISSING
from supportlab.results import Estimate
from supportlab.studies.common.level_groups import level_groups
from supportlab.studies.common.levels import level

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = [
    "ces",
    "ces_groups",
    "nps",
    "nps_groups",
    "response_rate",
    "response_rate_groups",
]


def nps(
    desk: Desk,
    *,
    by: str | Sequence[str] | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate the net promoter score, whole or by group.

    Not from forms with another scale than 0 to 10.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str or sequence of str, optional
        Group columns.
    start, end : str, optional
        ISO dates of the invitation, end excluded.

    Returns
    -------
    Estimate
        As `supportlab.studies.common.levels.level`; findings ``feedback.nps.level``.
    """
    return _spoken_for(level(desk, "nps", by=by, start=start, end=end))


def ces(
    desk: Desk,
    *,
    by: str | Sequence[str] | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate the customer effort score, one row a form, whole or by group.

    Not one number for several forms, whose scales differ.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str or sequence of str, optional
        Group columns; the form comes after them.
    start, end : str, optional
        ISO dates of the invitation, end excluded.

    Returns
    -------
    Estimate
        As `supportlab.studies.common.levels.level`; findings ``feedback.ces.level``.
    """
    return _spoken_for(level(desk, "ces", by=by, start=start, end=end))


def response_rate(
    desk: Desk,
    *,
    by: str | Sequence[str] | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate how many mature invitations are answered, whole or by group.

    Not for a source that holds only the answers: it is refused.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str or sequence of str, optional
        Group columns; ``kind`` is one.
    start, end : str, optional
        ISO dates of the invitation, end excluded.

    Returns
    -------
    Estimate
        As `supportlab.studies.common.levels.level`; findings ``feedback.response_rate``.
    """
    found = level(desk, "response_rate", by=by, start=start, end=end)
    return _pooled(desk, found, start, end)


def nps_groups(
    desk: Desk,
    *,
    by: Sequence[str] = ("market", "channel", "month"),
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate the net promoter score by one grouping after the other.

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
        findings ``feedback.nps.level``.
    """
    return _spoken_for(level_groups(desk, "nps", by=by, start=start, end=end))


def ces_groups(
    desk: Desk,
    *,
    by: Sequence[str] = ("market", "channel", "month"),
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate the customer effort score by one grouping after the other.

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
        findings ``feedback.ces.level``.
    """
    return _spoken_for(level_groups(desk, "ces", by=by, start=start, end=end))


def response_rate_groups(
    desk: Desk,
    *,
    by: Sequence[str] = ("kind", "market", "channel", "month"),
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate the response rate by one grouping after the other.

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
        findings ``feedback.response_rate``.
    """
    found = level_groups(desk, "response_rate", by=by, start=start, end=end)
    return _pooled(desk, found, start, end)


def _spoken_for(found: Estimate) -> Estimate:
    if "estimate" not in found.table:
        return found
    caveat = "The figure speaks for those who answered and is not adjusted for the others."
    findings = tuple(
        replace(item, caveats=(*item.caveats, caveat)) if item.status == "estimated" else item
        for item in found.findings
    )
    return replace(found, findings=findings, caveats=(*found.caveats, caveat))


def _pooled(desk: Desk, found: Estimate, start: str | None, end: str | None) -> Estimate:
    """Say of every figure that pools the kinds of survey how far these differ."""
    if "estimate" not in found.table or "kind" in found.table:
        return found
    words = _range_of_kinds(desk, start, end)
    findings = tuple(
        replace(item, caveats=(*item.caveats, *words))
        if item.status == "estimated" and "kind" not in item.group
        else item
        for item in found.findings
    )
    return replace(found, findings=findings, caveats=(*found.caveats, *words))


def _range_of_kinds(desk: Desk, start: str | None, end: str | None) -> tuple[str, ...]:
    table = level(desk, "response_rate", by="kind", start=start, end=end).table
    if "estimate" not in table:
        return ()
    known = table.loc[table["estimate"].notna() & (table["kind"] != MISSING)]
    if len(known) < 2:
        return ()
    ordered = known.sort_values(["estimate", "kind"])
    low, high = (
        f"{format_value(row['estimate'], 'proportion')} ({row['kind']})"
        for row in (ordered.iloc[0], ordered.iloc[-1])
    )
    return (
        (
            "All kinds of survey are pooled where a row does not name its kind; their response "
            f"rates run from {low} to {high}."
        ),
    )
