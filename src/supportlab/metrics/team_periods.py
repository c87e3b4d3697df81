"""Which team had a ticket from when to when, by the event log."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from supportlab.metrics.periods import moments

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["team_periods", "usual_teams"]

# The contract's times are far from these ends.
_BEGINNING = datetime(1, 1, 1)  # noqa: DTZ001 (UTC without a zone)
_END = datetime(9999, 1, 1)  # noqa: DTZ001 (UTC without a zone)


def team_periods(desk: Desk) -> Any | None:
    """
    Return which team held each ticket, without gaps.

    Not who replied: a ticket can lie with a team that never touched it.

    Parameters
    ----------
    desk : Desk
        The data; events of kind ``assignment`` or ``transfer`` with ``team_id``.

    Returns
    -------
    ibis.Table or None
        One row per ticket and stretch: ``ticket_id``, ``held_team_id``, ``held_from`` (in),
        ``held_to`` (out). The first stretch reaches back to the beginning, the last has no end.
        None where the log names no teams.
    """
    if not desk.has("events", "ticket_id", "at", "kind", "team_id"):
        return None
    found: Any = desk.once("team periods", lambda: desk.keep(_periods(desk)))
    return found


def usual_teams(desk: Desk) -> Any:
    """
    Return the team that most tickets of each market went to.

    Not an assignment: it says under whose hours a ticket lies that nobody has yet.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``team_id`` and ``market``.

    Returns
    -------
    ibis.Table
        One row per market: ``usual_market``, ``usual_team``; of equals the first by name.
    """
    import ibis

    tickets = desk.table("tickets")
    known = tickets.filter(tickets.team_id.notnull() & tickets.market.notnull())
    sizes = known.group_by(usual_market=known.market, usual_team=known.team_id).aggregate(
        n=known.count()
    )
    order = [ibis.desc(sizes.n), sizes.usual_team]
    place = ibis.row_number().over(ibis.window(group_by=sizes.usual_market, order_by=order))
    placed = sizes.mutate(place=place)
    return placed.filter(placed.place == 0).select("usual_market", "usual_team")


def _periods(desk: Desk) -> Any:
    import ibis

    events = desk.table("events")
    moves = events.filter(
        events.kind.isin(("assignment", "transfer"))
        & events.team_id.notnull()
        & events.at.notnull()
    )
    # Two moves at one moment have no order: the greatest name is taken, so that it is one.
    moves = moves.group_by("ticket_id", "at").aggregate(held_team_id=moves.team_id.max())
    window = ibis.window(group_by="ticket_id", order_by="at")
    placed = moves.mutate(
        place=ibis.row_number().over(window), next_at=moves["at"].lead().over(window)
    )
    return placed.select(
        "ticket_id",
        "held_team_id",
        held_from=(placed.place == 0).ifelse(moments(_BEGINNING), placed["at"]),
        held_to=placed.next_at.fill_null(moments(_END)),
    )
