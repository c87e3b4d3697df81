"""From arms compared at equal intake to a table, findings, checks and sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_difference, format_interval
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.channels.arm_tables import (
    arm_table,
    balance_check,
    overlap_check,
    silent_check,
)
from supportlab.studies.channels.compare import Arm, Compared
from supportlab.studies.channels.questions import HELD, STUDY, Comparison, held_words
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.rows import numbers_of
from supportlab.studies.common.scope import whole_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk

__all__ = ["ArmQuestion", "arms_estimate", "arms_refused", "finding_facts", "sensitivity_of"]


@dataclass(frozen=True)
class ArmQuestion:
    """
    A comparison in words and names.

    Parameters
    ----------
    name, title, finding_id, question : str
        Of the estimate and its findings.
    asked : Comparison
        What is compared.
    whose : str
        Whose tickets are asked about, in words.
    versus : str
        What is compared with what, in words, with ``{arm}`` for the arm.
    group : callable
        The group of an arm's finding.
    counted : str
        What ``n`` counts.
    caveats : tuple of str
        What the reader has to know beside what every adjusted figure needs.
    outcome_words : str
        What the outcome is called here; the measured one's own words where empty.
    naive_words : str
        Why the naive figure differs.
    """

    name: str
    title: str
    finding_id: str
    question: str
    asked: Comparison
    whose: str
    versus: str
    group: Callable[[str], Mapping[str, str]]
    counted: str = "tickets"
    caveats: tuple[str, ...] = ()
    outcome_words: str = ""
    naive_words: str = "it also holds what kind of tickets each of them gets"
    checks: tuple[Check, ...] = field(default_factory=tuple)

    def estimand(self, arm: str, held: tuple[str, ...], scope: str) -> str:
        """Name the quantity."""
        return (
            f"difference in {self.asked.measured.words}, {self.versus.format(arm=arm)}, of "
            f"{self.whose} that have their like on the other side, at equal {held_words(held)}; "
            f"{scope}"
        )


def finding_facts(desk: Desk, question: ArmQuestion) -> dict[str, Any]:
    """Return what all findings of a question share."""
    return {
        "id": question.finding_id,
        "study": STUDY,
        "question": question.question,
        "unit": question.asked.measured.unit,
        "as_of": as_of_text(desk),
        "start": question.asked.start,
        "end": question.asked.end,
        "design": "adjusted",
    }


def arms_refused(desk: Desk, question: ArmQuestion, reason: str, arm: str) -> Estimate:
    """Return the refusal of a comparison."""
    finding = Finding.refused(
        reason=reason,
        estimand=question.estimand(arm, question.asked.held or HELD, whole_words(desk.slice)),
        group=dict(question.group(arm)),
        **finding_facts(desk, question),
    )
    return refused_estimate(question.name, question.title, reason, (finding,))


def arms_estimate(
    desk: Desk, question: ArmQuestion, compared: Compared, *, extra: tuple[Check, ...] = ()
) -> Estimate:
    """
    Put a comparison on record.

    Parameters
    ----------
    desk : Desk
        The data.
    question : ArmQuestion
        The comparison in words.
    compared : Compared
        What was found.
    extra : tuple of Check
        Further checks.

    Returns
    -------
    Estimate
        One row an arm; arms that cannot be compared keep their row and reason.
    """
    table = arm_table(compared)
    checks = [overlap_check(compared)]
    if compared.estimated:
        checks.append(balance_check(compared))
        if question.asked.outcome == "csat":
            checks.append(silent_check(compared))
    checks += extra
    caveats = _caveats(question, compared)
    return Estimate(
        name=question.name,
        title=question.title,
        table=table,
        findings=_findings(desk, question, compared, table, tuple(checks), caveats),
        sentences=_sentences(question, compared, table),
        definitions=(compared.definition,),
        checks=tuple(checks),
        caveats=caveats,
        draw=_drawing(question, compared, table),
        alt=_alt(question, compared, table),
    )


def _caveats(question: ArmQuestion, compared: Compared) -> tuple[str, ...]:
    held = compared.held
    lacking = [name for name in question.asked.held if name not in (*held, "channel")]
    words = [
        (
            f"Tickets are compared at equal {held_words(held)}; a difficulty that shows in none of "
            "these is not adjusted for."
        )
    ]
    if lacking:
        words.append(f"Not in the data, so not held equal: {held_words(tuple(lacking))}.")
    return (*words, *question.caveats)


def _findings(
    desk: Desk,
    question: ArmQuestion,
    compared: Compared,
    table: pd.DataFrame,
    checks: tuple[Check, ...],
    caveats: tuple[str, ...],
) -> tuple[Finding, ...]:
    scope, known = whole_words(desk.slice), finding_facts(desk, question)
    made = []
    for arm, row in zip(compared.arms, table.to_dict("records"), strict=True):
        own = {**known, "group": dict(question.group(arm.name)), "caveats": caveats}
        own |= {"estimand": question.estimand(arm.name, compared.held, scope), "n": int(row["n"])}
        if arm.contrast is None:
            made.append(Finding.refused(reason=_reason(arm, compared), **own, checks=checks[:1]))
            continue
        made.append(
            Finding(
                **own,
                **numbers_of(row),
                ci_level=question.asked.level,
                n_clusters=int(row["n_clusters"]),
                method=f"AIPW on cells, multinomial propensity, by {compared.cluster_name}",
                sensitivity=sensitivity_of(arm),
                checks=checks,
            )
        )
    return tuple(made)


def _reason(arm: Arm, compared: Compared) -> str:
    if arm.detectable is None or compared.asked.measured.unit != "proportion":
        return arm.reason
    least = format_difference(arm.detectable, "proportion").lstrip("+")
    if arm.overlap is None or arm.effect is not None:
        return arm.reason
    return (
        f"{arm.reason}; with so many tickets, even were they independent, only a difference of "
        f"{least} or more would show"
    )


def sensitivity_of(arm: Arm) -> dict[str, object]:
    """Say how strong hidden difficulty would have to be, and what was kept."""
    from supportlab.stats.sensitivity import e_value_of_difference, robustness_value

    found, effect = arm.contrast, arm.effect
    if found is None or effect is None or found.low is None or found.high is None:
        return {}
    record: dict[str, object]
    try:
        record = e_value_of_difference(
            found.estimate, found.low, found.high, baseline=effect.mean_reference
        ).record()
    except (NotEstimable, ValueError):
        error = (found.high - found.estimate) or 1.0
        t_value = 1.96 * found.estimate / error
        record = robustness_value(t_value, max(2.0, float(found.n - effect.n_parameters))).record()
    record |= {
        "share_kept": effect.overlap.share_kept,
        "effective_n": effect.overlap.effective,
        "minimal_detectable_difference": arm.detectable,
    }
    if arm.answered is not None:
        record |= {"lowest": arm.answered.lowest, "highest": arm.answered.highest}
    return record


def _sentences(question: ArmQuestion, compared: Compared, table: pd.DataFrame) -> tuple[str, ...]:
    unit = question.asked.measured.unit
    outcome = question.outcome_words or question.asked.measured.short
    words = []
    shown = table.loc[table["verdict"].isin(["higher", "lower"])]
    told = shown if len(shown) else table.loc[table["estimate"].notna()]
    parts = [
        f"{row[compared.asked.arm]} "
        + format_interval(
            row["estimate"], row["ci_low"], row["ci_high"], unit, question.asked.level,
            is_difference=True,
        )
        for row in told.to_dict("records")
    ]  # fmt: skip
    subject = f"Against {compared.asked.reference}, at equal {held_words(compared.held)}"
    if len(shown):
        words.append(f"{subject}, {outcome} differs: {'; '.join(parts)}.")
    elif parts:
        words.append(f"{subject}, no difference in {outcome} is shown: {'; '.join(parts)}.")
    naive = [
        f"{row[compared.asked.arm]} {format_difference(row['naive'], unit)}"
        for row in told.to_dict("records")
    ]
    if naive:
        words.append(f"The naive differences are {'; '.join(naive)}: {question.naive_words}.")
    refused = [f"{arm.name} ({_reason(arm, compared)})" for arm in compared.arms if arm.reason]
    if refused:
        words.append(f"Not compared: {'; '.join(refused)}.")
    return tuple(words)


def _drawing(question: ArmQuestion, compared: Compared, table: pd.DataFrame) -> Any:
    shown = table.assign(n=table["n_arm"])

    def draw(ax: Axes | None) -> Axes:
        from supportlab.plots import dot_intervals

        return dot_intervals(
            shown,
            label=compared.asked.arm,
            unit=question.asked.measured.unit,
            ax=ax,
            title=question.title,
            counted=question.counted,
            second="naive",
            reference=0.0,
            reference_label=f"as {compared.asked.reference}",
            estimate_label="adjusted difference with interval",
            second_label="naive difference",
            is_difference=True,
        )

    return draw


def _alt(question: ArmQuestion, compared: Compared, table: pd.DataFrame) -> str:
    from supportlab.plots.alt import alt_dots

    return alt_dots(
        table.assign(n=table["n_arm"]),
        label=compared.asked.arm,
        subject=question.title,
        unit=question.asked.measured.unit,
        counted=question.counted,
        is_difference=True,
    )
