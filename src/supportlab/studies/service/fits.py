"""One adjusted comparison: raw, at equal covariates, weighted for who answers, and bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from supportlab.errors import NotEstimable
from supportlab.metrics.dimensions import MISSING
from supportlab.stats.answer_weights import AnswerWeights, answer_weights, linear_bounds
from supportlab.stats.cell_models import design_columns
from supportlab.stats.interval import Contrast
from supportlab.stats.linear_cells import LinearFit, fit_linear

__all__ = ["FEWEST_ROWS", "Fitted", "fit_outcome"]

# Range of an answer, for the worst case of those who gave none.
RANGES: Mapping[str, tuple[float, float]] = {
    "csat": (0.0, 1.0),
    "ces": (0.0, 100.0),
    "nps": (-100.0, 100.0),
}
# Below this in an arm the comparison rests on a handful of customers.
FEWEST_ROWS = 30


@dataclass(frozen=True)
class Fitted:
    """
    A regression of one outcome on exposures at equal covariates.

    Parameters
    ----------
    names : tuple of str
        The exposures, in the order of their columns.
    fit : LinearFit
        The honest one: adjusted, and weighted where the outcome is an answer.
    unweighted : LinearFit
        Adjusted alone.
    raw : dict of str to float
        Each exposure by itself, nothing held equal; missing where it does not vary.
    bounds : dict of str to tuple
        How far those who did not answer could move it; empty where all have the outcome.
    weights : AnswerWeights or None
        Who answers.
    n_target : int
        Tickets that the figure is about.
    """

    names: tuple[str, ...]
    fit: LinearFit
    unweighted: LinearFit
    raw: Mapping[str, float]
    bounds: Mapping[str, tuple[float, float]]
    weights: AnswerWeights | None
    n_target: int

    def contrast(self, name: str) -> Contrast:
        """Return an exposure's coefficient."""
        return self.fit.contrast(self.names.index(name))

    def plain(self, name: str) -> float:
        """Return the coefficient that is adjusted but not weighted."""
        return float(self.unweighted.coefficients[self.names.index(name)])


def fit_outcome(
    part: pd.DataFrame,
    outcome: str,
    exposures: Mapping[str, NDArray[np.float64]],
    held: Sequence[str],
    *,
    absorb: pd.Series | None = None,
    beside: Sequence[str] = (),
    apart: Mapping[str, Sequence[str]] | None = None,
) -> Fitted:
    """
    Fit an outcome on exposures at equal covariates.

    Parameters
    ----------
    part : pandas.DataFrame
        The tickets that the figure is about, answered or not, with ``cluster``.
    outcome : str
        Column; where it is an answer, tickets without one count as silent.
    exposures : mapping of str to array
        One column each.
    held : sequence of str
        Labels that are held equal.
    absorb : pandas.Series, optional
        Groups with a level of their own, as agents.
    beside : sequence of str
        Columns of numbers that tell who answers beside exposures and ``held``.
    apart : mapping of str to sequence of str, optional
        For each exposure the others that belong to its raw comparison, as bands of one time.

    Returns
    -------
    Fitted
        Raw, adjusted, weighted, bounded.

    Raises
    ------
    NotEstimable
        Too few rows, or nothing varies.
    """
    known = part[outcome].notna().to_numpy()
    is_answer = outcome in RANGES
    answered = known.astype(np.float64)
    n = answered if is_answer else np.ones(len(part))
    if not is_answer and not known.all():
        raise NotEstimable(f"{int((~known).sum())} tickets lack {outcome}.")
    if answered.sum() < FEWEST_ROWS:
        raise NotEstimable(
            f"{int(answered.sum())} tickets have {outcome}; at least {FEWEST_ROWS} are needed."
        )
    total = part[outcome].fillna(0.0).to_numpy(dtype=float)
    labels = {name: part[name].fillna(MISSING).astype(str).tolist() for name in held}
    covariates = design_columns(labels, n).matrix
    shown = np.column_stack(list(exposures.values()))
    design = np.column_stack([shown, covariates])
    cluster = part["cluster"].to_numpy(dtype=object).astype(str)
    groups = None if absorb is None else absorb.to_numpy(dtype=object).astype(str)
    plain = _fit(design, n, total, cluster, groups, None, None)
    weights, fit = None, plain
    bounds: dict[str, tuple[float, float]] = {}
    if is_answer:
        weights = _weights(part, design, n, beside)
        fit = _weighted(design, n, total, cluster, groups, weights)
        bounds = _bounds(exposures, design, n, total, RANGES[outcome]) if groups is None else {}
    return Fitted(
        tuple(exposures),
        fit,
        plain,
        _raw(exposures, n, total, cluster, apart or {}),
        bounds,
        weights,
        len(part),
    )


def _weights(
    part: pd.DataFrame, design: NDArray[np.float64], n: NDArray[np.float64], beside: Sequence[str]
) -> AnswerWeights:
    # The outcome's own causes tell who answers too: first contact resolution above all.
    extra = [part[name].to_numpy(dtype=float) for name in beside if name in part]
    return answer_weights(np.column_stack([design, *extra]), np.ones(len(part)), n)


def _weighted(
    design: NDArray[np.float64],
    n: NDArray[np.float64],
    total: NDArray[np.float64],
    cluster: NDArray[np.str_],
    groups: NDArray[np.str_] | None,
    weights: AnswerWeights,
) -> LinearFit:
    fit = _fit(design, n, total, cluster, groups, weights.weight, None)
    found = np.nan_to_num(fit.coefficients)
    if groups is not None:
        # With levels of agents the weights are taken as known, which makes intervals no narrower.
        return fit
    level = float((weights.weight * (total - n * (design @ found))).sum())
    level /= float((weights.weight * n).sum())
    rest = total - n * (level + design @ found)
    columns = np.column_stack([np.ones(len(design)), design])
    extra = weights.scores(columns, rest, cluster)
    return _fit(design, n, total, cluster, groups, weights.weight, extra)


def _fit(
    design: NDArray[np.float64],
    n: NDArray[np.float64],
    total: NDArray[np.float64],
    cluster: NDArray[np.str_],
    groups: NDArray[np.str_] | None,
    weight: NDArray[np.float64] | None,
    extra: NDArray[np.float64] | None,
) -> LinearFit:
    return fit_linear(
        design,
        n,
        total,
        total**2,
        cluster=cluster,
        weight=weight,
        absorb=groups,
        extra_scores=extra,
    )


def _bounds(
    exposures: Mapping[str, NDArray[np.float64]],
    design: NDArray[np.float64],
    n: NDArray[np.float64],
    total: NDArray[np.float64],
    ends: tuple[float, float],
) -> dict[str, tuple[float, float]]:
    found = {}
    for place, name in enumerate(exposures):
        chosen = np.zeros(design.shape[1])
        chosen[place] = 1.0
        low, high = linear_bounds(
            design, np.ones(len(design)), n, total, chosen, lowest=ends[0], highest=ends[1]
        )
        if np.isin(exposures[name], (0.0, 1.0)).all():
            # Two groups cannot differ by more than the scale is long.
            low, high = max(low, ends[0] - ends[1]), min(high, ends[1] - ends[0])
        found[name] = (low, high)
    return found


def _raw(
    exposures: Mapping[str, NDArray[np.float64]],
    n: NDArray[np.float64],
    total: NDArray[np.float64],
    cluster: NDArray[np.str_],
    apart: Mapping[str, Sequence[str]],
) -> dict[str, float]:
    """Return each exposure's slope with nothing held equal but the others of its own kind."""
    found = {}
    for name, column in exposures.items():
        others = [exposures[other] for other in apart.get(name, ()) if other != name]
        try:
            fit = fit_linear(
                np.column_stack([column, *others]), n, total, total**2, cluster=cluster
            )
        except NotEstimable:
            found[name] = float("nan")
            continue
        found[name] = float(fit.coefficients[0])
    return found
