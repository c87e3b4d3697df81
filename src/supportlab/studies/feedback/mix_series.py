"""Answers by period and group beside what the mix of tickets alone would bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import MISSING
from supportlab.studies.common.answers import mature_until
from supportlab.studies.common.level_caveats import next_month
from supportlab.studies.common.scope import whole_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from supportlab.desk import Desk

__all__ = [
    "MIX",
    "SEASON_MONTHS",
    "MixSeries",
    "known_columns",
    "mix_cells",
    "mix_series",
]

Grain = Literal["month", "week"]
# Two years of data have 23 months whose invitations had their response window.
SEASON_MONTHS = 22
# What a ticket brings along before anybody answers it, and what CSAT differs by.
MIX = ("market", "channel", "category")


@dataclass(frozen=True)
class MixSeries:
    """
    One group's answers by period.

    Parameters
    ----------
    group : str
        Name of the group, or of the whole.
    periods : list of str
        ISO months, or first days of weeks, none left out between the first and the last.
    hits, n, expected : numpy.ndarray of shape (n_periods,)
        Satisfied answers, answers, and satisfied ones that the mix alone would bring.
    columns : tuple of str
        What the mix is made of.
    """

    group: str
    periods: list[str]
    hits: NDArray[np.float64]
    n: NDArray[np.float64]
    expected: NDArray[np.float64]
    columns: tuple[str, ...]

    @property
    def of_year(self) -> NDArray[np.float64] | None:
        """Month of the year of each period, where nearly every month is there twice."""
        months = np.array([int(text[5:7]) for text in self.periods], dtype=np.float64)
        first, last = (int(text[:4]) * 12 + int(text[5:7]) for text in _ends(self.periods))
        return months if last - first + 1 >= SEASON_MONTHS else None


def _ends(periods: Sequence[str]) -> tuple[str, str]:
    return periods[0], periods[-1]


def known_columns(desk: Desk, names: Sequence[str]) -> tuple[str, ...]:
    """Return those columns by which the answers of a desk can be split."""
    from supportlab import metrics

    found = []
    for name in names:
        try:
            metrics.csat(desk, by=name, cluster=None)
        except NotEstimable:
            continue
        found.append(name)
    return tuple(found)


def mix_cells(
    desk: Desk, by: Sequence[str], start: str | None, end: str | None, *, cluster: str | None = None
) -> pd.DataFrame:
    """Return answers and satisfied ones by cell, of invitations that had their whole window."""
    from supportlab import metrics

    until = mature_until(desk, end)
    if start is not None and start >= until:
        raise NotEstimable(
            f"no invitation of the period has had its response window by {desk.as_of.date()}"
        )
    frame = metrics.csat(desk, by=list(by), cluster=cluster, start=start, end=until).fetch()
    frame = frame.loc[frame["n"] > 0].reset_index(drop=True)
    if frame.empty:
        raise NotEstimable("there is no answer to count")
    return frame


def mix_series(
    desk: Desk, by: str | None, grain: Grain, start: str | None, end: str | None
) -> list[MixSeries]:
    """
    Return the series of the whole desk and of each group, with what their mix would bring.

    Not for a group's level: series say how it moves.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str or None
        Group column.
    grain : {"month", "week"}
        Length of a period.
    start, end : str, optional
        ISO dates of the invitation, end excluded.

    Returns
    -------
    list of MixSeries
        The whole first, then the groups by name.

    Raises
    ------
    NotEstimable
        There is no answer in a period that is over.
    """
    return desk.once(
        f"mix series {by} {grain} {start} {end}", lambda: _series(desk, by, grain, start, end)
    )


def _series(
    desk: Desk, by: str | None, grain: Grain, start: str | None, end: str | None
) -> list[MixSeries]:
    columns = known_columns(desk, MIX)
    extra = [by] if by is not None and by not in columns else []
    frame = mix_cells(desk, [*columns, *extra, grain], start, end)
    frame = _whole_periods(frame, grain, mature_until(desk, end))
    frame["expected"] = _expected(frame, columns, grain)
    periods = _all_periods(frame[grain], grain)
    found = [_one(whole_words(desk.slice), frame, grain, periods, columns)]
    if by is not None:
        for name in sorted(set(frame[by]) - {MISSING}):
            found.append(_one(str(name), frame.loc[frame[by] == name], grain, periods, columns))
    return found


def _whole_periods(frame: pd.DataFrame, grain: Grain, until: str) -> pd.DataFrame:
    """Keep the periods whose last invitation has had its response window."""
    if grain == "month":
        is_over = [next_month(text) <= until for text in frame[grain]]
    else:
        is_over = [_next_week(text) <= until for text in frame[grain]]
    kept = frame.loc[is_over].reset_index(drop=True)
    if kept.empty:
        raise NotEstimable(f"no {grain} of the period is over, response window included")
    return kept


def _next_week(text: str) -> str:
    return (date.fromisoformat(text) + timedelta(days=7)).isoformat()


def _expected(frame: pd.DataFrame, columns: Sequence[str], grain: Grain) -> Any:
    """
    Return the satisfied answers of each cell at an unchanging level.

    Periods are in the model, so that a change of the level does not pass for one of the mix, and
    are left out of the prediction.
    """
    from supportlab.stats.cell_models import design_columns, fit_logistic
    from supportlab.stats.threads import one_thread

    n = frame["n"].to_numpy(dtype=float)
    labels = {name: list(frame[name]) for name in (*columns, grain)}
    # Weeks have few answers each and are not to be merged.
    mix, time = (design_columns(part, n, fewest) for part, fewest in _parts(labels, grain))
    with one_thread():
        matrix = np.column_stack([mix.matrix, time.matrix])
        found = fit_logistic(matrix, n, frame["n_success"].to_numpy(dtype=float))
    width = mix.matrix.shape[1]
    at = time.matrix @ found[width + 1 :]
    linear = found[0] + mix.matrix @ found[1 : width + 1] + float(at @ n) / float(n.sum())
    return n / (1.0 + np.exp(-linear))


def _parts(labels: dict[str, list[str]], grain: Grain) -> list[tuple[dict[str, list[str]], int]]:
    mix = {name: values for name, values in labels.items() if name != grain}
    return [(mix, 50), ({grain: labels[grain]}, 1)]


def _all_periods(seen: pd.Series, grain: Grain) -> list[str]:
    step = next_month if grain == "month" else _next_week
    at, last = str(seen.min()), str(seen.max())
    periods = [at]
    while at < last:
        at = step(at)[: len(at)]
        periods.append(at)
    return periods


def _one(
    name: str,
    frame: pd.DataFrame,
    grain: Grain,
    periods: list[str],
    columns: tuple[str, ...],
) -> MixSeries:
    sums = frame.groupby(grain)[["n_success", "n", "expected"]].sum().reindex(periods).fillna(0.0)
    hits, n, expected = (sums[part].to_numpy(dtype=float) for part in sums.columns)
    return MixSeries(name, periods, hits, n, expected, columns)
