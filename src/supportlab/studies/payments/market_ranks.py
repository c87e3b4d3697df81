"""Ranks of markets with what is not known about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_count
from supportlab.results import Estimate
from supportlab.studies.payments.market_shares import MarketShares, market_shares
from supportlab.studies.payments.market_words import names_listed, refused_market, worse_sign
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk

__all__ = ["market_ranks"]

SEED = 20_260_709


def market_ranks(
    desk: Desk,
    rate: str = "decline_rate",
    *,
    start: str | None = None,
    end: str | None = None,
    level: float = INTERVAL_LEVEL,
) -> Estimate:
    """
    Rank markets from the worst, with intervals of the ranks and the groups that are not apart.

    Not a league table to reward or punish by: most ranks are not known to within a few places.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    rate : str
        ``decline_rate``, ``success_rate`` (worse is less) or ``abandonment_rate``.
    start, end : str, optional
        ISO dates, end excluded.
    level : float
        Level of the intervals.

    Returns
    -------
    Estimate
        One row a market, the worst first: ``rank`` (expected), ``estimate`` (median),
        ``ci_low``, ``ci_high`` (for this market), ``joint_low``, ``joint_high`` (for all markets
        together), ``probability_worst``, ``naive_rank`` (by the plain rate), ``group`` (letters;
        markets that share one cannot be told apart), ``n``; findings
        ``payment.decline_rate.rank``.

    Notes
    -----
    `supportlab.stats.rankings`: posterior ranks (Goldstein and Spiegelhalter 1996) and joint ones
    from all pairs (Klein, Wright and Wieczorek 2020).
    """
    name, title = f"payment-ranks-{rate}".replace("_", "-"), "Ranks of markets, 1 is the worst"
    try:
        shares = market_shares(desk, rate, start=start, end=end, level=level)
        table, groups = _table(shares, level, worse_sign(rate))
    except NotEstimable as refusal:
        reason, period = str(refusal), (start, end)
        return refused_market(desk, rate, name, title, reason, period, "market", suffix=".rank")
    return Estimate(
        name,
        title,
        table,
        findings=tuple(_finding(shares, row, level) for row in table.to_dict("records")),
        sentences=_sentences(table, groups),
        definitions=(shares.cells.record(),),
        caveats=shares.caveats(),
        draw=lambda ax: _draw(shares, table, title, ax),
        alt=_alt(table),
    )


def _table(shares: MarketShares, level: float, sign: int) -> tuple[pd.DataFrame, list[list[int]]]:
    from supportlab.stats.rankings import (
        indistinct_groups,
        joint_ranks,
        joint_separation,
        posterior_ranks,
    )
    from supportlab.stats.rate_draws import rate_draws

    used = shares.usable.reset_index(drop=True)
    hits, n, effect = shares.sizes()
    draws = rate_draws(hits, n, design_effect=effect, seed=SEED)
    ranks = posterior_ranks(sign * draws, level)
    value, low, high = (used[name].to_numpy() for name in ("estimate", "ci_low", "ci_high"))
    ends = (low, high) if sign > 0 else (-high, -low)
    above = joint_separation(sign * value, *ends, level=level)
    joint = joint_ranks(above, level)
    table = pd.DataFrame({"market": used["market"], "rank": ranks.rank, "estimate": ranks.median})
    table["ci_low"], table["ci_high"] = ranks.low, ranks.high
    table["joint_low"], table["joint_high"] = joint.low, joint.high
    table["probability_worst"] = ranks.first
    naive = np.argsort(np.argsort(-sign * value, kind="stable"), kind="stable") + 1
    table["naive_rank"] = pd.Series(naive).astype("Int64")
    runs = indistinct_groups(sign * value, above)
    table["group"] = [_letters(place, runs) for place in range(len(table))]
    table["n"], table["n_clusters"] = used["n"], used["n_clusters"]
    order = np.lexsort((table["market"].to_numpy(dtype=str), table["rank"].to_numpy()))
    return table.iloc[order].reset_index(drop=True), runs


def _letters(place: int, runs: list[list[int]]) -> str:
    return "".join(_letter(number) for number, run in enumerate(runs) if place in run)


def _letter(number: int) -> str:
    lap, rest = divmod(number, 26)
    return chr(ord("a") + rest) + (str(lap + 1) if lap else "")


def _finding(shares: MarketShares, row: dict[Any, Any], level: float) -> Finding:
    estimand = f"rank of the {shares.estimand_of(row)}; 1 is the worst market"
    return Finding(
        **shares.known(row, estimand) | {"unit": "score"},
        id=f"{shares.measure.finding_id}.rank",
        estimate=row["estimate"],
        ci_low=row["ci_low"],
        ci_high=row["ci_high"],
        ci_level=level,
        method="posterior rank, beta-binomial model, seeded draws",
    )


def _sentences(table: pd.DataFrame, groups: list[list[int]]) -> tuple[str, ...]:
    width = float((table["joint_high"] - table["joint_low"]).median()) + 1.0
    worst = table.loc[table["joint_low"] == 1.0, "market"]
    best = table.loc[table["joint_high"] == float(len(table)), "market"]
    exact = int((table["joint_low"] == table["joint_high"]).sum())
    return (
        (
            f"{_may_be(list(worst))} the worst market, {_may_be(list(best))} the best, when all "
            "are judged together."
        ),
        (
            f"Of {len(table)} ranks {format_count(exact) if exact else 'none'} can be told "
            f"exactly; half of the "
            f"markets may hold {width:.0f} or more different ranks."
        ),
        f"Markets with a letter in common cannot be told apart; there are {len(groups)} letters.",
    )


def _may_be(names: list[str]) -> str:
    return f"{names[0]} is" if len(names) == 1 else f"{names_listed(names)} may each be"


def _draw(shares: MarketShares, table: pd.DataFrame, title: str, ax: Axes | None) -> Axes:
    from supportlab import plots

    axes = plots.dot_intervals(
        table,
        label="market",
        unit="score",
        ax=ax,
        title=title,
        counted=shares.measure.counted,
        second="naive_rank",
        estimate_label="median rank with interval",
        second_label="by the plain rate",
    )
    axes.set_xlabel("rank")
    return axes


def _alt(table: pd.DataFrame) -> str:
    first, last = table.iloc[0], table.iloc[-1]
    return (
        f"Dots of ranks with intervals by market, {len(table)} in all, the worst on top: "
        f"{first['market']} at {first['estimate']:.0f} ({first['ci_low']:.0f} to "
        f"{first['ci_high']:.0f}), down to {last['market']} at {last['estimate']:.0f} "
        f"({last['ci_low']:.0f} to {last['ci_high']:.0f}). Hollow marks show the ranks by the "
        "plain rates."
    )
