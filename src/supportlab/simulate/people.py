"""Teams, agents, who is at work in which week, and who has authority since when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from supportlab.simulate.arrays import DAY, NEVER, Array
from supportlab.simulate.catalogue import QUEUES
from supportlab.simulate.markets import LANGUAGES, MARKETS, SITES
from supportlab.simulate.settings import WorldSettings
from supportlab.simulate.streams import Streams

__all__ = [
    "COHORT_SHARES",
    "NEVER_TEAMS",
    "N_TEAMS",
    "Agents",
    "Teams",
    "make_agents",
    "make_teams",
]

N_TEAMS = len(SITES) * len(QUEUES)
NEVER_TEAMS = 8
# Shares of the span at which a cohort of teams gets authority.
COHORT_SHARES = (0.25, 0.375, 0.5, 0.625, 0.75)
# Early teams are hard teams, and gain more.
COHORT_GAIN = (1.25, 1.1, 1.0, 0.9, 0.8)
HARDNESS_COST = 0.1
WEEK = 7 * DAY
# Teams of such a size keep the tickets of an agent near 130, as in a small desk.
TICKETS_PER_AGENT_GOAL = 130
FEWEST_AGENTS, MOST_AGENTS = 4, 60
MOVER_SHARE = 0.08


@dataclass(frozen=True)
class Teams:
    """
    Teams, one per site and queue.

    Parameters
    ----------
    site, queue : array of int
        Where and what.
    hardness : array of float
        How hard its tickets are beyond what can be seen.
    fcr : array of float
        Deviation of the probability of first contact resolution.
    cohort : array of int
        Cohort of the roll-out, -1 for never.
    adopted_at : array of int
        Start of authority, epoch seconds; `NEVER` for never.
    monthly : array of float
        Deviation of each team in each month.
    """

    site: Array
    queue: Array
    hardness: Array
    fcr: Array
    cohort: Array
    adopted_at: Array
    monthly: Array


@dataclass(frozen=True)
class Agents:
    """
    Agents, and a table of who is at work.

    Parameters
    ----------
    team : array of int
        Team today.
    first_team : array of int
        Team before a move.
    moved_at, hired_at, left_at : array of int
        Epoch seconds; `NEVER` where it did not happen.
    skill, readiness : array of float
        Effect on first contact resolution; readiness to use authority.
    languages : array of bool
        Agents by languages.
    withholds : array of bool
        Whether the agent spares unhappy customers the survey.
    roster, n_on : array of int
        Agents of a team in a week, and how many.
    """

    team: Array
    first_team: Array
    moved_at: Array
    hired_at: Array
    left_at: Array
    skill: Array
    readiness: Array
    languages: Array
    withholds: Array
    roster: Array
    n_on: Array


def make_teams(settings: WorldSettings, streams: Streams) -> Teams:
    """Return the teams; hard ones get authority early."""
    rng = streams("teams")
    team = np.arange(N_TEAMS)
    site, queue = team // len(QUEUES), team % len(QUEUES)
    hardness = rng.standard_normal(N_TEAMS) * 0.8 + np.array([0.5, -0.4, 0.1])[queue]
    order = np.argsort(-(hardness + 0.35 * rng.standard_normal(N_TEAMS)), kind="stable")
    sizes = np.array_split(np.arange(N_TEAMS - NEVER_TEAMS), len(COHORT_SHARES))
    cohort = np.full(N_TEAMS, -1)
    for number, places in enumerate(sizes):
        cohort[order[places]] = number
    starts = np.array([settings.month_starts[settings.month_at(s)] for s in COHORT_SHARES])
    adopted = np.where(cohort >= 0, starts[cohort], NEVER)
    monthly = rng.standard_normal((N_TEAMS, settings.months + 1)) * 0.012
    return Teams(site, queue, hardness, -HARDNESS_COST * hardness, cohort, adopted, monthly)


def make_agents(settings: WorldSettings, streams: Streams, teams: Teams) -> Agents:
    """Return the agents of all teams and the roster by week."""
    rng = streams("agents")
    per_team = _team_size(settings)
    team = np.repeat(np.arange(N_TEAMS), per_team)
    n = len(team)
    senior = np.tile(np.arange(per_team) < 2, N_TEAMS)
    hired = _hired(settings, rng, senior)
    left = _left(settings, rng, senior, hired)
    first_team, moved = _moves(settings, rng, team, senior, hired, left)
    readiness = np.clip(rng.beta(2.6, 1.3, n), 0.08, 0.97)
    roster, n_on = _roster(settings, team, first_team, moved, hired, left)
    return Agents(
        team=team,
        first_team=first_team,
        moved_at=moved,
        hired_at=hired,
        left_at=left,
        skill=rng.standard_normal(n) * 0.03,
        readiness=readiness,
        languages=_languages(rng, teams.site[first_team]),
        withholds=rng.random(n) < 0.12,
        roster=roster,
        n_on=n_on,
    )


def _team_size(settings: WorldSettings) -> int:
    goal = settings.n_tickets / (N_TEAMS * TICKETS_PER_AGENT_GOAL)
    return int(np.clip(round(goal), FEWEST_AGENTS, MOST_AGENTS))


def _monday(at: Array) -> Array:
    """Return the Monday 00:00 UTC at or before each time."""
    result: Array = at - (at // DAY + 3) % 7 * DAY - at % DAY
    return result


def _hired(settings: WorldSettings, rng: np.random.Generator, senior: Array) -> Array:
    first, last = settings.first_second, settings.as_of
    before = first - rng.gamma(1.3, 500, len(senior)) * DAY - 30 * DAY
    inside = first + rng.random(len(senior)) * (last - first) * 0.9
    new = (rng.random(len(senior)) < 0.38) & ~senior
    return _monday(np.where(new, inside, before).astype(np.int64))


def _left(settings: WorldSettings, rng: np.random.Generator, senior: Array, hired: Array) -> Array:
    stay = 120 * DAY + rng.exponential(1_100, len(senior)) * DAY
    left = np.maximum(hired, settings.first_second) + stay
    # Friday evening, so that no roster week is cut.
    left = _monday(left.astype(np.int64)) + 4 * DAY + 18 * 3_600
    return np.where(senior | (left >= settings.as_of), NEVER, left)


def _moves(
    settings: WorldSettings,
    rng: np.random.Generator,
    team: Array,
    senior: Array,
    hired: Array,
    left: Array,
) -> tuple[Array, Array]:
    first, last = settings.first_second, settings.as_of
    moved = _monday((first + (0.2 + 0.6 * rng.random(len(team))) * (last - first)).astype(np.int64))
    moves = (rng.random(len(team)) < MOVER_SHARE) & ~senior
    moves &= (moved > hired + 60 * DAY) & (moved < left - 60 * DAY)
    site, queue = team // len(QUEUES), team % len(QUEUES)
    other = site * len(QUEUES) + (queue + 1) % len(QUEUES)
    return np.where(moves, other, team), np.where(moves, moved, NEVER)


def _languages(rng: np.random.Generator, site: Array) -> Array:
    chance = np.full((len(SITES), len(LANGUAGES)), 0.02)
    for number, one in enumerate(SITES):
        for tag, share in (pair for m in MARKETS if m.site == one.name for pair in m.languages):
            spot = (number, LANGUAGES.index(tag))
            chance[spot] = max(chance[spot], 0.93 if share > 0.5 else 0.5)
    english = LANGUAGES.index("en")
    chance[:, english] = np.maximum(chance[:, english], 0.85)
    spoken: Array = rng.random((len(site), len(LANGUAGES))) < chance[site]
    spoken[~spoken.any(axis=1), english] = True
    return spoken


def _roster(
    settings: WorldSettings,
    team: Array,
    first_team: Array,
    moved: Array,
    hired: Array,
    left: Array,
) -> tuple[Array, Array]:
    weeks = _monday(np.array([settings.first_second]))[0] + WEEK * np.arange(
        settings.months * 5 + 3
    )
    # An agent who leaves gets no new ticket in the last two weeks.
    present = (hired[None, :] <= weeks[:, None]) & (left[None, :] > weeks[:, None] + 3 * WEEK)
    where = np.where(moved[None, :] <= weeks[:, None], team[None, :], first_team[None, :])
    most = int(len(team) / N_TEAMS) * 2 + 2
    roster = np.zeros((N_TEAMS, len(weeks), most), dtype=np.int32)
    n_on = np.zeros((N_TEAMS, len(weeks)), dtype=np.int32)
    for number in range(N_TEAMS):
        for week in range(len(weeks)):
            on = np.flatnonzero(present[week] & (where[week] == number))[:most]
            roster[number, week, : len(on)] = on
            n_on[number, week] = len(on)
    return roster, n_on
