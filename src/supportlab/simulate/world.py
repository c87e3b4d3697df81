"""A whole world: settings in, canonical tables and the truth about them out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from supportlab.desk.contract import CONTRACT
from supportlab.simulate import reference_tables as reference
from supportlab.simulate import tables
from supportlab.simulate.arrays import Rows
from supportlab.simulate.clock import WorkingClock, ZoneOffsets
from supportlab.simulate.customers import make_customers
from supportlab.simulate.demand import make_demand
from supportlab.simulate.events import make_events, with_ratings
from supportlab.simulate.intake import Desk
from supportlab.simulate.keeping import keep_tickets
from supportlab.simulate.leaving import Leaving, run_leaving
from supportlab.simulate.markets import MARKETS, SITES
from supportlab.simulate.money import Rates
from supportlab.simulate.paths import run_tickets
from supportlab.simulate.payments import make_payments
from supportlab.simulate.people import make_agents, make_teams
from supportlab.simulate.settings import WorldSettings
from supportlab.simulate.streams import Streams
from supportlab.simulate.surveys import CSAT, Surveys, make_surveys
from supportlab.simulate.texts import compose
from supportlab.simulate.truth import Truth, authority_truth, channel_truth, service_truth
from supportlab.simulate.truth_more import (
    churn_truth,
    feedback_truth,
    payment_truth,
    survey_truth,
)
from supportlab.simulate.visits import make_contacts, make_sessions
from supportlab.simulate.voices import comment_themes, make_feedback, write_comments

__all__ = ["World", "simulate_world"]


@dataclass(frozen=True)
class World:
    """
    A simulated support organisation.

    Parameters
    ----------
    settings : WorldSettings
        What it was made from.
    tables : dict of pyarrow.Table
        All canonical tables by contract name, in contract order.
    truth : Truth
        What is true in it.
    """

    settings: WorldSettings
    tables: dict[str, pa.Table]
    truth: Truth


def simulate_world(settings: WorldSettings | None = None) -> World:
    """
    Simulate a support organisation with planted effects.

    Not for forecasting a real desk: the mechanisms are plain on purpose, so that an estimator
    can be held against a known truth.

    Parameters
    ----------
    settings : WorldSettings, optional
        Size, span, seed, effects; the sample's when absent.

    Returns
    -------
    World
        Tables and truth.

    Examples
    --------
    >>> world = simulate_world(WorldSettings(seed=3, n_tickets=400, start="2025-01", months=12))
    >>> len(world.tables)
    15
    """
    settings = settings or WorldSettings()
    streams = Streams(settings.seed)
    hours = reference.team_hours(settings)
    zones = _zones(settings)
    rates = Rates(settings, streams)
    customers = make_customers(settings, streams, rates)
    ledger = make_payments(settings, streams, customers, rates)
    demand = make_demand(settings, streams, customers, ledger, zones)
    teams = make_teams(settings, streams)
    desk = Desk(
        settings=settings,
        streams=streams,
        teams=teams,
        agents=make_agents(settings, streams, teams),
        clock=WorkingClock(hours, zones, settings.first_second, settings.as_of),
        rates=rates,
        customers=customers,
        shock=demand.shock,
    )
    everything = run_tickets(desk, demand.tickets)
    leaving = run_leaving(desk, everything, ledger)
    tickets = keep_tickets(desk, everything, leaving)
    del everything
    surveys = make_surveys(desk, tickets, leaving)
    attempts = tables.kept_attempts(ledger, leaving, settings.as_of)
    built = _service_tables(desk, tickets, leaving, surveys)
    built |= {
        "customers": tables.customer_table(customers, leaving, settings.as_of),
        "subscriptions": tables.subscription_table(customers, leaving, settings.as_of),
        "payments": tables.payment_table(desk, ledger, attempts),
        "method_offers": reference.offer_table(settings),
        "fx_rates": reference.fx_table(rates),
        "agents": reference.agent_table(desk.agents),
        "authority": reference.authority_table(teams),
        "schedules": reference.schedule_table(hours),
        "holidays": reference.holiday_table(settings, hours),
    }
    truth = Truth(
        {
            "service": service_truth(tickets),
            "authority": authority_truth(desk, tickets),
            "channels": channel_truth(desk, tickets),
            "surveys": survey_truth(desk, tickets, surveys),
            "churn": churn_truth(desk, leaving),
            "payments": payment_truth(ledger, attempts),
            "feedback": feedback_truth(desk),
        }
    )
    return World(settings, {name: built[name] for name in CONTRACT if name in built}, truth)


def _zones(settings: WorldSettings) -> ZoneOffsets:
    names = sorted({market.zone for market in MARKETS} | {site.zone for site in SITES})
    return ZoneOffsets(names, settings.first_second, settings.as_of)


def _service_tables(
    desk: Desk, tickets: Rows, leaving: Leaving, surveys: Surveys
) -> dict[str, pa.Table]:
    events = _rated(make_events(desk, tickets), surveys.rows)
    theme = comment_themes(desk, tickets, surveys.rows)
    feedback = make_feedback(desk, leaving)
    texts = compose(desk.streams("feedback texts"), feedback["language"], feedback["theme"])
    return {
        "tickets": tables.ticket_table(tickets, events),
        "events": tables.event_table(events),
        "surveys": tables.survey_table(surveys.rows, *write_comments(desk, surveys.rows, theme)),
        "feedback": tables.feedback_table(feedback, texts),
        "contacts": tables.contact_table(make_contacts(desk, tickets, events)),
        "sessions": tables.session_table(desk, make_sessions(desk, tickets, leaving)),
    }


def _rated(events: Rows, surveys: Rows) -> Rows:
    rated = np.flatnonzero((surveys["kind"] == CSAT) & surveys["is_answered"])
    ticket, at = surveys["ticket"][rated], surveys["responded_at"][rated]
    return with_ratings(events, ticket, at, surveys["score"][rated].astype(np.int64))
