"""Kinds of decline, and what customers do after each: sums in the engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.options import days_option
from supportlab.metrics.payments.attempts import SUCCESSES, payments_with_failures
from supportlab.metrics.payments.joining import GAP_SECONDS, join_words, keyed_payments
from supportlab.metrics.periods import between, moments, period
from supportlab.metrics.profiles import ordered_profiles, profile_table
from supportlab.metrics.sums import count_where
from supportlab.records import Definition

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["DECLINE_KINDS", "RETRIES", "decline_kinds", "retries"]

DECLINE_KINDS = ("hard", "soft", "risk", "technical")

KINDS = Definition(
    name="decline_kinds",
    title="Kinds of decline",
    statement=(
        "Declined attempts by decline_kind: hard (the card will not work again), soft (it may "
        "later), risk (stopped by a rule against fraud), technical (nobody said no)."
    ),
    anchor="attempted_at",
    stop="decline_kind",
    cohort="attempted_at",
    exclusions=("declines without a kind are counted apart and are in no share",),
)
RETRIES = Definition(
    name="retries",
    title="Retries after a failure",
    statement=(
        "Failed attempts by what stopped them, how many were followed by another attempt of the "
        "same checkout, and how many of these next attempts succeeded."
    ),
    anchor="attempted_at of the failed attempt",
    stop="the next attempt of the same checkout",
    cohort="attempted_at of the failed attempt",
    exclusions=(
        "failed attempts younger than gap_seconds: immature",
        "a next attempt that is pending is neither a success nor a failure",
    ),
)


def decline_kinds(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    start: str | date | None = None,
    end: str | date | None = None,
) -> tuple[pd.DataFrame, Definition, bool]:
    """
    Count declined attempts by kind, as profiles of customers.

    Not a diagnosis: the kind is what the processor says.

    Parameters
    ----------
    desk : Desk
        The data; payments with ``decline_kind``.
    by : str or sequence of str
        Group columns of payments, or of their customer.
    start, end : str, date or None
        ISO dates (UTC) of the attempt; ``end`` is not in.

    Returns
    -------
    tuple of (pandas.DataFrame, Definition, bool)
        Profiles: ``by``, ``n`` (declines with a kind), ``n_hard``, ``n_soft``, ``n_risk``,
        ``n_technical``, ``n_unknown``, ``n_clusters``; the record; whether customers are known.

    Raises
    ------
    NotEstimable
        There are no failures, or no kinds of them.
    """
    names, days = group_names(by), period(start, end)
    payments = payments_with_failures(desk, "declines")
    if not desk.has("payments", "decline_kind"):
        raise NotEstimable(
            "Kinds of decline need payments.decline_kind; a mapping of the processor's codes to "
            "hard, soft, risk and technical provides it."
        )
    declined = payments.filter(
        (payments.status == "declined") & between(payments.attempted_at, days)
    )
    rows = Rows("payments", declined, desk.provided("payments"), "attempt_id", "attempted_at")
    cells = with_cells(desk, rows, names, "customer_id", ("decline_kind",))
    kind = cells.table.decline_kind
    measures = {f"n_{name}": count_where(kind == name) for name in DECLINE_KINDS}
    measures |= {"n": count_where(kind.notnull()), "n_unknown": count_where(kind.isnull())}
    clusters = cells.table.group_by(list(cells.keys)).aggregate(**measures)
    shared = ("n", *(f"n_{name}" for name in DECLINE_KINDS), "n_unknown")
    frame = ordered_profiles(profile_table(clusters, names, shared), (*names, *shared))
    n, unknown = (_total(frame, name) for name in ("n", "n_unknown"))
    definition = KINDS.with_counts(n=n, n_excluded=unknown, as_of=desk.as_of.isoformat())
    return frame, definition, cells.cluster_name not in (None, "row")


def retries(
    desk: Desk,
    *,
    start: str | date | None = None,
    end: str | date | None = None,
    gap_seconds: int | None = None,
) -> tuple[pd.DataFrame, Definition, bool]:
    """
    Count failed attempts, their retries and the success of these, by what stopped them.

    Not what a retry would bring to those who do not try: they choose themselves.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    start, end : str, date or None
        ISO dates (UTC) of the failed attempt; ``end`` is not in.
    gap_seconds : int, optional
        Longest time between an attempt and its retry where no checkout is named; 60.

    Returns
    -------
    tuple of (pandas.DataFrame, Definition, bool)
        Profiles: ``after`` (a kind of decline, ``declined`` where it has none, ``abandoned``),
        ``n``, ``n_retried``, ``n_judged`` (retries that were decided), ``n_paid`` (of these) and
        ``n_clusters``; the record; whether customers are known.

    Raises
    ------
    NotEstimable
        There are no payments, or none of them failed.
    """
    import ibis

    gap, days = days_option("gap_seconds", gap_seconds, GAP_SECONDS), period(start, end)
    payments = payments_with_failures(desk, "retries")
    keyed = keyed_payments(desk, payments, gap)
    order = ibis.window(group_by="checkout_key", order_by=["attempted_at", "attempt_id"])
    following = keyed.mutate(
        next_status=keyed.status.lead().over(order), next_id=keyed.attempt_id.lead().over(order)
    )
    failed = following.filter(following.status.isin(("declined", "abandoned")))
    failed = failed.filter(between(failed.attempted_at, days))
    old = failed.attempted_at + ibis.interval(seconds=gap) <= moments(desk.as_of)
    kind = failed.decline_kind.fill_null("declined")
    failed = failed.mutate(
        after=(failed.status == "abandoned").ifelse("abandoned", kind), is_old=old
    )
    made = frozenset({"after"})
    rows = Rows("payments", failed, desk.provided("payments"), "attempt_id", "attempted_at", made)
    carried = ("is_old", "next_status", "next_id")
    cells = with_cells(desk, rows, ("after",), "customer_id", carried)
    clusters = _retry_sums(cells.table, cells.keys)
    shared = ("n", "n_retried", "n_judged", "n_paid")
    table = profile_table(clusters, ("after",), shared, ("n_young",))
    frame = ordered_profiles(table, ("after", *shared))
    definition = RETRIES.with_counts(
        n=_total(frame, "n"),
        n_immature=int(frame["n_young"].sum()),
        as_of=desk.as_of.isoformat(),
        parts=(join_words(desk),),
        options={"gap_seconds": gap},
    )
    return frame, definition, cells.cluster_name not in (None, "row")


def _retry_sums(cases: Any, keys: Sequence[str]) -> Any:
    again = cases.is_old & cases.next_id.notnull()
    # A next attempt whose status is missing or pending cannot be judged.
    judged = again & cases.next_status.isin((*SUCCESSES, "declined", "abandoned"))
    return cases.group_by(list(keys)).aggregate(
        n=count_where(cases.is_old),
        n_retried=count_where(again),
        n_judged=count_where(judged),
        n_paid=count_where(again & cases.next_status.isin(SUCCESSES)),
        n_young=count_where(~cases.is_old),
    )


def _total(frame: pd.DataFrame, name: str) -> int:
    return int((frame[name] * frame["n_clusters"]).sum())
