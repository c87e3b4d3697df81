"""A family of adjusted comparisons: its table, findings, checks, words and figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_difference, format_interval, format_range
from supportlab.records import Check, Definition
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.common.verdicts import difference_verdict
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats.interval import Contrast
    from supportlab.studies.service.fits import Fitted
    from supportlab.vocabulary import Unit, Verdict

__all__ = ["Family", "Row", "family_estimate", "fitted_row", "refused_family"]

# A difference inside these bounds changes no decision: a point, a point of a score, a quarter hour.
EQUIVALENCE: Mapping[str, float] = {"proportion": 0.01, "score": 1.0, "hours": 0.25}


@dataclass(frozen=True)
class Row:
    """
    One comparison that was made or refused.

    Parameters
    ----------
    group : mapping of str to str
        What tells it from the others of its family.
    label : str
        Its name in a figure.
    estimand : str
        In words.
    contrast : Contrast or None
        The result.
    naive, unweighted : float or None
        Nothing held equal; covariates held equal, answers as they are.
    bounds : tuple of float or None
        How far the silent could move it.
    residual_df : int
        Of its regression, for the sensitivity to what is not seen; 0 for none.
    reason : str
        Why there is no result.
    is_headline : bool
        Whether it is the question itself, named before the others and tested first.
    """

    group: Mapping[str, str]
    label: str
    estimand: str
    contrast: Contrast | None
    naive: float | None = None
    unweighted: float | None = None
    bounds: tuple[float, float] | None = None
    residual_df: int = 0
    reason: str = ""
    is_headline: bool = False


@dataclass(frozen=True)
class Family:
    """
    What the rows of one finding id share.

    Parameters
    ----------
    name, title : str
        Of the estimate.
    finding_id, study, question, unit : str
        Of its findings.
    counted : str
        What ``n`` counts.
    caveats : tuple of str
        What the reader has to know.
    checks : tuple of Check
        What was checked.
    figure_label : str
        What the solid mark is called in the figure.
    no_matter : float, optional
        A difference below this changes no decision; by the unit when left out.
    is_screening : bool
        Whether many are looked at and a few false ones are borne (Benjamini and Hochberg), or no
        false one at all (Holm).
    """

    name: str
    title: str
    finding_id: str
    study: str
    question: str
    unit: Unit
    counted: str
    caveats: tuple[str, ...] = ()
    checks: tuple[Check, ...] = field(default=())
    figure_label: str = "adjusted difference with interval"
    no_matter: float | None = None
    is_screening: bool = False


def fitted_row(
    fitted: Fitted,
    name: str,
    group: Mapping[str, str],
    label: str,
    estimand: str,
    *,
    is_headline: bool = False,
) -> Row:
    """Return the row of one exposure of a fit, or why it has none."""
    try:
        contrast = fitted.contrast(name)
    except NotEstimable as refusal:
        return Row(group, label, estimand, None, reason=str(refusal), is_headline=is_headline)
    is_survey = fitted.weights is not None
    return Row(
        group,
        label,
        estimand,
        contrast,
        naive=fitted.raw[name],
        unweighted=fitted.plain(name) if is_survey else None,
        bounds=fitted.bounds.get(name),
        residual_df=fitted.fit.residual_df,
        is_headline=is_headline,
    )


def family_estimate(
    desk: Desk,
    family: Family,
    rows: Sequence[Row],
    *,
    start: str | None,
    end: str | None,
    definitions: Sequence[Definition] = (),
    sentences: Sequence[str] = (),
) -> Estimate:
    """
    Put a family of comparisons on record.

    Parameters
    ----------
    desk : Desk
        The data.
    family : Family
        What its rows share.
    rows : sequence of Row
        The comparisons.
    start, end : str or None
        ISO dates.
    definitions : sequence of Definition
        Of what is shown.
    sentences : sequence of str
        Made from the rows when left out.

    Returns
    -------
    Estimate
        One row a comparison: the group's keys, ``comparison``, ``estimate``, ``ci_low``,
        ``ci_high``, ``naive``, ``unweighted``, ``lowest``, ``highest``, ``n``, ``n_clusters``,
        ``p_value``,
        ``p_adjusted`` (Holm over the rows; where the first is the headline, over those after it,
        and never below the headline's), ``verdict``, ``reason``.
    """
    table = _table(family, rows)
    findings = tuple(
        _finding(desk, family, row, record, start, end)
        for row, record in zip(rows, table.to_dict("records"), strict=True)
    )
    return Estimate(
        name=family.name,
        title=family.title,
        table=table,
        findings=findings,
        sentences=tuple(sentences) or _sentences(family, rows, table),
        definitions=tuple(definitions),
        checks=family.checks,
        caveats=family.caveats,
        draw=_drawing(family, table),
        alt=_alt(family, table),
    )


def refused_family(
    desk: Desk,
    family: Family,
    estimand: str,
    reason: str,
    *,
    group: Mapping[str, str] | None = None,
    start: str | None,
    end: str | None,
) -> Estimate:
    """Return an estimate that says why the family has no number."""
    finding = Finding.refused(
        reason=reason,
        estimand=estimand,
        group=group or {},
        design="adjusted",
        **_common(desk, family, start, end),
    )
    return refused_estimate(family.name, family.title, reason, (finding,))


def _common(desk: Desk, family: Family, start: str | None, end: str | None) -> dict[str, Any]:
    return {
        "id": family.finding_id,
        "study": family.study,
        "question": family.question,
        "unit": family.unit,
        "caveats": family.caveats,
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def _table(family: Family, rows: Sequence[Row]) -> pd.DataFrame:
    from supportlab.stats import adjust_p

    p_values = [None if row.contrast is None else row.contrast.p_value for row in rows]
    adjusted = adjust_p(p_values, "bh" if family.is_screening else "holm")
    if rows[0].is_headline:
        # The headline is named beforehand and tested first; the others count only after it.
        others = adjust_p(p_values[1:], "holm")
        gate = p_values[0] if p_values[0] is not None else 1.0
        adjusted = [p_values[0], *(None if p is None else max(p, gate) for p in others)]
    records = [_record(family, row, value) for row, value in zip(rows, adjusted, strict=True)]
    table = pd.DataFrame(records)
    numbers = ("estimate", "ci_low", "ci_high", "naive", "unweighted", "lowest", "highest")
    for name in (*numbers, "p_value", "p_adjusted"):
        table[name] = table[name].astype("float64")
    for name in ("n", "n_clusters"):
        table[name] = table[name].astype("Int64")
    return table


def _record(family: Family, row: Row, p_adjusted: float | None) -> dict[str, Any]:
    found, bounds = row.contrast, row.bounds or (None, None)
    return {
        **row.group,
        "comparison": row.label,
        "estimate": found.estimate if found else None,
        "ci_low": found.low if found else None,
        "ci_high": found.high if found else None,
        "unit": family.unit,
        "naive": row.naive,
        "unweighted": row.unweighted,
        "lowest": bounds[0],
        "highest": bounds[1],
        "n": found.n if found else None,
        "n_clusters": found.n_clusters if found else None,
        "p_value": found.p_value if found else None,
        "p_adjusted": p_adjusted,
        "verdict": _verdict(family, found, p_adjusted),
        "reason": row.reason or None,
    }


def _verdict(family: Family, found: Contrast | None, p_adjusted: float | None) -> Verdict | None:
    if found is None or p_adjusted is None:
        return None
    edge = EQUIVALENCE[family.unit] if family.no_matter is None else family.no_matter
    return difference_verdict(found, p_adjusted, INTERVAL_LEVEL, within=edge)


def _finding(
    desk: Desk,
    family: Family,
    row: Row,
    record: Mapping[Any, Any],
    start: str | None,
    end: str | None,
) -> Finding:
    known = _common(desk, family, start, end) | {
        "group": dict(row.group),
        "estimand": row.estimand,
        "design": "adjusted",
    }
    found = row.contrast
    if found is None:
        return Finding.refused(reason=row.reason, **known)
    return Finding(
        **known,
        estimate=found.estimate,
        ci_low=found.low,
        ci_high=found.high,
        ci_level=found.level,
        n=found.n,
        n_clusters=found.n_clusters,
        method=found.method,
        p_value=found.p_value,
        p_adjusted=record["p_adjusted"],
        verdict=record["verdict"],
        sensitivity=_sensitivity(row),
        checks=(*family.checks, *_bounds_check(family, row)),
    )


def _sensitivity(row: Row) -> Mapping[str, object] | None:
    """Return how strong a hidden reason would have to be to take the contrast away."""
    from supportlab.stats.interval import error_behind
    from supportlab.stats.sensitivity import robustness_value

    found = row.contrast
    if found is None or found.high is None or row.residual_df <= 1:
        return None
    return robustness_value(found.estimate / error_behind(found), row.residual_df).record()


def _bounds_check(family: Family, row: Row) -> tuple[Check, ...]:
    if row.bounds is None:
        return ()
    words = format_range(*row.bounds, family.unit)
    return (
        Check(
            "customers who did not answer",
            None,
            f"without any assumption on those who did not answer it lies anywhere from {words}",
        ),
    )


def _sentences(family: Family, rows: Sequence[Row], table: pd.DataFrame) -> tuple[str, ...]:
    return tuple(
        _sentence(family, row, record)
        for row, record in zip(rows[:4], table.to_dict("records"), strict=False)
    )


def _sentence(family: Family, row: Row, record: Mapping[Any, Any]) -> str:
    if row.contrast is None:
        return f"{row.label}: not estimable, {row.reason}"
    ends = (record["estimate"], record["ci_low"], record["ci_high"])
    words = format_interval(*ends, family.unit, INTERVAL_LEVEL, is_difference=True)
    raw = ""
    if row.naive is not None and row.naive == row.naive:
        raw = f"; unadjusted {format_difference(row.naive, family.unit)}"
    return f"{row.label[:1].upper()}{row.label[1:]}: {words}, adjusted{raw}."


def _drawing(family: Family, table: pd.DataFrame) -> Any:
    def draw(ax: Axes | None) -> Axes:
        from supportlab import plots

        if table["estimate"].isna().all():
            return plots.words_only(f"{family.title}: nothing can be estimated.", ax=ax)
        return plots.dot_intervals(
            table,
            label="comparison",
            unit=family.unit,
            ax=ax,
            title=family.title,
            counted=family.counted,
            second="naive",
            reference=0.0,
            reference_label="no difference",
            estimate_label=family.figure_label,
            second_label="as they are",
            is_difference=True,
        )

    return draw


def _alt(family: Family, table: pd.DataFrame) -> str:
    from supportlab.plots.alt import alt_dots

    return alt_dots(
        table,
        label="comparison",
        subject=family.title,
        unit=family.unit,
        counted=family.counted,
        is_difference=True,
    )
