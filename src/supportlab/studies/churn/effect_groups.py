"""Is bad service worse news in some markets, segments or tenures than in others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.findings import Finding
from supportlab.results import Check, Estimate
from supportlab.studies.churn.group_ratios import group_ratios
from supportlab.studies.churn.models import Exposures, panel_months
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import scope_words
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk

__all__ = ["churn_effect_groups"]

FINDING_ID = "churn.quality.effect_by_group"
GROUPS = ("market", "segment", "tenure_band", "plan", "value_band")


def churn_effect_groups(
    desk: Desk,
    measure: str = "reopened",
    *,
    by: str = "market",
    start: str | None = None,
    end: str | None = None,
    window_days: int = 90,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate the hazard ratio of a measure within each group, raw and shrunk.

    Not a ranking: intervals of groups overlap, and the test of one ratio for all comes first.

    Parameters
    ----------
    desk : Desk
        The data.
    measure : str
        A measure of service, as ``reopened``.
    by : {"market", "segment", "tenure_band", "plan", "value_band"}
        Groups.
    start, end : str, optional
        ISO dates between which months at risk begin, end excluded.
    window_days : int
        Days of service before each month.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a group, in the order of the shrunk ratio (of tenure in its own order):
        ``group``, ``estimate``, ``ci_low``, ``ci_high`` of the group alone, ``shrunk`` with its
        limits where there are three groups, ``p_value``, ``p_adjusted``, ``n_events_with``,
        ``reason``. Findings ``churn.quality.effect_by_group``.

    Raises
    ------
    ParameterError
        The group column is not known.

    Notes
    -----
    Products of the measure with the groups in the model of `churn_effects`, other service and
    covariates with one ratio for all. Logarithms are shrunk towards their common centre
    (normal-normal; Rubin 1981). P values are against a ratio of 1, adjusted over the groups
    (Benjamini and Hochberg 1995); the check is the joint test of one ratio for all. Groups with
    fewer than five expected events with the measure share one ratio that is not shown.
    """
    if by not in GROUPS:
        raise ParameterError(f"by came as {by!r}. {did_you_mean(by, GROUPS)}")
    name = f"churn-effect-{measure}-by-{by}".replace("_", "-")
    title = f"Leaving after {measure.replace('_', ' ')}, by {by.replace('_', ' ')}"
    try:
        panel, months = panel_months(desk, start, end, window_days)
        if measure not in panel.measures:
            raise NotEstimable(str(panel.reasons.get(measure, f"{measure!r} is no measure")))
        table, check = group_ratios(months, measure, by, level)
    except NotEstimable as refusal:
        known = _known(desk, measure, {"measure": measure, "by": by}, start, end)
        return refused_estimate(
            name, title, str(refusal), (Finding.refused(reason=str(refusal), **known),)
        )
    return Estimate(
        name,
        title,
        table,
        findings=tuple(
            _finding(desk, row, measure, by, months, check, start, end)
            for row in table.to_dict("records")
        ),
        sentences=_sentences(table, by, check),
        definitions=(panel.definition,),
        checks=(check,),
        caveats=(
            (
                "An adjusted association within each group; the shrunk ratio is the better guess "
                "where few have left."
            ),
        ),
        draw=lambda ax: _draw(table, title, ax),
        alt=_alt(table),
    )


def _known(
    desk: Desk, measure: str, group: dict[str, str], start: str | None, end: str | None
) -> dict[str, Any]:
    where = {key: value for key, value in group.items() if key not in ("measure", "by")}
    return {
        "id": FINDING_ID,
        "study": "churn-and-service-quality",
        "question": "Does bad service go with leaving more in some groups than in others?",
        "estimand": (
            f"hazard of leaving in a month with {measure} in the window before it against "
            "without, at equal customers and other service, "
            f"{scope_words(where, desk.slice)}"
        ),
        "unit": "hazard_ratio",
        "design": "adjusted",
        "group": group,
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _finding(
    desk: Desk,
    row: dict[Any, Any],
    measure: str,
    by: str,
    months: Exposures,
    check: Check,
    start: str | None,
    end: str | None,
) -> Finding:
    from supportlab.studies.churn.verdicts import hazard_verdict

    known = _known(desk, measure, {"measure": measure, by: str(row["group"])}, start, end)
    known |= {"n_clusters": months.n_customers, "checks": (check,)}
    if pd.isna(row["estimate"]):
        return Finding.refused(reason=str(row["reason"]), **known)
    level = float(row["ci_level"])
    shrunk = None
    if not pd.isna(row.get("shrunk", np.nan)):
        shrunk = {
            "name": "shrunk towards the other groups (normal-normal on the logarithm)",
            "estimate": row["shrunk"],
            "ci_low": row["shrunk_low"],
            "ci_high": row["shrunk_high"],
        }
    return Finding(
        **known,
        estimate=row["estimate"],
        ci_low=row["ci_low"],
        ci_high=row["ci_high"],
        ci_level=level,
        method=row["method"],
        p_value=row["p_value"],
        p_adjusted=row["p_adjusted"],
        verdict=hazard_verdict(row["p_adjusted"], row["ci_low"], row["ci_high"], level=level),
        sensitivity=shrunk,
    )


def _sentences(table: pd.DataFrame, by: str, check: Check) -> tuple[str, ...]:
    known = table.loc[table["estimate"].notna()]
    words = {True: "no difference between groups is shown", False: "the groups differ"}
    said = words.get(check.passed, "groups cannot be compared") if check.passed is not None else ""
    said = said or "groups cannot be compared"
    low, high = known["estimate"].min(), known["estimate"].max()
    left = len(table) - len(known)
    tail = f"; {left} have too few who left and are not shown" if left else ""
    return (
        (
            f"Hazard ratios by {by.replace('_', ' ')} run from {low:.2f} to {high:.2f} in "
            f"{len(known)} groups{tail}; {said} ({check.detail})."
        ),
    )


def _draw(table: pd.DataFrame, title: str, ax: Axes | None) -> Axes:
    from supportlab.plots.forest import forest_plot

    second = "shrunk" if "shrunk" in table else None
    return forest_plot(
        table,
        label="group",
        title=title,
        second=second,
        estimate_label="own ratio",
        second_label="shrunk",
        ax=ax,
    )


def _alt(table: pd.DataFrame) -> str:
    from supportlab.plots.forest import alt_forest

    return alt_forest(table, label="group", subject="hazard ratios by group")
