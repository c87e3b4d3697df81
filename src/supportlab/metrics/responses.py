"""Response rate of survey invitations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from supportlab.desk.contract import CONTRACT
from supportlab.errors import NotEstimable
from supportlab.metrics.answers import all_surveys, survey_rows
from supportlab.metrics.dimensions import group_names, with_cells
from supportlab.metrics.options import days_option, one_of
from supportlab.metrics.outcomes import Rule, judged, rate_sums
from supportlab.metrics.periods import days_after, moments, shifted
from supportlab.metrics.sums import Sums
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["RESPONSE_RATE", "response_rate"]

RESPONSE_RATE = Definition(
    name="response_rate",
    title="Response rate",
    statement=(
        "Share of mature invitations that were answered with a score within the response window "
        "after they were sent. An invitation is mature once that window is over."
    ),
    anchor="sent_at",
    stop="responded_at, up to the end of the response window",
    clock="calendar",
    cohort="sent_at",
    exclusions=(
        "sent less than the response window before as_of: immature, answered or not",
        "answered before it was sent, or a score without a time of answer: contradictions",
        "an answer after the window is no answer: old invitations had longer to get one",
    ),
)


def response_rate(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "agent_id",
    start: str | date | None = None,
    end: str | date | None = None,
    kind: str | None = None,
    window_days: int | None = None,
) -> Sums:
    """
    Sum up how many invitations were answered.

    Not for sources that hold only the answers: every invitation would seem answered.

    Parameters
    ----------
    desk : Desk
        The data; surveys with the invitations that were not answered.
    by : str or sequence of str
        Group columns of surveys, or of their ticket, customer or agent; ``kind`` is one.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of the invitation; ``start`` is included, ``end`` is not.
    kind : str or None
        Kind of survey, as ``csat``; None takes all kinds.
    window_days : int, optional
        Days in which an answer counts; the desk's ``response_window_days``.

    Returns
    -------
    Sums
        Kind ``rate``: ``n``, ``n_success``, ``n_immature``, ``n_excluded`` per cell.

    Raises
    ------
    NotEstimable
        When there are no surveys, or ``surveys.invitations`` of the desk is false.
    ParameterError
        When an option or a group is not known.
    """
    if kind is not None:
        _require_kind(kind)
    window = days_option("window_days", window_days, desk.config.response_window_days)
    names = group_names(by)
    surveys = all_surveys(desk, kind)
    if not desk.config.surveys.invitations:
        raise NotEstimable(
            "The response rate cannot be told: this source holds only the answers "
            "(surveys.invitations = false in desk.toml), so non-response cannot be judged."
        )
    rows = survey_rows(desk, surveys, start, end)
    rules, part = _rules(desk, rows.table, window)
    verdicts = judged(rows.table, rules, otherwise="failure")
    cells = with_cells(desk, rows.of(verdicts), names, cluster, ("outcome", "reason"))
    options = {"kind": kind or "all", "window_days": window}
    return rate_sums(desk, cells, RESPONSE_RATE.with_counts(parts=(part,), options=options))


def _rules(desk: Desk, surveys: Any, window: int) -> tuple[list[Rule], str]:
    immature = surveys.sent_at > moments(days_after(desk.as_of, -window))
    if not desk.has("surveys", "responded_at"):
        answered = surveys.score.notnull()
        part = "answered: a score, at whatever time; responded_at is not provided"
        return [("immature", immature, None), ("success", answered, None)], part
    responded, sent = surveys.responded_at, surveys.sent_at
    in_time = responded <= shifted(sent, window)
    untimed = surveys.score.notnull() & responded.isnull()
    answered, part = in_time & surveys.score.notnull(), "answered: a score within the window"
    if not desk.has("surveys", "score"):
        answered = in_time
        part = "answered: a time of answer within the window; score is not provided"
    return [
        ("excluded", untimed, "a score without a time of answer"),
        ("excluded", responded < sent, "answered before it was sent"),
        ("immature", immature, None),
        ("success", answered, None),
    ], part


def _require_kind(kind: str) -> None:
    one_of("kind", kind, CONTRACT["surveys"].column("kind").codes)
