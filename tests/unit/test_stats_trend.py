"""Monthly trend: least squares as a special case, input rules."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats as scipy_stats
from scipy.linalg import null_space, toeplitz

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats import linear_trend
from supportlab.stats import trend as trend_module


def _months(n_months: int) -> list[str]:
    return [f"{2023 + place // 12}-{place % 12 + 1:02d}" for place in range(n_months)]


def _values(n_months: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.asarray(70 + 0.3 * np.arange(n_months) + rng.normal(0, 1, n_months))


@pytest.mark.parametrize("rho", [0.0, 0.4])
@pytest.mark.parametrize("n_months", [14, 30])
def test_one_known_autocorrelation_is_generalised_least_squares(
    monkeypatch: pytest.MonkeyPatch, rho: float, n_months: int
) -> None:
    monkeypatch.setattr(trend_module, "CORRELATIONS", np.array([rho]))
    monkeypatch.setattr(trend_module, "PRIOR", np.array([1.0]))
    values, months = _values(n_months), np.arange(n_months)
    columns = [np.ones(n_months), months]
    if n_months >= 24:
        columns += [(months % 12 == month).astype(float) for month in range(1, 12)]
    sigma = np.where(
        months[:, None] == months, 1.0, rho ** np.abs(months[:, None] - months).astype(float)
    )
    fit = sm.GLS(values, np.column_stack(columns), sigma=sigma).fit()
    found = linear_trend(_months(n_months), values)
    assert found.estimate == pytest.approx(fit.params[1], rel=1e-9)
    assert (found.low, found.high) == pytest.approx(tuple(fit.conf_int()[1]), rel=1e-6)
    assert found.p_value == pytest.approx(fit.pvalues[1], rel=1e-6)
    assert found.is_seasonal == (n_months >= 24)


def test_weights_are_weighted_least_squares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trend_module, "CORRELATIONS", np.array([0.0]))
    monkeypatch.setattr(trend_module, "PRIOR", np.array([1.0]))
    values, weights = _values(15), np.linspace(1, 9, 15)
    fit = sm.WLS(values, sm.add_constant(np.arange(15.0)), weights=weights).fit()
    found = linear_trend(_months(15), values, weights=weights)
    assert found.estimate == pytest.approx(fit.params[1], rel=1e-9)
    assert (found.low, found.high) == pytest.approx(tuple(fit.conf_int()[1]), rel=1e-6)


@pytest.mark.parametrize("n_months", [13, 26])
def test_mixture_by_the_likelihood_of_error_contrasts(n_months: int) -> None:
    """Restricted likelihood from contrasts without trend, and least squares at each correlation."""
    values, months = _values(n_months, seed=6), np.arange(n_months)
    columns = [np.ones(n_months), months.astype(float)]
    if n_months >= 24:
        columns += [(months % 12 == month).astype(float) for month in range(1, 12)]
    design = np.column_stack(columns)
    contrasts = null_space(design.T)
    df = contrasts.shape[1]
    heights, tails, slopes = [], [], []
    for rho in trend_module.CORRELATIONS:
        sigma = toeplitz(np.sign(rho) ** months * np.abs(rho) ** months)
        inner = contrasts.T @ sigma @ contrasts
        left = contrasts.T @ values
        misfit = float(left @ np.linalg.solve(inner, left))
        heights.append(-0.5 * np.linalg.slogdet(inner)[1] - 0.5 * df * np.log(misfit))
        fit = sm.GLS(values, design, sigma=sigma).fit()
        slopes.append(fit.params[1])
        tails.append(scipy_stats.t.sf(fit.tvalues[1], df))
    weight = np.exp(np.array(heights) - max(heights)) * trend_module.PRIOR
    weight /= weight.sum()
    found = linear_trend(_months(n_months), values)
    assert found.estimate == pytest.approx(float(weight @ slopes), rel=1e-8)
    assert found.p_value == pytest.approx(2 * float(weight @ tails), rel=1e-6)
    assert found.autocorrelation == pytest.approx(float(weight @ trend_module.CORRELATIONS))


def test_order_scale_and_shift_of_the_months() -> None:
    months, values = _months(20), _values(20)
    found = linear_trend(months, values)
    shuffled = np.random.default_rng(2).permutation(20)
    again = linear_trend([months[place] for place in shuffled], values[shuffled])
    assert again.estimate == pytest.approx(found.estimate, rel=1e-12)
    assert np.array(again.fitted) == pytest.approx(np.array(found.fitted)[shuffled])
    scaled = linear_trend([f"1{month[1:]}" for month in months], 100 * values - 5)
    assert scaled.low == pytest.approx(100 * float(found.low or 0), rel=1e-6)
    assert scaled.p_value == pytest.approx(found.p_value, rel=1e-6)


def test_a_gap_counts_as_time() -> None:
    kept = [place for place in range(24) if place not in {8, 9, 10}]
    months = [_months(24)[place] for place in kept]
    values = 50 + 0.5 * np.array(kept) + np.random.default_rng(3).normal(0, 0.1, len(kept))
    assert linear_trend(months, values).estimate == pytest.approx(0.5, abs=0.02)


def test_season_does_not_pass_for_trend_in_two_years() -> None:
    months = np.arange(24)
    values = 70 + 5 * np.sin(2 * np.pi * months / 12)
    values = values + np.random.default_rng(4).normal(0, 0.2, 24)
    found = linear_trend(_months(24), values)
    assert found.is_seasonal
    assert "month-of-year" in found.method
    assert abs(found.estimate) < 0.03
    assert float(found.low or 0) < 0 < float(found.high or 0)


def test_autocorrelation_and_over_dispersion_are_judged() -> None:
    rng = np.random.default_rng(5)
    carried = np.zeros(60)
    for place in range(1, 60):
        carried[place] = 0.8 * carried[place - 1] + rng.normal(0, 0.03)
    calm = rng.binomial(500, 0.75, 60) / 500
    sampling = np.full(60, 0.75 * 0.25 / 500)
    wild = linear_trend(_months(60), 0.75 + carried, sampling_variance=sampling)
    plain = linear_trend(_months(60), calm, sampling_variance=sampling)
    assert wild.autocorrelation > 0.4 > plain.autocorrelation
    assert (wild.overdispersion or 0) > 2 > 1.6 > (plain.overdispersion or 0) > 0.5


def test_eleven_months_and_a_straight_line_are_not_estimable() -> None:
    with pytest.raises(NotEstimable, match="11 months came"):
        linear_trend(_months(11), _values(11))
    with pytest.raises(NotEstimable, match="straight line"):
        linear_trend(_months(12), np.arange(12.0))
    with pytest.raises(NotEstimable, match="straight line"):
        linear_trend(_months(12), np.full(12, 0.7))


def test_input_rules() -> None:
    values = _values(12)
    with pytest.raises(ParameterError, match="Not ISO months: '2023-13'"):
        linear_trend([*_months(11), "2023-13"], values)
    with pytest.raises(ParameterError, match="more than once"):
        linear_trend([*_months(11), "2023-01"], values)
    with pytest.raises(ParameterError, match="lengths differ"):
        linear_trend(_months(12), values[:5])
    with pytest.raises(ParameterError, match="not both"):
        linear_trend(_months(12), values, weights=values, sampling_variance=values)
    with pytest.raises(ParameterError, match="above 0"):
        linear_trend(_months(12), values, weights=np.zeros(12))
