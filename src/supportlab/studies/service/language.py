"""Service in the customer's language against service in another, within agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

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

__all__ = ["language_effect"]

OUTCOMES = {"fcr": "first contact resolution", "csat": "CSAT"}
FEWEST_TICKETS = 30
FAMILY = Family(
    "language-effect",
    "Served in the customer's language",
    "coverage.language.effect",
    "channel-choice",
    "Does support in the customer's own language resolve and satisfy more?",
    "proportion",
    "tickets",
    (
        (
            "An agent is compared with himself, with customers whose language he speaks and with "
            "others, at equal language of the customer; who gets the one who speaks it may still "
            "depend on what the ticket is about."
        ),
        (
            "The language is the one that the customer is known by, and the agent's are those on "
            "file; what was in fact spoken is not in the data."
        ),
    ),
    figure_label="within agents, adjusted, with interval",
)


def language_effect(
    desk: Desk,
    *,
    outcomes: Sequence[str] = ("fcr", "csat"),
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Compare results where the agent speaks the customer's language with those where he does not.

    Not for desks that route by language without exception: nobody is then served in another.

    Parameters
    ----------
    desk : Desk
        The data; agents with ``languages``, tickets with ``language`` and ``agent_id``.
    outcomes : sequence of str
        ``fcr``, ``csat``.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row an outcome.

    Notes
    -----
    A level for each agent is absorbed; intake, quarter and the customer's language are held equal.
    """
    words = (
        "{outcome} of tickets whose agent speaks the customer's language less that of others of "
        "the "
        "same agent, at equal {held}; " + whole_words(desk.slice)
    )
    try:
        known = known_service(desk, start=start, end=end)
        known.require("agent_id", "same_language")
        rows = [_row(known, outcome, words) for outcome in outcomes]
    except NotEstimable as refusal:
        text = words.format(outcome="result", held="intake")
        return refused_family(desk, FAMILY, text, str(refusal), start=start, end=end)
    family = replace(FAMILY, checks=(_check(known.table),))
    return family_estimate(
        desk, family, rows, start=start, end=end, definitions=(known.definition,)
    )


def _row(known: Known, outcome: str, words: str) -> Row:
    held = (*known.intake, "language")
    group, label = {"outcome": outcome}, OUTCOMES[outcome]
    text = words.format(outcome=OUTCOMES[outcome], held=known.held_words(held))
    try:
        known.require(outcome)
        part = _part(known, outcome)
        found = fit_outcome(
            part,
            outcome,
            {"same": part["same_language"].to_numpy(dtype=float)},
            held,
            absorb=part["agent_id"],
            beside=BESIDE if outcome == "csat" else (),
        )
    except NotEstimable as refusal:
        return Row(group, label, text, None, reason=str(refusal))
    return fitted_row(found, "same", group, label, text)


def _part(known: Known, outcome: str) -> pd.DataFrame:
    is_survey = outcome == "csat"
    table = with_answer_columns(known.served()) if is_survey else known.table
    kept = table["cluster"].notna() & table["same_language"].notna()
    part = table.loc[kept].reset_index(drop=True)
    heard = part.loc[part[outcome].notna(), "same_language"]
    fewest = int(min((heard == 1).sum(), (heard == 0).sum()))
    if fewest < FEWEST_TICKETS:
        raise NotEstimable(
            f"{fewest} tickets were served in one of the two ways; at least {FEWEST_TICKETS} are "
            "needed of each."
        )
    return part


def _check(table: pd.DataFrame) -> Check:
    known = table.loc[table["cluster"].notna() & table["same_language"].notna()]
    spread = known.groupby("agent_id")["same_language"].nunique()
    both = int((spread > 1).sum())
    other = int((known["same_language"] == 0).sum())
    return Check(
        "agents serve customers of both kinds",
        both > 0,
        f"{format_count(both)} of {format_count(len(spread))} agents; {format_count(other)} of "
        f"{format_count(len(known))} tickets were served in another language",
    )
