"""What an agent's time on the job does to results, each agent compared with himself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from supportlab.errors import NotEstimable
from supportlab.format import format_count
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.common.scope import whole_words
from supportlab.studies.service.answering import BESIDE, with_answer_columns
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

__all__ = ["tenure_effect"]

# A quarter to learn the tools, a year to have seen a season, two to have seen it all.
EDGES_DAYS = (90, 365, 730)
BANDS = ("under 90 days", "90 to 364 days", "1 to 2 years", "2 years and more")
OUTCOMES = {"fcr": "first contact resolution", "csat": "CSAT"}
# Below this many agents seen in both bands the contrast is that of a few careers.
FEWEST_AGENTS = 10
FAMILY = Family(
    "tenure-effect",
    "Results by an agent's time on the job, within agents",
    "agents.tenure.effect",
    "empowerment",
    "Do agents do better the longer they serve?",
    "proportion",
    "tickets",
    (
        (
            "Each agent is compared with himself, since weak agents leave and strong ones stay: "
            "that would make the longer-serving better without anybody having learnt."
        ),
        (
            "Within one agent, time on the job and the calendar run together. They can be told "
            "apart because those who have served two years or more are taken to learn no more: "
            "what changes with them is the calendar."
        ),
    ),
    figure_label="within agents, adjusted, with interval",
)


def tenure_effect(
    desk: Desk,
    *,
    outcomes: Sequence[str] = ("fcr", "csat"),
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Compare an agent's results in later bands of tenure with those of his first 90 days.

    Not a comparison of old hands with beginners: who stayed was better to begin with, or not.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``agent_id``, agents with ``hired_at``.
    outcomes : sequence of str
        ``fcr``, ``csat``.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row an outcome and band, against under 90 days; ``naive`` compares all agents' tickets.

    Notes
    -----
    A level for each agent is absorbed; intake and quarter are held equal.
    """
    words = (
        "{outcome} of tickets that an agent served after {band} on the job less that of the same "
        "agent's first 90 days, at equal {held}; " + whole_words(desk.slice)
    )
    rows: list[Row] = []
    try:
        known = known_service(desk, start=start, end=end)
        known.require("agent_id", "tenure_days")
        for outcome in outcomes:
            rows += _rows(known, outcome, words)
    except NotEstimable as refusal:
        text = words.format(outcome="result", band="longer", held="intake")
        return refused_family(desk, FAMILY, text, str(refusal), start=start, end=end)
    family = replace(FAMILY, checks=(_check(known),))
    return family_estimate(
        desk, family, rows, start=start, end=end, definitions=(known.definition,)
    )


def _bands(part: pd.DataFrame) -> NDArray[np.object_]:
    return np.asarray(BANDS, dtype=object)[
        np.searchsorted(EDGES_DAYS, part["tenure_days"].to_numpy(), side="right")
    ]


def _part(known: Known, outcome: str) -> pd.DataFrame:
    known.require(outcome)
    if outcome == "csat":
        part = with_answer_columns(known.served())
    else:
        part = known.table.loc[known.table["cluster"].notna()]
    # Served before he was hired: one of the two times is wrong.
    return part.loc[part["tenure_days"] >= 0].reset_index(drop=True)


def _rows(known: Known, outcome: str, words: str) -> list[Row]:
    reference = BANDS[0]
    keys = [
        ({"outcome": outcome, "tenure": band, "versus": reference}, f"{OUTCOMES[outcome]}, {band}")
        for band in BANDS[1:]
    ]
    texts = [
        words.format(outcome=OUTCOMES[outcome], band=band, held=known.held_words())
        for band in BANDS[1:]
    ]
    try:
        part = _part(known, outcome)
        bands = _bands(part)
        exposures = {band: (bands == band).astype(float) for band in BANDS[1:]}
        _refuse_few(part, bands)
        beside = BESIDE if outcome == "csat" else ()
        found = fit_outcome(
            part,
            outcome,
            exposures,
            known.intake,
            absorb=part["agent_id"],
            beside=beside,
            apart=dict.fromkeys(BANDS[1:], BANDS[1:]),
        )
    except NotEstimable as refusal:
        return [
            Row(group, label, text, None, reason=str(refusal))
            for (group, label), text in zip(keys, texts, strict=True)
        ]
    return [
        fitted_row(found, band, group, label, text)
        for band, (group, label), text in zip(BANDS[1:], keys, texts, strict=True)
    ]


def _refuse_few(part: pd.DataFrame, bands: NDArray[np.object_]) -> None:
    seen = pd.DataFrame({"agent": part["agent_id"], "band": bands}).drop_duplicates()
    early = set(seen.loc[seen["band"] == BANDS[0], "agent"])
    both = early & set(seen.loc[seen["band"] != BANDS[0], "agent"])
    if len(both) < FEWEST_AGENTS:
        raise NotEstimable(
            f"{len(both)} agents were seen both in their first 90 days and later; at least "
            f"{FEWEST_AGENTS} are needed to compare agents with themselves."
        )


def _check(known: Known) -> Check:
    table = known.table.loc[known.table["tenure_days"].notna() & known.table["cluster"].notna()]
    n_bad = int((table["tenure_days"] < 0).sum())
    n_old = int((table["tenure_days"] >= EDGES_DAYS[-1]).sum())
    return Check(
        "agents who tell the calendar from learning",
        n_old > 0,
        f"{format_count(n_old)} of {format_count(len(table))} tickets were served by agents with "
        f"two years or more; {format_count(n_bad)} lie before their agent's start and are left out",
    )
