"""
Adjusted differences on the ServiceNow log that must not be sold as causes.

``python -m benchmarks.servicenow_knowledge FOLDER`` with a folder made by ``supportlab import
servicenow``. Prints the raw and the adjusted difference in resolution within five days, by the
knowledge flag and by hand-overs, and how far teams lie apart; docs/empowerment.md says why none of
these is an effect.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["main"]

COVARIATES = ("category", "priority", "month")
DAYS = 5


def main(argv: Sequence[str] | None = None) -> int:
    """Print a table of differences, and how far teams lie apart."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(argv)
    rows = _rows(options.folder)
    print("| of | with it | raw | adjusted | 95 % interval | E-value | kept | teams |")
    print("|---|---:|---:|---:|---|---:|---:|---:|")
    for name in ("knowledge", "handed over"):
        print(_line(rows, name))
    print(_between_teams(rows))
    return 0


def _rows(folder: Path) -> pd.DataFrame:
    rows = pd.read_parquet(folder / "tickets.parquet")
    rows = rows.loc[rows["team_id"].notna() & rows["x_knowledge"].notna()]
    took = (rows["resolved_at"] - rows["created_at"]).dt.total_seconds() / 86_400
    return pd.DataFrame(
        {
            "quick": (took <= DAYS).astype(int),
            "knowledge": rows["x_knowledge"].astype(bool),
            "handed over": rows["transfer_count"].fillna(0) > 0,
            "team": rows["team_id"].astype(str),
            "category": rows["category"].fillna("(missing)").astype(str),
            "priority": rows["priority"].fillna("(missing)").astype(str),
            "month": rows["created_at"].dt.strftime("%Y-%m"),
        }
    )


def _line(rows: pd.DataFrame, treatment: str) -> str:
    from supportlab.stats import e_value_of_difference
    from supportlab.stats.cell_models import design_columns
    from supportlab.stats.doubly_robust import aipw_cells

    keys = [*COVARIATES, "team", treatment]
    cells = rows.groupby(keys)["quick"].agg(["size", "sum"]).reset_index()
    design = design_columns({name: cells[name].tolist() for name in COVARIATES}, cells["size"])
    # Without folds of teams: categories belong to a few teams each, and a model fitted without
    # those would have nothing to say of them.
    effect = aipw_cells(design.matrix, cells[treatment], cells["size"], cells["sum"])
    found = effect.by_clusters(cells["team"], cells["size"], cells["sum"])
    strength = e_value_of_difference(
        found.estimate, found.low, found.high, baseline=effect.mean_untreated
    )
    return (
        f"| {treatment} | {rows[treatment].mean():.1%} | {100 * effect.naive_all:+.1f} | "
        f"{100 * found.estimate:+.1f} | {100 * (found.low or 0):+.1f} to "
        f"{100 * (found.high or 0):+.1f} | {strength.estimate:.2f} | {effect.share_kept:.0%} | "
        f"{found.n_clusters} |"
    )


def _between_teams(rows: pd.DataFrame) -> str:
    from supportlab.stats import beta_binomial_shrinkage

    sums = rows.groupby("team")["quick"].agg(["sum", "size"])
    made = beta_binomial_shrinkage(sums["sum"], sums["size"])
    shrunk = np.asarray(made.estimate, dtype=float)
    low, high = np.quantile(shrunk, [0.1, 0.9])
    return (
        f"{len(sums)} teams: resolved within {DAYS} days, drawn together for their size, from "
        f"{low:.0%} (tenth) to {high:.0%} (ninetieth of a hundred)."
    )


if __name__ == "__main__":
    raise SystemExit(main())
