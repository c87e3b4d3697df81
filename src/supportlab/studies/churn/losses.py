"""Leavers above what customers alike lose: the arithmetic of what goes with bad service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.studies.churn.fits import columns_of, fit_months, refusal_of
from supportlab.studies.churn.models import SERVICE, Exposures, exposures

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.customers.panel import Panel
    from supportlab.stats.hazards import HazardFit

__all__ = ["ALL", "Losses", "losses"]

ALL = "any bad service"
# A declined payment is no treatment by the desk; it is held equal, and not counted as service.
NOT_SERVICE = ("payment_declined",)
NO_VALUE = "customers.monthly_value and currency are not provided"


@dataclass(frozen=True)
class Losses:
    """
    What goes with each measure of bad service, per month.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a measure and one for any: ``measure`` (its name), ``title``, ``n_with``
        customer-months, ``n_left_with``, then for customers and for value ``…``, ``…_low``,
        ``…_high``, and ``leavers_share``; value is missing where the desk has none.
    n_customers : int
        Customers behind it.
    caveats : tuple of str
        What is not in the value.
    no_value : str
        Why there is no value; empty where there is.
    """

    table: pd.DataFrame
    n_customers: int
    caveats: tuple[str, ...]
    no_value: str


def losses(desk: Desk, panel: Panel, level: float) -> Losses:
    """
    Compute what goes with bad service, from one model of all measures.

    Parameters
    ----------
    desk : Desk
        The data.
    panel : Panel
        Its customer-months.
    level : float
        Level of the limits.

    Returns
    -------
    Losses
        Customers and value per month.

    Raises
    ------
    NotEstimable
        No measure precedes enough leaving.

    Notes
    -----
    Of each customer who left after bad service, the share ``1 - 1 / hazard ratio`` goes with it
    (Miettinen 1974, case-based; exact for rare events), with the hazard ratios of all measures
    from one model. Limits by `excess_events`: customers who leave more by chance raise the number
    and the ratio at once, and both are in the same sum over groups of whole customers.
    """
    months = exposures(panel)
    names = _usable(months)
    if not names:
        raise NotEstimable("no kind of bad service precedes enough leaving to tell")
    known = months.known(names)
    fit = fit_months(known, columns_of(known, names))
    value, caveats = _values(desk, panel, known, names)
    n_months = len(panel.cells(["month"])) * months.share
    found = {"customers": _lost(known, fit, known.frame, known.events, names, level)}
    if value is not None:
        amounts = value["value"].to_numpy(dtype=float)
        found["value"] = _lost(known, fit, value, amounts, names, level)
    table = _table(panel, known, names, found, n_months)
    return Losses(table, known.n_customers, caveats, "" if value is not None else NO_VALUE)


def _table(
    panel: Panel,
    months: Exposures,
    names: Sequence[str],
    found: Mapping[str, np.ndarray],
    n_months: float,
) -> pd.DataFrame:
    chosen = months.frame[list(names)].to_numpy(dtype=float) > 0
    n, left = months.frame["n"].to_numpy(), months.events
    rows = []
    for place, name in enumerate([*names, ALL]):
        with_it = chosen[:, place] if place < len(names) else _service(chosen, names)
        row: dict[str, Any] = {"measure": name, "title": panel.titles.get(name, name)}
        row |= {"n_with": int(n[with_it].sum()), "n_left_with": int(left[with_it].sum())}
        for what, limits in found.items():
            for suffix, amount in zip(("", "_low", "_high"), limits[place], strict=True):
                row[what + suffix] = float(amount) / n_months
        row["leavers_share"] = float(found["customers"][place, 0]) / float(left.sum())
        rows.append(row)
    return pd.DataFrame(rows)


def _usable(months: Exposures) -> tuple[str, ...]:
    present = [name for name in SERVICE if name in months.measures]
    return tuple(name for name in present if refusal_of(months, name) is None)


def _values(
    desk: Desk, panel: Panel, months: Exposures, names: Sequence[str]
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    """Return the monthly value of those who left, by the same cells, and what is not in it."""
    if not desk.has("customers", "monthly_value", "currency"):
        return None, ()
    rows = panel.table.filter(panel.table.is_complete & (panel.table.left == 1))
    if months.outcome == "voluntary":
        rows = rows.filter((rows.left_kind != "involuntary").fill_null(True))
    if months.share < 1.0:
        rows = rows.filter(rows.customer_part % round(1 / months.share) == 0)
    keys = [*names, "customer_group"]
    summed = rows.group_by(keys).aggregate(
        value=rows.monthly_value.sum(),
        n_unvalued=rows.monthly_value.isnull().ifelse(1, 0).cast("int64").sum(),
    )
    frame = summed.execute().dropna(subset=list(names)).sort_values(keys, ignore_index=True)
    n_unvalued = int(frame["n_unvalued"].sum())
    frame["value"] = frame["value"].astype(float).fillna(0.0)
    if not n_unvalued:
        return frame, ()
    words = f"{n_unvalued:,} of those who left have no monthly value or no rate; they count as 0"
    return frame, (f"{words} in the value{_currencies(rows, desk)}.",)


def _currencies(rows: Any, desk: Desk) -> str:
    lacking = rows.filter(rows.monthly_value.isnull()).select("customer_id").distinct()
    customers = desk.table("customers").select("customer_id", "currency")
    tied = customers.semi_join(lacking, customers.customer_id == lacking.customer_id)
    found = sorted(str(name) for name in tied.currency.execute().dropna().unique())
    return f" (currencies {', '.join(found)})" if found else ""


def _service(chosen: np.ndarray, names: Sequence[str]) -> np.ndarray:
    counted = [place for place, name in enumerate(names) if name not in NOT_SERVICE]
    return np.asarray(chosen[:, counted].any(axis=1))


def _lost(
    months: Exposures,
    fit: HazardFit,
    frame: pd.DataFrame,
    weight: np.ndarray,
    names: Sequence[str],
    level: float,
) -> np.ndarray:
    """Return what goes with each measure, and with any, with limits: rows of three numbers."""
    from supportlab.stats.attributable import excess_events

    chosen = (frame[list(names)].to_numpy(dtype=float) > 0).astype(float)
    # Cells of value hold leavers alone; their customers' groups are those of all months.
    labels, first = np.unique(months.frame["customer_group"].to_numpy(), return_index=True)
    place = np.searchsorted(labels, frame["customer_group"].to_numpy())
    group = np.asarray(fit.group)[first][place]
    service = tuple(name for name in names if name not in NOT_SERVICE)
    found = [
        excess_events(fit, names, chosen, weight, group, counted=counted, level=level)
        for counted in (*((name,) for name in names), service)
    ]
    return np.array([(one.estimate, one.low, one.high) for one in found], dtype=float)
