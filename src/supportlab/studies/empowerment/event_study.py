"""The effect of authority by months since it began, with the months before as a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_interval
from supportlab.results import Estimate
from supportlab.studies.common.refusals import refused_estimate
from supportlab.studies.common.rows import numbers_of
from supportlab.studies.common.scope import whole_words
from supportlab.studies.empowerment.design_results import known_of, points
from supportlab.studies.empowerment.design_roll_out import fitted_roll_out, roll_out_result
from supportlab.studies.empowerment.outcomes import Outcome, outcome_of, verdict_of
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats.staggered import RollOut

__all__ = ["event_study"]


def event_study(
    desk: Desk,
    outcome: str = "fcr",
    *,
    anticipation: int = 0,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate the effect of authority by months since a team got it.

    Not one effect seen through time: later months come from the teams that got it early.

    Parameters
    ----------
    desk : Desk
        The data.
    outcome : str
        As of `effect`.
    anticipation : int
        Months before authority that may already be changed by its coming.
    start, end : str, optional
        ISO dates of creation, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a month: those before authority (leads, from untreated months alone) and those
        after it, each after one with a finding.
    """
    asked = outcome_of(outcome)
    title = f"Authority and {asked.plain_title}, by months since it began"
    name = f"empowerment-{asked.name.replace('_', '-')}-by-month"
    try:
        found = fitted_roll_out(desk, asked, start, end, level, anticipation)
    except NotEstimable as refusal:
        return refused_estimate(name, title, str(refusal))
    table = _table(found, asked, level)
    checks = roll_out_result(desk, asked, start, end, level, anticipation).checks
    return Estimate(
        name=name,
        title=title,
        table=table,
        findings=_findings(desk, found, asked, table, start, end, level),
        sentences=_sentences(table, asked),
        checks=checks,
        caveats=(
            (
                "Months far after the beginning are those of the few teams that began early; a "
                "rise over the months may be theirs or come with practice."
            ),
        ),
        draw=lambda ax: _draw(table, asked, title, ax),
        alt=_alt(table, asked, title),
    )


def _table(found: RollOut, outcome: Outcome, level: float) -> pd.DataFrame:
    from supportlab.stats import adjust_p

    leads = sorted(found.pre_trend.leads, key=lambda one: one.periods) if found.pre_trend else []
    rows = []
    for part, shown in (("before", leads), ("after", list(found.by_horizon))):
        adjusted = adjust_p([one.interval.p_value for one in shown])
        for one, p in zip(shown, adjusted, strict=True):
            rows.append(
                {
                    "months_since": one.periods,
                    "part": part,
                    "estimate": one.interval.estimate,
                    "ci_low": one.interval.low,
                    "ci_high": one.interval.high,
                    "n": one.interval.n,
                    "p_value": one.interval.p_value,
                    "p_adjusted": p,
                    "verdict": verdict_of(one.interval, p, outcome.within, level),
                }
            )
    return pd.DataFrame(rows).assign(unit=outcome.unit)


def _findings(
    desk: Desk,
    found: RollOut,
    outcome: Outcome,
    table: pd.DataFrame,
    start: str | None,
    end: str | None,
    level: float,
) -> tuple[Finding, ...]:
    known: dict[str, Any] = {
        **known_of(desk, outcome, start, end),
        "design": "quasi_experiment",
        "ci_level": level,
        "n_clusters": len(found.clusters),
        "method": found.interval.method,
    }
    scope = whole_words(desk.slice)
    return tuple(
        Finding(
            **known,
            group={"design": "rollout", "months_since": str(row["months_since"])},
            estimand=(
                f"mean effect of having authority on {outcome.words} in the tickets "
                f"{row['months_since']} months after a team got it; {scope}"
            ),
            **numbers_of(row),
            n=int(row["n"]),
        )
        for row in table.loc[table["part"] == "after"].to_dict("records")
    )


def _sentences(table: pd.DataFrame, outcome: Outcome) -> tuple[str, ...]:
    after = table.loc[table["part"] == "after"]
    if after.empty:
        return ("No month after the beginning has enough teams to tell.",)
    ends = []
    for row in (after.iloc[0].to_dict(), after.iloc[-1].to_dict()):
        numbers = (row["estimate"], row["ci_low"], row["ci_high"])
        words = format_interval(*numbers, outcome.unit, is_difference=True)
        ends.append(f"{words} in month {row['months_since']}")
    return (f"The effect goes from {ends[0]} to {ends[1]} since authority began.",)


def _draw(table: pd.DataFrame, outcome: Outcome, title: str, ax: Axes | None) -> Axes:
    from supportlab.plots import dot_intervals

    months = [f"{one:+d}".replace("-", "−") if one else "0" for one in table["months_since"]]
    shown = table.assign(month=months)
    return dot_intervals(
        shown,
        label="month",
        unit=outcome.unit,
        ax=ax,
        title=title,
        counted="tickets",
        reference=0.0,
        reference_label="no change",
        estimate_label="effect with interval",
        is_difference=True,
    )


def _alt(table: pd.DataFrame, outcome: Outcome, title: str) -> str:
    after = table.loc[table["part"] == "after"]
    if after.empty:
        return f"{title}: no month after the beginning has enough teams to draw."
    ends = [
        f"{points(row['estimate'], outcome.unit)} in month {row['months_since']}"
        for row in (after.iloc[0].to_dict(), after.iloc[-1].to_dict())
    ]
    return f"{title}: from {ends[0]} to {ends[1]}."
