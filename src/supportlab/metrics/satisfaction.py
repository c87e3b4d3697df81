"""Customer satisfaction from survey answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal

from supportlab.metrics.answers import answer_rows, bottom_box, refusals, top_box, with_form
from supportlab.metrics.dimensions import Cells, Rows, group_names, with_cells
from supportlab.metrics.options import days_option, one_of
from supportlab.metrics.outcomes import Rule, judged, nps_sums, rate_sums, score_sums
from supportlab.metrics.sums import Sums
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["CSAT", "csat"]

MEASURES = ("top_box", "good_bad", "net", "mean")

CSAT = Definition(
    name="csat",
    title="Customer satisfaction (CSAT)",
    statement=(
        "Share of answers in the upper 40 % of the form's scale: the top two of five points, the "
        "top one of two or three. Of several answers to one ticket the last counts."
    ),
    anchor="sent_at",
    stop="responded_at, up to the end of the response window",
    cohort="sent_at",
    exclusions=(
        "invitations without an answer are not part of it; see the response rate",
        "answered after the response window, before it was sent, or at an unknown time",
        "a score outside the form's scale, or a form whose scale is not known",
        "superseded by a later answer to the same ticket",
    ),
)


def csat(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "agent_id",
    start: str | date | None = None,
    end: str | date | None = None,
    measure: Literal["top_box", "good_bad", "net", "mean"] = "top_box",
    window_days: int | None = None,
) -> Sums:
    """
    Sum up customer satisfaction.

    Not a statement about those who did not answer: see the response rate beside it.

    Parameters
    ----------
    desk : Desk
        The data; surveys of kind ``csat``.
    by : str or sequence of str
        Group columns of surveys, or of their ticket, customer or agent.
    cluster : str or None
        Column whose values are clusters; ``agent_id`` is the rated agent, or the ticket's
        where surveys do not name one.
    start, end : str, date or None
        ISO dates (UTC) of the invitation; ``start`` is included, ``end`` is not.
    measure : {"top_box", "good_bad", "net", "mean"}
        ``top_box``: share in the upper 40 %. ``good_bad``: the same share without the answers
        in the middle. ``net``: share in the upper less share in the lower 40 %. ``mean``: mean
        score, one group per form.
    window_days : int, optional
        Days in which an answer counts; the desk's ``response_window_days``.

    Returns
    -------
    Sums
        Kind ``rate``, for ``net`` kind ``nps``, for ``mean`` kind ``score`` with the further
        group ``form``.

    Raises
    ------
    NotEstimable
        When there are no surveys or no scores.
    ParameterError
        When an option or a group is not known.
    """
    one_of("measure", measure, MEASURES)
    window = days_option("window_days", window_days, desk.config.response_window_days)
    names = group_names(by)
    rows = answer_rows(desk, "csat", start, end, window)
    definition = CSAT.with_counts(
        parts=(_part(measure),), options={"measure": measure, "window_days": window}
    )
    if measure == "mean":
        return score_sums(desk, _scored(desk, rows, names, cluster, window), definition)
    cells = _boxed(desk, rows, measure, names, cluster, window)
    return (nps_sums if measure == "net" else rate_sums)(desk, cells, definition)


def _scored(
    desk: Desk, rows: Rows, names: tuple[str, ...], cluster: str | None, window: int
) -> Cells:
    named = with_form(rows)
    verdicts = judged(named.table, refusals(desk, "csat", named.table, window), "counted")
    valued = named.of(verdicts.mutate(value=verdicts.score))
    return with_cells(desk, valued, (*names, "form"), cluster, ("outcome", "reason", "value"))


def _part(measure: str) -> str:
    return {
        "top_box": "success: upper 40 % of the scale; all answers in the denominator",
        "good_bad": "success: upper 40 % of the scale; answers in the middle 20 % left out",
        "net": "promoter: upper 40 % of the scale; detractor: lower 40 %",
        "mean": "mean of the scores as given, by form",
    }[measure]


def _boxed(
    desk: Desk,
    rows: Rows,
    measure: str,
    names: tuple[str, ...],
    cluster: str | None,
    window: int,
) -> Cells:
    good, bad = top_box(rows.table), bottom_box(rows.table)
    middle: Rule = ("excluded", ~good & ~bad, "in the middle of the scale")
    ends: dict[str, tuple[list[Rule], str]] = {
        "top_box": ([("success", good, None)], "failure"),
        "good_bad": ([middle, ("success", good, None)], "failure"),
        "net": ([("promoter", good, None), ("detractor", bad, None)], "passive"),
    }
    rules, otherwise = ends[measure]
    refused = refusals(desk, "csat", rows.table, window)
    verdicts = judged(rows.table, [*refused, *rules], otherwise=otherwise)
    return with_cells(desk, rows.of(verdicts), names, cluster, ("outcome", "reason"))
