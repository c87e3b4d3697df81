"""First contact resolution, with a window for the return and a maturity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from supportlab.metrics.contact_parts import (
    contact_parts,
    issues,
    part_words,
    returned_within,
    with_next,
)
from supportlab.metrics.dimensions import Rows, group_names, with_cells
from supportlab.metrics.options import days_option, one_of
from supportlab.metrics.outcomes import Rule, judged, rate_sums
from supportlab.metrics.periods import Period, between, days_after, moments, period
from supportlab.metrics.sums import Sums
from supportlab.metrics.tickets import ENDED_STATUSES, Facts, Source, ticket_facts
from supportlab.records import Definition

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["FCR", "FcrSettings", "fcr", "fcr_rows"]

FCR = Definition(
    name="fcr",
    title="First contact resolution",
    statement=(
        "Share of mature tickets that were resolved at least the window before as_of with at most "
        "one contact by the customer, no transfer and no reopening, and that no other ticket of "
        "the same customer in the same category followed up to the end of the window after the "
        "resolution. A ticket is mature once the settling time and the window are over since it "
        "was created, resolved or not."
    ),
    anchor="created_at",
    stop="resolved_at, and the window after it",
    clock="calendar",
    cohort="created_at",
    exclusions=(
        "merged, spam, deleted and test tickets are no issues of their own",
        "tickets that an agent started: the customer asked nothing",
        "younger than settling time and window together: immature, counted apart",
        "customer or category is missing in the row, resolved or not: a return cannot be seen",
        "resolved, but a count that the data provide is missing in the row: cannot be judged",
        "resolved before it was created, or without a time of resolution: cannot be judged",
    ),
)


@dataclass(frozen=True)
class FcrSettings:
    """The options of `fcr`, settled."""

    window_days: int
    settle_days: int
    maturity: str = "created"
    unresolved: str = "failure"
    missing: str = "exclude"


def fcr(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    cluster: str | None = "agent_id",
    start: str | date | None = None,
    end: str | date | None = None,
    window_days: int | None = None,
    settle_days: int | None = None,
    maturity: Literal["created", "resolved"] = "created",
    unresolved: Literal["failure", "exclude"] = "failure",
    missing: Literal["exclude", "ignore"] = "exclude",
    source: Source = "auto",
) -> Sums:
    """
    Sum up first contact resolution.

    Not for tickets of the last two weeks: they have had no time to be resolved and to come back,
    and are counted as immature. `fcr_returns` lets them count.

    Parameters
    ----------
    desk : Desk
        The data; tickets with a time of resolution.
    by : str or sequence of str
        Group columns.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.
    window_days : int, optional
        Days after the resolution in which a return counts; the desk's ``fcr_window_days``.
    settle_days : int, optional
        Days that a ticket is given to be resolved; the window when left out.
    maturity : {"created", "resolved"}
        ``created``: a ticket counts once ``settle_days`` and the window are over since its
        creation; one that was still open a window ago was not resolved at first contact.
        ``resolved``: a resolved ticket counts once its window is over, an open one after
        ``settle_days`` and the window; among recent tickets the quick ones are then too many.
    unresolved : {"failure", "exclude"}
        What an old ticket that is still open is.
    missing : {"exclude", "ignore"}
        What a missing value in a part that the data provide does: the ticket cannot be judged,
        or it is judged without that part.
    source : {"auto", "events", "tickets"}
        Where the facts come from.

    Returns
    -------
    Sums
        Kind ``rate``: ``n``, ``n_success``, ``n_immature``, ``n_excluded`` per cell.

    Raises
    ------
    NotEstimable
        When there are no tickets or no time of resolution.
    ParameterError
        When an option or a group is not known.

    Notes
    -----
    A ticket that followed before the first was resolved is a return too: the customer had to ask
    twice. The choice, its alternatives and a worked example are in the decisions.
    """
    window = days_option("window_days", window_days, desk.config.fcr_window_days)
    settings = FcrSettings(
        window,
        days_option("settle_days", settle_days, window, least=0),
        one_of("maturity", maturity, ("created", "resolved")),
        one_of("unresolved", unresolved, ("failure", "exclude")),
        one_of("missing", missing, ("exclude", "ignore")),
    )
    names, days = group_names(by), period(start, end)
    facts = ticket_facts(desk, source)
    rows = fcr_rows(desk, facts, days, settings)
    cells = with_cells(desk, rows, names, cluster, ("outcome", "reason"))
    definition = FCR.with_counts(parts=part_words(facts, window), options=asdict(settings))
    return rate_sums(desk, cells, definition)


def fcr_rows(desk: Desk, facts: Facts, days: Period, settings: FcrSettings) -> Rows:
    """Return the tickets of a period with the ``outcome`` and ``reason`` of FCR."""
    verdicts = _judged(desk, facts, settings)
    chosen = verdicts.filter(between(verdicts.created_at, days))
    return Rows("tickets", chosen, facts.provided, "ticket_id", "created_at")


def _judged(desk: Desk, facts: Facts, settings: FcrSettings) -> Any:
    """Judge each ticket by itself, then take back the successes that were followed by a return."""
    tickets = issues(facts)
    alone = judged(tickets, _rules(desk, tickets, facts, settings), otherwise="failure")
    followed = with_next(alone, facts)
    undone = (followed.outcome == "success") & returned_within(followed, settings.window_days)
    return followed.mutate(outcome=undone.ifelse("failure", followed.outcome))


def _rules(desk: Desk, tickets: Any, facts: Facts, settings: FcrSettings) -> list[Rule]:
    parts = contact_parts(tickets, facts)
    is_ended = tickets.status.isin(ENDED_STATUSES).fill_null(False)
    nobody: list[Rule] = [("excluded", test, reason) for test, reason in parts.nobody]
    uncounted: list[Rule] = [("excluded", test, reason) for test, reason in parts.uncounted]
    if settings.missing == "ignore":
        nobody, uncounted = [], []
    return [
        ("excluded", tickets.resolution_at < tickets.created_at, "resolved before it was created"),
        ("excluded", is_ended & tickets.resolution_at.isnull(), "resolved, but when is missing"),
        # Asked before the outcome: among tickets of nobody known only successes would be left
        # out if those still open had failed already.
        *nobody,
        *_maturity(desk, tickets, settings),
        *uncounted,
        ("success", is_ended & parts.at_once, None),
    ]


def _maturity(desk: Desk, tickets: Any, settings: FcrSettings) -> list[Rule]:
    """Return who is too young to be judged, and what becomes of those still open."""
    judged_up_to = days_after(desk.as_of, -settings.window_days)
    is_old = tickets.created_at <= moments(days_after(judged_up_to, -settings.settle_days))
    is_open = tickets.resolution_at.isnull()
    is_recent = tickets.resolution_at > moments(judged_up_to)
    if settings.unresolved == "exclude":
        old_and_open: Rule = ("excluded", is_open, "never resolved")
        old_and_recent: Rule = ("immature", is_recent, None)
    else:
        # Who was open a window ago is judged as of then, so that the denominator is all tickets
        # of a day and not those that were quick.
        old_and_open = ("failure", is_open, None)
        old_and_recent = ("failure", is_recent, None)
    if settings.maturity == "created":
        return [("immature", ~is_old, None), old_and_open, old_and_recent]
    return [("immature", is_open & ~is_old, None), old_and_open, ("immature", is_recent, None)]
