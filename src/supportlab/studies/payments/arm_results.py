"""From a comparison of two kinds of payments to a table, findings, checks and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.rows import numbers_of
from supportlab.studies.common.scope import whole_words
from supportlab.studies.payments.arm_records import Arms
from supportlab.studies.payments.arm_tables import (
    POOLED,
    arm_table,
    left_out_check,
    overlap_check,
    spread_checks,
)
from supportlab.studies.payments.arm_words import (
    ArmQuestion,
    arm_alt,
    arm_caveats,
    arm_drawing,
    arm_sentences,
)
from supportlab.studies.payments.arms import compare_arms
from supportlab.studies.payments.measures import STUDY
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["arms_estimate"]


def arms_estimate(
    desk: Desk,
    asked: ArmQuestion,
    *,
    start: str | None,
    end: str | None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Compare two kinds of payments market by market, pool, and put it all on record.

    Parameters
    ----------
    desk : Desk
        The data.
    asked : ArmQuestion
        The comparison.
    start, end : str or None
        ISO dates.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row for all markets and one a market; a refusal where nothing can be compared.
    """
    known = _known(desk, asked, start, end)
    try:
        arms = compare_arms(
            desk,
            asked.column,
            asked.labels,
            outcome=asked.outcome,
            start=start,
            end=end,
            level=level,
            covariates=asked.covariates,
            only=asked.only,
            starts=asked.starts,
        )
        if not arms.estimated:
            raise NotEstimable(_nobody(arms))
    except NotEstimable as refusal:
        estimand = asked.estimand(whole_words(desk.slice), is_pooled=True)
        refused = Finding.refused(
            reason=str(refusal), estimand=estimand, group=asked.group, **known
        )
        return refused_estimate(asked.name, asked.title, str(refusal), (refused,))
    table = arm_table(arms, level)
    checks = (overlap_check(arms), left_out_check(arms), *spread_checks(arms))
    return Estimate(
        name=asked.name,
        title=asked.title,
        table=table,
        findings=_findings(desk, asked, arms, table, checks, known, level),
        sentences=arm_sentences(asked, arms, table),
        definitions=(arms.definition,),
        checks=checks,
        caveats=arm_caveats(asked),
        draw=arm_drawing(asked, table),
        alt=arm_alt(asked, table),
    )


def _known(desk: Desk, asked: ArmQuestion, start: str | None, end: str | None) -> dict[str, Any]:
    return {
        "id": asked.finding_id,
        "study": STUDY,
        "question": asked.question,
        "unit": "proportion",
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
        "design": "adjusted",
    }


def _nobody(arms: Arms) -> str:
    first = arms.refusals[0]
    if len(arms.refusals) == 1:
        return f"the one market {first.market} cannot be compared: {first.reason}"
    return f"no market can be compared; for instance {first.market}: {first.reason}"


def _findings(
    desk: Desk,
    asked: ArmQuestion,
    arms: Arms,
    table: pd.DataFrame,
    checks: tuple[Check, ...],
    known: dict[str, Any],
    level: float,
) -> tuple[Finding, ...]:
    scope = whole_words(desk.slice)
    made = []
    for row in table.to_dict("records"):
        is_pooled = row["market"] == POOLED
        group = dict(asked.group) if is_pooled else {**asked.group, "market": str(row["market"])}
        place = scope if is_pooled else f"market {row['market']}"
        own = {**known, "group": group, "estimand": asked.estimand(place, is_pooled=is_pooled)}
        own |= {"n": int(row["n"]), "caveats": arm_caveats(asked)}
        if pd.isna(row["estimate"]):
            made.append(Finding.refused(reason=str(row["reason"]), **own))
            continue
        made.append(
            Finding(
                **own,
                **numbers_of(row),
                ci_level=level,
                n_clusters=int(row["n_clusters"]),
                method=_method(arms, is_pooled=is_pooled),
                sensitivity=_sensitivity(arms, row, is_pooled=is_pooled),
                checks=checks if is_pooled else (),
            )
        )
    return tuple(made)


def _method(arms: Arms, *, is_pooled: bool) -> str:
    within = "AIPW on cells within market, clustered by customer"
    if is_pooled and arms.pooled is not None:
        return f"{within}; pooled by {arms.pooled.interval.method}"
    return within


def _sensitivity(arms: Arms, row: Mapping[Any, Any], *, is_pooled: bool) -> dict[str, object]:
    """Say how strong a hidden confounder would have to be, and where the pool's spread lies."""
    from supportlab.stats.sensitivity import e_value_of_difference

    if is_pooled:
        baseline = arms.mean_untreated()
    else:
        baseline = next(
            one.effect.mean_untreated
            for one in arms.estimated
            if one.market == row["market"] and one.effect is not None
        )
    record: dict[str, object] = {}
    try:
        ends = (float(row["ci_low"]), float(row["ci_high"]))
        found = e_value_of_difference(float(row["estimate"]), *ends, baseline=baseline)
        record = found.record()
    except NotEstimable:
        record = {"name": "E-value", "estimate": None, "interval": None}
    if is_pooled and arms.pooled is not None:
        record |= {
            "spread_between_markets": arms.pooled.spread,
            "prediction_low": arms.pooled.prediction_low,
            "prediction_high": arms.pooled.prediction_high,
        }
    return record
