"""Is bad service worse news in some markets, segments or tenures than in others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.findings import Finding
from supportlab.format import format_p
from supportlab.results import Check, Estimate
from supportlab.studies.churn.models import (
    Exposures,
    columns_of,
    fit_months,
    fitted_chance,
    panel_months,
)
from supportlab.studies.churn.ratios import held_equal
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import scope_words
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats.hazards import HazardFit
    from supportlab.stats.interval import Contrast

__all__ = ["churn_effect_groups"]

FINDING_ID = "churn.quality.effect_by_group"
# Fewest events with the measure that one ratio for all would give in a group. Chosen by the events
# that were seen, the groups with chance on their side would be shown and the others not.
GROUP_EVENTS = 5
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
        table, check = _estimated(months, measure, by, level)
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


def _estimated(
    months: Exposures, measure: str, by: str, level: float
) -> tuple[pd.DataFrame, Check]:
    from supportlab.stats.hazards import hazard_ratio, joint_test

    others = [name for name in held_equal(months) if name != measure]
    known = months.known([measure, *others])
    bands = known.levels[by]
    if len(bands.names) < 2:
        raise NotEstimable(f"there is only one {by}")
    inside = known.frame[measure].to_numpy(dtype=float) > 0
    events = _sums(bands.codes, known.events * inside, len(bands.names))
    expected = _expected(known, measure, others, by)
    enough = [place for place in range(len(bands.names))
              if expected[place] >= GROUP_EVENTS and events[place] > 0]  # fmt: skip
    if not enough:
        raise NotEstimable(f"no {by} would have {GROUP_EVENTS} customers who leave with it")
    fit, names = _with_products(known, measure, others, by, enough)
    weights = {place: {measure: 1.0, **({names[place]: 1.0} if place in names else {})}
               for place in enough}  # fmt: skip
    found = {place: hazard_ratio(fit, weights[place], level) for place in enough}
    table = _table(bands.names, found, (events, expected), level, by)
    if not names:
        return table, Check("one ratio for all", None, "Only one group has enough events.")
    p_value = joint_test(fit, list(names.values())).p_value
    words = f"the same ratio in all groups that are shown: {format_p(p_value)}"
    return table, Check("one ratio for all", p_value >= 0.05, words)


def _expected(months: Exposures, measure: str, others: Sequence[str], by: str) -> np.ndarray:
    """Return events with the measure that one ratio for all would give in each group."""
    numbers = columns_of(months, [measure, *others])
    fit = fit_months(months, numbers)
    chance = fitted_chance(months, numbers, fit)
    n, codes = months.frame["n"].to_numpy(dtype=float), months.levels[by].codes
    inside = numbers[measure] > 0
    return _sums(codes, n * chance * inside, len(months.levels[by].names))


def _with_products(
    months: Exposures, measure: str, others: Sequence[str], by: str, enough: Sequence[int]
) -> tuple[HazardFit, dict[int, str]]:
    """Fit one ratio a group: that of the group with most, and products for the other groups."""
    numbers = columns_of(months, [measure, *others])
    codes, values = months.levels[by].codes, numbers[measure]
    inside = _sums(codes, values * months.frame["n"].to_numpy(dtype=float), max(codes) + 1)
    home = max(enough, key=lambda place: (inside[place], -place))
    names = {}
    for place in enough:
        if place != home:
            names[place] = f"{measure} x {months.levels[by].names[place]}"
            numbers[names[place]] = values * (codes == place)
    rest = values * ~np.isin(codes, list(enough))
    if (rest * months.events).sum() > 0:
        numbers[f"{measure} x (few)"] = rest
    elif rest.any():
        # Nobody left there with it: these months would send a coefficient to minus infinity.
        kept = rest == 0
        numbers = {name: column[kept] for name, column in numbers.items()}
        months = months.where(kept)
    return fit_months(months, numbers), names


def _sums(codes: np.ndarray, weights: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(codes, weights=weights, minlength=size)


def _table(
    labels: Sequence[str],
    found: dict[int, Contrast],
    events: tuple[np.ndarray, np.ndarray],
    level: float,
    by: str,
) -> pd.DataFrame:
    from supportlab.stats import adjust_p

    adjusted = dict(zip(found, adjust_p([one.p_value for one in found.values()]), strict=True))
    shrunk = _shrunk(found, level)
    rows = []
    for place, label in enumerate(labels):
        one = found.get(place)
        row: dict[str, Any] = {"group": label, "estimate": None, "ci_low": None, "ci_high": None}
        if one is not None:
            row |= {"estimate": one.estimate, "ci_low": one.low, "ci_high": one.high}
            row |= {"p_value": one.p_value, "p_adjusted": adjusted[place], "method": one.method}
        reason = None if one else f"fewer than {GROUP_EVENTS} events would be expected with it"
        row |= {**shrunk.get(place, {}), "n_events_with": events[0][place]}
        rows.append({**row, "n_expected_with": events[1][place], "reason": reason})
    table = pd.DataFrame(rows).assign(ci_level=level, unit="hazard_ratio")
    numbers = ["estimate", "ci_low", "ci_high", "p_value", "p_adjusted"]
    shown = [name for name in ("shrunk", "shrunk_low", "shrunk_high") if name in table]
    table[[*numbers, *shown]] = table[[*numbers, *shown]].astype("float64")
    table["n_expected_with"] = table["n_expected_with"].astype("float64")
    table["n_events_with"] = table["n_events_with"].round().astype("Int64")
    if by == "tenure_band":
        return table
    key = "shrunk" if shown else "estimate"
    order = table[key].fillna(-np.inf)
    return table.iloc[np.lexsort((table["group"], -order))].reset_index(drop=True)


def _shrunk(found: dict[int, Contrast], level: float) -> dict[int, dict[str, float]]:
    from supportlab.stats import normal_shrinkage
    from supportlab.stats.interval import t_quantile

    if len(found) < 3:
        return {}
    logs = [np.log(one.estimate) for one in found.values()]
    errors = [
        float(np.log((one.high or np.inf) / (one.low or 1.0)))
        / 2.0
        / t_quantile(level, one.df or np.inf)
        for one in found.values()
    ]
    made = normal_shrinkage(logs, errors, level)
    ends = zip(found, np.exp(made.estimate), np.exp(made.low), np.exp(made.high), strict=True)
    return {
        place: {"shrunk": float(mid), "shrunk_low": float(low), "shrunk_high": float(high)}
        for place, mid, low, high in ends
    }


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
    from supportlab.studies.churn.effects import hazard_verdict

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
