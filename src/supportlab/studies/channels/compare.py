"""Arms of tickets compared with a reference at equal intake, with clustered intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.stats.answered_effects import AnsweredEffect, answered_effect
from supportlab.stats.channel_effects import ChannelEffect, Pair, channel_effect, pair_of
from supportlab.stats.channel_overlap import Overlap
from supportlab.stats.factor_cells import fit_shares
from supportlab.stats.interval import Contrast, FloatArray
from supportlab.studies.channels.arm_cells import ArmArrays, arm_arrays, counted_cells
from supportlab.studies.channels.power import detectable_from, detectable_raw
from supportlab.studies.channels.questions import Comparison

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.metrics.channels.cells import TicketCells
    from supportlab.records import Definition

__all__ = ["Arm", "Compared", "compare"]

# Below this a variance between clusters is a guess, and its interval would say nothing.
FEWEST_CLUSTERS = 8
TERMS = "abc"
# Estimators whose scores go to the engine together: more would fill the memory of large desks.
AT_ONCE = 8


@dataclass(frozen=True)
class Arm:
    """
    One arm against the reference, or why it cannot be compared.

    Parameters
    ----------
    name : str
        The arm.
    contrast : Contrast or None
        Adjusted difference with its clustered interval.
    effect : ChannelEffect or None
        What it was made of.
    answered : AnsweredEffect or None
        Of outcomes that only answers tell: with bounds.
    pair : Pair or None
        Chances by cell.
    overlap : Overlap or None
        What was kept.
    reason : str
        Why there is no contrast.
    n, n_reference : int
        Rows of the two that can be judged.
    naive : float or None
        Difference as it is.
    detectable : float or None
        Smallest difference that would be found in four of five such samples.
    """

    name: str
    contrast: Contrast | None
    effect: ChannelEffect | None
    answered: AnsweredEffect | None
    pair: Pair | None
    overlap: Overlap | None
    reason: str
    n: int
    n_reference: int
    naive: float | None
    detectable: float | None


@dataclass(frozen=True)
class Compared:
    """
    All arms against the reference.

    Parameters
    ----------
    asked : Comparison
        The question.
    arms : tuple of Arm
        In the order of their names.
    between : mapping of (str, str) to Contrast
        Differences between two estimated arms: the first less the second.
    arrays : ArmArrays
        Counts.
    held : tuple of str
        Labels that were held equal.
    definition : Definition
        What was counted.
    cluster_name : str
        What a cluster is.
    """

    asked: Comparison
    arms: tuple[Arm, ...]
    between: dict[tuple[str, str], Contrast]
    arrays: ArmArrays
    held: tuple[str, ...]
    definition: Definition
    cluster_name: str

    @property
    def estimated(self) -> tuple[Arm, ...]:
        """Arms with an estimate."""
        return tuple(one for one in self.arms if one.contrast is not None)


def compare(desk: Desk, asked: Comparison, *, with_between: bool = False) -> Compared:
    """
    Compare arms of tickets with a reference at equal intake, once a question and desk.

    Not for labels that come after the arm.

    Parameters
    ----------
    desk : Desk
        The data.
    asked : Comparison
        What is compared.
    with_between : bool
        Compare the arms with each other as well.

    Returns
    -------
    Compared
        Arm by arm; those without overlap keep the reason.

    Raises
    ------
    NotEstimable
        The data cannot tell arms or outcome, or nothing has the reference.
    """
    name = f"compared {asked} {with_between}"
    return desk.once(name, lambda: _compare(desk, asked, with_between=with_between))


def _compare(desk: Desk, asked: Comparison, *, with_between: bool) -> Compared:
    cells, held = counted_cells(desk, asked)
    arrays = arm_arrays(cells, asked.arm, [name for name in held if name != asked.arm])
    if asked.reference not in arrays.names:
        raise NotEstimable(
            f"no ticket has the {asked.arm} {asked.reference!r}; there are "
            f"{', '.join(arrays.names)}"
        )
    counts = [arrays.count(name) for name in asked.measured.counts]
    counts[-1] = counts[-1] / asked.measured.scale
    drawn = _drawn(asked, arrays, counts)
    effects = {name: arm.effect for name, arm in drawn.items() if arm.effect is not None}
    squares = _squares(cells, asked, arrays, effects, with_between=with_between)
    arms = tuple(_with_interval(asked, arm, squares) for arm in drawn.values())
    between = _between(asked, arms, squares) if with_between else {}
    record = cells.record().with_counts(as_of=desk.as_of.isoformat())
    return Compared(asked, arms, between, arrays, arrays.held, record, cells.cluster_name)


def _drawn(asked: Comparison, arrays: ArmArrays, counts: list[FloatArray]) -> dict[str, Arm]:
    n = counts[0].sum(axis=2)
    shares = fit_shares(arrays.factors, n)
    reference = arrays.names.index(asked.reference)
    return {
        name: _arm(asked, arrays, counts, shares, place, reference)
        for place, name in enumerate(arrays.names)
        if place != reference
    }


def _arm(
    asked: Comparison,
    arrays: ArmArrays,
    counts: list[FloatArray],
    shares: FloatArray,
    place: int,
    reference: int,
) -> Arm:
    n = counts[0].sum(axis=2)
    sizes = round(float(n[:, place].sum())), round(float(n[:, reference].sum()))
    sides = (place, reference)
    known: dict[str, Any] = {"name": arrays.names[place], "n": sizes[0], "n_reference": sizes[1],
             "naive": _naive(counts, sides), "contrast": None}  # fmt: skip
    pair = None
    try:
        pair = pair_of(arrays.factors, n, shares, place, reference, target=asked.target)
        pair.overlap.refuse()
        effect, answered = _effect(asked, pair, counts)
    except NotEstimable as refusal:
        return Arm(
            **known, effect=None, answered=None, pair=pair,
            overlap=pair.overlap if pair else None, reason=str(refusal),
            detectable=detectable_raw(asked.measured, counts, sides, asked.level),
        )  # fmt: skip
    return Arm(
        **known, effect=effect, answered=answered, pair=pair, overlap=pair.overlap, reason="",
        detectable=None,
    )  # fmt: skip


def _naive(counts: list[FloatArray], sides: tuple[int, int]) -> float | None:
    parts = [(counts[-1][:, side].sum(), counts[-2][:, side].sum()) for side in sides]
    if min(whole for _, whole in parts) <= 0:
        return None
    return float(parts[0][0] / parts[0][1] - parts[1][0] / parts[1][1])


def _effect(
    asked: Comparison, pair: Pair, counts: list[FloatArray]
) -> tuple[ChannelEffect, AnsweredEffect | None]:
    if asked.outcome == "csat":
        # Tickets whose FCR cannot be judged are in no survey window either.
        found = answered_effect(pair, *[one[:, :, :2] for one in counts])
        return found.effect, found
    n, total = (one.sum(axis=2) for one in counts)
    _refuse_constant(asked, pair, n, total)
    outcome = "binary" if asked.measured.is_binary else "mean"
    return channel_effect(pair, n, total, outcome=outcome), None  # type: ignore[arg-type]


def _refuse_constant(asked: Comparison, pair: Pair, counts: FloatArray, totals: FloatArray) -> None:
    """Refuse an outcome that all or none of a side have: its model would be a certainty."""
    if not asked.measured.is_binary:
        return
    for side in (pair.channel, pair.reference):
        n = float(counts[pair.overlap.is_kept, side].sum())
        hits = float(totals[pair.overlap.is_kept, side].sum())
        if min(hits, n - hits) < 10:
            raise NotEstimable(
                f"{hits:,.0f} of {n:,.0f} rows of a side have the outcome, too few or too many "
                "for a model"
            )


def _squares(
    cells: TicketCells,
    asked: Comparison,
    arrays: ArmArrays,
    effects: dict[str, ChannelEffect],
    *,
    with_between: bool,
) -> pd.DataFrame:
    """Sum the squared influences of clusters in the engine, one row an estimator."""
    if not effects:
        return pd.DataFrame()
    counts = asked.measured.counts
    scores = arrays.frame[list(cells.keys)].copy()
    each = {name: _scores(asked, arrays, name, effect) for name, effect in effects.items()}
    estimators = {f"arm{arrays.names.index(name)}": values for name, values in each.items()}
    if with_between:
        for one, other in combinations(each, 2):
            # Both as shares of their own targets, so that the difference is a mean of its own.
            scale = effects[one].n
            gap = each[one] - each[other] * (scale / effects[other].n)
            estimators[_gap_name(arrays, one, other)] = gap
    terms = dict(zip(TERMS, counts, strict=False))
    names, parts = list(estimators), []
    for first in range(0, len(names), AT_ONCE):
        columns = {
            f"{TERMS[place]}_{name}": estimators[name][:, place]
            for name in names[first : first + AT_ONCE]
            for place in range(len(counts))
        }
        parts.append(cells.squares(scores.assign(**columns), terms))
    return pd.concat(parts)


def _gap_name(arrays: ArmArrays, one: str, other: str) -> str:
    return f"gap{arrays.names.index(one)}x{arrays.names.index(other)}"


def _scores(asked: Comparison, arrays: ArmArrays, name: str, effect: ChannelEffect) -> np.ndarray:
    """Return what each count of each row of the frame is multiplied with."""
    sides = {arrays.names.index(name): 0, arrays.names.index(asked.reference): 1}
    side = np.array([sides.get(place, -1) for place in range(len(arrays.names))])[arrays.arm]
    state = np.minimum(arrays.state, effect.terms.shape[2] - 1)
    found: np.ndarray = effect.terms[arrays.place, np.maximum(side, 0), state]
    counts = asked.measured.counts
    found = np.where((side >= 0)[:, None], found, 0.0)
    is_judged = arrays.frame[counts[0]].to_numpy() > 0
    found = np.where(is_judged[:, None], found, 0.0)
    found[:, -1] /= asked.measured.scale
    return found


def _with_interval(asked: Comparison, arm: Arm, squares: pd.DataFrame) -> Arm:
    effect, pair = arm.effect, arm.pair
    if effect is None or pair is None:
        return arm
    row = squares.loc[[f"arm{pair.channel}"]].to_dict("records")[0]
    n_clusters = int(row["n_clusters"])
    if n_clusters < FEWEST_CLUSTERS:
        reason = (
            f"the tickets are of {n_clusters} {asked.cluster}s; a variance between them needs at "
            f"least {FEWEST_CLUSTERS}"
        )
        return replace(arm, effect=None, answered=None, reason=reason)
    found = effect.from_squares(
        float(row["sum_of_squares"]), n_clusters, float(row["effective_clusters"]), asked.level
    )
    return replace(arm, contrast=found, detectable=detectable_from(found))


def _between(
    asked: Comparison, arms: tuple[Arm, ...], squares: pd.DataFrame
) -> dict[tuple[str, str], Contrast]:
    """Compare the estimated arms with each other, on the tickets of the reference."""
    known = [one for one in arms if one.contrast is not None and one.effect and one.pair]
    found = {}
    for one, other in combinations(known, 2):
        if one.effect is None or other.effect is None or one.pair is None or other.pair is None:
            continue
        key = f"gap{one.pair.channel}x{other.pair.channel}"
        row = squares.loc[[key]].to_dict("records")[0]
        whole = replace(
            one.effect,
            estimate=one.effect.estimate - other.effect.estimate,
            n_smaller=min(one.effect.n_smaller, other.effect.n_smaller),
            n_rows=one.effect.n_rows + other.n,
        )
        found[one.name, other.name] = whole.from_squares(
            float(row["sum_of_squares"]),
            int(row["n_clusters"]),
            float(row["effective_clusters"]),
            asked.level,
        )
    return found
