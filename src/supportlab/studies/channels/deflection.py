"""What self-service takes off the channels: the upper bound, and tickets before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_interval, format_value
from supportlab.records import Check, Definition
from supportlab.results import Estimate
from supportlab.stats.interval import Contrast, t_quantile
from supportlab.studies.channels.questions import STUDY
from supportlab.studies.common.cells import Cell, cell_of, fetch_sums
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.scope import whole_words
from supportlab.studies.common.verdicts import difference_verdict
from supportlab.vocabulary import INTERVAL_LEVEL, Verdict

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.channels.visits import Visits

__all__ = ["deflection", "help_centre_effect"]

BOUND_TITLE = "Sessions followed by no ticket: an upper bound"
VISIT_TITLE = "Tickets before and after a visit to the help centre"
QUESTION = "Does self-service take load off the other channels?"
# Tickets per 1,000 customers and month that would change no plan of staffing.
EQUIVALENT_WITHIN = 5.0
FEWEST_VISITORS = 100
SESSIONS: tuple[tuple[Literal["count", "exclude"], str], ...] = (
    ("count", "all sessions"),
    ("exclude", "known customers"),
)
PER = 1000.0
UPPER = (
    "Who gave up counts as deflected, and so does an anonymous session whose ticket cannot be "
    "found."
)


def deflection(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compute the share of self-service sessions that no ticket followed: an upper bound.

    Not tickets saved: many who read would never have written, and nobody sees whether an anonymous
    reader wrote later.

    Parameters
    ----------
    desk : Desk
        The data; sessions with an outcome, and tickets.
    start, end : str, optional
        ISO dates of the session, end excluded.

    Returns
    -------
    Estimate
        One row a kind of session, with anonymous ones and of known customers alone: ``kind``,
        ``sessions``, ``estimate`` and interval, ``n``. Findings ``channel.deflection``.
    """
    from supportlab import metrics

    known = _known(desk, start, end) | {"unit": "proportion", "design": "descriptive"}
    rows, findings, record = [], [], None
    try:
        for anonymous, words in SESSIONS:
            for by in ([], ["kind"]):
                sums = metrics.deflection(desk, by, anonymous=anonymous, start=start, end=end)
                frame, is_clustered = fetch_sums(sums)
                record = record or sums.record()
                parts = frame.groupby("kind", sort=True) if by else [("all kinds", frame)]
                for kind, part in parts:
                    cell = cell_of(part, "rate", INTERVAL_LEVEL, is_clustered=is_clustered)
                    rows.append(_bound_row(str(kind), words, cell))
                    findings.append(_bound_finding(known, str(kind), words, cell, desk))
    except NotEstimable as refusal:
        refused = Finding.refused(
            reason=str(refusal), estimand=f"share of sessions; {whole_words(desk.slice)}",
            group={"figure": "upper bound"}, **known,
        )  # fmt: skip
        return refused_estimate("deflection-bound", BOUND_TITLE, str(refusal), (refused,))
    table = pd.DataFrame(rows)
    whole = table.loc[table["kind"] == "all kinds"].set_index("sessions")["estimate"]
    sentence = (
        f"At most {format_value(whole['all sessions'], 'proportion')} of sessions saved a ticket, "
        f"and {format_value(whole['known customers'], 'proportion')} of those whose customer is "
        "known. Both are upper bounds: who gave up, or would never have written, is in them."
    )
    return Estimate(
        "deflection-bound", BOUND_TITLE, table, tuple(findings), (sentence,),
        () if record is None else (record,), caveats=(UPPER,),
    )  # fmt: skip


def help_centre_effect(desk: Desk, *, start: str | None = None, end: str | None = None) -> Estimate:
    """
    Compare tickets of the same customers before and after a visit to the help centre.

    Not a proof that reading saves nothing: it asks whether the visitors write less in the month
    that begins two weeks after the visit than in the month that ended two weeks before it.

    Parameters
    ----------
    desk : Desk
        The data; sessions of the help centre with customers, and tickets.
    start, end : str, optional
        ISO dates of the visit, end excluded.

    Returns
    -------
    Estimate
        One row a figure: ``near`` (the naive one, the need of the day in it) and ``apart``
        (corrected for how the whole desk moved): ``before``, ``after``, ``estimate`` in tickets
        per 1,000 customers and 30 days. Finding ``channel.deflection``.
    """
    from supportlab.metrics.channels.visits import (
        APART_DAYS,
        WATCH_DAYS,
        tickets_per_day,
        visits_watched,
    )

    known = _known(desk, start, end) | {"unit": "per_1000", "design": "quasi_experiment"}
    group = {"figure": "tickets after a visit less before"}
    estimand = (
        f"tickets per 1,000 visitors and {WATCH_DAYS} days, from {APART_DAYS} days after a visit "
        f"on, less the same up to {APART_DAYS} days before it, the movement of the whole desk "
        f"taken out; {whole_words(desk.slice)}"
    )
    try:
        visits = visits_watched(desk, start=start, end=end)
        n = int(visits.days["n"].sum())
        if visits.n_customers < FEWEST_VISITORS:
            raise NotEstimable(
                f"{visits.n_customers} customers have a visit with both months inside the data; at "
                f"least {FEWEST_VISITORS} are needed"
            )
        expected = _expected(visits.days, tickets_per_day(desk), APART_DAYS, WATCH_DAYS)
    except NotEstimable as refusal:
        refused = Finding.refused(reason=str(refusal), estimand=estimand, group=group, **known)
        return refused_estimate("help-centre-effect", VISIT_TITLE, str(refusal), (refused,))
    found = _difference(visits, expected)
    table = _visit_table(visits.days, found, expected)
    finding = Finding(
        **known, estimand=estimand, group=group, estimate=found.estimate, ci_low=found.low,
        ci_high=found.high, ci_level=found.level, n=found.n, n_clusters=found.n_clusters,
        method=found.method, p_value=found.p_value, p_adjusted=found.p_value,
        verdict=_verdict(found), caveats=_visit_caveats(APART_DAYS),
    )  # fmt: skip
    naive = table.iloc[0]
    words = (
        f"In the month from {APART_DAYS} days after the visit customers write "
        + format_interval(found.estimate, found.low, found.high, "per_1000", is_difference=True)
        + f" tickets apart from the month before it. Counted from the visit itself it is "
        f"{naive['estimate']:+.0f}, since a need brings visit and ticket on the same day."
    )
    drift = Check(
        "movement of the whole desk",
        None,
        f"tickets per customer moved by {PER * expected / n:+.1f} per 1,000 over the same days",
    )
    return Estimate(
        "help-centre-effect", VISIT_TITLE, table, (finding,), (words,),
        (_visit_definition(APART_DAYS, WATCH_DAYS, n, desk),), checks=(drift,),
        caveats=_visit_caveats(APART_DAYS),
    )  # fmt: skip


def _known(desk: Desk, start: str | None, end: str | None) -> dict[str, Any]:
    return {"id": "channel.deflection", "study": STUDY, "question": QUESTION,
            "as_of": as_of_text(desk), "start": start, "end": end}  # fmt: skip


def _bound_row(kind: str, words: str, cell: Cell) -> dict[str, Any]:
    found = cell.interval
    return {
        "kind": kind,
        "sessions": words,
        "estimate": found.estimate if found else None,
        "ci_low": found.low if found else None,
        "ci_high": found.high if found else None,
        "unit": "proportion",
        "n": cell.n,
        "reason": cell.reason or None,
    }


def _bound_finding(known: dict[str, Any], kind: str, words: str, cell: Cell, desk: Desk) -> Finding:
    own = {
        **known,
        "group": {"figure": "upper bound", "kind": kind, "sessions": words},
        "estimand": (
            f"upper bound of the share of sessions ({kind}, {words}) that saved a ticket: those "
            f"followed by none within 24 hours; {whole_words(desk.slice)}"
        ),
        "n": cell.n,
        "caveats": (UPPER,),
    }
    found = cell.interval
    if found is None:
        return Finding.refused(reason=cell.reason, **own)
    return Finding(
        **own, estimate=found.estimate, ci_low=found.low, ci_high=found.high,
        ci_level=found.level, n_clusters=found.n_clusters, method=found.method,
    )  # fmt: skip


def _expected(visits: pd.DataFrame, days: pd.DataFrame, apart: int, watch: int) -> float:
    """Return how many tickets more the visitors would write after, were they like all customers."""
    here = (days["n_joined"] - days["n_left"]).cumsum()
    is_known = bool(int(days["n_joined"].sum()))
    here = here.where(here > 0, 1) if is_known else pd.Series(1, index=days.index)
    rate = pd.Series((days["n_tickets"] / here).to_numpy(), index=pd.to_datetime(days["day"]))
    first = min(rate.index.min(), pd.to_datetime(visits["day"]).min())
    span = pd.date_range(first, max(rate.index.max(), first), freq="D")
    summed = np.concatenate([[0.0], rate.reindex(span, fill_value=0.0).cumsum().to_numpy()])
    place = (pd.to_datetime(visits["day"]) - span[0]).dt.days.to_numpy()

    def between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
        edge = len(span)
        found: np.ndarray = summed[np.clip(high, 0, edge)] - summed[np.clip(low, 0, edge)]
        return found

    after = between(place + apart, place + apart + watch)
    before = between(place - apart - watch, place - apart)
    return float(visits["n"].to_numpy() @ (after - before))


def _difference(visits: Visits, expected: float) -> Contrast:
    from scipy.special import stdtr

    n, owners = float(visits.days["n"].sum()), visits.n_customers
    change = float((visits.days["after"] - visits.days["before"]).sum())
    mean, plain = (change - expected) / n, change / n
    squares = (
        visits.gap_squares - 2.0 * plain * visits.gap_products + plain**2 * visits.visit_squares
    )
    error = float(np.sqrt(max(squares, 0.0) * owners / (owners - 1.0))) / n
    df = max(1.0, n**2 / visits.visit_squares - 1.0)
    half = t_quantile(INTERVAL_LEVEL, df) * error
    p_value = min(1.0, 2.0 * float(stdtr(df, -abs(mean) / error))) if error > 0 else 1.0
    return Contrast(
        PER * mean, PER * (mean - half), PER * (mean + half), INTERVAL_LEVEL, round(n), owners,
        "change within customers less that of the whole desk, clustered by customer", df=df,
        p_value=p_value,
    )  # fmt: skip


def _visit_table(visits: pd.DataFrame, found: Contrast, expected: float) -> pd.DataFrame:
    n = float(visits["n"].sum())
    rates = {name: PER * float(visits[name].sum()) / n
             for name in ("near_before", "near_after", "before", "after")}  # fmt: skip
    near = {
        "figure": "near: from the visit on (naive)",
        "before": rates["near_before"],
        "after": rates["near_after"],
        "estimate": rates["near_after"] - rates["near_before"],
        "ci_low": None,
        "ci_high": None,
    }
    apart = {
        "figure": "apart: two weeks on either side left out",
        "before": rates["before"],
        "after": rates["after"],
        "estimate": found.estimate,
        "ci_low": found.low,
        "ci_high": found.high,
    }
    return pd.DataFrame([near, apart]).assign(
        expected_change=[float("nan"), PER * expected / n], unit="per_1000", n=round(n)
    )


def _verdict(found: Contrast) -> Verdict:
    return difference_verdict(found, found.p_value, found.level, within=EQUIVALENT_WITHIN)


def _visit_caveats(apart: int) -> tuple[str, ...]:
    return (
        (
            f"The {apart} days on either side of the visit are left out: a need of the moment "
            "brings the visit and the ticket alike. A ticket saved on the day itself is "
            "therefore not seen."
        ),
        (
            "All visits count, not first ones alone: a ticket brings a visit, so who never read "
            "before had fewer tickets before, and any first visit would seem to bring tickets."
        ),
        (
            "Only customers with an account before, during and after both months are in it, and "
            "only visits that name their customer."
        ),
    )


def _visit_definition(apart: int, watch: int, n: int, desk: Desk) -> Definition:
    return Definition(
        name="help_centre_visits",
        title="Tickets before and after a visit",
        statement=(
            "Sessions in the help centre that name their customer and have both windows inside the "
            f"data; tickets that the customer raised in the {watch} days that end {apart} days "
            f"before it, and in those that begin {apart} days after."
        ),
        anchor="the session",
        clock="calendar",
        cohort="the moment of the session",
        n=n,
        as_of=desk.as_of.isoformat(),
    )
