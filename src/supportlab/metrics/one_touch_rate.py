"""One-touch resolution: what some systems print under the name of FCR."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from supportlab.metrics.dimensions import group_names, with_cells
from supportlab.metrics.options import one_of
from supportlab.metrics.outcomes import judged, rate_sums
from supportlab.metrics.periods import period
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import Source, ticket_facts, ticket_rows
from supportlab.metrics.touch_variants import (
    TOUCH_VARIANTS,
    TouchVariant,
    refuse_missing_touches,
    touch_rules,
)
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["ONE_TOUCH", "one_touch"]

ONE_TOUCH = Definition(
    name="one_touch",
    title="One-touch resolution",
    statement=(
        "Share of resolved tickets with exactly one public reply of an agent; other systems' "
        "rules by variant. There is no window in which the customer may come back, so this is "
        "not first contact resolution."
    ),
    anchor="created_at",
    stop="as_of",
    cohort="created_at",
    exclusions=(
        "merged, spam, deleted and test tickets are no issues of their own",
        "tickets that an agent started",
        "not resolved at as_of: counted as excluded",
        "a count that the variant needs is missing in the row",
    ),
)


def one_touch(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "agent_id",
    start: str | date | None = None,
    end: str | date | None = None,
    variant: TouchVariant = "exactly_one",
    source: Source = "auto",
) -> Sums:
    """
    Sum up resolved tickets with a single reply.

    Not first contact resolution: take it only to reconcile a figure of another system.

    Parameters
    ----------
    desk : Desk
        The data; tickets with the counts of the variant, or events with messages.
    by : str or sequence of str
        Group columns.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.
    variant : str
        Whose rule: ``exactly_one`` (dbt_zendesk), ``at_most_one`` (Zendesk), ``first_response``
        (Freshdesk), ``no_further_contact`` (Freshservice), ``closed_once`` (Intercom) or
        ``within_15_minutes`` (Zammad).
    source : {"auto", "events", "tickets"}
        Where the facts come from.

    Returns
    -------
    Sums
        Kind ``rate``: ``n``, ``n_success``, ``n_excluded`` per cell.

    Raises
    ------
    NotEstimable
        When a column that the variant needs is not provided.
    ParameterError
        When an option or a group is not known.
    """
    one_of("variant", variant, tuple(TOUCH_VARIANTS))
    names = group_names(by)
    facts = ticket_facts(desk, source)
    refuse_missing_touches(facts, variant)
    rows = ticket_rows(facts, period(start, end), agents_too=False)
    verdicts = judged(rows.table, touch_rules(rows.table, variant), otherwise="success")
    cells = with_cells(desk, rows.of(verdicts), names, cluster, ("outcome", "reason"))
    parts = (TOUCH_VARIANTS[variant].words, facts.note)
    return rate_sums(desk, cells, ONE_TOUCH.with_counts(parts=parts, options={"variant": variant}))
