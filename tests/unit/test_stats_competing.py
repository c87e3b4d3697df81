"""Survival with delayed entry and incidence by cause, against brute force and statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportlab.errors import NotEstimable
from supportlab.stats.competing import cumulative_incidence, delayed_kaplan_meier
from supportlab.stats.incidence_intervals import incidence_at, incidence_band
from supportlab.stats.survival import kaplan_meier

# One person: enters, stays at least a day, ends as censored (0) or by a cause.
PEOPLE = st.lists(
    st.tuples(st.integers(0, 8), st.integers(1, 9), st.sampled_from([0, 1, 2])),
    min_size=4,
    max_size=40,
)


def tabled(people: list[tuple[int, int, int]]) -> tuple:
    times = np.arange(0, 20)
    ends = [(entry + stay, cause) for entry, stay, cause in people]
    entered = [sum(entry == time for entry, _, _ in people) for time in times]
    by = {
        cause: [sum(end == (time, cause) for end in ends) for time in times] for cause in (0, 1, 2)
    }
    return times, entered, {"a": by[1], "b": by[2]}, by[0]


def by_hand(people: list[tuple[int, int, int]], until: float, cause: int) -> float:
    """Walk through the times: still there, times the share that ends by the cause."""
    still, found = 1.0, 0.0
    for time in sorted({entry + stay for entry, stay, kind in people if kind}):
        if time > until:
            break
        at_risk = sum(entry < time <= entry + stay for entry, stay, _ in people)
        ends = [kind for entry, stay, kind in people if entry + stay == time and kind]
        found += still * ends.count(cause) / at_risk
        still *= 1 - len(ends) / at_risk
    return found


@given(PEOPLE)
def test_incidence_is_that_of_the_walk_through_the_times(
    people: list[tuple[int, int, int]],
) -> None:
    times, entered, events, censored = tabled(people)
    if not any(kind for _, _, kind in people):
        with pytest.raises(NotEstimable):
            cumulative_incidence(times, entered, events, censored)
        return
    found = cumulative_incidence(times, entered, events, censored)
    for name, cause in (("a", 1), ("b", 2)):
        one = found[name]
        wanted = [by_hand(people, time, cause) for time in one.times]
        assert one.incidence.tolist() == pytest.approx(wanted)
        low, high = incidence_band(one)
        assert (low <= one.incidence + 1e-12).all()
        assert (high >= one.incidence - 1e-12).all()
        assert (one.alone >= one.incidence - 1e-12).all()
    both = np.add(*(one.incidence for one in found.values()))
    every = np.add(events["a"], events["b"])
    curve = delayed_kaplan_meier(times, entered, every, censored)
    assert both == pytest.approx(1 - curve.survival)


def crowd(seed: int, n: int = 400) -> tuple:
    rng = np.random.default_rng(seed)
    entry = np.where(rng.random(n) < 0.5, 0, rng.integers(0, 20, n))
    end = rng.integers(1, 60, n)
    kept = end > entry
    cause = rng.choice([0, 1, 2], n, p=[0.3, 0.45, 0.25])
    return entry[kept], end[kept], cause[kept]


def counted(entry: np.ndarray, end: np.ndarray, cause: np.ndarray) -> tuple:
    times = np.arange(0, 61)
    entered = np.bincount(entry, minlength=61)
    by = [np.bincount(end[cause == kind], minlength=61) for kind in (0, 1, 2)]
    return times, entered, {"a": by[1], "b": by[2]}, by[0]


def test_delayed_survival_is_that_of_statsmodels() -> None:
    from statsmodels.duration.survfunc import SurvfuncRight

    entry, end, cause = crowd(1)
    times, entered, events, censored = counted(entry, end, cause)
    curve = delayed_kaplan_meier(times, entered, events["a"] + events["b"], censored)
    # There, who enters at a time is at risk at it; here, after it.
    peer = SurvfuncRight(end, (cause > 0).astype(int), entry=entry + 0.5)
    assert curve.survival.tolist() == pytest.approx(peer.surv_prob.tolist())
    error = np.sqrt(curve.variance) * curve.survival
    inside = np.isfinite(error)
    assert error[inside].tolist() == pytest.approx(peer.surv_prob_se[inside].tolist())


def test_without_delay_it_is_kaplan_meier() -> None:
    _, end, cause = crowd(2)
    times, entered, events, censored = counted(np.zeros_like(end), end, cause)
    every = events["a"] + events["b"]
    delayed, plain = (
        delayed_kaplan_meier(times, entered, every, censored),
        kaplan_meier(times, every, censored),
    )
    assert delayed.survival.tolist() == pytest.approx(plain.survival.tolist())
    assert delayed.variance[:-1].tolist() == pytest.approx(plain.variance[:-1].tolist())


def test_incidence_is_that_of_statsmodels() -> None:
    from statsmodels.duration.survfunc import CumIncidenceRight

    _, end, cause = crowd(3)
    found = cumulative_incidence(*counted(np.zeros_like(end), end, cause))
    peer = CumIncidenceRight(end, cause)
    for number, name in enumerate(("a", "b")):
        place = np.searchsorted(peer.times, found[name].times)
        assert found[name].incidence.tolist() == pytest.approx(peer.cinc[number][place].tolist())


def test_one_cause_has_greenwood_variance() -> None:
    _, end, cause = crowd(4)
    times, entered, events, censored = counted(np.zeros_like(end), end, cause)
    one = cumulative_incidence(times, entered, {"a": events["a"]}, censored + events["b"])["a"]
    curve = kaplan_meier(times, events["a"], censored + events["b"])
    greenwood = curve.variance * curve.survival**2
    assert one.variance[:-1].tolist() == pytest.approx(greenwood[:-1].tolist())


def test_covers_the_truth_and_one_minus_kaplan_meier_does_not() -> None:
    """Two constant hazards; half are seen from the start, half enter late."""
    rng = np.random.default_rng(7)
    first, second, until, runs = 0.03, 0.02, 25.0, 300
    truth = first / (first + second) * (1 - math.exp(-(first + second) * until))
    inside = naive = 0
    for _ in range(runs):
        entry = np.where(rng.random(700) < 0.5, 0.0, rng.uniform(0, 15, 700))
        end = rng.exponential(1 / (first + second), 700)
        entry, end = entry[end > entry], end[end > entry]
        kind = np.where(end > 40, 0, 1 + (rng.random(end.size) < second / (first + second)))
        end = np.minimum(end, 40.0)
        none = np.zeros(entry.size)
        ends = [np.concatenate([none, kind == cause]) for cause in (0, 1, 2)]
        one = cumulative_incidence(
            np.concatenate([entry, end]),
            np.concatenate([none + 1, none]),
            {"a": ends[1], "b": ends[2]},
            ends[0],
        )["a"]
        found = incidence_at(one, until)
        inside += found.low <= truth <= found.high
        naive += found.low <= one.alone[np.searchsorted(one.times, until) - 1] <= found.high
    # Binomial band around 95 % at 300 runs.
    assert 0.92 <= inside / runs <= 0.98
    assert naive == 0


def test_more_ends_than_entries_are_refused() -> None:
    with pytest.raises(NotEstimable, match="under observation"):
        delayed_kaplan_meier([1, 2], [1, 5], [1, 0], [0, 1])


def test_beyond_observation_is_refused() -> None:
    one = cumulative_incidence([0, 3], [9, 0], {"a": [0, 4]}, [0, 5])["a"]
    with pytest.raises(NotEstimable, match="ends at 3"):
        incidence_at(one, 4)
