"""Sudden changes of CSAT: in which series, when, how large, and what could have been found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import scope_words
from supportlab.studies.feedback.mix_series import MixSeries, mix_series
from supportlab.studies.feedback.shift_words import (
    draw_shifts,
    shift_alt,
    shift_caveats,
    shift_sentences,
)
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.stats.shifts import Shift, ShiftScan

__all__ = ["csat_shifts"]

FINDING_ID = "feedback.csat.shift"
TITLE = "Shifts of CSAT"
# One series may raise a false alarm in so many cases; over all series together it is held too.
FALSE_ALARM = 0.05
# Periods before and after any shift: a quarter.
FEWEST = {"month": 3, "week": 13}
DRAWS = 1999
NUMBERS = ["estimate", "ci_low", "ci_high", "p_value", "p_adjusted", "detectable_share"]


def csat_shifts(
    desk: Desk,
    *,
    by: str | None = "market",
    grain: Literal["month", "week"] = "month",
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """
    Find the months in which CSAT changed suddenly, in the whole desk and in each group.

    Not for a slow change: `csat_trend` measures that, and a check says which of the two the series
    looks more like.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str, optional
        Group column; None for the whole desk alone.
    grain : {"month", "week"}
        Length of a period. Weeks date a change more finely and do not find more of them.
    start, end : str, optional
        ISO dates of the invitation, end excluded.
    level : float
        Level of the intervals.
    draws : int
        Most worlds without a shift that are drawn for a series.
    seed : int
        Of the drawing.

    Returns
    -------
    Estimate
        One row a series, and one more for each further shift in it: ``group``, ``status``
        (``shift``, ``none shown`` or ``not_estimable``), ``month``, ``month_low``,
        ``month_high``, ``estimate`` (the jump; of the strongest candidate where none is shown),
        ``ci_low``, ``ci_high``, ``p_value``, ``p_adjusted``, ``verdict``,
        ``detectable_share`` (a jump that would be found in four of five cases), ``n_alarms``
        (periods outside a plain chart), ``overdispersion``, ``autocorrelation``,
        ``n_periods``, ``n``, ``reason``; findings ``feedback.csat.shift`` for the shifts that hold
        over all series.

    Notes
    -----
    As `supportlab.stats.shifts.find_shifts`, on shares at a fixed mix of market, channel and
    topic. Over the series P values are adjusted by Holm (1979).
    """
    try:
        series = mix_series(desk, by, grain, start, end)
    except NotEstimable as refusal:
        known = _known(desk, {}, start, end)
        finding = Finding.refused(reason=str(refusal), **known)
        return refused_estimate("csat-shifts", TITLE, str(refusal), (finding,))
    series = [series[0], *(item for item in series[1:] if not _is_whole(item, series))]
    scans = [_scanned(item, grain, level, draws, seed + place) for place, item in enumerate(series)]
    table = _table(series, scans, level)
    return Estimate(
        "csat-shifts" + (f"-by-{by}" if by else ""),
        TITLE + (f" by {by.replace('_id', '')}" if by else ""),
        table.drop(columns=["gain", "trend_gain"], errors="ignore"),
        findings=_findings(desk, table, by, start, end),
        sentences=shift_sentences(table, by),
        checks=(_alarm_check(table, scans), *_trend_checks(table)),
        caveats=shift_caveats(series[0], table),
        draw=lambda ax: draw_shifts(series, scans, table, ax),
        alt=shift_alt(table, by),
    )


def _is_whole(item: MixSeries, series: list[MixSeries]) -> bool:
    """A group that holds all rows is the same series and is looked at once."""
    return bool((item.n == series[0].n).all())


def _scanned(item: MixSeries, grain: str, level: float, draws: int, seed: int) -> ShiftScan | str:
    from supportlab.stats.shifts import find_shifts

    try:
        return find_shifts(
            item.hits,
            item.n,
            item.expected,
            of_year=item.of_year,
            false_alarm=FALSE_ALARM,
            level=level,
            draws=draws,
            seed=seed,
            fewest_periods=FEWEST[grain],
        )
    except NotEstimable as refusal:
        return str(refusal)


def _table(series: list[MixSeries], scans: list[ShiftScan | str], level: float) -> pd.DataFrame:
    from supportlab.stats import adjust_p

    first = [None if isinstance(scan, str) else scan.p_value for scan in scans]
    adjusted = adjust_p(first, "holm")
    n_looks = sum(p is not None for p in first)
    rows: list[dict[str, Any]] = []
    for item, scan, p in zip(series, scans, adjusted, strict=True):
        rows += _rows(item, scan, p, n_looks, level)
    table = pd.DataFrame(rows)
    table[NUMBERS] = table[NUMBERS].astype("float64")
    return table


def _rows(
    item: MixSeries, scan: ShiftScan | str, first: float | None, n_looks: int, level: float
) -> list[dict[str, Any]]:
    shared: dict[str, Any] = {"n_periods": len(item.periods), "n": int(item.n.sum())}
    if isinstance(scan, str) or first is None:
        empty = dict.fromkeys([*NUMBERS, "month", "month_low", "month_high", "verdict"])
        return [
            {"group": item.group, "status": "not_estimable", **empty, **shared, "reason": str(scan)}
        ]
    shared |= {
        "detectable_share": scan.detectable,
        "n_alarms": _plain_alarms(item),
        "overdispersion": scan.overdispersion,
        "autocorrelation": scan.autocorrelation,
        "reason": None,
    }
    order = sorted(scan.shifts, key=lambda shift: shift.p_value) or [scan.candidate]
    held: list[tuple[Shift, float]] = []
    for shift in order:
        # A later look comes only after the one before, and is one of as many.
        own = first if not held else max(held[-1][1], min(1.0, shift.p_value * n_looks))
        if held and own > FALSE_ALARM:
            break
        held.append((shift, own))
    rows = [_row(item, shift, p, level) | shared for shift, p in held]
    return sorted(rows, key=lambda row: str(row["month"]))


def _row(item: MixSeries, shift: Shift, p_adjusted: float, level: float) -> dict[str, Any]:
    is_shown = p_adjusted <= FALSE_ALARM
    direction = "higher" if shift.estimate > 0 else "lower"
    return {
        "group": item.group,
        "status": "shift" if is_shown else "none shown",
        "month": item.periods[shift.place],
        "month_low": item.periods[shift.place_low],
        "month_high": item.periods[shift.place_high],
        "estimate": shift.estimate,
        "ci_low": shift.low,
        "ci_high": shift.high,
        "ci_level": level,
        "unit": "proportion",
        "p_value": shift.p_value,
        "p_adjusted": p_adjusted,
        "verdict": direction if is_shown else "no_difference_shown",
        "gain": shift.gain,
        "trend_gain": shift.trend_gain,
    }


def _plain_alarms(item: MixSeries) -> int | None:
    from supportlab.stats.control_charts import laney_chart

    try:
        return int(laney_chart(item.hits, item.n).naive_is_out.sum())
    except NotEstimable:
        return None


def _known(desk: Desk, group: dict[str, str], start: str | None, end: str | None) -> dict[str, Any]:
    named = {key: value for key, value in group.items() if key != "month"}
    where = scope_words(named, desk.slice)
    return {
        "id": FINDING_ID,
        "study": "feedback-trends",
        "question": "When did satisfaction change suddenly, and by how much?",
        "estimand": (
            "lasting change of the share of satisfied answers among those who answered, at a fixed "
            f"mix of market, channel and topic and without season, {where}"
        ),
        "unit": "proportion",
        "group": group,
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _findings(
    desk: Desk, table: pd.DataFrame, by: str | None, start: str | None, end: str | None
) -> tuple[Finding, ...]:
    found = []
    whole = table["group"].iloc[0]
    for row in table.to_dict("records"):
        named = {by: str(row["group"])} if by and row["group"] != whole else {}
        if row["status"] == "not_estimable":
            known = _known(desk, named, start, end) | {"n": int(row["n"])}
            found.append(Finding.refused(reason=str(row["reason"]), **known))
        elif row["status"] == "shift":
            known = _known(desk, {"month": str(row["month"]), **named}, start, end)
            found.append(_finding(row, known))
    return tuple(found)


def _finding(row: dict[Any, Any], known: dict[str, Any]) -> Finding:
    return Finding(
        **known,
        estimate=row["estimate"],
        ci_low=row["ci_low"],
        ci_high=row["ci_high"],
        ci_level=row["ci_level"],
        n=int(row["n"]),
        method="generalised likelihood ratio over months, penalty by parametric bootstrap",
        p_value=row["p_value"],
        p_adjusted=row["p_adjusted"],
        verdict=row["verdict"],
        sensitivity={
            "name": "interval of the first month after the change",
            "month_low": str(row["month_low"]),
            "month_high": str(row["month_high"]),
        },
        checks=(_trend_check(row),),
        caveats=(
            "Only large changes are found, so the size of one just large enough reads too large.",
            "A shift among those who answer can come from a change in who answers.",
        ),
    )


def _alarm_check(table: pd.DataFrame, scans: list[ShiftScan | str]) -> Check:
    known = [scan for scan in scans if not isinstance(scan, str)]
    once = table.drop_duplicates("group")
    naive = once["n_alarms"].dropna().astype(int).tolist() if "n_alarms" in table else []
    detail = (
        f"a series without a shift raises a false alarm in {100 * FALSE_ALARM:.0f} % of the cases, "
        f"and all {len(known)} together do too; a plain chart with three-sigma limits would flag "
        f"{sum(naive)} periods in {sum(value > 0 for value in naive)} series"
    )
    return Check("false alarms", None, detail)


def _trend_checks(table: pd.DataFrame) -> tuple[Check, ...]:
    shown = table.loc[table["status"] == "shift"]
    return tuple(_trend_check(row) for row in shown.to_dict("records"))


def _trend_check(row: dict[Any, Any]) -> Check:
    is_step = bool(row["gain"] >= row["trend_gain"])
    detail = (
        f"{row['group']}, {row['month']}: a step gains {row['gain']:.1f} of log likelihood, a "
        f"straight line {row['trend_gain']:.1f}"
    )
    return Check("a step rather than a slow drift", is_step, detail)
