"""When tickets were open again: each time that one left the resolved state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from supportlab.metrics.events import seen_in_events
from supportlab.metrics.tickets import ENDED_STATUSES

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["reopenings"]


def reopenings(desk: Desk, facts: Any) -> Any:
    """
    Return each time that a ticket was opened again, and when it was resolved after that.

    Where a ticket has no log of states, its own columns tell that it was reopened but not when:
    it then counts from its last resolution on, when it certainly had been, and as never open in
    between.

    Parameters
    ----------
    desk : Desk
        The data.
    facts : ibis.Table
        Tickets from `ticket_facts`.

    Returns
    -------
    ibis.Table
        One row per reopening: ``again_id`` (the ticket), ``again_open_at`` and
        ``again_resolved_at``, missing while it is open.
    """
    counted = facts.filter((facts.reopened_count > 0).fill_null(False) & facts.closed_at.notnull())
    own = counted.select(
        again_id="ticket_id", again_open_at="closed_at", again_resolved_at="closed_at"
    )
    if "reopened_count" not in seen_in_events(desk):
        return own
    logged, covered = _logged(desk.table("events"))
    return logged.union(own.anti_join(covered, own.again_id == covered.covered_id))


def _logged(events: Any) -> tuple[Any, Any]:
    """Return the reopenings of a log, and the tickets whose states it follows."""
    import ibis

    changes = events.filter((events.kind == "status") & events.value.notnull())
    states = changes.select("ticket_id", "at", state=changes.value.strip().lower())
    marked = states.mutate(is_ended=states.state.isin(ENDED_STATUSES))
    marked = marked.mutate(ended_at=marked.is_ended.ifelse(marked["at"], ibis.null("timestamp(6)")))
    order = {"group_by": "ticket_id", "order_by": ["at", "state"]}
    moved = marked.mutate(
        was_ended=marked.is_ended.lag().over(ibis.window(**order)),
        next_ended_at=marked.ended_at.min().over(ibis.window(**order, preceding=0, following=None)),
    )
    again = moved.filter(moved.was_ended.fill_null(False) & ~moved.is_ended)
    rows = again.select(again_id="ticket_id", again_open_at="at", again_resolved_at="next_ended_at")
    return rows, changes.select(covered_id="ticket_id").distinct()
