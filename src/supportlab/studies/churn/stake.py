"""Customers and money that go with bad service: the leavers above what customers alike lose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_interval, format_value
from supportlab.results import Estimate
from supportlab.studies.churn.losses import ALL, Losses, losses
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.metrics.customers.panel import Panel

__all__ = ["stake", "value_at_stake"]

STUDY = "churn-and-service-quality"
METHOD = "case-based attributable fraction, limits by groups of whole customers"
CAVEATS = (
    (
        "It goes with bad service: how many of these customers better service would keep depends "
        "on what else sets them apart, which these data cannot tell."
    ),
    "One customer may have had several kinds of bad service: the rows do not add up to the last.",
)


@dataclass(frozen=True)
class _Asked:
    desk: Desk
    what: str
    start: str | None
    end: str | None
    level: float

    @property
    def title(self) -> str:
        if self.what == "customers":
            return "Customers lost per month that go with bad service"
        currency = self.desk.config.reporting_currency
        return f"Monthly value lost per month that goes with bad service ({currency})"

    def known(self, measure: str) -> dict[str, Any]:
        group = {"measure": measure}
        if self.what == "value":
            group["currency"] = self.desk.config.reporting_currency
        noun = "customers" if self.what == "customers" else "monthly value of the customers"
        return {
            "id": f"churn.stake.{self.what}",
            "study": STUDY,
            "question": "How many customers and how much value go with bad service?",
            "group": group,
            "estimand": (
                f"{noun} who leave per month above what customers alike without it lose, after "
                f"{measure}"
            ),
            "unit": "count" if self.what == "customers" else "money",
            "design": "adjusted",
            "as_of": as_of_text(self.desk),
            "start": self.start,
            "end": self.end,
        }


def stake(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    window_days: int = 90,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate the customers lost per month that go with bad service.

    Not what better service would save: that holds only if nothing else sets apart the customers
    who got bad service.

    Parameters
    ----------
    desk : Desk
        The data: customers, tickets, and subscriptions or ``churned_at``.
    start, end : str, optional
        ISO dates between which months at risk begin, end excluded.
    window_days : int
        Days of service before each month.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a measure and one for any of them: ``measure``, ``n_with`` customer-months,
        ``n_left_with``, ``estimate`` customers per month, ``ci_low``, ``ci_high``,
        ``leavers_share``; findings ``churn.stake.customers``.

    Notes
    -----
    See `losses`. A negative number says that fewer left than customers alike without it.
    """
    return _at_stake(_Asked(desk, "customers", start, end, level), window_days)


def value_at_stake(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    window_days: int = 90,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate the monthly value lost per month that goes with bad service.

    Not a forecast of revenue, and not what better service would save. Values are at the rate of
    one day, the first of the panel, so that no rate moves the figure.

    Parameters
    ----------
    desk : Desk
        The data, with ``monthly_value`` and ``currency`` of customers.
    start, end : str, optional
        ISO dates between which months at risk begin, end excluded.
    window_days : int
        Days of service before each month.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        As of `stake`, ``estimate`` in the reporting currency; findings ``churn.stake.value``.
    """
    return _at_stake(_Asked(desk, "value", start, end, level), window_days)


def _at_stake(asked: _Asked, window_days: int) -> Estimate:
    from supportlab.metrics.customers.panel import customer_panel

    name = "stake" if asked.what == "customers" else "value-at-stake"
    try:
        panel = customer_panel(
            asked.desk, start=asked.start, end=asked.end, window_days=window_days
        )
        found = _losses(asked, panel)
        if asked.what == "value" and found.no_value:
            raise NotEstimable(found.no_value)
    except NotEstimable as refusal:
        finding = Finding.refused(reason=str(refusal), **asked.known("any"))
        return refused_estimate(f"churn-{name}", asked.title, str(refusal), (finding,))
    table = _table(asked, found)
    more = found.caveats if asked.what == "value" else ()
    return Estimate(
        f"churn-{name}",
        asked.title,
        table,
        findings=_findings(asked, found, table),
        sentences=(_sentence(asked, table.iloc[-1]),),
        definitions=(panel.definition,),
        caveats=(*CAVEATS, *more),
        draw=lambda ax: _draw(asked, table, ax),
        alt=_alt(asked, table),
    )


def _losses(asked: _Asked, panel: Panel) -> Losses:
    key = f"losses {panel.first_month} {panel.last_month} {panel.window_days} {asked.level}"
    return asked.desk.once(key, lambda: losses(asked.desk, panel, asked.level))


def _table(asked: _Asked, found: Losses) -> pd.DataFrame:
    rows, what = found.table, asked.what
    table = pd.DataFrame(
        {
            "measure": rows["title"],
            "n_with": rows["n_with"],
            "n_left_with": rows["n_left_with"],
            "estimate": rows[what],
            "ci_low": rows[f"{what}_low"],
            "ci_high": rows[f"{what}_high"],
            "ci_level": asked.level,
            "unit": "count" if what == "customers" else "money",
        }
    )
    return table.assign(leavers_share=rows["leavers_share"]) if what == "customers" else table


def _findings(asked: _Asked, found: Losses, table: pd.DataFrame) -> tuple[Finding, ...]:
    names = ["any" if name == ALL else name for name in found.table["measure"]]
    return tuple(
        Finding(
            **asked.known(name),
            estimate=float(row["estimate"]),
            ci_low=float(row["ci_low"]),
            ci_high=float(row["ci_high"]),
            ci_level=asked.level,
            n=int(row["n_with"]),
            n_clusters=found.n_customers,
            method=METHOD,
            caveats=CAVEATS,
        )
        for name, row in zip(names, table.to_dict("records"), strict=True)
    )


def _sentence(asked: _Asked, whole: pd.Series) -> str:
    words = format_interval(
        whole["estimate"], whole["ci_low"], whole["ci_high"], whole["unit"], asked.level
    )
    if asked.what == "value":
        currency = asked.desk.config.reporting_currency
        return (
            f"Each month monthly value of {words} {currency} is lost above what customers alike "
            "without bad service take with them."
        )
    share = format_value(float(whole["leavers_share"]), "proportion")
    return (
        f"Each month {words} customers leave above what customers alike without bad service lose: "
        f"{share} of those who leave."
    )


def _draw(asked: _Asked, table: pd.DataFrame, ax: Axes | None) -> Axes:
    from supportlab.plots import dot_intervals

    return dot_intervals(
        table.assign(n=table["n_left_with"]),
        label="measure",
        unit=table["unit"].iloc[0],
        title=asked.title,
        counted="left after it",
        reference=0.0,
        reference_label="none",
        ax=ax,
    )


def _alt(asked: _Asked, table: pd.DataFrame) -> str:
    parts = [
        f"{row['measure']} {row['estimate']:.1f} ({row['ci_low']:.1f} to {row['ci_high']:.1f})"
        for _, row in table.iterrows()
    ]
    return f"{asked.title}: {'; '.join(parts)}.".replace("(-", "(−").replace(" -", " −")
