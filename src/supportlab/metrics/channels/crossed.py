"""Two labels of tickets crossed, with how customers' tickets come together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from supportlab.metrics.dimensions import MISSING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["crossed_counts"]


def crossed_counts(rows: Any, row: str, column: str) -> dict[str, pd.DataFrame]:
    """
    Count tickets by two labels, with sums of squares over customers.

    Not for labels of many values, as keys.

    Parameters
    ----------
    rows : ibis.Table
        As `supportlab.metrics.channels.rows.ChannelRows.table`.
    row, column : str
        The two labels; tickets that lack one are left out.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``cells`` by both labels, ``rows`` and ``columns`` by one each, ``whole`` in one row: ``n``,
        ``squares`` (sum over customers of their squared count), ``products`` (of their count times
        all their tickets), ``n_clusters``.
    """
    known = rows.filter((rows[row] != MISSING) & (rows[column] != MISSING))
    each = known.group_by([row, column, "customer"]).aggregate(n=known.count().cast("int64"))
    sizes = each.group_by(whose="customer").aggregate(size=each.n.sum().cast("int64"))
    joined = each.inner_join(sizes, each.customer == sizes.whose)
    found = {"cells": _summed(joined, [row, column])}
    for name, label in (("rows", row), ("columns", column)):
        margin = joined.group_by([label, "customer", "size"]).aggregate(
            n=joined.n.sum().cast("int64")
        )
        found[name] = _summed(margin, [label])
    whole = sizes.aggregate(
        n=sizes["size"].sum().cast("int64"),
        squares=(sizes["size"] * sizes["size"]).sum().cast("int64"),
        products=(sizes["size"] * sizes["size"]).sum().cast("int64"),
        n_clusters=sizes.count().cast("int64"),
    )
    found["whole"] = whole.execute()
    return found


def _summed(table: Any, keys: list[str]) -> pd.DataFrame:
    sums = {
        "n": table.n.sum().cast("int64"),
        "squares": (table.n * table.n).sum().cast("int64"),
        "products": (table.n * table["size"]).sum().cast("int64"),
        "n_clusters": table.count().cast("int64"),
    }
    frame: pd.DataFrame = table.group_by(keys).aggregate(**sums).execute()
    return frame.sort_values(keys, kind="stable", ignore_index=True)
