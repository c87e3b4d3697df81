"""What a reader of a level has to know: young answers, rows without a group, a slice's edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.format import format_count
from supportlab.metrics.dimensions import MISSING
from supportlab.studies.common.answers import mature_until
from supportlab.studies.common.level_words import words_for
from supportlab.studies.common.scope import whole_words

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk
    from supportlab.studies.common.measures import Measure

__all__ = ["LevelCaveats", "level_caveats", "missing_caveat", "next_month"]

# Metrics of answers, whose last weeks hold the quick answers alone.
ANSWERED = ("csat", "nps", "ces")


@dataclass(frozen=True)
class LevelCaveats:
    """
    Caveats of an estimate and of each of its groups.

    Parameters
    ----------
    shared : tuple of str
        Of the estimate and of every finding.
    overall : tuple of str
        Of the estimate alone.
    groups : mapping of tuple to str
        Of the finding of that group.
    """

    shared: tuple[str, ...] = ()
    overall: tuple[str, ...] = ()
    groups: Mapping[tuple[str, ...], str] = field(default_factory=dict)

    @property
    def of_all(self) -> tuple[str, ...]:
        """Those of the estimate."""
        return (*self.shared, *self.overall)

    def of(self, key: tuple[str, ...]) -> tuple[str, ...]:
        """Those of one group's finding."""
        return (*self.shared, self.groups[key]) if key in self.groups else self.shared


def level_caveats(
    desk: Desk,
    measure: Measure,
    table: pd.DataFrame,
    by: tuple[str, ...],
    period: tuple[str | None, str | None],
) -> LevelCaveats:
    """
    Collect what a reader of a level has to know.

    Not the caveats of non-response: those rest on the invitations.

    Parameters
    ----------
    desk : Desk
        The data.
    measure : Measure
        The metric.
    table : pandas.DataFrame
        One row a group, with ``n``.
    by : tuple of str
        Group columns of the table.
    period : tuple of (str or None, str or None)
        ISO dates of the cohort, end excluded.

    Returns
    -------
    LevelCaveats
        Those of all and those of each group.
    """
    groups, overall = _young(desk, measure, table, by, period)
    missing = (
        missing_caveat(int(table.loc[table[name] == MISSING, "n"].sum()), measure, name)
        for name in by
    )
    return LevelCaveats(
        (*_slice_caveat(desk, measure), *_unanswered_caveat(measure)),
        (*overall, *(words for part in missing for words in part)),
        groups,
    )


def missing_caveat(n: int, measure: Measure, name: str) -> tuple[str, ...]:
    """Say how many rows have no value of a group column, and so give no finding."""
    if not n:
        return ()
    counted = measure.counted if n > 1 else measure.counted.removesuffix("s")
    return (
        (
            f"{format_count(n)} {counted} without a {words_for(name)} "
            f"{'are' if n > 1 else 'is'} in no group and in none of the findings by it."
        ),
    )


def next_month(month: str) -> str:
    """Return the first day of the month after, as an ISO date."""
    number = int(month[:4]) * 12 + int(month[5:7])
    return f"{number // 12:04d}-{number % 12 + 1:02d}-01"


def _slice_caveat(desk: Desk, measure: Measure) -> tuple[str, ...]:
    if measure.name != "fcr" or not desk.slice:
        return ()
    return (
        (
            f"Only {whole_words(desk.slice)} is looked at: a customer's return that is filed "
            "elsewhere is not seen, so first contact resolution can read too high."
        ),
    )


def _unanswered_caveat(measure: Measure) -> tuple[str, ...]:
    if measure.name != "first_response":
        return ()
    return (
        (
            "Tickets that no human agent ever answered, as those that a bot ended, stay in as "
            "unanswered (censored), closed or not."
        ),
    )


def _young(
    desk: Desk,
    measure: Measure,
    table: pd.DataFrame,
    by: tuple[str, ...],
    period: tuple[str | None, str | None],
) -> tuple[dict[tuple[str, ...], str], tuple[str, ...]]:
    start, end = period
    until = mature_until(desk)
    if measure.name not in ANSWERED or (end is not None and end <= until):
        return {}, ()
    counts = _young_counts(desk, measure, by, max(until, start or until), end)
    found = {}
    for row in table.to_dict("records"):
        key = tuple(str(row[name]) for name in by)
        n = counts.get(key, 0)
        if n or ("month" in by and next_month(str(row["month"])) > until):
            found[key] = _young_words(desk, until, n)
    return found, (_young_words(desk, until, sum(counts.values())),) if found else ()


def _young_counts(
    desk: Desk, measure: Measure, by: tuple[str, ...], start: str, end: str | None
) -> dict[tuple[str, ...], int]:
    # A metric splits by its form without being asked to.
    asked = tuple(name for name in by if name != "form")
    try:
        sums = measure.sums(desk, by=asked, cluster=None, start=start, end=end)
        rows: list[dict[Any, Any]] = sums.fetch().to_dict("records")
    except NotEstimable:
        return {}
    return {tuple(str(row[name]) for name in by): int(row["n"]) for row in rows if row["n"] > 0}


def _young_words(desk: Desk, until: str, n: int) -> str:
    window = f"their response window of {desk.config.response_window_days} days"
    if not n:
        return f"Invitations sent from {until} on have not had {window}: the figure can still move."
    return (
        f"{format_count(n)} of the answers are to invitations sent from {until} on, which have "
        f"not had {window}: what is there of them are the quick answers, and the figure can "
        "still move."
    )
