"""Comparisons of two kinds of tickets: context kept or lost, preferred channel or another, bot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.results import Estimate
from supportlab.studies.channels.arm_results import ArmQuestion, arms_estimate, arms_refused
from supportlab.studies.channels.compare import compare
from supportlab.studies.channels.questions import ChannelOutcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from supportlab.desk import Desk

__all__ = ["by_outcome", "outcome_group"]


def outcome_group(outcome: str) -> Callable[[str], Mapping[str, str]]:
    """Return the group of a finding that has one arm an outcome."""

    def group(arm: str) -> Mapping[str, str]:
        del arm
        return {"outcome": outcome}

    return group


def by_outcome(
    desk: Desk,
    questions: Mapping[ChannelOutcome, ArmQuestion],
    arm: str,
    *,
    name: str,
    title: str,
) -> Estimate:
    """
    Answer one question in several outcomes, as one family.

    Parameters
    ----------
    desk : Desk
        The data.
    questions : mapping of str to ArmQuestion
        One an outcome, in the order to show; each with one arm against one reference.
    arm : str
        The arm that is not the reference.
    name, title : str
        Of the estimate.

    Returns
    -------
    Estimate
        One row an outcome; those that the data cannot tell keep their reason.
    """
    parts = [_one(desk, question, arm) for question in questions.values()]
    tables = []
    for outcome, part in zip(questions, parts, strict=True):
        table = part.table
        if "status" in table:
            table = pd.DataFrame([{"reason": table["reason"].iloc[0]}])
        tables.append(table.assign(outcome=outcome))
    joined = pd.concat(tables, ignore_index=True)
    findings, p_values = _adjusted(parts)
    if "p_value" in joined:
        joined["p_adjusted"] = p_values
        joined["verdict"] = [finding.verdict for finding in findings]
    first = ["outcome", *(column for column in joined.columns if column != "outcome")]
    drawn = next((part for part in parts if "status" not in part.table), None)
    shown = joined.rename(columns={"n": "n_rows"}).assign(n=joined.get("n_arm"))
    return Estimate(
        name,
        title,
        joined[first],
        findings,
        tuple(_sentence(part) for part in parts),
        tuple(part.definitions[0] for part in parts if part.definitions)[:1],
        checks=tuple(
            replace(check, name=f"{check.name}: {outcome}")
            for outcome, part in zip(questions, parts, strict=True)
            for check in part.checks
        ),
        caveats=tuple(dict.fromkeys(words for part in parts for words in part.caveats)),
        draw=parts[0].draw if drawn is None else _drawing(shown, title),
        alt=parts[0].alt if drawn is None else _alt(shown, title),
    )


def _one(desk: Desk, question: ArmQuestion, arm: str) -> Estimate:
    try:
        compared = compare(desk, question.asked)
    except NotEstimable as refusal:
        return arms_refused(desk, question, str(refusal), arm)
    return arms_estimate(desk, question, compared)


def _sentence(part: Estimate) -> str:
    return " ".join(part.sentences)


def _adjusted(parts: list[Estimate]) -> tuple[tuple[Finding, ...], list[float | None]]:
    """Adjust over the outcomes, which bear one finding id, and take back what does not hold."""
    from supportlab.stats import adjust_p

    findings = [part.findings[0] for part in parts]
    adjusted = adjust_p([finding.p_value for finding in findings], "holm")
    made = []
    for finding, p in zip(findings, adjusted, strict=True):
        verdict = finding.verdict
        if verdict in ("higher", "lower") and p is not None and p >= 0.05:
            verdict = "no_difference_shown"
        made.append(replace(finding, p_adjusted=p, verdict=verdict))
    return tuple(made), adjusted


def _drawing(table: pd.DataFrame, title: str) -> Callable[[Axes | None], Axes]:
    shown = table.loc[table.get("unit", pd.Series(dtype=str)) == "proportion"]

    def draw(ax: Axes | None) -> Axes:
        from supportlab.plots import dot_intervals

        return dot_intervals(
            shown, label="outcome", unit="proportion", ax=ax, title=title, counted="tickets",
            second="naive", reference=0.0, reference_label="no difference",
            estimate_label="adjusted difference with interval", second_label="naive difference",
            is_difference=True,
        )  # fmt: skip

    return draw


def _alt(table: pd.DataFrame, title: str) -> str:
    from supportlab.plots.alt import alt_dots

    shown = table.loc[table["unit"] == "proportion"]
    return alt_dots(
        shown,
        label="outcome",
        subject=title,
        unit="proportion",
        counted="tickets",
        is_difference=True,
    )
