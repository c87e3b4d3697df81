"""What a desk knew of its customers when a month began: answers, silence, service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.answers import (
    AnswerKind,
    all_surveys,
    answer_rows,
    bottom_box,
    refusals,
    top_box,
)
from supportlab.metrics.contact_parts import returned_within, with_return
from supportlab.metrics.first_contact_resolution import fcr
from supportlab.metrics.outcomes import judged
from supportlab.metrics.periods import shifted
from supportlab.metrics.ticket_states import reopenings
from supportlab.metrics.tickets import Facts, countable_tickets, ticket_facts
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["ABSENT", "LEVELS", "SIGNALS", "Signals", "answers_of", "with_signals"]

# What a signal says of a customer, from good to bad, then what it says where there is none.
LEVELS: Mapping[str, tuple[str, ...]] = {
    "csat": ("good", "middle", "bad"),
    "nps": ("promoter", "passive", "detractor"),
    "ces": ("easy", "middle", "hard"),
    "fcr": ("resolved at first contact", "not at first contact"),
    "first_response": ("quick", "slow"),
    "silence": ("answered", "silent"),
}
ABSENT = ("silent", "not asked", "no ticket")
SIGNALS = tuple(LEVELS)
KINDS: tuple[AnswerKind, ...] = ("csat", "nps", "ces")
SUPERSEDED = "superseded by a later answer"
# The desk's own slowest quarter, as in the exposures of churn.
SLOW_ABOVE = 0.75

# Worst value by customer and month, the labels of its values, and what its absence is called.
Level = tuple[Any, tuple[str, ...], str]

SIGNAL = Definition(
    name="customer_signals",
    title="Signals before a month",
    statement=(
        "What the desk knew of a customer when the month began (UTC), from the days of the window "
        "before it. Scores: the worst answer that had come in, by thirds of its form (NPS by "
        "detractor, passive, promoter); silent where all invitations older than the response "
        "window went unanswered; else not asked. FCR: whether any ticket whose window was over "
        "failed. First response: whether any ticket waited longer than the desk's 75th percentile. "
        "Silence: any answer, or none, to invitations of any kind."
    ),
    anchor="the first instant of the month",
    stop="as many days before it as the window has",
    cohort="the month",
    exclusions=("answers and tickets that count in no metric of their kind",),
)


@dataclass(frozen=True)
class Signals:
    """
    Customer-months with what was known of the customer.

    Parameters
    ----------
    table : ibis.Table
        The rows that came, with one text column per signal.
    names : tuple of str
        Signals that these data have.
    reasons : mapping of str to str
        Why the others are not there.
    definition : Definition
        The record.
    """

    table: Any
    names: tuple[str, ...]
    reasons: Mapping[str, str]
    definition: Definition


def with_signals(desk: Desk, rows: Any, *, window_days: int = 90) -> Signals:
    """
    Add to customer-months what the desk knew of the customer when the month began.

    Not what it learned later: an answer that came in after the month began, or a ticket whose FCR
    window was still running, is not yet known.

    Parameters
    ----------
    desk : Desk
        The data.
    rows : ibis.Table
        One row per ``customer_id`` and ``month_start`` (UTC).
    window_days : int
        Days before the month that count.

    Returns
    -------
    Signals
        As many rows as came; levels are those of `LEVELS` and `ABSENT`.
    """
    months = rows.select("month_start").distinct()
    made: dict[str, Level] = {}
    reasons: dict[str, str] = {}
    for name in SIGNALS:
        try:
            made[name] = _level(desk, name, months, window_days)
        except NotEstimable as refusal:
            reasons[name] = str(refusal)
    table = rows
    for name, (found, labels, absent) in made.items():
        table = _joined(table, found, name, labels, absent)
    definition = SIGNAL.with_counts(options={"window_days": window_days})
    return Signals(table, tuple(made), reasons, definition)


def _level(desk: Desk, name: str, months: Any, window_days: int) -> Level:
    for kind in KINDS:
        if name == kind:
            return _score(desk, kind, months, window_days)
    makers = {"fcr": _fcr, "first_response": _first_response, "silence": _silence}
    return makers[name](desk, months, window_days)


def _joined(table: Any, found: Any, name: str, labels: tuple[str, ...], absent: str) -> Any:
    """Add a signal: the label of its worst value, or what its absence is called."""
    import ibis

    renamed = found.select(
        signal_customer=found.customer_id, signal_month=found.month_start, signal_worst=found.worst
    )
    keys = [table.customer_id == renamed.signal_customer, table.month_start == renamed.signal_month]
    joined = table.left_join(renamed, keys)
    level = ibis.cases(
        *((joined.signal_worst == place, label) for place, label in enumerate(labels)),
        else_=absent,
    )
    return joined.mutate(**{name: level}).drop("signal_customer", "signal_month", "signal_worst")


def _in_window(events: Any, months: Any, moment: str, window_days: int) -> Any:
    """Pair what happened with the months before whose start it lies, at most the window before."""
    at = events[moment]
    inside = [at < months.month_start, at >= shifted(months.month_start, -window_days)]
    return events.inner_join(months, inside)


def _worst(pairs: Any) -> Any:
    return pairs.group_by(["customer_id", "month_start"]).aggregate(worst=pairs.value.max())


def _asked(desk: Desk, kind: AnswerKind | None) -> Any:
    """Return invitations with the customer, the survey's own or the ticket's."""
    surveys = all_surveys(desk, kind)
    if not desk.has("surveys", "sent_at"):
        raise NotEstimable("Surveys have no sent_at, so it is not known when they were asked.")
    return _with_customer(desk, surveys)


def _with_customer(desk: Desk, surveys: Any) -> Any:
    if desk.has("surveys", "customer_id"):
        return surveys.filter(surveys.customer_id.notnull())
    if not (desk.has("surveys", "ticket_id") and desk.has("tickets", "customer_id")):
        raise NotEstimable("Surveys name neither their customer nor a ticket that does.")
    tickets = desk.table("tickets")
    owner = tickets.select(owner_ticket=tickets.ticket_id, owner=tickets.customer_id)
    joined = surveys.drop("customer_id").inner_join(owner, surveys.ticket_id == owner.owner_ticket)
    known = joined.mutate(customer_id=joined.owner).drop("owner", "owner_ticket")
    return known.filter(known.customer_id.notnull())


def answers_of(desk: Desk, kind: AnswerKind, window: int) -> Any:
    """Return the answers that count, with ``value`` 0 (good) to 2 (bad)."""
    rows = answer_rows(desk, kind, None, None, window)
    answers = rows.table
    if not desk.has("surveys", "responded_at"):
        raise NotEstimable("Surveys have no responded_at, so it is not known when answers came.")
    # An answer that a later one superseded was what the desk knew until then.
    rules = [rule for rule in refusals(desk, kind, answers, window) if rule[2] != SUPERSEDED]
    counted = judged(answers, rules, otherwise="counted")
    counted = counted.filter(counted.outcome == "counted")
    if kind == "nps":
        good, bad = counted.score >= 9, counted.score <= 6
    else:
        good, bad = top_box(counted), bottom_box(counted)
    value = bad.ifelse(2, good.ifelse(0, 1)).cast("int64")
    return _with_customer(desk, counted.mutate(value=value))


def _score(desk: Desk, kind: AnswerKind, months: Any, window_days: int) -> Level:
    window = desk.config.response_window_days
    answers = answers_of(desk, kind, window)
    answers = answers.filter(answers.responded_at.notnull())
    given = _in_window(answers, months, "responded_at", window_days)
    asked = _asked(desk, kind)
    if not int(answers.count().execute()):
        raise NotEstimable(f"There is no answer of kind {kind!r}.")
    # Below every answer: whoever answered anything is not silent.
    one_up = given.select(
        customer_id=given.customer_id, month_start=given.month_start, value=given.value + 1
    )
    silent = _unanswered(asked, months, window_days, window).mutate(value=_whole(0))
    return _worst(one_up.union(silent)), ("silent", *LEVELS[kind]), "not asked"


def _unanswered(asked: Any, months: Any, window_days: int, window: int) -> Any:
    """Return invitations that had not been answered when their time was over."""
    pairs = _in_window(asked, months, "sent_at", window_days)
    is_over = pairs.sent_at < shifted(pairs.month_start, -window)
    no_answer = pairs.responded_at.isnull() | (pairs.responded_at >= pairs.month_start)
    return pairs.filter(is_over & no_answer).select("customer_id", "month_start")


def _silence(desk: Desk, months: Any, window_days: int) -> Level:
    if not desk.config.surveys.invitations:
        raise NotEstimable("The source holds answers only, so silence cannot be seen.")
    if not desk.has("surveys", "responded_at"):
        raise NotEstimable("Surveys have no responded_at, so silence cannot be seen.")
    asked = _asked(desk, None)
    silent = _unanswered(asked, months, window_days, desk.config.response_window_days)
    answered = _in_window(asked.filter(asked.responded_at.notnull()), months, "responded_at",
                          window_days).select("customer_id", "month_start")  # fmt: skip
    # Any answer outweighs silence: the greater value is kept.
    both = silent.mutate(value=_whole(0)).union(answered.mutate(value=_whole(1)))
    return _worst(both), ("silent", "answered"), "not asked"


def _fcr(desk: Desk, months: Any, window_days: int) -> Level:
    window = desk.config.fcr_window_days
    cases = fcr(desk, cluster=None).cases
    judged_cases = cases.filter(cases.outcome.isin(("success", "failure")))
    facts = ticket_facts(desk)
    tickets = with_return(facts)
    moved = (tickets.transfer_count > 0).fill_null(False)
    own = tickets.select(
        "ticket_id",
        "customer_id",
        "created_at",
        "resolution_at",
        failed_at_once=moved | returned_within(tickets, window),
    )
    joined = own.inner_join(judged_cases, own.ticket_id == judged_cases.unit)
    known = joined.filter(joined.customer_id.notnull() & joined.resolution_at.notnull())
    dated = _with_reopening(desk, facts, known)
    pairs = _in_window(dated, months, "created_at", window_days)
    settled = pairs.filter(pairs.resolution_at < shifted(pairs.month_start, -window))
    # Opened again after the month began, with the contact that did it: a success until then.
    is_later = (settled.reopened_at >= settled.month_start).fill_null(False)
    failed = (settled.outcome == "failure") & (settled.failed_at_once | ~is_later)
    value = failed.ifelse(1, 0).cast("int64")
    return _worst(settled.mutate(value=value)), LEVELS["fcr"], "no ticket"


def _with_reopening(desk: Desk, facts: Facts, tickets: Any) -> Any:
    """Add when each ticket was first opened again."""
    import ibis

    if "reopened_count" not in facts.provided:
        return tickets.mutate(reopened_at=ibis.null("timestamp(6)"))
    again = reopenings(desk, facts.table)
    first = again.group_by("again_id").aggregate(reopened_at=again.again_open_at.min())
    return tickets.left_join(first, tickets.ticket_id == first.again_id).drop("again_id")


def _first_response(desk: Desk, months: Any, window_days: int) -> Level:
    if not desk.has("tickets", "customer_id", "first_response_at"):
        raise NotEstimable("Tickets name no customer or no first response.")
    tickets = countable_tickets(desk)
    tickets = tickets.filter(tickets.customer_id.notnull())
    tickets = tickets.filter((tickets.initiated_by == "customer").fill_null(True))
    waited = tickets.first_response_at.delta(tickets.created_at, unit="second").cast("int64")
    tickets = tickets.mutate(wait_seconds=waited)
    limit = tickets.wait_seconds.quantile(SLOW_ABOVE).execute()
    if limit is None or limit != limit:
        raise NotEstimable("No ticket has a first response.")
    pairs = _in_window(tickets, months, "created_at", window_days)
    # A reply after the month began is not yet known; that the customer waits is.
    reply_seen = (pairs.first_response_at < pairs.month_start).fill_null(False)
    slow = pairs.wait_seconds > float(limit)
    so_far = pairs.month_start.delta(pairs.created_at, unit="second").cast("int64") > float(limit)
    value = reply_seen.ifelse(slow, so_far).ifelse(1, 0).cast("int64")
    seen = pairs.mutate(value=value)
    return _worst(seen.filter(reply_seen | so_far)), LEVELS["first_response"], "no ticket"


def _whole(value: int) -> Any:
    import ibis

    return ibis.literal(value, type="int64")
