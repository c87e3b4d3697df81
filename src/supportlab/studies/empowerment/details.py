"""The designs beside the roll-out in detail: the limit, the examiner, alike tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_interval
from supportlab.results import Estimate
from supportlab.studies.common.refusals import refused_estimate
from supportlab.studies.empowerment.design_adjusted import adjusted_result, fitted_adjusted
from supportlab.studies.empowerment.design_examiner import examiner_result, fitted_examiner
from supportlab.studies.empowerment.design_limit import (
    LimitFit,
    binned,
    fitted_limit,
    limit_result,
    near_limit,
)
from supportlab.studies.empowerment.design_results import points
from supportlab.studies.empowerment.outcomes import Outcome, outcome_of
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk

__all__ = ["alike_tickets", "examiner", "limit"]


def limit(
    desk: Desk,
    outcome: str = "fcr",
    *,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Show the jump at the limit of authority, with other windows and limits that nobody has.

    Not for desks without amounts on their tickets. The finding is that of `effect`.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``issue_value``, authority with limits.
    outcome : str
        As of `effect`.
    start, end : str, optional
        ISO dates of creation, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a try: the jump itself, other windows, the donut, the placebo limits.
    """
    asked = outcome_of(outcome)
    title = f"{asked.title} at the limit of authority"
    name = f"empowerment-{asked.name.replace('_', '-')}-limit"
    try:
        found = fitted_limit(desk, asked, start, end, level)
    except NotEstimable as refusal:
        return refused_estimate(name, title, str(refusal))
    result = limit_result(desk, asked, start, end, level)
    cells, _ = near_limit(desk, start, end)
    covered = cells.loc[cells["has_authority"] == 1]
    one = found.main.interval
    words = format_interval(one.estimate, one.low, one.high, asked.unit, is_difference=True)
    return Estimate(
        name=name,
        title=title,
        table=_limit_table(found).assign(unit=asked.unit, versus="just beyond it"),
        sentences=(
            (
                f"Just within the limit {asked.words} differs by {words} from just beyond it, over "
                f"{found.main.n_left + found.main.n_right:,} tickets within "
                f"{found.main.bandwidth:.3g} {found.scale} of it."
            ),
        ),
        checks=result.checks,
        caveats=result.caveats,
        draw=lambda ax: _draw_limit(covered, found, asked, title, ax),
        alt=(
            f"{title}: means in bins of the distance from it; the fitted level is "
            f"{found.main.level_left:.2f} just beyond and {found.main.level_right:.2f} just within."
        ),
    )


def examiner(
    desk: Desk,
    outcome: str = "fcr",
    *,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Show the instrument: how readiness moves use, and whether tickets of ready agents are alike.

    Not where agents pick their tickets. The finding is that of `effect`.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``authority_used``.
    outcome : str
        As of `effect`.
    start, end : str, optional
        ISO dates of creation, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a step: first stage, effect of use, plain difference of users and others.
    """
    asked = outcome_of(outcome)
    title = f"{asked.title} by the agent's readiness to use authority"
    name = f"empowerment-{asked.name.replace('_', '-')}-examiner"
    try:
        found = fitted_examiner(desk, asked, start, end, level)
    except NotEstimable as refusal:
        return refused_estimate(name, title, str(refusal))
    result = examiner_result(desk, asked, start, end, level)
    main, slope = found.main, found.main.first.slope
    rows = [
        ("use of authority per readiness (first stage)", slope.estimate, slope.low, slope.high,
         "score"),
        ("users less others, within team and week", main.naive, None, None, asked.unit),
    ]  # fmt: skip
    if result.contrast is not None:
        one = main.interval
        rows.append(("effect of use (two stages)", one.estimate, one.low, one.high, asked.unit))
    if main.anderson_rubin is not None and np.all(np.isfinite(main.anderson_rubin)):
        low, high = main.anderson_rubin
        rows.append(("the same, Anderson-Rubin interval", main.interval.estimate, low, high,
                     asked.unit))  # fmt: skip
    table = pd.DataFrame(rows, columns=["figure", "estimate", "ci_low", "ci_high", "unit"])
    table = table.assign(
        n=main.interval.n, n_clusters=main.interval.n_clusters,
        first_stage_f=main.first.f_statistic, versus="not used",
    )  # fmt: skip
    said = (
        f"First-stage F is {main.first.f_statistic:,.0f} over {main.interval.n_clusters} agents; "
        f"{100 * found.share_used:.0f} % of the tickets with authority were settled by it."
    )
    return Estimate(
        name, title, table, sentences=(said,), checks=result.checks, caveats=result.caveats
    )


def alike_tickets(
    desk: Desk,
    outcome: str = "fcr",
    *,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Show where tickets with and without authority are alike, and what adjusting makes of them.

    Not a cause: see the sensitivity to what no column holds. The finding is that of `effect`.

    Parameters
    ----------
    desk : Desk
        The data.
    outcome : str
        As of `effect`.
    start, end : str, optional
        ISO dates of creation, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a band of the chance to have authority: tickets with and without it, kept or not.
    """
    asked = outcome_of(outcome)
    title = f"{asked.title}: alike tickets with and without authority"
    name = f"empowerment-{asked.name.replace('_', '-')}-alike"
    try:
        found = fitted_adjusted(desk, asked, start, end, level)
    except NotEstimable as refusal:
        return refused_estimate(name, title, str(refusal))
    result = adjusted_result(desk, asked, start, end, level)
    n = f"n_{asked.name}"
    band = (found.cells["chance"] * 10).astype(int).clip(0, 9)
    rows = []
    for place in range(10):
        part = found.cells.loc[band == place]
        arm = part["has_authority"] == 1
        rows.append(
            {
                "chance_of_authority": f"{place / 10:.1f} to {(place + 1) / 10:.1f}",
                "n_with": round(float(part.loc[arm, n].sum())),
                "n_without": round(float(part.loc[~arm, n].sum())),
                "n_left_out": round(float(part.loc[~part["is_kept"], n].sum())),
            }
        )
    one = found.contrast
    words = format_interval(one.estimate, one.low, one.high, asked.unit, is_difference=True)
    strength = (result.sensitivity or {}).get("estimate")
    said = [
        (
            f"Alike tickets with and without authority differ by {words} in {asked.words}, "
            f"{100 * found.share_kept:.0f} % of the tickets with authority kept."
        ),
    ]
    if strength is not None:
        said.append(
            f"Something unseen would undo this from a strength of {float(str(strength)):.2f} "
            f"({(result.sensitivity or {}).get('name')})."
        )
    return Estimate(
        name, title, pd.DataFrame(rows), sentences=tuple(said), checks=result.checks,
        caveats=result.caveats,
    )  # fmt: skip


def _limit_table(found: LimitFit) -> pd.DataFrame:
    rows = [("the limit", found.main), *found.variants, *found.placebos]
    return pd.DataFrame(
        [
            {
                "where": words,
                "kind": kind,
                "estimate": one.interval.estimate,
                "ci_low": one.interval.low,
                "ci_high": one.interval.high,
                "conventional": one.conventional.estimate,
                "window": one.bandwidth,
                "n": one.interval.n,
                "p_value": one.interval.p_value,
            }
            for (words, one), kind in zip(
                rows,
                ["limit", *["other window"] * len(found.variants),
                 *["placebo"] * len(found.placebos)],
                strict=True,
            )
        ]
    )  # fmt: skip


def _draw_limit(
    cells: pd.DataFrame, found: LimitFit, outcome: Outcome, title: str, ax: Axes | None
) -> Axes:
    from supportlab.plots.jumps import jump_plot

    width = min(2.0 * found.main.bandwidth, float(cells["x"].abs().max()))
    bins = binned(cells, outcome, width, most=24)
    return jump_plot(
        bins,
        levels=(found.main.level_left, found.main.level_right),
        unit=outcome.unit,
        ax=ax,
        title=title,
        label=f"limit less amount ({found.scale}); right of 0 authority reaches",
        jump_words=points(found.main.interval.estimate, outcome.unit),
    )
