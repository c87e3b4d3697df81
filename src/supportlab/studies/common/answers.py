"""How far the silent could move a satisfaction figure: response rates and worst-case bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_range, format_value
from supportlab.records import Check
from supportlab.studies.common.cells import MINIMUM_ROWS

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["GroupBounds", "answered", "bounds_check", "group_bounds", "mature_until"]

CHECKED = "customers who did not answer"


def mature_until(desk: Desk, end: str | None = None) -> str:
    """
    Return the first day whose invitations have not had the whole response window.

    Parameters
    ----------
    desk : Desk
        The data.
    end : str, optional
        ISO date that the period must not pass.

    Returns
    -------
    str
        ISO date, usable as an end that is not part of the period.
    """
    last = (desk.as_of - timedelta(days=desk.config.response_window_days)).date().isoformat()
    return min(last, end) if end else last


def answered(
    desk: Desk,
    *,
    by: Sequence[str] = (),
    start: str | None = None,
    end: str | None = None,
) -> pd.DataFrame:
    """
    Compute response rate and bounds of CSAT by group, from mature invitations.

    Not an interval: the bounds are what the answers alone allow, whatever the silent think.

    Parameters
    ----------
    desk : Desk
        The data.
    by : sequence of str
        Group columns.
    start, end : str, optional
        ISO dates of the invitation, end excluded.

    Returns
    -------
    pandas.DataFrame
        One row a group: the columns of ``by``, ``response_rate``, ``n_invitations``,
        ``usable_share`` (invitations whose answer counts), ``lowest_share``, ``highest_share``.

    Raises
    ------
    NotEstimable
        When there are no surveys, or no invitations without an answer.

    Notes
    -----
    Manski (1989): with r the share of the invited whose answer counts and p the satisfied share
    among those answers, the share of all invited lies between ``r p`` and ``r p + 1 - r``. An
    answer that does not count, as one off the scale, leaves its customer as unknown as silence.
    """
    from supportlab import metrics

    until = mature_until(desk, end)
    if start is not None and start >= until:
        raise NotEstimable(
            f"no invitation of the period has had its response window by {desk.as_of.date()}"
        )
    keywords: dict[str, Any] = {"by": list(by), "cluster": None, "start": start, "end": until}
    asked = metrics.response_rate(desk, kind="csat", **keywords).fetch()
    heard = metrics.csat(desk, **keywords).fetch()
    keys = list(by) or ["whole"]
    if not by:
        asked, heard = asked.assign(whole=""), heard.assign(whole="")
    joined = asked[[*keys, "n", "n_success"]].merge(
        heard[[*keys, "n", "n_success"]], on=keys, how="left", suffixes=("_asked", "_heard")
    )
    joined = joined.loc[joined["n_asked"] > 0].reset_index(drop=True)
    if joined.empty:
        raise NotEstimable("no invitation is old enough to judge")
    rate = joined["n_success_asked"] / joined["n_asked"]
    # Never more than were asked: some answers come to invitations that are contradictions.
    heard_n = joined["n_heard"].fillna(0.0).clip(upper=joined["n_asked"])
    usable = heard_n / joined["n_asked"]
    satisfied = (joined["n_success_heard"] / joined["n_heard"]).where(heard_n > 0, 0.0)
    low = usable * satisfied
    return pd.DataFrame(
        {
            **{name: joined[name] for name in by},
            "response_rate": rate,
            "n_invitations": joined["n_asked"],
            "usable_share": usable,
            "lowest_share": low,
            "highest_share": low + 1.0 - usable,
        }
    )


def bounds_check(
    desk: Desk, *, start: str | None = None, end: str | None = None
) -> tuple[Check, str]:
    """
    Say how far the customers who did not answer could move CSAT.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of the invitation, end excluded.

    Returns
    -------
    tuple of (Check, str)
        A check without a criterion, since the data cannot settle it, and a caveat.
    """
    return group_bounds(desk, start=start, end=end).of({})


@dataclass(frozen=True)
class GroupBounds:
    """
    Response rates and bounds of groups, and why others have none.

    Parameters
    ----------
    by : tuple of str
        Group columns.
    table : pandas.DataFrame or None
        What `answered` gave.
    reason : str
        Why there is no table.
    """

    by: tuple[str, ...]
    table: pd.DataFrame | None
    reason: str = ""

    def of(self, group: Mapping[str, str]) -> tuple[Check, str]:
        """Return the check and the caveat of one group, or that it was not judged."""
        if self.table is None:
            return _not_judged(self.reason)
        is_group = pd.Series(True, index=self.table.index)
        for name in self.by:
            is_group &= self.table[name] == group[name]
        rows = self.table.loc[is_group]
        if rows.empty:
            return _not_judged("no invitation of the group has had its response window")
        row = rows.iloc[0]
        if self.by and row["n_invitations"] < MINIMUM_ROWS:
            n = int(row["n_invitations"])
            return _not_judged(
                f"only {n} invitations of the group have had their response window; at least "
                f"{MINIMUM_ROWS} are needed"
            )
        return _judged(row)


def group_bounds(
    desk: Desk,
    *,
    by: Sequence[str] = (),
    start: str | None = None,
    end: str | None = None,
) -> GroupBounds:
    """
    Compute response rates and bounds of groups once, for the findings of each.

    Not for a table to print: that is `answered`, which says by an error why there is none.

    Parameters
    ----------
    desk : Desk
        The data.
    by : sequence of str
        Group columns.
    start, end : str, optional
        ISO dates of the invitation, end excluded.

    Returns
    -------
    GroupBounds
        The groups, or the reason why none is judged.
    """
    try:
        return GroupBounds(tuple(by), answered(desk, by=by, start=start, end=end))
    except NotEstimable as refusal:
        return GroupBounds(tuple(by), None, str(refusal))


def _not_judged(reason: str) -> tuple[Check, str]:
    words = f"Non-response was not judged: {reason.rstrip('.')}."
    return Check(CHECKED, None, reason), words


def _judged(row: pd.Series) -> tuple[Check, str]:
    rate = format_value(row["response_rate"], "proportion")
    usable = format_value(row["usable_share"], "proportion")
    span = format_range(row["lowest_share"], row["highest_share"], "proportion")
    lost = f" ({usable} with an answer that counts)" if usable != rate else ""
    detail = (
        f"{rate} of mature invitations were answered{lost}; were all the others dissatisfied, "
        f"or all satisfied, CSAT of everybody asked would be {span}"
    )
    caveat = (
        f"The figure speaks for the {usable} whose answer counts and is not adjusted for the "
        f"others: everybody asked could lie anywhere from {span}."
    )
    return Check(CHECKED, None, detail), caveat
