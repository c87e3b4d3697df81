"""A change of CSAT between two periods, split into mix and what changed inside the groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable, ParameterError
from supportlab.format import format_difference, format_interval, format_month
from supportlab.results import Estimate
from supportlab.studies.common.answers import mature_until
from supportlab.studies.common.level_caveats import next_month
from supportlab.studies.common.refusals import refused_estimate
from supportlab.studies.feedback.mix_series import MIX, known_columns, mix_cells
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats import Contrast
    from supportlab.stats.decomposition import MixSplit

__all__ = ["csat_change"]

TITLE = "What a change of CSAT is made of"
PARTS = ("mix", "within")
LEAST_MONTHS = 2
WORDS = {"market": "market", "channel": "channel", "category": "topic"}


def csat_change(
    desk: Desk,
    *,
    by: Sequence[str] = MIX,
    split: str | None = None,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Split the change of CSAT from one period to the next into mix and change within groups.

    Not a statement of cause, and not additive over the groupings: the mix of channels and that of
    topics overlap.

    Parameters
    ----------
    desk : Desk
        The data.
    by : sequence of str
        Groupings, each on its own; those that the data do not have are left out.
    split : str, optional
        ISO month with which the second period begins; the middle of the months unless given.
    start, end : str, optional
        ISO dates of the invitation, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row for the change, and two a grouping: ``grouping``, ``part`` (``change``, ``mix``,
        ``within``), ``estimate``, ``ci_low``, ``ci_high``, ``p_value``, ``p_adjusted``, ``n``,
        ``largest`` (the group that brings most, and its part). Mix and within add up to the change.

    Raises
    ------
    ParameterError
        ``split`` is no month of the data, or leaves one side empty.

    Notes
    -----
    As `supportlab.stats.decomposition.split_difference`; clusters are agents.
    """
    try:
        frame = _months(desk, known_columns(desk, by), start, end)
        groupings = [name for name in by if name in frame and frame[name].nunique() > 1]
        at = _split_at(sorted(set(frame["month"])), split)
        splits = _splits(frame, groupings, at, level)
    except NotEstimable as refusal:
        return refused_estimate("csat-change", TITLE, str(refusal))
    table = _table(splits)
    return Estimate(
        "csat-change",
        TITLE,
        table,
        sentences=_sentences(table, at),
        caveats=(
            (
                "Parts by market, by channel and by topic are three ways to cut one change and do "
                "not add up to each other."
            ),
            "A change within a group can be one of who answers there.",
        ),
        draw=lambda ax: _draw(table, ax),
        alt=f"Dots with intervals for the change and its parts. {_sentences(table, at)[0]}",
    )


def _months(
    desk: Desk, groupings: Sequence[str], start: str | None, end: str | None
) -> pd.DataFrame:
    frame = mix_cells(desk, [*groupings, "month"], start, end, cluster="agent_id")
    until = mature_until(desk, end)
    frame = frame.loc[[next_month(month) <= until for month in frame["month"]]]
    if frame["month"].nunique() < 2 * LEAST_MONTHS:
        raise NotEstimable(
            f"{frame['month'].nunique()} months whose invitations had their response window are "
            f"too few for two periods; {2 * LEAST_MONTHS} are needed"
        )
    return frame.reset_index(drop=True)


def _split_at(months: list[str], split: str | None) -> str:
    if split is None:
        return months[len(months) // 2]
    if not months[0] < split <= months[-1]:
        raise ParameterError(
            f"split came as {split!r}; give a month after {months[0]} and up to {months[-1]}."
        )
    return split


def _splits(
    frame: pd.DataFrame, groupings: Sequence[str], at: str, level: float
) -> dict[str, MixSplit]:
    from supportlab.stats.decomposition import split_difference

    # One cluster for all rows is none.
    cluster = frame["cluster"] if frame["cluster"].nunique() > 1 else None
    found = {}
    for name in groupings:
        found[name] = split_difference(
            list(frame[name]),
            (frame["month"] >= at).to_numpy(),
            frame["n"],
            frame["n_success"],
            cluster=cluster,
            level=level,
        )
    if not found:
        raise NotEstimable("the data have no grouping whose mix could change")
    return found


def _table(splits: dict[str, MixSplit]) -> pd.DataFrame:
    from supportlab.stats import adjust_p

    first = next(iter(splits.values()))
    rows = [_row("all answers", "change", first.difference, None)]
    for name, split in splits.items():
        rows.append(_row(WORDS.get(name, name), "mix", split.mix, _largest(split, "mix")))
        rows.append(_row(WORDS.get(name, name), "within", split.within, _largest(split, "within")))
    table = pd.DataFrame(rows)
    table["p_adjusted"] = adjust_p(list(table["p_value"]))
    return table


def _row(grouping: str, part: str, found: Contrast, largest: str | None) -> dict[str, Any]:
    return {
        "grouping": grouping,
        "part": part,
        "estimate": found.estimate,
        "ci_low": found.low,
        "ci_high": found.high,
        "ci_level": found.level,
        "unit": "proportion",
        "p_value": found.p_value,
        "n": found.n,
        "largest": largest,
    }


def _largest(split: MixSplit, part: str) -> str:
    values = split.mix_by_group if part == "mix" else split.within_by_group
    place = int(np.argmax(np.abs(values)))
    return f"{split.groups[place]} ({format_difference(float(values[place]), 'proportion')})"


def _interval(row: Any) -> str:
    ends = (row["estimate"], row["ci_low"], row["ci_high"])
    return format_interval(*ends, "proportion", row["ci_level"], is_difference=True)


def _sentences(table: pd.DataFrame, at: str) -> tuple[str, ...]:
    change = table.iloc[0]
    first = (
        f"From the months before {format_month(at)} to those from then on CSAT changed by "
        f"{_interval(change)}."
    )
    parts = [
        f"{row['grouping']} {format_difference(row['estimate'], 'proportion')}"
        for row in table.loc[table["part"] == "mix"].to_dict("records")
    ]
    return (first, f"Of that, the mix brings by {', by '.join(parts)}; the rest is within.")


def _draw(table: pd.DataFrame, ax: Axes | None) -> Axes:
    from supportlab import plots

    label = table["grouping"] + ", " + table["part"]
    return plots.dot_intervals(
        table.assign(label=label.where(table["part"] != "change", "the change")),
        label="label",
        unit="proportion",
        title="Change of CSAT and its parts",
        reference=0.0,
        reference_label="no change",
        ax=ax,
        is_difference=True,
    )
