"""Service that customers had in the window before a month, as it was known when the month began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.answers import answer_rows, bottom_box, refusals
from supportlab.metrics.customers.stays import FAR
from supportlab.metrics.customers.windows import KEY, in_windows, overall
from supportlab.metrics.outcomes import judged
from supportlab.metrics.periods import moments
from supportlab.metrics.slow_limits import slow_limit
from supportlab.metrics.ticket_states import reopenings
from supportlab.metrics.tickets import ENDED_STATUSES, Facts, by_agent, countable, ticket_facts

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["Service", "service_before"]

# No human is expected to reply there; what is handed over has a reply.
UNSTAFFED = ("bot", "self_service")
MOST_BAD = 3
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


@dataclass(frozen=True)
class Service:
    """
    Tickets of the windows, summed up.

    Parameters
    ----------
    table : ibis.Table
        One row per customer and month with a ticket in the window: ``customer_number``,
        ``month_number``, ``contacts``, ``bad_tickets`` (3 for more), and the flags, 0 or 1.
    names : tuple of str
        Flags that the desk can tell.
    reasons : mapping
        Why the others are not there.
    thresholds : mapping
        Whole minutes above which a wait is slow.
    """

    table: Any
    names: tuple[str, ...]
    reasons: Mapping[str, str]
    thresholds: Mapping[str, int]


def service_before(
    desk: Desk, customers: Any, months: Any, window_days: int, control: Sequence[str]
) -> Service:
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
    Service
        Sums in the engine.

    Raises
    ------
    NotEstimable
        When there are no tickets, or they do not name customers.
    """
    facts = ticket_facts(desk)
    if "customer_id" not in facts.provided:
        raise NotEstimable("Tickets do not name their customers. Provide tickets.customer_id.")
    reasons = _reasons(desk, facts, control)
    tickets = _owned(desk, facts, customers)
    thresholds = _thresholds(tickets, reasons)
    names = tuple(name for name in NEEDS if name not in reasons)
    dated = _dated(desk, tickets, thresholds)
    spread = in_windows(dated, "created_at", months, window_days)
    flagged = _flagged(desk, facts, spread, names, control)
    sums = overall(
        flagged, list(names), contacts=flagged.count().cast("int64"), bad_sum=flagged.is_bad.sum()
    )
    most = (sums.bad_sum > MOST_BAD).ifelse(MOST_BAD, sums.bad_sum).cast("int64")
    table = sums.mutate(bad_tickets=most).drop("bad_sum")
    return Service(table, names, reasons, thresholds)


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


def _owned(desk: Desk, facts: Facts, customers: Any) -> Any:
    """Return the tickets of customers, with what does not depend on the month."""
    import ibis

    rows = facts.table.filter(countable(facts.table) & ~by_agent(facts.table))
    who = customers.select("customer_number", owner_id="customer_id", wished="preferred_channel")
    mine = rows.inner_join(who, rows.customer_id == who.owner_id)
    # Resolved, but when is not known: neither open nor of a known length.
    untold = mine.resolved_at.isnull() & mine.status.isin(ENDED_STATUSES).fill_null(False)
    return mine.select(
        "ticket_id",
        "customer_number",
        "created_at",
        "first_response_at",
        "resolved_at",
        "escalated",
        "category",
        is_untold=untold,
        is_staffed=~mine.channel.isin(UNSTAFFED).fill_null(False),
        is_elsewhere=(mine.channel != mine.wished).fill_null(False),
        # Who needs no reply any more does not wait for one.
        last_waiting_at=ibis.coalesce(mine.resolved_at, moments(desk.as_of)),
        last_open_at=moments(desk.as_of),
    )


def _thresholds(tickets: Any, reasons: dict[str, str]) -> dict[str, int]:
    """Return the limits of slow, and give the reason where a desk has none."""
    asked = {
        "slow_first_response": (tickets.is_staffed, "first_response_at", "last_waiting_at"),
        "slow_resolution": (~tickets.is_untold, "resolved_at", "last_open_at"),
    }
    found = {}
    for name, (counts, until, last) in asked.items():
        if name in reasons:
            continue
        limit = slow_limit(tickets.filter(counts), "created_at", until, last)
        if limit is None:
            words = "less than three quarters of the tickets have ended, so slow has no limit"
            reasons[name] = words
        else:
            found[name] = limit
    if "slow_resolution" in reasons:
        reasons["slow_resolution_closed"] = reasons["slow_resolution"]
    return found


def _dated(desk: Desk, tickets: Any, thresholds: Mapping[str, int]) -> Any:
    """Add since when a ticket was slow, and the first bad score that it got."""
    import ibis

    never = ibis.null("timestamp(6)")
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
    dated = tickets.mutate(**since)
    if not desk.has("surveys", "ticket_id", "score", "responded_at"):
        return dated.mutate(scored_bad_at=never)
    bad = _bad_scores(desk)
    return dated.left_join(bad, dated.ticket_id == bad.scored_id).drop("scored_id")


def _bad_scores(desk: Desk) -> Any:
    window = desk.config.response_window_days
    answers = answer_rows(desk, "csat", None, None, window).table
    # Whether a later answer superseded it was not known yet.
    rules = refusals(desk, "csat", answers, window)[:-1]
    counted = judged(answers, [*rules, ("bad", bottom_box(answers), None)], otherwise="other")
    bad = counted.filter((counted.outcome == "bad") & counted.ticket_id.notnull())
    return bad.group_by(scored_id=bad.ticket_id).aggregate(scored_bad_at=bad.responded_at.min())


def _flagged(
    desk: Desk, facts: Facts, spread: Any, names: Sequence[str], control: Sequence[str]
) -> Any:
    """Add to each ticket in each window what was known of it when the month began."""
    import ibis

    rows = _with_again(desk, facts, spread) if "reopened" in names else spread
    start = rows.month_start
    resolved = (rows.resolved_at < start).fill_null(False)
    first_open = ~resolved & ~rows.is_untold
    again_open = rows.is_again_open if "reopened" in names else ibis.literal(False)
    settled = resolved if "resolved_at" in facts.provided else ibis.literal(True)
    late = (rows.slow_resolution_at < start).fill_null(False)
    conditions = {
        "reopened": rows.was_reopened if "reopened" in names else ibis.literal(False),
        "slow_first_response": rows.slow_first_response_at < start,
        "slow_resolution": late,
        "slow_resolution_closed": late & resolved,
        "unresolved": first_open | again_open,
        "escalated": rows.escalated & settled,
        "channel_mismatch": rows.is_elsewhere,
        "administrative": rows.category.isin(list(control) or [""]),
    }
    flags = {name: _flag(conditions[name]) for name in names}
    marked = rows.select(*KEY, "scored_bad_at", "month_start", **flags)
    bad = (marked.scored_bad_at < marked.month_start).fill_null(False)
    for name in BAD:
        if name in names:
            bad = bad | (marked[name] == 1)
    return marked.mutate(is_bad=_flag(bad))


def _with_again(desk: Desk, facts: Facts, spread: Any) -> Any:
    """Add whether a ticket had been opened again before the month, and still was open."""
    again = reopenings(desk, facts.table)
    # Few tickets are opened again: only those are repeated for their months.
    seen = spread.select("ticket_id", "month_number", "month_start")
    joined = seen.inner_join(again, seen.ticket_id == again.again_id)
    before = joined.filter(joined.again_open_at < joined.month_start)
    still = before.again_resolved_at.isnull() | (before.again_resolved_at >= before.month_start)
    summed = before.group_by(
        again_ticket=before.ticket_id, again_month=before.month_number
    ).aggregate(open_again=_flag(still).max())
    keys = [
        spread.ticket_id == summed.again_ticket,
        spread.month_number == summed.again_month,
    ]
    rows = spread.left_join(summed, keys)
    marked = rows.mutate(
        was_reopened=rows.open_again.notnull(),
        is_again_open=(rows.open_again == 1).fill_null(False),
    )
    return marked.drop("again_ticket", "again_month", "open_again")


def _flag(condition: Any) -> Any:
    return condition.fill_null(False).ifelse(1, 0).cast("int64")
