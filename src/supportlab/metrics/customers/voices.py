"""What customers said, did not say and paid in the window before a month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from supportlab.metrics.answers import AnswerKind, answer_rows, bottom_box, refusals
from supportlab.metrics.customers.windows import covered_from, first_at, in_windows, overall
from supportlab.metrics.outcomes import judged
from supportlab.metrics.periods import shifted
from supportlab.metrics.sums import count_where

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["Voices", "answers_before", "payments_before", "silence_before"]

ANSWER_FLAGS: Mapping[AnswerKind, str] = {
    "csat": "csat_bad",
    "nps": "nps_detractor",
    "ces": "ces_high",
}
DETRACTOR_AT_MOST = 6
NO_ANSWERS = "surveys with score and responded_at are not provided"


@dataclass(frozen=True)
class Voices:
    """
    Rows of one source in the windows, summed up.

    Parameters
    ----------
    table : ibis.Table or None
        One row per customer and month with anything in the window; None where there is nothing.
    names : tuple of str
        Its columns beside the key.
    reasons : mapping
        Why a measure is not there.
    since : datetime or None
        First moment whose window the source covers.
    """

    table: Any
    names: tuple[str, ...]
    reasons: Mapping[str, str]
    since: datetime | None


def answers_before(desk: Desk, customers: Any, months: Any, window_days: int) -> Voices:
    """
    Sum up the answers that customers gave in the window before each month.

    Who did not answer has said nothing, neither good nor bad: ``answered_…`` tells them apart.

    Parameters
    ----------
    desk : Desk
        The data.
    customers, months : ibis.Table
        From `numbered` and `month_table`.
    window_days : int
        Days before the month's start.

    Returns
    -------
    Voices
        ``csat_bad``, ``nps_detractor``, ``ces_high`` (an answer in the worst 40 % of its form; for
        NPS 0 to 6) and ``answered_csat`` and so on.
    """
    import ibis

    if not desk.has("surveys", "kind", "score", "responded_at"):
        return Voices(None, (), dict.fromkeys(ANSWER_FLAGS.values(), NO_ANSWERS), None)
    kinds, reasons = _kinds_with_answers(desk)
    if not kinds:
        return Voices(None, (), reasons, None)
    parts = [_answers(desk, kind) for kind in kinds]
    heard = parts[0] if len(parts) == 1 else ibis.union(*parts)
    owned = _owned(desk, heard, customers)
    spread = in_windows(owned, "heard_at", months, window_days)
    flags = {}
    for kind in kinds:
        is_kind = spread.kind == kind
        flags[f"answered_{kind}"] = _flag(is_kind)
        flags[ANSWER_FLAGS[kind]] = _flag(is_kind & spread.is_bad)
    marked = spread.mutate(**flags)
    table = overall(marked, list(flags))
    begun = covered_from(first_at(desk, desk.table("surveys"), "sent_at"), window_days)
    return Voices(table, tuple(flags), reasons, begun)


def _kinds_with_answers(desk: Desk) -> tuple[list[AnswerKind], dict[str, str]]:
    surveys = desk.table("surveys")
    answered = surveys.filter(surveys.score.notnull())
    present = set(answered.select("kind").distinct().execute()["kind"])
    kinds = [kind for kind in ANSWER_FLAGS if kind in present]
    absent = {
        flag: f"no survey of kind {kind} was answered"
        for kind, flag in ANSWER_FLAGS.items()
        if kind not in kinds
    }
    return kinds, absent


def _answers(desk: Desk, kind: AnswerKind) -> Any:
    window = desk.config.response_window_days
    answers = answer_rows(desk, kind, None, None, window).table
    bad = answers.score <= DETRACTOR_AT_MOST if kind == "nps" else bottom_box(answers)
    # Whether a later answer superseded it was not known when the month began.
    rules = refusals(desk, kind, answers, window)[:-1]
    counted = judged(answers, [*rules, ("bad", bad, None)], otherwise="other")
    kept = counted.filter(counted.outcome != "excluded")
    return kept.select(
        "customer_id",
        "ticket_id",
        "kind",
        heard_at=kept.responded_at,
        is_bad=kept.outcome == "bad",
    )


def silence_before(desk: Desk, customers: Any, months: Any, window_days: int) -> Voices:
    """
    Tell who was asked in the window before each month and did not answer.

    Not silence: an invitation that may still be answered.

    Parameters
    ----------
    desk : Desk
        The data.
    customers, months : ibis.Table
        From `numbered` and `month_table`.
    window_days : int
        Days before the month's start.

    Returns
    -------
    Voices
        ``surveyed``: an invitation is older than the response window; ``survey_silent``: and none
        of the window's was answered before the month began.
    """
    named = {"survey_silent": "surveys with sent_at and responded_at are not provided"}
    if not desk.has("surveys", "sent_at", "responded_at"):
        return Voices(None, (), named, None)
    if not desk.config.surveys.invitations:
        reason = "the surveys hold answers only, so silence cannot be told"
        return Voices(None, (), {"survey_silent": reason}, None)
    surveys = desk.table("surveys")
    asked = surveys.select("customer_id", "ticket_id", "sent_at", "responded_at")
    spread = in_windows(_owned(desk, asked, customers), "sent_at", months, window_days)
    old = shifted(spread.sent_at, desk.config.response_window_days) <= spread.month_start
    marked = spread.mutate(
        surveyed=_flag(old), has_answered=_flag(spread.responded_at < spread.month_start)
    )
    sums = overall(marked, ["surveyed", "has_answered"])
    silent = _flag((sums.surveyed == 1) & (sums.has_answered == 0))
    table = sums.mutate(survey_silent=silent).drop("has_answered")
    begun = covered_from(first_at(desk, surveys, "sent_at"), window_days)
    return Voices(table, ("surveyed", "survey_silent"), {}, begun)


def payments_before(desk: Desk, customers: Any, months: Any, window_days: int) -> Voices:
    """
    Sum up what customers tried to pay in the window before each month.

    Parameters
    ----------
    desk : Desk
        The data.
    customers, months : ibis.Table
        From `numbered` and `month_table`.
    window_days : int
        Days before the month's start.

    Returns
    -------
    Voices
        ``payment_declined`` and ``purchases``, the number of checkouts (of attempts, where they
        are not joined).
    """
    import ibis

    if not desk.has("payments", "customer_id", "attempted_at", "status"):
        words = "payments with customer_id, attempted_at and status are not provided"
        return Voices(None, (), {"payment_declined": words}, None)
    payments = desk.table("payments")
    unit = payments.attempt_id
    if desk.has("payments", "checkout_id"):
        unit = payments.checkout_id.fill_null(payments.attempt_id)
    tried = payments.select("customer_id", "attempted_at", "status", purchase=unit)
    who = customers.select("customer_number", owner_id="customer_id")
    mine = tried.inner_join(who, tried.customer_id == who.owner_id)
    # A purchase counts from its first try on; a decline only from the attempt that was declined.
    tries = mine.group_by("customer_number", "purchase").aggregate(at=mine.attempted_at.min())
    purchases = tries.select("customer_number", "at", what=ibis.literal("purchase"))
    declines = mine.filter(mine.status == "declined")
    declined = declines.select(
        "customer_number", at=declines.attempted_at, what=ibis.literal("decline")
    )
    spread = in_windows(purchases.union(declined), "at", months, window_days)
    marked = spread.mutate(payment_declined=_flag(spread.what == "decline"))
    n_purchases = count_where(marked.what == "purchase")
    table = overall(marked, ["payment_declined"], purchases=n_purchases)
    begun = covered_from(first_at(desk, payments, "attempted_at"), window_days)
    return Voices(table, ("payment_declined", "purchases"), {}, begun)


def _owned(desk: Desk, rows: Any, customers: Any) -> Any:
    """Add the number of the customer that a survey names, or else its ticket."""
    who = customers.select("customer_number", owner_id="customer_id")
    if desk.has("surveys", "customer_id") or not desk.has("tickets", "customer_id"):
        return rows.inner_join(who, rows.customer_id == who.owner_id)
    tickets = desk.table("tickets").select(asked_id="ticket_id", asked_customer="customer_id")
    tied = rows.inner_join(tickets, rows.ticket_id == tickets.asked_id)
    return tied.inner_join(who, tied.asked_customer == who.owner_id)


def _flag(condition: Any) -> Any:
    return condition.fill_null(False).ifelse(1, 0).cast("int64")
