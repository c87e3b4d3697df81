"""How many payments succeed, are declined or abandoned: attempts and checkouts apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_value
from supportlab.results import Estimate
from supportlab.studies.common.refusals import refused_estimate
from supportlab.studies.payments.levels import payment_rate

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["abandonment_rate", "decline_rate", "naive", "success_rate"]

TITLE = "Payments: the naive figures beside the honest ones"


def naive(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compute the rates that a dashboard prints, each beside what it leaves out.

    Not to be quoted: only the last row counts purchases, and none has an interval here.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    start, end : str, optional
        ISO dates of the attempt, end excluded.

    Returns
    -------
    Estimate
        One row a figure: ``figure``, ``estimate``, ``n_paid``, ``n``, ``what_is_wrong``.
    """
    from supportlab.metrics.payments.cells import payment_cells

    try:
        attempts, checkouts = (
            payment_cells(desk, unit=unit, start=start, end=end).fetch().iloc[0]
            for unit in ("attempt", "checkout")
        )
        table = _naive_table(attempts, checkouts)
    except NotEstimable as refusal:
        return refused_estimate("payment-naive", TITLE, str(refusal))
    return Estimate("payment-naive", TITLE, table, sentences=_naive_sentences(table, attempts))


def _naive_table(attempts: pd.Series, checkouts: pd.Series) -> pd.DataFrame:
    paid, n = int(attempts["n_success"]), int(attempts["n"])
    if not n or not checkouts["n"]:
        raise NotEstimable("there is no payment to count")
    pending, abandoned = int(attempts["n_pending"]), int(attempts["n_abandoned"])
    rows: list[tuple[str, int, int, str]] = [
        (
            "attempts that succeeded, pending counted as failed",
            paid,
            n + pending,
            "a pending attempt may still succeed, and the newest are pending most often",
        ),
        (
            "attempts that succeeded, abandoned left out",
            paid,
            n - abandoned,
            "who breaks off did not pay; without them friction before the answer is not seen",
        ),
        (
            "attempts that succeeded",
            paid,
            n,
            "read as purchases, every retry of one purchase counts as another lost one",
        ),
        ("checkouts that were paid", int(checkouts["n_success"]), int(checkouts["n"]), ""),
    ]
    table = pd.DataFrame(rows, columns=["figure", "n_paid", "n", "what_is_wrong"])
    table.insert(1, "estimate", table["n_paid"] / table["n"])
    table.insert(2, "unit", "proportion")
    return table


def _naive_sentences(table: pd.DataFrame, attempts: pd.Series) -> tuple[str, ...]:
    by_attempt, by_checkout = (float(table["estimate"].iloc[place]) for place in (2, 3))
    retries = int(attempts["n"]) - int(table["n"].iloc[3])
    return (
        (
            f"{format_value(by_attempt, 'proportion')} of the attempts succeed, but "
            f"{format_value(by_checkout, 'proportion')} of the checkouts are paid: about "
            f"{retries:,} attempts were further tries at a purchase already begun."
        ),
        (
            "Leaving abandoned attempts out would make it "
            f"{format_value(float(table['estimate'].iloc[1]), 'proportion')}."
        ),
    )


def success_rate(
    desk: Desk,
    *,
    by: str | Sequence[str] | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate the share of checkouts that were paid, with retries joined.

    Not the share of attempts: a declined card that is tried again and paid is one paid checkout.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    by : str or sequence of str, optional
        Group columns of the first attempt, as ``method`` or ``month``.
    start, end : str, optional
        ISO dates of the first attempt, end excluded.

    Returns
    -------
    Estimate
        As `payment_rate`; findings ``payment.success_rate``.
    """
    return payment_rate(desk, "success_rate", by=by, start=start, end=end)


def decline_rate(
    desk: Desk,
    *,
    by: str | Sequence[str] | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate the share of attempts that were declined.

    Not of purchases: retries count again, which is what a processor and a bank see.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    by : str or sequence of str, optional
        Group columns of the attempt, as ``method`` or ``month``.
    start, end : str, optional
        ISO dates of the attempt, end excluded.

    Returns
    -------
    Estimate
        As `payment_rate`; findings ``payment.decline_rate``.
    """
    return payment_rate(desk, "decline_rate", by=by, start=start, end=end)


def abandonment_rate(
    desk: Desk,
    *,
    by: str | Sequence[str] | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Estimate the share of attempts that the customer broke off.

    Not of visits: who left before an attempt began is in no payment table.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    by : str or sequence of str, optional
        Group columns of the attempt, as ``authentication``.
    start, end : str, optional
        ISO dates of the attempt, end excluded.

    Returns
    -------
    Estimate
        As `payment_rate`; findings ``payment.abandonment_rate``.
    """
    return payment_rate(desk, "abandonment_rate", by=by, start=start, end=end)
