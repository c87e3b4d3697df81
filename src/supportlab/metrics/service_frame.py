"""Tickets with what was known at intake, how they were served, and what the customer said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from supportlab.errors import NotEstimable, ParameterError
from supportlab.metrics.answers import AnswerKind, answer_rows, refusals, top_box
from supportlab.metrics.first_contact_resolution import FCR, FcrSettings, fcr_rows
from supportlab.metrics.outcomes import judged
from supportlab.metrics.periods import moments, period, whole_seconds
from supportlab.metrics.tickets import ENDED_STATUSES, Facts, ticket_facts
from supportlab.records import Definition

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["MOST_TICKETS", "SERVICE_FRAME", "ServiceFrame", "service_frame"]

# Enough for intervals of half a point, and little enough for any laptop.
MOST_TICKETS = 300_000
# Round steps in the reporting currency, each about twice the one before.
VALUE_EDGES = (50, 100, 200, 500)
NO_VALUE = "no amount"
PER_MILLE = 1_000
# Without a common factor with a thousand: the tickets kept lie evenly among all.
STRIDE = 617
_TEXTS = ("agent_id", "team_id", "market", "language", "channel", "category", "priority")
KINDS: tuple[AnswerKind, ...] = ("csat", "ces", "nps")
_FLAGS = ("escalated", "approval_requested", "authority_used")

SERVICE_FRAME = Definition(
    name="service_frame",
    title="Tickets that the adjusted comparisons rest on",
    statement=(
        "Tickets that customers raised, old enough to be judged for first contact resolution, with "
        "what was known at intake, how they were served, and the last counted answer to a survey."
    ),
    anchor="created_at",
    stop="resolution, and the windows of return and of answer after it",
    clock="calendar",
    cohort="created_at",
    exclusions=FCR.exclusions,
)


@dataclass(frozen=True)
class ServiceFrame:
    """
    A modelling frame of tickets.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a ticket, in the order of their ids, which are not in it: the columns that the
        source provides of ``agent_id``, ``team_id``, ``market``, ``language``, ``channel``,
        ``category``, ``priority``, ``value_band``; ``month``, ``weekday``, ``hour`` (UTC) and
        ``day_n`` (tickets of the market that day); ``age_seconds`` at ``as_of``; ``fcr`` (0, 1);
        ``is_repeat`` (more than one contact); ``response_seconds``, ``resolution_seconds``,
        ``handle_minutes``, ``tenure_days`` (of the agent when the ticket came),
        ``same_language``, ``is_transferred``, ``escalated``, ``approval_requested``,
        ``authority_used``, ``csat`` (0, 1), ``ces`` (0 to 100, 100 is no effort), ``nps`` (-100,
        0, 100). What is not known of a row is missing.
    definition : Definition
        With counts.
    n_all : int
        Tickets before any were drawn.
    surveys : tuple of str
        Kinds of survey whose answers name the ticket.
    """

    table: pd.DataFrame
    definition: Definition
    n_all: int
    surveys: tuple[str, ...]

    @property
    def share(self) -> float:
        """Share of the tickets that was drawn."""
        return len(self.table) / self.n_all if self.n_all else 1.0


def service_frame(
    desk: Desk,
    *,
    start: str | date | None = None,
    end: str | date | None = None,
    most_tickets: int = MOST_TICKETS,
    seed: int = 0,
    with_hours: bool = False,
) -> ServiceFrame:
    """
    Bring tickets to Python for regressions, whole agents drawn where there are too many.

    Not for counts of all tickets: metrics sum those in the engine.

    Parameters
    ----------
    desk : Desk
        The data; tickets with a time of resolution.
    start, end : str, date or None
        ISO dates (UTC) of creation; ``start`` is included, ``end`` is not.
    most_tickets : int
        Beyond this, agents are drawn with all their tickets until it is reached, and of tickets
        without an agent the same share.
    seed : int
        Which agents: the same seed draws the same ones on any machine.
    with_hours : bool
        Add ``is_open``: whether the ticket came within working hours, as its team's schedule has
        them, else its channel's, its market's or the desk's.

    Returns
    -------
    ServiceFrame
        The frame.

    Raises
    ------
    NotEstimable
        There are no tickets, no time of resolution, none is old enough to judge, or hours are
        asked of a desk that does not tell its own.
    ParameterError
        ``most_tickets`` is below 1,000.
    """
    if most_tickets < 1_000:
        raise ParameterError(f"most_tickets came as {most_tickets!r}; give at least 1,000.")
    facts = ticket_facts(desk)
    window = desk.config.fcr_window_days
    rows = fcr_rows(desk, facts, period(start, end), FcrSettings(window, window))
    judged_rows = desk.keep(rows.table.filter(rows.table.outcome.isin(("success", "failure"))))
    chosen, n_all = _chosen(judged_rows, facts, most_tickets, seed)
    if with_hours:
        chosen = _with_hours(desk, chosen)
    frame: pd.DataFrame = _columns(desk, chosen, facts, _survey_tables(desk)).execute()
    if frame.empty:
        raise NotEstimable("No ticket is old enough to be judged; there is nothing to compare.")
    frame = frame.sort_values("ticket_id", kind="stable", ignore_index=True)
    kinds = tuple(kind for kind in KINDS if kind in frame and frame[kind].notna().any())
    drawn = "all tickets" if len(frame) == n_all else f"whole agents drawn with seed {seed}"
    definition = SERVICE_FRAME.with_counts(
        n=len(frame),
        parts=(f"{len(frame):,} of {n_all:,} tickets: {drawn}", facts.note),
        options={"fcr_window_days": window, "value_edges": list(VALUE_EDGES)},
        as_of=desk.as_of.isoformat(),
    )
    return ServiceFrame(_plain(frame.drop(columns="ticket_id")), definition, n_all, kinds)


def _survey_tables(desk: Desk) -> Mapping[str, Any]:
    """Return the surveys whose answers name their ticket: id and value of each that counts."""
    if not desk.has("surveys", "ticket_id", "score"):
        return {}
    return {kind: _answers(desk, kind) for kind in KINDS}


def _answers(desk: Desk, kind: AnswerKind) -> Any:
    window = desk.config.response_window_days
    answers = answer_rows(desk, kind, None, None, window).table
    named = judged(answers, refusals(desk, kind, answers, window), "counted")
    kept = named.filter((named.outcome == "counted") & named.ticket_id.notnull())
    value = _value(kept, kind).cast("int64")
    return kept.group_by(f_ticket=kept.ticket_id).aggregate(**{kind: value.max()})


def _value(answers: Any, kind: str) -> Any:
    if kind == "csat":
        return top_box(answers).ifelse(1, 0)
    if kind == "nps":
        return (answers.score >= 9).ifelse(100, (answers.score <= 6).ifelse(-100, 0))
    good = answers.high_is_good.ifelse(
        answers.score - answers.scale_min, answers.scale_max - answers.score
    )
    return (good * 100.0 / (answers.scale_max - answers.scale_min)).round()


def _chosen(tickets: Any, facts: Facts, most: int, seed: int) -> tuple[Any, int]:
    import numpy as np

    n_all = int(tickets.count().execute())
    if n_all <= most:
        return tickets, n_all
    share = most / n_all
    kept = round(share * PER_MILLE)
    if "agent_id" not in facts.provided:
        return _every(tickets, kept, seed), n_all
    counted = tickets.group_by("agent_id").aggregate(n=tickets.count().cast("int64")).execute()
    counted = counted.loc[counted["agent_id"].notna()].sort_values("agent_id", ignore_index=True)
    order = np.random.default_rng(seed).permutation(len(counted))
    reached = counted["n"].to_numpy()[order].cumsum()
    wanted = share * float(counted["n"].sum())
    drawn = sorted(counted["agent_id"].to_numpy()[order[: int((reached <= wanted).sum()) + 1]])
    of_agents = tickets.filter(tickets.agent_id.isin(drawn))
    return of_agents.union(_every(tickets.filter(tickets.agent_id.isnull()), kept, seed)), n_all


def _every(tickets: Any, kept: int, seed: int) -> Any:
    """Keep some of each thousand tickets, in the order of their ids."""
    import ibis

    place = ibis.row_number().over(ibis.window(order_by=tickets.ticket_id))
    placed = tickets.mutate(place_of_ticket=place)
    return placed.filter((placed.place_of_ticket * STRIDE + seed) % PER_MILLE < kept).drop(
        "place_of_ticket"
    )


def _with_hours(desk: Desk, tickets: Any) -> Any:
    """Add the working seconds of a ticket's first minute: none where it came outside hours."""
    import ibis

    from supportlab.metrics.business.time import with_business_seconds

    timed = tickets.mutate(minute_later=tickets.created_at + ibis.interval(minutes=1))
    return with_business_seconds(desk, timed, {"open_seconds": ("created_at", "minute_later")})


def _columns(desk: Desk, tickets: Any, facts: Facts, surveys: Mapping[str, Any]) -> Any:
    import ibis

    table = _with_people(desk, _with_value(desk, tickets, facts), facts)
    for answers in surveys.values():
        table = table.left_join(answers, table.ticket_id == answers.f_ticket).drop("f_ticket")
    known = facts.provided
    created, is_ended = table.created_at, table.status.isin(ENDED_STATUSES).fill_null(False)
    nothing = ibis.null("int64")
    columns: dict[str, Any] = {name: table[name] for name in _TEXTS if name in known}
    columns |= {name: _flag(table[name]) for name in _FLAGS if name in known}
    columns |= {name: table[name] for name in ("value_band", *surveys) if name in table.columns}
    columns |= {
        "ticket_id": table.ticket_id,
        "month": created.strftime("%Y-%m"),
        "weekday": created.day_of_week.index().cast("int64"),
        "hour": created.hour().cast("int64"),
        "day_n": table.count().over(ibis.window(group_by=_day(table, facts))).cast("int64"),
        "age_seconds": whole_seconds(moments(desk.as_of), created),
        "fcr": (table.outcome == "success").ifelse(1, 0).cast("int64"),
        "resolution_seconds": is_ended.ifelse(whole_seconds(table.resolution_at, created), nothing),
    }
    if "first_response_at" in known:
        columns["response_seconds"] = whole_seconds(table.first_response_at, created)
    if "handle_minutes" in known:
        columns["handle_minutes"] = table.handle_minutes
    if "contact_count" in known:
        columns["is_repeat"] = _flag(table.contact_count > 1)
    if "transfer_count" in known:
        columns["is_transferred"] = _flag(table.transfer_count > 0)
    if "hired_of_agent" in table.columns:
        columns["tenure_days"] = whole_seconds(created, table.hired_of_agent) // (24 * 60 * 60)
    if "open_seconds" in table.columns:
        columns["is_open"] = _flag(table.open_seconds > 0)
    if "same_language" in table.columns:
        columns["same_language"] = _flag(table.same_language)
    return table.select(**columns)


def _flag(condition: Any) -> Any:
    """Return 1, 0, or nothing where it is not known."""
    import ibis

    number = condition.ifelse(1, 0).cast("int64")
    return condition.isnull().ifelse(ibis.null("int64"), number)


def _day(table: Any, facts: Facts) -> list[Any]:
    day = table.created_at.date()
    return [table.market, day] if "market" in facts.provided else [day]


def _with_value(desk: Desk, tickets: Any, facts: Facts) -> Any:
    import ibis

    from supportlab.metrics.money import with_rate

    if not {"issue_value", "issue_currency"} <= facts.provided:
        return tickets
    rated = with_rate(
        desk, tickets, currency="issue_currency", moment="created_at", into="rate_of_value"
    )
    # A product of two floats is the same on every engine; only their sums depend on the order.
    value = rated.issue_value.cast("float64") * rated.rate_of_value.cast("float64")
    labels = ("under 50", "50 to 100", "100 to 200", "200 to 500", "500 and more")
    rules = [(value.isnull(), NO_VALUE)]
    rules += [
        (value < float(edge), label) for edge, label in zip(VALUE_EDGES, labels, strict=False)
    ]
    return rated.mutate(value_band=ibis.cases(*rules, else_=labels[-1])).drop("rate_of_value")


def _with_people(desk: Desk, tickets: Any, facts: Facts) -> Any:
    """Add when the ticket's agent began, and whether agent and customer share a language."""
    import ibis

    known = [name for name in ("hired_at", "languages") if desk.has("agents", "agent_id", name)]
    if "agent_id" not in facts.provided or not known:
        return tickets
    agents = desk.table("agents")
    named = {"hired_at": "hired_of_agent", "languages": "spoken_by_agent"}
    once = agents.group_by(a_agent=agents.agent_id).aggregate(
        **{named[name]: agents[name].min() for name in known}
    )
    joined = tickets.left_join(once, tickets.agent_id == once.a_agent).drop("a_agent")
    if "languages" in known and "language" in facts.provided:
        spoken = ibis.literal(";") + joined.spoken_by_agent.lower() + ibis.literal(";")
        tongue = ibis.literal(";") + joined.language.lower().split("-")[0]
        shares = spoken.contains(tongue + ";") | spoken.contains(tongue + "-")
        joined = joined.mutate(same_language=shares)
    return joined


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    for name in frame.columns:
        if name in (*_TEXTS, "value_band", "month"):
            frame[name] = frame[name].astype("object")
        else:
            frame[name] = frame[name].astype("float64")
    return frame
