"""Sums of several metrics side by side: one row per group, counts whole, shares beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["in_order", "merged", "of_metric"]


def merged(parts: Sequence[pd.DataFrame], by: Sequence[str]) -> pd.DataFrame:
    """Put the parts side by side: a group is there when one of them has it."""
    import pandas as pd

    if not by:
        return pd.concat([part.reset_index(drop=True) for part in parts], axis=1)
    indexed = [part.set_index(list(by)) for part in parts]
    return pd.concat(indexed, axis=1, join="outer").reset_index()


def in_order(frame: pd.DataFrame, by: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
    """Order rows and columns, fill the counts, and add the shares."""
    by = list(by)
    for name in frame.columns.difference(by):
        if not name.endswith("_seconds"):
            frame[name] = frame[name].astype("float64").fillna(0).astype("int64")
    columns = [column for name in names for column in _with_share(frame, name)]
    ordered = frame.sort_values(by, kind="stable", ignore_index=True) if by else frame
    return ordered[[*by, *columns]]


def _with_share(frame: pd.DataFrame, name: str) -> list[str]:
    """Add the rate or the net share of a metric; return its columns."""
    columns = [column for column in frame.columns if column.startswith(f"{name}_")]
    if f"{name}_n_success" in columns:
        frame[f"{name}_rate"] = _over_n(frame, name, frame[f"{name}_n_success"])
        return [*columns, f"{name}_rate"]
    if f"{name}_n_promoter" in columns:
        net = frame[f"{name}_n_promoter"] - frame[f"{name}_n_detractor"]
        frame[f"{name}_net"] = _over_n(frame, name, net)
        return [*columns, f"{name}_net"]
    return columns


def _over_n(frame: pd.DataFrame, name: str, count: pd.Series) -> pd.Series:
    n = frame[f"{name}_n"]
    share: pd.Series = count / n.where(n > 0)
    return share


def of_metric(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return one metric's columns under their own names."""
    prefix = f"{name}_"
    chosen = [column for column in frame.columns if column.startswith(prefix)]
    return frame[chosen].rename(columns=lambda column: column.removeprefix(prefix))
