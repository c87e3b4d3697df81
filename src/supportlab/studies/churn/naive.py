"""The figures that are usually shown of bad service and churn, and why each of them misleads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.results import Estimate
from supportlab.studies.churn.models import (
    MIN_EVENTS,
    MOST_MONTHS,
    SERVICE,
    Exposures,
    columns_of,
    fit_months,
    panel_months,
    refusal_of,
)
from supportlab.studies.churn.ratios import chosen_measures, effect_rows, held_equal
from supportlab.studies.common.refusals import refused_estimate
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.metrics.customers.panel import Panel
    from supportlab.stats.interval import Contrast
    from supportlab.studies.churn.ratios import EffectRow

__all__ = ["churn_naive"]

TITLE = "Churn after bad service: the naive figures"
WHY = {
    "ever against never": (
        "Who stays long has time to meet bad service; who leaves early has not. Having stayed is "
        "counted as if bad service had brought it about (immortal time)."
    ),
    "ever, from the first month": (
        "Months before the bad ticket count as months after it, and nobody can leave in them: "
        "they are only known to be such because the customer stayed."
    ),
    "closed tickets only": (
        "Tickets that are still open are the slow ones. Left out, the slowest service counts as "
        "no slow service."
    ),
    "answerers only": (
        "Those who answer surveys are a kind of their own, and few: the ratio is of them, not of "
        "customers."
    ),
    "without usage and value": (
        "Heavy users file more tickets and leave less. Not held equal, their staying hides what "
        "goes with bad service."
    ),
}


@dataclass(frozen=True)
class _Figure:
    figure: str
    measure: str
    estimate: float
    low: float
    high: float
    unit: str
    n: int


def churn_naive(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    window_days: int = 90,
    every: bool = False,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Compute the usual figures of bad service and churn, beside the honest ones.

    Not to be quoted: each row says what is wrong with it.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates between which months at risk begin, end excluded.
    window_days : int
        Days of service before each month.
    every : bool
        Show each figure for every measure, not only for the one that it misleads most about.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a figure (and measure): ``figure``, ``measure``, ``naive`` with limits, ``unit``,
        ``estimate`` with limits (that of `churn_effects`), ``n``. The sentences say why each
        misleads.
    """
    try:
        panel, months = panel_months(desk, start, end, window_days)
        names = chosen_measures(None)
        asked = (start, end, window_days, (), MOST_MONTHS, level, names)
        rows = desk.once(f"churn effects {asked}", lambda: effect_rows(panel, months, level, names))
        honest = {row.measure: row for row in rows}
        figures = [
            *_ever(panel, months, level),
            *_closed(months, level),
            *_answerers(months, level),
            *_unheld(months, level),
        ]
        if not figures:
            raise NotEstimable("no measure has enough events")
    except NotEstimable as refusal:
        return refused_estimate("churn-naive", TITLE, str(refusal))
    table = pd.DataFrame([_row(figure, honest, level) for figure in figures])
    worst = _worst(table)
    return Estimate(
        "churn-naive",
        TITLE,
        table if every else worst,
        sentences=_sentences(worst),
        definitions=(panel.definition,),
        caveats=("These figures are shown to be recognised, not to be quoted.",),
        draw=lambda ax: _draw(worst, ax),
        alt=_alt(worst),
    )


def _row(figure: _Figure, honest: dict[str, EffectRow], level: float) -> dict[str, Any]:
    found = honest[figure.measure].ratio if figure.measure in honest else None
    return {
        "figure": figure.figure,
        "measure": figure.measure,
        "naive": figure.estimate,
        "naive_low": figure.low,
        "naive_high": figure.high,
        "unit": figure.unit,
        "estimate": found.estimate if found else np.nan,
        "ci_low": found.low if found else np.nan,
        "ci_high": found.high if found else np.nan,
        "ci_level": level,
        "n": figure.n,
    }


def _ever(panel: Panel, months: Exposures, level: float) -> list[_Figure]:
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


def _ever_figures(frame: pd.DataFrame, name: str, level: float) -> list[_Figure]:
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


def _figure(figure: str, name: str, log: float, half: float, unit: str, n: float) -> _Figure:
    estimate, low, high = (float(np.exp(log + side * half)) for side in (0.0, -1.0, 1.0))
    return _Figure(figure, name, estimate, low, high, unit, round(float(n)))


def _closed(months: Exposures, level: float) -> list[_Figure]:
    name = "slow_resolution"
    if name not in held_equal(months) or months.frame["slow_resolution_closed"].isna().all():
        return []
    known = months.known([*held_equal(months), "slow_resolution_closed"])
    numbers = columns_of(known, held_equal(known))
    numbers[name] = known.frame["slow_resolution_closed"].to_numpy(dtype=float)
    # Who looks at closed tickets alone does not see which are open either.
    numbers.pop("unresolved", None)
    return _fitted("closed tickets only", name, partial(_ratio, known, numbers, name, level))


def _answerers(months: Exposures, level: float) -> list[_Figure]:
    if "csat_bad" not in months.measures:
        return []
    answered = months.frame["answered_csat"].fillna(0).to_numpy(dtype=float) > 0
    if not answered.any():
        return []
    part = months.where(answered)
    found: list[_Figure] = []
    for name in held_equal(months):
        known = part.known([name])
        if refusal_of(known, name) is None:
            column = {name: columns_of(known, [name])[name]}
            work = partial(_ratio, known, column, name, level, ())
            found += _fitted("answerers only", name, work)
    return found


def _unheld(months: Exposures, level: float) -> list[_Figure]:
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


def _fitted(figure: str, name: str, work: Callable[[], Contrast]) -> list[_Figure]:
    try:
        return [_of_contrast(figure, name, work())]
    except NotEstimable:
        return []


def _of_contrast(figure: str, name: str, found: Contrast) -> _Figure:
    low, high = float(found.low or 0.0), float(found.high or np.inf)
    return _Figure(figure, name, found.estimate, low, high, "hazard_ratio", found.n)


def _worst(table: pd.DataFrame) -> pd.DataFrame:
    """Return of each figure the measure that it misleads most about."""
    known = table.loc[table["estimate"].notna()]
    gap = np.abs(np.log(known["naive"].to_numpy(dtype=float) / known["estimate"].to_numpy(float)))
    ranked = known.assign(gap=gap).sort_values("gap", ascending=False, kind="stable")
    chosen = ranked.drop_duplicates("figure").index
    return table.loc[[place for place in table.index if place in chosen]].reset_index(drop=True)


def _sentences(worst: pd.DataFrame) -> tuple[str, ...]:
    return tuple(
        f"{str(row['figure']).capitalize()}: {str(row['measure']).replace('_', ' ')} comes out at "
        f"{row['naive']:.2f}, where {row['estimate']:.2f} is found at equal customers and "
        f"service. {WHY[str(row['figure'])]}"
        for row in worst.to_dict("records")
    )


def _draw(table: pd.DataFrame, ax: Axes | None) -> Axes:
    from supportlab.plots.forest import forest_plot

    first = table.assign(
        name=lambda rows: rows["figure"] + " (" + rows["measure"].str.replace("_", " ") + ")"
    )
    return forest_plot(
        first,
        label="name",
        title=TITLE,
        second="naive",
        estimate_label="at equal customers and other service",
        second_label="naive",
        ax=ax,
    )


def _alt(table: pd.DataFrame) -> str:
    from supportlab.plots.forest import alt_forest

    first = table.drop_duplicates("figure")
    naive = first.assign(estimate=first["naive"], ci_low=first["naive_low"],
                         ci_high=first["naive_high"])  # fmt: skip
    return alt_forest(naive, label="figure", subject="naive ratios")
