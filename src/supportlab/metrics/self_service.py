"""Self-service sessions that needed no ticket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.options import days_option, one_of
from supportlab.metrics.outcomes import Rule, judged, rate_sums
from supportlab.metrics.periods import between, moments, period, whole_seconds
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import by_agent, countable
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["DEFLECTION", "deflection"]

WINDOW_HOURS = 24
SECONDS_PER_HOUR = 3600

DEFLECTION = Definition(
    name="deflection",
    title="Self-service deflection",
    statement=(
        "Share of self-service and bot sessions that were followed by no ticket of the same "
        "customer within the window, of the sessions that had a goal and are at least that old. A "
        "session that was handed over, or that names a ticket, was not deflected. Who gave up is "
        "counted as deflected, and so is an anonymous session without a ticket: the figure is an "
        "upper bound."
    ),
    anchor="the session",
    stop="the session and window_hours",
    clock="calendar",
    cohort="the moment of the session",
    exclusions=(
        "sessions whose outcome is unknown: whether they had a goal cannot be told",
        "younger than the window: immature",
        "with anonymous='exclude': sessions without a customer",
    ),
)


def deflection(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "customer_id",
    start: str | date | None = None,
    end: str | date | None = None,
    window_hours: int | None = None,
    anonymous: Literal["count", "exclude"] = "count",
) -> Sums:
    """
    Sum up the sessions that led to no ticket.

    Not the number of tickets saved: many would never have written.

    Parameters
    ----------
    desk : Desk
        The data; sessions and tickets.
    by : str or sequence of str
        Group columns of sessions.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of the session; ``start`` is included, ``end`` is not.
    window_hours : int, optional
        Hours after the session in which a ticket counts; 24.
    anonymous : {"count", "exclude"}
        Whether sessions without a customer count; they can only be seen to fail when they name a
        ticket or are handed over.

    Returns
    -------
    Sums
        Kind ``rate``.

    Raises
    ------
    NotEstimable
        When there are no sessions with an outcome, or no tickets.
    ParameterError
        When an option or a group is not known.
    """
    one_of("anonymous", anonymous, ("count", "exclude"))
    hours = days_option("window_hours", window_hours, WINDOW_HOURS)
    if not desk.has("sessions", "outcome", "at") or not desk.has("tickets"):
        raise NotEstimable("Deflection needs sessions with at and outcome, and tickets.")
    names, days = group_names(by), period(start, end)
    sessions = desk.table("sessions")
    sessions = sessions.filter(between(sessions["at"], days))
    verdicts = _verdicts(desk, sessions, hours, anonymous)
    rows = Rows("sessions", verdicts, desk.provided("sessions"), "session_id", "at")
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason"))
    definition = DEFLECTION.with_counts(
        parts=_parts(desk), options={"window_hours": hours, "anonymous": anonymous}
    )
    return rate_sums(desk, cells, definition)


def _parts(desk: Desk) -> tuple[str, ...]:
    if desk.has("sessions", "customer_id") and desk.has("tickets", "customer_id"):
        return ("tickets found by customer, and by the session's own ticket",)
    return ("customers are not known: only the session's own ticket and outcome are seen",)


def _verdicts(desk: Desk, sessions: Any, hours: int, anonymous: str) -> Any:
    import ibis

    found = _followed(desk, sessions, hours)
    table = sessions.left_join(found, sessions.session_id == found.followed_id)
    age = whole_seconds(moments(desk.as_of), table["at"])
    failed = (
        (table.outcome == "handed_over") | table.ticket_id.notnull() | table.followed_id.notnull()
    )
    nobody = table.customer_id.isnull() if anonymous == "exclude" else ibis.literal(False)
    rules: list[Rule] = [
        ("excluded", table.outcome.isnull() | (table.outcome == "unknown"), "outcome not known"),
        ("excluded", nobody, "no customer is named"),
        ("immature", age < hours * SECONDS_PER_HOUR, "younger than the window"),
        ("failure", failed, None),
    ]
    return judged(table, rules, otherwise="success").drop("followed_id")


def _followed(desk: Desk, sessions: Any, hours: int) -> Any:
    """Return the sessions with a ticket of their customer from then to the window's end, once."""
    tickets = desk.table("tickets")
    # Who wrote a ticket that was merged later did write.
    is_question = countable(tickets) | (tickets.status == "merged").fill_null(False)
    asked = tickets.filter(is_question & ~by_agent(tickets))
    asked = asked.select(asked_by="customer_id", asked_at="created_at")
    pairs = sessions.inner_join(asked, sessions.customer_id == asked.asked_by)
    waited = whole_seconds(pairs.asked_at, pairs["at"])
    within = (pairs.asked_at >= pairs["at"]) & (waited < hours * SECONDS_PER_HOUR)
    return pairs.filter(within).select(followed_id="session_id").distinct()
