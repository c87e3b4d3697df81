"""Shares that rise above their own past: week by week, as somebody watching would have seen it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from supportlab.errors import NotEstimable, ParameterError

__all__ = ["Alarm", "scan_rises"]

FloatArray = npt.NDArray[np.float64]
# A past of fewer weeks shows neither the level nor how much it swings.
FEWEST_WEEKS = 12
# Levels drift over years: the past is the year before.
MOST_WEEKS = 52
# Weeks that are taken together: one for a jump, four for a slow rise.
WINDOWS = (1, 2, 4)
# Two comments in a window can be one customer telling friends.
FEWEST_COUNT = 3
# Weeks of all series' swing that each series' own is drawn towards.
PRIOR_WEEKS = 20.0


@dataclass(frozen=True)
class Alarm:
    """
    What a watch over one series found.

    Parameters
    ----------
    first_week : int or None
        Place of the week at whose end it could first have been flagged; None for never.
    window : int
        Weeks taken together in that look, ending with it.
    p_value, p_adjusted : float
        Of that look, or of the most extreme one where none was flagged; adjusted over all looks
        at all series.
    expected : float
        Share in the past that the look was held against.
    n_looks : int
        Looks at this series.
    """

    first_week: int | None
    window: int
    p_value: float
    p_adjusted: float
    expected: float
    n_looks: int


def scan_rises(
    counts: ArrayLike, exposure: ArrayLike, *, false_alarm: float = 0.05
) -> list[Alarm | None]:
    """
    Watch several weekly shares for a rise above their own past.

    Not for a fall, nor for a rise that takes a quarter: the past would rise with it.

    Parameters
    ----------
    counts : array_like of shape (n_series, n_weeks)
        Comments of each theme by week, in order, no week left out.
    exposure : array_like of shape (n_series, n_weeks)
        Comments among which they were counted.
    false_alarm : float
        Chance that any series is flagged in any week when none rises.

    Returns
    -------
    list of (Alarm or None)
        One a series; None where there was never a past of twelve weeks to look at.

    Raises
    ------
    ParameterError
        Counts and exposure do not fit each other.
    NotEstimable
        No series has a past to be held against.

    Notes
    -----
    Each look takes the last one, two or four weeks and asks how likely as many comments are if the
    share is that of the up to 52 weeks before: a beta-binomial whose spread holds the series' own
    over-dispersion from week to week, its carry-over to the next week, and the uncertainty of the
    past share. Only what was known at the end of the week goes into its look. The bound on false
    alarms is split evenly over series, weeks and windows (Bonferroni), which holds under any
    dependence between looks and costs little, since such tails fall fast. A scan in the spirit of
    Kulldorff (2001), with over-dispersion as in Farrington and others (1996).

    Examples
    --------
    >>> flat, n = [1, 0, 2, 1] * 8, [50] * 32
    >>> risen = flat[:28] + [6, 9, 11, 12]
    >>> [one.first_week for one in scan_rises([flat, risen], [n, n])]
    [None, 29]
    """
    x, n = np.asarray(counts, dtype=float), np.asarray(exposure, dtype=float)
    if x.ndim != 2 or x.shape != n.shape or bool((x < 0).any() or (x > n).any()):
        raise ParameterError(
            f"counts of shape {x.shape} and exposure of shape {n.shape} must both be series by "
            "weeks, with counts between 0 and the exposure."
        )
    looks = [(week, window) for week in range(x.shape[1]) for window in WINDOWS
             if week - window + 1 >= FEWEST_WEEKS]  # fmt: skip
    if not looks or x.shape[0] == 0:
        raise NotEstimable(
            f"a rise is held against a past of at least {FEWEST_WEEKS} weeks; there are "
            f"{x.shape[1]} weeks in all"
        )
    p, expected = np.ones((len(looks), len(x))), np.zeros((len(looks), len(x)))
    for place, (week, window) in enumerate(looks):
        p[place], expected[place] = _look(x, n, week, window)
    n_tests = int(np.isfinite(p).sum())
    return [
        _alarm(p[:, one], expected[:, one], looks, n_tests, false_alarm) for one in range(len(x))
    ]


def _look(x: FloatArray, n: FloatArray, week: int, window: int) -> tuple[FloatArray, FloatArray]:
    """Return each series' p value and past share in one look; nan where there is nothing to see."""
    from scipy.stats import betabinom

    begin = week - window + 1
    past = slice(max(0, begin - MOST_WEEKS), begin)
    before, among = x[:, past], n[:, past]
    total = among.sum(axis=1)
    # Half a comment in one: a theme never seen has a small share, not none.
    share = (before.sum(axis=1) + 0.5) / (total + 1.0)
    swing, carried = _swing(before, among, share)
    now, size = x[:, begin : week + 1].sum(axis=1), n[:, begin : week + 1]
    seen = size.sum(axis=1)
    ok = (seen > 0) & (total > 0) & ((among > 0).sum(axis=1) >= FEWEST_WEEKS)
    part = np.divide((size**2).sum(axis=1), seen**2, out=np.ones_like(seen), where=seen > 0)
    mass = np.divide((among**2).sum(axis=1), total**2, out=np.ones_like(total), where=total > 0)
    longer = np.where(window > 1, (1.0 + carried) / (1.0 - carried), 1.0)
    of_past = mass * swing * (1.0 + carried) / (1.0 - carried) + 1.0 / np.maximum(total, 1.0)
    spread = np.clip(swing * part * longer + of_past, 1e-9, 0.5)
    weight = 1.0 / spread - 1.0
    # A count at or under what is expected is no rise, and its tail costs time.
    up = ok & (now >= FEWEST_COUNT) & (now > seen * share)
    tail = np.where(ok, 1.0, np.nan)
    first, second = (weight * share)[up], (weight * (1.0 - share))[up]
    tail[up] = betabinom.sf(now[up] - 1, seen[up], first, second)
    return tail, share


def _swing(
    before: FloatArray, among: FloatArray, share: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return variance of the weekly share beyond chance, over p(1-p), and how far it carries on."""
    used = among > 0
    n_weeks = used.sum(axis=1)
    level = share[:, None]
    residual = np.where(used, before - among * level, 0.0)
    unit = level * (1.0 - level)
    chance = (among * unit).sum(axis=1)
    beyond = (residual**2).sum(axis=1) - chance
    room = (among * np.maximum(among - 1.0, 0.0) * unit).sum(axis=1)
    own = np.divide(beyond, room, out=np.zeros_like(beyond), where=room > 0)
    # Series with more comments say more of the common swing.
    common = max(0.0, float(beyond.sum() / room.sum())) if room.sum() > 0 else 0.0
    drawn = np.maximum(0.0, (n_weeks * own + PRIOR_WEEKS * common) / (n_weeks + PRIOR_WEEKS))
    # Far tails are ruled by the swing, which itself is known from some weeks only: one standard
    # error is added, that of a variance from as many weeks.
    usual = np.divide(among.sum(axis=1), np.maximum(n_weeks, 1))
    swing = drawn + np.sqrt(2.0 / (n_weeks + PRIOR_WEEKS)) / np.maximum(usual, 1.0)
    own_pair = _pair_correlation(residual / np.sqrt(np.maximum(among * unit, 1e-12)), n_weeks)
    # What carries over is part of the swing only; the rest of a week is chance.
    extra = np.divide(swing * room / np.maximum(chance, 1e-12), 1.0)
    carried = np.clip(own_pair * (1.0 + 1.0 / np.maximum(extra, 0.25)), 0.0, 0.7)
    # The past share bends towards the weeks it is taken from, the more so the more they carry
    # over, so that residuals are too small by its own variance.
    lost = np.minimum(0.5, (1.0 + carried) / (1.0 - carried) / np.maximum(n_weeks, 1))
    return swing / (1.0 - lost), carried


def _pair_correlation(standard: FloatArray, n_weeks: npt.NDArray[np.int_]) -> FloatArray:
    """Return each series' correlation of neighbouring weeks, drawn towards that of all."""
    pairs = (standard[:, 1:] * standard[:, :-1]).sum(axis=1)
    square = np.maximum((standard**2).sum(axis=1), 1e-12)
    # Short series show too little of it (Kendall 1954: by (1 + 3 r) / n).
    own = (n_weeks * pairs / square + 1.0) / np.maximum(n_weeks - 3.0, 1.0)
    drawn = (n_weeks * own + PRIOR_WEEKS * own.mean()) / (n_weeks + PRIOR_WEEKS)
    # It is known from some weeks only, and far tails of four weeks are ruled by it: with half a
    # standard error more the bound on false alarms holds for swings that carry over by 0.4.
    return np.asarray(drawn + 0.5 * np.sqrt(1.0 / (n_weeks + PRIOR_WEEKS)), dtype=np.float64)


def _alarm(
    p: FloatArray,
    expected: FloatArray,
    looks: list[tuple[int, int]],
    n_tests: int,
    false_alarm: float,
) -> Alarm | None:
    known = np.flatnonzero(np.isfinite(p))
    if known.size == 0:
        return None
    adjusted = np.minimum(1.0, p * n_tests)
    flagged = [one for one in known if adjusted[one] <= false_alarm]
    # Looks are in order of weeks; of one week's looks the most extreme is told.
    if flagged:
        week = looks[flagged[0]][0]
        place = min((one for one in flagged if looks[one][0] == week), key=lambda one: p[one])
    else:
        place = known[int(np.argmin(p[known]))]
    week, window = looks[place]
    return Alarm(
        week if flagged else None,
        window,
        float(p[place]),
        float(adjusted[place]),
        float(expected[place]),
        int(known.size),
    )
