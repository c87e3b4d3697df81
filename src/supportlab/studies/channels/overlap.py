"""Which channels carry alike tickets, pair by pair."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.stats.channel_effects import pair_of
from supportlab.stats.channel_overlap import FEWEST_EFFECTIVE, LEAST_KEPT, TRIM
from supportlab.stats.factor_cells import fit_shares
from supportlab.studies.channels.arm_cells import ArmArrays, arm_arrays, counted_cells
from supportlab.studies.channels.effects import question_asked, reference_channel
from supportlab.studies.channels.questions import held_words
from supportlab.studies.common.refusals import refused_estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk

__all__ = ["overlap"]

TITLE = "Tickets that have their like in another channel"


def overlap(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compute for every pair of channels which share of the one's tickets the other carries too.

    Not a statement about what channels do: it says which of them can be compared at all.

    Parameters
    ----------
    desk : Desk
        The data; tickets with a channel.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        One row a pair and direction: ``tickets_of``, ``other``, ``kept_share`` of the first
        channel's tickets, ``effective_n`` of the other's weighted to be like them, ``n``,
        ``is_comparable``.
    """
    try:
        asked = question_asked("fcr", reference_channel(desk), "reference", start, end)
        cells, held = counted_cells(desk, asked)
        arrays = arm_arrays(cells, "channel", held)
    except NotEstimable as refusal:
        return refused_estimate("channel-overlap", TITLE, str(refusal))
    name = f"overlap of channels {start} {end}"
    table = desk.once(name, lambda: _pairs(arrays)).copy()
    good = int(table["is_comparable"].sum())
    words = (
        f"{good} of {len(table)} directed pairs of channels can be compared: at least "
        f"{100 * LEAST_KEPT:.0f} % of the one's tickets have their like in the other, and these "
        f"are worth at least {FEWEST_EFFECTIVE:.0f} of equal weight."
    )
    detail = (
        f"alike: the chance to come by the other channel, of the two, is at least "
        f"{100 * TRIM:.0f} % at equal {held_words(arrays.held)}"
    )
    return Estimate(
        "channel-overlap",
        TITLE,
        table,
        sentences=(words,),
        definitions=(cells.record(),),
        checks=(Check("what counts as alike", None, detail),),
        draw=lambda ax: _draw(table, ax),
        alt=_alt(table),
    )


def _pairs(arrays: ArmArrays) -> pd.DataFrame:
    n = arrays.count("n_fcr").sum(axis=2)
    shares = fit_shares(arrays.factors, n)
    rows = []
    for one, other in permutations(range(len(arrays.names)), 2):
        # The first channel's tickets are asked about; the other has to carry their like.
        found = pair_of(arrays.factors, n, shares, other, one, target="reference").overlap
        enough = min(found.n_channel, found.n_reference) >= FEWEST_EFFECTIVE
        rows.append(
            {
                "tickets_of": arrays.names[one],
                "other": arrays.names[other],
                "kept_share": found.share_kept,
                "effective_n": found.effective,
                "n": found.n_reference,
                "is_comparable": enough
                and found.share_kept >= LEAST_KEPT
                and found.effective >= FEWEST_EFFECTIVE,
            }
        )
    return pd.DataFrame(rows)


def _draw(table: pd.DataFrame, ax: Axes | None) -> Axes:
    from supportlab.plots.heat import heat_table

    shown = table.assign(n=table["effective_n"].round())
    return heat_table(
        shown,
        row="tickets_of",
        column="other",
        value="kept_share",
        ax=ax,
        title=TITLE,
        bar_label="share with their like",
        note="row: whose tickets; column: the other channel; below the share: its tickets' worth",
    )


def _alt(table: pd.DataFrame) -> str:
    parts = [
        f"{row['tickets_of']} in {row['other']} {100 * row['kept_share']:.0f} %"
        for row in table.to_dict("records")
    ]
    return f"Shaded table of the share of tickets with their like: {'; '.join(parts)}."
