"""Customer effort score from survey answers, form by form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal

from supportlab.errors import NotEstimable
from supportlab.metrics.answers import answer_rows, refusals, top_box, with_form
from supportlab.metrics.dimensions import group_names, with_cells
from supportlab.metrics.options import days_option, one_of
from supportlab.metrics.outcomes import judged, rate_sums, score_sums
from supportlab.metrics.sums import Sums
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["CES", "ces"]

CES = Definition(
    name="ces",
    title="Customer effort score (CES)",
    statement=(
        "Mean score of the answers to one form as given, or the share of them in the easy 40 % of "
        "its scale. Forms with another scale or direction are other groups and are never pooled."
    ),
    anchor="sent_at",
    stop="responded_at, up to the end of the response window",
    cohort="sent_at",
    exclusions=(
        "a form whose scale or direction is not known",
        "a score outside the form's scale",
        "answered after the response window, before it was sent, or at an unknown time",
        "superseded by a later answer to the same ticket on the same form",
    ),
)


def ces(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "agent_id",
    start: str | date | None = None,
    end: str | date | None = None,
    measure: Literal["mean", "top_box"] = "mean",
    window_days: int | None = None,
) -> Sums:
    """
    Sum up the customer effort score, one group per form.

    Not one number for a desk that uses two forms: 6 is easy on one and hard on the other.

    Parameters
    ----------
    desk : Desk
        The data; surveys of kind ``ces``.
    by : str or sequence of str
        Group columns of surveys, or of their ticket, customer or agent; ``form`` comes after
        them.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of the invitation; ``start`` is included, ``end`` is not.
    measure : {"mean", "top_box"}
        ``mean`` of the scores as given; ``top_box``: share in the easy 40 % of the scale.
    window_days : int, optional
        Days in which an answer counts; the desk's ``response_window_days``.

    Returns
    -------
    Sums
        Kind ``score``, for ``top_box`` kind ``rate``; the last group is ``form``, as
        ``1-7 high is good``.

    Raises
    ------
    NotEstimable
        When there are no surveys or no scores, or scale and direction of no form are known.
    ParameterError
        When an option or a group is not known.
    """
    one_of("measure", measure, ("mean", "top_box"))
    window = days_option("window_days", window_days, desk.config.response_window_days)
    names = (*(name for name in group_names(by) if name != "form"), "form")
    _require_forms(desk)
    rows = with_form(answer_rows(desk, "ces", start, end, window))
    refused = refusals(desk, "ces", rows.table, window)
    definition = CES.with_counts(options={"measure": measure, "window_days": window})
    if measure == "top_box":
        rules = [*refused, ("success", top_box(rows.table), None)]
        verdicts = judged(rows.table, rules, otherwise="failure")
        cells = with_cells(desk, rows.of(verdicts), names, cluster, ("outcome", "reason"))
        return rate_sums(desk, cells, definition)
    verdicts = judged(rows.table, refused, otherwise="counted")
    valued = rows.of(verdicts.mutate(value=verdicts.score))
    cells = with_cells(desk, valued, names, cluster, ("outcome", "reason", "value"))
    return score_sums(desk, cells, definition)


def _require_forms(desk: Desk) -> None:
    columns = ("scale_min", "scale_max", "high_is_good")
    known = desk.config.surveys.ces is not None
    if desk.has("surveys") and not known and not desk.has("surveys", *columns):
        raise NotEstimable(
            "The effort score needs the scale and the direction of its form: provide "
            f"surveys.{', surveys.'.join(columns)}, or [surveys.ces] in desk.toml."
        )
