"""How strong a hidden confounder would have to be to undo an adjusted association."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from scipy.special import stdtrit

from supportlab.errors import NotEstimable, ParameterError, did_you_mean

__all__ = [
    "EValue",
    "RatioKind",
    "RobustnessValue",
    "e_value",
    "e_value_of_difference",
    "robustness_value",
]

RatioKind = Literal["risk_ratio", "hazard_ratio", "odds_ratio"]
KINDS = ("risk_ratio", "hazard_ratio", "odds_ratio")
# Above this share with the outcome by the end of follow-up, hazard and odds ratios stand further
# from 1 than the risk ratio does; VanderWeele and Ding (2017), table 2.
COMMON_ABOVE = 0.15


@dataclass(frozen=True)
class EValue:
    """
    The least strength of hidden confounding that could explain a ratio away.

    Parameters
    ----------
    estimate : float
        Risk ratio that the confounder would need with exposure and with outcome, each, beyond
        what is adjusted for; 1 where nothing needs explaining.
    limit : float or None
        The same for the end of the interval nearer to 1; 1 where the interval holds 1, None
        where no interval was given.
    risk_ratio : float
        The ratio on the scale of risks, to which the E-value belongs.
    is_converted : bool
        True where a hazard or odds ratio of a common outcome was brought to that scale first.
    """

    estimate: float
    limit: float | None
    risk_ratio: float
    is_converted: bool

    def record(self) -> dict[str, object]:
        """Return what a finding says of it."""
        return {
            "name": "E-value",
            "estimate": self.estimate,
            "interval": self.limit,
            "risk_ratio": self.risk_ratio,
            "is_converted_from_common_outcome": self.is_converted,
        }


@dataclass(frozen=True)
class RobustnessValue:
    """
    The least share of leftover variance that a hidden confounder would have to explain.

    Parameters
    ----------
    estimate : float
        Partial R² with exposure and with outcome, each, that would take away the share ``q`` of
        the estimate.
    limit : float
        The same, for an interval that just reaches there at level ``1 - alpha``; 0 where it
        already does.
    partial_r2 : float
        Partial R² of the exposure with the outcome: what a confounder that explains all that is
        left of the outcome would need with the exposure.
    q, alpha : float
        As asked.
    """

    estimate: float
    limit: float
    partial_r2: float
    q: float
    alpha: float

    def record(self) -> dict[str, object]:
        """Return what a finding says of it."""
        return {
            "name": "robustness value",
            "estimate": self.estimate,
            "interval": self.limit,
            "partial_r2": self.partial_r2,
            "q": self.q,
            "alpha": self.alpha,
        }


def e_value(
    ratio: float,
    low: float | None = None,
    high: float | None = None,
    *,
    kind: RatioKind = "risk_ratio",
    is_common: bool = False,
) -> EValue:
    """
    Compute the E-value of a ratio and of its interval.

    Not a proof that no such confounder exists, and not for a difference of risks, for which
    `e_value_of_difference` is.

    Parameters
    ----------
    ratio : float
        Risk, hazard or odds ratio, above 0.
    low, high : float, optional
        Its interval; both or neither.
    kind : {"risk_ratio", "hazard_ratio", "odds_ratio"}
        What the ratio is of.
    is_common : bool
        Whether more than 15 % have the outcome by the end of follow-up. Hazard and odds ratios
        are then brought to the scale of risks; of rare outcomes they are taken as they are.

    Returns
    -------
    EValue
        For the estimate and for the end of the interval nearer to 1.

    Raises
    ------
    ParameterError
        A ratio is not above 0, the interval does not hold it, or the kind is unknown.

    Notes
    -----
    VanderWeele and Ding (2017): ``RR + sqrt(RR * (RR - 1))``, of ``1 / RR`` where it is below 1.
    Common outcomes: ``sqrt(OR)`` for odds ratios; for hazard ratios
    ``(1 - 0.5**sqrt(HR)) / (1 - 0.5**sqrt(1 / HR))``.

    Examples
    --------
    >>> found = e_value(3.9, 1.8, 8.7)
    >>> round(found.estimate, 2), round(found.limit, 2)
    (7.26, 3.0)
    """
    if kind not in KINDS:
        raise ParameterError(f"kind came as {kind!r}. {did_you_mean(str(kind), KINDS)}")
    _check_ratio(ratio, low, high)
    converts = is_common and kind != "risk_ratio"
    scale = _common[kind] if converts else float
    limit = None
    if low is not None and high is not None:
        nearer = low if ratio > 1.0 else high
        limit = 1.0 if low <= 1.0 <= high else _strength(scale(nearer))
    risk_ratio = scale(ratio)
    return EValue(_strength(risk_ratio), limit, risk_ratio, converts)


def e_value_of_difference(
    difference: float, low: float | None, high: float | None, *, baseline: float
) -> EValue:
    """
    Compute the E-value of a difference of risks, through the risk ratio that it makes.

    Not for a difference of means or scores: `robustness_value` is for those.

    Parameters
    ----------
    difference : float
        Risk with exposure less risk without, between -1 and 1.
    low, high : float or None
        Its interval; both or neither.
    baseline : float
        Risk without exposure, above 0. It is taken as known, so that the interval of the ratio
        is that of the difference alone; limits beyond 0 and 1 are cut.

    Returns
    -------
    EValue
        On the scale of risk ratios.

    Raises
    ------
    NotEstimable
        The risk without exposure is 0, so there is no ratio.
    ParameterError
        Risks outside 0 and 1, or the interval does not hold the difference.

    Notes
    -----
    VanderWeele and Ding (2017), table 2, with the baseline held fixed.

    Examples
    --------
    >>> round(e_value_of_difference(0.05, 0.02, 0.08, baseline=0.10).risk_ratio, 2)
    1.5
    """
    if not 0.0 <= baseline <= 1.0 or not -baseline <= difference <= 1.0 - baseline:
        raise ParameterError(
            f"baseline came as {baseline!r} and difference as {difference!r}; the baseline and "
            "their sum must be risks between 0 and 1."
        )
    if baseline == 0.0 or difference == -baseline:
        raise NotEstimable("One of the risks is 0; there is no finite risk ratio and no E-value.")
    ends = [
        None if end is None else min(max((baseline + end) / baseline, 1e-12), 1.0 / baseline)
        for end in (low, high)
    ]
    return e_value((baseline + difference) / baseline, *ends)


def robustness_value(t: float, df: float, q: float = 1.0, alpha: float = 0.05) -> RobustnessValue:
    """
    Compute the robustness value of a linear coefficient from its t statistic.

    Not for odds or hazard ratios: `e_value` is for those.

    Parameters
    ----------
    t : float
        Coefficient over its standard error.
    df : float
        Residual degrees of freedom, above 1.
    q : float
        Share of the estimate that the confounder would take away, above 0; 1 for all of it.
    alpha : float
        One minus the level of the interval.

    Returns
    -------
    RobustnessValue
        Shares of leftover variance, between 0 and 1.

    Raises
    ------
    ParameterError
        An argument is out of its bounds.

    Notes
    -----
    Cinelli and Hazlett (2020), equations 18 and 19: with ``f = q * |t| / sqrt(df)``, less the
    critical ``f`` for the interval, ``(sqrt(f**4 + 4 * f**2) - f**2) / 2``; for very strong
    effects, where the outcome's part binds, the form of their later package,
    ``(f**2 - f_critical**2) / (1 + f**2)``.

    Examples
    --------
    >>> found = robustness_value(4.18445, 783)
    >>> round(found.estimate, 3), round(found.limit, 3)
    (0.139, 0.076)
    """
    _check_linear(t, df, q, alpha)
    strength = q * abs(t) / math.sqrt(df)
    # One more degree of freedom goes to the confounder that is imagined.
    critical = -float(stdtrit(df - 1.0, alpha / 2.0)) / math.sqrt(df - 1.0)
    beyond = strength - critical
    limit = _share(beyond) if beyond > 0 else 0.0
    if beyond > 0 and strength > 1.0 / critical:
        limit = (strength**2 - critical**2) / (1.0 + strength**2)
    return RobustnessValue(_share(strength), limit, t**2 / (t**2 + df), q, alpha)


def _share(strength: float) -> float:
    square = strength * strength
    return (math.sqrt(square * square + 4.0 * square) - square) / 2.0


def _strength(risk_ratio: float) -> float:
    away: float = max(risk_ratio, 1.0 / risk_ratio)
    return away + math.sqrt(away * (away - 1.0))


def _risk_of_hazard(ratio: float) -> float:
    root = math.sqrt(ratio)
    return math.expm1(-math.log(2.0) * root) / math.expm1(-math.log(2.0) / root)


_common: dict[str, Callable[[float], float]] = {
    "hazard_ratio": _risk_of_hazard,
    "odds_ratio": math.sqrt,
}


def _check_ratio(ratio: float, low: float | None, high: float | None) -> None:
    given = [value for value in (ratio, low, high) if value is not None]
    if any(not (math.isfinite(value) and value > 0) for value in given):
        raise ParameterError(f"ratio, low and high came as {given}; give finite values above 0.")
    if (low is None) != (high is None):
        raise ParameterError("low and high belong together; give both or neither.")
    if low is not None and high is not None and not low <= ratio <= high:
        raise ParameterError(f"ratio {ratio!r} lies outside its interval ({low!r}, {high!r}).")


def _check_linear(t: float, df: float, q: float, alpha: float) -> None:
    if not math.isfinite(t) or not df > 1.0 or not q > 0.0 or not 0.0 < alpha < 1.0:
        raise ParameterError(
            f"t came as {t!r}, df {df!r}, q {q!r}, alpha {alpha!r}; give a finite t, df above 1, "
            "q above 0 and alpha between 0 and 1."
        )
