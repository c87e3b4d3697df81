"""What customers said, did not say and paid in the window before a month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from supportlab.metrics.answers import AnswerKind, answer_rows, bottom_box, refusals
from supportlab.metrics.customers.windows import (
    KEY_KIND,
    Windows,
    covered_from,
    first_at,
    flag,
    in_windows,
    overall,
    owned,
)
from supportlab.metrics.outcomes import judged
from supportlab.metrics.periods import shifted
from supportlab.metrics.sums import count_where

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["voices_before"]

ANSWER_FLAGS: Mapping[AnswerKind, str] = {
    "csat": "csat_bad",
    "nps": "nps_detractor",
    "ces": "ces_high",
}
DETRACTOR_AT_MOST = 6
NO_ANSWERS = "surveys with score and responded_at are not provided"


def voices_before(desk: Desk, customers: Any, months: Any, window_days: int) -> tuple[Windows, ...]:
    """
    Sum up what customers said, did not say and tried to pay in the window before each month.

    Not what is known today: an answer that came after the month began is silence till then.

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
    tuple of Windows
        Answers: ``csat_bad``, ``nps_detractor``, ``ces_high`` (an answer in the worst 40 % of its
        form; for NPS 0 to 6) and ``answered_csat`` and so on. Silence: ``surveyed``, an invitation
        is older than the response window, and ``survey_silent``, none of the window's was answered
        before the month began. Payments: ``payment_declined``, and ``purchases``, the number of
        checkouts (of attempts, where they are not joined).
    """
    parts = (_answers, _silence, _payments)
    return tuple(part(desk, customers, months, window_days) for part in parts)


def _answers(desk: Desk, customers: Any, months: Any, window_days: int) -> Windows:
    """Sum up answers; who did not answer has said nothing: ``answered_…`` tells them apart."""
    import ibis

    if not desk.has("surveys", "kind", "score", "responded_at"):
        return Windows(None, reasons=dict.fromkeys(ANSWER_FLAGS.values(), NO_ANSWERS))
    kinds, reasons = _kinds_with_answers(desk)
    if not kinds:
        return Windows(None, reasons=reasons)
    parts = [_counted(desk, kind) for kind in kinds]
    heard = parts[0] if len(parts) == 1 else ibis.union(*parts)
    mine = owned(desk, heard, customers).select("customer_number", "heard_at", "kind", "is_bad")
    spread = in_windows(mine, "heard_at", months, window_days)
    flags = {}
    for kind in kinds:
        is_kind = spread.kind == kind
        flags[f"answered_{kind}"] = flag(is_kind)
        flags[ANSWER_FLAGS[kind]] = flag(is_kind & spread.is_bad)
    marked = spread.mutate(**flags)
    begun = covered_from(first_at(desk, desk.table("surveys"), "sent_at"), window_days)
    table = overall(desk, marked, list(flags))
    return Windows(table, tuple(flags), reasons=reasons, since=begun)


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


def _counted(desk: Desk, kind: AnswerKind) -> Any:
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


def _silence(desk: Desk, customers: Any, months: Any, window_days: int) -> Windows:
    """Tell who was asked and did not answer, where the time to answer is over."""
    named = {"survey_silent": "surveys with sent_at and responded_at are not provided"}
    if not desk.has("surveys", "sent_at", "responded_at"):
        return Windows(None, reasons=named)
    if not desk.config.surveys.invitations:
        reason = "the surveys hold answers only, so silence cannot be told"
        return Windows(None, reasons={"survey_silent": reason})
    surveys = desk.table("surveys")
    asked = surveys.select("customer_id", "ticket_id", "sent_at", "responded_at")
    mine = owned(desk, asked, customers).select("customer_number", "sent_at", "responded_at")
    spread = in_windows(mine, "sent_at", months, window_days)
    old = shifted(spread.sent_at, desk.config.response_window_days) <= spread.month_start
    marked = spread.mutate(
        surveyed=flag(old), has_answered=flag(spread.responded_at < spread.month_start)
    )
    begun = covered_from(first_at(desk, surveys, "sent_at"), window_days)
    sums = overall(desk, marked, ["surveyed", "has_answered"])
    only_asked, also_answered = sums.flags == 1, sums.flags == 3
    silent = only_asked.ifelse(3, also_answered.ifelse(1, 0)).cast(KEY_KIND)
    return Windows(sums.mutate(flags=silent), ("surveyed", "survey_silent"), since=begun)


def _payments(desk: Desk, customers: Any, months: Any, window_days: int) -> Windows:
    """Sum up what customers tried to pay: declines, and checkouts (else attempts)."""
    if not desk.has("payments", "customer_id", "attempted_at", "status"):
        words = "payments with customer_id, attempted_at and status are not provided"
        return Windows(None, reasons={"payment_declined": words})
    payments = desk.table("payments")
    who = customers.select("customer_number", owner_id="customer_id")
    mine = payments.inner_join(who, payments.customer_id == who.owner_id)
    declines = mine.filter(mine.status == "declined")
    declined = declines.select("customer_number", at=declines.attempted_at, is_decline=_whole(1))
    happened = _purchases(desk, mine).mutate(is_decline=_whole(0)).union(declined)
    spread = in_windows(happened, "at", months, window_days)
    marked = spread.mutate(payment_declined=spread.is_decline)
    begun = covered_from(first_at(desk, payments, "attempted_at"), window_days)
    n_purchases = count_where(marked.is_decline == 0)
    table = overall(desk, marked, ["payment_declined"], purchases=n_purchases)
    return Windows(table, ("payment_declined",), ("purchases",), since=begun)


def _purchases(desk: Desk, tries: Any) -> Any:
    """Return when each purchase was first tried; a decline counts from its own attempt only."""
    if not desk.has("payments", "checkout_id"):
        return tries.select("customer_number", at=tries.attempted_at)
    unit = tries.checkout_id.fill_null(tries.attempt_id)
    first = tries.group_by("customer_number", purchase=unit).aggregate(at=tries.attempted_at.min())
    return first.select("customer_number", "at")


def _whole(value: int) -> Any:
    import ibis

    return ibis.literal(value, type="int64")
