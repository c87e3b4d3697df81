"""What a metric returns: sums per cell, the rows behind them, and the definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from supportlab.records import Definition

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Kind", "Sums", "count_where", "ordered_frame", "sums_of"]

Kind = Literal["rate", "score", "nps", "duration", "count"]

# How each kind fills the counts of its definition record.
_COUNTS: Mapping[str, tuple[str, ...]] = {
    "n": ("n", "n_events", "n_censored"),
    "n_censored": ("n_censored",),
    "n_immature": ("n_immature",),
}


@dataclass(frozen=True)
class Sums:
    """
    A metric as sums that add up: no share, no mean, no interval yet.

    Parameters
    ----------
    table : ibis.Table
        One row per cell: the columns of ``by``, then ``cluster`` (unless ``cluster_name`` is
        None), then for durations ``duration_seconds``, then whole-number sums.
        ``rate``: ``n``, ``n_success``; ``nps``: ``n``, ``n_promoter``, ``n_detractor``;
        ``score``: ``n``, ``total``, ``total_squared``; ``duration``: ``n_events``,
        ``n_censored``; ``count``: columns named ``n_…``. All but durations have ``n_immature``
        and ``n_excluded`` too where the metric knows them. A cell with ``n`` 0 is kept, since
        its excluded and immature rows belong to the total.
    definition : Definition
        The record without counts; `record` fills them in.
    kind : str
        Which sums there are.
    by : tuple of str
        Group columns, all text; a missing value is the group ``(missing)``.
    cluster_name : str or None
        What a cluster is: a column, ``tickets.agent_id`` for one fetched through the ticket,
        or ``row`` where each row stands alone.
    cases : ibis.Table
        One row per ticket, invitation or answer that the metric looked at: ``unit``, the
        columns of ``by``, ``cluster``, ``outcome``, ``reason``.
    as_of : datetime
        The moment of the data, in UTC.
    """

    table: Any
    definition: Definition
    kind: Kind
    by: tuple[str, ...]
    cluster_name: str | None
    cases: Any
    as_of: datetime

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that identify a row of `table`."""
        cluster = () if self.cluster_name is None else ("cluster",)
        seconds = ("duration_seconds",) if self.kind == "duration" else ()
        return (*self.by, *cluster, *seconds)

    def fetch(self) -> pd.DataFrame:
        """
        Bring the sums to Python.

        Returns
        -------
        pandas.DataFrame
            The rows of `table` ordered by its keys; counts are int64, totals float64.
        """
        return _plain_numbers(ordered_frame(self.table, list(self.keys)))

    def excluded(self) -> pd.DataFrame:
        """
        Count what was left out, by reason.

        Returns
        -------
        pandas.DataFrame
            The columns of ``by``, ``reason`` and ``n``, one row per reason that occurs.
        """
        out = self.cases.filter(self.cases.outcome == "excluded")
        keys = [*self.by, "reason"]
        counted = out.group_by(keys).aggregate(n=out.count().cast("int64"))
        return ordered_frame(counted, keys)

    def record(self, frame: pd.DataFrame | None = None) -> Definition:
        """
        Return the definition record with its counts.

        Parameters
        ----------
        frame : pandas.DataFrame, optional
            What `fetch` gave, or rows of it; fetched when it is left out. Given here, it saves
            a second pass over the data.

        Returns
        -------
        Definition
            The record with ``n``, ``n_censored``, ``n_immature``, ``n_excluded`` and ``as_of``.
        """
        cells = self.fetch() if frame is None else frame
        counts: dict[str, Any] = {}
        for name, columns in _COUNTS.items():
            present = [column for column in columns if column in cells]
            if present:
                counts[name] = int(cells[present].to_numpy().sum())
        if "n_excluded" in cells:
            counts["n_excluded"] = int(cells["n_excluded"].sum())
        elif self.kind == "duration":
            counts["n_excluded"] = int(self.excluded()["n"].sum())
        return self.definition.with_counts(**counts, as_of=self.as_of.isoformat())


def count_where(condition: Any) -> Any:
    """Return how often a condition holds, 0 for no rows; unknown counts as not."""
    import ibis

    # Counting what is not missing takes engines half of the memory of adding ones and noughts,
    # since sums of whole numbers are kept in twice the width.
    return condition.ifelse(ibis.literal(1, "int8"), ibis.null("int8")).count().cast("int64")


def sums_of(cases: Any, keys: tuple[str, ...], **measures: Any) -> Any:
    """Return the aggregate of cases per key, one row in all where there is no key."""
    if not keys:
        return cases.aggregate(**measures)
    return cases.group_by(list(keys)).aggregate(**measures)


def ordered_frame(table: Any, keys: list[str]) -> pd.DataFrame:
    """Bring a table to Python, ordered by its keys; text by code points."""
    if not keys or table.get_backend().name == "duckdb":
        frame: pd.DataFrame = (table.order_by(keys) if keys else table).execute()
        return frame
    # Elsewhere text may be sorted by the rules of a language; here it is by code points.
    unordered: pd.DataFrame = table.execute()
    return unordered.sort_values(keys, kind="stable", ignore_index=True)


def _plain_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    for name in frame.columns:
        if name.startswith("total"):
            frame[name] = frame[name].astype("float64")
        elif name == "n" or name.startswith("n_") or name == "duration_seconds":
            frame[name] = frame[name].astype("int64")
    return frame
