"""Comparisons of service on worlds with known truth: intervals hold it, naive figures do not."""

from __future__ import annotations

import numpy as np

from benchmarks.calibration.service import adjusted_fit, raw_gap, weighted_fit, within_agents
from benchmarks.calibration.service_worlds import (
    hard_world,
    silent_world,
    tenure_world,
    trained_world,
)
from supportlab.stats.variance_parts import variance_parts

RUNS = 40
# Of 40 intervals of 95 % fewer than 34 hold the truth once in a thousand; as seldom do more than
# 6 of 40 tests at 5 % raise an alarm where nothing is.
FEWEST, MOST_ALARMS = 34, 6


def shares(world, ours, naive) -> tuple[int, int]:
    rng = np.random.default_rng(77)
    held = missed = 0
    for _ in range(RUNS):
        drawn = world(rng)
        found = ours(drawn)
        held += found.low <= drawn.truth <= found.high
        missed += not naive(drawn).is_covered
    return held, missed


def test_equal_topic_holds_the_effect_that_hard_topics_hide():
    held, missed = shares(lambda rng: hard_world(rng, 24), adjusted_fit, raw_gap)
    assert held >= FEWEST
    assert missed > RUNS // 2


def test_weighted_answers_hold_the_effect_on_all_tickets():
    held, missed = shares(
        silent_world, weighted_fit, lambda drawn: raw_gap(drawn, drawn.answered > 0)
    )
    assert held >= FEWEST
    assert missed > RUNS // 3


def test_within_agents_holds_what_was_learnt_and_nothing_where_nothing_was():
    held, missed = shares(tenure_world, within_agents, raw_gap)
    assert held >= FEWEST
    assert missed > RUNS // 2
    rng = np.random.default_rng(5)
    alarms = sum(within_agents(tenure_world(rng, 0.0)).p_value < 0.05 for _ in range(RUNS))
    assert alarms <= MOST_ALARMS


def test_channels_that_do_not_differ_raise_no_alarm():
    rng = np.random.default_rng(6)
    p_values = []
    for _ in range(RUNS):
        drawn = trained_world(rng, 0.0)
        one = np.ones(drawn.team.size)
        found = variance_parts(drawn.agent, drawn.topic, one, drawn.outcome, cluster=drawn.team)
        assert found.naive_within > 0.01
        p_values.append(found.within.p_value)
    assert sum(p < 0.05 for p in p_values) <= MOST_ALARMS
