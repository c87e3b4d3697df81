"""One row per customer issue: its channel, what was known at intake, and all its outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.answers import answer_rows, refusals, top_box
from supportlab.metrics.channels.labels import MADE, provided_labels, with_labels
from supportlab.metrics.contact_parts import part_words
from supportlab.metrics.dimensions import MISSING, Rows, with_cells
from supportlab.metrics.first_contact_resolution import FCR, FcrSettings, fcr_rows
from supportlab.metrics.outcomes import judged, verdict
from supportlab.metrics.periods import between, days_after, moments, period, shifted, whole_seconds
from supportlab.metrics.resolution import resolution_span
from supportlab.metrics.tickets import ticket_facts
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.tickets import Facts

__all__ = ["HORIZON_HOURS", "LEAVING_DAYS", "ChannelRows", "channel_rows"]

# A week: what is not solved by then is a failure of another kind, and every ticket that is a week
# old has been watched that long, so no ticket is censored.
HORIZON_HOURS = 168
# The window in which churn studies look for what service did.
LEAVING_DAYS = 90
MINUTES = 60

TICKETS = Definition(
    name="channel_tickets",
    title="Tickets by channel, at equal intake",
    statement=(
        "Issues that customers raised, by the channel of their first contact, with labels known at "
        "intake: topic, priority, band of the amount at stake, market, language, hours, and how "
        "long ago the customer's ticket before came. FCR as defined; CSAT of every ticket that "
        "has had time to be solved and answered, answered or not; minutes to the last resolution, "
        f"{HORIZON_HOURS} hours at most, of every ticket that is that old."
    ),
    anchor="created_at",
    stop="of FCR as defined; of CSAT the response window; of time the horizon",
    clock="calendar",
    cohort="created_at",
    exclusions=FCR.exclusions,
)


@dataclass(frozen=True)
class ChannelRows:
    """
    Tickets with labels and outcomes; rows stay in the engine.

    Parameters
    ----------
    table : ibis.Table
        One row per ticket: ``unit``, ``channel``, the labels, ``agent`` and ``customer`` (the
        clusters), and whole numbers, missing where they cannot be told: ``is_fcr``, ``is_asked``
        (old enough for an answer), ``is_answered``, ``is_good``, ``minutes``, ``is_gone``.
    labels : tuple of str
        What is known at intake.
    definition : Definition
        What was counted.
    outcomes : frozenset of str
        Of ``fcr``, ``csat``, ``resolution_time``, ``churn``: what the data can tell.
    clusters : mapping of str to str
        What ``agent`` and ``customer`` are, as ``row`` where each ticket stands alone.
    """

    table: Any
    labels: tuple[str, ...]
    definition: Definition
    outcomes: frozenset[str]
    clusters: dict[str, str]


def channel_rows(
    desk: Desk,
    labels: Sequence[str],
    *,
    start: str | None = None,
    end: str | None = None,
) -> ChannelRows:
    """
    Judge every ticket once, for all comparisons of channels.

    Not for tickets that an agent started: nobody chose their channel.

    Parameters
    ----------
    desk : Desk
        The data; tickets with a channel.
    labels : sequence of str
        Columns of tickets, or ``value_band``, ``hours``, ``history_band``, ``entry``,
        ``preference``. Those that the source cannot give are left out.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    ChannelRows
        Computed once and kept where the engine is our own.

    Raises
    ------
    NotEstimable
        There are no tickets, no channel, or no time of resolution.
    """
    facts = ticket_facts(desk)
    if "channel" not in facts.provided:
        raise NotEstimable("tickets do not tell the channel of the first contact; provide channel")
    known = provided_labels(desk, facts, labels)
    name = f"channel rows {known} {start} {end}"
    return desk.once(name, lambda: _rows(desk, facts, known, start, end))


def _rows(
    desk: Desk, facts: Facts, labels: tuple[str, ...], start: str | None, end: str | None
) -> ChannelRows:
    import ibis

    window = desk.config.fcr_window_days
    judged_rows = fcr_rows(desk, facts, period(None, None), FcrSettings(window, window))
    table = with_labels(desk, judged_rows.table, labels)
    table = table.filter(between(table.created_at, period(start, end)))
    table, outcomes = _with_outcomes(desk, table, facts)
    made = frozenset(MADE)
    rows = Rows("tickets", table, facts.provided, "ticket_id", "created_at", made)
    carried = ("is_fcr", "is_asked", "is_answered", "is_good", "minutes", "is_gone")
    by, has_customer = ("channel", *labels), "customer_id" in facts.provided
    owner = ("customer_id",) if has_customer else ()
    first = with_cells(desk, rows, by, "agent_id", ("created_at", *carried, *owner))
    agents = first.table.rename(agent="cluster")
    # A ticket of nobody known is a customer of its own.
    alone = ibis.literal("ticket_id:") + agents.unit.cast("string")
    customer = agents.customer_id.cast("string").fill_null(alone) if has_customer else alone
    named = agents.mutate(customer=customer).drop(*owner)
    kept = named.filter(named.channel != MISSING)
    definition = TICKETS.with_counts(
        parts=part_words(facts, window), options={"window_days": window, "labels": list(labels)}
    )
    clusters = {
        "agent": first.cluster_name or "row",
        "customer": "customer_id" if has_customer else "row",
    }
    return ChannelRows(desk.keep(kept), labels, definition, outcomes, clusters)


def _with_outcomes(desk: Desk, table: Any, facts: Facts) -> tuple[Any, frozenset[str]]:
    import ibis

    none = ibis.null("int64")
    seen = {"fcr", "resolution_time"}
    table = table.mutate(
        is_fcr=ibis.cases((table.outcome == "success", 1), (table.outcome == "failure", 0),
                          else_=none),
        minutes=_minutes(desk, table, facts),
    )  # fmt: skip
    if desk.has("surveys", "ticket_id", "score", "kind"):
        table = _with_answer(desk, table)
        seen.add("csat")
    else:
        table = table.mutate(is_asked=none, is_answered=none, is_good=none)
    if desk.has("customers", "customer_id", "churned_at") and "customer_id" in facts.provided:
        table = _with_leaving(desk, table)
        seen.add("churn")
    else:
        table = table.mutate(is_gone=none)
    return table, frozenset(seen)


def _minutes(desk: Desk, table: Any, facts: Facts) -> Any:
    """Return minutes to the last resolution, cut at the horizon; missing for young tickets."""
    import ibis

    span = resolution_span(table, facts)
    outcome = verdict(span.rules, "censored")
    most = HORIZON_HOURS * MINUTES
    spent = (whole_seconds(span.until, span.since) // MINUTES).cast("int64")
    cut = ibis.least(spent, ibis.literal(most, type="int64"))
    counted = (outcome == "event").ifelse(cut, ibis.literal(most, type="int64"))
    is_old = table.created_at <= moments(desk.as_of) - ibis.interval(hours=HORIZON_HOURS)
    return (is_old & (outcome != "excluded")).ifelse(counted, ibis.null("int64"))


def _with_answer(desk: Desk, table: Any) -> Any:
    """Add whether a ticket could have an answer by now, has one, and whether it is a good one."""
    import ibis

    window = desk.config.response_window_days
    answers = answer_rows(desk, "csat", None, None, window).table
    rules = [*refusals(desk, "csat", answers, window), ("success", top_box(answers), None)]
    verdicts = judged(answers, rules, otherwise="failure")
    counted = verdicts.filter(
        verdicts.ticket_id.notnull() & verdicts.outcome.isin(("success", "failure"))
    )
    once = counted.group_by(answered_ticket=counted.ticket_id).aggregate(
        good=(counted.outcome == "success").ifelse(1, 0).cast("int64").max()
    )
    joined = table.left_join(once, table.ticket_id == once.answered_ticket)
    # Who has had the time to be judged and then the whole response window, by the day of creation
    # alone, so that quick answers of young tickets are not heard before slow ones.
    cut = days_after(desk.as_of, -(2 * desk.config.fcr_window_days + window))
    is_asked = (joined.created_at <= moments(cut)) & joined.is_fcr.notnull()
    none = ibis.null("int64")
    has_answer = joined.answered_ticket.notnull()
    return joined.mutate(
        is_asked=is_asked.ifelse(1, none),
        is_answered=is_asked.ifelse(has_answer.ifelse(1, 0), none),
        is_good=is_asked.ifelse(joined.good.fill_null(0), none),
    ).drop("answered_ticket", "good")


def _with_leaving(desk: Desk, table: Any) -> Any:
    """Add whether the customer left of own will within the window after the ticket came in."""
    import ibis

    customers = desk.table("customers")
    left = customers.churned_at
    if desk.has("customers", "churn_kind"):
        pushed = (customers.churn_kind == "involuntary").fill_null(False)
    else:
        pushed = ibis.literal(False)
    known = customers.filter(customers.customer_id.notnull()).select(
        leaving_customer="customer_id",
        left_at=left,
        was_pushed=pushed.ifelse(1, 0).cast("int64"),
    )
    once = known.group_by("leaving_customer").aggregate(
        left_at=known.left_at.min(), was_pushed=known.was_pushed.max()
    )
    joined = table.left_join(once, table.customer_id == once.leaving_customer)
    is_old = joined.created_at <= moments(days_after(desk.as_of, -LEAVING_DAYS))
    was_here = joined.left_at.isnull() | (joined.left_at > joined.created_at)
    can_tell = is_old & was_here & joined.leaving_customer.notnull()
    within = joined.left_at.notnull() & (joined.left_at <= shifted(joined.created_at, LEAVING_DAYS))
    gone = (within & (joined.was_pushed == 0)).fill_null(False)
    return joined.mutate(is_gone=can_tell.ifelse(gone.ifelse(1, 0), ibis.null("int64"))).drop(
        "leaving_customer", "left_at", "was_pushed"
    )
