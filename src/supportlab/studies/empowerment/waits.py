"""Whether a longer wait for an approval goes with less satisfied customers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_interval
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import whole_words
from supportlab.studies.empowerment.design_results import points
from supportlab.studies.empowerment.frame import weighted_tickets
from supportlab.studies.empowerment.outcomes import STUDY, verdict_of
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats.interval import Contrast

__all__ = ["approval_wait"]

# Bands of waits, in hours: about twice as long each, a working day and its multiples beyond.
EDGES = (1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 36, 48, 72, 96)
SHOWN = (1, 2, 4, 8, 24, 72)
COVARIATES = ("category", "channel", "market", "value_band", "tenure_band", "priority")
FEWEST = 200
# A tenth of a point an hour is a point for a working day's wait.
WITHIN = 0.001


@dataclass(frozen=True)
class _Fits:
    naive: Contrast
    held: Contrast
    within: Contrast
    cells: pd.DataFrame


def approval_wait(
    desk: Desk,
    *,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate how satisfaction changes with each hour that a ticket waits for an approval.

    Not the effect of needing an approval at all: tickets that need none are not in it.

    Parameters
    ----------
    desk : Desk
        The data; tickets with ``approval_requested`` and ``approval_minutes``, CSAT surveys.
    start, end : str, optional
        ISO dates of creation, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a step: as it is, at equal intake, within teams and months alike; one finding.

    Notes
    -----
    Linear in hours, waits cut at two weeks and taken as the mean of narrow bands. Equal topic,
    channel, market, amount, tenure and priority stand for difficulty; teams by their own level.
    Answers are weighted by the chance of answering. Clustered by team (leave one out).
    """
    title = "Waiting for an approval and satisfaction"
    name = "empowerment-approval-wait"
    known = _known(desk, start, end)
    scope = whole_words(desk.slice)
    estimand = (
        "change in the share of satisfied customers for each hour that a ticket waits for an "
        f"approval, at equal topic, channel, market, amount, tenure, priority and team; {scope}"
    )
    try:
        fits = _fits(desk, start, end, level)
    except NotEstimable as refusal:
        made = Finding.refused(reason=str(refusal), estimand=estimand, **known)
        return refused_estimate(name, title, str(refusal), (made,))
    one = fits.within
    finding = Finding(
        **known,
        estimand=estimand,
        estimate=one.estimate,
        ci_low=one.low,
        ci_high=one.high,
        ci_level=level,
        n=int(fits.cells["n_answered"].sum()),
        n_clusters=one.n_clusters,
        method=f"{one.method}; answers weighted by the chance of answering",
        p_value=one.p_value,
        p_adjusted=one.p_value,
        verdict=verdict_of(one, one.p_value, WITHIN, level),
        sensitivity=_sensitivity(one),
        checks=(_bands_check(fits.cells),),
        caveats=_CAVEATS,
    )
    table = _table(fits)
    return Estimate(
        name=name,
        title=title,
        table=table,
        findings=(finding,),
        sentences=_sentences(fits),
        checks=finding.checks,
        caveats=_CAVEATS,
        draw=lambda ax: _draw(_by_band(fits.cells), title, ax),
        alt=_alt(_by_band(fits.cells), title),
    )


_CAVEATS = (
    (
        "An association: what is hard takes longer to approve and pleases less, and priority, "
        "topic and amount hold only part of what makes a ticket hard."
    ),
    "The wait is part of the time to resolve; this is not in addition to that.",
)


def _known(desk: Desk, start: str | None, end: str | None) -> dict[str, Any]:
    return {
        "id": "empowerment.approval_wait.csat",
        "study": STUDY,
        "question": "Do long approvals frustrate customers?",
        "unit": "proportion",
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
        "design": "adjusted",
    }


def _fits(desk: Desk, start: str | None, end: str | None, level: float) -> _Fits:
    from supportlab.metrics.authority.cells import wait_cells
    from supportlab.stats.cell_models import design_columns
    from supportlab.stats.cell_slopes import cell_slope

    tickets = weighted_tickets(desk, start, end)
    cells: pd.DataFrame = desk.once(
        f"approval waits {start} {end}", lambda: wait_cells(tickets, EDGES)
    )
    cells = cells.loc[cells["n_csat"] > 0].reset_index(drop=True)
    n = int(cells["n_answered"].sum()) if len(cells) else 0
    if n < FEWEST:
        raise NotEstimable(
            f"{n} tickets have both a wait for an approval and an answer; at least {FEWEST} are "
            "needed."
        )
    rows, sums = cells["n_csat"], cells["s_csat"]
    hours = cells["s_csat_hours"] / rows
    labels = {name: cells[name].tolist() for name in COVARIATES}
    held = design_columns(labels, cells["n"]).matrix
    both = design_columns({**labels, "team": cells["team"].tolist()}, cells["n"]).matrix
    plain = (cells["s_plain_hours"] / cells["n_answered"], cells["n_answered"], cells["n_good"])
    team = cells["team"]
    return _Fits(
        cell_slope(*plain, team, level=level),
        cell_slope(hours, rows, sums, team, held, level=level),
        cell_slope(hours, rows, sums, team, both, level=level),
        cells,
    )


def _sensitivity(one: Contrast) -> dict[str, object]:
    from supportlab.stats import robustness_value
    from supportlab.stats.interval import t_quantile

    df = max(1.5, one.df or 2.0)
    error = ((one.high or 0.0) - one.estimate) / t_quantile(one.level, df)
    return robustness_value(one.estimate / error, df).record() if error > 0 else {}


def _table(fits: _Fits) -> pd.DataFrame:
    steps = (
        ("as it is, answers unweighted", fits.naive),
        ("answers weighted, equal intake", fits.held),
        ("answers weighted, equal intake and team", fits.within),
    )
    rows = [
        {
            "step": words,
            "estimate": one.estimate,
            "ci_low": one.low,
            "ci_high": one.high,
            "p_value": one.p_value,
            "n": int(fits.cells["n_answered"].sum()),
            "n_clusters": one.n_clusters,
        }
        for words, one in steps
    ]
    return pd.DataFrame(rows).assign(unit="proportion", per="hour waited")


def _by_band(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the weighted share of satisfied customers by bands of waits."""
    from supportlab.stats import clustered_proportion

    places = [EDGES.index(edge) for edge in SHOWN]
    group = cells["wait_band"].map(lambda band: sum(band > place for place in places))
    names = [f"under {SHOWN[0]} h", *(
        f"{low} to {high} h" for low, high in itertools.pairwise(SHOWN)
    ), f"{SHOWN[-1]} h and more"]  # fmt: skip
    rows = []
    for place, name in enumerate(names):
        part = cells.loc[group == place].groupby("team")[["n_answered", "n_good"]].sum()
        if part["n_answered"].sum() < 30:
            continue
        found = clustered_proportion(part["n_good"], part["n_answered"])
        rows.append(
            {"wait": name, "estimate": found.estimate, "ci_low": found.low, "ci_high": found.high,
             "n": int(part["n_answered"].sum())}
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["wait", "estimate", "ci_low", "ci_high", "n"])


def _bands_check(cells: pd.DataFrame) -> Check:
    table = _by_band(cells)
    if len(table) < 2:
        return Check("the change is the same at each hour", None, "too few bands to tell")
    first, last = table["estimate"].iloc[0], table["estimate"].iloc[-1]
    detail = (
        f"from {100 * first:.0f} % satisfied ({table['wait'].iloc[0]}) to {100 * last:.0f} % "
        f"({table['wait'].iloc[-1]}), as the answers stand; a straight line is a summary of that"
    )
    return Check("the change is the same at each hour", None, detail, table)


def _sentences(fits: _Fits) -> tuple[str, ...]:
    one = fits.within
    words = format_interval(one.estimate, one.low, one.high, "proportion", is_difference=True)
    return (
        (
            f"Each hour that a ticket waits for an approval goes with {words} in the share of "
            "satisfied customers, at equal intake and team."
        ),
        f"As it is the slope is {points(fits.naive.estimate, 'proportion')} an hour.",
    )


def _draw(table: pd.DataFrame, title: str, ax: Axes | None) -> Axes:
    from supportlab.plots import dot_intervals, words_only

    if table.empty:
        return words_only(f"{title}: too few answers by wait.", ax=ax)
    return dot_intervals(
        table, label="wait", unit="proportion", ax=ax, title=title, counted="answers",
        estimate_label="satisfied, as the answers stand",
    )  # fmt: skip


def _alt(table: pd.DataFrame, title: str) -> str:
    from supportlab.plots.alt import alt_dots

    if table.empty:
        return f"{title}: too few answers by wait."
    return alt_dots(table, label="wait", subject=title, unit="proportion", counted="answers")
