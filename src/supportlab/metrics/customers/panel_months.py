"""Rows of the panel in the engine: months at risk with what the windows before them hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from supportlab.metrics.customers.facts import (
    PURCHASE_BANDS,
    count_band,
    tenure_band,
    tenure_months,
)
from supportlab.metrics.customers.service import Service
from supportlab.metrics.customers.voices import Voices
from supportlab.metrics.customers.windows import KEY, started
from supportlab.metrics.dimensions import MISSING

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["FLAGS", "panel_rows", "with_account"]

# Small numbers, so that a month of a customer takes some 50 bytes while it is kept.
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
COUNTS = ("contacts", "bad_tickets")
KEPT_AS = "int16"
CONTACT_BANDS = 3
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


def panel_rows(
    desk: Desk, pieces: Any, months: Any, service: Service, voices: Sequence[Voices]
) -> Any:
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
    service : Service
        Tickets of the windows.
    voices : sequence of Voices
        Answers, silence and payments of the windows.

    Returns
    -------
    ibis.Table
        Numbers only: the key, ``piece_number``, times, flags and counts.
    """
    pairs = pieces.cross_join(months)
    here = (pairs.piece_from <= pairs.month_start) & (
        pairs.piece_to.isnull() | (pairs.piece_to > pairs.month_start)
    )
    risk = pairs.filter(here.fill_null(False))
    left = (risk.left_at < risk.month_end).fill_null(False)
    base = risk.select(
        *KEY,
        "piece_number",
        "month_start",
        "is_complete",
        "tenure_from",
        left=left.ifelse(1, 0).cast("int64"),
        left_kind=left.ifelse(risk.left_kind, _none("string")),
    )
    joined, own = _joined(base, service.table), {}
    for name in (*service.names, *COUNTS):
        own[name] = joined[name].fill_null(0)
    joined = joined.mutate(**own)
    for voice in voices:
        if voice.table is None:
            continue
        joined = _joined(joined, voice.table)
        start = joined.month_start
        filled = {
            name: started(start, joined[name].fill_null(0), voice.since) for name in voice.names
        }
        joined = joined.mutate(**filled)
    return desk.keep(_narrow(joined))


def _joined(base: Any, sums: Any) -> Any:
    """Join sums of windows; a month without any keeps its row."""
    renamed = sums.rename({f"joined_{name}": name for name in KEY})
    keys = [base[name] == renamed[f"joined_{name}"] for name in KEY]
    return base.left_join(renamed, keys).drop(*(f"joined_{name}" for name in KEY))


def _narrow(rows: Any) -> Any:
    months = tenure_months(rows.month_number, rows.tenure_from)
    absent = {name: _none("int64") for name in (*FLAGS, "purchases") if name not in rows.columns}
    full = rows.mutate(tenure_months=months, **absent)
    small = {name: full[name].cast(KEPT_AS) for name in (*FLAGS, *COUNTS, "purchases")}
    return full.select(
        *KEY,
        "piece_number",
        "month_start",
        "is_complete",
        "left",
        "left_kind",
        "tenure_months",
        **small,
    )


def with_account(kept: Any, pieces: Any, names: Sequence[str] | None = None) -> Any:
    """
    Return the panel as it is asked: kept numbers with their bands and the account's columns.

    Parameters
    ----------
    kept, pieces : ibis.Table
        From `panel_rows` and `known_pieces`.
    names : sequence of str, optional
        Columns that are asked for; without any of the account, nothing is joined.

    Returns
    -------
    ibis.Table
        One row per customer and month at risk.
    """
    import ibis

    wide = kept.mutate(
        **{name: kept[name].cast("int64") for name in (*FLAGS, *COUNTS, "purchases")},
        tenure_band=tenure_band(kept.tenure_months),
        month=kept.month_start.strftime("%Y-%m"),
    )
    purchases = wide.purchases.isnull().ifelse(
        ibis.literal(MISSING), count_band(wide.purchases, PURCHASE_BANDS)
    )
    banded = wide.mutate(
        contacts_band=count_band(wide.contacts, CONTACT_BANDS), usage_band=purchases
    ).drop("purchases")
    if names is not None and not set(names) & set(OF_ACCOUNT):
        return banded
    account = pieces.select(*OF_ACCOUNT, account_number=pieces.piece_number)
    joined = banded.inner_join(account, banded.piece_number == account.account_number)
    return joined.drop("account_number", "piece_number")


def _none(kind: str) -> Any:
    import ibis

    return ibis.null(kind)
