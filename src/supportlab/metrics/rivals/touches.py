"""A vendor's one-touch verdict on each ticket, beside our first contact resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from supportlab.metrics.contact_parts import with_return
from supportlab.metrics.first_contact_resolution import fcr
from supportlab.metrics.outcomes import judged
from supportlab.metrics.periods import days_after, moments, shifted
from supportlab.metrics.rivals.definitions import Rival
from supportlab.metrics.rivals.reasons import explained, state_of
from supportlab.metrics.tickets import ENDED_STATUSES, Facts, Source, by_agent
from supportlab.metrics.touch_variants import refuse_missing_touches, touch_faults, touch_rules

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["compared_touches"]


def compared_touches(desk: Desk, rival: Rival, facts: Facts, tickets: Any, source: Source) -> Any:
    """
    Return the tickets with our verdict, the vendor's, and why they differ; 1 is a success.

    Parameters
    ----------
    desk : Desk
        The data.
    rival : Rival
        Whose verdict.
    facts : Facts
        From where the counts come.
    tickets : ibis.Table
        One row per ticket.
    source : {"auto", "events", "tickets"}
        From where our own figure takes its facts.

    Returns
    -------
    ibis.Table
        The rows with ``ours``, ``theirs``, ``difference``, ``state``, ``codes``, ``reason``.
    """
    variant = rival.options["variant"]
    refuse_missing_touches(facts, variant)
    judged_there = judged(tickets, touch_rules(tickets, variant), otherwise="success")
    renamed = judged_there.rename(their_outcome="outcome", their_reason="reason")
    both = _with_ours(desk, _with_next(facts, renamed), source)
    both = both.mutate(ours=_share(both.our_outcome), theirs=_share(both.their_outcome))
    both = both.mutate(difference=both.theirs - both.ours, state=state_of(both.ours, both.theirs))
    return explained(both, _flags(desk, both, variant))


def _share(outcome: Any) -> Any:
    import ibis

    numbers = [(outcome == "success", 1), (outcome == "failure", 0)]
    tests = [(test.fill_null(False), ibis.literal(n, type="int64")) for test, n in numbers]
    return ibis.cases(*tests, else_=ibis.null("int64"))


def _with_ours(desk: Desk, table: Any, source: Source) -> Any:
    cases = fcr(desk, cluster=None, source=source).cases
    ours = cases.select(case_id=cases.unit, our_outcome=cases.outcome, our_reason=cases.reason)
    return table.left_join(ours, table.ticket_id == ours.case_id).drop("case_id")


def _with_next(facts: Facts, table: Any) -> Any:
    """Add when the ticket was resolved and when the customer's next one came."""
    following = with_return(facts)
    following = following.select("resolution_at", "next_created_at", next_id=following.ticket_id)
    return table.left_join(following, table.ticket_id == following.next_id).drop("next_id")


def _flags(desk: Desk, both: Any, variant: str) -> dict[str, Any]:
    window = desk.config.fcr_window_days
    failed_here = (both.ours == 0).fill_null(False) & (both.theirs == 1).fill_null(False)
    failed_there = (both.ours == 1).fill_null(False) & (both.theirs == 0).fill_null(False)
    judged_up_to = moments(days_after(desk.as_of, -window))
    back_by = shifted(both.resolution_at, window)
    ended = both.status.isin(ENDED_STATUSES).fill_null(False)
    here = {
        "window_open": both.resolution_at > judged_up_to,
        "came_back": both.next_created_at <= back_by,
        "several_contacts": both.contact_count > 1,
        "transferred": both.transfer_count > 0,
        "reopened": both.reopened_count > 0,
    }
    flags = {
        "too_young": both.our_outcome == "immature",
        "left_out_here": both.our_outcome == "excluded",
        "agent_initiated": by_agent(both) & both.our_outcome.isnull(),
        "not_resolved_there": both.theirs.isnull() & ~ended,
        "count_missing_there": both.theirs.isnull() & ended,
        **{code: failed_here & test.fill_null(False) for code, test in here.items()},
    }
    for code, fault in touch_faults(both, variant).items():
        speaks = failed_there & fault
        flags[code] = flags[code] | speaks if code in flags else speaks
    return flags
