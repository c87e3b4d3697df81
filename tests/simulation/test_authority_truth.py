"""Designs for authority with known truth: intervals that hold, naive ways that do not."""

from __future__ import annotations

import numpy as np

from benchmarks.calibration.authority_worlds import agents, amounts, teams
from benchmarks.calibration.empowerment import fitted, raw_gap
from supportlab.stats.discontinuity import discontinuity
from supportlab.stats.instrument import instrument_effect

RUNS = 40
# Of 40 intervals of 95 % at least this many hold the truth but once in a thousand.
FEWEST = 33


def test_roll_out_whose_effect_grows_with_hard_teams_first() -> None:
    rng = np.random.default_rng(21)
    ours, two_way, raw = 0, 0, 0
    for _ in range(12):
        world = teams(rng, 24, effect=0.03, grows=0.008)
        found, truth = fitted(world), world.truth()
        low, high = found.interval.low or 0.0, found.interval.high or 0.0
        ours += low <= truth <= high
        two_way += low <= found.naive <= high and abs(found.naive - truth) < 0.01
        _, raw_low, raw_high = raw_gap(world)
        raw += raw_low <= truth <= raw_high
    assert ours >= 9
    assert max(two_way, raw) <= 4


def test_jump_at_a_limit_where_the_mean_bends() -> None:
    rng = np.random.default_rng(22)
    covers, plain = 0, 0
    for _ in range(RUNS):
        x, y = amounts(rng, 3_000, jump=0.12)
        one = discontinuity(x, np.ones(x.size), y).interval
        covers += (one.low or 0.0) <= 0.12 <= (one.high or 0.0)
        plain += abs(y[x >= 0].mean() - y[x < 0].mean() - 0.12) < 0.04
    assert covers >= FEWEST > plain


def test_use_of_authority_on_easy_tickets() -> None:
    rng = np.random.default_rng(23)
    covers, null, plain = 0, 0, 0
    for _ in range(RUNS):
        for effect in (0.25, 0.0):
            drawn = agents(rng, 48, effect=effect)
            one = np.ones(drawn["y"].size)
            keys = (drawn["agent"], drawn["group"], drawn["used"], one)
            found = instrument_effect(*keys, one, drawn["y"]).interval
            inside = (found.low or 0.0) <= effect <= (found.high or 0.0)
            covers += inside * (effect > 0)
            null += (not inside) * (effect == 0)
            parts = [drawn["y"][drawn["used"] == k].mean() for k in (1, 0)]
            plain += effect > 0 and abs(parts[0] - parts[1] - effect) < 0.03
    assert covers >= FEWEST > plain
    assert null <= 7
