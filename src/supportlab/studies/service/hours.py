"""Tickets that came within working hours against those that came outside them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.format import format_share
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.common.scope import whole_words
from supportlab.studies.service.answering import BESIDE, answer_checks, with_answer_columns
from supportlab.studies.service.fits import fit_outcome
from supportlab.studies.service.known import Known, known_service
from supportlab.studies.service.rows import (
    Family,
    family_estimate,
    fitted_row,
    refused_family,
)
from supportlab.studies.service.waits import waiting_tickets

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["hours_effect"]

# The outcomes with their unit and what they are called.
OUTCOMES: dict[str, tuple[Any, str]] = {
    "wait": ("hours", "mean wait up to 72 hours for the first answer of a person"),
    "csat": ("proportion", "CSAT"),
    "fcr": ("proportion", "first contact resolution"),
}
HORIZON_HOURS = 72
FEWEST_TICKETS = 30
BOTH = 2
CAVEATS = (
    (
        "Hours are those of the team that took the ticket, else of its channel, market or desk. A "
        "ticket that waits until morning has waited for the hours themselves: that is what is "
        "measured."
    ),
    (
        "Who writes at night may have another issue than intake tells. Channels that are open "
        "within hours only, as live ones, tell nothing here and are left out."
    ),
)


def hours_effect(
    desk: Desk, *, outcome: str = "wait", start: str | None = None, end: str | None = None
) -> Estimate:
    """
    Compare tickets that came within working hours with those that came outside them.

    Not what longer hours would bring to those who now write within them.

    Parameters
    ----------
    desk : Desk
        The data; schedules, or hours in ``desk.toml``.
    outcome : {"wait", "csat", "fcr"}
        The wait for the first answer, in hours; CSAT; first contact resolution.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row: covered less not covered, at equal intake and language.

    Raises
    ------
    ParameterError
        The outcome is not known.
    """
    if outcome not in OUTCOMES:
        raise ParameterError(f"outcome came as {outcome!r}. {did_you_mean(str(outcome), OUTCOMES)}")
    unit, words = OUTCOMES[outcome]
    family = Family(
        f"hours-effect-{outcome}",
        f"Within and outside working hours: {words.split(' up to')[0]}",
        "coverage.hours.effect",
        "channel-choice",
        "What does it do to customers to write outside working hours?",
        unit,
        "answers" if outcome == "csat" else "tickets",
        CAVEATS,
    )
    text = f"{words} of tickets that came within working hours less that of others, at equal {{}}; "
    text += whole_words(desk.slice)
    group = {"outcome": outcome}
    try:
        known = known_service(desk, start=start, end=end, with_hours=True)
        column, part = _part(known, outcome)
        held = [*known.intake, *(name for name in ("language",) if name in part)]
        fitted = fit_outcome(
            part,
            column,
            {"open": part["is_open"].to_numpy(dtype=float)},
            held,
            beside=BESIDE if outcome == "csat" else (),
        )
    except NotEstimable as refusal:
        estimand = text.format("intake")
        return refused_family(
            desk, family, estimand, str(refusal), group=group, start=start, end=end
        )
    row = fitted_row(
        fitted, "open", group, "within hours against outside", text.format(known.held_words(held))
    )
    checks = (_check(known, part), *answer_checks(fitted))
    return family_estimate(
        desk,
        replace(family, checks=checks),
        [row],
        start=start,
        end=end,
        definitions=(known.definition,),
    )


def _part(known: Known, outcome: str) -> tuple[str, pd.DataFrame]:
    known.require("is_open", "channel")
    if outcome == "wait":
        known.require("response_seconds")
        column, part = "wait_hours", waiting_tickets(known, HORIZON_HOURS)[0]
    elif outcome == "csat":
        known.require("csat")
        column, part = "csat", with_answer_columns(known.served())
    else:
        column, part = "fcr", known.table.loc[known.table["cluster"].notna()]
    part = part.loc[part["is_open"].notna() & ~part["channel"].isin(_one_sided(part))]
    part = part.reset_index(drop=True)
    heard = part.loc[part[column].notna(), "is_open"]
    fewest = int(min((heard == 1).sum(), (heard == 0).sum()))
    if fewest < FEWEST_TICKETS:
        raise NotEstimable(
            f"{fewest} tickets came on one side of the working hours; at least {FEWEST_TICKETS} "
            "are needed on each."
        )
    return column, part


def _one_sided(part: pd.DataFrame) -> list[str]:
    """Return the channels that are written to on one side of the working hours only."""
    sides = part.groupby("channel")["is_open"].nunique()
    return sorted(str(name) for name in sides.index[sides < BOTH])


def _check(known: Known, part: pd.DataFrame) -> Check:
    inside = int((part["is_open"] == 1).sum())
    words = f"{format_share(inside, len(part))} of the tickets compared came within hours"
    lonely = _one_sided(known.table)
    if lonely:
        words += f"; left out, since open on one side only: {', '.join(lonely)}"
    return Check("channels are written to within hours and outside", None, words)
