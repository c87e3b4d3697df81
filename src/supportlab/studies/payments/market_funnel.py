"""Which markets lie apart: further out than chance and the ordinary spread of markets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_p, format_value
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.payments.market_shares import MarketShares, market_shares
from supportlab.studies.payments.market_words import (
    capital,
    names_listed,
    refused_market,
)
from supportlab.vocabulary import Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk
    from supportlab.stats.funnel_limits import Funnel

__all__ = ["market_funnel"]

LEVELS = {"95": 0.95, "998": 0.998}


def market_funnel(
    desk: Desk,
    rate: str = "decline_rate",
    *,
    start: str | None = None,
    end: str | None = None,
) -> Estimate:
    """
    Hold every market against the desk's rate, with limits that narrow with its size.

    Not a ranking, and not a judgement: customers, amounts and methods differ between markets.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    rate : str
        ``decline_rate``, ``success_rate`` or ``abandonment_rate``.
    start, end : str, optional
        ISO dates, end excluded.

    Returns
    -------
    Estimate
        One row a market, the furthest out first: ``estimate``, ``difference`` (from the rate of
        all), ``n``, ``size`` (attempts over the design effect), ``z`` (chance alone),
        ``z_adjusted`` (with the ordinary spread between markets), ``p_value``, ``p_adjusted``
        (Benjamini and Hochberg over markets), ``is_outside_95``, ``is_outside_998``; findings
        ``payment.decline_rate.deviation``.

    Notes
    -----
    `supportlab.stats.funnel_limits.funnel`: Spiegelhalter (2005) with the additive model of
    over-dispersion. Markets differ for many reasons; a market outside lies further out than
    markets do.
    """
    name, title = f"payment-funnel-{rate}".replace("_", "-"), "Markets against funnel limits"
    try:
        shares = market_shares(desk, rate, start=start, end=end)
        table, found = _funnel_table(shares)
    except NotEstimable as refusal:
        reason, period = str(refusal), (start, end)
        return refused_market(
            desk, rate, name, title, reason, period, "market", suffix=".deviation"
        )
    return Estimate(
        name,
        title,
        table,
        findings=tuple(_deviation(shares, row, found) for row in table.to_dict("records")),
        sentences=_funnel_sentences(shares, table, found),
        definitions=(shares.cells.record(),),
        checks=(_dispersion_check(found),),
        caveats=shares.caveats(),
        draw=lambda ax: _draw_funnel(shares, table, found, ax),
        alt=_funnel_alt(shares, table, found),
    )


def _funnel_table(shares: MarketShares) -> tuple[pd.DataFrame, Funnel]:
    from supportlab.stats import adjust_p
    from supportlab.stats.funnel_limits import funnel

    hits, n, effect = shares.sizes()
    found = funnel(hits, n, design_effect=effect)
    table = shares.usable[["market", "estimate", "n", "n_clusters"]].reset_index(drop=True)
    table.insert(2, "difference", table["estimate"] - found.target)
    table["size"], table["z"], table["z_adjusted"] = found.size, found.z, found.z_adjusted
    table["unit"] = "proportion"
    table["p_value"] = found.p_value
    table["p_adjusted"] = pd.Series(adjust_p(list(found.p_value)), dtype="float64")
    for label, level in LEVELS.items():
        table[f"is_outside_{label}"] = found.p_value < 1.0 - level
    order = np.lexsort((table["market"].to_numpy(dtype=str), table["p_value"].to_numpy()))
    return table.iloc[order].reset_index(drop=True), found


def _deviation(shares: MarketShares, row: dict[Any, Any], found: Funnel) -> Finding:
    verdict: Verdict = "no_difference_shown"
    if row["p_adjusted"] < 1.0 - LEVELS["95"]:
        verdict = "higher" if row["difference"] > 0 else "lower"
    return Finding(
        **shares.known(row, f"{shares.estimand_of(row)}, less that of all markets"),
        id=f"{shares.measure.finding_id}.deviation",
        estimate=row["difference"],
        method=f"funnel, mid-p, over-dispersion {found.overdispersion}",
        p_value=row["p_value"],
        p_adjusted=row["p_adjusted"],
        verdict=verdict,
        checks=(_dispersion_check(found),),
    )


def _dispersion_check(found: Funnel) -> Check:
    return Check(
        "markets differ by chance alone",
        found.dispersion_p_value >= 1.0 - LEVELS["95"],
        f"dispersion {found.dispersion:.1f} (1 is chance), {format_p(found.dispersion_p_value)}; "
        f"the limits allow for a standard deviation of {found.between:.2f} log-odds between "
        "markets",
    )


def _spread_words(found: Funnel) -> str:
    if found.between == 0.0:
        return "chance"
    return "chance and the ordinary spread between markets"


def _funnel_sentences(shares: MarketShares, table: pd.DataFrame, found: Funnel) -> tuple[str, ...]:
    whole = format_value(found.target, "proportion")
    naive = int((np.abs(table["z"]) > 1.96).sum())
    first = (
        f"{capital(shares.measure.subject)} of all is {whole}; by chance alone one market in "
        f"twenty would lie outside the 95 % limits, and {naive} of {len(table)} do."
    )
    if found.between > 0:
        first += " Markets differ more than chance explains, so the limits are widened by how far."
    inner = table.loc[table["is_outside_95"], "market"]
    adjusted = table.loc[table["p_adjusted"] < 0.05, "market"]
    second = f"Outside the {_limits_word(found)} 95 % limits: "
    second += f"{names_listed(list(inner))}." if len(inner) else "no market."
    third = "Corrected for how many were looked at, "
    third += f"{names_listed(list(adjusted))} stand out." if len(adjusted) else "none stands out."
    return first, second, third


def _limits_word(found: Funnel) -> str:
    return "widened" if found.between > 0 else "plain"


def _draw_funnel(shares: MarketShares, table: pd.DataFrame, found: Funnel, ax: Axes | None) -> Axes:
    from supportlab.plots.funnels import funnel_plot
    from supportlab.stats.funnel_limits import funnel_curve

    low, high = float(found.size.min()) / 1.6, float(found.size.max()) * 1.6
    size = np.exp(np.linspace(np.log(low), np.log(high), 120))
    limits = pd.DataFrame({"size": size})
    for label, level in LEVELS.items():
        limits[f"low_{label}"], limits[f"high_{label}"] = funnel_curve(found, size, level)
    return funnel_plot(
        table,
        limits,
        label="market",
        target=found.target,
        ax=ax,
        title=f"{shares.measure.title}: markets by size",
        size_label=f"{shares.measure.counted}, counted as independent ones",
    )


def _funnel_alt(shares: MarketShares, table: pd.DataFrame, found: Funnel) -> str:
    from supportlab.plots.funnels import alt_funnel

    return alt_funnel(
        table,
        label="market",
        target=found.target,
        subject=shares.measure.subject,
        spread_words=_spread_words(found),
    )
