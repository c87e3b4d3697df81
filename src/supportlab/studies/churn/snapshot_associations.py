"""How the odds of having left go with features, in a table of customers without dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.findings import Finding
from supportlab.format import format_interval
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.churn.snapshot import (
    chosen_features,
    known_finding,
    leak_check,
    unknown_words,
)
from supportlab.studies.churn.snapshot_fit import Association, associations
from supportlab.studies.churn.snapshot_leaks import Fault, find_faults
from supportlab.studies.churn.snapshot_table import Snapshot
from supportlab.studies.churn.snapshot_words import (
    CAVEATS,
    NO_DATES,
    association_sentences,
    draw_associations,
)
from supportlab.vocabulary import INTERVAL_LEVEL, Verdict

if TYPE_CHECKING:
    from supportlab.stats import Contrast

__all__ = ["snapshot_associations"]

ASSOCIATION_ID = "churn.snapshot.association"


def snapshot_associations(
    snapshot: Snapshot,
    features: Sequence[str] | None = None,
    *,
    adjust_for: Sequence[str] = (),
    tenure: str | None = None,
    negative_controls: Sequence[str] = (),
    known_after: Sequence[str] = (),
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate how the odds of having left go with features, adjusted for others.

    Not an effect, not a hazard, not a forecast: nothing tells which came first.

    Parameters
    ----------
    snapshot : Snapshot
        What `open_snapshot` gave.
    features : sequence of str, optional
        Features asked about; all that name groups when left out.
    adjust_for : sequence of str
        Features held equal.
    tenure : str, optional
        Feature that tells how long the customer has been, or was, one; held equal in bins, with
        the figure without it beside.
    negative_controls : sequence of str
        Features that should not go with leaving; a check says whether they do.
    known_after : sequence of str
        Features that are known to be written when somebody leaves.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a level against the most frequent: ``feature``, ``level``, ``reference``, ``n``,
        ``n_left``, ``odds_ratio_unadjusted``, ``odds_ratio_without_tenure``, ``estimate``
        (adjusted odds ratio), ``ci_low``, ``ci_high``, ``risk_ratio`` with its limits,
        ``p_value``, ``p_adjusted``, ``verdict``, ``reason``, ``left_out``; findings
        ``churn.snapshot.association``, and ``churn.quality.effect`` refused.

    Raises
    ------
    ParameterError
        A feature is not there.

    Notes
    -----
    Logistic regression on cells with robust variance; risk ratios by standardisation. Rows that a
    level, or a combination, tells without error are taken out of the regression and named, and
    their ratio is refused. P values are adjusted over all levels (Benjamini and Hochberg 1995).
    """
    for argument, names in (("adjust_for", adjust_for), ("negative_controls", negative_controls)):
        for name in names:
            snapshot.feature(name, argument)
    faults = find_faults(snapshot, known_after, tenure)
    leaks = {fault.feature for fault in faults if fault.is_excluded}
    asked = [name for name in chosen_features(snapshot, features) if name != tenure]
    held = [name for name in adjust_for if name not in leaks and name != tenure]
    rows = []
    for name in asked:
        if name in leaks:
            rows += _leaked(name, faults)
        else:
            rows += _rows(snapshot, name, held, tenure, level)
    table = _judged(pd.DataFrame(rows), level)
    control = [
        _control(table, name, level) for name in negative_controls if name in set(table["feature"])
    ]
    left = tuple(name for name in adjust_for if name in leaks)
    words = (f"Not adjusted for {', '.join(left)}, which tells who left.",) if left else ()
    return Estimate(
        "snapshot-associations",
        "What goes with having left, in a table without dates",
        table,
        findings=(*_findings(table, held, tenure, level), _no_hazard()),
        sentences=association_sentences(table, held, tenure),
        checks=(leak_check(faults), *control),
        caveats=(*CAVEATS, *words, *unknown_words(snapshot)),
        draw=lambda ax: draw_associations(table, ax),
        alt="Adjusted odds ratio of having left with its interval, one row a level of a feature.",
    )


def _rows(
    snapshot: Snapshot, name: str, held: Sequence[str], tenure: str | None, level: float
) -> list[dict[str, Any]]:
    cells = snapshot.cells([name])
    sizes = dict(zip(cells[name], zip(cells["n"], cells["n_events"], strict=True), strict=True))
    within = [*held, tenure] if tenure else list(held)
    adjusted = associations(snapshot, name, within, level)
    plain = {one.level: one for one in associations(snapshot, name, (), level)}
    without = {one.level: one for one in associations(snapshot, name, held, level)}
    return [
        {
            "feature": name,
            "level": one.level,
            "reference": one.reference,
            "n": sizes[one.level][0],
            "n_left": sizes[one.level][1],
            "odds_ratio_unadjusted": _estimate(plain[one.level].odds),
            "odds_ratio_without_tenure": _estimate(without[one.level].odds),
            **_numbers(one),
            "reason": one.reason or None,
            "left_out": one.left_out or None,
        }
        for one in adjusted
    ]


def _numbers(one: Association) -> dict[str, Any]:
    odds, risk = one.odds, one.risk
    return {
        "estimate": _estimate(odds),
        "ci_low": odds.low if odds else None,
        "ci_high": odds.high if odds else None,
        "risk_ratio": _estimate(risk),
        "risk_ratio_low": risk.low if risk else None,
        "risk_ratio_high": risk.high if risk else None,
        "p_value": odds.p_value if odds else None,
        "n_fitted": odds.n if odds else None,
    }


def _estimate(found: Contrast | None) -> float | None:
    return found.estimate if found else None


def _leaked(name: str, faults: Sequence[Fault]) -> list[dict[str, Any]]:
    own = next(fault for fault in faults if fault.feature == name and fault.is_excluded)
    reason = f"{own.kind}: {own.detail}; it may be known only after leaving"
    return [{"feature": name, "level": own.level or "(all levels)", "reason": reason}]


def _judged(table: pd.DataFrame, level: float) -> pd.DataFrame:
    from supportlab.stats import adjust_p

    numbers = [
        "odds_ratio_unadjusted", "odds_ratio_without_tenure", "estimate", "ci_low", "ci_high",
        "risk_ratio", "risk_ratio_low", "risk_ratio_high", "p_value",
    ]  # fmt: skip
    columns = ["feature", "level", "reference", "n", "n_left", "n_fitted", *numbers]
    out = table.reindex(columns=[*columns, "reason", "left_out"])
    out[numbers] = out[numbers].astype("float64")
    for name in ("n", "n_left", "n_fitted"):
        out[name] = out[name].astype("Int64")
    adjusted = adjust_p([None if np.isnan(p) else float(p) for p in out["p_value"]])
    place = list(out.columns).index("p_value") + 1
    out.insert(place, "p_adjusted", pd.Series(adjusted, dtype="float64"))
    verdicts = [
        _verdict(ratio, p, level)
        for ratio, p in zip(out["estimate"], out["p_adjusted"], strict=True)
    ]
    out.insert(place + 1, "verdict", verdicts)
    return out


def _verdict(ratio: float, p_adjusted: float, level: float) -> Verdict | None:
    if np.isnan(ratio) or np.isnan(p_adjusted):
        return None
    if p_adjusted >= 1.0 - level:
        return "no_difference_shown"
    return "higher" if ratio > 1 else "lower"


def _findings(
    table: pd.DataFrame, held: Sequence[str], tenure: str | None, level: float
) -> tuple[Finding, ...]:
    equal = [*held, *([tenure] if tenure else [])]
    words = f", at equal {', '.join(equal)}" if equal else ""
    found = []
    for row in table.to_dict("records"):
        question = f"Does {row['feature']} go with having left?"
        group = {"feature": row["feature"], "level": row["level"]}
        estimand = f"odds of having left, {row['feature']} {row['level']}"
        if isinstance(row["reference"], str):
            group["versus"] = row["reference"]
            estimand += f" against {row['reference']}"
        known = known_finding(ASSOCIATION_ID, question, "odds_ratio")
        known |= {"group": group, "estimand": f"{estimand}{words}"}
        if pd.isna(row["estimate"]):
            found.append(Finding.refused(**known, reason=str(row["reason"])))
        else:
            found.append(_finding(known, row, bool(equal), level))
    return tuple(found)


def _finding(
    known: dict[str, Any], row: dict[Any, Any], is_adjusted: bool, level: float
) -> Finding:
    from supportlab.stats.sensitivity import e_value

    value = e_value(row["risk_ratio"], row["risk_ratio_low"], row["risk_ratio_high"])
    left_out = (
        (f"Left out of the regression: {row['left_out']}.",)
        if isinstance(row["left_out"], str)
        else ()
    )
    return Finding(
        **known,
        estimate=row["estimate"],
        ci_low=row["ci_low"],
        ci_high=row["ci_high"],
        ci_level=level,
        n=int(row["n_fitted"]),
        method="odds ratio, logistic on cells, robust",
        design="adjusted" if is_adjusted else "descriptive",
        p_value=row["p_value"],
        p_adjusted=row["p_adjusted"],
        verdict=row["verdict"],
        sensitivity=value.record(),
        caveats=(*CAVEATS, *left_out),
    )


def _no_hazard() -> Finding:
    known = known_finding(
        "churn.quality.effect", "Does bad service go before leaving?", "hazard_ratio"
    )
    estimand = "hazard of leaving in a month, given service in the 90 days before"
    return Finding.refused(**known, estimand=estimand, reason=NO_DATES)


def _control(table: pd.DataFrame, name: str, level: float) -> Check:
    from supportlab.stats import adjust_p

    own = table[(table["feature"] == name) & table["estimate"].notna()]
    title = f"Negative control: {name} does not go with leaving"
    if own.empty:
        return Check(title, None, "its odds ratios cannot be estimated")
    shown = "; ".join(
        f"{row['level']} against {row['reference']} "
        f"{format_interval(row['estimate'], row['ci_low'], row['ci_high'], 'odds_ratio', level)}"
        for row in own.to_dict("records")
    )
    # The levels of the control are a family of their own: among all comparisons it would pass
    # too easily.
    p_values = adjust_p([float(p) for p in own["p_value"]], "holm")
    is_alike = all(p is not None and p >= 1.0 - level for p in p_values)
    return Check(title, is_alike, f"odds ratio {shown}")
