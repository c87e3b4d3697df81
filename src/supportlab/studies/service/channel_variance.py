"""How much of the variance of outcomes lies between the channels of one agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from supportlab.errors import NotEstimable
from supportlab.format import format_count, format_interval, format_value
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.common.scope import whole_words
from supportlab.studies.service.answering import BESIDE, with_answer_columns
from supportlab.studies.service.known import Known, known_service
from supportlab.studies.service.rows import Family, Row, family_estimate, refused_family

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.stats.variance_parts import VarianceParts

__all__ = ["channel_variance"]

OUTCOMES = {"fcr": "first contact resolution", "csat": "CSAT"}
PARTS = {
    "all": "between channels within agents",
    "own": "between an agent's channels beyond what channels have in common",
}
MISSING = "(missing)"
FAMILY = Family(
    "channel-variance",
    "Share of the variance between channels within agents",
    "channel.variance",
    "channel-choice",
    "Are the same agents better on one channel than on another?",
    "proportion",
    "tickets",
    (
        (
            "Which tickets an agent gets by which channel is adjusted for intake only. Uneven "
            "training would show in the second part, an agent's own strong and weak channels; so "
            "would an agent's tickets that are harder on one channel than intake tells."
        ),
        (
            "Most of the variance of a yes or no is chance, so that shares are small by nature: "
            "half a percent of the variance of an outcome of 75 % means that channels differ by "
            "3 points."
        ),
    ),
    figure_label="share of the variance with interval",
    # At an outcome of 75 % channels that spread by one point: below that nobody would train.
    no_matter=0.0005,
)


def channel_variance(
    desk: Desk,
    *,
    outcomes: Sequence[str] = ("fcr", "csat"),
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate which share of an outcome's variance lies between channels within agents.

    Not a measure of who is good: shares between agents are in the table of no finding here.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``agent_id`` and ``channel``.
    outcomes : sequence of str
        ``fcr``, ``csat``.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        Two rows an outcome (``variance`` in words, ``outcome``, ``lies``): all that lies between an
        agent's channels, and what is left of it when the difference that the channels have
        everywhere is taken off. ``naive`` is the spread of
        the raw means, chance and all. A share can fall below 0, since chance is taken off.

    Notes
    -----
    See `supportlab.stats.variance_parts.variance_parts`; intake is taken off first by least
    squares, of CSAT with the weights of those who answer.
    """
    words = "share of the variance of {outcome} that lies {part}, at equal {held}; " + whole_words(
        desk.slice
    )
    try:
        known = known_service(desk, start=start, end=end)
        known.require("agent_id", "channel")
        rows = [row for outcome in outcomes for row in _rows(known, outcome, words)]
    except NotEstimable as refusal:
        text = words.format(outcome="an outcome", part=PARTS["all"], held="intake")
        return refused_family(desk, FAMILY, text, str(refusal), start=start, end=end)
    found = family_estimate(
        desk,
        replace(FAMILY, checks=(_check(known),)),
        rows,
        start=start,
        end=end,
        definitions=(known.definition,),
        sentences=_sentences(rows),
    )
    # A share of a variance is a level: with columns of comparisons it would be written in points.
    shares = found.table.drop(columns="verdict")
    return replace(found, table=shares.rename(columns={"comparison": "variance", "part": "lies"}))


def _sentences(rows: Sequence[Row]) -> tuple[str, ...]:
    words = []
    for row in rows:
        if row.contrast is None or row.naive is None:
            words.append(f"{row.label}: not estimable, {row.reason}")
            continue
        found = row.contrast
        text = format_interval(found.estimate, found.low, found.high, "proportion")
        words.append(
            f"{row.label}: {text} of the variance; the raw means spread as if it were "
            f"{format_value(row.naive, 'proportion')}, chance and all."
        )
    return tuple(words)


def _rows(known: Known, outcome: str, words: str) -> list[Row]:
    held = tuple(name for name in known.intake if name != "channel")
    rows = []
    for part, what in PARTS.items():
        group = {"outcome": outcome, "part": part}
        label = f"{OUTCOMES[outcome]}, {'all' if part == 'all' else 'agents’ own'}"
        text = words.format(outcome=OUTCOMES[outcome], part=what, held=known.held_words(held))
        names = held if part == "all" else (*held, "channel")
        try:
            known.require(outcome)
            found = _parts(known, outcome, names)
        except NotEstimable as refusal:
            rows.append(Row(group, label, text, None, reason=str(refusal)))
            continue
        rows.append(Row(group, label, text, found.within, naive=found.naive_within))
    return rows


def _parts(known: Known, outcome: str, held: Sequence[str]) -> VarianceParts:
    from supportlab.stats.variance_parts import variance_parts

    table = known.served() if outcome == "csat" else known.table
    part = table.loc[table["cluster"].notna() & table["channel"].notna()].reset_index(drop=True)
    is_known = part[outcome].notna().to_numpy()
    rest = _residual(part, outcome, held, is_known)
    kept = part.loc[is_known]
    return variance_parts(
        kept["agent_id"].to_numpy(dtype=object).astype(str),
        kept["channel"].to_numpy(dtype=object).astype(str),
        np.ones(len(kept)),
        rest,
        rest**2,
        cluster=kept["cluster"].to_numpy(dtype=object).astype(str),
    )


def _residual(
    part: pd.DataFrame, outcome: str, held: Sequence[str], is_known: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the outcome less what intake tells of it."""
    from supportlab.stats.answer_weights import answer_weights
    from supportlab.stats.cell_models import design_columns, fit_means

    labels = {name: part[name].fillna(MISSING).astype(str).tolist() for name in held}
    n = is_known.astype(np.float64)
    matrix = design_columns(labels, n).matrix
    y = part[outcome].fillna(0.0).to_numpy(dtype=float)
    weight = n
    if outcome == "csat":
        told = with_answer_columns(part)
        extra = [told[name].to_numpy(dtype=float) for name in BESIDE if name in told]
        weight = answer_weights(np.column_stack([matrix, *extra]), np.ones(len(part)), n).weight * n
    found = fit_means(matrix[is_known], weight[is_known], (weight * y)[is_known])
    rest: NDArray[np.float64] = y[is_known] - found[0] - matrix[is_known] @ found[1:]
    return rest


def _check(known: Known) -> Check:
    table = known.table.loc[known.table["cluster"].notna()]
    counted = table.groupby("agent_id")["channel"].nunique()
    several = int((counted > 1).sum())
    return Check(
        "agents work on several channels",
        several > 0,
        f"{format_count(several)} of {format_count(len(counted))} agents",
    )
