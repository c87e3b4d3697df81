"""Changes that reached markets at different times: local prices, and locally preferred methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.metrics.dimensions import MISSING
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import whole_words
from supportlab.studies.payments.arm_tables import verdict_of
from supportlab.studies.payments.measures import STUDY
from supportlab.studies.payments.roll_out_words import (
    RollOutQuestion,
    drawing,
    naive_check,
    pre_trend_check,
    roll_out_alt,
    roll_out_sentences,
    start_check,
)
from supportlab.studies.payments.starts import Start
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.records import Definition
    from supportlab.stats.interval import Contrast
    from supportlab.stats.staggered import RollOut

__all__ = ["refused_roll_out", "roll_out_cells", "roll_out_estimate"]


def roll_out_cells(
    frame: pd.DataFrame, has_it: pd.Series, outcome: str, covariates: Sequence[str]
) -> pd.DataFrame:
    """
    Sum payments by market, month and covariates, with the outcome and with what began.

    Parameters
    ----------
    frame : pandas.DataFrame
        Counts by cell: ``market``, ``month``, the covariates, ``n`` and the outcome's column.
    has_it : pandas.Series of bool
        Which cells had what began.
    outcome : str
        Column of the events.
    covariates : sequence of str
        Label columns to keep.

    Returns
    -------
    pandas.DataFrame
        As `roll_out_estimate` takes it, of payments whose market is known.
    """
    kept = frame.assign(dose=frame["n"].where(has_it, 0), events=frame[outcome])
    kept = kept.loc[(kept["market"] != MISSING) & (kept["n"] > 0)]
    keys = ["market", "month", *covariates]
    found: pd.DataFrame = kept.groupby(keys, sort=True)[["n", "events", "dose"]].sum().reset_index()
    return found


def roll_out_estimate(
    desk: Desk,
    asked: RollOutQuestion,
    cells: pd.DataFrame,
    starts: Sequence[Start],
    definition: Definition,
    *,
    covariates: Sequence[str] = (),
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate what began with a change that reached markets at different times.

    Not where a market changed because its payments were just getting worse.

    Parameters
    ----------
    desk : Desk
        The data.
    asked : RollOutQuestion
        The change.
    cells : pandas.DataFrame
        ``market``, ``month``, the covariates, ``n``, ``events``, ``dose`` (rows with what began).
    starts : sequence of Start
        One a market that changed.
    definition : Definition
        What was counted.
    covariates : sequence of str
        Label columns of the cells.
    start, end : str, optional
        ISO dates, for the record.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        Two rows: the change as rolled out, and for each payment that it moved; one finding each.
    """
    known = _known(desk, asked, start, end)
    scope = whole_words(desk.slice)
    try:
        main, dose = _fits(cells, starts, covariates, level)
    except NotEstimable as refusal:
        return refused_roll_out(desk, asked, str(refusal), start=start, end=end)
    scaled = _per_user(main, dose, level)
    checks = (start_check(starts), *pre_trend_check(main), naive_check(main))
    rows = [
        ("as rolled out", main.interval),
        (f"for each payment moved to {asked.dose_words}", scaled),
    ]
    table = _table(rows, main, dose, level)
    return Estimate(
        name=asked.name,
        title=asked.title,
        table=table,
        findings=_findings(asked, table, rows, checks, {**known, "scope": scope}, level),
        sentences=roll_out_sentences(asked, main, dose, scaled, starts),
        definitions=(definition,),
        checks=checks,
        caveats=asked.caveats,
        draw=drawing(asked.title, main),
        alt=roll_out_alt(asked, main),
    )


def refused_roll_out(
    desk: Desk, asked: RollOutQuestion, reason: str, *, start: str | None, end: str | None
) -> Estimate:
    """
    Say why there is no estimate of a roll-out.

    Parameters
    ----------
    desk : Desk
        The data.
    asked : RollOutQuestion
        The change.
    reason : str
        Why.
    start, end : str or None
        ISO dates, for the record.

    Returns
    -------
    Estimate
        With one refused finding.
    """
    estimand = asked.estimand(whole_words(desk.slice), is_per_user=False)
    known = _known(desk, asked, start, end)
    refused = Finding.refused(reason=reason, estimand=estimand, group=dict(asked.group), **known)
    return refused_estimate(asked.name, asked.title, reason, (refused,))


def _known(
    desk: Desk, asked: RollOutQuestion, start: str | None, end: str | None
) -> dict[str, Any]:
    return {
        "study": STUDY,
        "id": asked.finding_id,
        "question": asked.question,
        "unit": "proportion",
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
        "design": "quasi_experiment",
    }


def _fits(
    cells: pd.DataFrame, starts: Sequence[Start], covariates: Sequence[str], level: float
) -> tuple[RollOut, RollOut]:
    from supportlab.stats.cell_models import design_columns
    from supportlab.stats.staggered import imputed_effect

    months = {month: place for place, month in enumerate(_all_months(cells["month"]))}
    first = {one.market: months.get(one.month, np.nan) for one in starts}
    adopted = [float(first.get(market, np.nan)) for market in cells["market"]]
    period = [months[month] for month in cells["month"]]
    design = None
    if covariates:
        labels = {name: cells[name].tolist() for name in covariates}
        design = design_columns(labels, cells["n"]).matrix
    fits = [
        imputed_effect(
            cells["market"], period, cells["n"], cells[name], adopted, design=design, level=level
        )
        for name in ("events", "dose")
    ]
    return fits[0], fits[1]


def _all_months(months: pd.Series) -> list[str]:
    span = pd.period_range(min(months), max(months), freq="M")
    return [str(month) for month in span]


def _per_user(main: RollOut, dose: RollOut, level: float) -> Contrast | None:
    """Return the ratio of the two changes with the spread of its leave-one-market-out values."""
    from supportlab.stats.jackknife import jackknife_contrast

    low = dose.interval.low
    if low is None or low <= 0:
        return None
    ratio = main.interval.estimate / dose.interval.estimate
    without = main.replicates / dose.replicates
    return jackknife_contrast(
        ratio,
        without,
        df=float(main.interval.df or 1.0),
        n=main.interval.n,
        level=level,
        method="ratio of two imputation differences, leave-one-market-out",
    )


def _table(
    rows: Sequence[tuple[str, Contrast | None]], main: RollOut, dose: RollOut, level: float
) -> pd.DataFrame:
    from supportlab.stats import adjust_p

    made = []
    for figure, found in rows:
        made.append(
            {
                "figure": figure,
                "estimate": found.estimate if found else None,
                "ci_low": found.low if found else None,
                "ci_high": found.high if found else None,
                "p_value": found.p_value if found else None,
                "n": main.interval.n,
                "n_markets": main.interval.n_clusters,
                "n_markets_that_changed": main.n_adopters,
                "rise_of_share": dose.interval.estimate,
                "naive_two_way_difference": main.naive,
                "n_dropped": main.n_dropped,
            }
        )
    table = pd.DataFrame(made).assign(unit="proportion")
    table["p_adjusted"] = adjust_p(table["p_value"].tolist())
    table["verdict"] = [
        None if found is None else verdict_of(found, p, level)
        for (_, found), p in zip(rows, table["p_adjusted"], strict=True)
    ]
    return table


def _findings(
    asked: RollOutQuestion,
    table: pd.DataFrame,
    rows: Sequence[tuple[str, Contrast | None]],
    checks: tuple[Check, ...],
    known: dict[str, Any],
    level: float,
) -> tuple[Finding, ...]:
    scope = known.pop("scope")
    made = []
    for place, ((_, found), row) in enumerate(zip(rows, table.to_dict("records"), strict=True)):
        group = dict(asked.group) | ({"per": "payment moved"} if place else {})
        own = {**known, "group": group, "estimand": asked.estimand(scope, is_per_user=place > 0)}
        own |= {"n": int(row["n"]), "caveats": asked.caveats}
        if found is None:
            reason = f"{asked.what} is not shown to have moved any payment"
            made.append(Finding.refused(reason=reason, **own))
            continue
        made.append(
            Finding(
                **own,
                estimate=found.estimate,
                ci_low=found.low,
                ci_high=found.high,
                ci_level=level,
                n_clusters=found.n_clusters,
                method=found.method,
                p_value=found.p_value,
                p_adjusted=float(row["p_adjusted"]),
                verdict=row["verdict"],
                checks=checks,
            )
        )
    return tuple(made)
