"""Share of checkouts that ended in a payment, with retries joined."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.options import days_option
from supportlab.metrics.outcomes import rate_sums
from supportlab.metrics.payments.attempts import MARKET_NOTE
from supportlab.metrics.payments.joining import (
    GAP_SECONDS,
    IDENTIFIERS,
    checkout_table,
    join_words,
)
from supportlab.metrics.payments.units import judged_checkouts
from supportlab.metrics.periods import between, period
from supportlab.metrics.sums import Sums
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["CHECKOUT_SUCCESS", "checkout_success"]

CHECKOUT_SUCCESS = Definition(
    name="checkout_success",
    title="Checkout success",
    statement=(
        "Share of checkouts of which at least one attempt succeeded. Attempts are of one checkout "
        "by checkout_id; without it, when customer, amount and currency are the same and each "
        "follows the one before by at most gap_seconds. An attempt of an unknown customer, amount "
        "or currency stands alone."
    ),
    anchor="attempted_at of the first attempt",
    stop="the last attempt and gap_seconds",
    cohort="attempted_at of the first attempt",
    exclusions=(
        "an attempt is pending and none has succeeded: immature",
        "the last attempt is younger than gap_seconds: immature, succeeded or not",
        "none succeeded and the status of one is missing",
    ),
)


def checkout_success(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "customer_id",
    start: str | date | None = None,
    end: str | date | None = None,
    gap_seconds: int | None = None,
) -> Sums:
    """
    Sum up checkouts and how many were paid.

    Not the share of visits that became orders: who never tried to pay is not in it.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    by : str or sequence of str
        Group columns of the first attempt, or of its customer.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of the first attempt; ``start`` is included, ``end`` is not.
    gap_seconds : int, optional
        Longest time between an attempt and its retry; 60.

    Returns
    -------
    Sums
        Kind ``rate``: one case per checkout.

    Raises
    ------
    NotEstimable
        When there are no payments, or none of them failed.
    ParameterError
        When an option or a group is not known.
    """
    gap = days_option("gap_seconds", gap_seconds, GAP_SECONDS)
    names, days = group_names(by), period(start, end)
    firsts = checkout_table(desk, gap)
    firsts = firsts.filter(between(firsts.attempted_at, days))
    told = judged_checkouts(desk, firsts, gap)
    is_failure = told.outcome.isin(("declined", "abandoned"))
    verdicts = told.mutate(outcome=is_failure.ifelse("failure", told.outcome))
    provided = desk.provided("payments").difference(IDENTIFIERS)
    rows = Rows("payments", verdicts, provided, "checkout_key", "attempted_at")
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason"))
    parts = (join_words(desk), MARKET_NOTE)
    definition = CHECKOUT_SUCCESS.with_counts(parts=parts, options={"gap_seconds": gap})
    return rate_sums(desk, cells, definition)
