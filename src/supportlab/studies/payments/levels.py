"""A rate of payments, whole or by group: table, findings, words and figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.findings import Finding
from supportlab.format import format_count
from supportlab.metrics.dimensions import MISSING
from supportlab.results import Estimate
from supportlab.studies.common.cells import Cell
from supportlab.studies.common.level_words import (
    level_alt,
    level_drawing,
    level_sentences,
)
from supportlab.studies.common.measures import Measure
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.shrinking import Shrinkage, shrink
from supportlab.studies.payments.measures import COUNTED, PAYMENT_MEASURES, STUDY
from supportlab.studies.payments.shares import share_cells
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.payments.cells import PaymentCells

__all__ = ["payment_rate"]

# Months follow each other: they are not drawn towards each other.
IN_ORDER = frozenset({"month", "week", "day"})


def payment_rate(
    desk: Desk,
    name: str,
    *,
    by: str | Sequence[str] | None = None,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
    **options: Any,
) -> Estimate:
    """
    Estimate a rate of payments, whole or by group, with intervals that respect customers.

    Not for comparing groups as cause and effect: who pays by which method differs in much else.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    name : str
        ``success_rate`` (of checkouts), ``decline_rate`` or ``abandonment_rate`` (of attempts).
    by : str or sequence of str, optional
        Group columns; findings are made for the whole and for one or two columns.
    start, end : str, optional
        ISO dates, end excluded.
    level : float
        Level of the intervals.
    **options : object
        Options of `supportlab.metrics.payments.cells.payment_cells`.

    Returns
    -------
    Estimate
        One row a group: ``by``, ``estimate``, ``ci_low``, ``ci_high``, ``unit``, the shrunk value
        where groups are comparable, ``n``, ``n_clusters``, ``reason``; in the order of the shrunk
        value.

    Raises
    ------
    ParameterError
        When the rate or a group column is not known.

    Examples
    --------
    >>> PAYMENT_MEASURES["success_rate"].estimand({"method": "card"})
    'share paid of checkouts begun, retries joined, that are old enough to judge, method card'
    """
    from supportlab.metrics.payments.cells import payment_cells

    if name not in PAYMENT_MEASURES:
        raise ParameterError(f"rate {name!r} is not known. {did_you_mean(name, PAYMENT_MEASURES)}")
    measure, (unit, outcome) = PAYMENT_MEASURES[name], COUNTED[name]
    names = (by,) if isinstance(by, str) else tuple(by or ())
    known = {"as_of": as_of_text(desk), "start": start, "end": end}
    try:
        cells = payment_cells(desk, names, unit=unit, start=start, end=end, **options)
        _refuse_successes_alone(cells, start, end)
    except NotEstimable as refusal:
        return _refused(desk, measure, names, str(refusal), known)
    found = share_cells(cells, outcome, level)
    return _estimate(desk, measure, cells, found, level, known)


def _refuse_successes_alone(cells: PaymentCells, start: str | None, end: str | None) -> None:
    counts = cells.fetch()[["n", "n_success"]].sum()
    if counts["n"] == 0:
        raise NotEstimable("there is no payment to count")
    if counts["n"] == counts["n_success"]:
        when = f"from {start or 'the beginning'} to before {end or 'the end'}"
        raise NotEstimable(
            f"the period {when} holds only successes ({format_count(counts['n'])}), though the "
            "source holds failures of other times; either none failed then or they were not "
            "recorded, and the data cannot tell which"
        )


def _estimate(
    desk: Desk,
    measure: Measure,
    cells: PaymentCells,
    found: list[tuple[tuple[str, ...], Cell, int]],
    level: float,
    known: dict[str, Any],
) -> Estimate:
    by = cells.by
    shrunk = _shrunk(by, found, measure, level)
    table = _table(by, found, measure, level, shrunk)
    caveats = _caveats(cells, table)
    return Estimate(
        name=_name(measure, by),
        title=_title(measure, by),
        table=table.drop(columns="method_of_interval"),
        findings=_findings(desk, measure, by, table, shrunk, known),
        sentences=level_sentences(table, measure, by, shrunk),
        definitions=(cells.record(),),
        caveats=caveats,
        draw=level_drawing(table, measure, by, _title(measure, by)),
        alt=level_alt(table, measure, by),
    )


def _shrunk(
    by: tuple[str, ...],
    found: list[tuple[tuple[str, ...], Cell, int]],
    measure: Measure,
    level: float,
) -> Shrinkage | None:
    if not by or IN_ORDER & set(by):
        return None
    is_named = [MISSING not in key for key, _, _ in found]
    return shrink([cell for _, cell, _ in found], is_named, measure.unit, level)


def _table(
    by: tuple[str, ...],
    found: list[tuple[tuple[str, ...], Cell, int]],
    measure: Measure,
    level: float,
    shrunk: Shrinkage | None,
) -> pd.DataFrame:
    rows = []
    for key, cell, _ in found:
        interval = cell.interval
        row: dict[str, Any] = dict(zip(by, key, strict=True))
        row["estimate"] = interval.estimate if interval else np.nan
        row["ci_low"] = interval.low if interval else np.nan
        row["ci_high"] = interval.high if interval else np.nan
        row |= {"ci_level": level, "unit": measure.unit, "n": cell.n}
        row["n_clusters"] = cell.n_clusters
        row["design_effect"] = interval.design_effect if interval else np.nan
        row["method_of_interval"] = interval.method if interval else None
        rows.append(row | {"reason": cell.reason or None})
    table = pd.DataFrame(rows)
    table["design_effect"] = table["design_effect"].astype("float64")
    for column in ("n", "n_clusters"):
        table[column] = table[column].astype("Int64")
    if shrunk is None:
        return table
    for column, values in shrunk.columns().items():
        table.insert(list(table.columns).index("n"), column, values)
    return _ordered(table, by, shrunk.column)


def _ordered(table: pd.DataFrame, by: tuple[str, ...], column: str) -> pd.DataFrame:
    rank = table[column].where(table["estimate"].notna()).fillna(-np.inf).to_numpy(dtype=float)
    keys = [table[name].to_numpy(dtype=str) for name in reversed(by)]
    return table.iloc[np.lexsort((*keys, -rank))].reset_index(drop=True)


def _findings(
    desk: Desk,
    measure: Measure,
    by: tuple[str, ...],
    table: pd.DataFrame,
    shrunk: Shrinkage | None,
    known: dict[str, Any],
) -> tuple[Finding, ...]:
    if len(by) > 2:
        return ()
    found = []
    for row in table.to_dict("records"):
        group = {name: str(row[name]) for name in by}
        if MISSING in group.values():
            continue
        shared = _shared(desk, measure, group, known) | {
            "n": int(row["n"]),
            "n_clusters": None if pd.isna(row["n_clusters"]) else int(row["n_clusters"]),
        }
        if pd.isna(row["estimate"]):
            found.append(Finding.refused(reason=row["reason"], **shared))
            continue
        found.append(
            Finding(
                **shared,
                estimate=row["estimate"],
                ci_low=row["ci_low"],
                ci_high=row["ci_high"],
                ci_level=row["ci_level"],
                method=row["method_of_interval"],
                sensitivity=shrunk.record(row) if shrunk is not None else None,
            )
        )
    return tuple(found)


def _shared(
    desk: Desk, measure: Measure, group: dict[str, str], known: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": measure.finding_id,
        "study": STUDY,
        "question": measure.question,
        "estimand": measure.estimand(group, desk.slice),
        "unit": measure.unit,
        "group": group,
        **known,
    }


def _caveats(cells: PaymentCells, table: pd.DataFrame) -> tuple[str, ...]:
    counts = cells.fetch()[["n_pending", "n_excluded", "n_reversed"]].sum()
    words = []
    if counts["n_pending"]:
        words.append(
            f"{format_count(counts['n_pending'])} are still pending or too young to judge and "
            "count neither as paid nor as failed."
        )
    if counts["n_reversed"]:
        words.append(
            f"{format_count(counts['n_reversed'])} were paid and given back later; they count as "
            "paid."
        )
    if counts["n_excluded"]:
        words.append(f"{format_count(counts['n_excluded'])} have no status and are left out.")
    for name in cells.by:
        n = int(table.loc[table[name] == MISSING, "n"].sum())
        if n:
            words.append(
                f"{format_count(n)} have no {name.replace('_', ' ')}: in no finding by it."
            )
    if not cells.is_clustered:
        words.append("No customer is known, so attempts count as independent of each other.")
    return tuple(words)


def _refused(
    desk: Desk, measure: Measure, by: tuple[str, ...], reason: str, known: dict[str, Any]
) -> Estimate:
    group = {"by": ", ".join(by)} if by else {}
    shared = _shared(desk, measure, {}, known) | {"group": group}
    finding = Finding.refused(reason=reason, **shared)
    return refused_estimate(_name(measure, by), _title(measure, by), reason, (finding,))


def _name(measure: Measure, by: tuple[str, ...]) -> str:
    return "-".join(["payment", measure.name, *(f"by-{name}" for name in by)]).replace("_", "-")


def _title(measure: Measure, by: tuple[str, ...]) -> str:
    if not by:
        return measure.title
    return f"{measure.title} by {' and '.join(name.replace('_', ' ') for name in by)}"
