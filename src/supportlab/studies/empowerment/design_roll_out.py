"""Authority that began at different times in different teams: what would have been without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_difference, format_p
from supportlab.records import Check
from supportlab.studies.empowerment.design_results import DesignResult, points
from supportlab.studies.empowerment.frame import study_frame, team_cells

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.stats.staggered import RollOut
    from supportlab.studies.empowerment.frame import Frame
    from supportlab.studies.empowerment.outcomes import Outcome

__all__ = ["PARTS", "fit_cells", "fitted_roll_out", "roll_out_result"]

COVARIATES = ("category", "channel", "market", "value_band", "tenure_band")
PARTS = ("cohort", "market", "category", "value_band", "tenure_band")
# Below this share of tickets with authority kept, the figure is about somebody else.
LEAST_KEPT = 0.5
ALARM = 0.05


def fitted_roll_out(
    desk: Desk,
    outcome: Outcome,
    start: str | None,
    end: str | None,
    level: float,
    anticipation: int = 0,
) -> RollOut:
    """
    Fit the roll-out once a question.

    Parameters
    ----------
    desk : Desk
        The data.
    outcome : Outcome
        What is looked at.
    start, end : str or None
        ISO dates.
    level : float
        Level of the intervals.
    anticipation : int
        Months before authority that may already be changed.

    Returns
    -------
    RollOut
        With parts by cohort, market, topic, value and tenure.

    Raises
    ------
    NotEstimable
        There is no roll-out, or too few units to tell.
    """
    name = f"authority roll-out {outcome.name} {start} {end} {level} {anticipation}"
    return desk.once(name, lambda: _fit(desk, outcome, start, end, level, anticipation))


def roll_out_result(
    desk: Desk,
    outcome: Outcome,
    start: str | None,
    end: str | None,
    level: float,
    anticipation: int = 0,
) -> DesignResult:
    """Return the roll-out's effect with its checks, or why there is none."""
    estimand = (
        f"mean effect of having authority on {outcome.words}, over the tickets of those who were "
        "given it, against the same tickets without"
    )
    try:
        found = fitted_roll_out(desk, outcome, start, end, level, anticipation)
    except NotEstimable as refusal:
        return DesignResult("rollout", None, str(refusal), None, estimand)
    kept = found.interval.n / max(1, found.interval.n + found.n_dropped)
    doubt = ""
    if found.pre_trend is not None and found.pre_trend.p_value < ALARM:
        doubt = "teams moved apart before they had authority"
    if kept < LEAST_KEPT:
        doubt = (
            f"only {100 * kept:.0f} % of the tickets with authority have others to speak for them"
        )
    return DesignResult(
        "rollout",
        found.interval,
        "",
        found.naive,
        estimand,
        checks=_checks(found, outcome, kept),
        doubt=doubt,
        caveats=(
            (
                "Without authority the teams' means must have moved in parallel; the months before "
                "it can speak against that, not for it."
            ),
        ),
    )


def _fit(
    desk: Desk,
    outcome: Outcome,
    start: str | None,
    end: str | None,
    level: float,
    anticipation: int,
) -> RollOut:
    return fit_cells(study_frame(desk, start, end), outcome, anticipation, level)


def fit_cells(frame: Frame, outcome: Outcome, anticipation: int, level: float) -> RollOut:
    """Fit the roll-out to the cells of a frame."""
    from supportlab.stats.cell_models import design_columns
    from supportlab.stats.staggered import imputed_effect

    _refuse(frame)
    cells = team_cells(frame, outcome.name)
    cells = cells.loc[~cells["is_partial"]].reset_index(drop=True)
    rows = cells[f"n_{outcome.name}"]
    names = [name for name in COVARIATES if name != frame.unit and name in cells]
    design = design_columns({name: cells[name].tolist() for name in names}, rows)
    return imputed_effect(
        cells["unit"],
        cells["period"],
        rows,
        cells[f"s_{outcome.name}"],
        cells["adopted"],
        cluster=cells["cluster"],
        design=design.matrix,
        anticipation=anticipation,
        parts=_parts(frame, cells),
        level=level,
    )


def _refuse(frame: Frame) -> None:
    if frame.several_scopes:
        raise NotEstimable(
            "Authority is given to units of several kinds at once; there is no one date per unit."
        )
    dates = sorted(set(frame.starts.values()))
    inside = [date for date in dates if 0 < date < len(frame.months)]
    if not inside:
        raise NotEstimable(
            "No unit got authority within the period; there is no before and after to compare."
        )
    never = set(frame.cells["unit"]) - set(frame.starts)
    if len(dates) == 1 and not never:
        raise NotEstimable("All got authority in the same month; nobody shows what else changed.")


def _parts(frame: Frame, cells: pd.DataFrame) -> Mapping[str, pd.Series]:
    months = np.array([*frame.months, "never"], dtype=object)
    adopted = cells["adopted"].to_numpy()
    inside = np.isfinite(adopted) & (adopted >= 0) & (adopted < len(frame.months))
    place = np.where(inside, adopted, len(frame.months)).astype(int)
    cohort = pd.Series(months[place], index=cells.index)
    return {"cohort": cohort} | {name: cells[name] for name in PARTS[1:] if name in cells}


def _checks(found: RollOut, outcome: Outcome, kept: float) -> tuple[Check, ...]:
    parallel = "teams move in parallel before they have authority"
    trend = found.pre_trend
    if trend is None:
        first = Check(parallel, None, "too few months lie before authority to tell")
    else:
        first = Check(
            parallel,
            trend.p_value >= ALARM,
            (
                f"the last {len(trend.leads)} months before, all together: "
                f"{format_p(trend.p_value)}; their mean is "
                f"{format_difference(trend.mean.estimate, outcome.unit)}, and one of "
                f"{points(trend.detectable, outcome.unit)[1:]} would have been found four times "
                "in five"
            ),
        )
    return (
        first,
        Check(
            "untreated months speak for the tickets with authority",
            kept >= LEAST_KEPT,
            f"{100 * kept:.0f} % of them, in {found.n_adopters} of {len(found.clusters)} clusters",
        ),
        Check(
            "the usual regression beside it",
            None,
            (
                f"two-way fixed effects give {points(found.naive, outcome.unit)}, imputation "
                f"{points(found.interval.estimate, outcome.unit)}; the former takes teams that had "
                "authority early as controls of those that got it late"
            ),
        ),
    )
