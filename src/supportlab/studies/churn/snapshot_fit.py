"""Odds and risk ratios of a snapshot's features, adjusted, without what is told without error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import MISSING
from supportlab.studies.churn.snapshot_table import Snapshot

if TYPE_CHECKING:
    from supportlab.stats import Contrast
    from supportlab.stats.binary_cells import BinaryFit

__all__ = ["Association", "associations", "ordered_levels"]

# Fewer customers than this in a level, or fewer leavers or stayers, and its ratio is not given.
FEWEST_ROWS, FEWEST_EVENTS = 20, 5
# More columns than this in one regression and the linear programme for separation is too slow.
MOST_COLUMNS = 120


@dataclass(frozen=True)
class Association:
    """
    One level of a feature against its reference.

    Parameters
    ----------
    feature, level, reference : str
        What is compared.
    odds, risk : Contrast or None
        Odds ratio and standardised risk ratio.
    reason : str
        Why there is none.
    left_out : str
        What had to be left out of the regression, in words.
    """

    feature: str
    level: str
    reference: str
    odds: Contrast | None
    risk: Contrast | None
    reason: str = ""
    left_out: str = ""


@dataclass(frozen=True)
class _Design:
    """Columns of the regression: the intercept, what is adjusted for, the feature's levels."""

    matrix: np.ndarray
    names: list[str]
    n_adjusters: int


def associations(
    snapshot: Snapshot, feature: str, adjust_for: Sequence[str], level: float
) -> tuple[Association, ...]:
    """
    Fit the odds of having left by the levels of a feature, adjusted for others.

    Not an effect: what is adjusted for may itself follow from the feature.

    Parameters
    ----------
    snapshot : Snapshot
        The data.
    feature : str
        Whose levels are compared with the most frequent one.
    adjust_for : sequence of str
        Features held equal.
    level : float
        Level of the intervals.

    Returns
    -------
    tuple of Association
        One a level but the reference, in the order of the levels.
    """
    others = [name for name in adjust_for if name != feature]
    cells = snapshot.cells([*others, feature])
    sums = cells.groupby(feature, sort=True)[["n", "n_events"]].sum().reset_index()
    sizes = {row[feature]: (row["n"], row["n_events"]) for row in sums.to_dict("records")}
    levels = ordered_levels(snapshot, feature, list(sizes))
    # The most frequent; of two alike the first.
    reference = max(levels, key=lambda name: sizes[name][0])
    compared = [name for name in levels if name != reference]
    thin = {name: _thin(*sizes[name]) for name in compared}
    # A level that is too thin for a ratio is left out as a whole, so that it moves nothing.
    cells = cells[~cells[feature].isin([name for name in compared if thin[name]])]
    kept = [name for name in compared if not thin[name]]
    if not kept:
        return tuple(Association(feature, name, reference, None, None, thin[name])
                     for name in compared)  # fmt: skip
    fitted = _fitted(cells.reset_index(drop=True), feature, others, kept, reference, level)
    return tuple(
        fitted.get(name) or Association(feature, name, reference, None, None, thin[name])
        for name in compared
    )


def ordered_levels(snapshot: Snapshot, feature: str, levels: list[str]) -> list[str]:
    """Return levels in the order to read: bins and numbers by size, others by name."""
    labels = snapshot.features[feature].labels()
    if labels:
        return [name for name in (*labels, MISSING) if name in levels]
    return sorted(levels, key=_as_number)


def _as_number(name: str) -> tuple[int, float, str]:
    try:
        return (0, float(name), name)
    except ValueError:
        return (1, 0.0, name)


def _thin(n: int, left: int) -> str:
    if n < FEWEST_ROWS:
        return f"{n} customers; at least {FEWEST_ROWS} are needed"
    if left == 0 or left == n:
        words = "none" if left == 0 else "all"
        return f"{words} of the {n:,} customers had left (perfect separation): no finite odds ratio"
    if min(left, n - left) < FEWEST_EVENTS:
        return f"{left} of {n:,} had left; at least {FEWEST_EVENTS} of either kind are needed"
    return ""


def _fitted(
    cells: pd.DataFrame,
    feature: str,
    others: Sequence[str],
    kept: Sequence[str],
    reference: str,
    level: float,
) -> dict[str, Association]:
    from supportlab.stats.binary_cells import fit_binary
    from supportlab.stats.separation import separation

    design, aliased = _design(cells, feature, others, kept)
    n, events = cells["n"].to_numpy(float), cells["n_events"].to_numpy(float)
    refused = dict.fromkeys(aliased, "it cannot be told apart from what is adjusted for")
    try:
        if design.matrix.shape[1] > MOST_COLUMNS:
            raise NotEstimable(
                f"more than {MOST_COLUMNS} levels to adjust for; take fewer features"
            )
        told = separation(design.matrix, n, events)
        words = ""
        if told.is_separated:
            n_told = int(events[told.events].sum() + (n - events)[told.others].sum())
            words = f"{n_told:,} customers whom {_named(design, told.columns)} tell without error"
            hit = np.where(told.events, 0.0, events)
            n, events = hit + np.where(told.others, 0.0, n - events), hit
            refused |= {
                name: "no finite odds ratio: in combination it tells without error who left"
                for name in kept
                if _column(feature, name) in [design.names[place] for place in told.columns]
            }
            design = _without(design, told.columns)
        fit = fit_binary(design.matrix, n, events, names=design.names)
    except NotEstimable as refusal:
        return {
            name: Association(feature, name, reference, None, None, refused.get(name, str(refusal)))
            for name in kept
        }
    found = {}
    for name in kept:
        if name in refused:
            found[name] = Association(feature, name, reference, None, None, refused[name], words)
        else:
            found[name] = _one(design, fit, n, (feature, name, reference), level, words)
    return found


def _design(
    cells: pd.DataFrame, feature: str, others: Sequence[str], kept: Sequence[str]
) -> tuple[_Design, list[str]]:
    """Return columns that do not determine each other, and the feature's levels that had to go."""
    from supportlab.stats.binary_cells import independent_columns

    columns: list[np.ndarray] = [np.ones(len(cells))]
    names = ["intercept"]
    for other in others:
        for name in sorted(cells[other].unique())[1:]:
            columns.append((cells[other] == name).to_numpy(float))
            names.append(_column(other, name))
    n_adjusters = len(columns)
    for name in kept:
        columns.append((cells[feature] == name).to_numpy(float))
        names.append(_column(feature, name))
    independent = independent_columns(np.column_stack(columns))
    aliased = [name for name in kept if names.index(_column(feature, name)) not in independent]
    before = sum(place < n_adjusters for place in independent)
    matrix = np.column_stack([columns[place] for place in independent])
    return _Design(matrix, [names[place] for place in independent], before), aliased


def _without(design: _Design, columns: Sequence[int]) -> _Design:
    left = [place for place in range(design.matrix.shape[1]) if place not in columns]
    before = sum(place < design.n_adjusters for place in left)
    if 0 in columns:
        from supportlab.stats.binary_cells import independent_columns

        # The intercept's own level is told: what is left needs one of its own.
        matrix = np.column_stack([np.ones(len(design.matrix)), design.matrix[:, left]])
        names = ["intercept", *(design.names[place] for place in left)]
        kept = independent_columns(matrix)
        return _Design(matrix[:, kept], [names[place] for place in kept], before + 1)
    return _Design(design.matrix[:, left], [design.names[place] for place in left], before)


def _one(
    design: _Design,
    fit: BinaryFit,
    n: np.ndarray,
    names: tuple[str, str, str],
    level: float,
    words: str,
) -> Association:
    from supportlab.stats.standardise import coefficient_ratio, standardised_risk_ratio

    feature, name, reference = names
    place = design.names.index(_column(feature, name))
    none = design.matrix.copy()
    none[:, design.n_adjusters :] = 0.0
    this = none.copy()
    this[:, place] = 1.0
    odds = coefficient_ratio(fit, place, level)
    risk = standardised_risk_ratio(fit, this, none, n, level)
    return Association(feature, name, reference, odds, risk, "", words)


def _column(feature: str, level: str) -> str:
    return f"{feature} {level}"


def _named(design: _Design, columns: Sequence[int]) -> str:
    names = [design.names[place] for place in columns if place < len(design.names)]
    shown = [name for name in names if name != "intercept"] or ["the rest"]
    return ", ".join(shown[:5]) + (" and others" if len(shown) > 5 else "")
