"""Our figure and a vendor's on every ticket, with the reason of each difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from supportlab.metrics.dimensions import group_names, with_cells
from supportlab.metrics.periods import period
from supportlab.metrics.rivals.definitions import Rival, find_rival
from supportlab.metrics.rivals.reasons import REASONS
from supportlab.metrics.rivals.replies import SECONDS_PER_MINUTE, compared_replies
from supportlab.metrics.rivals.touches import compared_touches
from supportlab.metrics.sums import count_where, sums_of
from supportlab.metrics.tickets import Source, ticket_facts, ticket_rows

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["Reconciliation", "reconcile"]

STATES = ("equal", "differ", "only_ours", "only_theirs", "neither")
COLUMNS = ("ours", "our_outcome", "theirs", "difference", "state", "codes", "reason")


@dataclass(frozen=True)
class Reconciliation:
    """
    Two figures per ticket.

    Parameters
    ----------
    rival : Rival
        Whose definition stands beside ours.
    by : tuple of str
        Group columns.
    table : ibis.Table
        One row per ticket: ``ticket_id``, the groups, ``ours`` (whole seconds, or 1 and 0),
        ``our_outcome``, ``theirs`` (in the vendor's unit), ``difference`` (theirs less ours, in
        seconds or as 1, 0, -1), ``state``, ``codes`` and ``reason``.
    """

    rival: Rival
    by: tuple[str, ...]
    table: Any

    def fetch(self) -> pd.DataFrame:
        """Bring the rows to Python, in the order of the tickets' ids."""
        frame: pd.DataFrame = self.table.order_by("ticket_id").execute()
        numbers = ["ours", "theirs", "difference"]
        return frame.astype(dict.fromkeys(numbers, "Int64"))

    def totals(self) -> pd.DataFrame:
        """
        Count the tickets by state, with both means.

        Returns
        -------
        pandas.DataFrame
            One row per group: ``n_tickets``, one count per state, ``mean_ours`` and
            ``mean_theirs`` over the tickets that have that figure, both in seconds or as a
            share; missing where there are none.
        """
        table = self.table
        counts = {f"n_{state}": count_where(table.state == state) for state in STATES}
        sums = {
            "with_ours": count_where(table.ours.notnull()),
            "with_theirs": count_where(table.theirs.notnull()),
            "sum_ours": table.ours.sum().fill_null(0).cast("int64"),
            "sum_theirs": table.theirs.sum().fill_null(0).cast("int64"),
        }
        grouped = sums_of(table, self.by, n_tickets=table.count().cast("int64"), **counts, **sums)
        frame = (grouped.order_by(list(self.by)) if self.by else grouped).execute()
        per_unit = SECONDS_PER_MINUTE if self.rival.unit == "minutes" else 1
        for side, factor in (("ours", 1), ("theirs", per_unit)):
            known = frame[f"with_{side}"].where(frame[f"with_{side}"] > 0)
            frame[f"mean_{side}"] = frame[f"sum_{side}"] * factor / known
        kept: pd.DataFrame = frame.drop(columns=list(sums))
        return kept

    def reasons(self) -> pd.DataFrame:
        """
        Count the tickets by reason; a ticket with two reasons counts in both.

        Returns
        -------
        pandas.DataFrame
            ``code``, ``n`` and ``sentence``, the most frequent first.
        """
        import pandas as pd

        counted = self.table.group_by("codes").aggregate(n=self.table.count().cast("int64"))
        totals: dict[str, int] = {}
        for codes, n in counted.execute().itertuples(index=False):
            for code in codes.split(";"):
                totals[code] = totals.get(code, 0) + int(n)
        ordered = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
        rows = [(code, n, REASONS[code]) for code, n in ordered]
        return pd.DataFrame(rows, columns=["code", "n", "sentence"])


def reconcile(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    vendor: str,
    metric: str,
    start: str | date | None = None,
    end: str | date | None = None,
    source: Source = "auto",
) -> Reconciliation:
    """
    Hold our figure against a vendor's definition, ticket by ticket.

    Not against what the vendor's screen printed: the contract has no column for it. The vendor's
    definition is computed from the same rows. Merged, spam, deleted and test tickets are on
    neither side.

    Parameters
    ----------
    desk : Desk
        The data.
    by : str or sequence of str
        Group columns for the totals.
    vendor, metric : str
        Names as in ``RIVALS``.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.
    source : {"auto", "events", "tickets"}
        Where the tickets' facts come from.

    Returns
    -------
    Reconciliation
        One row per ticket, with totals and counts of reasons.

    Raises
    ------
    NotEstimable
        When the data lack what one of the two definitions needs.
    ParameterError
        When a vendor, a metric or a group is not known.
    """
    rival, names = find_rival(vendor, metric), group_names(by)
    facts = ticket_facts(desk, source)
    rows = ticket_rows(facts, period(start, end), agents_too=True)
    compare = compared_touches if rival.ours == "fcr" else compared_replies
    compared = compare(desk, rival, facts, rows.table, source)
    cells = with_cells(desk, rows.of(compared), names, None, COLUMNS)
    return Reconciliation(rival, names, cells.table.rename(ticket_id="unit"))
