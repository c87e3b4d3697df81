"""Survey answers: which count, on which scale, and which were superseded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import Rows
from supportlab.metrics.outcomes import Rule
from supportlab.metrics.periods import between, period, shifted

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = [
    "AnswerKind",
    "all_surveys",
    "answer_rows",
    "bottom_box",
    "refusals",
    "survey_rows",
    "top_box",
    "with_form",
]

AnswerKind = Literal["csat", "nps", "ces"]
FORM = ("scale_min", "scale_max", "high_is_good")


def all_surveys(desk: Desk, kind: str | None) -> Any:
    """Return the invitations of a kind, or of all kinds."""
    if not desk.has("surveys"):
        raise NotEstimable("There is no table of surveys. Provide surveys to get this metric.")
    surveys = desk.table("surveys")
    return surveys if kind is None else surveys.filter(surveys.kind == kind)


def survey_rows(desk: Desk, surveys: Any, start: str | date | None, end: str | date | None) -> Rows:
    """Return the surveys sent in a period as rows to be labelled."""
    sent = surveys.filter(between(surveys.sent_at, period(start, end)))
    return Rows("surveys", sent, frozenset(desk.provided("surveys")), "survey_id", "sent_at")


def answer_rows(
    desk: Desk, kind: AnswerKind, start: str | date | None, end: str | date | None, window_days: int
) -> Rows:
    """
    Return the answers of a kind to invitations sent in a period, with their refusals.

    Which answer of a ticket is the last is settled before the period is cut, so that the
    answers of January and of February add up to those of both. The scale is the row's own;
    where that is missing, the desk's for the kind.
    """
    surveys = all_surveys(desk, kind)
    if not desk.has("surveys", "score"):
        raise NotEstimable(f"{kind} needs the scores: provide surveys.score.")
    answers = _with_scale(desk, surveys.filter(surveys.score.notnull()), kind)
    return survey_rows(desk, _with_last(desk, kind, answers, window_days), start, end)


def refusals(desk: Desk, kind: AnswerKind, answers: Any, window_days: int) -> list[Rule]:
    """Return why an answer of `answer_rows` does not count."""
    superseded: Rule = ("excluded", answers.is_superseded, "superseded by a later answer")
    return [*_own_refusals(desk, kind, answers, window_days), superseded]


def _own_refusals(desk: Desk, kind: AnswerKind, answers: Any, window_days: int) -> list[Rule]:
    rules = [*_time_refusals(desk, answers, window_days), *_scale_refusals(answers)]
    return [*rules, *_nps_refusals(answers)] if kind == "nps" else rules


def _time_refusals(desk: Desk, answers: Any, window_days: int) -> list[Rule]:
    if not desk.has("surveys", "responded_at"):
        return []
    responded, sent, window = answers.responded_at, answers.sent_at, window_days
    return [
        ("excluded", responded.isnull(), "a score without a time of answer"),
        ("excluded", responded < sent, "answered before it was sent"),
        ("excluded", responded > shifted(sent, window), "answered after the response window"),
    ]


def _scale_refusals(answers: Any) -> list[Rule]:
    low, high, score = answers.scale_min, answers.scale_max, answers.score
    no_scale = low.isnull() | high.isnull() | answers.high_is_good.isnull()
    return [
        ("excluded", no_scale, "the form's scale or direction is not known"),
        ("excluded", low >= high, "the form's scale has no length"),
        ("excluded", (score < low) | (score > high), "the score lies outside the form's scale"),
    ]


def _nps_refusals(answers: Any) -> list[Rule]:
    other = (answers.scale_min != 0) | (answers.scale_max != 10) | ~answers.high_is_good
    return [
        ("excluded", other, "the form's scale is not 0 to 10 with 10 as the best"),
        ("excluded", answers.score != answers.score.round(), "the score is no whole number"),
    ]


def _with_scale(desk: Desk, answers: Any, kind: AnswerKind) -> Any:
    form = getattr(desk.config.surveys, kind)
    if form is None:
        return answers
    return answers.mutate(
        scale_min=answers.scale_min.fill_null(float(form.scale_min)),
        scale_max=answers.scale_max.fill_null(float(form.scale_max)),
        high_is_good=answers.high_is_good.fill_null(bool(form.high_is_good)),
    )


def _with_last(desk: Desk, kind: AnswerKind, answers: Any, window_days: int) -> Any:
    """Mark the answers that a later one to the same ticket, of ces on the same form, supersedes."""
    import ibis

    if not desk.has("surveys", "ticket_id"):
        return answers.mutate(is_superseded=ibis.literal(False))
    refused = ibis.literal(False)
    for _, condition, _ in _own_refusals(desk, kind, answers, window_days):
        refused = refused | condition.fill_null(False)
    # An answer that does not count supersedes none.
    order = [
        refused.ifelse(1, 0).cast("int64"),
        ibis.desc(answers.responded_at.fill_null(answers.sent_at)),
        ibis.desc(answers.sent_at),
        ibis.desc(answers.survey_id),
    ]
    # Forms of effort are other groups: an answer on one says nothing of the answer on another.
    names = ("ticket_id", *FORM) if kind == "ces" else ("ticket_id",)
    same = [answers[name] for name in names]
    place = ibis.row_number().over(ibis.window(group_by=same, order_by=order))
    placed = answers.mutate(place=place)
    superseded = placed.ticket_id.notnull() & (placed.place > 0)
    return placed.mutate(is_superseded=superseded).drop("place")


def top_box(answers: Any) -> Any:
    """
    Return the condition that a score lies in the upper 40 % of its scale.

    On five points these are the top two, on two or three points the top one. Whole multiples
    are compared, since 0.6 has no exact binary value.
    """
    good, length = _goodness(answers)
    return good * 5 >= length * 3


def bottom_box(answers: Any) -> Any:
    """Return the condition that a score lies in the lower 40 % of its scale."""
    good, length = _goodness(answers)
    return good * 5 <= length * 2


def _goodness(answers: Any) -> tuple[Any, Any]:
    """Return how far a score lies from the bad end, and how long the scale is."""
    from_low = answers.score - answers.scale_min
    from_high = answers.scale_max - answers.score
    return answers.high_is_good.ifelse(from_low, from_high), answers.scale_max - answers.scale_min


def with_form(rows: Rows) -> Rows:
    """Add the form's scale and direction as the group ``form``, as ``1-7 high is good``."""
    import ibis

    table = rows.table
    direction = table.high_is_good.ifelse(" high is good", " low is good")
    label = _bound(table.scale_min) + ibis.literal("-") + _bound(table.scale_max) + direction
    return replace(rows, table=table.mutate(form=label), made=rows.made | {"form"})


def _bound(value: Any) -> Any:
    whole = value.round().cast("int64")
    text = whole.cast("string")
    return (value == whole).ifelse(text, value.cast("decimal(12,4)").cast("string"))
