"""Hazard models of the churn study: which columns, which outcome, which months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.customers.panel import Panel
    from supportlab.stats.hazard_design import DesignBlocks, HazardDesign, Levels
    from supportlab.stats.hazards import HazardFit

__all__ = [
    "CONTROL",
    "COVARIATES",
    "MIN_EVENTS",
    "MOST_MONTHS",
    "SERVICE",
    "Exposures",
    "Outcome",
    "columns_of",
    "events_of",
    "exposures",
    "fit_months",
    "fitted_chance",
    "panel_months",
    "refusal_of",
    "too_few",
]

Outcome = Literal["voluntary", "involuntary", "any"]
# What customers are and how much they use, as it stood when the month began. None of these is a
# consequence of the service of the window; each goes with both service and leaving.
COVARIATES = (
    "month",
    "tenure_band",
    "market",
    "segment",
    "plan",
    "value_band",
    "usage_band",
    "contacts_band",
)
# Measures that are held equal for each other. NPS, effort and silence are verdicts on the service
# or chances to give one: adjusting the others for them would take away part of what is asked.
SERVICE = (
    "reopened",
    "slow_first_response",
    "slow_resolution",
    "unresolved",
    "escalated",
    "csat_bad",
    "channel_mismatch",
    "payment_declined",
)
# Those who answered are a kind of their own; a bad answer is compared with other answers.
ANSWERED = {
    "csat_bad": "answered_csat",
    "nps_detractor": "answered_nps",
    "ces_high": "answered_ces",
}
SURVEYED = {"survey_silent": "surveyed"}
# Fewest events that months with the measure would have at the average hazard. The rule looks at
# months and not at who left in them: measures that are shown because many left would be shown too
# high. With ten, simulated intervals still cover as they say.
MIN_EVENTS = 10
MISSING = "(missing)"
# Tickets about what has nothing to do with quality: the negative control.
CONTROL = "administrative"
HELPED = frozenset(ANSWERED) | frozenset(SURVEYED)
# Tickets beyond the third of a window are rare, and say little beyond trouble that is counted.
MOST_CONTACTS = 3.0
# Customer-months that come to Python at most, unless said otherwise; beyond it whole customers are
# drawn. Half a million hold some ten thousand departures: a measure that one month in thirty has
# is known to within a tenth, and all fits together take a minute.
MOST_MONTHS = 500_000


@dataclass(frozen=True)
class Exposures:
    """
    Customer-months with service, covariates and outcomes, as counts in cells.

    Parameters
    ----------
    frame : pandas.DataFrame
        Cells: covariates, measures, ``customer_group``, ``n`` and the counts of leaving.
    levels : mapping of str to Levels
        Covariates as numbers with names.
    measures : tuple of str
        Those that these data have, in the order of the panel.
    covariates : tuple of str
        Covariates that vary.
    outcome : str
        Whose leaving counts.
    n_customers : int
        Customers behind the cells.
    share : float
        Share of customers drawn, 1 for all.
    """

    frame: pd.DataFrame
    levels: Mapping[str, Levels]
    measures: tuple[str, ...]
    covariates: tuple[str, ...]
    outcome: Outcome
    n_customers: int
    share: float

    @property
    def events(self) -> np.ndarray:
        """Events of each cell."""
        return events_of(self.frame, self.outcome)

    def where(self, kept: np.ndarray) -> Exposures:
        """Return the same with some of the cells."""
        from supportlab.stats.hazard_design import Levels

        levels = {name: Levels(one.codes[kept], one.names) for name, one in self.levels.items()}
        return replace(self, frame=self.frame.loc[kept].reset_index(drop=True), levels=levels)

    def known(self, measures: Sequence[str]) -> Exposures:
        """Return the cells in which all these measures are known."""
        kept = self.frame[list(measures)].notna().all(axis=1).to_numpy()
        return self if kept.all() else self.where(kept)


def events_of(frame: pd.DataFrame, outcome: Outcome) -> np.ndarray:
    """Return events of cells; how somebody left who came back is not recorded: not as failing."""
    left = frame["n_left"].to_numpy(dtype=float)
    failed = frame["n_left_involuntary"].to_numpy(dtype=float)
    found: np.ndarray = {"any": left, "involuntary": failed, "voluntary": left - failed}[outcome]
    return found


def exposures(
    panel: Panel,
    *,
    outcome: Outcome | None = None,
    more: Sequence[str] = (),
    most_months: int = MOST_MONTHS,
) -> Exposures:
    """
    Fetch the panel's cells, of all customers or of a draw of whole ones.

    Not for rows that somebody looks at one by one: `Panel.frame` is for those.

    Parameters
    ----------
    panel : Panel
        Customer-months.
    outcome : {"voluntary", "involuntary", "any"}, optional
        Whose leaving counts; voluntary where the desk tells kinds, else any.
    more : sequence of str
        Further columns of the panel.
    most_months : int
        Customer-months beyond which whole customers are drawn, evenly along their ids.

    Returns
    -------
    Exposures
        Cells, ordered.
    """
    n_parts = max(1, -(-_n_months(panel) // most_months))
    where = None if n_parts == 1 else (lambda table: table.customer_part % n_parts == 0)
    helpers = [{**ANSWERED, **SURVEYED}[name] for name in panel.measures if name in HELPED]
    columns = [*COVARIATES, *panel.measures, *helpers, *more, "customer_group"]
    frame = panel.cells(columns, where=where)
    if frame.empty:
        raise NotEstimable("There is no customer-month that is old enough to judge.")
    levels = {name: _levels(frame[name]) for name in COVARIATES}
    rows = panel.table.filter(panel.table.is_complete)
    rows = rows if where is None else rows.filter(where(rows))
    return Exposures(
        frame.drop(columns=list(COVARIATES)),
        levels,
        tuple(panel.measures),
        tuple(name for name in COVARIATES if len(levels[name].names) > 1),
        outcome or _outcome(frame),
        int(rows.customer_number.nunique().execute()),
        1.0 / n_parts,
    )


def panel_months(
    desk: Desk,
    start: str | None = None,
    end: str | None = None,
    window_days: int = 90,
    control_categories: Sequence[str] = (),
    max_months: int = MOST_MONTHS,
) -> tuple[Panel, Exposures]:
    """
    Return the panel of a desk with its cells, fetched once for all who ask for the same.

    Not for a panel that is to be changed: it is shared.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates between which months at risk begin, end excluded.
    window_days : int
        Days of service before each month.
    control_categories : sequence of str
        Ticket categories of the negative control.
    max_months : int
        Customer-months beyond which whole customers are drawn.

    Returns
    -------
    Panel, Exposures
        Customer-months, and their counts in cells.
    """
    from supportlab.metrics.customers.panel import customer_panel

    chosen = tuple(control_categories)
    panel = customer_panel(
        desk, start=start, end=end, window_days=window_days, control_categories=chosen
    )
    name = f"churn cells {start} {end} {window_days} {chosen} {max_months}"
    return panel, desk.once(
        name, lambda: exposures(panel, more=("bad_tickets", "slow_resolution_closed"))
    )


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


def _n_months(panel: Panel) -> int:
    whole = panel.cells([])
    return int(whole["n"].sum()) if len(whole) else 0


def _outcome(frame: pd.DataFrame) -> Outcome:
    kinds = frame[["n_left_voluntary", "n_left_involuntary"]].to_numpy()
    return "voluntary" if kinds.any() else "any"


def _levels(labels: pd.Series) -> Levels:
    from supportlab.stats.hazard_design import Levels

    codes, names = pd.factorize(labels.fillna(MISSING), sort=True)
    return Levels(codes, tuple(str(name) for name in names))
