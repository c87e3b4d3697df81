"""The level of a metric, for the whole desk or group by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.metrics.dimensions import MISSING
from supportlab.results import Estimate
from supportlab.studies.common.cells import Cell, cell_of, fetch_sums
from supportlab.studies.common.level_caveats import LevelCaveats, level_caveats
from supportlab.studies.common.level_words import (
    level_alt,
    level_drawing,
    level_sentences,
)
from supportlab.studies.common.measures import Measure, measure_of
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.shrinking import Shrinkage, shrink
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.sums import Sums

__all__ = ["level"]

# Groups that follow each other in time or on one form are not drawn towards each other.
IN_ORDER = frozenset({"month", "week", "day", "form"})
# Kinds of survey ask different things: what one is like says nothing of another.
UNSHRUNK = IN_ORDER | {"kind"}


@dataclass(frozen=True)
class _Asked:
    """What was asked, so that helpers need one argument for it."""

    desk: Desk
    measure: Measure
    by: tuple[str, ...]
    level: float
    study: str
    start: str | None
    end: str | None

    def known(self, group: dict[str, str]) -> dict[str, Any]:
        """What a finding carries whether it is estimated or refused."""
        return {
            "id": self.measure.finding_id,
            "study": self.study,
            "question": self.measure.question,
            "estimand": self.measure.estimand(group, self.desk.slice),
            "unit": self.measure.unit,
            "group": group,
            "as_of": as_of_text(self.desk),
            "start": self.start,
            "end": self.end,
        }


def level(
    desk: Desk,
    metric: str,
    *,
    by: str | Sequence[str] | None = None,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
    study: str | None = None,
    **options: Any,
) -> Estimate:
    """
    Estimate the level of a metric with an interval that respects clusters.

    Not for comparing groups as cause and effect: groups differ in much else.

    Parameters
    ----------
    desk : Desk
        The data.
    metric : str
        ``fcr``, ``first_response``, ``resolution_time``, ``csat``, ``nps``, ``ces`` or
        ``response_rate``.
    by : str or sequence of str, optional
        Group columns, as ``market`` or ``month``; the whole desk when left out. Findings are
        made for the whole and for one column; two columns give a table only.
    start, end : str, optional
        ISO dates of the cohort, end excluded.
    level : float
        Level of the intervals.
    study : str, optional
        Study that reports the findings; the metric's own when left out.
    **options : object
        Options of the metric, as ``window_days``.

    Returns
    -------
    Estimate
        One row a group: the columns of ``by``, ``estimate``, ``ci_low``, ``ci_high``, ``unit``,
        the shrunk value where groups are comparable, ``n``, ``n_clusters``, ``reason``. Groups
        are in the order of the shrunk value, months in the order of time.

    Raises
    ------
    ParameterError
        When the metric or a group column is not known.

    Notes
    -----
    The estimate is the group's own figure; the shrunk one beside it is the better guess at what
    a small group's figure would be with more rows, and gives the order. A group that cannot be
    estimated keeps its row with the reason and gives a refused finding.

    Examples
    --------
    >>> from supportlab.studies.common.measures import measure_of
    >>> measure_of("fcr").estimand({"market": "DE"})
    'share resolved at the first contact of tickets old enough to judge, market DE'
    """
    measure = measure_of(metric)
    names = (by,) if isinstance(by, str) else tuple(by or ())
    asked = _Asked(desk, measure, names, level, study or measure.study, start, end)
    try:
        sums = measure.sums(desk, by=names, start=start, end=end, **options)
        return _estimate(asked, sums)
    except NotEstimable as refusal:
        return _refused(asked, str(refusal))


def _estimate(asked: _Asked, sums: Sums) -> Estimate:
    frame, is_clustered = fetch_sums(sums)
    # A metric may split further than asked, as effort scores by their form.
    asked = replace(asked, by=sums.by)
    groups = _groups(frame, asked.by)
    cells = [cell_of(part, sums.kind, asked.level, is_clustered=is_clustered) for _, part in groups]
    keys = [key for key, _ in groups]
    if not keys:
        return _refused(asked, "there is no row to count")
    shrunk = _shrunk(asked, keys, cells)
    table = _table(asked, keys, cells, shrunk)
    period = (asked.start, asked.end)
    caveats = level_caveats(asked.desk, asked.measure, table, asked.by, period)
    if not is_clustered:
        caveats = replace(caveats, shared=(_alone(asked.measure), *caveats.shared))
    return Estimate(
        name=_name(asked),
        title=_title(asked),
        table=table.drop(columns="method"),
        findings=_findings(asked, table, shrunk, caveats),
        sentences=level_sentences(table, asked.measure, asked.by, shrunk),
        definitions=(sums.record(frame),),
        caveats=caveats.of_all,
        draw=level_drawing(table, asked.measure, asked.by, _title(asked)),
        alt=level_alt(table, asked.measure, asked.by),
    )


def _groups(frame: pd.DataFrame, by: tuple[str, ...]) -> list[tuple[tuple[str, ...], pd.DataFrame]]:
    if not by:
        return [((), frame)]
    parts = frame.groupby(list(by), sort=True, dropna=False)
    return [(tuple(str(item) for item in _tuple(key)), part) for key, part in parts]


def _tuple(key: object) -> tuple[object, ...]:
    return key if isinstance(key, tuple) else (key,)


def _shrunk(
    asked: _Asked, keys: Sequence[tuple[str, ...]], cells: Sequence[Cell]
) -> Shrinkage | None:
    if not asked.by or UNSHRUNK & set(asked.by):
        return None
    is_named = [MISSING not in key for key in keys]
    return shrink(cells, is_named, asked.measure.unit, asked.level)


def _table(
    asked: _Asked,
    keys: Sequence[tuple[str, ...]],
    cells: Sequence[Cell],
    shrunk: Shrinkage | None,
) -> pd.DataFrame:
    rows = [_row(asked, key, cell) for key, cell in zip(keys, cells, strict=True)]
    table = pd.DataFrame(rows)
    if shrunk is not None:
        place = list(table.columns).index("n")
        for name, values in shrunk.columns().items():
            table.insert(place, name, values)
            place += 1
    return _typed(_ordered(table, asked.by, shrunk))


def _row(asked: _Asked, key: tuple[str, ...], cell: Cell) -> dict[str, Any]:
    found = cell.interval
    return {
        **dict(zip(asked.by, key, strict=True)),
        "estimate": found.estimate if found else None,
        "ci_low": found.low if found else None,
        "ci_high": found.high if found else None,
        "ci_level": asked.level,
        "unit": asked.measure.unit,
        "n": cell.n,
        "n_clusters": cell.n_clusters,
        "design_effect": found.design_effect if found else None,
        "method": found.method if found else None,
        "reason": cell.reason or None,
    }


def _ordered(table: pd.DataFrame, by: tuple[str, ...], shrunk: Shrinkage | None) -> pd.DataFrame:
    if not by or IN_ORDER & set(by):
        return table.reset_index(drop=True)
    key = shrunk.column if shrunk is not None else "estimate"
    rank = table[key].astype(float).where(table["estimate"].notna())
    order = np.lexsort((table[by[0]].to_numpy(dtype=str), -rank.fillna(-np.inf).to_numpy()))
    return table.iloc[order].reset_index(drop=True)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    for name in table.columns:
        if name in ("estimate", "ci_low", "ci_high", "design_effect"):
            table[name] = table[name].astype("float64")
        elif name in ("n", "n_clusters"):
            table[name] = table[name].astype("Int64")
    return table


def _findings(
    asked: _Asked, table: pd.DataFrame, shrunk: Shrinkage | None, caveats: LevelCaveats
) -> tuple[Finding, ...]:
    named = [name for name in asked.by if name != "form"]
    if len(named) > 1:
        return ()
    rows = table.to_dict("records")
    return tuple(
        _finding(asked, row, shrunk, caveats.of(tuple(str(row[name]) for name in asked.by)))
        for row in rows
        if all(row[name] != MISSING for name in asked.by)
    )


def _finding(
    asked: _Asked, row: dict[Any, Any], shrunk: Shrinkage | None, caveats: tuple[str, ...]
) -> Finding:
    known = asked.known({name: str(row[name]) for name in asked.by})
    known |= {"n": int(row["n"]), "n_clusters": _whole(row["n_clusters"]), "caveats": caveats}
    if pd.isna(row["estimate"]):
        return Finding.refused(reason=row["reason"], **known)
    return Finding(
        **known,
        estimate=row["estimate"],
        ci_low=_number(row["ci_low"]),
        ci_high=_number(row["ci_high"]),
        ci_level=asked.level,
        method=row["method"],
        sensitivity=shrunk.record(row) if shrunk is not None else None,
    )


def _refused(asked: _Asked, reason: str) -> Estimate:
    # Which groups there would be is not known without data: one refusal stands for them.
    known = asked.known({})
    if asked.by:
        known["estimand"] = (
            f"{asked.measure.estimand({}, asked.desk.slice, apart=asked.by)}, "
            f"by {' and '.join(asked.by)}"
        )
        known["group"] = {"by": ", ".join(asked.by)}
    findings = (Finding.refused(reason=reason, **known),) if len(asked.by) < 2 else ()
    return refused_estimate(_name(asked), _title(asked), reason, findings)


def _name(asked: _Asked) -> str:
    parts = [asked.measure.name, *(f"by-{name}" for name in asked.by)]
    return "-".join(parts).replace("_", "-")


def _title(asked: _Asked) -> str:
    if not asked.by:
        return asked.measure.title
    return f"{asked.measure.title} by {' and '.join(asked.by).replace('_id', '')}"


def _alone(measure: Measure) -> str:
    return (
        f"Rows count as independent, since no agent or customer of these {measure.counted} is "
        "known; the interval is too narrow where they are alike."
    )


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _whole(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)
