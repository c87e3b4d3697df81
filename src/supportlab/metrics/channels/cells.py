"""Tickets counted by cell of equal intake, with squared scores of clusters from the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from supportlab.errors import ParameterError
from supportlab.metrics.sums import count_where
from supportlab.records import Definition

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COUNTS", "TicketCells", "clustered_squares", "ticket_cells"]

# Scores are kept to a billionth, since what multiplies minutes is small.
STEPS = 1_000_000_000
# Scores of one row stay well below this, so that a cluster's total and its square fit 38 digits.
LARGEST_SCORE = 1e6
# What is counted in a cell: rows and sums of the whole numbers of a ticket.
COUNTS: Mapping[str, str] = {
    "n": "tickets",
    "n_fcr": "tickets whose FCR can be judged",
    "n_resolved": "of these, resolved at first contact",
    "n_asked": "tickets old enough for an answer",
    "n_answered": "of these, answered",
    "n_good": "of these, satisfied",
    "n_timed": "tickets as old as the horizon",
    "n_minutes": "their minutes to resolution, cut at the horizon",
    "n_watched": "tickets whose customer was watched long enough",
    "n_gone": "of these, whose customer left",
}


@dataclass(frozen=True)
class TicketCells:
    """
    Tickets counted by cell; rows stay in the engine.

    Parameters
    ----------
    clusters : ibis.Table
        One row per cell and cluster: ``by``, ``fcr_state``, ``cluster``, and the counts.
    by : tuple of str
        Columns of a cell, all text.
    cluster_name : str
        What a cluster is; ``row`` where each ticket stands alone.
    definition : Definition
        What was counted.
    """

    clusters: Any
    by: tuple[str, ...]
    cluster_name: str
    definition: Definition
    _known: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that identify a cell."""
        return (*self.by, "fcr_state")

    def fetch(self) -> pd.DataFrame:
        """
        Bring the counts to Python, once.

        Returns
        -------
        pandas.DataFrame
            One row a cell and ``fcr_state`` (``success``, ``failure``, ``unjudged``), ordered;
            counts are int64.
        """
        if "cells" not in self._known:
            sums = {name: self.clusters[name].sum().cast("int64") for name in COUNTS}
            frame = self.clusters.group_by(list(self.keys)).aggregate(**sums).execute()
            for name in COUNTS:
                frame[name] = frame[name].astype("int64")
            self._known["cells"] = frame.sort_values(
                list(self.keys), kind="stable", ignore_index=True
            )
        found: pd.DataFrame = self._known["cells"]
        return found.copy()

    def squares(self, scores: pd.DataFrame, terms: Mapping[str, str]) -> pd.DataFrame:
        """
        Sum up squared scores of clusters in the engine, for the variance of linear estimators.

        Parameters
        ----------
        scores : pandas.DataFrame
            One row a cell: ``keys``, and for each estimator a column ``TERM_NAME`` per term.
        terms : mapping of str to str
            Term and the count that it multiplies, as ``{"a": "n_fcr", "b": "n_resolved"}``.

        Returns
        -------
        pandas.DataFrame
            One row an estimator: ``n_clusters`` with a row of the first term's count in a listed
            cell, ``sum_of_scores``, ``sum_of_squares``, ``effective_clusters``.
        """
        return clustered_squares(self.clusters, self.keys, scores, terms)

    def record(self) -> Definition:
        """Return the definition with the number of tickets."""
        return self.definition.with_counts(n=int(self.fetch()["n"].sum()))


def ticket_cells(
    rows: Any,
    by: Sequence[str],
    cluster: str,
    cluster_name: str,
    definition: Definition,
    keep: Any = None,
) -> TicketCells:
    """
    Count judged tickets by cell and cluster.

    Parameters
    ----------
    rows : ibis.Table
        As `supportlab.metrics.channels.rows.ChannelRows.table`, or part of it.
    by : sequence of str
        Columns of a cell.
    cluster : str
        ``agent`` or ``customer``.
    cluster_name : str
        What that is.
    definition : Definition
        What was counted.
    keep : callable, optional
        Keeps an expression's rows in the engine, as `Desk.keep`.

    Returns
    -------
    TicketCells
        Counts by cell.
    """
    state = rows.is_fcr.isnull().ifelse("unjudged", (rows.is_fcr == 1).ifelse("success", "failure"))
    stated = rows.mutate(fcr_state=state, cluster=rows[cluster])
    sums = {
        "n": stated.count().cast("int64"),
        "n_fcr": count_where(stated.is_fcr.notnull()),
        "n_resolved": count_where(stated.is_fcr == 1),
        "n_asked": count_where(stated.is_asked == 1),
        "n_answered": count_where(stated.is_answered == 1),
        "n_good": count_where(stated.is_good == 1),
        "n_timed": count_where(stated.minutes.notnull()),
        "n_minutes": stated.minutes.sum().fill_null(0).cast("int64"),
        "n_watched": count_where(stated.is_gone.notnull()),
        "n_gone": count_where(stated.is_gone == 1),
    }
    table = stated.group_by([*by, "fcr_state", "cluster"]).aggregate(**sums)
    return TicketCells(table if keep is None else keep(table), tuple(by), cluster_name, definition)


def clustered_squares(
    clusters: Any, keys: Sequence[str], scores: pd.DataFrame, terms: Mapping[str, str]
) -> pd.DataFrame:
    """
    Sum up the squared scores of clusters, for scores that are linear in several counts.

    Not for an estimator whose score depends on more than a row's cell and counts.

    Parameters
    ----------
    clusters : ibis.Table
        One row per cell and cluster: ``keys``, ``cluster`` and the counts.
    keys : sequence of str
        Columns of a cell.
    scores : pandas.DataFrame
        One row a cell: ``keys``, and ``TERM_NAME`` for each term and estimator.
    terms : mapping of str to str
        Term and count.

    Returns
    -------
    pandas.DataFrame
        One row an estimator: ``estimator``, ``n_clusters``, ``sum_of_scores``,
        ``sum_of_squares``, ``effective_clusters`` (clusters of one size that would be as good).
        Integers were added, so that the result is the same on every run.

    Raises
    ------
    ParameterError
        Scores are missing, too large, or of cells that stand twice.
    """
    import ibis
    import pandas as pd

    first = next(iter(terms))
    names = [name[len(first) + 1 :] for name in scores.columns if name.startswith(f"{first}_")]
    table = ibis.memtable(_scaled(scores, keys, names, terms))
    joined = clusters.inner_join(table, list(keys))
    totals = {}
    for name in names:
        parts = [joined[f"{term}_{name}"] * joined[count] for term, count in terms.items()]
        totals[f"s_{name}"] = sum(parts[1:], parts[0]).sum().cast("decimal(38,0)")
        counted = (joined[f"{first}_{name}"] != 0).ifelse(joined[terms[first]], 0)
        totals[f"m_{name}"] = counted.sum().cast("decimal(38,0)")
    each = joined.group_by("cluster").aggregate(**totals)
    sums: dict[str, Any] = {}
    for name in names:
        score, size = each[f"s_{name}"], each[f"m_{name}"]
        sums[f"clusters_{name}"] = count_where(size > 0)
        sums[f"sum_{name}"] = score.sum()
        sums[f"square_{name}"] = (score * score).sum()
        sums[f"rows_{name}"] = size.sum()
        sums[f"rows2_{name}"] = (size * size).sum()
    row = each.aggregate(**sums).execute().iloc[0]
    return pd.DataFrame([_of(row, name) for name in names]).set_index("estimator")


def _of(row: Any, name: str) -> dict[str, Any]:
    rows, rows2 = float(row[f"rows_{name}"] or 0), float(row[f"rows2_{name}"] or 0)
    return {
        "estimator": name,
        "n_clusters": int(row[f"clusters_{name}"] or 0),
        "sum_of_scores": float(row[f"sum_{name}"] or 0) / STEPS,
        "sum_of_squares": float(row[f"square_{name}"] or 0) / STEPS**2,
        "effective_clusters": rows**2 / rows2 if rows2 else 0.0,
    }


def _scaled(
    scores: pd.DataFrame, keys: Sequence[str], names: Sequence[str], terms: Mapping[str, str]
) -> pd.DataFrame:
    import numpy as np

    lacking = [name for name in keys if name not in scores]
    lacking += [f"{t}_{n}" for n in names for t in terms if f"{t}_{n}" not in scores]
    if not names or lacking:
        raise ParameterError(f"scores needs the cell's columns and its terms; missing: {lacking}.")
    if scores.duplicated(list(keys)).any():
        raise ParameterError("scores names a cell more than once; give one row a cell.")
    out = scores[list(keys)].copy()
    for column in (f"{term}_{name}" for name in names for term in terms):
        values = scores[column].to_numpy(dtype=float)
        if not np.all(np.abs(values) < LARGEST_SCORE):
            raise ParameterError(f"{column} is missing or beyond {LARGEST_SCORE:g} in some cell.")
        out[column] = np.rint(values * STEPS).astype("int64")
    return out
