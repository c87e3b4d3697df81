"""Discrete-time hazards: statsmodels, rows against cells, brute force, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.hazard_design import collapse, hazard_design
from supportlab.stats.hazard_tests import joint_test
from supportlab.stats.hazards import HazardFit, fit_hazard, hazard_ratio


def _months(seed: int = 1, n: int = 4000) -> dict[str, np.ndarray]:
    """Customer-months with a market, a month, service and who left; 10 months a customer."""
    rng = np.random.default_rng(seed)
    customer = np.repeat(np.arange(n // 10), 10)
    market = np.array(["AA", "BB", "CC"])[rng.integers(0, 3, n // 10)][customer]
    slow, again = rng.integers(0, 2, n), (rng.random(n) < 0.2).astype(int)
    hazard = 0.05 * np.exp(0.5 * slow + 0.3 * again + 0.4 * (market == "BB"))
    left = (rng.random(n) < 1 - np.exp(-hazard)).astype(float)
    return {"customer": customer, "market": market, "slow": slow, "again": again, "left": left}


def _fit(rows: dict[str, np.ndarray], **options: object) -> HazardFit:
    n = np.ones(rows["left"].size)
    numbers = {"slow": rows["slow"], "again": rows["again"]}
    design = hazard_design({"market": rows["market"]}, numbers, rows["left"], n)
    return fit_hazard(design, n, rows["left"], **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("link", ["cloglog", "poisson"])
def test_coefficients_and_errors_are_those_of_statsmodels(link: str) -> None:
    rows = _months()
    fit = _fit(rows, link=link)
    n = np.ones(rows["left"].size)
    numbers = {"slow": rows["slow"], "again": rows["again"]}
    matrix = hazard_design({"market": rows["market"]}, numbers, rows["left"], n).matrix()
    family = (
        sm.families.Binomial(sm.families.links.CLogLog())
        if link == "cloglog"
        else sm.families.Poisson()
    )
    peer = sm.GLM(rows["left"], matrix, family=family).fit(tol=1e-12, maxiter=100)
    assert fit.coefficients == pytest.approx(peer.params, abs=1e-6)
    assert np.sqrt(np.diag(fit.model_covariance)) == pytest.approx(peer.bse, rel=1e-5)
    assert fit.names == ("(intercept)", *fit.names[1:3], "slow", "again")
    assert (fit.n, fit.n_events) == (4000, int(rows["left"].sum()))


def test_cells_give_what_their_rows_give() -> None:
    rows = _months()
    whole = _fit(rows, cluster=rows["customer"])
    keys = [rows["market"], rows["slow"].astype(str), rows["again"].astype(str)]
    keys.append(rows["customer"].astype(str))
    labels = np.array(["|".join(key) for key in zip(*keys, strict=True)])
    _, first, place = np.unique(labels, return_index=True, return_inverse=True)
    n, events = np.bincount(place).astype(float), np.bincount(place, weights=rows["left"])
    numbers = {"slow": rows["slow"][first], "again": rows["again"][first]}
    design = hazard_design({"market": rows["market"][first]}, numbers, events, n)
    cells = fit_hazard(design, n, events, cluster=rows["customer"][first])
    assert first.size < 3000
    assert cells.n_cells == whole.n_cells == 12
    assert cells.coefficients == pytest.approx(whole.coefficients, abs=1e-10)
    assert cells.covariance == pytest.approx(whole.covariance, rel=1e-9)
    assert cells.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-12)


def test_a_saturated_table_gives_the_ratio_of_its_own_hazards() -> None:
    n, events = np.array([800.0, 300.0]), np.array([40.0, 33.0])
    fit = fit_hazard(hazard_design({}, {"slow": [0, 1]}, events, n), n, events)
    by_hand = np.log1p(-33 / 300) / np.log1p(-40 / 800)
    assert hazard_ratio(fit, "slow").estimate == pytest.approx(by_hand, rel=1e-9)
    rate = fit_hazard(hazard_design({}, {"slow": [0, 1]}, events, n), n, events, link="poisson")
    assert hazard_ratio(rate, "slow").estimate == pytest.approx((33 / 300) / (40 / 800))
    # The textbook variance of a log rate ratio is the sum of the inverse counts.
    assert rate.model_covariance[1, 1] == pytest.approx(1 / 33 + 1 / 40)


def test_the_variance_of_single_row_clusters_is_the_robust_one_of_statsmodels() -> None:
    """With each row its own cluster, CR2 is HC2 up to the leverage of a row."""
    rows = _months(n=2000)
    fit = _fit(rows, cluster=np.arange(2000), n_groups=2000)
    n = np.ones(2000)
    numbers = {"slow": rows["slow"], "again": rows["again"]}
    matrix = hazard_design({"market": rows["market"]}, numbers, rows["left"], n).matrix()
    link = sm.families.links.CLogLog()
    peer = sm.GLM(rows["left"], matrix, family=sm.families.Binomial(link)).fit(cov_type="HC0")
    ratio = np.sqrt(np.diag(fit.covariance)) / peer.bse
    assert ((ratio > 1.0) & (ratio < 1.02)).all()


def test_groups_of_customers_give_the_variance_of_the_customers() -> None:
    """Mean over seeds: grouping adds noise to a variance, and no bias."""
    ratios = []
    for seed in range(12):
        rows = _months(seed)
        each = _fit(rows, cluster=rows["customer"], n_groups=400)
        dealt = _fit(rows, cluster=rows["customer"], n_groups=50)
        assert (each.n_groups, dealt.n_groups, dealt.n_clusters) == (400, 50, 400)
        ratios.append(np.diag(dealt.covariance) / np.diag(each.covariance))
    assert np.mean(ratios, axis=0) == pytest.approx(np.ones(5), abs=0.12)


def test_doubling_every_customer_does_not_double_the_evidence() -> None:
    rows = _months()
    twice = {name: np.concatenate([values, values]) for name, values in rows.items()}
    one, two = (_fit(item, cluster=item["customer"], n_groups=400) for item in (rows, twice))
    assert two.covariance == pytest.approx(one.covariance, rel=0.02)
    assert two.model_covariance == pytest.approx(one.model_covariance / 2, rel=1e-6)


def test_a_ratio_of_two_columns_is_the_product_of_their_ratios() -> None:
    fit = _fit(_months())
    both = hazard_ratio(fit, {"slow": 1.0, "again": 1.0})
    single = [hazard_ratio(fit, name).estimate for name in ("slow", "again")]
    assert both.estimate == pytest.approx(single[0] * single[1])


def test_p_values_agree_with_intervals_and_with_the_joint_test() -> None:
    rows = _months()
    fit = _fit(rows, cluster=rows["customer"])
    found = hazard_ratio(fit, "again")
    edge = hazard_ratio(fit, "again", 1.0 - found.p_value)
    assert min(abs(edge.low - 1.0), abs(edge.high - 1.0)) < 1e-6
    alone = _fit(rows)
    wald = joint_test(alone, ["again"])
    assert wald.p_value == pytest.approx(hazard_ratio(alone, "again").p_value)
    assert joint_test(fit, ["slow", "again"]).p_value < 0.01


def test_rare_levels_are_put_together_and_named() -> None:
    labels = ["big", "mid", "one", "two", "six"]
    n, events = np.array([5000.0, 900, 40, 60, 70]), np.array([90.0, 30, 6, 8, 16])
    design = hazard_design({"market": labels}, {}, events, n)
    assert design.names[1:] == ("market=mid", "market=(few)", "market=six")
    assert design.pooled == ("market=one", "market=two")
    # Too few even together, they go with the largest.
    design = hazard_design({"market": labels}, {}, np.array([90.0, 30, 1, 0, 16]), n)
    assert design.names[1:] == ("market=mid", "market=six")
    assert design.references == {"market": "big"}
    assert fit_hazard(design, n, np.array([90.0, 30, 1, 0, 16])).pooled == design.pooled


def test_collapsing_counts_every_row_once_even_with_many_columns() -> None:
    rng = np.random.default_rng(2)
    factors = {f"f{k}": rng.integers(0, 40, 600).astype(str) for k in range(14)}
    n, events = np.ones(600), (rng.random(600) < 0.5).astype(float)
    many = {name: np.tile(labels, 2) for name, labels in factors.items()}
    design = hazard_design(many, {}, np.tile(events, 2), np.tile(n, 2))
    cells = collapse(design, np.tile(events, 2), np.tile(n, 2))
    assert (cells.n.size, cells.n.sum(), set(cells.n)) == (600, 1200.0, {2.0})
    assert (cells.place[:600] == cells.place[600:]).all()


@pytest.mark.parametrize(
    ("slow", "again", "events", "words"),
    [
        ([0, 1, 0, 1], [0, 0, 1, 1], [0, 9, 0, 8], "without slow"),
        ([0, 1, 0, 1], [0, 0, 1, 1], [9, 0, 8, 0], "with slow"),
        ([0, 1, 0, 1], [0, 1, 0, 1], [9, 5, 8, 7], "others determine"),
        ([0, 0, 0, 0], [0, 0, 1, 1], [9, 5, 8, 7], "zero in every"),
        ([0, 1, 0, 1], [0, 0, 1, 1], [0, 0, 0, 0], "both kinds"),
        # Nobody leaves with exactly one of the two: no column alone tells, their mixture does.
        ([0, 1, 0, 1], [0, 0, 1, 1], [0, 9, 9, 50], "runs away"),
    ],
)
def test_what_has_no_finite_answer_is_refused_with_the_reason(
    slow: list[int], again: list[int], events: list[float], words: str
) -> None:
    n = np.full(4, 50.0)
    with pytest.raises(NotEstimable, match=words):
        fit_hazard(hazard_design({}, {"slow": slow, "again": again}, events, n), n, events)


def test_misuse_is_named() -> None:
    n, events = np.array([10.0, 10.0]), np.array([2.0, 3.0])
    design = hazard_design({}, {"slow": [0, 1]}, events, n)
    with pytest.raises(ParameterError, match="link"):
        fit_hazard(design, n, events, link="logit")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="above n"):
        fit_hazard(design, n, np.array([2.0, 11.0]))
    with pytest.raises(ParameterError, match="no column"):
        hazard_ratio(fit_hazard(design, n, events), "fast")
    with pytest.raises(ParameterError, match="per row"):
        fit_hazard(design, n, events, cluster=[1])
    with pytest.raises(NotEstimable, match="1 cluster"):
        fit_hazard(design, n, events, cluster=["a", "a"])
    with pytest.raises(ParameterError, match="twice"):
        hazard_design({}, {"slow": [0, 1], "(intercept)": [1, 0]}, events, n)
    with pytest.raises(ParameterError, match="plan has 3"):
        hazard_design({"plan": ["a", "b", "c"]}, {}, events, n)
