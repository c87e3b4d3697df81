"""Checkouts that a billing ticket of the same customer followed, by what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.options import days_option
from supportlab.metrics.payments.attempts import SUCCESSES
from supportlab.metrics.payments.joining import GAP_SECONDS, checkout_table, join_words
from supportlab.metrics.payments.tickets import (
    billing_categories,
    billing_tickets,
    in_days,
    last_ticket,
    shared_days,
    shared_days_words,
)
from supportlab.metrics.payments.units import (
    AMOUNT_EDGES,
    judged_checkouts,
    labelled,
)
from supportlab.metrics.periods import moments, period, shifted
from supportlab.metrics.profiles import ordered_profiles, profile_table
from supportlab.metrics.score_squares import score_squares
from supportlab.records import Definition

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["FATES", "WINDOW_DAYS", "FollowedCells", "followed_checkouts"]

WINDOW_DAYS = 7
# What came of a checkout, as the customer lived it.
FATES = ("paid at once", "paid after a failure", "not paid")

FOLLOWED = Definition(
    name="followed_by_ticket",
    title="Checkouts followed by a billing ticket",
    statement=(
        "Share of checkouts whose customer raised a billing ticket within window_days after the "
        "first attempt. Failed: some attempt was declined or abandoned, paid later or not."
    ),
    anchor="attempted_at of the first attempt",
    stop="created_at of the customer's first billing ticket after it",
    cohort="attempted_at of the first attempt",
    exclusions=(
        "checkouts of the last window_days before the last ticket, pending ones: immature",
        "checkouts without a customer, and those before the first ticket",
    ),
)


@dataclass(frozen=True)
class FollowedCells:
    """
    Checkouts and how many were followed by a billing ticket.

    Parameters
    ----------
    clusters : ibis.Table
        One row per cell and customer: ``by``, ``cluster``, ``n``, ``n_followed``.
    by : tuple of str
        Columns of a cell; ``fate`` is one of `FATES`.
    definition : Definition
        The record without counts.
    categories : tuple of str
        What counted as billing.
    """

    clusters: Any
    by: tuple[str, ...]
    definition: Definition
    categories: tuple[str, ...]

    def fetch(self) -> pd.DataFrame:
        """
        Return the counts by cell.

        Returns
        -------
        pandas.DataFrame
            ``by``, ``n``, ``n_followed``, ``n_clusters``, ordered.
        """
        frame = self.profiles()
        for name in ("n", "n_followed"):
            frame[name] = frame[name] * frame["n_clusters"]
        counts = ["n", "n_followed", "n_clusters"]
        return frame.groupby(list(self.by), sort=True)[counts].sum().reset_index()

    def profiles(self) -> pd.DataFrame:
        """
        Return the profiles of customers by cell.

        Returns
        -------
        pandas.DataFrame
            ``by``, ``n``, ``n_followed`` of one customer, ``n_clusters``, ordered.
        """
        shared = ("n", "n_followed")
        return ordered_profiles(profile_table(self.clusters, self.by, shared), (*self.by, *shared))

    def squares(self, scores: pd.DataFrame) -> tuple[float, int]:
        """
        Sum up squared scores of customers; see `supportlab.metrics.score_squares`.

        Parameters
        ----------
        scores : pandas.DataFrame
            ``by``, ``a_x``, ``b_x``.

        Returns
        -------
        tuple of (float, int)
            Sum of squares, and customers with a row in these cells.
        """
        found = score_squares(self.clusters, self.by, scores, "n_followed").iloc[0]
        return float(found["sum_of_squares"]), int(found["n_clusters"])

    def by_customer(self, first: Sequence[str], second: Sequence[str]) -> pd.DataFrame:
        """
        Return what the same customers had in two sets of fates.

        Parameters
        ----------
        first, second : sequence of str
            Values of ``fate``.

        Returns
        -------
        pandas.DataFrame
            ``n_first``, ``n_first_followed``, ``n_second``, ``n_second_followed`` of one
            customer, ``n_clusters``.
        """
        cells = self.clusters
        sums = {}
        for name, fates in (("first", first), ("second", second)):
            inside = cells.fate.isin(tuple(fates))
            sums[f"n_{name}"] = cells.n.sum(where=inside).fill_null(0).cast("int64")
            followed = cells.n_followed.sum(where=inside).fill_null(0).cast("int64")
            sums[f"n_{name}_followed"] = followed
        each = cells.group_by("cluster").aggregate(**sums)
        return ordered_profiles(profile_table(each, (), tuple(sums)), tuple(sums))


def followed_checkouts(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    categories: Sequence[str] | None = None,
    window_days: int | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
) -> FollowedCells:
    """
    Count checkouts by what came of them, and those followed by a billing ticket.

    Not proof that a payment made the ticket: a customer may write about another one.

    Parameters
    ----------
    desk : Desk
        The data; payments and tickets with customers.
    by : str or sequence of str
        Group columns as of `supportlab.metrics.payments.cells.payment_cells`; ``fate`` is always
        one more.
    categories : sequence of str, optional
        What counts as billing.
    window_days : int, optional
        Days after the first attempt; 7.
    start, end : str, date or None
        ISO dates (UTC) of the first attempt; ``end`` is not in.

    Returns
    -------
    FollowedCells
        Counts by cell and customer.

    Raises
    ------
    NotEstimable
        A table or column is missing, or no failure is recorded.
    """
    import ibis

    window = days_option("window_days", window_days, WINDOW_DAYS)
    if not (desk.has("payments", "customer_id") and desk.has("tickets", "customer_id")):
        raise NotEstimable(
            "Tickets are tied to payments by customer_id, which both tables must hold."
        )
    chosen, names = billing_categories(desk, categories), group_names(by)
    days = shared_days(desk, period(start, end))
    firsts = checkout_table(desk, GAP_SECONDS)
    judged = judged_checkouts(desk, firsts, GAP_SECONDS)
    known_until = min(desk.as_of, last_ticket(desk))
    old = shifted(judged.attempted_at, window) <= moments(known_until)
    judged = judged.filter(
        judged.outcome.isin(("success", "declined", "abandoned"))
        & judged.customer_id.notnull()
        & old
        & in_days(judged.attempted_at, days)
    )
    paid = judged.outcome == "success"
    at_once = paid & judged.first_status.isin(SUCCESSES) & (judged.n_failed == 0)
    fated = judged.mutate(fate=ibis.cases((at_once, FATES[0]), (paid, FATES[1]), else_=FATES[2]))
    marked = _with_followed(fated, billing_tickets(desk, chosen), window)
    rows = labelled(desk, marked, names, AMOUNT_EDGES)
    of = Rows(
        "payments",
        rows,
        desk.provided("payments"),
        "checkout_key",
        "attempted_at",
        frozenset({"amount_band", "local_currency", "rate_shown", "fate"}),
    )
    keys = (*names, "fate")
    cells = with_cells(desk, of, keys, "customer_id", ("is_followed",))
    count = cells.table.count().cast("int64")
    clusters = cells.table.group_by([*keys, "cluster"]).aggregate(
        n=count, n_followed=cells.table.is_followed.sum().cast("int64")
    )
    parts = (join_words(desk), f"billing: {', '.join(chosen)}", shared_days_words(days))
    options = {"categories": list(chosen), "window_days": window, "gap_seconds": GAP_SECONDS}
    definition = FOLLOWED.with_counts(parts=parts, options=options, as_of=desk.as_of.isoformat())
    return FollowedCells(clusters, keys, definition, chosen)


def _with_followed(checkouts: Any, tickets: Any, window: int) -> Any:
    """Add 1 where the customer raised a billing ticket within the days after, else 0."""
    import ibis

    raised = tickets.filter(tickets.customer_id.notnull()).select(
        ticket_customer=tickets.customer_id, raised_at=tickets.created_at
    )
    keys = checkouts.select("checkout_key", "customer_id", "attempted_at")
    near = keys.inner_join(raised, keys.customer_id == raised.ticket_customer)
    near = near.filter(
        (near.raised_at > near.attempted_at)
        & (near.raised_at <= shifted(near.attempted_at, window))
    )
    hit = near.select(followed_key=near.checkout_key).distinct().mutate(hit=ibis.literal(1))
    joined = checkouts.left_join(hit, checkouts.checkout_key == hit.followed_key)
    followed = joined.hit.notnull().ifelse(1, 0).cast("int64")
    return joined.mutate(is_followed=followed).drop("followed_key", "hit")
