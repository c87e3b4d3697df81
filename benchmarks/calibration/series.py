"""Calibration of the monthly trend, and of planned differences."""

from __future__ import annotations

import numpy as np

from benchmarks.calibration.tally import Row, Trial, coverage_row, judged, rejection_row, timed
from benchmarks.calibration.worlds import month_names, monthly_series
from supportlab.stats import linear_trend, minimal_detectable_difference

__all__ = ["rows"]

# (months, lag-1 correlation, season, answers a month, stress)
NULLS = (
    (12, 0.0, 0.0, 2000, False),
    (12, 0.4, 0.0, 20000, False),
    (18, 0.4, 0.0, 2000, False),
    (24, 0.4, 0.02, 2000, False),
    (36, 0.4, 0.02, 2000, False),
    (36, 0.4, 0.02, 20000, False),
    (60, 0.4, 0.02, 20000, False),
    (36, 0.6, 0.02, 20000, True),
    (36, 0.8, 0.02, 20000, True),
    (18, 0.4, 0.05, 2000, True),
)


def rows(scale: float) -> list[Row]:
    """Return the lines of this family."""
    runs = max(20, round(500 * scale))
    return [*_nulls(runs), *_slopes(runs), *_planned(round(5000 * scale) + 100)]


def _nulls(runs: int) -> list[Row]:
    found = []
    for seed, (n_months, correlation, season, answers, stress) in enumerate(NULLS):

        def trial(
            rng: np.random.Generator,
            n_months: int = n_months,
            correlation: float = correlation,
            season: float = season,
            answers: int = answers,
        ) -> tuple[float, float]:
            values = monthly_series(rng, n_months, correlation, season=season, answers=answers)
            trend = linear_trend(
                month_names(n_months), values, sampling_variance=values * (1 - values) / answers
            )
            return trend.p_value, newey_west_p(values)

        wave = f", season of {season:g}" if season else ""
        found.append(
            rejection_row(
                "linear_trend",
                f"no trend, {n_months} months, carry-over {correlation:g}{wave}, "
                f"{answers:,} answers",
                "Newey-West",
                trial,
                runs=runs,
                seed=900 + seed,
                is_stress=stress,
            )
        )
    return found


def _slopes(runs: int) -> list[Row]:
    found = []
    for seed, (n_months, slope) in enumerate(((18, 0.003), (36, 0.002))):
        season = 0.02 if n_months >= 24 else 0.0

        def trial(
            rng: np.random.Generator,
            n_months: int = n_months,
            slope: float = slope,
            season: float = season,
        ) -> Trial:
            values = monthly_series(rng, n_months, 0.4, slope=slope, season=season)
            trend, seconds = timed(lambda: linear_trend(month_names(n_months), values))
            naive = newey_west(values)
            return Trial(
                [judged(trend.estimate, trend.low, trend.high, slope)],
                [judged(*naive[:3], slope)],
                seconds,
            )

        name = f"{slope:g} a month, {n_months} months, carry-over 0.4"
        found.append(
            coverage_row("linear_trend", name, "Newey-West", trial, runs=runs, seed=950 + seed)
        )

        def power(
            rng: np.random.Generator,
            n_months: int = n_months,
            slope: float = slope,
            season: float = season,
        ) -> tuple[float, float]:
            values = monthly_series(rng, n_months, 0.4, slope=slope, season=season)
            return linear_trend(month_names(n_months), values).p_value, newey_west_p(values)

        found.append(
            rejection_row(
                "linear_trend",
                name,
                "Newey-West",
                power,
                runs=max(20, runs // 2),
                seed=960 + seed,
                is_null=False,
            )
        )
    return found


def newey_west(values: np.ndarray) -> tuple[float, float, float, float]:
    """Return slope, limits and p value of least squares with Newey-West errors."""
    import statsmodels.api as sm

    months = np.arange(values.size)
    columns = [np.ones(values.size), months - months.mean()]
    if values.size >= 24:
        columns += [(months % 12 == month).astype(float) for month in range(1, 12)]
    lags = max(1, int(4 * (values.size / 100) ** (2 / 9)))
    fit = sm.OLS(values, np.column_stack(columns)).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}, use_t=True
    )
    low, high = fit.conf_int()[1]
    return float(fit.params[1]), float(low), float(high), float(fit.pvalues[1])


def newey_west_p(values: np.ndarray) -> float:
    """Return the p value of the slope."""
    return newey_west(values)[3]


def _planned(runs: int) -> list[Row]:
    found = []
    for seed, (n_1, n_2, share) in enumerate(((400, 400, 0.70), (150, 1200, 0.85))):
        size = minimal_detectable_difference(n_1, n_2, share, direction="lower")
        rng = np.random.default_rng(980 + seed)
        first, second = (
            rng.binomial(n_1, share, runs) / n_1,
            rng.binomial(n_2, share - size, runs) / n_2,
        )
        pooled = (n_1 * first + n_2 * second) / (n_1 + n_2)
        error = np.sqrt(pooled * (1 - pooled) * (1 / n_1 + 1 / n_2))
        power = float(np.mean(np.abs(first - second) > 1.959964 * error))
        verdict = "holds" if abs(power - 0.8) < 0.02 + 1.96 * np.sqrt(0.16 / runs) else "off"
        name = f"{n_1} against {n_2} rows, share {share:g}: {size:.3f}"
        figure = f"found {power:.1%} (80 % planned)"
        found.append(
            Row("minimal_detectable_difference", name, runs, "", "", figure, "", "", verdict)
        )
    return found
