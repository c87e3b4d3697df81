"""Where authority does more and where less: cohorts, markets, topics, amounts, tenure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.findings import Finding
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.common.refusals import refused_estimate
from supportlab.studies.common.rows import numbers_of
from supportlab.studies.common.scope import scope_words
from supportlab.studies.empowerment.design_results import known_of, points
from supportlab.studies.empowerment.design_roll_out import PARTS, fitted_roll_out
from supportlab.studies.empowerment.outcomes import Outcome, outcome_of, verdict_of
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats.interval import Contrast
    from supportlab.stats.jackknife import Part
    from supportlab.stats.staggered import RollOut

__all__ = ["effect_by_group"]

WORDS = {
    "cohort": "month in which authority began",
    "market": "market",
    "category": "topic",
    "value_band": "amount at stake",
    "tenure_band": "time in the job",
}
SCREENED = ("market", "category", "value_band", "tenure_band")


def effect_by_group(
    desk: Desk,
    outcome: str = "fcr",
    by: str | Sequence[str] = SCREENED,
    *,
    anticipation: int = 0,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Estimate the roll-out's effect in parts of the tickets.

    Not a licence to pick the largest: all parts asked for are one family, and those of one column
    are also drawn towards each other as far as chance explains their distance.

    Parameters
    ----------
    desk : Desk
        The data.
    outcome : str
        As of `effect`.
    by : str or sequence of str
        ``cohort``, ``market``, ``category``, ``value_band``, ``tenure_band``.
    anticipation : int
        Months before authority that may already be changed by its coming.
    start, end : str, optional
        ISO dates of creation, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a part: effect, ``shrunk``, difference from the rest with ``p_rest_adjusted``
        (Benjamini and Hochberg over all parts asked for); a finding each.

    Raises
    ------
    ParameterError
        A column is not one of these.
    """
    asked = outcome_of(outcome)
    names = (by,) if isinstance(by, str) else tuple(by)
    for one in names:
        if one not in PARTS:
            raise ParameterError(f"by names {one!r}. {did_you_mean(one, PARTS)}")
    words = " and ".join(WORDS[one] for one in names) if len(names) < 3 else "group"
    title = f"Authority and {asked.plain_title}, by {words}"
    name = f"empowerment-{asked.name.replace('_', '-')}-by-{'-'.join(names).replace('_', '-')}"
    try:
        found = fitted_roll_out(desk, asked, start, end, level, anticipation)
    except NotEstimable as refusal:
        return refused_estimate(name, title, str(refusal))
    table = _table(found, names, asked, level)
    return Estimate(
        name=name,
        title=title,
        table=table,
        findings=_findings(desk, found, asked, table, start, end, level),
        sentences=_sentences(table, asked),
        checks=_spread_checks(found, names, asked, level),
        caveats=(
            (
                "Without authority all parts must have moved alike but for what their columns add; "
                "parts with few tickets are shown and hardly tell."
            ),
        ),
        draw=lambda ax: _draw(table, asked, title, ax),
        alt=_alt(table, asked, title),
    )


def _table(found: RollOut, names: Sequence[str], outcome: Outcome, level: float) -> pd.DataFrame:
    from supportlab.stats import adjust_p

    rows = [_row(name, part) for name in names for part in _in_order(found.by_part.get(name, ()))]
    table = pd.DataFrame(rows)
    table["p_adjusted"] = adjust_p(table["p_value"].tolist())
    table["p_rest_adjusted"] = adjust_p(table["p_rest"].tolist())
    own = [part.interval for name in names for part in _in_order(found.by_part.get(name, ()))]
    table["verdict"] = [
        None if one is None else verdict_of(one, p, outcome.within, level)
        for one, p in zip(own, table["p_adjusted"], strict=True)
    ]
    table["shrunk"] = np.nan
    for name in names:
        _shrink(table, name, found, level)
    return table.assign(unit=outcome.unit)


def _in_order(parts: Sequence[Part]) -> list[Part]:
    """Put bands in the order of their amounts, not of their letters."""
    return sorted(parts, key=lambda part: _place(part.name))


def _place(name: str) -> tuple[int, float, str]:
    found = re.search(r"\d+", name)
    if found is None or re.fullmatch(r"\d{4}-\d\d", name):
        return (1, 0.0, name)
    number = float(found[0])
    return (0, number - 0.5 if name.startswith("under") else number + 0.5 * ("over" in name), name)


def _row(name: str, part: Part) -> dict[str, Any]:
    own, rest = part.interval, part.against_rest
    return {
        "by": name,
        "group": part.name,
        "estimate": own.estimate if own else np.nan,
        "ci_low": own.low if own else np.nan,
        "ci_high": own.high if own else np.nan,
        "less_the_rest": rest.estimate if rest else np.nan,
        "n": part.n,
        "p_value": own.p_value if own else None,
        "p_rest": rest.p_value if rest else None,
        "reason": part.reason or None,
    }


def _shrink(table: pd.DataFrame, name: str, found: RollOut, level: float) -> None:
    from supportlab.stats import normal_shrinkage

    inside = (table["by"] == name) & table["estimate"].notna()
    if inside.sum() < 3:
        return
    parts = {part.name: part.interval for part in found.by_part[name]}
    own = [parts[group] for group in table.loc[inside, "group"]]
    errors = [_error(one) for one in own if one is not None]
    made = normal_shrinkage(table.loc[inside, "estimate"].tolist(), errors, level)
    table.loc[inside, "shrunk"] = np.asarray(made.estimate, dtype=float)


def _error(one: Contrast) -> float:
    from supportlab.stats.interval import error_behind

    return max(1e-9, error_behind(one))


def _findings(
    desk: Desk,
    found: RollOut,
    outcome: Outcome,
    table: pd.DataFrame,
    start: str | None,
    end: str | None,
    level: float,
) -> tuple[Finding, ...]:
    known = known_of(desk, outcome, start, end) | {"design": "quasi_experiment"}
    made = []
    for row in table.to_dict("records"):
        group = {str(row["by"]): str(row["group"])}
        place = scope_words(group, desk.slice)
        own = {
            **known,
            "group": {"design": "rollout", **group},
            "estimand": f"mean effect of having authority on {outcome.words}; {place}",
            "n": int(row["n"]),
        }
        if pd.isna(row["estimate"]):
            made.append(Finding.refused(reason=str(row["reason"]), **own))
            continue
        made.append(
            Finding(
                **own,
                **numbers_of(row),
                ci_level=level,
                n_clusters=len(found.clusters),
                method="imputation, part of the rows, leave-one-cluster-out",
            )
        )
    return tuple(made)


def _spread_checks(
    found: RollOut, names: Sequence[str], outcome: Outcome, level: float
) -> tuple[Check, ...]:
    """Say for each column whether its parts differ by more than chance."""
    from supportlab.stats.pooling import pool_effects

    made = []
    for name in names:
        known = [part.interval for part in found.by_part.get(name, ()) if part.interval]
        if len(known) < 3:
            continue
        try:
            pooled = pool_effects([one.estimate for one in known], [_error(one) for one in known])
        except NotEstimable:
            continue
        detail = (
            f"standard deviation between them {points(pooled.spread, outcome.unit)[1:]} "
            f"({points(pooled.spread_low, outcome.unit)[1:]} to "
            f"{points(pooled.spread_high, outcome.unit)[1:]})"
        )
        made.append(Check(f"the effect differs by {WORDS[name]}", None, detail))
    return tuple(made)


def _sentences(table: pd.DataFrame, outcome: Outcome) -> tuple[str, ...]:
    known = table.loc[table["estimate"].notna()]
    apart = known.loc[known["p_rest_adjusted"].astype(float) < 0.05]
    if known.empty:
        return ("No part has enough teams to tell.",)
    if apart.empty:
        return (
            (
                f"Of {len(known)} parts none differs from the rest by more than chance, after "
                "correction for how many were looked at."
            ),
        )
    words = "; ".join(
        f"{row['group']} ({points(row['less_the_rest'], outcome.unit)} against the rest)"
        for row in apart.sort_values("less_the_rest", ascending=False).to_dict("records")
    )
    return (f"Of {len(known)} parts these differ from the rest, after correction: {words}.",)


def _draw(table: pd.DataFrame, outcome: Outcome, title: str, ax: Axes | None) -> Axes:
    from supportlab.plots import dot_intervals

    known = table.loc[table["estimate"].notna()].reset_index(drop=True)
    if known.empty:
        from supportlab.plots import words_only

        return words_only(f"{title}: no part has enough teams.", ax=ax)
    return dot_intervals(
        known,
        label="group",
        unit=outcome.unit,
        ax=ax,
        title=title,
        counted="tickets",
        second="shrunk" if known["shrunk"].notna().any() else None,
        reference=0.0,
        reference_label="no change",
        estimate_label="effect with interval",
        second_label="shrunk",
        is_difference=True,
    )


def _alt(table: pd.DataFrame, outcome: Outcome, title: str) -> str:
    known = table.loc[table["estimate"].notna()]
    if known.empty:
        return f"{title}: no part has enough teams to draw."
    ordered = known.sort_values("estimate")
    low, high = ordered.iloc[0].to_dict(), ordered.iloc[-1].to_dict()
    return (
        f"{title}: from {points(low['estimate'], outcome.unit)} ({low['group']}) to "
        f"{points(high['estimate'], outcome.unit)} ({high['group']})."
    )
