"""Net promoter score from survey answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from supportlab.metrics.answers import answer_rows, refusals
from supportlab.metrics.dimensions import group_names, with_cells
from supportlab.metrics.options import days_option
from supportlab.metrics.outcomes import Rule, judged, nps_sums
from supportlab.metrics.sums import Sums
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["NPS", "nps"]

NPS = Definition(
    name="nps",
    title="Net promoter score (NPS)",
    statement=(
        "Share of answers of 9 or 10 less share of answers from 0 to 6, on the whole numbers "
        "from 0 to 10 and on no other scale; always from counts, never from rounded shares."
    ),
    anchor="sent_at",
    stop="responded_at, up to the end of the response window",
    cohort="sent_at",
    exclusions=(
        "a score that is no whole number from 0 to 10, or a form with another scale",
        "answered after the response window, before it was sent, or at an unknown time",
        "superseded by a later answer to the same ticket",
    ),
)


def nps(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "agent_id",
    start: str | date | None = None,
    end: str | date | None = None,
    window_days: int | None = None,
) -> Sums:
    """
    Sum up the net promoter score.

    Not comparable with scores of other scales turned into 0 to 10: those are left out.

    Parameters
    ----------
    desk : Desk
        The data; surveys of kind ``nps``.
    by : str or sequence of str
        Group columns of surveys, or of their ticket, customer or agent.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of the invitation; ``start`` is included, ``end`` is not.
    window_days : int, optional
        Days in which an answer counts; the desk's ``response_window_days``.

    Returns
    -------
    Sums
        Kind ``nps``: ``n``, ``n_promoter``, ``n_detractor``, ``n_excluded`` per cell.

    Raises
    ------
    NotEstimable
        When there are no surveys or no scores.
    ParameterError
        When an option or a group is not known.
    """
    window = days_option("window_days", window_days, desk.config.response_window_days)
    names = group_names(by)
    rows = answer_rows(desk, "nps", start, end, window)
    score = rows.table.score
    rules: list[Rule] = [
        *refusals(desk, "nps", rows.table, window),
        ("promoter", score >= 9, None),
        ("detractor", score <= 6, None),
    ]
    verdicts = judged(rows.table, rules, otherwise="passive")
    cells = with_cells(desk, rows.of(verdicts), names, cluster, ("outcome", "reason"))
    return nps_sums(desk, cells, NPS.with_counts(options={"window_days": window}))
