"""What colleagues made of the handling of a ticket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.outcomes import SCORE_TYPE, Rule, judged, score_sums
from supportlab.metrics.periods import between, period
from supportlab.metrics.sums import Sums
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["QUALITY_SCORE", "quality_score"]

QUALITY_SCORE = Definition(
    name="quality_score",
    title="Quality review score",
    statement=(
        "Mean score of the reviews by colleagues, each as a share of its own form's scale: 0 is "
        "the worst that the form allows, 1 the best. One row is one review. The agent is the one "
        "who was reviewed, not today's assignee."
    ),
    anchor="the review",
    stop="the review",
    clock="none",
    cohort="reviewed_at",
    exclusions=(
        "a review without a score",
        "the form's scale is not known, or has no length",
        "the score lies outside the form's scale",
    ),
)


def quality_score(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "agent_id",
    start: str | date | None = None,
    end: str | date | None = None,
) -> Sums:
    """
    Sum up the scores of quality reviews.

    Not an estimate for all tickets where reviewers choose what they look at.

    Parameters
    ----------
    desk : Desk
        The data; the table ``quality_reviews``.
    by : str or sequence of str
        Group columns of reviews or of their tickets.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of the review; ``start`` is included, ``end`` is not.

    Returns
    -------
    Sums
        Kind ``score``, as shares of the scale.

    Raises
    ------
    NotEstimable
        When there are no reviews, or no scale.
    ParameterError
        When an option or a group is not known.
    """
    if not desk.has("quality_reviews", "score", "scale_min", "scale_max"):
        raise NotEstimable(
            "The quality score needs the table quality_reviews with score, scale_min, scale_max."
        )
    names, days = group_names(by), period(start, end)
    reviews = desk.table("quality_reviews")
    reviews = reviews.filter(between(reviews.reviewed_at, days))
    verdicts = judged(reviews, _refusals(reviews), otherwise="counted")
    rows = Rows(
        "quality_reviews",
        verdicts.mutate(value=_share_of_scale(verdicts)),
        desk.provided("quality_reviews"),
        "review_id",
        "reviewed_at",
    )
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason", "value"))
    return score_sums(desk, cells, QUALITY_SCORE)


def _refusals(reviews: Any) -> list[Rule]:
    low, high, score = reviews.scale_min, reviews.scale_max, reviews.score
    return [
        ("excluded", score.isnull(), "no score"),
        ("excluded", low.isnull() | high.isnull() | (low >= high), "no scale"),
        ("excluded", (score < low) | (score > high), "the score lies outside the form's scale"),
    ]


def _share_of_scale(reviews: Any) -> Any:
    """Return the place on the scale in whole ten-thousandths, which add up without rounding."""
    import ibis

    length = reviews.scale_max - reviews.scale_min
    share = (reviews.score - reviews.scale_min) * 10_000 / length
    whole = ((reviews.outcome == "counted").ifelse(share, 0.0) + 0.5).floor().cast("int64")
    return (whole.cast(SCORE_TYPE) / ibis.literal(10_000).cast(SCORE_TYPE)).cast(SCORE_TYPE)
