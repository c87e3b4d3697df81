"""First contact resolution and repeat contacts by handle time, within agent and topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.common.scope import whole_words
from supportlab.studies.service.fits import fit_outcome
from supportlab.studies.service.known import Known, known_service
from supportlab.studies.service.rows import (
    Family,
    Row,
    family_estimate,
    fitted_row,
    refused_family,
)

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["handle_time_outcomes"]

OUTCOMES = {"fcr": "first contact resolution", "is_repeat": "tickets with a repeat contact"}
GROUPS = {"fcr": "fcr", "is_repeat": "repeat_contact"}
SHORTEST_MINUTES = 0.5
FAMILY = Family(
    "handle-time-outcomes",
    "First contact resolution and repeat contacts by handle time",
    "support.handle_time.fcr",
    "empowerment",
    "Do tickets that were handled in less time come back more often?",
    "proportion",
    "tickets",
    (
        (
            "Handle time is not known at intake: a hard issue takes longer and fails more often, "
            "and a failure takes more handling. The figure says how the two go together at equal "
            "agent and topic; it does not say what pressing for shorter times would do."
        ),
        (
            "Only a change of the target for handle time, at a date or for some agents, could tell "
            "that."
        ),
    ),
    (
        Check(
            "handle time is over before its outcome is",
            False,
            "it grows while a ticket fails: no adjustment turns this into an effect of haste",
        ),
    ),
    figure_label="within agent and topic, with interval",
)


def handle_time_outcomes(
    desk: Desk, *, start: str | None = None, end: str | None = None
) -> Estimate:
    """
    Compare first contact resolution and repeat contacts by handle time, within agent and topic.

    Not what shorter handling would bring: handle time follows difficulty and failure.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``handle_minutes``, ``agent_id`` and ``category``.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row an outcome: the change per halving of handle time, within agent and topic, at equal
        intake.
    """
    words = (
        "change in the share of {outcome} per halving of handle time, within agent and topic, at "
        "equal {held}; an association, " + whole_words(desk.slice)
    )
    try:
        known = known_service(desk, start=start, end=end)
        known.require("handle_minutes", "agent_id", "category")
        rows = [_row(known, outcome, words) for outcome in OUTCOMES]
    except NotEstimable as refusal:
        text = words.format(outcome=OUTCOMES["fcr"], held="intake")
        return refused_family(desk, FAMILY, text, str(refusal), start=start, end=end)
    return family_estimate(
        desk, FAMILY, rows, start=start, end=end, definitions=(known.definition,)
    )


def _row(known: Known, outcome: str, words: str) -> Row:
    held = [name for name in known.intake if name != "category"]
    group, label = {"outcome": GROUPS[outcome]}, f"{OUTCOMES[outcome]}, per halving"
    text = words.format(outcome=OUTCOMES[outcome], held=known.held_words(held))
    try:
        known.require(outcome)
        part = _part(known, outcome)
        minutes = np.maximum(part["handle_minutes"].to_numpy(dtype=float), SHORTEST_MINUTES)
        pair = part["agent_id"].astype(str) + " | " + part["category"].astype(str)
        found = fit_outcome(part, outcome, {"halving": -np.log2(minutes)}, held, absorb=pair)
    except NotEstimable as refusal:
        return Row(group, label, text, None, reason=str(refusal))
    return fitted_row(found, "halving", group, label, text)


def _part(known: Known, outcome: str) -> pd.DataFrame:
    table = known.table
    kept = table["handle_minutes"].notna() & table["cluster"].notna() & table[outcome].notna()
    kept &= table["category"].notna() & (table["handle_minutes"] >= 0)
    return table.loc[kept].reset_index(drop=True)
