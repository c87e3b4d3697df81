"""Squared scores of clusters, added up in the engine: the variance of any linear estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from supportlab.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["score_squares"]

# Scores are kept to a millionth: rounding at random by half of that moves no shown digit.
STEPS = 1_000_000
# Scores of one row stay well below this, so that a cluster's total and its square fit 38 digits.
LARGEST_SCORE = 1e6


def score_squares(
    clusters: Any,
    by: Sequence[str],
    scores: pd.DataFrame,
    outcome: str,
    per_by: str | None = None,
) -> pd.DataFrame:
    """
    Sum up the squared scores of clusters.

    Not for an estimator whose score depends on more than a row's cell and outcome.

    Parameters
    ----------
    clusters : ibis.Table
        One row per cell and cluster: ``by``, ``cluster``, ``n`` and the outcome's count.
    by : sequence of str
        Columns of a cell.
    scores : pandas.DataFrame
        One row a cell: ``by``, and for each estimator ``a_NAME`` and ``b_NAME``; a row with
        outcome ``y`` (0 or 1) scores ``a + b * y``. Of the order of 1: not divided by all rows.
    outcome : str
        Column that counts the rows with ``y`` 1.
    per_by : str, optional
        One of ``by``: sums for each of its groups.

    Returns
    -------
    pandas.DataFrame
        One row an estimator (and group): ``estimator``, ``n_clusters`` with a row in a cell that is
        listed, ``sum_of_scores``, ``sum_of_squares``. Integers were added, so that the result is
        the same on every run.

    Raises
    ------
    ParameterError
        Scores are missing, too large, or of cells that stand twice.

    Notes
    -----
    The estimator ``sum of scores / N`` has the cluster-robust variance ``sum of squares / N**2``
    (times ``m / (m - 1)``), since clusters are independent.
    """
    import ibis
    import pandas as pd

    names = _estimators(scores, by)
    scaled = _scaled(scores, by, names)
    table = ibis.memtable(scaled)
    joined = clusters.inner_join(table, list(by)) if by else clusters.cross_join(table)
    # The widest decimal that all engines have: squares of a large cluster overflow narrower ones.
    totals = {
        name: (joined[f"a_{name}"] * joined.n + joined[f"b_{name}"] * joined[outcome])
        .sum()
        .cast("decimal(38,0)")
        for name in names
    }
    keys = ["cluster", per_by] if per_by else ["cluster"]
    each = joined.filter(joined.n > 0).group_by(keys).aggregate(**totals)
    sums: dict[str, Any] = {"n_clusters": each.count().cast("int64")}
    for name in names:
        sums[f"sum_{name}"] = each[name].sum()
        sums[f"square_{name}"] = (each[name] * each[name]).sum()
    found = each.group_by(per_by).aggregate(**sums) if per_by else each.aggregate(**sums)
    frame = found.execute()
    return pd.concat([_of(frame, name, per_by) for name in names], ignore_index=True)


def _of(frame: pd.DataFrame, name: str, per_by: str | None) -> pd.DataFrame:
    import pandas as pd

    keys = {per_by: frame[per_by]} if per_by else {}
    sums, squares = frame[f"sum_{name}"], frame[f"square_{name}"]
    out = pd.DataFrame(
        {
            "estimator": name,
            **keys,
            "n_clusters": frame["n_clusters"].astype("int64"),
            "sum_of_scores": [float(value or 0) / STEPS for value in sums],
            "sum_of_squares": [float(value or 0) / STEPS**2 for value in squares],
        }
    )
    return out.sort_values(per_by, ignore_index=True) if per_by else out


def _estimators(scores: pd.DataFrame, by: Sequence[str]) -> list[str]:
    names = [name[2:] for name in scores.columns if name.startswith("a_")]
    lacking = [*(name for name in by if name not in scores)]
    lacking += [f"b_{name}" for name in names if f"b_{name}" not in scores]
    if not names or lacking:
        raise ParameterError(
            f"scores needs the cell's columns and a_NAME, b_NAME; missing: {lacking or ['a_NAME']}."
        )
    if by and scores.duplicated(list(by)).any():
        raise ParameterError("scores names a cell more than once; give one row a cell.")
    return names


def _scaled(scores: pd.DataFrame, by: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
    import numpy as np

    out = scores[list(by)].copy()
    for name in names:
        for part in ("a", "b"):
            values = scores[f"{part}_{name}"].to_numpy(dtype=float)
            if not np.all(np.abs(values) < LARGEST_SCORE):
                raise ParameterError(
                    f"{part}_{name} is missing or beyond {LARGEST_SCORE:g} in some cell; "
                    "give scores of the order of 1."
                )
            out[f"{part}_{name}"] = np.rint(values * STEPS).astype("int64")
    return out
