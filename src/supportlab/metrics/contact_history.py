"""Contacts of one issue: whether the history was kept, and whether the channel changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.options import days_option
from supportlab.metrics.outcomes import Rule, judged, rate_sums
from supportlab.metrics.periods import between, days_after, moments, period, shifted
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import by_agent, countable, ticket_facts, ticket_rows
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["CHANNEL_SWITCHING", "CONTEXT_KEPT", "channel_switching", "context_kept"]

CONTEXT_KEPT = Definition(
    name="context_kept",
    title="Context kept",
    statement=(
        "Share of the contacts after a ticket's first at which the agent had the earlier history. "
        "Where contacts do not tell: the share of mature tickets after which the customer did not "
        "come back on another channel with the same category within the window."
    ),
    anchor="a contact after the first",
    stop="that contact; in the fallback the end of the window",
    clock="calendar",
    cohort="the moment of the contact; in the fallback created_at",
    exclusions=(
        "the first contact of a ticket: there is no history yet",
        "contacts of no ticket, or of one that is merged, spam, deleted or a test",
        "had_context is missing in the row",
        "in the fallback: younger than the window (immature), or without customer or category",
    ),
)
CHANNEL_SWITCHING = Definition(
    name="channel_switching",
    title="Channel switching",
    statement=(
        "Share of mature tickets whose customer wrote or called on more than one channel within "
        "the window after the creation. A ticket is mature once it is as old as the window, so "
        "that all are watched for the same time."
    ),
    anchor="the first contact",
    stop="created_at and window_days",
    clock="calendar",
    cohort="created_at",
    exclusions=(
        "merged, spam, deleted and test tickets are no issues of their own",
        "created less than the window before as_of: immature",
        "no contact of the ticket names a channel",
    ),
)


def context_kept(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "customer_id",
    start: str | date | None = None,
    end: str | date | None = None,
    window_days: int | None = None,
) -> Sums:
    """
    Sum up the contacts at which the earlier history was there.

    Not whether the agent read it.

    Parameters
    ----------
    desk : Desk
        The data; contacts with ``had_context``, or tickets with customer and category.
    by : str or sequence of str
        Group columns of contacts; in the fallback of tickets.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of the cohort; ``start`` is included, ``end`` is not.
    window_days : int, optional
        In the fallback, days in which a return counts; the desk's ``fcr_window_days``.

    Returns
    -------
    Sums
        Kind ``rate``.

    Raises
    ------
    NotEstimable
        When neither is provided.
    ParameterError
        When an option or a group is not known.
    """
    window = days_option("window_days", window_days, desk.config.fcr_window_days)
    names, days = group_names(by), period(start, end)
    if desk.has("contacts", "had_context", "ticket_id"):
        rows, part = _contact_rows(desk, days), "contacts.had_context"
    elif desk.has("tickets", "customer_id", "category"):
        rows, part = _return_rows(desk, days, window), "fallback: returns on another channel"
    else:
        raise NotEstimable(
            "Context kept needs contacts.had_context, or tickets with customer_id and category."
        )
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason"))
    definition = CONTEXT_KEPT.with_counts(parts=(part,), options={"window_days": window})
    return rate_sums(desk, cells, definition)


def _contact_rows(desk: Desk, days: Any) -> Rows:
    import ibis

    contacts = desk.table("contacts")
    contacts = contacts.filter(contacts.ticket_id.notnull())
    if desk.has("tickets"):
        tickets = desk.table("tickets")
        counted = tickets.filter(countable(tickets)).select(counted_ticket="ticket_id").distinct()
        contacts = contacts.semi_join(counted, contacts.ticket_id == counted.counted_ticket)
    window = ibis.window(group_by="ticket_id", order_by=["at", "contact_id"])
    placed = contacts.mutate(place=ibis.row_number().over(window))
    later = placed.filter((placed.place > 0) & between(placed["at"], days)).drop("place")
    rules: list[Rule] = [
        ("excluded", later.had_context.isnull(), "had_context is missing"),
        ("success", later.had_context, None),
    ]
    verdicts = judged(later, rules, otherwise="failure")
    return Rows("contacts", verdicts, desk.provided("contacts"), "contact_id", "at")


def _return_rows(desk: Desk, days: Any, window_days: int) -> Rows:
    tickets = desk.table("tickets")
    asked = tickets.filter(countable(tickets) & ~by_agent(tickets))
    judged_ones = asked.filter(between(asked.created_at, days))
    back = _back_elsewhere(asked, judged_ones, window_days)
    table = judged_ones.left_join(back, judged_ones.ticket_id == back.came_back)
    unknown = table.customer_id.isnull() | table.category.isnull() | table.channel.isnull()
    young = table.created_at > moments(days_after(desk.as_of, -window_days))
    rules: list[Rule] = [
        ("excluded", unknown, "customer, category or channel is missing"),
        ("immature", young, None),
        ("failure", table.came_back.notnull(), None),
    ]
    verdicts = judged(table, rules, otherwise="success").drop("came_back")
    return Rows("tickets", verdicts, desk.provided("tickets"), "ticket_id", "created_at")


def _back_elsewhere(asked: Any, tickets: Any, window_days: int) -> Any:
    """Return the tickets after which the customer asked the same on another channel, once."""
    later = asked.select(
        later_customer="customer_id",
        later_category="category",
        later_channel="channel",
        later_at="created_at",
    )
    same = [
        tickets.customer_id == later.later_customer,
        tickets.category == later.later_category,
        tickets.created_at < later.later_at,
    ]
    pairs = tickets.inner_join(later, same)
    within = pairs.later_at <= shifted(pairs.created_at, window_days)
    elsewhere = pairs.filter(within & (pairs.later_channel != pairs.channel))
    return elsewhere.select(came_back="ticket_id").distinct()


def channel_switching(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "customer_id",
    start: str | date | None = None,
    end: str | date | None = None,
    window_days: int | None = None,
) -> Sums:
    """
    Sum up tickets on which the customer used more than one channel.

    Not by itself bad service: a customer may move from chat to phone because it was offered.

    Parameters
    ----------
    desk : Desk
        The data; contacts with channels, or events of kind message with channels.
    by : str or sequence of str
        Group columns of tickets.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.
    window_days : int, optional
        Days for which each ticket is watched; the desk's ``fcr_window_days``.

    Returns
    -------
    Sums
        Kind ``rate``.

    Raises
    ------
    NotEstimable
        When there are no tickets, or neither contacts nor messages with channels.
    ParameterError
        When an option or a group is not known.
    """
    window = days_option("window_days", window_days, desk.config.fcr_window_days)
    names = group_names(by)
    uses, part = _channel_uses(desk)
    rows = ticket_rows(ticket_facts(desk), period(start, end), agents_too=True)
    begun = rows.table.select(begun_ticket="ticket_id", begun_at="created_at")
    seen = uses.inner_join(begun, uses.ticket_id == begun.begun_ticket)
    seen = seen.filter(seen.used_at <= shifted(seen.begun_at, window))
    counted = seen.group_by(used_ticket=seen.ticket_id).aggregate(n_used=seen.channel.nunique())
    table = rows.table.left_join(counted, rows.table.ticket_id == counted.used_ticket)
    rules: list[Rule] = [
        ("immature", table.created_at > moments(days_after(desk.as_of, -window)), None),
        ("excluded", table.used_ticket.isnull(), "no contact names a channel"),
        ("success", table.n_used > 1, None),
    ]
    verdicts = judged(table, rules, otherwise="failure").drop("used_ticket")
    cells = with_cells(desk, rows.of(verdicts), names, cluster, ("outcome", "reason"))
    definition = CHANNEL_SWITCHING.with_counts(parts=(part,), options={"window_days": window})
    return rate_sums(desk, cells, definition)


def _channel_uses(desk: Desk) -> tuple[Any, str]:
    if desk.has("tickets") and desk.has("contacts", "ticket_id", "channel"):
        contacts = desk.table("contacts")
        named = contacts.filter(contacts.ticket_id.notnull() & contacts.channel.notnull())
        return named.select("ticket_id", "channel", used_at="at"), "channels from contacts"
    if desk.has("tickets") and desk.has("events", "kind", "actor", "channel"):
        events = desk.table("events")
        is_contact = (events.kind == "message") & (events.actor == "customer")
        named = events.filter(
            is_contact & events.is_public.fill_null(True) & events.channel.notnull()
        )
        used = named.select("ticket_id", "channel", used_at="at")
        return used, "channels from the customer's messages"
    raise NotEstimable(
        "Channel switching needs tickets, and contacts or events of kind message with channels."
    )
