"""Whether NPS foretells leaving better than CSAT, the further ahead one looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.findings import Finding
from supportlab.format import format_interval
from supportlab.metrics.customers.signals import SIGNALS
from supportlab.results import Estimate
from supportlab.studies.churn.signal_frame import SignalFrame, Split, signal_frame
from supportlab.studies.churn.signal_scores import alone, known_score
from supportlab.studies.churn.signal_words import NAMES, frame_caveats, scope_of
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.verdicts import row_verdict
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats import Contrast

__all__ = ["signal_horizons"]

STUDY = "churn-and-service-quality"
FINDING_ID = "churn.predictor.difference"
# Departures among the customers who answered both, below which their comparison says nothing.
FEWEST_EVENTS = 20
# Areas nearer to each other than this are called equivalent: of a hundred pairs one is ordered
# differently.
EQUIVALENT = 0.01
WHOM = {
    "all": "all customers, silence and not having been asked as levels",
    "answered both": "customer-months with an answer to both",
}


def signal_horizons(
    desk: Desk,
    *,
    first: str = "nps",
    second: str = "csat",
    horizons_months: Sequence[int] = (1, 3, 6, 12),
    start: str | None = None,
    end: str | None = None,
    window_days: int = 90,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Compare how well two signals foretell leaving, near and far ahead.

    Not a comparison of the questions as such: who answers one of them differs from who answers
    the other, so it is made on all customers and on those who answered both, and both are said.

    Parameters
    ----------
    desk : Desk
        The data.
    first, second : str
        Signals, as ``nps`` and ``csat``.
    horizons_months : sequence of int
        Months ahead within which leaving counts.
    start, end : str, optional
        ISO dates between which months begin.
    window_days : int
        Days before the month whose signals count.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a horizon and set of customers: ``horizon_months``, ``customers``, ``auc_first``,
        ``auc_second``, ``estimate`` (first less second), ``ci_low``, ``ci_high``, ``p_value``,
        ``p_adjusted`` (Holm over all rows), ``verdict``, ``n``, ``n_customers``, ``n_left``,
        ``reason``; findings ``churn.predictor.difference``.

    Raises
    ------
    ParameterError
        A signal is not known, or a horizon is no whole number of months.

    Notes
    -----
    All customers: scores are the rates of earlier months, judged on later ones. Answered both:
    the scale's own order, which needs no fit, on the same later months. Intervals by customer.
    """
    _check(first, second, horizons_months)
    title = f"{NAMES[first]} against {NAMES[second]} as signals, near and far ahead"
    try:
        frame = signal_frame(desk, start=start, end=end, window_days=window_days)
        for name in (first, second):
            if name not in frame.signals:
                raise NotEstimable(frame.reasons[name])
    except NotEstimable as refusal:
        known = _known(desk, first, second, None, start, end)
        finding = Finding.refused(**known, reason=str(refusal))
        return refused_estimate("signal-horizons", title, str(refusal), (finding,))
    table, caveats = _table(frame, first, second, horizons_months, level)
    return Estimate(
        "signal-horizons",
        title,
        table,
        findings=tuple(
            _finding(_known(desk, first, second, row, start, end), row, level, caveats)
            for row in table.to_dict("records")
        ),
        sentences=_sentences(table, first, second, level),
        definitions=(frame.definition,),
        caveats=caveats,
        draw=lambda ax: _draw(table, f"{NAMES[first]} less {NAMES[second]}", ax),
        alt=f"Difference of the areas of {NAMES[first]} and {NAMES[second]} by horizon.",
    )


def _check(first: str, second: str, horizons_months: Sequence[int]) -> None:
    for argument, name in (("first", first), ("second", second)):
        if name not in SIGNALS:
            raise ParameterError(f"{argument} {name!r}: {did_you_mean(name, SIGNALS)}")
    wrong = [months for months in horizons_months if not 1 <= months <= 60]
    if wrong or not horizons_months:
        raise ParameterError(f"horizons_months came as {horizons_months!r}; give 1 to 60 each.")


def _table(
    frame: SignalFrame, first: str, second: str, horizons: Sequence[int], level: float
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    from supportlab.stats import adjust_p

    rows: list[dict[str, Any]] = []
    caveats: tuple[str, ...] = ()
    for months in horizons:
        try:
            split = frame.split(months)
        except NotEstimable as refusal:
            rows += [_refused(months, whom, str(refusal)) for whom in WHOM]
            continue
        caveats = caveats or frame_caveats(frame, split)[1:]
        rows += [_row(split, first, second, whom, level) for whom in WHOM]
    table = pd.DataFrame(rows)
    p_values = [None if np.isnan(p) else float(p) for p in table["p_value"]]
    table["p_adjusted"] = pd.Series(adjust_p(p_values, "holm"), dtype="float64")
    table["verdict"] = [
        row_verdict(row, level, within=EQUIVALENT) for row in table.to_dict("records")
    ]
    for name in ("n", "n_customers", "n_left"):
        table[name] = table[name].astype("Int64")
    return table, caveats


def _refused(months: int, whom: str, reason: str) -> dict[str, Any]:
    names = ("auc_first", "auc_second", "estimate", "ci_low", "ci_high", "p_value")
    numbers = dict.fromkeys(names, np.nan)
    counts = dict.fromkeys(("n", "n_customers", "n_left"))
    return {"horizon_months": months, "customers": whom, **numbers, **counts, "reason": reason}


def _row(split: Split, first: str, second: str, whom: str, level: float) -> dict[str, Any]:
    from supportlab.stats.discrimination import clustered_auc, difference_of_aucs

    late = split.late
    if whom == "all":
        scores = [alone(split.early, late, name) for name in (first, second)]
        kept = np.ones(len(late), dtype=bool)
    else:
        scores = [known_score(late, name) for name in (first, second)]
        kept = ~(np.isnan(scores[0]) | np.isnan(scores[1]))
    rows, n_left = late[kept], int(late["left"][kept].sum())
    known = _refused(split.horizon_months, whom, "") | {
        "n": len(rows), "n_customers": int(rows["customer"].nunique()), "n_left": n_left,
        "reason": None,
    }  # fmt: skip
    if n_left < FEWEST_EVENTS:
        words = f"{n_left} departures of customers with an answer to both; {FEWEST_EVENTS} needed"
        return known | {"reason": words}
    one, other = (score[kept] for score in scores)
    shared = (np.ones(len(rows)), rows["left"], rows["customer"], level)
    try:
        areas = [clustered_auc(score, *shared).estimate for score in (one, other)]
        found: Contrast = difference_of_aucs(one, other, *shared)
    except NotEstimable as refusal:
        return known | {"reason": str(refusal)}
    numbers = {"estimate": found.estimate, "ci_low": found.low, "ci_high": found.high}
    areas_of = {"auc_first": areas[0], "auc_second": areas[1], "p_value": found.p_value}
    return known | numbers | areas_of


def _known(
    desk: Desk, first: str, second: str, row: dict[Any, Any] | None, start: str | None,
    end: str | None,
) -> dict[str, Any]:  # fmt: skip
    group = {"signal": first, "versus": second}
    words = f"area under the ROC curve of {NAMES[first]} less that of {NAMES[second]}"
    if row is not None:
        group |= {"horizon_months": str(row["horizon_months"]), "customers": row["customers"]}
        within = "the month" if row["horizon_months"] == 1 else f"{row['horizon_months']} months"
        words += f" for leaving within {within}, {WHOM[row['customers']]}"
    return {
        "id": FINDING_ID,
        "study": STUDY,
        "question": f"Does {NAMES[first]} foretell leaving better than {NAMES[second]}?",
        "estimand": f"{words}, out of time, {scope_of(desk)}",
        "unit": "score",
        "group": group,
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _finding(
    known: dict[str, Any], row: dict[Any, Any], level: float, caveats: tuple[str, ...]
) -> Finding:
    known |= {
        "n": None if pd.isna(row["n"]) else int(row["n"]),
        "n_clusters": None if pd.isna(row["n_customers"]) else int(row["n_customers"]),
    }
    if np.isnan(row["estimate"]):
        return Finding.refused(**known, reason=str(row["reason"]))
    return Finding(
        **known,
        estimate=row["estimate"],
        ci_low=row["ci_low"],
        ci_high=row["ci_high"],
        ci_level=level,
        method="difference of AUCs out of time, by customer",
        p_value=row["p_value"],
        p_adjusted=row["p_adjusted"],
        verdict=row["verdict"],
        caveats=caveats,
    )


def _sentences(table: pd.DataFrame, first: str, second: str, level: float) -> tuple[str, ...]:
    known = table[table["estimate"].notna()]
    if known.empty:
        return (f"{NAMES[first]} and {NAMES[second]} cannot be compared; the table says why.",)
    found = []
    for whom in WHOM:
        part = known[known["customers"] == whom]
        if part.empty:
            found.append(f"Among those who answered both they cannot be compared: "
                         f"{table.loc[table['customers'] == whom, 'reason'].iloc[0]}.")  # fmt: skip
            continue
        row = part.iloc[-1]
        difference = format_interval(
            row["estimate"], row["ci_low"], row["ci_high"], "proportion", level, is_difference=True
        )
        found.append(
            f"{_WHOSE[whom]}, looking {_ahead(int(row['horizon_months']))} ahead, {NAMES[first]} "
            f"{_WORDS[row['verdict']]} {NAMES[second]}: {difference} of pairs of a "
            "leaver and a stayer."
        )
    return (*found, *_not_judged(table))


def _not_judged(table: pd.DataFrame) -> tuple[str, ...]:
    """Say of each horizon without any figure that nothing can be said, and why."""
    found = []
    for months, rows in table.groupby("horizon_months", sort=False):
        if rows["estimate"].isna().all():
            why = str(rows["reason"].iloc[0])
            ahead = _ahead(int(str(months)))
            found.append(f"Which is better over {ahead}, these data cannot say: {why}.")
    return tuple(found)


def _ahead(months: int) -> str:
    return "a month" if months == 1 else f"{months} months"


_WHOSE = {"all": "On all customers", "answered both": "Among those who answered both"}
_WORDS = {
    "higher": "foretells leaving better than",
    "lower": "foretells leaving worse than",
    "equivalent": "foretells leaving as well as",
    "no_difference_shown": "is not shown to foretell leaving better or worse than",
}


def _draw(table: pd.DataFrame, title: str, ax: Axes | None) -> Axes:
    from supportlab.plots import dot_intervals

    words = [
        f"{_ahead(int(months))}, {whom}"
        for months, whom in zip(table["horizon_months"], table["customers"], strict=True)
    ]
    shown = table.assign(comparison=words, n=table["n"].fillna(0))
    return dot_intervals(
        shown, label="comparison", unit="score", ax=ax, title=title, counted="customer-months",
        reference=0.0, reference_label="alike", estimate_label="difference of the areas",
    )  # fmt: skip
