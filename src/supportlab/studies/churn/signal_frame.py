"""Customer-months with what was known when they began and who left after: fit early, judge late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.metrics.customers.signals import Signals, with_signals
from supportlab.metrics.dimensions import MISSING

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.records import Definition

__all__ = ["MOST_CUSTOMERS", "SignalFrame", "Split", "signal_frame", "texts"]

# Customers that come to Python: more make the areas no surer than anyone needs (a standard error
# under 0.005), and 40,000 over two years are a million rows, about 100 MB.
MOST_CUSTOMERS = 40_000
SEED = 20240701
# Fewer leavers than this in the earlier months fit nothing; in the later ones they judge nothing.
FEWEST_EVENTS = 30
# Fewer months to fit on hold one season's or one event's luck.
FEWEST_MONTHS = 3
BASE = ("tenure_band", "plan")
# What else the panel knows of a customer when the month begins: for the list of risk only, since
# a signal is asked what it adds to what every desk knows.
MORE = ("segment", "market", "value_band", "usage_band", "bad_tickets", "payment_declined")


@dataclass(frozen=True)
class SignalFrame:
    """
    Customer-months of a bounded number of customers.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``customer`` (a number that says nothing of the id), ``month`` (months since the year 0),
        the columns of `base` and `signals` as text, ``months_to_leaving`` (0 in the month at whose
        start the row is; nan where no end is seen), ``months_seen`` (months from this one on whose
        outcome is known).
    signals, base, more : tuple of str
        What can foretell, what every desk knows of everybody, and what else this one does.
    reasons : mapping
        Why other signals are not there.
    n_customers, n_drawn : int
        Customers at risk, and those of them in `rows`: all, or a seeded sample.
    definition : Definition
        Record of the signals.
    """

    rows: pd.DataFrame
    signals: tuple[str, ...]
    base: tuple[str, ...]
    more: tuple[str, ...]
    reasons: Mapping[str, str]
    n_customers: int
    n_drawn: int
    definition: Definition

    def split(self, horizon_months: int) -> Split:
        """
        Part the months into earlier ones to fit on and later ones to judge on.

        No row of the earlier part has an outcome that reaches into the later one.
        """
        known = self.rows[self.rows["months_seen"] >= horizon_months]
        months = np.unique(known["month"].to_numpy())
        if months.size < 2:
            raise NotEstimable(f"no two months have an outcome {horizon_months} months on")
        first, last = int(months[0]), int(months[-1])
        border = -(-(first + last + horizon_months) // 2)
        left = (known["months_to_leaving"] < horizon_months).astype(float).to_numpy()
        known = known.assign(left=left)
        early = known[known["month"] + horizon_months <= border].reset_index(drop=True)
        late = known[known["month"] >= border].reset_index(drop=True)
        n_early, n_late = early["month"].nunique(), late["month"].nunique()
        if n_early < FEWEST_MONTHS or n_late < 1:
            raise NotEstimable(
                f"to look {horizon_months} months ahead, months to learn from and later ones to "
                f"judge on must each have {horizon_months} months after them, which takes some "
                f"{2 * horizon_months + FEWEST_MONTHS} complete months; there are "
                f"{months.size + horizon_months - 1}"
            )
        for part, words in ((early, "fit on"), (late, "judge on")):
            if part["left"].sum() < FEWEST_EVENTS:
                raise NotEstimable(
                    f"{part['left'].sum():.0f} departures to {words}; at least {FEWEST_EVENTS} "
                    "are needed"
                )
        return Split(early, late, horizon_months, border)


@dataclass(frozen=True)
class Split:
    """
    Earlier rows to fit on, later rows to judge on, each with ``left`` (0 or 1).

    Parameters
    ----------
    early, late : pandas.DataFrame
        Rows of `SignalFrame.rows`.
    horizon_months : int
        Months ahead within which leaving counts.
    border : int
        First month of `late`.
    """

    early: pd.DataFrame
    late: pd.DataFrame
    horizon_months: int
    border: int

    def months(self) -> tuple[str, str, str, str]:
        """Return the first and last month to fit on, and to judge on, as ``2025-01``."""
        early, late = self.early["month"], self.late["month"]
        ends = (early.min(), early.max(), late.min(), late.max())
        first, second, third, fourth = (_month(int(month)) for month in ends)
        return first, second, third, fourth


def signal_frame(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    window_days: int = 90,
    seed: int = SEED,
) -> SignalFrame:
    """
    Bring customer-months with their signals to Python, of a bounded number of customers.

    Not for a rate of churn: `metrics.churn` counts all customers in the engine.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates between which months begin.
    window_days : int
        Days before a month whose signals count.
    seed : int
        Of the sample of customers, where there are more than 40,000.

    Returns
    -------
    SignalFrame
        Months whose window lies after the desk's first ticket or invitation.

    Raises
    ------
    NotEstimable
        No ends of customers, or no signals.
    """
    key = f"signal frame {start} {end} {window_days} {seed}"
    return desk.once(key, lambda: _frame(desk, start, end, window_days, seed))


def _frame(
    desk: Desk, start: str | None, end: str | None, window_days: int, seed: int
) -> SignalFrame:
    from supportlab.metrics.customers.panel import customer_panel

    found_panel = customer_panel(desk, start=start, end=end, window_days=window_days)
    panel = found_panel.table
    more = tuple(name for name in MORE if name in panel.columns and name not in found_panel.reasons)
    panel = panel.filter(panel.month_start >= _first_month(desk, window_days))
    chosen, n_customers = _chosen(panel, seed)
    base = tuple(name for name in BASE if name in panel.columns)
    rows = chosen.select(
        "customer_id", "customer_number", "month_start", "left", "is_complete",
        **texts(chosen, (*base, *more)),
    )  # fmt: skip
    found = with_signals(desk, desk.keep(rows), window_days=window_days)
    if not found.names:
        raise NotEstimable("there is no signal: " + "; ".join(found.reasons.values()))
    frame = _with_outcomes(_fetched(found, (*base, *more)))
    n_drawn = min(n_customers, MOST_CUSTOMERS)
    return SignalFrame(
        frame, found.names, base, more, found.reasons, n_customers, n_drawn, found.definition
    )


def texts(table: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return columns as text, a missing value named."""
    return {name: table[name].cast("string").fill_null(MISSING) for name in names}


def _first_month(desk: Desk, window_days: int) -> Any:
    """Return the moment from which on the whole window is in the data."""
    from supportlab.metrics.periods import days_after, moments

    times = []
    if desk.has("tickets", "created_at"):
        times.append(desk.table("tickets").created_at.min().execute())
    if desk.has("surveys", "sent_at"):
        times.append(desk.table("surveys").sent_at.min().execute())
    known = [pd.Timestamp(time) for time in times if time is not None and not pd.isna(time)]
    if not known:
        raise NotEstimable("there are neither tickets nor surveys with their time")
    return moments(days_after(min(known).to_pydatetime(), window_days))


def _chosen(panel: Any, seed: int) -> tuple[Any, int]:
    """Keep all customers, or a seeded sample of whole customers."""
    import ibis

    who = panel.select("customer_number").distinct()
    n = int(who.count().execute())
    if n == 0:
        raise NotEstimable("no customer is at risk in the period")
    if n <= MOST_CUSTOMERS:
        return panel, n
    numbers = np.sort(who.execute()["customer_number"].to_numpy(dtype=np.int64))
    drawn = np.sort(np.random.default_rng(seed).choice(numbers, MOST_CUSTOMERS, replace=False))
    chosen = ibis.memtable(pd.DataFrame({"chosen_number": drawn}))
    joined = panel.inner_join(chosen, panel.customer_number == chosen.chosen_number)
    return joined.drop("chosen_number"), n


def _fetched(found: Signals, base: Sequence[str]) -> pd.DataFrame:
    table = found.table
    month = (table.month_start.year() * 12 + table.month_start.month() - 1).cast("int64")
    chosen = table.select(
        *base,
        *found.names,
        customer=table.customer_number,
        month=month,
        left=table.left,
        is_complete=table.is_complete.ifelse(1, 0).cast("int64"),
    )
    frame: pd.DataFrame = chosen.execute()
    return frame.sort_values(["customer", "month"], kind="stable", ignore_index=True)


def _with_outcomes(frame: pd.DataFrame) -> pd.DataFrame:
    """Add how many months later the customer leaves, and how many months are seen."""
    complete = frame["is_complete"].to_numpy() == 1
    if not complete.any():
        raise NotEstimable("no month is old enough to tell who left in it")
    last = int(frame.loc[complete, "month"].max())
    month = frame["month"].to_numpy(dtype=float)
    ends = np.where((frame["left"].to_numpy() == 1) & complete, month, np.nan)
    # The next end of the same customer, from the row itself on.
    following = pd.Series(ends).groupby(frame["customer"].to_numpy()).bfill().to_numpy()
    out = frame.assign(months_to_leaving=following - month, months_seen=last - month + 1)
    kept: pd.DataFrame = out.loc[complete].drop(columns=["left", "is_complete"])
    return kept.reset_index(drop=True)


def _month(number: int) -> str:
    return f"{number // 12}-{number % 12 + 1:02d}"
