"""The record of an estimate with its interval, and the checks that every estimator shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtr, stdtrit

from supportlab.errors import NotEstimable, ParameterError, listed

__all__ = [
    "Contrast",
    "FloatArray",
    "Interval",
    "error_behind",
    "normal_quantile",
    "student_contrast",
    "t_quantile",
    "widening_of",
]

FloatArray = NDArray[np.float64]
# A p value is never 0: below this the tail of the t distribution is lost in double precision.
SMALLEST_P = 1e-300


@dataclass(frozen=True)
class Interval:
    """
    An estimate with its interval and what it rests on.

    Parameters
    ----------
    estimate : float
        The point estimate, in the unit of the estimator.
    low, high : float or None
        Limits of the interval; None is an open end (only ``high`` of a survival quantile, where
        the data do not bound it from above).
    level : float
        Coverage that the interval aims at, as 0.95.
    n : int
        Rows that the estimate rests on.
    n_clusters : int or None
        Clusters with at least one row; None where rows count as independent.
    method : str
        Short name of estimator and interval, as a reader should see it.
    design_effect : float or None
        Variance over that of the same number of independent rows, as used in the interval.
    df : float or None
        Degrees of freedom of the t quantile; None where the normal quantile was used.
    """

    estimate: float
    low: float | None
    high: float | None
    level: float
    n: int
    n_clusters: int | None
    method: str
    design_effect: float | None = None
    df: float | None = None


@dataclass(frozen=True)
class Contrast(Interval):
    """
    A difference or a slope with its interval and the p value against zero.

    Parameters
    ----------
    estimate, low, high, level, n, n_clusters, method, design_effect, df
        As in `Interval`.
    p_value : float
        Two-sided, against no difference; below ``1 - level`` exactly when the interval leaves
        zero out.
    """

    p_value: float = float("nan")

    def __post_init__(self) -> None:
        if not 0.0 <= self.p_value <= 1.0:
            raise ParameterError(f"p_value came as {self.p_value!r}; give one between 0 and 1.")


def normal_quantile(level: float) -> float:
    """
    Return the two-sided standard normal quantile of a level.

    Parameters
    ----------
    level : float
        Between 0 and 1, as 0.95.

    Returns
    -------
    float
        The quantile, 1.96 for 0.95.

    Raises
    ------
    ParameterError
        The level is not between 0 and 1.

    Examples
    --------
    >>> round(normal_quantile(0.95), 3)
    1.96
    """
    _check_level(level)
    return -float(ndtri((1.0 - level) / 2.0))


def t_quantile(level: float, df: float) -> float:
    """
    Return the two-sided quantile of Student's t of a level.

    Parameters
    ----------
    level : float
        Between 0 and 1, as 0.95.
    df : float
        Degrees of freedom, fractions allowed; infinity gives the normal quantile.

    Returns
    -------
    float
        The quantile, 2.57 for 0.95 and 5 degrees of freedom.

    Raises
    ------
    ParameterError
        The level is not between 0 and 1.

    Examples
    --------
    >>> round(t_quantile(0.95, 5), 2)
    2.57
    """
    _check_level(level)
    if not np.isfinite(df):
        return normal_quantile(level)
    return -float(stdtrit(df, (1.0 - level) / 2.0))


def student_contrast(
    estimate: float,
    error: float,
    df: float,
    sizes: tuple[int, int | None],
    method: str,
    level: float,
    *,
    is_ratio: bool = False,
) -> Contrast:
    """
    Return a contrast from its estimate and standard error, with Student's t.

    Not for shares near 0 or 1, whose intervals are not symmetric.

    Parameters
    ----------
    estimate, error : float
        Difference, or logarithm of a ratio, and its standard error; with an error of 0 the p value
        is 1.
    df : float
        Degrees of freedom of the error.
    sizes : tuple of (int, int or None)
        Rows and clusters.
    method : str
        Short name.
    level : float
        Coverage aimed at.
    is_ratio : bool
        Whether the estimate is a logarithm; the contrast is then the ratio.

    Returns
    -------
    Contrast
        ``p_value`` is against a difference of 0 or a ratio of 1.

    Examples
    --------
    >>> found = student_contrast(0.1, 0.04, 60.0, (900, 61), "difference", 0.95)
    >>> round(found.low, 2), round(found.high, 2), round(found.p_value, 3)
    (0.02, 0.18, 0.015)
    """
    half = t_quantile(level, df) * error
    t_value = abs(estimate) / error if error > 0 else 0.0
    p_value = min(1.0, max(SMALLEST_P, 2.0 * float(stdtr(df, -t_value))))
    values = (estimate, estimate - half, estimate + half)
    if is_ratio:
        values = (float(np.exp(values[0])), float(np.exp(values[1])), float(np.exp(values[2])))
    return Contrast(*values, level, *sizes, method, df=df, p_value=p_value)


def error_behind(found: Interval) -> float:
    """
    Return the standard error that a symmetric interval was made of.

    Not for ratios and shares, whose intervals lie unevenly about the estimate.

    Parameters
    ----------
    found : Interval
        With an upper end.

    Returns
    -------
    float
        In the unit of the estimate.

    Raises
    ------
    NotEstimable
        The interval has no upper end.

    Examples
    --------
    >>> found = student_contrast(0.1, 0.04, 60.0, (900, 61), "difference", 0.95)
    >>> round(error_behind(found), 4)
    0.04
    """
    if found.high is None:
        raise NotEstimable("The interval has an open end, so no error lies behind it.")
    df = float("inf") if found.df is None else found.df
    return (found.high - found.estimate) / t_quantile(found.level, df)


def widening_of(level: float, df: float, total: float) -> float:
    """
    Return how much wider few degrees of freedom make an interval than independent rows would.

    Not for intervals of independent rows, which need no widening.

    Parameters
    ----------
    level : float
        Between 0 and 1.
    df : float
        Degrees of freedom of the clusters.
    total : float
        Number of rows.

    Returns
    -------
    float
        At least about 1. Next to level 0, where the p value of no change at all is sought, both
        quantiles vanish, and it is 1.

    Examples
    --------
    >>> round(widening_of(0.95, 5.0, 1_000), 2)
    1.31
    """
    plain = t_quantile(level, max(total - 1.0, 1.0))
    return t_quantile(level, df) / plain if plain > 0.0 else 1.0


def aligned(columns: Mapping[str, ArrayLike], *, min_zero: bool = True) -> list[FloatArray]:
    """Return the columns as float arrays of one length; name all faults at once."""
    arrays = {name: _floats(name, values) for name, values in columns.items()}
    faults = []
    sizes = {name: array.size for name, array in arrays.items()}
    if len(set(sizes.values())) > 1:
        faults.append(f"lengths differ: {sizes}; give one value per row in each")
    for name, array in arrays.items():
        faults += _faults(name, array, min_zero=min_zero)
    if faults:
        raise ParameterError("; ".join(faults) + ".")
    return list(arrays.values())


def counts(columns: Mapping[str, ArrayLike], n: ArrayLike) -> tuple[list[FloatArray], FloatArray]:
    """Return parts and their wholes, checked to be parts, without rows of size zero."""
    *parts, whole = aligned({**columns, "n": n})
    for name, part in zip(columns, parts, strict=True):
        over = np.flatnonzero(part > whole)
        if over.size:
            raise ParameterError(
                f"{name} is above n in {over.size} row(s), first rows {listed(over.tolist())}; "
                "a part cannot exceed its whole."
            )
    kept = whole > 0
    return [part[kept] for part in parts], whole[kept]


def refuse_empty(total: float, what: str = "rows") -> None:
    """Refuse to estimate from nothing."""
    if not total > 0:
        raise NotEstimable(f"There are no {what}: n is 0.")


def _check_level(level: float) -> None:
    if not 0.0 < level < 1.0:
        raise ParameterError(f"level came as {level!r}; give one between 0 and 1, as 0.95.")


def _floats(name: str, values: ArrayLike) -> FloatArray:
    try:
        return np.atleast_1d(np.asarray(values, dtype=np.float64)).ravel()
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{name} holds something that is not a number: {error}.") from error


def _faults(name: str, array: FloatArray, *, min_zero: bool) -> list[str]:
    found = []
    rules: list[tuple[str, Any]] = [("missing or infinite", ~np.isfinite(array))]
    if min_zero:
        rules.append(("below 0", array < 0))
    for rule, broken in rules:
        rows = np.flatnonzero(broken)
        if rows.size:
            found.append(f"{name} is {rule} in {rows.size} row(s), rows {listed(rows.tolist())}")
    return found
