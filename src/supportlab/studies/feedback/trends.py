"""Change of CSAT per month, for the whole and for each market."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.results import Estimate
from supportlab.studies.common.level_caveats import missing_caveat
from supportlab.studies.common.measures import measure_of
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import scope_words
from supportlab.studies.feedback.trend_series import Series, all_series
from supportlab.studies.feedback.trend_words import (
    draw_trend,
    trend_alt,
    trend_caveats,
    trend_sentences,
)
from supportlab.vocabulary import INTERVAL_LEVEL, Verdict

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["csat_trend", "trend_verdict"]

FINDING_ID = "feedback.csat.trend"
# The project's region of practical equivalence for CSAT is one point; a trend inside one point a
# year is called flat.
FLAT_PER_MONTH = 0.01 / 12.0


def csat_trend(
    desk: Desk,
    *,
    by: str | None = "market",
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate the change of CSAT per month, for the whole desk and each group.

    Not for a series with a step in it: a line through a step says nothing about before or after.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str, optional
        Group column; None for the whole desk alone.
    start, end : str, optional
        ISO dates of the invitation, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a group, the whole first: ``naive_points_per_month`` (a straight line through
        all months alike), ``estimate``, ``ci_low``, ``ci_high`` (a share per month), ``p_value``,
        ``p_adjusted``, ``verdict``, ``n_months``, ``n``, ``autocorrelation``, ``reason``;
        findings ``feedback.csat.trend``.

    Notes
    -----
    Months whose invitations have all had their response window; weights from each month's
    cluster-robust interval; errors that carry over from month to month. P values are adjusted
    over the whole and the groups (Benjamini and Hochberg 1995). A group that holds all rows of
    the whole is the same test and is counted once.
    """
    title = "Change of CSAT per month"
    try:
        series, n_missing = all_series(desk, by, start, end, level)
    except NotEstimable as refusal:
        known = _known(desk, {}, start, end)
        finding = Finding.refused(reason=str(refusal), **known)
        return refused_estimate("csat-trend", title, str(refusal), (finding,))
    table, n_tests = _table(series, level)
    missing = missing_caveat(n_missing, measure_of("csat"), by) if by else ()
    return Estimate(
        "csat-trend",
        title,
        table,
        findings=_findings(desk, table, by, start, end),
        sentences=trend_sentences(table, by, n_tests),
        caveats=(*trend_caveats(series[0]), *missing),
        draw=lambda ax: draw_trend(series[0], title, ax),
        alt=trend_alt(series[0], table),
    )


def _naive_slope(known: pd.DataFrame) -> float | None:
    if len(known) < 3:
        return None
    number = [int(month[:4]) * 12 + int(month[5:7]) for month in known["month"]]
    slope = np.polyfit(np.array(number, dtype=float), known["estimate"].to_numpy(dtype=float), 1)
    return 100.0 * float(slope[0])


def trend_verdict(
    p_adjusted: float | None,
    ci_low: float | None,
    ci_high: float | None,
    *,
    level: float = INTERVAL_LEVEL,
) -> Verdict | None:
    """
    Say what a change of CSAT per month shows.

    Not for other metrics: what counts as flat is a point of CSAT a year.

    Parameters
    ----------
    p_adjusted : float or None
        P value, adjusted over all that was looked at.
    ci_low, ci_high : float or None
        Ends of the interval, a share per month.
    level : float
        Level of the interval; one minus it is what the p value is held against.

    Returns
    -------
    str or None
        ``higher`` or ``lower`` by the side on which the interval's middle lies, ``equivalent``
        where the interval lies within the flat region, else ``no_difference_shown``; None where
        a number is missing.

    Examples
    --------
    >>> trend_verdict(0.01, 0.002, 0.004), trend_verdict(0.2, 0.002, 0.004)
    ('higher', 'no_difference_shown')
    """
    if p_adjusted is None or ci_low is None or ci_high is None:
        return None
    if bool(np.isnan([p_adjusted, ci_low, ci_high]).any()):
        return None
    if p_adjusted < 1.0 - level:
        return "higher" if ci_low + ci_high > 0 else "lower"
    if ci_low > -FLAT_PER_MONTH and ci_high < FLAT_PER_MONTH:
        return "equivalent"
    return "no_difference_shown"


def _adjusted(series: list[Series]) -> tuple[list[float | None], int]:
    """Adjust over the tests that differ; return how many these are."""
    from supportlab.stats import adjust_p

    p_values = [item.trend.p_value if item.trend else None for item in series]
    own = [place == 0 or not _is_whole(item, series[0]) for place, item in enumerate(series)]
    tested = iter(adjust_p([p for p, is_own in zip(p_values, own, strict=True) if is_own]))
    adjusted: list[float | None] = []
    for is_own in own:
        adjusted.append(next(tested) if is_own else adjusted[0])
    n_tests = sum(is_own and p is not None for p, is_own in zip(p_values, own, strict=True))
    return adjusted, n_tests


def _is_whole(item: Series, whole: Series) -> bool:
    """A group with as many answers as the whole in every month of the trend has the same."""
    columns = ["month", "n"]
    return item.mature[columns].equals(whole.mature[columns])


def _table(series: list[Series], level: float) -> tuple[pd.DataFrame, int]:
    adjusted, n_tests = _adjusted(series)
    rows = [_row(item, p, level) for item, p in zip(series, adjusted, strict=True)]
    table = pd.DataFrame(rows)
    numbers = ["naive_points_per_month", "estimate", "ci_low", "ci_high", "p_value", "p_adjusted"]
    table[numbers] = table[numbers].astype("float64")
    return table, n_tests


def _row(item: Series, p_adjusted: float | None, level: float) -> dict[str, Any]:
    found = item.trend
    return {
        "group": item.group,
        "naive_points_per_month": _naive_slope(item.table),
        "estimate": found.estimate if found else None,
        "ci_low": found.low if found else None,
        "ci_high": found.high if found else None,
        "ci_level": level,
        "unit": "per_month",
        "p_value": found.p_value if found else None,
        "p_adjusted": p_adjusted,
        "verdict": trend_verdict(p_adjusted, found.low, found.high, level=level) if found else None,
        "n_months": len(item.mature),
        "n": int(item.mature["n"].sum()),
        "autocorrelation": found.autocorrelation if found else None,
        "method": found.method if found else None,
        "reason": item.reason or None,
    }


def _known(desk: Desk, group: dict[str, str], start: str | None, end: str | None) -> dict[str, Any]:
    where = scope_words(group, desk.slice)
    return {
        "id": FINDING_ID,
        "study": "feedback-trends",
        "question": "Does satisfaction rise or fall over the months?",
        "estimand": (
            f"change per month of the share of satisfied answers among those who answered, {where}"
        ),
        "unit": "per_month",
        "group": group,
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _findings(
    desk: Desk, table: pd.DataFrame, by: str | None, start: str | None, end: str | None
) -> tuple[Finding, ...]:
    return tuple(
        _finding(row, _known(desk, _group(row["group"], by, place), start, end))
        for place, row in enumerate(table.to_dict("records"))
    )


def _group(name: str, by: str | None, place: int) -> dict[str, str]:
    return {} if by is None or place == 0 else {by: name}


def _finding(row: dict[Any, Any], known: dict[str, Any]) -> Finding:
    known |= {"n": int(row["n"])}
    if pd.isna(row["estimate"]):
        return Finding.refused(reason=row["reason"], **known)
    return Finding(
        **known,
        estimate=row["estimate"],
        ci_low=row["ci_low"],
        ci_high=row["ci_high"],
        ci_level=row["ci_level"],
        method=row["method"],
        p_value=row["p_value"],
        p_adjusted=row["p_adjusted"],
        verdict=row["verdict"],
    )
