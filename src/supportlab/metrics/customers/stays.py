"""When customers were there: paid periods joined to stays, and the months that are asked about."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable
from supportlab.metrics.periods import days_after, moments, shifted

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["FAR", "customer_stays", "first_end", "month_table", "stay_pieces"]

FIRST_END = "first recorded end"
# Later than any time of the contract: the end of a period that runs.
FAR = datetime(9000, 1, 1)  # noqa: DTZ001 (times of the contract are UTC without a zone)
NO_SOURCE = (
    "Churn needs subscriptions with ended_at, or customers with signed_up_at and churned_at."
)


def customer_stays(desk: Desk, window: int) -> tuple[Any, str]:
    """
    Return customers with each of their stays, and where the ends come from.

    Not paid periods: those that overlap, or follow each other within the window, are one stay.

    Parameters
    ----------
    desk : Desk
        The data; subscriptions, or customers with ``signed_up_at`` and ``churned_at``.
    window : int
        Days in which a new paid period undoes an end.

    Returns
    -------
    tuple of (ibis.Table, str)
        One row per customer and stay: the columns of customers, ``begun_at``, ``left_at``
        (missing while it runs); and the source in words.

    Raises
    ------
    NotEstimable
        When neither source is provided.
    """
    pieces, part = stay_pieces(desk, window)
    if "piece_plan" not in pieces.columns:
        return pieces.drop("piece_from", "piece_to", "stay"), part
    stays = pieces.select("begun_at", "left_at", "stay", stayed_id=pieces.customer_id).distinct()
    customers = desk.table("customers")
    joined = customers.inner_join(stays, customers.customer_id == stays.stayed_id)
    return joined.drop("stayed_id", "stay"), part


def stay_pieces(desk: Desk, window: int) -> tuple[Any, str]:
    """
    Return stays cut where a new paid period begins, and where the ends come from.

    At any moment of a stay, gaps within the window included, exactly one piece is in force: the
    period that began last.

    Parameters
    ----------
    desk : Desk
        The data; subscriptions, or customers with ``signed_up_at`` and ``churned_at``.
    window : int
        Days in which a new paid period undoes an end.

    Returns
    -------
    tuple of (ibis.Table, str)
        One row per piece: ``customer_id``, ``stay`` (1 is the first), ``begun_at`` and
        ``left_at`` of the stay, ``piece_from`` and ``piece_to`` (missing while it runs). From
        subscriptions also ``piece_plan``, ``piece_value``, ``piece_currency``; from customers
        alone all their columns. The source in words.

    Raises
    ------
    NotEstimable
        When neither source is provided.
    """
    import ibis

    if not desk.has("customers"):
        raise NotEstimable("Churn needs customers. Provide customers to get this metric.")
    customers = desk.table("customers")
    if desk.has("subscriptions", "customer_id", "started_at", "ended_at"):
        return _pieces(desk.table("subscriptions"), customers, window), (
            "ends of paid periods from subscriptions"
        )
    if desk.has("customers", "signed_up_at", "churned_at"):
        begun, left = customers.signed_up_at, customers.churned_at
        one = ibis.literal(1).cast("int64")
        spells = customers.mutate(
            stay=one, begun_at=begun, left_at=left, piece_from=begun, piece_to=left
        )
        return spells, "ends from customers.churned_at"
    raise NotEstimable(NO_SOURCE)


def _pieces(periods: Any, customers: Any, window: int) -> Any:
    """Join paid periods that overlap or follow each other within the window."""
    import ibis

    known = customers.select(known_id="customer_id").distinct()
    mine = periods.semi_join(known, periods.customer_id == known.known_id)
    order = ibis.window(group_by="customer_id", order_by=["started_at", "until"])
    running = ibis.window(
        group_by="customer_id", order_by=["started_at", "until"], preceding=None, following=0
    )
    dated = mine.mutate(until=mine.ended_at.fill_null(moments(FAR)))
    reached = dated.mutate(reach=dated.until.max().over(running))
    lagged = reached.mutate(before=reached.reach.lag().over(order))
    follows = (lagged.started_at <= shifted(lagged.before, window)).fill_null(False)
    marked = lagged.mutate(begins=follows.ifelse(0, 1).cast("int64"))
    numbered = marked.mutate(stay=marked.begins.sum().over(running).cast("int64"))
    whole = ibis.window(group_by=["customer_id", "stay"])
    ordered = ibis.window(group_by=["customer_id", "stay"], order_by=["started_at", "until"])
    cut = numbered.mutate(
        begun_at=numbered.started_at.min().over(whole),
        last_at=numbered.until.max().over(whole),
        next_at=numbered.started_at.lead().over(ordered),
    )
    never = ibis.null("timestamp(6)")
    left = (cut.last_at < moments(FAR)).ifelse(cut.last_at, never)
    return cut.select(
        "customer_id",
        "stay",
        "begun_at",
        left_at=left,
        piece_from=cut.started_at,
        piece_to=ibis.coalesce(cut.next_at, left),
        piece_plan=cut.plan,
        piece_value=cut.monthly_value,
        piece_currency=cut.currency,
    )


def first_end(desk: Desk, spells: Any, window: int) -> datetime:
    """
    Return the first recorded end of a stay.

    Parameters
    ----------
    desk : Desk
        The data.
    spells : ibis.Table
        Rows with ``left_at``.
    window : int
        The window that made them.

    Returns
    -------
    datetime
        UTC.

    Raises
    ------
    NotEstimable
        When no end is recorded before ``as_of``.
    """
    import pandas as pd

    first = desk.once(f"{FIRST_END}, {window} days", lambda: spells.left_at.min().execute())
    if first is None or pd.isna(first) or first >= desk.as_of:
        raise NotEstimable("No end of a customer is recorded, so churn cannot be told from none.")
    found: datetime = pd.Timestamp(first).to_pydatetime()
    return found


def month_table(
    desk: Desk, first: datetime, n_months: int = 1, *, window: int, with_now: bool = False
) -> Any:
    """
    Return the months from that of a moment to that of ``as_of``.

    Parameters
    ----------
    desk : Desk
        The data.
    first : datetime
        A moment of the first month.
    n_months : int
        Length of what begins with each month.
    window : int
        Days after its end from which a month is complete.
    with_now : bool
        Whether a month that begins at ``as_of`` itself is in.

    Returns
    -------
    ibis.Table
        One row per month: ``month_start``, ``month_end``, ``month_number`` (months since the
        year 0) and ``is_complete``.
    """
    import ibis
    import pandas as pd

    begin = pd.Timestamp(first).to_period("M").start_time
    starts = pd.date_range(begin, desk.as_of, freq="MS", inclusive="both")
    if not with_now:
        starts = starts[starts < pd.Timestamp(desk.as_of)]
    ends = starts + pd.offsets.MonthBegin(n_months)
    frame = pd.DataFrame(
        {
            "month_start": starts,
            "month_end": ends,
            "month_number": starts.year * 12 + starts.month - 1,
            "is_complete": ends <= pd.Timestamp(days_after(desk.as_of, -window)),
        }
    )
    schema = {
        "month_start": "timestamp(6)",
        "month_end": "timestamp(6)",
        "month_number": "int64",
        "is_complete": "boolean",
    }
    return desk.keep(ibis.memtable(frame, schema=ibis.schema(schema)))
