"""Change of a rate of payments by market: the last months against those before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.findings import Finding
from supportlab.metrics.dimensions import MISSING
from supportlab.results import Estimate
from supportlab.studies.common.cells import MINIMUM_ROWS
from supportlab.studies.common.refusals import as_of_text
from supportlab.studies.common.verdicts import row_verdict
from supportlab.studies.payments.market_change_words import (
    Periods,
    alt_changes,
    change_sentences,
    draw_changes,
)
from supportlab.studies.payments.market_words import refused_market
from supportlab.studies.payments.measures import COUNTED, PAYMENT_MEASURES, STUDY
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.payments.cells import PaymentCells
    from supportlab.stats.interval import Contrast

__all__ = ["market_changes"]

# A quarter evens out paydays and billing dates within the month.
MONTHS = 3
# A change inside one point is no change to act on: the project's region for a share.
FLAT = 0.01
COUNTS = ("n_1", "successes_1", "n_2", "successes_2")


def market_changes(
    desk: Desk,
    rate: str = "decline_rate",
    *,
    months: int = MONTHS,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate by how much a rate changed in every market, from the months before to the last ones.

    Not an effect of what happened in between, and not free of the season: a quarter is held
    against the one before it.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    rate : str
        ``decline_rate``, ``success_rate`` or ``abandonment_rate``.
    months : int
        Whole months in each period.
    start, end : str, optional
        ISO dates, end excluded; the last whole month before ``end`` (or the data's moment) ends
        the later period.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a market, the largest evidence first: ``before_rate``, ``after_rate``,
        ``estimate`` (their difference), ``ci_low``, ``ci_high``, ``p_value``, ``p_adjusted``
        (Benjamini and Hochberg over markets), ``verdict``, ``n``, ``n_clusters``, ``reason``;
        findings ``payment.decline_rate.change``.

    Raises
    ------
    ParameterError
        ``months`` is below 1, or the rate is not known.

    Notes
    -----
    Customers who pay in both periods are one cluster: what they have in common cancels out
    (`supportlab.stats.paired_changes`).
    """
    if months < 1:
        raise ParameterError(f"months came as {months!r}; give 1 or more.")
    name = f"payment-change-{rate}-by-market".replace("_", "-")
    if rate not in COUNTED:
        raise ParameterError(f"rate came as {rate!r}. {did_you_mean(rate, COUNTED)}")
    title = f"Change by market: {PAYMENT_MEASURES[rate].title.lower()}"
    try:
        cells, periods = _cells(desk, rate, months, start, end)
        table = _table(_profiles(cells, COUNTED[rate][1], periods), level)
    except NotEstimable as refusal:
        reason, period = str(refusal), (start, end)
        return refused_market(desk, rate, name, title, reason, period, "market", suffix=".change")
    known = {"as_of": as_of_text(desk), "start": start, "end": end}
    return Estimate(
        name,
        title,
        table,
        findings=tuple(
            _finding(desk, rate, row, periods, level, known) for row in table.to_dict("records")
        ),
        sentences=change_sentences(rate, table, periods),
        definitions=(cells.record(),),
        caveats=(
            (
                f"{periods.words()}: a season or a change in who pays moves a rate as well as "
                "anything that was done."
            ),
        ),
        draw=lambda ax: draw_changes(table, title, PAYMENT_MEASURES[rate].counted, ax),
        alt=alt_changes(table, rate),
    )


def _cells(
    desk: Desk, rate: str, months: int, start: str | None, end: str | None
) -> tuple[PaymentCells, Periods]:
    from supportlab.metrics.payments.cells import payment_cells

    unit, _ = COUNTED[rate]
    cells = payment_cells(desk, ("market", "month"), unit=unit, start=start, end=end)
    counts = cells.fetch()
    if not len(counts) or counts["n"].sum() == counts["n_success"].sum():
        raise NotEstimable("the period holds no payment that failed")
    stop = str(end)[:7] if end else desk.as_of.isoformat()[:7]
    whole = sorted({str(month) for month in counts["month"] if str(month) < stop})
    span = min(months, len(whole) // 2)
    if span < 1:
        raise NotEstimable(
            f"{len(whole)} whole months hold payments; a change needs at least one on each side"
        )
    periods = Periods(tuple(whole[-span:]), tuple(whole[-2 * span : -span]))
    return cells, periods


def _profiles(cells: PaymentCells, outcome: str, periods: Periods) -> pd.DataFrame:
    """Count customers by market and by what they did in both periods, in the engine."""
    from supportlab.metrics.profiles import ordered_profiles, profile_table

    table = cells.clusters
    each = table.filter(table.month.isin((*periods.later, *periods.earlier)))
    sums = {}
    for number, months in (("1", periods.later), ("2", periods.earlier)):
        inside = each.month.isin(months)
        sums[f"n_{number}"] = inside.ifelse(each.n, 0).sum().cast("int64")
        sums[f"successes_{number}"] = inside.ifelse(each[outcome], 0).sum().cast("int64")
    customers = each.group_by(["market", "cluster"]).aggregate(**sums)
    return ordered_profiles(profile_table(customers, ("market",), COUNTS), ("market", *COUNTS))


def _table(frame: pd.DataFrame, level: float) -> pd.DataFrame:
    from supportlab.stats import adjust_p
    from supportlab.stats.paired_changes import PairedProfiles, paired_changes

    named = frame.loc[frame["market"] != MISSING]
    parts = [(str(market), part) for market, part in named.groupby("market", sort=True)]
    if not parts:
        raise NotEstimable("no payment of these months has a market")
    groups = [
        PairedProfiles(
            *(
                part[name].to_numpy()
                for name in ("successes_1", "n_1", "successes_2", "n_2", "n_clusters")
            )
        )
        for _, part in parts
    ]
    found = paired_changes(groups, level)
    rows = [
        _row(market, part, one, level) for (market, part), one in zip(parts, found, strict=True)
    ]
    table = pd.DataFrame(rows)
    numbers = ["before_rate", "after_rate", "estimate", "ci_low", "ci_high", "p_value"]
    table[numbers] = table[numbers].astype("float64")
    adjusted = adjust_p([None if pd.isna(p) else float(p) for p in table["p_value"]])
    table.insert(
        list(table.columns).index("p_value") + 1, "p_adjusted", pd.Series(adjusted, dtype="float64")
    )
    table.insert(
        list(table.columns).index("p_adjusted") + 1,
        "verdict",
        [row_verdict(row, level, within=FLAT) for row in table.to_dict("records")],
    )
    order = np.lexsort((table["market"].to_numpy(dtype=str), table["p_value"].fillna(2.0)))
    return table.iloc[order].reset_index(drop=True)


def _row(market: str, part: pd.DataFrame, found: Contrast | None, level: float) -> dict[str, Any]:
    times = part["n_clusters"]
    n_1, hits_1, n_2, hits_2 = (
        int((part[name] * times).sum()) for name in ("n_1", "successes_1", "n_2", "successes_2")
    )
    too_few = min(n_1, n_2) < MINIMUM_ROWS
    reason = (
        f"{n_2} before and {n_1} after; at least {MINIMUM_ROWS} in each are needed"
        if too_few
        else None
    )
    shown = None if too_few else found
    return {
        "market": market,
        "before_rate": hits_2 / n_2 if n_2 >= MINIMUM_ROWS else None,
        "after_rate": hits_1 / n_1 if n_1 >= MINIMUM_ROWS else None,
        "estimate": shown.estimate if shown else None,
        "ci_low": shown.low if shown else None,
        "ci_high": shown.high if shown else None,
        "ci_level": level,
        "unit": "proportion",
        "p_value": shown.p_value if shown else None,
        "n": n_1 + n_2,
        "n_clusters": int(times[(part["n_1"] + part["n_2"]) > 0].sum()),
        "method": shown.method if shown else None,
        "reason": reason,
    }


def _finding(
    desk: Desk,
    rate: str,
    row: dict[Any, Any],
    periods: Periods,
    level: float,
    known: dict[str, Any],
) -> Finding:
    measure = PAYMENT_MEASURES[rate]
    group = {"market": str(row["market"])}
    shared = {
        **known,
        "id": f"{measure.finding_id}.change",
        "study": STUDY,
        "question": "In which markets has it become easier or harder to pay?",
        "estimand": f"{measure.estimand(group, desk.slice)}, {periods.words()}",
        "unit": "proportion",
        "group": group,
        "n": int(row["n"]),
        "n_clusters": int(row["n_clusters"]),
    }
    if pd.isna(row["estimate"]):
        return Finding.refused(reason=str(row["reason"]), **shared)
    names = ("estimate", "ci_low", "ci_high", "method", "p_value", "p_adjusted", "verdict")
    return Finding(**shared, ci_level=level, **{name: row[name] for name in names})
