"""Monthly CSAT of the whole desk and of each group, with its trend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import MISSING
from supportlab.studies.common.answers import mature_until
from supportlab.studies.common.cells import cell_of, fetch_sums
from supportlab.studies.common.level_caveats import next_month
from supportlab.studies.common.measures import measure_of
from supportlab.studies.common.scope import whole_words

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.stats import Trend

__all__ = ["Series", "all_series"]


@dataclass(frozen=True)
class Series:
    """One group's months: all of them for the naive slope, the mature ones for the honest."""

    group: str
    table: pd.DataFrame
    mature: pd.DataFrame
    trend: Trend | None
    reason: str


def all_series(
    desk: Desk, by: str | None, start: str | None, end: str | None, level: float
) -> tuple[list[Series], int]:
    """Return the series, the whole's first, and how many answers have no group."""
    whole = _months(desk, (), start, end, level)
    until = mature_until(desk, end)
    series = [_series(whole_words(desk.slice), whole, until, level)]
    if by is None:
        return series, 0
    try:
        groups = _months(desk, (by,), start, end, level)
    except NotEstimable:
        return series, 0
    names = sorted(set(groups[by]) - {MISSING})
    series += [_series(str(name), groups.loc[groups[by] == name], until, level) for name in names]
    return series, int(groups.loc[groups[by] == MISSING, "n"].sum())


def _months(
    desk: Desk, by: tuple[str, ...], start: str | None, end: str | None, level: float
) -> pd.DataFrame:
    names = [*by, "month"]
    sums = measure_of("csat").sums(desk, by=names, start=start, end=end)
    frame, is_clustered = fetch_sums(sums)
    rows = []
    for key, part in frame.groupby(names, sort=True):
        cell = cell_of(part, "rate", level, is_clustered=is_clustered)
        found = cell.interval
        ends = (found.estimate, found.low, found.high) if found else (None, None, None)
        numbers = dict(zip(("estimate", "ci_low", "ci_high"), ends, strict=True))
        rows.append({**dict(zip(names, key, strict=True)), **numbers, "n": cell.n})
    if not rows:
        raise NotEstimable("there is no answer to count")
    table = pd.DataFrame(rows)
    numbers_in = ["estimate", "ci_low", "ci_high"]
    table[numbers_in] = table[numbers_in].astype("float64")
    return table


def _series(name: str, table: pd.DataFrame, until: str, level: float) -> Series:
    known = table.loc[table["estimate"].notna()].reset_index(drop=True)
    is_mature = [next_month(month) <= until for month in known["month"]]
    mature = known.loc[is_mature].reset_index(drop=True)
    try:
        return Series(name, known, mature, _fit(mature, level), "")
    except NotEstimable as refusal:
        return Series(name, known, mature, None, str(refusal))


def _fit(mature: pd.DataFrame, level: float) -> Trend:
    from supportlab.stats import linear_trend
    from supportlab.stats.interval import normal_quantile

    width = (mature["ci_high"] - mature["ci_low"]).to_numpy(dtype=float)
    variance = (width / 2.0 / normal_quantile(level)) ** 2
    return linear_trend(
        list(mature["month"]),
        mature["estimate"].to_numpy(dtype=float),
        sampling_variance=variance,
        level=level,
    )
