"""Rows of the panel in the engine: months at risk with what the windows before them hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from supportlab.metrics.customers.facts import (
    PURCHASE_BANDS,
    count_band,
    tenure_band,
    tenure_months,
)
from supportlab.metrics.customers.windows import KEY, KEY_KIND, Windows
from supportlab.metrics.dimensions import MISSING
from supportlab.metrics.periods import moments

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["KeptMonths", "panel_rows"]

FLAGS = (
    "reopened",
    "slow_first_response",
    "slow_resolution",
    "slow_resolution_closed",
    "unresolved",
    "escalated",
    "channel_mismatch",
    "administrative",
    "csat_bad",
    "nps_detractor",
    "ces_high",
    "answered_csat",
    "answered_nps",
    "answered_ces",
    "surveyed",
    "survey_silent",
    "payment_declined",
)
COUNTS = ("contacts", "bad_tickets", "purchases")
CONTACT_BANDS = 3
MOST_BAD = 3
KINDS = ("voluntary", "involuntary")
# Text of the account; all else of the panel is numbers.
OF_ACCOUNT = (
    "customer_id",
    "customer_group",
    "customer_part",
    "spell",
    "market",
    "segment",
    "plan",
    "value_band",
    "monthly_value",
)


@dataclass(frozen=True)
class KeptMonths:
    """
    Months at risk as they are kept: numbers, flags as bits, some 40 bytes a customer and month.

    Parameters
    ----------
    table : ibis.Table
        One row per customer and month at risk.
    pieces : ibis.Table
        From `known_pieces`.
    sources : sequence of Windows
        What the flags and counts come from.
    """

    table: Any
    pieces: Any
    sources: Sequence[Windows]

    def rows(self, names: Sequence[str] | None = None) -> Any:
        """
        Return the panel as it is asked: flags, counts and bands, and the account's columns.

        Parameters
        ----------
        names : sequence of str, optional
            Columns that are asked for; without any of the account, nothing is joined.

        Returns
        -------
        ibis.Table
            One row per customer and month at risk.
        """
        wide = self._unpacked()
        if names is not None and not set(names) & set(OF_ACCOUNT):
            return wide
        account = self.pieces.select(*OF_ACCOUNT, account_number=self.pieces.piece_number)
        joined = wide.inner_join(account, wide.piece_number == account.account_number)
        return joined.drop("account_number", "piece_number")

    def _unpacked(self) -> Any:
        import ibis

        kept = self.table
        values = {name: _none("int64") for name in (*FLAGS, *COUNTS)}
        values |= {"contacts": _whole(0), "bad_tickets": _whole(0)}
        for place, source in enumerate(self.sources):
            if source.table is None:
                continue
            for bit, name in enumerate(source.flags):
                is_set = kept[f"flags_{place}"].cast("int64") & (1 << bit)
                values[name] = _started(kept, (is_set != 0).ifelse(1, 0), source.since)
            for name in source.counts:
                values[name] = _started(kept, kept[name], source.since)
        wide = kept.select(
            "piece_number",
            "month_start",
            "is_complete",
            **{name: kept[name].cast("int64") for name in (*KEY, "left", "tenure_months")},
            left_kind=ibis.cases(
                *((kept.left_as == place, kind) for place, kind in enumerate(KINDS, 1))
            ),
            month=kept.month_start.strftime("%Y-%m"),
            tenure_band=tenure_band(kept.tenure_months),
            **values,
        )
        usage = wide.purchases.isnull().ifelse(
            ibis.literal(MISSING), count_band(wide.purchases, PURCHASE_BANDS)
        )
        bad = (wide.bad_tickets > MOST_BAD).ifelse(MOST_BAD, wide.bad_tickets).cast("int64")
        return wide.mutate(
            bad_tickets=bad,
            contacts_band=count_band(wide.contacts, CONTACT_BANDS),
            usage_band=usage,
        ).drop("purchases")


def panel_rows(desk: Desk, pieces: Any, months: Any, sources: Sequence[Windows]) -> KeptMonths:
    """
    Return the months at risk with the sums of their windows, kept in our own engine.

    Parameters
    ----------
    desk : Desk
        The data.
    pieces : ibis.Table
        From `known_pieces`.
    months : ibis.Table
        From `month_table`.
    sources : sequence of Windows
        Tickets, answers, silence and payments of the windows.

    Returns
    -------
    KeptMonths
        Numbers only.
    """
    import ibis

    pairs = pieces.cross_join(months)
    here = (pairs.piece_from <= pairs.month_start) & (
        pairs.piece_to.isnull() | (pairs.piece_to > pairs.month_start)
    )
    risk = pairs.filter(here.fill_null(False))
    left = (risk.left_at < risk.month_end).fill_null(False)
    kinds = ((left & (risk.left_kind == kind), place) for place, kind in enumerate(KINDS, 1))
    rows = risk.select(
        "month_start",
        "is_complete",
        **{name: risk[name].cast(KEY_KIND) for name in (*KEY, "piece_number")},
        left=left.ifelse(1, 0).cast("int16"),
        left_as=ibis.cases(*kinds, else_=0).cast("int16"),
        tenure_months=tenure_months(risk.month_number, risk.tenure_from).cast(KEY_KIND),
    )
    for place, source in enumerate(sources):
        if source.table is not None:
            rows = _joined(rows, source, f"flags_{place}")
    return KeptMonths(desk.keep(rows), pieces, tuple(sources))


def _joined(rows: Any, source: Windows, flags: str) -> Any:
    """Join sums of windows; a month without any has no flag and counts 0."""
    sums = source.table.rename({flags: "flags"} | {f"joined_{name}": name for name in KEY})
    keys = [rows[name] == sums[f"joined_{name}"] for name in KEY]
    joined = rows.left_join(sums, keys).drop(*(f"joined_{name}" for name in KEY))
    return joined.mutate(**{name: joined[name].fill_null(0) for name in (flags, *source.counts)})


def _started(rows: Any, value: Any, since: datetime | None) -> Any:
    """Return a value where the month's window is covered, and nothing where it is not."""
    whole = value.cast("int64")
    if since is None:
        return whole
    return (rows.month_start >= moments(since)).ifelse(whole, _none("int64"))


def _none(kind: str) -> Any:
    import ibis

    return ibis.null(kind)


def _whole(value: int) -> Any:
    import ibis

    return ibis.literal(value, type="int64")
