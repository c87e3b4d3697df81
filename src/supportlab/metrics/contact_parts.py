"""The parts of first contact resolution, and which of them the data let us see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.periods import shifted
from supportlab.metrics.tickets import Facts, by_agent, countable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Parts",
    "contact_parts",
    "issues",
    "part_words",
    "returned_within",
    "with_next",
    "with_return",
]

# Counts that must not be passed, with what the part is called.
_LIMITS = (
    ("contact_count", 1, "at most one contact by the customer"),
    ("transfer_count", 0, "no transfer"),
    ("reopened_count", 0, "no reopening"),
)


@dataclass(frozen=True)
class Parts:
    """
    Conditions on tickets that are known before their return is.

    Parameters
    ----------
    at_once : ibis expression
        The counts that can be seen are within their limits; a missing count is.
    nobody : list of (ibis expression, str)
        Rows in which the customer or the category is missing, with the reason. Both are known at
        intake, whatever becomes of the ticket.
    uncounted : list of (ibis expression, str)
        Rows in which a count that the data provide is missing, with the reason.
    """

    at_once: Any
    nobody: list[tuple[Any, str]]
    uncounted: list[tuple[Any, str]]


def with_return(facts: Facts) -> Any:
    """
    Return the tickets that FCR is about, with their resolution and the customer's next ticket.

    The next ticket is looked for among all tickets of the desk, so that one that follows in
    another period is seen. Of two tickets of the same instant the one with the later id follows.
    """
    return with_next(issues(facts), facts)


def issues(facts: Facts) -> Any:
    """Return the tickets that FCR is about, with their resolution."""
    import ibis

    if not facts.provided & {"resolved_at", "closed_at"}:
        raise NotEstimable(
            "First contact resolution needs the time of resolution: provide tickets.resolved_at."
        )
    base = facts.table
    tickets = base.filter(countable(base) & ~by_agent(base))
    known = [tickets[name] for name in ("resolved_at", "closed_at") if name in facts.provided]
    return tickets.mutate(resolution_at=ibis.coalesce(*known))


def with_next(tickets: Any, facts: Facts) -> Any:
    """
    Add ``next_created_at``, the creation of the customer's next ticket, to those of `issues`.

    Sorting by customer is the dearest step of FCR: what can be told before it should be, so that
    few columns go along.
    """
    import ibis

    if "customer_id" not in facts.provided:
        return tickets.mutate(next_created_at=ibis.null("timestamp(6)"))
    same = ibis.window(
        group_by=[tickets[name] for name in _identity(facts)],
        order_by=[tickets.created_at, tickets.ticket_id],
    )
    following = tickets.mutate(next_created_at=tickets.created_at.lead().over(same))
    # Tickets without a customer are not one customer's.
    is_known = _all(following[name].notnull() for name in _identity(facts))
    never = ibis.null("timestamp(6)")
    return following.mutate(next_created_at=is_known.ifelse(following.next_created_at, never))


def contact_parts(tickets: Any, facts: Facts) -> Parts:
    """Return the parts that can be seen on tickets of `issues`."""
    seen = [(name, most) for name, most, _ in _LIMITS if name in facts.provided]
    within = [(tickets[name] <= most).fill_null(True) for name, most in seen]
    at_once = _all([tickets.resolution_at.notnull(), *within])
    nobody = _missing(tickets, _identity(facts))
    return Parts(at_once, nobody, _missing(tickets, [name for name, _ in seen]))


def returned_within(tickets: Any, window_days: int) -> Any:
    """Return the condition that the next ticket came up to the end of the window."""
    window_end = shifted(tickets.resolution_at, window_days)
    return (tickets.next_created_at <= window_end).fill_null(False)


def _missing(tickets: Any, names: Iterable[str]) -> list[tuple[Any, str]]:
    return [(tickets[name].isnull(), f"{name} is missing") for name in names]


def part_words(facts: Facts, window_days: int) -> tuple[str, ...]:
    """Return the parts in words, and what stands in for those that are not provided."""
    parts = ["resolved"]
    for name, _, words in _LIMITS:
        fallback = "only tickets that are open again" if name == "reopened_count" else "not seen"
        is_seen = name in facts.provided
        parts.append(words if is_seen else f"{words}: {fallback}, {name} is not provided")
    return (*parts, _return_words(facts, window_days), facts.note)


def _return_words(facts: Facts, window_days: int) -> str:
    if "customer_id" not in facts.provided:
        return f"no return within {window_days} days: not seen, customer_id is not provided"
    if "category" not in facts.provided:
        return (
            f"no other ticket of the customer within {window_days} days, whatever its category: "
            "category is not provided"
        )
    return f"no ticket of the same customer in the same category within {window_days} days"


def _identity(facts: Facts) -> tuple[str, ...]:
    """Return the columns that tell whether two tickets are the same customer's same issue."""
    if "customer_id" not in facts.provided:
        return ()
    return ("customer_id", "category") if "category" in facts.provided else ("customer_id",)


def _all(conditions: Iterable[Any]) -> Any:
    return reduce(and_, conditions)
