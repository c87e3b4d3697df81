"""An agent's readiness to use authority elsewhere, as instrument for its use in a ticket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_p
from supportlab.records import Check
from supportlab.studies.empowerment.design_results import DesignResult, points
from supportlab.studies.empowerment.frame import study_frame, weighted_tickets

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.stats.instrument import InstrumentEffect
    from supportlab.stats.interval import Contrast
    from supportlab.studies.empowerment.outcomes import Outcome

__all__ = ["ExaminerFit", "examiner_result", "fitted_examiner"]

ALARM = 0.05
# What is known at intake and should not go with which agent picks up the ticket.
FEATURES = ("category", "channel", "market", "value_band", "priority")
SUBGROUPS = ("category", "channel", "value_band")
FEWEST = 100


@dataclass(frozen=True)
class ExaminerFit:
    """
    The effect of use with the tests of its instrument.

    Parameters
    ----------
    main : InstrumentEffect
        Effect, first stage.
    balance : pandas.DataFrame
        One row a feature: its slope on readiness, ``p_value``, ``p_adjusted`` (Holm).
    monotonicity : pandas.DataFrame
        One row a subgroup: first stage, ``p_negative`` adjusted (Holm).
    share_used : float
        Tickets settled by own authority among those with authority.
    """

    main: InstrumentEffect
    balance: pd.DataFrame
    monotonicity: pd.DataFrame
    share_used: float


def fitted_examiner(
    desk: Desk, outcome: Outcome, start: str | None, end: str | None, level: float
) -> ExaminerFit:
    """Fit the instrument once a question."""
    name = f"authority examiner {outcome.name} {start} {end} {level}"
    return desk.once(name, lambda: _fit(desk, outcome, start, end, level))


def examiner_result(
    desk: Desk, outcome: Outcome, start: str | None, end: str | None, level: float
) -> DesignResult:
    """Return the effect of use with its checks, or why there is none."""
    estimand = (
        f"effect on {outcome.words} of settling a ticket by own authority, over the tickets where "
        "it depends on the agent, against the same tickets settled otherwise"
    )
    try:
        found = fitted_examiner(desk, outcome, start, end, level)
    except NotEstimable as refusal:
        return DesignResult("examiner", None, str(refusal), None, estimand)
    main = found.main
    checks = (_strength_check(main, outcome), _balance_check(found), _monotone_check(found))
    shared = {"checks": checks, "share_moved": found.share_used}
    if main.is_weak:
        reason = (
            f"the instrument is weak: first-stage F {main.first.f_statistic:.1f}, below 10; "
            f"{_rubin_words(main, outcome)}"
        )
        return DesignResult("examiner", None, reason, main.naive, estimand, **shared)  # type: ignore[arg-type]
    failed = [check.name for check in checks if check.passed is False]
    return DesignResult(
        "examiner",
        main.interval,
        "",
        main.naive,
        estimand,
        doubt=f"not so: {', '.join(failed)}" if failed else "",
        caveats=(
            (
                "Within a team and week tickets must go to whoever is free, and readiness must "
                "matter through the use of authority alone, not go with skill."
            ),
        ),
        **shared,  # type: ignore[arg-type]
    )


def _fit(
    desk: Desk, outcome: Outcome, start: str | None, end: str | None, level: float
) -> ExaminerFit:
    from supportlab.stats.instrument import instrument_effect

    cells = _cells(desk, start, end)
    if cells["used"].nunique() < 2:
        raise NotEstimable(
            "Tickets do not tell whether own authority was used, or it always or never was."
        )
    keys = (cells["agent"], cells["team"] + " " + cells["week"], cells["used"], cells["n"])
    main = instrument_effect(
        *keys, cells[f"n_{outcome.name}"], cells[f"s_{outcome.name}"], level=level
    )
    tested = f"authority instrument tests {start} {end} {level}"
    balance, monotone = desk.once(tested, lambda: _tests(cells, keys, level))
    every = study_frame(desk, start, end).cells
    covered = every.loc[every["has_authority"] == 1]
    share = float(covered["n_used"].sum() / covered["n"].sum())
    return ExaminerFit(main, balance, monotone, share)


def _cells(desk: Desk, start: str | None, end: str | None) -> pd.DataFrame:
    from supportlab.metrics.authority.cells import agent_cells

    frame = study_frame(desk, start, end)
    if frame.cells.loc[frame.cells["has_authority"] == 1].empty:
        raise NotEstimable("No ticket is of an agent with authority.")
    tickets = weighted_tickets(desk, start, end)
    levels = {name: _levels(tickets, name) for name in FEATURES}
    name = f"agent cells {start} {end}"
    cells: pd.DataFrame = desk.once(name, lambda: agent_cells(tickets, levels))
    if cells.empty:
        raise NotEstimable("No ticket with authority has an amount within its limit.")
    return cells


def _levels(tickets: object, name: str) -> tuple[str, ...]:
    counted = tickets.group_by(name).aggregate(n=tickets.count())  # type: ignore[attr-defined]
    frame = counted.execute()
    return tuple(sorted(frame.loc[frame["n"] >= FEWEST, name].astype(str)))


def _tests(
    cells: pd.DataFrame, keys: tuple[pd.Series, pd.Series, pd.Series, pd.Series], level: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    from supportlab.stats import adjust_p
    from supportlab.stats.instrument import readiness_slopes

    marked = [str(name) for name in cells.columns if str(name).startswith("f_")]
    names = [name for name in marked if cells[name].sum() >= FEWEST]
    features = {name[2:]: cells[name] for name in names}
    slopes = readiness_slopes(*keys, features, level=level)
    balance = _slope_table(slopes)
    balance["p_adjusted"] = adjust_p(balance["p_value"].tolist(), "holm")
    groups = {name: values for name, values in features.items() if name.split("=")[0] in SUBGROUPS}
    stages = readiness_slopes(*keys, groups, is_first_stage=True, level=level)
    monotone = _slope_table(stages)
    # One-sided: only a stage that points the other way speaks against the instrument.
    down = [
        one.p_value / 2.0 if one.estimate < 0 else 1.0 - one.p_value / 2.0
        for one in stages.values()
    ]
    monotone["p_negative"] = adjust_p(down, "holm")
    return balance, monotone


def _slope_table(slopes: dict[str, Contrast]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "of": name,
                "slope": one.estimate,
                "ci_low": one.low,
                "ci_high": one.high,
                "n": one.n,
                "p_value": one.p_value,
            }
            for name, one in slopes.items()
        ],
        columns=["of", "slope", "ci_low", "ci_high", "n", "p_value"],
    )


def _rubin_words(main: InstrumentEffect, outcome: Outcome) -> str:
    ends = main.anderson_rubin
    if ends is None:
        return "the Anderson-Rubin set is no interval"
    if not all(abs(end) < 1e6 for end in ends):
        return "the Anderson-Rubin interval leaves nothing out"
    low, high = (points(end, outcome.unit) for end in ends)
    return f"the Anderson-Rubin interval, which holds all the same, goes from {low} to {high}"


def _strength_check(main: InstrumentEffect, outcome: Outcome) -> Check:
    return Check(
        "the instrument moves the use of authority",
        not main.is_weak,
        (
            f"first-stage F {main.first.f_statistic:.0f} over {main.interval.n_clusters} agents; "
            f"{_rubin_words(main, outcome)}"
        ),
    )


def _balance_check(found: ExaminerFit) -> Check:
    name = "tickets of ready and unready agents are alike"
    table = found.balance
    known = table["p_adjusted"].dropna()
    if known.empty:
        return Check(name, None, "no feature can be compared")
    worst = table.loc[known.index].sort_values("p_adjusted", kind="stable").iloc[0]
    detail = (
        f"of {len(known)} features the one that goes most with readiness is {worst['of']}: "
        f"{format_p(float(worst['p_adjusted']))} adjusted"
    )
    return Check(name, bool(worst["p_adjusted"] >= ALARM), detail, table)


def _monotone_check(found: ExaminerFit) -> Check:
    name = "readiness points the same way in every subgroup"
    table = found.monotonicity
    if table.empty:
        return Check(name, None, "no subgroup is large enough")
    up = int((table["slope"] > 0).sum())
    least = float(table["p_negative"].astype(float).min())
    detail = (
        f"the first stage is above 0 in {up} of {len(table)} subgroups; least p of pointing down, "
        f"adjusted: {least:.2f}"
    )
    return Check(name, least >= ALARM, detail, table)
