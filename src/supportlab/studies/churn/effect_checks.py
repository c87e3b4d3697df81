"""Checks of hazard ratios: the same at all tenures, and 1 for what is no service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from supportlab.errors import NotEstimable
from supportlab.results import Check
from supportlab.studies.churn.fits import columns_of, fit_months
from supportlab.studies.churn.models import CONTROL, SERVICE, Exposures

if TYPE_CHECKING:
    pass
from supportlab.studies.churn.ratios import EffectRow

__all__ = ["control_check", "tenure_checks"]


def tenure_checks(months: Exposures, rows: Sequence[EffectRow]) -> dict[str, Check]:
    """
    Test of each measure whether its ratio is the same at all tenures, adjusted over the measures.

    Parameters
    ----------
    months : Exposures
        Cells.
    rows : sequence of EffectRow
        What was found; measures without a ratio have no check.

    Returns
    -------
    dict of str to Check
        By measure; failed below 0.05, None where products with tenure cannot be fitted.
    """
    from supportlab.stats import adjust_p
    from supportlab.stats.hazard_tests import joint_test

    service = [row.measure for row in rows if row.ratio is not None and row.measure in SERVICE]
    if not service or "tenure_band" not in months.covariates:
        return {}
    known = months.known(service)
    numbers, names = _by_tenure(known, service)
    try:
        fit = fit_months(known, numbers)
        p_values = [
            joint_test(fit, names[name]).p_value if names[name] else None for name in service
        ]
    except NotEstimable as refusal:
        words = f"Ratios by tenure cannot be fitted: {refusal}"
        return {
            name: Check(f"{_words(name)}: same ratio at all tenures", None, words)
            for name in service
        }
    adjusted = adjust_p(p_values, "holm")
    return {name: _tenure_check(name, p) for name, p in zip(service, adjusted, strict=True)}


def control_check(rows: Sequence[EffectRow]) -> Check | None:
    """
    Hold the negative control against 1.

    Parameters
    ----------
    rows : sequence of EffectRow
        What was found.

    Returns
    -------
    Check or None
        Failed where the control's interval leaves 1 out; None without a control.
    """
    found = next((row for row in rows if row.measure == CONTROL), None)
    if found is None:
        return None
    name = "negative control"
    if found.ratio is None:
        return Check(name, None, f"Not estimable: {found.reason}")
    low, high = found.ratio.low or 0.0, found.ratio.high or np.inf
    detail = (
        f"tickets that have nothing to do with quality: hazard ratio {found.ratio.estimate:.2f} "
        f"({low:.2f} to {high:.2f}); 1 is expected, and how far it is off shows what is not held "
        "equal"
    )
    return Check(name, low <= 1.0 <= high, detail)


def _by_tenure(
    months: Exposures, service: Sequence[str]
) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """Make products of each measure with the tenure bands in which enough left with it."""
    from supportlab.studies.churn.fits import MIN_EVENTS

    bands, numbers = months.levels["tenure_band"], columns_of(months, service)
    names: dict[str, list[str]] = {}
    for name in service:
        names[name] = []
        inside = numbers[name] > 0
        events = np.bincount(
            bands.codes, weights=months.events * inside, minlength=len(bands.names)
        )
        enough = [place for place in range(len(bands.names)) if events[place] >= MIN_EVENTS]
        # The band with the most events is the one that the others are compared with.
        for place in sorted(enough, key=lambda item: -events[item])[1:]:
            column = f"{name} x {bands.names[place]}"
            numbers[column] = numbers[name] * (bands.codes == place)
            names[name].append(column)
    return numbers, names


def _tenure_check(measure: str, p_value: float | None) -> Check:
    from supportlab.format import format_p

    name = f"{_words(measure)}: same ratio at all tenures"
    if p_value is None:
        return Check(name, None, "Too few events in all bands of tenure but one.")
    words = f"products with bands of tenure, {format_p(p_value)} adjusted over the measures"
    return Check(name, p_value >= 0.05, words)


def _words(measure: str) -> str:
    short = ("csat", "nps", "ces", "fcr")
    return " ".join(word.upper() if word in short else word for word in measure.split("_"))
