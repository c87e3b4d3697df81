"""Two kinds of payments compared within each market at equal covariates, then pooled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import MISSING
from supportlab.studies.payments.arm_records import Arms, MarketEffect

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.payments.cells import PaymentCells
    from supportlab.stats.doubly_robust import CellEffect
    from supportlab.stats.pooling import Pooled

__all__ = ["COVARIATES", "compare_arms", "known_cells"]

# What is known before the attempt and may go with both the currency shown and its outcome.
COVARIATES = ("amount_band", "method", "history_band", "quarter")
# Below these a market's models rest on a handful of customers; it keeps its row with the reason.
FEWEST_ROWS = 50
FEWEST_CLUSTERS = 30
FEWEST_EVENTS = 10
COUNTS = ["n", "n_success", "n_declined", "n_abandoned"]
# A share of one arm below this is nobody's offer but a few odd rows.
FEWEST_SHARE = 0.02
ARM = "arm"


def compare_arms(
    desk: Desk,
    column: str,
    labels: tuple[str, str],
    *,
    outcome: str,
    start: str | None,
    end: str | None,
    level: float,
    covariates: Sequence[str] = COVARIATES,
    only: tuple[str, str] | None = None,
    starts: Mapping[str, str] | None = None,
) -> Arms:
    """
    Compare two kinds of payments within each market at equal covariates.

    Not for covariates that the first arm itself changes, as the authentication step.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    column : str
        Column of the arms, as ``local_currency``.
    labels : tuple of str
        Label of the first arm and of the second.
    outcome : str
        ``n_declined`` or ``n_abandoned`` of first attempts, ``n_failed`` of checkouts.
    start, end : str or None
        ISO dates.
    level : float
        Level of the intervals.
    covariates : sequence of str
        Group columns of payments; ``quarter`` is made of the month.
    only : tuple of str, optional
        Column and label that the payments must have.
    starts : mapping of str to str, optional
        With ``column`` ``month``: a market's first month of the first arm. Other markets are out.

    Returns
    -------
    Arms
        Market by market and pooled.

    Raises
    ------
    NotEstimable
        There are no payments with failures, or none of both arms.
    """
    by = tuple("month" if name == "quarter" else name for name in covariates)
    by = tuple(name for name in by if name != column)
    unit = "checkout" if outcome == "n_failed" else "first_attempt"
    held = () if only is None else (only[0],)
    cells = known_cells(desk, ("market", column, *held, *by), unit, start, end)
    counted = cells.fetch()
    if only is not None:
        counted = counted.loc[counted[only[0]] == only[1]]
    if starts is not None:
        counted = _before_after(counted, starts, labels)
    frame = _prepared(counted, ARM if starts is not None else column, labels, outcome)
    if frame.empty or frame["is_treated"].nunique() < 2:
        raise NotEstimable(
            f"All payments that tell {column} are of one kind; there is nothing to compare."
        )
    fits = {
        str(market): _fit(part, covariates)
        for market, part in frame.groupby("market", sort=True)
        if market != MISSING
    }
    squares = _squares(cells, frame, fits, column, outcome)
    markets = tuple(
        _finished(market, frame.loc[frame["market"] == market], fit, squares, level)
        for market, fit in fits.items()
    )
    return Arms(markets, _pooled(markets, level), _raw(frame), frame, cells.record(), outcome)


def known_cells(
    desk: Desk, by: tuple[str, ...], unit: str, start: str | None, end: str | None
) -> PaymentCells:
    """
    Count payments by cell once, however many studies of one run ask for the same cells.

    Parameters
    ----------
    desk : Desk
        The data.
    by : tuple of str
        Group columns.
    unit : str
        ``first_attempt`` or ``checkout``.
    start, end : str or None
        ISO dates.

    Returns
    -------
    PaymentCells
        The same object for the same question.
    """
    from supportlab.metrics.payments.cells import payment_cells

    name = f"payment cells {by} {unit} {start} {end}"
    return desk.once(name, lambda: payment_cells(desk, by, unit=unit, start=start, end=end))


def _before_after(
    frame: pd.DataFrame, starts: Mapping[str, str], labels: tuple[str, str]
) -> pd.DataFrame:
    kept = frame.loc[frame["market"].isin(list(starts))].reset_index(drop=True)
    first = kept["market"].map(dict(starts))
    return kept.assign(**{ARM: np.where(kept["month"] >= first, labels[0], labels[1])})


def _prepared(
    frame: pd.DataFrame, column: str, labels: tuple[str, str], outcome: str
) -> pd.DataFrame:
    kept = frame.loc[frame[column].isin(labels) & (frame["n"] > 0)].reset_index(drop=True)
    failed = kept["n_declined"] + kept["n_abandoned"]
    events = failed if outcome == "n_failed" else kept[outcome]
    extra = {"is_treated": (kept[column] == labels[0]).astype(int), "events": events}
    if "month" in kept:
        # A quarter smooths over what a month is too short for, and keeps cells few.
        quarter = (kept["month"].str[5:7].astype(int) + 2) // 3
        extra["quarter"] = kept["month"].str[:4] + "-Q" + quarter.astype(str)
    return kept.assign(**extra)


def _fit(part: pd.DataFrame, covariates: Sequence[str]) -> CellEffect | str:
    from supportlab.stats.cell_models import design_columns
    from supportlab.stats.doubly_robust import aipw_cells

    reason = _too_thin(part)
    if reason:
        return reason
    design = design_columns({name: part[name].tolist() for name in covariates}, part["n"])
    try:
        return aipw_cells(design.matrix, part["is_treated"], part["n"], part["events"])
    except NotEstimable as refusal:
        return str(refusal)


def _too_thin(part: pd.DataFrame) -> str:
    n = int(part["n"].sum())
    treated = int(part.loc[part["is_treated"] == 1, "n"].sum())
    fewest = min(treated, n - treated)
    if fewest == 0:
        return "every payment is of one kind, so this market says nothing of the difference"
    if fewest < FEWEST_ROWS or fewest < FEWEST_SHARE * n:
        return f"only {fewest} of {n:,} payments are of the rarer kind"
    events = int(part["events"].sum())
    if min(events, n - events) < FEWEST_EVENTS:
        return f"{events} of {n:,} payments have the outcome, too few or too many for a model"
    return ""


def _squares(
    cells: PaymentCells,
    frame: pd.DataFrame,
    fits: dict[str, CellEffect | str],
    column: str,
    outcome: str,
) -> pd.DataFrame:
    """Sum the squared influences of customers in the engine, one row a market and estimator."""
    parts = []
    for market, fit in fits.items():
        if isinstance(fit, str):
            continue
        part = frame.loc[frame["market"] == market, list(cells.by)].copy()
        scores = {"a_effect": fit.intercept, "b_effect": fit.slope}
        size = fit.is_kept.astype(float)
        if outcome == "n_failed":
            # The engine knows the successes: y = 1 - success.
            scores = {"a_effect": fit.intercept + fit.slope, "b_effect": -fit.slope}
        part = part.assign(**scores, a_size=size, b_size=0.0)
        parts.append(part.loc[fit.is_kept])
    if not parts:
        return pd.DataFrame(columns=["market", "estimator", "n_clusters", "sum_of_squares"])
    counted = "n_success" if outcome == "n_failed" else outcome
    return cells.score_squares(
        pd.concat(parts, ignore_index=True), outcome=counted, per_by="market"
    )


def _finished(
    market: str,
    part: pd.DataFrame,
    fit: CellEffect | str,
    squares: pd.DataFrame,
    level: float,
) -> MarketEffect:
    n = int(part["n"].sum())
    treated = int(part.loc[part["is_treated"] == 1, "n"].sum())
    known: dict[str, Any] = {"market": market, "n": n, "n_treated": treated, "naive": _raw(part)}
    if isinstance(fit, str):
        return MarketEffect(contrast=None, effect=None, reason=fit, **known)
    own = squares.loc[squares["market"] == market].set_index("estimator")
    n_clusters = int(own["n_clusters"].loc["effect"])
    square = own["sum_of_squares"].astype(float)
    if n_clusters < FEWEST_CLUSTERS:
        reason = (
            f"its payments come from {n_clusters} customers; at least {FEWEST_CLUSTERS} are needed"
        )
        return MarketEffect(contrast=None, effect=None, reason=reason, **known)
    contrast = fit.from_squares(
        float(square.loc["effect"]),
        n_clusters,
        effective_clusters=fit.n**2 / float(square.loc["size"]),
        level=level,
    )
    return MarketEffect(contrast=contrast, effect=fit, reason="", **known)


def _pooled(markets: Sequence[MarketEffect], level: float) -> Pooled | None:
    from supportlab.stats.pooling import pool_effects

    known = [(one.contrast.estimate, one.error) for one in markets if one.contrast is not None]
    if len(known) < 2:
        return None
    return pool_effects([one for one, _ in known], [error for _, error in known], level=level)


def _raw(frame: pd.DataFrame) -> float | None:
    sums = frame.groupby("is_treated")[["events", "n"]].sum()
    if len(sums) < 2:
        return None
    rates = sums["events"] / sums["n"]
    return float(rates.loc[1] - rates.loc[0])
