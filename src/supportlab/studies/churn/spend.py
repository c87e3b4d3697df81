"""Whether satisfied customers buy more: spend after an answer against before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_interval, format_value
from supportlab.metrics.customers.spending import spending
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import whole_words
from supportlab.vocabulary import INTERVAL_LEVEL, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats import Contrast

__all__ = ["spend_by_satisfaction"]

STUDY = "churn-and-service-quality"
FINDING_ID = "churn.satisfaction.spend"
TITLE = "Spend after against before, by satisfaction"
# Fewer customers of a group, and the mean of amounts with long tails is not near normal.
FEWEST_CUSTOMERS = 50
MONEY = ("before", "after", "change")


def spend_by_satisfaction(
    desk: Desk,
    *,
    span_days: int = 90,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Compare how spend changes after an answer, of satisfied with dissatisfied customers.

    Not what satisfaction brings in: who is satisfied differs in much else, and only those who
    answered are known.

    Parameters
    ----------
    desk : Desk
        The data.
    span_days : int
        Days before and after the answer.
    start, end : str, optional
        ISO dates of the answer, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a comparison, in the reporting currency per customer and span: ``comparison``,
        ``satisfied``, ``dissatisfied`` (means), ``estimate`` (their difference), ``ci_low``,
        ``ci_high``, ``p_value``, ``n``, ``kept_share``, ``reason``: spend after; its change among
        those who stayed; its change among all; and its change at equal spend before and plan, the
        finding ``churn.satisfaction.spend``.

    Notes
    -----
    One answer per customer, so that customers are independent. A customer with an unusually high
    spend before will spend less after, satisfied or not: groups are compared within quarters of
    the spend before (regression to the mean). Who left has spent nothing and is counted:
    comparing those who stayed conditions on what satisfaction may decide.
    """
    known = _known(desk, span_days, start, end)
    try:
        found = spending(desk, span_days=span_days, start=start, end=end)
        frame = found.frame[found.frame["satisfaction"].isin(["satisfied", "dissatisfied"])]
        _refuse_few(frame)
        table = _table(frame, level)
    except NotEstimable as refusal:
        finding = Finding.refused(**known, reason=str(refusal))
        return refused_estimate("satisfaction-spend", TITLE, str(refusal), (finding,))
    checks = (_before_check(frame, level), _overlap_check(table))
    caveats = _caveats(desk, found.n_without_rate)
    finding = _finding(known, table.iloc[-1].to_dict(), level, checks, caveats)
    currency = desk.config.reporting_currency
    return Estimate(
        "satisfaction-spend",
        TITLE,
        table,
        findings=(finding,),
        sentences=_sentences(table, finding, currency, span_days, level),
        definitions=(found.definition,),
        checks=checks,
        caveats=caveats,
        draw=lambda ax: _draw(table, ax),
        alt="Difference of spend, satisfied less dissatisfied customers, four comparisons.",
    )


def _known(desk: Desk, span_days: int, start: str | None, end: str | None) -> dict[str, Any]:
    return {
        "id": FINDING_ID,
        "study": STUDY,
        "question": "Do satisfied customers buy more?",
        "estimand": (
            f"mean change of paid amounts ({desk.config.reporting_currency}) from the {span_days} "
            f"days before a CSAT answer to the {span_days} days after, satisfied less "
            "dissatisfied customers at equal spend before and plan, of those who answered, "
            f"{whole_words(desk.slice)}"
        ),
        "unit": "money",
        "group": {"satisfaction": "satisfied", "versus": "dissatisfied"},
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _refuse_few(frame: pd.DataFrame) -> None:
    each = frame.groupby("satisfaction")["n"].sum().to_dict()
    counts = {name: int(each.get(name, 0)) for name in ("satisfied", "dissatisfied")}
    if min(counts.values()) < FEWEST_CUSTOMERS:
        raise NotEstimable(
            f"{counts['satisfied']} satisfied and {counts['dissatisfied']} dissatisfied customers "
            f"have spend before and after an answer; at least {FEWEST_CUSTOMERS} of each are needed"
        )


def _table(frame: pd.DataFrame, level: float) -> pd.DataFrame:
    stayed = frame[frame["left"] == 0]
    rows = [
        _row("spend after", frame, "after", (), level),
        _row("change, of those who stayed", stayed, "change", (), level),
        _row("change, of all", frame, "change", (), level),
        _row("change, at equal spend before and plan", frame, "change", ("before_band", "plan"),
             level),
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _row(
    words: str, frame: pd.DataFrame, measure: str, strata: Sequence[str], level: float
) -> dict[str, Any]:
    found, kept, means = _difference(frame, measure, strata, level)
    return {
        "comparison": words,
        "satisfied": means[0],
        "dissatisfied": means[1],
        "estimate": found.estimate,
        "ci_low": found.low,
        "ci_high": found.high,
        "ci_level": level,
        "unit": "money",
        "p_value": found.p_value,
        "n": found.n,
        "kept_share": kept,
    }


def _difference(
    frame: pd.DataFrame, measure: str, strata: Sequence[str], level: float
) -> tuple[Contrast, float, tuple[float, float]]:
    from supportlab.stats.strata import difference_of_means_in_strata

    columns = ["n", f"total_{measure}", f"squared_{measure}"]
    sums = (
        frame.assign(all="").groupby([*strata, "all", "satisfaction"])[columns].sum().astype(float)
    )
    wide = sums.unstack("satisfaction", fill_value=0.0)
    good, bad = (
        [wide[(column, group)].to_numpy(float) for column in columns]
        for group in ("satisfied", "dissatisfied")
    )
    found, kept = difference_of_means_in_strata(
        good[0], good[1], good[2], bad[0], bad[1], bad[2], level
    )
    means = (float(good[1].sum() / good[0].sum()), float(bad[1].sum() / bad[0].sum()))
    return found, kept, means


def _before_check(frame: pd.DataFrame, level: float) -> Check:
    found, _, means = _difference(frame, "before", (), level)
    shown = format_interval(
        found.estimate, found.low, found.high, "money", level, is_difference=True
    )
    return Check(
        "Satisfied and dissatisfied customers spent alike before",
        bool(found.p_value >= 1.0 - level),
        f"{format_value(means[0], 'money')} and {format_value(means[1], 'money')} per customer, "
        f"difference {shown}; where they differ, the change alone would regress to the mean",
    )


def _overlap_check(table: pd.DataFrame) -> Check:
    kept = float(table["kept_share"].iloc[-1])
    return Check(
        "Both groups are found at the same spend before and plan",
        bool(kept >= 0.9),
        f"{format_value(kept, 'proportion')} of the customers are compared",
    )


def _caveats(desk: Desk, n_without_rate: int) -> tuple[str, ...]:
    words = [
        "Only customers who answered a survey are known to be satisfied or not.",
        (
            "An answer often follows a purchase, so spend before it is higher than at other times "
            "for both groups; only their difference is read."
        ),
        "Refunds and costs are not in it.",
    ]
    if n_without_rate:
        words.append(
            f"{n_without_rate:,} payments have no rate to {desk.config.reporting_currency} on "
            "their day and are left out."
        )
    return tuple(words)


def _finding(
    known: dict[str, Any],
    row: dict[Any, Any],
    level: float,
    checks: tuple[Check, ...],
    caveats: tuple[str, ...],
) -> Finding:
    from supportlab.stats.sensitivity import robustness_value

    half = (row["ci_high"] - row["ci_low"]) / 2.0
    n = int(row["n"])
    # Degrees of freedom are in the hundreds here: the normal quantile gives the t value back.
    t_value = row["estimate"] / (half / 1.959964) if half > 0 else 0.0
    return Finding(
        **known,
        estimate=row["estimate"],
        ci_low=row["ci_low"],
        ci_high=row["ci_high"],
        ci_level=level,
        n=n,
        n_clusters=n,
        method="difference of means within strata, Welch, one row a customer",
        design="adjusted",
        p_value=row["p_value"],
        # The one test of its question: a family of one.
        p_adjusted=row["p_value"],
        verdict=_verdict(row, level),
        sensitivity=robustness_value(t_value, n - 2).record(),
        checks=checks,
        caveats=caveats,
    )


def _verdict(row: dict[Any, Any], level: float) -> Verdict:
    if np.isnan(row["p_value"]) or row["p_value"] >= 1.0 - level:
        return "no_difference_shown"
    return "higher" if row["estimate"] > 0 else "lower"


def _sentences(
    table: pd.DataFrame, finding: Finding, currency: str, span_days: int, level: float
) -> tuple[str, ...]:
    row, naive = table.iloc[-1], table.iloc[0]
    shown = format_interval(
        row["estimate"], row["ci_low"], row["ci_high"], "money", level, is_difference=True
    )
    words = {
        "higher": "rises more (or falls less) than that of dissatisfied ones",
        "lower": "rises less (or falls more) than that of dissatisfied ones",
    }.get(str(finding.verdict), "is not shown to change otherwise than that of dissatisfied ones")
    return (
        (
            f"In the {span_days} days after an answer the spend of satisfied customers {words} "
            f"with as much spend before: {shown} {currency} a customer."
        ),
        (
            "Spend after alone would read "
            f"{format_value(naive['estimate'], 'money')} {currency} apart, before what they spent "
            "earlier is taken into account."
        ),
    )


def _draw(table: pd.DataFrame, ax: Axes | None) -> Axes:
    from supportlab.plots import dot_intervals

    return dot_intervals(
        table, label="comparison", unit="money", ax=ax, title="Spend", counted="customers",
        reference=0.0, reference_label="alike", estimate_label="satisfied less dissatisfied",
    )  # fmt: skip
