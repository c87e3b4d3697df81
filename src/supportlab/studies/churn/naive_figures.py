"""The usual figures of bad service and churn, computed as they usually are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.studies.churn.fits import MIN_EVENTS, columns_of, fit_months, refusal_of
from supportlab.studies.churn.models import SERVICE, Exposures
from supportlab.studies.churn.ratios import held_equal

if TYPE_CHECKING:
    from supportlab.metrics.customers.panel import Panel
    from supportlab.stats.interval import Contrast

__all__ = ["NaiveFigure", "naive_figures"]


@dataclass(frozen=True)
class NaiveFigure:
    """
    A usual figure of one measure.

    Parameters
    ----------
    figure, measure : str
        Which figure, and of which measure.
    estimate, low, high : float
        The ratio with its limits.
    unit : str
        Odds or hazard ratio.
    n : int
        Customers or customer-months behind it.
    """

    figure: str
    measure: str
    estimate: float
    low: float
    high: float
    unit: str
    n: int


def naive_figures(panel: Panel, months: Exposures, level: float) -> list[NaiveFigure]:
    """
    Compute the usual figures, each for every measure that has one.

    Not to be quoted: `churn_naive` says of each what is wrong with it.

    Parameters
    ----------
    panel : Panel
        Customer-months.
    months : Exposures
        Its cells.
    level : float
        Level of the intervals.

    Returns
    -------
    list of NaiveFigure
        By figure, then by measure.
    """
    return [
        *_ever(panel, months, level),
        *_closed(months, level),
        *_answerers(months, level),
        *_unheld(months, level),
    ]


def _ever(panel: Panel, months: Exposures, level: float) -> list[NaiveFigure]:
    """Count customers who ever had it, and who left; and their months from the first on."""
    measures = [name for name in SERVICE if name in panel.measures]
    rows = panel.table.filter(panel.table.is_complete)
    flags = {f"ever_{name}": rows[name].max() for name in measures}
    people = rows.group_by("customer_number").aggregate(
        **flags, months=rows.count(), left=rows.left.max(), n_left=rows.left.sum()
    )
    keys = [f"ever_{name}" for name in measures]
    cells = people.group_by([*keys, "left"]).aggregate(
        n=people.count(), n_months=people.months.sum(), n_left=people.n_left.sum()
    )
    frame = cells.order_by([*keys, "left"]).execute()
    found = []
    for name in measures:
        found += _ever_figures(frame, name, level)
    return found


def _ever_figures(frame: pd.DataFrame, name: str, level: float) -> list[NaiveFigure]:
    from supportlab.stats.interval import normal_quantile

    known = frame.loc[frame[f"ever_{name}"].notna()]
    ever = known[f"ever_{name}"].to_numpy(dtype=float) > 0
    left, n = known["left"].to_numpy(dtype=float) > 0, known["n"].to_numpy(dtype=float)
    table = np.array([[n[ever & left].sum(), n[ever & ~left].sum()],
                      [n[~ever & left].sum(), n[~ever & ~left].sum()]])  # fmt: skip
    if table.min() < MIN_EVENTS:
        return []
    quantile = normal_quantile(level)
    log_odds = float(np.log(table[0, 0] * table[1, 1] / table[0, 1] / table[1, 0]))
    half = quantile * float(np.sqrt((1.0 / table).sum()))
    months, gone = (known[key].to_numpy(dtype=float) for key in ("n_months", "n_left"))
    rates = [(gone[mask].sum(), months[mask].sum()) for mask in (ever, ~ever)]
    log_rate = float(np.log(rates[0][0] / rates[0][1] / (rates[1][0] / rates[1][1])))
    spread = quantile * float(np.sqrt(1.0 / rates[0][0] + 1.0 / rates[1][0]))
    return [
        _figure("ever against never", name, log_odds, half, "odds_ratio", n.sum()),
        _figure("ever, from the first month", name, log_rate, spread, "hazard_ratio", months.sum()),
    ]


def _figure(figure: str, name: str, log: float, half: float, unit: str, n: float) -> NaiveFigure:
    estimate, low, high = (float(np.exp(log + side * half)) for side in (0.0, -1.0, 1.0))
    return NaiveFigure(figure, name, estimate, low, high, unit, round(float(n)))


def _closed(months: Exposures, level: float) -> list[NaiveFigure]:
    name = "slow_resolution"
    if name not in held_equal(months) or months.frame["slow_resolution_closed"].isna().all():
        return []
    known = months.known([*held_equal(months), "slow_resolution_closed"])
    numbers = columns_of(known, held_equal(known))
    numbers[name] = known.frame["slow_resolution_closed"].to_numpy(dtype=float)
    # Who looks at closed tickets alone does not see which are open either.
    numbers.pop("unresolved", None)
    return _fitted("closed tickets only", name, partial(_ratio, known, numbers, name, level))


def _answerers(months: Exposures, level: float) -> list[NaiveFigure]:
    if "csat_bad" not in months.measures:
        return []
    answered = months.frame["answered_csat"].fillna(0).to_numpy(dtype=float) > 0
    if not answered.any():
        return []
    part = months.where(answered)
    found: list[NaiveFigure] = []
    for name in held_equal(months):
        known = part.known([name])
        if refusal_of(known, name) is None:
            column = {name: columns_of(known, [name])[name]}
            work = partial(_ratio, known, column, name, level, ())
            found += _fitted("answerers only", name, work)
    return found


def _unheld(months: Exposures, level: float) -> list[NaiveFigure]:
    """Fit all service at once without what shows how much a customer uses."""
    service = held_equal(months)
    known = months.known(service)
    kept = [name for name in months.covariates
            if name not in ("usage_band", "contacts_band", "value_band", "plan")]  # fmt: skip
    from supportlab.stats.hazards import hazard_ratio

    try:
        fit = fit_months(known, columns_of(known, service), covariates=kept)
    except NotEstimable:
        return []
    return [
        _of_contrast("without usage and value", name, hazard_ratio(fit, name, level))
        for name in service
    ]


def _ratio(
    months: Exposures,
    numbers: dict[str, np.ndarray],
    name: str,
    level: float,
    covariates: Sequence[str] | None = None,
) -> Contrast:
    from supportlab.stats.hazards import hazard_ratio

    return hazard_ratio(fit_months(months, numbers, covariates=covariates), name, level)


def _fitted(figure: str, name: str, work: Callable[[], Contrast]) -> list[NaiveFigure]:
    try:
        return [_of_contrast(figure, name, work())]
    except NotEstimable:
        return []


def _of_contrast(figure: str, name: str, found: Contrast) -> NaiveFigure:
    low, high = float(found.low or 0.0), float(found.high or np.inf)
    return NaiveFigure(figure, name, found.estimate, low, high, "hazard_ratio", found.n)
