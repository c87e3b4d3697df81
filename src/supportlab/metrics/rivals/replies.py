"""A vendor's first reply time on each ticket, beside ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.clocks import with_elapsed_seconds
from supportlab.metrics.first_response_time import first_response
from supportlab.metrics.periods import whole_seconds
from supportlab.metrics.reply_times import Anchor, with_reply
from supportlab.metrics.rivals.definitions import Rival
from supportlab.metrics.rivals.reasons import explained, state_of
from supportlab.metrics.tickets import Facts, Source, by_agent

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["compared_replies"]

SECONDS_PER_MINUTE = 60


def compared_replies(desk: Desk, rival: Rival, facts: Facts, tickets: Any, source: Source) -> Any:
    """
    Return the tickets with our seconds, the vendor's figure, and why they differ.

    Parameters
    ----------
    desk : Desk
        The data.
    rival : Rival
        Whose figure.
    facts : Facts
        From where the first reply comes.
    tickets : ibis.Table
        One row per ticket.
    source : {"auto", "events", "tickets"}
        From where our own figure takes its facts.

    Returns
    -------
    ibis.Table
        The rows with ``ours``, ``theirs``, ``difference``, ``state``, ``codes``, ``reason``.
    """
    spans = _spans(desk, rival, facts, tickets)
    clock = rival.options.get("clock", "calendar")
    timed = with_elapsed_seconds(desk, spans, "since_at", "until_at", clock=clock)
    in_order = (timed.until_at >= timed.since_at).fill_null(False)
    timed = timed.mutate(
        in_order=in_order,
        clocked=in_order.ifelse(timed.duration_seconds, _no_number()),
        elapsed=in_order.ifelse(whole_seconds(timed.until_at, timed.since_at), _no_number()),
    )
    both = _with_ours(desk, timed, source)
    per_unit = SECONDS_PER_MINUTE if rival.unit == "minutes" else 1
    both = both.mutate(theirs=(both.clocked // per_unit).cast("int64"))
    theirs_in_seconds = both.theirs * per_unit
    both = both.mutate(
        difference=theirs_in_seconds - both.ours, state=state_of(both.ours, theirs_in_seconds)
    )
    return explained(both, _flags(both, rival))


def _no_number() -> Any:
    import ibis

    return ibis.null("int64")


def _with_ours(desk: Desk, table: Any, source: Source) -> Any:
    cases = first_response(desk, cluster=None, source=source).cases
    ours = cases.select(
        case_id=cases.unit,
        our_outcome=cases.outcome,
        our_reason=cases.reason,
        ours=(cases.outcome == "event").ifelse(cases.duration_seconds, _no_number()),
    )
    return table.left_join(ours, table.ticket_id == ours.case_id).drop("case_id")


def _spans(desk: Desk, rival: Rival, facts: Facts, tickets: Any) -> Any:
    """Return both ends of the vendor's wait; the tickets' own column stands in for a log."""
    options = rival.options
    anchor, notes = options["anchor"], bool(options.get("notes", False))
    if "first_response_at" not in facts.provided:
        raise NotEstimable(
            f"{rival.title} of {rival.vendor} needs tickets.first_response_at, or events of kind "
            "message."
        )
    if not desk.has("events"):
        return _own_spans(rival, tickets, anchor, notes)
    waits = bool(options.get("agents_wait", True))
    start: Anchor = "created" if anchor == "created" else "first_customer_message"
    spans = with_reply(desk, tickets, start, notes=notes, agents_wait=waits)
    if anchor == "first_speaker":
        spans = _by_first_speaker(spans)
    if anchor == "first_customer_message":
        return spans
    silent = (spans.n_messages.fill_null(0) == 0) & spans.until_at.isnull()
    return spans.mutate(
        since_at=silent.ifelse(spans.created_at, spans.since_at),
        until_at=silent.ifelse(spans.first_response_at, spans.until_at),
    )


def _own_spans(rival: Rival, tickets: Any, anchor: str, notes: bool) -> Any:
    import ibis

    if anchor != "created" or notes:
        raise NotEstimable(
            f"{rival.title} of {rival.vendor} needs the order of messages and notes. Provide "
            "events of kind message."
        )
    return tickets.mutate(
        since_at=tickets.created_at,
        until_at=tickets.first_response_at,
        is_note=ibis.literal(False),
    )


def _by_first_speaker(spans: Any) -> Any:
    """Start at the creation where an agent spoke first; that comment is then the reply."""
    first = spans.spoke_at.notnull() & (
        spans.asked_at.isnull() | (spans.spoke_at < spans.asked_at).fill_null(False)
    )
    return spans.mutate(
        since_at=first.ifelse(spans.created_at, spans.since_at),
        until_at=first.ifelse(spans.spoke_at, spans.until_at),
    )


def _flags(both: Any, rival: Rival) -> dict[str, Any]:
    since, until, replied = both.since_at, both.until_at, both.first_response_at
    has_ours, has_theirs = both.ours.notnull(), both.theirs.notnull()
    is_other = until.notnull() & (replied.isnull() | (until != replied).fill_null(False))
    in_minutes = rival.unit == "minutes"
    business = rival.options.get("clock") == "business"
    flags = {
        "unanswered": (both.our_outcome == "censored") & ~has_theirs & until.isnull(),
        "left_out_here": both.our_outcome == "excluded",
        "agent_initiated": by_agent(both) & (is_other | (has_ours != has_theirs)),
        "starts_elsewhere": has_theirs & (since != both.created_at),
        "public_note": is_other & both.is_note,
        "other_reply": is_other & ~both.is_note & ~by_agent(both),
        "no_question_there": since.isnull(),
        "no_reply_there": has_ours & since.notnull() & until.isnull(),
        "wrong_order_there": until.notnull() & ~both.in_order & since.notnull(),
    }
    if business:
        flags["no_hours_there"] = both.in_order & ~has_theirs
        flags["office_hours"] = has_theirs & (both.clocked != both.elapsed)
    if in_minutes:
        flags["rounded"] = has_theirs & ((both.clocked % SECONDS_PER_MINUTE) != 0)
    return flags
