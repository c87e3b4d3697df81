"""CSAT of everybody from the answers of some, and how far it rests on what nobody can see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_interval, format_value
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import scope_words
from supportlab.studies.feedback.asked_cells import KIND, asked_cells, covariates, design_of
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats.nonresponse import SilentCurve, WeightedShare

__all__ = ["csat_adjusted", "csat_sensitivity"]

FINDING_ID = "feedback.csat.level_adjusted"
TITLE = "CSAT of everybody"
# How far the odds of the silent may lie from those of like answerers before it is called far.
PLAUSIBLE = (0.67, 1.5)
RATIOS = (0.25, 0.33, 0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0)
# Answers of one weight that carry a figure; below it is not given.
FEWEST_EFFECTIVE = 100.0


def csat_adjusted(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate the CSAT that everybody with an ended ticket would give, from the answers there are.

    Not free of what the tickets do not tell: if the silent differ from answerers of like tickets,
    the figure is off, and `csat_sensitivity` shows by how much.

    Parameters
    ----------
    desk : Desk
        The data; tickets with their end, and invitations that were not answered.
    start, end : str, optional
        ISO dates of the ticket's end, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a way: ``weights`` (``none``; by kind of ticket; by kind and course),
        ``of_whom`` (answers, the asked, or all ended tickets), ``estimate``, ``ci_low``,
        ``ci_high``, ``n``, ``n_all``, ``n_effective``, ``largest_weight_ratio``; finding
        ``feedback.csat.level_adjusted``.

    Notes
    -----
    As `supportlab.stats.nonresponse.weighted_share`. The chance of an answer is that of a ticket,
    so not being asked is in it too. FCR and the time to resolve belong into the model: they go
    with both answering and the answer, and without them most of the bias stays.
    """
    try:
        frame, cells = asked_cells(desk, start, end)
        rows, best = _ways(desk, frame, level)
    except NotEstimable as refusal:
        finding = Finding.refused(reason=str(refusal), **_known(desk, start, end))
        return refused_estimate("csat-adjusted", TITLE, str(refusal), (finding,))
    table = pd.DataFrame(rows)
    curve = _curve(desk, frame, (PLAUSIBLE[0], 1.0, PLAUSIBLE[1]), level)
    checks = _checks(best, curve)
    return Estimate(
        "csat-adjusted",
        TITLE,
        table,
        findings=(_finding(desk, best, curve, checks, start, end),),
        sentences=_sentences(best, curve),
        definitions=(cells.definition.with_counts(n=int(frame["n"].sum())),),
        checks=checks,
        caveats=(_caveat(curve),),
    )


def _ways(
    desk: Desk, frame: pd.DataFrame, level: float
) -> tuple[list[dict[str, Any]], WeightedShare]:
    from supportlab.stats import clustered_proportion
    from supportlab.stats.nonresponse import weighted_share

    names = covariates(desk)
    kind = tuple(name for name in names if name in KIND)
    plain = frame.groupby("cluster")[["n_answered", "n_success"]].sum()
    plain = plain.loc[plain["n_answered"] > 0]
    raw = clustered_proportion(plain["n_success"], plain["n_answered"], level)
    n_asked, n_all = int(frame["n_asked"].sum()), int(frame["n"].sum())
    rows = [_row("none", "answers", raw, raw.n)]
    ways = [("kind of ticket", kind, "n"), ("kind and course", names, "n_asked")]
    for words, columns, base in [*ways, ("kind and course", names, "n")]:
        part = frame.loc[frame[base] > 0]
        found = weighted_share(
            design_of(part, columns, base),
            part[base],
            part["n_answered"],
            part["n_success"],
            cluster=part["cluster"],
            level=level,
        )
        whom, size = ("the asked", n_asked) if base == "n_asked" else ("all ended tickets", n_all)
        rows.append(_row(words, whom, found, size))
    if found.n_effective < FEWEST_EFFECTIVE:
        raise NotEstimable(
            f"the weighted answers are worth {found.n_effective:.0f} of one weight; at least "
            f"{FEWEST_EFFECTIVE:.0f} are needed"
        )
    return rows, found


def _row(weights: str, of_whom: str, found: Any, n_all: int) -> dict[str, Any]:
    return {
        "weights": weights,
        "of_whom": of_whom,
        "estimate": found.estimate,
        "ci_low": found.low,
        "ci_high": found.high,
        "ci_level": found.level,
        "unit": "proportion",
        "n": found.n,
        "n_all": n_all,
        "n_effective": getattr(found, "n_effective", float(found.n)),
        "largest_weight_ratio": getattr(found, "largest_weight", 1.0),
    }


def _curve(desk: Desk, frame: pd.DataFrame, ratios: tuple[float, ...], level: float) -> SilentCurve:
    from supportlab.stats.nonresponse import silent_curve

    return silent_curve(
        design_of(frame, covariates(desk)),
        frame["n"],
        frame["n_answered"],
        frame["n_success"],
        odds_ratios=ratios,
        cluster=frame["cluster"],
        level=level,
    )


def _checks(best: WeightedShare, curve: SilentCurve) -> tuple[Check, ...]:
    filled = float(curve.estimate[1])
    width = float(best.high or 1.0) - float(best.low or 0.0)
    is_near = abs(filled - best.estimate) < width / 2.0
    return (
        Check(
            "two models agree",
            bool(is_near),
            f"a model of the answers in place of the weights gives "
            f"{format_value(filled, 'proportion')}",
        ),
        Check(
            "no answer rules the figure",
            bool(best.largest_weight <= 10.0),
            f"the heaviest answer counts {best.largest_weight:.1f} times the mean one; "
            f"{best.n:,} answers are worth {best.n_effective:,.0f} of one weight",
        ),
    )


def _known(desk: Desk, start: str | None, end: str | None) -> dict[str, Any]:
    return {
        "id": FINDING_ID,
        "study": "feedback-trends",
        "question": "How many would be satisfied if everybody had answered?",
        "estimand": (
            "share of satisfied answers had every customer whose ticket ended been asked and "
            f"answered, the silent like answerers of like tickets, {scope_words({}, desk.slice)}"
        ),
        "unit": "proportion",
        "group": {},
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
        "design": "adjusted",
    }


def _finding(
    desk: Desk,
    best: WeightedShare,
    curve: SilentCurve,
    checks: tuple[Check, ...],
    start: str | None,
    end: str | None,
) -> Finding:
    return Finding(
        **_known(desk, start, end),
        estimate=best.estimate,
        ci_low=best.low,
        ci_high=best.high,
        ci_level=best.level,
        n=best.n,
        n_clusters=best.n_clusters,
        method=best.method,
        sensitivity={
            "name": "odds of the silent over those of answerers of like tickets",
            "odds_ratio_low": PLAUSIBLE[0],
            "estimate_low": float(curve.estimate[0]),
            "odds_ratio_high": PLAUSIBLE[1],
            "estimate_high": float(curve.estimate[2]),
            "lowest": curve.lowest,
            "highest": curve.highest,
        },
        checks=checks,
        caveats=(_caveat(curve),),
    )


def _caveat(curve: SilentCurve) -> str:
    low, high = (format_value(float(value), "proportion") for value in curve.estimate[[0, 2]])
    least, most = (format_value(value, "proportion") for value in (curve.lowest, curve.highest))
    return (
        "The interval knows of chance alone. Were the silent less often satisfied than answerers "
        f"of like tickets, by odds of two to three, the figure would be {low}; by three to two, "
        f"more often, {high}. Without any assumption it lies between {least} and {most}."
    )


def _sentences(best: WeightedShare, curve: SilentCurve) -> tuple[str, ...]:
    found = format_interval(best.estimate, best.low, best.high, "proportion", best.level)
    naive = format_value(best.naive, "proportion")
    return (
        (
            f"Among the answers {naive} are satisfied; weighted for who is asked and who answers, "
            f"CSAT of all {best.n_all:,} ended tickets is {found}."
        ),
        (
            "The weights take out what kind of ticket and its course tell of answering, and "
            "nothing of what the customer felt beyond that."
        ),
    )


def csat_sensitivity(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Draw CSAT of everybody against how the silent differ from answerers of like tickets.

    Not an estimate of that difference, which no answer tells.

    Parameters
    ----------
    desk : Desk
        The data.
    start, end : str, optional
        ISO dates of the ticket's end, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a ratio: ``silent_odds_ratio``, ``estimate``, ``ci_low``, ``ci_high``.

    Notes
    -----
    As `supportlab.stats.nonresponse.silent_curve`.
    """
    title = "CSAT of everybody, by what the silent are like"
    try:
        frame, _ = asked_cells(desk, start, end)
        curve = _curve(desk, frame, RATIOS, level)
    except NotEstimable as refusal:
        return refused_estimate("csat-sensitivity", title, str(refusal))
    naive = float(frame["n_success"].sum() / frame["n_answered"].sum())
    table = pd.DataFrame(
        {
            "silent_odds_ratio": curve.odds_ratio,
            "estimate": curve.estimate,
            "ci_low": curve.low,
            "ci_high": curve.high,
            "ci_level": level,
            "unit": "proportion",
        }
    )
    words = _curve_sentences(table, curve, naive)
    return Estimate(
        "csat-sensitivity",
        title,
        table,
        sentences=words,
        caveats=("Which ratio holds cannot be told from these data.",),
        draw=lambda ax: _draw(curve, naive, title, ax),
        alt=f"A rising curve with a band: CSAT of everybody by the odds of the silent. {words[0]}",
    )


def _curve_sentences(table: pd.DataFrame, curve: SilentCurve, naive: float) -> tuple[str, ...]:
    low, high = table["estimate"].iloc[0], table["estimate"].iloc[-1]
    first = (
        f"CSAT of everybody runs from {format_value(low, 'proportion')} where the silent have "
        f"{curve.odds_ratio[0]:g} times the odds of answerers of like tickets to "
        f"{format_value(high, 'proportion')} where they have {curve.odds_ratio[-1]:g} times."
    )
    least, most = (format_value(value, "proportion") for value in (curve.lowest, curve.highest))
    second = (
        f"The answers as they are ({format_value(naive, 'proportion')}) hold for everybody only "
        f"if the silent have {_tipping(curve, naive)} the odds; without any assumption all from "
        f"{least} to {most} fit the answers."
    )
    return (first, second)


def _tipping(curve: SilentCurve, naive: float) -> str:
    import numpy as np

    if not curve.estimate[0] <= naive <= curve.estimate[-1]:
        return f"more than {curve.odds_ratio[-1]:g} times" if naive > curve.estimate[-1] else "less"
    ratio = np.exp(np.interp(naive, curve.estimate, np.log(curve.odds_ratio)))
    return f"{ratio:.1f} times"


def _draw(curve: SilentCurve, naive: float, title: str, ax: Axes | None) -> Axes:
    from supportlab.plots.silent import silent_band

    return silent_band(
        curve.odds_ratio,
        curve.estimate,
        curve.low,
        curve.high,
        bounds=(curve.lowest, curve.highest),
        naive=naive,
        title=title,
        ax=ax,
    )
