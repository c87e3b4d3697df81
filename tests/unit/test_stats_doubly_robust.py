"""AIPW on cells: another package, brute force, special cases, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.cell_models import design_columns, fit_logistic, fit_means
from supportlab.stats.doubly_robust import aipw_cells

GOLDEN = Path(__file__).parents[1] / "golden" / "effects_golden.json"
# Two cells of one covariate, both arms: n and events.
DESIGN, ARM = [[0], [0], [1], [1]], [0, 1, 0, 1]
N, HITS = [4000, 1000, 1000, 4000], [400, 200, 300, 1600]


@pytest.fixture(scope="module")
def payments() -> dict[str, np.ndarray]:
    stored = json.loads(GOLDEN.read_text(encoding="utf-8"))["payments"]["rows"]
    return {name: np.array(values) for name, values in stored.items()}


def design(rows: dict[str, np.ndarray]) -> np.ndarray:
    labels = {name: rows[name].astype(str).tolist() for name in ("band", "method", "history")}
    return design_columns(labels, np.ones(rows["local"].size)).matrix


def test_as_doubleml(payments: dict[str, np.ndarray]) -> None:
    peer = json.loads(GOLDEN.read_text(encoding="utf-8"))["payments"]["doubleml"]
    one = np.ones(payments["local"].size)
    effect = aipw_cells(design(payments), payments["local"], one, payments["declined"], trim=0.0)
    found = effect.by_clusters(payments["customer"], one, payments["declined"])
    # Folds are drawn anew in each of its repetitions: a tenth of a standard error is agreement.
    assert effect.estimate == pytest.approx(peer["estimate"], abs=0.1 * peer["error"])
    error = ((found.high or 0.0) - found.estimate) / 1.97
    assert error == pytest.approx(peer["error"], rel=0.05)
    assert abs(effect.naive - peer["estimate"]) > peer["error"]


def test_one_covariate_is_standardisation() -> None:
    effect = aipw_cells(DESIGN, ARM, N, HITS, trim=0.0)
    by_hand = 0.5 * (0.2 - 0.1) + 0.5 * (0.4 - 0.3)
    # The models' weak prior moves the fifth decimal; the augmentation takes it out again.
    assert effect.estimate == pytest.approx(by_hand, abs=2e-5)
    assert (effect.n, effect.n_treated, effect.share_kept) == (10_000, 5_000, 1.0)
    treated = aipw_cells(DESIGN, ARM, N, [400, 200, 300, 2400], estimand="treated", trim=0.0)
    assert treated.estimate == pytest.approx(0.2 * 0.1 + 0.8 * 0.3, abs=1e-4)
    others = aipw_cells(DESIGN, ARM, N, [400, 200, 300, 2400], estimand="untreated", trim=0.0)
    assert others.estimate == pytest.approx(0.8 * 0.1 + 0.2 * 0.3, abs=1e-4)


def test_without_covariates_it_is_the_difference_of_two_means() -> None:
    none = np.zeros((2, 0))
    effect = aipw_cells(none, [0, 1], [500, 300], [50, 60])
    assert effect.estimate == pytest.approx(0.1, abs=1e-12)
    arm = np.repeat([0, 1], [500, 300])
    hit = np.concatenate([np.arange(500) < 50, np.arange(300) < 60]).astype(float)
    rows = aipw_cells(np.zeros((800, 0)), arm, np.ones(800), hit)
    found = rows.by_clusters(np.arange(800), np.ones(800), hit)
    wald = 1.96 * float(np.sqrt(0.1 * 0.9 / 500 + 0.2 * 0.8 / 300))
    assert (found.high or 0) - found.estimate == pytest.approx(wald, rel=0.01)


def test_cells_say_what_their_rows_say(payments: dict[str, np.ndarray]) -> None:
    rows = {name: values[:1200] for name, values in payments.items()}
    columns, one = design(rows), np.ones(1200)
    by_row = aipw_cells(columns, rows["local"], one, rows["declined"])
    key = np.column_stack([columns, rows["local"], rows["customer"]])
    cells, place = np.unique(key, axis=0, return_inverse=True)
    n = np.bincount(place.ravel()).astype(float)
    hits = np.bincount(place.ravel(), rows["declined"])
    by_cell = aipw_cells(cells[:, :-2], cells[:, -2], n, hits)
    assert by_cell.estimate == pytest.approx(by_row.estimate, abs=1e-9)
    first = by_row.by_clusters(rows["customer"], one, rows["declined"])
    second = by_cell.by_clusters(cells[:, -1], n, hits)
    assert (second.low, second.high) == pytest.approx((first.low, first.high), abs=1e-9)


def test_squares_from_an_engine_give_the_same_interval(payments: dict[str, np.ndarray]) -> None:
    one = np.ones(payments["local"].size)
    effect = aipw_cells(design(payments), payments["local"], one, payments["declined"])
    score = effect.intercept + effect.slope * payments["declined"]
    assert score[effect.is_kept].mean() == pytest.approx(0.0, abs=1e-9)
    sums = np.bincount(payments["customer"], score)
    found = effect.from_squares(float(sums @ sums), 350)
    peer = effect.by_clusters(payments["customer"], one, payments["declined"])
    assert found.high == pytest.approx(peer.high, rel=0.01)


@pytest.mark.parametrize("right", ["propensity", "outcome"])
def test_either_model_is_enough(right: str) -> None:
    # One column, straight: the model of the other side would need more.
    rng = np.random.default_rng(5)
    x = rng.integers(0, 4, 60_000)
    chances = {
        "propensity": 1 / (1 + np.exp(1.5 - x)),
        "outcome": np.array([0.1, 0.3, 0.35, 0.9])[x],
    }
    means = {"propensity": np.array([1.0, 4.0, 2.0, 12.0])[x], "outcome": 1.0 + 2.0 * x}
    arm = rng.random(x.size) < chances[right]
    total = means[right] + 0.5 * arm + rng.normal(size=x.size)
    effect = aipw_cells(x[:, None], arm, np.ones(x.size), total, outcome="mean", trim=0.0)
    assert effect.estimate == pytest.approx(0.5, abs=0.04)
    assert abs(effect.naive - 0.5) > 0.5
    if right == "propensity":
        column = x[:, None].astype(float)
        fits = [fit_means(column[p], np.ones(p.sum()), total[p]) for p in (arm, ~arm)]
        one, none = (fit[0] + fit[1] * x for fit in fits)
        assert abs(float(np.mean(one - none)) - 0.5) > 0.1


def test_folds_of_clusters(payments: dict[str, np.ndarray]) -> None:
    one = np.ones(payments["local"].size)
    arguments = (design(payments), payments["local"], one, payments["declined"])
    whole = aipw_cells(*arguments)
    folded = aipw_cells(*arguments, fold=payments["customer"] % 5)
    assert folded.estimate != whole.estimate
    assert folded.estimate == pytest.approx(whole.estimate, abs=0.003)


def test_overlap_is_enforced() -> None:
    # In the second cell hardly anybody is untreated; in the third nobody is.
    matrix = [[0, 0], [0, 0], [1, 0], [1, 0], [0, 1]]
    n, hits = [500, 500, 3, 2000, 700], [50, 100, 3, 100, 70]
    effect = aipw_cells(matrix, [0, 1, 0, 1, 1], n, hits)
    assert effect.is_kept.tolist() == [True, True, False, False, False]
    assert effect.estimate == pytest.approx(0.1, abs=1e-3)
    assert effect.share_kept == pytest.approx(1000 / 3703)
    stratum = aipw_cells(matrix, [0, 1, 0, 1, 1], n, hits, stratum=[0, 0, 1, 1, 2], trim=0.0)
    assert stratum.is_kept.tolist() == [True, True, True, True, False]


def test_refusals() -> None:
    with pytest.raises(NotEstimable, match="each arm needs at least 30"):
        aipw_cells([[0], [1]], [0, 1], [500, 0], [50, 0])
    with pytest.raises(NotEstimable, match="12 treated rows and 500 others"):
        aipw_cells([[0], [0]], [0, 1], [500, 12], [50, 2])
    with pytest.raises(ParameterError, match="total is above n in 1 cell"):
        aipw_cells(DESIGN, ARM, N, [9000, 1, 1, 1])
    with pytest.raises(ParameterError, match=r"trim came as 0\.7"):
        aipw_cells(DESIGN, ARM, N, HITS, trim=0.7)
    with pytest.raises(ParameterError, match="estimand came as 'some'"):
        aipw_cells(DESIGN, ARM, N, HITS, estimand="some")  # type: ignore[arg-type]
    with pytest.raises(NotEstimable, match="There is 1 cluster"):
        aipw_cells(DESIGN, ARM, N, HITS).from_squares(1.0, 1)


def test_design_merges_small_levels() -> None:
    labels = {"brand": ["visa", "pix", "x", "y", "visa"]}
    found = design_columns(labels, [500, 200, 30, 30, 100])
    assert found.names == ("brand=pix", "brand=(small)")
    assert found.merged == {"brand": ("x", "y")}
    assert design_columns(labels, [500, 200, 3, 3, 100]).names == ("brand=pix",)
    with pytest.raises(ParameterError, match="has 5 values for 2 cells"):
        design_columns(labels, [1, 2])


def test_models_on_cells() -> None:
    from statsmodels.api import GLM, families

    rng = np.random.default_rng(3)
    matrix = rng.integers(0, 2, (40, 3)).astype(float)
    n = rng.integers(200, 900, 40).astype(float)
    hits = rng.binomial(n.astype(int), 0.1 + 0.2 * matrix[:, 0]).astype(float)
    full = np.column_stack([np.ones(40), matrix])
    peer = GLM(np.column_stack([hits, n - hits]), full, family=families.Binomial()).fit()
    assert fit_logistic(matrix, n, hits) == pytest.approx(peer.params, abs=2e-3)
    separated = fit_logistic(np.array([[0.0], [1.0]]), np.array([50.0, 50.0]), np.array([0.0, 50]))
    assert np.all(np.isfinite(separated))
    means = fit_means(matrix, n, hits)
    weighted = np.linalg.lstsq(full * np.sqrt(n)[:, None], hits / n * np.sqrt(n), rcond=None)[0]
    assert means == pytest.approx(weighted)
