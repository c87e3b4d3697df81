"""Who answers the survey, what that does to the effect on satisfaction, and how far it could go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_difference, format_value
from supportlab.results import Estimate
from supportlab.studies.common.refusals import refused_estimate
from supportlab.studies.empowerment.design_roll_out import fit_cells, fitted_roll_out
from supportlab.studies.empowerment.frame import answer_weights, study_frame
from supportlab.studies.empowerment.outcomes import outcome_of
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["answering"]

# How much less satisfied those who do not answer might be because of authority, in steps that
# people can imagine.
STEPS = (-0.10, -0.05, -0.02, 0.02, 0.05, 0.10)


def answering(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Show what answering does to the effect of authority on satisfaction.

    Not a cure for answers that depend on the answer itself: the bounds say how far that could go.

    Parameters
    ----------
    desk : Desk
        The data; surveys of kind ``csat``.
    start, end : str, optional
        ISO dates of creation, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a way to read the answers: as they are; weighted by the chance of answering; with
        those who did not answer moved by a step; all of them dissatisfied, or all satisfied.

    Notes
    -----
    Authority changes first contact resolution, and that changes who answers: to compare those who
    answered is to hold a consequence fixed. Weights come from a model of answering that knows
    first contact resolution. A step moves the non-answers of tickets with authority alone; the
    last two rows are the bounds of Manski (1990) given what would have been without authority.
    """
    title = "Satisfaction and who answers"
    name = "empowerment-answering"
    asked = outcome_of("csat")
    try:
        table, found, rate = _table(desk, start, end, level)
    except NotEstimable as refusal:
        return refused_estimate(name, title, str(refusal))
    weighted = found.interval
    silent = 1.0 - rate
    undone = -weighted.estimate / silent if silent > 0 else np.nan
    _, model = answer_weights(desk, start, end)
    first = format_difference(float(table["estimate"].iloc[0]), "proportion")
    words = [
        (
            f"{format_value(rate, 'proportion')} of the tickets with authority have an answer. "
            f"As the answers stand the effect is {first}, "
            f"weighted for who answers {format_difference(weighted.estimate, 'proportion')}."
        ),
        (
            f"The weighted effect would be none if authority changed the satisfaction of those who "
            f"do not answer by {format_difference(undone, 'proportion')} more than the model says."
        ),
    ]
    if model is not None:
        words.append(
            f"The weights leave {model.n_answered:,} answers worth {model.effective:,.0f} of one "
            "weight."
        )
    return Estimate(
        name, title, table.assign(unit=asked.unit), sentences=tuple(words), caveats=asked.caveats
    )


def _table(
    desk: Desk, start: str | None, end: str | None, level: float
) -> tuple[pd.DataFrame, Any, float]:
    frame = study_frame(desk, start, end)
    outcome = outcome_of("csat")
    found = fitted_roll_out(desk, outcome, start, end, level)
    plain = _plain(desk, start, end, level)
    cells = frame.cells.loc[frame.cells["has_authority"] == 1]
    rate = float(cells["n_answered"].sum() / cells["n_asked"].sum())
    one, other = plain.interval, found.interval
    rows = [
        _row("answers as they are", one.estimate, one.low, one.high),
        _row("weighted by the chance of answering", other.estimate, other.low, other.high),
    ]
    silent = 1.0 - rate
    rows += [
        _row(
            f"weighted; non-answers with authority "
            f"{format_difference(step, 'proportion').replace('.0', '')}",
            other.estimate + step * silent, (other.low or 0.0) + step * silent,
            (other.high or 0.0) + step * silent,
        )
        for step in STEPS
    ]  # fmt: skip
    level_with = float(cells["s_csat"].sum() / cells["n_csat"].sum())
    without = level_with - other.estimate
    good = float(cells["n_good"].sum() / cells["n_asked"].sum())
    rows.append(_row("all non-answers with authority dissatisfied", good - without, None, None))
    rows.append(
        _row("all non-answers with authority satisfied", good + silent - without, None, None)
    )
    return pd.DataFrame(rows), found, rate


def _plain(desk: Desk, start: str | None, end: str | None, level: float) -> Any:
    frame = study_frame(desk, start, end)
    cells = frame.cells.assign(
        n_csat_plain=frame.cells["n_answered"], s_csat_plain=frame.cells["n_good"]
    )
    outcome = replace(outcome_of("csat"), name="csat_plain")
    return fit_cells(replace(frame, cells=cells), outcome, 0, level)


def _row(words: str, estimate: float, low: float | None, high: float | None) -> dict[str, Any]:
    return {
        "reading": words,
        "versus": "without authority",
        "estimate": estimate,
        "ci_low": np.nan if low is None else low,
        "ci_high": np.nan if high is None else high,
    }
