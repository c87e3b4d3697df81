"""Later contacts of a customer on one matter: was the history there, and was it the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.channels.rows import ChannelRows, channel_rows
from supportlab.metrics.dimensions import MISSING
from supportlab.metrics.periods import days_after, moments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from supportlab.desk import Desk

__all__ = ["KEPT", "LOST", "later_contact_rows"]

KEPT, LOST = "context kept", "context lost"
NEW_TICKET, SAME, SWITCHED = "a further ticket", "same channel", "another channel"


def later_contact_rows(
    desk: Desk, labels: Sequence[str], *, start: str | None = None, end: str | None = None
) -> ChannelRows:
    """
    Return the first contact of each ticket for which it is told whether the history was there.

    Not all later contacts: those after it come of what happened at it.

    Parameters
    ----------
    desk : Desk
        The data; contacts with ``had_context`` and ``ticket_id``.
    labels : sequence of str
        As for `channel_rows`.
    start, end : str, optional
        ISO dates of the ticket's creation, end excluded.

    Returns
    -------
    ChannelRows
        One row a ticket, with the further labels ``context`` and ``contact_kind`` (a further
        ticket, or a later contact on the same or on another channel); ``is_fcr`` is whether the
        customer did not have to contact the desk again after it, ``is_asked`` and the like as they
        are.

    Raises
    ------
    NotEstimable
        Contacts do not tell it.
    """
    import ibis

    if not desk.has("contacts", "ticket_id", "had_context", "at", "contact_id"):
        raise NotEstimable(
            "contacts do not tell whether the agent had the earlier history; provide contacts with "
            "ticket_id and had_context"
        )
    rows = channel_rows(desk, labels, start=start, end=end)
    contacts = desk.table("contacts")
    contacts = contacts.filter(contacts.ticket_id.notnull())
    order = ibis.window(group_by="ticket_id", order_by=["at", "contact_id"])
    whole = ibis.window(group_by="ticket_id")
    known = contacts.had_context.notnull()
    placed = contacts.mutate(
        place=ibis.row_number().over(order),
        n_contacts=contacts.count().over(whole).cast("int64"),
        turn=known.ifelse(1, 0).cast("int64").cumsum(order_by=["at", "contact_id"],
                                                     group_by="ticket_id"),
    )  # fmt: skip
    told = placed.filter(placed.had_context.notnull() & (placed.turn == 1))
    chosen = told.select(
        told_ticket="ticket_id",
        told_at="at",
        told_channel="channel" if desk.has("contacts", "channel") else "ticket_id",
        told_place="place",
        n_contacts="n_contacts",
        told_context=told.had_context.ifelse(KEPT, LOST),
    )
    joined = rows.table.inner_join(chosen, rows.table.unit == chosen.told_ticket)
    return _with_outcome(desk, rows, joined)


def _with_outcome(desk: Desk, rows: ChannelRows, joined: Any) -> ChannelRows:
    import ibis

    has_channel = desk.has("contacts", "channel")
    is_same = (
        (joined.told_channel == joined.channel).fill_null(True)
        if has_channel
        else ibis.literal(True)
    )
    kind = ibis.cases((joined.told_place == 0, NEW_TICKET), (is_same, SAME), else_=SWITCHED)
    is_last = joined.told_place + 1 == joined.n_contacts
    # As old as first contact resolution asks, so that a further contact had time to come.
    cut = moments(days_after(desk.as_of, -2 * desk.config.fcr_window_days))
    solved = (joined.told_at <= cut).ifelse(is_last.ifelse(1, 0), ibis.null("int64"))
    none = ibis.null("int64")
    heard = {
        name: solved.notnull().ifelse(joined[name], none)
        for name in ("is_asked", "is_answered", "is_good")
    }
    table = joined.mutate(context=joined.told_context, contact_kind=kind, is_fcr=solved, **heard)
    if has_channel:
        table = table.mutate(channel=joined.told_channel.fill_null(MISSING))
        table = table.filter(table.channel != MISSING)
    return ChannelRows(
        table.drop("told_ticket", "told_channel", "told_place", "n_contacts", "told_context"),
        (*rows.labels, "context", "contact_kind"),
        rows.definition.with_counts(
            name="later_contacts",
            title="Later contacts, with the history kept or lost",
            statement=(
                "The first contact of each ticket for which it is told whether the agent had the "
                "earlier history: a further ticket of the same matter, or a later contact on the "
                "ticket. Solved: the customer did not contact the desk on it again."
            ),
        ),
        rows.outcomes,
        rows.clusters,
    )
