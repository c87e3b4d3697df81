"""From a row's verdict to sums: the first rule that holds decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from supportlab.metrics.dimensions import Cells
from supportlab.metrics.sums import Sums, count_where, sums_of

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.records import Definition

__all__ = [
    "Rule",
    "duration_sums",
    "judged",
    "nps_sums",
    "rate_counts",
    "rate_sums",
    "score_sums",
    "verdict",
]

# Scores have few decimals; 12 digits before and 4 after hold any scale, and their squares still
# fit the engines' 38 digits when a billion of them are added.
SCORE_TYPE = "decimal(12,4)"
SQUARE_TYPE = "decimal(24,8)"

Rule = tuple[str, Any, str | None]


def judged(table: Any, rules: Sequence[Rule], otherwise: str) -> Any:
    """Add ``outcome`` and ``reason``: those of the first rule whose condition holds."""
    import ibis

    reasons = [(test.fill_null(False), _text(reason)) for _, test, reason in rules]
    return table.mutate(
        outcome=verdict(rules, otherwise),
        reason=ibis.cases(*reasons, else_=ibis.null("string")),
    )


def verdict(rules: Sequence[Rule], otherwise: str) -> Any:
    """Return the outcome alone, that of the first rule whose condition holds."""
    import ibis

    outcomes = [(test.fill_null(False), outcome) for outcome, test, _ in rules]
    return ibis.cases(*outcomes, else_=otherwise)


def _text(reason: str | None) -> Any:
    import ibis

    return ibis.null("string") if reason is None else ibis.literal(reason, type="string")


def rate_sums(desk: Desk, cells: Cells, definition: Definition, **more: Any) -> Sums:
    """Return the sums of a rate: successes among successes and failures."""
    measures = {**rate_counts(cells.table.outcome), **more}
    return _sums(desk, cells, definition, "rate", measures)


def rate_counts(outcome: Any) -> dict[str, Any]:
    """Return the sums of a rate from the outcomes of its rows."""
    return {
        "n": count_where(outcome.isin(("success", "failure"))),
        "n_success": count_where(outcome == "success"),
        **_left_out(outcome),
    }


def nps_sums(desk: Desk, cells: Cells, definition: Definition) -> Sums:
    """Return the sums of a net share: promoters, detractors and all answers."""
    outcome = cells.table.outcome
    measures = {
        "n": count_where(outcome.isin(("promoter", "passive", "detractor"))),
        "n_promoter": count_where(outcome == "promoter"),
        "n_detractor": count_where(outcome == "detractor"),
        **_left_out(outcome),
    }
    return _sums(desk, cells, definition, "nps", measures)


def score_sums(desk: Desk, cells: Cells, definition: Definition) -> Sums:
    """Return the sums of a mean: count, total and total of squares, exact in decimals."""
    outcome, value = cells.table.outcome, cells.table.value.cast(SCORE_TYPE)
    counts = outcome == "counted"
    measures = {
        "n": count_where(counts),
        "total": value.sum(where=counts).fill_null(0),
        "total_squared": (value * value).cast(SQUARE_TYPE).sum(where=counts).fill_null(0),
        **_left_out(outcome),
    }
    return _sums(desk, cells, definition, "score", measures)


def duration_sums(desk: Desk, cells: Cells, definition: Definition) -> Sums:
    """Return the event table of a duration: ends and censorings per whole second."""
    seen = cells.table.filter(cells.table.outcome.isin(("event", "censored")))
    keys = (*cells.keys, "duration_seconds")
    table = sums_of(
        seen,
        keys,
        n_events=count_where(seen.outcome == "event"),
        n_censored=count_where(seen.outcome == "censored"),
    )
    return Sums(
        table, definition, "duration", cells.by, cells.cluster_name, cells.table, desk.as_of
    )


def _left_out(outcome: Any) -> dict[str, Any]:
    return {
        "n_immature": count_where(outcome == "immature"),
        "n_excluded": count_where(outcome == "excluded"),
    }


def _sums(
    desk: Desk, cells: Cells, definition: Definition, kind: Any, measures: dict[str, Any]
) -> Sums:
    table = sums_of(cells.table, cells.keys, **measures)
    return Sums(table, definition, kind, cells.by, cells.cluster_name, cells.table, desk.as_of)
