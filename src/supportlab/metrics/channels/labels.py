"""What is known of a ticket when it comes in, as text labels that hold tickets equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from supportlab.metrics.business.time import has_business_hours, with_business_seconds
from supportlab.metrics.payments.units import band_labels
from supportlab.metrics.periods import shifted

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.tickets import Facts

__all__ = [
    "AFTER_BOT",
    "DIRECT",
    "MADE",
    "OTHER",
    "PREFERRED",
    "VALUE_EDGES",
    "provided_labels",
    "with_labels",
]

# Round steps of the reporting currency, each about twice the one before, fixed before any look at
# the data; 200 is where authority commonly ends.
VALUE_EDGES = (25, 50, 100, 200, 500)
RECENT_DAYS = 30
DIRECT, AFTER_BOT = "direct", "after bot"
PREFERRED, OTHER = "preferred", "other"
NO_VALUE = "(no value)"
MADE = ("value_band", "hours", "history_band", "entry", "preference")
# What of a ticket is known at intake, whatever channel it comes by: the assignee, the handling
# time, transfers and the like come after the channel and are never held equal.
INTAKE = (
    "category",
    "priority",
    "value_band",
    "market",
    "language",
    "hours",
    "history_band",
)
_SIX_HOURS = ("00-06 UTC", "06-12 UTC", "12-18 UTC", "18-24 UTC")
_SATURDAY = 5


def provided_labels(desk: Desk, facts: Facts, wanted: Sequence[str] = INTAKE) -> tuple[str, ...]:
    """
    Return the labels that a source can give, in the order asked for.

    Not a judgement whether they are enough: what is not among them is not held equal.

    Parameters
    ----------
    desk : Desk
        The data.
    facts : Facts
        Tickets.
    wanted : sequence of str
        Names of labels; columns of tickets, or those that are made here.

    Returns
    -------
    tuple of str
        Those whose columns are there.
    """
    own = facts.provided
    customers = "customer_id" in own and desk.has("customers", "customer_id")
    there = {
        "value_band": {"issue_value", "issue_currency"} <= own,
        "hours": True,
        "history_band": "customer_id" in own,
        "entry": desk.has("sessions", "ticket_id", "outcome"),
        "preference": customers and desk.has("customers", "preferred_channel"),
        "market": "market" in own or (customers and desk.has("customers", "market")),
        "language": "language" in own or (customers and desk.has("customers", "language")),
    }
    return tuple(name for name in wanted if there.get(name, name in own))


def with_labels(desk: Desk, tickets: Any, labels: Sequence[str]) -> Any:
    """
    Add the labels of `MADE` that are asked for.

    Parameters
    ----------
    desk : Desk
        The data.
    tickets : ibis.Table
        One row per ticket with the contract's columns.
    labels : sequence of str
        Names; others are left to the caller.

    Returns
    -------
    ibis.Table
        As many rows as came.
    """
    makers = {
        "value_band": _with_value_band,
        "hours": _with_hours,
        "history_band": _with_history,
        "entry": _with_entry,
        "preference": _with_preference,
    }
    for name in labels:
        if name in makers:
            tickets = makers[name](desk, tickets)
    return tickets


def _with_value_band(desk: Desk, tickets: Any) -> Any:
    import ibis

    from supportlab.metrics.money import with_rate

    rated = with_rate(
        desk, tickets, currency="issue_currency", moment="created_at", into="rate_of_band"
    )
    value = rated.issue_value.cast("float64") * rated.rate_of_band.cast("float64")
    names = band_labels(VALUE_EDGES)
    rules = [(value < edge, name) for edge, name in zip(VALUE_EDGES, names, strict=False)]
    band = ibis.cases(*rules, (value.notnull(), names[-1]), else_=NO_VALUE)
    return rated.mutate(value_band=band).drop("rate_of_band")


def _with_hours(desk: Desk, tickets: Any) -> Any:
    """Tell whether the desk was at work; where its hours are not known, the time of day in UTC."""
    import ibis

    if has_business_hours(desk) and {"team_id", "market"} <= desk.provided("tickets"):
        moved = tickets.mutate(minute_later=tickets.created_at + ibis.interval(minutes=1))
        timed = with_business_seconds(desk, moved, {"open_seconds": ("created_at", "minute_later")})
        hours = ibis.cases(
            (timed.open_seconds.isnull(), "hours not known"),
            (timed.open_seconds > 0, "open"),
            else_="closed",
        )
        return timed.mutate(hours=hours).drop("minute_later", "open_seconds")
    quarter = tickets.created_at.hour() // 6
    times = ibis.cases(*[(quarter == i, name) for i, name in enumerate(_SIX_HOURS[:-1])],
                       else_=_SIX_HOURS[-1])  # fmt: skip
    is_weekend = tickets.created_at.day_of_week.index() >= _SATURDAY
    return tickets.mutate(hours=is_weekend.ifelse("weekend", times))


def _with_history(desk: Desk, tickets: Any) -> Any:
    """Tell how long ago the customer's ticket before this one came."""
    import ibis

    del desk
    order = ibis.window(group_by="customer_id", order_by=["created_at", "ticket_id"])
    placed = tickets.mutate(ticket_before_at=tickets.created_at.lag().over(order))
    band = ibis.cases(
        (placed.customer_id.isnull(), "customer not known"),
        (placed.ticket_before_at.isnull(), "no ticket before"),
        (
            placed.created_at <= shifted(placed.ticket_before_at, RECENT_DAYS),
            f"one within {RECENT_DAYS} days",
        ),
        else_="an earlier one",
    )
    return placed.mutate(history_band=band).drop("ticket_before_at")


def _with_entry(desk: Desk, tickets: Any) -> Any:
    """Tell the tickets that a bot handed over from those that came directly."""
    sessions = desk.table("sessions")
    is_handed = (sessions.outcome == "handed_over") & sessions.ticket_id.notnull()
    handed = sessions.filter(is_handed).select(handed_ticket="ticket_id").distinct()
    joined = tickets.left_join(handed, tickets.ticket_id == handed.handed_ticket)
    entry = joined.handed_ticket.notnull().ifelse(AFTER_BOT, DIRECT)
    return joined.mutate(entry=entry).drop("handed_ticket")


def _with_preference(desk: Desk, tickets: Any) -> Any:
    """Tell whether the channel is the one that the customer prefers; missing where not known."""
    import ibis

    customers = desk.table("customers")
    known = customers.filter(customers.customer_id.notnull())
    once = known.group_by(wishing_customer=known.customer_id).aggregate(
        wished=known.preferred_channel.min()
    )
    joined = tickets.left_join(once, tickets.customer_id == once.wishing_customer)
    is_same = (joined.channel == joined.wished).ifelse(PREFERRED, OTHER)
    unknown = joined.wished.isnull() | joined.channel.isnull()
    preference = unknown.ifelse(ibis.null("string"), is_same)
    return joined.mutate(preference=preference).drop("wishing_customer", "wished")
