"""The watch over themes in worlds of known truth; the long runs are in benchmarks/calibration."""

from __future__ import annotations

import numpy as np
from scipy.stats import binomtest

from benchmarks.calibration.themes import weekly_world
from supportlab.stats.emerging import scan_rises

RUNS = 14


def test_few_false_alarms_where_shares_swing_and_a_weekly_test_cries_wolf() -> None:
    rng = np.random.default_rng(20_261_127)
    ours = naive = 0
    for _ in range(RUNS):
        x, n = weekly_world(rng, 0.01, 0.0)
        ours += any(one is not None and one.first_week is not None for one in scan_rises(x, n))
        past = np.cumsum(x, axis=1) - x
        among = np.cumsum(n, axis=1) - n
        share = (past[:, 12:] + 0.5) / (among[:, 12:] + 1.0)
        error = np.sqrt(share * (1 - share) / n[:, 12:])
        naive += bool(((x[:, 12:] / n[:, 12:] - share) / error > 2.58).any())
    assert binomtest(ours, RUNS, 0.05, alternative="greater").pvalue > 0.01
    assert naive >= RUNS - 1


def test_a_rise_is_seen_soon_and_not_before_it_begins() -> None:
    rng = np.random.default_rng(20_261_128)
    weeks = [scan_rises(*weekly_world(rng, 0.01, 0.0, rise=0.15))[0].first_week for _ in range(8)]  # type: ignore[union-attr]
    seen = [week for week in weeks if week is not None and week >= 60]
    assert len(seen) >= 6
    assert np.median(seen) <= 66
