"""The desk's own limit of slow: what three quarters of its tickets stay within."""

from __future__ import annotations

from typing import Any

from supportlab.metrics.periods import whole_seconds
from supportlab.metrics.sums import count_where

__all__ = ["SLOW_ABOVE", "slow_limit"]

SLOW_ABOVE = 0.75
SECONDS_PER_MINUTE = 60


def slow_limit(waits: Any, since: str, until: str, last: str) -> int | None:
    """
    Return the whole minutes within which three quarters of the waits end.

    Not of finished waits alone, which are the quick ones: an unfinished one counts as longer than
    it has lasted (Kaplan and Meier 1958). Counted in minutes, so that what comes to Python does
    not grow with the desk.

    Parameters
    ----------
    waits : ibis.Table
        One row per wait; those that end before they begin are left out.
    since, until, last : str
        Columns of the start, the end (missing while it lasts) and the last moment seen.

    Returns
    -------
    int or None
        None where three quarters have not ended within what was observed.
    """
    import numpy as np

    minutes = whole_seconds(waits[until].fill_null(waits[last]), waits[since]) // SECONDS_PER_MINUTE
    timed = waits.mutate(minutes=minutes.cast("int64"), is_over=waits[until].notnull())
    timed = timed.filter(timed.minutes >= 0)
    counts = timed.group_by("minutes").aggregate(
        n_over=count_where(timed.is_over), n=timed.count().cast("int64")
    )
    frame = counts.execute().sort_values("minutes")
    n = frame["n"].to_numpy(dtype=float)
    at_risk = np.cumsum(n[::-1])[::-1]
    still = np.cumprod(1.0 - frame["n_over"].to_numpy(dtype=float) / at_risk)
    # A product of many factors ends some units of machine precision off the round share.
    reached = np.flatnonzero(still <= 1.0 - SLOW_ABOVE + 1e-12)
    return int(frame["minutes"].iloc[reached[0]]) if reached.size else None
