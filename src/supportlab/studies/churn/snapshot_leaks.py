"""Columns of a snapshot that tell who left because they were written when somebody left."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import MISSING
from supportlab.studies.churn.snapshot_table import Snapshot

__all__ = ["FAULT_COLUMNS", "LEAKS", "Fault", "find_faults"]

# A feature known beforehand does not tell nineteen of twenty pairs apart: churn models in the
# field reach 0.7 to 0.85 with everything they have.
LEAK_AUC = 0.95
# A sum over time is its rate times the time, but for changes of the rate on the way.
SUM_CORRELATION = 0.99
# Rows that are enough to see such a correlation; the first ones by key.
MOST_ROWS = 20_000
# Fewer rows with all three numbers, and a correlation says nothing.
FEWEST_ROWS = 50
LEAKS = ("declared", "level always left", "tells nearly all", "adds up over time")
FAULT_COLUMNS = ("feature", "kind", "level", "n", "n_left", "is_excluded", "detail")
_SUSPECT = re.compile(
    r"churn|cancel|attrit|terminat|reason|offboard|win.?back|exit|closed|(^|_)left(_|$)|end.?date",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Fault:
    """
    Something about a feature that keeps it from being used, or that has to be known.

    Parameters
    ----------
    feature, kind, level : str
        Which column, what is the matter, and in which level; "" for the whole column.
    n, n_left : int
        Customers concerned, and how many of them had left.
    is_excluded : bool
        Whether the column is kept out of all that follows.
    detail : str
        What was seen, in words.
    """

    feature: str
    kind: str
    level: str
    n: int
    n_left: int
    is_excluded: bool
    detail: str


def find_faults(
    snapshot: Snapshot, known_after: Sequence[str] = (), tenure: str | None = None
) -> tuple[Fault, ...]:
    """
    Find leaks and separated levels among the features of a snapshot.

    Not a proof: a leak that is weak looks like any other association, and only who keeps the
    system knows when a column is written.

    Parameters
    ----------
    snapshot : Snapshot
        The data.
    known_after : sequence of str
        Features that are known to be written when somebody leaves.
    tenure : str, optional
        Feature that tells how long the customer has been, or was, one.

    Returns
    -------
    tuple of Fault
        By feature, in the order of the columns.

    Notes
    -----
    Rules, in this order; a feature is excluded by the first that applies. ``declared``: the caller
    says so. ``level always left``: a level, a missing or a present value included, in which
    everybody had left, beyond chance (Fisher, Holm over all levels of all features: at most 5 %
    false alarms in all). ``tells nearly all``: by its levels or its numbers alone the area under
    the ROC curve is above 0.95 with the lower limit of its interval. ``adds up over time``: a
    number that is tenure times another number (correlation of logarithms above 0.99), and so tells
    when somebody left. Noted and kept: ``level never left`` beyond chance, since a good contract
    may do that, with no finite odds ratio; and a name that sounds as if written afterwards.
    """
    for name in (*known_after, *((tenure,) if tenure else ())):
        snapshot.feature(name, "known_after" if name in known_after else "tenure")
    separated = _separated(snapshot)
    sums = _sums(snapshot, tenure)
    found: list[Fault] = []
    for name in snapshot.features:
        own = _declared(snapshot, name, known_after) or separated.get(name, []) or []
        if not any(fault.is_excluded for fault in own) and name != tenure:
            own = [*own, *_telling(snapshot, name), *sums.get(name, [])]
        if not own and _SUSPECT.search(name):
            own = [_whole(snapshot, name, "name", "its name sounds as if written afterwards")]
        found += own
    return tuple(found)


def _declared(snapshot: Snapshot, name: str, known_after: Sequence[str]) -> list[Fault]:
    if name not in known_after:
        return []
    detail = "declared as known only after leaving"
    return [_whole(snapshot, name, "declared", detail, is_excluded=True)]


def _whole(
    snapshot: Snapshot, name: str, kind: str, detail: str, *, is_excluded: bool = False
) -> Fault:
    return Fault(name, kind, "", snapshot.n, snapshot.n_left, is_excluded, detail)


def _separated(snapshot: Snapshot) -> dict[str, list[Fault]]:
    """Return levels that always or never left, beyond chance over all levels of all features."""
    from supportlab.stats.separation import separated_levels

    frames = [_levels(snapshot, name) for name in snapshot.features]
    levels = pd.concat(frames, ignore_index=True)
    found: dict[str, list[Fault]] = {}
    for one in separated_levels(levels["n"], levels["n_events"]):
        if not one.is_beyond_chance:
            continue
        row = levels.iloc[one.place]
        kind = "level always left" if one.always else "level never left"
        words = "all" if one.always else "none"
        detail = (
            f"{words} of the {one.n:,} customers with {row['feature']} {row['level']} had left "
            f"(by chance: p {one.p_adjusted:.2g} over all levels)"
        )
        fault = Fault(
            row["feature"], kind, row["level"], one.n, int(row["n_events"]), one.always, detail
        )
        found.setdefault(row["feature"], []).append(fault)
    return found


def _levels(snapshot: Snapshot, name: str) -> pd.DataFrame:
    feature = snapshot.features[name]
    if feature.is_group:
        cells = snapshot.cells([name]).rename(columns={name: "level"})
        present = pd.DataFrame(columns=cells.columns)
        if feature.n_levels > 2 and MISSING in set(cells["level"]):
            present = _present(cells)
        cells = pd.concat([cells, present], ignore_index=True) if len(present) else cells
    else:
        # So many levels name single customers: only whether there is one can be judged.
        cells = snapshot.cells([name]).rename(columns={name: "level"})
        is_missing = cells["level"] == MISSING
        cells = pd.concat([cells[is_missing], _present(cells)], ignore_index=True)
    return cells.assign(feature=name)


def _present(cells: pd.DataFrame) -> pd.DataFrame:
    known = cells[cells["level"] != MISSING]
    sums = {"level": "(any value)", "n": known["n"].sum(), "n_events": known["n_events"].sum()}
    return pd.DataFrame([sums])


def _telling(snapshot: Snapshot, name: str) -> list[Fault]:
    feature = snapshot.features[name]
    if not feature.is_group:
        return []
    cells = snapshot.values(name) if feature.is_number else snapshot.cells([name])
    score = cells["value"] if feature.is_number else cells["n_events"] / cells["n"]
    low = _lower_limit(np.asarray(score, dtype=float), cells)
    if low is None or low < LEAK_AUC:
        return []
    detail = f"alone it parts leavers from stayers (area under the ROC curve {low:.2f} or more)"
    return [_whole(snapshot, name, "tells nearly all", detail, is_excluded=True)]


def _lower_limit(score: np.ndarray, cells: pd.DataFrame) -> float | None:
    """Return the lower limit of the area, in the direction in which the feature tells more."""
    from supportlab.stats.discrimination import clustered_auc

    try:
        found = clustered_auc(score, cells["n"], cells["n_events"])
    except NotEstimable:
        # No overlap at all: told without error.
        parted = cells["n_events"].sum() > 1 and (cells["n"] - cells["n_events"]).sum() > 1
        return 1.0 if parted else None
    low, high = float(found.low or 0.0), float(found.high or 1.0)
    return low if found.estimate >= 0.5 else 1.0 - high


def _sums(snapshot: Snapshot, tenure: str | None) -> dict[str, list[Fault]]:
    if tenure is None or not snapshot.features[tenure].is_number:
        return {}
    numbers = [name for name, one in snapshot.features.items() if one.is_number and name != tenure]
    frame = _sample(snapshot, [tenure, *numbers])
    found = {}
    for name in numbers:
        for rate in (other for other in numbers if other != name):
            correlation = _correlation(frame, name, tenure, rate)
            if correlation is not None and correlation > SUM_CORRELATION:
                detail = (
                    f"it is {tenure} times {rate} (correlation of the logarithms "
                    f"{correlation:.3f}), so it tells when somebody left"
                )
                fault = _whole(snapshot, name, "adds up over time", detail, is_excluded=True)
                found[name] = [fault]
    return found


def _sample(snapshot: Snapshot, names: Sequence[str]) -> pd.DataFrame:
    values = {name: snapshot.table[name].try_cast("float64") for name in names}
    key: Any = {"customer_key": snapshot.table.customer_key} if snapshot.key else {}
    rows = snapshot.table.select(**key, **values)
    order = [*(["customer_key"] if snapshot.key else []), *names]
    frame: pd.DataFrame = rows.order_by(order).limit(MOST_ROWS).execute()
    return frame


def _correlation(frame: pd.DataFrame, name: str, tenure: str, rate: str) -> float | None:
    """Return how well tenure times the rate tells the number, beyond what the rate alone does."""
    kept = frame[(frame[name] > 0) & (frame[tenure] > 0) & (frame[rate] > 0)]
    # A count of tickets takes few values, a sum of money takes many: a sum has to be like one.
    if len(kept) < FEWEST_ROWS or kept[name].nunique() < len(kept) / 10:
        return None
    product = np.log(kept[tenure].to_numpy(float) * kept[rate].to_numpy(float))
    values = np.log(kept[name].to_numpy(float))
    if np.ptp(product) == 0 or np.ptp(values) == 0 or np.ptp(kept[tenure].to_numpy(float)) == 0:
        return None
    return float(np.corrcoef(values, product)[0, 1])
