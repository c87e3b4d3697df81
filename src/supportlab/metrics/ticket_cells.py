"""All metrics of a ticket judged in one projection and summed in one aggregate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from supportlab.metrics.clocks import Span, end_of
from supportlab.metrics.dimensions import Groups, with_groups
from supportlab.metrics.engine_quantiles import (
    early_ends,
    first_open,
    late_groups,
    survival_quantiles,
)
from supportlab.metrics.first_response_time import response_span
from supportlab.metrics.outcomes import Rule, rate_counts, verdict
from supportlab.metrics.periods import DERIVED, Period, moments, whole_seconds
from supportlab.metrics.reopenings import reopening_rules
from supportlab.metrics.resolution import resolution_span
from supportlab.metrics.sums import count_where, sums_of
from supportlab.metrics.tickets import Facts, by_agent, ticket_rows
from supportlab.metrics.touch_variants import touch_rules
from supportlab.metrics.transfer import transfer_rules

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["TICKET_DURATIONS", "TICKET_RATES", "ticket_cells"]

# Rules of a rate and what a ticket is that passes them all, given desk, tickets and window.
_Rate = tuple[Callable[[Any, Any, int], list[Rule]], str]


def _touches(desk: Desk, tickets: Any, window_days: int) -> list[Rule]:
    # Nobody's outcome, so it is in no count: one_touch leaves such tickets out beforehand.
    return [("", by_agent(tickets), None), *touch_rules(tickets, "exactly_one")]


TICKET_RATES: Mapping[str, _Rate] = {
    "one_touch": (_touches, "success"),
    "reopening": (reopening_rules, "failure"),
    "transfers": (transfer_rules, "failure"),
}
TICKET_DURATIONS: Mapping[str, Callable[[Any, Facts], Span]] = {
    "first_response": response_span,
    "resolution_time": resolution_span,
}


def ticket_cells(
    desk: Desk,
    facts: Facts,
    days: Period,
    by: Sequence[str],
    names: Sequence[str],
    shares: Sequence[float],
) -> pd.DataFrame:
    """
    Sum up the tickets created in a period, all metrics at once.

    Parameters
    ----------
    desk : Desk
        The data.
    facts : Facts
        Tickets.
    days : Period
        When they were created.
    by : sequence of str
        Group columns.
    names : sequence of str
        Of `TICKET_RATES` and `TICKET_DURATIONS`.
    shares : sequence of float
        Quantiles of the durations.

    Returns
    -------
    pandas.DataFrame
        One row per group: the columns of ``by``, ``created_n``, each metric's sums, and of
        durations ``…_quantile_0`` and so on, in the order of the shares.
    """
    groups = with_groups(desk, ticket_rows(facts, days, agents_too=True), by)
    rates = [name for name in TICKET_RATES if name in names]
    durations = [name for name in TICKET_DURATIONS if name in names]
    rows = _judged(desk, groups, facts, rates, durations)
    is_ours = desk.backend.name == "duckdb"
    measures = {"created_n": rows.count().cast("int64")}
    for name in rates:
        counts = rate_counts(rows[f"{name}_outcome"])
        measures |= {f"{name}_{count}": value for count, value in counts.items()}
    for name in durations:
        measures |= _duration_measures(rows, name, shares, is_ours)
    frame: pd.DataFrame = groups.named(sums_of(rows, groups.keys, **measures)).execute()
    for name in durations:
        frame = _with_quantiles(frame, rows, groups, name, shares, is_ours)
    return frame


def _judged(
    desk: Desk, groups: Groups, facts: Facts, rates: Sequence[str], durations: Sequence[str]
) -> Any:
    """Keep of each ticket its keys, its outcomes and its seconds."""
    tickets = groups.table
    columns = {key: tickets[key] for key in ("created_at", *groups.keys)}
    for name in rates:
        rules, otherwise = TICKET_RATES[name]
        window = desk.config.fcr_window_days
        columns[f"{name}_outcome"] = verdict(rules(desk, tickets, window), otherwise)
    for name in durations:
        span = TICKET_DURATIONS[name](tickets, facts)
        columns[f"{name}_outcome"] = verdict(span.rules, "censored")
        columns |= {f"{name}_since": span.since, f"{name}_until": span.until}
    judged = tickets.select(**columns)
    seconds = {
        f"{name}_seconds": whole_seconds(
            end_of(judged[f"{name}_outcome"], judged[f"{name}_until"], desk.as_of),
            judged[f"{name}_since"],
        )
        for name in durations
    }
    return judged.mutate(**seconds)


def _duration_measures(
    rows: Any, name: str, shares: Sequence[float], is_ours: bool
) -> dict[str, Any]:
    outcome, seconds = rows[f"{name}_outcome"], rows[f"{name}_seconds"]
    counts = {
        f"{name}_n_events": count_where(outcome == "event"),
        f"{name}_n_censored": count_where(outcome == "censored"),
        f"{name}_n_excluded": count_where(outcome == "excluded"),
    }
    if not is_ours:
        return counts
    return counts | {
        f"{name}_early": early_ends(seconds, outcome, shares),
        f"{name}_first_open": first_open(seconds, outcome),
    }


def _with_quantiles(
    frame: pd.DataFrame,
    rows: Any,
    groups: Groups,
    name: str,
    shares: Sequence[float],
    is_ours: bool,
) -> pd.DataFrame:
    """Add the quantiles: those of a plain order where that is enough, else of the whole curve."""
    columns = [f"{name}_quantile_{place}" for place in range(len(shares))]
    if not is_ours:
        return _with_columns(frame, _curves(rows, groups, name, shares), groups, columns)
    kept = frame.drop(columns=[f"{name}_early", f"{name}_first_open"])
    early = _unpacked(frame[f"{name}_early"], columns)
    late = late_groups(early, frame[f"{name}_first_open"])
    if not late.any():
        return kept.join(early)
    recent = _since(rows, groups, frame[late])
    curved = _with_columns(kept, _curves(recent, groups, name, shares), groups, columns)
    # Not by assignment to some rows: pandas 3 then reads an integer column by wrong labels.
    curved[columns] = curved[columns].where(late, early)
    return curved


def _unpacked(early: pd.Series, columns: Sequence[str]) -> pd.DataFrame:
    """Spread arrays over columns; a group without a case has none."""
    import pandas as pd

    none = [None] * len(columns)
    values = [none if _is_nothing(one) else list(one) for one in early]
    return pd.DataFrame(values, index=early.index, columns=list(columns)).astype("Int64")


def _is_nothing(value: Any) -> bool:
    return value is None or isinstance(value, float)


def _since(rows: Any, groups: Groups, late: pd.DataFrame) -> Any:
    """Return the rows of the first late stretch of time and of all after it."""
    timed = [f"key_{name}" for name in groups.by if name in DERIVED]
    if not timed:
        return rows
    return rows.filter(rows[timed[0]] >= moments(late[timed[0]].min().to_pydatetime()))


def _curves(rows: Any, groups: Groups, name: str, shares: Sequence[float]) -> pd.DataFrame:
    found = survival_quantiles(rows, groups.keys, f"{name}_seconds", f"{name}_outcome", shares)
    frame: pd.DataFrame = groups.named(found).execute()
    return frame


def _with_columns(
    frame: pd.DataFrame, curves: pd.DataFrame, groups: Groups, columns: Sequence[str]
) -> pd.DataFrame:
    found = curves.rename(columns={f"quantile_{i}": name for i, name in enumerate(columns)})
    found[list(columns)] = found[list(columns)].astype("Int64")
    if not groups.by:
        return frame.join(found[list(columns)])
    merged: pd.DataFrame = frame.merge(
        found[[*groups.by, *columns]], on=list(groups.by), how="left", validate="one_to_one"
    )
    return merged
