"""Does leaving rise with the number of bad tickets: none, one, two, three and more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_interval, format_p
from supportlab.results import Check, Estimate
from supportlab.studies.churn.fits import MIN_EVENTS, fit_months, too_few
from supportlab.studies.churn.models import Exposures, panel_months
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import scope_words
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats.hazards import HazardFit

__all__ = ["churn_doses"]

FINDING_ID = "churn.quality.dose"
TITLE = "Leaving by the number of bad tickets"
DOSES = (1, 2, 3)
WORDS = {0: "none", 1: "one", 2: "two", 3: "three or more"}


def churn_doses(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    window_days: int = 90,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate how the hazard of leaving rises with the number of bad tickets before the month.

    Not what one more bad ticket would do to a customer: who has three differs from who has one.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates between which months at risk begin, end excluded.
    window_days : int
        Days of service before each month.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a number of bad tickets, against none: ``bad_tickets``, ``estimate``, ``ci_low``,
        ``ci_high``, ``p_value``, ``p_adjusted``, ``n``, ``n_events``, ``reason``; and the ratio
        for each further bad ticket on a straight line. Findings ``churn.quality.dose``.

    Notes
    -----
    A ticket is bad when it was reopened, escalated, slow, unresolved or scored badly. Number of
    tickets and all else as in `churn_effects` are held equal. P values are adjusted over the
    rows (Holm 1979); the check holds steps against the straight line by a joint test.
    """
    try:
        panel, months = panel_months(desk, start, end, window_days)
        months = months.known(["bad_tickets"])
        table, check = _estimated(months, level)
    except NotEstimable as refusal:
        finding = Finding.refused(reason=str(refusal), **_known(desk, "any", start, end))
        return refused_estimate("churn-doses", TITLE, str(refusal), (finding,))
    return Estimate(
        "churn-doses",
        TITLE,
        table,
        findings=tuple(
            _finding(desk, row, months, check, start, end) for row in table.to_dict("records")
        ),
        sentences=_sentences(table),
        definitions=(panel.definition,),
        checks=(check,),
        caveats=(
            (
                "An adjusted association: customers with many bad tickets may differ in what these "
                "data do not tell."
            ),
        ),
        draw=lambda ax: _draw(table, ax),
        alt=_alt(table),
    )


def _estimated(months: Exposures, level: float) -> tuple[pd.DataFrame, Check]:
    from supportlab.stats import adjust_p
    from supportlab.stats.hazards import hazard_ratio

    dose = months.frame["bad_tickets"].to_numpy(dtype=float)
    n, events = months.frame["n"].to_numpy(dtype=float), months.events
    counts = {k: (n[dose == k].sum(), events[dose == k].sum()) for k in (0, *DOSES)}
    enough = [k for k in DOSES if too_few(n, events, dose == k) is None]
    if not enough:
        raise NotEstimable(too_few(n, events, dose == DOSES[0]) or "too few bad tickets")
    # A dose with too few events is fitted with the one below it, and not shown.
    shown = {k: max(other for other in enough if other <= k) for k in DOSES if k >= min(enough)}
    steps = {f"{k} bad": np.isin(dose, [d for d in shown if shown[d] == k]) * 1.0 for k in enough}
    line = fit_months(months, {"each bad": dose})
    fit = fit_months(months, steps)
    rows = [{"bad_tickets": WORDS[0], "estimate": 1.0, "n": counts[0][0], "n_events": counts[0][1],
             "reason": "what the others are compared with"}]  # fmt: skip
    for k in DOSES:
        found = hazard_ratio(fit, f"{k} bad", level) if k in enough else None
        rows.append({**_row(WORDS[k], found, counts[k]), "method": found.method if found else None})
    found = hazard_ratio(line, "each bad", level)
    total = (n.sum(), events.sum())
    rows.append({**_row("each further one", found, total), "method": found.method})
    adjusted = adjust_p([row.get("p_value") for row in rows], "holm")
    table = pd.DataFrame(rows).assign(ci_level=level, unit="hazard_ratio")
    table["p_adjusted"] = pd.Series(adjusted, dtype="float64")
    numbers = ["estimate", "ci_low", "ci_high", "p_value", "p_adjusted"]
    table[numbers] = table[numbers].astype("float64")
    table[["n", "n_events"]] = table[["n", "n_events"]].round().astype("Int64")
    return table, _straight(months, dose, enough)


def _row(words: str, found: Any, counts: tuple[float, float]) -> dict[str, Any]:
    row: dict[str, Any] = {"bad_tickets": words, "n": counts[0], "n_events": counts[1]}
    if found is None:
        return {**row, "reason": f"fewer than {MIN_EVENTS} events would be expected"}
    ends = {"estimate": found.estimate, "ci_low": found.low, "ci_high": found.high}
    return {**row, **ends, "p_value": found.p_value, "reason": None}


def _straight(months: Exposures, dose: np.ndarray, enough: list[int]) -> Check:
    """Hold the steps against a straight line: what the steps say beyond it."""
    from supportlab.stats.hazard_tests import joint_test

    name = "each further bad ticket weighs the same"
    beyond = {f"at least {k}": (dose >= k) * 1.0 for k in enough[1:]}
    if not beyond:
        return Check(name, None, "Only one number of bad tickets has enough events.")
    try:
        fit: HazardFit = fit_months(months, {"each bad": dose, **beyond})
        p_value = joint_test(fit, list(beyond)).p_value
    except NotEstimable as refusal:
        return Check(name, None, str(refusal))
    words = f"steps beyond a straight line on the log hazard: {format_p(p_value)}"
    return Check(name, p_value >= 0.05, words)


def _known(desk: Desk, what: str, start: str | None, end: str | None) -> dict[str, Any]:
    return {
        "id": FINDING_ID,
        "study": "churn-and-service-quality",
        "question": "Do customers leave more often the more bad tickets they had?",
        "estimand": (
            f"hazard of leaving in a month after {what} bad tickets in the window before it "
            "against none, at equal tenure, calendar month, market, segment, plan, value, usage "
            f"and number of tickets, {scope_words({}, desk.slice)}"
        ),
        "unit": "hazard_ratio",
        "design": "adjusted",
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _finding(
    desk: Desk,
    row: Mapping[Any, Any],
    months: Exposures,
    check: Check,
    start: str | None,
    end: str | None,
) -> Finding:
    from supportlab.studies.churn.verdicts import hazard_verdict

    what = str(row["bad_tickets"])
    known = _known(desk, what, start, end)
    known |= {"group": {"bad_tickets": what}, "n": int(row["n"])}
    known |= {"n_clusters": months.n_customers, "checks": (check,)}
    if pd.isna(row["ci_low"]):
        return Finding.refused(reason=str(row["reason"]), **known)
    level = float(row["ci_level"])
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
    )


def _sentences(table: pd.DataFrame) -> tuple[str, ...]:
    line = table.iloc[-1]
    words = format_interval(line["estimate"], line["ci_low"], line["ci_high"], "hazard_ratio",
                            float(line["ci_level"]))  # fmt: skip
    known = table.iloc[1:-1].loc[lambda rows: rows["estimate"].notna()]
    steps = ", ".join(f"{row['estimate']:.2f} after {row['bad_tickets']}"
                      for _, row in known.iterrows())  # fmt: skip
    return (
        f"Against customers alike without a bad ticket, the hazard of leaving is {steps}.",
        (
            f"Each further bad ticket goes with {words} times the hazard "
            f"({format_p(line['p_adjusted'])} adjusted)."
        ),
    )


def _draw(table: pd.DataFrame, ax: Axes | None) -> Axes:
    from supportlab.plots.forest import forest_plot

    return forest_plot(table.iloc[1:], label="bad_tickets", title=TITLE, ax=ax)


def _alt(table: pd.DataFrame) -> str:
    from supportlab.plots.forest import alt_forest

    return alt_forest(table.iloc[1:], label="bad_tickets", subject="hazard ratios against none")
