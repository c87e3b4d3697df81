"""The watch over weekly shares: its tail, what it knows when, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.calibration.themes import weekly_world
from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.emerging import scan_rises


def test_with_a_long_calm_past_the_tail_is_near_the_binomial_one() -> None:
    rng = np.random.default_rng(3)
    n = np.full((1, 60), 4_000.0)
    x = rng.binomial(4_000, 0.02, (1, 60)).astype(float)
    # Regular weeks: no swing beyond chance, so that only the widening for doubt is left.
    x[0, :59] = 80.0
    x[0, 59] = 110.0
    found = scan_rises(x, n)[0]
    assert found is not None
    assert binom.sf(109, 4_000, 80 / 4_000) < found.p_value < 0.02


def test_only_what_was_known_goes_into_a_look() -> None:
    x, n = weekly_world(np.random.default_rng(8), 0.01, 0.0, rise=0.15)
    whole = scan_rises(x, n)[0]
    assert whole is not None
    assert whole.first_week is not None
    assert 60 <= whole.first_week <= 66
    cut = scan_rises(x[:, : whole.first_week + 1], n[:, : whole.first_week + 1])[0]
    assert cut is not None
    # The same look, with the bound split over fewer weeks.
    assert (cut.first_week, cut.p_value) == (whole.first_week, whole.p_value)


def test_series_stand_in_any_order_and_one_week_of_friends_is_no_rise() -> None:
    x, n = weekly_world(np.random.default_rng(9), 0.01, 0.0, rise=0.1)
    plain, turned = scan_rises(x, n), scan_rises(x[::-1], n[::-1])
    assert plain[0].p_value == pytest.approx(turned[-1].p_value)  # type: ignore[union-attr]
    quiet = np.zeros((1, 40))
    quiet[0, 30] = 2.0
    assert scan_rises(quiet, np.full((1, 40), 50.0))[0].first_week is None  # type: ignore[union-attr]


def test_the_adjusted_p_counts_every_look_at_every_series() -> None:
    x, n = weekly_world(np.random.default_rng(10), 0.0, 0.0)
    found = [one for one in scan_rises(x, n) if one is not None]
    looks = sum(one.n_looks for one in found)
    for one in found:
        assert one.p_adjusted == pytest.approx(min(1.0, one.p_value * looks))


def test_weeks_without_comments_and_short_pasts_are_refused() -> None:
    with pytest.raises(NotEstimable, match="at least 12 weeks"):
        scan_rises(np.ones((1, 12)), np.full((1, 12), 9.0))
    assert scan_rises(np.zeros((1, 20)), np.zeros((1, 20))) == [None]
    with pytest.raises(ParameterError, match="series by weeks"):
        scan_rises([[2.0]], [[1.0]])
