"""Hazard models of the churn study: which columns, which outcome, which months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import MISSING

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.customers.panel import Panel
    from supportlab.stats.hazard_design import Levels

__all__ = [
    "ANSWERED",
    "CONTROL",
    "COVARIATES",
    "MOST_MONTHS",
    "SERVICE",
    "SURVEYED",
    "Exposures",
    "Outcome",
    "events_of",
    "exposures",
    "panel_months",
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
# Tickets about what has nothing to do with quality: the negative control.
CONTROL = "administrative"
HELPED = frozenset(ANSWERED) | frozenset(SURVEYED)
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
