"""By which of two ways customers leave, and by when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_value
from supportlab.results import Estimate
from supportlab.studies.churn.curves import (
    DAYS_PER_MONTH,
    LATE,
    LEAST_AT_RISK,
    TOLD_MONTHS,
    at_risk_at,
    interval_words,
    last_month,
    tenure_marks,
)
from supportlab.studies.common.refusals import refused_estimate
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats.competing import Incidence

__all__ = ["incidence"]

CAUSES = {"voluntary": "n_voluntary", "involuntary": "n_involuntary", "not known": "n_unknown"}


def incidence(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate how many have left by their own will, and by a failed payment, by tenure.

    Not one minus Kaplan-Meier of each way, which is shown beside: it asks how many would leave in
    one way if nobody could in the other, and is too high.

    Parameters
    ----------
    desk : Desk
        The data; customers with ``churned_at`` and ``churn_kind``.
    start, end : str, optional
        ISO dates between which stays are in view, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a way and tenure: ``cause``, ``months``, ``estimate``, ``ci_low``, ``ci_high``,
        ``naive_rate``, ``n_at_risk``, ``reason``.

    Notes
    -----
    Aalen-Johansen with delayed entry, delta-method variance, log(-log) limits.
    """
    from supportlab.metrics.customers.stay_times import stay_times
    from supportlab.stats.competing import cumulative_incidence

    name, title = "cumulative-incidence", "Leaving by kind and tenure"
    try:
        if not desk.has("customers", "churn_kind", "churned_at"):
            raise NotEstimable("Kinds of churn need customers with churned_at and churn_kind.")
        frame, record = stay_times(desk, start=start, end=end)
        ended = {
            cause: frame[column].to_numpy()
            for cause, column in CAUSES.items()
            if frame[column].any()
        }
        found = cumulative_incidence(frame["day"], frame["n_entered"], ended, frame["n_censored"])
    except NotEstimable as refusal:
        return refused_estimate(name, title, str(refusal))
    rows = [_incidence_row(one, months, level) for one in found.values() for months in TOLD_MONTHS]
    table = pd.DataFrame(rows)
    steps = pd.concat([_incidence_steps(one, level) for one in found.values()], ignore_index=True)
    first = next(iter(found.values()))
    marks = tenure_marks(last_month(first))
    numbers = pd.DataFrame({"time": marks, "n_at_risk": [at_risk_at(first, m) for m in marks]})
    return Estimate(
        name,
        title,
        table,
        sentences=_incidence_words(table),
        definitions=(record,),
        caveats=(LATE, "Not known: those who left and came back later, whose first way is lost."),
        draw=lambda ax: _draw_incidence(steps, numbers, title, ax),
        alt=_incidence_alt(table),
    )


def _incidence_row(found: Incidence, months: int, level: float) -> dict[str, Any]:
    from supportlab.stats.incidence_intervals import incidence_at

    place = int(np.searchsorted(found.times, months * DAYS_PER_MONTH, side="right")) - 1
    known: dict[str, Any] = {
        "cause": found.cause,
        "months": months,
        "estimate": None,
        "ci_low": None,
        "ci_high": None,
        "ci_level": level,
        "unit": "proportion",
        "naive_rate": float(found.alone[place]) if place >= 0 else None,
        "n_at_risk": at_risk_at(found, months),
        "reason": None,
    }
    if known["n_at_risk"] < LEAST_AT_RISK:
        return known | {"reason": f"only {known['n_at_risk']} customers are watched then"}
    try:
        share = incidence_at(found, months * DAYS_PER_MONTH, level)
    except NotEstimable as refusal:
        return known | {"reason": str(refusal)}
    return known | {"estimate": share.estimate, "ci_low": share.low, "ci_high": share.high}


def _incidence_steps(found: Incidence, level: float) -> pd.DataFrame:
    from supportlab.stats.incidence_intervals import incidence_band

    low, high = incidence_band(found, level)
    kept = (found.n_at_risk >= LEAST_AT_RISK) & (found.incidence > 0)
    return pd.DataFrame(
        {
            "cause": found.cause,
            "time": found.times[kept] / DAYS_PER_MONTH,
            "incidence": found.incidence[kept],
            "ci_low": low[kept],
            "ci_high": high[kept],
            "alone": found.alone[kept],
        }
    )


def _incidence_words(table: pd.DataFrame) -> tuple[str, ...]:
    last = table.loc[table["estimate"].notna() & (table["cause"] != "not known")]
    if last.empty:
        return ("No kind of leaving is seen for long enough.",)
    last = last.loc[last["months"] == last["months"].max()]
    months = int(last["months"].iloc[0])
    told = [f"{interval_words(row)} {row['cause']}" for _, row in last.iterrows()]
    top = last.sort_values("estimate").iloc[-1]
    wrong = format_value(float(top["naive_rate"]), "proportion")
    return (
        f"Within {months} months of coming, customers have left: {' and '.join(told)}.",
        (
            f"One minus Kaplan-Meier would say {wrong} {top['cause']}, as if those who left in "
            "another way could still leave."
        ),
    )


def _draw_incidence(
    steps: pd.DataFrame, numbers: pd.DataFrame, title: str, ax: Axes | None
) -> Axes:
    from supportlab.plots.at_risk import incidence_curves

    return incidence_curves(steps, numbers, title=title, ax=ax)


def _incidence_alt(table: pd.DataFrame) -> str:
    rows = table.loc[table["estimate"].notna()]
    parts = [
        f"{row['cause']} by {row['months']} months {interval_words(row)}"
        for _, row in rows.iterrows()
    ]
    return f"Curves of the share that has left in each way by tenure: {'; '.join(parts)}."
