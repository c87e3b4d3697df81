"""The level of a metric by several groupings in one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from supportlab.results import Estimate
from supportlab.studies.common.level_words import words_for
from supportlab.studies.common.levels import level
from supportlab.studies.common.measures import measure_of

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["level_groups"]

T = TypeVar("T")


def level_groups(
    desk: Desk,
    metric: str,
    *,
    by: Sequence[str] = ("market", "channel", "month"),
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate the level of a metric by one grouping after the other.

    Not for cells of two groupings at once: `level` takes both.

    Parameters
    ----------
    desk : Desk
        The data.
    metric : str
        As for `level`.
    by : sequence of str
        Group columns, each on its own.
    start, end : str, optional
        ISO dates of the cohort, end excluded.

    Returns
    -------
    Estimate
        One row a group: ``grouping``, ``group`` and the columns of `level`; all its findings.
    """
    measure = measure_of(metric)
    parts = [(name, level(desk, metric, by=name, start=start, end=end)) for name in by]
    named = [part for _, part in parts]
    title = f"{measure.title} by {', '.join(words_for(name) for name in by)}"
    return Estimate(
        name="-".join([metric, "by", *by]).replace("_", "-"),
        title=title,
        table=pd.concat([_long(name, part) for name, part in parts], ignore_index=True),
        findings=tuple(finding for part in named for finding in part.findings),
        sentences=tuple(part.sentences[0] for part in named),
        definitions=_unique([item for part in named for item in part.definitions]),
        caveats=_unique([item for part in named for item in part.caveats]),
    )


def _long(name: str, part: Estimate) -> pd.DataFrame:
    table = part.table.copy()
    if "estimate" not in table:
        return table.assign(grouping=name, group="any")[["grouping", "group", "reason"]]
    group = table[name]
    if "form" in table:
        group = group + " · " + table["form"]
    table = table.drop(columns=[column for column in (name, "form") if column in table])
    table.insert(0, "group", group)
    table.insert(0, "grouping", name)
    return table


def _unique(items: list[T]) -> tuple[T, ...]:
    kept: list[T] = []
    for item in items:
        if item not in kept:
            kept.append(item)
    return tuple(kept)
