"""Sentences and the figure for a table of customers without dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.format import format_count, format_interval, format_share, format_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.studies.churn.snapshot_leaks import Fault
    from supportlab.studies.churn.snapshot_table import Snapshot

__all__ = [
    "CAVEATS",
    "NO_DATES",
    "association_sentences",
    "draw_associations",
    "fault_sentences",
    "level_sentences",
    "tenure_words",
]

NO_DATES = (
    "a table of customers at one moment has no dates: when somebody left, over which time, and "
    "what came before it are not known; give signed_up_at and churned_at, or subscriptions"
)
CAVEATS = (
    "Over which time the customers left is not known, so this is no rate per month or year.",
    (
        "What stands in the table may have come before or after the decision to leave; an "
        "association here is no effect and no forecast."
    ),
    (
        "Who had left long before the table was written may be missing from it, and who stays "
        "is seen longer: short stays are too few among those still there (length bias)."
    ),
)


def level_sentences(table: pd.DataFrame, level: float) -> tuple[str, ...]:
    """Say what share had left, and where it is highest and lowest."""
    whole, rest = table.iloc[0], table.iloc[1:]
    share = format_interval(
        whole["estimate"], whole["ci_low"], whole["ci_high"], "proportion", level
    )
    first = (
        f"Of the {format_count(whole['n'])} customers in the table, "
        f"{format_count(whole['n_left'])} had left: {share}."
    )
    large = rest[rest["n"] >= 100]
    if large.empty:
        return (first,)
    order = np.lexsort((large["level"], large["feature"], large["estimate"]))
    low, high = large.iloc[order[0]], large.iloc[order[-1]]
    second = (
        f"It is highest for {high['feature']} {high['level']} "
        f"({format_value(high['estimate'], 'proportion')}) and lowest for {low['feature']} "
        f"{low['level']} ({format_value(low['estimate'], 'proportion')}); the groups differ in "
        "much else."
    )
    return (first, second)


def tenure_words(snapshot: Snapshot, tenure: str | None) -> tuple[str, ...]:
    """Say how long those who left and those who stay had been customers, and what it is not."""
    if tenure is None or not snapshot.feature(tenure, "tenure").is_number:
        return ()
    values = snapshot.values(tenure)
    left = _median(values["value"].to_numpy(), values["n_events"].to_numpy())
    stays = _median(values["value"].to_numpy(), (values["n"] - values["n_events"]).to_numpy())
    return (
        (
            f"The median {tenure} of those who had left is {left:g}, of the others {stays:g}. "
            "That is no survival curve: the stays of those still there are not over, and who left "
            "earlier may not be in the table."
        ),
    )


def _median(values: np.ndarray, n: np.ndarray) -> float:
    passed, total = np.cumsum(n), int(n.sum())
    if total == 0:
        return float("nan")
    middle = [
        values[int(np.searchsorted(passed, place + 1))] for place in ((total - 1) // 2, total // 2)
    ]
    return float(np.mean(middle))


def fault_sentences(faults: Sequence[Fault], n_features: int) -> tuple[str, ...]:
    """Say which features are kept out, and which are only noted."""
    excluded = [fault for fault in faults if fault.is_excluded]
    noted = [fault for fault in faults if not fault.is_excluded]
    if excluded:
        shown = "; ".join(f"{fault.feature}: {fault.detail}" for fault in excluded)
        words = f"Kept out of all that follows: {shown}."
    else:
        words = f"None of the {n_features} features tells who left as only a leak would."
    if not noted:
        return (words,)
    shown = "; ".join(f"{fault.feature}: {fault.detail}" for fault in noted)
    return (words, f"To be known: {shown}.")


def association_sentences(
    table: pd.DataFrame, held: Sequence[str], tenure: str | None
) -> tuple[str, ...]:
    """Say how many associations are shown, the strongest of them, and what was refused."""
    known = table[table["estimate"].notna()]
    shown = known[known["verdict"].isin(["higher", "lower"])]
    equal = [*held, *([tenure] if tenure else [])]
    words = f" at equal {', '.join(equal)}" if equal else ", unadjusted"
    sentences = [
        (
            f"{format_share(len(shown), len(known))} comparisons of levels are shown to go with "
            f"having left{words}."
        )
    ]
    if len(shown):
        strength = np.abs(np.log(shown["estimate"].to_numpy(float)))
        row = shown.iloc[int(strength.argmax())]
        ratio = format_interval(row["estimate"], row["ci_low"], row["ci_high"], "odds_ratio")
        sentences.append(
            f"The strongest is {row['feature']} {row['level']} against {row['reference']}: odds "
            f"ratio {ratio}, risk ratio {format_value(row['risk_ratio'], 'odds_ratio')}."
        )
    refused = len(table) - len(known)
    if refused:
        sentences.append(f"{refused} could not be estimated; the table says why.")
    return tuple(sentences)


def draw_associations(table: pd.DataFrame, ax: Axes | None) -> Axes:
    """Draw the odds ratios on a logarithmic axis."""
    from supportlab.plots import dot_intervals

    known = table[table["estimate"].notna()]
    words = known["feature"] + " " + known["level"].astype(str)
    shown = known.assign(comparison=words).reset_index(drop=True)
    axes = dot_intervals(
        shown, label="comparison", unit="odds_ratio", ax=ax, counted="customers", reference=1.0,
        reference_label="alike", title="Odds of having left, adjusted",
        estimate_label="odds ratio with interval",
    )  # fmt: skip
    axes.set_xscale("log")
    return axes
