"""One row per ticket with its authority, what is known at intake, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.answers import answer_rows, refusals, top_box
from supportlab.metrics.authority.status import one_limit, with_authority
from supportlab.metrics.dimensions import MISSING
from supportlab.metrics.first_contact_resolution import FCR, FcrSettings, fcr_rows
from supportlab.metrics.money import with_rate
from supportlab.metrics.outcomes import verdict
from supportlab.metrics.periods import moment_label, moments, period, whole_seconds
from supportlab.metrics.resolution import RESOLUTION_TIME, resolution_span
from supportlab.metrics.tickets import Facts, ticket_facts

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.records import Definition

__all__ = [
    "HORIZON_DAYS",
    "INTAKE",
    "TENURE_EDGES",
    "VALUE_EDGES",
    "authority_definitions",
    "authority_tickets",
]

# Round steps, fixed, so that a band means the same in every run; in the reporting currency.
VALUE_EDGES = (50, 100, 200, 500)
TENURE_EDGES = (180, 730)
TENURE_WORDS = ("under 6 months", "6 to 24 months", "over 24 months")
# Times are cut here: two weeks hold nearly all that ends at all, and a ticket that old has been
# watched for the whole of it, so that none is censored.
HORIZON_DAYS = 14
# What is known when a ticket comes in and may go with both authority and outcome.
INTAKE = ("category", "channel", "market", "value_band", "tenure_band")
NO_VALUE = "no amount"
CENTS = 100
# An amount that people round to: where heaps of them stand says nothing of nudging.
ROUND_UNITS = 5


def authority_tickets(desk: Desk, start: str | None = None, end: str | None = None) -> Any:
    """
    Return the tickets of human agents with authority, intake and outcomes.

    Not for tickets that agents started, that nobody answered or that a bot solved: they have no
    agent whose authority could matter.

    Parameters
    ----------
    desk : Desk
        The data; tickets with a time of resolution; without ``authority`` nobody has any.
    start, end : str, optional
        ISO dates of creation, ``end`` not in.

    Returns
    -------
    ibis.Table
        One row a ticket: ``agent``, ``team``, those of `INTAKE`, ``priority``, ``month``,
        ``week``, ``has_authority`` (0 or 1), ``limit_amount``, ``limit_currency``,
        ``margin_cents`` (limit less amount, in hundredths of the limit's currency, missing where
        either is; without authority against the one limit that others have), ``is_round`` (of the
        amount), ``used``; ``fcr`` (``success``, ``failure`` or ``other``), ``escalated``,
        ``approval``, ``approval_seconds``, ``resolution_seconds``
        (whole numbers, missing where not known or too young), ``is_asked`` (old enough for an
        answer), ``answer`` (``good``, ``bad`` or ``none``). Kept in the engine where it is ours.

    Raises
    ------
    NotEstimable
        A table or column that this needs is not provided.
    """
    name = f"authority tickets {start} {end}"
    return desk.once(name, lambda: desk.keep(_tickets(desk, start, end)))


def authority_definitions(desk: Desk) -> tuple[Definition, Definition]:
    """Return the definitions of first contact resolution and of the time as used here."""
    window = desk.config.fcr_window_days
    first = FCR.with_counts(options={"window_days": window, "settle_days": window})
    cut = RESOLUTION_TIME.with_counts(
        parts=(f"cut at {HORIZON_DAYS} days; younger tickets are left out, so none is censored",)
    )
    return first, cut


def _tickets(desk: Desk, start: str | None, end: str | None) -> Any:
    facts = ticket_facts(desk)
    _refuse_missing(facts)
    window = desk.config.fcr_window_days
    judged = fcr_rows(desk, facts, period(start, end), FcrSettings(window, window)).table
    handled = judged.filter(judged.agent_id.notnull() & judged.team_id.notnull())
    covered = with_authority(desk, handled)
    valued = _with_amount(desk, covered)
    hired = _with_tenure(desk, valued)
    answered = _with_answer(desk, hired)
    return answered.select(
        **_labels(desk, answered), **_limit(answered), **_outcomes(desk, answered, facts)
    )


def _refuse_missing(facts: Facts) -> None:
    lacking = [name for name in ("agent_id", "team_id") if name not in facts.provided]
    if lacking:
        raise NotEstimable(
            f"Authority is a matter of agents and teams: provide tickets."
            f"{', tickets.'.join(lacking)}."
        )


def _labels(desk: Desk, rows: Any) -> dict[str, Any]:
    weeks = desk.config.week_start
    texts = {name: rows[name].fill_null(MISSING) for name in ("category", "channel", "market")}
    return {
        "agent": rows.agent_id,
        "team": rows.team_id,
        **texts,
        "priority": rows.priority.fill_null(MISSING),
        "value_band": rows.value_band,
        "tenure_band": rows.tenure_band,
        "month": moment_label(rows.created_at, "month", weeks),
        "week": moment_label(rows.created_at, "week", weeks),
        "created_at": rows.created_at,
    }


def _limit(rows: Any) -> dict[str, Any]:
    return {
        "has_authority": _flag(rows.authority_scope.notnull()),
        "limit_amount": rows.limit_amount,
        "limit_currency": rows.limit_currency,
        "shown_limit": rows.shown_limit,
        "value_reporting": rows.value_reporting,
        "margin_cents": rows.margin_cents,
        "is_round": _flag(rows.is_round),
        "used": _flag(rows.authority_used),
        "is_used_known": _flag(rows.authority_used.notnull()),
    }


def _outcomes(desk: Desk, rows: Any, facts: Facts) -> dict[str, Any]:
    import ibis

    none = ibis.null("int64")
    horizon = HORIZON_DAYS * 86_400
    as_of = desk.as_of
    is_old = rows.created_at <= moments(as_of - timedelta(days=HORIZON_DAYS))
    answer_days = desk.config.response_window_days + desk.config.fcr_window_days
    is_asked = rows.created_at <= moments(as_of - timedelta(days=answer_days))
    span = resolution_span(rows, facts)
    outcome = verdict(span.rules, "censored")
    seconds = whole_seconds(span.until, rows.created_at)
    ended = ibis.least(seconds, ibis.literal(horizon, "int64"))
    took = ibis.cases(
        (~is_old | (outcome == "excluded"), none),
        (outcome == "event", ended),
        else_=ibis.literal(horizon, "int64"),
    )
    return {
        "fcr": rows.outcome.isin(("success", "failure")).ifelse(rows.outcome, "other"),
        "escalated": is_old.ifelse(_known(rows.escalated), none),
        "approval": is_old.ifelse(_known(rows.approval_requested), none),
        "approval_seconds": is_old.ifelse(_waited(rows, horizon), none),
        "resolution_seconds": took,
        "is_asked": _flag(is_asked),
        "answer": is_asked.ifelse(rows.answer.fill_null("none"), "none"),
    }


def _waited(rows: Any, horizon: int) -> Any:
    """Return whole seconds waited for an approval, 0 where none was needed."""
    import ibis

    seconds = (rows.approval_minutes * 60).round().cast("int64")
    cut = ibis.least(seconds, ibis.literal(horizon, "int64"))
    zero = ibis.literal(0, "int64")
    return (rows.approval_requested == False).ifelse(zero, cut)  # noqa: E712


def _with_amount(desk: Desk, rows: Any) -> Any:
    """Add the amount in the reporting currency as a band, and how far it lies from the limit."""
    rows = _with_shown_limit(desk, rows)
    rated = with_rate(
        desk, rows, currency="issue_currency", moment="created_at", into="rate_of_issue"
    )
    rated = with_rate(
        desk, rated, currency="shown_currency", moment="created_at", into="rate_of_limit"
    )
    amount = rated.issue_value.cast("float64")
    value = amount * rated.rate_of_issue.cast("float64")
    same = rated.issue_currency == rated.shown_currency
    in_limit = same.ifelse(amount, value / rated.rate_of_limit.cast("float64"))
    margin = ((rated.shown_limit * CENTS).round() - (in_limit * CENTS).round()).cast("int64")
    hundredths = (amount * CENTS).round().cast("int64")
    made = rated.mutate(
        value_reporting=value,
        margin_cents=margin,
        is_round=(hundredths % (ROUND_UNITS * CENTS)) == 0,
    )
    return _banded(made)


def _with_shown_limit(desk: Desk, rows: Any) -> Any:
    """Give tickets without authority the one limit that others have: nothing may happen there."""
    import ibis

    amount, currency = one_limit(desk) or (None, None)
    has_own = rows.authority_scope.notnull()
    return rows.mutate(
        shown_limit=has_own.ifelse(rows.limit_amount, ibis.literal(amount, "float64")),
        shown_currency=has_own.ifelse(rows.limit_currency, ibis.literal(currency, "string")),
    )


def _banded(made: Any) -> Any:
    import ibis

    labels = _words(VALUE_EDGES)
    value = made.value_reporting
    rules = [(made.issue_value.isnull(), NO_VALUE), (value.isnull(), "(no rate)")]
    rules += [(value < float(e), label) for e, label in zip(VALUE_EDGES, labels, strict=False)]
    banded = made.mutate(value_band=ibis.cases(*rules, else_=labels[-1]))
    return banded.drop("rate_of_issue", "rate_of_limit")


def _words(edges: Sequence[float]) -> tuple[str, ...]:
    middle = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    return (f"under {edges[0]:g}", *middle, f"{edges[-1]:g} and more")


def _with_tenure(desk: Desk, rows: Any) -> Any:
    import ibis

    if not desk.has("agents", "agent_id", "hired_at"):
        return rows.mutate(tenure_band=ibis.literal(MISSING))
    agents = desk.table("agents")
    once = agents.group_by(tenure_agent=agents.agent_id).aggregate(hired=agents.hired_at.min())
    joined = rows.left_join(once, rows.agent_id == once.tenure_agent)
    days = whole_seconds(joined.created_at, joined.hired.cast("timestamp(6)")) // 86_400
    rules = [(joined.hired.isnull(), MISSING)]
    rules += [(days < edge, word) for edge, word in zip(TENURE_EDGES, TENURE_WORDS, strict=False)]
    banded = joined.mutate(tenure_band=ibis.cases(*rules, else_=TENURE_WORDS[-1]))
    return banded.drop("tenure_agent", "hired")


def _with_answer(desk: Desk, rows: Any) -> Any:
    """Add the answer to the ticket's own CSAT survey that counts, good or bad."""
    import ibis

    if not desk.has("surveys", "score", "ticket_id"):
        return rows.mutate(answer=ibis.null("string"))
    window = desk.config.response_window_days
    answers = answer_rows(desk, "csat", None, None, window).table
    rules = refusals(desk, "csat", answers, window)
    said = verdict([*rules, ("good", top_box(answers), None)], "bad")
    named = answers.select(answered_ticket=answers.ticket_id, said=said)
    counted = named.filter(named.said.isin(("good", "bad")) & named.answered_ticket.notnull())
    # A ticket has one answer that counts; the smaller word of two could only be a tie's.
    once = counted.group_by("answered_ticket").aggregate(answer=counted.said.min())
    return rows.left_join(once, rows.ticket_id == once.answered_ticket).drop("answered_ticket")


def _known(flag: Any) -> Any:
    """Return 1, 0 or missing."""
    import ibis

    return flag.isnull().ifelse(ibis.null("int64"), _flag(flag))


def _flag(condition: Any) -> Any:
    return condition.fill_null(False).ifelse(1, 0).cast("int64")
