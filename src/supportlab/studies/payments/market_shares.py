"""Shares of payments by market or method, with clustering learnt from all groups together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.findings import Finding
from supportlab.format import format_count
from supportlab.metrics.dimensions import MISSING
from supportlab.studies.common.measures import Measure
from supportlab.studies.common.refusals import as_of_text
from supportlab.studies.payments.measures import COUNTED, PAYMENT_MEASURES, STUDY
from supportlab.studies.payments.shares import share_cells
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.payments.cells import PaymentCells
    from supportlab.stats.interval import FloatArray, Interval
    from supportlab.stats.moderated_clusters import GroupProfiles

__all__ = ["SHRUNK", "MarketShares", "market_shares"]

SHRUNK = ("shrunk_rate", "shrunk_low_rate", "shrunk_high_rate")


@dataclass(frozen=True)
class MarketShares:
    """
    Shares of all groups of one rate.

    Parameters
    ----------
    desk : Desk
        The data.
    measure : Measure
        How the rate is spoken of.
    cells : PaymentCells
        The counts that they come from.
    table : pandas.DataFrame
        One row a group, ordered by its name: the group columns, ``estimate``, ``ci_low``,
        ``ci_high``, ``ci_level``, ``unit``, ``n``, ``n_outcome``, ``n_clusters``,
        ``design_effect``, ``method_of_interval``, ``reason``, ``is_named``.
    period : tuple of (str or None, str or None)
        Start and end as asked.
    """

    desk: Desk
    measure: Measure
    cells: PaymentCells
    table: pd.DataFrame
    period: tuple[str | None, str | None]

    @property
    def usable(self) -> pd.DataFrame:
        """Groups that have a name and an estimate."""
        return self.table.loc[self.table["is_named"] & self.table["estimate"].notna()]

    def sizes(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Events, rows and design effects, at least 1, of the usable groups."""
        hits, n, effect = (
            self.usable[name].to_numpy(dtype=float) for name in ("n_outcome", "n", "design_effect")
        )
        return hits, n, np.maximum(effect, 1.0)

    def group_of(self, row: Mapping[Any, Any]) -> dict[str, str]:
        """Name and value of each group column of a row."""
        return {name: str(row[name]) for name in self.cells.by}

    def estimand_of(self, row: Mapping[Any, Any]) -> str:
        """The share that a row holds, in words."""
        return self.measure.estimand(self.group_of(row), self.desk.slice)

    def known(self, row: Mapping[Any, Any], estimand: str) -> dict[str, Any]:
        """What every finding of a row carries."""
        return {
            "study": STUDY,
            "question": self.measure.question,
            "estimand": estimand,
            "unit": "proportion",
            "group": self.group_of(row),
            "as_of": as_of_text(self.desk),
            "start": self.period[0],
            "end": self.period[1],
            "n": int(row["n"]),
            "n_clusters": None if pd.isna(row["n_clusters"]) else int(row["n_clusters"]),
            "caveats": self.caveats(),
        }

    def finding(self, row: Mapping[Any, Any], level: float, shrunk_words: str) -> Finding:
        """Return the finding of a row with a shrunk figure beside its own."""
        known = self.known(row, self.estimand_of(row)) | {"id": self.measure.finding_id}
        if pd.isna(row["estimate"]):
            return Finding.refused(reason=str(row["reason"]), **known)
        names = ("estimate", "ci_low", "ci_high")
        beside = {name: row[column] for name, column in zip(names, SHRUNK, strict=True)}
        return Finding(
            **known,
            **{name: row[name] for name in names},
            ci_level=level,
            method=row["method_of_interval"],
            sensitivity=(None if pd.isna(row["shrunk_rate"]) else {"name": shrunk_words, **beside}),
        )

    def caveats(self) -> tuple[str, ...]:
        """What a reader of any of these shares has to know."""
        words = []
        lost = int(self.table.loc[~self.table["is_named"], "n"].sum())
        if lost:
            names = " or ".join(name.replace("_", " ") for name in self.cells.by)
            words.append(
                f"{format_count(lost)} {self.measure.counted} have no {names}: in no group."
            )
        if not self.cells.is_clustered:
            words.append(
                f"No customer is known, so {self.measure.counted} count as independent of each "
                "other, and the intervals are too narrow where they are alike."
            )
        return tuple(words)


def market_shares(
    desk: Desk,
    rate: str,
    by: str | Sequence[str] = "market",
    *,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> MarketShares:
    """
    Compute a rate of payments in every group, with intervals that small groups can trust too.

    Not shrunk, and not ordered: what rests on it does that.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    rate : str
        ``decline_rate``, ``success_rate`` or ``abandonment_rate``.
    by : str or sequence of str
        Group columns.
    start, end : str, optional
        ISO dates, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    MarketShares
        Shares with their reasons where there is none.

    Raises
    ------
    NotEstimable
        There are no payments, or none of them failed.
    ParameterError
        The rate or a group is not known.
    """
    from supportlab.metrics.payments.cells import payment_cells

    if rate not in COUNTED:
        raise ParameterError(f"rate came as {rate!r}. {did_you_mean(rate, COUNTED)}")
    unit, outcome = COUNTED[rate]
    names = (by,) if isinstance(by, str) else tuple(by)
    cells = payment_cells(desk, names, unit=unit, start=start, end=end)
    counts = cells.fetch()[["n", "n_success"]].sum()
    if counts["n"] == 0:
        raise NotEstimable("there is no payment to count")
    if counts["n"] == counts["n_success"]:
        raise NotEstimable(
            f"the period holds only successes ({format_count(counts['n'])}); either none failed "
            "or failures were not recorded, and the data cannot tell which"
        )
    table = _table(cells, PAYMENT_MEASURES[rate], outcome, level)
    return MarketShares(desk, PAYMENT_MEASURES[rate], cells, table, (start, end))


def _table(cells: PaymentCells, measure: Measure, outcome: str, level: float) -> pd.DataFrame:
    intervals = _moderated(cells, outcome, level)
    rows = []
    for key, cell, hits in share_cells(cells, outcome, level):
        # A single customer's rows have no interval alone; what all customers are like lends one.
        found = None if _is_refused(cell.reason) else intervals.get(key, cell.interval)
        is_named = MISSING not in key
        rows.append(
            {
                **dict(zip(cells.by, key, strict=True)),
                "estimate": found.estimate if found else np.nan,
                "ci_low": found.low if found else np.nan,
                "ci_high": found.high if found else np.nan,
                "ci_level": level,
                "unit": measure.unit,
                "n": cell.n,
                "n_outcome": hits,
                "n_clusters": cell.n_clusters,
                "design_effect": found.design_effect if found else np.nan,
                "method_of_interval": found.method if found else None,
                "reason": None if found else cell.reason,
                "is_named": is_named,
            }
        )
    table = pd.DataFrame(rows)
    table["design_effect"] = table["design_effect"].astype("float64").fillna(1.0)
    for name in ("n", "n_outcome", "n_clusters"):
        table[name] = table[name].astype("Int64")
    return table


def _is_refused(reason: str) -> bool:
    return bool(reason) and "cluster" not in reason


def _moderated(
    cells: PaymentCells, outcome: str, level: float
) -> dict[tuple[str, ...], Interval | None]:
    from supportlab.stats.moderated_clusters import moderated_shares

    if not cells.is_clustered:
        return {}
    keys, groups = _profiles(cells, outcome)
    try:
        return dict(zip(keys, moderated_shares(groups, level), strict=True))
    except NotEstimable:
        return {}


def _profiles(
    cells: PaymentCells, outcome: str
) -> tuple[list[tuple[str, ...]], list[GroupProfiles]]:
    from supportlab.stats.moderated_clusters import GroupProfiles

    keys, groups = [], []
    for key, part in cells.profiles().groupby(list(cells.by), sort=True):
        keys.append(tuple(str(item) for item in (key if isinstance(key, tuple) else (key,))))
        hits, n, times = (part[name].to_numpy() for name in (outcome, "n", "n_clusters"))
        groups.append(GroupProfiles(hits, n, times))
    return keys, groups
