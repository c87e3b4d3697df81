"""Tables and checks of two kinds of payments compared market by market."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.format import format_difference, format_p
from supportlab.records import Check
from supportlab.studies.common.verdicts import difference_verdict
from supportlab.studies.payments.arm_records import Arms, MarketEffect

if TYPE_CHECKING:
    from supportlab.stats.interval import Contrast
    from supportlab.vocabulary import Verdict

__all__ = [
    "EQUIVALENT_WITHIN",
    "POOLED",
    "arm_table",
    "left_out_check",
    "overlap_check",
    "spread_checks",
    "verdict_of",
]

# A difference of less than one point changes no decision on prices or methods.
EQUIVALENT_WITHIN = 0.01
# Intervals of ten points and more leave open what anybody would want to know.
TOO_WIDE = 0.1
POOLED = "all markets"
# Below this share of kept rows in a market the reader should know whom the figure is about.
LEAST_KEPT = 0.8


def verdict_of(contrast: Contrast, p_adjusted: float | None, level: float) -> Verdict:
    """Read a difference of shares, equivalent to none within one point."""
    within, too_wide = EQUIVALENT_WITHIN, TOO_WIDE
    return difference_verdict(contrast, p_adjusted, level, within=within, too_wide=too_wide)


def arm_table(arms: Arms, level: float) -> pd.DataFrame:
    """Return one row for all markets and one a market, in the order of the effect."""
    from supportlab.stats import adjust_p

    rows = [_pooled_row(arms)] if arms.pooled is not None else []
    rows += [_market_row(one) for one in arms.markets]
    table = pd.DataFrame(rows)
    table["p_adjusted"] = adjust_p(table["p_value"].tolist())
    contrasts = [arms.pooled.interval] if arms.pooled is not None else []
    found = [*contrasts, *(one.contrast for one in arms.markets)]
    table["verdict"] = [
        None if one is None else verdict_of(one, p, level)
        for one, p in zip(found, table["p_adjusted"], strict=True)
    ]
    shrunk = _shrunk(arms, level)
    for name, values in shrunk.items():
        table[name] = [*([None] * len(contrasts)), *values]
    head = table.loc[table["market"] == POOLED]
    rest = table.loc[table["market"] != POOLED]
    order = rest["shrunk"] if "shrunk" in rest else rest["estimate"]
    rest = (
        rest.assign(order=order.astype(float))
        .sort_values(["order", "market"])
        .drop(columns="order")
    )
    ordered = pd.concat([head, rest], ignore_index=True)
    whole = {name: ordered[name].astype("Int64") for name in ("n", "n_first_arm", "n_clusters")}
    return ordered.assign(unit="proportion", **whole)


def _pooled_row(arms: Arms) -> dict[str, Any]:
    if arms.pooled is None:
        raise NotEstimable("fewer than two markets")
    found = arms.pooled.interval
    known = arms.estimated
    return {
        "market": POOLED,
        "estimate": found.estimate,
        "ci_low": found.low,
        "ci_high": found.high,
        "naive": arms.naive,
        "n": sum(one.n for one in known),
        "n_first_arm": sum(one.n_treated for one in known),
        "n_clusters": found.n,
        "share_kept": sum(one.effect.n for one in known if one.effect) / sum(o.n for o in known),
        "p_value": found.p_value,
        "reason": None,
    }


def _market_row(one: MarketEffect) -> dict[str, Any]:
    found, effect = one.contrast, one.effect
    return {
        "market": one.market,
        "estimate": found.estimate if found else None,
        "ci_low": found.low if found else None,
        "ci_high": found.high if found else None,
        "naive": one.naive,
        "n": one.n,
        "n_first_arm": one.n_treated,
        "n_clusters": found.n_clusters if found else None,
        "share_kept": effect.share_kept if effect else None,
        "p_value": found.p_value if found else None,
        "reason": one.reason or None,
    }


def _shrunk(arms: Arms, level: float) -> dict[str, list[float | None]]:
    """Draw the markets towards their mean as far as chance explains their distance."""
    from supportlab.stats import normal_shrinkage

    places = [place for place, one in enumerate(arms.markets) if one.contrast is not None]
    if len(places) < 3:
        return {}
    known = [arms.markets[place] for place in places]
    values = [one.contrast.estimate for one in known if one.contrast is not None]
    found = normal_shrinkage(values, [one.error for one in known], level)
    parts = {"shrunk": found.estimate, "shrunk_low": found.low, "shrunk_high": found.high}
    out: dict[str, list[float | None]] = {}
    for name, numbers in parts.items():
        column: list[float | None] = [None] * len(arms.markets)
        for place, value in zip(places, numbers, strict=True):
            column[place] = float(value)
        out[name] = column
    return out


def overlap_check(arms: Arms) -> Check:
    """Show where both kinds occur among alike payments."""
    rows = []
    for one in arms.estimated:
        effect = one.effect
        if effect is None:
            continue
        part = arms.frame.loc[arms.frame["market"] == one.market]
        chance = pd.Series(effect.propensity, index=part.index)
        weights = part["n"] / part["n"].sum()
        rows.append(
            {
                "market": one.market,
                "n": one.n,
                "share_first_arm": one.n_treated / one.n,
                "lowest_chance": float(chance.min()),
                "mean_chance": float((chance * weights).sum()),
                "highest_chance": float(chance.max()),
                "share_kept": effect.share_kept,
            }
        )
    table = pd.DataFrame(rows)
    least = table.iloc[int(table["share_kept"].to_numpy().argmin())]
    return Check(
        "overlap of the two kinds",
        bool((table["share_kept"] >= LEAST_KEPT).all()),
        (
            f"{len(table)} markets have both kinds among alike payments; the least, "
            f"{least['market']}, keeps {100 * least['share_kept']:.0f} % of its rows."
        ),
        table,
    )


def left_out_check(arms: Arms) -> Check:
    """Name the markets without an estimate, and why."""
    names = [f"{one.market} ({one.reason})" for one in arms.refusals]
    detail = "; ".join(names) if names else "every market is in the pool"
    return Check("markets that say nothing", None, detail)


def spread_checks(arms: Arms) -> tuple[Check, ...]:
    """Say how much the effect differs between markets."""
    pooled = arms.pooled
    if pooled is None:
        return ()
    words = (
        f"standard deviation between markets {100 * pooled.spread:.1f} points "
        f"({100 * pooled.spread_low:.1f} to {100 * pooled.spread_high:.1f}); one effect for all: "
        f"{format_p(pooled.q_p_value)}"
    )
    if pooled.prediction_low is not None and pooled.prediction_high is not None:
        words += (
            f"; in one more such market the difference lies between "
            f"{format_difference(pooled.prediction_low, 'proportion')} and "
            f"{format_difference(pooled.prediction_high, 'proportion')}"
        )
    return (Check("markets differ in the effect", None, words),)
