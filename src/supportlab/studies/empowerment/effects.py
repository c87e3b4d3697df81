"""The effect of authority: all four designs, the strongest first, and whether they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_difference, format_interval
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.common.refusals import refused_estimate
from supportlab.studies.common.scope import whole_words
from supportlab.studies.empowerment.design_adjusted import adjusted_result
from supportlab.studies.empowerment.design_examiner import examiner_result
from supportlab.studies.empowerment.design_limit import limit_result
from supportlab.studies.empowerment.design_results import (
    PER,
    STRENGTH,
    DesignResult,
    known_of,
    points,
)
from supportlab.studies.empowerment.design_roll_out import roll_out_result
from supportlab.studies.empowerment.effect_figure import designs_alt, draw_designs
from supportlab.studies.empowerment.frame import definitions, study_frame
from supportlab.studies.empowerment.outcomes import Outcome, outcome_of, verdict_of
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["Designs", "all_designs", "effect"]

NAMES = {
    "rollout": "roll-out",
    "limit": "limit",
    "examiner": "examiner",
    "adjusted": "adjusted",
}
# Two estimates further apart than this many of their standard errors say different things.
APART = 1.96


@dataclass(frozen=True)
class Designs:
    """
    Results of the four designs, the headline among them.

    Parameters
    ----------
    results : tuple of DesignResult
        From the strongest design to the weakest.
    headline : DesignResult or None
        The strongest that can be had and against which nothing speaks.
    """

    results: tuple[DesignResult, ...]
    headline: DesignResult | None

    @property
    def beside(self) -> tuple[DesignResult, ...]:
        """All but the headline."""
        return tuple(one for one in self.results if one is not self.headline)


def effect(
    desk: Desk,
    outcome: str = "fcr",
    *,
    anticipation: int = 0,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate what authority to settle does to an outcome, by the strongest design first.

    Not a promise for teams that have not had it: the roll-out speaks for those that did, the limit
    for amounts near it, the examiner for tickets where it depends on the agent.

    Parameters
    ----------
    desk : Desk
        The data; tickets with agent and team, ``authority``.
    outcome : str
        ``fcr``, ``csat``, ``resolution_time``, ``escalation``, ``approval`` or ``approval_wait``.
    anticipation : int
        Months before authority that may already be changed by its coming.
    start, end : str, optional
        ISO dates of creation, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a design: the headline, those beside it, those that cannot be had and why. The
        headline's finding has the group ``{"design": ...}`` alone.

    Raises
    ------
    ParameterError
        The outcome is not known.

    Notes
    -----
    Designs: imputation difference-in-differences, regression discontinuity, leave-out instrument,
    AIPW; see the page on methods. The strongest is chosen by what the data allow and by the
    design's own checks, never by what it finds.
    """
    asked = outcome_of(outcome)
    title = f"Authority and {asked.title.lower() if asked.name != 'csat' else asked.title}"
    name = f"empowerment-{asked.name.replace('_', '-')}"
    try:
        found = all_designs(desk, asked, start, end, level, anticipation)
    except NotEstimable as refusal:
        known = known_of(desk, asked, start, end)
        made = Finding.refused(
            reason=str(refusal), estimand=f"effect of authority on {asked.words}", **known
        )
        return refused_estimate(name, title, str(refusal), (made,))
    table = _table(found, asked, level)
    return Estimate(
        name=name,
        title=title,
        table=table,
        findings=_findings(desk, found, asked, table, start, end, level),
        sentences=_sentences(found, asked),
        definitions=definitions(desk) if asked.name in ("fcr", "resolution_time") else (),
        checks=_checks(found, asked),
        caveats=_caveats(found, asked),
        draw=lambda ax: draw_designs(table, asked, title, ax),
        alt=designs_alt(table, asked, title),
    )


def all_designs(
    desk: Desk,
    outcome: Outcome,
    start: str | None,
    end: str | None,
    level: float,
    anticipation: int = 0,
) -> Designs:
    """
    Run every design and pick the headline.

    Parameters
    ----------
    desk : Desk
        The data.
    outcome : Outcome
        What is looked at.
    start, end : str or None
        ISO dates.
    level : float
        Level of the intervals.
    anticipation : int
        Months before authority that may already be changed.

    Returns
    -------
    Designs
        All of them.

    Raises
    ------
    NotEstimable
        The data hold no authority, or not the outcome.
    """
    frame = study_frame(desk, start, end)
    if not (frame.cells[f"n_{outcome.name}"] > 0).any():
        raise NotEstimable(f"No ticket tells {outcome.words}; its column is missing.")
    question = (desk, outcome, start, end, level)
    results = (
        roll_out_result(*question, anticipation),
        limit_result(*question),
        examiner_result(*question),
        adjusted_result(*question),
    )
    sound = [one for one in results if one.contrast is not None and not one.doubt]
    return Designs(results, sound[0] if sound else None)


def _table(found: Designs, outcome: Outcome, level: float) -> pd.DataFrame:
    from supportlab.stats import adjust_p

    beside = [one.contrast.p_value if one.contrast else None for one in found.beside]
    holm = dict(zip((one.design for one in found.beside), adjust_p(beside, "holm"), strict=True))
    rows = []
    ordered = [*([found.headline] if found.headline else []), *found.beside]
    for one in ordered:
        contrast = one.contrast
        is_head = one is found.headline
        own = contrast.p_value if contrast else None
        p_adjusted = own if is_head else holm.get(one.design)
        rows.append(
            {
                "design": NAMES[one.design],
                "role": "headline" if is_head else "beside" if contrast else "not estimable",
                "estimate": contrast.estimate if contrast else None,
                "ci_low": contrast.low if contrast else None,
                "ci_high": contrast.high if contrast else None,
                "per": PER[one.design],
                "naive": one.naive,
                "per_ticket_with_authority": (
                    contrast.estimate * one.share_moved if contrast else None
                ),
                "p_value": own,
                "p_adjusted": p_adjusted,
                "verdict": (
                    verdict_of(contrast, p_adjusted, outcome.within, level) if contrast else None
                ),
                "n": contrast.n if contrast else None,
                "n_clusters": contrast.n_clusters if contrast else None,
                "reason": one.reason or one.doubt or None,
            }
        )
    table = pd.DataFrame(rows).assign(unit=outcome.unit)
    whole = {name: table[name].astype("Int64") for name in ("n", "n_clusters")}
    numbers = ("estimate", "ci_low", "ci_high", "naive", "per_ticket_with_authority")
    return table.assign(**whole, **{name: table[name].astype(float) for name in numbers})


def _findings(
    desk: Desk,
    found: Designs,
    outcome: Outcome,
    table: pd.DataFrame,
    start: str | None,
    end: str | None,
    level: float,
) -> tuple[Finding, ...]:
    known = known_of(desk, outcome, start, end)
    scope = whole_words(desk.slice)
    by_name = {NAMES[one.design]: one for one in found.results}
    made = []
    if found.headline is None:
        made.append(
            Finding.refused(
                reason=f"no design stands: {_why_none(found)}",
                estimand=f"effect of authority on {outcome.words}; {scope}",
                **known,
            )
        )
    for row in table.to_dict("records"):
        one = by_name[str(row["design"])]
        made.append(_finding(one, row, known, scope, outcome, level, one is found.headline))
    return tuple(made)


def _finding(
    one: DesignResult,
    row: dict[Any, Any],
    known: dict[str, Any],
    scope: str,
    outcome: Outcome,
    level: float,
    is_head: bool,
) -> Finding:
    group = {"design": one.design} if is_head else {"design": one.design, "role": "beside"}
    own = {
        **known,
        "group": group,
        "design": STRENGTH[one.design],
        "estimand": f"{one.estimand}; {scope}",
        "caveats": (*outcome.caveats, *one.caveats),
        "checks": one.checks,
    }
    found = one.contrast
    if found is None:
        return Finding.refused(reason=one.reason, **own)
    return Finding(
        **own,
        estimate=found.estimate,
        ci_low=found.low,
        ci_high=found.high,
        ci_level=level,
        n=found.n,
        n_clusters=found.n_clusters,
        method=found.method,
        p_value=found.p_value,
        p_adjusted=None if row["p_adjusted"] is None else float(row["p_adjusted"]),
        verdict=row["verdict"],
        sensitivity=one.sensitivity,
    )


def _why_none(found: Designs) -> str:
    return "; ".join(f"{NAMES[one.design]}: {one.reason or one.doubt}" for one in found.results)


def _sentences(found: Designs, outcome: Outcome) -> tuple[str, ...]:
    head = found.headline
    if head is None or head.contrast is None:
        return (f"No design gives an effect that stands: {_why_none(found)}.",)
    one = head.contrast
    interval = format_interval(one.estimate, one.low, one.high, outcome.unit, is_difference=True)
    verb = "differs by" if head.design == "adjusted" else "changes by"
    subject = outcome.words[0].upper() + outcome.words[1:]
    words = [f"{subject} {verb} {interval} per {PER[head.design]} (design: {NAMES[head.design]})."]
    raw = _raw(found)
    if raw is not None:
        words.append(
            f"The plain difference of tickets with and without authority is "
            f"{format_difference(raw, outcome.unit)}: it also holds which teams got authority and "
            "when."
        )
    words.append(_agreement(found, outcome))
    return tuple(words)


def _raw(found: Designs) -> float | None:
    return next((one.naive for one in found.results if one.design == "adjusted"), None)


def _agreement(found: Designs, outcome: Outcome) -> str:
    apart = _apart(found)
    others = [one for one in found.beside if one.contrast is not None]
    if not others:
        return "No other design can be had beside it."
    if not apart:
        return f"The designs beside it ({_listed(others)}) do not contradict it."
    words = "; ".join(f"{NAMES[one.design]} {points(_scaled(one), outcome.unit)}" for one in apart)
    return f"Not all designs agree, brought to one ticket with authority: {words}."


def _apart(found: Designs) -> list[DesignResult]:
    """Return the designs whose estimate lies further from the headline than chance puts it."""
    head = found.headline
    if head is None or head.contrast is None or head.error is None:
        return []
    far = []
    for one in found.beside:
        if one.contrast is None or one.error is None:
            continue
        # Shared tickets make the two alike, so that this is on the cautious side.
        spread = ((head.error * head.share_moved) ** 2 + (one.error * one.share_moved) ** 2) ** 0.5
        if abs(_scaled(one) - _scaled(head)) > APART * spread:
            far.append(one)
    return far


def _scaled(one: DesignResult) -> float:
    return 0.0 if one.contrast is None else one.contrast.estimate * one.share_moved


def _listed(results: Sequence[DesignResult]) -> str:
    return ", ".join(NAMES[one.design] for one in results)


def _checks(found: Designs, outcome: Outcome) -> tuple[Check, ...]:
    apart = _apart(found)
    estimated = [one for one in found.results if one.contrast is not None]
    detail = "; ".join(
        f"{NAMES[one.design]} {points(_scaled(one), outcome.unit)}" for one in estimated
    )
    passed = None if len(estimated) < 2 else not apart
    words = f"per ticket with authority: {detail}" if detail else "no design can be had"
    agree = Check("the designs agree", passed, words)
    head = found.headline.checks if found.headline else ()
    others = [
        Check(f"{NAMES[one.design]}: {check.name}", check.passed, check.detail, check.table)
        for one in found.beside
        for check in one.checks
    ]
    return (agree, *head, *others)


def _caveats(found: Designs, outcome: Outcome) -> tuple[str, ...]:
    own = found.headline.caveats if found.headline else ()
    rough = (
        "What a design finds per ticket at the limit or per ticket settled is brought to one "
        "ticket with authority by the share of such tickets: a rough comparison, as if all were "
        "alike."
    )
    return (*outcome.caveats, *own, rough)
