"""How much longer each channel's customers wait for a person, at equal hour and load."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable, ParameterError
from supportlab.format import format_count
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

__all__ = ["first_response_by_channel", "waiting_tickets"]

SECONDS_PER_HOUR = 3600.0
# Tickets younger than the horizon have not been watched to its end; FCR keeps those under two
# weeks out anyway, so that no wait is cut by the moment of the data.
MOST_HORIZON_HOURS = 168
FEWEST_TICKETS = 30
HOURS_PER_BAND = 6
# Tickets of a market's day over those of its mean day.
LOAD_EDGES = (0.5, 1.0, 1.5, 2.0)
WEEKEND = 5.0
HELD = ("category", "priority", "value_band", "language", "place_and_hour", "weekend", "load")
HELD_WORDS = (
    "topic, priority, amount at stake, language, market and quarter of the day (UTC), weekend, "
    "and the market's load of the day"
)
FAMILY = Family(
    "first-response-by-channel",
    "Time to the first answer by channel",
    "support.first_response",
    "channel-choice",
    "Are posts on one channel answered sooner than on another?",
    "hours",
    "tickets",
    (
        (
            "Channels are staffed differently and meant for different haste; compared are "
            "tickets of the same kind, hour and load, not the same agents."
        ),
    ),
)


def first_response_by_channel(
    desk: Desk,
    *,
    versus: str | None = None,
    horizon_hours: int = 72,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Compare the mean wait for the first answer of a person between channels, at equal hour and load.

    Not the median: a mean wait up to a horizon adds up over tickets and needs no curve, since every
    ticket was watched to the horizon; one that is still unanswered there counts as the horizon.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``first_response_at``.
    versus : str, optional
        Channel to compare with; that of most tickets when left out.
    horizon_hours : int
        Where waits are cut, 1 to 168.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row a channel; unit hours.

    Raises
    ------
    ParameterError
        The horizon is out of its bounds, or no ticket came by ``versus``.
    """
    if not 1 <= horizon_hours <= MOST_HORIZON_HOURS:
        raise ParameterError(
            f"horizon_hours came as {horizon_hours!r}; give 1 to {MOST_HORIZON_HOURS}."
        )
    words = (
        f"mean wait up to {horizon_hours} hours for the first answer of a person, tickets of "
        f"channel {{}} less those of {{}}, at equal {HELD_WORDS}; {whole_words(desk.slice)}"
    )
    try:
        known = known_service(desk, start=start, end=end)
        known.require("response_seconds", "channel")
        part, n_left = waiting_tickets(known, horizon_hours)
        other = _reference(part, versus)
        rows = _rows(part, other, words)
    except NotEstimable as refusal:
        estimand = words.format("each", versus or "the most frequent")
        return refused_family(desk, FAMILY, estimand, str(refusal), start=start, end=end)
    family = replace(FAMILY, checks=_checks(part, n_left, horizon_hours))
    return family_estimate(
        desk, family, rows, start=start, end=end, definitions=(known.definition,)
    )


def waiting_tickets(known: Known, horizon_hours: int) -> tuple[pd.DataFrame, int]:
    """
    Return the tickets that waited for a person, with their waits, and how many were left out.

    Parameters
    ----------
    known : Known
        The tickets.
    horizon_hours : int
        Where waits are cut.

    Returns
    -------
    tuple of (pandas.DataFrame, int)
        With ``wait_hours``, ``place_and_hour``, ``weekend``, ``load``, ``cluster``.
    """
    table = known.table
    horizon = horizon_hours * SECONDS_PER_HOUR
    watched = table["age_seconds"] >= horizon
    replied, solved = table["response_seconds"], table["resolution_seconds"]
    # Solved by an automat: nobody waited for a person.
    alone = replied.isna() & solved.notna() & (solved < horizon)
    wrong = replied < 0
    part = table.loc[watched & ~alone & ~wrong].reset_index(drop=True)
    wait = part["response_seconds"].fillna(horizon).clip(upper=horizon) / SECONDS_PER_HOUR
    market = part["market"].fillna("") if "market" in part else pd.Series("", index=part.index)
    hour = (part["hour"] // HOURS_PER_BAND).astype(int).astype(str)
    mean = part["day_n"].groupby(market).transform("mean")
    load = np.searchsorted(LOAD_EDGES, (part["day_n"] / mean).to_numpy())
    extra = {
        "wait_hours": wait,
        "place_and_hour": market + " " + hour,
        "weekend": (part["weekday"] >= WEEKEND).astype(str),
        "load": pd.Series(load, index=part.index).astype(str),
        # Tickets that nobody answered have no team; a market's stand together.
        "cluster": part["cluster"].fillna("unanswered " + market),
    }
    return part.assign(**extra), int((watched & (alone | wrong)).sum())


def _reference(part: pd.DataFrame, versus: str | None) -> str:
    sizes = part["channel"].value_counts().sort_index()
    if sizes.empty:
        raise NotEstimable("No ticket waited for a person.")
    if versus is None:
        return str(sizes.idxmax())
    if versus not in sizes.index:
        raise ParameterError(
            f"versus came as {versus!r}; channels with a wait: {', '.join(map(str, sizes.index))}."
        )
    return versus


def _rows(part: pd.DataFrame, other: str, words: str) -> list[Row]:
    channels = sorted(name for name in part["channel"].dropna().unique() if name != other)
    if not channels:
        raise NotEstimable("All tickets came by one channel; there is nothing to compare.")
    exposures = {name: (part["channel"] == name).to_numpy(dtype=float) for name in channels}
    held = [name for name in HELD if name in part]
    found = fit_outcome(
        part,
        "wait_hours",
        exposures,
        held,
        apart={name: tuple(channels) for name in channels},
    )
    rows = []
    for name in channels:
        group = {"channel": name, "versus": other}
        label, estimand = f"{name} against {other}", words.format(name, other)
        size = int(exposures[name].sum())
        if size < FEWEST_TICKETS:
            reason = f"only {size} tickets came by {name}; at least {FEWEST_TICKETS} are needed"
            rows.append(Row(group, label, estimand, None, reason=reason))
            continue
        rows.append(fitted_row(found, name, group, label, estimand))
    return rows


def _checks(part: pd.DataFrame, n_left: int, horizon_hours: int) -> tuple[Check, ...]:
    late = int((part["wait_hours"] >= horizon_hours).sum())
    return (
        Check(
            "every wait was watched to its horizon",
            True,
            f"{format_count(late)} of {format_count(len(part))} tickets had no answer within "
            f"{horizon_hours} hours and count as that; {format_count(n_left)} that an automat "
            "solved, or whose times contradict each other, are left out",
        ),
    )
