"""The customer-month panel: who was at risk, what service came before, and who left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from supportlab.errors import ParameterError, did_you_mean
from supportlab.metrics.customers.facts import known_pieces
from supportlab.metrics.customers.panel_months import KeptMonths, panel_rows
from supportlab.metrics.customers.panel_span import (
    asked_months,
    complete_months,
    first_month_asked,
)
from supportlab.metrics.customers.panel_words import MEASURES, PANEL, measure_titles
from supportlab.metrics.customers.service import service_before
from supportlab.metrics.customers.stays import month_table
from supportlab.metrics.customers.voices import voices_before
from supportlab.metrics.customers.windows import numbered
from supportlab.metrics.options import days_option
from supportlab.metrics.periods import Period, period
from supportlab.metrics.sums import count_where, ordered_frame
from supportlab.records import Definition

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["MEASURES", "PANEL", "Panel", "customer_panel"]

# METHODS: the quarter of a year before a month, long enough to hold a ticket of most customers.
WINDOW_DAYS = 90
MOST_CUSTOMERS = 20_000
OUTCOMES = ("n", "n_left", "n_left_voluntary", "n_left_involuntary")


@dataclass(frozen=True)
class Panel:
    """
    Customer-months at risk, as rows in the engine.

    Not to be made by hand: `customer_panel` makes it.

    Parameters
    ----------
    table : ibis.Table
        One row per customer and month at risk, also of months that are not complete yet.
    measures : tuple of str
        Measures of service that these data have.
    reasons : mapping
        Why the other measures are not there.
    titles : mapping
        Measures in words.
    thresholds : mapping
        Whole minutes above which a wait is slow.
    definition : Definition
        The record.
    window_days : int
        Days of service before each month.
    first_month, last_month : str
        First and last complete month, as ``2025-03``.
    as_of : datetime
        The moment of the data, UTC.
    """

    table: Any
    measures: tuple[str, ...]
    reasons: Mapping[str, str]
    titles: Mapping[str, str]
    thresholds: Mapping[str, int]
    definition: Definition
    window_days: int
    first_month: str
    last_month: str
    as_of: datetime
    _kept: KeptMonths = field(repr=False)

    def cells(
        self, columns: Sequence[str], *, where: Callable[[Any], Any] | None = None
    ) -> pd.DataFrame:
        """
        Sum up the complete months by columns.

        For a variance by customer, ``customer_group`` among the columns keeps whole customers
        together.

        Parameters
        ----------
        columns : sequence of str
            Columns of `table`.
        where : callable, optional
            Takes the table and returns a condition on its rows.

        Returns
        -------
        pandas.DataFrame
            ``columns``, then ``n`` customer-months, ``n_left``, ``n_left_voluntary``,
            ``n_left_involuntary`` (int64), in the order of the columns. Who left in a way that
            is not known is in ``n_left`` alone.

        Raises
        ------
        ParameterError
            For a column that the panel does not have.
        """
        names = list(columns)
        self._refuse_unknown(names)
        rows = self.table if where else self._kept.rows(names)
        rows = rows.filter(rows.is_complete)
        if where is not None:
            rows = rows.filter(where(rows))
        sums = {
            "n": rows.count().cast("int64"),
            "n_left": rows.left.sum().fill_null(0).cast("int64"),
            "n_left_voluntary": count_where(rows.left_kind == "voluntary"),
            "n_left_involuntary": count_where(rows.left_kind == "involuntary"),
        }
        table = rows.group_by(names).aggregate(**sums) if names else rows.aggregate(**sums)
        return ordered_frame(table, names)

    def frame(
        self,
        columns: Sequence[str],
        *,
        max_customers: int = MOST_CUSTOMERS,
        seed: int = 0,
        where: Callable[[Any], Any] | None = None,
    ) -> tuple[pd.DataFrame, float]:
        """
        Draw whole customers with all their complete months.

        Parameters
        ----------
        columns : sequence of str
            Columns of `table`.
        max_customers : int
            About how many customers at most.
        seed : int
            Which ones: the same seed draws the same customers on any machine.
        where : callable, optional
            Takes the table and returns a condition on its rows.

        Returns
        -------
        tuple of (pandas.DataFrame, float)
            ``customer_number``, ``month_start`` and the columns, in that order of rows; and the
            share of the customers that was drawn, 1 for all.
        """
        days_option("max_customers", max_customers, MOST_CUSTOMERS)
        self._refuse_unknown(columns)
        rows = self.table.filter(self.table.is_complete)
        if where is not None:
            rows = rows.filter(where(rows))
        numbers = self._kept.table.customer_number
        n_all = int(self._kept.table.aggregate(n=numbers.nunique()).execute()["n"].iloc[0])
        if n_all > max_customers:
            drawn, share = self._drawn(int(numbers.max().execute()) + 1, n_all, max_customers, seed)
            rows = rows.semi_join(drawn, rows.customer_number == drawn.drawn_number)
        else:
            share = 1.0
        names = list(dict.fromkeys(("customer_number", "month_start", *columns)))
        return ordered_frame(rows.select(*names), ["customer_number", "month_start"]), share

    def _drawn(self, n_numbers: int, n_all: int, most: int, seed: int) -> tuple[Any, float]:
        import ibis
        import numpy as np
        import pandas as pd

        wanted = min(n_numbers, round(most * n_numbers / n_all))
        chosen = np.sort(np.random.default_rng(seed).choice(n_numbers, wanted, replace=False))
        frame = pd.DataFrame({"drawn_number": chosen.astype("int64")})
        table = ibis.memtable(frame, schema=ibis.schema({"drawn_number": "int64"}))
        return table, wanted / n_numbers

    def _refuse_unknown(self, columns: Sequence[str]) -> None:
        for name in columns:
            if name not in self.table.columns:
                known = did_you_mean(name, tuple(self.table.columns))
                raise ParameterError(f"The panel has no column {name!r}. {known}")


def customer_panel(
    desk: Desk,
    *,
    start: str | date | None = None,
    end: str | date | None = None,
    window_days: int = WINDOW_DAYS,
    control_categories: Sequence[str] = (),
) -> Panel:
    """
    Build the customer-month panel in the engine.

    Not a table of customers: who stays a year is in twelve rows, and each has the service of the
    days before it, never that of the month itself or of the whole life (immortal time).

    Parameters
    ----------
    desk : Desk
        The data: customers, tickets with ``customer_id``, and subscriptions or ``churned_at``.
    start, end : str, date or None
        ISO dates (UTC) between which months begin; ``start`` is included, ``end`` is not. Never
        before the first recorded end, nor before the tickets cover a whole window.
    window_days : int
        Days of service before each month.
    control_categories : sequence of str
        Ticket categories that say nothing of the service, for a negative control.

    Returns
    -------
    Panel
        Rows in the engine, what is in them, and why something is not.

    Raises
    ------
    NotEstimable
        Customers, tickets or ends are not there, or no month is complete.
    ParameterError
        When an option is not known.
    """
    days = period(start, end)
    window = days_option("window_days", window_days, WINDOW_DAYS)
    name = f"customer panel {days.words}, {window} days, {','.join(control_categories)}"
    return desk.once(name, lambda: _panel(desk, days, window, tuple(control_categories)))


def _panel(desk: Desk, days: Period, window: int, control: tuple[str, ...]) -> Panel:
    gap = desk.config.churn_window_days
    first, notes = first_month_asked(desk, days, window)
    months = asked_months(month_table(desk, first, window=gap, with_now=True), days, first)
    customers = numbered(desk)
    months_known = desk.keep(months)
    begun, last = complete_months(months_known, days, gap, desk.as_of)
    pieces, source = known_pieces(desk, customers, gap, begun)
    pieces = desk.keep(pieces)
    service = service_before(desk, customers, months_known, window, control)
    voices = voices_before(desk, customers, months_known, window)
    kept = panel_rows(desk, pieces, months_known, (service, *voices))
    reasons = {k: v for one in (service, *voices) for k, v in one.reasons.items()}
    measures = tuple(name for name in MEASURES if name not in reasons)
    options = {"window_days": window, "churn_window_days": gap, **service.thresholds}
    return Panel(
        table=kept.rows(),
        measures=measures,
        reasons={name: reasons[name] for name in MEASURES if name in reasons},
        titles=measure_titles(service.thresholds),
        thresholds=service.thresholds,
        definition=_record(desk, kept.table, (source, *notes), options),
        window_days=window,
        first_month=f"{begun:%Y-%m}",
        last_month=f"{last:%Y-%m}",
        as_of=desk.as_of,
        _kept=kept,
    )


def _record(
    desk: Desk, kept: Any, parts: tuple[str, ...], options: Mapping[str, object]
) -> Definition:
    counts = kept.aggregate(
        n=count_where(kept.is_complete), n_immature=count_where(~kept.is_complete)
    ).execute()
    return PANEL.with_counts(
        parts=parts,
        options=dict(options),
        n=int(counts["n"].iloc[0]),
        n_immature=int(counts["n_immature"].iloc[0]),
        as_of=desk.as_of.isoformat(),
    )
