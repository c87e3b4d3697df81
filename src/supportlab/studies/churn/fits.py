"""Hazard fits of customer-months: what is asked, what is held equal, and what is too little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from supportlab.stats.hazard_design import DesignBlocks, HazardDesign
    from supportlab.stats.hazards import HazardFit
from supportlab.studies.churn.models import ANSWERED, SURVEYED, Exposures, Outcome, events_of

__all__ = ["MIN_EVENTS", "columns_of", "fit_months", "fitted_chance", "refusal_of", "too_few"]

# Fewest events that months with the measure would have at the average hazard. The rule looks at
# months and not at who left in them: measures that are shown because many left would be shown too
# high. With ten, simulated intervals still cover as they say.
MIN_EVENTS = 10
# Tickets beyond the third of a window are rare, and say little beyond trouble that is counted.
MOST_CONTACTS = 3.0


def fit_months(
    months: Exposures,
    numbers: Mapping[str, np.ndarray],
    *,
    covariates: Sequence[str] | None = None,
    outcome: Outcome | None = None,
    link: Literal["cloglog", "poisson"] = "cloglog",
) -> HazardFit:
    """
    Fit the hazard of leaving on columns and covariates, with variance by customer.

    Not for columns with missing values: take `Exposures.known` first.

    Parameters
    ----------
    months : Exposures
        Cells.
    numbers : mapping of str to numpy.ndarray
        Columns of interest and what else is held equal.
    covariates : sequence of str, optional
        Covariates that are held equal; all that vary when left out.
    outcome : {"voluntary", "involuntary", "any"}, optional
        Whose leaving counts; that of the cells when left out.
    link : {"cloglog", "poisson"}
        Which model.

    Returns
    -------
    HazardFit
        The fit.
    """
    from supportlab.stats.hazards import fit_hazard

    design = _design(months, numbers, covariates, outcome or months.outcome)
    events = events_of(months.frame, outcome or months.outcome)
    n = months.frame["n"].to_numpy(dtype=float)
    group = months.frame["customer_group"].to_numpy()
    return fit_hazard(design, n, events, cluster=group, link=link, n_clusters=months.n_customers)


def fitted_chance(
    months: Exposures, numbers: Mapping[str, np.ndarray], fit: HazardFit
) -> np.ndarray:
    """Return the chance to leave in the month that a fit on all covariates gives to each cell."""
    design = _design(months, numbers, None, months.outcome)
    linear: np.ndarray = np.concatenate(
        [matrix @ fit.coefficients for _, matrix in _blocks(design)]
    )
    chance: np.ndarray = -np.expm1(-np.exp(linear))
    return chance


def _blocks(design: HazardDesign) -> DesignBlocks:
    from supportlab.stats.hazard_design import DesignBlocks

    return DesignBlocks(design, np.arange(design.size))


def _design(
    months: Exposures,
    numbers: Mapping[str, np.ndarray],
    covariates: Sequence[str] | None,
    outcome: Outcome,
) -> HazardDesign:
    from supportlab.stats.hazard_design import hazard_design

    names = months.covariates if covariates is None else covariates
    n, events = months.frame["n"].to_numpy(dtype=float), events_of(months.frame, outcome)
    return hazard_design({name: months.levels[name] for name in names}, numbers, events, n)


def columns_of(months: Exposures, measures: Sequence[str]) -> dict[str, np.ndarray]:
    """Return measures as columns, and who was in a position to answer where that matters."""
    found = {}
    for name in measures:
        values = months.frame[name].to_numpy(dtype=float)
        found[name] = np.minimum(values, MOST_CONTACTS) if name == "contacts" else values
        helper = {**ANSWERED, **SURVEYED}.get(name)
        if helper is not None and months.frame[helper].to_numpy(dtype=float).any():
            found[helper] = months.frame[helper].to_numpy(dtype=float)
    return found


def refusal_of(months: Exposures, measure: str, outcome: Outcome | None = None) -> str | None:
    """Return why the months cannot tell of a measure, None where they can."""
    events = events_of(months.frame, outcome or months.outcome)
    n = months.frame["n"].to_numpy(dtype=float)
    with_it = months.frame[measure].to_numpy(dtype=float) > 0
    reason = too_few(n, events, with_it)
    return f"too few events: {reason}" if reason else None


def too_few(n: np.ndarray, events: np.ndarray, with_it: np.ndarray) -> str | None:
    """
    Return in words why months with and without something cannot be compared, None where they can.

    Not a test: it counts months, and whether anybody left at all.

    Parameters
    ----------
    n, events : numpy.ndarray of shape (n_cells,)
        Customer-months and events.
    with_it : numpy.ndarray of shape (n_cells,)
        Which cells have it.

    Returns
    -------
    str or None
        The reason.

    Examples
    --------
    >>> n, events = np.array([900.0, 100.0]), np.array([30.0, 5.0])
    >>> too_few(n, events, np.array([False, True]))
    'at the average hazard 3.5 customers would leave in the months with it; 10 are needed'
    """
    hazard = float(events.sum() / n.sum())
    for word, mask in (("with", with_it), ("without", ~with_it)):
        expected, seen = hazard * float(n[mask].sum()), float(events[mask].sum())
        if expected < MIN_EVENTS:
            return (
                f"at the average hazard {expected:.1f} customers would leave in the months "
                f"{word} it; {MIN_EVENTS} are needed"
            )
        if seen == 0:
            return f"nobody left in the months {word} it: the ratio would be zero or infinite"
    return None
