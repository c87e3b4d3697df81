"""The moment from which a reply is waited for, and the reply, both from the event log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from supportlab.errors import NotEstimable
from supportlab.metrics.tickets import ENDED_STATUSES, by_agent

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["ANCHORS", "RESPONDERS", "Anchor", "Responder", "with_reply"]

Anchor = Literal["created", "first_customer_message", "handover", "reopen"]
Responder = Literal["human", "any"]
# Why a ticket has no such moment.
ANCHORS = {
    "created": "",
    "first_customer_message": "no message of the customer is seen",
    "handover": "never handed over",
    "reopen": "never reopened",
}
RESPONDERS = {"human": ("agent",), "any": ("agent", "bot", "system")}


def with_reply(
    desk: Desk,
    tickets: Any,
    anchor: Anchor = "created",
    *,
    responder: Responder = "human",
    notes: bool = False,
    agents_wait: bool = True,
) -> Any:
    """
    Add the start of the wait and the first reply after it.

    A reply that bears the very time of the anchor is not one to it. By the creation all replies
    count, so that one before it is seen as a contradiction.

    Parameters
    ----------
    desk : Desk
        The data, with events.
    tickets : ibis.Table
        One row per ticket.
    anchor : {"created", "first_customer_message", "handover", "reopen"}
        Where the wait starts: the first hand-over, the first time it was open again.
    responder : {"human", "any"}
        Whether only agents reply, or bots and the system too.
    notes : bool
        Whether notes that are marked public are replies.
    agents_wait : bool
        On tickets that an agent started: whether the customer must have written before a reply
        counts. If not, any reply after the creation does.

    Returns
    -------
    ibis.Table
        The rows with ``since_at``, ``until_at``, ``asked_at`` and ``spoke_at`` (the first
        message of the customer and the first reply of all), ``is_note`` (the reply is one) and
        ``n_messages``.

    Raises
    ------
    NotEstimable
        When there is no event log.
    """
    if not desk.has("events"):
        raise NotEstimable(
            f"anchor={anchor!r}, responder={responder!r}: this needs the order of messages. "
            "Provide events of kind message."
        )
    marked = _marked(desk.table("events"), RESPONDERS[responder], notes)
    joined = _joined(tickets, _asked(marked))
    since = joined.created_at
    if anchor == "first_customer_message":
        since = joined.asked_at
    elif anchor != "created":
        moments = _handed(marked) if anchor == "handover" else _reopened(desk.table("events"))
        joined = _joined(joined, moments)
        since = joined.begun_at
    joined = joined.mutate(since_at=since)
    return _joined(joined, _first_replies(marked, _bounds(joined, anchor, agents_wait)))


def _marked(events: Any, actors: tuple[str, ...], notes: bool) -> Any:
    """Mark what is said in public; a message that says nothing of it is, a note is not."""
    speaks = (events.kind == "message") & events.is_public.fill_null(True)
    is_note = (events.kind == "note") & events.is_public.fill_null(False)
    says = (speaks | is_note) if notes else speaks
    return events.select(
        "at",
        log_id=events.ticket_id,
        is_message=events.kind == "message",
        is_question=speaks & (events.actor == "customer"),
        is_reply=says & events.actor.isin(actors),
        is_public_note=is_note,
        is_transfer=events.kind == "transfer",
    )


def _asked(marked: Any) -> Any:
    return marked.group_by("log_id").aggregate(
        asked_at=marked.at.min(where=marked.is_question),
        spoke_at=marked.at.min(where=marked.is_reply),
        n_messages=marked.is_message.ifelse(1, 0).cast("int64").sum().cast("int64"),
    )


def _handed(marked: Any) -> Any:
    return marked.group_by("log_id").aggregate(begun_at=marked.at.min(where=marked.is_transfer))


def _reopened(events: Any) -> Any:
    """Return when each ticket first left a resolved state."""
    import ibis

    changes = events.filter((events.kind == "status") & events.value.notnull())
    states = changes.select("at", log_id=changes.ticket_id, state=changes.value.strip().lower())
    in_time = ibis.window(group_by=states.log_id, order_by=[states.at, states.state])
    moved = states.mutate(previous=states.state.lag().over(in_time))
    left = moved.previous.isin(ENDED_STATUSES).fill_null(False) & ~moved.state.isin(ENDED_STATUSES)
    return moved.group_by("log_id").aggregate(begun_at=moved.at.min(where=left))


def _bounds(tickets: Any, anchor: Anchor, agents_wait: bool) -> Any:
    """Return after which moment a reply counts, and where every reply does."""
    if anchor != "created":
        all_count, after = tickets.since_at.isnull() & tickets.since_at.notnull(), tickets.since_at
    else:
        all_count = ~by_agent(tickets)
        after = tickets.asked_at if agents_wait else tickets.created_at
    return tickets.select(bound_id=tickets.ticket_id, all_count=all_count, after_at=after)


def _first_replies(marked: Any, bounds: Any) -> Any:
    replies = marked.filter(marked.is_reply)
    paired = replies.inner_join(bounds, replies.log_id == bounds.bound_id)
    later = paired.filter(paired.all_count | (paired.at > paired.after_at).fill_null(False))
    # Of a message and a note of one instant the message is the reply.
    return later.group_by("log_id").aggregate(
        until_at=later.at.min(),
        note_at=later.at.min(where=later.is_public_note),
        message_at=later.at.min(where=~later.is_public_note),
    )


def _joined(tickets: Any, side: Any) -> Any:
    joined = tickets.left_join(side, tickets.ticket_id == side.log_id).drop("log_id")
    if "note_at" not in side.columns:
        return joined
    earlier = (joined.note_at < joined.message_at).fill_null(joined.message_at.isnull())
    is_note = (joined.note_at.notnull() & earlier).fill_null(False)
    return joined.mutate(is_note=is_note).drop("note_at", "message_at")
