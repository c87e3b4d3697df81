"""What a table of customers at one moment says of churn, and what it cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.findings import Finding
from supportlab.format import format_share
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.churn.snapshot_fit import ordered_levels
from supportlab.studies.churn.snapshot_leaks import FAULT_COLUMNS, Fault, find_faults
from supportlab.studies.churn.snapshot_table import Snapshot, open_snapshot
from supportlab.studies.churn.snapshot_words import (
    CAVEATS,
    NO_DATES,
    fault_sentences,
    level_sentences,
    tenure_words,
)
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    pass

__all__ = [
    "chosen_features",
    "known_finding",
    "leak_check",
    "open_snapshot",
    "snapshot_faults",
    "snapshot_levels",
    "unknown_words",
]

STUDY = "churn-and-service-quality"
SHARE_ID = "churn.snapshot.share"


def snapshot_levels(
    snapshot: Snapshot,
    features: Sequence[str] | None = None,
    *,
    tenure: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Count who had left, whole and by the levels of each feature: the naive figure.

    Not a rate of churn: over which time the customers left is not known.

    Parameters
    ----------
    snapshot : Snapshot
        What `open_snapshot` gave.
    features : sequence of str, optional
        Features to split by; all that name groups when left out.
    tenure : str, optional
        Feature that tells how long the customer has been, or was, one.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a level, the whole first: ``feature``, ``level``, ``estimate`` (share that had
        left), ``ci_low``, ``ci_high``, ``n``, ``n_left``, ``reason``; findings
        ``churn.snapshot.share`` for the whole, and ``churn.rate`` refused.
    """
    names = chosen_features(snapshot, features)
    rows = [_share("all customers", snapshot.label, snapshot.n, snapshot.n_left, level)]
    for name in names:
        cells = snapshot.cells([name]).set_index(name, drop=False)
        order = ordered_levels(snapshot, name, [str(item) for item in cells.index])
        for item in cells.loc[order].to_dict("records"):
            rows.append(_share(name, item[name], item["n"], item["n_events"], level))
    table = pd.DataFrame(rows)
    whole = rows[0]
    known = known_finding(
        SHARE_ID, "What share of the customers in the table had left?", "proportion"
    )
    finding = Finding(
        **known,
        estimand="share of the customers in the table who had left, at an unknown time",
        estimate=whole["estimate"],
        ci_low=whole["ci_low"],
        ci_high=whole["ci_high"],
        ci_level=level,
        n=snapshot.n,
        method="share, Wilson",
        caveats=(CAVEATS[0], *unknown_words(snapshot)),
    )
    monthly = known_finding("churn.rate", "How many customers leave in a month?", "proportion")
    refused = Finding.refused(
        **monthly, estimand="share of customers who leave in a month", reason=NO_DATES
    )
    return Estimate(
        "snapshot-levels",
        "Who had left, by what is known of them",
        table,
        findings=(finding, refused),
        sentences=(*level_sentences(table, level), *tenure_words(snapshot, tenure)),
        caveats=(*CAVEATS, *unknown_words(snapshot)),
    )


def snapshot_faults(
    snapshot: Snapshot, *, known_after: Sequence[str] = (), tenure: str | None = None
) -> Estimate:
    """
    Name the features that tell who left because they were written then, and separated levels.

    Not a proof that the others are known beforehand: who keeps the system has to say.

    Parameters
    ----------
    snapshot : Snapshot
        What `open_snapshot` gave.
    known_after : sequence of str
        Features that are known to be written when somebody leaves.
    tenure : str, optional
        Feature that tells how long the customer has been, or was, one.

    Returns
    -------
    Estimate
        One row a fault: ``feature``, ``kind``, ``level``, ``n``, ``n_left``, ``is_excluded``,
        ``detail``; a check that fails where a feature had to be excluded.

    Notes
    -----
    The rules, and how often they are wrong, are those of
    `supportlab.studies.churn.snapshot_leaks.find_faults`.
    """
    faults = find_faults(snapshot, known_after, tenure)
    rows = [{name: getattr(fault, name) for name in FAULT_COLUMNS} for fault in faults]
    table = pd.DataFrame(rows, columns=list(FAULT_COLUMNS))
    return Estimate(
        "snapshot-faults",
        "Features that tell too much",
        table,
        sentences=fault_sentences(faults, len(snapshot.features)),
        checks=(leak_check(faults),),
    )


def chosen_features(snapshot: Snapshot, features: Sequence[str] | None) -> list[str]:
    """Return the features asked for, all that name groups where none is."""
    if features is not None:
        return [snapshot.feature(name, "features").name for name in features]
    return [name for name, feature in snapshot.features.items() if feature.is_group]


def _share(feature: str, name: str, n: int, n_left: int, level: float) -> dict[str, Any]:
    from supportlab.stats import wilson_interval

    found = wilson_interval(float(n_left), float(n), level)
    return {
        "feature": feature,
        "level": name,
        "estimate": found.estimate,
        "ci_low": found.low,
        "ci_high": found.high,
        "n": int(n),
        "n_left": int(n_left),
    }


def known_finding(finding_id: str, question: str, unit: str) -> dict[str, Any]:
    """Return what a finding of this study carries whether it is estimated or refused."""
    return {"id": finding_id, "study": STUDY, "question": question, "unit": unit}


def leak_check(faults: Sequence[Fault]) -> Check:
    """Return the check that fails where a feature tells who left as only a leak would."""
    excluded = [fault for fault in faults if fault.is_excluded]
    name = "No feature is known only after leaving"
    if not excluded:
        return Check(name, True, "no feature tells who left as only a leak would")
    shown = "; ".join(f"{fault.feature} ({fault.kind})" for fault in excluded)
    return Check(name, False, f"kept out: {shown}")


def unknown_words(snapshot: Snapshot) -> tuple[str, ...]:
    """Say how many rows do not tell whether the customer had left."""
    if not snapshot.n_unknown:
        return ()
    total = snapshot.n + snapshot.n_unknown
    return (
        (
            "Left out, since whether they had left is not known: "
            f"{format_share(snapshot.n_unknown, total)} rows."
        ),
    )
