"""
Hazard ratios of bad service: who leaves more often in the month after, at equal all else.

What is held equal, and why
---------------------------
Time runs one way: all service lies in the window before a month begins, and so does everything
that is held equal. *Confounders* go before service and before leaving: how long the customer has
been there, calendar month, market, segment, plan, value, how much is bought, and how many tickets
were filed, without which a bad one cannot happen. All of them are held equal. Usage above all:
heavy users file more tickets and leave less, and without it every ratio comes out too small.

*Other service.* A reopened ticket is often slow, escalated, and scored badly. The finding is each
measure at equal other service (the ratio that is the measure's own). The column ``alone`` holds
only the confounders equal: it is the measure with all that comes along and all that follows from
it, among others the bad score. Neither is wrong; they answer different questions, and the second
is the larger. Unresolved tickets and bad scores are partly consequences of the rest: at equal
other service, what a reopening does *through* them is not in the reopening's own ratio.

*Verdicts.* NPS, effort and silence are verdicts on service, and no other measure is adjusted for
them. A bad answer is compared with other answers, since those who answer are a kind of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.results import Check, Estimate
from supportlab.studies.churn.effect_checks import control_check, tenure_checks
from supportlab.studies.churn.effect_words import (
    effect_alt,
    effect_caveats,
    effect_drawing,
    effect_sentences,
    measure_caveats,
)
from supportlab.studies.churn.models import CONTROL, MOST_MONTHS, Exposures, panel_months
from supportlab.studies.churn.ratios import EffectRow, chosen_measures, effect_rows, is_common
from supportlab.studies.churn.verdicts import hazard_verdict
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.rows import numbers_of
from supportlab.studies.common.scope import scope_words
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.customers.panel import Panel

__all__ = ["churn_effects"]

FINDING_ID = "churn.quality.effect"
STUDY = "churn-and-service-quality"
TITLE = "Leaving after bad service: hazard ratios"
# What a reader can take in; the findings carry the rest.
SHOWN = (
    "measure",
    "title",
    "estimate",
    "ci_low",
    "ci_high",
    "p_value",
    "p_adjusted",
    "verdict",
    "alone",
    "unadjusted",
    "unadjusted_low",
    "unadjusted_high",
    "involuntary",
    "e_value",
    "e_value_of_interval",
    "n_with",
    "n_events_with",
    "reason",
)


def churn_effects(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    window_days: int = 90,
    measures: Sequence[str] | None = None,
    control_categories: Sequence[str] = (),
    max_months: int = MOST_MONTHS,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate how much more often customers leave in the month after each kind of bad service.

    Not an effect in the words of a cause: customers who get bad service may differ in what no
    column tells, and the sensitivity says how much of that it would take.

    Parameters
    ----------
    desk : Desk
        The data: customers, tickets, and subscriptions or ``churned_at``.
    start, end : str, optional
        ISO dates between which months at risk begin, end excluded.
    window_days : int
        Days of service before each month.
    measures : sequence of str, optional
        Measures that are asked about, as ``reopened``; all when left out. What is held equal
        stays the same; P values are adjusted over those asked about.
    control_categories : sequence of str
        Ticket categories that have nothing to do with quality, as a change of address: the
        negative control, whose ratio should be 1.
    max_months : int
        Customer-months beyond which whole customers are drawn, evenly along their ids.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a measure: ``measure``, ``title``, ``estimate``, ``ci_low``, ``ci_high`` (at equal
        customers and other service), ``p_value``, ``p_adjusted``, ``verdict``, ``alone`` (at equal
        customers only), ``unadjusted`` with its limits, ``involuntary`` (the same ratio for
        leaving by failed payment), ``e_value``, ``e_value_of_interval``, ``n_with``,
        ``n_events_with``, ``reason``; findings ``churn.quality.effect``.

    Raises
    ------
    ParameterError
        A measure is not known.

    Notes
    -----
    Complementary log-log model of customer-months on cells (Prentice and Gloeckler 1978),
    covariance by customer, P values adjusted over the measures (Holm 1979). A measure with
    fewer than ten customers who left with it, or without it, is refused. Leaving of the other kind
    ends the time at risk: ratios are of cause-specific hazards.
    """
    try:
        panel, months = panel_months(desk, start, end, window_days, control_categories, max_months)
        names = chosen_measures(measures)
        asked = (start, end, window_days, tuple(control_categories), max_months, level, names)
        rows = desk.once(f"churn effects {asked}", lambda: effect_rows(panel, months, level, names))
    except NotEstimable as refusal:
        known = _known(desk, "any", "voluntary", start, end)
        finding = Finding.refused(reason=str(refusal), **known)
        return refused_estimate("churn-effects", TITLE, str(refusal), (finding,))
    table = _table(rows, months, level)
    checks = tenure_checks(months, rows)
    control = control_check(rows)
    return Estimate(
        "churn-effects",
        TITLE,
        table[list(SHOWN)],
        findings=_findings(desk, panel, months, table, checks, control, start, end),
        sentences=effect_sentences(table, months),
        definitions=(panel.definition,),
        checks=tuple(check for check in (control, *checks.values()) if check is not None),
        caveats=effect_caveats(months, rows),
        draw=effect_drawing(table, TITLE),
        alt=effect_alt(table),
    )


def _table(rows: Sequence[EffectRow], months: Exposures, level: float) -> pd.DataFrame:
    from supportlab.stats import adjust_p

    adjusted = adjust_p([row.p_value for row in rows], "holm")
    made = []
    for row, p_adjusted in zip(rows, adjusted, strict=True):
        verdict = hazard_verdict(p_adjusted, row.own("low"), row.own("high"), level=level)
        made.append({**row.columns(months, level), "p_adjusted": p_adjusted, "verdict": verdict})
    table = pd.DataFrame(made)
    for name in table.columns:
        if name.startswith("n") and name != "name":
            table[name] = table[name].astype("Int64")
        elif name not in ("measure", "title", "unit", "verdict", "reason", "method"):
            table[name] = table[name].astype("float64")
    return table


def _known(
    desk: Desk, what: str, outcome: str, start: str | None, end: str | None
) -> dict[str, Any]:
    kind = {"voluntary": "leaving of own accord", "any": "leaving"}.get(outcome, outcome)
    return {
        "id": FINDING_ID,
        "study": STUDY,
        "question": "Do customers leave more often after bad service, and by how much?",
        "estimand": (
            f"hazard of {kind} in a month, with {what} in the window before it against without, "
            "at equal tenure, calendar month, market, segment, plan, value, usage, number of "
            f"tickets and other service, {scope_words({}, desk.slice)}"
        ),
        "unit": "hazard_ratio",
        "design": "adjusted",
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _findings(
    desk: Desk,
    panel: Panel,
    months: Exposures,
    table: pd.DataFrame,
    checks: dict[str, Check],
    control: Check | None,
    start: str | None,
    end: str | None,
) -> tuple[Finding, ...]:
    found = []
    for row in table.to_dict("records"):
        name = str(row["measure"])
        if name == CONTROL:
            continue
        known = _known(desk, str(row["title"]), months.outcome, start, end)
        known |= {
            "group": {"measure": name},
            "n": None if pd.isna(row["n"]) else int(row["n"]),
            "n_clusters": months.n_customers,
            "caveats": (*effect_caveats(months, ()), *measure_caveats(name)),
            "checks": tuple(c for c in (checks.get(name), control) if c is not None),
        }
        found.append(_finding(row, known, is_converted=is_common(months)))
    return tuple(found)


def _finding(row: dict[Any, Any], known: dict[str, Any], *, is_converted: bool) -> Finding:
    if pd.isna(row["estimate"]):
        return Finding.refused(reason=str(row["reason"]), **known)
    return Finding(
        **known,
        **numbers_of(row),
        ci_level=row["ci_level"],
        method=row["method"],
        sensitivity={
            "name": "E-value",
            "estimate": row["e_value"],
            "interval": row["e_value_of_interval"],
            "is_converted_from_common_outcome": is_converted,
        },
    )
