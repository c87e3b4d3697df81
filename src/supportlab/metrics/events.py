"""Ticket facts computed from the event log, and how far they agree with the tickets' own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from supportlab.errors import EXAMPLES_SHOWN, NotEstimable

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["FACTS", "reconciliation", "seen_in_events", "tickets_from_events"]

# What a log must hold somewhere before it can tell a fact. A log of one side's messages, or of
# states that never end, is an extract that left the rest out, not a desk where nobody wrote or
# nothing was resolved.
FACTS: dict[str, str] = {
    "first_response_at": "reply",
    "contact_count": "question",
    "agent_reply_count": "reply",
    "transfer_count": "transfer",
    "status": "end",
    "resolved_at": "end",
    "closed_at": "end",
    "reopened_count": "end",
}
ENDED = ("resolved", "closed")
LEFT_OUT = ("merged", "spam", "deleted", "test")
STATES = ("open", "pending", *ENDED, *LEFT_OUT)
# A chat is logged line by line, and its session is one contact. A call or a visit is one event, so
# two of them are two contacts however close they are.
SESSION_CHANNELS = ("chat",)
# A chat in which the customer is silent for longer has ended: tools close an idle chat after 10 to
# 20 minutes.
SESSION_GAP_MINUTES = 15


def seen_in_events(desk: Desk) -> tuple[str, ...]:
    """
    Name the ticket facts that the event log can tell.

    Parameters
    ----------
    desk : Desk
        The data; its log is read once. Contacts need a public message of a customer, replies one
        of an agent, states and resolutions a state ``resolved`` or ``closed``, transfers an event
        of that kind.

    Returns
    -------
    tuple of str
        Columns of tickets, in the order of `FACTS`; empty where there is no log.
    """
    if not desk.has("events"):
        return ()
    marked = _marked(desk.table("events"))
    counts = marked.aggregate(
        question=_total(marked.is_customer).fill_null(0),
        reply=_total(marked.is_agent).fill_null(0),
        transfer=_total(marked.kind == "transfer").fill_null(0),
        end=_total(marked.is_end).fill_null(0),
    )
    row = counts.execute().iloc[0]
    return tuple(fact for fact, need in FACTS.items() if row[need] > 0)


def tickets_from_events(desk: Desk, facts: tuple[str, ...] | None = None) -> Any:
    """
    Replace ticket facts by what the event log says.

    A ticket without events of the kind that a fact is made of keeps its own value. One with
    questions only is unanswered; one with replies only keeps its own contacts, since a customer
    began it. Not for logs that begin later than the tickets: a fact would be counted from the
    part that is left.

    Parameters
    ----------
    desk : Desk
        The data, with events.
    facts : tuple of str, optional
        Facts to replace, of `FACTS`; those that the log can tell when left out.

    Returns
    -------
    ibis.Table
        One row per ticket with the contract's columns, in the contract's order.

    Raises
    ------
    NotEstimable
        When there is no event log.
    """
    if not desk.has("events"):
        raise NotEstimable("There is no event log. Provide events to compute tickets from them.")
    chosen = seen_in_events(desk) if facts is None else facts
    tickets = desk.table("tickets")
    joined = _with_logged(desk, tickets)
    replaced = {fact: _logged_or_own(joined, fact) for fact in chosen}
    return joined.mutate(**replaced).select(*tickets.columns)


def reconciliation(desk: Desk) -> pd.DataFrame:
    """
    Hold the tickets' own facts against the event log.

    Parameters
    ----------
    desk : Desk
        The data, with events.

    Returns
    -------
    pandas.DataFrame
        One row per fact that both can tell, over the tickets that the log covers: ``fact``,
        ``n_both`` with a value in both, of these ``n_equal`` and ``n_differ``;
        ``n_only_events``, ``n_only_tickets``, ``n_neither``; ``first_tickets``, the ids of up
        to five tickets that differ.

    Raises
    ------
    NotEstimable
        When there is no event log, or nothing in it that tickets tell too.
    """
    import pandas as pd

    own = desk.provided("tickets") if desk.has("tickets") else frozenset()
    facts = [fact for fact in seen_in_events(desk) if fact in own]
    if not facts:
        raise NotEstimable("There is no event log with messages, states or transfers to compare.")
    joined = _with_logged(desk, desk.table("tickets"))
    tests = {fact: _agreement(joined, fact) for fact in facts}
    sums = {
        f"{fact}_{name}": test.fill_null(False).ifelse(1, 0).cast("int64").sum().fill_null(0)
        for fact in facts
        for name, test in tests[fact].items()
    }
    counts = joined.aggregate(**sums).execute().iloc[0]
    rows = []
    for fact in facts:
        numbers = {name: int(counts[f"{fact}_{name}"]) for name in tests[fact]}
        differ = tests[fact]["n_differ"]
        first = _first_ids(joined.filter(differ)) if numbers["n_differ"] else ""
        rows.append({"fact": fact, **numbers, "first_tickets": first})
    return pd.DataFrame(rows)


def _agreement(joined: Any, fact: str) -> dict[str, Any]:
    """Return what can be between the two values of a fact, over tickets that the log covers."""
    logged, own, is_logged = joined[f"logged_{fact}"], joined[fact], _is_logged(joined, fact)
    both = is_logged & logged.notnull() & own.notnull()
    differ = both & (logged != own).fill_null(False)
    return {
        "n_both": both,
        "n_equal": both & ~differ,
        "n_differ": differ,
        "n_only_events": is_logged & logged.notnull() & own.isnull(),
        "n_only_tickets": is_logged & logged.isnull() & own.notnull(),
        "n_neither": is_logged & logged.isnull() & own.isnull(),
    }


def _first_ids(tickets: Any) -> str:
    ids = tickets.select("ticket_id").order_by("ticket_id").limit(EXAMPLES_SHOWN).execute()
    return ", ".join(ids["ticket_id"])


def _with_logged(desk: Desk, tickets: Any) -> Any:
    """Join the logged facts to each ticket, one row to one; columns are named ``logged_…``."""
    events = desk.table("events")
    marked = _marked(events)
    joined = tickets
    for side in (_summed(marked), _chats(marked), _answered(marked, tickets), _states(events)):
        joined = joined.left_join(side, joined.ticket_id == side.log_ticket_id)
        joined = joined.drop("log_ticket_id")
    by_agent = (joined.initiated_by == "agent").fill_null(False)
    return joined.mutate(
        logged_contact_count=joined.n_single_contacts + joined.n_chats.fill_null(0),
        logged_first_response_at=by_agent.ifelse(joined.answered_at, joined.first_reply_at),
    )


def _is_logged(joined: Any, fact: str) -> Any:
    """Tell whether the log has what the fact is made of; no transfer in a log is no transfer."""
    counted = {"reply": "n_messages", "transfer": "n_events", "end": "n_states"}
    need = FACTS[fact]
    if need != "question":
        return (joined[counted[need]] > 0).fill_null(False)
    # Whoever began a ticket wrote at least once; on a ticket that an agent began the customer may
    # have said nothing.
    silent = (joined.initiated_by == "agent") & (joined.n_messages > 0)
    return ((joined.n_questions > 0) | silent.fill_null(False)).fill_null(False)


def _logged_or_own(joined: Any, fact: str) -> Any:
    logged, is_logged = joined[f"logged_{fact}"], _is_logged(joined, fact)
    if fact == "status":
        # Merged, spam, deleted and test are judgements that a log of states may lack, and a
        # state that the contract does not know cannot replace one that it knows.
        is_logged = is_logged & ~joined.status.isin(LEFT_OUT) & logged.isin(STATES)
    return is_logged.fill_null(False).ifelse(logged, joined[fact])


def _marked(events: Any) -> Any:
    """Mark public messages of the two sides; a message that says nothing of it is public."""
    speaks = (events.kind == "message") & events.is_public.fill_null(True)
    return events.select(
        "ticket_id",
        "at",
        "kind",
        is_customer=speaks & (events.actor == "customer"),
        is_agent=speaks & (events.actor == "agent"),
        is_end=(events.kind == "status") & events.value.strip().lower().isin(ENDED),
        in_session=events.channel.isin(SESSION_CHANNELS).fill_null(False),
    )


def _summed(marked: Any) -> Any:
    """Sum up messages and transfers of each ticket."""
    return marked.group_by(log_ticket_id=marked.ticket_id).aggregate(
        n_events=marked.count(),
        n_messages=_total(marked.kind == "message"),
        n_questions=_total(marked.is_customer),
        n_single_contacts=_total(marked.is_customer & ~marked.in_session),
        first_reply_at=marked.at.min(where=marked.is_agent),
        logged_agent_reply_count=_total(marked.is_agent),
        logged_transfer_count=_total(marked.kind == "transfer"),
    )


def _chats(marked: Any) -> Any:
    """Count the chat sessions of each ticket: a message after a long silence begins one."""
    import ibis

    lines = marked.filter(marked.is_customer & marked.in_session)
    in_time = ibis.window(group_by=lines.ticket_id, order_by=lines.at)
    lines = lines.mutate(previous_at=lines.at.lag().over(in_time))
    gap = ibis.interval(minutes=SESSION_GAP_MINUTES)
    begins = lines.previous_at.isnull() | (lines.at > lines.previous_at + gap)
    return lines.group_by(log_ticket_id=lines.ticket_id).aggregate(n_chats=_total(begins))


def _answered(marked: Any, tickets: Any) -> Any:
    """Find, on tickets of agents, the first reply that follows a message of the customer."""
    begun = tickets.filter(tickets.initiated_by == "agent").select(begun_id="ticket_id").distinct()
    spoken = marked.inner_join(begun, marked.ticket_id == begun.begun_id)
    questions = spoken.filter(spoken.is_customer)
    asked = questions.group_by("begun_id").aggregate(asked_at=questions.at.min())
    replies = spoken.filter(spoken.is_agent).select("ticket_id", "at")
    later = replies.inner_join(asked, replies.ticket_id == asked.begun_id)
    later = later.filter(later.at > later.asked_at)
    return later.group_by(log_ticket_id=later.ticket_id).aggregate(answered_at=later.at.min())


def _states(events: Any) -> Any:
    """Follow the states of each ticket: when it first and last became resolved, and how often."""
    import ibis

    changes = events.filter((events.kind == "status") & events.value.notnull())
    states = changes.select("ticket_id", "at", state=changes.value.strip().lower())
    in_time = ibis.window(group_by=states.ticket_id, order_by=[states.at, states.state])
    moved = states.mutate(
        previous=states.state.lag().over(in_time),
        following=states.state.lead().over(in_time),
    )
    is_ended = moved.state.isin(ENDED)
    was_ended = moved.previous.isin(ENDED).fill_null(False)
    summed = moved.group_by(log_ticket_id=moved.ticket_id).aggregate(
        n_states=moved.count(),
        logged_status=moved.state.max(where=moved.following.isnull()),
        logged_resolved_at=moved.at.min(where=is_ended),
        last_ended_at=moved.at.max(where=is_ended & ~was_ended),
        logged_reopened_count=_total(was_ended & ~is_ended),
    )
    ended_now = summed.logged_status.isin(ENDED)
    never = ibis.null("timestamp(6)")
    closed = ended_now.ifelse(summed.last_ended_at, never)
    return summed.mutate(logged_closed_at=closed).drop("last_ended_at")


def _total(condition: Any) -> Any:
    return condition.fill_null(False).ifelse(1, 0).cast("int64").sum().cast("int64")
