"""Tables and checks of arms compared at equal intake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.format import format_difference
from supportlab.records import Check
from supportlab.stats.channel_effects import side_weights
from supportlab.studies.channels.power import verdict_of

if TYPE_CHECKING:
    from supportlab.stats.channel_effects import Pair
    from supportlab.stats.interval import FloatArray
    from supportlab.studies.channels.compare import Arm, Compared

__all__ = ["arm_table", "balance_check", "overlap_check", "silent_check"]

# Two groups whose shares of a label differ by less than this in standard deviations are alike by
# the usual convention (Austin 2009).
ALIKE = 0.1
# By how much the silent might be less satisfied than alike customers who answered.
SILENT = (-0.2, -0.1, 0.0, 0.1)


def arm_table(compared: Compared, method: str = "holm") -> pd.DataFrame:
    """Return one row an arm, estimated or refused, in the order of the names."""
    from supportlab.stats import adjust_p

    asked = compared.asked
    rows = [_row(compared, arm) for arm in compared.arms]
    table = pd.DataFrame(rows)
    table["p_adjusted"] = adjust_p(table["p_value"].tolist(), method)  # type: ignore[arg-type]
    table["verdict"] = [
        None if arm.contrast is None else verdict_of(arm.contrast, p, unit, asked.level)
        for arm, p, unit in zip(compared.arms, table["p_adjusted"], table["unit"], strict=True)
    ]
    whole = ("n", "n_arm", "n_reference", "n_clusters")
    return table.assign(**{name: table[name].astype("Int64") for name in whole})


def _row(compared: Compared, arm: Arm) -> dict[str, Any]:
    found, overlap = arm.contrast, arm.overlap
    row: dict[str, Any] = {
        compared.asked.arm: arm.name,
        "versus": compared.asked.reference,
        "estimate": found.estimate if found else None,
        "ci_low": found.low if found else None,
        "ci_high": found.high if found else None,
        "naive": arm.naive,
        "n": found.n if found else arm.n + arm.n_reference,
        "n_arm": arm.n,
        "n_reference": arm.n_reference,
        "n_clusters": found.n_clusters if found else None,
        "kept_share": overlap.share_kept if overlap else None,
        "arm_kept_share": overlap.kept_channel if overlap else None,
        "reference_kept_share": overlap.kept_reference if overlap else None,
        "effective_n": overlap.effective if overlap else None,
        "detectable": arm.detectable,
        "p_value": found.p_value if found else None,
        "reason": arm.reason or None,
        "unit": compared.asked.measured.unit,
    }
    if compared.asked.outcome == "csat":
        row |= _answers(arm)
    return row


def _answers(arm: Arm) -> dict[str, Any]:
    told = arm.answered
    return {
        "answers_as_they_are": told.unweighted if told else None,
        "arm_response_rate": told.response_channel if told else None,
        "reference_response_rate": told.response_reference if told else None,
        "lowest": told.lowest if told else None,
        "highest": told.highest if told else None,
    }


def overlap_check(compared: Compared) -> Check:
    """Show which share of each side has its like in the other."""
    rows = [
        {
            compared.asked.arm: arm.name,
            "versus": compared.asked.reference,
            "n_arm": arm.overlap.n_channel,
            "n_reference": arm.overlap.n_reference,
            "arm_kept_share": arm.overlap.kept_channel,
            "reference_kept_share": arm.overlap.kept_reference,
            "kept_share": arm.overlap.share_kept,
            "effective_n": arm.overlap.effective,
            "is_comparable": arm.contrast is not None,
        }
        for arm in compared.arms
        if arm.overlap is not None
    ]
    table = pd.DataFrame(rows)
    refused = [arm.name for arm in compared.arms if arm.contrast is None]
    known = table.loc[table["is_comparable"]]
    words = f"{len(known)} of {len(compared.arms)} can be compared"
    if len(known):
        least = known.iloc[int(known["kept_share"].to_numpy().argmin())]
        words += (
            f"; of those {least[compared.asked.arm]} keeps least, "
            f"{100 * least['kept_share']:.0f} % of the tickets asked about, "
            f"worth {least['effective_n']:.0f} of equal weight"
        )
    if refused:
        words += f"; refused: {', '.join(refused)}"
    return Check("overlap", not refused, words, table)


def balance_check(compared: Compared) -> Check:
    """Show how alike the two sides are in the labels, before and after weighting."""
    rows = []
    for arm in compared.estimated:
        if arm.pair is None:
            continue
        before, after, label = _imbalance(compared, arm.pair)
        rows.append({compared.asked.arm: arm.name, "before": before, "after": after,
                     "worst_label": label})  # fmt: skip
    table = pd.DataFrame(rows)
    worst = table.iloc[int(table["after"].to_numpy().argmax())]
    return Check(
        "alike after weighting",
        bool((table["after"] < ALIKE).all()),
        (
            f"largest difference in the share of a label, in standard deviations: "
            f"{table['before'].max():.2f} before and {table['after'].max():.2f} after weighting "
            f"({worst[compared.asked.arm]}, {worst['worst_label']}); alike is below {ALIKE}; what "
            "is left the outcome model adjusts for"
        ),
        table,
    )


def _imbalance(compared: Compared, pair: Pair) -> tuple[float, float, str]:
    n = compared.arrays.count(compared.asked.measured.counts[0]).sum(axis=2)
    one, other = n[:, pair.channel], n[:, pair.reference]
    kept = pair.overlap.is_kept
    _, _, up, down = side_weights(pair)
    before = _distance(compared, one, other)
    after = _distance(compared, one * up * kept, other * down * kept)
    place = int(np.argmax(after))
    names = compared.arrays.factors.names
    return float(before.max()), float(after[place]), names[place] if names else "(none)"


def _distance(compared: Compared, one: FloatArray, other: FloatArray) -> FloatArray:
    factors = compared.arrays.factors
    shares = [factors.totals(part)[1:] / part.sum() for part in (one, other)]
    # Rounding can carry a share of all rows a hair beyond 1.
    spread = np.sqrt(sum(np.maximum(one * (1.0 - one), 0.0) for one in shares) / 2.0)
    gap = np.abs(shares[0] - shares[1])
    found: FloatArray = np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 0)
    return found if found.size else np.zeros(1)


def silent_check(compared: Compared) -> Check:
    """Show what the effect would be were the silent less satisfied than their like who answered."""
    rows = [
        {
            compared.asked.arm: arm.name,
            "silent_differ_by": gap,
            "in_both": arm.answered.shifted(gap, gap),
            "in_this_channel_only": arm.answered.shifted(gap, 0.0),
        }
        for arm in compared.estimated
        if arm.answered is not None
        for gap in SILENT
    ]
    table = pd.DataFrame(rows)
    turned = table.groupby(compared.asked.arm, sort=False)["in_both"].agg(["min", "max"])
    spans = [
        f"{name} {format_difference(row['min'], 'proportion')} to "
        f"{format_difference(row['max'], 'proportion')}"
        for name, row in turned.iterrows()
    ]
    return Check(
        "customers who did not answer",
        None,
        (
            "were the silent 20 points less to 10 points more often satisfied than their like who "
            f"answered, in both channels alike: {'; '.join(spans)}"
        ),
        table,
    )
