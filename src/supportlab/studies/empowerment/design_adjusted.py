"""Tickets with authority against alike ones without: an association, adjusted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.records import Check
from supportlab.studies.empowerment.design_results import DesignResult, points
from supportlab.studies.empowerment.frame import study_frame, team_cells

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.stats.doubly_robust import CellEffect
    from supportlab.stats.interval import Contrast
    from supportlab.studies.empowerment.outcomes import Outcome

__all__ = ["AdjustedFit", "adjusted_result", "fitted_adjusted"]

COVARIATES = ("category", "channel", "market", "value_band", "tenure_band", "quarter")
FOLDS = 5
FEWEST_CLUSTERS = 8
LEAST_KEPT = 0.5
LEAST_EFFECTIVE = 100.0
# A column whose levels each belong to a few teams nearly names the team, and a model fitted without
# the team's fold has nothing to say of them.
FEWEST_SHARING = 8


@dataclass(frozen=True)
class AdjustedFit:
    """
    The adjusted difference with where both arms occur.

    Parameters
    ----------
    contrast : Contrast
        Clustered by team.
    effect : CellEffect
        The estimate on cells of covariates and fold.
    cells : pandas.DataFrame
        Those cells, with ``chance`` and ``is_kept``.
    share_kept : float
        Tickets with authority that are kept.
    effective : float
        Tickets without authority of one weight that would be as good (Kish).
    covariates : tuple of str
        What is held equal.
    """

    contrast: Contrast
    effect: CellEffect
    cells: pd.DataFrame
    share_kept: float
    effective: float
    covariates: tuple[str, ...]


def fitted_adjusted(
    desk: Desk, outcome: Outcome, start: str | None, end: str | None, level: float
) -> AdjustedFit:
    """Fit the adjusted difference once a question."""
    name = f"authority adjusted {outcome.name} {start} {end} {level}"
    return desk.once(name, lambda: _fit(desk, outcome, start, end, level))


def adjusted_result(
    desk: Desk, outcome: Outcome, start: str | None, end: str | None, level: float
) -> DesignResult:
    """Return the adjusted difference with overlap and sensitivity, or why there is none."""
    try:
        found = fitted_adjusted(desk, outcome, start, end, level)
    except NotEstimable as refusal:
        return DesignResult("adjusted", None, str(refusal), None, _estimand(outcome, COVARIATES))
    return DesignResult(
        "adjusted",
        found.contrast,
        "",
        found.effect.naive_all,
        _estimand(outcome, found.covariates),
        checks=(_overlap_check(found), _kept_check(found, outcome), _held_check(found)),
        caveats=(
            (
                "An association: teams that were given authority first may differ in what no "
                "column holds, as how hard their tickets are."
            ),
        ),
        sensitivity=_sensitivity(found, outcome),
    )


def _estimand(outcome: Outcome, covariates: tuple[str, ...]) -> str:
    held = ", ".join(name.replace("_", " ") for name in covariates)
    return (
        f"difference in {outcome.words} of tickets with authority from tickets without it, at "
        f"equal {held}"
    )


def _fit(
    desk: Desk, outcome: Outcome, start: str | None, end: str | None, level: float
) -> AdjustedFit:
    frame = study_frame(desk, start, end)
    cells = _prepared(team_cells(frame, outcome.name))
    arms = cells.groupby("has_authority")["cluster"].nunique()
    if len(arms) < 2:
        raise NotEstimable("All tickets are of one kind: there is nothing to compare.")
    if cells["cluster"].nunique() < FEWEST_CLUSTERS:
        raise NotEstimable(
            f"There are {cells['cluster'].nunique()} clusters; at least {FEWEST_CLUSTERS} are "
            "needed to tell authority from what sets them apart."
        )
    names = _shared(cells)
    keys = [*names, "fold", "has_authority"]
    n, s = f"n_{outcome.name}", f"s_{outcome.name}"
    joint = cells.groupby(keys, sort=True)[[n, s]].sum().reset_index()
    effect = _effect(joint, names, outcome)
    joint = joint.assign(chance=effect.propensity, is_kept=effect.is_kept)
    scored = joint[keys].assign(
        intercept=effect.intercept, slope=effect.slope, is_kept=effect.is_kept
    )
    each = cells.merge(scored, on=keys, how="left", validate="many_to_one")
    fine = replace(
        effect,
        intercept=each["intercept"].to_numpy(),
        slope=each["slope"].to_numpy(),
        is_kept=each["is_kept"].to_numpy(dtype=bool),
    )
    contrast = fine.by_clusters(each["cluster"].to_numpy(), each[n], each[s], level=level)
    kept, effective = _overlap(joint, n)
    if kept < LEAST_KEPT or effective < LEAST_EFFECTIVE:
        raise NotEstimable(
            f"Only {100 * kept:.0f} % of the tickets with authority have alike ones without it, "
            f"worth {effective:,.0f} tickets; {100 * LEAST_KEPT:.0f} % and {LEAST_EFFECTIVE:.0f} "
            "are needed."
        )
    return AdjustedFit(contrast, effect, joint, kept, effective, tuple(names))


def _shared(cells: pd.DataFrame) -> list[str]:
    """Return the covariates whose typical level occurs in enough clusters."""
    found = []
    for name in (one for one in COVARIATES if one in cells):
        levels = cells.groupby(name).agg(n=("n", "sum"), teams=("cluster", "nunique"))
        ordered = levels.sort_values("teams")
        half = ordered["n"].cumsum() >= ordered["n"].sum() / 2.0
        if ordered.loc[half, "teams"].iloc[0] >= FEWEST_SHARING:
            found.append(name)
    return found


def _prepared(cells: pd.DataFrame) -> pd.DataFrame:
    quarter = (cells["month"].str[5:7].astype(int) + 2) // 3
    # Folds of whole clusters, by their place in the order of names: no chance, the same every run.
    codes = np.unique(cells["cluster"].astype(str), return_inverse=True)[1].ravel()
    return cells.assign(quarter=cells["month"].str[:4] + "-Q" + quarter.astype(str),
                        fold=codes % FOLDS)  # fmt: skip


def _effect(joint: pd.DataFrame, names: list[str], outcome: Outcome) -> CellEffect:
    from supportlab.stats.cell_models import design_columns
    from supportlab.stats.doubly_robust import aipw_cells

    rows, sums = joint[f"n_{outcome.name}"], joint[f"s_{outcome.name}"]
    design = design_columns({name: joint[name].tolist() for name in names}, rows)
    kind: Any = outcome.kind
    capped = np.minimum(sums, rows) if outcome.kind == "binary" else sums
    return aipw_cells(
        design.matrix,
        joint["has_authority"],
        rows,
        capped,
        outcome=kind,
        estimand="treated",
        fold=joint["fold"],
        # Where a quarter knows one arm only, the model would speak for what never was.
        stratum=joint["quarter"],
    )


def _overlap(joint: pd.DataFrame, n: str) -> tuple[float, float]:
    treated = joint["has_authority"] == 1
    kept = joint["is_kept"]
    share = float(joint.loc[treated & kept, n].sum() / joint.loc[treated, n].sum())
    others = joint.loc[~treated & kept]
    odds = others["chance"] / (1.0 - others["chance"])
    rows = others[n]
    below = float((rows * odds**2).sum())
    effective = float((rows * odds).sum()) ** 2 / below if below > 0 else 0.0
    return share, effective


def _overlap_check(found: AdjustedFit) -> Check:
    cells = found.cells
    table = pd.DataFrame(
        [
            {
                "authority": "with" if arm else "without",
                "n_cells": int((cells["has_authority"] == arm).sum()),
                **{
                    f"chance_{share}": float(part.quantile(share / 100))
                    for share in (5, 50, 95)
                    for part in [cells.loc[cells["has_authority"] == arm, "chance"]]
                },
            }
            for arm in (1, 0)
        ]
    )
    return Check(
        "alike tickets with and without authority",
        found.share_kept >= 0.8,
        (
            f"{100 * found.share_kept:.0f} % of the tickets with authority have alike ones without "
            f"it; those weigh as {found.effective:,.0f} tickets"
        ),
        table,
    )


def _kept_check(found: AdjustedFit, outcome: Outcome) -> Check:
    effect = found.effect
    detail = (
        f"the raw difference is {points(effect.naive_all, outcome.unit)} over all tickets and "
        f"{points(effect.naive, outcome.unit)} over those kept"
    )
    return Check("what leaving out and adjusting do", None, detail)


def _held_check(found: AdjustedFit) -> Check:
    lacking = [name.replace("_", " ") for name in COVARIATES if name not in found.covariates]
    detail = "all that was asked for"
    if lacking:
        detail = (
            f"not {', '.join(lacking)}: each of their values belongs to a few teams, so that what "
            "is theirs cannot be told from what is the teams'"
        )
    return Check("what is held equal", None, detail)


def _sensitivity(found: AdjustedFit, outcome: Outcome) -> dict[str, object]:
    from supportlab.errors import ParameterError
    from supportlab.stats import e_value_of_difference, robustness_value

    one = found.contrast
    if outcome.kind == "binary":
        try:
            made = e_value_of_difference(
                one.estimate, one.low, one.high, baseline=found.effect.mean_untreated
            )
        except (NotEstimable, ParameterError):
            return {}
        return made.record()
    from supportlab.stats.interval import error_behind

    return robustness_value(one.estimate / error_behind(one), max(one.df or 2.0, 1.5)).record()
