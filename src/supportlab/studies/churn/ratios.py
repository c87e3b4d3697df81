"""Each measure's hazard ratios: unadjusted, alone, at equal other service; and what was checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.studies.churn.fits import columns_of, fit_months, refusal_of
from supportlab.studies.churn.models import CONTROL, SERVICE, Exposures

if TYPE_CHECKING:
    from supportlab.metrics.customers.panel import Panel
    from supportlab.stats.hazards import HazardFit
    from supportlab.stats.interval import Contrast

__all__ = [
    "EffectRow",
    "chosen_measures",
    "effect_rows",
    "held_equal",
    "is_common",
]

# A measure that is known in fewer of the months is not held equal for the others: the months
# without it would be lost to all.
KNOWN_SHARE = 0.75
# Share of leaving by the end of follow-up above which a hazard ratio overstates the risk ratio.
COMMON_ABOVE = 0.15


@dataclass(frozen=True)
class EffectRow:
    """
    What was found of one measure.

    Parameters
    ----------
    measure, title : str
        Name and plain words.
    ratio : Contrast or None
        At equal customers and other service.
    alone, unadjusted, involuntary : Contrast or None
        At equal customers; with nothing held equal; for leaving by failed payment.
    counts : mapping of str to int
        Customer-months and events, with the measure and in all.
    reason : str
        Why there is no ratio.
    """

    measure: str
    title: str
    ratio: Contrast | None
    alone: Contrast | None
    unadjusted: Contrast | None
    involuntary: Contrast | None
    counts: dict[str, int]
    reason: str

    @property
    def p_value(self) -> float | None:
        """P value that counts in the family; the negative control is not part of it."""
        return None if self.ratio is None or self.measure == CONTROL else self.ratio.p_value

    def own(self, end: str) -> float | None:
        """Return an end of the interval."""
        return None if self.ratio is None else getattr(self.ratio, end)

    def columns(self, months: Exposures, level: float) -> dict[str, Any]:
        """Return the row of the table."""
        strength = _strength(self.ratio, months)
        return {
            "measure": self.measure,
            "title": self.title,
            **_ends("", self.ratio),
            "ci_level": level,
            "unit": "hazard_ratio",
            **_ends("alone", self.alone),
            **_ends("unadjusted", self.unadjusted),
            **_ends("involuntary", self.involuntary),
            "p_value": self.p_value,
            "e_value": strength[0],
            "e_value_of_interval": strength[1],
            **self.counts,
            "method": self.ratio.method if self.ratio else None,
            "reason": self.reason or None,
        }


def chosen_measures(measures: Sequence[str] | None) -> tuple[str, ...]:
    """Return the measures that are asked about, in the order of the contract; all for None."""
    from supportlab.metrics.customers.panel import MEASURES

    if measures is None:
        return tuple(MEASURES)
    unknown = [name for name in measures if name not in MEASURES]
    if unknown:
        raise ParameterError(f"measures: {did_you_mean(unknown[0], MEASURES)}")
    # The control is no measure of service; it comes with its categories.
    return tuple(name for name in MEASURES if name in measures or name == CONTROL)


def effect_rows(
    panel: Panel, months: Exposures, level: float, measures: Sequence[str]
) -> list[EffectRow]:
    """
    Fit all measures of the panel.

    Not for ratios of groups: `churn_effect_groups` is.

    Parameters
    ----------
    panel : Panel
        Customer-months, with the reasons for what is not there.
    months : Exposures
        Its cells.
    level : float
        Level of the intervals.
    measures : sequence of str
        Measures to fit.

    Returns
    -------
    list of EffectRow
        One a measure, in the order of the contract; those that cannot be had carry the reason.
    """
    service = held_equal(months)
    together = _together(months, service)
    failing = _failing(months, service)
    rows = []
    for name in measures:
        if name not in months.measures:
            rows.append(_refused(panel, name, {}, str(panel.reasons.get(name, "no such column"))))
            continue
        rows.append(_row(panel, months, name, service, together, failing, level))
    # A control that nobody asked for is no gap in the data.
    return [row for row in rows if row.measure != CONTROL or CONTROL in months.measures]


def held_equal(months: Exposures) -> tuple[str, ...]:
    """Return the measures of service that can be held equal: known, and with enough events."""
    return tuple(
        name
        for name in SERVICE
        if name in months.measures
        and _share_known(months, name) >= KNOWN_SHARE
        and refusal_of(months.known([name]), name) is None
    )


def _row(
    panel: Panel,
    months: Exposures,
    name: str,
    service: tuple[str, ...],
    together: HazardFit | None,
    failing: HazardFit | None,
    level: float,
) -> EffectRow:
    from supportlab.stats.hazards import hazard_ratio

    known = months.known([name])
    counts = _counts(known, name)
    reason = refusal_of(known, name)
    if reason is not None:
        return _refused(panel, name, counts, reason)
    try:
        if name in service and together is not None:
            ratio = hazard_ratio(together, name, level)
        else:
            ratio = hazard_ratio(_beside(months, name, service), name, level)
        alone = hazard_ratio(
            fit_months(known, columns_of(known, [name]), **_covariates(months, name)), name, level
        )
        crude = hazard_ratio(
            fit_months(known, {name: _column(known, name)}, covariates=()), name, level
        )
    except NotEstimable as refusal:
        return _refused(panel, name, counts, str(refusal))
    involuntary = None
    if failing is not None and name in failing.names:
        involuntary = hazard_ratio(failing, name, level)
    title = str(panel.titles.get(name, name))
    return EffectRow(name, title, ratio, alone, crude, involuntary, counts, "")


def _beside(months: Exposures, name: str, service: Sequence[str]) -> HazardFit:
    """Fit a measure that is not held equal for the others, at equal service."""
    known = months.known([*service, name])
    return fit_months(known, columns_of(known, [*service, name]), **_covariates(months, name))


def _covariates(months: Exposures, name: str) -> dict[str, Any]:
    if name != "contacts":
        return {}
    # The number of tickets cannot be held equal when it is what is asked about.
    return {"covariates": tuple(c for c in months.covariates if c != "contacts_band")}


def _column(months: Exposures, name: str) -> np.ndarray:
    return columns_of(months, [name])[name]


def _together(months: Exposures, service: Sequence[str]) -> HazardFit | None:
    known = months.known(service)
    return _quiet(lambda: fit_months(known, columns_of(known, service))) if service else None


def _failing(months: Exposures, service: Sequence[str]) -> HazardFit | None:
    """Fit leaving by failed payment on the measures with enough of it."""
    if months.outcome != "voluntary":
        return None
    known = months.known(service)
    enough = [name for name in service if refusal_of(known, name, "involuntary") is None]
    numbers = columns_of(known, enough)
    return _quiet(lambda: fit_months(known, numbers, outcome="involuntary")) if enough else None


def _quiet(work: Callable[[], HazardFit]) -> HazardFit | None:
    try:
        return work()
    except NotEstimable:
        return None


def _share_known(months: Exposures, name: str) -> float:
    n = months.frame["n"].to_numpy(dtype=float)
    return float(n[months.frame[name].notna().to_numpy()].sum() / n.sum())


def _counts(months: Exposures, name: str) -> dict[str, int]:
    n, events = months.frame["n"].to_numpy(dtype=float), months.events
    inside = months.frame[name].to_numpy(dtype=float) > 0
    pairs = {
        "n": n.sum(),
        "n_events": events.sum(),
        "n_with": n[inside].sum(),
        "n_events_with": events[inside].sum(),
        "n_clusters": months.n_customers,
    }
    return {key: round(float(value)) for key, value in pairs.items()}


def _refused(panel: Panel, name: str, counts: dict[str, int], reason: str) -> EffectRow:
    none = ("n", "n_events", "n_with", "n_events_with", "n_clusters")
    filled: dict[str, Any] = {**dict.fromkeys(none), **counts}
    title = str(panel.titles.get(name, name))
    return EffectRow(name, title, None, None, None, None, filled, reason)


def _ends(stem: str, found: Contrast | None) -> dict[str, float | None]:
    names = ("estimate", "ci_low", "ci_high") if not stem else (stem, f"{stem}_low", f"{stem}_high")
    if found is None:
        return dict.fromkeys(names)
    return dict(zip(names, (found.estimate, found.low, found.high), strict=True))


def _strength(found: Contrast | None, months: Exposures) -> tuple[float | None, float | None]:
    from supportlab.stats.sensitivity import e_value

    if found is None:
        return None, None
    made = e_value(
        found.estimate, found.low, found.high, kind="hazard_ratio", is_common=is_common(months)
    )
    return made.estimate, made.limit


def is_common(months: Exposures) -> bool:
    """Tell whether more than 15 % would have left by the end of the months that were seen."""
    n = months.frame["n"].to_numpy(dtype=float)
    hazard = months.events.sum() / n.sum()
    n_months = len(months.levels["month"].names)
    return bool(1.0 - np.exp(-hazard * n_months) > COMMON_ABOVE)
