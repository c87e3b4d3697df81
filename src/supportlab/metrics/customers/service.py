"""Service that customers had in the window before a month, as it was known when the month began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.answers import answer_rows, bottom_box, refusals
from supportlab.metrics.customers.stays import FAR
from supportlab.metrics.customers.windows import KEY, Windows, flag, in_windows, overall
from supportlab.metrics.outcomes import judged
from supportlab.metrics.periods import moments
from supportlab.metrics.slow_limits import slow_limit
from supportlab.metrics.sums import count_where
from supportlab.metrics.ticket_states import reopenings
from supportlab.metrics.tickets import ENDED_STATUSES, Facts, by_agent, countable, ticket_facts

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["service_before"]

# No human is expected to reply there; what is handed over has a reply.
UNSTAFFED = ("bot", "self_service")
NEEDS: Mapping[str, tuple[str, ...]] = {
    "reopened": ("reopened_count", "resolved_at"),
    "slow_first_response": ("first_response_at",),
    "slow_resolution": ("resolved_at",),
    "slow_resolution_closed": ("resolved_at",),
    "unresolved": ("resolved_at",),
    "escalated": ("escalated",),
    "channel_mismatch": ("channel",),
    "administrative": ("category",),
}
# What makes a ticket bad; where the customer wrote is no fault of its treatment.
BAD = ("reopened", "slow_first_response", "slow_resolution", "unresolved", "escalated")


def service_before(
    desk: Desk, customers: Any, months: Any, window_days: int, control: Sequence[str]
) -> Windows:
    """
    Sum up the tickets that customers created in the window before each month.

    Not what is known today: a ticket that was reopened, answered or resolved after the month
    began counts as it stood then. When a ticket was escalated is not recorded; it counts once the
    ticket is resolved.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``customer_id``.
    customers : ibis.Table
        From `numbered`.
    months : ibis.Table
        From `month_table`.
    window_days : int
        Days before the month's start.
    control : sequence of str
        Categories of tickets that say nothing of the service.

    Returns
    -------
    Windows
        The flags that the desk can tell, ``contacts`` and ``bad_tickets``; the limits of slow.

    Raises
    ------
    NotEstimable
        When there are no tickets, or they do not name customers.
    """
    facts = ticket_facts(desk)
    if "customer_id" not in facts.provided:
        raise NotEstimable("Tickets do not name their customers. Provide tickets.customer_id.")
    reasons = _reasons(desk, facts, control)
    again = None if "reopened" in reasons else reopenings(desk, facts.table)
    tickets = desk.keep(_owned(desk, facts, customers, control, again))
    thresholds = _thresholds(desk, tickets, reasons)
    names = tuple(name for name in NEEDS if name not in reasons)
    dated = _dated(tickets, thresholds)
    spread = _spread(dated, again, months, window_days)
    flagged = _flagged(facts, spread, names)
    contacts, bad = flagged.count(), count_where(flagged.is_bad == 1)
    table = overall(desk, flagged, names, contacts=contacts, bad_tickets=bad)
    counts = ("contacts", "bad_tickets")
    return Windows(table, names, counts, reasons=reasons, thresholds=thresholds)


def _reasons(desk: Desk, facts: Facts, control: Sequence[str]) -> dict[str, str]:
    reasons = {}
    for name, needs in NEEDS.items():
        absent = [column for column in needs if column not in facts.provided]
        if absent:
            reasons[name] = f"tickets.{' and tickets.'.join(absent)} is not provided"
    if not desk.has("customers", "preferred_channel"):
        reasons["channel_mismatch"] = "customers.preferred_channel is not provided"
    if not control:
        reasons["administrative"] = "no category is declared to have no part in service"
    return reasons


def _owned(desk: Desk, facts: Facts, customers: Any, control: Sequence[str], again: Any) -> Any:
    """Return the tickets of customers, with what does not depend on the month."""
    rows = facts.table.filter(countable(facts.table) & ~by_agent(facts.table))
    who = customers.select("customer_number", owner_id="customer_id", wished="preferred_channel")
    mine = rows.inner_join(who, rows.customer_id == who.owner_id)
    # Resolved, but when is not known: neither open nor of a known length.
    untold = mine.resolved_at.isnull() & mine.status.isin(ENDED_STATUSES).fill_null(False)
    told = mine.select(
        "ticket_id",
        "customer_number",
        "created_at",
        "first_response_at",
        "resolved_at",
        "escalated",
        is_untold=untold,
        is_staffed=~mine.channel.isin(UNSTAFFED).fill_null(False),
        is_elsewhere=(mine.channel != mine.wished).fill_null(False),
        is_control=mine.category.isin(list(control) or [""]).fill_null(False),
    )
    scored = _with_first(told, _bad_scores(desk), "scored_bad_at")
    first_again = None
    if again is not None:
        ids = again.group_by(event_id=again.again_id)
        first_again = ids.aggregate(event_at=again.again_open_at.min())
    known = _with_first(scored, first_again, "reopened_at")
    # A ticket's id is text and millions of them are repeated by month: only where it is needed.
    needed = known.reopened_at.notnull().ifelse(known.ticket_id, _nothing("string"))
    return known.mutate(ticket_id=needed)


def _with_first(tickets: Any, events: Any, name: str) -> Any:
    """Add when something first happened to a ticket."""
    if events is None:
        return tickets.mutate(**{name: _nothing("timestamp(6)")})
    joined = tickets.left_join(events, tickets.ticket_id == events.event_id)
    return joined.rename({name: "event_at"}).drop("event_id")


def _thresholds(desk: Desk, tickets: Any, reasons: dict[str, str]) -> dict[str, int]:
    """Return the limits of slow, and give the reason where a desk has none."""
    now = moments(desk.as_of)
    waits = tickets.mutate(
        # Who needs no reply any more does not wait for one.
        last_waiting_at=tickets.resolved_at.fill_null(now),
        last_open_at=now,
    )
    asked = {
        "slow_first_response": (waits.is_staffed, "first_response_at", "last_waiting_at"),
        "slow_resolution": (~waits.is_untold, "resolved_at", "last_open_at"),
    }
    found = {}
    for name, (counts, until, last) in asked.items():
        if name in reasons:
            continue
        limit = slow_limit(waits.filter(counts), "created_at", until, last)
        if limit is None:
            words = "less than three quarters of the tickets have ended, so slow has no limit"
            reasons[name] = words
        else:
            found[name] = limit
    if "slow_resolution" in reasons:
        reasons["slow_resolution_closed"] = reasons["slow_resolution"]
    return found


def _dated(tickets: Any, thresholds: Mapping[str, int]) -> Any:
    """Add since when a ticket was slow."""
    import ibis

    never = _nothing("timestamp(6)")
    ends = {
        "slow_first_response": (tickets.is_staffed, "first_response_at", "resolved_at"),
        "slow_resolution": (~tickets.is_untold, "resolved_at", "resolved_at"),
    }
    since = {f"{name}_at": never for name in ends}
    for name, limit in thresholds.items():
        counts, until, other = ends[name]
        # Whole minutes above the limit: the first instant of the next minute.
        late = tickets.created_at + ibis.interval(minutes=limit + 1)
        over = ibis.coalesce(tickets[until], tickets[other], moments(FAR))
        since[f"{name}_at"] = (counts & (over >= late)).ifelse(late, never)
    return tickets.mutate(**since).drop("first_response_at", "is_staffed")


def _bad_scores(desk: Desk) -> Any:
    """Return when each ticket was first scored badly; None where no survey can tell."""
    if not desk.has("surveys", "ticket_id", "score", "responded_at"):
        return None
    window = desk.config.response_window_days
    answers = answer_rows(desk, "csat", None, None, window).table
    # Whether a later answer superseded it was not known yet.
    rules = refusals(desk, "csat", answers, window)[:-1]
    counted = judged(answers, [*rules, ("bad", bottom_box(answers), None)], otherwise="other")
    bad = counted.filter((counted.outcome == "bad") & counted.ticket_id.notnull())
    return bad.group_by(event_id=bad.ticket_id).aggregate(event_at=bad.responded_at.min())


def _spread(dated: Any, again: Any, months: Any, window_days: int) -> Any:
    """Repeat tickets for the months in whose window they lie; was each open again when it began."""
    import ibis

    closed = ibis.literal(False)
    if again is None:
        spread = in_windows(dated.drop("ticket_id"), "created_at", months, window_days)
        return spread.mutate(is_again_open=closed)
    # Few tickets are opened again: only those are joined to their reopenings.
    never = dated.filter(dated.reopened_at.isnull()).drop("ticket_id")
    plain = in_windows(never, "created_at", months, window_days).mutate(is_again_open=closed)
    ever = dated.filter(dated.reopened_at.notnull())
    marked = _with_again(in_windows(ever, "created_at", months, window_days), again)
    return plain.union(marked.select(*plain.columns))


def _with_again(spread: Any, again: Any) -> Any:
    """Add whether a ticket had been opened again before the month, and still was open."""
    seen = spread.select("ticket_id", "month_number", "month_start")
    joined = seen.inner_join(again, seen.ticket_id == again.again_id)
    before = joined.again_open_at < joined.month_start
    still = joined.again_resolved_at.isnull() | (joined.again_resolved_at >= joined.month_start)
    opened = joined.filter(before & still)
    again_open = opened.select(open_id="ticket_id", open_month="month_number").distinct()
    keys = [
        spread.ticket_id == again_open.open_id,
        spread.month_number == again_open.open_month,
    ]
    rows = spread.left_join(again_open, keys)
    return rows.mutate(is_again_open=rows.open_id.notnull()).drop("open_id", "open_month")


def _flagged(facts: Facts, rows: Any, names: Sequence[str]) -> Any:
    """Add to each ticket in each window what was known of it when the month began."""
    import ibis

    start = rows.month_start
    resolved = (rows.resolved_at < start).fill_null(False)
    first_open = ~resolved & ~rows.is_untold
    settled = resolved if "resolved_at" in facts.provided else ibis.literal(True)
    late = (rows.slow_resolution_at < start).fill_null(False)
    conditions = {
        "reopened": rows.reopened_at < start,
        "slow_first_response": rows.slow_first_response_at < start,
        "slow_resolution": late,
        "slow_resolution_closed": late & resolved,
        "unresolved": first_open | rows.is_again_open,
        "escalated": rows.escalated & settled,
        "channel_mismatch": rows.is_elsewhere,
        "administrative": rows.is_control,
    }
    bad = (rows.scored_bad_at < start).fill_null(False)
    for name in BAD:
        if name in names:
            bad = bad | conditions[name].fill_null(False)
    flags = {name: flag(conditions[name]) for name in names}
    return rows.select(*KEY, **flags, is_bad=flag(bad))


def _nothing(kind: str) -> Any:
    import ibis

    return ibis.null(kind)
