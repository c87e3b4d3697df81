"""Channels compared on cells, mixes and associations, against packages, brute force and cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats.contingency import association

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.answered_effects import answered_effect
from supportlab.stats.association import CellMoments, cramers_v, independent_moments
from supportlab.stats.cell_models import design_columns, fit_logistic
from supportlab.stats.channel_effects import ChannelEffect, Pair, channel_effect, pair_of
from supportlab.stats.channel_overlap import Target, pair_overlap
from supportlab.stats.doubly_robust import aipw_cells
from supportlab.stats.factor_cells import (
    factor_codes,
    fit_factor_logistic,
    fit_factor_means,
    fit_shares,
)
from supportlab.stats.mix import mix_change

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "channels_golden.json"


@pytest.fixture(scope="module")
def stored() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(GOLDEN.read_text())
    return found


@pytest.fixture(scope="module")
def rows(stored: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.array(values) for name, values in stored["rows"].items()}


def hot(rows: dict[str, np.ndarray], value: np.ndarray | None = None) -> np.ndarray:
    found = np.zeros((rows["channel"].size, 3))
    found[np.arange(len(found)), rows["channel"]] = 1.0 if value is None else value
    return found


def pair(rows: dict[str, np.ndarray], place: int, target: Target = "reference") -> Pair:
    labels = {name: rows[name].astype(str).tolist() for name in ("topic", "amount")}
    factors = factor_codes(labels, np.ones(rows["channel"].size))
    counts = hot(rows)
    return pair_of(factors, counts, fit_shares(factors, counts), place, 0, target=target)


def effect(rows: dict[str, np.ndarray], place: int, target: Target = "reference") -> ChannelEffect:
    return channel_effect(pair(rows, place, target), hot(rows), hot(rows, rows["fcr"]))


def sides(rows: dict[str, np.ndarray], place: int) -> list[np.ndarray]:
    return [one[:, [place, 0], None] for one in (hot(rows), hot(rows, rows["fcr"]))]


@pytest.mark.parametrize(("place", "name"), [(1, "email"), (2, "chat")])
@pytest.mark.parametrize(("target", "score"), [("both", "ATE"), ("reference", "ATTE")])
def test_effects_agree_with_doubleml(
    stored: dict[str, Any], rows: dict[str, np.ndarray], place: int, name: str, target: Target,
    score: str,
) -> None:  # fmt: skip
    theirs = stored["doubleml"][name][score]
    found = effect(rows, place, target).by_clusters(rows["agent"], sides(rows, place))
    error = (found.high - found.low) / 2 / 2.0
    assert found.estimate == pytest.approx(theirs["estimate"], abs=0.25 * theirs["error"])
    assert error == pytest.approx(theirs["error"], rel=0.15)


def test_propensities_agree_with_statsmodels(
    stored: dict[str, Any], rows: dict[str, np.ndarray]
) -> None:
    labels = {name: rows[name].astype(str).tolist() for name in ("topic", "amount")}
    factors = factor_codes(labels, np.ones(rows["channel"].size))
    ours = fit_shares(factors, hot(rows))
    theirs = np.array(stored["statsmodels"]["shares"])
    assert np.abs(ours[: len(theirs)] - theirs).max() < 2e-3
    for place, name in ((1, "email"), (2, "chat")):
        weighted = stored["statsmodels"][name]
        assert effect(rows, place).estimate == pytest.approx(weighted, abs=0.012)


def test_two_kinds_are_the_two_armed_estimator(rows: dict[str, np.ndarray]) -> None:
    kept = rows["channel"] < 2
    part = {name: values[kept] for name, values in rows.items()}
    labels = {name: part[name].astype(str).tolist() for name in ("topic", "amount")}
    one = np.ones(kept.sum())
    design = design_columns(labels, one)
    for target, estimand in (("both", "all"), ("reference", "untreated"), ("channel", "treated")):
        ours = effect(part, 1, target)
        theirs = aipw_cells(
            design.matrix, part["channel"] == 1, one, part["fcr"], estimand=estimand
        )
        assert ours.estimate == pytest.approx(theirs.estimate, abs=1e-6)
        mine = ours.by_clusters(part["agent"], sides(part, 1))
        other = theirs.by_clusters(part["agent"], one, part["fcr"])
        assert mine.high == pytest.approx(other.high, abs=2e-3)


def test_without_labels_it_is_the_plain_difference(rows: dict[str, np.ndarray]) -> None:
    factors = factor_codes({}, np.ones(rows["channel"].size))
    counts = hot(rows)
    two = pair_of(factors, counts, fit_shares(factors, counts), 2, 0)
    found = channel_effect(two, counts, hot(rows, rows["fcr"]))
    means = [rows["fcr"][rows["channel"] == place].mean() for place in (2, 0)]
    assert found.estimate == pytest.approx(means[0] - means[1], abs=1e-6)
    assert found.naive == pytest.approx(means[0] - means[1])


def test_a_saturated_label_is_standardisation_by_hand() -> None:
    n = np.array([[300.0, 60.0], [100.0, 240.0]])
    hits = np.array([[150.0, 36.0], [80.0, 180.0]])
    factors = factor_codes({"topic": ["a", "b"]}, n.sum(axis=1))
    two = pair_of(factors, n, fit_shares(factors, n), 1, 0)
    rates = hits / n
    weight = n[:, 0] / n[:, 0].sum()
    by_hand = float(weight @ (rates[:, 1] - rates[:, 0]))
    assert channel_effect(two, n, hits).estimate == pytest.approx(by_hand, abs=2e-4)


def test_squares_from_an_engine_are_those_of_rows(rows: dict[str, np.ndarray]) -> None:
    found = effect(rows, 1)
    parts = sides(rows, 1)
    influence = sum(
        (found.terms[:, :, :, i] * part).sum(axis=(1, 2)) for i, part in enumerate(parts)
    )
    assert abs(float(np.sum(influence))) < 1e-6
    by_agent = np.bincount(rows["agent"], influence)
    ours = found.from_squares(float(by_agent @ by_agent), 60, 60.0)
    assert ours.high == pytest.approx(found.by_clusters(rows["agent"], parts).high, abs=2e-3)


def test_when_everybody_answers_answers_are_outcomes(rows: dict[str, np.ndarray]) -> None:
    state = np.stack([rows["topic"] < 2, rows["topic"] >= 2], axis=1).astype(float)
    counts = hot(rows)[:, :, None] * state[:, None, :]
    good = counts * rows["fcr"][:, None, None]
    found = answered_effect(pair(rows, 1), counts, counts, good)
    plain = effect(rows, 1)
    assert found.effect.estimate == pytest.approx(plain.estimate, abs=2e-3)
    assert (found.lowest, found.highest) == pytest.approx((found.unweighted, found.unweighted))
    assert found.shifted(-0.3, 0.2) == pytest.approx(found.effect.estimate, abs=1e-6)


def test_silent_customers_widen_the_bounds(rows: dict[str, np.ndarray]) -> None:
    heard = (np.arange(rows["fcr"].size) % 4 == 0).astype(float)
    counts = hot(rows)[:, :, None]
    answered = counts * heard[:, None, None]
    found = answered_effect(pair(rows, 1), counts, answered, answered * rows["fcr"][:, None, None])
    assert found.highest - found.lowest == pytest.approx(1.5, abs=0.05)
    assert found.lowest < found.effect.estimate < found.highest
    assert found.shifted(0.1, 0.0) - found.effect.estimate == pytest.approx(0.075, abs=0.01)
    with pytest.raises(NotEstimable, match="answers"):
        answered_effect(pair(rows, 1), counts, 0 * answered, 0 * answered)


@pytest.mark.parametrize(
    ("n", "chance", "words"),
    [
        ((40.0, 900.0), 0.5, "40 tickets against 900"),
        ((400.0, 900.0), 0.001, "only 0 % of the tickets"),
    ],
)
def test_too_little_overlap_is_refused(n: tuple[float, float], chance: float, words: str) -> None:
    found = pair_overlap(np.array([chance]), np.array([n[0]]), np.array([n[1]]))
    with pytest.raises(NotEstimable, match=words):
        found.refuse()


def test_few_tickets_that_speak_for_many_are_refused() -> None:
    chance = np.array([0.99, 0.025])
    found = pair_overlap(chance, np.array([400.0, 2.0]), np.array([4.0, 78.0 * 10]))
    with pytest.raises(NotEstimable, match="of equal weight"):
        found.refuse()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_and_splitting_of_rows_do_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, 3, 40).astype(str)
    counts = rng.integers(5, 60, (40, 3)).astype(float)
    hits = rng.binomial(counts.astype(int), 0.6).astype(float)
    order = rng.permutation(40)

    def found(topic: np.ndarray, counts: np.ndarray, hits: np.ndarray) -> float:
        factors = factor_codes({"topic": topic.tolist()}, counts.sum(axis=1))
        two = pair_of(factors, counts, fit_shares(factors, counts), 1, 0)
        return channel_effect(two, counts, hits).estimate

    whole = found(topic, counts, hits)
    assert found(topic[order], counts[order], hits[order]) == pytest.approx(whole, abs=1e-7)
    halves = np.concatenate([topic, topic]), np.concatenate([counts, counts]) / 2
    assert found(*halves, np.concatenate([hits, hits]) / 2) == pytest.approx(whole, abs=1e-7)


def test_fits_on_codes_are_fits_on_columns() -> None:
    rng = np.random.default_rng(5)
    labels = {"a": rng.integers(0, 4, 60).astype(str), "b": rng.integers(0, 3, 60).astype(str)}
    n = rng.integers(20, 90, 60).astype(float)
    hits = rng.binomial(n.astype(int), 0.4).astype(float)
    factors = factor_codes({name: list(one) for name, one in labels.items()}, n)
    design = design_columns({name: list(one) for name, one in labels.items()}, n)
    beta = fit_logistic(design.matrix, n, hits)
    theirs = 1 / (1 + np.exp(-(beta[0] + design.matrix @ beta[1:])))
    assert np.abs(fit_factor_logistic(factors, n, hits) - theirs).max() < 1e-6
    full = np.column_stack([np.ones(60), design.matrix])
    by_hand = full @ np.linalg.lstsq(full * np.sqrt(n)[:, None], hits / np.sqrt(n), rcond=None)[0]
    assert np.abs(fit_factor_means(factors, n, hits) - by_hand).max() < 1e-8
    with pytest.raises(ParameterError, match="has 2 values"):
        factor_codes({"a": ["x", "y"]}, n)


def test_small_levels_stand_together() -> None:
    found = factor_codes({"a": ["x", "y", "u", "v"]}, [500, 300, 30, 40])
    assert found.names == ("a=y", "a=(small)")
    assert found.merged["a"] == ("u", "v")


def _drawn_mix(rng: np.random.Generator) -> list[np.ndarray]:
    n = [rng.integers(5, 60, (25, 4)).astype(float) for _ in range(2)]
    hits = [rng.binomial(one.astype(int), 0.7).astype(float) for one in n]
    return [n[0], hits[0], n[1], hits[1]]


def test_mix_and_within_add_up_and_vary_as_a_jackknife_says() -> None:
    tables = _drawn_mix(np.random.default_rng(2))
    found = mix_change(*tables)
    rate = [hit.sum() / n.sum() for n, hit in ((tables[0], tables[1]), (tables[2], tables[3]))]
    assert found.total.estimate == pytest.approx(rate[1] - rate[0], abs=1e-14)
    assert found.mix_by_group.sum() == pytest.approx(found.mix.estimate, abs=1e-14)
    left = [mix_change(*[np.delete(one, k, axis=0) for one in tables]) for k in range(25)]
    for part in ("mix", "within", "total"):
        values = np.array([getattr(one, part).estimate for one in left])
        by_hand = np.sqrt(24 / 25 * ((values - values.mean()) ** 2).sum())
        one = getattr(found, part)
        assert (one.high - one.low) / 2 / 2.06 == pytest.approx(by_hand, rel=0.1)


def test_mix_of_special_cases() -> None:
    n = np.array([[50.0, 50.0], [50.0, 50.0]])
    same = mix_change(n, 0.5 * n, n, 0.7 * n)
    assert same.mix.estimate == 0.0
    assert same.within.estimate == pytest.approx(0.2)
    # A channel that only the second period has differs in share, not in rate.
    gone = np.array([[100.0, 0.0], [100.0, 0.0]])
    new = mix_change(gone, 0.5 * gone, n, n * [0.5, 0.9])
    assert new.mix.estimate == pytest.approx(0.2)
    assert new.within.estimate == pytest.approx(0.0)
    with pytest.raises(NotEstimable, match="no rows"):
        mix_change(0 * n, 0 * n, n, n)
    with pytest.raises(ParameterError, match="shapes"):
        mix_change(n, n, n, n[:, :1])


def test_association_of_independent_rows_is_the_published_one() -> None:
    table = np.array([[120.0, 80.0, 30.0], [60.0, 90.0, 70.0]])
    found = cramers_v(independent_moments(table))
    n, phi2 = table.sum(), association(table.astype(int), method="cramer") ** 2
    assert found.plain == pytest.approx(np.sqrt(phi2), abs=1e-9)
    sides = [side - (side - 1) ** 2 / (n - 1) for side in table.shape]
    bergsma = np.sqrt(max(0.0, phi2 - 2 / n) / (min(sides) - 1))
    assert found.estimate == pytest.approx(bergsma, rel=2e-3)
    assert found.low < found.estimate < found.high


def test_rows_that_come_twice_count_once() -> None:
    table = np.array([[54.0, 46.0], [46.0, 54.0]])
    once = cramers_v(independent_moments(table))
    across, down = table.sum(axis=1), table.sum(axis=0)
    twice = CellMoments(
        2 * table, 4 * table, 4 * table, 4 * table.sum(), 200, 4 * across, 4 * down, 4 * across,
        4 * down,
    )  # fmt: skip
    found = cramers_v(twice)
    # Under independence the design effect is 2; with an association it is close to it.
    assert found.design_effect == pytest.approx(2.0, rel=0.05)
    assert found.p_value == pytest.approx(once.p_value, rel=0.05)
    with pytest.raises(NotEstimable, match="one level"):
        cramers_v(independent_moments([[3.0, 4.0]]))
    with pytest.raises(ParameterError, match="counts"):
        independent_moments([[-1.0, 4.0]])
