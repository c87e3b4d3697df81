"""Cox with covariates that change: stored lifelines output, a published result, special cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.cox import CoxFit, fit_cox
from supportlab.stats.cox_proportionality import proportionality
from supportlab.stats.hazard_design import hazard_design
from supportlab.stats.hazards import fit_hazard

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "golden" / "lifelines_hazards.json").read_text(encoding="utf-8")
)


def _time_varying(cluster: bool = False) -> CoxFit:
    rows = {name: np.array(values) for name, values in GOLDEN["time_varying"]["rows"].items()}
    matrix = np.column_stack([rows["slow"], rows["plan"]])
    customer = rows["customer"] if cluster else None
    return fit_cox(["slow", "plan"], matrix, rows["entry"], rows["exit"], rows["left"], customer)


def _rearrest(cluster: np.ndarray | None = None) -> CoxFit:
    rows = GOLDEN["drift"]["rows"]
    names = GOLDEN["drift"]["names"]
    matrix = np.column_stack([rows[name] for name in names])
    return fit_cox(names, matrix, np.zeros(len(matrix)), rows["week"], rows["arrest"], cluster)


def test_time_varying_fit_is_that_of_lifelines() -> None:
    found = _time_varying()
    assert found.coefficients == pytest.approx(GOLDEN["time_varying"]["coefficients"], abs=1e-6)
    errors = np.sqrt(np.diag(found.model_covariance))
    assert errors == pytest.approx(GOLDEN["time_varying"]["errors"], rel=1e-5)


def test_covariance_by_cluster_is_that_of_lifelines() -> None:
    """Four by four as they stand in the file; lifelines spreads Efron's ties over residuals."""
    cluster = np.arange(432) // 4
    errors = np.sqrt(np.diag(_rearrest(cluster).covariance) * 107 / 108)
    assert errors == pytest.approx(GOLDEN["drift"]["clustered_errors"], rel=0.05)


def test_covariance_with_late_entry_is_that_of_a_double_loop() -> None:
    """lifelines' own residuals do not heed entries, so the definition is summed by hand."""
    rows = {name: np.array(values) for name, values in GOLDEN["time_varying"]["rows"].items()}
    found = _time_varying(cluster=True)
    matrix = np.column_stack([rows["slow"], rows["plan"]]).astype(float)
    weight = np.exp(matrix @ found.coefficients)
    parts = np.zeros_like(matrix)
    for time in np.unique(rows["exit"][rows["left"] == 1]):
        at_risk = (rows["entry"] < time) & (rows["exit"] >= time)
        died = (rows["exit"] == time) & (rows["left"] == 1)
        mean = weight[at_risk] @ matrix[at_risk] / weight[at_risk].sum()
        spent = at_risk * weight * died.sum() / weight[at_risk].sum()
        parts += (died - spent)[:, None] * (matrix - mean)
    sums = np.array([parts[rows["customer"] == one].sum(axis=0) for one in range(220)])
    by_hand = found.model_covariance @ (sums.T @ sums) @ found.model_covariance * 220 / 219
    assert found.covariance == pytest.approx(by_hand, rel=1e-9)


def test_rearrest_as_published() -> None:
    """Rossi, Berk and Lenihan (1980); Allison (2010) and Fox (2002) print these coefficients."""
    found = dict(zip(GOLDEN["drift"]["names"], _rearrest().coefficients, strict=True))
    published = {"fin": -0.379, "age": -0.057, "race": 0.314, "wexp": -0.150, "mar": -0.434,
                 "paro": -0.085, "prio": 0.091}  # fmt: skip
    assert {name: round(float(value), 3) for name, value in found.items()} == published


def test_drift_along_time_is_that_of_lifelines() -> None:
    fit = _rearrest()
    found = [proportionality(fit, name).statistic for name in GOLDEN["drift"]["names"]]
    assert found == pytest.approx(GOLDEN["drift"]["statistics"], rel=0.01, abs=0.005)


def test_a_ratio_that_turns_is_seen_and_a_steady_one_is_not() -> None:
    rng = np.random.default_rng(5)
    n, exposed = 3000, rng.integers(0, 2, 3000)
    early = rng.exponential(1.0 / np.where(exposed, 3.0, 1.0))
    late = 0.5 + rng.exponential(1.0 / np.where(exposed, 0.5, 1.0))
    turning = np.where(early < 0.5, early, late)
    fits = [fit_cox(["x"], exposed[:, None], np.zeros(n), time, np.ones(n))
            for time in (turning, rng.exponential(1.0 / np.where(exposed, 2.0, 1.0)))]  # fmt: skip
    assert proportionality(fits[0], "x").p_value < 1e-6
    assert proportionality(fits[0], "x").correlation < 0
    assert proportionality(fits[1], "x").p_value > 0.01


def test_months_give_the_same_ratio_as_the_complementary_log_log_model() -> None:
    """One coefficient a month of tenure in place of the baseline: the models are the same."""
    rows = {name: np.array(values) for name, values in GOLDEN["time_varying"]["rows"].items()}
    n = np.ones(rows["left"].size)
    numbers = {"slow": rows["slow"], "plan": rows["plan"]}
    design = hazard_design({"tenure": rows["entry"].astype(str)}, numbers, rows["left"], n)
    fit = fit_hazard(design, n, rows["left"])
    ours = fit.coefficients[[fit.place("slow"), fit.place("plan")]]
    assert ours == pytest.approx(_time_varying().coefficients, abs=0.03)


def test_customers_that_come_twice_do_not_count_twice() -> None:
    rows = {name: np.array(values) for name, values in GOLDEN["time_varying"]["rows"].items()}
    twice = {name: np.concatenate([values, values]) for name, values in rows.items()}
    matrix = np.column_stack([twice["slow"], twice["plan"]])
    two = fit_cox(["slow", "plan"], matrix, twice["entry"], twice["exit"], twice["left"],
                  twice["customer"])  # fmt: skip
    one = _time_varying(cluster=True)
    assert one.n_clusters == two.n_clusters == 220
    # Ties double with the rows, so the agreement is that of Efron's approximation.
    assert two.covariance == pytest.approx(one.covariance, rel=0.05, abs=1e-4)
    assert one.ratio("slow").n_clusters == 220


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(NotEstimable, match="no event"):
        fit_cox(["x"], [[0], [1]], [0, 0], [1, 2], [0, 0])
    with pytest.raises(ParameterError, match="after entry"):
        fit_cox(["x"], [[0], [1]], [0, 2], [1, 2], [1, 0])
    with pytest.raises(ParameterError, match="rows of 1"):
        fit_cox(["x"], [[0, 1], [1, 1]], [0, 0], [1, 2], [1, 0])
    with pytest.raises(NotEstimable, match=r"runs away|unique maximum"):
        fit_cox(["x"], [[0], [1], [0], [1]], [0, 0, 0, 0], [3, 1, 4, 2], [1, 1, 1, 1])
    with pytest.raises(ParameterError, match="no column"):
        _rearrest().ratio("money")
