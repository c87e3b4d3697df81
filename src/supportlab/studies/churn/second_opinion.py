"""The same hazard ratios by three models on the same months, and their drift along tenure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_p
from supportlab.results import Check, Estimate
from supportlab.studies.churn.fits import MIN_EVENTS
from supportlab.studies.churn.models import COVARIATES, SERVICE, Outcome
from supportlab.studies.common.refusals import refused_estimate
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.customers.panel import Panel
    from supportlab.stats.cox import CoxFit
    from supportlab.stats.hazard_design import HazardDesign

__all__ = ["churn_second_opinion"]

TITLE = "Hazard ratios: a second opinion"
# Logarithms of two models' ratios further apart than this, or than half of a standard error, mean
# that the choice of model matters to the reading.
CLOSE = 0.05


def churn_second_opinion(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    window_days: int = 90,
    max_customers: int = 4_000,
    seed: int = 0,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Fit Cox's model with time-varying covariates beside the two models on cells, on one frame.

    Not more precise than `churn_effects`: it rests on a draw of customers, so that rows can come
    to Python at any size of the data.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates between which months at risk begin, end excluded.
    window_days : int
        Days of service before each month.
    max_customers : int
        Customers drawn at most; all of their months come.
    seed : int
        Seed of the draw.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a measure: ``estimate`` with limits (complementary log-log), ``cox`` and
        ``poisson`` with theirs, ``drift`` (correlation of the scaled Schoenfeld residuals with
        the rank of tenure), ``drift_p_adjusted``. Checks: the models agree; no drift.

    Notes
    -----
    Cox: baseline along tenure in months, entry at the month's start, Efron's ties, covariance by
    customer (Lin and Wei 1989). Drift: Grambsch and Therneau (1994), adjusted over the measures
    (Holm 1979).
    """
    from supportlab.metrics.customers.panel import customer_panel

    try:
        panel = customer_panel(desk, start=start, end=end, window_days=window_days)
        frame, share = _frame(panel, max_customers, seed)
        table, n_rows = _estimated(frame, level)
    except NotEstimable as refusal:
        return refused_estimate("churn-second-opinion", TITLE, str(refusal))
    checks = (_agreement(table), _drift(table))
    n_customers = int(frame["customer_number"].nunique())
    drawn = "all customers" if share >= 1.0 else f"{n_customers:,} customers drawn with seed {seed}"
    return Estimate(
        "churn-second-opinion",
        TITLE,
        table,
        sentences=(
            f"On {n_rows:,} months of {drawn} ({100 * share:.3g} % of all), {checks[0].detail}.",
            f"Along tenure: {checks[1].detail}.",
        ),
        definitions=(panel.definition,),
        checks=checks,
        caveats=("A draw of customers: its intervals are wider than those of all months.",),
        draw=lambda ax: _draw(table, ax),
        alt=_alt(table),
    )


def _frame(panel: Panel, max_customers: int, seed: int) -> tuple[pd.DataFrame, float]:
    service = [name for name in SERVICE if name in panel.measures]
    columns = ["tenure_months", *COVARIATES, *service, "left", "left_kind"]
    columns += [] if "csat_bad" not in service else ["answered_csat"]
    frame, share = panel.frame(columns, max_customers=max_customers, seed=seed)
    known = frame[service].notna().all(axis=1)
    return frame.loc[known].reset_index(drop=True), float(share)


def _events(frame: pd.DataFrame) -> tuple[np.ndarray, Outcome]:
    left = frame["left"].to_numpy(dtype=float)
    failed = (frame["left_kind"] == "involuntary").fillna(False).to_numpy(dtype=float)
    if frame["left_kind"].notna().any():
        return left * (1.0 - failed), "voluntary"
    return left, "any"


def _estimated(frame: pd.DataFrame, level: float) -> tuple[pd.DataFrame, int]:
    from supportlab.stats import adjust_p
    from supportlab.stats.cox_proportionality import proportionality
    from supportlab.stats.hazards import fit_hazard, hazard_ratio

    events, _ = _events(frame)
    service = _enough(frame, events)
    n = np.ones(len(frame))
    design = _design(frame, service, events, n)
    customer = frame["customer_number"].to_numpy()
    cells = fit_hazard(design, n, events, cluster=customer)
    grouped = fit_hazard(design, n, events, cluster=customer, link="poisson")
    cox = _cox(frame, design, events)
    drifts = [proportionality(cox, name) for name in service]
    adjusted = adjust_p([drift.p_value for drift in drifts], "holm")
    rows: list[dict[str, Any]] = []
    for name, drift, p_adjusted in zip(service, drifts, adjusted, strict=True):
        made = [hazard_ratio(cells, name, level), cox.ratio(name, level),
                hazard_ratio(grouped, name, level)]  # fmt: skip
        row: dict[str, Any] = {"measure": name}
        for stem, one in zip(("estimate", "cox", "poisson"), made, strict=True):
            low, high = (
                ("ci_low", "ci_high") if stem == "estimate" else (f"{stem}_low", f"{stem}_high")
            )
            row |= {stem: one.estimate, low: one.low, high: one.high}
        row |= {"drift": drift.correlation, "drift_p_adjusted": p_adjusted}
        rows.append({**row, "ci_level": level, "n": len(frame), "n_events": int(events.sum())})
    return pd.DataFrame(rows), len(frame)


def _enough(frame: pd.DataFrame, events: np.ndarray) -> list[str]:
    service = [name for name in SERVICE if name in frame.columns]
    inside = {name: float(events[frame[name].to_numpy(dtype=float) > 0].sum()) for name in service}
    kept = [name for name in service if MIN_EVENTS <= inside[name] <= events.sum() - MIN_EVENTS]
    if not kept:
        raise NotEstimable(f"no measure has {MIN_EVENTS} customers who left with it in the draw")
    return kept


def _design(
    frame: pd.DataFrame, service: list[str], events: np.ndarray, n: np.ndarray
) -> HazardDesign:
    from supportlab.stats.hazard_design import hazard_design

    numbers = {name: frame[name].to_numpy(dtype=float) for name in service}
    if "csat_bad" in service and frame["answered_csat"].any():
        numbers["answered_csat"] = frame["answered_csat"].to_numpy(dtype=float)
    # Both models run along months of tenure: Cox by its baseline, the others by one level each.
    tenure = np.minimum(frame["tenure_months"].to_numpy(dtype=int), 60)
    factors = {name: frame[name].astype(str).to_numpy() for name in COVARIATES[2:]}
    factors["month"] = frame["month"].astype(str).to_numpy()
    factors["tenure"] = np.char.zfill(tenure.astype(str), 2)
    return hazard_design(factors, numbers, events, n)


def _cox(frame: pd.DataFrame, design: HazardDesign, events: np.ndarray) -> CoxFit:
    from supportlab.stats.cox import fit_cox

    chosen = [place for place, name in enumerate(design.names)
              if place > 0 and not name.startswith("tenure=")]  # fmt: skip
    entry = frame["tenure_months"].to_numpy(dtype=float)
    names = [design.names[place] for place in chosen]
    customer = frame["customer_number"].to_numpy()
    return fit_cox(names, design.matrix()[:, chosen], entry, entry + 1.0, events, customer)


def _agreement(table: pd.DataFrame) -> Check:
    names = ["cox", "estimate", "ci_low", "ci_high"]
    logs = np.log(table[names].to_numpy(dtype=float))
    gaps, error = np.abs(logs[:, 0] - logs[:, 1]), (logs[:, 3] - logs[:, 2]) / 3.92
    worst = int(np.argmax(gaps))
    row = table.iloc[worst]
    words = (
        f"Cox and the model on cells differ most for {row['measure']}: {row['cox']:.2f} against "
        f"{row['estimate']:.2f}"
    )
    return Check("the models agree", bool((gaps <= np.maximum(CLOSE, error / 2.0)).all()), words)


def _drift(table: pd.DataFrame) -> Check:
    lowest = table.iloc[int(np.argmin(table["drift_p_adjusted"].to_numpy(dtype=float)))]
    words = (
        f"the largest drift of a ratio is that of {lowest['measure']}, correlation "
        f"{lowest['drift']:+.2f}, {format_p(lowest['drift_p_adjusted'])} adjusted"
    )
    return Check("proportional hazards", bool(lowest["drift_p_adjusted"] >= 0.05), words)


def _draw(table: pd.DataFrame, ax: Any) -> Any:
    from supportlab.plots.forest import forest_plot

    return forest_plot(
        table,
        label="measure",
        title=TITLE,
        second="cox",
        estimate_label="model on cells",
        second_label="Cox",
        ax=ax,
    )


def _alt(table: pd.DataFrame) -> str:
    from supportlab.plots.forest import alt_forest

    return alt_forest(table, label="measure", subject="hazard ratios, beside those of Cox's model")
