"""Kaplan-Meier quantiles of many groups at once, computed where the rows are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt

from supportlab.metrics.sums import count_where, sums_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ROUNDING", "early_ends", "first_open", "late_groups", "survival_quantiles"]

# A product of many factors ends some units of machine precision off the round share; the same
# allowance as that of stats.survival_quantile.
ROUNDING = 1e-12
# Seconds that stand for an end that was not seen: later than any, and still a whole number.
NEVER = 2**62

_SHARES = dt.Array(dt.float64)


@ibis.udf.agg.builtin(name="quantile_disc", signature=((dt.int64, _SHARES), dt.Array(dt.int64)))  # type: ignore[untyped-decorator]
def _ordered_values(value: Any, shares: Any) -> Any: ...


def survival_quantiles(
    rows: Any, keys: Sequence[str], seconds: str, outcome: str, shares: Sequence[float]
) -> Any:
    """
    Return, per group, the seconds by which a share of the rows has ended.

    Not an interval: that needs the clusters.

    Parameters
    ----------
    rows : ibis.Table
        One row per case.
    keys : sequence of str
        Columns of the group; none for a single group.
    seconds, outcome : str
        Columns of the whole seconds watched, and of ``event`` or ``censored``; other rows do not
        count.
    shares : sequence of float
        Between 0 and 1.

    Returns
    -------
    ibis.Table
        One row per group: the keys and ``quantile_0``, ``quantile_1``, … in the order of the
        shares, missing where the share is not reached.

    Notes
    -----
    Kaplan and Meier (1958). The product of shares that survive telescopes between two censored
    times, so survival after a time with an event is the rows then left over all rows, times
    one factor per earlier censored time: with ``left`` rows after it and ``c`` censored at it,
    ``(left + c) / left``. Up to the first censored time this is one division of whole numbers,
    the same on every engine; beyond it the factors' logarithms are summed, and the allowance
    ``ROUNDING`` covers their last digits.
    """
    curve = _curve(_ended_per_second(rows, keys, seconds, outcome), keys)
    reached = {
        f"quantile_{place}": curve.seconds.min(
            where=(curve.n_events > 0) & (curve.survival <= 1.0 - share + ROUNDING)
        )
        for place, share in enumerate(shares)
    }
    return sums_of(curve, tuple(keys), **reached)


def _ended_per_second(rows: Any, keys: Sequence[str], seconds: str, outcome: str) -> Any:
    seen = rows.filter(rows[outcome].isin(("event", "censored")))
    return seen.group_by([*keys, seen[seconds].name("seconds")]).aggregate(
        n_events=count_where(seen[outcome] == "event"),
        n_censored=count_where(seen[outcome] == "censored"),
    )


def _curve(ended: Any, keys: Sequence[str]) -> Any:
    """Add ``survival`` after each second; rows censored at it are still at risk at it."""
    group = [ended[key] for key in keys]
    whole = ibis.window(group_by=group)
    in_order = ibis.window(group_by=group, order_by=ended.seconds)
    so_far = ibis.cumulative_window(group_by=group, order_by=ended.seconds)
    rows = ended.n_events + ended.n_censored
    total = rows.sum().over(whole).cast("int64")
    counted = ended.mutate(total=total, left=total - rows.sum().over(so_far).cast("int64"))
    step = ibis.cases(
        ((counted.n_censored == 0) | (counted.left <= 0), ibis.literal(0.0)),
        else_=((counted.left + counted.n_censored) / counted.left.nullif(0)).ln(),
    )
    stepped = counted.mutate(step=step)
    before = stepped.mutate(before=stepped.step.lag().over(in_order).fill_null(0.0))
    factor = before.before.sum().over(so_far).exp()
    return before.mutate(survival=(before.left + before.n_censored) / before.total * factor)


def early_ends(seconds: Any, outcome: Any, shares: Sequence[float]) -> Any:
    """
    Return an aggregate: the shares' quantiles as if whoever is still open never ended.

    They are Kaplan-Meier's where they lie before the first censored time (`first_open`), since
    nothing but ends has happened by then; elsewhere they are none. One pass, and no sorting by
    second. An array in the order of the shares; for our own engine only, others know no such
    aggregate of several shares.
    """
    ends = ibis.cases(
        (outcome == "event", seconds), (outcome == "censored", ibis.literal(NEVER, "int64"))
    )
    return _ordered_values(ends, ibis.literal(list(shares), type=_SHARES))


def first_open(seconds: Any, outcome: Any) -> Any:
    """Return an aggregate: the shortest time after which a row was no longer watched."""
    return seconds.min(where=outcome == "censored")


def late_groups(early: pd.DataFrame, first: pd.Series) -> pd.Series:
    """Return which groups have a quantile after their first censored time."""
    late: pd.Series = early.gt(first.fillna(NEVER), axis=0).any(axis=1)
    return late
