"""How far the silent could move a satisfaction figure: response rates and worst-case bounds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_range, format_value
from supportlab.records import Check

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["answered", "bounds_check", "mature_until"]


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
        ``lowest_share``, ``highest_share``.

    Raises
    ------
    NotEstimable
        When there are no surveys, or no invitations without an answer.

    Notes
    -----
    Manski (1989): with response rate r and satisfied share p among answers the share of all
    invited lies between ``r p`` and ``r p + 1 - r``.
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
    satisfied = (joined["n_success_heard"] / joined["n_heard"]).where(joined["n_heard"] > 0)
    low = (rate * satisfied).fillna(0.0)
    return pd.DataFrame(
        {
            **{name: joined[name] for name in by},
            "response_rate": rate,
            "n_invitations": joined["n_asked"],
            "lowest_share": low,
            "highest_share": low + 1.0 - rate,
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
    name = "customers who did not answer"
    try:
        row = answered(desk, start=start, end=end).iloc[0]
    except NotEstimable as refusal:
        reason = str(refusal)
        words = f"Non-response cannot be judged: {reason.rstrip('.')}."
        return Check(name, None, reason), words
    rate = format_value(row["response_rate"], "proportion")
    span = format_range(row["lowest_share"], row["highest_share"], "proportion")
    detail = (
        f"{rate} of mature invitations were answered; were all the silent dissatisfied, or all "
        f"satisfied, CSAT of everybody asked would be {span}"
    )
    caveat = (
        f"The figure speaks for the {rate} who answered and is not adjusted for the others: "
        f"everybody asked could lie anywhere from {span}."
    )
    return Check(name, None, detail), caveat
