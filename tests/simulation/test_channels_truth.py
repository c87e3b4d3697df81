"""Channels with known effects: intervals that hold them, and a naive way that does not."""

from __future__ import annotations

import numpy as np

from benchmarks.calibration.channel_worlds import EFFECTS, tickets
from benchmarks.calibration.channels import answered_contrast, fcr_contrast, p_of
from supportlab.stats import adjust_p

RUNS = 40
# Of 40 intervals of 95 % at least this many hold the truth but once in a thousand.
FEWEST = 33
EMAIL, TRUTH = 1, float(EFFECTS[1])


def test_fcr_of_confounded_channels() -> None:
    rng = np.random.default_rng(11)
    errors, held, raw = [], 0, []
    for _ in range(RUNS):
        drawn = tickets(rng, 3000)
        found = fcr_contrast(drawn)
        errors.append(found.estimate - TRUTH)
        held += (found.low or -1.0) <= TRUTH <= (found.high or 1.0)
        means = [drawn.fcr[drawn.channel == place].mean() for place in (EMAIL, 0)]
        raw.append(means[0] - means[1] - TRUTH)
    assert held >= FEWEST
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(RUNS)
    assert np.mean(raw) > 5 * np.std(raw) / np.sqrt(RUNS), "the naive way misses"


def test_satisfaction_when_the_solved_answer_more() -> None:
    rng = np.random.default_rng(12)
    truth, errors, held, raw = TRUTH * 0.85, [], 0, []
    for _ in range(25):
        drawn = tickets(rng, 4000)
        found = answered_contrast(drawn)
        errors.append(found.estimate - truth)
        held += (found.low or -1.0) <= truth <= (found.high or 1.0)
        parts = [drawn.good[(drawn.channel == c) & drawn.answered].mean() for c in (EMAIL, 0)]
        raw.append(parts[0] - parts[1] - truth)
    assert held >= 20
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(25)
    assert np.mean(raw) > 4 * np.std(raw) / 5.0, "answers as they are miss"


def test_no_channel_is_announced_where_none_differs() -> None:
    rng = np.random.default_rng(13)
    announced = 0
    for _ in range(10):
        drawn = tickets(rng, 3000, effects=np.zeros(4))
        adjusted = adjust_p([p_of(drawn, place) for place in (1, 2, 3)], "holm")
        announced += min(p for p in adjusted if p is not None) < 0.05
    # Of 10 at one in twenty, more than three come but once in a thousand.
    assert announced <= 3
