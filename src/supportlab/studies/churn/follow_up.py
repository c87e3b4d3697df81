"""Whether detractors who were contacted again leave less than those who were not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_count
from supportlab.metrics.dimensions import MISSING
from supportlab.metrics.follow_ups import FOLLOW_UP, FollowUpContact, with_follow_up
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.churn.follow_up_words import draw_follow_up, follow_up_sentences
from supportlab.studies.churn.prognosis import Prognosis, fit_prognosis, prognostic_columns
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import whole_words
from supportlab.vocabulary import INTERVAL_LEVEL, Verdict

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.stats import Contrast
    from supportlab.stats.binary_cells import BinaryFit

__all__ = ["follow_up"]

STUDY = "churn-and-service-quality"
FINDING_ID = "churn.followup.effect"
QUESTION = "Do detractors who are contacted again leave less?"
# Departures in all and in each group, below which a hazard ratio is not given: with fewer, its
# logarithm is biased by more than a tenth of its standard error.
FEWEST_EVENTS, FEWEST_IN_GROUP = 20, 5
# Standard errors between no effect and one that is found in four of five such data sets.
DETECTABLE = 1.959964 + 0.841621
# The region of practical equivalence of hazard ratios.
ALIKE = (0.95, 1.05)


@dataclass(frozen=True)
class _Cells:
    """Detractors' months by customer and what they are adjusted for."""

    frame: pd.DataFrame
    prognosis: np.ndarray


def follow_up(
    desk: Desk,
    *,
    kind: Literal["nps", "csat"] = "nps",
    contact: FollowUpContact = "ticket",
    start: str | None = None,
    end: str | None = None,
    window_days: int = 90,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Compare the hazard of leaving of detractors contacted again with that of the others.

    Not an experiment: who is contacted again may differ in what the data do not tell, as in who
    could be reached.

    Parameters
    ----------
    desk : Desk
        The data.
    kind : {"nps", "csat"}
        Which survey makes a detractor.
    contact : {"ticket", "message"}
        What counts as contact: a ticket that an agent opened, or any public message of an agent.
    start, end : str, optional
        ISO dates between which months begin.
    window_days : int
        Days before the month in which the answer lies, and in which a contact counts.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a way to compare: ``comparison`` (``ever contacted``, ``contacted so far``,
        ``contacted so far, adjusted``), ``estimate`` (hazard ratio), ``ci_low``, ``ci_high``,
        ``p_value``, ``n``, ``n_customers``, ``n_left_followed``, ``n_left_others``, ``reason``;
        finding ``churn.followup.effect`` for the last.

    Notes
    -----
    Complementary log-log regression of leaving in a month (not for failed payment) on being
    contacted before the month began, clustered by customer: contact is a property of the month,
    so that nobody counts as contacted while they had yet to live to be. Adjusted for whether the
    score was very low, and for the hazard that the customer's tenure, plan, segment, market, usage
    and service foretell among all other customers (prognostic score, Hansen 2008), since a few
    departures bear few coefficients. ``ever contacted`` is the naive way: who leaves at once
    cannot be contacted, and is counted with the others (immortal time).
    """
    title = "Detractors who were contacted again"
    known = _known(desk, kind, window_days, start, end)
    try:
        cells, prognosis = _cells(desk, kind, contact, start, end, window_days)
        table, fit = _table(cells, level)
    except NotEstimable as refusal:
        finding = Finding.refused(**known, reason=str(refusal))
        return refused_estimate("follow-up", title, str(refusal), (finding,))
    finding = _finding(known, table.iloc[-1].to_dict(), fit, prognosis, level)
    return Estimate(
        "follow-up",
        title,
        table,
        findings=(finding,),
        sentences=follow_up_sentences(table, finding, level),
        definitions=(
            FOLLOW_UP.with_counts(
                options={"kind": kind, "contact": contact, "window_days": window_days}
            ),
        ),
        checks=finding.checks,
        caveats=finding.caveats,
        draw=lambda ax: draw_follow_up(table, "Contacted or not", ax),
        alt="Hazard ratio of leaving, contacted again against not, three ways to compare.",
    )


def _known(
    desk: Desk, kind: str, window_days: int, start: str | None, end: str | None
) -> dict[str, Any]:
    who = "NPS" if kind == "nps" else "CSAT"
    return {
        "id": FINDING_ID,
        "study": STUDY,
        "question": QUESTION,
        "estimand": (
            f"hazard of leaving in a month of {who} detractors of the {window_days} days before "
            "it, contacted again before the month against not yet, at equal score, tenure, plan, "
            f"segment, market and service, {whole_words(desk.slice)}"
        ),
        "unit": "hazard_ratio",
        "group": {} if kind == "nps" else {"kind": kind},
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _cells(
    desk: Desk,
    kind: Literal["nps", "csat"],
    contact: FollowUpContact,
    start: str | None,
    end: str | None,
    window_days: int,
) -> tuple[_Cells, Prognosis]:
    from supportlab.metrics.customers.panel import customer_panel

    panel = customer_panel(desk, start=start, end=end, window_days=window_days)
    complete = panel.table.filter(panel.table.is_complete)
    marked = with_follow_up(desk, complete, kind=kind, contact=contact, window_days=window_days)
    without = "nps_detractor" if kind == "nps" else "csat_bad"
    columns = prognostic_columns(panel, without)
    chose = (marked.left == 1) & (marked.left_kind != "involuntary").fill_null(True)
    keys = ["customer_number", *columns, "followed", "ever_followed", "is_very_low"]
    labelled = marked.mutate(
        **{name: marked[name].cast("string").fill_null(MISSING) for name in columns},
        chose=chose.ifelse(1, 0).cast("int64"),
    )
    counted = labelled.group_by(keys).aggregate(
        n=labelled.count().cast("int64"), n_left=labelled.chose.sum().cast("int64")
    )
    frame = counted.execute().sort_values(keys, kind="stable", ignore_index=True)
    if frame.empty:
        raise NotEstimable("no customer gave a detractor's answer before a month at risk")
    _refuse_few(frame)
    prognosis = fit_prognosis(panel, without)
    return _Cells(frame, prognosis.score(frame)), prognosis


def _table(cells: _Cells, level: float) -> tuple[pd.DataFrame, BinaryFit]:
    frame = cells.frame
    low = frame["is_very_low"].to_numpy(float)
    centred = cells.prognosis - np.average(cells.prognosis, weights=frame["n"].to_numpy(float))
    adjusters = np.column_stack([centred, low]) if 0 < low.mean() < 1 else centred[:, None]
    rows = []
    for words, column, more in (
        ("ever contacted", "ever_followed", None),
        ("contacted so far", "followed", None),
        ("contacted so far, adjusted", "followed", adjusters),
    ):
        row, fit = _row(frame, words, column, more, level)
        rows.append(row)
    return pd.DataFrame(rows), fit


def _refuse_few(frame: pd.DataFrame) -> None:
    left = int(frame["n_left"].sum())
    each = frame.groupby("followed")["n_left"].sum().to_dict()
    fewest = min(int(each.get(group, 0)) for group in (0, 1))
    if left < FEWEST_EVENTS or fewest < FEWEST_IN_GROUP:
        counts = f"{int(each.get(1, 0))} of those contacted again and {int(each.get(0, 0))} others"
        raise NotEstimable(
            f"{left} detractors left in the months after their answer ({counts}); at least "
            f"{FEWEST_EVENTS} in all and {FEWEST_IN_GROUP} in each group are needed"
        )


def _row(
    frame: pd.DataFrame, words: str, column: str, adjusters: np.ndarray | None, level: float
) -> tuple[dict[str, Any], BinaryFit]:
    from supportlab.stats.binary_cells import fit_binary
    from supportlab.stats.standardise import coefficient_ratio

    followed = frame[column].to_numpy(float)
    parts = [np.ones(len(frame)), followed, *([] if adjusters is None else adjusters.T)]
    fit = fit_binary(
        np.column_stack(parts),
        frame["n"].to_numpy(float),
        frame["n_left"].to_numpy(float),
        link="cloglog",
        cluster=frame["customer_number"].to_numpy(),
        names=("intercept", "contacted again", "prognosis", "very low score"),
    )
    found: Contrast = coefficient_ratio(fit, 1, level)
    left = frame.groupby(column)["n_left"].sum().to_dict()
    row = {
        "comparison": words,
        "estimate": found.estimate,
        "ci_low": found.low,
        "ci_high": found.high,
        "ci_level": level,
        "unit": "hazard_ratio",
        "p_value": found.p_value,
        "n": fit.n,
        "n_customers": fit.n_clusters,
        "n_left_followed": int(left.get(1, 0)),
        "n_left_others": int(left.get(0, 0)),
    }
    return row, fit


def _finding(
    known: dict[str, Any], row: dict[Any, Any], fit: BinaryFit, prognosis: Prognosis, level: float
) -> Finding:
    from supportlab.stats.sensitivity import e_value

    error = float(np.sqrt(fit.covariance[1, 1]))
    smallest = float(np.exp(-DETECTABLE * error))
    check = Check(
        "Large enough to show a moderate difference",
        bool(smallest > 0.8),
        f"a hazard ratio of {smallest:.2f} or lower would be found in four of five such data sets",
    )
    value = e_value(row["estimate"], row["ci_low"], row["ci_high"], kind="hazard_ratio")
    return Finding(
        **known,
        estimate=row["estimate"],
        ci_low=row["ci_low"],
        ci_high=row["ci_high"],
        ci_level=level,
        n=int(row["n"]),
        n_clusters=int(row["n_customers"]),
        method="hazard ratio, cloglog on months, prognostic score, by customer",
        design="adjusted",
        p_value=row["p_value"],
        # The one test of its question: a family of one.
        p_adjusted=row["p_value"],
        verdict=_verdict(row, level),
        sensitivity=value.record(),
        checks=(check,),
        caveats=(
            (
                "Who is contacted again is not chosen by lot; who could not be reached may have "
                "been about to leave anyway."
            ),
            "Detractors who did not answer the survey are not part of it.",
            (
                f"Adjusted by a score of {', '.join(prognosis.columns)}, fitted on "
                f"{format_count(prognosis.n)} months of other customers."
            ),
        ),
    )


def _verdict(row: dict[Any, Any], level: float) -> Verdict:
    if row["p_value"] < 1.0 - level:
        return "higher" if row["estimate"] > 1 else "lower"
    if row["ci_low"] > ALIKE[0] and row["ci_high"] < ALIKE[1]:
        return "equivalent"
    return "no_difference_shown"
