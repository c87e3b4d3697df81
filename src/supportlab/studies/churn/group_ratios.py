"""Hazard ratios of one measure within groups, raw and shrunk, and the test of one ratio for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_p
from supportlab.results import Check
from supportlab.studies.churn.fits import columns_of, fit_months, fitted_chance
from supportlab.studies.churn.models import Exposures
from supportlab.studies.churn.ratios import held_equal

if TYPE_CHECKING:
    from supportlab.stats.hazards import HazardFit
    from supportlab.stats.interval import Contrast

__all__ = ["group_ratios"]

# Fewest events with the measure that one ratio for all would give in a group. Chosen by the events
# that were seen, the groups with chance on their side would be shown and the others not.
GROUP_EVENTS = 5


def group_ratios(
    months: Exposures, measure: str, by: str, level: float
) -> tuple[pd.DataFrame, Check]:
    """
    Fit one ratio a group, shrink them, and test one ratio for all.

    Not for a measure without ratio in the whole: groups have less to go by.

    Parameters
    ----------
    months : Exposures
        Cells.
    measure : str
        A measure of service.
    by : str
        A covariate whose levels are the groups.
    level : float
        Level of the intervals.

    Returns
    -------
    tuple of (pandas.DataFrame, Check)
        One row a group, and the test.

    Raises
    ------
    NotEstimable
        There is one group, or none with enough events.
    """
    from supportlab.stats.hazard_tests import joint_test
    from supportlab.stats.hazards import hazard_ratio

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
