"""Clusters that look alike, counted in the engine: exact for any variance between clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ordered_profiles", "profile_table"]


def profile_table(
    clusters: Any, by: Sequence[str], shared: Sequence[str], added: Sequence[str] = ()
) -> Any:
    """
    Count the clusters of each group that have the same counts.

    Not for sums with many values, as money: nearly every cluster would be a profile of its own.

    Parameters
    ----------
    clusters : ibis.Table
        One row per group and cluster, with whole-number sums.
    by : sequence of str
        Group columns.
    shared : sequence of str
        Counts that make a profile.
    added : sequence of str
        Further sums, added up over the clusters of a profile.

    Returns
    -------
    ibis.Table
        ``by``, ``shared``, ``n_clusters``, ``added``.
    """
    sums = {name: clusters[name].sum().cast("int64") for name in added}
    count = clusters.count().cast("int64")
    return clusters.group_by([*by, *shared]).aggregate(n_clusters=count, **sums)


def ordered_profiles(table: Any, keys: Sequence[str]) -> pd.DataFrame:
    """
    Bring profiles to Python in an order that no engine decides.

    Parameters
    ----------
    table : ibis.Table
        What `profile_table` gave.
    keys : sequence of str
        Columns that identify a row: groups and counts.

    Returns
    -------
    pandas.DataFrame
        Ordered by ``keys``, text by code points; counts are int64.
    """
    frame: pd.DataFrame = table.execute()
    for name in frame.columns:
        if name == "n" or name.startswith("n_"):
            frame[name] = frame[name].astype("int64")
    return frame.sort_values(list(keys), kind="stable", ignore_index=True)
