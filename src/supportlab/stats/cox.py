"""Cox regression with covariates that change over time, and whether hazards stay proportional."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from supportlab.errors import NotEstimable, ParameterError, did_you_mean, listed
from supportlab.stats.interval import Contrast, FloatArray, aligned, normal_quantile
from supportlab.stats.threads import one_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CoxFit", "fit_cox"]

# The peer's Newton steps loop over event times in Python: this many rows take about a minute.
MOST_ROWS = 1_000_000
# A log hazard ratio beyond this stands where the steps stopped, not where a maximum is.
LARGEST_COEFFICIENT = 16.0
# Gain that one more step promises, in log likelihood, at what counts as the top.
CLOSE_ENOUGH = 1e-6


@dataclass(frozen=True)
class CoxFit:
    """
    A Cox model of intervals at risk.

    Parameters
    ----------
    names : tuple of str
        Columns.
    coefficients : numpy.ndarray of shape (n_columns,)
        Log hazard ratios.
    covariance : numpy.ndarray of shape (n_columns, n_columns)
        Robust to what intervals of one customer share, where customers were given.
    model_covariance : numpy.ndarray of shape (n_columns, n_columns)
        Inverse of the information.
    event_times : numpy.ndarray of shape (n_events,)
        Exit times of the events, as given.
    residuals : numpy.ndarray of shape (n_events, n_columns)
        Schoenfeld residuals of the events.
    n : int
        Intervals.
    n_clusters : int or None
        Customers.
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    covariance: FloatArray
    model_covariance: FloatArray
    event_times: FloatArray
    residuals: FloatArray
    n: int
    n_clusters: int | None

    def place(self, name: str) -> int:
        """Return the number of a column."""
        if name not in self.names:
            raise ParameterError(f"{name!r} is no column. {did_you_mean(name, self.names)}")
        return self.names.index(name)

    def ratio(self, name: str, level: float = 0.95) -> Contrast:
        """Return the hazard ratio of a column with its interval."""
        from scipy.special import ndtr

        place = self.place(name)
        log_ratio = float(self.coefficients[place])
        error = float(np.sqrt(self.covariance[place, place]))
        half = normal_quantile(level) * error
        low, high = float(np.exp(log_ratio - half)), float(np.exp(log_ratio + half))
        p_value = min(1.0, 2.0 * float(ndtr(-abs(log_ratio) / error)))
        return Contrast(
            float(np.exp(log_ratio)),
            low,
            high,
            level,
            self.n,
            self.n_clusters,
            "Cox with covariates that change, Efron ties",
            p_value=p_value,
        )


@dataclass(frozen=True)
class _Intervals:
    columns: FloatArray
    start: FloatArray
    stop: FloatArray
    died: FloatArray


def fit_cox(
    names: Sequence[str],
    matrix: ArrayLike,
    entry: ArrayLike,
    exit: ArrayLike,  # noqa: A002  (the field's word)
    event: ArrayLike,
    cluster: ArrayLike | None = None,
) -> CoxFit:
    """
    Fit Cox's model on intervals whose covariates hold from entry to exit.

    Not for more than a million intervals, and not the default: `fit_hazard` gives the same ratios
    from cells. This is the second opinion.

    Parameters
    ----------
    names : sequence of str
        Columns.
    matrix : array_like of shape (n, n_columns)
        Covariates, without an intercept: the baseline takes its place.
    entry, exit : array_like of shape (n,)
        Start and end of each interval on the time that the baseline runs along, as months since
        sign-up; who enters late is at risk from entry on.
    event : array_like of shape (n,)
        1 where the interval ends in the event.
    cluster : array_like of shape (n,), optional
        Customer; intervals of different customers are independent.

    Returns
    -------
    CoxFit
        Coefficients, covariance, residuals.

    Raises
    ------
    NotEstimable
        No events, too many rows, or no finite maximum.
    ParameterError
        Lengths differ, or an interval does not end after it begins.

    Notes
    -----
    statsmodels' PHReg with Efron's treatment of ties (Efron 1977); robust covariance over
    customers from score residuals (Lin and Wei 1989), which are computed here, since PHReg's do
    not let intervals leave the risk set at their entry. An interval is at risk after its entry,
    as in other packages; PHReg counts it from the very instant on, which would put next month's
    service into this month's risk set, so entries are moved by less than any gap between times.

    Examples
    --------
    >>> found = fit_cox(["slow"], [[0], [1], [0], [1], [1], [1]], [0, 0, 0, 0, 0, 0],
    ...                 [5, 2, 6, 3, 4, 7], [1, 1, 0, 1, 0, 1])
    >>> found.n, round(float(found.coefficients[0]), 3)
    (6, 0.611)
    """
    import statsmodels.api as sm

    start, stop, died = aligned({"entry": entry, "exit": exit, "event": event}, min_zero=False)
    columns = np.asarray(matrix, dtype=np.float64)
    _check(names, columns, start, stop, died)
    origin, half_gap = _origin(start, stop)
    model = sm.PHReg(
        stop - origin, columns, status=died, entry=start - origin + half_gap, ties="efron"
    )
    # The default search stops at gradients that leave an error in the fifth digit.
    try:
        with warnings.catch_warnings(), one_thread():
            # Whether it converged is judged below, by the slope that is left.
            warnings.simplefilter("ignore")
            found = model.fit(method="newton", disp=0, maxiter=50)
        coefficients: FloatArray = np.asarray(found.params, dtype=np.float64)
        own: FloatArray = np.asarray(np.linalg.inv(-np.asarray(model.hessian(coefficients))))
    except np.linalg.LinAlgError as error:
        raise NotEstimable(f"Cox's model has no unique maximum here: {error}.") from error
    slope = np.asarray(model.score(coefficients))
    is_top = float(slope @ own @ slope) < CLOSE_ENOUGH
    if not is_top or np.abs(coefficients).max() > LARGEST_COEFFICIENT:
        worst = names[int(np.nan_to_num(np.abs(coefficients), nan=np.inf).argmax())]
        raise NotEstimable(f"No finite maximum: the coefficient of {worst} runs away.")
    rows = _Intervals(columns, start, stop, died)
    covariance, n_clusters = _robust(rows, coefficients, own, cluster)
    residuals = np.asarray(found.schoenfeld_residuals)[died == 1]
    return CoxFit(
        tuple(names),
        coefficients,
        covariance,
        own,
        stop[died == 1],
        residuals,
        stop.size,
        n_clusters,
    )


def _check(
    names: Sequence[str],
    columns: FloatArray,
    start: FloatArray,
    stop: FloatArray,
    died: FloatArray,
) -> None:
    if columns.shape != (stop.size, len(names)):
        raise ParameterError(
            f"matrix has shape {columns.shape}; give {stop.size} rows of {len(names)} columns."
        )
    wrong = np.flatnonzero(start >= stop)
    if wrong.size:
        raise ParameterError(f"exit is not after entry in rows {listed(wrong.tolist())}.")
    if stop.size > MOST_ROWS:
        raise NotEstimable(
            f"{stop.size:,} intervals would take minutes; draw at most {MOST_ROWS:,}."
        )
    if not died.any():
        raise NotEstimable("There is no event.")


def _origin(start: FloatArray, stop: FloatArray) -> tuple[float, float]:
    """Return an origin that leaves no time below zero, and half of the smallest gap of times."""
    gaps = np.diff(np.unique(np.concatenate([start, stop])))
    return min(0.0, float(start.min())), float(gaps.min()) / 2.0


def _robust(
    rows: _Intervals, coefficients: FloatArray, own: FloatArray, cluster: ArrayLike | None
) -> tuple[FloatArray, int | None]:
    if cluster is None:
        return own, None
    residuals = _score_residuals(rows, coefficients)
    labels = np.asarray(cluster).ravel()
    if labels.size != len(residuals):
        raise ParameterError(f"cluster has {labels.size} values; give one per interval.")
    names, codes = np.unique(labels, return_inverse=True)
    sums = _sums(residuals, codes, names.size)
    meat = sums.T @ sums * names.size / max(names.size - 1, 1)
    return own @ meat @ own, int(names.size)


def _score_residuals(rows: _Intervals, coefficients: FloatArray) -> FloatArray:
    """Return each interval's part of the score; ties by Breslow's hazard, which is close enough."""
    times = np.unique(rows.stop[rows.died == 1])
    linear = rows.columns @ coefficients
    weight = np.exp(linear - linear.max())
    at_risk = _later(rows.stop, weight[:, None], times)
    at_risk = at_risk - _later(rows.start, weight[:, None], times)
    weighted = rows.columns * weight[:, None]
    sums = _later(rows.stop, weighted, times) - _later(rows.start, weighted, times)
    place = np.searchsorted(times, rows.stop)
    n_died = np.bincount(place[rows.died == 1], minlength=times.size).astype(float)
    hazard, mean = n_died / at_risk[:, 0], sums / at_risk
    total = np.vstack([np.zeros(1), np.cumsum(hazard)[:, None]])
    moved = np.vstack([np.zeros(mean.shape[1]), np.cumsum(hazard[:, None] * mean, axis=0)])
    upto, since = (np.searchsorted(times, ends, side="right") for ends in (rows.stop, rows.start))
    spent = rows.columns * (total[upto] - total[since]) - (moved[upto] - moved[since])
    found: FloatArray = -weight[:, None] * spent
    is_event = rows.died == 1
    found[is_event] += rows.columns[is_event] - mean[place[is_event]]
    return found


def _later(ends: FloatArray, values: FloatArray, times: FloatArray) -> FloatArray:
    """Sum values of the rows whose end is at a time or later, for each of the times."""
    order = np.argsort(ends, kind="stable")
    below = np.vstack([np.zeros(values.shape[1]), np.cumsum(values[order], axis=0)])
    found: FloatArray = below[-1] - below[np.searchsorted(ends[order], times)]
    return found


def _sums(values: FloatArray, codes: NDArray[np.intp], size: int) -> FloatArray:
    columns = [np.bincount(codes, weights=column, minlength=size) for column in values.T]
    return np.column_stack(columns)
