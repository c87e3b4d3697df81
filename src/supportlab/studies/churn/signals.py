"""Which signal foretells that customers leave, judged on later months than it was fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.metrics.customers.signals import ABSENT
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.churn.signal_areas import (
    CALIBRATED,
    area,
    area_difference,
    calibrated,
    numbers,
    open_ranks,
    p_values,
    pair_table,
    signal_verdict,
)
from supportlab.studies.churn.signal_frame import SignalFrame, Split, signal_frame
from supportlab.studies.churn.signal_pairs import check_horizon, months_words, signal_differences
from supportlab.studies.churn.signal_scores import alone, together
from supportlab.studies.churn.signal_words import (
    NAMES,
    draw_ranking,
    frame_caveats,
    rank_sentences,
    ranking_alt,
    scope_of,
)
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["signal_differences", "signal_rank"]

STUDY = "churn-and-service-quality"
RANK_ID, GAIN_ID = "churn.predictor.rank", "churn.predictor.gain"
QUESTION = "Which signal foretells that a customer leaves?"


@dataclass(frozen=True)
class _Scored:
    """Scores of the later rows: each signal alone, the base, the base with each signal."""

    split: Split
    alone: Mapping[str, np.ndarray]
    base: np.ndarray | None
    added: Mapping[str, np.ndarray]
    base_reason: str


def signal_rank(
    desk: Desk,
    *,
    horizon_months: int = 1,
    start: str | None = None,
    end: str | None = None,
    window_days: int = 90,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate how well each signal foretells leaving, alone and added to tenure and plan.

    Not what makes customers leave: a signal may foretell without being a reason.

    Parameters
    ----------
    desk : Desk
        The data.
    horizon_months : int
        Months from the start of the month on within which leaving counts.
    start, end : str, optional
        ISO dates between which months begin.
    window_days : int
        Days before the month whose signals count.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a signal, the best first: ``signal``, ``estimate`` (area under the ROC curve of the
        signal alone), ``ci_low``, ``ci_high``, ``p_value`` against 0.5, ``p_adjusted``,
        ``verdict``, ``best_rank`` and ``worst_rank`` (as far as differences are shown),
        ``known_share`` (customer-months in which it says something), ``auc_base``, ``gain`` (what
        it adds to the area of tenure and plan) with its limits and p values,
        ``calibration_slope`` with its limits (1: the rates of the earlier months hold in the later
        ones) and ``calibration_error_rate`` (distance of foretold from observed rates), ``n``,
        ``n_customers``, ``n_left``, ``reason``; findings ``churn.predictor.rank`` and
        ``churn.predictor.gain``.

    Notes
    -----
    Fitted on earlier months, judged on later ones, none of whose outcomes was seen in fitting. On
    all customers, for whom silence and not having been asked are levels of the signal. Intervals
    by customer (Obuchowski 1997); p values by Holm over the signals, and for the ranks over all
    pairs of signals.
    """
    title = f"Which signal foretells leaving within {months_words(horizon_months)}"
    name = "signal-rank" if horizon_months == 1 else f"signal-rank-{horizon_months}-months"
    check_horizon(horizon_months)
    try:
        frame = signal_frame(desk, start=start, end=end, window_days=window_days)
        scored = _scored(frame, frame.split(horizon_months))
    except NotEstimable as refusal:
        known = _known(desk, RANK_ID, {}, horizon_months, start, end)
        finding = Finding.refused(**known, reason=str(refusal))
        return refused_estimate(name, title, str(refusal), (finding,))
    table = _ranked(frame, scored, level)
    caveats = frame_caveats(frame, scored.split)
    return Estimate(
        name,
        title,
        table,
        findings=_findings(desk, table, horizon_months, start, end, level, caveats),
        sentences=rank_sentences(table, scored.split, level),
        definitions=(frame.definition,),
        checks=(_events_check(scored.split),),
        caveats=caveats,
        draw=lambda ax: draw_ranking(table, "Signals of leaving", ax),
        alt=ranking_alt(table, level),
    )


def _scored(frame: SignalFrame, split: Split) -> _Scored:
    early, late = split.early, split.late
    scores = {name: alone(early, late, name) for name in frame.signals}
    try:
        if not frame.base:
            raise NotEstimable("neither tenure nor plan is known")
        base = together(early, frame.base).chance(late)
        added = {name: together(early, (*frame.base, name)).chance(late) for name in frame.signals}
    except NotEstimable as refusal:
        return _Scored(split, scores, None, {}, str(refusal))
    return _Scored(split, scores, base, added, "")


def _ranked(frame: SignalFrame, scored: _Scored, level: float) -> pd.DataFrame:
    from supportlab.stats import adjust_p

    late = scored.split.late
    rows = [_row(name, frame, scored, level) for name in frame.signals]
    rows += [_absent(name, reason) for name, reason in frame.reasons.items()]
    table = pd.DataFrame(rows)
    table["p_adjusted"] = pd.Series(adjust_p(p_values(table, "p_value"), "holm"), dtype="float64")
    table["gain_p_adjusted"] = pd.Series(
        adjust_p(p_values(table, "gain_p_value"), "holm"), dtype="float64"
    )
    table["verdict"] = [
        signal_verdict(value - 0.5, p, level)
        for value, p in zip(table["estimate"], table["p_adjusted"], strict=True)
    ]
    table["gain_verdict"] = [
        signal_verdict(value, p, level)
        for value, p in zip(table["gain"], table["gain_p_adjusted"], strict=True)
    ]
    pairs = pair_table(scored.alone, late, level)
    ranks = [open_ranks(name, pairs, list(scored.alone)) for name in table["signal"]]
    table["best_rank"] = pd.array([rank[0] if rank else None for rank in ranks], dtype="Int64")
    table["worst_rank"] = pd.array([rank[1] if rank else None for rank in ranks], dtype="Int64")
    order = np.lexsort((table["signal"], -table["estimate"].fillna(-1.0).to_numpy(dtype=float)))
    return table.iloc[order].reset_index(drop=True)


def _row(name: str, frame: SignalFrame, scored: _Scored, level: float) -> dict[str, Any]:
    late = scored.split.late
    found, reason = area(scored.alone[name], late, level)
    row = {
        "signal": name,
        **numbers("", found),
        "unit": "score",
        "ci_level": level,
        "known_share": float((~late[name].isin(ABSENT)).mean()),
        "n": len(late),
        "n_customers": int(late["customer"].nunique()),
        "n_left": int(late["left"].sum()),
        "reason": reason or None,
    }
    base, gain, why = None, None, scored.base_reason
    if scored.base is not None:
        base, _ = area(scored.base, late, level)
        gain, why = area_difference(scored.added[name], scored.base, late, level)
    row["auc_base"] = base.estimate if base else None
    row["gain_reason"] = why or None
    return row | numbers("gain", gain) | calibrated(scored.alone[name], late, level)


def _absent(name: str, reason: str) -> dict[str, Any]:
    return {
        "signal": name,
        **numbers("", None),
        **numbers("gain", None),
        "reason": reason,
        "gain_reason": reason,
    }


def _known(
    desk: Desk, finding_id: str, group: dict[str, str], horizon: int, start: str | None,
    end: str | None,
) -> dict[str, Any]:  # fmt: skip
    signal = group.get("signal")
    what = NAMES[signal] if signal else "a signal"
    within = months_words(horizon)
    scope = scope_of(desk)
    estimands = {
        RANK_ID: f"chance that a customer who leaves within {within} is ranked above one who "
        f"stays, by {what} alone, out of time, {scope}",
        GAIN_ID: f"area under the ROC curve that {what} adds to tenure and plan for leaving within "
        f"{within}, out of time, {scope}",
    }
    if horizon != 1:
        group = {**group, "horizon_months": str(horizon)}
    return {
        "id": finding_id,
        "study": STUDY,
        "question": QUESTION,
        "estimand": estimands[finding_id],
        "unit": "score",
        "group": group,
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _findings(
    desk: Desk,
    table: pd.DataFrame,
    horizon: int,
    start: str | None,
    end: str | None,
    level: float,
    caveats: tuple[str, ...],
) -> tuple[Finding, ...]:
    found = []
    for row in table.to_dict("records"):
        for finding_id, stem in ((RANK_ID, ""), (GAIN_ID, "gain")):
            known = _known(desk, finding_id, {"signal": str(row["signal"])}, horizon, start, end)
            found.append(_finding(known, row, stem, level, caveats))
    return tuple(found)


def _finding(
    known: dict[str, Any], row: dict[Any, Any], stem: str, level: float, caveats: tuple[str, ...]
) -> Finding:
    prefix = f"{stem}_" if stem else ""
    estimate = row[stem or "estimate"]
    if pd.isna(estimate):
        reasons = (row["gain_reason"] if stem else None, row["reason"])
        reason = next((words for words in reasons if isinstance(words, str)), "it is not known")
        return Finding.refused(**known, reason=reason)
    ranks = {"name": "ranks that the differences shown leave open",
             "best": int(row["best_rank"]), "worst": int(row["worst_rank"]),
             **{key: float(row[key]) for key in CALIBRATED if pd.notna(row[key])}}  # fmt: skip
    return Finding(
        **known,
        estimate=estimate,
        ci_low=row[f"{prefix or 'ci_'}low"],
        ci_high=row[f"{prefix or 'ci_'}high"],
        ci_level=level,
        n=int(row["n"]),
        n_clusters=int(row["n_customers"]),
        method="AUC out of time, by customer" if not stem else "difference of AUCs, by customer",
        p_value=row[f"{prefix}p_value"],
        p_adjusted=row[f"{prefix}p_adjusted"],
        verdict=row[f"{prefix}verdict"],
        sensitivity=ranks if not stem else None,
        caveats=caveats,
    )


def _events_check(split: Split) -> Check:
    early, late = int(split.early["left"].sum()), int(split.late["left"].sum())
    first, second, third, fourth = split.months()
    detail = (
        f"fitted on {first} to {second} ({early:,} departures), judged on {third} to {fourth} "
        f"({late:,} departures); no outcome is in both"
    )
    return Check("Judged on later months than fitted on", True, detail)
