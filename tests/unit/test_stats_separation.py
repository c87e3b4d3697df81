"""Separation of levels and of their combinations, against brute force over directions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from supportlab.stats.binary_cells import fit_binary
from supportlab.stats.separation import separated_levels, separation


def test_a_small_level_is_separated_by_chance_and_a_large_one_is_not():
    found = {one.place: one for one in separated_levels([1000, 6, 60, 40], [300, 0, 0, 40])}
    assert not found[1].is_beyond_chance
    assert found[2].is_beyond_chance
    assert not found[2].always
    assert found[3].is_beyond_chance
    assert found[3].always


def test_the_chance_is_fishers():
    from scipy.stats import fisher_exact

    (found,) = separated_levels([50, 12], [20, 0])
    p = fisher_exact([[0, 12], [20, 30]], alternative="less").pvalue
    # Two levels were looked at.
    assert found.p_adjusted == pytest.approx(2 * p)


def test_nothing_is_separated_where_everybody_or_nobody_had_the_event():
    assert separated_levels([10, 20], [0, 0]) == ()
    assert separated_levels([10, 20], [10, 20]) == ()


def _brute(design, n, events):
    """Look for a separating direction on a grid fine enough for three columns of 0 and 1."""
    told_events, told_others = np.zeros(len(n), bool), np.zeros(len(n), bool)
    for direction in itertools.product((-2, -1, 0, 1, 2), repeat=design.shape[1]):
        value = design @ np.array(direction, float)
        if (value[events > 0] >= 0).all() and (value[n > events] <= 0).all():
            told_events |= (events > 0) & (value > 0)
            told_others |= (n > events) & (value < 0)
    return told_events, told_others


@pytest.mark.parametrize("seed", range(25))
def test_what_is_told_is_what_brute_force_finds(seed):
    rng = np.random.default_rng(seed)
    design = np.array([[1, *bits] for bits in itertools.product((0, 1), repeat=3)], float)
    n = rng.integers(0, 4, 8).astype(float)
    events = np.minimum(n, rng.integers(0, 4, 8))
    if not 0 < events.sum() < n.sum():
        return
    found = separation(design, n, events)
    told_events, told_others = _brute(design, n, events)
    assert (found.events == told_events).all()
    assert (found.others == told_others).all()


def test_a_combination_that_no_level_shows_is_found_and_the_rest_is_estimated():
    # Neither column separates alone; together, whoever has both always left.
    design = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1]], float)
    n, events = np.array([100.0, 60, 50, 30]), np.array([20.0, 20, 15, 30])
    found = separation(design, n, events)
    assert found.events.tolist() == [False, False, False, True]
    assert found.columns == (3,)
    rest = fit_binary(design[:3, :3], n[:3], events[:3])
    assert np.exp(rest.coefficients[1]) == pytest.approx((20 / 40) / (20 / 80))


def test_overlap_is_no_separation():
    found = separation([[1, 0], [1, 1]], [10, 10], [1, 9])
    assert not found.is_separated
    assert found.columns == ()
