"""How long customers wait: the naive figure of finished tickets beside the honest one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.format import format_interval, format_share, format_value
from supportlab.results import Estimate
from supportlab.studies.common.cells import SECONDS_PER_HOUR, cell_of, curve_of, fetch_sums
from supportlab.studies.common.measures import Measure, measure_of
from supportlab.studies.common.refusals import refused_estimate
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats import KaplanMeier

__all__ = ["waiting", "waiting_naive"]

# What a ticket is whose time is not over.
DURATIONS = {"first_response": "still unanswered", "resolution_time": "still open"}
# A curve of more steps than this looks the same and makes a picture file of megabytes.
MOST_STEPS = 400
QUANTILES = (0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True)
class _Naive:
    mean: float
    median: float
    n: int
    n_open: int


def waiting_naive(
    desk: Desk,
    metric: str = "resolution_time",
    *,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Compute what dashboards print: mean and median over the tickets that are over.

    Not an estimate of how long customers wait: the slowest tickets are not over and missing.

    Parameters
    ----------
    desk : Desk
        The data.
    metric : str
        ``first_response`` or ``resolution_time``.
    start, end : str, optional
        ISO dates of creation, end excluded.

    Returns
    -------
    Estimate
        Two rows: ``figure``, ``estimate`` in hours, ``unit``, ``n``.
    """
    measure = _duration(metric)
    title, name = f"{measure.title}: the naive figure", f"{_kebab(metric)}-naive"
    try:
        frame = measure.sums(desk, cluster=None, start=start, end=end).fetch()
        naive = _naive(frame)
    except NotEstimable as refusal:
        return refused_estimate(name, title, str(refusal))
    table = pd.DataFrame(
        {
            "figure": ["mean over tickets with an end", "median over tickets with an end"],
            "estimate": [naive.mean, naive.median],
            "unit": "hours",
            "n": [naive.n, naive.n],
        }
    )
    words = (
        f"Over the {naive.n:,} tickets with an end, the mean is "
        f"{format_value(naive.mean, 'hours')} and the median {format_value(naive.median, 'hours')}."
    )
    left = f"The {naive.n_open:,} that are {DURATIONS[metric]} are left out."
    return Estimate(name, title, table, sentences=(words, left))


def waiting(
    desk: Desk,
    metric: str = "resolution_time",
    *,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate the curve of those still waiting, with tickets that are not over as censored.

    Not for groups: `level` gives their medians.

    Parameters
    ----------
    desk : Desk
        The data.
    metric : str
        ``first_response`` or ``resolution_time``.
    start, end : str, optional
        ISO dates of creation, end excluded.
    level : float
        Level of the band.

    Returns
    -------
    Estimate
        One row a quantile: ``done_share``, the hours by which so many are done as ``estimate``
        with ``ci_low``, ``ci_high``, ``unit``, ``n``, ``reason``; the figure shows the curve.

    Notes
    -----
    Kaplan-Meier with cluster-robust limits; an unanswered or open ticket is censored at the
    moment of the data.
    """
    measure = _duration(metric)
    title, name = f"{measure.title}: who still waits", f"{_kebab(metric)}-curve"
    try:
        sums = measure.sums(desk, start=start, end=end)
        frame, is_clustered = fetch_sums(sums)
        curve = curve_of(frame, is_clustered=is_clustered)
        naive = _naive(frame)
    except NotEstimable as refusal:
        return refused_estimate(name, title, str(refusal))
    cell = cell_of(frame, "duration", level, is_clustered=is_clustered)
    steps = _steps(curve, level)
    median = _median_words(cell.interval, level)
    return Estimate(
        name,
        title,
        _quantiles(curve, level),
        sentences=_sentences(measure, curve, naive, median, cell.reason),
        definitions=(sums.record(frame),),
        draw=lambda ax: _draw(steps, title, ax),
        alt=_alt(steps, measure, median),
    )


def _duration(metric: str) -> Measure:
    if metric not in DURATIONS:
        raise ParameterError(f"metric {metric!r} is no duration. {did_you_mean(metric, DURATIONS)}")
    return measure_of(metric)


def _naive(frame: pd.DataFrame) -> _Naive:
    hours = frame["duration_seconds"].to_numpy(dtype=float) / SECONDS_PER_HOUR
    events = frame["n_events"].to_numpy(dtype=np.int64)
    n = int(events.sum())
    if n == 0:
        raise NotEstimable("no ticket is over yet")
    order = np.argsort(hours, kind="stable")
    passed = np.cumsum(events[order])
    # The mean of the two middle values, which are the same when their number is odd.
    middle = [hours[order][np.searchsorted(passed, place + 1)] for place in ((n - 1) // 2, n // 2)]
    mean = float((hours * events).sum()) / n
    return _Naive(mean, float(np.mean(middle)), n, int(frame["n_censored"].sum()))


def _quantiles(curve: KaplanMeier, level: float) -> pd.DataFrame:
    rows = [_quantile_row(curve, share, level) for share in QUANTILES]
    table = pd.DataFrame(rows)
    numbers = ["estimate", "ci_low", "ci_high"]
    table[numbers] = table[numbers].astype("float64")
    return table


def _quantile_row(curve: KaplanMeier, share: float, level: float) -> dict[str, Any]:
    from supportlab.stats import survival_quantile

    known = {"done_share": share, "ci_level": level, "unit": "hours", "n": curve.n}
    try:
        found = survival_quantile(curve, share, level)
    except NotEstimable as refusal:
        return {**known, "estimate": None, "ci_low": None, "ci_high": None, "reason": str(refusal)}
    ends = {"estimate": found.estimate, "ci_low": found.low, "ci_high": found.high}
    return {**known, **ends, "reason": None}


def _steps(curve: KaplanMeier, level: float) -> pd.DataFrame:
    from supportlab.stats import survival_band

    low, high = survival_band(curve, level)
    chosen = _thinned(curve)
    start = pd.DataFrame(
        {
            "time_hours": [0.0],
            "waiting_share": [1.0],
            "low_share": [1.0],
            "high_share": [1.0],
            "n_at_risk": [curve.n],
        }
    )
    steps = pd.DataFrame(
        {
            "time_hours": curve.times[chosen],
            "waiting_share": curve.survival[chosen],
            "low_share": low[chosen],
            "high_share": high[chosen],
            "n_at_risk": curve.n_at_risk[chosen].round().astype(int),
        }
    )
    return pd.concat([start, steps], ignore_index=True)


def _thinned(curve: KaplanMeier) -> np.ndarray:
    """Pick steps evenly along the logarithm of time and along the share, ends included."""
    size = curve.times.size
    if size <= MOST_STEPS:
        return np.arange(size)
    half = MOST_STEPS // 2
    log_time = np.log(np.maximum(curve.times, 1.0 / SECONDS_PER_HOUR))
    along_time = np.searchsorted(log_time, np.linspace(log_time[0], log_time[-1], half))
    done = 1.0 - curve.survival
    along_share = np.searchsorted(done, np.linspace(done[0], done[-1], half))
    return np.unique(np.concatenate([along_time, along_share]).clip(0, size - 1))


def _median_words(interval: Any, level: float) -> str:
    if interval is None:
        return ""
    return format_interval(interval.estimate, interval.low, interval.high, "hours", level)


def _sentences(
    measure: Measure, curve: KaplanMeier, naive: _Naive, median: str, reason: str
) -> tuple[str, ...]:
    if not median:
        return (f"{_capital(measure.subject)} cannot be estimated: {reason}.",)
    return (
        (
            f"{_capital(measure.subject)} is {median}; {format_share(curve.n_censored, curve.n)} "
            f"tickets are {DURATIONS[measure.name]} and count as waiting at least until now."
        ),
        (
            f"Over finished tickets alone it would read {format_value(naive.median, 'hours')}, "
            f"and their mean {format_value(naive.mean, 'hours')}."
        ),
    )


def _draw(table: pd.DataFrame, title: str, ax: Axes | None) -> Axes:
    from supportlab.plots import step_curves

    return step_curves(_plotted(table), title=title, is_log_time=True, ax=ax)


def _plotted(table: pd.DataFrame) -> pd.DataFrame:
    names = {"time_hours": "time", "waiting_share": "survival"}
    return table.rename(columns={**names, "low_share": "ci_low", "high_share": "ci_high"})


def _alt(table: pd.DataFrame, measure: Measure, median: str) -> str:
    from supportlab.plots import alt_curves

    subject = f"tickets still waiting, {measure.title.lower()}"
    return alt_curves(_plotted(table), subject=subject, medians={"": median} if median else None)


def _kebab(name: str) -> str:
    return name.replace("_", "-")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
