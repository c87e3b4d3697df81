"""What waiting, and being helped at once, have to do with satisfaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.results import Estimate
from supportlab.studies.common.scope import whole_words
from supportlab.studies.service.answering import BESIDE, answer_checks, with_answer_columns
from supportlab.studies.service.fits import FEWEST_ROWS, Fitted, fit_outcome
from supportlab.studies.service.known import Known, known_service, log_hours, time_band
from supportlab.studies.service.rows import (
    Family,
    Row,
    family_estimate,
    fitted_row,
    refused_family,
)

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["fcr_satisfaction", "first_response_satisfaction", "resolution_time_satisfaction"]

STUDY = "feedback-trends"
# Bounds at which desks promise: an hour, half a working day, a day, three days.
EDGES_HOURS = (1.0, 4.0, 24.0, 72.0)
BANDS = ("under 1 hour", "1 to 4 hours", "4 to 24 hours", "1 to 3 days", "3 days and more")
# Finer where resolution times are held equal: what is left of them must not matter.
HELD_EDGES_HOURS = (0.25, 1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 48.0, 96.0, 192.0)
HELD_BANDS = tuple(f"band {place}" for place in range(len(HELD_EDGES_HOURS) + 1))
WEIGHTED = (
    "Customers who answer differ from those who do not; answers are weighted by the inverse of "
    "their chance, as far as intake, times and first contact resolution tell it. The bounds beside "
    "each figure assume nothing of the silent."
)
RESOLUTION = Family(
    "resolution-time-satisfaction",
    "CSAT and the time to resolution",
    "support.resolution_time.csat",
    STUDY,
    "Are customers whose issue is resolved sooner more satisfied?",
    "proportion",
    "answers",
    (
        (
            "A hard issue takes longer and pleases less; what intake does not tell of its "
            "difficulty is in the figure, so that it is an association at equal intake, not what "
            "haste would bring."
        ),
        WEIGHTED,
    ),
)
RESPONSE = Family(
    "first-response-satisfaction",
    "CSAT and the time to the first answer",
    "support.first_response.csat",
    STUDY,
    "Does a quick first answer count even when the solution comes as late?",
    "proportion",
    "answers",
    (
        (
            "The time to the resolution, which is held equal in eleven bands, holds the time to "
            "the first answer: compared are tickets that ended after the same time and, unless "
            "said otherwise, with the same result at the first contact. Both come after the answer."
        ),
        WEIGHTED,
    ),
)
FCR = Family(
    "fcr-satisfaction",
    "CSAT of tickets resolved at the first contact",
    "support.fcr.csat",
    STUDY,
    "Are customers who needed one contact more satisfied than others?",
    "proportion",
    "answers",
    (
        (
            "First contact resolution is judged after a window for returns; a customer who is "
            "displeased may come back because of that, so that part of the difference may run "
            "backwards."
        ),
        WEIGHTED,
    ),
)


def resolution_time_satisfaction(
    desk: Desk, *, start: str | None = None, end: str | None = None
) -> Estimate:
    """
    Compare CSAT at equal intake by the time to resolution, per halving and by band.

    Not what closing tickets sooner would bring: difficulty that intake does not tell remains.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``resolved_at``, surveys of kind ``csat`` that name their ticket.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row a comparison (see `supportlab.studies.service.rows.family_estimate`): per halving;
        per halving at equal first contact resolution; each band against 1 to 3 days.

    Notes
    -----
    Least squares on resolved tickets, weighted by the inverse chance of an answer.
    """
    try:
        known = known_service(desk, start=start, end=end)
        part = _part(known, "resolution_seconds")
        rows, fitted = _time_rows(desk, known, part, "resolution_seconds", "time to resolution", ())
    except NotEstimable as refusal:
        words = f"change in CSAT per halving of the time to resolution, {whole_words(desk.slice)}"
        return refused_family(desk, RESOLUTION, words, str(refusal), start=start, end=end)
    return _made(desk, RESOLUTION, known, rows, fitted, start, end)


def first_response_satisfaction(
    desk: Desk, *, start: str | None = None, end: str | None = None
) -> Estimate:
    """
    Compare CSAT by the time to the first answer at equal time to resolution.

    Not the whole effect of answering sooner, part of which runs through resolving sooner.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``first_response_at`` and ``resolved_at``, surveys of kind ``csat``.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        As `resolution_time_satisfaction`; the time to resolution is held equal in eleven bands
        between a quarter of an hour and eight days, and first contact resolution beside it, since
        a late answer that still ends soon is a sign of an easy issue.
    """
    try:
        known = known_service(desk, start=start, end=end)
        part = _part(known, "response_seconds", "resolution_seconds")
        band = time_band(part["resolution_seconds"], HELD_EDGES_HOURS, HELD_BANDS)
        part = part.assign(resolution_band=band)
        held = ("resolution_band",)
        rows, fitted = _time_rows(desk, known, part, "response_seconds", "first answer", held)
    except NotEstimable as refusal:
        words = (
            f"change in CSAT per halving of the time to the first answer, {whole_words(desk.slice)}"
        )
        return refused_family(desk, RESPONSE, words, str(refusal), start=start, end=end)
    return _made(desk, RESPONSE, known, rows, fitted, start, end)


def fcr_satisfaction(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compare CSAT of tickets resolved at the first contact with others at equal intake.

    Not an experiment: who could be helped at once may have had the easier issue.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``resolved_at``, surveys of kind ``csat`` that name their ticket.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row; see `supportlab.studies.service.rows.family_estimate`.
    """
    words = (
        "CSAT of tickets resolved at the first contact less that of other resolved tickets, at "
        f"equal {{held}}; {whole_words(desk.slice)}"
    )
    try:
        known = known_service(desk, start=start, end=end)
        part = _part(known, "fcr")
        fitted = fit_outcome(
            part, "csat", {"fcr": part["fcr"].to_numpy()}, known.intake, beside=BESIDE
        )
    except NotEstimable as refusal:
        estimand = words.format(held="intake")
        return refused_family(desk, FCR, estimand, str(refusal), start=start, end=end)
    estimand = words.format(held=known.held_words())
    row = fitted_row(
        fitted, "fcr", {}, "first contact resolution against not", estimand, is_headline=True
    )
    return _made(desk, FCR, known, [row], fitted, start, end)


def _part(known: Known, *columns: str) -> pd.DataFrame:
    known.require("csat", *columns)
    part = known.served()
    kept = part.loc[part[list(columns)].notna().all(axis=1)].reset_index(drop=True)
    return with_answer_columns(kept)


def _time_rows(
    desk: Desk, known: Known, part: pd.DataFrame, column: str, words: str, held: Sequence[str]
) -> tuple[list[Row], Fitted]:
    """Return the slope, the slope at equal first contact resolution, and the bands."""
    scope = whole_words(desk.slice)
    also = part.assign(fcr_label=part["fcr"].astype(int).astype(str))
    halving = {"halving": -log_hours(part[column])}
    # The time that a ticket took tells whether one contact was enough: held equal alone, it would
    # set late answers to easy issues beside early answers to hard ones.
    first = ("fcr_label",) if held else ()
    second = () if held else ("fcr_label",)
    text = f"change in CSAT per halving of the {words} of resolved tickets, at equal {{}}; {scope}"
    rows, fits = [], []
    for place, extra in enumerate((first, second)):
        names = (*known.intake, *held, *extra)
        found = fit_outcome(also, "csat", halving, names, beside=BESIDE)
        label = "per halving" + _held_label(extra, place)
        group = {} if place == 0 else {"held": "fcr" if extra else "resolution time alone"}
        estimand = text.format(_held_words(known, held, extra))
        rows.append(fitted_row(found, "halving", group, label, estimand, is_headline=place == 0))
        fits.append(found)
    names = (*known.intake, *held, *first)
    return [*rows, *_band_rows(known, also, column, words, names, scope)], fits[0]


def _held_label(extra: Sequence[str], place: int) -> str:
    if place == 0:
        return ""
    return (
        ", also at equal first contact resolution" if extra else ", first contact resolution free"
    )


def _held_words(known: Known, held: Sequence[str], extra: Sequence[str]) -> str:
    words = [known.held_words()]
    words += ["time to resolution"] if held else []
    words += ["first contact resolution"] if extra else []
    return ", ".join(words)


def _band_rows(
    known: Known, part: pd.DataFrame, column: str, words: str, names: Sequence[str], scope: str
) -> list[Row]:
    bands = time_band(part[column], EDGES_HOURS, BANDS)
    answers = part["csat"].notna().groupby(bands).sum()
    reference = "1 to 3 days"
    common = [name for name in BANDS if answers.get(name, 0) >= FEWEST_ROWS and name != reference]
    if answers.get(reference, 0) < FEWEST_ROWS or not common:
        return []
    exposures = {
        name: (bands == name).to_numpy().astype(np.float64) for name in BANDS if name != reference
    }
    exposures = {name: values for name, values in exposures.items() if values.any()}
    apart: Mapping[str, Sequence[str]] = {name: tuple(exposures) for name in exposures}
    found = fit_outcome(part, "csat", exposures, names, beside=BESIDE, apart=apart)
    text = f"CSAT of resolved tickets, {words} {{}} less that of {reference}, at what is held "
    text += f"equal per halving; {scope}"
    return [
        fitted_row(
            found,
            name,
            {"time": name, "versus": reference},
            f"{name} against {reference}",
            text.format(name),
        )
        for name in common
    ]


def _made(
    desk: Desk,
    family: Family,
    known: Known,
    rows: Sequence[Row],
    fitted: Fitted,
    start: str | None,
    end: str | None,
) -> Estimate:
    with_checks = replace(family, checks=answer_checks(fitted))
    return family_estimate(
        desk, with_checks, rows, start=start, end=end, definitions=(known.definition,)
    )
