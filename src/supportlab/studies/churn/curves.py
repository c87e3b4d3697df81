"""How long customers stay, group by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_interval
from supportlab.results import Estimate
from supportlab.studies.common.cells import MINIMUM_ROWS
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats.competing import Incidence
    from supportlab.stats.survival import KaplanMeier

__all__ = [
    "DAYS_PER_MONTH",
    "LATE",
    "LEAST_AT_RISK",
    "TOLD_MONTHS",
    "at_risk_at",
    "interval_words",
    "last_month",
    "retention",
    "tenure_marks",
]

STUDY = "churn-and-service-quality"
DAYS_PER_MONTH = 30.4375
MARKS_MONTHS = (0, 6, 12, 24, 36, 48)
TOLD_MONTHS = (3, 12, 24)
YEAR = 12
# Curves end where fewer customers than this are watched; steps of a few say little.
LEAST_AT_RISK = 30
MOST_CURVES = 4
ENDS = ("n_voluntary", "n_involuntary", "n_unknown")
LATE = (
    "Customers who came before the record of ends are counted from the tenure at which they came "
    "into view; whoever left before is in no number."
)
NOW = "The curve joins customers of different years: it is the stay under the leaving of this time."


def retention(
    desk: Desk,
    *,
    by: str | None = None,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate the share of customers still there by months since they came.

    Not the share of a month's customers: who is there at any moment has mostly stayed long.

    Parameters
    ----------
    desk : Desk
        The data; subscriptions, or customers with ``signed_up_at`` and ``churned_at``.
    by : str, optional
        Column of customers, as ``plan``; the figure shows the four largest groups.
    start, end : str, optional
        ISO dates between which stays are in view, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a group and tenure: the group's column, ``months``, ``estimate``, ``ci_low``,
        ``ci_high``, ``n`` stays in view, ``n_at_risk`` at that tenure, ``reason``; findings
        ``churn.retention`` at twelve months.

    Notes
    -----
    Kaplan-Meier with delayed entry, Greenwood variance, log(-log) limits. Stays count as
    independent: few customers have two, and those lie one after the other.
    """
    from supportlab.metrics.customers.stay_times import stay_times

    title = "Retention" + (f" by {by.replace('_', ' ')}" if by else "")
    name = f"retention-by-{by.replace('_', '-')}" if by else "retention"
    try:
        frame, record = stay_times(desk, by, start=start, end=end)
        curves = _curves(frame, by)
    except NotEstimable as refusal:
        finding = Finding.refused(reason=str(refusal), **_known(desk, {}, 12, start, end))
        return refused_estimate(name, title, str(refusal), (finding,))
    rows = [
        _row(by, group, curve, months, level) for group, curve in curves for months in TOLD_MONTHS
    ]
    table = pd.DataFrame(rows)
    largest = sorted(curves, key=lambda one: (-_n(one[1]), one[0]))[:MOST_CURVES]
    steps, numbers = _drawn(sorted(largest, key=lambda one: one[0]), by or "", level)
    return Estimate(
        name,
        title,
        table.drop(columns="method"),
        findings=tuple(_finding(desk, by, row, start, end, level) for row in rows),
        sentences=_retention_words(table, by),
        definitions=(record,),
        caveats=(LATE, NOW),
        draw=lambda ax: _draw_retention(steps, numbers, by, title, ax),
        alt=_alt(table, by),
    )


def _n(curve: KaplanMeier | str) -> int:
    return 0 if isinstance(curve, str) else curve.n


def _curves(frame: pd.DataFrame, by: str | None) -> list[tuple[str, KaplanMeier | str]]:
    if by is None:
        return [("", _curve(frame))]
    parts = [(str(key), part) for key, part in frame.groupby(by, sort=True)]
    found: list[tuple[str, KaplanMeier | str]] = []
    for key, part in parts:
        try:
            found.append((key, _curve(part)))
        except NotEstimable as refusal:
            found.append((key, str(refusal)))
    return found


def _curve(part: pd.DataFrame) -> KaplanMeier:
    from supportlab.stats.competing import delayed_kaplan_meier

    if part["n_entered"].sum() < MINIMUM_ROWS:
        raise NotEstimable(
            f"only {int(part['n_entered'].sum())} stays are in view; at least {MINIMUM_ROWS} are "
            "needed"
        )
    ended = part[list(ENDS)].sum(axis=1).to_numpy()
    return delayed_kaplan_meier(part["day"], part["n_entered"], ended, part["n_censored"])


def _row(
    by: str | None, group: str, curve: KaplanMeier | str, months: int, level: float
) -> dict[str, Any]:
    from supportlab.stats import survival_at

    known: dict[str, Any] = {by: group} if by else {}
    known |= {"months": months, "estimate": None, "ci_low": None, "ci_high": None}
    known |= {"ci_level": level, "unit": "proportion", "n": _n(curve), "n_at_risk": 0}
    known |= {"method": None, "reason": None}
    if isinstance(curve, str):
        return known | {"reason": curve}
    at_risk = at_risk_at(curve, months)
    known["n_at_risk"] = at_risk
    if at_risk < LEAST_AT_RISK:
        return known | {"reason": f"only {at_risk} customers are watched at that tenure"}
    try:
        found = survival_at(curve, months * DAYS_PER_MONTH, level)
    except NotEstimable as refusal:
        return known | {"reason": str(refusal)}
    ends = {"estimate": found.estimate, "ci_low": found.low, "ci_high": found.high}
    return known | ends | {"method": f"{found.method}, delayed entry"}


def at_risk_at(curve: KaplanMeier | Incidence, months: float) -> int:
    """Return how many are watched at a tenure in months, 0 beyond what was observed."""
    place = int(np.searchsorted(curve.times, months * DAYS_PER_MONTH, side="right")) - 1
    if months * DAYS_PER_MONTH > curve.last_time:
        return 0
    return round(float(curve.n_at_risk[max(place, 0)]))


def _known(
    desk: Desk, group: dict[str, str], months: int, start: str | None, end: str | None
) -> dict[str, Any]:
    return {
        "id": "churn.retention",
        "study": STUDY,
        "question": "How long do customers stay?",
        "group": {**group, "months": str(months)},
        "estimand": f"share of customers still there {months} months after they came",
        "unit": "proportion",
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _finding(
    desk: Desk,
    by: str | None,
    row: dict[str, Any],
    start: str | None,
    end: str | None,
    level: float,
) -> Finding:
    group = {by: str(row[by])} if by else {}
    known = _known(desk, group, row["months"], start, end) | {"n": row["n"], "caveats": (LATE,)}
    if row["reason"]:
        return Finding.refused(reason=row["reason"], **known)
    return Finding(
        **known,
        estimate=row["estimate"],
        ci_low=row["ci_low"],
        ci_high=row["ci_high"],
        ci_level=level,
        method=row["method"],
    )


def _retention_words(table: pd.DataFrame, by: str | None) -> tuple[str, ...]:
    year = table.loc[(table["months"] == YEAR) & table["estimate"].notna()]
    if year.empty:
        return ("No group is watched for long enough to tell who is there after twelve months.",)
    if by is None:
        return (
            f"After twelve months {interval_words(year.iloc[0])} of the customers are still there.",
        )
    ordered = year.sort_values("estimate")
    low, high = ordered.iloc[0], ordered.iloc[-1]
    return (
        (
            f"After twelve months {interval_words(high)} are still there in {high[by]} at one end "
            f"and {interval_words(low)} in {low[by]} at the other; some of the distance is "
            "chance, and groups differ in more than their name."
        ),
    )


def interval_words(row: pd.Series) -> str:
    """Return estimate and interval of a row in words."""
    return format_interval(
        row["estimate"], row["ci_low"], row["ci_high"], "proportion", row["ci_level"]
    )


def tenure_marks(last: float) -> list[int]:
    """Return the months at which numbers at risk are written, up to the last."""
    return [months for months in MARKS_MONTHS if months <= last] or [0]


def last_month(curve: KaplanMeier | Incidence) -> float:
    """Return the last tenure in months at which enough customers are watched."""
    enough = np.flatnonzero(curve.n_at_risk >= LEAST_AT_RISK)
    return float(curve.times[enough[-1]]) / DAYS_PER_MONTH if enough.size else 0.0


def _drawn(
    curves: list[tuple[str, KaplanMeier | str]], by: str, level: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    from supportlab.stats import survival_band

    known = [(group, curve) for group, curve in curves if not isinstance(curve, str)]
    last = max((last_month(curve) for _, curve in known), default=0.0)
    steps, numbers = [], []
    for group, curve in known:
        low, high = survival_band(curve, level)
        kept = curve.n_at_risk >= LEAST_AT_RISK
        begin = {"time": [0.0], "survival": [1.0], "ci_low": [1.0], "ci_high": [1.0]}
        rows = {
            "time": curve.times[kept] / DAYS_PER_MONTH,
            "survival": curve.survival[kept],
            "ci_low": low[kept],
            "ci_high": high[kept],
        }
        part = pd.concat([pd.DataFrame(begin), pd.DataFrame(rows)], ignore_index=True)
        steps.append(part.assign(**{by or "group": group}))
        marks = tenure_marks(last)
        at_risk = [at_risk_at(curve, mark) for mark in marks]
        numbers.append(pd.DataFrame({"time": marks, "n_at_risk": at_risk, by or "group": group}))
    return pd.concat(steps, ignore_index=True), pd.concat(numbers, ignore_index=True)


def _draw_retention(
    steps: pd.DataFrame, numbers: pd.DataFrame, by: str | None, title: str, ax: Axes | None
) -> Axes:
    from supportlab.plots.at_risk import retention_curves

    return retention_curves(steps, numbers, series=by, title=title, ax=ax)


def _alt(table: pd.DataFrame, by: str | None) -> str:
    rows = table.loc[table["estimate"].notna()]
    parts = [
        f"{row[by] if by else 'all'} after {row['months']} months {interval_words(row)}, "
        f"{row['n_at_risk']:,} at risk"
        for _, row in rows.iterrows()
    ]
    return f"Curves of the share still there by months since they came: {'; '.join(parts)}."
