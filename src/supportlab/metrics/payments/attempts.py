"""Share of payment attempts that succeeded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.outcomes import Rule, judged, rate_sums
from supportlab.metrics.periods import between, period
from supportlab.metrics.sums import Sums
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = [
    "ATTEMPT_SUCCESS",
    "FAILURES_SEEN",
    "MARKET_NOTE",
    "SUCCESSES",
    "attempt_success",
    "payments_with_failures",
]

# A reversed payment was taken first; giving it back is another question.
SUCCESSES = ("succeeded", "reversed")
FAILURES = ("declined", "abandoned")
FAILURES_SEEN = "payments hold failures"
MARKET_NOTE = "market: of the payment where it names one, else of the customer"

ATTEMPT_SUCCESS = Definition(
    name="attempt_success",
    title="Payment attempt success",
    statement=(
        "Share of payment attempts that succeeded, of those that succeeded, were declined or were "
        "abandoned. A payment that was reversed later had succeeded. A pending one is immature."
    ),
    anchor="attempted_at",
    stop="status",
    cohort="attempted_at",
    exclusions=(
        "pending attempts are immature: they may still go either way",
        "attempts without a status",
    ),
)


def attempt_success(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "customer_id",
    start: str | date | None = None,
    end: str | date | None = None,
) -> Sums:
    """
    Sum up payment attempts and how many succeeded.

    Not the share of purchases: a declined card is often tried again; see `checkout_success`.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    by : str or sequence of str
        Group columns of payments, or of their customer.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of the attempt; ``start`` is included, ``end`` is not.

    Returns
    -------
    Sums
        Kind ``rate``.

    Raises
    ------
    NotEstimable
        When there are no payments, or none of them failed: such a source left the failures out.
    ParameterError
        When a group is not known.
    """
    names, days = group_names(by), period(start, end)
    payments = payments_with_failures(desk, "attempt success")
    payments = payments.filter(between(payments.attempted_at, days))
    status = payments.status
    rules: list[Rule] = [
        ("excluded", status.isnull(), "the status is missing"),
        ("immature", status == "pending", None),
        ("success", status.isin(SUCCESSES), None),
    ]
    verdicts = judged(payments, rules, otherwise="failure")
    rows = Rows("payments", verdicts, desk.provided("payments"), "attempt_id", "attempted_at")
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason"))
    return rate_sums(desk, cells, ATTEMPT_SUCCESS.with_counts(parts=(MARKET_NOTE,)))


def payments_with_failures(desk: Desk, what: str) -> Any:
    """Return the payments of a desk that holds failures too; refuse one that holds none."""
    if not desk.has("payments", "status", "attempted_at"):
        raise NotEstimable(f"There are no payments with a status. Provide payments to get {what}.")
    payments = desk.table("payments")
    if not desk.once(FAILURES_SEEN, lambda: _has_failures(payments)):
        raise NotEstimable(f"The rate of {what} cannot be told: {_only_successes(desk)}")
    return payments


def _only_successes(desk: Desk) -> str:
    """Say of what there are only successes: a part of a good source may hold none that failed."""
    if not desk.slice:
        return (
            "this source holds only successes. No payment is declined or abandoned, so those "
            "that failed were left out of it."
        )
    part = ", ".join(f"{name} {' or '.join(values)}" for name, values in desk.slice.items())
    return (
        f"the part looked at ({part}) holds only successes. None of its payments is declined or "
        "abandoned: either none failed there, or its failures were not recorded, and nothing "
        "in that part can tell which."
    )


def _has_failures(payments: Any) -> bool:
    return bool(payments.filter(payments.status.isin(FAILURES)).limit(1).count().execute())
