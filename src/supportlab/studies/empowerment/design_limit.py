"""Authority up to an amount: tickets just within the limit against those just beyond it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_p
from supportlab.records import Check
from supportlab.studies.empowerment.design_results import DesignResult, points
from supportlab.studies.empowerment.frame import study_frame, weighted_tickets

if TYPE_CHECKING:
    from supportlab.desk import Desk
    from supportlab.stats.density_jump import DensityJump
    from supportlab.stats.discontinuity import Discontinuity
    from supportlab.studies.empowerment.outcomes import Outcome

__all__ = ["LimitFit", "binned", "fitted_limit", "limit_result", "near_limit"]

ALARM = 0.05
# Amounts this near to the limit are set aside by the donut, as a share of the limit.
DONUT = 0.02
# Where a jump would show that something else is going on, as shares of the limit.
PLACEBOS = (0.5, 0.7, 1.3, 1.5)
WIDTHS = (0.5, 0.75, 1.5, 2.0)


@dataclass(frozen=True)
class LimitFit:
    """
    The jump at the limit with what was tried around it.

    Parameters
    ----------
    main : Discontinuity
        The jump, in the scale's units.
    variants : tuple of (str, Discontinuity)
        Other windows and the donut.
    placebos : tuple of (str, Discontinuity)
        Limits that nobody has, each with data of one side only, and the real one where nobody has
        authority.
    density : DensityJump or None
        Whether amounts were nudged under the limit.
    scale : str
        Currency of the running variable, or ``% of the limit``.
    naive : float
        Tickets within the limit less those beyond it.
    n_near : int
        Tickets within once the limit.
    """

    main: Discontinuity
    variants: tuple[tuple[str, Discontinuity], ...]
    placebos: tuple[tuple[str, Discontinuity], ...]
    density: DensityJump | None
    scale: str
    naive: float
    n_near: int


def near_limit(desk: Desk, start: str | None, end: str | None) -> tuple[pd.DataFrame, str]:
    """Return the sums by distance from the limit (``x``, above 0 within it), and the scale."""
    from supportlab.metrics.authority.cells import limit_cells
    from supportlab.metrics.authority.status import one_limit

    tickets = weighted_tickets(desk, start, end)
    cells: pd.DataFrame = desk.once(f"limit cells {start} {end}", lambda: limit_cells(tickets))
    one = one_limit(desk)
    if one is not None:
        return cells.assign(x=cells["margin_cents"] / 100.0, limit=one[0]), one[1]
    share = cells["margin_cents"] / cells["shown_limit"]
    return cells.assign(x=share, limit=100.0), "% of the limit"


def fitted_limit(
    desk: Desk, outcome: Outcome, start: str | None, end: str | None, level: float
) -> LimitFit:
    """Fit the jump at the limit once a question."""
    name = f"authority limit {outcome.name} {start} {end} {level}"
    return desk.once(name, lambda: _fit(desk, outcome, start, end, level))


def limit_result(
    desk: Desk, outcome: Outcome, start: str | None, end: str | None, level: float
) -> DesignResult:
    """Return the jump at the limit with its checks, or why there is none."""
    estimand = (
        f"difference in {outcome.words} between tickets just within the limit of authority and "
        "tickets just beyond it, of agents who have authority"
    )
    try:
        found = fitted_limit(desk, outcome, start, end, level)
    except NotEstimable as refusal:
        return DesignResult("limit", None, str(refusal), None, estimand)
    nudged = found.density is not None and found.density.p_value < ALARM
    placebo = _placebo_p(found)
    doubt = ""
    if nudged:
        doubt = "amounts pile up on one side of the limit"
    elif placebo is not None and placebo < ALARM:
        doubt = "there are jumps where there is no limit"
    return DesignResult(
        "limit",
        found.main.interval,
        "",
        found.naive,
        estimand,
        checks=(_density_check(found), _placebo_check(found, outcome, placebo),
                _width_check(found, outcome)),
        doubt=doubt,
        caveats=("The jump is that of tickets at the limit, not of small amounts.",),
        share_moved=_share_within(desk, start, end),
    )  # fmt: skip


def _fit(
    desk: Desk, outcome: Outcome, start: str | None, end: str | None, level: float
) -> LimitFit:
    cells, scale = near_limit(desk, start, end)
    covered = cells.loc[cells["has_authority"] == 1]
    if covered.empty:
        raise NotEstimable(
            "No ticket with authority has both an amount and a limit that it can be held against."
        )
    limit = float(covered["limit"].iloc[0])
    main = _jump(covered, outcome, level)
    width, wide = main.bandwidth, main.bias_bandwidth
    variants = [
        (f"window times {times:g}", {"bandwidth": times * width, "bias_bandwidth": times * wide})
        for times in WIDTHS
    ]
    variants.append((f"without the nearest {DONUT * limit:g} {scale}", {"donut": DONUT * limit}))
    return LimitFit(
        main,
        tuple(_tried(covered, outcome, level, variants)),
        tuple(_placebos(cells, covered, outcome, level, limit, scale)),
        _density(covered, wide, level),
        scale,
        _naive(covered, outcome),
        int(covered["n"].sum()),
    )


def _jump(cells: pd.DataFrame, outcome: Outcome, level: float, **options: Any) -> Discontinuity:
    from supportlab.stats.discontinuity import discontinuity

    name = outcome.name
    known = cells.loc[cells[f"n_{name}"] > 0]
    if known.empty:
        raise NotEstimable(f"No ticket near the limit tells {outcome.words}.")
    squares = known[f"ss_{name}"] if f"ss_{name}" in known else known[f"s_{name}"]
    weighted = None
    if name == "csat":
        weighted = (known["nn_csat"], known["ss_csat"], known["ss_csat"])
        squares = known["s_csat"]
    return discontinuity(
        known["x"], known[f"n_{name}"], known[f"s_{name}"], squares,
        weighted=weighted, level=level, **options,
    )  # fmt: skip


def _tried(
    cells: pd.DataFrame, outcome: Outcome, level: float, tries: list[tuple[str, dict[str, float]]]
) -> list[tuple[str, Discontinuity]]:
    found = []
    for name, options in tries:
        try:
            found.append((name, _jump(cells, outcome, level, **options)))
        except NotEstimable:
            continue
    return found


def _placebos(
    cells: pd.DataFrame,
    covered: pd.DataFrame,
    outcome: Outcome,
    level: float,
    limit: float,
    scale: str,
) -> list[tuple[str, Discontinuity]]:
    found = []
    for share in PLACEBOS:
        place = limit * (1.0 - share)
        side = covered.loc[(covered["x"] >= 0) == (place > 0)]
        words = f"at {share * limit:g} {scale}"
        found += _tried(side, outcome, level, [(words, {"cutoff": place})])
    nobody = cells.loc[cells["has_authority"] == 0]
    if not nobody.empty:
        words = "at the limit, where nobody has authority"
        found += _tried(nobody, outcome, level, [(words, {})])
    return found


def _density(cells: pd.DataFrame, width: float, level: float) -> DensityJump | None:
    from supportlab.stats.density_jump import density_jump

    # Amounts that people round to heap up at limits by themselves.
    odd = cells.loc[cells["is_round"] == 0]
    try:
        return density_jump(odd["x"], odd["n"], width, level=level)
    except NotEstimable:
        return None


def _naive(cells: pd.DataFrame, outcome: Outcome) -> float:
    within = cells["x"] >= 0
    means = [
        cells.loc[part, outcome.naive_s].sum() / max(1.0, cells.loc[part, outcome.naive_n].sum())
        for part in (within, ~within)
    ]
    return float(means[0] - means[1])


def _share_within(desk: Desk, start: str | None, end: str | None) -> float:
    cells, _ = near_limit(desk, start, end)
    within = cells.loc[(cells["has_authority"] == 1) & (cells["x"] >= 0), "n"].sum()
    every = study_frame(desk, start, end).cells
    return float(within / every.loc[every["has_authority"] == 1, "n"].sum())


def _placebo_p(found: LimitFit) -> float | None:
    from supportlab.stats import adjust_p

    known = adjust_p([one.interval.p_value for _, one in found.placebos], "holm")
    return min((p for p in known if p is not None), default=None)


def _density_check(found: LimitFit) -> Check:
    name = "amounts are not nudged under the limit"
    jump = found.density
    if jump is None:
        return Check(name, None, "too few amounts lie near the limit to tell")
    detail = (
        f"just within the limit there are {jump.ratio:.2f} tickets ({jump.low:.2f} to "
        f"{jump.high:.2f}) for one just beyond it, round amounts set aside: "
        f"{format_p(jump.p_value)}; a ratio of {jump.detectable:.2f} would have been found four "
        "times in five"
    )
    return Check(name, jump.p_value >= ALARM, detail)


def _placebo_check(found: LimitFit, outcome: Outcome, least: float | None) -> Check:
    name = "no jump where there is no limit"
    if least is None:
        return Check(name, None, "too few tickets lie elsewhere to tell")
    shown = "; ".join(
        f"{words} {points(one.interval.estimate, outcome.unit)}" for words, one in found.placebos
    )
    return Check(
        name,
        least >= ALARM,
        f"{shown}; least p of all, adjusted: {least:.2f}",
        _table(found.placebos),
    )


def _width_check(found: LimitFit, outcome: Outcome) -> Check:
    values = [one.interval.estimate for _, one in found.variants]
    words = "no other window could be tried"
    if values:
        words = (
            f"between {points(min(values), outcome.unit)} and {points(max(values), outcome.unit)} "
            f"with other windows than {found.main.bandwidth:.3g} {found.scale} and without the "
            "tickets nearest to the limit"
        )
    return Check("other windows say the same", None, words, _table(found.variants))


def _table(rows: tuple[tuple[str, Discontinuity], ...]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "where": words,
                "estimate": one.interval.estimate,
                "ci_low": one.interval.low,
                "ci_high": one.interval.high,
                "window": one.bandwidth,
                "n": one.interval.n,
                "p_value": one.interval.p_value,
            }
            for words, one in rows
        ]
    )


def binned(cells: pd.DataFrame, outcome: Outcome, width: float, most: int = 40) -> pd.DataFrame:
    """Return means in bins of the distance from the limit, for a picture."""
    name = outcome.name
    near = cells.loc[(cells["x"].abs() <= width) & (cells[f"n_{name}"] > 0)]
    step = 2.0 * width / most
    place = np.floor(near["x"] / step).astype(int)
    sums = near.groupby(place)[[f"n_{name}", f"s_{name}"]].sum()
    return pd.DataFrame(
        {
            "x": (sums.index.to_numpy() + 0.5) * step,
            "n": sums[f"n_{name}"].to_numpy(),
            "mean": (sums[f"s_{name}"] / sums[f"n_{name}"]).to_numpy(),
        }
    )
